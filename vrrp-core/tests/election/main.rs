//! Three routers on a link in virtual time: deaths, returns, partitions, delays, reorders, from seeds.
//!
//! Two things are asked of every run. Each router must do what the RFC's own table says, step for step: the table is
//! written down a second time, as plainly as it can be, in `model.rs`. And however the run went, Active_Down and the
//! worst delay after the last disturbance there is one Active in each partition, and it is the one that the RFC names.
//!
//! A failure names its seed; put it in place of the range to see it again.
#![allow(clippy::unwrap_used, clippy::panic)]

mod lan;
mod model;

use core::time::Duration;

use lan::{Dice, Lan, Node, Rules};
use vrrp_core::{Departure, Family, FsmState, Preempt, Readiness, TrackId, Version};

/// What a run is about.
const TABLE: &[Rules] = &[
    Rules { version: Version::V3, family: Family::Ipv4 },
    Rules { version: Version::V3, family: Family::Ipv6 },
    Rules { version: Version::V2, family: Family::Ipv4 },
];

/// Something happens to the link or to a router, as the RFC knows it.
fn disturb(lan: &mut Lan, dice: &mut Dice) {
    let node = dice.below(3);
    match dice.below(8) {
        0 | 1 => lan.kill(node),
        2 | 3 => lan.boot(node, Readiness::Ready),
        4 => lan.stop(node, Departure::Immediate),
        5 => lan.set_link(node, dice.below(2) == 0),
        6 => lan.partition([dice.below(2), dice.below(2), dice.below(3)]),
        _ => lan.partition([0, 0, 0]),
    }
}

/// The same with what we have beyond the RFC.
fn disturb_more(lan: &mut Lan, dice: &mut Dice) {
    let node = dice.below(3);
    match dice.below(10) {
        0 => lan.boot(node, Readiness::Waiting),
        1 => lan.ready(node),
        2 | 3 => lan.track(node, TrackId(1), [0, 40, 90, 200][dice.below(4)]),
        4 => lan.stop(node, Departure::Graceful),
        5 => lan.start(node),
        _ => disturb(lan, dice),
    }
}

fn run(seed: u64, disturb: fn(&mut Lan, &mut Dice), with_model: bool) {
    let mut dice = Dice::new(seed);
    let rules = TABLE[dice.below(TABLE.len())];
    let mut lan = Lan::random(seed, rules, with_model, &mut dice);
    for node in 0..3 {
        lan.boot(node, Readiness::Ready);
    }
    for _ in 0..4 {
        for _ in 0..=dice.below(6) {
            disturb(&mut lan, &mut dice);
            lan.run_for(dice.up_to(Duration::from_secs(5)));
        }
        lan.run_for(lan.settling_time());
        lan.run_settled(Duration::from_secs(5));
    }
}

#[test]
fn every_step_is_the_tables_and_the_end_is_one_active_that_the_rfc_names() {
    for seed in 0..6_000 {
        run(seed, disturb, true);
    }
}

#[test]
fn with_tracking_readiness_and_departures_the_end_is_the_same() {
    for seed in 0..6_000 {
        run(seed, disturb_more, false);
    }
}

/// Routers of priorities 200, 150 and 100 that have settled.
fn settled(seed: u64) -> (Lan, Dice) {
    let mut dice = Dice::new(seed);
    let rules = TABLE[dice.below(TABLE.len())];
    let nodes =
        [200, 150, 100].map(|priority| Node::new(priority, 100, Preempt::On { delay: Duration::ZERO }));
    let mut lan = Lan::new(seed, rules, nodes, Duration::from_millis(5));
    for node in 0..3 {
        lan.boot(node, Readiness::Ready);
    }
    lan.run_for(lan.settling_time() + dice.up_to(Duration::from_secs(2)));
    assert_eq!(lan.state(0), FsmState::Active);
    (lan, dice)
}

#[test]
fn after_a_death_nobody_but_the_next_in_line_advertises() {
    for seed in 0..500 {
        let (mut lan, _) = settled(seed);
        lan.kill(0);
        lan.forget_senders();
        lan.run_for(Duration::from_secs(5));
        assert_eq!(lan.senders(), [false, true, false], "seed {seed}");
    }
}

#[test]
fn a_graceful_departure_leaves_no_moment_without_a_gateway() {
    for seed in 0..500 {
        let (mut lan, _) = settled(seed);
        lan.forget_gap();
        lan.stop(0, Departure::Graceful);
        lan.run_for(Duration::from_secs(5));
        assert_eq!(lan.longest_gap(), Duration::ZERO, "seed {seed}");
        assert_eq!(lan.state(0), FsmState::Initialize, "seed {seed}");
        assert_eq!(lan.state(1), FsmState::Active, "seed {seed}");
    }
}

#[test]
fn a_fallen_priority_moves_the_gateway_within_an_interval_and_without_a_gap() {
    for seed in 0..500 {
        let (mut lan, mut dice) = settled(seed);
        lan.forget_gap();
        lan.track(0, TrackId(7), 100);
        let skew = Duration::from_secs(1) * (256 - 150) / 256;
        lan.run_for(skew + Duration::from_millis(10));
        assert_eq!((lan.state(0), lan.state(1)), (FsmState::Backup, FsmState::Active), "seed {seed}");
        lan.run_for(dice.up_to(Duration::from_secs(9)));
        lan.track(0, TrackId(7), 0);
        lan.run_for(Duration::from_secs(5));
        assert_eq!((lan.state(0), lan.state(1)), (FsmState::Active, FsmState::Backup), "seed {seed}");
        assert_eq!(lan.longest_gap(), Duration::ZERO, "seed {seed}");
    }
}

#[test]
fn a_death_is_noticed_after_active_down_and_no_later() {
    for seed in 0..500 {
        let (mut lan, _) = settled(seed);
        lan.forget_gap();
        lan.kill(0);
        lan.run_for(Duration::from_secs(8));
        let active_down = Duration::from_secs(3) + Duration::from_secs(1) * (256 - 150) / 256;
        assert!(lan.longest_gap() <= active_down + Duration::from_millis(5), "seed {seed}");
        assert!(lan.longest_gap() >= active_down - Duration::from_secs(1), "seed {seed}");
    }
}
