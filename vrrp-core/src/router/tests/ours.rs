//! What the RFC does not have: tracking, readiness, delayed preemption, graceful departure, reload.

use super::*;

#[test]
fn an_active_that_is_worth_less_offers_the_gateway_within_the_call_and_goes_on_if_nobody_is_better() {
    let bench = run(
        priority(200),
        &[
            (0, Up, &[Becomes(Backup)]),
            (3_218_750, Time, TAKES_OVER_AT_200),
            (4_000_000, Track(1, 100), &[Adv(0)]),
            (4_609_374, Time, &[]),
            (4_609_375, Time, &[Adv(100)]),
            (5_609_375, Time, &[Adv(100)]),
        ],
    );
    assert_eq!(bench.router.effective_priority(), Priority::DEFAULT);
    assert_eq!(bench.router.failing_tracks().collect::<Vec<_>>(), [(TrackId(1), 100)]);
    assert_eq!(bench.router.statistics().last_priority_change.unwrap().track, Some(TrackId(1)));
}

#[test]
fn an_offered_gateway_goes_to_whoever_is_better_and_not_to_whoever_is_worse() {
    run(
        priority(200),
        &[
            (0, Up, &[Becomes(Backup)]),
            (3_218_750, Time, TAKES_OVER_AT_200),
            (4_000_000, Track(1, 100), &[Adv(0)]),
            (4_100_000, Hear(2, 99), &[Adv(100)]),
            (5_100_000, Time, &[Adv(100)]),
        ],
    );
    run(
        priority(200),
        &[
            (0, Up, &[Becomes(Backup)]),
            (3_218_750, Time, TAKES_OVER_AT_200),
            (4_000_000, Track(1, 100), &[Adv(0)]),
            (4_400_000, Hear(2, 150), &[Off, Becomes(Backup)]),
        ],
    );
}

#[test]
fn a_fact_that_is_told_twice_or_of_an_owner_changes_nothing() {
    run(priority(255), &[(0, Up, &[Adv(255), On, Becomes(Active), Announce]), (500_000, Track(1, 100), &[])]);
    run(
        priority(200),
        &[
            (0, Up, &[Becomes(Backup)]),
            (3_218_750, Time, TAKES_OVER_AT_200),
            (3_300_000, Track(1, 100), &[Adv(0)]),
            (3_400_000, Track(1, 100), &[]),
        ],
    );
}

#[test]
fn a_backups_timer_follows_its_priority() {
    run(
        priority(200),
        &[
            (0, Up, &[Becomes(Backup)]),
            (1_000_000, Track(1, 100), &[]),
            (3_609_374, Time, &[]),
            (3_609_375, Time, TAKES_OVER_AT_100),
        ],
    );
    run(
        priority(200),
        &[(0, Track(1, 100), &[]), (0, Up, &[Becomes(Backup)]), (3_500_000, Track(1, 0), TAKES_OVER_AT_200)],
    );
}

#[test]
fn a_router_that_is_not_ready_stays_backup_and_takes_over_in_its_turn_once_it_is() {
    run(
        priority(200),
        &[
            (0, Waiting, &[]),
            (0, Up, &[Becomes(Backup)]),
            (59_000_000, Hear(2, 100), &[]),
            (60_000_000, Ready, &[]),
            (60_000_000, Hear(2, 100), &[]),
            (62_218_749, Time, &[]),
            (62_218_750, Time, TAKES_OVER_AT_200),
        ],
    );
    run(
        priority(200),
        &[
            (0, Waiting, &[]),
            (0, Up, &[Becomes(Backup)]),
            (10_000_000, Hear(2, 0), &[]),
            (60_000_000, Ready, &[]),
            (60_218_749, Time, &[]),
            (60_218_750, Time, TAKES_OVER_AT_200),
        ],
    );
}

#[test]
fn the_delay_before_preemption_begins_when_the_router_is_ready() {
    let settings = Settings { preempt: Preempt::On { delay: Duration::from_secs(2) }, ..priority(200) };
    run(
        settings,
        &[
            (0, Waiting, &[]),
            (0, Up, &[Becomes(Backup)]),
            (1_000_000, Hear(2, 100), &[]),
            (9_500_000, Hear(2, 100), &[]),
            (10_000_000, Ready, &[]),
            (10_500_000, Hear(2, 100), &[]),
            (11_500_000, Hear(2, 100), &[]),
            (12_500_000, Hear(2, 100), &[]),
            (14_718_749, Time, &[]),
            (14_718_750, Time, TAKES_OVER_AT_200),
        ],
    );
}

#[test]
fn an_owner_that_is_not_ready_waits_and_is_active_the_moment_it_is() {
    run(
        priority(255),
        &[
            (0, Waiting, &[]),
            (0, Up, &[Becomes(Backup)]),
            (30_000_000, Time, &[]),
            (30_000_000, Ready, &[Adv(255), On, Becomes(Active), Announce]),
            (30_500_000, Waiting, &[]),
            (31_000_000, Time, &[Adv(255)]),
        ],
    );
}

#[test]
fn preemption_waits_for_its_delay_but_a_death_does_not() {
    let delayed = || Settings { preempt: Preempt::On { delay: Duration::from_secs(10) }, ..priority(200) };
    let mut rows: Vec<Row> = vec![(0, Up, &[Becomes(Backup)])];
    rows.extend((1..=11).map(|second| (second * 1_000_000, Hear(2, 100), [].as_slice())));
    // The last that counted was the one at 10 s: the delay began with the first.
    rows.extend([(13_218_749, Hear(2, 100), [].as_slice()), (13_218_750, Time, TAKES_OVER_AT_200)]);
    run(delayed(), &rows);
    run(
        delayed(),
        &[(0, Up, &[Becomes(Backup)]), (1_000_000, Hear(2, 100), &[]), (4_218_750, Time, TAKES_OVER_AT_200)],
    );
}

#[test]
fn a_graceful_departure_forwards_until_another_is_heard() {
    let bench = run(
        priority(200),
        &[
            (0, Up, &[Becomes(Backup)]),
            (3_218_750, Time, TAKES_OVER_AT_200),
            (4_000_000, Leave, &[Adv(0)]),
            (4_300_000, Hear(3, 0), &[]),
            (4_609_375, Hear(2, 100), &[Off, Becomes(Initialize)]),
            (60_000_000, Time, &[]),
        ],
    );
    assert_eq!(bench.reason(), TransitionReason::HandedOver(host(2)));
}

#[test]
fn a_graceful_departure_ends_when_everybody_has_had_the_time_to_take_over() {
    let mut bench = run(
        priority(200),
        &[
            (0, Up, &[Becomes(Backup)]),
            (3_218_750, Time, TAKES_OVER_AT_200),
            (4_000_000, Leave, &[Adv(0)]),
            (5_046_093, Time, &[]),
        ],
    );
    bench.router.handle_timeout(Instant::from_start(Duration::from_micros(5_046_094)));
    assert_eq!(bench.events().first(), Some(&Event::Deactivate { is_unclaimed: true }));
    assert_eq!(bench.reason(), TransitionReason::Unclaimed);
}

#[test]
fn a_departure_can_be_hurried_or_taken_back() {
    let leaving: [Row; 3] =
        [(0, Up, &[Becomes(Backup)]), (3_218_750, Time, TAKES_OVER_AT_200), (4_000_000, Leave, &[Adv(0)])];
    let mut hurried = run(priority(200), &leaving);
    hurried.run(&[(4_100_000, Stop, &[Off, Becomes(Initialize)])]);
    let mut taken_back = run(priority(200), &leaving);
    taken_back.run(&[(4_100_000, Start, &[Adv(200)]), (5_100_000, Time, &[Adv(200)])]);
}

#[test]
fn announcements_come_in_a_burst_again_when_the_device_is_up_and_then_as_refresh() {
    let announce = AnnouncePlan {
        rounds: 2,
        gap: Duration::from_millis(200),
        refresh: Some(Duration::from_millis(700)),
    };
    run(
        Settings { announce, ..priority(200) },
        &[
            (0, Up, &[Becomes(Backup)]),
            (3_218_750, Time, TAKES_OVER_AT_200),
            (3_300_000, DeviceUp, &[Announce]),
            (3_500_000, Time, &[Announce]),
            (4_200_000, Time, &[Announce]),
            (4_900_000, Time, &[Adv(200), Announce]),
            (5_000_000, Hear(2, 201), &[Off, Becomes(Backup)]),
            (8_000_000, DeviceUp, &[]),
        ],
    );
}

#[test]
fn an_activation_says_all_that_the_driver_needs() {
    for (mac, accept, expected, accepts) in [
        (MacMode::Virtual, AcceptMode::Refuse, Mac([0, 0, 0x5e, 0, 1, 5]), false),
        (MacMode::Interface, AcceptMode::Accept, port(1).mac, true),
    ] {
        let settings = Settings { mac, accept, ..priority(200) };
        let mut bench = run(settings.clone(), &[(0, Up, &[Becomes(Backup)])]);
        bench.router.handle_timeout(Instant::from_start(Duration::from_secs(9)));
        let activation =
            Activation { addresses: settings.addresses, mac: expected, accepts, is_owner: false };
        assert_eq!(bench.events().first(), Some(&Event::Activate(activation)));
        let sent: Vec<_> = core::iter::from_fn(|| bench.router.poll_transmit()).collect();
        let Some(Transmit::Advertisement(first)) = sent.first() else { panic!("no advertisement") };
        assert_eq!((first.mac, first.endpoints), (expected, endpoints(1)));
        assert_eq!(first.to_frame().unwrap()[6..12], expected.0);
    }
}

#[test]
fn with_peers_each_is_sent_its_own() {
    let settings = Settings { peers: vec![host(2), host(3)], ..priority(255) };
    let mut bench = Bench::new(settings);
    bench.give(Up);
    for peer in [2, 3] {
        let Some(Transmit::Advertisement(sent)) = bench.router.poll_transmit() else { panic!("nothing") };
        assert_eq!(sent.endpoints, Endpoints::new(host(1), host(peer)).unwrap());
        assert_eq!(sent.to_frame(), None);
    }
}

#[test]
fn only_the_latest_role_is_told() {
    let mut bench = run(priority(200), &[(0, Up, &[Becomes(Backup)])]);
    bench.router.handle_timeout(Instant::from_start(Duration::from_secs(9)));
    bench.hear(2, 201, 100);
    let roles = |event: &Event| matches!(event, Event::Activate(_) | Event::Deactivate { .. });
    assert_eq!(
        bench.events().into_iter().filter(roles).collect::<Vec<_>>(),
        [Event::Deactivate { is_unclaimed: false }]
    );
}

#[test]
fn a_driver_that_drains_nothing_costs_no_memory_without_end() {
    let mut bench = run(priority(200), &[(0, Up, &[Becomes(Backup)])]);
    for second in 9..5000 {
        bench.router.handle_timeout(Instant::from_start(Duration::from_secs(second)));
    }
    let waiting = core::iter::from_fn(|| bench.router.poll_transmit()).count();
    assert_eq!(waiting, 1024);
    assert_eq!(bench.router.statistics().transmits_lost, 4991 - 1024);
}

fn active_at_200() -> Bench {
    run(priority(200), &[(0, Up, &[Becomes(Backup)]), (3_218_750, Time, TAKES_OVER_AT_200)])
}

fn reload(bench: &mut Bench, settings: Settings) -> Vec<Out> {
    bench.router.handle_config(Config::check(settings).unwrap(), bench.now).unwrap();
    bench.pass(bench.now)
}

#[test]
fn a_reload_moves_nothing_that_did_not_change() {
    let mut bench = active_at_200();
    assert_eq!(reload(&mut bench, priority(200)), []);
    assert_eq!(reload(&mut bench, Settings { preempt: Preempt::Off, ..priority(200) }), []);
    assert_eq!(reload(&mut bench, Settings { accept: AcceptMode::Accept, ..priority(200) }), [On]);
    let addresses = VirtualAddresses::V4(vec![Ipv4Addr::new(10, 0, 0, 253)]);
    assert_eq!(reload(&mut bench, Settings { addresses, ..priority(200) }), [On, Announce]);
    assert_eq!(bench.router.statistics().transitions, 2);
}

#[test]
fn a_reload_applies_priority_and_interval_at_once() {
    let mut bench = active_at_200();
    assert_eq!(reload(&mut bench, priority(150)), [Adv(0)]);
    let mut bench = active_at_200();
    assert_eq!(reload(&mut bench, Settings { interval: Centiseconds::new(10), ..priority(200) }), []);
    bench.run(&[(3_318_750, Time, &[Adv(200)]), (3_418_750, Time, &[Adv(200)])]);
}

#[test]
fn another_version_starts_anew_and_another_vrid_is_refused() {
    let mut bench = active_at_200();
    let out = reload(&mut bench, Settings { version: Version::V2, ..priority(200) });
    assert_eq!(out, [Adv(0), Off, Becomes(Initialize), Becomes(Backup)]);
    let other = Settings { vrid: Vrid::new(6).unwrap(), ..priority(200) };
    let refused = bench.router.handle_config(Config::check(other).unwrap(), bench.now);
    assert_eq!(refused, Err(ConfigError::OtherRouter));
}

#[test]
fn another_address_of_the_interface_decides_the_election_from_then_on() {
    let mut bench = active_at_200();
    bench.router.handle_interface(Link::Up(port(9)), bench.now);
    assert_eq!(bench.pass(bench.now), [On, Announce]);
    bench.run(&[(4_000_000, Hear(8, 200), &[Adv(200), Announce])]);
}
