//! What the speaker has for one connection: a queue that the speaker never waits for.
//!
//! It is bounded by the speaker's credit: routes are encoded only while the octets handed over and not yet
//! written stay below a limit.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bgp_core::session::SessionCommand;
use tokio::sync::Notify;

/// The two ends share one of these.
#[derive(Clone, Debug, Default)]
pub(super) struct Outbox {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    commands: Mutex<VecDeque<SessionCommand>>,
    filled: Notify,
}

impl Outbox {
    /// Puts `command` at the end.
    pub(super) fn push(&self, command: SessionCommand) {
        self.commands().push_back(command);
        self.shared.filled.notify_one();
    }

    /// Waits until something is there and takes all of it.
    pub(super) async fn take(&self) -> VecDeque<SessionCommand> {
        loop {
            let filled = self.shared.filled.notified();
            let taken = std::mem::take(&mut *self.commands());
            if !taken.is_empty() {
                return taken;
            }
            filled.await;
        }
    }

    fn commands(&self) -> MutexGuard<'_, VecDeque<SessionCommand>> {
        // A panic while the lock is held leaves a queue that is still whole.
        self.shared.commands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
