//! How sessions come and go between speakers, in virtual time.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bgp_core::session::DownReason;
use bgp_core::speaker::config::{Config, GracefulRestartMode, ListenRange, RemoteAs, UpdateSource};
use bgp_core::speaker::{Clear, IdleReason, LinkInterface, PeerEvent, PeerState, Refusal, SpeakerEvent};
use bgp_core::wire::ErrorKind;
use bgp_core::{Asn, RouterId};
use testkit::wanted::{Wanted, peer, router};
use testkit::{Loss, Network, address, address6};

const SECOND: Duration = Duration::from_secs(1);

fn pair() -> (Config, Config) {
    (router(1, 65001).with_peer(2, peer(65002)), router(2, 65002).with_peer(1, peer(65001)))
}

fn established(network: &mut Network, limit: Duration) {
    network.wait_for(limit, "both ends Established", |network| {
        network.router(0).is_up(address(2)) && network.router(1).is_up(address(1))
    });
}

/// What went either way when the last session with `from` ended.
fn last_notification(network: &Network, index: usize, from: IpAddr) -> Option<ErrorKind> {
    let view = network.router(index).speaker.peer(from)?;
    view.last_reset?.reason.notification().map(|notification| notification.kind)
}

#[test]
fn two_speakers_come_up_within_a_second_and_stay_up() {
    let (one, two) = pair();
    let mut network = Network::new(1);
    network.add(one);
    network.add(two);
    established(&mut network, SECOND);
    network.run_for(3600 * SECOND);
    assert_eq!(network.router(0).speaker.peer(address(2)).unwrap().established, 1);
    assert_eq!(network.router(0).connection_count(), 1);
    let view = network.router(0).speaker.peer(address(2)).unwrap();
    let session = view.session.unwrap();
    assert_eq!(session.negotiated.unwrap().host_name.as_deref(), Some("r2"));
    assert!(view.stats.sent.keepalive > 1000, "an hour of KEEPALIVEs every three seconds");
}

#[test]
fn a_collision_leaves_one_session_whoever_is_higher() {
    let mut collisions = 0;
    for seed in 0..60 {
        let (mut one, two) = pair();
        if seed % 2 == 0 {
            one.router_id = RouterId(9);
        }
        let mut network = Network::new(seed);
        // So long a delay that both ends dial before they hear of each other.
        network.set_delay(Duration::from_millis(250 + seed * 5));
        network.add(one);
        network.add(two);
        established(&mut network, 20 * SECOND);
        network.run_for(60 * SECOND);
        established(&mut network, SECOND);
        for (index, from) in [(0, address(2)), (1, address(1))] {
            let router = network.router(index);
            assert_eq!(router.connection_count(), 1, "seed {seed}");
            let view = router.speaker.peer(from).unwrap();
            assert_eq!(view.dropped, 0, "seed {seed}: nothing that was up went down");
            let events = router.peer_events(from);
            collisions += events.filter(|event| matches!(event, PeerEvent::Collision { .. })).count();
        }
    }
    assert!(collisions > 30, "the test makes collisions: {collisions}");
}

#[test]
fn a_silent_peer_is_given_up_after_the_hold_time_and_found_again() {
    let (one, two) = pair();
    let mut network = Network::new(1);
    network.add(one);
    network.add(two.clone());
    established(&mut network, SECOND);
    let lost = network.now();
    network.lose(1, Loss::Vanished);
    network.wait_for(10 * SECOND, "hold timer", |network| !network.router(0).is_up(address(2)));
    assert!(network.now() - lost >= 5 * SECOND, "not before the hold time less a KEEPALIVE's age");
    assert_eq!(last_notification(&network, 0, address(2)), Some(ErrorKind::HOLD_TIMER_EXPIRED));
    network.run_for(600 * SECOND);
    network.revive(1, two);
    established(&mut network, 3 * SECOND);
}

#[test]
fn a_killed_peer_is_noticed_at_once() {
    let (one, two) = pair();
    let mut network = Network::new(1);
    network.add(one);
    network.add(two.clone());
    established(&mut network, SECOND);
    network.lose(1, Loss::Killed);
    network.wait_for(SECOND / 10, "the connection closes", |network| !network.router(0).is_up(address(2)));
    network.revive(1, two);
    established(&mut network, 3 * SECOND);
}

#[test]
fn a_passive_peer_waits_and_two_wait_for_ever() {
    let (one, two) = pair();
    let mut network = Network::new(1);
    network.add(one.change_peer(2, |peer| peer.passive = true));
    let second = network.add(two.clone().change_peer(1, |peer| peer.passive = true));
    network.run_for(600 * SECOND);
    assert_eq!(network.router(0).state(address(2)), Some(PeerState::Active));
    network.reload(second, two);
    established(&mut network, 2 * SECOND);
}

#[test]
fn an_hour_of_refusals_backs_off() {
    let mut network = Network::new(1);
    network.add(router(1, 65001).with_peer(2, peer(65099)));
    network.add(router(2, 65002).with_peer(1, peer(65001)).change_peer(1, |peer| peer.passive = true));
    network.run_for(3600 * SECOND);
    let failures = network.router(0).peer_events(address(2)).filter(|event| match event {
        PeerEvent::Failed { reason } => {
            reason.notification().is_some_and(|notification| notification.kind == ErrorKind::BAD_PEER_AS)
        }
        _ => false,
    });
    let failures = failures.count();
    assert!((30..200).contains(&failures), "about one a minute, not {failures}");
}

#[test]
fn a_dynamic_peer_is_made_and_goes_with_its_session() {
    let mut network = Network::new(1);
    let mut one = router(1, 65001);
    let template = Arc::new(peer(65002));
    one.listen_ranges.push(ListenRange { prefix: "10.0.0.0/24".parse().unwrap(), template });
    network.add(one);
    network.add(router(2, 65002).with_peer(1, peer(65001)));
    established(&mut network, SECOND);
    network.lose(1, Loss::Killed);
    network.run_for(3 * SECOND);
    assert_eq!(network.router(0).speaker.peers().count(), 0);
    let events: Vec<_> = network.router(0).peer_events(address(2)).collect();
    assert!(matches!(events.first(), Some(PeerEvent::Admitted { .. })), "{events:?}");
    assert!(matches!(events.last(), Some(PeerEvent::Dismissed)), "{events:?}");
}

#[test]
fn the_listen_limit_holds_and_a_stranger_gets_nothing() {
    let mut network = Network::new(1);
    let mut one = router(1, 65001);
    one.listen_limit = 10;
    let template = Arc::new(peer(65002));
    one.listen_ranges.push(ListenRange { prefix: "10.1.0.0/16".parse().unwrap(), template });
    network.add(one);
    let knocks = (0..1000u32).map(|n| IpAddr::from([10, 1, (n >> 8) as u8, n as u8]));
    let let_in = knocks.filter(|from| network.knock(0, *from)).count();
    assert_eq!(let_in, 10);
    assert!(!network.knock(0, IpAddr::from([192, 0, 2, 1])));
    network.run_for(SECOND);
    let refused = |wanted: Refusal| {
        let events = network.router(0).events.iter();
        events
            .filter(|(_, event)| matches!(event, SpeakerEvent::Refused { why, .. } if *why == wanted))
            .count()
    };
    assert_eq!(refused(Refusal::DynamicLimit), 990);
    assert_eq!(refused(Refusal::UnknownPeer), 1);
    // Those that stay silent make room.
    network.run_for(10 * SECOND);
    assert!(network.knock(0, IpAddr::from([10, 1, 9, 9])));
    network.run_for(SECOND);
    assert_eq!(network.router(0).connection_count(), 10);
}

#[test]
fn a_thousand_connections_of_one_peer_cost_one_session() {
    let mut network = Network::new(1);
    network.add(router(1, 65001).with_peer(2, peer(65002)).change_peer(2, |peer| peer.passive = true));
    let let_in = (0..1000).filter(|_| network.knock(0, address(2))).count();
    assert_eq!(let_in, 1);
    network.run_for(SECOND);
    assert_eq!(network.router(0).connection_count(), 1);
    // Later a new one takes the place of the one that stays silent.
    network.run_for(20 * SECOND);
    assert!(network.knock(0, address(2)));
    network.run_for(SECOND);
    assert_eq!(network.router(0).connection_count(), 1);
}

#[test]
fn the_text_of_a_shutdown_arrives() {
    let (one, two) = pair();
    let mut network = Network::new(1);
    network.add(one.clone());
    network.add(two);
    established(&mut network, SECOND);
    let shut = one.clone().change_peer(2, |peer| peer.shutdown = Some("back at noon".into()));
    network.reload(0, shut);
    network.run_for(SECOND);
    assert_eq!(network.router(0).state(address(2)), Some(PeerState::Idle(IdleReason::Shut)));
    let view = network.router(1).speaker.peer(address(1)).unwrap();
    let told = view.last_reset.unwrap().reason.notification().unwrap();
    assert_eq!(told.kind, ErrorKind::ADMINISTRATIVE_SHUTDOWN);
    assert_eq!(told.text().as_deref(), Some("back at noon"));
    network.run_for(300 * SECOND);
    assert!(!network.router(1).is_up(address(1)));
    network.reload(0, one);
    established(&mut network, 62 * SECOND);
}

#[test]
fn a_shutdown_of_everything_tells_every_peer() {
    let (one, two) = pair();
    let mut network = Network::new(1);
    network.add(one.with_peer6(2, peer(65002)));
    network.add(two.with_peer6(1, peer(65001)));
    established(&mut network, SECOND);
    network.wait_for(SECOND, "IPv6 up", |network| {
        network.router(0).is_up(address6(2)) && network.router(1).is_up(address6(1))
    });
    let now = network.now();
    network.router_mut(0).speaker.shutdown(now);
    network.run_for(SECOND / 10);
    for from in [address(1), address6(1)] {
        assert_eq!(last_notification(&network, 1, from), Some(ErrorKind::ADMINISTRATIVE_SHUTDOWN));
    }
    network.run_for(300 * SECOND);
    assert_eq!(network.router(0).connection_count(), 0);
}

#[test]
fn clear_resets_a_session_and_it_comes_back_at_once() {
    let (one, two) = pair();
    let mut network = Network::new(1);
    network.add(one);
    network.add(two);
    established(&mut network, SECOND);
    let now = network.now();
    assert!(network.router_mut(0).speaker.clear(address(2), Clear::Hard, now));
    assert!(!network.router_mut(0).speaker.clear(address(7), Clear::Hard, now));
    network.run_for(SECOND / 100);
    assert_eq!(last_notification(&network, 1, address(1)), Some(ErrorKind::ADMINISTRATIVE_RESET));
    established(&mut network, 2 * SECOND);
}

#[test]
fn a_reload_that_changes_nothing_sends_nothing() {
    let (one, two) = pair();
    let mut network = Network::new(1);
    network.add(one.clone());
    network.add(two);
    established(&mut network, SECOND);
    network.run_for(SECOND / 10);
    let carried = network.carried();
    let summary = network.reload(0, one);
    assert!(summary.is_unchanged());
    network.run_for(SECOND);
    assert_eq!(network.carried(), carried);
}

#[test]
fn a_reload_touches_only_the_peers_it_names() {
    let one = router(1, 65001).with_peer(2, peer(65002)).with_peer(3, peer(65003));
    let mut network = Network::new(1);
    network.add(one.clone());
    network.add(router(2, 65002).with_peer(1, peer(65001)));
    network.add(router(3, 65003).with_peer(1, peer(65001)));
    network.wait_for(SECOND, "all up", |network| {
        network.router(0).is_up(address(2)) && network.router(0).is_up(address(3))
    });
    let changed = one.change_peer(3, |peer| peer.remote_as = RemoteAs::External);
    let changed = changed.change_peer(2, |peer| peer.timers.hold = 30 * SECOND);
    network.reload(0, changed.clone());
    network.run_for(3 * SECOND);
    assert_eq!(network.router(0).speaker.peer(address(2)).unwrap().dropped, 0);
    assert_eq!(network.router(0).speaker.peer(address(3)).unwrap().dropped, 1);
    assert_eq!(last_notification(&network, 2, address(1)), Some(ErrorKind::OTHER_CONFIGURATION_CHANGE));
    assert!(network.router(0).is_up(address(3)));
    let mut removed = changed;
    removed.peers.remove(&address(2));
    network.reload(0, removed);
    network.run_for(SECOND);
    assert_eq!(last_notification(&network, 1, address(1)), Some(ErrorKind::PEER_UNCONFIGURED));
    assert!(network.router(0).speaker.peer(address(2)).is_none());
    assert!(network.router(0).is_up(address(3)));
}

#[test]
fn a_dynamic_peer_follows_its_range_through_a_reload() {
    let mut one = router(1, 65001);
    let template = Arc::new(peer(65002));
    one.listen_ranges.push(ListenRange { prefix: "10.0.0.0/24".parse().unwrap(), template });
    let mut network = Network::new(1);
    network.add(one.clone());
    network.add(router(2, 65002).with_peer(1, peer(65001)));
    established(&mut network, SECOND);
    // A line of its own with the same content: nothing happens to the session.
    network.reload(0, one.clone().with_peer(2, peer(65002)));
    network.run_for(SECOND);
    assert_eq!(network.router(1).speaker.peer(address(1)).unwrap().dropped, 0);
    // The line is taken away: the peer goes, and comes back through the range.
    network.reload(0, one.clone());
    network.run_for(SECOND / 100);
    assert_eq!(last_notification(&network, 1, address(1)), Some(ErrorKind::PEER_UNCONFIGURED));
    established(&mut network, 5 * SECOND);
    one.listen_ranges.clear();
    network.reload(0, one);
    network.run_for(SECOND);
    assert_eq!(network.router(0).speaker.peers().count(), 0);
}

#[test]
fn a_peer_that_restarts_before_it_was_missed_replaces_its_old_session() {
    let (mut one, mut two) = pair();
    one.graceful_restart.mode = GracefulRestartMode::Restarter;
    two.graceful_restart.mode = GracefulRestartMode::Restarter;
    let mut network = Network::new(1);
    network.add(one);
    network.add(two.clone());
    established(&mut network, SECOND);
    network.run_for(10 * SECOND);
    network.lose(1, Loss::Vanished);
    network.revive(1, two);
    established(&mut network, 2 * SECOND);
    network.wait_for(2 * SECOND, "the old session goes", |network| {
        network.router(0).speaker.peer(address(2)).unwrap().dropped == 1
    });
    established(&mut network, 2 * SECOND);
    let events: Vec<_> = network.router(0).peer_events(address(2)).collect();
    assert!(events.iter().any(|event| matches!(event, PeerEvent::Replaced)), "{events:?}");
    let has_closed =
        events.iter().any(|event| matches!(event, PeerEvent::Down { reason: DownReason::Closed, .. }));
    assert!(has_closed, "it ends without NOTIFICATION: {events:?}");
    network.run_for(60 * SECOND);
    assert_eq!(network.router(0).connection_count(), 1);
    assert_eq!(network.router(0).speaker.peer(address(2)).unwrap().dropped, 1);
}

#[test]
fn without_graceful_restart_the_old_session_stays_until_its_hold_time() {
    let (one, two) = pair();
    let mut network = Network::new(1);
    network.add(one.change_peer(2, |peer| peer.passive = true));
    network.add(two.clone());
    established(&mut network, SECOND);
    network.lose(1, Loss::Vanished);
    network.revive(1, two);
    network.run_for(2 * SECOND);
    assert_eq!(last_notification(&network, 1, address(1)), Some(ErrorKind::CONNECTION_COLLISION));
    network.run_for(10 * SECOND);
    established(&mut network, 60 * SECOND);
}

#[test]
fn the_start_is_over_when_every_peer_is_done_or_has_been_waited_for() {
    let (one, two) = pair();
    let is_over = |network: &Network| network.router(0).speaker.is_converged();
    // Nobody answers: our restart time of 120 s is the limit.
    let mut network = Network::new(1);
    network.add(one.clone());
    network.run_for(119 * SECOND);
    assert!(!is_over(&network));
    network.run_for(2 * SECOND);
    assert!(is_over(&network));
    // No peers: at once.
    let mut network = Network::new(1);
    network.add(router(1, 65001));
    network.run_for(Duration::ZERO);
    assert!(is_over(&network));
    // One peer that sends End-of-RIB: as soon as it has come.
    let mut network = Network::new(1);
    network.add(one);
    network.add(two);
    network.run_for(SECOND);
    assert!(is_over(&network));
}

#[test]
fn remote_as_external_takes_any_as_but_ours() {
    for (asn, expected) in [(65002, true), (65001, false)] {
        let mut network = Network::new(1);
        let mut open = peer(0);
        open.remote_as = RemoteAs::External;
        network.add(router(1, 65001).with_peer(2, open));
        network.add(router(2, asn).with_peer(1, peer(65001)));
        network.run_for(5 * SECOND);
        assert_eq!(network.router(0).is_up(address(2)), expected);
        if expected {
            assert_eq!(network.router(0).speaker.peer(address(2)).unwrap().asn, Some(Asn(65002)));
        }
    }
}

#[test]
fn a_link_that_comes_up_ends_the_waiting() {
    let mut network = Network::new(1);
    network.add(router(1, 65001).with_peer(2, peer(65002)));
    network.add(router(2, 65002).with_peer(1, peer(65001)).change_peer(1, |peer| peer.passive = true));
    network.set_cut(0, 1, true);
    network.run_for(1000 * SECOND);
    network.set_cut(0, 1, false);
    // Some other link does not matter.
    let ours = network.router(0).interface();
    let other =
        LinkInterface { name: "lan1".into(), networks: vec!["10.1.0.0/24".parse().unwrap()], ..ours.clone() };
    let (now, due) = (network.now(), network.router(0).speaker.peer(address(2)).unwrap().next_dial);
    network.router_mut(0).speaker.handle_interface_up(&other, now);
    assert_eq!(network.router(0).speaker.peer(address(2)).unwrap().next_dial, due);
    network.router_mut(0).speaker.handle_interface_up(&ours, now);
    established(&mut network, SECOND);
    // Nothing happens to a session that is up.
    let now = network.now();
    network.router_mut(0).speaker.handle_interface_up(&ours, now);
    network.run_for(10 * SECOND);
    assert_eq!(network.router(0).speaker.peer(address(2)).unwrap().dropped, 0);
}

#[test]
fn a_source_that_comes_up_ends_the_waiting_too() {
    let source = Some(UpdateSource::Interface("lo1".into()));
    let mut network = Network::new(1);
    network
        .add(router(1, 65001).with_peer(2, peer(65002)).change_peer(2, |peer| peer.update_source = source));
    network.add(router(2, 65002).with_peer(1, peer(65001)).change_peer(1, |peer| peer.passive = true));
    network.set_cut(0, 1, true);
    network.run_for(1000 * SECOND);
    network.set_cut(0, 1, false);
    let now = network.now();
    let loopback = LinkInterface { name: "lo1".into(), ..LinkInterface::default() };
    network.router_mut(0).speaker.handle_interface_up(&loopback, now);
    established(&mut network, SECOND);
}
