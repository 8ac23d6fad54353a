//! The gateway follows what BGP and the kernel know: peers, interfaces, routes, default routes.

use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use lab::capture::Capture;
use lab::daemon::{self, Daemon, Kind, Neighbor, Route, Spec};
use lab::frames::{FRAMES, Frame, read_frames, reigns};
use lab::gateway::{Member, Plan, Router};
use lab::ping::{Ping, reaches};
use lab::{Lab, Namespace, Process, eventually};

use super::gateway::{BGP, attach, lan, settles};

/// Each fact fails and comes back; the router keeps the gateway until its priority is the lower one.
#[test]
fn the_priority_on_the_wire_is_what_the_tracked_facts_leave() {
    lab::run("tracked facts", |lab| {
        if !Kind::Bird.available()? {
            return Ok(());
        }
        let (lan, _host) = lan(lab)?;
        let (first, second, core) = (attach(lab, &lan, 1)?, attach(lab, &lan, 2)?, lab.namespace("core")?);
        lab.link((&first, "wan0", &["10.1.0.1/24"]), (&core, "eth0", &["10.1.0.2/24"]))?;
        let spec = Spec::new(65002, "10.1.0.2").neighbor(Neighbor::new("10.1.0.1", 65001));
        let route = Route::new(TRACKED).via("10.1.0.2");
        let mut provider = daemon::start(Kind::Bird, &core, &spec.route(route.clone()))?;
        let plan = Plan::new(200)
            .every(100)
            .line("!@ vrrp 5 track bgp-peer 10.1.0.2 decrement 10")
            .line("!@ vrrp 5 track interface wan0 decrement 150")
            .line(&format!("!@ vrrp 5 track route {TRACKED} decrement 20"))
            .more(BGP);
        let mut router = Router::start(&first, Member::Ours, plan)?;
        // Far below, so that a machine which does much else takes no offer of the first one for its end.
        let _other = Router::start(&second, Member::Ours, Plan::new(30).every(100))?;
        worth(&mut router, 200)?;
        settles(&[&first, &second], 1)?;
        std::thread::sleep(Duration::from_millis(1200));

        let capture = Capture::start(lan.switch(), "br0", FRAMES)?;
        std::thread::sleep(Duration::from_millis(300));
        provider.withdraw_prefix(TRACKED)?;
        worth(&mut router, 180)?;
        provider.announce(&route)?;
        worth(&mut router, 200)?;
        provider.kill();
        worth(&mut router, 170)?;
        provider.start_again()?;
        worth(&mut router, 200)?;
        let cut = now()?;
        first.link_down("wan0")?;
        worth(&mut router, 20)?;
        settles(&[&first, &second], 2)?;
        first.link_up("wan0")?;
        worth(&mut router, 200)?;
        settles(&[&first, &second], 1)?;
        std::thread::sleep(Duration::from_millis(300));
        let frames = read_frames(capture)?;

        let told = priorities(&frames, "10.0.0.1");
        // 0: the gateway is on offer. That it comes back is told with the next advertisement; the interface is back
        // before the peer.
        let expected = [200, 0, 180, 200, 0, 170, 200, 0, 200];
        let mut rest = told.iter();
        ensure!(expected.iter().all(|step| rest.any(|priority| priority == step)), "{told:?}");
        let reigns = reigns(&frames, 4);
        let seen: Vec<&str> = reigns.iter().map(|(source, _)| source.as_str()).collect();
        ensure!(seen == ["10.0.0.1", "10.0.0.2", "10.0.0.1"], "{seen:?}");
        // The offer follows from the event in the process: what takes time is `ip`.
        let offer = frames.iter().find(|frame| {
            frame.at >= cut && frame.advert().is_some_and(|one| one.family == 4 && one.priority == 0)
        });
        let after = offer.context("not offered")?.at - cut;
        eprintln!("offered {:.0} ms after `ip link set wan0 down` was started", after * 1000.0);
        ensure!(after < 0.5, "offered {after} s after the cut");
        Ok(())
    });
}

/// Waits until the router gives itself this priority, and all have heard so.
fn worth(router: &mut Router, priority: u64) -> Result<()> {
    eventually(Duration::from_secs(30), "the priority follows", || {
        let shown = router.ours()?.show_json("vrrp")?;
        let effective = shown.pointer("/0/v4/effectivePriority").and_then(serde_json::Value::as_u64);
        ensure!(effective == Some(priority), "{effective:?}, not {priority}");
        Ok(())
    })?;
    std::thread::sleep(Duration::from_millis(300));
    Ok(())
}

/// The IPv4 priorities that a router tells, each once until it changes.
fn priorities(frames: &[Frame], source: &str) -> Vec<u8> {
    let mut told: Vec<u8> = frames
        .iter()
        .filter_map(Frame::advert)
        .filter(|one| one.source == source)
        .map(|one| one.priority)
        .collect();
    told.dedup();
    told
}

/// Highest priority, freshly booted, with a provider that answers late: the order of kernel and wire is compared by
/// their own clocks.
#[test]
fn the_default_route_is_in_the_kernel_before_the_first_advertisement() {
    lab::run("a boot", |lab| {
        if !Kind::Bird.available()? {
            return Ok(());
        }
        let (lan, host) = lan(lab)?;
        let (first, second, core) = (attach(lab, &lan, 1)?, attach(lab, &lan, 2)?, lab.namespace("core")?);
        lab.link(
            (&first, "wan0", &["10.1.0.1/24", "2001:db8:1::1/64"]),
            (&core, "eth0", &["10.1.0.2/24", "2001:db8:1::2/64"]),
        )?;
        let _other = Router::start(&second, Member::Ours, Plan::new(100).every(100))?;
        settles(&[&first, &second], 2)?;
        let capture = Capture::start(lan.switch(), "br0", FRAMES)?;
        let mut monitor = Command::new("ip");
        monitor.args(["-ts", "-6", "monitor", "route"]).env("TZ", "UTC");
        let mut monitor = Process::spawn(&first, "monitor", monitor)?;

        let plan =
            Plan::new(200).every(100).line("!@ vrrp 5 track default-route v6 decrement 150").more(BGP6);
        let _router = Router::start(&first, Member::Ours, plan)?;
        std::thread::sleep(Duration::from_secs(1));
        let spec = Spec::new(65002, "10.1.0.2").neighbor(Neighbor::new("10.1.0.1", 65001).both_families());
        let spec = spec.route(Route::new("::/0").via("2001:db8:1::2"));
        let _provider = daemon::start(Kind::Bird, &core, &spec)?;
        // The very moment: whoever sees the address sees the route.
        poll_closely(Duration::from_secs(30), || {
            let addresses = first.ip("address show")?;
            let route = first.ip("-6 route show default proto bgp")?;
            ensure!(
                !addresses.contains("10.0.0.254") || !route.is_empty(),
                "it took the gateway without a route"
            );
            Ok(addresses.contains("10.0.0.254"))
        })?;
        settles(&[&first, &second], 1)?;
        reaches(&host, "10.0.0.254", None)?;

        let frames = read_frames(capture)?;
        let log = monitor.log();
        monitor.kill();
        let line = log.lines().find(|line| line.contains("default") && line.contains("proto bgp"));
        let installed = time_of_day(line.context("the kernel told of no default route")?)?;
        let link_local = first.link_local("eth0")?.to_string();
        for source in ["10.0.0.1", &link_local] {
            let frame = frames.iter().find(|frame| frame.advert().is_some_and(|one| one.source == source));
            let told = frame.with_context(|| format!("{source} never advertised"))?.at % DAY;
            eprintln!("{source}: {:.1} ms after the route", (told - installed) * 1000.0);
            ensure!(told > installed, "{source} advertised at {told}, the route was there at {installed}");
        }
        Ok(())
    });
}

/// Two providers: one dies, the other's cable is cut.
#[test]
fn with_both_cores_gone_the_gateway_moves_within_an_interval() {
    lab::run("both cores gone", |lab| {
        if !Kind::Bird.available()? {
            return Ok(());
        }
        let (lan, host) = lan(lab)?;
        let (first, second) = (attach(lab, &lan, 1)?, attach(lab, &lan, 2)?);
        let (internet, far) = (lab.segment("internet")?, lab.namespace("far")?);
        internet.attach(&far, "eth0", &["10.2.0.9/24"])?;
        internet.attach(&second, "wan0", &["10.2.0.2/24"])?;
        far.ip("route add 10.0.0.0/24 via 10.2.0.2")?;
        host.ip("route add default via 10.0.0.254")?;
        let mut cores = Vec::new();
        let mut lines = "router bgp 65001\n no bgp ebgp-requires-policy\n".to_owned();
        for number in [1, 3] {
            cores.push(core(lab, (&first, number), &internet)?);
            lines += &format!(" neighbor 10.1.{number}.2 remote-as 65002\n");
        }
        let plan = Plan::new(200).line("!@ vrrp 5 track default-route v4 decrement 150");
        let _better = Router::start(&first, Member::Ours, plan.more(&(lines + "exit\n")))?;
        let _other = Router::start(&second, Member::Ours, Plan::new(100))?;
        eventually(Duration::from_secs(30), "both cores are used", || {
            let hops = first.gateways("0.0.0.0/0")?;
            ensure!(hops.as_ref().is_some_and(|hops| hops.len() == 2), "{hops:?}");
            Ok(())
        })?;
        settles(&[&first, &second], 1)?;
        reaches(&host, "10.2.0.9", None)?;
        let ping = Ping::start(&host, "10.2.0.9".parse()?, None, Duration::from_millis(10))?;
        std::thread::sleep(Duration::from_millis(500));
        first.link_down("wan1")?;
        cores[1].kill();
        settles(&[&first, &second], 2)?;
        std::thread::sleep(Duration::from_millis(500));
        let loss = ping.finish()?;
        eprintln!("both cores gone: {loss}");
        ensure!(loss.silence < Duration::from_secs(1), "{loss}");
        Ok(())
    });
}

/// A provider on a cable of its own, with a way to the internet.
fn core(lab: &Lab, (router, number): (&Namespace, u8), internet: &lab::Segment) -> Result<Box<dyn Daemon>> {
    let namespace = lab.namespace(&format!("core{number}"))?;
    namespace.forward()?;
    let [near, own] = [1, 2].map(|end| format!("10.1.{number}.{end}"));
    let wan = format!("wan{number}");
    lab.link((router, &wan, &[&format!("{near}/24")]), (&namespace, "eth0", &[&format!("{own}/24")]))?;
    internet.attach(&namespace, "eth1", &[&format!("10.2.0.{}/24", 100 + number)])?;
    let spec = Spec::new(65002, &own).neighbor(Neighbor::new(&near, 65001));
    daemon::start(Kind::Bird, &namespace, &spec.route(Route::new("0.0.0.0/0").via(&own)))
}

/// What a provider hears last is not heard before the gateway is resigned.
#[test]
fn on_sigterm_the_gateway_is_resigned_before_any_peer_is_told() {
    lab::run("the order of farewells", |lab| {
        if !Kind::Bird.available()? {
            return Ok(());
        }
        let (lan, _host) = lan(lab)?;
        let (first, second, provider) =
            (attach(lab, &lan, 1)?, attach(lab, &lan, 2)?, lab.namespace("core")?);
        lab.link((&first, "wan0", &["10.1.0.1/24"]), (&provider, "eth0", &["10.1.0.2/24"]))?;
        let spec = Spec::new(65002, "10.1.0.2").neighbor(Neighbor::new("10.1.0.1", 65001));
        let bird = daemon::start(Kind::Bird, &provider, &spec)?;
        let mut leaving = Router::start(&first, Member::Ours, Plan::new(200).every(100).more(BGP))?;
        let _staying = Router::start(&second, Member::Ours, Plan::new(100).every(100))?;
        bird.await_established("10.1.0.1")?;
        settles(&[&first, &second], 1)?;
        let capture = Capture::start(&first, "any", "ip proto 112 or ip6 proto 112 or tcp port 179")?;
        leaving.terminate()?;
        let ended = leaving.ours()?.process().wait(Duration::from_secs(5))?;
        ensure!(ended.success(), "{ended}");
        let seen = capture.fields(
            "(vrrp && vrrp.prio == 0) || bgp.type == 3 || tcp.flags.fin == 1",
            &["frame.protocols"],
        )?;
        let protocols: Vec<&str> =
            seen.iter().filter_map(|line| line.split(':').next_back()).take(3).collect();
        ensure!(protocols.starts_with(&["vrrp", "vrrp"]) && seen.len() > 2, "{seen:?}");
        settles(&[&first, &second], 2)
    });
}

/// Asks as fast as `ip` answers.
fn poll_closely(timeout: Duration, mut probe: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = std::time::Instant::now();
    while !probe()? {
        ensure!(start.elapsed() < timeout, "it never came");
    }
    Ok(())
}

fn now() -> Result<f64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64())
}

/// Seconds since midnight of a line that begins `[2026-01-31T12:34:56.789012]`.
fn time_of_day(line: &str) -> Result<f64> {
    let clock = line.split('T').nth(1).and_then(|rest| rest.split(']').next()).context("no time")?;
    clock.split(':').try_fold(0.0, |sum, part| Ok(sum * 60.0 + part.parse::<f64>()?))
}

const DAY: f64 = 86_400.0;
/// A route that a virtual router depends on.
const TRACKED: &str = "203.0.113.0/24";
/// A session with a provider that also tells of IPv6.
const BGP6: &str = "router bgp 65001\n no bgp ebgp-requires-policy\n neighbor 10.1.0.2 remote-as 65002\n \
                    address-family ipv6 unicast\n  neighbor 10.1.0.2 activate\n exit-address-family\nexit\n";
