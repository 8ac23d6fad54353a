//! Anything in any order: what each peer holds in the end is what the tables and the rules say.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::default::while_there;
use super::*;

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
enum Event {
    Announce { peer: u32, prefix: u8, count: u8, path: u32, sealed: bool },
    Withdraw { peer: u32, prefix: u8 },
    Up { peer: u32 },
    Down { peer: u32, stale: bool },
    Sweep { peer: u32 },
    Refresh { peer: u32 },
    Configure { has_default: bool },
    NextHop { peer: u32, reached: bool },
    Sleep { peer: u32 },
    Wake { peer: u32 },
    Run { budget: usize },
    Drain,
}

const PEERS: u32 = 5;

fn event() -> impl Strategy<Value = Event> {
    let peer = || 1..=PEERS;
    prop_oneof![
        6 => (peer(), 0u8..12, 1u8..4, 1u32..4, prop::bool::weighted(0.2))
            .prop_map(|(peer, prefix, count, path, sealed)| Event::Announce { peer, prefix, count, path, sealed }),
        4 => (peer(), 0u8..12).prop_map(|(peer, prefix)| Event::Withdraw { peer, prefix }),
        2 => peer().prop_map(|peer| Event::Up { peer }),
        1 => (peer(), any::<bool>()).prop_map(|(peer, stale)| Event::Down { peer, stale }),
        1 => peer().prop_map(|peer| Event::Sweep { peer }),
        1 => peer().prop_map(|peer| Event::Refresh { peer }),
        1 => any::<bool>().prop_map(|has_default| Event::Configure { has_default }),
        1 => (peer(), any::<bool>()).prop_map(|(peer, reached)| Event::NextHop { peer, reached }),
        1 => peer().prop_map(|peer| Event::Sleep { peer }),
        1 => peer().prop_map(|peer| Event::Wake { peer }),
        4 => (1usize..5).prop_map(|budget| Event::Run { budget }),
        2 => Just(Event::Drain),
    ]
}

/// Peer 2 is told a default route while one of these is there.
const WITNESSES: [&str; 2] = ["10.3.0.0/16", "10.7.0.0/16"];

/// The `n`th prefix; the default route is one of them.
fn name(n: u8) -> String {
    if n == 5 { "0.0.0.0/0".into() } else { std::format!("10.{n}.0.0/16") }
}

/// Peers 1 and 2 are external, 3 and 4 internal, 5 is a client.
fn asn_of(peer: u32) -> u32 {
    if peer <= 2 { 65000 + peer } else { 64510 }
}

fn apply(site: &mut Site, event: Event) {
    match event {
        Event::Announce { peer, prefix, count, path, sealed } => {
            let id = PeerId(peer);
            if !site.peers.contains_key(&id) {
                return;
            }
            let mut path = vec![100; path as usize];
            if peer <= 2 {
                path.insert(0, asn_of(peer));
            }
            let mut attrs = attrs(&path);
            if peer > 2 {
                attrs.set_local_pref(100);
            }
            if sealed {
                attrs.set_communities([0xffff_ff01]);
            }
            let prefixes: Vec<String> = (0..count).map(|n| name(prefix + n)).collect();
            site.announce(id, &prefixes.iter().map(String::as_str).collect::<Vec<_>>(), &attrs);
        }
        Event::Withdraw { peer, prefix } if site.peers.contains_key(&PeerId(peer)) => {
            site.withdraw(PeerId(peer), &[&name(prefix)]);
        }
        Event::Up { peer } if !site.peers.contains_key(&PeerId(peer)) => {
            site.up(peer, asn_of(peer), |config| {
                config.route_reflector_client = peer == 5;
                config.default_originate = (peer == 2).then(|| while_there(&WITNESSES, 7)).flatten();
            });
        }
        Event::Down { peer, stale } => {
            let kept = FamilySet::EMPTY.with(Family::Ipv4Unicast);
            site.down(PeerId(peer), if stale { Retain::Stale(kept) } else { Retain::Nothing });
        }
        Event::Sweep { peer } => site.rib.sweep_stale(PeerId(peer), Family::Ipv4Unicast),
        Event::Refresh { peer } => site.rib.handle_refresh(PeerId(peer), Family::Ipv4Unicast),
        Event::Configure { has_default } => {
            let changed = facts(2, asn_of(2), |config| {
                config.default_originate = has_default.then(|| while_there(&WITNESSES, 7)).flatten();
            });
            let Some(neighbor) = site.peers.get_mut(&PeerId(2)) else { return };
            neighbor.facts.config = Arc::clone(&changed.config);
            let _ = site.rib.peer_changed(PeerId(2), changed.config);
        }
        Event::NextHop { peer, reached } => {
            let state = if reached { REACHED } else { NextHopState::Unreachable };
            site.rib.handle_next_hop(addr(peer), state);
        }
        Event::Sleep { peer } if site.peers.contains_key(&PeerId(peer)) => {
            // As full as a queue gets, so that the next batch leaves it behind.
            site.asleep.push(PeerId(peer));
            site.rib.shared.peers.fill(PeerId(peer), 3 << 20);
        }
        Event::Wake { peer } => {
            site.asleep.retain(|other| *other != PeerId(peer));
            site.rib.handle_sent(PeerId(peer), usize::MAX);
        }
        Event::Run { budget } => drop(site.rib.run(budget)),
        Event::Drain => drop(site.drain()),
        Event::Withdraw { .. } | Event::Up { .. } | Event::Sleep { .. } => {}
    }
}

/// What `peer` should hold, by the rules alone.
fn expected(site: &Site, table: &[Prefix], (peer, id): (&RibPeer, PeerId)) -> BTreeSet<(Prefix, String)> {
    let best = routes(site, table).filter_map(|route| Some((route.prefix, route.best()?)));
    let is_client = id == PeerId(5);
    let is_there = |prefix: &str| site.best(prefix).is_some();
    let config = peer.config.families[Family::Ipv4Unicast].as_ref().unwrap();
    let made_up = (config.default_originate.is_some() && WITNESSES.into_iter().any(is_there))
        .then(|| name(5).parse().unwrap());
    let of_table = best
        .filter(|(_, path)| path.peer != Some(id))
        .filter(|(_, path)| {
            if peer.kind == PeerKind::External {
                return !path.attrs.communities().any(|community| community == 0xffff_ff01);
            }
            is_client || path.kind != PeerKind::Internal
        })
        .map(|(prefix, path)| {
            let own = if peer.kind == PeerKind::External { "64510 " } else { "" };
            (prefix, std::format!("{own}{}", path.attrs.as_path()))
        })
        .filter(|(prefix, _)| Some(*prefix) != made_up);
    of_table.chain(made_up.map(|prefix| (prefix, "64510".into()))).collect()
}

fn routes<'a>(site: &'a Site, table: &'a [Prefix]) -> impl Iterator<Item = RouteView<'a>> {
    table.iter().filter_map(|prefix| site.rib.prefix(prefix))
}

fn check(site: &mut Site) {
    let page = site.rib.page(Family::Ipv4Unicast, None, 1000);
    let table: Vec<_> = page.iter().map(|route| route.prefix).collect();
    for (id, neighbor) in &site.peers {
        let held: BTreeSet<_> =
            neighbor.told.keys().map(|prefix| (*prefix, neighbor.path(&prefix.to_string()))).collect();
        assert_eq!(held, expected(site, &table, (&neighbor.facts, *id)), "peer {}", id.0);
        let counts = site.rib.peer_counts(*id, Family::Ipv4Unicast);
        let of_peer = |path: &PathView<'_>| path.peer == Some(*id);
        let received = routes(site, &table).flat_map(|route| route.paths()).filter(of_peer).count();
        assert_eq!(counts.received as usize, received);
    }
    let usable = routes(site, &table).filter(|route| route.best().is_some());
    let usable: BTreeSet<_> = usable.map(|route| route.prefix).collect();
    assert_eq!(site.fib.keys().copied().collect::<BTreeSet<_>>(), usable);
    for (prefix, route) in &site.fib {
        assert_eq!(Some(route), site.rib.fib_route(prefix).as_ref());
    }
}

proptest! {
    #[test]
    fn what_peers_hold_is_what_the_tables_say(
        events in prop::collection::vec(event(), 1..80),
        log_limit in prop_oneof![Just(3), Just(1000)],
    ) {
        let mut site = Site::new();
        site.rib.families[Family::Ipv4Unicast].log.limit = log_limit;
        for peer in 1..=PEERS {
            apply(&mut site, Event::Up { peer });
        }
        for event in events {
            apply(&mut site, event);
        }
        site.asleep.clear();
        for peer in 1..=PEERS {
            site.rib.handle_sent(PeerId(peer), usize::MAX);
        }
        site.settle();
        check(&mut site);
        for peer in 1..=PEERS {
            site.down(PeerId(peer), Retain::Nothing);
        }
        site.settle();
        site.assert_empty();
    }
}
