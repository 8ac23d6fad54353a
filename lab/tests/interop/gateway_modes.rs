//! The gateway in unusual surroundings: unicast peers, no second hardware address, few rights, devices that somebody
//! else has made, interfaces that come and go.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::capture::Capture;
use lab::daemon::Daemon;
use lab::frames::{FRAMES, read_frames};
use lab::gateway::{ADVERTS, LINK_LOCAL, Member, Plan, Router, Speech, V4, V6};
use lab::ping::{Ping, reaches};
use lab::{Namespace, Process, binary, eventually, holds_for};

use super::gateway::{attach, hide, holds, lan, settles};
use super::gateway_wire::required;

#[test]
fn unicast_peers_tell_nobody_else() {
    lab::run("unicast peers", |lab| {
        let (lan, host) = lan(lab)?;
        let (first, second) = (attach(lab, &lan, 1)?, attach(lab, &lan, 2)?);
        let plan = |priority, peer: &Namespace, v4: &str| -> Result<Plan> {
            let v6 = peer.link_local("eth0")?;
            let plan = Plan::new(priority).line(&format!("!@ vrrp 5 unicast-peer {v4}"));
            Ok(plan.line(&format!("!@ vrrp 5 unicast-peer {v6}")))
        };
        let mut better = Router::start(&first, Member::Ours, plan(200, &second, "10.0.0.2")?)?;
        let _other = Router::start(&second, Member::Ours, plan(100, &first, "10.0.0.1")?)?;
        settles(&[&first, &second], 1)?;
        let capture = Capture::start(lan.switch(), "br0", ADVERTS)?;
        holds_for(Duration::from_secs(4), "one has it", || settles(&[&first, &second], 1))?;
        let to = [("10.0.0.1", "10.0.0.2"), (&*link_local(&first)?, &*link_local(&second)?)];
        let seen = read_frames(capture)?;
        for (source, destination) in to {
            let of = |name: &str| {
                seen.iter().filter_map(lab::frames::Frame::advert).filter(|one| one.source == name).count()
            };
            ensure!(of(source) >= 3, "{source} advertised {} times: {seen:?}", of(source));
            let strays = seen.iter().filter_map(lab::frames::Frame::advert);
            let strays: Vec<_> =
                strays.filter(|one| one.source == source && one.destination != destination).collect();
            ensure!(strays.is_empty(), "{strays:?}");
        }
        ensure!(
            seen.iter().filter_map(lab::frames::Frame::advert).all(|one| one.hop_limit == "255"),
            "{seen:?}"
        );
        for target in [V4, V6] {
            reaches(&host, target, None)?;
        }
        better.terminate()?;
        settles(&[&first, &second], 2)?;
        [V4, V6].into_iter().try_for_each(|target| reaches(&host, target, None))
    });
}

fn link_local(namespace: &Namespace) -> Result<String> {
    namespace.link_local("eth0").map(|address| address.to_string())
}

#[test]
fn keepalived_as_unicast_peer_takes_over_and_gives_back() {
    lab::run("unicast with keepalived", |lab| {
        if !required(&[Member::Keepalived])? {
            return Ok(());
        }
        let (lan, host) = lan(lab)?;
        let (first, second) = (attach(lab, &lan, 1)?, attach(lab, &lan, 2)?);
        let plan = Plan::new(200).speaking(Speech::V4).line("!@ vrrp 5 unicast-peer 10.0.0.2");
        let mut ours = Router::start(&first, Member::Ours, plan)?;
        let peer = "unicast_src_ip 10.0.0.2\n unicast_peer {\n 10.0.0.1\n }";
        let plan = Plan::new(100).speaking(Speech::V4).keepalived(peer);
        let _theirs = Router::start(&second, Member::Keepalived, plan)?;
        settles(&[&first, &second], 1)?;
        holds_for(Duration::from_secs(4), "one has it", || settles(&[&first, &second], 1))?;
        ours.terminate()?;
        settles(&[&first, &second], 2)?;
        reaches(&host, V4, None)?;
        ours.start_again()?;
        settles(&[&first, &second], 1)?;
        holds_for(Duration::from_secs(4), "one has it", || settles(&[&first, &second], 1))?;
        reaches(&host, V4, None)
    });
}

#[test]
fn without_a_virtual_hardware_address_the_hosts_learn_the_new_one_at_once() {
    lab::run("no virtual hardware address", |lab| {
        let (lan, host) = lan(lab)?;
        let (first, second) = (attach(lab, &lan, 1)?, attach(lab, &lan, 2)?);
        let plan = |priority| Plan::new(priority).every(100).line("!@ vrrp 5 no-virtual-mac");
        let mut better = Router::start(&first, Member::Ours, plan(200))?;
        let _other = Router::start(&second, Member::Ours, plan(100))?;
        settles(&[&first, &second], 1)?;
        let capture = Capture::start(lan.switch(), "br0", FRAMES)?;
        for (step, active) in
            [("at first", &first), ("dead", &second), ("back", &first), ("stopped", &second)]
        {
            let pings = [V4, V6].map(|target| {
                Ping::start(&host, target.parse().context("address")?, None, Duration::from_millis(10))
            });
            std::thread::sleep(Duration::from_millis(300));
            match step {
                "dead" => {
                    better.kill();
                    hide(&better)?;
                    settles(&[&second], 1)?;
                    // What the kernel of a killed program holds ends by itself.
                    eventually(Duration::from_secs(8), "its addresses are gone", || {
                        super::gateway::lacks(&first)
                    })?;
                }
                "back" => {
                    first.link_up("eth0")?;
                    better.start_again()?;
                }
                "stopped" => better.terminate()?,
                _ => {}
            }
            settles(&[&first, &second], if active.label() == "r1" { 1 } else { 2 })?;
            std::thread::sleep(Duration::from_millis(600));
            // What this machine sends of itself does not come from an address that moves.
            let route = active.ip("-6 route get 2001:db8::255")?;
            ensure!(!route.contains("2001:db8::254"), "{route}");
            let mac = mac(active)?;
            for (ping, target) in pings.into_iter().zip([V4, V6]) {
                let loss = ping?.finish()?;
                eprintln!("{step}: {target}: {loss}");
                // Active_Down at 100 ms, and what a busy machine takes.
                ensure!(
                    loss.silence < Duration::from_millis(if step == "dead" { 800 } else { 300 }),
                    "{step}: {loss}"
                );
                let known = host.ip(&format!("neigh show {target}"))?;
                ensure!(known.contains(&mac), "{step}: the host knows {known}, not {mac}");
            }
        }
        let virtual_one = read_frames(capture)?.into_iter().find(|frame| {
            frame.from.starts_with("00:00:5e") || format!("{:?}", frame.what).contains("00:00:5e")
        });
        ensure!(virtual_one.is_none(), "{virtual_one:?}");
        Ok(())
    });
}

/// A reload that changes the kind of device: the other takes over at once and gives back, and nobody waits for a
/// router that is not there.
#[test]
fn another_kind_of_device_is_resigned_for() {
    lab::run("another kind of device", |lab| {
        let (lan, host) = lan(lab)?;
        let (first, second) = (attach(lab, &lan, 1)?, attach(lab, &lan, 2)?);
        let plan = Plan::new(200);
        let mut better = Router::start(&first, Member::Ours, plan.clone())?;
        let _other = Router::start(&second, Member::Ours, Plan::new(100))?;
        settles(&[&first, &second], 1)?;
        let ping = Ping::start(&host, V4.parse()?, None, Duration::from_millis(10))?;
        std::thread::sleep(Duration::from_millis(500));
        better.ours()?.reload(&plan.line("!@ vrrp 5 no-virtual-mac").frr_conf())?;
        settles(&[&first, &second], 2)?;
        settles(&[&first, &second], 1)?;
        std::thread::sleep(Duration::from_millis(1500));
        let loss = ping.finish()?;
        eprintln!("another kind of device: {loss}");
        // Skew_Time of the other; Active_Down_Interval would be 3.6 s.
        ensure!(loss.silence < Duration::from_millis(1500), "{loss}");
        let known = host.ip(&format!("neigh show {V4}"))?;
        ensure!(known.contains(&mac(&first)?), "the host knows {known}");
        Ok(())
    });
}

fn mac(namespace: &Namespace) -> Result<String> {
    let shown = namespace.ip("-o link show eth0")?;
    let mac = shown.split("link/ether ").nth(1).and_then(|rest| rest.split(' ').next());
    Ok(mac.context("no hardware address")?.to_owned())
}

/// As in a container: `/proc/sys` is not to be written, and of all rights there are two.
#[test]
fn two_capabilities_are_enough() {
    lab::run("a container", |lab| {
        let (lan, host) = lan(lab)?;
        let (first, second) = (attach(lab, &lan, 1)?, attach(lab, &lan, 2)?);
        // Engines let a container bind low ports.
        first.enter(|| std::fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"))??;
        let dir = first.dir()?;
        let (file, run_dir) = (dir.join("frr.conf"), dir.join("run"));
        std::fs::write(&file, Plan::new(200).every(100).frr_conf())?;
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c"]).arg(CONFINED).arg("sh").arg(binary::ridgeway()?);
        std::fs::create_dir_all(&run_dir)?;
        command.arg("run").arg(&file).arg("--run-dir").arg(&run_dir);
        let mut confined = Process::spawn(&first, "ridgeway", command)?;
        let _other = Router::start(&second, Member::Ours, Plan::new(100).every(100))?;
        eventually(Duration::from_secs(10), "it runs with two rights", || {
            confined.ensure_running()?;
            let status = std::fs::read_to_string(format!("/proc/{}/status", confined.id()))?;
            // CAP_NET_ADMIN is 12, CAP_NET_RAW is 13.
            ensure!(status.contains("CapEff:\t0000000000003000"), "{status}");
            Ok(())
        })?;
        holds(&lan, &host, 1)?;
        let log = confined.log();
        ensure!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
        confined.signal(nix::sys::signal::Signal::SIGTERM)?;
        let ended = confined.wait(Duration::from_secs(5))?;
        ensure!(ended.success(), "{ended}");
        ensure!(!first.ip("-br link")?.contains("vrrp"), "it has left devices");
        holds(&lan, &host, 2)
    });
}

/// What FRR needs is used, and is there again when we have gone; also if FRR has left it without carrier.
#[test]
fn an_operators_devices_are_used_and_left_as_they_were() {
    lab::run("an operator's devices", |lab| {
        let (lan, host) = lan(lab)?;
        let (first, second) = (attach(lab, &lan, 1)?, attach(lab, &lan, 2)?);
        let devices =
            [("gate4", 1, &["10.0.0.254/24"][..]), ("gate6", 2, &["fe80::5/64", "2001:db8::254/64"])];
        for (name, kind, addresses) in devices {
            let mac = format!("00:00:5e:00:0{kind}:05");
            first.ip(&format!("link add {name} link eth0 address {mac} type macvlan mode bridge"))?;
            addresses.iter().try_for_each(|address| first.add_address(name, address))?;
            first.link_up(name)?;
            first.ip(&format!("link set {name} protodown on"))?;
            first.ip(&format!("link set {name} protodown_reason 7 on"))?;
        }
        let before = addresses(&first)?;
        let mut router = Router::start(&first, Member::Ours, Plan::new(200).every(100))?;
        let _other = Router::start(&second, Member::Ours, Plan::new(100).every(100))?;
        holds(&lan, &host, 1)?;
        let links = first.ip("-o link show type macvlan")?;
        ensure!(links.lines().count() == 2, "others were made: {links}");
        ensure!(!links.contains("NO-CARRIER"), "without carrier: {links}");
        // Addresses have been held for more than a lifetime then.
        std::thread::sleep(Duration::from_secs(3));
        router.terminate()?;
        let ended = router.ours()?.process().wait(Duration::from_secs(5))?;
        ensure!(ended.success(), "{ended}");
        let after = addresses(&first)?;
        ensure!(before == after, "{before:?} became {after:?}");
        let left = first.ip("-d -o link show type macvlan")?;
        ensure!(left.lines().all(|line| line.contains(",UP") && line.contains("protodown on")), "{left}");
        holds(&lan, &host, 2)
    });
}

/// The addresses of an operator's devices, but for those that the kernel makes.
fn addresses(namespace: &Namespace) -> Result<Vec<String>> {
    let shown = ["gate4", "gate6"].map(|name| namespace.ip(&format!("-o address show dev {name}")));
    let shown = shown.into_iter().collect::<Result<Vec<String>>>()?.concat();
    let words = |line: &str| line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ");
    let mut lines: Vec<String> =
        shown.lines().map(words).filter(|line| !line.contains("fe80::200:5eff:")).collect();
    lines.sort();
    ensure!(lines.len() == 3, "{lines:?}");
    Ok(lines)
}

#[test]
fn an_interface_that_comes_later_is_waited_for_and_one_that_goes_down_is_left() {
    lab::run("a late interface", |lab| {
        let (lan, host) = lan(lab)?;
        let first = lab.namespace("r1")?;
        let mut router = Router::start(&first, Member::Ours, Plan::new(200).every(100))?;
        in_state(&mut router, "Initialize")?;
        lan.attach(&first, "eth0", &["10.0.0.1/24", "2001:db8::1/64"])?;
        in_state(&mut router, "Master")?;
        holds(&lan, &host, 1)?;
        first.link_down("eth0")?;
        in_state(&mut router, "Initialize")?;
        first.link_up("eth0")?;
        in_state(&mut router, "Master")?;
        // Gone for good, and another one of the same name.
        first.ip("link delete eth0")?;
        in_state(&mut router, "Initialize")?;
        lan.attach(&first, "eth0", &["10.0.0.1/24", "2001:db8::1/64"])?;
        in_state(&mut router, "Master")?;
        holds(&lan, &host, 1)?;
        ensure!(first.ip("-br address")?.contains(LINK_LOCAL), "it has not its link-local address");
        Ok(())
    });
}

/// Both families.
fn in_state(router: &mut Router, state: &str) -> Result<()> {
    eventually(Duration::from_secs(10), "its state", || {
        let shown = router.ours()?.show_json("vrrp")?;
        let states = ["v4", "v6"].map(|family| shown.pointer(&format!("/0/{family}/status")).cloned());
        ensure!(states.iter().flatten().all(|one| one == state), "{states:?}, not {state}");
        Ok(())
    })
}

/// `$1` is the program.
const CONFINED: &str = "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && \
    exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,+net_admin,+net_raw \"$@\"";
