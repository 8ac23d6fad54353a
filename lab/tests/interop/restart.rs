//! Ours goes and comes: killed, stopped, told to read its file again.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lab::capture::Capture;
use lab::daemon::{Kind, Ridgeway, Route};
use lab::ping::Ping;
use lab::{Lab, Process};
use nix::sys::signal::Signal;

use crate::exchange::{kernel_has, kernel_lacks};
use crate::pair::{A4, B4, B6, Pair, ours, reads_frr_conf, theirs};

/// A client behind ours pings an address behind the peer, before, while and after ours is dead.
#[test]
fn killed_and_started_again_it_adopts_its_kernel_routes_and_not_one_packet_is_lost() {
    lab::run("killed and started again", |lab| {
        if Kind::under_test() != Kind::Ridgeway || !Kind::Bird.available()? {
            return Ok(());
        }
        let mut pair = start(lab)?;
        let client = lab.namespace("client")?;
        lab.link((&client, "eth0", &["10.9.0.2/24"]), (&pair.a, "lan0", &["10.9.0.1/24"]))?;
        client.ip("route add default via 10.9.0.1")?;
        pair.a.forward()?;
        pair.b.add_address("lo", "198.51.100.1/32")?;
        pair.b.ip("route add 10.9.0.0/24 via 10.0.0.1")?;
        let mut monitor = Command::new("ip");
        monitor.args(["monitor", "route"]);
        let monitor = Process::spawn(&pair.a, "monitor", monitor)?;
        let ping = Ping::start(&client, "198.51.100.1".parse()?, None, Duration::from_millis(20))?;

        std::thread::sleep(Duration::from_millis(300));
        pair.dut.kill();
        pair.peer.await_down(A4)?;
        ensure!(pair.a.gateways("198.51.100.0/24")?.is_some(), "the kernel's route went with the process");
        pair.dut.start_again()?;
        pair.dut.await_route(B4, "198.51.100.0/24")?;
        // The End-of-RIB sweep has its chance to remove too much.
        std::thread::sleep(Duration::from_secs(2));

        let loss = ping.finish()?;
        ensure!(loss.lost() == 0 && loss.sent > 50, "{loss}");
        let gone: Vec<String> = monitor
            .log()
            .lines()
            .filter(|l| l.starts_with("Deleted 198.51.100"))
            .map(str::to_owned)
            .collect();
        ensure!(gone.is_empty(), "{gone:?}");
        kernel_has(&pair.a, "198.51.100.0/24", &[B4])
    });
}

/// What the peer no longer announces when ours comes back is swept from the kernel.
#[test]
fn a_route_that_went_away_while_it_was_dead_is_swept() {
    lab::run("swept", |lab| {
        if Kind::under_test() != Kind::Ridgeway || !Kind::Bird.available()? {
            return Ok(());
        }
        let mut pair = start(lab)?;
        pair.dut.kill();
        pair.peer.withdraw_prefix("198.51.101.0/24")?;
        ensure!(pair.a.gateways("198.51.101.0/24")?.is_some(), "the kernel's route went with the process");
        pair.dut.start_again()?;
        pair.dut.await_route(B4, "198.51.100.0/24")?;
        kernel_lacks(&pair.a, "198.51.101.0/24")?;
        kernel_has(&pair.a, "198.51.100.0/24", &[B4])
    });
}

#[test]
fn sigterm_says_goodbye_leaves_no_route_and_exits_with_0_within_2_seconds() {
    lab::run("sigterm", |lab| {
        if !reads_frr_conf() || !Kind::Bird.available()? {
            return Ok(());
        }
        let mut pair = start(lab)?;
        let capture = Capture::start(&pair.a, "eth0", "tcp port 179")?;
        let asked = Instant::now();
        let status = pair.dut.stop()?;
        ensure!(asked.elapsed() < Duration::from_secs(2), "it took {:?}", asked.elapsed());
        ensure!(status.code() == Some(0), "{status}");
        let left = pair.a.bgp_routes()?;
        ensure!(left.is_empty(), "left in the kernel: {left:?}");
        pair.peer.await_down(A4)?;
        // RFC 4486: Cease (6), Administrative Shutdown (2).
        let filter = "bgp.notify.major_error && ip.src == 10.0.0.1";
        let sent = capture.fields(filter, &["bgp.notify.major_error", "bgp.notify.minor_error_cease"])?;
        // FRR was seen to end without a word.
        ensure!(sent == ["6\t2"] || Kind::under_test() == Kind::Frr, "NOTIFICATIONs sent: {sent:?}");
        Ok(())
    });
}

#[test]
fn sighup_with_an_unchanged_file_touches_no_session() {
    lab::run("sighup", |lab| {
        if Kind::under_test() != Kind::Ridgeway || !Kind::Bird.available()? {
            return Ok(());
        }
        let mut pair = start(lab)?;
        let capture = Capture::start(&pair.a, "eth0", "tcp port 179")?;
        for _ in 0..3 {
            pair.dut.process().signal(Signal::SIGHUP)?;
            std::thread::sleep(Duration::from_millis(400));
        }
        pair.dut.process().ensure_running()?;
        // Keepalives (type 4) only: no OPEN, UPDATE, NOTIFICATION or ROUTE-REFRESH.
        let types = capture.fields("bgp.type && bgp.type != 4", &["bgp.type"])?;
        ensure!(types.is_empty(), "messages of types {types:?} were sent");
        ensure!(pair.dut.established(B4.parse()?)?, "the session is gone");
        Ok(())
    });
}

#[test]
fn a_broken_file_on_sighup_changes_nothing_and_names_the_line() {
    lab::run("broken file", |lab| {
        if Kind::under_test() != Kind::Ridgeway || !Kind::Bird.available()? {
            return Ok(());
        }
        let (a, b) = Pair::wire(lab)?;
        let conf = lab::daemon::frr_conf::render(&ours(B4, |n| n));
        let mut dut = Ridgeway::start_with(&a, &conf)?;
        let theirs = theirs(A4, |n| n).route(Route::new("198.51.100.0/24").via(B4));
        let _peer = lab::daemon::start(Kind::Bird, &b, &theirs)?;
        let daemon: &mut dyn lab::daemon::Daemon = &mut dut;
        daemon.await_route(B4, "198.51.100.0/24")?;

        let line = conf.lines().position(|line| line.starts_with("router bgp")).context("router bgp")? + 1;
        dut.reload(&conf.replace("router bgp 65001", "router bgp many"))?;
        std::thread::sleep(Duration::from_millis(700));
        let daemon: &mut dyn lab::daemon::Daemon = &mut dut;
        ensure!(daemon.established(B4.parse()?)?, "the session is gone");
        let log = daemon.process().log();
        ensure!(log.contains(&format!("frr.conf:{line}:")), "no `frr.conf:{line}:COLUMN` in the log");
        Ok(())
    });
}

fn start(lab: &Lab) -> Result<Pair> {
    let ours = ours(B4, |n| n.both_families());
    let theirs = theirs(A4, |n| n.both_families())
        .route(Route::new("198.51.100.0/24").via(B4))
        .route(Route::new("198.51.101.0/24").via(B4))
        .route(Route::new("2001:db8:2::/48").via(B6));
    let pair = Pair::start(lab, Kind::Bird, &ours, &theirs)?;
    for prefix in ["198.51.100.0/24", "198.51.101.0/24", "2001:db8:2::/48"] {
        pair.dut.await_route(B4, prefix)?;
    }
    kernel_has(&pair.a, "198.51.100.0/24", &[B4])?;
    kernel_has(&pair.a, "198.51.101.0/24", &[B4])?;
    kernel_has(&pair.a, "2001:db8:2::/48", &[B6, &pair.b.link_local("eth0")?.to_string()])?;
    Ok(pair)
}
