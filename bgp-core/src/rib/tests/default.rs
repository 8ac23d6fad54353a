//! The made-up default route: when it is sent, with what, and when it goes.

use super::policy::{list, only};
use super::*;
use crate::policy::{Action, Amount, Match, OnMatch, RouteMap, RouteMapEntry, Set};
use crate::speaker::config::DefaultOriginate;
use crate::wire::AttrBlock;

const D: &str = "0.0.0.0/0";
const P: &str = "203.0.113.0/24";
const Q: &str = "198.51.100.0/24";
const R: &str = "192.88.99.0/24";

fn always() -> Option<DefaultOriginate> {
    Some(DefaultOriginate::default())
}

/// The default route is sent while one of `prefixes` is there, with the metric `med`.
pub(super) fn while_there(prefixes: &[&str], med: u32) -> Option<DefaultOriginate> {
    let entry = RouteMapEntry {
        seq: 10,
        action: Action::Permit,
        matches: vec![Match::PrefixList(list(prefixes))],
        sets: vec![Set::Metric(Amount::To(med))],
        call: None,
        on_match: OnMatch::Stop,
        description: None,
    };
    Some(DefaultOriginate { route_map: Some(Arc::new(RouteMap::new("map", vec![entry]).unwrap())) })
}

fn med(site: &Site, to: PeerId) -> Option<u32> {
    AttrBlock::new(&site.peers[&to].told[&D.parse().unwrap()].1).med()
}

#[test]
fn a_changed_export_policy_leaves_the_made_up_default_alone() {
    let mut site = Site::new();
    let to = site.up(2, 65002, |config| config.default_originate = always());
    site.settle();
    assert_eq!(site.told(to), [D]);
    let messages = site.peers[&to].messages;
    let config = facts(2, 65002, |config| {
        config.default_originate = always();
        config.export = only(&[P]);
    });
    let _ = site.rib.peer_changed(to, config.config);
    site.settle();
    assert_eq!(site.peers[&to].messages, messages, "there is nothing new to say");
    let config = facts(2, 65002, |config| config.export = only(&[P]));
    let _ = site.rib.peer_changed(to, config.config);
    site.settle();
    assert!(site.told(to).is_empty());
}

#[test]
fn a_changed_default_replaces_the_old_one_without_a_gap() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    site.announce(from, &[P], &attrs(&[65001]));
    let to = site.up(2, 65002, |config| config.default_originate = always());
    site.settle();
    let config = facts(2, 65002, |config| config.default_originate = while_there(&[P], 7));
    let _ = site.rib.peer_changed(to, config.config);
    site.settle();
    assert_eq!(med(&site, to), Some(7));
    assert_eq!(site.peers[&to].withdrawn, 0);
}

#[test]
fn the_made_up_default_takes_the_place_of_the_tables_own_and_gives_it_back() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    site.announce(from, &[D], &attrs(&[65001, 9]));
    let to = site.up(2, 65002, |_| {});
    site.settle();
    assert_eq!(site.peers[&to].path(D), "64510 65001 9");
    let made_up = facts(2, 65002, |config| config.default_originate = while_there(&[P], 7));
    let _ = site.rib.peer_changed(to, made_up.config);
    site.settle();
    assert_eq!(site.peers[&to].path(D), "64510 65001 9", "nothing asks for a made-up one yet");
    site.announce(from, &[P], &attrs(&[65001]));
    site.settle();
    assert_eq!(site.peers[&to].path(D), "64510");
    site.withdraw(from, &[P]);
    site.settle();
    assert_eq!(site.peers[&to].path(D), "64510 65001 9");
    let _ = site.rib.peer_changed(to, facts(2, 65002, |config| config.default_originate = always()).config);
    site.settle();
    assert_eq!(site.peers[&to].path(D), "64510");
}

#[test]
fn with_a_route_map_the_default_is_sent_while_a_route_of_the_table_matches() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    site.announce(from, &[R], &attrs(&[65001]));
    let to = site.up(2, 65002, |config| config.default_originate = while_there(&[P, Q], 7));
    site.settle();
    assert_eq!((site.told(to), site.peers[&to].ends), (vec![R.into()], 1));
    site.announce(from, &[P], &attrs(&[65001]));
    site.settle();
    assert_eq!(site.told(to), [D, R, P]);
    assert_eq!(med(&site, to), Some(7));
    site.announce(from, &[Q], &attrs(&[65001]));
    site.withdraw(from, &[P]);
    site.settle();
    assert_eq!(site.told(to), [D, R, Q]);
    site.withdraw(from, &[Q]);
    site.settle();
    assert_eq!(site.told(to), [R]);
    assert_eq!(site.peers[&to].needless, 0);
    site.withdraw(from, &[R]);
    site.settle();
    site.assert_empty();
}

#[test]
fn a_route_that_matches_no_longer_makes_room_for_another() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    let to = site.up(2, 65002, |config| config.default_originate = while_there(&[P, Q], 7));
    site.announce(from, &[P, Q], &attrs(&[65001]));
    site.settle();
    for gone in [P, Q] {
        assert_eq!(site.told(to).first().map(String::as_str), Some(D));
        site.withdraw(from, &[gone]);
        site.settle();
    }
    assert!(site.told(to).is_empty());
    assert_eq!(site.peers[&to].withdrawn, 3, "each once");
}

#[test]
fn the_made_up_default_carries_a_metric_of_zero_and_comes_before_end_of_rib() {
    let mut site = Site::new();
    let to = site.up(2, 65002, |config| config.default_originate = always());
    let _ = site.rib.run(64);
    let (_, first) = site.rib.poll_transmit().unwrap();
    assert!(Update::check(&first[19..], &CAPS, PeerSide::External).unwrap().update.end_of_rib().is_none());
    site.peers.get_mut(&to).unwrap().hear(&first);
    assert_eq!(med(&site, to), Some(0));
}

#[test]
fn a_refresh_repeats_the_made_up_default() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    site.announce(from, &[P], &attrs(&[65001]));
    let to = site.up(2, 65002, |config| config.default_originate = while_there(&[P], 7));
    site.settle();
    site.peers.get_mut(&to).unwrap().told.clear();
    site.rib.handle_refresh(to, Family::Ipv4Unicast);
    site.settle();
    assert_eq!(site.told(to), [D, P]);
}
