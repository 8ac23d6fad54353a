//! Next hops that fit the family, the link and the configuration, or do not.

use super::policy::change;
use super::*;
use crate::policy::Set;
use crate::speaker::config::Ttl;

const P: &str = "203.0.113.0/24";
const P6: &str = "2001:db8:1::/48";
const GLOBAL: &str = "2001:db8::9";

fn v6(addr: &str) -> NextHop {
    NextHop::V6 { global: addr.parse().unwrap(), link_local: None }
}

/// The same in both families.
fn both(mut facts: RibPeer) -> RibPeer {
    let mut config = PeerConfig::clone(&facts.config);
    config.families[Family::Ipv6Unicast] = config.families[Family::Ipv4Unicast].clone();
    facts.config = Arc::new(config);
    facts.families.insert(Family::Ipv6Unicast);
    facts.local.v6 = Some("2001:db8::250".parse().unwrap());
    facts
}

/// Where packets to `prefix` go.
fn next_hop(site: &Site, prefix: &str) -> Option<NextHop> {
    site.rib.prefix(&prefix.parse().unwrap())?.best()?.next_hop
}

#[test]
fn routes_of_a_peer_that_ttl_security_lets_be_far_away_need_no_connected_next_hop() {
    for (ttl, is_usable) in [
        (Ttl::Default, false),
        (Ttl::Security { hops: 1 }, false),
        (Ttl::Security { hops: 3 }, true),
        (Ttl::Multihop(1), false),
        (Ttl::Multihop(3), true),
    ] {
        let mut site = Site::new();
        let mut from = facts(1, 65001, |_| {});
        let mut config = PeerConfig::clone(&from.config);
        config.ttl = ttl;
        from.config = Arc::new(config);
        let from = site.up_with(1, from);
        site.rib.handle_next_hop(addr(1), NextHopState::Reachable { metric: 0, connected: false });
        site.announce(from, &[P], &attrs(&[65001]));
        let _ = site.rib.run(64);
        while let Some(interest) = site.rib.poll_next_hop() {
            let state = NextHopState::Reachable { metric: 0, connected: false };
            site.rib.handle_next_hop(interest.addr, state);
        }
        site.settle();
        assert_eq!(site.best(P).is_some(), is_usable, "{ttl:?}");
    }
}

#[test]
fn a_third_party_next_hop_is_not_for_peers_that_ttl_security_lets_be_far_away() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    let mut to = facts(2, 65002, |_| {});
    let mut config = PeerConfig::clone(&to.config);
    config.ttl = Ttl::Security { hops: 3 };
    to.config = Arc::new(config);
    to.connected = vec!["192.0.2.0/24".parse().unwrap()];
    let to = site.up_with(2, to);
    site.announce(from, &[P], &attrs(&[65001]));
    site.settle();
    assert_eq!(site.peers[&to].told[&P.parse().unwrap()].0.address(), addr(250));
}

#[test]
fn import_policy_sets_next_hops_of_the_routes_own_family_only() {
    let sets = || vec![Set::NextHopV4([192, 0, 2, 99].into()), Set::NextHopV6(GLOBAL.parse().unwrap())];
    for (sets, v4, v6_expected) in [
        (sets(), addr(99), v6(GLOBAL)),
        (sets().into_iter().rev().collect(), addr(99), v6(GLOBAL)),
        (vec![Set::NextHopV4([192, 0, 2, 99].into())], addr(99), v6("2001:db8::1")),
        (vec![Set::NextHopPeer], addr(1), v6("2001:db8::1")),
    ] {
        let mut site = Site::new();
        let from =
            site.up_with(1, both(facts(1, 65001, |config| config.import = change(vec![], sets.clone()))));
        site.announce(from, &[P], &attrs(&[65001]));
        let _ = site.update(from, &reach_body(&[P6], v6("2001:db8::1"), &attrs(&[65001])));
        site.settle();
        assert_eq!(next_hop(&site, P), Some(NextHop::from(v4)), "{sets:?}");
        assert_eq!(next_hop(&site, P6), Some(v6_expected), "{sets:?}");
    }
}

#[test]
fn import_policy_gives_ipv4_routes_an_ipv6_next_hop_where_that_was_agreed_on() {
    for is_extended in [false, true] {
        let mut site = Site::new();
        let sets = vec![Set::NextHopV6(GLOBAL.parse().unwrap())];
        let mut from = facts(1, 65001, |config| config.import = change(vec![], sets));
        if is_extended {
            from.extended_next_hop.insert(Family::Ipv4Unicast);
        }
        let from = site.up_with(1, from);
        site.announce(from, &[P], &attrs(&[65001]));
        site.settle();
        let expected = if is_extended { v6(GLOBAL) } else { NextHop::from(addr(1)) };
        assert_eq!(next_hop(&site, P), Some(expected));
    }
}

#[test]
fn export_policy_leaves_the_next_hop_of_the_other_family_as_it_was() {
    let mut site = Site::new();
    let from = site.up_with(1, both(facts(1, 65001, |_| {})));
    let sets = vec![Set::NextHopV4([192, 0, 2, 99].into())];
    let to = site.up_with(2, both(facts(2, 64510, |config| config.export = change(vec![], sets))));
    site.announce(from, &[P], &attrs(&[65001]));
    let _ = site.update(from, &reach_body(&[P6], v6("2001:db8::1"), &attrs(&[65001])));
    site.settle();
    let told = |prefix: &str| site.peers[&to].told[&prefix.parse().unwrap()].0;
    assert_eq!((told(P), told(P6)), (NextHop::from(addr(99)), v6("2001:db8::1")));
}

#[test]
fn an_ipv6_next_hop_for_ipv4_counts_as_withdrawal_unless_agreed_on() {
    for is_extended in [false, true] {
        let mut site = Site::new();
        let mut from = facts(1, 65001, |_| {});
        if is_extended {
            from.extended_next_hop.insert(Family::Ipv4Unicast);
        }
        let from = site.up_with(1, from);
        site.announce(from, &[P], &attrs(&[65001]));
        let _ = site.update(from, &reach_body(&[P], v6("2001:db8::1"), &attrs(&[65001])));
        site.settle();
        assert_eq!(next_hop(&site, P), is_extended.then(|| v6("2001:db8::1")));
    }
}

/// A link-local address is there only a second or two after the link is up, in the middle of a first table.
#[test]
fn an_address_that_no_next_hop_can_be_has_nobody_told_again() {
    let mut site = Site::new();
    let from = site.up_with(1, both(facts(1, 65001, |_| {})));
    let to = site.up_with(2, facts(2, 65002, |_| {}));
    site.announce(from, &[P], &attrs(&[65001]));
    site.settle();
    let messages = site.peers[&to].messages;
    let mut local = site.peers[&to].facts.local;
    local.link_local = Some("fe80::1".parse().unwrap());
    site.rib.peer_link_changed(to, local, vec!["2001:db8:7::/64".parse().unwrap()]);
    site.settle();
    assert_eq!(site.peers[&to].messages, messages);
}

#[test]
fn an_address_that_the_link_gains_later_is_told_without_a_new_session() {
    let mut site = Site::new();
    let from = site.up_with(1, both(facts(1, 65001, |_| {})));
    let mut to = both(facts(2, 65002, |_| {}));
    to.local.v6 = None;
    let to = site.up_with(2, to);
    site.announce(from, &[P], &attrs(&[65001]));
    let _ = site.update(from, &reach_body(&[P6], v6("2001:db8::1"), &attrs(&[65001])));
    site.settle();
    assert_eq!(site.told(to), [P], "there is no next hop to give for IPv6");
    let mut local = site.peers[&to].facts.local;
    local.v6 = Some("2001:db8::250".parse().unwrap());
    site.rib.peer_link_changed(to, local, vec![]);
    site.settle();
    assert_eq!(site.told(to), [P, P6]);
    let messages = site.peers[&to].messages;
    site.rib.peer_link_changed(to, local, vec![]);
    site.settle();
    assert_eq!(site.peers[&to].messages, messages, "nothing is different");
    local.v6 = None;
    site.rib.peer_link_changed(to, local, vec!["192.0.2.0/24".parse().unwrap()]);
    site.settle();
    assert_eq!(site.told(to), [P]);
    assert_eq!(
        site.peers[&to].told[&P.parse().unwrap()].0.address(),
        addr(1),
        "on the peer's own network now"
    );
}
