//! VRRP: packets of a pair of routers that share two addresses.

use std::hint::black_box;
use std::net::Ipv4Addr;
use std::time::Duration;

use vrrp_core::packet::Message;
use vrrp_core::{
    Advertisement, Centiseconds, ChecksumForm, Config, Datagram, Endpoints, Instant, Link, Mac, Port,
    Priority, Settings, Version, VirtualAddresses, VirtualRouter, Vrid,
};

use super::Work;

const TIMES: usize = 100;
const US: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const ACTIVE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

struct Wire {
    endpoints: Endpoints,
    payload: Vec<u8>,
}

struct Pair {
    backup: VirtualRouter,
    heard: Wire,
    now: Instant,
}

/// An advertisement of two addresses is checked and its addresses read.
pub(crate) fn check() -> Work {
    Work::new(
        TIMES,
        advertisement(),
        |_| {},
        |wire| {
            let heard =
                (0..TIMES).filter_map(|_| Advertisement::check(black_box(&datagram(wire)), Version::V3).ok());
            heard.map(|heard| heard.addresses().map(black_box).count()).sum()
        },
    )
}

/// A Backup hears the Active each second, and moves its deadline.
pub(crate) fn step() -> Work {
    let addresses = addresses();
    let config = Config::check(Settings::new(vrid(), addresses)).expect("a virtual router");
    let mut backup = VirtualRouter::new(config, Instant::START);
    let port = Port { primary: US.into(), mac: Mac([2, 0, 0, 0, 0, 1]) };
    backup.handle_interface(Link::Up(port), Instant::START);
    let state = Pair { backup, heard: advertisement(), now: Instant::START };
    Work::new(
        TIMES,
        state,
        |_| {},
        |pair| {
            let mut said = 0;
            for _ in 0..TIMES {
                pair.now += Duration::from_secs(1);
                pair.backup.handle_packet(&datagram(&pair.heard), pair.now);
                while pair.backup.poll_transmit().is_some() {
                    said += 1;
                }
                while pair.backup.poll_event().is_some() {
                    said += 1;
                }
                black_box(pair.backup.poll_timeout());
            }
            said
        },
    )
}

fn datagram(wire: &Wire) -> Datagram<'_> {
    Datagram { endpoints: wire.endpoints, hop_limit: 255, payload: &wire.payload }
}

fn advertisement() -> Wire {
    let endpoints = Endpoints::V4 { source: ACTIVE, destination: Ipv4Addr::new(224, 0, 0, 18) };
    let addresses = addresses();
    let message = Message {
        version: Version::V3,
        vrid: vrid(),
        priority: Priority::new(200),
        interval: Centiseconds::new(100),
        addresses: &addresses,
        form: ChecksumForm::default(),
    };
    let mut payload = Vec::new();
    message.emit(&endpoints, &mut payload);
    Wire { endpoints, payload }
}

fn addresses() -> VirtualAddresses {
    let shared = [254, 253].map(|last| Ipv4Addr::new(10, 0, 0, last).into());
    VirtualAddresses::collect(shared).expect("addresses of one family")
}

fn vrid() -> Vrid {
    Vrid::new(5).expect("not zero")
}
