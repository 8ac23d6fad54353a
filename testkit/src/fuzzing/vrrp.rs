//! A VRRP packet: what its checks let through reads like what we would send, and no virtual router panics or spins.

use core::net::IpAddr;
use core::time::Duration;

use vrrp_core::packet::Message;
use vrrp_core::{
    Advertisement, ChecksumForm, Config, Datagram, Endpoints, Family, Instant, Link, Mac, Port, Priority,
    Settings, Version, VirtualAddresses, VirtualRouter, Vrid, checksum,
};

/// Octets of protocol 112 behind one that says how they come: bit 0 IPv6, bit 1 to a virtual router of VRRPv2, bit 2
/// with their checksum made right, bit 3 to one that is Active.
pub fn vrrp_packet(input: &[u8]) {
    let Some((how, payload)) = input.split_first() else { return };
    let family = if how & 1 == 0 { Family::Ipv4 } else { Family::Ipv6 };
    let version = if how & 2 != 0 && family == Family::Ipv4 { Version::V2 } else { Version::V3 };
    let endpoints = Endpoints::new(host(family, 2), family.group()).expect("one family");
    let mut payload = payload.to_vec();
    if how & 4 != 0 {
        seal(&mut payload, version, &endpoints);
    }
    let datagram = Datagram { endpoints, hop_limit: 255, payload: &payload };
    if let Ok(read) = Advertisement::check(&datagram, version) {
        reads_like_what_we_send(&read, version, &endpoints);
    }
    let vrid = datagram.vrid().or(Vrid::new(1)).expect("not zero");
    let active_after = Duration::from_secs(if how & 8 == 0 { 0 } else { 4 });
    hears(&mut backup(vrid, version, family), &datagram, Instant::START + active_after);
}

fn reads_like_what_we_send(read: &Advertisement<'_>, version: Version, endpoints: &Endpoints) {
    let addresses = VirtualAddresses::collect(read.addresses()).expect("at least one, of one family");
    let message = Message {
        version,
        vrid: read.vrid(),
        priority: read.priority(),
        interval: read.interval(),
        addresses: &addresses,
        form: read.verified().form().unwrap_or_default(),
    };
    let mut out = Vec::new();
    message.emit(endpoints, &mut out);
    let again =
        Advertisement::check(&Datagram { endpoints: *endpoints, hop_limit: 255, payload: &out }, version)
            .expect("what we send is right");
    assert!(again.addresses().eq(read.addresses()));
    assert_eq!(
        (again.vrid(), again.priority(), again.interval(), again.verified()),
        (read.vrid(), read.priority(), read.interval(), read.verified())
    );
}

/// The packet ten times, a tenth of a second apart, with all that follows from it.
fn hears(router: &mut VirtualRouter, datagram: &Datagram<'_>, start: Instant) {
    let mut now = start;
    for _ in 0..10 {
        settle(router, now);
        router.handle_packet(datagram, now);
        settle(router, now);
        now += Duration::from_millis(100);
    }
    let statistics = router.statistics();
    assert_eq!(statistics.advertisements_received + statistics.dropped.total(), 10);
}

fn settle(router: &mut VirtualRouter, now: Instant) {
    let mut rounds = 0;
    while router.poll_timeout().is_some_and(|(at, _)| at <= now) {
        router.handle_timeout(now);
        while router.poll_transmit().is_some() || router.poll_event().is_some() {}
        rounds += 1;
        assert!(rounds < 5, "something spins");
    }
}

fn backup(vrid: Vrid, version: Version, family: Family) -> VirtualRouter {
    let addresses = VirtualAddresses::collect([host(family, 254)]).expect("an address");
    let priority = Priority::DEFAULT;
    let settings = Settings { version, priority, ..Settings::new(vrid, addresses) };
    let mut router = VirtualRouter::new(Config::check(settings).expect("can work"), Instant::START);
    let port = Port { primary: host(family, 1), mac: Mac([2, 0, 0, 0, 0, 1]) };
    router.handle_interface(Link::Up(port), Instant::START);
    router
}

fn host(family: Family, number: u8) -> IpAddr {
    match family {
        Family::Ipv4 => IpAddr::from([10, 0, 0, number]),
        Family::Ipv6 => IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, u16::from(number)]),
    }
}

/// Makes the checksum right, if the message is all there.
fn seal(payload: &mut [u8], version: Version, endpoints: &Endpoints) {
    let address = if endpoints.family() == Family::Ipv4 { 4 } else { 16 };
    let trailer = if version == Version::V2 { 8 } else { 0 };
    let Some(len) = payload.get(3).map(|count| 8 + usize::from(*count) * address + trailer) else { return };
    let Some(message) = payload.get_mut(..len) else { return };
    message[6..8].fill(0);
    let checksum = checksum::compute(message, version, endpoints, ChecksumForm::Message);
    message[6..8].copy_from_slice(&checksum.to_be_bytes());
}
