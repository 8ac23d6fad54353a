//! Roles and ONLY_TO_CUSTOMER (RFC 9234 §5): who hears what of whom.

use super::*;
use crate::speaker::config::{DefaultOriginate, Role};
use crate::wire::AttrBlock;

const P: &str = "203.0.113.0/24";

/// A peer towards which we have this role.
fn as_role(role: Role, (id, asn): (u32, u32), adjust: impl FnOnce(&mut PeerFamilyConfig)) -> RibPeer {
    let mut peer = facts(id, asn, adjust);
    Arc::make_mut(&mut peer.config).role = Some(role);
    peer
}

/// A customer of ours, a provider, a peer, somebody without role, and an internal peer.
fn around(site: &mut Site) -> [PeerId; 5] {
    let with = |role, id: u32| as_role(role, (id, 65000 + id), |_| {});
    [
        site.up_with(1, with(Role::Provider, 1)),
        site.up_with(2, with(Role::Customer, 2)),
        site.up_with(3, with(Role::Peer, 3)),
        site.up(4, 65004, |_| {}),
        site.up_with(5, as_role(Role::Customer, (5, 64510), |_| {})),
    ]
}

/// The mark that a peer holds a route to `P` with; `None` if it holds none.
fn mark(site: &Site, peer: PeerId) -> Option<Option<u32>> {
    let (_, block) = site.peers[&peer].told.get(&P.parse().unwrap())?;
    Some(AttrBlock::new(block).only_to_customer().map(|asn| asn.0))
}

fn marked(path: &[u32], asn: u32) -> AttrBuf {
    let mut attrs = attrs(path);
    attrs.set_only_to_customer(Asn(asn));
    attrs
}

#[test]
fn what_comes_from_a_provider_or_a_peer_goes_to_customers_only() {
    // Where it comes from, its mark, and the marks that the others are told it with.
    let with = |asn| Some(Some(asn));
    let cases = [
        (0, None, [None, Some(None), with(64510), Some(None), Some(None)]),
        (1, None, [with(65002), None, None, with(65002), with(65002)]),
        (1, Some(7), [with(7), None, None, with(7), with(7)]),
        (2, None, [with(65003), None, None, with(65003), with(65003)]),
        (2, Some(65003), [with(65003), None, None, with(65003), with(65003)]),
        (3, None, [with(64510), Some(None), with(64510), None, Some(None)]),
        (3, Some(7), [with(7), None, None, None, with(7)]),
        (4, None, [with(64510), Some(None), with(64510), Some(None), None]),
        (4, Some(7), [with(7), None, None, with(7), None]),
        // Leaks.
        (0, Some(7), [None; 5]),
        (0, Some(65001), [None; 5]),
        (2, Some(7), [None; 5]),
    ];
    for (from, carried, expected) in cases {
        let mut site = Site::new();
        let peers = around(&mut site);
        let (from, path) = (peers[from], 65001 + u32::try_from(from).unwrap());
        let mut route = carried.map_or_else(|| attrs(&[path]), |asn| marked(&[path], asn));
        if path == 65005 {
            route.set_as_path(&[Asn(7)]);
            route.set_local_pref(100);
        }
        site.announce(from, &[P], &route);
        site.settle();
        assert_eq!(peers.map(|peer| mark(&site, peer)), expected, "from {from:?} with {carried:?}");
        site.withdraw(from, &[P]);
        site.settle();
        site.assert_empty();
    }
}

#[test]
fn a_route_that_becomes_a_leak_is_taken_back() {
    let mut site = Site::new();
    let [customer, provider, peer, other, _] = around(&mut site);
    site.announce(customer, &[P], &attrs(&[65001]));
    site.settle();
    assert!([provider, peer, other].iter().all(|to| mark(&site, *to).is_some()));
    site.announce(customer, &[P], &marked(&[65001], 7));
    site.settle();
    assert!([provider, peer, other].iter().all(|to| mark(&site, *to).is_none()));
    site.assert_empty();
    // What may go to a provider gives way to what may not.
    site.announce(customer, &[P], &attrs(&[65001, 9]));
    site.settle();
    assert_eq!(mark(&site, provider), Some(None));
    site.announce(peer, &[P], &attrs(&[65003]));
    site.settle();
    assert_eq!((mark(&site, provider), mark(&site, customer)), (None, Some(Some(65003))));
}

#[test]
fn a_leak_that_is_kept_stays_out_whatever_policy_becomes() {
    let mut site = Site::new();
    let keeps = |weight| {
        as_role(Role::Provider, (1, 65001), |config| {
            config.soft_reconfiguration = true;
            config.weight = weight;
        })
    };
    let from = site.up_with(1, keeps(None));
    let to = site.up(2, 65002, |_| {});
    site.announce(from, &[P], &marked(&[65001], 7));
    site.settle();
    let counts = site.rib.peer_counts(from, Family::Ipv4Unicast);
    assert_eq!((counts.received, counts.accepted), (1, 0));
    let _ = site.rib.peer_changed(from, keeps(Some(9)).config);
    site.settle();
    assert_eq!((site.best(P), mark(&site, to)), (None, None));
    site.announce(from, &[P], &attrs(&[65001]));
    site.settle();
    assert_eq!((site.best(P), mark(&site, to)), (Some(from), Some(None)));
}

#[test]
fn what_we_make_up_is_marked_for_customers_and_peers_and_not_for_providers() {
    for (role, expected) in [
        (Role::Provider, Some(64510)),
        (Role::RouteServer, Some(64510)),
        (Role::Peer, Some(64510)),
        (Role::Customer, None),
        (Role::RouteServerClient, None),
    ] {
        let mut site = Site::new();
        let to = site.up_with(
            1,
            as_role(role, (1, 65001), |config| config.default_originate = Some(DefaultOriginate::default())),
        );
        site.settle();
        let (_, block) = &site.peers[&to].told[&"0.0.0.0/0".parse().unwrap()];
        assert_eq!(AttrBlock::new(block).only_to_customer(), expected.map(Asn), "{role:?}");
    }
}
