//! A virtual router's device, addresses and packets against the real kernel.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod namespace;

use std::net::IpAddr;
use std::time::Duration;

use frr_bridge::interface::Interface;
use frr_bridge::netlink::{Requests, dump_links, is_local};
use frr_bridge::vrrp::{ArpGuard, DeviceKey, Devices, Frames, Heard, Listener, Origin};
use namespace::{eventually, in_namespace, ip};

fn link(name: &str) -> Interface {
    let links = dump_links(&mut Requests::open().unwrap()).unwrap();
    links.into_iter().find(|link| link.name == name).unwrap()
}

fn key(vrid: u8, ip_version: u8) -> DeviceKey {
    let kind = if ip_version == 4 { 1 } else { 2 };
    DeviceKey { vrid, ip_version, mac: Some([0, 0, 0x5e, 0, kind, vrid]) }
}

fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn a_device_is_on_and_has_its_addresses_only_while_it_is_held() {
    in_namespace(|| async {
        let (lan, mut devices) = (link("lan0"), Devices::open().unwrap());
        let mut device = devices.obtain(&lan, key(5, 6)).unwrap();
        assert_eq!(
            (device.name(), device.origin()),
            (format!("vrrp6-{}-5", lan.index).as_str(), Origin::Ours)
        );
        let shown = || ip(&format!("-d address show dev vrrp6-{}-5", lan.index));
        let before = ip(&format!("-d link show dev {}", device.name()));
        assert!(before.contains("macvlan mode bridge") && before.contains("00:00:5e:00:02:05"), "{before}");
        assert!(before.contains("addrgenmode none") && before.contains("state DOWN"), "{before}");

        devices.hold(&mut device, &addresses(&["fe80::5", "2001:db8:2::fe"])).unwrap();
        let held = shown();
        assert!(held.contains("inet6 fe80::5/64") && held.contains("inet6 2001:db8:2::fe/128"), "{held}");
        assert_eq!(held.matches("inet6").count(), 2, "nothing but the virtual addresses: {held}");
        assert!(!held.contains("tentative") && held.contains(",UP"), "{held}");
        devices.hold(&mut device, &addresses(&["fe80::5"])).unwrap();
        assert!(!shown().contains("2001:db8:2::fe"), "an address that is wanted no more goes");

        devices.release(&mut device).unwrap();
        assert!(!shown().contains("inet6") && !shown().contains(",UP"), "{}", shown());
        ip("link set lan0 down");
        ip("link set lan0 up");
        assert!(!shown().contains(",UP"), "a parent that flaps does not bring it up: {}", shown());
        devices.remove(device).unwrap();
        assert!(!ip("link show").contains("vrrp6"));
    });
}

/// The kernel acknowledges an IPv6 address before it takes packets for it.
#[test]
fn packets_are_taken_as_soon_as_a_device_is_held() {
    in_namespace(|| async {
        let (lan, mut devices) = (link("lan0"), Devices::open().unwrap());
        let mut device = devices.obtain(&lan, key(5, 6)).unwrap();
        let held = addresses(&["fe80::5", "2001:db8:2::fe"]);
        for _ in 0..20 {
            devices.hold(&mut device, &held).unwrap();
            for address in &held {
                let taken = is_local(devices.requests(), device.index(), *address).unwrap();
                assert!(taken, "{address} is not local yet");
            }
            devices.release(&mut device).unwrap();
        }
    });
}

#[test]
fn addresses_that_nobody_holds_any_more_go() {
    in_namespace(|| async {
        let (lan, mut devices) = (link("lan0"), Devices::open().unwrap());
        let mut device = devices.obtain(&lan, key(5, 4)).unwrap();
        devices.hold(&mut device, &addresses(&["10.0.2.254"])).unwrap();
        assert!(ip("address").contains("10.0.2.254/32"));
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            devices.hold(&mut device, &addresses(&["10.0.2.254"])).unwrap();
        }
        assert!(ip("address").contains("10.0.2.254/32"), "held again and again it stays");
        eventually("the address goes", || !ip("address").contains("10.0.2.254")).await;
    });
}

#[test]
fn the_next_run_finds_its_device_and_an_operators_is_taken_over_and_left() {
    in_namespace(|| async {
        let (lan, mut devices) = (link("lan0"), Devices::open().unwrap());
        let mut crashed = devices.obtain(&lan, key(5, 4)).unwrap();
        devices.hold(&mut crashed, &addresses(&["10.0.2.254"])).unwrap();
        ip("link add vrrp4-op link lan0 type macvlan mode bridge");
        ip("link set vrrp4-op address 00:00:5e:00:01:07");
        ip("address add 10.0.2.253/24 dev vrrp4-op");

        let found = devices.obtain(&lan, key(5, 4)).unwrap();
        assert_eq!((found.index(), found.origin()), (crashed.index(), Origin::Ours));
        assert!(!ip("address").contains("10.0.2.254"), "it begins without the addresses");
        let mut operators = devices.obtain(&lan, key(7, 4)).unwrap();
        assert_eq!((operators.name(), operators.origin()), ("vrrp4-op", Origin::Operator));
        devices.hold(&mut operators, &addresses(&["10.0.2.252"])).unwrap();
        devices.remove_others(lan.index, [&operators]).unwrap();
        assert!(!ip("link show").contains(found.name()), "what is left over goes");
        devices.remove(operators).unwrap();
        let shown = ip("address show dev vrrp4-op");
        assert!(shown.contains("10.0.2.253/24") && !shown.contains("10.0.2.252"), "{shown}");
    });
}

#[test]
fn the_parents_arp_is_put_back() {
    in_namespace(|| async {
        let read = || std::fs::read_to_string("/proc/sys/net/ipv4/conf/lan0/arp_announce");
        let (lan, mut devices) = (link("lan0"), Devices::open().unwrap());
        let before = read().unwrap();
        let device = devices.obtain(&lan, key(5, 4)).unwrap();
        let mut crashed = ArpGuard::find(devices.requests(), &lan).unwrap();
        crashed.set(devices.requests(), &device).unwrap();
        assert_eq!(read().unwrap().trim(), "2");
        let found = devices.obtain(&lan, key(5, 4)).unwrap();
        assert_eq!(
            (found.index(), found.origin()),
            (device.index(), Origin::Ours),
            "a note is no other name"
        );
        let mut guard = ArpGuard::find(devices.requests(), &lan).unwrap();
        guard.set(devices.requests(), &found).unwrap();
        guard.release(devices.requests()).unwrap();
        assert_eq!(read().unwrap(), before, "what was before the crash");
        devices.remove(found).unwrap();
    });
}

#[test]
fn an_address_that_the_parent_has_for_good_stays_as_it_is() {
    in_namespace(|| async {
        let (lan, mut devices) = (link("lan0"), Devices::open().unwrap());
        ip("address add 10.0.2.254/32 dev lan0");
        ip("address add fe80::77/64 dev lan0 nodad");
        for (version, own, other) in [(4, "10.0.2.254", "10.0.2.253"), (6, "fe80::77", "fe80::78")] {
            let without_mac = DeviceKey { vrid: 5, ip_version: version, mac: None };
            let mut device = devices.obtain(&lan, without_mac).unwrap();
            devices.hold(&mut device, &addresses(&[own, other])).unwrap();
            let shown = ip("address show dev lan0");
            // With the length: the kernel's own link-local address may begin like one of these.
            let [own, other] = [own, other].map(|address| format!(" {address}/"));
            assert!(shown.contains(&own) && shown.contains(&other), "{shown}");
            devices.remove(device).unwrap();
            let shown = ip("address show dev lan0 permanent");
            assert!(shown.contains(&own) && !shown.contains(&other), "{shown}");
        }
    });
}

#[test]
fn frames_reach_a_listener_on_the_other_side_and_none_on_this() {
    in_namespace(|| async {
        for name in ["lan0", "lan0-far"] {
            std::fs::write(format!("/proc/sys/net/ipv4/conf/{name}/rp_filter"), "0").unwrap();
        }
        ip("address add 10.9.0.9/24 dev lan0-far");
        let (near, far) = (link("lan0"), link("lan0-far"));
        let group: IpAddr = "224.0.0.18".parse().unwrap();
        let (own, other) = (Listener::open(&near, group).unwrap(), Listener::open(&far, group).unwrap());
        let mut frame = vec![1, 0, 0x5e, 0, 0, 0x12, 0, 0, 0x5e, 0, 1, 5, 8, 0];
        frame.extend([0x45, 0xc0, 0, 24, 0, 0, 0x40, 0, 255, 112, 0x90, 0x4d, 10, 9, 0, 77, 224, 0, 0, 18]);
        frame.extend([1, 2, 3, 4]);
        Frames::open(near.index).unwrap().send(&frame).unwrap();
        tokio::time::timeout(Duration::from_secs(5), other.readable()).await.unwrap().unwrap();
        let source = "10.9.0.77".parse().unwrap();
        let expected = Heard { source, destination: group, hop_limit: 255, payload: vec![1, 2, 3, 4] };
        assert_eq!(other.receive().unwrap(), Some(expected));
        assert_eq!((other.receive().unwrap(), own.receive().unwrap()), (None, None));
    });
}

#[test]
fn an_ipv6_listener_tells_hop_limit_and_destination() {
    in_namespace(|| async {
        let (near, far) = (link("lan0"), link("lan0-far"));
        let group: IpAddr = "ff02::12".parse().unwrap();
        ip("address add fe80::1/64 dev lan0 nodad");
        ip("address add fe80::2/64 dev lan0-far nodad");
        let (own, other) = (Listener::open(&near, group).unwrap(), Listener::open(&far, group).unwrap());
        let [one, two] = ["fe80::1", "fe80::2"].map(|text| text.parse::<IpAddr>().unwrap());
        own.send(one, two, &[7; 8]).unwrap();
        tokio::time::timeout(Duration::from_secs(5), other.readable()).await.unwrap().unwrap();
        let expected = Heard { source: one, destination: two, hop_limit: 255, payload: vec![7; 8] };
        assert_eq!(other.receive().unwrap(), Some(expected));
    });
}

#[test]
fn refusals_end_one_by_one_at_once_and_all_with_their_owner() {
    in_namespace(|| async {
        ip("link set lo up");
        let receiver = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        receiver.set_nonblocking(true).unwrap();
        let is_heard = || {
            receiver.send_to(&[1], receiver.local_addr().unwrap()).unwrap();
            receiver.recv(&mut [0; 8]).is_ok()
        };
        let (here, there) = (addresses(&["127.0.0.1"]), addresses(&["127.0.0.2"]));
        let mut devices = Devices::open().unwrap();
        assert!(is_heard());
        let first = devices.refusals().of_packets("test", &here).unwrap();
        assert!(!is_heard());
        let second = devices.refusals().of_packets("test", &there).unwrap();
        devices.refusals().end(&first).unwrap();
        assert!(is_heard());
        // An answer that nobody waits for any more is not taken for the next one's.
        assert!(devices.refusals().end(&first).is_err());
        devices.refusals().end(&second).unwrap();
        devices.refusals().of_packets("test", &here).unwrap();
        assert!(!is_heard());
        drop(devices);
        eventually("all has ended", is_heard).await;
    });
}

#[test]
fn a_sweep_leaves_nothing_on_interfaces_without_virtual_routers() {
    in_namespace(|| async {
        let (lan, mut devices) = (link("lan0"), Devices::open().unwrap());
        let read = || std::fs::read_to_string("/proc/sys/net/ipv4/conf/lan0/arp_announce").unwrap();
        let before = read();
        let devices_there = || ip("link show").contains("vrrp4");
        let first = devices.obtain(&lan, key(5, 4)).unwrap();
        devices.obtain(&lan, key(6, 4)).unwrap();
        ArpGuard::find(devices.requests(), &lan).unwrap().set(devices.requests(), &first).unwrap();
        assert_ne!(read(), before);
        devices.sweep(|name| name == "lan0").unwrap();
        assert!(devices_there(), "its own task looks after it");
        devices.sweep(|_| false).unwrap();
        assert!(!devices_there());
        assert_eq!(read(), before);
    });
}
