//! The read side: what `show ip route` and `show interface` print.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use ipnet::IpNet;

use super::task::Task;
use crate::interface::Interface;
use crate::resolve::{Entry, Resolution, Source, StaticRoute, StaticVia};
use crate::route::{Hop, RouteKind};

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
    /// Route changes sent to the kernel so far.
    pub written: u64,
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
    /// Tag of a static route.
    pub tag: u32,
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

impl HopView {
    fn direct(hop: Hop, active: bool) -> Self {
        Self { hop, recursive: [].into(), active }
    }
}

/// The snapshot.
pub(super) fn of(task: &Task) -> View {
    let mut routes = Vec::new();
    for (prefix, entry) in task.system.entries() {
        add_routes(task, prefix, entry, &mut routes);
    }
    for (table, line, is_installed) in task.system.elsewhere_statics() {
        let mut route = static_view(task, line, None);
        route.table = table;
        (route.selected, route.installed) = (is_installed, is_installed);
        routes.push(route);
    }
    View {
        interfaces: task.interfaces.values().cloned().map(Arc::new).collect(),
        routes,
        displaced: task.fib.displaced(&task.system),
        rejected: task.fib.rejected().clone(),
        next_hops: task.system.all_tracked().map(|(address, found)| (address, found.clone())).collect(),
        written: task.fib.written(),
    }
}

fn add_routes(task: &Task, prefix: &IpNet, entry: &Entry, routes: &mut Vec<RouteView>) {
    let since = entry.since.unwrap_or_else(Instant::now);
    let selected = entry.selected.as_ref();
    let in_force = selected.is_some_and(|selected| task.fib.is_in_force(prefix, selected));
    let is_source = |source| selected.is_some_and(|selected| selected.source == source);
    let base = RouteView {
        prefix: *prefix,
        source: Source::Connected,
        distance: 0,
        metric: 0,
        tag: 0,
        table: task.options.table,
        kind: KindView::Blackhole,
        selected: false,
        installed: true,
        since,
    };
    for (at, interface) in entry.connected.iter().enumerate() {
        let kind = KindView::Hops(vec![HopView::direct(Hop::dev(*interface), true)]);
        routes.push(RouteView { kind, selected: at == 0 && in_force, ..base.clone() });
    }
    for (at, route) in entry.kernel.iter().enumerate() {
        let [distance, ..] = route.priority.to_be_bytes();
        let metric = route.priority & 0x00ff_ffff;
        let is_active = |hop: &Hop| hop.interface.is_none_or(|interface| task.system.is_operative(interface));
        let kind = match &route.kind {
            RouteKind::Unicast(hops) => {
                KindView::Hops(hops.iter().map(|hop| HopView::direct(*hop, is_active(hop))).collect())
            }
            RouteKind::Blackhole => KindView::Blackhole,
            RouteKind::Unreachable => KindView::Unreachable,
            RouteKind::Prohibit => KindView::Prohibit,
        };
        let selected = at == 0 && in_force && is_source(Source::Kernel);
        routes.push(RouteView { source: Source::Kernel, distance, metric, kind, selected, ..base.clone() });
    }
    for lines in entry.statics.chunk_by(|a, b| a.distance == b.distance) {
        let Some(first) = lines.first() else { continue };
        let mut route = static_view(task, first, Some(since));
        if let KindView::Hops(hops) = &mut route.kind {
            hops.extend(lines.iter().skip(1).flat_map(|line| static_hops(task, line)));
        }
        let is_best = selected.is_some_and(|selected| selected.distance == first.distance);
        route.selected = in_force && is_source(Source::Static) && is_best;
        route.installed = route.selected && !task.fib.rejected().contains(prefix);
        routes.push(route);
    }
}

fn static_view(task: &Task, line: &StaticRoute, since: Option<Instant>) -> RouteView {
    let kind = match line.via {
        StaticVia::Blackhole => KindView::Blackhole,
        StaticVia::Reject => KindView::Unreachable,
        StaticVia::Interface(_) | StaticVia::Gateway { .. } => KindView::Hops(static_hops(task, line)),
    };
    RouteView {
        prefix: line.prefix,
        source: Source::Static,
        distance: line.distance,
        metric: 0,
        tag: line.tag,
        table: task.options.table,
        kind,
        selected: false,
        installed: false,
        since: since.unwrap_or_else(Instant::now),
    }
}

/// The hops of one line: as configured, with what carries the packets.
fn static_hops(task: &Task, line: &StaticRoute) -> Vec<HopView> {
    let found = task.system.line_kind(line);
    let found = found.as_ref().map_or(&[][..], RouteKind::hops);
    let (gateway, interface, onlink) = match &line.via {
        StaticVia::Gateway { address, interface, onlink } => (Some(*address), interface.as_deref(), *onlink),
        StaticVia::Interface(name) => (None, Some(name.as_str()), false),
        StaticVia::Blackhole | StaticVia::Reject => return Vec::new(),
    };
    let mut hop = Hop {
        gateway,
        interface: interface.and_then(|name| task.system.interface_named(name)),
        onlink,
        weight: 1,
    };
    if let [only] = found
        && only.gateway == gateway
    {
        hop.interface = only.interface;
        return vec![HopView::direct(hop, true)];
    }
    vec![HopView { hop, recursive: found.into(), active: !found.is_empty() }]
}
