//! Peers that say nothing, or one octet at a time.

use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use lab::daemon::Neighbor;
use lab::raw_peer::{KEEPALIVE, Open, message};
use lab::{RawPeer, run};

use super::{Arena, HOSTILE, HOSTILE_AS, RANGE, neighbor, open};

/// RFC 4271 §6.5: the HoldTimer counts messages, not octets.
#[test]
fn octets_that_never_become_a_message_do_not_keep_a_session_alive() {
    run("octet by octet", |lab| {
        let mut arena = Arena::start(lab, &[])?;
        let [opening, established] = [RANGE, Ipv4Addr::from(u32::from(RANGE) + 1)];
        let three_seconds = |from| Open::new(65003, from, 3);
        let mut one = arena.connect(opening)?;
        one.confirm(&three_seconds(opening))?;
        let mut other = arena.connect(established)?;
        other.establish(&three_seconds(established))?;
        let start = Instant::now();
        for octet in message(KEEPALIVE, &[]).into_iter().take(8) {
            // The other end may have closed already.
            let _ = (one.send(&[octet]), other.send(&[octet]));
            thread::sleep(Duration::from_millis(450));
        }
        for (mut peer, state) in [(one, "OpenConfirm"), (other, "Established")] {
            let answer = peer.notification().context(state)?;
            ensure!(answer == HOLD_TIMER_EXPIRED, "in {state} the answer was {answer:?}");
        }
        ensure!(start.elapsed() < Duration::from_secs(6), "it took {:?}", start.elapsed());
        arena.ensure_unharmed().map(drop)
    });
}

/// Whoever has got hold of a peer's address first: after ten seconds of silence the next connection counts.
#[test]
fn a_connection_that_says_nothing_does_not_keep_its_peer_out() {
    run("silence", |lab| {
        let dribbling = Ipv4Addr::new(10, 0, 0, 4);
        let peers = [HOSTILE, dribbling].map(|peer| neighbor(peer, HOSTILE_AS));
        let mut arena = Arena::start(lab, &peers)?;
        let mut silent = arena.connect(HOSTILE)?;
        let mut slow = arena.connect(dribbling)?;
        let octets = open(dribbling).encode();
        let mut octets = octets.iter();
        let start = Instant::now();
        let mut sessions = Vec::new();
        let mut waiting = vec![HOSTILE, dribbling];
        while !waiting.is_empty() {
            ensure!(start.elapsed() < Duration::from_secs(20), "{waiting:?} found no way in");
            waiting.retain(|peer| match arena.establish(*peer) {
                Ok(session) => {
                    sessions.push(session);
                    false
                }
                Err(_) => true,
            });
            thread::sleep(Duration::from_secs(1));
            if let Some(octet) = octets.next() {
                let _ = slow.send(&[*octet]);
            }
        }
        // RFC 4486 §4: Cease/Connection Collision Resolution.
        for peer in [&mut silent, &mut slow] {
            ensure!(peer.notification()? == [6, 7], "another end");
        }
        arena.ensure_unharmed().map(drop)
    });
}

/// A peer that we dial ourselves need not wait.
#[test]
fn a_connection_that_says_nothing_does_not_keep_us_from_dialling() {
    run("silence and dialling", |lab| {
        let dialled = Neighbor::new(&HOSTILE.to_string(), HOSTILE_AS);
        let mut arena = Arena::start(lab, &[dialled])?;
        let _silent = arena.connect(HOSTILE)?;
        let listener = arena.b.enter(|| TcpListener::bind((HOSTILE, 179)))?.context("listening")?;
        let (stream, _) = listener.accept().context("waiting for the device under test")?;
        RawPeer::new(stream).establish(&open(HOSTILE))?;
        arena.ensure_unharmed().map(drop)
    });
}

/// RFC 4271 §8.2.2 suggests four minutes for a connection without an OPEN.
#[test]
#[ignore = "takes four minutes"]
fn a_connection_without_an_open_ends_after_four_minutes() {
    run("no OPEN", |lab| {
        let arena = Arena::start(lab, &[neighbor(HOSTILE, HOSTILE_AS)])?;
        let mut silent = arena.connect(HOSTILE)?;
        ensure!(silent.read()?.is_some(), "no OPEN came");
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(250) {
            if let Some(message) = silent.read_for(Duration::from_secs(1))? {
                let took = start.elapsed();
                ensure!(message.body == HOLD_TIMER_EXPIRED, "{message:?}");
                ensure!(took > Duration::from_secs(239), "already after {took:?}");
                return Ok(());
            }
        }
        bail!("it is still open")
    });
}

const HOLD_TIMER_EXPIRED: [u8; 2] = [4, 0];
