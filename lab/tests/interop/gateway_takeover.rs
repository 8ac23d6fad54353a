//! While the gateway moves: who speaks, and that no packet arrives twice.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::capture::Capture;
use lab::daemon::Daemon;
use lab::frames::{FRAMES, Frame, read_frames, reigns};
use lab::gateway::{Member, Plan, Router, V4, V6};
use lab::{Lab, Namespace, Segment, eventually};

use super::gateway::{attach, hide, lan, settles};

#[test]
fn nobody_but_the_new_active_advertises_after_a_takeover() {
    takeovers(1000);
}

#[test]
fn nobody_but_the_new_active_advertises_after_a_takeover_at_a_tenth_of_a_second() {
    takeovers(100);
}

/// Three routers; the first is cut off from the network, preempts on its return, and is stopped.
fn takeovers(interval: u32) {
    lab::run("takeovers", |lab| {
        let (lan, _host) = lan(lab)?;
        let namespaces = [1, 2, 3].map(|number| attach(lab, &lan, number));
        let namespaces = namespaces.into_iter().collect::<Result<Vec<Namespace>>>()?;
        let all: Vec<&Namespace> = namespaces.iter().collect();
        // Far enough apart that a machine which does much else keeps their order (RFC 9568 §8.3.2).
        let plan = |priority| Plan::new(priority).every(interval);
        let mut first = Router::start(all[0], Member::Ours, plan(254))?;
        let _others =
            [Router::start(all[1], Member::Ours, plan(200))?, Router::start(all[2], Member::Ours, plan(1))?];
        settles(&all, 1)?;
        let quiet = || std::thread::sleep(Duration::from_millis(1200));
        quiet();
        let capture = Capture::start(lan.switch(), "br0", FRAMES)?;
        std::thread::sleep(Duration::from_millis(u64::from(interval) + 200));
        first.kill();
        hide(&first)?;
        settles(&all[1..], 1)?;
        quiet();
        // What the kernel of the one that was killed still has goes by itself.
        eventually(Duration::from_secs(8), "its addresses are gone", || {
            ensure!(!all[0].ip("address show")?.contains(V4), "not yet");
            Ok(())
        })?;
        all[0].link_up("eth0")?;
        first.start_again()?;
        settles(&all, 1)?;
        quiet();
        first.terminate()?;
        settles(&all, 2)?;
        quiet();
        let frames = read_frames(capture)?;
        for (family, names) in [(4, addresses(3)), (6, link_locals(&all)?)] {
            let seen: Vec<&str> = reigns(&frames, family)
                .iter()
                .map(|(source, _)| names.get(source).copied().unwrap_or("a stranger"))
                .collect();
            ensure!(seen == ["r1", "r2", "r1", "r2"], "IPv{family}: {seen:?}");
            resigned_once(&frames, family)?;
        }
        Ok(())
    });
}

/// Of all of them only the one that was stopped has resigned.
fn resigned_once(frames: &[Frame], family: u8) -> Result<()> {
    let adverts = frames.iter().filter_map(Frame::advert).filter(|advert| advert.family == family);
    let resigned: Vec<_> = adverts.filter(|advert| advert.priority == 0).collect();
    ensure!(resigned.len() == 1, "IPv{family}: {resigned:?}");
    Ok(())
}

fn addresses(most: u8) -> BTreeMap<String, &'static str> {
    (1..=most).zip(NAMES).map(|(number, name)| (format!("10.0.0.{number}"), name)).collect()
}

fn link_locals(namespaces: &[&Namespace]) -> Result<BTreeMap<String, &'static str>> {
    let one = |(namespace, name): (&&Namespace, _)| Ok((namespace.link_local("eth0")?.to_string(), name));
    namespaces.iter().zip(NAMES).map(one).collect()
}

/// The switch has forgotten where the gateway is and sends its frames to every port: only the Active forwards them.
#[test]
fn no_packet_arrives_twice_when_the_switch_floods() {
    lab::run("flooded frames", |lab| {
        let (lan, host) = lan(lab)?;
        let (first, second) = (attach(lab, &lan, 1)?, attach(lab, &lan, 2)?);
        let far = beyond(lab, &host, [&first, &second])?;
        let _active = Router::start(&first, Member::Ours, Plan::new(200))?;
        let _backup = Router::start(&second, Member::Ours, Plan::new(100))?;
        settles(&[&first, &second], 1)?;
        floods(&lan)?;
        let at_backup = Capture::start(&second, "eth0", ECHO)?;
        let at_far = Capture::start(&far, "wan0", ECHO)?;
        for target in ["10.2.0.9", "2001:db8:2::9"] {
            let said = host.run("ping", &["-n", "-c", "20", "-i", "0.02", "-W", "2", target])?;
            ensure!(!said.contains("DUP") && said.contains(" 20 received"), "{said}");
        }
        let filter = "icmp.type == 8 || icmpv6.type == 128";
        let flooded = at_backup.fields(filter, &["eth.dst"])?;
        for mac in ["00:00:5e:00:01:05", "00:00:5e:00:02:05"] {
            let count = flooded.iter().filter(|line| *line == mac).count();
            ensure!(count == 20, "the switch did not flood: {count} to {mac}");
        }
        let arrived = at_far.fields(filter, &["icmp.seq", "icmpv6.echo.sequence_number"])?;
        let mut once = arrived.clone();
        once.sort();
        once.dedup();
        ensure!(arrived.len() == 40 && once.len() == 40, "arrived: {arrived:?}");
        Ok(())
    });
}

/// A host behind both routers, to which the other host's packets go by the gateway; they come back by the second.
pub(crate) fn beyond(lab: &Lab, host: &Namespace, routers: [&Namespace; 2]) -> Result<Namespace> {
    let (wan, far) = (lab.segment("wan")?, lab.namespace("far")?);
    for (namespace, number) in [(routers[0], 1), (routers[1], 2), (&far, 9)] {
        wan.attach(
            namespace,
            "wan0",
            &[&format!("10.2.0.{number}/24"), &format!("2001:db8:2::{number}/64")],
        )?;
    }
    host.ip(&format!("route add default via {V4}"))?;
    host.ip(&format!("-6 route add default via {V6}"))?;
    far.ip("route add 10.0.0.0/24 via 10.2.0.2")?;
    far.ip("-6 route add 2001:db8::/64 via 2001:db8:2::2")?;
    Ok(far)
}

fn floods(lan: &Segment) -> Result<()> {
    for port in 0..3 {
        lan.switch().run(
            "bridge",
            &["link", "set", "dev", &format!("port{port}"), "learning", "off", "flood", "on"],
        )?;
    }
    lan.switch().ip("link set br0 type bridge fdb_flush").map(drop)
}

/// An operator's impatience: as many reloads as one can ask for.
#[test]
fn reloads_that_come_faster_than_they_are_done_stop_nothing() {
    lab::run("many reloads", |lab| {
        let (lan, _host) = lan(lab)?;
        let first = attach(lab, &lan, 1)?;
        let plan = Plan::new(200).every(100);
        let mut active = Router::start(&first, Member::Ours, plan.clone())?;
        settles(&[&first], 1)?;
        for _ in 0..3000 {
            active.ours()?.process().signal(nix::sys::signal::Signal::SIGHUP)?;
        }
        let shown = active.ours()?.show("vrrp").context("asked after the reloads")?;
        ensure!(shown.contains("Master"), "{shown}");
        active.terminate()?;
        let ended = active.ours()?.process().wait(Duration::from_secs(5))?;
        ensure!(ended.success(), "{ended}");
        Ok(())
    });
}

const NAMES: [&str; 3] = ["r1", "r2", "r3"];
/// Echo requests.
const ECHO: &str = "icmp or icmp6";
