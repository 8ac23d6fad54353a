//! Hold, keepalive and send-hold.

use super::*;

#[test]
fn a_silent_connection_is_given_up_after_four_minutes() {
    let mut rig = Rig::open_sent();
    assert_eq!(rig.wait(seconds(500)), ["240.0s sends 4/0 []", "240.0s says Down, expired 4/0 []"]);
}

#[test]
fn open_confirm_is_given_up_after_the_agreed_hold_time() {
    let mut rig = Rig::new(config());
    rig.hear(&open_of(PEER_AS, 30, PEER_ID));
    let lines = rig.wait(seconds(100));
    assert_eq!(lines.last().map(String::as_str), Some("30.0s says Down, expired 4/0 []"));
    let mut endless = Rig::new(config());
    endless.hear(&open_of(PEER_AS, 0, PEER_ID));
    assert_eq!(endless.wait(seconds(500)), ["240.0s sends 4/0 []", "240.0s says Down, expired 4/0 []"]);
}

#[test]
fn keepalives_go_out_at_three_quarters_to_the_whole_of_the_interval() {
    let mut rig = Rig::established_with(config(), &open_of(PEER_AS, 30, PEER_ID));
    let mut times = Vec::new();
    for _ in 0..200 {
        rig.hear(&KEEPALIVE);
        let (at, timer) = rig.session.poll_timeout().unwrap();
        assert_eq!(timer, Timer::Keepalive);
        times.push(at - rig.now);
        assert_eq!(rig.wait(at - rig.now).len(), 1);
    }
    let (least, most) = (times.iter().min().unwrap(), times.iter().max().unwrap());
    assert!(*least >= Duration::from_millis(7500) && *most <= seconds(10), "{least:?} {most:?}");
    assert!(*most - *least > seconds(2), "{least:?} {most:?}");
}

#[test]
fn keepalive_and_update_from_the_peer_restart_the_hold_timer_and_a_refresh_does_not() {
    let table: [(&str, Vec<u8>, bool); 4] = [
        ("KEEPALIVE", KEEPALIVE.to_vec(), true),
        ("UPDATE", update(END_OF_RIB), true),
        ("ROUTE-REFRESH", message(MessageType::ROUTE_REFRESH, &[0, 1, 0, 1]), false),
        ("half a KEEPALIVE", KEEPALIVE[..10].to_vec(), false),
    ];
    for (name, octets, restarts) in table {
        let mut rig = Rig::established_with(config(), &open_of(PEER_AS, 9, PEER_ID));
        rig.wait(seconds(6));
        rig.hear(&octets);
        let expired = rig.wait(seconds(5)).iter().any(|line| line.ends_with("Down, expired 4/0 []"));
        assert_eq!(expired, !restarts, "{name}");
    }
}

#[test]
fn the_hold_time_is_the_smaller_one() {
    for (theirs, hold, keepalive) in [(30, 30, 10), (180, 180, 60), (400, 180, 60), (0, 0, 0)] {
        let rig = Rig::established_with(config(), &open_of(PEER_AS, theirs, PEER_ID));
        let negotiated = rig.session.negotiated().unwrap();
        assert_eq!((negotiated.hold, negotiated.keepalive), (seconds(hold), seconds(keepalive)));
    }
}

#[test]
fn keepalives_never_go_out_more_than_once_a_second() {
    for (configured, expected) in [(Duration::from_nanos(1), 1), (Duration::ZERO, 3), (seconds(2), 2)] {
        let config = SessionConfig { keepalive: configured, ..config() };
        let mut rig = Rig::established_with(config, &open_of(PEER_AS, 9, PEER_ID));
        assert_eq!(rig.session.negotiated().unwrap().keepalive, seconds(expected));
        assert!(rig.wait(seconds(8)).len() <= 10);
    }
}

#[test]
fn without_a_hold_time_there_are_no_timers() {
    let mut rig = Rig::established_with(config(), &open_of(PEER_AS, 0, PEER_ID));
    assert_eq!(rig.session.poll_timeout(), None);
    assert!(rig.wait(seconds(1_000_000)).is_empty());
    assert_eq!(rig.session.state(), FsmState::Established);
}

#[test]
fn an_update_of_ours_puts_the_next_keepalive_off() {
    let mut rig = Rig::established();
    rig.wait(seconds(40));
    assert_eq!(rig.command(SessionCommand::Transmit(update(END_OF_RIB).into())), ["sends UPDATE"]);
    assert!(rig.wait(seconds(44)).is_empty());
    assert_eq!(rig.wait(seconds(17)).len(), 1);
}

#[test]
fn a_socket_that_takes_nothing_for_eight_minutes_ends_the_session() {
    let mut rig = Rig::established();
    rig.session.handle_command(SessionCommand::Transmit(update(END_OF_RIB).into()), rig.now);
    let stuck = rig.session.poll_transmit().unwrap();
    let begin = rig.now;
    while rig.session.state() == FsmState::Established && rig.now - begin < seconds(1000) {
        rig.now += seconds(1);
        rig.input.extend_from_slice(&KEEPALIVE);
        rig.session.handle_input(&mut rig.input, rig.now);
        rig.session.handle_timeout(rig.now);
        while rig.session.poll_transmit().is_some() {}
    }
    assert_eq!(rig.now - begin, seconds(480));
    assert_eq!(rig.drain(), ["says Down, expired 8/0 []"]);
    assert!(!stuck.is_empty());
}

#[test]
fn a_socket_that_takes_a_little_now_and_then_is_waited_for() {
    let mut rig = Rig::established();
    let many = update(END_OF_RIB).repeat(100);
    rig.session.handle_command(SessionCommand::Transmit(many.into()), rig.now);
    rig.session.poll_transmit().unwrap();
    for _ in 0..10 {
        for _ in 0..47 {
            rig.now += seconds(10);
            rig.input.extend_from_slice(&KEEPALIVE);
            rig.session.handle_input(&mut rig.input, rig.now);
            rig.session.handle_timeout(rig.now);
            while rig.session.poll_transmit().is_some() {}
        }
        rig.session.handle_transmitted(1, rig.now);
    }
    assert_eq!(rig.session.state(), FsmState::Established);
}

#[test]
fn a_timeout_that_comes_early_does_nothing() {
    let mut rig = Rig::established();
    let due = rig.session.poll_timeout();
    rig.session.handle_timeout(rig.now + seconds(1));
    assert_eq!(rig.session.poll_timeout(), due);
}
