//! Interfaces and their addresses against the real kernel.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod namespace;

use frr_bridge::kernel::{Command, Event, WantedAddress};
use namespace::{Bridge, eventually, in_namespace, ip};

fn wanted(interface: &str, address: &str) -> WantedAddress {
    WantedAddress { interface: interface.to_owned(), address: address.parse().unwrap(), peer: None }
}

#[test]
fn addresses_are_added_and_removed_with_the_configuration() {
    in_namespace(|| async {
        let bridge = Bridge::start().await;
        let ours = vec![
            wanted("wan0", "192.0.2.4/28"),
            wanted("wan0", "2001:db8:ffff::4/64"),
            wanted("wan0", "10.0.1.1/24"),
        ];
        bridge.send(Command::Addresses(ours)).await;
        bridge.settle().await;
        let shown = ip("address show dev wan0");
        assert!(shown.contains("inet 192.0.2.4/28 brd 192.0.2.15 scope global wan0"), "{shown}");
        assert!(shown.contains("inet6 2001:db8:ffff::4/64 scope global"), "{shown}");
        bridge.send(Command::Addresses(vec![])).await;
        bridge.settle().await;
        let shown = ip("address show dev wan0");
        assert!(!shown.contains("192.0.2.4") && !shown.contains("2001:db8:ffff::4"), "{shown}");
        assert!(shown.contains("10.0.1.1/24"), "what others added stays: {shown}");
    });
}

#[test]
fn a_missing_interface_is_waited_for() {
    in_namespace(|| async {
        let mut bridge = Bridge::start().await;
        bridge.send(Command::Addresses(vec![wanted("late", "192.0.2.4/28")])).await;
        bridge.settle().await;
        ip("link add late type bridge");
        eventually("the address is set", || ip("address show dev late").contains("192.0.2.4/28")).await;
        assert!(ip("link show dev late").contains("UP"), "the interface is switched on");
        let has_address = |event: &Event| match event {
            Event::Interface(_, Some(interface)) => interface.has_address("192.0.2.4".parse().unwrap()),
            _ => false,
        };
        let event = bridge.until(has_address).await;
        let Event::Interface(index, Some(late)) = event else { unreachable!() };
        assert_eq!((late.name.as_str(), late.kind.as_deref(), late.mtu), ("late", Some("bridge"), 1500));
        assert_eq!(late.mac.len(), 6);
        ip("link del late");
        bridge.until(|event| *event == Event::Interface(index, None)).await;
        ip("link add late type bridge");
        eventually("the address is set again", || ip("address show dev late").contains("192.0.2.4/28")).await;
    });
}

#[test]
fn an_interface_that_comes_back_gets_its_ipv6_address_back() {
    in_namespace(|| async {
        let bridge = Bridge::start().await;
        bridge.send(Command::Addresses(vec![wanted("wan0", "2001:db8:ffff::4/64")])).await;
        bridge.settle().await;
        ip("link set wan0 down");
        eventually("the kernel drops it", || !ip("address show dev wan0").contains("2001:db8:ffff::4")).await;
        bridge.settle().await;
        assert!(!ip("link show dev wan0").contains(",UP"), "what an operator switched off stays off");
        ip("link set wan0 up");
        eventually("it is back", || ip("address show dev wan0").contains("2001:db8:ffff::4")).await;
    });
}

#[test]
fn forwarding_is_switched() {
    in_namespace(|| async {
        let bridge = Bridge::start().await;
        for (family, path) in [
            (frr_bridge::kernel::ForwardingFamily::V4, "/proc/sys/net/ipv4/ip_forward"),
            (frr_bridge::kernel::ForwardingFamily::V6, "/proc/sys/net/ipv6/conf/all/forwarding"),
        ] {
            for is_on in [true, false] {
                bridge.send(Command::Forwarding(family, is_on)).await;
                bridge.settle().await;
                assert_eq!(std::fs::read_to_string(path).unwrap().trim(), if is_on { "1" } else { "0" });
            }
        }
    });
}
