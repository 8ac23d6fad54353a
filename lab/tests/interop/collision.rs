//! Connection collisions (RFC 4271 §6.8), with a peer that is played by hand so that both connections surely exist.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use lab::daemon::{self, Kind};

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

/// Messages until the connection ends; the last of them.
fn last_message(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut last = Vec::new();
    while let Some(message) = read_message(stream)? {
        last = message;
    }
    Ok(last)
}

fn await_type(stream: &mut TcpStream, wanted: u8) -> Result<()> {
    while let Some(message) = read_message(stream)? {
        if message.get(18) == Some(&wanted) {
            return Ok(());
        }
    }
    bail!("the connection that should stay was closed")
}

fn read_message(stream: &mut TcpStream) -> Result<Option<Vec<u8>>> {
    let mut message = vec![0; 19];
    if stream.read_exact(&mut message).is_err() {
        return Ok(None);
    }
    let length = usize::from(u16::from_be_bytes([message[16], message[17]]));
    message.resize(length, 0);
    stream.read_exact(message.get_mut(19..).context("length")?)?;
    Ok(Some(message))
}

/// An OPEN with the capabilities IPv4 unicast and 4-octet AS, hold time 9.
fn open(asn: u16, id: Ipv4Addr) -> Vec<u8> {
    let [high, low] = asn.to_be_bytes();
    let [a, b, c, d] = id.octets();
    let capabilities = [1, 4, 0, 1, 0, 1, 65, 4, 0, 0, high, low];
    let mut body = vec![4, high, low, 0, 9, a, b, c, d, 14, 2, 12];
    body.extend(capabilities);
    message(1, &body)
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(19 + body.len()).unwrap();
    let mut bytes = vec![0xff; 16];
    bytes.extend(length.to_be_bytes());
    bytes.push(kind);
    bytes.extend(body);
    bytes
}

const KEEPALIVE: u8 = 4;
