//! Waiting for a claim to become true, with a failure text that says what was seen last.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Asks `probe` again and again until it answers `Ok(value)`; after `timeout` its last error is the failure's cause.
pub fn eventually<T>(timeout: Duration, what: &str, mut probe: impl FnMut() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(20);
    loop {
        match probe() {
            Ok(value) => return Ok(value),
            Err(error) if start.elapsed() >= timeout => {
                return Err(error)
                    .with_context(|| format!("after {:.1} s still not: {what}", timeout.as_secs_f32()));
            }
            Err(_) => std::thread::sleep(pause),
        }
        pause = (pause * 3 / 2).min(Duration::from_millis(250));
    }
}

/// Asks `probe` for the whole of `time`; the first `Err` is the failure.
pub fn holds_for(time: Duration, what: &str, mut probe: impl FnMut() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < time {
        probe().with_context(|| format!("after {:.1} s no longer: {what}", start.elapsed().as_secs_f32()))?;
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// An error unless the claim holds; for the last line of a probe.
pub fn ensure(claim: bool, seen: impl FnOnce() -> String) -> Result<()> {
    if !claim {
        bail!("{}", seen());
    }
    Ok(())
}
