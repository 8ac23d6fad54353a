//! Graceful restart between speakers, both sides of it, in virtual time (RFC 4724).

#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bgp_core::session::{OpenSummary, SessionEvent};
use bgp_core::speaker::config::{Config, GracefulRestartMode, ListenRange};
use bgp_core::speaker::{Direction, Link, PeerEvent, Sweep};
use bgp_core::{Asn, Prefix, RouterId};
use testkit::wanted::{Wanted, peer, router};
use testkit::{Loss, Network, RouterIndex, address};

const SECOND: Duration = Duration::from_secs(1);
const NET: &str = "203.0.113.0/24";
const NET2: &str = "198.51.100.0/24";

fn restarter(number: u8, asn: u32) -> Config {
    let mut config = router(number, asn);
    config.graceful_restart.mode = GracefulRestartMode::Restarter;
    config
}

fn with_range(mut config: Config, asn: u32) -> Config {
    let template = Arc::new(peer(asn));
    config.listen_ranges.push(ListenRange { prefix: "10.0.0.0/24".parse().unwrap(), template });
    config
}

fn ways(network: &Network, index: RouterIndex, to: &str) -> Vec<IpAddr> {
    let route = network.router(index).fib.get(&to.parse::<Prefix>().unwrap());
    route.map(|route| route.next_hops.iter().map(|way| way.address.address()).collect()).unwrap_or_default()
}

fn arrives(network: &mut Network, index: RouterIndex, to: &str) {
    network.wait_for(5 * SECOND, &format!("router {index} has {to}"), |network| {
        !ways(network, index, to).is_empty()
    });
}

fn leaves(network: &mut Network, index: RouterIndex, to: &str) {
    network.wait_for(5 * SECOND, &format!("router {index} has lost {to}"), |network| {
        ways(network, index, to).is_empty()
    });
}

/// Lets time pass while a router must have a route all along.
fn holds_for(network: &mut Network, time: Duration, (index, to): (RouterIndex, &str)) {
    let since = network.now();
    while network.now() - since < time {
        network.run_for(SECOND / 20);
        assert!(!ways(network, index, to).is_empty(), "{to} is gone after {:?}", network.now() - since);
    }
}

/// The peer's router ends and starts again at once; another of its peers cannot reach it meanwhile.
fn restart_cut_off(network: &mut Network, (index, config): (RouterIndex, Config), from: RouterIndex) {
    network.set_cut(index, from, true);
    network.lose(index, Loss::Killed);
    network.revive(index, config);
}

fn swept(network: &Network, index: RouterIndex, from: u8) -> Vec<Sweep> {
    let events = network.router(index).peer_events(address(from));
    events
        .filter_map(|event| match event {
            PeerEvent::StaleSwept { why, .. } => Some(*why),
            _ => None,
        })
        .collect()
}

/// What the last OPEN of router `from` said to router `index`: the R bit, and whether any F bit is set.
fn bits(network: &Network, index: RouterIndex, from: u8) -> (bool, bool) {
    let view = network.router(index).speaker.peer(address(from)).unwrap();
    let restart = view.session.unwrap().negotiated.unwrap().graceful_restart.unwrap();
    (restart.restarted, !restart.forwarding.is_empty())
}

fn up(network: &mut Network, limit: Duration, (index, from): (RouterIndex, u8)) {
    network.wait_for(limit, "Established", |network| network.router(index).is_up(address(from)));
}

/// 2 (NET) - 1 - 3; the first knows the second by its range only.
fn with_dynamic_peer() -> (Network, Config) {
    let one = with_range(restarter(1, 65001).with_peer(3, peer(65003)), 65002);
    let mut network = Network::new(1);
    network.add(one.clone());
    network.add(restarter(2, 65002).with_peer(1, peer(65001)).with_network(NET));
    network.add(restarter(3, 65003).with_peer(1, peer(65001)));
    arrives(&mut network, 2, NET);
    (network, one)
}

#[test]
fn routes_of_dynamic_peers_outlive_our_restart() {
    let (mut network, one) = with_dynamic_peer();
    restart_cut_off(&mut network, (0, one), 1);
    assert!(!network.router(0).speaker.has_heard_everybody());
    holds_for(&mut network, 30 * SECOND, (0, NET));
    let speaker = &network.router(0).speaker;
    assert!(speaker.has_heard_everybody() && !speaker.is_converged(), "only strangers are waited for");
    network.set_cut(0, 1, false);
    holds_for(&mut network, 150 * SECOND, (0, NET));
    assert!(network.router(0).is_up(address(2)));
    assert!(network.router(0).speaker.is_converged());
}

#[test]
fn routes_of_dynamic_peers_that_stay_away_go_after_our_restart_time() {
    let (mut network, one) = with_dynamic_peer();
    restart_cut_off(&mut network, (0, one), 1);
    holds_for(&mut network, 119 * SECOND, (0, NET));
    leaves(&mut network, 0, NET);
}

/// 2 (NET) - 1 - 3.
fn chain() -> (Network, Config) {
    let one = restarter(1, 65001).with_peer(2, peer(65002)).with_peer(3, peer(65003));
    let mut network = Network::new(1);
    network.add(one.clone());
    network.add(restarter(2, 65002).with_peer(1, peer(65001)).with_network(NET));
    network.add(restarter(3, 65003).with_peer(1, peer(65001)));
    arrives(&mut network, 2, NET);
    (network, one)
}

#[test]
fn a_helper_keeps_what_a_restarted_router_has_yet_to_learn_again() {
    let (mut network, one) = chain();
    restart_cut_off(&mut network, (0, one), 1);
    up(&mut network, 10 * SECOND, (2, 1));
    holds_for(&mut network, 30 * SECOND, (2, NET));
    network.set_cut(0, 1, false);
    holds_for(&mut network, 60 * SECOND, (2, NET));
    assert_eq!(swept(&network, 2, 1), [Sweep::EndOfRib], "End-of-RIB has come in the end");
}

#[test]
fn a_helper_loses_what_a_restarted_router_does_not_learn_again() {
    let (mut network, one) = chain();
    restart_cut_off(&mut network, (0, one), 1);
    holds_for(&mut network, 119 * SECOND, (2, NET));
    leaves(&mut network, 2, NET);
    assert_eq!(swept(&network, 2, 1), [Sweep::EndOfRib]);
}

#[test]
fn two_that_restart_at_once_do_not_wait_for_each_other() {
    let one = restarter(1, 65001).with_peer(2, peer(65002)).with_network(NET2);
    let two = restarter(2, 65002).with_peer(1, peer(65001)).with_network(NET);
    let mut network = Network::new(1);
    network.add(one.clone());
    network.add(two.clone());
    arrives(&mut network, 0, NET);
    arrives(&mut network, 1, NET2);
    network.lose(0, Loss::Killed);
    network.lose(1, Loss::Killed);
    network.revive(0, one);
    network.revive(1, two);
    network.wait_for(30 * SECOND, "both are done", |network| {
        [0, 1].iter().all(|index| network.router(*index).speaker.is_converged())
    });
    holds_for(&mut network, SECOND, (0, NET));
    holds_for(&mut network, SECOND, (1, NET2));
}

#[test]
fn a_dismissed_dynamic_peer_is_told_that_forwarding_went_on() {
    let mut network = Network::new(1);
    network.add(with_range(restarter(1, 65001), 65002).with_network(NET));
    network.add(router(2, 65002).with_peer(1, peer(65001)));
    arrives(&mut network, 1, NET);
    network.disconnect(0, 1);
    network.run_for(SECOND / 100);
    network.set_cut(0, 1, true);
    holds_for(&mut network, 5 * SECOND, (1, NET));
    assert_eq!(network.router(0).speaker.peers().count(), 0, "it is dismissed");
    network.set_cut(0, 1, false);
    holds_for(&mut network, 30 * SECOND, (1, NET));
    assert!(network.router(1).is_up(address(1)));
    assert_eq!(swept(&network, 1, 1), [Sweep::EndOfRib]);
}

#[test]
fn a_restart_is_told_for_the_restart_time_and_preserved_state_for_ever() {
    let (mut network, one) = chain();
    network.lose(0, Loss::Killed);
    network.revive(0, one);
    up(&mut network, 10 * SECOND, (2, 1));
    network.run_for(10 * SECOND);
    assert!(network.router(0).speaker.is_converged());
    network.disconnect(0, 2);
    network.run_for(10 * SECOND);
    assert_eq!(bits(&network, 2, 1), (true, true));
    network.run_for(120 * SECOND);
    network.disconnect(0, 2);
    network.run_for(10 * SECOND);
    assert_eq!(bits(&network, 2, 1), (false, true));
}

#[test]
fn stale_routes_are_kept_no_longer_than_we_want() {
    let mut one = restarter(1, 65001).with_peer(2, peer(65002));
    one.graceful_restart.stale_time = 30 * SECOND;
    let mut network = Network::new(1);
    network.add(one);
    network.add(restarter(2, 65002).with_peer(1, peer(65001)).with_network(NET));
    arrives(&mut network, 0, NET);
    network.lose(1, Loss::Killed);
    holds_for(&mut network, 29 * SECOND, (0, NET));
    leaves(&mut network, 0, NET);
    assert_eq!(swept(&network, 0, 2), [Sweep::StaleTime]);
    let kept = network.router(0).peer_events(address(2)).find_map(|event| match event {
        PeerEvent::RoutesKept { at_most, .. } => Some(*at_most),
        _ => None,
    });
    assert_eq!(kept, Some(30 * SECOND));
}

#[test]
fn a_collision_is_not_taken_for_a_restart() {
    let mut collisions = 0;
    for seed in 0..60 {
        let mut one = restarter(1, 65001).with_peer(2, peer(65002));
        if seed % 2 == 0 {
            one.router_id = RouterId(9);
        }
        let mut network = Network::new(seed);
        // So long a delay that both ends dial before they hear of each other.
        network.set_delay(Duration::from_millis(250 + seed * 5));
        network.add(one);
        network.add(restarter(2, 65002).with_peer(1, peer(65001)));
        network.run_for(60 * SECOND);
        for (index, from) in [(0, address(2)), (1, address(1))] {
            assert!(network.router(index).is_up(from), "seed {seed}");
            assert_eq!(network.router(index).speaker.peer(from).unwrap().dropped, 0, "seed {seed}");
            for event in network.router(index).peer_events(from) {
                assert!(!matches!(event, PeerEvent::Replaced), "seed {seed}");
                collisions += u32::from(matches!(event, PeerEvent::Collision { .. }));
            }
        }
    }
    assert!(collisions > 30, "the test makes collisions: {collisions}");
}

#[test]
fn a_connection_made_just_after_the_start_is_no_restart_and_a_later_one_is() {
    for (after, dropped) in [(SECOND, 0), (10 * SECOND, 1)] {
        let mut network = Network::new(1);
        network.add(restarter(1, 65001).with_peer(2, peer(65002)));
        network.add(restarter(2, 65002).with_peer(1, peer(65001)));
        up(&mut network, 5 * SECOND, (0, 2));
        network.run_for(after);
        let link = Link {
            remote: SocketAddr::new(address(2), 50_000),
            local: SocketAddr::new(address(1), 179),
            direction: Direction::Accepted,
            interface: Some(network.router(0).interface()),
        };
        let now = network.now();
        let speaker = &mut network.router_mut(0).speaker;
        let (id, _session) = speaker.handle_connected(link, now).unwrap();
        let open = OpenSummary { router_id: RouterId(2), asn: Asn(65002) };
        speaker.handle_event(id, SessionEvent::Opened(open), now);
        assert_eq!(speaker.peer(address(2)).unwrap().dropped, dropped, "{after:?} after the start");
    }
}
