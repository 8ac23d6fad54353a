//! Tests of the whole room: peers that speak UPDATE octets and remember what they are told.

mod bounds;
mod decision;
mod default;
mod export;
mod next_hop;
mod policy;
mod rewrite;
mod roles;
mod stale;
mod storm;
mod view;

use std::collections::BTreeMap;
use std::string::{String, ToString};
use std::sync::Arc;
use std::vec;

use super::*;
use crate::speaker::config::{Config, PeerConfig, PeerFamilyConfig, RemoteAs};
use crate::time::Instant;
use crate::types::{Asn, FamilySet, NextHop, Nlri, PeerKind, RouterId};
use crate::wire::{AttrBuf, Caps, Origin, PeerSide, Update, UpdateWriter};

/// What a peer holds of a route it was told.
pub(super) type Told = (NextHop, Vec<u8>);

/// A RIB with peers around it.
pub(super) struct Site {
    pub(super) rib: Rib,
    pub(super) config: Config,
    pub(super) now: Instant,
    pub(super) peers: BTreeMap<PeerId, Neighbor>,
    pub(super) fib: BTreeMap<Prefix, FibRoute>,
    /// Peers that do not read.
    pub(super) asleep: Vec<PeerId>,
}

/// A peer's own view.
pub(super) struct Neighbor {
    pub(super) facts: RibPeer,
    pub(super) told: BTreeMap<Prefix, Told>,
    pub(super) ends: usize,
    pub(super) messages: usize,
    pub(super) needless: usize,
    pub(super) withdrawn: usize,
}

impl Site {
    /// AS 64510, nothing required of policy, nobody around.
    pub(super) fn new() -> Self {
        let mut config = Config::new(Asn(64510), RouterId(0x0a00_0001));
        config.ebgp_requires_policy = false;
        Self::of(config)
    }

    pub(super) fn of(config: Config) -> Self {
        Self {
            rib: Rib::new(&config, 7),
            config,
            now: Instant::START,
            peers: BTreeMap::new(),
            fib: BTreeMap::new(),
            asleep: Vec::new(),
        }
    }

    /// A peer with address 192.0.2.`id` comes up.
    pub(super) fn up(&mut self, id: u32, asn: u32, adjust: impl FnOnce(&mut PeerFamilyConfig)) -> PeerId {
        let facts = facts(id, asn, adjust);
        self.up_with(id, facts)
    }

    pub(super) fn up_with(&mut self, id: u32, facts: RibPeer) -> PeerId {
        let id = PeerId(id);
        self.rib.handle_next_hop(facts.address, REACHED);
        let neighbor = Neighbor {
            facts: facts.clone(),
            told: BTreeMap::new(),
            ends: 0,
            messages: 0,
            needless: 0,
            withdrawn: 0,
        };
        self.peers.insert(id, neighbor);
        self.rib.peer_up(id, facts);
        id
    }

    pub(super) fn down(&mut self, id: PeerId, retain: Retain) {
        self.peers.remove(&id);
        self.asleep.retain(|other| *other != id);
        self.rib.peer_down(id, retain);
    }

    /// `from` announces `prefixes` with its own address as next hop.
    pub(super) fn announce(&mut self, from: PeerId, prefixes: &[&str], attrs: &AttrBuf) {
        let _ = self.offer(from, prefixes, attrs);
    }

    /// The same, for what the RIB says to it.
    pub(super) fn offer(&mut self, from: PeerId, prefixes: &[&str], attrs: &AttrBuf) -> Received {
        let body = reach_body(prefixes, NextHop::from(self.peers[&from].facts.address), attrs);
        self.update(from, &body)
    }

    pub(super) fn withdraw(&mut self, from: PeerId, prefixes: &[&str]) {
        let mut out = vec![];
        let mut writer = UpdateWriter::withdraw(&mut out, &CAPS, Family::Ipv4Unicast);
        for prefix in prefixes {
            let _ = writer.push(&nlri(prefix));
        }
        writer.finish();
        let _ = self.update(from, &out[19..]);
    }

    pub(super) fn update(&mut self, from: PeerId, body: &[u8]) -> Received {
        let side = match self.peers[&from].facts.kind {
            PeerKind::External => PeerSide::External,
            _ => PeerSide::Internal,
        };
        let checked = Update::check(body, &CAPS, side).unwrap();
        self.rib.handle_update(from, &checked.update, self.now)
    }

    /// Works until nothing is left to do, answering what is asked.
    pub(super) fn settle(&mut self) {
        loop {
            let progress = self.rib.run(64);
            let moved = self.drain();
            if progress == Progress::Idle && !moved {
                return;
            }
        }
    }

    /// Takes everything that is offered. True if there was anything.
    pub(super) fn drain(&mut self) -> bool {
        let mut moved = false;
        while let Some(interest) = self.rib.poll_next_hop() {
            moved = true;
            if interest.wanted {
                self.rib.handle_next_hop(interest.addr, REACHED);
            }
        }
        while let Some(change) = self.rib.poll_fib() {
            moved = true;
            match change.route {
                Some(route) => drop(self.fib.insert(change.prefix, FibRoute::clone(&route))),
                None => assert!(self.fib.remove(&change.prefix).is_some(), "{} removed twice", change.prefix),
            }
        }
        while let Some((to, chunk)) = self.rib.poll_transmit() {
            moved = true;
            let Some(neighbor) = self.peers.get_mut(&to) else { panic!("octets for nobody") };
            neighbor.hear(&chunk);
            if !self.asleep.contains(&to) {
                self.rib.handle_sent(to, chunk.len());
            }
        }
        moved
    }

    pub(super) fn told(&self, id: PeerId) -> Vec<String> {
        self.peers[&id].told.keys().map(ToString::to_string).collect()
    }

    /// The peer whose path to `prefix` is best.
    pub(super) fn best(&self, prefix: &str) -> Option<PeerId> {
        self.rib.prefix(&prefix.parse().unwrap())?.best()?.peer
    }

    /// Nothing is left anywhere.
    pub(super) fn assert_empty(&self) {
        for family in Family::ALL {
            let totals = self.rib.totals(family);
            assert_eq!((totals.prefixes, totals.paths), (0, 0), "{family}");
            assert_eq!((totals.attribute_sets, totals.next_hops), (0, 0));
        }
        assert!(self.fib.is_empty());
    }
}

impl Neighbor {
    fn hear(&mut self, mut octets: &[u8]) {
        while !octets.is_empty() {
            let len = usize::from(u16::from_be_bytes([octets[16], octets[17]]));
            let (kind, body) = (octets[18], &octets[19..len]);
            octets = &octets[len..];
            self.messages += 1;
            if kind != 2 {
                continue;
            }
            let side = match self.facts.kind {
                PeerKind::External => PeerSide::External,
                _ => PeerSide::Internal,
            };
            let checked = Update::check(body, &self.facts.caps, side).unwrap();
            assert_eq!(checked.fault, None);
            self.ends += usize::from(checked.update.end_of_rib().is_some());
            for unreach in checked.update.unreach() {
                for nlri in unreach.nlri {
                    self.withdrawn += 1;
                    self.needless += usize::from(self.told.remove(&nlri.prefix).is_none());
                }
            }
            for reach in checked.update.reach() {
                let mut block = vec![];
                checked.update.normalise_into(&mut block);
                for nlri in reach.nlri {
                    self.told.insert(nlri.prefix, (reach.next_hop, block.clone()));
                }
            }
        }
    }

    pub(super) fn path(&self, prefix: &str) -> String {
        let (_, block) = &self.told[&prefix.parse().unwrap()];
        crate::wire::AttrBlock::new(block).as_path().to_string()
    }
}

/// A peer on the network 192.0.2.0/24, in our AS if `asn` is ours.
pub(super) fn facts(id: u32, asn: u32, adjust: impl FnOnce(&mut PeerFamilyConfig)) -> RibPeer {
    let is_internal = asn == 64510;
    let mut config = PeerConfig::new(if is_internal { RemoteAs::Internal } else { RemoteAs::Asn(Asn(asn)) });
    let mut family = PeerFamilyConfig::default();
    adjust(&mut family);
    config.families[Family::Ipv4Unicast] = Some(family);
    RibPeer {
        address: addr(id),
        asn: Asn(asn),
        local_as: Asn(64510),
        router_id: RouterId(id),
        kind: if is_internal { PeerKind::Internal } else { PeerKind::External },
        caps: CAPS,
        families: FamilySet::EMPTY.with(Family::Ipv4Unicast),
        extended_next_hop: FamilySet::EMPTY,
        enhanced_refresh: false,
        local: LocalAddresses { v4: Some([192, 0, 2, 250].into()), ..LocalAddresses::default() },
        connected: vec![],
        interface: None,
        config: Arc::new(config),
    }
}

pub(super) fn addr(id: u32) -> IpAddr {
    IpAddr::from([192, 0, 2, u8::try_from(id).unwrap()])
}

pub(super) fn attrs(path: &[u32]) -> AttrBuf {
    let mut attrs = AttrBuf::new();
    attrs.set_origin(Origin::Igp);
    attrs.set_as_path(&path.iter().copied().map(Asn).collect::<Vec<_>>());
    attrs
}

/// The same as an internal peer sends it.
pub(super) fn internal(path: &[u32]) -> AttrBuf {
    let mut attrs = attrs(path);
    attrs.set_local_pref(100);
    attrs
}

pub(super) fn reach_body(prefixes: &[&str], next_hop: NextHop, attrs: &AttrBuf) -> Vec<u8> {
    let mut out = vec![];
    let family = Family::of(&prefixes[0].parse().unwrap());
    let mut writer = UpdateWriter::begin(&mut out, &CAPS, family, next_hop, attrs.as_block());
    for prefix in prefixes {
        let _ = writer.push(&nlri(prefix));
    }
    writer.finish();
    out.drain(..19);
    out
}

pub(super) fn nlri(prefix: &str) -> Nlri {
    Nlri { path_id: 0, prefix: prefix.parse().unwrap() }
}

pub(super) const CAPS: Caps = Caps {
    four_octet_as: true,
    extended_message: false,
    add_path_receive: FamilySet::EMPTY,
    add_path_send: FamilySet::EMPTY,
};

pub(super) const REACHED: NextHopState = NextHopState::Reachable { metric: 0, connected: true };
