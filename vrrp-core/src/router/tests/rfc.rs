//! RFC 9568 §6.4, and RFC 3768 where it differs.

use super::*;

#[test]
fn a_backup_takes_over_after_active_down() {
    let bench = run(
        priority(100),
        &[
            (0, Up, &[Becomes(Backup)]),
            (3_609_374, Time, &[]),
            (3_609_375, Time, TAKES_OVER_AT_100),
            (4_609_374, Time, &[]),
            (4_609_375, Time, &[Adv(100)]),
            (6_609_375, Time, &[Adv(100), Adv(100)]),
        ],
    );
    assert_eq!(bench.reason(), TransitionReason::ActiveSilent(None));
    assert_eq!(bench.router.statistics().became_active, 1);
}

#[test]
fn a_late_driver_sends_one_advertisement_and_not_all_it_missed() {
    let mut bench = run(priority(100), &[(0, Up, &[Becomes(Backup)]), (3_609_375, Time, TAKES_OVER_AT_100)]);
    bench.now = Instant::from_start(Duration::from_secs(60));
    bench.router.handle_timeout(bench.now);
    assert_eq!(bench.drain(), [Adv(100)]);
    assert_eq!(bench.router.poll_timeout().unwrap().0, bench.now + Duration::from_secs(1));
}

#[test]
fn every_advertisement_of_an_equal_or_higher_priority_keeps_a_backup_waiting() {
    for other in [100, 101, 255] {
        run(
            priority(100),
            &[
                (0, Up, &[Becomes(Backup)]),
                (3_000_000, Hear(2, other), &[]),
                (6_000_000, Hear(2, other), &[]),
                (9_609_374, Time, &[]),
                (9_609_375, Time, TAKES_OVER_AT_100),
            ],
        );
    }
}

#[test]
fn a_backup_discards_a_lower_priority_and_preempts_when_its_timer_fires() {
    let bench = run(
        priority(200),
        &[
            (0, Up, &[Becomes(Backup)]),
            (1_000_000, Hear(2, 100), &[]),
            (2_000_000, Hear(2, 100), &[]),
            (3_000_000, Hear(2, 100), &[]),
            (3_218_749, Time, &[]),
            (3_218_750, Time, TAKES_OVER_AT_200),
        ],
    );
    assert_eq!(bench.reason(), TransitionReason::Preempting(host(2)));
}

#[test]
fn without_preemption_a_lower_priority_keeps_the_gateway() {
    let settings = Settings { preempt: Preempt::Off, ..priority(200) };
    run(
        settings,
        &[
            (0, Up, &[Becomes(Backup)]),
            (1_000_000, Hear(2, 100), &[]),
            (3_500_000, Hear(2, 100), &[]),
            (6_718_749, Time, &[]),
            (6_718_750, Time, TAKES_OVER_AT_200),
        ],
    );
}

#[test]
fn a_resignation_shortens_the_wait_to_skew_time() {
    let bench = run(
        priority(100),
        &[
            (0, Up, &[Becomes(Backup)]),
            (1_000_000, Hear(2, 200), &[]),
            (1_500_000, Hear(2, 0), &[]),
            (2_109_374, Time, &[]),
            (2_109_375, Time, TAKES_OVER_AT_100),
        ],
    );
    assert_eq!(bench.reason(), TransitionReason::ActiveResigned(host(2)));
}

#[test]
fn a_backup_adopts_the_interval_of_the_active() {
    let bench = run(
        priority(100),
        &[
            (0, Up, &[Becomes(Backup)]),
            (0, HearAt(2, 200, 300), &[]),
            (10_828_124, Time, &[]),
            (10_828_125, Time, TAKES_OVER_AT_100),
            (11_828_125, Time, &[Adv(100)]),
        ],
    );
    assert_eq!(bench.router.active_interval(), Centiseconds::new(100));
}

#[test]
fn an_active_yields_to_a_higher_priority_and_adopts_its_interval() {
    let bench = run(
        priority(100),
        &[
            (0, Up, &[Becomes(Backup)]),
            (3_609_375, Time, TAKES_OVER_AT_100),
            (4_000_000, HearAt(2, 101, 50), &[Off, Becomes(Backup)]),
            (5_804_687, Time, &[]),
            (5_804_688, Time, TAKES_OVER_AT_100),
        ],
    );
    let outranked = run(
        priority(100),
        &[
            (0, Up, &[Becomes(Backup)]),
            (4_000_000, Skip, &[]),
            (4_000_000, Hear(2, 101), &[Off, Becomes(Backup)]),
        ],
    );
    assert_eq!(bench.reason(), TransitionReason::ActiveSilent(Some(host(2))));
    assert_eq!(outranked.reason(), TransitionReason::Outranked(host(2), Priority::new(101).unwrap()));
    assert_eq!(outranked.router.active(), Some((host(2), Priority::new(101).unwrap())));
}

#[test]
fn between_equal_priorities_the_higher_address_is_active() {
    let mut low = Bench::new(priority(100));
    low.run(&[
        (0, Up, &[Becomes(Backup)]),
        (3_609_375, Time, TAKES_OVER_AT_100),
        (4_000_000, Hear(2, 100), &[Off, Becomes(Backup)]),
    ]);
    let mut high = Bench::new(priority(100));
    high.router.handle_interface(Link::Up(port(3)), Instant::START);
    high.run(&[
        (3_609_375, Time, &[Becomes(Backup), Adv(100), On, Becomes(Active), Announce]),
        (4_000_000, Hear(2, 100), &[Adv(100), Announce]),
    ]);
}

#[test]
fn addresses_are_compared_as_unsigned_numbers() {
    let mut bench = run(priority(100), &[(0, Up, &[Becomes(Backup)]), (3_700_000, Skip, &[])]);
    bench.run(&[(4_000_000, Hear(200, 100), &[Off, Becomes(Backup)])]);
}

#[test]
fn an_active_answers_a_lower_priority_at_once_and_keeps_its_beat() {
    run(
        priority(100),
        &[
            (0, Up, &[Becomes(Backup)]),
            (3_609_375, Time, TAKES_OVER_AT_100),
            (4_000_000, Hear(2, 99), &[Adv(100), Announce]),
            (4_609_375, Time, &[Adv(100)]),
        ],
    );
}

#[test]
fn answers_are_limited() {
    let mut bench = run(priority(100), &[(0, Up, &[Becomes(Backup)]), (3_700_000, Skip, &[])]);
    for _ in 0..1000 {
        bench.hear(2, 99, 100);
        bench.hear(3, 0, 100);
    }
    assert_eq!(bench.drain(), [Adv(100)]);
    assert_eq!(bench.router.statistics().answers_suppressed, 1999);
    bench.run(&[
        (3_800_000, Hear(2, 99), &[Adv(100)]),
        // The burst of the first answer, as soon after the one at 3.609375 s as a burst may be.
        (3_809_375, Time, &[Announce]),
    ]);
}

#[test]
fn an_active_answers_a_resignation_and_starts_its_interval_anew() {
    run(
        priority(100),
        &[
            (0, Up, &[Becomes(Backup)]),
            (3_609_375, Time, TAKES_OVER_AT_100),
            (4_000_000, Hear(2, 0), &[Adv(100)]),
            (4_999_999, Time, &[]),
            (5_000_000, Time, &[Adv(100)]),
        ],
    );
}

#[test]
fn an_active_that_stops_resigns_and_a_backup_says_nothing() {
    run(
        priority(100),
        &[
            (0, Up, &[Becomes(Backup)]),
            (0, Stop, &[Becomes(Initialize)]),
            (1_000_000, Start, &[Becomes(Backup)]),
            (4_609_375, Time, TAKES_OVER_AT_100),
            (5_000_000, Stop, &[Adv(0), Off, Becomes(Initialize)]),
            (60_000_000, Time, &[]),
        ],
    );
}

#[test]
fn an_owner_is_active_at_once_and_yields_only_to_another_owner_with_a_higher_address() {
    let settings = Settings { preempt: Preempt::Off, ..priority(255) };
    run(
        settings.clone(),
        &[
            (0, Up, &[Adv(255), On, Becomes(Active), Announce]),
            (500_000, Hear(2, 254), &[Adv(255), Announce]),
            (600_000, Hear(2, 255), &[Off, Becomes(Backup)]),
            // It preempts whatever Preempt_Mode says.
            (1_000_000, Hear(3, 254), &[]),
            (3_603_905, Time, &[]),
            (3_603_907, Time, &[Adv(255), On, Becomes(Active), Announce]),
        ],
    );
}

#[test]
fn a_version_2_owner_listens_to_nobody() {
    let settings = Settings { version: Version::V2, ..priority(255) };
    let bench =
        run(settings, &[(0, Up, &[Adv(255), On, Becomes(Active), Announce]), (500_000, Hear(2, 255), &[])]);
    assert_eq!(bench.router.statistics().dropped.of(DropReason::LocalOwner), 1);
}

#[test]
fn in_version_2_the_skew_is_of_a_second_and_a_lower_priority_gets_no_answer() {
    let settings =
        Settings { version: Version::V2, interval: Centiseconds::from_seconds(3), ..priority(100) };
    run(
        settings,
        &[
            (0, Up, &[Becomes(Backup)]),
            (9_609_374, Time, &[]),
            (9_609_375, Time, TAKES_OVER_AT_100),
            (10_000_000, Hear(2, 99), &[]),
            (12_609_375, Time, &[Adv(100)]),
        ],
    );
}

#[test]
fn a_dead_link_is_initialize_and_a_live_one_starts_again() {
    let bench = run(
        priority(100),
        &[
            (0, Up, &[Becomes(Backup)]),
            (3_609_375, Time, TAKES_OVER_AT_100),
            (4_000_000, Down, &[Off, Becomes(Initialize)]),
            (9_000_000, Time, &[]),
            (9_000_000, Hear(2, 50), &[]),
            (10_000_000, Up, &[Becomes(Backup)]),
            (13_609_375, Time, TAKES_OVER_AT_100),
        ],
    );
    assert_eq!(bench.router.statistics().dropped.of(DropReason::NotStarted), 1);
}
