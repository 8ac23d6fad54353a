//! Vty commands and show output, from read-only snapshots.
//!
//! ```text
//! command line ─▶ session ─▶ command ─▶ show ─▶ sink ─▶ (framing in frr-bridge)
//!                  node       grammar    │
//!                                        ▼
//!                                       door ──question──▶ speaker, kernel side
//!                                            ◀──snapshot──
//! ```
//!
//! The grammar is FRR 8.4's for the commands served here, abbreviations included, because the stock `vtysh`
//! passes on what the user typed. Text and JSON have FRR's shapes, so that scripts need not know whom they ask.
//! Nothing here changes state but `clear`, which is a typed request through the same door.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod answer;
pub mod client;
mod clock;
mod command;
pub mod door;
mod json;
mod output;
mod serve;
mod session;
mod show;
pub mod snapshot;

use std::fmt;
use std::time::SystemTime;

pub use command::Daemon;
pub use door::Door;
pub use output::{CHUNK, Output, Stop};
pub use serve::serve;
pub use session::{Outcome, Session};

/// What every session shares.
pub struct Control {
    door: Door,
    running: Box<RunningConfig>,
    host_name: String,
    kernel: String,
    clock: Box<Clock>,
}

/// Gives the time of day, which dates in answers are reckoned from.
pub type Clock = dyn Fn() -> SystemTime + Send + Sync;

/// Gives the running configuration as the given daemon would print it: its own part, no header, no `end`.
pub type RunningConfig = dyn Fn(Daemon) -> String + Send + Sync;

impl Control {
    /// Answers through `door`; host name and kernel release are what `show version` tells.
    #[must_use]
    pub fn new(door: Door, running: Box<RunningConfig>, host_name: String, kernel: String) -> Self {
        Self { door, running, host_name, kernel, clock: Box::new(SystemTime::now) }
    }

    /// The same with another clock.
    #[must_use]
    pub fn with_clock(self, clock: Box<Clock>) -> Self {
        Self { clock, ..self }
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("host_name", &self.host_name).finish_non_exhaustive()
    }
}
