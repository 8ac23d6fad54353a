//! Which of an interface's addresses stands for us: as the source of a connection, as a next hop, as an identifier.
//!
//! Not one that a virtual router holds, which may be somebody else's the next moment, as long as there is another.

use std::cmp::Reverse;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use bgp_core::RouterId;
use bgp_core::speaker::LinkInterface;
use frr_bridge::interface::{Interface, InterfaceAddress, InterfaceFlags};
use frr_bridge::vrrp::ALIAS;
use ipnet::IpNet;

/// The IPv4 address that has most bits in common with `near`; the first if nothing is near.
pub(super) fn ipv4(interface: &Interface, near: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
    let addresses = usable(interface).filter_map(|addr| match addr {
        IpAddr::V4(addr) if !addr.is_loopback() => Some(addr),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    });
    addresses.min_by_key(|addr| near.map(|near| addr.to_bits() ^ near.to_bits()))
}

/// The global IPv6 address that has most bits in common with `near`; the first if nothing is near.
pub(super) fn ipv6(interface: &Interface, near: Option<Ipv6Addr>) -> Option<Ipv6Addr> {
    let addresses =
        ipv6_addresses(interface).filter(|addr| !addr.is_unicast_link_local() && !addr.is_loopback());
    addresses.min_by_key(|addr| near.map(|near| addr.to_bits() ^ near.to_bits()))
}

/// The link-local address.
pub(super) fn link_local(interface: &Interface) -> Option<Ipv6Addr> {
    ipv6_addresses(interface).find(Ipv6Addr::is_unicast_link_local)
}

/// The address that a connection to `remote` comes from, if it is to come from this interface.
pub(super) fn source(interface: &Interface, remote: IpAddr) -> Option<IpAddr> {
    match remote {
        IpAddr::V4(addr) => ipv4(interface, Some(addr)).map(IpAddr::V4),
        IpAddr::V6(addr) if addr.is_unicast_link_local() => link_local(interface).map(IpAddr::V6),
        IpAddr::V6(addr) => ipv6(interface, Some(addr)).map(IpAddr::V6),
    }
}

/// What the speaker is told of an interface that a peer is on.
pub(super) fn link_interface(interface: &Interface) -> LinkInterface {
    let networks = interface.addresses.iter().map(InterfaceAddress::subnet);
    let is_global =
        |network: &IpNet| !matches!(network, IpNet::V6(net) if net.addr().is_unicast_link_local());
    LinkInterface {
        index: interface.index,
        name: interface.name.clone(),
        ipv4: ipv4(interface, None),
        ipv6: ipv6(interface, None),
        link_local: link_local(interface),
        networks: networks.filter(is_global).collect(),
    }
}

/// True if an interface that is operative leads somewhere now that it did not before.
pub(super) fn is_new_way(before: &Interface, now: &Interface) -> bool {
    !before.is_operative() || before.name != now.name || before.addresses != now.addresses
}

/// The interface that `remote` is on: the one a link-local address is scoped to, else the one with the longest
/// subnet around it, an operative one before others.
pub(super) fn interface_towards<'a>(
    interfaces: impl IntoIterator<Item = &'a Arc<Interface>>,
    remote: IpAddr,
    scope: u32,
) -> Option<&'a Arc<Interface>> {
    let mut interfaces = interfaces.into_iter();
    if scope != 0 {
        return interfaces.find(|interface| interface.index == scope);
    }
    let longest = |interface: &Interface| {
        let subnets = interface.addresses.iter().map(InterfaceAddress::subnet);
        subnets.filter(|subnet| subnet.contains(&remote)).map(|subnet| subnet.prefix_len()).max()
    };
    interfaces
        .filter_map(|interface| Some((longest(interface)?, interface)))
        .min_by_key(|(len, interface)| (!interface.is_operative(), Reverse(*len), interface.index))
        .map(|(_, interface)| interface)
}

/// What FRR takes for an identifier where none is configured: the highest IPv4 address of a loopback interface,
/// 127.0.0.0/8 apart, else the highest of any. A virtual router's device has none of ours.
pub(super) fn identifier<'a>(interfaces: impl IntoIterator<Item = &'a Arc<Interface>>) -> Option<RouterId> {
    let ranked = interfaces.into_iter().filter(|interface| interface.alias != ALIAS).flat_map(|interface| {
        let is_loopback = interface.flags.contains(InterfaceFlags::LOOPBACK);
        usable(interface).map(move |addr| (is_loopback, addr))
    });
    let ipv4 = ranked.filter_map(|(is_loopback, addr)| match addr {
        IpAddr::V4(addr) if !addr.is_loopback() => Some((is_loopback, addr)),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    });
    ipv4.max().map(|(_, addr)| RouterId::from(addr))
}

fn usable(interface: &Interface) -> impl Iterator<Item = IpAddr> {
    let settled = interface.addresses.iter().filter(|address| !address.tentative);
    let own = settled.clone().filter(|address| !address.is_held()).map(|address| address.address.addr());
    let (has_ipv4, has_ipv6) =
        (own.clone().any(|addr| addr.is_ipv4()), own.clone().any(|addr| addr.is_ipv6()));
    let held = settled.filter(|address| address.is_held()).map(|address| address.address.addr());
    own.chain(held.filter(move |addr| if addr.is_ipv4() { !has_ipv4 } else { !has_ipv6 }))
}

fn ipv6_addresses(interface: &Interface) -> impl Iterator<Item = Ipv6Addr> {
    usable(interface).filter_map(|addr| match addr {
        IpAddr::V6(addr) => Some(addr),
        IpAddr::V4(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(index: u32, flags: u32, addresses: &[&str]) -> Arc<Interface> {
        let address = |text: &&str| InterfaceAddress {
            address: text.parse().unwrap(),
            peer: None,
            secondary: false,
            no_prefix_route: false,
            permanent: true,
            tentative: false,
        };
        Arc::new(Interface {
            index,
            name: format!("if{index}"),
            flags: InterfaceFlags(flags),
            addresses: addresses.iter().map(address).collect(),
            ..Interface::default()
        })
    }

    const UP: u32 = InterfaceFlags::UP | InterfaceFlags::RUNNING;

    fn addr(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn loopback_addresses_are_no_source() {
        let lo = interface(1, UP, &["127.0.0.1/8", "192.0.2.200/32", "::1/128", "2001:db8:aaaa::1/128"]);
        assert_eq!(source(&lo, addr("203.0.113.1")), Some(addr("192.0.2.200")));
        assert_eq!(source(&lo, addr("2001:db8::1")), Some(addr("2001:db8:aaaa::1")));
        assert_eq!(source(&lo, addr("fe80::1")), None);
    }

    #[test]
    fn the_address_nearest_to_the_peer_is_taken() {
        let wan = interface(2, UP, &["10.0.0.1/24", "192.0.2.4/28", "fe80::2/64"]);
        assert_eq!(source(&wan, addr("192.0.2.1")), Some(addr("192.0.2.4")));
        assert_eq!(source(&wan, addr("10.0.0.9")), Some(addr("10.0.0.1")));
        assert_eq!(source(&wan, addr("fe80::9")), Some(addr("fe80::2")));
    }

    #[test]
    fn an_operative_interface_comes_before_a_longer_subnet() {
        let all = [
            interface(2, 0, &["192.0.2.4/28"]),
            interface(3, UP, &["192.0.2.5/24"]),
            interface(4, UP, &["192.0.2.6/25"]),
        ];
        let towards =
            |scope| interface_towards(&all, addr("192.0.2.1"), scope).map(|interface| interface.index);
        assert_eq!(towards(0), Some(4));
        assert_eq!(towards(2), Some(2));
        assert!(interface_towards(&all, addr("198.51.100.1"), 0).is_none());
    }

    #[test]
    fn a_loopback_address_identifies_before_a_higher_one() {
        let all = [
            interface(1, UP | InterfaceFlags::LOOPBACK, &["127.0.0.1/8", "10.9.9.9/32"]),
            interface(2, UP, &["192.0.2.4/28"]),
        ];
        assert_eq!(identifier(&all), Some(RouterId::from(Ipv4Addr::new(10, 9, 9, 9))));
        assert_eq!(identifier(&all[1..]), Some(RouterId::from(Ipv4Addr::new(192, 0, 2, 4))));
        assert_eq!(identifier(&all[..0]), None);
    }

    #[test]
    fn what_a_virtual_router_holds_is_not_ours_to_use() {
        let own = interface(1, InterfaceFlags::UP, &["10.0.0.1/24", "fe80::1/64", "2001:db8::1/64"]);
        let held = |text: &str, has_route: bool| InterfaceAddress {
            address: text.parse().unwrap(),
            peer: None,
            secondary: false,
            no_prefix_route: !has_route,
            permanent: false,
            tentative: false,
        };
        let mut active = Interface::clone(&own);
        active.addresses.insert(0, held("fe80::5/64", true));
        active.addresses.insert(0, held("2001:db8::254/128", false));
        active.addresses.insert(0, held("10.0.0.254/32", false));
        assert_eq!(source(&active, "10.0.0.253".parse().unwrap()), Some("10.0.0.1".parse().unwrap()));
        assert_eq!(source(&active, "2001:db8::255".parse().unwrap()), Some("2001:db8::1".parse().unwrap()));
        assert_eq!(link_local(&active), Some("fe80::1".parse().unwrap()));
        let device = Interface { alias: ALIAS.to_owned(), ..active.clone() };
        assert_eq!(identifier([&Arc::new(device), &own]), Some(RouterId::from(Ipv4Addr::new(10, 0, 0, 1))));
        // An address that was leased is better than none.
        active.addresses.retain(InterfaceAddress::is_held);
        assert_eq!(ipv4(&active, None), Some(Ipv4Addr::new(10, 0, 0, 254)));
    }
}
