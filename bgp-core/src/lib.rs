//! BGP-4 without I/O: from octets to routes to decisions and back.
//!
//! ```text
//! octets ─▶ wire ─▶ session ─▶ speaker ─▶ policy(in) ─▶ rib ─▶ decision ─▶ FibChange
//!            views    events     routes     verdicts     paths     best
//! octets ◀─ wire ◀─ session ◀─ speaker ◀─ policy(out) ◀─ adj_out ◀──┘
//! ```
//!
//! Every machine has the same verbs: `handle_*` takes something in, `poll_*` gives something out, and time and
//! randomness are arguments. The crate has no clock, socket, thread or entropy, which the compiler checks:
//! it is `no_std` with `alloc`.
#![no_std]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm)
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod policy;
pub mod rib;
pub mod session;
pub mod speaker;
pub mod time;
pub mod types;
pub mod wire;

pub use time::Instant;
pub use types::{
    Asn, Family, FamilyMap, FamilySet, NextHop, Nlri, PeerId, PeerKind, Prefix, RouterId, SessionId,
};
