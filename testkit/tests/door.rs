//! The speaker's door by itself: what it says to single connections and reports.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bgp_core::session::{DownReason, OpenSummary, Restarted, SessionEvent};
use bgp_core::speaker::config::{Config, ListenRange, UpdateSource};
use bgp_core::speaker::{DialOrder, Direction, Link, LinkInterface, Speaker};
use bgp_core::wire::{ErrorKind, NotificationBuf};
use bgp_core::{Asn, Instant, RouterId};
use testkit::address;
use testkit::wanted::{Wanted, peer, router};

const SECOND: Duration = Duration::from_secs(1);

fn started(config: Config) -> Speaker {
    let mut speaker = Speaker::new(Arc::new(config), 1, Instant::START);
    speaker.handle_start(Restarted::No, Instant::START);
    speaker
}

/// Waits for the next attempt to connect.
fn next_dial(speaker: &mut Speaker) -> (bgp_core::speaker::Dial, Instant) {
    for _ in 0..100 {
        let _ = speaker.run(1000);
        while speaker.poll_event().is_some() || speaker.poll_command().is_some() {}
        while let Some(order) = speaker.poll_dial() {
            if let DialOrder::Open(dial) = order {
                return (dial, speaker.poll_timeout().unwrap().0);
            }
        }
        let (at, _) = speaker.poll_timeout().unwrap();
        speaker.handle_timeout(at);
    }
    panic!("nobody is dialled");
}

fn link(remote: SocketAddr, direction: Direction, interface: &str) -> Link {
    let interface = LinkInterface { index: 1, name: interface.into(), ..LinkInterface::default() };
    Link { remote, local: "10.0.0.1:40000".parse().unwrap(), direction, interface: Some(interface) }
}

#[test]
fn a_peer_that_refuses_capabilities_is_asked_without() {
    let mut speaker = started(router(1, 65001).with_peer(2, peer(65002)));
    let mut lengths = Vec::new();
    for _ in 0..2 {
        let (dial, now) = next_dial(&mut speaker);
        let link = link(dial.remote, Direction::Dialled(dial.peer), "lan0");
        let (id, mut session) = speaker.handle_connected(link, now).unwrap();
        let open = session.poll_transmit().unwrap();
        lengths.push(open.len());
        let refusal = NotificationBuf::new(ErrorKind::UNSUPPORTED_OPTIONAL_PARAMETER);
        speaker.handle_event(id, SessionEvent::Down(DownReason::CapabilitiesRefused(refusal)), now);
    }
    assert!(lengths[0] > 29, "the first OPEN has capabilities");
    assert_eq!(lengths[1], 29, "the second has none (RFC 5492 §3)");
}

#[test]
fn an_attempt_is_called_off_when_the_peer_has_come_by_itself_or_is_shut() {
    let config = router(1, 65001).with_peer(2, peer(65002));
    let mut speaker = started(config.clone());
    let (dial, now) = next_dial(&mut speaker);
    let shut = config.change_peer(2, |peer| peer.shutdown = Some(String::new()));
    speaker.handle_reload(Arc::new(shut), now);
    assert_eq!(speaker.poll_dial(), Some(DialOrder::Abandon(dial.peer)));
    let late = link(dial.remote, Direction::Dialled(dial.peer), "lan0");
    assert!(speaker.handle_connected(late, now).is_none(), "a connection that comes all the same is refused");
}

#[test]
fn a_link_local_address_is_a_peer_on_its_interface_only() {
    let mut config = router(1, 65001);
    let mut local = peer(65002);
    local.update_source = Some(UpdateSource::Interface("lan0".into()));
    config.peers.insert("fe80::2".parse().unwrap(), Arc::new(local));
    let mut speaker = started(config);
    let remote: SocketAddr = "[fe80::2]:50000".parse().unwrap();
    assert!(speaker.handle_connected(link(remote, Direction::Accepted, "lan1"), Instant::START).is_none());
    assert!(speaker.handle_connected(link(remote, Direction::Accepted, "lan0"), Instant::START).is_some());
}

#[test]
fn nothing_is_let_in_before_the_start() {
    let config = router(1, 65001).with_peer(2, peer(65002));
    let mut speaker = Speaker::new(Arc::new(config), 1, Instant::START);
    let remote = SocketAddr::new(address(2), 50000);
    assert!(speaker.handle_connected(link(remote, Direction::Accepted, "lan0"), Instant::START).is_none());
    speaker.handle_start(Restarted::No, Instant::START);
    let mapped: SocketAddr = "[::ffff:10.0.0.2]:50000".parse().unwrap();
    let link = link(mapped, Direction::Accepted, "lan0");
    assert!(speaker.handle_connected(link, Instant::START + SECOND).is_some(), "IPv4 in IPv6 is IPv4");
}

#[test]
fn peers_that_have_failed_do_not_use_the_listen_limit_up() {
    let mut config = router(1, 65001);
    config.listen_limit = 1;
    let template = Arc::new(peer(65002));
    config.listen_ranges.push(ListenRange { prefix: "10.1.0.0/16".parse().unwrap(), template });
    let mut speaker = started(config);
    let from = |host: u8| {
        let remote = SocketAddr::from(([10, 1, 0, host], 50000));
        link(remote, Direction::Accepted, "lan0")
    };
    let (failing, _) = speaker.handle_connected(from(1), Instant::START).unwrap();
    assert!(speaker.handle_connected(from(2), Instant::START).is_none(), "the limit is one");
    let garbage = DownReason::Expired(NotificationBuf::new(ErrorKind::HOLD_TIMER_EXPIRED));
    speaker.handle_event(failing, SessionEvent::Down(garbage), Instant::START);
    assert!(speaker.handle_connected(from(2), Instant::START).is_some(), "somebody else may come");
    assert!(speaker.handle_connected(from(1), Instant::START).is_none(), "the limit still is one");
}

#[test]
fn a_connection_that_says_nothing_does_not_keep_its_peer_from_being_dialled() {
    let mut speaker = started(router(1, 65001).with_peer(2, peer(65002)));
    let remote = SocketAddr::new(address(2), 50000);
    let silent = link(remote, Direction::Accepted, "lan0");
    assert!(speaker.handle_connected(silent, Instant::START).is_some());
    // Also not after an attempt that failed, and after one that was closed before anything was said.
    let (dial, now) = next_dial(&mut speaker);
    speaker.handle_dial_failed(dial.peer, now);
    let (dial, now) = next_dial(&mut speaker);
    let (id, _) =
        speaker.handle_connected(link(dial.remote, Direction::Dialled(dial.peer), "lan0"), now).unwrap();
    speaker.handle_event(id, SessionEvent::Down(DownReason::Closed), now);
    let (dial, now) = next_dial(&mut speaker);
    let dialled = link(dial.remote, Direction::Dialled(dial.peer), "lan0");
    assert!(speaker.handle_connected(dialled, now).is_some());
    assert!(
        now < Instant::START + 100 * SECOND,
        "the silent connection may live for four minutes, not {now:?}"
    );
}

#[test]
fn a_peer_that_has_sent_its_open_is_not_dialled_any_more() {
    let mut speaker = started(router(1, 65001).with_peer(2, peer(65002)));
    let remote = SocketAddr::new(address(2), 50000);
    let accepted = link(remote, Direction::Accepted, "lan0");
    let (id, _) = speaker.handle_connected(accepted, Instant::START).unwrap();
    let summary = OpenSummary { router_id: RouterId(2), asn: Asn(65002) };
    speaker.handle_event(id, SessionEvent::Opened(summary), Instant::START);
    let view = speaker.peer(address(2)).unwrap();
    assert_eq!(view.next_dial, None);
}
