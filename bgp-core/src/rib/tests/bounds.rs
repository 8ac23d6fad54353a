//! What stays bounded, whatever a peer does.

use core::time::Duration;

use super::*;
use crate::speaker::config::{MaximumPrefix, MaximumPrefixAction};

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
