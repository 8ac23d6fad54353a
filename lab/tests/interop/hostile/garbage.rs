//! A peer that says something wrong after its OPEN, again and again.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, ensure};
use lab::raw_peer::{KEEPALIVE, NOTIFICATION, OPEN, UPDATE, message, update};
use lab::run;

use super::{Arena, HOSTILE, HOSTILE_AS, RANGE, addresses, megabytes, neighbor, open};

/// From many addresses of the listen range, as one that keeps failing is made to wait. Six MB are what the
/// allocator may do; 200 sessions that left a receive buffer of 64 KB behind would be 13.
#[test]
fn garbage_after_the_open_is_answered_and_leaves_nothing_behind() {
    run("garbage", |lab| {
        let mut arena = Arena::start(lab, &[])?;
        let mut noise = Noise(1);
        let mut before = arena.figures()?;
        for (round, from) in addresses(RANGE, 220).into_iter().enumerate() {
            if round == 20 {
                before = arena.figures()?;
            }
            let garbage = &GARBAGE[round % GARBAGE.len()];
            offend(&arena, from, garbage, &mut noise).with_context(|| format!("{}, {from}", garbage.name))?;
        }
        let after = arena.figures()?;
        eprintln!(
            "200 sessions ended by garbage: {:.1} MB before, {:.1} MB after",
            megabytes(before.memory),
            megabytes(after.memory)
        );
        ensure!(after.memory < before.memory + (6 << 20), "{before:?} became {after:?}");
        ensure!(after.descriptors <= before.descriptors + 1, "{before:?} became {after:?}");
        arena.ensure_unharmed().map(drop)
    });
}

#[test]
fn a_peer_that_keeps_failing_is_made_to_wait() {
    run("damping", |lab| {
        let mut arena = Arena::start(lab, &[neighbor(HOSTILE, HOSTILE_AS)])?;
        let mut refused = 0;
        for _ in 0..12 {
            let mut peer = arena.connect(HOSTILE)?;
            // One that is refused is closed without a word.
            if peer.establish(&open(HOSTILE)).and_then(|()| peer.send(&[0; 19])).is_err() {
                refused += 1;
            } else {
                ensure!(peer.notification()? == [1, 1], "no NOTIFICATION");
            }
        }
        ensure!((6..12).contains(&refused), "{refused} of 12 attempts were refused");
        arena.ensure_unharmed().map(drop)
    });
}

/// Something that no peer may send, and the answer.
struct Garbage {
    name: &'static str,
    /// After the session is Established, or in OpenConfirm already.
    is_established: bool,
    octets: fn(&mut Noise) -> Vec<u8>,
    /// Code, subcode and data; none for what ends with the connection.
    answer: Option<&'static [u8]>,
}

/// Length fields are octets 16 and 17 of a message, the type is octet 18.
const GARBAGE: [Garbage; 15] = [
    Garbage::after("random octets", |noise| noise.octets(5000), Some(&[1, 1])),
    Garbage::after("random octets behind a good header", noisy_update, Some(&[3, 1])),
    Garbage::after("a marker with one bit missing", |_| spoilt(KEEPALIVE, 15, 0xfe), Some(&[1, 1])),
    Garbage::after("length 18", |_| spoilt(KEEPALIVE, 17, 18), Some(&[1, 2, 0, 18])),
    Garbage::after("a ROUTE-REFRESH of 22 octets", |_| message(5, &[0, 1, 0]), Some(&[1, 2, 0, 22])),
    Garbage::after("a KEEPALIVE of 20 octets", |_| message(KEEPALIVE, &[0]), Some(&[1, 2, 0, 20])),
    Garbage::after("an UPDATE of 22 octets", |_| message(UPDATE, &[0; 3]), Some(&[1, 2, 0, 22])),
    Garbage::after("a NOTIFICATION of 20 octets", |_| message(NOTIFICATION, &[6]), Some(&[1, 2, 0, 20])),
    Garbage::after("type 0", |_| message(0, &[]), Some(&[1, 3, 0])),
    Garbage::after("type 200", |noise| message(200, &noise.octets(90)), Some(&[1, 3, 200])),
    Garbage::after("a second OPEN", |_| open(RANGE).encode(), Some(&[5, 3, OPEN])),
    Garbage::after("the first half of an UPDATE", |_| header(UPDATE, 4000), None),
    Garbage::before("an UPDATE in OpenConfirm", |_| update(&[], &[], &[]), Some(&[5, 2, UPDATE])),
    Garbage::before("4,097 octets before RFC 8654 counts", |_| header(UPDATE, 4097), Some(&[1, 2, 16, 1])),
    Garbage::before("random octets in OpenConfirm", |noise| noise.octets(3000), Some(&[1, 1])),
];

impl Garbage {
    const fn after(
        name: &'static str,
        octets: fn(&mut Noise) -> Vec<u8>,
        answer: Option<&'static [u8]>,
    ) -> Self {
        Self { name, is_established: true, octets, answer }
    }

    const fn before(
        name: &'static str,
        octets: fn(&mut Noise) -> Vec<u8>,
        answer: Option<&'static [u8]>,
    ) -> Self {
        Self { is_established: false, ..Self::after(name, octets, answer) }
    }
}

fn offend(arena: &Arena, from: Ipv4Addr, garbage: &Garbage, noise: &mut Noise) -> Result<()> {
    let mut peer = arena.connect(from)?;
    if garbage.is_established {
        peer.establish(&open(from))?;
    } else {
        peer.confirm(&open(from))?;
    }
    peer.send(&(garbage.octets)(noise))?;
    let Some(answer) = garbage.answer else {
        peer.finish()?;
        ensure!(peer.notification().is_err(), "an answer to a connection that was closed");
        return Ok(());
    };
    let said = peer.notification()?;
    ensure!(said == answer, "the answer was {said:?} and not {answer:?}");
    Ok(())
}

/// A KEEPALIVE or the like with one octet that is not as it should be.
fn spoilt(kind: u8, at: usize, octet: u8) -> Vec<u8> {
    let mut octets = message(kind, &[]);
    octets[at] = octet;
    octets
}

/// A header alone.
fn header(kind: u8, length: u16) -> Vec<u8> {
    let mut octets = message(kind, &[]);
    octets[16..18].copy_from_slice(&length.to_be_bytes());
    octets
}

/// An UPDATE whose first length already points outside.
fn noisy_update(noise: &mut Noise) -> Vec<u8> {
    let mut body = noise.octets(200);
    body[0] |= 0x80;
    message(UPDATE, &body)
}

/// Octets without sense, the same in every run (xorshift64).
struct Noise(u64);

impl Noise {
    fn octets(&mut self, count: usize) -> Vec<u8> {
        let next = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0.to_be_bytes()[0]
        };
        std::iter::repeat_with(next).take(count).collect()
    }
}
