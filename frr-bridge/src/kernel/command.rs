//! What the kernel task is told.
//!
//! Wanted addresses and static routes are given as whole sets and compared with what was wanted before; BGP's
//! routes come as batches of latest wanted state per prefix.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use hashbrown::HashMap;
use ipnet::IpNet;
use tokio::sync::oneshot;

use super::view::View;
use crate::resolve::{Sources, StaticRoute, ThroughDefault};

/// A command to the kernel task.
#[derive(Debug)]
pub enum Command {
    /// All interface addresses that the configuration wants. Idempotent.
    Addresses(Vec<WantedAddress>),
    /// All static routes that the configuration wants. Idempotent.
    StaticRoutes(Vec<StaticRoute>),
    /// BGP's routes: latest wanted state per prefix.
    Routes(RouteBatch),
    /// Report the state of this next hop now and whenever it changes.
    Track(IpAddr),
    /// No longer.
    Untrack(IpAddr),
    /// Report whether a route that is not BGP's exists for exactly this prefix, now and on changes.
    Watch(IpNet),
    /// No longer.
    Unwatch(IpNet),
    /// Report the routes of these sources, now and on changes. Replaces what was asked before.
    Redistribute(Sources),
    /// Switch forwarding (`ip forwarding`, `ipv6 forwarding`).
    Forwarding(ForwardingFamily, bool),
    /// Which next hops may be resolved through a default route (`ip nht resolve-via-default` and the same for IPv6).
    ResolveViaDefault(ThroughDefault),
    /// BGP has learned what there is to learn after a start: every peer's End-of-RIB has come, or the time for it
    /// has passed. What carries our mark in the kernel and nobody asked for is removed. Before this comes nothing
    /// is removed but what is asked to be.
    Converged,
    /// The answer to the [`Event::WantAll`] of this number is complete.
    ///
    /// [`Event::WantAll`]: super::Event::WantAll
    Resent(u32),
    /// Answer with a snapshot, for `show`.
    View(oneshot::Sender<View>),
}

/// What becomes of our routes when the task ends. Addresses always stay, as with FRR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// They stay, and the next run adopts them.
    Keep,
    /// All of them are removed.
    Flush,
}

/// What [`Kernel::stop`](super::Kernel::stop) did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StopReport {
    /// Routes removed one by one.
    pub removed: usize,
    /// Next-hop objects removed, each with all the routes that went by it.
    pub next_hops: usize,
    /// Routes that the kernel refused to remove.
    pub failed: usize,
}

/// The IP versions whose forwarding is switched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardingFamily {
    /// `ip forwarding`.
    V4,
    /// `ipv6 forwarding`.
    V6,
}

/// An interface address of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WantedAddress {
    /// Interface name. Need not exist yet.
    pub interface: String,
    /// Address and length of its subnet.
    pub address: IpNet,
    /// The other end of a point-to-point link.
    pub peer: Option<IpNet>,
}

/// A route that BGP wants. Shared: one per distinct set of next hops, not one per prefix.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BgpRoute {
    /// Where to. Empty: the route is installed as a blackhole.
    pub next_hops: Vec<BgpNextHop>,
    /// Administrative distance.
    pub distance: u8,
}

/// One next hop of BGP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BgpNextHop {
    /// The address that was tracked.
    pub address: IpAddr,
    /// The link-local address that came with it (RFC 2545 §3): used where the global one is directly connected.
    pub link_local: Option<Ipv6Addr>,
    /// Interface of the peer that the route came from, where it is directly connected: what a link-local next
    /// hop is valid on.
    pub interface: Option<u32>,
    /// Share of the traffic, 1 to 255.
    pub weight: u8,
}

/// Latest wanted state per prefix: never more than one entry each, however often a prefix changes.
#[derive(Debug, Default)]
pub struct RouteBatch {
    /// Comes back as [`Event::Installed`](super::Event::Installed) when the kernel has acknowledged the batch.
    /// Should not decrease from batch to batch.
    pub id: u64,
    changes: HashMap<IpNet, Option<Arc<BgpRoute>>>,
}

impl RouteBatch {
    /// Wants `route` for `prefix`; `None` wants nothing there, also as an answer to
    /// [`Event::Want`](super::Event::Want).
    pub fn set(&mut self, prefix: IpNet, route: Option<Arc<BgpRoute>>) {
        self.changes.insert(prefix, route);
    }

    /// Number of prefixes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// True if there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub(super) fn into_changes(self) -> impl Iterator<Item = (IpNet, Option<Arc<BgpRoute>>)> {
        self.changes.into_iter()
    }
}
