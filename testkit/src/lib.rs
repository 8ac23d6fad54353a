//! Dev-only: many routers in virtual time, and what fuzz targets share with the replay of their corpora.
//!
//! A [`Network`] is one LAN with a number of [`Router`]s on it. Each router is a [`Speaker`] with the [`Session`]s
//! that belong to it, as in the daemon; in the place of sockets there are [`Pipe`]s with delay, which cut the stream
//! into pieces at random. Nothing waits: [`Network::run_for`] jumps from deadline to deadline, so an hour of protocol
//! takes milliseconds, and the same seed gives the same hour.
//!
//! [`Speaker`]: bgp_core::speaker::Speaker
//! [`Session`]: bgp_core::session::Session

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // to panic is how a test speaks

pub mod fuzzing;
mod network;
mod pipe;
mod router;
pub mod wanted;

pub use network::{Network, RouterIndex};
pub use pipe::{End, Pipe};
pub use router::{Loss, Router, address, address6};
