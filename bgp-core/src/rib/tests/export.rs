//! Who is told what.

use super::*;
use crate::speaker::config::{DefaultOriginate, NextHopSelf};

const P: &str = "203.0.113.0/24";
const Q: &str = "198.51.100.0/24";

#[test]
fn an_external_route_goes_to_everybody_but_its_sender() {
    let mut site = Site::new();
    let (from, external, internal) =
        (site.up(1, 65001, |_| {}), site.up(2, 65002, |_| {}), site.up(3, 64510, |_| {}));
    site.announce(from, &[P], &attrs(&[65001, 7]));
    site.settle();
    assert!(site.told(from).is_empty());
    assert_eq!(site.peers[&external].path(P), "64510 65001 7");
    assert_eq!(site.peers[&external].told[&P.parse().unwrap()].0, NextHop::V4([192, 0, 2, 250].into()));
    assert_eq!(site.peers[&internal].path(P), "65001 7");
    let (next_hop, block) = &site.peers[&internal].told[&P.parse().unwrap()];
    assert_eq!(*next_hop, NextHop::from(addr(1)), "unchanged towards internal peers");
    assert_eq!(crate::wire::AttrBlock::new(block).local_pref(), Some(100));
    site.withdraw(from, &[P]);
    site.settle();
    assert!(site.told(external).is_empty() && site.told(internal).is_empty());
    assert_eq!(site.peers[&from].needless, 0, "the sender was not told and need not hear it is gone");
    site.assert_empty();
}

#[test]
fn a_better_route_from_elsewhere_is_told_to_the_old_sender_and_taken_from_the_new_one() {
    let mut site = Site::new();
    let (a, b) = (site.up(1, 65001, |_| {}), site.up(2, 65002, |_| {}));
    site.announce(a, &[P], &attrs(&[65001, 7, 8]));
    site.settle();
    assert_eq!(site.told(b), [P]);
    site.announce(b, &[P], &attrs(&[65002, 7]));
    site.settle();
    assert_eq!(site.told(a), [P]);
    assert!(site.told(b).is_empty(), "its own route is now best");
    assert_eq!(site.peers[&a].path(P), "64510 65002 7");
}

#[test]
fn an_internal_route_stays_with_us_unless_a_client_is_involved() {
    let mut site = Site::new();
    let (one, two) = (site.up(1, 64510, |_| {}), site.up(2, 64510, |_| {}));
    let client = site.up(3, 64510, |config| config.route_reflector_client = true);
    site.announce(one, &[P], &internal(&[7]));
    site.announce(client, &[Q], &internal(&[8]));
    site.settle();
    assert_eq!(site.told(two), [Q]);
    assert_eq!(site.told(client), [P]);
    let (_, block) = &site.peers[&client].told[&P.parse().unwrap()];
    let block = crate::wire::AttrBlock::new(block);
    assert_eq!(block.originator_id(), Some(RouterId(1)));
    assert_eq!(block.cluster_list().collect::<Vec<_>>(), [RouterId(0x0a00_0001)]);
}

#[test]
fn well_known_communities_keep_routes_in() {
    let mut site = Site::new();
    let (from, external, internal) =
        (site.up(1, 65001, |_| {}), site.up(2, 65002, |_| {}), site.up(3, 64510, |_| {}));
    let with = |community| {
        let mut attrs = attrs(&[65001]);
        attrs.set_communities([community]);
        attrs
    };
    site.announce(from, &[P], &with(0xffff_ff01));
    site.announce(from, &[Q], &with(0xffff_ff02));
    site.settle();
    assert!(site.told(external).is_empty());
    assert_eq!(site.told(internal), [P]);
}

#[test]
fn external_peers_without_policy_exchange_nothing_by_default() {
    let mut config = Config::new(Asn(64510), RouterId(1));
    config.ebgp_requires_policy = true;
    let mut site = Site::of(config);
    let (a, b) = (site.up(1, 65001, |_| {}), site.up(2, 64510, |_| {}));
    site.announce(a, &[P], &attrs(&[65001]));
    site.announce(b, &[Q], &internal(&[7]));
    site.settle();
    assert!(site.told(a).is_empty() && site.told(b).is_empty());
    assert_eq!(site.rib.peer_counts(a, Family::Ipv4Unicast).received, 0);
}

#[test]
fn a_third_party_next_hop_is_kept_on_a_shared_network_only() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    let mut near = facts(2, 65002, |_| {});
    near.connected = vec!["192.0.2.0/24".parse().unwrap()];
    let near = site.up_with(2, near);
    let far = site.up(3, 65003, |_| {});
    let selfish = site.up(4, 64510, |config| config.next_hop_self = NextHopSelf::Always);
    let body = reach_body(&[P], NextHop::V4([192, 0, 2, 77].into()), &attrs(&[65001]));
    let _ = site.update(from, &body);
    site.settle();
    let next_hop = |peer| site.peers[&peer].told[&P.parse().unwrap()].0.address();
    assert_eq!(next_hop(near), addr(77));
    assert_eq!(next_hop(far), addr(250));
    assert_eq!(next_hop(selfish), addr(250));
}

#[test]
fn nobody_is_told_a_route_through_itself() {
    let mut site = Site::new();
    let (from, it, other) = (site.up(1, 65001, |_| {}), site.up(2, 65002, |_| {}), site.up(3, 65003, |_| {}));
    let body = reach_body(&[P], NextHop::from(addr(2)), &attrs(&[65001]));
    let _ = site.update(from, &body);
    site.settle();
    assert!(site.told(it).is_empty());
    assert_eq!(site.told(other), [P]);
}

#[test]
fn end_of_rib_follows_the_table_once() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    site.announce(from, &[P, Q], &attrs(&[65001]));
    site.settle();
    let late = site.up(2, 65002, |_| {});
    site.settle();
    assert_eq!(site.told(late).len(), 2);
    assert_eq!((site.peers[&late].ends, site.peers[&from].ends), (1, 1));
    assert_eq!(site.peers[&late].messages, 2, "one UPDATE for both prefixes, one End-of-RIB");
    assert_eq!(site.peers[&late].needless, 0);
}

#[test]
fn a_refresh_tells_everything_again() {
    let mut site = Site::new();
    let (from, to) = (site.up(1, 65001, |_| {}), site.up(2, 65002, |_| {}));
    site.announce(from, &[P], &attrs(&[65001]));
    site.settle();
    site.peers.get_mut(&to).unwrap().told.clear();
    site.rib.handle_refresh(to, Family::Ipv4Unicast);
    site.settle();
    assert_eq!(site.told(to), [P]);
    assert_eq!(site.peers[&to].ends, 1);
}

#[test]
fn default_originate_stands_in_for_the_tables_own_default() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    site.announce(from, &["0.0.0.0/0", P], &attrs(&[65001, 9]));
    let to = site.up(2, 65002, |config| config.default_originate = Some(DefaultOriginate::default()));
    site.settle();
    assert_eq!(site.told(to), ["0.0.0.0/0", P]);
    assert_eq!(site.peers[&to].path("0.0.0.0/0"), "64510");
    let plain = facts(2, 65002, |_| {});
    let _ = site.rib.peer_changed(to, plain.config);
    site.settle();
    assert_eq!(site.peers[&to].path("0.0.0.0/0"), "64510 65001 9");
}

#[test]
fn equal_peers_share_the_octets() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    for id in 2..5 {
        site.up(id, 65000 + id, |_| {});
    }
    site.settle();
    site.announce(from, &[P], &attrs(&[65001]));
    let _ = site.rib.run(64);
    site.drain();
    site.announce(from, &[P], &attrs(&[65001, 1]));
    let _ = site.rib.run(64);
    let mut chunks = vec![];
    while let Some((_, chunk)) = site.rib.poll_transmit() {
        chunks.push(chunk);
    }
    assert_eq!(chunks.len(), 3);
    assert!(chunks.iter().all(|chunk| chunk.as_ptr() == chunks[0].as_ptr()));
}

#[test]
fn local_routes_are_announced_and_not_given_to_the_forwarding_table() {
    let mut site = Site::new();
    let to = site.up(2, 65002, |_| {});
    let route = LocalRoute {
        prefix: P.parse().unwrap(),
        next_hop: None,
        weight: 32768,
        attrs: attrs(&[]).as_block().as_bytes().to_vec(),
    };
    site.rib.set_advertised(OwnerId(0), [route.clone()], site.now);
    site.settle();
    assert_eq!(site.peers[&to].path(P), "64510");
    assert!(site.fib.is_empty());
    let messages = site.peers[&to].messages;
    site.rib.set_advertised(OwnerId(0), [route], site.now);
    site.settle();
    assert_eq!(site.peers[&to].messages, messages, "the same set again says nothing");
    site.rib.set_advertised(OwnerId(0), [], site.now);
    site.settle();
    assert!(site.told(to).is_empty());
    site.assert_empty();
}
