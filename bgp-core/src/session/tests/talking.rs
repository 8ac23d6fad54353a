//! Established: UPDATEs both ways, ROUTE-REFRESH, the end.

use super::*;
use crate::wire::RefreshKind;

#[test]
fn the_updates_of_one_read_are_one_batch() {
    let mut rig = Rig::established();
    let octets = [update(ANNOUNCE), KEEPALIVE.to_vec(), update(ANNOUNCE), update(END_OF_RIB)].concat();
    rig.input.extend_from_slice(&octets);
    rig.session.handle_input(&mut rig.input, rig.now);
    let Some(SessionEvent::Updates(batch)) = rig.session.poll_event() else { panic!("no batch") };
    assert!(rig.session.poll_event().is_none());
    let bodies: Vec<_> = batch.updates().map(|update| update.body().to_vec()).collect();
    assert_eq!(bodies, [ANNOUNCE, ANNOUNCE, END_OF_RIB]);
    let routes = batch.updates().flat_map(|update| update.reach()).flat_map(|reach| reach.nlri);
    assert_eq!(routes.map(|nlri| nlri.prefix.to_string()).collect::<Vec<_>>(), ["203.0.113.0/24"; 2]);
    assert_eq!(batch.updates().last().and_then(|update| update.end_of_rib()), Some(Family::Ipv4Unicast));
    assert_eq!(rig.session.history().received.update, 3);
    assert_eq!(rig.session.history().received.keepalive, 2);
}

#[test]
fn a_batch_outlives_the_next_read() {
    let mut rig = Rig::established();
    rig.input.extend_from_slice(&update(ANNOUNCE));
    rig.session.handle_input(&mut rig.input, rig.now);
    let Some(SessionEvent::Updates(batch)) = rig.session.poll_event() else { panic!("no batch") };
    rig.hear(&update(END_OF_RIB).repeat(1000));
    assert_eq!(batch.updates().next().map(|update| update.body().to_vec()).as_deref(), Some(ANNOUNCE));
}

#[test]
fn a_fault_that_rfc_7606_puts_up_with_is_counted_and_the_session_goes_on() {
    let mut rig = Rig::established();
    rig.input.extend_from_slice(&[update(ANNOUNCE), update(BAD_ORIGIN), update(ANNOUNCE)].concat());
    rig.session.handle_input(&mut rig.input, rig.now);
    let Some(SessionEvent::Updates(batch)) = rig.session.poll_event() else { panic!("no batch") };
    assert_eq!((batch.len(), batch.faults().withdrawn, batch.faults().discarded), (3, 1, 0));
    let malformed = batch.malformed().unwrap();
    assert_eq!(malformed.fault.to_string(), "ORIGIN has a wrong value at octet 4");
    assert_eq!(malformed.update().body(), BAD_ORIGIN);
    let second = batch.updates().nth(1).unwrap();
    assert_eq!((second.reach().count(), second.unreach().flat_map(|section| section.nlri).count()), (0, 1));
    assert_eq!(rig.session.history().updates_withdrawn, 1);
    assert_eq!(rig.session.state(), FsmState::Established);
}

#[test]
fn refreshes_keep_their_place_among_the_updates() {
    let mut rig = Rig::established();
    let refresh = |subtype| message(MessageType::ROUTE_REFRESH, &[0, 2, subtype, 1]);
    let octets = [update(ANNOUNCE), refresh(1), update(ANNOUNCE), refresh(2), refresh(0)].concat();
    let expected = [
        "says Updates 1",
        "says Refresh ipv6 unicast Begin",
        "says Updates 1",
        "says Refresh ipv6 unicast End",
        "says Refresh ipv6 unicast Request",
    ];
    assert_eq!(rig.hear(&octets), expected);
}

#[test]
fn a_refresh_of_what_was_not_agreed_is_ignored() {
    let head = OpenHead { asn: PEER_AS, hold_time: 180, router_id: PEER_ID };
    let mut rig = Rig::established_with(config(), &open_with(head, |_| ()));
    for body in [[0, 2, 0, 1], [0, 1, 1, 1], [0, 1, 9, 1], [0x40, 4, 0, 71]] {
        assert!(rig.hear(&message(MessageType::ROUTE_REFRESH, &body)).is_empty(), "{body:?}");
    }
    assert!(rig.command(SessionCommand::Refresh(Family::Ipv4Unicast, RefreshKind::Request)).is_empty());
    assert!(rig.command(SessionCommand::Refresh(Family::Ipv6Unicast, RefreshKind::Begin)).is_empty());
}

#[test]
fn a_refresh_that_is_repeated_is_said_once_a_read() {
    let mut rig = Rig::established();
    let request = message(MessageType::ROUTE_REFRESH, &[0, 1, 0, 1]);
    assert_eq!(rig.hear(&request.repeat(5000)), ["says Refresh ipv4 unicast Request"]);
    assert_eq!(rig.session.history().received.route_refresh, 5000);
}

#[test]
fn the_speaker_asks_and_answers_with_refreshes() {
    let mut rig = Rig::established();
    let family = Family::Ipv6Unicast;
    let table = [(RefreshKind::Request, 0), (RefreshKind::Begin, 1), (RefreshKind::End, 2)];
    for (kind, subtype) in table {
        let expected = format!("sends ROUTE-REFRESH [0, 2, {subtype}, 1]");
        assert_eq!(rig.command(SessionCommand::Refresh(family, kind)), [expected]);
    }
}

#[test]
fn messages_are_counted_both_ways() {
    let mut rig = Rig::established();
    rig.command(SessionCommand::Transmit(update(ANNOUNCE).repeat(3).into()));
    rig.hear(&update(END_OF_RIB));
    rig.command(SessionCommand::Stop(NotificationBuf::new(ErrorKind::PEER_UNCONFIGURED)));
    let history = rig.session.history();
    let sent = Counters { open: 1, update: 3, notification: 1, keepalive: 1, route_refresh: 0 };
    assert_eq!(history.sent, sent);
    let received = Counters { open: 1, update: 1, notification: 0, keepalive: 1, route_refresh: 0 };
    assert_eq!(history.received, received);
    assert_eq!(history.last_update, Some(rig.now));
}

#[test]
fn a_stop_goes_out_ahead_of_updates_that_still_wait() {
    let mut rig = Rig::established();
    rig.session.handle_command(SessionCommand::Transmit(update(ANNOUNCE).into()), rig.now);
    let stop = NotificationBuf::cease(ErrorKind::ADMINISTRATIVE_SHUTDOWN, "bye");
    let lines = rig.command(SessionCommand::Stop(stop));
    assert_eq!(lines, ["sends 6/2 [3, 98, 121, 101]", "says Down, stopped 6/2 [3, 98, 121, 101]"]);
    assert!(rig.command(SessionCommand::Transmit(update(ANNOUNCE).into())).is_empty());
}

#[test]
fn a_shutdown_text_from_the_peer_is_kept() {
    let mut rig = Rig::established();
    rig.hear(&message(MessageType::NOTIFICATION, b"\x06\x02\x07upgrade"));
    let received = rig.session.history().notification_received.clone().unwrap();
    assert_eq!(received.text().as_deref(), Some("upgrade"));
    assert_eq!(received.to_string(), "Cease/Administrative Shutdown \"upgrade\"");
}

#[test]
fn extended_messages_are_taken_once_established() {
    let mut rig = Rig::established();
    let withdrawn = [24, 203, 0, 113].repeat(2000);
    let len = u16::try_from(withdrawn.len()).unwrap().to_be_bytes();
    let octets = update(&[&len[..], &withdrawn, &[0, 0]].concat());
    assert!(octets.len() > 4096);
    assert_eq!(rig.hear(&octets), ["says Updates 1"]);
}
