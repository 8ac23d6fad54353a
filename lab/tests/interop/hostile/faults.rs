//! One malformed UPDATE of each class of RFC 7606, and what becomes of its route and of the session.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::raw_peer::{Table, attribute, update};
use lab::{RawPeer, run};

use super::{Arena, HOSTILE, HOSTILE_AS, RANGE, addresses, neighbor, read_until};

/// RFC 7606 §2: the route goes, the session stays. The honest peer says what it has been told.
#[test]
fn a_malformed_route_is_withdrawn_and_the_session_stays() {
    run("treated as withdrawn", |lab| {
        let table: [(&str, &[&[u8]]); 9] = [
            ("no ORIGIN", &[AS_PATH, NEXT_HOP]),
            ("an undefined ORIGIN", &[&[0x40, 1, 1, 9], AS_PATH, NEXT_HOP]),
            ("ORIGIN with the Optional flag", &[&[0xc0, 1, 1, 0], AS_PATH, NEXT_HOP]),
            ("AS_PATH with a segment too long", &[ORIGIN, &[0x40, 2, 6, 2, 9, 0, 0, 0xfd, 0xeb], NEXT_HOP]),
            ("AS_PATH with an undefined segment", &[ORIGIN, &[0x40, 2, 6, 7, 1, 0, 0, 0xfd, 0xeb], NEXT_HOP]),
            ("NEXT_HOP of three octets", &[ORIGIN, AS_PATH, &[0x40, 3, 3, 10, 0, 0]]),
            ("MULTI_EXIT_DISC of three octets", &[ORIGIN, AS_PATH, NEXT_HOP, &[0x80, 4, 3, 0, 0, 1]]),
            ("COMMUNITY of five octets", &[ORIGIN, AS_PATH, NEXT_HOP, &[0xc0, 8, 5, 0, 0, 0, 0, 1]]),
            ("an attribute beyond the list", &[ORIGIN, AS_PATH, NEXT_HOP, &[0xc0, 8, 200, 0]]),
        ];
        let mut arena = Arena::start(lab, &[neighbor(HOSTILE, HOSTILE_AS)])?;
        let mut peer = arena.establish(HOSTILE)?;
        let mut told = Table::default();
        for (name, attributes) in table {
            peer.send(&update(&[], GOOD, &PREFIX))?;
            hear(&mut arena.honest, &mut told, true).with_context(|| format!("before {name}"))?;
            peer.send(&update(&[], &attributes.concat(), &PREFIX))?;
            hear(&mut arena.honest, &mut told, false).context(name)?;
            ensure!(!peer.is_closed(), "{name}: the session was closed");
        }
        ensure_logged(&mut arena, "ORIGIN has a wrong value")?;
        ensure!(arena.dut.established(HOSTILE.into())?, "the session is down");
        arena.ensure_unharmed().map(drop)
    });
}

/// RFC 7606 §2: the route stays, without the attribute.
#[test]
fn a_malformed_attribute_that_routes_can_do_without_is_discarded() {
    run("discarded", |lab| {
        let table: [(&str, &[u8], u8); 6] = [
            ("ATOMIC_AGGREGATE of one octet", &[0x40, 6, 1, 0], 6),
            ("AGGREGATOR of five octets", &[0xc0, 7, 5, 0, 0, 0, 0, 1], 7),
            ("LOCAL_PREF from an external peer", &[0x40, 5, 4, 0, 0, 0, 1], 5),
            ("ORIGINATOR_ID from an external peer", &[0x80, 9, 4, 1, 2, 3, 4], 9),
            ("CLUSTER_LIST from an external peer", &[0x80, 10, 4, 1, 2, 3, 4], 10),
            ("an attribute nobody knows, not transitive", &[0x80, 99, 1, 0], 99),
        ];
        let mut arena = Arena::start(lab, &[neighbor(HOSTILE, HOSTILE_AS)])?;
        let mut peer = arena.establish(HOSTILE)?;
        let mut told = Table::default();
        for (name, wrong, code) in table {
            peer.send(&update(&[], &[GOOD, wrong].concat(), &PREFIX))?;
            hear(&mut arena.honest, &mut told, true).context(name)?;
            let passed_on = told.routes.get(&PREFIX[..]).and_then(|attributes| attribute(attributes, code));
            ensure!(passed_on.is_none(), "{name}: {passed_on:?} was passed on");
            peer.send(&update(&PREFIX, &[], &[]))?;
            hear(&mut arena.honest, &mut told, false).with_context(|| format!("after {name}"))?;
        }
        ensure!(arena.dut.established(HOSTILE.into())?, "the session is down");
        arena.ensure_unharmed().map(drop)
    });
}

/// RFC 7606 §3 and §5: where the routes of an UPDATE cannot be told, the session goes, and its routes with it. Each
/// from an address of its own: a peer that keeps failing is made to wait.
#[test]
fn an_update_that_cannot_be_read_ends_the_session_and_takes_its_routes() {
    run("reset", |lab| {
        let unknown: &[u8] = &[0x40, 77, 2, 1, 2];
        let mp_reach: &[u8] = &[0x80, 14, 13, 0, 1, 1, 4, 10, 0, 0, 3, 0, 24, 192, 0, 2];
        let short_next_hop: &[u8] = &[0x80, 14, 12, 0, 1, 1, 3, 10, 0, 0, 0, 24, 192, 0, 2];
        let mut too_long = update(&[], GOOD, &PREFIX);
        too_long[21] = 0xff;
        let mut withdrawn_too_long = update(&[], &[], &[]);
        withdrawn_too_long[19] = 0xff;
        let table: [Reset<'_>; 6] = [
            ("more attributes than octets", too_long, &[&[3, 1]]),
            ("more withdrawn routes than octets", withdrawn_too_long, &[&[3, 1]]),
            ("a well-known attribute nobody knows", of(&[GOOD, unknown]), &[&[3, 2], unknown]),
            ("MP_REACH_NLRI twice", of(&[GOOD, mp_reach, mp_reach]), &[&[3, 1]]),
            (
                "MP_REACH_NLRI with a next hop of three octets",
                of(&[GOOD, short_next_hop]),
                &[&[3, 9], short_next_hop],
            ),
            ("a prefix of 33 bits", update(&[], GOOD, &[33, 192, 0, 2, 0, 0]), &[&[3, 10]]),
        ];
        let mut arena = Arena::start(lab, &[])?;
        let mut told = Table::default();
        for ((name, wrong, answer), from) in table.into_iter().zip(addresses(RANGE, 20)) {
            let mut peer = arena.establish(from)?;
            peer.send(&update(&[], GOOD, &PREFIX))?;
            hear(&mut arena.honest, &mut told, true).with_context(|| format!("before {name}"))?;
            peer.send(&wrong)?;
            let said = peer.notification().context(name)?;
            ensure!(said == answer.concat(), "{name}: the answer was {said:?} and not {answer:?}");
            hear(&mut arena.honest, &mut told, false).context(name)?;
        }
        arena.ensure_unharmed().map(drop)
    });
}

/// What is wrong, the message, and the parts of the NOTIFICATION that answers it.
type Reset<'a> = (&'static str, Vec<u8>, &'a [&'a [u8]]);

/// RFC 7606 §6: what was wrong, the routes, and the whole message (here its end, which is the route).
fn ensure_logged(arena: &mut Arena, fault: &str) -> Result<()> {
    let log = arena.dut.process().log();
    let line = log.lines().find(|line| line.contains("malformed UPDATE") && line.contains(fault));
    let line = line.with_context(|| format!("no line about {fault:?}"))?;
    ensure!(line.contains("198.51.100.0/24") && line.contains("18c63364"), "{line}");
    Ok(())
}

/// Waits until the honest peer has been told of the route, or of its end.
fn hear(honest: &mut RawPeer, told: &mut Table, is_there: bool) -> Result<()> {
    read_until(honest, told, Duration::from_secs(10), |told| {
        told.routes.contains_key(&PREFIX[..]) == is_there
    })
}

/// An UPDATE of these attributes.
fn of(attributes: &[&[u8]]) -> Vec<u8> {
    update(&[], &attributes.concat(), &PREFIX)
}

const PREFIX: [u8; 4] = [24, 198, 51, 100];
const ORIGIN: &[u8] = &[0x40, 1, 1, 0];
const AS_PATH: &[u8] = &[0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xeb];
const NEXT_HOP: &[u8] = &[0x40, 3, 4, 10, 0, 0, 3];
/// The three of them.
const GOOD: &[u8] = &[0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xeb, 0x40, 3, 4, 10, 0, 0, 3];
