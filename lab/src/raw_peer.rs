//! A BGP peer played by hand: it says what a test wants it to say, and nothing else.
//!
//! ```text
//!  test ──octets──▶ RawPeer ──TCP──▶ device under test ──▶ RawPeer ──Message──▶ test
//! ```
//!
//! The octets are put together and taken apart here and not by the codec that is under test. Nothing happens behind
//! the test's back: no KEEPALIVE goes out that the test did not send, no message is read that it did not ask for.
//! RFC 4271 §4 has the formats.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use socket2::{Domain, Protocol, Socket, Type};

use crate::namespace::Namespace;

/// One end of a BGP connection.
#[derive(Debug)]
pub struct RawPeer {
    stream: TcpStream,
    /// Octets that have come and are not a whole message yet.
    pending: Vec<u8>,
}

/// A message without its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// [`OPEN`] to [`ROUTE_REFRESH`].
    pub kind: u8,
    /// What follows the header.
    pub body: Vec<u8>,
}

/// An OPEN, every field of which may be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// 4, if it is a right one.
    pub version: u8,
    /// My Autonomous System.
    pub asn: u16,
    /// Hold time in seconds.
    pub hold: u16,
    /// BGP Identifier.
    pub id: Ipv4Addr,
    /// The optional parameters as they go out, without their length octet.
    pub parameters: Vec<u8>,
}

/// The routes that a peer has been told: what is left after every announcement and withdrawal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Prefix octets as on the wire (length in bits, then the significant octets), and the path attributes.
    pub routes: BTreeMap<Vec<u8>, Vec<u8>>,
    /// UPDATEs read so far.
    pub updates: usize,
}

impl RawPeer {
    /// Connects from an address that is local in `namespace`.
    pub fn connect(namespace: &Namespace, from: Ipv4Addr, to: IpAddr) -> Result<Self> {
        let connected = namespace.enter(|| connect(from, to, None))?;
        connected.map(Self::new).with_context(|| format!("connecting from {from} to {to}"))
    }

    /// Connects with a receive buffer as small as the kernel allows, for a peer that is going to read late.
    pub fn connect_narrow(namespace: &Namespace, from: Ipv4Addr, to: IpAddr) -> Result<Self> {
        let connected = namespace.enter(|| connect(from, to, Some(1)))?;
        connected.map(Self::new).with_context(|| format!("connecting from {from} to {to}"))
    }

    /// Many connections, one from each address; those that the other end did not take are missing.
    pub fn connect_all(namespace: &Namespace, from: &[Ipv4Addr], to: IpAddr) -> Result<Vec<Self>> {
        namespace
            .enter(|| from.iter().filter_map(|from| connect(*from, to, None).ok()).map(Self::new).collect())
    }

    /// Takes over a connection, as one that was accepted.
    pub fn new(stream: TcpStream) -> Self {
        // Both fail only on a socket that is none; then the first use of it says so.
        let _ = stream.set_nodelay(true);
        let _ = stream.set_read_timeout(Some(PATIENCE));
        let _ = stream.set_write_timeout(Some(PATIENCE));
        Self { stream, pending: Vec::new() }
    }

    /// The same connection once more, to read on one thread and write on another.
    pub fn share(&self) -> Result<Self> {
        let stream = self.stream.try_clone().context("sharing the connection")?;
        Ok(Self { stream, pending: self.pending.clone() })
    }

    /// Sends our OPEN and KEEPALIVE and reads the other end's: the session is Established.
    pub fn establish(&mut self, open: &Open) -> Result<()> {
        self.confirm(open)?;
        self.send(&message(KEEPALIVE, &[]))?;
        let answer = self.expect_message()?;
        ensure!(answer.kind == KEEPALIVE, "instead of a KEEPALIVE came {answer:?}");
        Ok(())
    }

    /// Sends our OPEN and reads the other end's: it is in OpenConfirm and its KEEPALIVE under way.
    pub fn confirm(&mut self, open: &Open) -> Result<()> {
        self.send(&open.encode())?;
        let answer = self.expect_message()?;
        ensure!(answer.kind == OPEN, "instead of an OPEN came {answer:?}");
        Ok(())
    }

    /// Sends octets, whatever they are.
    pub fn send(&mut self, octets: &[u8]) -> Result<()> {
        self.stream.write_all(octets).context("sending")
    }

    /// The next message; `None` once the other end has closed.
    pub fn read(&mut self) -> Result<Option<Message>> {
        loop {
            if let Some(message) = self.take_message()? {
                return Ok(Some(message));
            }
            let mut octets = [0; 65_536];
            match self.stream.read(&mut octets) {
                Ok(0) => return Ok(None),
                Ok(len) => self.pending.extend(octets.iter().take(len)),
                // What the other end closed with octets of ours unread ends in a reset, after all that it sent.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("reading"),
            }
        }
    }

    /// The next message, or what has come of it, if `time` is too short for it.
    pub fn read_for(&mut self, time: Duration) -> Result<Option<Message>> {
        self.stream.set_read_timeout(Some(time)).context("setting the read timeout")?;
        let read = self.read();
        self.stream.set_read_timeout(Some(PATIENCE)).context("setting the read timeout")?;
        match read {
            Err(error) if is_timeout(&error) => Ok(None),
            read => read,
        }
    }

    /// Reads until a message of this type has come, and returns it.
    pub fn await_message(&mut self, kind: u8) -> Result<Message> {
        loop {
            let message = self.expect_message()?;
            if message.kind == kind {
                return Ok(message);
            }
        }
    }

    /// Reads to the end of the connection; the body of the NOTIFICATION that came before it: code, subcode, data.
    pub fn notification(&mut self) -> Result<Vec<u8>> {
        let mut last = None;
        while let Some(message) = self.read()? {
            last = Some(message);
        }
        match last {
            Some(Message { kind: NOTIFICATION, body }) => Ok(body),
            other => bail!("the connection ended without NOTIFICATION, after {other:?}"),
        }
    }

    /// True if the other end has closed, without a word or after saying something.
    pub fn is_closed(&mut self) -> bool {
        let closed = self.stream.set_nonblocking(true).and_then(|()| self.drain());
        let _ = self.stream.set_nonblocking(false);
        match closed {
            Ok(is_closed) => is_closed,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }

    /// Sends nothing more; reading goes on.
    pub fn finish(&self) -> Result<()> {
        self.stream.shutdown(Shutdown::Write).context("closing our direction")
    }

    fn expect_message(&mut self) -> Result<Message> {
        self.read()?.context("the connection was closed")
    }

    /// Reads what is there; true at the end of the connection.
    fn drain(&mut self) -> io::Result<bool> {
        let mut octets = [0; 4096];
        loop {
            match self.stream.read(&mut octets) {
                Ok(0) => return Ok(true),
                Ok(len) => self.pending.extend(octets.iter().take(len)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    fn take_message(&mut self) -> Result<Option<Message>> {
        let Some((head, rest)) = self.pending.split_at_checked(HEADER) else { return Ok(None) };
        ensure!(head.iter().take(16).all(|octet| *octet == 0xff), "a wrong marker came: {head:?}");
        let (Some(&[high, low]), Some(&kind)) = (head.get(16..18), head.get(18)) else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let size = length.checked_sub(HEADER).with_context(|| format!("a length of {length} came"))?;
        let Some(body) = rest.get(..size) else { return Ok(None) };
        let message = Message { kind, body: body.to_vec() };
        self.pending.drain(..length);
        Ok(Some(message))
    }
}

impl Open {
    /// A right one: IPv4 unicast, four-octet AS numbers.
    pub fn new(asn: u16, id: Ipv4Addr, hold: u16) -> Self {
        let [high, low] = asn.to_be_bytes();
        let parameters = vec![2, 12, 1, 4, 0, 1, 0, 1, 65, 4, 0, 0, high, low];
        Self { version: 4, asn, hold, id, parameters }
    }

    /// The message.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = vec![self.version];
        body.extend(self.asn.to_be_bytes());
        body.extend(self.hold.to_be_bytes());
        body.extend(self.id.octets());
        body.push(u8::try_from(self.parameters.len()).unwrap_or(u8::MAX));
        body.extend(&self.parameters);
        message(OPEN, &body)
    }
}

impl Table {
    /// Does what an UPDATE says; other messages change nothing.
    pub fn take(&mut self, message: &Message) -> Result<()> {
        if message.kind != UPDATE {
            return Ok(());
        }
        self.updates += 1;
        let (withdrawn, rest) = counted(&message.body).context("withdrawn routes")?;
        let (attributes, announced) = counted(rest).context("path attributes")?;
        for prefix in prefixes(withdrawn) {
            self.routes.remove(prefix);
        }
        for prefix in prefixes(announced) {
            self.routes.insert(prefix.to_vec(), attributes.to_vec());
        }
        Ok(())
    }
}

/// A message: marker, length, type and `body`.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut octets = vec![0xff; 16];
    octets.extend(u16::try_from(HEADER + body.len()).unwrap_or(u16::MAX).to_be_bytes());
    octets.push(kind);
    octets.extend(body);
    octets
}

/// An UPDATE from its three parts: the prefixes and attributes as they go out, without the lengths before them.
pub fn update(withdrawn: &[u8], attributes: &[u8], announced: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in [withdrawn, attributes] {
        body.extend(u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
        body.extend(part);
    }
    body.extend(announced);
    message(UPDATE, &body)
}

/// ORIGIN IGP, this AS_PATH in four octets a number, this NEXT_HOP.
pub fn attributes(path: &[u32], next_hop: Ipv4Addr) -> Vec<u8> {
    let mut octets = vec![0x40, 1, 1, 0];
    let count = u8::try_from(path.len()).unwrap_or(u8::MAX);
    octets.extend([0x40, 2, 2 + 4 * count, 2, count]);
    octets.extend(path.iter().flat_map(|asn| asn.to_be_bytes()));
    octets.extend([0x40, 3, 4]);
    octets.extend(next_hop.octets());
    octets
}

/// The last AS number of the AS_PATH among these attributes, four octets a number: who originated the route.
pub fn origin_as(attributes: &[u8]) -> Option<u32> {
    attribute(attributes, 2)?.last_chunk().map(|octets| u32::from_be_bytes(*octets))
}

/// The value of the attribute with this type code.
pub fn attribute(mut attributes: &[u8], code: u8) -> Option<&[u8]> {
    while let [flags, found, rest @ ..] = attributes {
        let is_extended = flags & 0x10 != 0;
        let (length, rest) = if is_extended {
            rest.split_first_chunk().map(|(length, rest)| (u16::from_be_bytes(*length), rest))?
        } else {
            rest.split_first().map(|(length, rest)| (u16::from(*length), rest))?
        };
        let (value, rest) = rest.split_at_checked(usize::from(length))?;
        if *found == code {
            return Some(value);
        }
        attributes = rest;
    }
    None
}

/// Connects with these octets of receive buffer, or as many as the kernel sees fit.
fn connect(from: Ipv4Addr, to: IpAddr, buffer: Option<usize>) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    if let Some(octets) = buffer {
        socket.set_recv_buffer_size(octets)?;
    }
    socket.bind(&SocketAddr::from((from, 0)).into())?;
    socket.connect_timeout(&SocketAddr::from((to, PORT)).into(), PATIENCE)?;
    Ok(socket.into())
}

/// Two octets of length, what they count, and the rest.
fn counted(octets: &[u8]) -> Result<(&[u8], &[u8])> {
    let (length, rest) = octets.split_first_chunk().context("no length")?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).context("too short for its length")
}

/// Prefixes that stand one behind the other.
fn prefixes(mut octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let bits = usize::from(*octets.first()?);
        let (prefix, rest) = octets.split_at_checked(1 + bits.div_ceil(8))?;
        octets = rest;
        Some(prefix)
    })
}

fn is_timeout(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    matches!(kind, Some(ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

/// Message type (RFC 4271 §4.1).
pub const OPEN: u8 = 1;
/// Message type (RFC 4271 §4.1).
pub const UPDATE: u8 = 2;
/// Message type (RFC 4271 §4.1).
pub const NOTIFICATION: u8 = 3;
/// Message type (RFC 4271 §4.1).
pub const KEEPALIVE: u8 = 4;
/// Message type (RFC 2918 §3).
pub const ROUTE_REFRESH: u8 = 5;

const HEADER: usize = 19;
const PORT: u16 = 179;
/// How long to wait for the other end.
const PATIENCE: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_what_updates_leave_of_it() {
        let path = attributes(&[65003], Ipv4Addr::new(10, 0, 0, 3));
        let body = |octets: Vec<u8>| Message { kind: UPDATE, body: octets[HEADER..].to_vec() };
        let mut table = Table::default();
        table.take(&body(update(&[], &path, &[24, 192, 0, 2, 8, 10]))).unwrap();
        table.take(&body(update(&[24, 192, 0, 2], &[], &[]))).unwrap();
        assert_eq!(origin_as(&path), Some(65003));
        assert_eq!(table.routes, BTreeMap::from([(vec![8, 10], path)]));
        assert_eq!(table.updates, 2);
        assert!(table.take(&Message { kind: UPDATE, body: vec![0, 9, 1] }).is_err());
    }
}
