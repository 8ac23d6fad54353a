//! Packets nobody has written by hand: whatever comes in, nothing panics, and what is sent is read back.
#![allow(clippy::unwrap_used)]

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use vrrp_core::checksum::Verified;
use vrrp_core::packet::Message;
use vrrp_core::{
    Advertisement, Centiseconds, ChecksumForm, Config, Datagram, Endpoints, Family, Instant, Link, Mac, Port,
    Priority, Segment, Settings, Version, VirtualAddresses, VirtualRouter, Vrid,
};

fn addresses() -> impl Strategy<Value = VirtualAddresses> {
    prop_oneof![
        prop::collection::vec(any::<Ipv4Addr>(), 1..=255).prop_map(VirtualAddresses::V4),
        prop::collection::vec(any::<Ipv6Addr>(), 1..=255).prop_map(VirtualAddresses::V6),
    ]
}

fn endpoints(family: Family) -> BoxedStrategy<Endpoints> {
    match family {
        Family::Ipv4 => (any::<Ipv4Addr>(), any::<Ipv4Addr>())
            .prop_map(|(source, destination)| Endpoints::V4 { source, destination })
            .boxed(),
        Family::Ipv6 => (any::<Ipv6Addr>(), any::<Ipv6Addr>())
            .prop_map(|(source, destination)| Endpoints::V6 { source, destination })
            .boxed(),
    }
}

fn any_endpoints() -> impl Strategy<Value = Endpoints> {
    prop_oneof![endpoints(Family::Ipv4), endpoints(Family::Ipv6)]
}

fn form() -> impl Strategy<Value = ChecksumForm> {
    prop_oneof![Just(ChecksumForm::Message), Just(ChecksumForm::PseudoHeader)]
}

fn segment() -> Segment {
    let mut segment = Segment::new();
    for (version, address, primary) in [
        (Version::V3, "10.9.0.21", "10.9.0.2"),
        (Version::V3, "fe80::21", "fe80::2"),
        (Version::V2, "10.9.0.101", "10.9.0.2"),
    ] {
        let addresses = VirtualAddresses::collect([address.parse().unwrap()]).unwrap();
        let vrid = Vrid::new(if version == Version::V2 { 1 } else { 21 }).unwrap();
        let settings = Settings { version, ..Settings::new(vrid, addresses) };
        let mut router = VirtualRouter::new(Config::check(settings).unwrap(), Instant::START);
        let port = Port { primary: primary.parse().unwrap(), mac: Mac([2, 0, 0, 0, 0, 1]) };
        router.handle_interface(Link::Up(port), Instant::START);
        segment.insert(router);
    }
    segment
}

/// Octets that are likely to be nearly right.
fn nearly_right() -> impl Strategy<Value = Vec<u8>> {
    let head = (
        prop_oneof![Just(0x31_u8), Just(0x21), any::<u8>()],
        prop_oneof![Just(21_u8), Just(1), any::<u8>()],
        any::<u8>(),
        0_u8..4,
        any::<[u8; 2]>(),
    );
    (head, prop::collection::vec(any::<u8>(), 0..72)).prop_map(
        |((kind, vrid, priority, count, rest), tail)| {
            let mut octets = vec![kind, vrid, priority, count, rest[0], rest[1], 0, 0];
            octets.extend(tail);
            octets
        },
    )
}

proptest! {
    #[test]
    fn what_is_sent_is_read_back(
        (addresses, endpoints) in addresses().prop_flat_map(|addresses| {
            let endpoints = endpoints(addresses.family());
            (Just(addresses), endpoints)
        }),
        vrid in 1_u8..,
        priority in any::<u8>(),
        interval in 1_u16..=4095,
        form in form(),
    ) {
        let message = Message {
            version: Version::V3,
            vrid: Vrid::new(vrid).unwrap(),
            priority: Priority::new(priority),
            interval: Centiseconds::new(interval),
            addresses: &addresses,
            form,
        };
        let mut payload = Vec::new();
        message.emit(&endpoints, &mut payload);
        let read =
            Advertisement::check(&Datagram { endpoints, hop_limit: 255, payload: &payload }, Version::V3).unwrap();
        prop_assert_eq!((read.vrid(), read.priority(), read.interval()), (message.vrid, message.priority, message.interval));
        prop_assert!(read.addresses().eq(addresses.iter()));
        if endpoints.family() == Family::Ipv4 {
            prop_assert!(read.verified() == Verified::As(form) || read.verified() == Verified::Either);
        }
    }

    #[test]
    fn nothing_that_comes_in_panics(
        endpoints in any_endpoints(),
        hop_limit in prop_oneof![Just(255_u8), any::<u8>()],
        payload in prop_oneof![prop::collection::vec(any::<u8>(), 0..600), nearly_right()],
    ) {
        let datagram = Datagram { endpoints, hop_limit, payload: &payload };
        for version in [Version::V2, Version::V3] {
            if let Ok(read) = Advertisement::check(&datagram, version) {
                prop_assert!(read.addresses().count() > 0);
                prop_assert!(read.interval().count() > 0);
            }
        }
    }

    #[test]
    fn no_packet_with_a_right_checksum_makes_a_segment_panic_or_spin(
        sources in prop::collection::vec((any_endpoints(), nearly_right(), 0_u64..5_000), 1..60),
    ) {
        let mut segment = segment();
        let mut now = Instant::START;
        for (endpoints, mut payload, later) in sources {
            seal(&endpoints, &mut payload);
            now += core::time::Duration::from_millis(later);
            segment.handle_packet(&Datagram { endpoints, hop_limit: 255, payload: &payload }, now);
            let mut rounds = 0;
            while segment.poll_timeout().is_some_and(|(at, ..)| at <= now) {
                segment.handle_timeout(now);
                for (_, router) in segment.routers_mut() {
                    while router.poll_event().is_some() || router.poll_transmit().is_some() {}
                }
                rounds += 1;
                prop_assert!(rounds < 4, "something spins");
            }
        }
    }
}

/// Makes the checksum right for as much of the message as there is.
fn seal(endpoints: &Endpoints, payload: &mut [u8]) {
    let version = if payload[0] >> 4 == 2 { Version::V2 } else { Version::V3 };
    let size = if matches!(endpoints.source(), IpAddr::V4(_)) { 4 } else { 16 };
    let trailer = if version == Version::V2 { 8 } else { 0 };
    let len = (8 + usize::from(payload[3]) * size + trailer).min(payload.len());
    let checksum = vrrp_core::checksum::compute(&payload[..len], version, endpoints, ChecksumForm::Message);
    payload[6..8].copy_from_slice(&checksum.to_be_bytes());
}
