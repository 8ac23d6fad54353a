//! Connection collisions (RFC 4271 §6.8), with a peer that is played by hand so that both connections surely exist.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::daemon::{self, Kind};

use crate::by_hand::{KEEPALIVE, await_type, last_message, message, open};
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
    let (mut first, _) = listener.accept().context("waiting for the connection of the device under test")?;
    let mut second = b.enter(|| TcpStream::connect((A4, 179)))?.context("dialling the device under test")?;
    for stream in [&mut first, &mut second] {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(&open(65002, their_id))?;
    }
    let (kept, closed) = if stays == "ours" { (&mut first, &mut second) } else { (&mut second, &mut first) };

    // RFC 4486 §4: Cease (6), Connection Collision Resolution (7).
    let last = last_message(closed)?;
    ensure!(last.get(18..21) == Some(&[3, 6, 7]), "the other connection ended with {last:?}");
    await_type(kept, KEEPALIVE)?;
    kept.write_all(&message(KEEPALIVE, &[]))?;
    dut.await_established(B4)
}
