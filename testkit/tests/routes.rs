//! What routes do between speakers, in virtual time.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bgp_core::policy::{Action, PrefixEntry, PrefixList};
use bgp_core::rib::{LocalRoute, MaxPrefixOutcome, OwnerId};
use bgp_core::speaker::config::{
    Config, GracefulRestartMode, MaximumPrefix, MaximumPrefixAction, NextHopSelf, PeerConfig,
    PeerFamilyConfig, Redistribute, RouteSource,
};
use bgp_core::speaker::{IdleReason, KernelRoute, LinkInterface, PeerChange, PeerEvent, PeerState, Sweep};
use bgp_core::wire::ErrorKind;
use bgp_core::{Family, Prefix};
use testkit::wanted::{Wanted, peer, router};
use testkit::{Loss, Network, RouterIndex, address, address6};

const SECOND: Duration = Duration::from_secs(1);
const NET: &str = "203.0.113.0/24";
const NET2: &str = "198.51.100.0/24";
const NET6: &str = "2001:db8:1000::/48";

fn pair() -> (Config, Config) {
    (router(1, 65001).with_peer(2, peer(65002)), router(2, 65002).with_peer(1, peer(65001)))
}

fn prefix(text: &str) -> Prefix {
    text.parse().unwrap()
}

fn v4(peer: &mut PeerConfig) -> &mut bgp_core::speaker::config::PeerFamilyConfig {
    peer.families[Family::Ipv4Unicast].as_mut().unwrap()
}

/// Where a router sends packets for a prefix.
fn ways(network: &Network, index: RouterIndex, to: &str) -> Vec<IpAddr> {
    let route = network.router(index).fib.get(&prefix(to));
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

fn only(permitted: &str) -> Option<Arc<PrefixList>> {
    let prefix = prefix(permitted);
    let (min_len, max_len) = (prefix.prefix_len(), prefix.prefix_len());
    let entry = PrefixEntry { seq: 5, action: Action::Permit, prefix, min_len, max_len };
    Some(Arc::new(PrefixList::new("ONLY", vec![entry])))
}

#[test]
fn a_route_and_its_withdrawal_travel() {
    let (one, two) = pair();
    let mut network = Network::new(1);
    network.add(one.clone().with_network(NET).with_network(NET2));
    network.add(two);
    arrives(&mut network, 1, NET);
    arrives(&mut network, 1, NET2);
    assert_eq!(ways(&network, 1, NET), [address(1)]);
    network.reload(0, one.with_network(NET2));
    leaves(&mut network, 1, NET);
    assert_eq!(ways(&network, 1, NET2), [address(1)]);
    assert_eq!(network.router(0).speaker.peer(address(2)).unwrap().dropped, 0);
    network.lose(0, Loss::Killed);
    leaves(&mut network, 1, NET2);
}

#[test]
fn ipv6_routes_travel_over_ipv6() {
    let mut network = Network::new(1);
    network.add(router(1, 65001).with_peer6(2, peer(65002)).with_network(NET6));
    network.add(router(2, 65002).with_peer6(1, peer(65001)));
    arrives(&mut network, 1, NET6);
    assert_eq!(ways(&network, 1, NET6), [address6(1)]);
}

#[test]
fn a_changed_address_of_the_link_is_told_without_a_new_session() {
    let (one, two) = pair();
    let with_v6 = |peer: &mut PeerConfig| {
        peer.families[Family::Ipv6Unicast] = Some(PeerFamilyConfig::default());
    };
    let mut network = Network::new(1);
    network.add(one.with_network(NET6).change_peer(2, with_v6));
    network.add(two.change_peer(1, with_v6));
    arrives(&mut network, 1, NET6);
    assert_eq!(ways(&network, 1, NET6), [address6(1)]);
    let mut lan = LinkInterface { index: 1, name: "lan0".into(), ..LinkInterface::default() };
    let now = network.now();
    network.router_mut(0).speaker.handle_link_changed(&lan, now);
    leaves(&mut network, 1, NET6);
    lan.ipv6 = Some("2001:db8::77".parse().unwrap());
    let now = network.now();
    network.router_mut(0).speaker.handle_link_changed(&lan, now);
    arrives(&mut network, 1, NET6);
    assert_eq!(ways(&network, 1, NET6), [IpAddr::from(lan.ipv6.unwrap())]);
    assert_eq!(network.router(0).speaker.peer(address(2)).unwrap().dropped, 0);
}

#[test]
fn a_network_is_announced_while_the_kernel_has_it() {
    let (mut one, two) = pair();
    one.network_import_check = true;
    let mut network = Network::new(1);
    network.add(one.with_network(NET));
    network.add(two);
    network.run_for(5 * SECOND);
    assert!(ways(&network, 1, NET).is_empty());
    network.install(0, prefix(NET));
    arrives(&mut network, 1, NET);
}

#[test]
fn external_peers_without_policy_exchange_nothing() {
    let (mut one, mut two) = pair();
    one.ebgp_requires_policy = true;
    two.ebgp_requires_policy = true;
    let mut network = Network::new(1);
    network.add(one.clone().with_network(NET));
    network.add(two.clone());
    network.run_for(5 * SECOND);
    assert!(network.router(1).is_up(address(1)));
    assert!(ways(&network, 1, NET).is_empty());
    // Policy on both ends, by reload.
    let one = one.with_network(NET).change_peer(2, |peer| v4(peer).export.prefix_list = only(NET));
    let two = two.change_peer(1, |peer| v4(peer).import.prefix_list = only(NET));
    network.reload(0, one);
    network.reload(1, two);
    arrives(&mut network, 1, NET);
    assert_eq!(network.router(0).speaker.peer(address(2)).unwrap().dropped, 0);
}

#[test]
fn a_change_of_policy_is_soft_both_ways() {
    let (one, two) = pair();
    let mut network = Network::new(1);
    network.add(one.clone().with_network(NET).with_network(NET2));
    network.add(two.clone());
    arrives(&mut network, 1, NET);
    arrives(&mut network, 1, NET2);
    let strict = two.clone().change_peer(1, |peer| v4(peer).import.prefix_list = only(NET2));
    let summary = network.reload(1, strict);
    assert!(matches!(&summary.peers[..], [(_, PeerChange::Soft { .. })]), "{summary:?}");
    leaves(&mut network, 1, NET);
    assert_eq!(ways(&network, 1, NET2), [address(1)]);
    // What was refused was not kept: it is asked for again.
    network.reload(1, two);
    arrives(&mut network, 1, NET);
    // The other way round.
    let quiet = one.with_network(NET).with_network(NET2);
    network.reload(0, quiet.change_peer(2, |peer| v4(peer).export.prefix_list = only(NET)));
    leaves(&mut network, 1, NET2);
    assert_eq!(ways(&network, 1, NET), [address(1)]);
    assert_eq!(network.router(0).speaker.peer(address(2)).unwrap().dropped, 0);
}

#[test]
fn requiring_policy_or_not_is_soft_too() {
    let (one, two) = pair();
    let strict = |mut config: Config| {
        config.ebgp_requires_policy = true;
        config
    };
    let (one, two) = (one.with_network(NET), two.with_network(NET2));
    let mut network = Network::new(1);
    network.add(one.clone());
    network.add(two);
    arrives(&mut network, 0, NET2);
    arrives(&mut network, 1, NET);
    network.reload(0, strict(one.clone()));
    leaves(&mut network, 0, NET2);
    leaves(&mut network, 1, NET);
    network.reload(0, one);
    arrives(&mut network, 0, NET2);
    arrives(&mut network, 1, NET);
    assert_eq!(network.router(0).speaker.peer(address(2)).unwrap().dropped, 0);
}

#[test]
fn what_is_kept_on_the_way_in_needs_no_refresh() {
    let (one, two) = pair();
    let keeping = two.change_peer(1, |peer| v4(peer).soft_reconfiguration = true);
    let strict = keeping.clone().change_peer(1, |peer| v4(peer).import.prefix_list = only(NET2));
    let mut network = Network::new(1);
    network.add(one.with_network(NET).with_network(NET2));
    network.add(keeping.clone());
    arrives(&mut network, 1, NET);
    network.reload(1, strict);
    leaves(&mut network, 1, NET);
    network.reload(1, keeping);
    arrives(&mut network, 1, NET);
    assert_eq!(network.router(1).speaker.peer(address(1)).unwrap().stats.sent.route_refresh, 0);
}

#[test]
fn redistribution_follows_the_kernel_and_the_line() {
    let (one, two) = pair();
    let mut redistributing = one.clone();
    let family = &mut redistributing.families[Family::Ipv4Unicast];
    family.redistribute.insert(RouteSource::Static, Redistribute::default());
    let mut network = Network::new(1);
    network.add(redistributing);
    network.add(two);
    let route = |text| KernelRoute { prefix: prefix(text), next_hop: None, metric: 20 };
    let set = |network: &mut Network, routes: Vec<KernelRoute>| {
        let now = network.now();
        let speaker = &mut network.router_mut(0).speaker;
        speaker.set_redistributed(RouteSource::Static, Family::Ipv4Unicast, routes, now);
    };
    set(&mut network, vec![route(NET), route(NET2)]);
    arrives(&mut network, 1, NET);
    arrives(&mut network, 1, NET2);
    set(&mut network, vec![route(NET2)]);
    leaves(&mut network, 1, NET);
    network.reload(0, one);
    leaves(&mut network, 1, NET2);
}

#[test]
fn internal_peers_pass_on_what_they_learned_outside_and_nothing_else() {
    // 1 (65001) - 2 (65002) - 3 (65002) - 4 (65002); nothing between 2 and 4.
    let myself = |mut peer: PeerConfig| {
        v4(&mut peer).next_hop_self = NextHopSelf::Always;
        peer
    };
    let client = |mut peer: PeerConfig| {
        v4(&mut peer).route_reflector_client = true;
        peer
    };
    let mut network = Network::new(1);
    network.add(router(1, 65001).with_peer(2, peer(65002)).with_network(NET));
    network.add(router(2, 65002).with_peer(1, peer(65001)).with_peer(3, myself(peer(65002))));
    let plain = router(3, 65002).with_peer(2, peer(65002)).with_peer(4, peer(65002));
    network.add(plain);
    network.add(router(4, 65002).with_peer(3, peer(65002)));
    arrives(&mut network, 2, NET);
    assert_eq!(ways(&network, 2, NET), [address(2)], "next-hop-self");
    network.run_for(5 * SECOND);
    assert!(ways(&network, 3, NET).is_empty(), "an internal route does not go to an internal peer");
    // As a reflector, 3 passes it on and leaves the next hop alone (RFC 4456 §10).
    let reflector = router(3, 65002).with_peer(2, peer(65002)).with_peer(4, client(peer(65002)));
    network.reload(2, reflector);
    arrives(&mut network, 3, NET);
    assert_eq!(ways(&network, 3, NET), [address(2)]);
    network.lose(0, Loss::Killed);
    leaves(&mut network, 3, NET);
}

#[test]
fn a_ring_of_ases_settles_and_forgets() {
    let mut network = Network::new(1);
    let mesh = |number: u8| {
        (1..=3)
            .filter(|other| *other != number)
            .fold(router(number, 65000 + u32::from(number)), |config, other| {
                config.with_peer(other, peer(65000 + u32::from(other)))
            })
    };
    network.add(mesh(1).with_network(NET));
    network.add(mesh(2));
    network.add(mesh(3));
    arrives(&mut network, 1, NET);
    arrives(&mut network, 2, NET);
    network.run_for(SECOND);
    assert_eq!(ways(&network, 2, NET), [address(1)]);
    network.reload(0, mesh(1));
    leaves(&mut network, 1, NET);
    leaves(&mut network, 2, NET);
    network.run_for(30 * SECOND);
    assert!(network.router(0).fib.is_empty() && network.router(1).fib.is_empty());
}

#[test]
fn equal_paths_are_used_together() {
    let mut network = Network::new(1);
    network.add(router(1, 65001).with_peer(2, peer(65002)).with_peer(3, peer(65002)));
    network.add(router(2, 65002).with_peer(1, peer(65001)).with_network(NET));
    network.add(router(3, 65002).with_peer(1, peer(65001)).with_network(NET));
    network.wait_for(5 * SECOND, "two ways", |network| ways(network, 0, NET).len() == 2);
    network.lose(2, Loss::Killed);
    network.wait_for(SECOND, "one way", |network| ways(network, 0, NET) == [address(2)]);
}

#[test]
fn too_many_prefixes_end_the_session_until_the_restart_time() {
    let (one, two) = pair();
    let limit = MaximumPrefix { limit: 1, threshold: 75, action: MaximumPrefixAction::Restart(60 * SECOND) };
    let strict = one.change_peer(2, |peer| v4(peer).maximum_prefix = Some(limit));
    let mut network = Network::new(1);
    network.add(strict);
    network.add(two.clone().with_network(NET).with_network(NET2));
    network.wait_for(5 * SECOND, "held", |network| {
        network.router(0).state(address(2)) == Some(PeerState::Idle(IdleReason::PrefixLimit))
    });
    network.run_for(SECOND);
    let view = network.router(1).speaker.peer(address(1)).unwrap();
    let told = view.last_reset.unwrap().reason.notification().unwrap();
    assert_eq!(told.kind, ErrorKind::MAXIMUM_PREFIXES);
    assert_eq!(told.data, [0, 1, 1, 0, 0, 0, 1], "family and limit (RFC 4486 §4)");
    assert!(network.router(0).fib.is_empty());
    network.run_for(50 * SECOND);
    assert_eq!(network.router(0).state(address(2)), Some(PeerState::Idle(IdleReason::PrefixLimit)));
    network.reload(1, two.with_network(NET));
    network.run_for(20 * SECOND);
    arrives(&mut network, 0, NET);
}

#[test]
fn a_new_limit_lets_a_held_peer_back() {
    let (one, two) = pair();
    let limit = MaximumPrefix { limit: 1, threshold: 75, action: MaximumPrefixAction::Teardown };
    let strict = one.clone().change_peer(2, |peer| v4(peer).maximum_prefix = Some(limit));
    let mut network = Network::new(1);
    network.add(strict.clone());
    network.add(two.with_network(NET).with_network(NET2));
    let held = Some(PeerState::Idle(IdleReason::PrefixLimit));
    network.wait_for(5 * SECOND, "held", |network| network.router(0).state(address(2)) == held);
    // A reload of something else leaves it held.
    network.reload(0, strict.change_peer(2, |peer| peer.description = Some("core".into())));
    network.run_for(3600 * SECOND);
    assert_eq!(network.router(0).state(address(2)), held);
    network.reload(0, one);
    arrives(&mut network, 0, NET2);
}

#[test]
fn passing_the_limit_may_only_warn() {
    let (one, two) = pair();
    let limit = MaximumPrefix { limit: 1, threshold: 75, action: MaximumPrefixAction::Warn };
    let mut network = Network::new(1);
    network.add(one.change_peer(2, |peer| v4(peer).maximum_prefix = Some(limit)));
    network.add(two.with_network(NET).with_network(NET2));
    arrives(&mut network, 0, NET);
    arrives(&mut network, 0, NET2);
    let warned = network.router(0).peer_events(address(2)).any(|event| {
        matches!(event, PeerEvent::MaxPrefix(verdict) if matches!(verdict.outcome, MaxPrefixOutcome::Exceeded(_)))
    });
    assert!(warned);
}

/// Two routers that ask each other to keep their routes; the second announces two networks.
fn graceful() -> (Network, Config) {
    let (mut one, mut two) = pair();
    one.graceful_restart.mode = GracefulRestartMode::Restarter;
    two.graceful_restart.mode = GracefulRestartMode::Restarter;
    let mut network = Network::new(1);
    network.add(one.with_network("10.9.0.0/16"));
    network.add(two.clone().with_network(NET).with_network(NET2));
    arrives(&mut network, 0, NET);
    arrives(&mut network, 0, NET2);
    arrives(&mut network, 1, "10.9.0.0/16");
    (network, two)
}

fn swept(network: &Network) -> Vec<Sweep> {
    let events = network.router(0).peer_events(address(2));
    events
        .filter_map(|event| match event {
            PeerEvent::StaleSwept { why, .. } => Some(*why),
            _ => None,
        })
        .collect()
}

#[test]
fn routes_of_a_restarting_peer_are_kept_and_swept_at_end_of_rib() {
    let (mut network, two) = graceful();
    network.lose(1, Loss::Killed);
    network.run_for(30 * SECOND);
    assert!(!network.router(0).is_up(address(2)));
    assert_eq!(ways(&network, 0, NET), [address(2)]);
    network.revive(1, two.with_network(NET));
    network.wait_for(60 * SECOND, "back", |network| network.router(0).is_up(address(2)));
    leaves(&mut network, 0, NET2);
    assert_eq!(ways(&network, 0, NET), [address(2)]);
    assert_eq!(swept(&network), [Sweep::EndOfRib]);
}

#[test]
fn routes_of_a_peer_that_does_not_come_back_go_after_its_restart_time() {
    let (mut network, _) = graceful();
    network.lose(1, Loss::Killed);
    network.run_for(119 * SECOND);
    assert_eq!(ways(&network, 0, NET), [address(2)]);
    network.run_for(2 * SECOND);
    assert!(network.router(0).fib.is_empty());
    assert_eq!(swept(&network), [Sweep::RestartTime]);
}

#[test]
fn a_lost_connection_between_two_that_can_restart_leaves_no_gap() {
    let (mut network, _) = graceful();
    network.disconnect(0, 1);
    let lost = network.now();
    while network.now() - lost < 10 * SECOND {
        network.run_for(SECOND / 100);
        for (index, to) in [(0, NET), (0, NET2), (1, "10.9.0.0/16")] {
            assert!(!ways(&network, index, to).is_empty(), "{to} after {:?}", network.now() - lost);
        }
    }
    assert!(network.router(0).is_up(address(2)));
    assert_eq!(swept(&network), [Sweep::EndOfRib]);
}

#[test]
fn a_cold_restart_keeps_nothing_longer_than_it_must() {
    let (mut network, two) = graceful();
    network.lose(1, Loss::Killed);
    network.run_for(SECOND);
    // Its forwarding table is gone, so it does not set the F bit.
    network.router_mut(1).fib.clear();
    network.revive(1, two);
    network.wait_for(60 * SECOND, "back", |network| network.router(0).is_up(address(2)));
    assert_eq!(swept(&network), [Sweep::NotPreserved]);
    leaves(&mut network, 0, NET);
}

#[test]
fn a_notification_keeps_nothing() {
    let (mut network, _) = graceful();
    let now = network.now();
    network.router_mut(1).speaker.shutdown(now);
    leaves(&mut network, 0, NET);
    assert!(swept(&network).is_empty());
}

#[test]
fn the_start_is_over_at_the_last_end_of_rib() {
    let (mut network, _) = graceful();
    network.run_for(SECOND);
    assert!(network.router(0).speaker.is_converged());
    assert!(network.router(1).speaker.is_converged());
}

#[test]
fn a_route_that_flaps_at_full_speed_costs_a_peer_that_does_not_read_nothing() {
    let (one, two) = pair();
    let mut network = Network::new(1);
    network.add(one);
    network.add(two);
    network.wait_for(SECOND, "up", |network| {
        network.router(0).is_up(address(2)) && network.router(1).is_up(address(1))
    });
    network.router_mut(1).is_deaf = true;
    let route = LocalRoute {
        prefix: prefix(NET),
        next_hop: None,
        weight: 32768,
        attrs: vec![0x40, 1, 1, 0, 0x40, 2, 0],
    };
    let before = network.carried();
    for turn in 0..20_000u32 {
        let now = network.now();
        let routes = (turn % 2 == 0).then(|| route.clone());
        network.router_mut(0).speaker.set_advertised(OwnerId(100), routes, now);
        network.run_for(Duration::from_micros(100));
    }
    let sent = network.carried() - before;
    assert!(sent < 600_000, "what fits the connection and no more, not {sent} octets");
    network.router_mut(1).is_deaf = false;
    network.run_for(SECOND);
    assert!(ways(&network, 1, NET).is_empty(), "the last word was a withdrawal");
}

/// An external, an internal one in the middle, an internal: 1 (65001, NET) - 2 (65002) - 3 (65002).
fn passing_on() -> (Network, Config) {
    let two = router(2, 65002).with_peer(1, peer(65001)).with_peer(3, peer(65002));
    let two = two.change_peer(3, |peer| v4(peer).next_hop_self = NextHopSelf::Always);
    let mut network = Network::new(1);
    network.add(router(1, 65001).with_peer(2, peer(65002)).with_network(NET));
    network.add(two.clone());
    network.add(router(3, 65002).with_peer(2, peer(65002)));
    arrives(&mut network, 2, NET);
    (network, two)
}

#[test]
fn internal_peers_hear_of_another_default_local_preference() {
    let local_pref = |network: &Network| {
        let route = network.router(2).speaker.rib().prefix(&prefix(NET)).unwrap();
        route.paths().next().and_then(|path| path.attrs.local_pref())
    };
    let sent = |network: &Network| {
        let view = network.router(0).speaker.peer(address(2)).unwrap();
        (view.stats.sent.update, view.stats.sent.route_refresh)
    };
    let (mut network, mut two) = passing_on();
    network.run_for(SECOND);
    let before = sent(&network);
    assert_eq!(local_pref(&network), Some(100));
    two.default_local_pref = 300;
    network.reload(1, two);
    network.run_for(SECOND);
    assert_eq!(local_pref(&network), Some(300));
    assert_eq!(sent(&network), before, "nobody is asked for routes again");
}

#[test]
fn another_distance_reaches_the_forwarding_table() {
    let (mut network, mut two) = passing_on();
    let distance = |network: &Network| network.router(1).fib.get(&prefix(NET)).unwrap().distance;
    assert_eq!(distance(&network), 20);
    two.families[Family::Ipv4Unicast].distance.external = 150;
    network.reload(1, two);
    network.run_for(SECOND);
    assert_eq!(distance(&network), 150);
}

/// How often the limit was said to be passed.
fn times_over(network: &Network) -> usize {
    let events = network.router(0).peer_events(address(2));
    let over = |event: &&PeerEvent| match event {
        PeerEvent::MaxPrefix(verdict) => matches!(verdict.outcome, MaxPrefixOutcome::Exceeded(_)),
        _ => false,
    };
    events.filter(over).count()
}

fn limited(config: &Config, limit: u32, action: MaximumPrefixAction) -> Config {
    let limit = MaximumPrefix { limit, threshold: 75, action };
    config.clone().change_peer(2, |peer| v4(peer).maximum_prefix = Some(limit))
}

#[test]
fn a_lower_limit_holds_at_once() {
    let (one, two) = pair();
    let mut network = Network::new(1);
    network.add(limited(&one, 9, MaximumPrefixAction::Teardown));
    network.add(two.with_network(NET).with_network(NET2));
    arrives(&mut network, 0, NET);
    arrives(&mut network, 0, NET2);
    // Not if what is too much goes by the same change.
    let filtered = limited(&one, 1, MaximumPrefixAction::Teardown);
    let filtered = filtered.change_peer(2, |peer| v4(peer).import.prefix_list = only(NET));
    network.reload(0, filtered);
    network.run_for(SECOND);
    assert!(network.router(0).is_up(address(2)));
    network.reload(0, limited(&one, 1, MaximumPrefixAction::Warn));
    network.run_for(SECOND);
    assert_eq!(times_over(&network), 1);
    assert!(network.router(0).is_up(address(2)));
    network.reload(0, limited(&one, 1, MaximumPrefixAction::Teardown));
    network.run_for(SECOND);
    assert_eq!(network.router(0).state(address(2)), Some(PeerState::Idle(IdleReason::PrefixLimit)));
    assert_eq!(last_told(&network), ErrorKind::MAXIMUM_PREFIXES);
}

/// The NOTIFICATION that the second router got from the first.
fn last_told(network: &Network) -> ErrorKind {
    let view = network.router(1).speaker.peer(address(1)).unwrap();
    view.last_reset.unwrap().reason.notification().unwrap().kind
}

#[test]
fn a_limit_that_is_passed_again_is_said_again() {
    let (one, two) = pair();
    let both = two.clone().with_network(NET).with_network(NET2);
    let mut network = Network::new(1);
    network.add(limited(&one, 1, MaximumPrefixAction::Warn));
    network.add(both.clone());
    arrives(&mut network, 0, NET);
    arrives(&mut network, 0, NET2);
    assert_eq!(times_over(&network), 1);
    network.reload(1, two);
    leaves(&mut network, 0, NET);
    leaves(&mut network, 0, NET2);
    network.reload(1, both);
    arrives(&mut network, 0, NET);
    arrives(&mut network, 0, NET2);
    assert_eq!(times_over(&network), 2);
}

#[test]
fn a_peer_that_cannot_be_asked_again_is_warned_of() {
    let (one, two) = pair();
    let one = one.change_peer(2, |peer| peer.dont_capability_negotiate = true);
    let strict = two.clone().change_peer(1, |peer| v4(peer).import.prefix_list = only(NET2));
    let mut network = Network::new(1);
    network.add(one.with_network(NET).with_network(NET2));
    network.add(strict.clone());
    arrives(&mut network, 1, NET2);
    let warned = |network: &Network| {
        let events = network.router(1).peer_events(address(1));
        events.filter(|event| matches!(event, PeerEvent::NotRefreshed { .. })).count()
    };
    network.reload(1, strict.change_peer(1, |peer| peer.description = Some("core".into())));
    network.run_for(SECOND);
    assert_eq!(warned(&network), 0);
    network.reload(1, two);
    network.run_for(SECOND);
    assert_eq!(warned(&network), 1);
    assert!(ways(&network, 1, NET).is_empty());
}

#[test]
fn what_is_kept_is_weighed_and_searched_for_loops_anew() {
    // 1 (65002, NET) - 2 (65001) - 3 (65002), which sees its own AS in the path.
    let three = router(3, 65002).with_peer(2, peer(65001));
    let keeping = three.change_peer(2, |peer| v4(peer).soft_reconfiguration = true);
    let mut network = Network::new(1);
    network.add(router(1, 65002).with_peer(2, peer(65001)).with_network(NET));
    network.add(router(2, 65001).with_peer(1, peer(65002)).with_peer(3, peer(65002)));
    network.add(keeping.clone());
    arrives(&mut network, 1, NET);
    network.run_for(5 * SECOND);
    assert!(ways(&network, 2, NET).is_empty());
    let lenient = keeping.clone().change_peer(2, |peer| v4(peer).allow_as_in = 1);
    network.reload(2, lenient.clone());
    arrives(&mut network, 2, NET);
    network.reload(2, lenient.change_peer(2, |peer| v4(peer).weight = Some(77)));
    network.run_for(SECOND);
    let weight = |network: &Network| {
        let route = network.router(2).speaker.rib().prefix(&prefix(NET)).unwrap();
        route.paths().next().map(|path| path.weight)
    };
    assert_eq!(weight(&network), Some(77));
    network.reload(2, keeping);
    leaves(&mut network, 2, NET);
    assert_eq!(network.router(2).speaker.peer(address(2)).unwrap().stats.sent.route_refresh, 0);
}
