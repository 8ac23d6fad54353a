//! Routes as messages (RTM_NEWROUTE, RTM_DELROUTE): the codec, and the dump.
//!
//! ```text
//!  0        1         2         3     4       5          6       7      8
//! +--------+---------+---------+-----+-------+----------+-------+------+-------------+
//! | family | dst len | src len | TOS | table | protocol | scope | type | flags (32)  |  struct rtmsg
//! +--------+---------+---------+-----+-------+----------+-------+------+-------------+
//! ```
//!
//! One next hop is RTA_GATEWAY and RTA_OIF; several are RTA_MULTIPATH, a list of `struct rtnexthop` (length,
//! flags, weight minus one, interface) with attributes of their own. A gateway of the other IP version is
//! RTA_VIA (RFC 8950 routes). A route by a next-hop object has RTA_NH_ID instead; the kernel then shows the object's
//! gateway too, unless it is told not to (`net.ipv4.nexthop_compat_mode`).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::IpNet;

use super::message::{
    AF_INET, AF_INET6, Attributes, Message, MessageBuffer, NLM_F_ACK, NLM_F_CREATE, NLM_F_REPLACE,
    NLM_F_REQUEST, RTM_DELROUTE, RTM_GETROUTE, RTM_NEWROUTE, read_address, read_u8, read_u16, read_u32,
};
use super::requests::{IpVersion, Requests, Selection};
use crate::route::{Hop, Protocol, Route, RouteKind};

/// What tells a route of ours from every other when it is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteMark {
    /// Destination.
    pub prefix: IpNet,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its metric.
    pub priority: u32,
    /// Its table.
    pub table: u32,
}

impl From<&Route> for RouteMark {
    fn from(route: &Route) -> Self {
        Self { prefix: route.prefix, protocol: route.protocol, priority: route.priority, table: route.table }
    }
}

/// Reads routes, handing each out as it comes, with the number of the next-hop object if it goes by one. Routes this
/// program has no use for - local and broadcast ones, cache entries, with a source or a type of service - are left
/// out. True if the kernel says that something changed meanwhile, so that some may be missing.
pub fn dump_routes(
    requests: &mut Requests,
    selection: Selection,
    mut each: impl FnMut(Route, Option<u32>),
) -> io::Result<bool> {
    let mut is_interrupted = false;
    let versions =
        IpVersion::ALL.into_iter().filter(|one| selection.version.is_none_or(|version| version == *one));
    for family in versions.map(IpVersion::family) {
        let header = |request: &mut MessageBuffer| {
            let table = selection.table.unwrap_or(0);
            let protocol = selection.protocol.unwrap_or(Protocol::UNSPEC);
            request.put(&[family, 0, 0, 0, short_table(table), protocol.0, 0, 0, 0, 0, 0, 0]);
            if table != 0 {
                request.attribute(RTA_TABLE, &table.to_ne_bytes());
            }
        };
        let outcome = requests.dump(RTM_GETROUTE, header, |message| {
            // A kernel without the filters answers with everything.
            let wanted = |route: &Route| {
                selection.table.is_none_or(|table| table == route.table)
                    && selection.protocol.is_none_or(|protocol| protocol == route.protocol)
            };
            if let Some((route, next_hop)) = decode_with_next_hop(message).filter(|(route, _)| wanted(route))
            {
                each(route, next_hop);
            }
        });
        match outcome {
            Ok(is_torn) => is_interrupted |= is_torn,
            // A table without routes need not exist.
            Err(error) if error.raw_os_error() == Some(nix::libc::ENOENT) => {}
            // Nor need IPv6.
            Err(error) if family == AF_INET6 && error.raw_os_error() == Some(nix::libc::EOPNOTSUPP) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(is_interrupted)
}

/// Whether packets to `address` on `interface` are taken by this machine, by its tables at this moment. Of IPv4 the
/// kernel says so only while the interface is on; before, this is an error.
pub fn is_local(requests: &mut Requests, interface: u32, address: IpAddr) -> io::Result<bool> {
    let (family, len) = if address.is_ipv4() { (AF_INET, 32) } else { (AF_INET6, 128) };
    let mut is_local = false;
    let body = |request: &mut MessageBuffer| {
        request.put(&[family, len, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        with_octets(address, |octets| request.attribute(RTA_DST, octets));
        request.attribute(RTA_OIF, &interface.to_ne_bytes());
    };
    requests.ask((RTM_GETROUTE, NLM_F_ACK), body, |message| {
        is_local |= message.kind == RTM_NEWROUTE && read_u8(message.payload, 7) == RTN_LOCAL;
    })?;
    Ok(is_local)
}

/// Adds RTM_NEWROUTE to `buffer`.
pub(super) fn encode_put(buffer: &mut MessageBuffer, route: &Route, flags: u16, sequence: u32) {
    buffer.begin(RTM_NEWROUTE, flags, sequence);
    let hops = route.kind.hops();
    let is_link = !hops.is_empty() && hops.iter().all(|hop| hop.gateway.is_none());
    let kind = match route.kind {
        RouteKind::Unicast(_) => RTN_UNICAST,
        RouteKind::Blackhole => RTN_BLACKHOLE,
        RouteKind::Unreachable => RTN_UNREACHABLE,
        RouteKind::Prohibit => RTN_PROHIBIT,
    };
    let scope = if is_link && route.prefix.addr().is_ipv4() { RT_SCOPE_LINK } else { RT_SCOPE_UNIVERSE };
    let flags = match hops {
        [only] => u32::from(hop_flags(only)),
        _ => 0,
    };
    encode_header(buffer, &RouteMark::from(route), (scope, kind, flags));
    match hops {
        [] => {}
        [only] => {
            encode_gateway(buffer, route.prefix, only);
            if let Some(interface) = only.interface {
                buffer.attribute(RTA_OIF, &interface.to_ne_bytes());
            }
        }
        several => {
            let list = buffer.open();
            buffer.put(&RTA_MULTIPATH.to_ne_bytes());
            for hop in several {
                let at = buffer.open();
                buffer.put(&[hop_flags(hop), hop.weight.saturating_sub(1)]);
                buffer.put(&hop.interface.unwrap_or(0).to_ne_bytes());
                encode_gateway(buffer, route.prefix, hop);
                buffer.close(at);
            }
            buffer.close(list);
        }
    }
    buffer.end();
}

/// Adds RTM_NEWROUTE to `buffer`: a route that goes by a next-hop object.
pub(super) fn encode_put_by(buffer: &mut MessageBuffer, mark: &RouteMark, id: u32, sequence: u32) {
    buffer.begin(RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE, sequence);
    encode_header(buffer, mark, (RT_SCOPE_UNIVERSE, RTN_UNICAST, 0));
    buffer.attribute(RTA_NH_ID, &id.to_ne_bytes());
    buffer.end();
}

/// Adds RTM_DELROUTE to `buffer`: for the route of this mark whatever its next hops.
pub(super) fn encode_remove(buffer: &mut MessageBuffer, mark: &RouteMark, flags: u16, sequence: u32) {
    buffer.begin(RTM_DELROUTE, flags, sequence);
    encode_header(buffer, mark, (RT_SCOPE_NOWHERE, RTN_UNSPEC, 0));
    buffer.end();
}

/// The route of an RTM_NEWROUTE or RTM_DELROUTE, if it is one that this program has use for.
pub(super) fn decode(message: &Message<'_>) -> Option<Route> {
    decode_with_next_hop(message).map(|(route, _)| route)
}

fn decode_with_next_hop(message: &Message<'_>) -> Option<(Route, Option<u32>)> {
    if !matches!(message.kind, RTM_NEWROUTE | RTM_DELROUTE) {
        return None;
    }
    let (header, attributes) = message.split(HEADER_LEN)?;
    let &[family, len, source_len, tos, table, protocol, _scope, kind, ..] = header else { return None };
    let flags = read_u32(header, 8);
    if source_len != 0 || tos != 0 || flags & RTM_F_CLONED != 0 {
        return None;
    }
    let mut parts = Parts { table: u32::from(table), ..Parts::default() };
    attributes.for_each(|(kind, value)| parts.take(family, kind, value));
    let kind = match kind {
        RTN_UNICAST => RouteKind::Unicast(parts.hops(flags)),
        RTN_BLACKHOLE => RouteKind::Blackhole,
        RTN_UNREACHABLE => RouteKind::Unreachable,
        RTN_PROHIBIT => RouteKind::Prohibit,
        _ => return None,
    };
    let unspecified = match family {
        AF_INET => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        AF_INET6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        _ => return None,
    };
    let prefix = IpNet::new(parts.destination.unwrap_or(unspecified), len).ok()?;
    let route =
        Route { prefix, kind, protocol: Protocol(protocol), priority: parts.priority, table: parts.table };
    Some((route, parts.next_hop))
}

/// What the attributes say.
#[derive(Default)]
struct Parts {
    destination: Option<IpAddr>,
    gateway: Option<IpAddr>,
    interface: Option<u32>,
    priority: u32,
    table: u32,
    several: Vec<Hop>,
    next_hop: Option<u32>,
}

impl Parts {
    fn take(&mut self, family: u8, kind: u16, value: &[u8]) {
        match kind {
            RTA_DST => self.destination = read_address(value),
            RTA_GATEWAY => self.gateway = read_address(value),
            RTA_VIA => self.gateway = value.get(2..).and_then(read_address),
            RTA_OIF => self.interface = Some(read_u32(value, 0)),
            RTA_PRIORITY => self.priority = read_u32(value, 0),
            RTA_TABLE => self.table = read_u32(value, 0),
            RTA_NH_ID => self.next_hop = Some(read_u32(value, 0)),
            RTA_MULTIPATH => self.several = Multipath(value).map(|hop| hop.decode(family)).collect(),
            _ => {}
        }
    }

    fn hops(&self, flags: u32) -> Arc<[Hop]> {
        if !self.several.is_empty() {
            return self.several.as_slice().into();
        }
        let onlink = flags & u32::from(RTNH_F_ONLINK) != 0;
        Arc::new([Hop { gateway: self.gateway, interface: self.interface, onlink, weight: 1 }])
    }
}

/// The `struct rtnexthop`s of an RTA_MULTIPATH.
struct Multipath<'a>(&'a [u8]);

struct MultipathHop<'a>(&'a [u8]);

impl<'a> Iterator for Multipath<'a> {
    type Item = MultipathHop<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let len = usize::from(read_u16(self.0, 0));
        let hop = self.0.get(..len).filter(|hop| hop.len() >= 8)?;
        self.0 = self.0.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some(MultipathHop(hop))
    }
}

impl MultipathHop<'_> {
    fn decode(&self, family: u8) -> Hop {
        let mut parts = Parts::default();
        let attributes = Attributes(self.0.get(8..).unwrap_or_default());
        attributes.for_each(|(kind, value)| parts.take(family, kind, value));
        Hop {
            gateway: parts.gateway,
            interface: Some(read_u32(self.0, 4)),
            onlink: read_u8(self.0, 2) & RTNH_F_ONLINK != 0,
            weight: read_u8(self.0, 3).saturating_add(1),
        }
    }
}

fn encode_header(buffer: &mut MessageBuffer, mark: &RouteMark, (scope, kind, flags): (u8, u8, u32)) {
    let family = if mark.prefix.addr().is_ipv4() { AF_INET } else { AF_INET6 };
    let table = short_table(mark.table);
    buffer.put(&[family, mark.prefix.prefix_len(), 0, 0, table, mark.protocol.0, scope, kind]);
    buffer.put(&flags.to_ne_bytes());
    with_octets(mark.prefix.network(), |octets| buffer.attribute(RTA_DST, octets));
    buffer.attribute(RTA_PRIORITY, &mark.priority.to_ne_bytes());
    if table == RT_TABLE_UNSPEC {
        buffer.attribute(RTA_TABLE, &mark.table.to_ne_bytes());
    }
}

fn encode_gateway(buffer: &mut MessageBuffer, prefix: IpNet, hop: &Hop) {
    match hop.gateway {
        Some(IpAddr::V6(gateway)) if prefix.addr().is_ipv4() => {
            let mut via = [0; 18];
            let family = u16::from(AF_INET6).to_ne_bytes();
            via.iter_mut().zip(family.into_iter().chain(gateway.octets())).for_each(|(to, from)| *to = from);
            buffer.attribute(RTA_VIA, &via);
        }
        Some(gateway) => with_octets(gateway, |octets| buffer.attribute(RTA_GATEWAY, octets)),
        None => {}
    }
}

fn with_octets(address: IpAddr, then: impl FnOnce(&[u8])) {
    match address {
        IpAddr::V4(v4) => then(&v4.octets()),
        IpAddr::V6(v6) => then(&v6.octets()),
    }
}

const fn hop_flags(hop: &Hop) -> u8 {
    if hop.onlink { RTNH_F_ONLINK } else { 0 }
}

/// Tables above 255 are told by RTA_TABLE alone.
fn short_table(table: u32) -> u8 {
    u8::try_from(table).unwrap_or(RT_TABLE_UNSPEC)
}

const HEADER_LEN: usize = 12;

const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_PRIORITY: u16 = 6;
const RTA_MULTIPATH: u16 = 9;
const RTA_TABLE: u16 = 15;
const RTA_VIA: u16 = 18;
const RTA_NH_ID: u16 = 30;

const RTN_UNSPEC: u8 = 0;
const RTN_UNICAST: u8 = 1;
const RTN_LOCAL: u8 = 2;
const RTN_BLACKHOLE: u8 = 6;
const RTN_UNREACHABLE: u8 = 7;
const RTN_PROHIBIT: u8 = 8;

const RT_SCOPE_UNIVERSE: u8 = 0;
const RT_SCOPE_LINK: u8 = 253;
const RT_SCOPE_NOWHERE: u8 = 255;

const RT_TABLE_UNSPEC: u8 = 0;
const RTM_F_CLONED: u32 = 0x200;
const RTNH_F_ONLINK: u8 = 4;

#[cfg(test)]
mod tests {
    use super::super::message::Messages;
    use super::*;

    fn round_trip(route: &Route) {
        let mut buffer = MessageBuffer::default();
        encode_put(&mut buffer, route, 0, 1);
        let message = Messages(buffer.as_slice()).next().unwrap();
        assert_eq!(decode(&message).as_ref(), Some(route));
    }

    fn via(gateway: &str, interface: u32) -> Hop {
        Hop::via(gateway.parse().unwrap(), interface)
    }

    #[test]
    fn routes_of_every_shape_round_trip() {
        let v4 = "203.0.113.0/24".parse().unwrap();
        let v6 = "2001:db8::/32".parse().unwrap();
        let heavy = Hop { weight: 30, onlink: true, ..via("10.0.0.2", 3) };
        for (prefix, kind) in [
            (v4, RouteKind::Unicast([via("10.0.0.1", 2)].into())),
            (v4, RouteKind::Unicast([via("10.0.0.1", 2), heavy].into())),
            (v4, RouteKind::Unicast([via("fe80::1", 2)].into())),
            (v4, RouteKind::Unicast([via("fe80::1", 2), via("10.0.0.1", 4)].into())),
            (v4, RouteKind::Unicast([Hop::dev(9)].into())),
            (v6, RouteKind::Unicast([via("fe80::1", 2), via("2001:db8:1::1", 4)].into())),
            (v6, RouteKind::Blackhole),
            (v4, RouteKind::Unreachable),
            ("0.0.0.0/0".parse().unwrap(), RouteKind::Prohibit),
        ] {
            round_trip(&Route::ours(prefix, kind.clone(), Protocol::BGP, 254));
            round_trip(&Route::ours(prefix, kind, Protocol::STATIC, 70_000));
        }
    }

    #[test]
    fn local_and_cached_routes_are_passed_over() {
        let route = Route::ours("10.0.0.0/8".parse().unwrap(), RouteKind::Blackhole, Protocol::BGP, 254);
        let mut buffer = MessageBuffer::default();
        encode_put(&mut buffer, &route, 0, 1);
        for (at, octet) in [(16 + 7, 2), (16 + 7, 3), (16 + 3, 16), (16 + 2, 24), (16 + 9, 2), (16, 7)] {
            let mut octets = buffer.as_slice().to_vec();
            octets[at] = octet;
            assert_eq!(decode(&Messages(&octets).next().unwrap()), None);
        }
    }
}
