//! The gateway: three routers and a host on one LAN, and who of them holds it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::capture::Capture;
use lab::daemon::{self, Daemon, Kind, Neighbor, Route, Spec};
use lab::failover::{Bench, Case, Measure, Setting};
use lab::gateway::{
    ADVERTS, Advert, LINK_LOCAL, Member, Plan, Router, V4, V6, actives, adverts, read_adverts,
};
use lab::ping::{Ping, reaches};
use lab::{Lab, Namespace, Segment, eventually, holds_for};
use serde_json::Value;

/// Who is Active in turn, by falling priority; the first is ours at least once.
const TURNS: [[Member; 3]; 3] = [
    [Member::Ours, Member::Frr, Member::Keepalived],
    [Member::Frr, Member::Keepalived, Member::Ours],
    [Member::Keepalived, Member::Ours, Member::Frr],
];

#[test]
fn ours_leads_a_mixed_group_and_the_next_takes_over() {
    mixed(TURNS[0]);
}

#[test]
fn ours_is_the_last_of_a_mixed_group() {
    mixed(TURNS[1]);
}

#[test]
fn ours_follows_keepalived() {
    mixed(TURNS[2]);
}

/// The members die one after the other, the highest priority first, and come back in the other order.
fn mixed(order: [Member; 3]) {
    lab::run("a mixed group", |lab| {
        if !order.iter().all(|member| member.is_available()) {
            ensure!(std::env::var_os("LAB_REQUIRE").is_none(), "FRR and keepalived are required");
            eprintln!("skipped: FRR or keepalived is not installed");
            return Ok(());
        }
        let (lan, host) = lan(lab)?;
        let mut routers = Vec::new();
        for ((number, member), priority) in (1..).zip(order).zip([200, 150, 100]) {
            let namespace = attach(lab, &lan, number)?;
            routers.push(Router::start(&namespace, member, Plan::new(priority))?);
        }
        holds(&lan, &host, 1)?;
        routers[0].kill();
        hide(&routers[0])?;
        holds(&lan, &host, 2)?;
        routers[1].kill();
        hide(&routers[1])?;
        holds(&lan, &host, 3)?;
        for number in [2, 1] {
            let router = &mut routers[number - 1];
            router.namespace().link_up("eth0")?;
            router.start_again()?;
            holds(&lan, &host, number)?;
        }
        Ok(())
    });
}

#[test]
fn on_sigterm_the_gateway_is_resigned_first_and_handed_over() {
    lab::run("a hand-over", |lab| {
        let (lan, host) = lan(lab)?;
        let first = attach(lab, &lan, 1)?;
        let second = attach(lab, &lan, 2)?;
        let mut leaving = Router::start(&first, Member::Ours, Plan::new(200))?;
        let _staying = Router::start(&second, Member::Ours, Plan::new(100))?;
        holds(&lan, &host, 1)?;
        let capture = Capture::start(lan.switch(), "br0", ADVERTS)?;
        leaving.terminate()?;
        eventually(Duration::from_secs(5), "it has ended", || {
            ensure!(!leaving.ours()?.process().is_running(), "it runs");
            Ok(())
        })?;
        let seen = read_adverts(capture)?;
        for (version, vmac) in [(4, "00:00:5e:00:01:05"), (6, "00:00:5e:00:02:05")] {
            let of: Vec<&Advert> = seen.iter().filter(|advert| advert.version == version).collect();
            let resigned = of.iter().position(|advert| advert.priority == 0).context("no priority 0")?;
            let after = of.get(resigned + 1).context("nobody took over")?;
            ensure!(after.priority == 100, "after it: {after:?}");
            ensure!(of.iter().all(|advert| advert.mac == vmac && advert.hop_limit == "255"), "{of:?}");
        }
        let left = first.ip("-br link")?;
        ensure!(!left.contains("vrrp"), "left behind: {left}");
        holds(&lan, &host, 2)
    });
}

#[test]
fn a_backup_answers_for_nobody_also_after_its_link_has_flapped() {
    lab::run("a quiet backup", |lab| {
        let (lan, host) = lan(lab)?;
        let (first, second) = (attach(lab, &lan, 1)?, attach(lab, &lan, 2)?);
        let _active = Router::start(&first, Member::Ours, Plan::new(200))?;
        let _backup = Router::start(&second, Member::Ours, Plan::new(100))?;
        holds(&lan, &host, 1)?;
        // Replies to the host do not pass the backup's port of the switch: what is seen there comes from the backup.
        let answers = "arp[6:2] == 2 or (icmp6 and ip6[40] == 136)";
        let capture = Capture::start(lan.switch(), "port2", answers)?;
        for _ in 0..2 {
            for target in [V4, V6, &format!("{LINK_LOCAL}%eth0")] {
                host.ip("neigh flush dev eth0")?;
                reaches(&host, target, None)?;
            }
            second.link_down("eth0")?;
            second.link_up("eth0")?;
            std::thread::sleep(Duration::from_millis(500));
        }
        let virtual_one = "arp.src.proto_ipv4 == 10.0.0.254 || icmpv6.nd.na.target_address == 2001:db8::254 || \
                           icmpv6.nd.na.target_address == fe80::5";
        let given = capture.fields(virtual_one, &["frame.number", "eth.src"])?;
        ensure!(given.is_empty(), "the backup answered: {given:?}");
        reaches(&host, V4, None)?;
        let neighbor = host.ip(&format!("neigh show {V4}"))?;
        ensure!(neighbor.contains("00:00:5e:00:01:05"), "the host knows {neighbor}");
        holds(&lan, &host, 1)
    });
}

/// The kernel of a router whose program was killed lets go of the addresses, though nobody tells it to.
#[test]
fn a_killed_program_leaves_no_second_gateway_and_is_back_after_its_restart() {
    lab::run("a killed program", |lab| {
        let (lan, host) = lan(lab)?;
        let (first, second) = (attach(lab, &lan, 1)?, attach(lab, &lan, 2)?);
        let mut killed = Router::start(&first, Member::Ours, Plan::new(200))?;
        let _other = Router::start(&second, Member::Ours, Plan::new(100))?;
        holds(&lan, &host, 1)?;
        killed.kill();
        eventually(Duration::from_secs(8), "its addresses are gone", || {
            let left = first.ip("address show")?;
            ensure!(!left.contains(V4) && !left.contains(V6), "{left}");
            Ok(())
        })?;
        holds(&lan, &host, 2)?;
        killed.start_again()?;
        holds(&lan, &host, 1)
    });
}

/// Highest priority, but its provider is late, goes, and comes back.
#[test]
fn the_gateway_is_where_the_default_route_is_in_the_kernel() {
    lab::run("a tracked default route", |lab| {
        if !Kind::Bird.available()? {
            return Ok(());
        }
        let (lan, host) = lan(lab)?;
        let (first, second, core) = (attach(lab, &lan, 1)?, attach(lab, &lan, 2)?, lab.namespace("core")?);
        lab.link((&first, "wan0", &["10.1.0.1/24"]), (&core, "eth0", &["10.1.0.2/24"]))?;
        let _other = Router::start(&second, Member::Ours, Plan::new(100))?;
        holds(&lan, &host, 2)?;

        let plan = Plan::new(200).line("!@ vrrp 5 track default-route v4 decrement 150").more(BGP);
        let mut router = Router::start(&first, Member::Ours, plan)?;
        holds_for(Duration::from_secs(5), "the router that has only booted waits", || lacks(&first))?;
        let spec = Spec::new(65002, "10.1.0.2").neighbor(Neighbor::new("10.1.0.1", 65001));
        let spec = spec.route(Route::new("0.0.0.0/0").via("10.1.0.2"));
        let mut provider = daemon::start(Kind::Bird, &core, &spec)?;
        eventually(Duration::from_secs(30), "it takes the gateway", || {
            let (has_gateway, routes) = (lacks(&first).is_err(), first.gateways("0.0.0.0/0")?);
            ensure!(has_gateway, "not yet");
            ensure!(routes.is_some(), "it took the gateway without a default route");
            Ok(())
        })?;
        holds(&lan, &host, 1)?;

        provider.kill();
        let ping = Ping::start(&host, V4.parse()?, None, Duration::from_millis(10))?;
        eventually(Duration::from_secs(3), "it yields", || lacks(&first))?;
        holds(&lan, &host, 2)?;
        let loss = ping.finish()?;
        eprintln!("the provider dies: {loss}");
        ensure!(loss.longest() < Duration::from_secs(1), "{loss}");
        let shown = router.ours()?.show("vrrp 5")?;
        ensure!(shown.contains("default-route v4 fails: -150"), "{shown}");
        provider.start_again()?;
        eventually(Duration::from_secs(30), "it takes the gateway again", || {
            ensure!(lacks(&first).is_err(), "not yet");
            Ok(())
        })?;
        ensure!(first.gateways("0.0.0.0/0")?.is_some(), "without a default route");
        holds(&lan, &host, 1)
    });
}

#[test]
fn a_reload_moves_nothing_that_has_not_changed() {
    lab::run("a reload", |lab| {
        let (lan, host) = lan(lab)?;
        let (first, second) = (attach(lab, &lan, 1)?, attach(lab, &lan, 2)?);
        let plan = Plan::new(200);
        let mut active = Router::start(&first, Member::Ours, plan.clone())?;
        let _backup = Router::start(&second, Member::Ours, Plan::new(100))?;
        holds(&lan, &host, 1)?;
        let transitions = |router: &mut Router| -> Result<Vec<Value>> {
            let shown = router.ours()?.show_json("vrrp")?;
            let of = |family: &str| shown.pointer(&format!("/0/{family}/stats/transitions")).cloned();
            ["v4", "v6"].into_iter().map(|family| of(family).context("no transitions are shown")).collect()
        };
        let before = transitions(&mut active)?;
        let filter = "ip proto 112 or ip6 proto 112 or arp or icmp6";
        let capture = Capture::start(lan.switch(), "br0", filter)?;
        for conf in [
            plan.frr_conf(),
            plan.clone().more(BGP).frr_conf(),
            plan.line("!@ vrrp 5 garp-refresh 0").frr_conf(),
        ] {
            active.ours()?.reload(&conf)?;
            std::thread::sleep(Duration::from_millis(1100));
        }
        let moved = "vrrp.prio < 200 || arp.src.proto_ipv4 == 10.0.0.254 || icmpv6.type == 136";
        let seen = capture.fields(moved, &["frame.number", "eth.src"])?;
        ensure!(seen.is_empty(), "a reload was seen: {seen:?}");
        let after = transitions(&mut active)?;
        ensure!(before == after, "transitions: {before:?}, then {after:?}");
        holds(&lan, &host, 1)
    });
}

/// The bounds are a busy machine's; `docs/failover.md` has what it costs a machine at rest.
#[test]
fn a_host_loses_what_active_down_costs_and_nothing_else() {
    lab::run("losses", |lab| {
        let setting = Setting { member: Member::Ours, interval: 500, pace: Duration::from_millis(10) };
        let mut bench = Bench::build(lab, setting)?;
        for case in [Case::Stop, Case::Death] {
            for measure in bench.run(case, 0.0)? {
                judge(&setting, &measure).with_context(|| format!("{measure}"))?;
            }
        }
        Ok(())
    });
}

fn judge(setting: &Setting, measure: &Measure) -> Result<()> {
    ensure!(measure.record.twice() == 0, "answers came twice");
    let silence = measure.record.silence().context("no answers")?.length();
    let Some(outage) = measure.outage else {
        ensure!(silence < SLACK, "it was handed over, and nobody answered");
        return Ok(());
    };
    ensure!(outage > setting.active_down(), "somebody took over before the Active was dead");
    ensure!(outage < setting.active_down() + SLACK, "it took longer than {:?}", setting.active_down());
    Ok(())
}

/// For a machine that does much else.
const SLACK: Duration = Duration::from_millis(300);

/// An error while a router has a virtual address.
pub(crate) fn lacks(namespace: &Namespace) -> Result<()> {
    let addresses = namespace.ip("address show")?;
    ensure!(!addresses.contains(V4), "it has the gateway");
    Ok(())
}

/// Once settled the router of this number, counted from one, has the gateway's addresses and no other has.
pub(crate) fn settles(namespaces: &[&Namespace], number: usize) -> Result<()> {
    eventually(Duration::from_secs(15), "one router has the gateway", || {
        let has: Result<Vec<bool>> =
            namespaces.iter().map(|one| Ok(one.ip("address show")?.contains(V4))).collect();
        let has: Vec<usize> = (1..).zip(has?).filter_map(|(number, has)| has.then_some(number)).collect();
        ensure!(has == [number], "it is with {has:?}, not with {number}");
        Ok(())
    })
}

/// A session with a provider.
pub(crate) const BGP: &str =
    "router bgp 65001\n no bgp ebgp-requires-policy\n neighbor 10.1.0.2 remote-as 65002\nexit\n";

/// A LAN with a host on it.
pub(crate) fn lan(lab: &Lab) -> Result<(Segment, Namespace)> {
    let lan = lab.segment("lan")?;
    let host = lab.namespace("host")?;
    lan.attach(&host, "eth0", &["10.0.0.9/24", "2001:db8::9/64"])?;
    Ok((lan, host))
}

pub(crate) fn attach(lab: &Lab, lan: &Segment, number: u8) -> Result<Namespace> {
    let namespace = lab.namespace(&format!("r{number}"))?;
    namespace.forward()?;
    let [v4, v6] = [format!("10.0.0.{number}/24"), format!("2001:db8::{number}/64")];
    lan.attach(&namespace, "eth0", &[&v4, &v6])?;
    Ok(namespace)
}

/// A killed program's kernel would still answer: the machine is cut off, as one that died is.
pub(crate) fn hide(router: &Router) -> Result<()> {
    router.namespace().link_down("eth0")
}

/// Once settled the router of this number is the only Active, with the right frames, and the host reaches it.
pub(crate) fn holds(lan: &Segment, host: &Namespace, number: usize) -> Result<()> {
    eventually(Duration::from_secs(15), "one router is Active", || {
        let seen = adverts(lan.switch(), "br0", Duration::from_millis(2300))?;
        let found = actives(&seen);
        let v4 = found.get(&4).context("nobody is Active for IPv4")?;
        let v6 = found.get(&6).context("nobody is Active for IPv6")?;
        ensure!(v4.iter().eq([&format!("10.0.0.{number}")]), "Active for IPv4: {v4:?}");
        ensure!(v6.len() == 1, "Active for IPv6: {v6:?}");
        for advert in &seen {
            let vmac = if advert.version == 4 { "00:00:5e:00:01:05" } else { "00:00:5e:00:02:05" };
            ensure!(advert.mac == vmac && advert.hop_limit == "255", "{advert:?}");
        }
        Ok(())
    })?;
    [V4, V6].into_iter().try_for_each(|target| reaches(host, target, None))
}
