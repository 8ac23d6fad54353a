//! What the kernel task reports.
//!
//! Waiting events are kept by what they are about, latest value only, so a slow listener costs no memory and the
//! task never waits for it.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::interface::Interface;
use crate::resolve::{Resolution, Source};
use crate::route::RouteKind;

/// An event of the kernel task.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The kernel has been read: interfaces and routes are known, and the first answers follow.
    Ready {
        /// Routes of an earlier run that were found and adopted.
        adopted: usize,
    },
    /// An interface as it is now: new, changed, or up or down. `None`: it is gone.
    Interface(u32, Option<Arc<Interface>>),
    /// The state of a tracked next hop.
    NextHop(IpAddr, Resolution),
    /// The way to a tracked next hop, reachable before and after, has changed: routes through it must be sent again.
    WantVia(IpAddr),
    /// Whether a route that is not BGP's exists for a watched prefix.
    Network(IpNet, bool),
    /// A route to redistribute, or that it is gone.
    Redistribute(Source, IpNet, Option<Redistributed>),
    /// The kernel refused a route.
    RouteFailed(IpNet, Refusal),
    /// Messages from the kernel were lost; everything is being read again.
    Overrun,
    /// Send every route that BGP wants, then [`Command::Resent`](super::Command::Resent) with this number.
    WantAll(u32),
    /// Send what BGP wants for these prefixes; `None` too.
    Want(Vec<IpNet>),
    /// The kernel has everything up to the batch of this number.
    Installed(u64),
    /// What nobody asked for has been removed: that many routes.
    Swept(usize),
}

/// A route to redistribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redistributed {
    /// Its metric.
    pub metric: u32,
    /// Its ways out.
    pub kind: RouteKind,
}

/// The kernel's error number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", std::io::Error::from_raw_os_error(*.0))]
pub struct Refusal(pub i32);
