//! Whatever happens for an hour, afterwards everybody agrees: random losses, cuts, resets and reloads in a mesh of
//! ASes, then a while of peace. The seed is in every message, and the same seed does the same.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::time::Duration;

use bgp_core::Prefix;
use bgp_core::speaker::config::{Config, GracefulRestartMode};
use bgp_core::speaker::{Clear, Refresh};
use testkit::wanted::{Wanted, peer, router};
use testkit::{Loss, Network, address};

const SECOND: Duration = Duration::from_secs(1);
const ROUTERS: u8 = 4;

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn router(&mut self) -> usize {
        self.below(u64::from(ROUTERS)) as usize
    }
}

/// What a router is to do, and which of its four networks it announces.
fn wanted(number: u8, networks: u64, graceful: bool) -> Config {
    let mut config = router(number, 65000 + u32::from(number));
    if graceful {
        config.graceful_restart.mode = GracefulRestartMode::Restarter;
    }
    for other in (1..=ROUTERS).filter(|other| *other != number) {
        config = config.with_peer(other, peer(65000 + u32::from(other)));
    }
    for net in (0..4).filter(|net| networks & (1 << net) != 0) {
        config = config.with_network(&network_of(number, net).to_string());
    }
    config
}

fn network_of(number: u8, net: u8) -> Prefix {
    format!("172.{number}.{net}.0/24").parse().unwrap()
}

fn disturb(network: &mut Network, dice: &mut Dice, networks: &mut [u64], graceful: bool) {
    let (one, other) = (dice.router(), dice.router());
    let now = network.now();
    let number = one as u8 + 1;
    match dice.below(9) {
        0 if network.router(one).is_alive => network.lose(one, Loss::Killed),
        1 if network.router(one).is_alive => network.lose(one, Loss::Vanished),
        2 if !network.router(one).is_alive => network.revive(one, wanted(number, networks[one], graceful)),
        3 if network.router(one).is_alive => {
            networks[one] = dice.below(16);
            network.reload(one, wanted(number, networks[one], graceful));
        }
        4 => network.set_cut(one, other, dice.below(2) == 0),
        5 if network.router(one).is_alive => {
            let kind = match dice.below(3) {
                0 => Clear::Soft(Refresh { import: true, export: false }),
                1 => Clear::Soft(Refresh { import: false, export: true }),
                _ => Clear::Hard,
            };
            network.router_mut(one).speaker.clear(address(other as u8 + 1), kind, now);
        }
        6 => network.disconnect(one, other),
        7 => network.set_delay(Duration::from_millis(dice.below(400))),
        _ => {}
    }
    network.run_for(Duration::from_millis(dice.below(20_000)));
}

fn an_hour(seed: u64) {
    let graceful = seed.is_multiple_of(2);
    let mut dice = Dice(seed);
    let mut network = Network::new(seed);
    let mut networks = [15, 15, 15, 15];
    for number in 1..=ROUTERS {
        network.add(wanted(number, 15, graceful));
    }
    while network.now().since_start() < 3600 * SECOND {
        disturb(&mut network, &mut dice, &mut networks, graceful);
    }
    for (one, announced) in networks.iter().enumerate() {
        for other in 0..usize::from(ROUTERS) {
            network.set_cut(one, other, false);
        }
        if !network.router(one).is_alive {
            network.revive(one, wanted(one as u8 + 1, *announced, graceful));
        }
    }
    network.run_for(600 * SECOND);
    for one in 0..usize::from(ROUTERS) {
        let router = network.router(one);
        assert_eq!(router.connection_count(), usize::from(ROUTERS) - 1, "seed {seed}, router {one}");
        let others = (0..ROUTERS).filter(|other| usize::from(*other) != one);
        let expected: BTreeSet<Prefix> = others
            .flat_map(|other| (0..4).map(move |net| (other, net)))
            .filter(|(other, net)| networks[usize::from(*other)] & (1 << net) != 0)
            .map(|(other, net)| network_of(other + 1, net))
            .collect();
        let found: BTreeSet<Prefix> = router.fib.keys().copied().collect();
        assert_eq!(found, expected, "seed {seed}, router {one}");
        for view in router.speaker.peers() {
            assert!(view.stale.is_empty(), "seed {seed}, router {one}");
        }
    }
}

#[test]
fn after_an_hour_of_losses_everybody_agrees() {
    for seed in 1..=12 {
        an_hour(seed);
    }
}
