//! The read side: what `show ip route` and `show interface` print.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use ipnet::IpNet;

use crate::interface::Interface;
use crate::resolve::{Resolution, Source};
use crate::route::Hop;

/// A snapshot of what the kernel task knows.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Interfaces, by index.
    pub interfaces: Vec<Arc<Interface>>,
    /// Connected, kernel and static routes, by prefix; several sources of one prefix follow each other.
    pub routes: Vec<RouteView>,
    /// Prefixes where BGP's route stands back behind another source's.
    pub displaced: BTreeSet<IpNet>,
    /// Prefixes whose route the kernel refused.
    pub rejected: BTreeSet<IpNet>,
    /// Tracked next hops.
    pub next_hops: Vec<(IpAddr, Resolution)>,
}

/// A route that is not BGP's.
#[derive(Clone, Debug)]
pub struct RouteView {
    /// Destination.
    pub prefix: IpNet,
    /// Where it comes from.
    pub source: Source,
    /// Administrative distance.
    pub distance: u8,
    /// Metric.
    pub metric: u32,
    /// Kernel table.
    pub table: u32,
    /// What happens to packets.
    pub kind: KindView,
    /// The best of its prefix, and the one in the kernel.
    pub selected: bool,
    /// In the kernel.
    pub installed: bool,
    /// Since when it is as it is.
    pub since: Instant,
}

/// What happens to packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KindView {
    /// Sent on.
    Hops(Vec<HopView>),
    /// Dropped.
    Blackhole,
    /// ICMP unreachable.
    Unreachable,
    /// ICMP administratively prohibited.
    Prohibit,
}

/// A next hop as configured, with what it resolves to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HopView {
    /// As configured; the interface filled in where the gateway is directly connected.
    pub hop: Hop,
    /// The hops that carry the packets, if the gateway is not directly connected.
    pub recursive: Arc<[Hop]>,
    /// False if it cannot be used now.
    pub active: bool,
}
