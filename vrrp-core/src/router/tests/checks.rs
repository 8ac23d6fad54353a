//! RFC 9568 §7.1 as far as it compares, and what is said of it.

use super::*;

fn backup(settings: Settings) -> Bench {
    run(settings, &[(0, Up, &[Becomes(Backup)])])
}

/// The bench hears `message` and drops it for `reason`, once counted and once told.
fn drops(bench: &mut Bench, from: u8, message: &Message<'_>, reason: DropReason) {
    bench.drain();
    let before = bench.router.poll_timeout();
    for _ in 0..3 {
        bench.receive(from, message);
    }
    assert_eq!(bench.router.statistics().dropped.of(reason), 3, "{reason:?}");
    assert_eq!(bench.router.statistics().advertisements_received, 0);
    assert_eq!(bench.events(), [Event::Dropped { reason, source: host(from) }]);
    assert_eq!(bench.router.poll_timeout(), before, "a drop leaves every timer as it is");
}

#[test]
fn own_packets_strangers_and_other_virtual_routers_are_dropped() {
    let settings = priority(100);
    let message = from_peer(&settings);
    drops(&mut backup(settings.clone()), 1, &message, DropReason::OwnPacket);
    let elsewhere = Message { vrid: Vrid::new(6).unwrap(), ..message };
    drops(&mut backup(settings.clone()), 2, &elsewhere, DropReason::Vrid);
    let peered = Settings { peers: vec![host(2)], ..settings.clone() };
    drops(&mut backup(peered), 3, &message, DropReason::NotAPeer);
    let older = Message { version: Version::V2, ..message };
    drops(&mut backup(settings.clone()), 2, &older, DropReason::Version);
}

#[test]
fn version_2_wants_the_same_interval_and_the_same_addresses_but_for_the_owners() {
    let settings = Settings { version: Version::V2, ..priority(100) };
    let message = from_peer(&settings);
    let slower = Message { interval: Centiseconds::from_seconds(2), ..message };
    drops(&mut backup(settings.clone()), 2, &slower, DropReason::Interval);
    let others = VirtualAddresses::V4(vec![Ipv4Addr::new(10, 0, 0, 253)]);
    let other = Message { addresses: &others, ..message };
    drops(&mut backup(settings.clone()), 2, &other, DropReason::AddressList);
    let mut bench = backup(settings.clone());
    bench.receive(2, &Message { priority: Some(Priority::OWNER), ..other });
    assert_eq!(bench.router.active(), Some((host(2), Priority::OWNER)));
}

#[test]
fn version_3_remarks_on_what_differs_and_goes_on() {
    let settings = priority(100);
    let others = VirtualAddresses::V4(vec![Ipv4Addr::new(10, 0, 0, 253)]);
    let mut bench = backup(settings.clone());
    let differing = Message {
        interval: Centiseconds::new(300),
        addresses: &others,
        priority: Priority::new(120),
        ..from_peer(&settings)
    };
    bench.receive(2, &differing);
    bench.receive(3, &differing);
    let told =
        [Remark::AddressList, Remark::Interval].map(|remark| Event::Remarked { remark, source: host(2) });
    assert_eq!(bench.events(), told);
    assert_eq!(bench.router.statistics().remarks.of(Remark::Interval), 2);
    assert_eq!(bench.router.statistics().advertisements_received, 2);
}

#[test]
fn the_order_of_the_addresses_does_not_matter() {
    let list = |hosts: &[u8]| {
        VirtualAddresses::V4(hosts.iter().map(|host| Ipv4Addr::new(10, 0, 0, *host)).collect())
    };
    let settings = Settings { addresses: list(&[251, 252, 253]), ..priority(100) };
    for (theirs, is_same) in
        [(list(&[253, 251, 252]), true), (list(&[251, 252]), false), (list(&[251, 252, 252]), false)]
    {
        let mut bench = backup(settings.clone());
        bench.receive(2, &Message { addresses: &theirs, ..from_peer(&settings) });
        assert_eq!(bench.router.statistics().remarks.of(Remark::AddressList), u64::from(!is_same));
    }
}

#[test]
fn two_owners_are_remarked_on() {
    let settings = priority(255);
    let mut bench = run(settings.clone(), &[(0, Up, &[Adv(255), On, Becomes(Active), Announce])]);
    bench.receive(2, &Message { priority: Some(Priority::OWNER), ..from_peer(&settings) });
    assert_eq!(bench.router.statistics().remarks.of(Remark::SecondOwner), 1);
    assert_eq!(bench.router.state(), Backup);
}

fn ipv6(first_address: FirstAddress) -> Bench {
    let addresses = VirtualAddresses::collect(["fe80::5".parse().unwrap(), "2001:db8::1".parse().unwrap()]);
    let settings = Settings { first_address, ..Settings::new(Vrid::new(5).unwrap(), addresses.unwrap()) };
    let mut bench = Bench::new(settings);
    let port = Port { primary: "fe80::1".parse().unwrap(), mac: Mac([2, 0, 0, 0, 0, 1]) };
    bench.router.handle_interface(Link::Up(port), Instant::START);
    bench.drain();
    bench
}

#[test]
fn a_first_address_that_is_not_link_local_is_dropped_only_where_that_is_enforced() {
    let addresses = VirtualAddresses::collect(["2001:db8::1".parse().unwrap()]).unwrap();
    let endpoints = Endpoints::new("fe80::2".parse().unwrap(), Family::Ipv6.group()).unwrap();
    for (rule, dropped, remarked) in [(FirstAddress::LinkLocal, 1, 0), (FirstAddress::Any, 0, 1)] {
        let mut bench = ipv6(rule);
        let settings = bench.router.config().settings().clone();
        let mut payload = Vec::new();
        Message { addresses: &addresses, ..from_peer(&settings) }.emit(&endpoints, &mut payload);
        bench.router.handle_packet(&Datagram { endpoints, hop_limit: 255, payload: &payload }, bench.now);
        let statistics = bench.router.statistics();
        assert_eq!(statistics.dropped.of(DropReason::FirstAddress), dropped);
        assert_eq!(statistics.remarks.of(Remark::FirstAddress), remarked);
    }
}

#[test]
fn the_checksum_form_that_is_heard_is_answered_in_and_said_once() {
    let mut bench = run(priority(100), &[(0, Up, &[Becomes(Backup)]), (3_700_000, Skip, &[])]);
    let settings = bench.router.config().settings().clone();
    let lower = Message { priority: Priority::new(99), ..from_peer(&settings) };
    let mut said = 0;
    for (step, form) in
        [ChecksumForm::Message, ChecksumForm::PseudoHeader, ChecksumForm::Message, ChecksumForm::PseudoHeader]
            .into_iter()
            .enumerate()
    {
        bench.pass(Instant::from_start(Duration::from_secs(4 + step as u64)));
        bench.receive(2, &Message { form, ..lower });
        let Some(Transmit::Advertisement(answer)) = bench.router.poll_transmit() else { panic!("no answer") };
        let sent = Datagram { endpoints: answer.endpoints, hop_limit: 255, payload: &answer.payload };
        assert_eq!(Advertisement::check(&sent, Version::V3).unwrap().verified().form(), Some(form));
        said += bench.events().iter().filter(|event| matches!(event, Event::ChecksumForm { .. })).count();
    }
    assert_eq!(said, 1);
}

#[test]
fn a_source_that_is_of_no_use_keeps_a_virtual_router_in_initialize() {
    for primary in ["10.0.0.254", "fe80::1", "0.0.0.0"] {
        let mut bench = Bench::new(priority(100));
        let port = Port { primary: primary.parse().unwrap(), ..port(1) };
        bench.router.handle_interface(Link::Up(port), Instant::START);
        assert_eq!(bench.router.state(), Initialize, "{primary}");
    }
    let mut owner = Bench::new(priority(255));
    owner.router.handle_interface(Link::Up(port(254)), Instant::START);
    assert_eq!(owner.router.state(), Active);
    let mut global = ipv6(FirstAddress::Any);
    let port = Port { primary: "2001:db8::2".parse().unwrap(), mac: Mac([2; 6]) };
    global.router.handle_interface(Link::Up(port), Instant::START);
    assert_eq!(global.reason(), TransitionReason::BadSource(port.primary));
    let port = Port { primary: "fe80::200:5eff:fe00:205".parse().unwrap(), ..port };
    global.router.handle_interface(Link::Up(port), Instant::START);
    assert_eq!(global.router.hindrance(), Some(TransitionReason::BadSource(port.primary)));
}
