//! The ladder, against a naive oracle and rung by rung.

use proptest::prelude::*;

use super::*;

const P: &str = "203.0.113.0/24";

/// One path as the oracle sees it.
#[derive(Clone, Copy, Debug)]
struct Offer {
    neighbor: u32,
    len: usize,
    origin: Origin,
    med: Option<u32>,
    local_pref: Option<u32>,
}

fn offer() -> impl Strategy<Value = Offer> {
    let origin = prop_oneof![Just(Origin::Igp), Just(Origin::Incomplete)];
    (0u32..3, 1usize..3, origin, prop::option::of(0u32..3), prop::option::of(99u32..102))
        .prop_map(|(neighbor, len, origin, med, local_pref)| Offer { neighbor, len, origin, med, local_pref })
}

/// RFC 4271 §9.1.2.2 as it is written: at each step, whoever somebody beats is out.
fn oracle(offers: &[(u32, Offer, bool)]) -> Option<u32> {
    type Beats = fn(&(u32, Offer, bool), &(u32, Offer, bool)) -> bool;
    let steps: [Beats; 6] = [
        |a, b| a.1.local_pref.unwrap_or(100) > b.1.local_pref.unwrap_or(100),
        |a, b| a.1.len < b.1.len,
        |a, b| a.1.origin < b.1.origin,
        |a, b| a.1.neighbor == b.1.neighbor && a.1.med.unwrap_or(0) < b.1.med.unwrap_or(0),
        |a, b| a.2 && !b.2,
        |a, b| a.0 < b.0,
    ];
    let mut left = offers.to_vec();
    for beats in steps {
        let before = left.clone();
        left.retain(|path| !before.iter().any(|other| beats(other, path)));
    }
    left.first().map(|path| path.0)
}

proptest! {
    #[test]
    fn the_best_path_is_the_oracles_in_any_order_of_arrival(
        offers in prop::collection::vec(offer(), 1..7),
        order in any::<prop::sample::Index>(),
        settle_between in any::<bool>(),
    ) {
        let mut site = Site::new();
        site.config.decision.compare_router_id = true;
        site.rib.reconfigure(&site.config);
        let mut all = vec![];
        for (id, offer) in (1u32..).zip(&offers) {
            let is_external = id % 2 == 0;
            // External paths begin with the neighbour, internal ones with any AS.
            let peer = site.up(id, if is_external { 65000 + offer.neighbor } else { 64510 }, |_| {});
            let offer = Offer { local_pref: offer.local_pref.filter(|_| !is_external), ..*offer };
            all.push((peer, offer, is_external));
        }
        let turn = order.index(all.len());
        all.rotate_left(turn);
        for (peer, offer, is_external) in &all {
            let mut path = vec![65000 + offer.neighbor];
            path.resize(offer.len, 65100);
            let mut attrs = attrs(&path);
            attrs.set_origin(offer.origin);
            if let Some(med) = offer.med {
                attrs.set_med(med);
            }
            if !is_external {
                attrs.set_local_pref(offer.local_pref.unwrap_or(100));
            }
            site.announce(*peer, &[P], &attrs);
            if settle_between {
                site.settle();
            }
        }
        site.settle();
        let offers: Vec<_> = all.iter().map(|(peer, offer, is_external)| (peer.0, *offer, *is_external)).collect();
        prop_assert_eq!(site.best(P).map(|peer| peer.0), oracle(&offers));
    }
}

fn outcome(site: &Site, peer: PeerId) -> &'static str {
    let explained = site.rib.explain(&P.parse().unwrap());
    let of_peer = explained.iter().find(|one| one.path.peer == Some(peer)).unwrap();
    match of_peer.outcome {
        Outcome::Best => "best",
        Outcome::Lost(rung) => rung.name,
        Outcome::Unusable => "unusable",
    }
}

#[test]
fn explain_names_the_rung() {
    let mut site = Site::new();
    let (a, b, c) = (site.up(1, 65001, |_| {}), site.up(2, 65002, |_| {}), site.up(3, 65003, |_| {}));
    site.announce(a, &[P], &attrs(&[65001]));
    site.announce(b, &[P], &attrs(&[65002, 7]));
    let mut incomplete = attrs(&[65003]);
    incomplete.set_origin(Origin::Incomplete);
    site.announce(c, &[P], &incomplete);
    site.settle();
    assert_eq!(
        [outcome(&site, a), outcome(&site, b), outcome(&site, c)],
        ["best", "AS path length", "origin"]
    );
}

#[test]
fn the_oldest_external_path_stays_unless_identifiers_are_compared() {
    let mut site = Site::new();
    let (young, old) = (site.up(1, 65001, |_| {}), site.up(2, 65002, |_| {}));
    site.announce(old, &[P], &attrs(&[65002]));
    site.settle();
    site.announce(young, &[P], &attrs(&[65001]));
    site.settle();
    assert_eq!(site.best(P), Some(old));
    assert_eq!(outcome(&site, young), "oldest external");
    site.config.decision.compare_router_id = true;
    site.rib.reconfigure(&site.config);
    site.settle();
    assert_eq!(site.best(P), Some(young));
}

#[test]
fn a_path_counts_only_while_its_next_hop_is_reached() {
    let mut site = Site::new();
    let (a, b) = (site.up(1, 65001, |_| {}), site.up(2, 65002, |_| {}));
    site.announce(a, &[P], &attrs(&[65001]));
    site.announce(b, &[P], &attrs(&[65002, 7]));
    site.settle();
    assert_eq!(site.best(P), Some(a));
    site.rib.handle_next_hop(addr(1), NextHopState::Unreachable);
    site.settle();
    assert_eq!(site.best(P), Some(b));
    assert_eq!(outcome(&site, a), "unusable");
    site.rib.handle_next_hop(addr(2), NextHopState::Reachable { metric: 3, connected: false });
    site.settle();
    assert_eq!(site.best(P), None, "an external peer's next hop must be connected");
    assert!(site.fib.is_empty());
    site.rib.handle_next_hop(addr(1), REACHED);
    site.settle();
    assert_eq!(site.best(P), Some(a));
    assert_eq!(site.fib.len(), 1);
}

#[test]
fn equal_paths_of_one_neighbour_are_used_together() {
    let mut site = Site::new();
    let (a, b) = (site.up(1, 65001, |_| {}), site.up(2, 65001, |_| {}));
    let c = site.up(3, 65003, |_| {});
    for (peer, asn) in [(a, 65001), (b, 65001), (c, 65003)] {
        site.announce(peer, &[P], &attrs(&[asn, 7]));
    }
    site.settle();
    let next_hops = |site: &Site| -> Vec<IpAddr> {
        site.fib[&P.parse().unwrap()].next_hops.iter().map(|one| one.address.address()).collect()
    };
    assert_eq!(next_hops(&site), [addr(1), addr(2)]);
    site.config.decision.as_path_multipath_relax = true;
    site.rib.reconfigure(&site.config);
    site.settle();
    assert_eq!(next_hops(&site), [addr(1), addr(2), addr(3)]);
    site.config.families[Family::Ipv4Unicast].maximum_paths = 2;
    site.rib.reconfigure(&site.config);
    site.settle();
    assert_eq!(next_hops(&site), [addr(1), addr(2)]);
    site.withdraw(b, &[P]);
    site.settle();
    assert_eq!(next_hops(&site), [addr(1), addr(3)]);
}

#[test]
fn a_path_beside_the_best_going_is_no_news_to_peers() {
    let mut site = Site::new();
    let (a, b, listener) = (site.up(1, 65001, |_| {}), site.up(2, 65001, |_| {}), site.up(3, 65003, |_| {}));
    site.announce(a, &[P], &attrs(&[65001]));
    site.announce(b, &[P], &attrs(&[65001]));
    site.settle();
    let messages = site.peers[&listener].messages;
    site.withdraw(b, &[P]);
    site.settle();
    assert_eq!(site.peers[&listener].messages, messages);
    assert_eq!(site.fib[&P.parse().unwrap()].next_hops.len(), 1);
}
