//! How long the tables take for a full feed, and how large they get, without sessions or sockets around them.
//!
//! `rib_load [FEEDS] [V4] [V6]`: that many feeds of the same made-up prefixes, each with attributes of its own, and
//! one listener. Times are of the processor, not of the clock. Every UPDATE is checked as a session would check it;
//! what goes out is dropped at once.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use bgp_core::rib::{LocalAddresses, NextHopState, Progress, Retain, Rib, RibPeer};
use bgp_core::speaker::config::{Config, PeerConfig, PeerFamilyConfig, RemoteAs};
use bgp_core::wire::{AttrBuf, Caps, Origin, PeerSide, Update, UpdateWriter};
use bgp_core::{Asn, Family, FamilySet, Instant, NextHop, Nlri, PeerId, PeerKind, Prefix, RouterId};

fn main() {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse().unwrap_or(1));
    let feeds = args.next().unwrap_or(1) as u32;
    let counts = (args.next().unwrap_or(1_000_000), args.next().unwrap_or(200_000));
    let mut config = Config::new(Asn(64510), RouterId(1));
    config.ebgp_requires_policy = false;
    let mut rib = Rib::new(&config, 1);
    for id in 0..=feeds {
        rib.peer_up(PeerId(id), peer(id));
    }
    let mut total = 0.0;
    for id in 1..=feeds {
        let messages = feed(id, counts);
        let before = resident();
        let start = processor();
        let (sent, installed) = load(&mut rib, PeerId(id), &messages);
        let took = processor() - start;
        total += took;
        println!(
            "feed {id}: {took:.3} s, {:.0} ns a route; {} MB in, {} MB out, {installed} installed; resident {} -> {} MB",
            took * 1e9 / (counts.0 + counts.1) as f64,
            messages.len() >> 20,
            sent >> 20,
            before >> 10,
            resident() >> 10,
        );
    }
    for family in Family::ALL {
        println!("{family}: {:?}", rib.totals(family));
    }
    println!("{total:.3} s in all, resident {} MB", resident() >> 10);
    let start = processor();
    rib.peer_down(PeerId(1), Retain::Nothing);
    drain(&mut rib);
    println!("feed 1 gone: {:.3} s", processor() - start);
}

/// Feeds whole messages in, about as much between two rounds of work as one read brings.
fn load(rib: &mut Rib, from: PeerId, mut messages: &[u8]) -> (usize, usize) {
    let (mut sent, mut installed, mut since) = (0, 0, 0);
    while let Some(length) = messages.get(16..18) {
        let len = length.iter().fold(0, |len, octet| len << 8 | usize::from(*octet));
        let (message, rest) = messages.split_at(len);
        messages = rest;
        let Ok(checked) = Update::check(&message[19..], &CAPS, PeerSide::External) else { continue };
        let _ = rib.handle_update(from, &checked.update, Instant::START);
        since += len;
        if since > 64 << 10 {
            since = 0;
            let (more_sent, more_installed) = drain(rib);
            sent += more_sent;
            installed += more_installed;
        }
    }
    let (more_sent, more_installed) = drain(rib);
    (sent + more_sent, installed + more_installed)
}

fn drain(rib: &mut Rib) -> (usize, usize) {
    let (mut sent, mut installed) = (0, 0);
    loop {
        let progress = rib.run(8192);
        while let Some(interest) = rib.poll_next_hop() {
            rib.handle_next_hop(interest.addr, NextHopState::Reachable { metric: 0, connected: true });
        }
        while let Some((to, chunk)) = rib.poll_transmit() {
            sent += chunk.len();
            rib.handle_sent(to, chunk.len());
        }
        while rib.poll_fib().is_some() {
            installed += 1;
        }
        if progress == Progress::Idle {
            return (sent, installed);
        }
    }
}

/// Every feed has the same prefixes, six to an attribute set on average.
fn feed(id: u32, (v4, v6): (usize, usize)) -> Vec<u8> {
    let mut random = Random(u64::from(id) * 7919 + 1);
    let mut out = Vec::new();
    for (family, count) in [(Family::Ipv4Unicast, v4), (Family::Ipv6Unicast, v6)] {
        let mut at = 0;
        while at < count {
            let run = (1 + random.below(11)).min(count - at);
            let mut attrs = AttrBuf::new();
            attrs.set_origin(Origin::Igp);
            let mut path = vec![Asn(65000 + id)];
            path.extend((0..1 + random.below(7)).map(|_| Asn(1000 + random.below(60_000) as u32)));
            attrs.set_as_path(&path);
            if random.below(2) == 0 {
                attrs.set_communities((0..1 + random.below(4)).map(|_| random.below(1 << 30) as u32));
            }
            let mut writer =
                UpdateWriter::begin(&mut out, &CAPS, family, next_hop(id, family), attrs.as_block());
            for n in at..at + run {
                let _ = writer.push(&Nlri { path_id: 0, prefix: prefix(family, n) });
            }
            writer.finish();
            at += run;
        }
    }
    out
}

/// The `n`th prefix: neighbours by number lie far apart.
fn prefix(family: Family, n: usize) -> Prefix {
    let scattered = (n as u32).wrapping_mul(0x9e37_79b1);
    let prefix = match family {
        Family::Ipv4Unicast => {
            let bits = 1 << 24 | (scattered & 0x003f_ffff) << 8;
            Prefix::new(IpAddr::V4(Ipv4Addr::from_bits(bits)), 24)
        }
        Family::Ipv6Unicast => {
            let bits = 0x2000_u128 << 112 | u128::from(scattered) << 80;
            Prefix::new(IpAddr::V6(Ipv6Addr::from_bits(bits)), 48)
        }
    };
    prefix.map(|prefix| prefix.trunc()).unwrap_or_default()
}

fn next_hop(id: u32, family: Family) -> NextHop {
    NextHop::from(match family {
        Family::Ipv4Unicast => IpAddr::V4(Ipv4Addr::from_bits(0xc000_0200 + id)),
        Family::Ipv6Unicast => IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) + u128::from(id))),
    })
}

fn peer(id: u32) -> RibPeer {
    let mut config = PeerConfig::new(RemoteAs::Asn(Asn(65000 + id)));
    config.families[Family::Ipv6Unicast] = Some(PeerFamilyConfig::default());
    RibPeer {
        address: IpAddr::V4(Ipv4Addr::from_bits(0xc000_0200 + id)),
        asn: Asn(65000 + id),
        local_as: Asn(64510),
        router_id: RouterId(id + 1),
        kind: PeerKind::External,
        caps: CAPS,
        families: FamilySet::from_iter(Family::ALL),
        extended_next_hop: FamilySet::EMPTY,
        enhanced_refresh: false,
        local: LocalAddresses {
            v4: Some(Ipv4Addr::new(192, 0, 2, 250)),
            v6: Some(Ipv6Addr::from_bits((0x2001_0db8 << 96) + 250)),
            link_local: None,
        },
        connected: Vec::new(),
        interface: None,
        config: Arc::new(config),
    }
}

/// Seconds that this thread has been on a processor.
fn processor() -> f64 {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    times.split_whitespace().next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

const CAPS: Caps = Caps {
    four_octet_as: true,
    extended_message: false,
    add_path_receive: FamilySet::EMPTY,
    add_path_send: FamilySet::EMPTY,
};
