//! The one place that reads the clock.

use bgp_core::Instant;

/// Makes the core's instants from the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: tokio::time::Instant,
}

impl Clock {
    /// A clock that starts now.
    pub(super) fn start() -> Self {
        Self { start: tokio::time::Instant::now() }
    }

    /// What time it is.
    pub(super) fn now(&self) -> Instant {
        Instant::from_start(self.start.elapsed())
    }

    /// When `at` is, for a sleep.
    pub(super) fn deadline(&self, at: Instant) -> tokio::time::Instant {
        self.start + at.since_start()
    }
}

/// Sleeps until `at`; for ever if there is nothing to wake for.
pub(super) async fn sleep_until(clock: Clock, at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(clock.deadline(at)).await,
        None => std::future::pending().await,
    }
}
