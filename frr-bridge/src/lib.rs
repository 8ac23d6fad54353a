//! Everything that touches the kernel or FRR; nothing in it knows BGP.
//!
//! * [`kernel`] owns what the kernel should have - addresses, static routes, BGP's routes - and makes it so. One
//!   task; commands flow in, events flow out, both bounded. It is the only user of
//! * [`netlink`], which speaks to the kernel: a batched route writer, streaming dumps, a monitor;
//! * [`resolve`], which is pure: the table of routes that are not BGP's, and where a next hop leads by it;
//! * [`route`] and [`interface`] are the words they share;
//! * [`vrrp`] is what a virtual router has of the kernel: its device and addresses, its packets in and out;
//! * [`vty`] is the framing of FRR's control sockets, both ends;
//! * [`sys`] has the socket options that no crate offers, and the only `unsafe` of the project.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod interface;
pub mod kernel;
pub mod netlink;
pub mod resolve;
pub mod route;
pub mod sys;
pub mod vrrp;
pub mod vty;
