//! The postman: the only code that waits, and the only one with sockets, clock and entropy.
//!
//! ```text
//!  peers ◀─▶ connection tasks ──letters──▶ ┌─────────┐ ──batches──▶ kernel thread ◀─▶ netlink
//!                 ▲                        │ postman │ ◀──events───
//!                 └──outbox (by credit)─── │ Speaker │
//!  vtysh ◀─▶ control tasks ───queries────▶ └─────────┘ ──facts──▶ gateway thread ◀─▶ VRRP
//!                                              ▲ SIGHUP, SIGTERM
//! ```
//!
//! One task owns the [`Speaker`](bgp_core::speaker::Speaker) and carries owned values in and out of it; one task
//! carries each connection's octets. They share one thread, so that a route is one wake-up from in to out; the kernel's
//! side and the gateway have threads of their own (`docs/adr/0003-one-thread-for-the-sessions.md`). Every channel is
//! bounded, and the postman waits for nobody: what it hands out is bounded by credit or keyed by what it is about.

mod addresses;
mod allowance;
mod answer;
mod clock;
mod connection;
mod control_side;
mod gateway;
mod journal;
mod kernel_events;
mod kernel_side;
mod listeners;
mod meeting;
mod outbox;
mod postman;
mod reports;
mod socket;
mod start;

pub use start::{Options, run};
