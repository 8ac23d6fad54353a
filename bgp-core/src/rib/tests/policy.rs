//! Policy in and out, and what a change of it changes.

use super::*;
use crate::policy::{
    Action, Amount, Filter, Match, OnMatch, PrefixEntry, PrefixList, RouteMap, RouteMapEntry, Set,
};

const P: &str = "203.0.113.0/24";
const Q: &str = "198.51.100.0/24";

pub(super) fn list(prefixes: &[&str]) -> Arc<PrefixList> {
    let entries = prefixes.iter().map(|prefix| {
        let prefix: Prefix = prefix.parse().unwrap();
        PrefixEntry {
            seq: 5,
            action: Action::Permit,
            prefix,
            min_len: prefix.prefix_len(),
            max_len: prefix.prefix_len(),
        }
    });
    Arc::new(PrefixList::new("list", entries.collect()))
}

pub(super) fn only(prefixes: &[&str]) -> Filter {
    Filter { prefix_list: Some(list(prefixes)), ..Filter::default() }
}

/// Everything passes; what matches is changed.
pub(super) fn change(matches: Vec<Match>, sets: Vec<Set>) -> Filter {
    let entry = |seq, matches, sets| RouteMapEntry {
        seq,
        action: Action::Permit,
        matches,
        sets,
        call: None,
        on_match: OnMatch::Stop,
        description: None,
    };
    let map = RouteMap::new("map", vec![entry(10, matches, sets), entry(20, vec![], vec![])]).unwrap();
    Filter { route_map: Some(Arc::new(map)), ..Filter::default() }
}

#[test]
fn import_policy_chooses_between_peers() {
    let mut site = Site::new();
    let plain = site.up(1, 65001, |_| {});
    let preferred = site.up(2, 65002, |config| {
        config.import =
            change(vec![Match::PrefixList(list(&[P]))], vec![Set::LocalPreference(Amount::To(300))]);
    });
    site.announce(plain, &[P, Q], &attrs(&[65001]));
    site.announce(preferred, &[P, Q], &attrs(&[65002, 7]));
    site.settle();
    assert_eq!((site.best(P), site.best(Q)), (Some(preferred), Some(plain)));
    let route = site.rib.prefix(&P.parse().unwrap()).unwrap();
    let best = route.best().unwrap();
    assert_eq!((best.attrs.local_pref(), best.received.local_pref()), (Some(300), None));
    site.withdraw(preferred, &[P, Q]);
    site.withdraw(plain, &[P, Q]);
    site.settle();
    site.assert_empty();
}

#[test]
fn refused_routes_are_kept_for_soft_reconfiguration_only() {
    for keeps in [false, true] {
        let mut site = Site::new();
        let adjust = |filter: Filter| {
            move |config: &mut PeerFamilyConfig| {
                config.import = filter;
                config.soft_reconfiguration = keeps;
            }
        };
        let from = site.up(1, 65001, adjust(only(&[P])));
        site.announce(from, &[P, Q], &attrs(&[65001]));
        site.settle();
        let counts = site.rib.peer_counts(from, Family::Ipv4Unicast);
        assert_eq!((counts.received, counts.accepted), (if keeps { 2 } else { 1 }, 1));
        let to_ask = site.rib.peer_changed(from, facts(1, 65001, adjust(only(&[Q]))).config);
        assert_eq!(to_ask.contains(Family::Ipv4Unicast), !keeps);
        site.settle();
        assert_eq!(site.best(P), None);
        assert_eq!(site.best(Q), keeps.then_some(from));
        site.withdraw(from, &[P, Q]);
        site.settle();
        site.assert_empty();
    }
}

#[test]
fn changed_import_policy_is_asked_of_every_path_of_the_peers_it_changed_for() {
    let mut site = Site::new();
    let prefix = |n: u32| std::format!("10.{n}.0.0/16");
    let kept = |id: u32, asn: u32, preference: u32, weight| {
        facts(id, asn, |config| {
            let matches = vec![Match::PrefixList(list(&[&prefix(1), &prefix(4)]))];
            config.import = change(matches, vec![Set::LocalPreference(Amount::To(preference))]);
            config.soft_reconfiguration = true;
            config.weight = weight;
        })
    };
    let ids = [1, 2, 3].map(|id| site.up_with(id, kept(id, 65000 + id, 200 + id, None)));
    // Sets of one, two and three prefixes, the same ones with several peers.
    for (from, asn) in ids.into_iter().zip(65001..) {
        site.announce(from, &[&prefix(0)], &attrs(&[asn]));
        site.announce(from, &[&prefix(1), &prefix(2)], &attrs(&[asn, 7]));
        site.announce(from, &[&prefix(3), &prefix(4), &prefix(5)], &attrs(&[asn, 8]));
    }
    site.settle();
    for (id, preference, weight) in [(1, 300, None), (2, 301, Some(7)), (3, 302, None), (1, 303, Some(8))] {
        let _ = site.rib.peer_changed(PeerId(id), kept(id, 65000 + id, preference, weight).config);
    }
    site.settle();
    for n in 0..6 {
        let route = site.rib.prefix(&prefix(n).parse().unwrap()).unwrap();
        let mut found: Vec<_> =
            route.paths().map(|path| (path.peer.unwrap().0, path.attrs.local_pref(), path.weight)).collect();
        found.sort_unstable();
        let set = |preference| [1, 4].contains(&n).then_some(preference);
        assert_eq!(found, [(1, set(303), 8), (2, set(301), 7), (3, set(302), 0)], "{}", prefix(n));
    }
    for from in ids {
        site.withdraw(from, &[0, 1, 2, 3, 4, 5].map(prefix).each_ref().map(String::as_str));
    }
    site.settle();
    site.assert_empty();
}

#[test]
fn changed_export_policy_tells_the_difference() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    let (it, other) = (
        site.up(2, 65002, |config| config.export = only(&[P])),
        site.up(3, 65003, |config| config.export = only(&[P])),
    );
    site.announce(from, &[P, Q], &attrs(&[65001]));
    site.settle();
    assert_eq!((site.told(it), site.told(other)), (vec![P.into()], vec![P.into()]));
    let config = facts(2, 65002, |config| config.export = only(&[Q])).config;
    let _ = site.rib.peer_changed(it, config);
    site.settle();
    assert_eq!((site.told(it), site.told(other)), (vec![Q.into()], vec![P.into()]));
    assert_eq!(site.peers[&it].needless, 0);
    let messages = site.peers[&it].messages;
    let config = facts(2, 65002, |config| config.export = only(&[Q])).config;
    let _ = site.rib.peer_changed(it, config);
    site.settle();
    assert_eq!(site.peers[&it].messages, messages, "an equal configuration says nothing");
}

#[test]
fn export_policy_is_applied_per_prefix_and_before_our_own_as() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    let sets = vec![Set::AsPathPrepend(vec![Asn(1), Asn(2)]), Set::Metric(Amount::To(9))];
    let to = site.up(2, 65002, |config| config.export = change(vec![Match::PrefixList(list(&[P]))], sets));
    site.announce(from, &[P, Q], &attrs(&[65001]));
    site.settle();
    assert_eq!(site.peers[&to].path(P), "64510 1 2 65001");
    assert_eq!(site.peers[&to].path(Q), "64510 65001");
    let med =
        |prefix: &str| crate::wire::AttrBlock::new(&site.peers[&to].told[&prefix.parse().unwrap()].1).med();
    assert_eq!((med(P), med(Q)), (Some(9), None));
    let outgoing = site.rib.advertised(to, &P.parse().unwrap()).unwrap();
    assert_eq!(outgoing.attrs.as_block().as_path().to_string(), "64510 1 2 65001");
    assert_eq!(site.rib.advertised(from, &P.parse().unwrap()), None);
}

#[test]
fn policy_that_asks_for_the_peer_keeps_peers_apart() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    let filter = change(vec![Match::Peer(addr(2))], vec![Set::AsPathPrepend(vec![Asn(9)])]);
    let (it, other) = (
        site.up(2, 65002, |config| config.export = filter.clone()),
        site.up(3, 65003, |config| config.export = filter.clone()),
    );
    site.announce(from, &[P], &attrs(&[65001]));
    site.settle();
    assert_eq!(site.peers[&it].path(P), "64510 9 65001");
    assert_eq!(site.peers[&other].path(P), "64510 65001");
}

#[test]
fn requiring_policy_lets_go_of_what_came_without() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    site.announce(from, &[P], &attrs(&[65001]));
    site.settle();
    site.config.ebgp_requires_policy = true;
    site.rib.reconfigure(&site.config);
    site.settle();
    site.assert_empty();
}

#[test]
fn becoming_a_client_opens_the_way_for_internal_routes() {
    let mut site = Site::new();
    let (one, two) = (site.up(1, 64510, |_| {}), site.up(2, 64510, |_| {}));
    site.announce(one, &[P], &internal(&[7]));
    site.settle();
    assert!(site.told(two).is_empty());
    let client = facts(1, 64510, |config| config.route_reflector_client = true).config;
    let _ = site.rib.peer_changed(one, client);
    site.settle();
    assert_eq!(site.told(two), [P]);
    let _ = site.rib.peer_changed(one, facts(1, 64510, |_| {}).config);
    site.settle();
    assert!(site.told(two).is_empty());
}
