//! A peer that is played by hand: a few messages, written and read one by one.

use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};

use anyhow::{Context, Result, bail};

/// Messages until the connection ends; the last of them.
pub fn last_message(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut last = Vec::new();
    while let Some(message) = read_message(stream)? {
        last = message;
    }
    Ok(last)
}

pub fn await_type(stream: &mut TcpStream, wanted: u8) -> Result<()> {
    while let Some(message) = read_message(stream)? {
        if message.get(18) == Some(&wanted) {
            return Ok(());
        }
    }
    bail!("the connection that should stay was closed")
}

pub fn read_message(stream: &mut TcpStream) -> Result<Option<Vec<u8>>> {
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
pub fn open(asn: u16, id: Ipv4Addr) -> Vec<u8> {
    let [high, low] = asn.to_be_bytes();
    let [a, b, c, d] = id.octets();
    let capabilities = [1, 4, 0, 1, 0, 1, 65, 4, 0, 0, high, low];
    let mut body = vec![4, high, low, 0, 9, a, b, c, d, 14, 2, 12];
    body.extend(capabilities);
    message(1, &body)
}

pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(19 + body.len()).unwrap();
    let mut bytes = vec![0xff; 16];
    bytes.extend(length.to_be_bytes());
    bytes.push(kind);
    bytes.extend(body);
    bytes
}

/// The message type.
pub const KEEPALIVE: u8 = 4;
