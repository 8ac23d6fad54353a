//! What carries our mark in the kernel and has not been asked for yet.
//!
//! Filled from a dump, emptied by what is wanted, and swept at the end. A whole table may be in here for a while,
//! so an IPv4 route takes sixteen octets and an IPv6 route 25.

use hashbrown::HashMap;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::netlink::RouteMark;
use crate::route::{METRIC, Protocol, Route};

/// Routes of ours in one kernel table.
#[derive(Debug, Default)]
pub(super) struct Held {
    v4: HashMap<u64, Known>,
    v6: HashMap<[u8; 17], Known>,
    /// With a metric that we do not use: never taken up, always swept.
    odd: Vec<RouteMark>,
}

/// A route that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known([u8; 8]);

impl Known {
    /// The route's fingerprint; one bit of it gives way to the protocol.
    pub(super) fn of(route: &Route) -> Self {
        let digest = route.fingerprint().bits() & !1;
        Self((digest | u64::from(route.protocol == Protocol::STATIC)).to_ne_bytes())
    }

    pub(super) const fn protocol(self) -> Protocol {
        if u64::from_ne_bytes(self.0) & 1 == 1 { Protocol::STATIC } else { Protocol::BGP }
    }
}

impl Held {
    pub(super) fn insert(&mut self, route: &Route) {
        if route.priority != METRIC {
            self.odd.push(RouteMark::from(route));
            return;
        }
        let known = Known::of(route);
        match route.prefix {
            IpNet::V4(net) => drop(self.v4.insert(pack_v4(net), known)),
            IpNet::V6(net) => drop(self.v6.insert(pack_v6(net), known)),
        }
    }

    pub(super) fn get(&self, prefix: &IpNet) -> Option<Known> {
        match prefix {
            IpNet::V4(net) => self.v4.get(&pack_v4(*net)).copied(),
            IpNet::V6(net) => self.v6.get(&pack_v6(*net)).copied(),
        }
    }

    pub(super) fn take(&mut self, prefix: &IpNet) -> Option<Known> {
        match prefix {
            IpNet::V4(net) => self.v4.remove(&pack_v4(*net)),
            IpNet::V6(net) => self.v6.remove(&pack_v6(*net)),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.v4.len() + self.v6.len() + self.odd.len()
    }

    /// What is left, as marks in `table`. In no order: removals do not depend on each other.
    pub(super) fn into_marks(self, table: u32) -> impl Iterator<Item = RouteMark> {
        let v4 = self.v4.into_iter().filter_map(|(key, known)| Some((IpNet::V4(unpack_v4(key)?), known)));
        let v6 = self.v6.into_iter().filter_map(|(key, known)| Some((IpNet::V6(unpack_v6(key)?), known)));
        let mark = move |(prefix, known): (IpNet, Known)| RouteMark {
            prefix,
            protocol: known.protocol(),
            priority: METRIC,
            table,
        };
        v4.chain(v6).map(mark).chain(self.odd)
    }
}

fn pack_v4(net: Ipv4Net) -> u64 {
    u64::from(net.addr().to_bits()) << 8 | u64::from(net.prefix_len())
}

fn unpack_v4(key: u64) -> Option<Ipv4Net> {
    let [_, _, _, a, b, c, d, len] = key.to_be_bytes();
    Ipv4Net::new([a, b, c, d].into(), len).ok()
}

fn pack_v6(net: Ipv6Net) -> [u8; 17] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = net.addr().octets();
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, net.prefix_len()]
}

fn unpack_v6(key: [u8; 17]) -> Option<Ipv6Net> {
    let [address @ .., len] = key;
    Ipv6Net::new(address.into(), len).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::{RouteKind, TABLE_MAIN};

    fn route(prefix: &str, protocol: Protocol) -> Route {
        Route::ours(prefix.parse().unwrap(), RouteKind::Blackhole, protocol, TABLE_MAIN)
    }

    #[test]
    fn what_is_not_taken_is_left_with_its_protocol() {
        let mut held = Held::default();
        let bgp = route("203.0.113.0/24", Protocol::BGP);
        let r#static = route("2001:db8::/32", Protocol::STATIC);
        let odd = Route { priority: 5, ..route("203.0.113.0/24", Protocol::BGP) };
        for route in [&bgp, &r#static, &odd, &route("0.0.0.0/0", Protocol::BGP)] {
            held.insert(route);
        }
        assert_eq!(
            held.take(&"0.0.0.0/0".parse().unwrap()),
            Some(Known::of(&route("0.0.0.0/0", Protocol::BGP)))
        );
        assert_eq!(held.get(&bgp.prefix), Some(Known::of(&bgp)));
        assert_ne!(held.get(&bgp.prefix), Some(Known::of(&route("203.0.113.0/24", Protocol::STATIC))));
        let mut marks: Vec<_> = held.into_marks(TABLE_MAIN).collect();
        marks.sort();
        let mut expected = [&bgp, &odd, &r#static].map(RouteMark::from);
        expected.sort();
        assert_eq!(marks, expected);
    }
}
