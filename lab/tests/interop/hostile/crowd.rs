//! A thousand connections at once: from one peer's address, from addresses that nobody knows, from a listen range.

use std::net::Ipv4Addr;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::{Lab, RawPeer, eventually, run};

use super::{
    ABROAD, Arena, DUT, HOSTILE, HOSTILE_AS, LIMIT, RANGE, addresses, await_descriptors, megabytes, neighbor,
};

#[test]
fn a_thousand_connections_from_a_peers_address_cost_one_session() {
    run("a crowd at one address", |lab| crowd(lab, &[HOSTILE; CROWD], 1));
}

#[test]
fn a_thousand_connections_from_unknown_addresses_cost_nothing() {
    run("a crowd from abroad", |lab| crowd(lab, &addresses(ABROAD, CROWD as u32), 0));
}

#[test]
fn a_thousand_connections_from_a_listen_range_cost_its_limit() {
    run("a crowd in a range", |lab| crowd(lab, &addresses(RANGE, CROWD as u32), LIMIT));
}

/// More connections than descriptors: whoever comes waits, and is served once there are some again.
#[test]
fn a_shortage_of_descriptors_is_survived() {
    run("no descriptors", |lab| {
        let mut arena = Arena::start(lab, &[])?;
        limit_descriptors(&mut arena, 3)?;
        let mut peer = arena.connect(RANGE)?;
        let vty = UnixStream::connect(lab.dir().join("a/run/bgpd.vty")).context("the control socket")?;
        std::thread::sleep(Duration::from_secs(1));
        ensure!(peer.read_for(Duration::from_millis(100))?.is_none(), "there was a descriptor left");
        drop(vty);
        limit_descriptors(&mut arena, 1024)?;
        peer.establish(&super::open(RANGE))?;
        arena.ensure_unharmed().map(drop)
    });
}

fn limit_descriptors(arena: &mut Arena, count: usize) -> Result<()> {
    let process = arena.dut.process().id();
    arena.b.run("prlimit", &[&format!("--pid={process}"), &format!("--nofile={count}:")]).map(drop)
}

/// Connections from all these addresses at once, of which `taken` may stay, and that say nothing.
fn crowd(lab: &Lab, from: &[Ipv4Addr], taken: usize) -> Result<()> {
    let late = Ipv4Addr::new(10, 0, 0, 4);
    let peers = [HOSTILE, late].map(|peer| neighbor(peer, HOSTILE_AS));
    let mut arena = Arena::start(lab, &peers)?;
    let before = arena.figures()?;
    let mut crowd = RawPeer::connect_all(&arena.b, from, DUT)?;
    ensure!(crowd.len() == from.len(), "only {} connections came up", crowd.len());
    eventually(Duration::from_secs(10), "all but those that may stay are closed", || {
        let open = crowd.iter_mut().filter_map(|peer| (!peer.is_closed()).then_some(())).count();
        ensure!(open == taken, "{open} of {} connections are open, {taken} should be", from.len());
        Ok(())
    })?;
    let during = arena.figures()?;
    let waited = arena.ensure_unharmed()?;
    let newcomer = arena.establish(late)?;
    drop(crowd);
    await_descriptors(&mut arena, before.descriptors + 1)?;
    let after = arena.figures()?;
    eprintln!(
        "{} connections from {} on: {:.1} MB and {} descriptors before, {:.1} MB and {} during, {:.1} MB and {} after; \
         `show` took {waited:?}",
        from.len(),
        from.first().copied().unwrap_or(HOSTILE),
        megabytes(before.memory),
        before.descriptors,
        megabytes(during.memory),
        during.descriptors,
        megabytes(after.memory),
        after.descriptors,
    );
    ensure!(during.descriptors <= before.descriptors + taken, "{before:?} became {during:?}");
    ensure!(during.memory < before.memory + (8 << 20), "{before:?} became {during:?}");
    ensure!(waited < Duration::from_secs(2), "an operator waited for {waited:?}");
    drop(newcomer);
    arena.ensure_unharmed().map(drop)
}

const CROWD: usize = 1000;
