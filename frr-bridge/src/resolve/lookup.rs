//! Looking up in the system table: which route of a prefix is best, and where an address leads.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::table::{Entry, Selected, SystemTable};
use super::{Resolution, Source, StaticRoute, StaticVia};
use crate::route::{Hop, Route, RouteKind};

impl SystemTable {
    /// Where an address leads. A link-local one needs an interface: see [`resolve_on`](Self::resolve_on). One of
    /// our own leads nowhere: packets sent to it would come back to us (RFC 4271 §5.1.3).
    #[must_use]
    pub fn resolve(&self, address: IpAddr) -> Resolution {
        if self.is_own(address) {
            return Resolution::Unreachable;
        }
        self.resolve_below(address, 0, None)
    }

    /// Where an address leads that is taken to be on the link of `interface`.
    #[must_use]
    pub fn resolve_on(&self, address: IpAddr, interface: u32) -> Resolution {
        if !self.is_operative(interface) {
            return Resolution::Unreachable;
        }
        Resolution::via([Hop::via(address, interface)].into(), 0, true)
    }

    /// What one configured line leads to by itself; `None` while it leads nowhere.
    pub(crate) fn line_kind(&self, route: &StaticRoute) -> Option<RouteKind> {
        self.static_kind(&route.prefix, std::slice::from_ref(route), 0)
    }

    pub(super) fn select(&self, prefix: &IpNet, entry: &Entry) -> Option<Selected> {
        if let Some(interface) = entry.connected.first() {
            let kind = RouteKind::Unicast([Hop::dev(*interface)].into());
            return Some(Selected { source: Source::Connected, distance: 0, metric: 0, kind });
        }
        let kernel = entry.kernel.iter().find(|route| self.is_usable(route)).map(|route| {
            let (distance, metric) = kernel_distance(route.priority);
            Selected { source: Source::Kernel, distance, metric, kind: route.kind.clone() }
        });
        let r#static = self.select_static(prefix, &entry.statics, 0);
        match (kernel, r#static) {
            (Some(kernel), Some(other)) if other.distance < kernel.distance => Some(other),
            (kernel, other) => kernel.or(other),
        }
    }

    /// The static route of lowest distance that leads somewhere. `statics` is sorted by distance.
    pub(super) fn select_static(
        &self,
        prefix: &IpNet,
        statics: &[StaticRoute],
        depth: u8,
    ) -> Option<Selected> {
        statics.chunk_by(|a, b| a.distance == b.distance).find_map(|lines| {
            let kind = self.static_kind(prefix, lines, depth)?;
            let distance = lines.first()?.distance;
            Some(Selected { source: Source::Static, distance, metric: 0, kind })
        })
    }

    fn static_kind(&self, prefix: &IpNet, lines: &[StaticRoute], depth: u8) -> Option<RouteKind> {
        let mut hops: Vec<Hop> = Vec::new();
        for line in lines {
            match &line.via {
                StaticVia::Blackhole => return Some(RouteKind::Blackhole),
                StaticVia::Reject => return Some(RouteKind::Unreachable),
                StaticVia::Interface(name) => {
                    let interface = self.interface_named(name).filter(|index| self.is_operative(*index));
                    hops.extend(interface.map(Hop::dev));
                }
                StaticVia::Gateway { address, interface: Some(name), onlink } => {
                    let interface = self.interface_named(name).filter(|index| self.is_operative(*index));
                    let on_link = |index: &u32| {
                        *onlink || is_link_local(*address) || self.is_connected_on(*address, *index)
                    };
                    let hop = |index| Hop { onlink: *onlink, ..Hop::via(*address, index) };
                    hops.extend(interface.filter(on_link).map(hop));
                }
                StaticVia::Gateway { address, interface: None, .. } => {
                    hops.extend_from_slice(self.resolve_below(*address, depth + 1, Some(prefix)).hops());
                }
            }
        }
        hops.sort_unstable();
        hops.dedup_by_key(|hop| (hop.gateway, hop.interface));
        (!hops.is_empty()).then(|| RouteKind::Unicast(hops.into()))
    }

    /// Where an address leads, found `depth` routes deep while resolving the gateway of `within`.
    fn resolve_below(&self, address: IpAddr, depth: u8, within: Option<&IpNet>) -> Resolution {
        if depth > MAX_DEPTH || is_link_local(address) {
            return Resolution::Unreachable;
        }
        for (prefix, entry) in self.prefixes.covering(address) {
            // A route does not lead to its own gateway.
            if within == Some(prefix) || (prefix.prefix_len() == 0 && !self.through_default.allows(address)) {
                continue;
            }
            if let Some(resolution) = self.resolve_through(address, (prefix, entry), depth) {
                return resolution;
            }
        }
        Resolution::Unreachable
    }

    /// Where the routes of one prefix lead an address; `None` if none of them is usable.
    fn resolve_through(
        &self,
        address: IpAddr,
        (prefix, entry): (&IpNet, &Entry),
        depth: u8,
    ) -> Option<Resolution> {
        if let Some(interface) = entry.connected.first() {
            return Some(self.resolve_on(address, *interface));
        }
        let kernel = entry.kernel.iter().find(|route| self.is_usable(route));
        let r#static = self.select_static(prefix, &entry.statics, depth);
        let (kind, metric) = match (kernel, r#static) {
            (Some(route), Some(other)) if other.distance < kernel_distance(route.priority).0 => {
                (other.kind, 0)
            }
            (Some(route), _) => (route.kind.clone(), kernel_distance(route.priority).1),
            (None, other) => (other?.kind, 0),
        };
        let usable =
            kind.hops().iter().filter(|hop| hop.interface.is_none_or(|index| self.is_operative(index)));
        let hops: Arc<[Hop]> =
            usable.map(|hop| Hop { gateway: hop.gateway.or(Some(address)), ..*hop }).collect();
        // Where packets are dropped the address is not reached.
        Some(if hops.is_empty() { Resolution::Unreachable } else { Resolution::via(hops, metric, false) })
    }

    fn is_usable(&self, route: &Route) -> bool {
        match &route.kind {
            RouteKind::Unicast(hops) => {
                hops.iter().any(|hop| hop.interface.is_none_or(|index| self.is_operative(index)))
            }
            RouteKind::Blackhole | RouteKind::Unreachable | RouteKind::Prohibit => true,
        }
    }

    fn is_connected_on(&self, address: IpAddr, interface: u32) -> bool {
        self.prefixes.covering(address).any(|(_, entry)| entry.connected.contains(&interface))
    }
}

/// FRR reads the distance of a kernel route from the upper octet of its metric.
const fn kernel_distance(priority: u32) -> (u8, u32) {
    let [distance, ..] = priority.to_be_bytes();
    (distance, priority & 0x00ff_ffff)
}

const fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// Routes in a chain from a next hop to an interface. Also ends circles.
const MAX_DEPTH: u8 = 8;
#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::table::Changes;
    use super::*;
    use crate::interface::{Interface, InterfaceAddress, InterfaceFlags};
    use crate::route::Protocol;

    fn interface(index: u32, is_up: bool, addresses: &[&str]) -> Interface {
        let address = |text: &&str| InterfaceAddress {
            address: text.parse().unwrap(),
            peer: None,
            secondary: false,
            no_prefix_route: false,
            permanent: true,
            tentative: false,
        };
        Interface {
            index,
            name: format!("eth{index}"),
            flags: InterfaceFlags(if is_up { InterfaceFlags::UP | InterfaceFlags::RUNNING } else { 0 }),
            addresses: addresses.iter().map(address).collect(),
            ..Interface::default()
        }
    }

    /// eth1 on 10.0.1.0/24 and 2001:db8:1::/64, eth2 on 10.0.2.0/24.
    fn table() -> SystemTable {
        let mut table = SystemTable::default();
        table.set_interface(&interface(1, true, &["10.0.1.1/24", "2001:db8:1::1/64"]));
        table.set_interface(&interface(2, true, &["10.0.2.1/24"]));
        table.refresh(Instant::now());
        table
    }

    fn kernel(prefix: &str, gateway: &str, interface: u32, priority: u32) -> Route {
        let hops = [Hop::via(gateway.parse().unwrap(), interface)].into();
        let prefix = prefix.parse().unwrap();
        Route { prefix, kind: RouteKind::Unicast(hops), protocol: Protocol::BOOT, priority, table: 254 }
    }

    fn line(prefix: &str, gateway: &str, distance: u8) -> StaticRoute {
        let address = gateway.parse().unwrap();
        let via = StaticVia::Gateway { address, interface: None, onlink: false };
        StaticRoute { prefix: prefix.parse().unwrap(), via, distance, tag: 0, table: None }
    }

    fn leads(table: &SystemTable, address: &str) -> Vec<String> {
        let found = table.resolve(address.parse().unwrap());
        let show = |hop: &Hop| format!("{} eth{}", hop.gateway.unwrap(), hop.interface.unwrap());
        found.hops().iter().map(show).collect()
    }

    fn changed(changes: &Changes) -> Vec<String> {
        changes.routes.iter().map(|change| change.prefix.to_string()).collect()
    }

    #[test]
    fn a_neighbour_is_reached_on_its_link() {
        let table = table();
        assert_eq!(leads(&table, "10.0.1.2"), ["10.0.1.2 eth1"]);
        assert_eq!(leads(&table, "2001:db8:1::2"), ["2001:db8:1::2 eth1"]);
        assert!(matches!(
            table.resolve("10.0.1.2".parse().unwrap()),
            Resolution::Via { connected: true, .. }
        ));
        assert_eq!(leads(&table, "fe80::1"), [""; 0]);
        assert!(table.resolve_on("fe80::1".parse().unwrap(), 2).is_reachable());
        assert!(!table.resolve_on("fe80::1".parse().unwrap(), 3).is_reachable());
    }

    #[test]
    fn recursion_goes_through_static_and_kernel_routes_to_the_link() {
        let mut table = table();
        table.put_kernel(kernel("172.16.0.0/12", "10.0.2.9", 2, 30), false);
        table.set_statics(vec![
            line("198.51.100.0/24", "172.16.1.1", 1),
            line("203.0.113.0/24", "198.51.100.1", 1),
        ]);
        table.refresh(Instant::now());
        assert_eq!(leads(&table, "203.0.113.7"), ["10.0.2.9 eth2"]);
        let direct = table.resolve("172.16.5.5".parse().unwrap());
        assert!(matches!(direct, Resolution::Via { connected: false, metric: 30, interface: Some(2), .. }));
        table.set_interface(&interface(2, false, &["10.0.2.1/24"]));
        assert_eq!(
            changed(&table.refresh(Instant::now())),
            ["10.0.2.0/24", "172.16.0.0/12", "198.51.100.0/24", "203.0.113.0/24"]
        );
        assert_eq!(leads(&table, "203.0.113.7"), [""; 0]);
    }

    #[test]
    fn circles_end() {
        let mut table = table();
        table.set_statics(vec![
            line("198.51.100.0/24", "203.0.113.1", 1),
            line("203.0.113.0/24", "198.51.100.1", 1),
            line("192.0.2.0/24", "192.0.2.1", 1),
        ]);
        table.refresh(Instant::now());
        for address in ["198.51.100.1", "203.0.113.1", "192.0.2.9"] {
            assert_eq!(leads(&table, address), [""; 0]);
        }
    }

    #[test]
    fn a_default_route_resolves_only_if_told() {
        let mut table = table();
        table.put_kernel(kernel("0.0.0.0/0", "10.0.1.254", 1, 0), false);
        assert_eq!(leads(&table, "8.8.8.8"), [""; 0]);
        table.set_through_default(super::super::ThroughDefault { v4: true, v6: false });
        assert_eq!(leads(&table, "8.8.8.8"), ["10.0.1.254 eth1"]);
    }

    #[test]
    fn the_lowest_distance_that_leads_somewhere_is_selected() {
        let mut table = table();
        table.set_statics(vec![
            line("203.0.113.0/24", "10.0.2.2", 5),
            line("203.0.113.0/24", "10.0.1.2", 1),
            line("203.0.113.0/24", "10.0.1.3", 1),
        ]);
        table.refresh(Instant::now());
        assert_eq!(leads(&table, "203.0.113.1"), ["10.0.1.2 eth1", "10.0.1.3 eth1"]);
        table.remove_interface(1);
        table.refresh(Instant::now());
        assert_eq!(leads(&table, "203.0.113.1"), ["10.0.2.2 eth2"]);
        let low = kernel("203.0.113.0/24", "10.0.2.7", 2, 200 << 24);
        table.put_kernel(low.clone(), false);
        assert_eq!(
            leads(&table, "203.0.113.1"),
            ["10.0.2.2 eth2"],
            "a kernel route may have a distance of its own"
        );
        table.put_kernel(kernel("203.0.113.0/24", "10.0.2.8", 2, 0), false);
        assert_eq!(leads(&table, "203.0.113.1"), ["10.0.2.8 eth2"]);
    }

    #[test]
    fn where_packets_are_dropped_nothing_is_reached() {
        let mut table = table();
        let via = StaticVia::Blackhole;
        table.set_statics(vec![StaticRoute { via, ..line("10.0.0.0/8", "10.0.1.2", 250) }]);
        assert_eq!(leads(&table, "10.9.9.9"), [""; 0]);
        assert_eq!(leads(&table, "10.0.1.9"), ["10.0.1.9 eth1"]);
    }

    #[test]
    fn a_tracked_next_hop_is_reported_when_its_way_changes_and_only_then() {
        let mut table = table();
        let address = "172.16.1.1".parse().unwrap();
        assert_eq!(table.track(address), Resolution::Unreachable);
        table.put_kernel(kernel("172.16.0.0/12", "10.0.1.9", 1, 0), false);
        assert_eq!(table.refresh(Instant::now()).next_hops.len(), 1);
        table.put_kernel(kernel("192.168.0.0/16", "10.0.1.9", 1, 0), false);
        assert_eq!(table.refresh(Instant::now()).next_hops, []);
        table.put_kernel(kernel("172.16.0.0/12", "10.0.2.9", 2, 0), true);
        assert_eq!(table.refresh(Instant::now()).next_hops.len(), 1);
        table.remove_kernel(&kernel("172.16.0.0/12", "10.0.2.9", 2, 0));
        assert_eq!(table.refresh(Instant::now()).next_hops, [(address, Resolution::Unreachable)]);
    }

    #[test]
    fn taking_the_kernels_routes_anew_reports_only_differences() {
        let mut table = table();
        let [one, two, three] =
            [16, 17, 18].map(|net| kernel(&format!("172.{net}.0.0/16"), "10.0.1.9", 1, 0));
        table.put_kernel(one.clone(), false);
        table.put_kernel(two, false);
        table.refresh(Instant::now());
        table.replace_kernel(vec![one, three]);
        assert_eq!(changed(&table.refresh(Instant::now())), ["172.17.0.0/16", "172.18.0.0/16"]);
        assert_eq!(leads(&table, "172.17.0.1"), [""; 0]);
    }
}
