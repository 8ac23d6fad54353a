//! VRRP without I/O: VRRPv3 (RFC 9568) for IPv4 and IPv6, VRRPv2 (RFC 3768) for IPv4.
//!
//! ```text
//! datagrams ─▶ packet ─▶ router ─▶ Event       Activate, Deactivate, what to log
//!              views    states  ─▶ Transmit    advertisements; gratuitous ARP, unsolicited NA
//! ```
//!
//! A [`VirtualRouter`] is one family of one VRID on one interface; the two families of a VRID are two of them and
//! know nothing of each other. It is told of packets, of its interface, of time and of what the rest of the router
//! thinks (tracked facts, readiness), and says what to send and whether it holds the gateway. A [`Segment`] is all
//! the virtual routers of an interface and finds the one a packet is for.
//!
//! Beside it, [`discovery`] has the router advertisements (RFC 4861) by which hosts find an IPv6 virtual router.
//!
//! Every machine has the same verbs: `handle_*` takes something in, `poll_*` gives something out, and time is an
//! argument. The crate has no clock, socket, thread or entropy, which the compiler checks: it is `no_std` with
//! `alloc`.
//!
//! ```
//! use core::time::Duration;
//! use vrrp_core::{Config, Event, Instant, Link, Mac, Port, Settings, Transmit, VirtualAddresses, VirtualRouter, Vrid};
//!
//! let vrid = Vrid::new(5).ok_or("0 is no VRID")?;
//! let addresses = VirtualAddresses::collect(["10.0.0.254".parse()?])?;
//! let mut router = VirtualRouter::new(Config::check(Settings::new(vrid, addresses))?, Instant::START);
//!
//! let port = Port { primary: "10.0.0.1".parse()?, mac: Mac([2, 0, 0, 0, 0, 1]) };
//! router.handle_interface(Link::Up(port), Instant::START);
//! while router.poll_event().is_some() {}
//!
//! // Nobody is heard, so it takes over: it advertises, and then holds the gateway.
//! let (due, _) = router.poll_timeout().ok_or("no deadline")?;
//! assert_eq!(due.since_start(), Duration::from_micros(3_609_375));
//! router.handle_timeout(due);
//! assert!(matches!(router.poll_transmit(), Some(Transmit::Advertisement(_))));
//! assert!(matches!(router.poll_event(), Some(Event::Activate(_))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm)
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod announce;
pub mod checksum;
pub mod config;
pub mod discovery;
pub mod error;
pub mod frame;
pub mod packet;
pub mod router;
pub mod segment;
pub mod time;
pub mod types;

pub use announce::AnnouncePlan;
pub use checksum::ChecksumForm;
pub use config::{AcceptMode, Config, FirstAddress, MacMode, Preempt, Settings, VirtualAddresses};
pub use error::{ConfigError, DropReason, Drops, Remark, Remarks};
pub use packet::{Advertisement, Datagram};
pub use router::{
    Activation, Departure, Event, FsmState, Link, Outgoing, Port, Readiness, Statistics, Timer, TrackId,
    Transition, TransitionReason, Transmit, VirtualRouter,
};
pub use segment::Segment;
pub use time::{Centiseconds, Instant};
pub use types::{Endpoints, Family, Mac, Priority, Version, Vrid};
