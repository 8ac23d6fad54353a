//! Messages of router discovery: what their checks let through is walked to its end, and a router that hears a host
//! answers at its own pace whatever the host sends.

use core::net::Ipv6Addr;
use core::time::Duration;

use vrrp_core::discovery::{Beacon, DiscoveryOption, Icmp, Profile, RouterAdvertisement, RouterSolicitation};
use vrrp_core::{Family, Instant, Vrid};

/// An ICMPv6 message behind one octet that says how it comes: bit 0 with its checksum made right, bit 1 from nobody.
pub fn router_discovery(input: &[u8]) {
    let Some((how, payload)) = input.split_first() else { return };
    let mut payload = payload.to_vec();
    let source = if how & 2 == 0 { HOST } else { Ipv6Addr::UNSPECIFIED };
    if how & 1 != 0 && payload.len() >= 4 {
        payload[2..4].fill(0);
        let checksum = checksum(source, &payload);
        payload[2..4].copy_from_slice(&checksum.to_be_bytes());
    }
    let icmp = Icmp { source, destination: ALL_ROUTERS, hop_limit: 255, payload: &payload };
    if let Ok(advertisement) = RouterAdvertisement::check(&icmp) {
        let options = advertisement.options().iter();
        let servers = options.filter_map(|option| match option {
            DiscoveryOption::NameServers(_, servers) => Some(servers.len() * 16),
            DiscoveryOption::SearchList(_, names) => Some(names.len()),
            _ => None,
        });
        assert!(servers.sum::<usize>() <= payload.len(), "options lie within the message");
    }
    let mut beacon = Beacon::new(u64::from(*how), Instant::START);
    beacon.handle_profile(Some(Profile::default()), Instant::START);
    let vrid = Vrid::new(5).expect("not zero");
    beacon.handle_active(HOST, vrid.mac(Family::Ipv6), Instant::START);
    hears(&mut beacon, &icmp);
}

/// The message a thousand times in ten seconds: one answer in three seconds at the most, and the first three.
fn hears(beacon: &mut Beacon, icmp: &Icmp<'_>) {
    let mut now = Instant::START;
    for _ in 0..1000 {
        if RouterSolicitation::check(icmp).is_ok() {
            beacon.handle_solicitation(now);
        }
        if beacon.poll_timeout().is_some_and(|due| due <= now) {
            beacon.handle_timeout(now);
            assert!(beacon.poll_transmit().is_some());
        }
        assert!(beacon.poll_timeout().is_none_or(|due| due > now), "something spins");
        now += Duration::from_millis(10);
    }
    assert!(beacon.sent() <= 4, "{} sent", beacon.sent());
}

/// RFC 1071 over the pseudo-header of RFC 8200 §8.1 and the message, written apart from the one that is tested.
fn checksum(source: Ipv6Addr, payload: &[u8]) -> u16 {
    let len = u32::try_from(payload.len()).expect("short");
    let head = [&source.octets()[..], &ALL_ROUTERS.octets(), &len.to_be_bytes(), &[0, 0, 0, 58]].concat();
    let padded = [head.as_slice(), payload, if payload.len() % 2 == 1 { &[0] } else { &[] }].concat();
    let words = padded.chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
    let sum = words.fold(0_u64, |sum, word| sum + u64::from(word));
    let folded = (0..4).fold(sum, |sum, _| (sum & 0xffff) + (sum >> 16));
    !u16::try_from(folded).expect("folded")
}

const HOST: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 9);
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
