//! The routing table, interfaces and next hops as `show` wants them.
//!
//! The kernel task knows what is not BGP's and how next hops resolve; the RIB knows what BGP wants. A page is
//! made of both, in the order of prefixes.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use bgp_core::rib::FibRoute;
use bgp_core::{NextHop, PeerKind, Prefix};
use frr_bridge::interface::Interface;
use frr_bridge::kernel::{HopView, KindView, RouteView, Source, View};
use frr_bridge::resolve::Resolution;
use frr_bridge::route::{Hop, TABLE_MAIN};

use crate::control::door::KernelRequest;
use crate::control::snapshot::{
    AddressSnapshot, InterfaceSnapshot, KernelNextHop, KernelPage, KernelRouteSnapshot, NextHopAction,
    RouteProtocol, TrackedNextHop,
};

/// What BGP adds to a page.
#[derive(Debug, Default)]
pub(super) struct BgpPage {
    /// In the order of prefixes.
    pub(super) routes: Vec<BgpEntry>,
    /// There may be more after this one.
    pub(super) upto: Option<Prefix>,
}

/// One route that BGP wants in the kernel.
#[derive(Debug)]
pub(super) struct BgpEntry {
    pub(super) prefix: Prefix,
    pub(super) route: FibRoute,
    /// The best path's MED: what FRR shows as metric.
    pub(super) metric: u32,
    pub(super) age: Duration,
}

/// A page of the routing table.
pub(super) fn page(view: &View, bgp: &BgpPage, request: &KernelRequest) -> KernelPage {
    let table = request.table.unwrap_or(TABLE_MAIN);
    let upto = bgp.upto;
    let is_asked = |route: &&RouteView| {
        let prefix = route.prefix;
        bgp_core::Family::of(&prefix) == request.family
            && route.table == table
            && request.exact.is_none_or(|exact| exact == prefix)
            && request.after.is_none_or(|after| prefix > after)
            && upto.is_none_or(|upto| prefix <= upto)
    };
    let mut routes: Vec<_> =
        view.routes.iter().filter(is_asked).map(|route| other_route(view, route)).collect();
    if table == TABLE_MAIN {
        routes.extend(bgp.routes.iter().map(|entry| bgp_route(view, entry)));
    }
    routes.sort_by_key(|route| (route.prefix, route.distance, route.protocol));
    KernelPage { routes, next: upto }
}

/// The routes to the longest prefix of either side that contains `address`.
pub(super) fn lookup(view: &View, bgp: Option<&BgpEntry>, address: IpAddr) -> KernelPage {
    let is_candidate = |route: &&RouteView| route.table == TABLE_MAIN && route.prefix.contains(&address);
    let longest = view.routes.iter().filter(is_candidate).map(|route| route.prefix.prefix_len()).max();
    let bgp_len = bgp.map(|entry| entry.prefix.prefix_len());
    let best = longest.max(bgp_len);
    let others =
        view.routes.iter().filter(is_candidate).filter(|route| Some(route.prefix.prefix_len()) == best);
    let mut routes: Vec<_> = others.map(|route| other_route(view, route)).collect();
    routes.extend(bgp.filter(|_| bgp_len == best).map(|entry| bgp_route(view, entry)));
    KernelPage { routes, next: None }
}

/// Every interface, by name.
pub(super) fn interfaces(view: &View, descriptions: &BTreeMap<String, String>) -> Vec<InterfaceSnapshot> {
    let mut all: Vec<_> =
        view.interfaces.iter().map(|interface| interface_snapshot(view, interface, descriptions)).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

/// Next hops under watch.
pub(super) fn tracked(view: &View) -> Vec<TrackedNextHop> {
    let of = |(address, resolution): &(IpAddr, Resolution)| TrackedNextHop {
        address: *address,
        must_be_connected: false,
        via: via(view, *address, resolution),
        next_hops: match resolution {
            Resolution::Unreachable => Vec::new(),
            Resolution::Via { hops, .. } => hops.iter().map(|hop| next_hop(view, hop)).collect(),
        },
        clients: vec!["bgp"],
    };
    view.next_hops.iter().map(of).collect()
}

fn via(view: &View, address: IpAddr, resolution: &Resolution) -> Option<RouteProtocol> {
    if matches!(resolution, Resolution::Unreachable) {
        return None;
    }
    let covering = view.routes.iter().filter(|route| route.selected && route.prefix.contains(&address));
    covering.max_by_key(|route| route.prefix.prefix_len()).map(|route| protocol(route.source))
}

fn other_route(view: &View, route: &RouteView) -> KernelRouteSnapshot {
    KernelRouteSnapshot {
        prefix: route.prefix,
        protocol: protocol(route.source),
        is_internal: false,
        is_selected: route.selected,
        is_installed: route.installed,
        distance: route.distance,
        metric: route.metric,
        tag: route.tag,
        table: route.table,
        age: route.since.elapsed(),
        next_hops: match &route.kind {
            KindView::Hops(hops) => {
                hops.iter().flat_map(|hop| configured_hop(view, hop, route.installed)).collect()
            }
            KindView::Blackhole => vec![dead_end(NextHopAction::Blackhole, route)],
            KindView::Unreachable => vec![dead_end(NextHopAction::Unreachable, route)],
            KindView::Prohibit => vec![dead_end(NextHopAction::Prohibit, route)],
        },
        groups: None,
    }
}

fn bgp_route(view: &View, entry: &BgpEntry) -> KernelRouteSnapshot {
    let is_displaced = view.displaced.contains(&entry.prefix);
    let is_installed = !is_displaced && !view.rejected.contains(&entry.prefix);
    let next_hops = entry.route.next_hops.iter().flat_map(|hop| {
        let address = hop.address.address();
        let resolution =
            view.next_hops.iter().find(|(tracked, _)| *tracked == address).map(|(_, found)| found);
        let weight = hop.weight;
        bgp_hop(view, hop.address, resolution).into_iter().map(move |hop| KernelNextHop {
            is_installed: is_installed && !hop.is_recursive,
            weight,
            ..hop
        })
    });
    KernelRouteSnapshot {
        prefix: entry.prefix,
        protocol: RouteProtocol::Bgp,
        is_internal: entry.route.source != PeerKind::External,
        is_selected: !is_displaced,
        is_installed,
        distance: entry.route.distance,
        metric: entry.metric,
        tag: 0,
        table: TABLE_MAIN,
        age: entry.age,
        next_hops: next_hops.collect(),
        groups: None,
    }
}

/// A next hop of BGP: directly connected, or recursive with what resolves it after it.
fn bgp_hop(view: &View, next_hop_address: NextHop, resolution: Option<&Resolution>) -> Vec<KernelNextHop> {
    let address = next_hop_address.address();
    let Some(Resolution::Via { hops, connected, .. }) = resolution else {
        return vec![KernelNextHop { gateway: Some(address), ..KernelNextHop::default() }];
    };
    let resolvers = hops.iter().map(|hop| next_hop(view, hop));
    if *connected {
        let gateway = match next_hop_address {
            NextHop::V6 { link_local: Some(link_local), .. } => IpAddr::V6(link_local),
            NextHop::V4(_) | NextHop::V6 { .. } => address,
        };
        return resolvers.map(|hop| KernelNextHop { gateway: Some(gateway), ..hop }).collect();
    }
    let recursive = KernelNextHop {
        gateway: Some(address),
        is_active: true,
        is_recursive: true,
        ..KernelNextHop::default()
    };
    let resolvers = resolvers.map(|hop| KernelNextHop { is_resolver: true, ..hop });
    std::iter::once(recursive).chain(resolvers).collect()
}

fn configured_hop(view: &View, hop: &HopView, is_installed: bool) -> Vec<KernelNextHop> {
    let is_recursive = !hop.recursive.is_empty();
    let own = KernelNextHop {
        is_active: hop.active,
        is_installed: is_installed && hop.active && !is_recursive,
        is_recursive,
        ..next_hop(view, &hop.hop)
    };
    let resolvers = hop.recursive.iter().map(|resolver| KernelNextHop {
        is_resolver: true,
        is_installed,
        ..next_hop(view, resolver)
    });
    std::iter::once(own).chain(resolvers).collect()
}

fn next_hop(view: &View, hop: &Hop) -> KernelNextHop {
    KernelNextHop {
        gateway: hop.gateway,
        interface: hop.interface.map(|index| (index, name_of(view, index))),
        is_active: true,
        is_on_link: hop.onlink,
        weight: hop.weight.into(),
        ..KernelNextHop::default()
    }
}

fn dead_end(action: NextHopAction, route: &RouteView) -> KernelNextHop {
    KernelNextHop { action, is_active: true, is_installed: route.installed, ..KernelNextHop::default() }
}

fn name_of(view: &View, index: u32) -> String {
    let found = view.interfaces.iter().find(|interface| interface.index == index);
    found.map_or_else(|| format!("if{index}"), |interface| interface.name.clone())
}

const fn protocol(source: Source) -> RouteProtocol {
    match source {
        Source::Kernel => RouteProtocol::Kernel,
        Source::Connected => RouteProtocol::Connected,
        Source::Static => RouteProtocol::Static,
    }
}

fn interface_snapshot(
    view: &View,
    interface: &Interface,
    descriptions: &BTreeMap<String, String>,
) -> InterfaceSnapshot {
    let transitions = interface.transitions;
    InterfaceSnapshot {
        name: interface.name.clone(),
        index: interface.index,
        flags: interface.flags.0,
        mtu: interface.mtu,
        speed: interface.speed().unwrap_or(0),
        hardware_address: interface.mac.clone(),
        kind: interface.kind.clone().unwrap_or_default(),
        parent: interface.parent.map(|index| name_of(view, index)),
        description: descriptions.get(&interface.name).cloned(),
        link_ups: transitions.ups.into(),
        link_downs: transitions.downs.into(),
        last_up: transitions.last_up,
        last_down: transitions.last_down,
        addresses: interface
            .addresses
            .iter()
            .map(|address| AddressSnapshot { address: address.address, is_secondary: address.secondary })
            .collect(),
    }
}
