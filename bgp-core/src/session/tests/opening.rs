//! From the connection to Established, and what can end the way there.

use super::*;

#[test]
fn both_opens_and_both_keepalives_make_a_session() {
    let mut rig = Rig::open_sent();
    assert_eq!(rig.session.state(), FsmState::OpenSent);
    assert_eq!(rig.hear(&open()), ["sends KEEPALIVE", "says Opened 65002 10.0.0.2"]);
    assert_eq!(rig.session.state(), FsmState::OpenConfirm);
    assert_eq!(rig.hear(&KEEPALIVE), ["says Up"]);
    assert_eq!(rig.session.state(), FsmState::Established);
    assert_eq!(rig.session.history().established, Some(rig.now));
}

#[test]
fn a_peer_that_says_everything_at_once_is_understood() {
    let mut rig = Rig::open_sent();
    let all = [open(), KEEPALIVE.to_vec(), update(ANNOUNCE), update(END_OF_RIB)].concat();
    let expected = ["sends KEEPALIVE", "says Opened 65002 10.0.0.2", "says Up", "says Updates 2"];
    assert_eq!(rig.hear(&all), expected);
    assert!(rig.input.is_empty());
}

#[test]
fn octets_that_are_not_yet_a_message_are_left_in_the_buffer() {
    let mut rig = Rig::open_sent();
    let open = open();
    assert!(rig.hear(&open[..20]).is_empty());
    assert_eq!(rig.input.len(), 20);
    assert_eq!(rig.hear(&open[20..]).len(), 2);
    assert!(rig.input.is_empty());
}

#[test]
fn what_is_queued_makes_the_session_due_at_once() {
    let now = Instant::START + seconds(5);
    let mut session = Session::new(config(), 1, now);
    assert_eq!(session.poll_timeout(), Some((now, Timer::Drain)));
    session.poll_transmit().unwrap();
    assert_eq!(session.poll_timeout(), Some((now + seconds(240), Timer::Hold)));
}

#[test]
fn a_collision_is_decided_in_open_confirm_by_stopping_one_connection() {
    let mut rig = Rig::open_confirm();
    let collision = NotificationBuf::new(ErrorKind::CONNECTION_COLLISION);
    let lines = rig.command(SessionCommand::Stop(collision));
    assert_eq!(lines, ["sends 6/7 []", "says Down, stopped 6/7 []"]);
    assert_eq!(rig.session.state(), FsmState::Idle);
    assert_eq!(rig.session.poll_timeout(), None);
}

#[test]
fn a_session_that_is_stopped_before_it_was_drained_still_sends_its_open_first() {
    let mut session = Session::new(config(), 1, Instant::START);
    let stop = NotificationBuf::cease(ErrorKind::ADMINISTRATIVE_SHUTDOWN, "");
    session.handle_command(SessionCommand::Stop(stop), Instant::START);
    let mut rig = Rig { session, input: BytesMut::new(), now: Instant::START };
    assert_eq!(rig.drain(), ["sends OPEN", "sends 6/2 []", "says Down, stopped 6/2 []"]);
}

#[test]
fn a_peer_that_cannot_take_our_capabilities_is_named_so() {
    let refusal = message(MessageType::NOTIFICATION, &[2, 4]);
    for mut rig in [Rig::open_sent(), Rig::open_confirm()] {
        assert_eq!(rig.hear(&refusal), ["says Down, capabilities refused"]);
    }
    let mut plain = Rig::new(config().without_capabilities());
    assert_eq!(plain.hear(&refusal), ["says Down, received 2/4 []"]);
    let mut late = Rig::established();
    assert_eq!(late.hear(&refusal), ["says Down, received 2/4 []"]);
}

#[test]
fn a_notification_is_never_answered() {
    let version = message(MessageType::NOTIFICATION, &[2, 1, 0, 4]);
    for mut rig in [Rig::open_sent(), Rig::open_confirm(), Rig::established()] {
        assert_eq!(rig.hear(&version), ["says Down, received 2/1 [0, 4]"]);
        assert_eq!(
            rig.session.history().notification_received.as_ref().map(|found| found.kind.subcode),
            Some(1)
        );
    }
}

#[test]
fn a_lost_connection_ends_the_session_once() {
    for mut rig in [Rig::open_sent(), Rig::open_confirm(), Rig::established()] {
        rig.session.handle_closed(rig.now);
        assert_eq!(rig.drain(), ["says Down, closed"]);
        rig.session.handle_closed(rig.now);
        assert!(rig.hear(&open()).is_empty());
        assert!(rig.wait(seconds(1000)).is_empty());
    }
}

#[test]
fn updates_and_refreshes_are_not_sent_before_established() {
    for mut rig in [Rig::open_sent(), Rig::open_confirm()] {
        assert!(rig.command(SessionCommand::Transmit(update(END_OF_RIB).into())).is_empty());
        let refresh = SessionCommand::Refresh(Family::Ipv4Unicast, crate::wire::RefreshKind::Request);
        assert!(rig.command(refresh).is_empty());
    }
}
