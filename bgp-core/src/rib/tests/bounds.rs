//! What stays bounded, whatever a peer does.

use core::time::Duration;

use super::*;
use crate::speaker::config::{DefaultOriginate, MaximumPrefix, MaximumPrefixAction};

const P: &str = "203.0.113.0/24";

#[test]
fn a_looped_route_counts_as_withdrawn() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    site.announce(from, &[P], &attrs(&[65001]));
    site.settle();
    site.announce(from, &[P], &attrs(&[65001, 64510]));
    site.settle();
    site.assert_empty();
}

#[test]
fn a_next_hop_of_ours_counts_as_withdrawn() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    let body = reach_body(&[P], NextHop::V4([192, 0, 2, 250].into()), &attrs(&[65001]));
    let _ = site.update(from, &body);
    site.settle();
    site.assert_empty();
}

#[test]
fn maximum_prefix_warns_once_and_then_stops() {
    let limit = |action| MaximumPrefix { limit: 4, threshold: 50, action };
    let outcome = |received: Received| received.max_prefix.map(|verdict| verdict.outcome);
    let prefixes: Vec<String> = (0..8).map(|n| std::format!("203.0.113.{n}/32")).collect();
    let restart = MaximumPrefixAction::Restart(Duration::from_secs(60));
    for action in [MaximumPrefixAction::Teardown, restart, MaximumPrefixAction::Warn] {
        let mut site = Site::new();
        let from = site.up(1, 65001, |config| config.maximum_prefix = Some(limit(action)));
        let said: Vec<_> =
            prefixes.iter().map(|prefix| outcome(site.offer(from, &[prefix], &attrs(&[65001])))).collect();
        let expected = [
            None,
            None,
            Some(MaxPrefixOutcome::Threshold),
            None,
            Some(MaxPrefixOutcome::Exceeded(action)),
            None,
            None,
            None,
        ];
        assert_eq!(said, expected);
        let kept = site.rib.peer_counts(from, Family::Ipv4Unicast).accepted;
        assert_eq!(kept, if action == MaximumPrefixAction::Warn { 8 } else { 5 });
    }
}

#[test]
fn one_flapping_prefix_costs_no_memory_while_a_peer_sleeps() {
    let mut site = Site::new();
    let (from, to) = (site.up(1, 65001, |_| {}), site.up(2, 65002, |_| {}));
    site.settle();
    site.rib.families[Family::Ipv4Unicast].log.limit = 1000;
    site.asleep.push(to);
    for round in 0..20_000 {
        if round % 2 == 0 {
            site.announce(from, &[P], &attrs(&[65001, 1 + round / 2 % 1000]));
        } else {
            site.withdraw(from, &[P]);
        }
        // Nobody polls the forwarding table here.
        let _ = site.rib.run(16);
        while let Some((peer, chunk)) = site.rib.poll_transmit() {
            site.peers.get_mut(&peer).unwrap().hear(&chunk);
        }
    }
    let (waiting, capacity) = site.rib.families[Family::Ipv4Unicast].log.extent();
    assert!(waiting <= 1000 && capacity <= 4096, "{waiting} changes, room for {capacity}");
    assert!(site.rib.shared.peers.pending(site.rib.shared.peers.ix(to).unwrap()) < 1 << 20);
    site.asleep.clear();
    site.rib.handle_sent(to, usize::MAX);
    site.settle();
    assert!(site.told(to).is_empty());
    site.assert_empty();
}

#[test]
fn a_sleeping_peer_holds_nobody_up_and_catches_up() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    let (awake, asleep) = (site.up(2, 65002, |_| {}), site.up(3, 65003, |_| {}));
    site.settle();
    site.asleep.push(asleep);
    let mut large = attrs(&[65001]);
    large.set_communities(0..900);
    for round in 0..3 {
        for n in 0..400 {
            large.set_med(round * 1000 + n);
            let prefix = std::format!("10.{}.{}.0/24", n / 250, n % 250);
            site.announce(from, &[&prefix], &large);
        }
        site.settle();
    }
    assert_eq!(site.told(awake).len(), 400);
    let before = site.peers[&asleep].messages;
    assert!(before < site.peers[&awake].messages, "it was left behind");
    site.withdraw(from, &["10.0.0.0/24"]);
    site.settle();
    site.asleep.clear();
    site.rib.handle_sent(asleep, usize::MAX);
    site.settle();
    assert_eq!(site.peers[&asleep].told, site.peers[&awake].told);
    assert_eq!(site.rib.families[Family::Ipv4Unicast].groups.cohorts(), 1, "one cohort again");
}

#[test]
fn prefixes_that_come_and_go_leave_no_slots_behind_a_sleeping_peer() {
    let mut site = Site::new();
    let (from, to) = (site.up(1, 65001, |_| {}), site.up(2, 65002, |_| {}));
    site.announce(from, &[P], &attrs(&[65001]));
    site.settle();
    site.asleep.push(to);
    site.rib.families[Family::Ipv4Unicast].log.limit = 1000;
    site.rib.shared.peers.fill(to, 1 << 20);
    for n in 0..5_000 {
        let prefix = std::format!("10.{}.{}.{}/32", n >> 16, n >> 8 & 255, n & 255);
        site.announce(from, &[&prefix], &attrs(&[65001]));
        let _ = site.rib.run(16);
        site.withdraw(from, &[&prefix]);
        let _ = site.rib.run(16);
    }
    let slots = site.rib.families[Family::Ipv4Unicast].table.slots();
    assert!(slots <= 1000, "{slots}");
    site.withdraw(from, &[P]);
    site.asleep.clear();
    site.rib.handle_sent(to, usize::MAX);
    site.settle();
    assert!(site.told(to).is_empty());
    site.assert_empty();
}

#[test]
fn refreshes_asked_for_again_and_again_are_one() {
    for enhanced_refresh in [true, false] {
        let mut site = Site::new();
        let from = site.up(1, 65001, |_| {});
        let asks = facts(2, 65002, |config| config.default_originate = Some(DefaultOriginate::default()));
        let to = site.up_with(2, RibPeer { enhanced_refresh, ..asks });
        site.announce(from, &[P], &attrs(&[65001]));
        site.settle();
        let before = site.peers[&to].messages;
        site.asleep.push(to);
        for _ in 0..10_000 {
            site.rib.handle_refresh(to, Family::Ipv4Unicast);
        }
        let ix = site.rib.shared.peers.ix(to).unwrap();
        let waiting = site.rib.shared.peers.pending(ix);
        assert!(waiting < 200, "{waiting} octets wait");
        site.settle();
        // The default route and the prefix, and the markers around them.
        let expected = if enhanced_refresh { 4 } else { 2 };
        assert_eq!(site.peers[&to].messages - before, expected);
        // And when that is over, once more.
        site.rib.handle_refresh(to, Family::Ipv4Unicast);
        site.settle();
        assert_eq!(site.peers[&to].messages - before, 2 * expected);
    }
}

#[test]
fn a_refresh_that_begins_again_and_again_leaves_no_feeds_behind() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    site.announce(from, &[P], &attrs(&[65001]));
    site.settle();
    for round in 0..1000 {
        site.rib.mark_stale(from, Family::Ipv4Unicast);
        site.announce(from, &[&std::format!("10.0.{}.0/24", round % 200)], &attrs(&[65001]));
        if round % 3 == 0 {
            site.rib.sweep_stale(from, Family::Ipv4Unicast);
        }
    }
    let feeds = site.rib.shared.sources.extent();
    assert!(feeds <= 8, "{feeds}");
    site.settle();
    assert_eq!(site.rib.peer_counts(from, Family::Ipv4Unicast).received, 200);
}

#[test]
fn sessions_that_come_and_go_leave_no_feeds_behind_in_a_large_table() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    for n in 0..1000 {
        site.announce(from, &[&std::format!("10.{}.{}.0/24", n / 250, n % 250)], &attrs(&[65001]));
    }
    site.settle();
    for _ in 0..2000 {
        let guest = site.up(2, 65002, |_| {});
        site.announce(guest, &[P], &attrs(&[65002]));
        site.down(guest, Retain::Nothing);
        // Far less than a walk over the table.
        let _ = site.rib.run(100);
        site.drain();
    }
    let feeds = site.rib.shared.sources.extent();
    assert!(feeds <= 100, "{feeds}");
}

#[test]
fn memory_is_given_back_when_a_table_is_lost_and_the_next_one_is_as_the_first() {
    let mut site = Site::new();
    let own = site.up(9, 65009, |_| {});
    let to = site.up(2, 65002, |_| {});
    site.announce(own, &["198.51.100.0/24"], &attrs(&[65009]));
    site.settle();
    let octets = |site: &Site| {
        let totals = site.rib.totals(Family::Ipv4Unicast);
        totals.table_octets + totals.attribute_octets
    };
    let empty = octets(&site);
    let prefixes: Vec<_> = (0..10_000u32).map(|n| std::format!("10.{}.{}.0/24", n >> 8, n & 0xff)).collect();
    let mut full = 0;
    for _ in 0..3 {
        let feeds = [site.up(1, 65001, |_| {}), site.up(3, 65003, |_| {})];
        for (feed, asn) in feeds.into_iter().zip([65001, 65003]) {
            for (path, prefix) in (0..).zip(&prefixes) {
                site.announce(feed, &[prefix.as_str()], &attrs(&[asn, 70_000 + path]));
            }
        }
        site.settle();
        assert_eq!(site.told(to).len(), 10_001);
        assert_eq!(site.rib.totals(Family::Ipv4Unicast).paths, 20_001);
        full = full.max(octets(&site));
        // One by sweeping, one by word.
        site.down(feeds[0], Retain::Nothing);
        for some in prefixes.chunks(100) {
            site.withdraw(feeds[1], &some.iter().map(String::as_str).collect::<Vec<_>>());
        }
        site.settle();
        site.down(feeds[1], Retain::Nothing);
        site.settle();
        assert_eq!(site.told(to), ["198.51.100.0/24"]);
        // What is left behind is less than a hundredth.
        assert!(octets(&site) < empty + full / 100, "{} of {full}, {empty} when empty", octets(&site));
    }
    site.withdraw(own, &["198.51.100.0/24"]);
    site.settle();
    site.assert_empty();
}
