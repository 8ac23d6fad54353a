//! Connection collisions (RFC 4271 §6.8), with a peer that is played by hand so that both connections surely exist.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result, ensure};
use lab::RawPeer;
use lab::daemon::{self, Kind};
use lab::raw_peer::{KEEPALIVE, Open, message};

use crate::pair::{A4, B4, Pair, ours};

/// The connection that the speaker with the higher identifier has opened is the one that stays.
#[test]
fn of_two_connections_the_one_opened_by_the_higher_identifier_stays() {
    for (their_id, stays) in [("10.0.0.2", "theirs"), ("9.9.9.9", "ours")] {
        lab::run("collision", |lab| collide(lab, their_id.parse()?, stays));
    }
}

fn collide(lab: &lab::Lab, their_id: Ipv4Addr, stays: &str) -> Result<()> {
    let (a, b) = Pair::wire(lab)?;
    let listener = b.enter(|| TcpListener::bind((Ipv4Addr::UNSPECIFIED, 179)))?.context("listening")?;
    let dut = daemon::start(Kind::under_test(), &a, &ours(B4, |n| n))?;
    let (first, _) = listener.accept().context("waiting for the connection of the device under test")?;
    let mut first = RawPeer::new(first);
    let mut second = RawPeer::connect(&b, B4.parse()?, A4.parse()?)?;
    for peer in [&mut first, &mut second] {
        peer.send(&Open::new(65002, their_id, 9).encode())?;
    }
    let (kept, closed) = if stays == "ours" { (&mut first, &mut second) } else { (&mut second, &mut first) };

    // RFC 4486 §4: Cease (6), Connection Collision Resolution (7).
    let last = closed.notification()?;
    ensure!(last == [6, 7], "the other connection ended with {last:?}");
    kept.await_message(KEEPALIVE)?;
    kept.send(&message(KEEPALIVE, &[]))?;
    dut.await_established(B4)
}
