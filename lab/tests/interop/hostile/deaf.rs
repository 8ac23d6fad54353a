//! A peer that does not read, while another announces a table and changes it all the time.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use lab::raw_peer::{Table, attributes, update};
use lab::{RawPeer, run};

use super::{Arena, DUT, HOSTILE, HOSTILE_AS, megabytes, neighbor, open, read_to_the_end};

/// What has been said to nobody is kept for nobody: 16 MiB are what may wait for all peers, and less than half of
/// what the deaf peer is not told here.
#[test]
fn a_deaf_peer_costs_no_memory_and_catches_up_with_the_right_end() {
    run("deaf", |lab| {
        let deaf = Ipv4Addr::new(10, 0, 0, 4);
        let peers = [HOSTILE, deaf].map(|peer| neighbor(peer, HOSTILE_AS));
        let mut arena = Arena::start(lab, &peers)?;
        let mut feeder = arena.establish(HOSTILE)?;
        let mut told = Table::default();
        tell(&mut feeder, &mut arena.honest, &mut told, 0)?;
        let before = arena.figures()?;

        let mut deaf_peer = RawPeer::connect_narrow(&arena.b, deaf, DUT)?;
        deaf_peer.establish(&open(deaf))?;
        told.updates = 0;
        for round in 1..=LAST_ROUND {
            tell(&mut feeder, &mut arena.honest, &mut told, round)?;
        }
        let after = arena.figures()?;
        ensure!(arena.dut.established(deaf.into())?, "the deaf peer's session is down");
        let mut late = Table::default();
        read_to_the_end(&mut deaf_peer, &mut late, PATIENCE, &outcome(LAST_ROUND))?;
        eprintln!(
            "{ROUTES} routes: {:.1} MB, at most {:.1} MB after {LAST_ROUND} rounds with a deaf peer; \
             {} UPDATEs to the listener, {} to the deaf peer, late",
            megabytes(before.memory),
            megabytes(after.peak),
            told.updates,
            late.updates,
        );
        ensure!(after.peak < before.peak + (16 << 20), "{before:?} became {after:?}");
        ensure!(late.updates < told.updates, "it was not left behind: the test shows nothing");
        Ok(())
    });
}

/// Withdraws everything and announces a round, and waits until the listener has what it leads to.
fn tell(feeder: &mut RawPeer, listener: &mut RawPeer, told: &mut Table, round: u32) -> Result<()> {
    let expected = outcome(round);
    thread::scope(|scope| {
        let listening = scope.spawn(|| read_to_the_end(listener, told, PATIENCE, &expected));
        feeder.send(&withdrawals())?;
        for block in blocks(round) {
            feeder.send(&announce(round, block))?;
        }
        listening.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// What a listener must have once a round is over: every prefix and its originating AS.
fn outcome(round: u32) -> BTreeMap<Vec<u8>, u32> {
    let routes = |block| prefixes(block).map(move |prefix| (prefix.to_vec(), tag(round, block)));
    blocks(round).flat_map(routes).collect()
}

/// Each six routes that have an originating AS of their own. In the last round every second block stays away.
fn blocks(round: u32) -> impl Iterator<Item = u32> {
    (0..BLOCKS).step_by(if round == LAST_ROUND { 2 } else { 1 })
}

fn withdrawals() -> Vec<u8> {
    let blocks: Vec<u32> = (0..BLOCKS).collect();
    let withdraw = |blocks: &[u32]| {
        let prefixes: Vec<u8> = blocks.iter().flat_map(|block| prefixes(*block)).flatten().collect();
        update(&prefixes, &[], &[])
    };
    blocks.chunks(150).flat_map(withdraw).collect()
}

/// A block's announcement, with communities that make it long: a round is far more than what may wait for a peer.
fn announce(round: u32, block: u32) -> Vec<u8> {
    let communities: Vec<u8> = (0..COMMUNITIES).flat_map(|n| (HOSTILE_AS << 16 | n).to_be_bytes()).collect();
    let mut attributes = attributes(&[HOSTILE_AS, tag(round, block)], HOSTILE);
    attributes.extend([0xc0, 8, communities.len() as u8]);
    attributes.extend(communities);
    let prefixes: Vec<u8> = prefixes(block).flatten().collect();
    update(&[], &attributes, &prefixes)
}

/// Networks of 24 bits from 20.0.0.0 on.
fn prefixes(block: u32) -> impl Iterator<Item = [u8; 4]> {
    (block * BLOCK..(block + 1) * BLOCK).map(|number| {
        let [_, high, middle, low] = number.to_be_bytes();
        [24, 20 + high, middle, low]
    })
}

fn tag(round: u32, block: u32) -> u32 {
    100_000 * (round + 1) + block
}

const BLOCK: u32 = 6;
const BLOCKS: u32 = 16_667;
const ROUTES: u32 = BLOCK * BLOCKS;
const COMMUNITIES: u32 = 60;
const LAST_ROUND: u32 = 2;
const PATIENCE: Duration = Duration::from_secs(60);
