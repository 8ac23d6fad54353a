//! OPENs that do not suit, and the NOTIFICATION with its data that answers each (RFC 4271 §6.2).

use std::net::Ipv4Addr;

use anyhow::{Context, Result, ensure};
use lab::raw_peer::Open;
use lab::run;

use super::{Arena, HOSTILE, RANGE, addresses, neighbor, open};

/// Each from an address of its own: a peer that keeps failing is made to wait.
#[test]
fn an_open_that_does_not_suit_is_answered_with_its_subcode_and_data() {
    run("opens", |lab| {
        let mut arena = Arena::start(lab, &[])?;
        let table: [Refusal; 10] = [
            ("version 3", |open| open.version = 3, &[2, 1, 0, 4]),
            ("another AS", |open| set_as(open, 65009), &[2, 2]),
            ("the four-octet AS alone is another", |open| set_four_octets(open, 65009), &[2, 2]),
            ("AS zero", |open| set_as(open, 0), &[2, 2]),
            ("identifier zero", |open| open.id = [0; 4].into(), &[2, 3]),
            ("an unknown optional parameter", |open| open.parameters = vec![77, 1, 0], &[2, 4]),
            ("hold time 1", |open| open.hold = 1, &[2, 6]),
            ("hold time 2", |open| open.hold = 2, &[2, 6]),
            ("a parameter longer than the OPEN", |open| open.parameters = vec![2, 200, 1], &[2, 0]),
            (
                "IPv6 alone, and we have IPv4",
                |open| open.parameters = vec![2, 12, 1, 4, 0, 2, 0, 1, 65, 4, 0, 0, 0xfd, 0xeb],
                &[2, 7, 1, 4, 0, 1, 0, 1],
            ),
        ];
        for ((name, spoil, answer), from) in table.into_iter().zip(addresses(RANGE, 20)) {
            let mut open = open(from);
            spoil(&mut open);
            ensure_refused(&arena, from, &open, answer).context(name)?;
        }
        arena.ensure_unharmed().map(drop)
    });
}

/// RFC 6286 §2.2: an external peer may have our identifier, an internal one may not.
#[test]
fn our_own_identifier_is_refused_from_an_internal_peer_only() {
    run("our identifier", |lab| {
        let [internal, external] = [HOSTILE, RANGE];
        let arena = Arena::start(lab, &[neighbor(internal, 65001)])?;
        let ours = Ipv4Addr::new(10, 0, 0, 1);
        ensure_refused(&arena, internal, &Open::new(65001, ours, 180), &[2, 3]).context("internal")?;
        arena.connect(external)?.establish(&Open::new(65003, ours, 180)).context("external")
    });
}

/// What is wrong, how it is made so, and the NOTIFICATION that answers it.
type Refusal = (&'static str, fn(&mut Open), &'static [u8]);

fn ensure_refused(arena: &Arena, from: Ipv4Addr, open: &Open, answer: &[u8]) -> Result<()> {
    let mut peer = arena.connect(from)?;
    peer.send(&open.encode())?;
    let said = peer.notification()?;
    ensure!(said == answer, "the answer was {said:?} and not {answer:?}");
    Ok(())
}

fn set_as(open: &mut Open, asn: u16) {
    open.asn = asn;
    set_four_octets(open, asn);
}

/// In the capability, which is the last of the parameters.
fn set_four_octets(open: &mut Open, asn: u16) {
    open.parameters.truncate(open.parameters.len() - 2);
    open.parameters.extend(asn.to_be_bytes());
}
