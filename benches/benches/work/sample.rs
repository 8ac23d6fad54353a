//! What several paths work on: a table as UPDATEs, and the peers that send it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use benches::message::{self, Identity};
use benches::table::{Shape, Table};
use bgp_core::rib::{LocalAddresses, RibPeer};
use bgp_core::speaker::config::{Config, PeerConfig, PeerFamilyConfig, RemoteAs};
use bgp_core::wire::{Caps, HEADER_LEN, MessageType, PeerSide, Update, frame};
use bgp_core::{Asn, Family, FamilySet, PeerId, PeerKind, RouterId};

pub(crate) const IPV4: u32 = 10_000;
pub(crate) const IPV6: u32 = 2_000;
pub(crate) const PREFIXES: usize = (IPV4 + IPV6) as usize;
pub(crate) const LOCAL_AS: Asn = Asn(64_510);

pub(crate) const CAPS: Caps = Caps {
    four_octet_as: true,
    extended_message: false,
    add_path_receive: FamilySet::EMPTY,
    add_path_send: FamilySet::EMPTY,
};

/// A table as `number` announces it. Tables of different seeds have the same prefixes and other attributes.
pub(crate) fn messages(number: u8, seed: u64) -> Vec<u8> {
    let table = Table::made_up(Shape { ipv4: IPV4, ipv6: IPV6, seed, first: 0 });
    let who = Identity {
        asn: 65_000 + u32::from(number),
        address: address(number),
        address6: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(number)),
        router: SocketAddr::from((Ipv4Addr::LOCALHOST, 179)),
    };
    [message::announce(&table, &who), message::end_of_rib()].concat()
}

/// The bodies of the UPDATEs, one behind the other in `octets`.
pub(crate) fn bodies(mut octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let message = frame(octets, &CAPS).ok().flatten()?;
        assert_eq!(message.kind, MessageType::UPDATE);
        let body = octets.get(HEADER_LEN..message.len);
        octets = octets.get(message.len..)?;
        body
    })
}

/// The same, checked.
pub(crate) fn updates(octets: &[u8]) -> impl Iterator<Item = Update<'_>> {
    bodies(octets)
        .map(|body| Update::check(body, &CAPS, PeerSide::External).expect("a well-formed UPDATE").update)
}

pub(crate) fn config() -> Config {
    let mut config = Config::new(LOCAL_AS, RouterId(1));
    config.ebgp_requires_policy = false;
    config
}

/// A peer with both families, each as `family` says.
pub(crate) fn rib_peer(number: u8, family: PeerFamilyConfig) -> RibPeer {
    let mut config = PeerConfig::new(RemoteAs::Asn(Asn(65_000 + u32::from(number))));
    for known in Family::ALL {
        config.families[known] = Some(family.clone());
    }
    RibPeer {
        address: IpAddr::V4(address(number)),
        asn: Asn(65_000 + u32::from(number)),
        local_as: LOCAL_AS,
        router_id: RouterId(100 + u32::from(number)),
        kind: PeerKind::External,
        caps: CAPS,
        families: Family::ALL.into_iter().collect(),
        extended_next_hop: FamilySet::EMPTY,
        enhanced_refresh: false,
        local: LocalAddresses {
            v4: Some(address(250)),
            v6: Some(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 250)),
            link_local: None,
        },
        connected: Vec::new(),
        interface: None,
        config: Arc::new(config),
    }
}

pub(crate) fn peer_id(number: u8) -> PeerId {
    PeerId(u32::from(number))
}

fn address(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, number)
}
