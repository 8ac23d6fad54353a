//! The peer goes: killed, stopped by its operator, hung, or behind a cable that was pulled.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::capture::Capture;
use lab::daemon::{Kind, Route};
use lab::{Lab, eventually};
use nix::sys::signal::Signal;

use crate::exchange::{kernel_has, kernel_lacks};
use crate::pair::{A4, B4, Pair, ours, theirs};

const THEIRS: &str = "198.51.100.0/24";

every_peer!(a_killed_peer_takes_its_routes_with_it_and_comes_back);

fn a_killed_peer_takes_its_routes_with_it_and_comes_back(lab: &Lab, kind: Kind) -> Result<()> {
    let mut pair = start(lab, kind, 9)?;
    pair.peer.kill();
    let killed = Instant::now();
    pair.dut.await_down(B4)?;
    kernel_lacks(&pair.a, THEIRS)?;
    // The kernel of the dead process closes the connection: no need to wait for the hold timer.
    ensure!(killed.elapsed() < Duration::from_secs(3), "it took {:?}", killed.elapsed());
    pair.peer.start_again()?;
    pair.dut.await_route(B4, THEIRS)?;
    kernel_has(&pair.a, THEIRS, &[B4])
}

every_peer!(a_hung_peer_is_dropped_when_the_hold_timer_expires);

fn a_hung_peer_is_dropped_when_the_hold_timer_expires(lab: &Lab, kind: Kind) -> Result<()> {
    let mut pair = start(lab, kind, 3)?;
    let capture = Capture::start(&pair.a, "eth0", "tcp port 179")?;
    let stopped = Instant::now();
    pair.peer.process().signal_group(Signal::SIGSTOP)?;
    pair.dut.await_down(B4)?;
    let took = stopped.elapsed();
    pair.peer.process().signal_group(Signal::SIGCONT)?;
    ensure!(
        (Duration::from_millis(1900)..Duration::from_secs(6)).contains(&took),
        "hold time 3 s, but {took:?}"
    );
    kernel_lacks(&pair.a, THEIRS)?;
    // RFC 4271 §6.5: NOTIFICATION, Hold Timer Expired (4). Only the first: a thawed peer may send its own.
    let sent = capture.fields("bgp.notify.major_error && ip.src == 10.0.0.1", &["bgp.notify.major_error"])?;
    ensure!(sent.first().map(String::as_str) == Some("4"), "NOTIFICATIONs sent: {sent:?}");
    pair.dut.await_route(B4, THEIRS).map(drop)
}

/// FRR's `bgp fast-external-failover` is on by default: a directly connected peer is down with the interface.
#[test]
fn a_pulled_cable_takes_the_routes_at_once_and_they_come_back_with_it() {
    lab::run("a pulled cable", |lab| {
        if !Kind::Bird.available()? {
            return Ok(());
        }
        let pair = start(lab, Kind::Bird, 30)?;
        pair.a.link_down("eth0")?;
        eventually(Duration::from_secs(3), "the session is down", || {
            ensure!(!pair.dut.established(B4.parse()?)?, "still established");
            Ok(())
        })?;
        kernel_lacks(&pair.a, THEIRS)?;
        pair.a.link_up("eth0")?;
        pair.dut.await_route(B4, THEIRS)?;
        kernel_has(&pair.a, THEIRS, &[B4])
    });
}

fn start(lab: &Lab, kind: Kind, hold: u16) -> Result<Pair> {
    let ours = ours(B4, |n| n.hold(hold));
    let theirs = theirs(A4, |n| n.hold(hold)).route(Route::new(THEIRS).via(B4));
    let pair = Pair::start(lab, kind, &ours, &theirs)?;
    pair.dut.await_route(B4, THEIRS)?;
    kernel_has(&pair.a, THEIRS, &[B4])?;
    Ok(pair)
}
