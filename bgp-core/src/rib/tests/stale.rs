//! Sessions that end and come back (RFC 4724, RFC 7313).

use super::*;

const P: &str = "203.0.113.0/24";
const Q: &str = "198.51.100.0/24";
const V4: FamilySet = FamilySet::EMPTY.with(Family::Ipv4Unicast);

#[test]
fn a_peer_that_goes_takes_its_routes_along() {
    let mut site = Site::new();
    let (from, to) = (site.up(1, 65001, |_| {}), site.up(2, 65002, |_| {}));
    site.announce(from, &[P, Q], &attrs(&[65001]));
    site.settle();
    site.down(from, Retain::Nothing);
    site.settle();
    assert!(site.told(to).is_empty());
    site.assert_empty();
}

#[test]
fn stale_routes_stay_until_they_are_renewed_or_swept() {
    let mut site = Site::new();
    let (from, to) = (site.up(1, 65001, |_| {}), site.up(2, 65002, |_| {}));
    site.announce(from, &[P, Q], &attrs(&[65001]));
    site.settle();
    let messages = site.peers[&to].messages;
    site.down(from, Retain::Stale(V4));
    site.settle();
    assert!(site.rib.prefix(&P.parse().unwrap()).unwrap().best().unwrap().is_stale);
    site.up(1, 65001, |_| {});
    site.announce(from, &[P], &attrs(&[65001]));
    site.settle();
    assert_eq!(site.peers[&to].messages, messages, "nothing changed for anybody else");
    assert_eq!(site.rib.peer_counts(from, Family::Ipv4Unicast).received, 2);
    site.rib.sweep_stale(from, Family::Ipv4Unicast);
    site.settle();
    assert_eq!(site.told(to), [P]);
    assert!(!site.rib.prefix(&P.parse().unwrap()).unwrap().best().unwrap().is_stale);
    site.withdraw(from, &[P]);
    site.settle();
    site.assert_empty();
}

#[test]
fn stale_routes_go_if_the_peer_fails_again_or_is_given_up() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    site.announce(from, &[P], &attrs(&[65001]));
    site.settle();
    site.down(from, Retain::Stale(V4));
    site.up(1, 65001, |_| {});
    site.announce(from, &[Q], &attrs(&[65001]));
    site.down(from, Retain::Stale(V4));
    site.settle();
    assert!(site.rib.prefix(&P.parse().unwrap()).is_none());
    assert!(site.rib.prefix(&Q.parse().unwrap()).is_some());
    site.rib.peer_down(from, Retain::Nothing);
    site.settle();
    site.assert_empty();
}

#[test]
fn an_enhanced_refresh_removes_what_is_not_sent_again() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    site.announce(from, &[P, Q], &attrs(&[65001]));
    site.settle();
    site.rib.mark_stale(from, Family::Ipv4Unicast);
    site.announce(from, &[Q], &attrs(&[65001]));
    site.rib.sweep_stale(from, Family::Ipv4Unicast);
    site.settle();
    assert!(site.rib.prefix(&P.parse().unwrap()).is_none());
    assert!(site.rib.prefix(&Q.parse().unwrap()).is_some());
}

#[test]
fn a_session_that_returns_before_the_purge_is_over_keeps_its_new_routes() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    site.announce(from, &[P, Q], &attrs(&[65001]));
    site.settle();
    site.down(from, Retain::Nothing);
    site.up(1, 65001, |_| {});
    site.announce(from, &[Q], &attrs(&[65001, 9]));
    site.settle();
    assert!(site.rib.prefix(&P.parse().unwrap()).is_none());
    assert_eq!(site.best(Q), Some(from));
    assert_eq!(site.rib.peer_counts(from, Family::Ipv4Unicast).received, 1);
}

#[test]
fn a_walk_visits_every_prefix_although_new_ones_come_meanwhile() {
    let mut site = Site::new();
    let (from, other) = (site.up(1, 65001, |_| {}), site.up(2, 65002, |_| {}));
    for n in 0..10 {
        site.announce(from, &[&std::format!("10.{n}.0.0/16")], &attrs(&[65001]));
    }
    site.settle();
    for round in 0..3 {
        // Each round begins where the one before ended, not at the first prefix.
        site.rib.handle_next_hop(addr(1), REACHED);
        site.rib.handle_next_hop(addr(1), NextHopState::Unreachable);
        let _ = site.rib.run(4);
        site.announce(other, &[&std::format!("11.{round}.0.0/16")], &attrs(&[65002]));
        site.settle();
        assert!((0..10).all(|n| site.best(&std::format!("10.{n}.0.0/16")).is_none()), "round {round}");
    }
}

#[test]
fn held_end_of_rib_waits_for_what_has_come_to_be_announced() {
    let mut site = Site::new();
    site.rib.hold_end_of_rib();
    let (from, to) = (site.up(1, 65001, |_| {}), site.up(2, 65002, |_| {}));
    site.settle();
    assert_eq!(site.peers[&to].ends, 0);
    site.announce(from, &[P], &attrs(&[65001]));
    site.rib.release_end_of_rib();
    while site.rib.run(64) == Progress::More {}
    assert_eq!(site.rib.poll_transmit(), None, "the next hop has not been answered for");
    site.settle();
    assert_eq!((site.told(to), site.peers[&to].ends), (vec![P.to_string()], 1));
    let late = site.up(3, 65003, |_| {});
    site.announce(from, &[Q], &attrs(&[65001]));
    site.settle();
    assert_eq!(site.peers[&late].ends, 1, "and then it goes as ever");
}
