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

pub mod door;
pub mod snapshot;

mod clock;
mod command;
mod json;
mod output;
mod show;
