//! The two peers of a load: a feed that announces a table, a listener that counts what arrives.
//!
//! Both are as light as they can be, so that the router between them is what is measured: the feed's messages
//! are encoded before the clock starts, the listener only walks lengths and marks prefixes. Plain BGP-4 with
//! four-octet AS numbers and both unicast families.

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ipnet::IpNet;

use crate::table::Table;

/// Who a peer is and whom it talks to.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// The peer's own AS.
    pub asn: u32,
    /// The peer's own address, its BGP identifier too.
    pub address: Ipv4Addr,
    /// Its next hop for IPv6 routes.
    pub address6: Ipv6Addr,
    /// The router.
    pub router: SocketAddr,
}

/// Connects and gets the session up: OPEN, KEEPALIVE, both ways. Retries for `patience`.
///
/// # Errors
///
/// Where the router does not accept the session in that time.
pub fn establish(who: &Identity, patience: Duration) -> io::Result<TcpStream> {
    let give_up = Instant::now() + patience;
    loop {
        match try_establish(who) {
            Ok(stream) => return Ok(stream),
            Err(error) if Instant::now() > give_up => return Err(error),
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

fn try_establish(who: &Identity) -> io::Result<TcpStream> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(IpAddr::V4(who.address), 0).into())?;
    socket.connect_timeout(&who.router.into(), Duration::from_secs(2))?;
    let mut stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(&open(who))?;
    loop {
        let (kind, body) = read_message(&mut stream)?;
        match kind {
            1 => stream.write_all(&message(4, &[]))?,
            4 => break,
            _ => return Err(io::Error::other(format!("message {kind} instead of KEEPALIVE: {body:?}"))),
        }
    }
    stream.set_read_timeout(None)?;
    Ok(stream)
}

fn open(who: &Identity) -> Vec<u8> {
    let asn = who.asn.to_be_bytes();
    let mut capabilities = vec![1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1, 2, 0, 65, 4];
    capabilities.extend_from_slice(&asn);
    let mut body = vec![4];
    body.extend_from_slice(&u16::try_from(who.asn).unwrap_or(23456).to_be_bytes());
    // No hold time: keepalives would only disturb.
    body.extend_from_slice(&0u16.to_be_bytes());
    body.extend_from_slice(&who.address.octets());
    let len = u8::try_from(capabilities.len()).unwrap_or(0);
    body.extend_from_slice(&[len + 2, 2, len]);
    body.extend_from_slice(&capabilities);
    message(1, &body)
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![0xff; 16];
    message.extend_from_slice(&u16::try_from(19 + body.len()).unwrap_or(0).to_be_bytes());
    message.push(kind);
    message.extend_from_slice(body);
    message
}

fn read_message(stream: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let mut header = [0; 19];
    stream.read_exact(&mut header)?;
    let mut body = vec![0; usize::from(u16::from_be_bytes([header[16], header[17]])) - 19];
    stream.read_exact(&mut body)?;
    Ok((header[18], body))
}

/// The octets that announce `table`, End-of-RIB included, as one peer sends them.
#[must_use]
pub fn encode(table: &Table, who: &Identity) -> Vec<u8> {
    let mut out = Vec::new();
    for group in &table.groups {
        let mut attrs = group.attrs.clone();
        if let Some(sender) = attrs.get_mut(group.sender_at..group.sender_at + 4) {
            sender.copy_from_slice(&who.asn.to_be_bytes());
        }
        for prefixes in group.prefixes.chunks(100) {
            out.extend_from_slice(&update(&attrs, prefixes, who));
        }
    }
    out.extend_from_slice(&message(2, &[0; 4]));
    out.extend_from_slice(&message(2, &[0, 0, 0, 6, 0x80, 15, 3, 0, 2, 1]));
    out
}

/// One UPDATE that announces `prefixes`, all of one family.
#[must_use]
pub fn update(attrs: &[u8], prefixes: &[IpNet], who: &Identity) -> Vec<u8> {
    let mut nlri = Vec::new();
    let mut is_ipv6 = false;
    for prefix in prefixes {
        let octets = usize::from(prefix.prefix_len().div_ceil(8));
        nlri.push(prefix.prefix_len());
        match prefix {
            IpNet::V4(net) => nlri.extend_from_slice(&net.network().octets()[..octets]),
            IpNet::V6(net) => {
                is_ipv6 = true;
                nlri.extend_from_slice(&net.network().octets()[..octets]);
            }
        }
    }
    let mut all = Vec::new();
    if is_ipv6 {
        let mut reach = vec![0, 2, 1, 16];
        reach.extend_from_slice(&who.address6.octets());
        reach.push(0);
        reach.append(&mut nlri);
        all.extend_from_slice(&[0x90, 14]);
        all.extend_from_slice(&u16::try_from(reach.len()).unwrap_or(0).to_be_bytes());
        all.extend_from_slice(&reach);
        all.extend_from_slice(attrs);
    } else {
        let (upto_path, after_path) = attrs.split_at(path_end(attrs));
        all.extend_from_slice(upto_path);
        all.extend_from_slice(&[0x40, 3, 4]);
        all.extend_from_slice(&who.address.octets());
        all.extend_from_slice(after_path);
    }
    let mut body = vec![0, 0];
    body.extend_from_slice(&u16::try_from(all.len()).unwrap_or(0).to_be_bytes());
    body.extend_from_slice(&all);
    body.extend_from_slice(&nlri);
    message(2, &body)
}

/// Where AS_PATH ends, after which NEXT_HOP goes.
fn path_end(attrs: &[u8]) -> usize {
    let mut at = 0;
    while at + 4 < attrs.len() {
        let extended = attrs[at] & 0x10 != 0;
        let len = if extended {
            4 + usize::from(u16::from_be_bytes([attrs[at + 2], attrs[at + 3]]))
        } else {
            3 + usize::from(attrs[at + 2])
        };
        let is_path = attrs[at + 1] == 2;
        at += len;
        if is_path {
            break;
        }
    }
    at.min(attrs.len())
}

/// What a listener has heard.
#[derive(Debug, Default)]
pub struct Heard {
    /// Prefixes announced and not withdrawn.
    pub present: AtomicUsize,
    /// When something last arrived.
    pub last: Mutex<Option<Instant>>,
}

/// Counts what arrives on `stream` until it ends.
///
/// # Errors
///
/// Where the stream fails, or carries what is no BGP.
pub fn listen(mut stream: TcpStream, heard: &Arc<Heard>) -> io::Result<()> {
    let mut present = Present::default();
    let mut buffer = vec![0; 1 << 18];
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..])?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        let mut at = 0;
        while let Some(header) = buffer[at..filled].get(..19) {
            let len = usize::from(u16::from_be_bytes([header[16], header[17]]));
            if at + len > filled {
                break;
            }
            if header[18] == 2 {
                present.apply(&buffer[at + 19..at + len]);
            }
            if header[18] == 3 {
                return Err(io::Error::other(format!("NOTIFICATION {:?}", &buffer[at + 19..at + len])));
            }
            at += len;
        }
        buffer.copy_within(at..filled, 0);
        filled -= at;
        heard.present.store(present.count, Ordering::Relaxed);
        if let Ok(mut last) = heard.last.lock() {
            *last = Some(Instant::now());
        }
    }
}

/// The set of prefixes that are announced: a bit for each IPv4 prefix up to /24, a hash set for the rest.
struct Present {
    short: Vec<u64>,
    long: HashSet<(u128, u8), foldhash::fast::FixedState>,
    count: usize,
}

impl Default for Present {
    fn default() -> Self {
        Self { short: vec![0; (1 << 24) * 25 / 64 + 1], long: HashSet::default(), count: 0 }
    }
}

impl Present {
    fn apply(&mut self, body: &[u8]) {
        let withdrawn = usize::from(u16::from_be_bytes([body[0], body[1]]));
        self.walk(&body[2..2 + withdrawn], Family::Ipv4, false);
        let attrs_at = 4 + withdrawn;
        let attrs_len = usize::from(u16::from_be_bytes([body[attrs_at - 2], body[attrs_at - 1]]));
        let mut attrs = &body[attrs_at..attrs_at + attrs_len];
        while attrs.len() > 2 {
            let (len, value_at) = if attrs[0] & 0x10 == 0 {
                (usize::from(attrs[2]), 3)
            } else {
                (usize::from(u16::from_be_bytes([attrs[2], attrs[3]])), 4)
            };
            let value = &attrs[value_at..value_at + len];
            match attrs[1] {
                14 => self.walk(&value[5 + usize::from(value[3])..], Family::of(value), true),
                15 => self.walk(&value[3..], Family::of(value), false),
                _ => {}
            }
            attrs = &attrs[value_at + len..];
        }
        self.walk(&body[attrs_at + attrs_len..], Family::Ipv4, true);
    }

    fn walk(&mut self, mut nlri: &[u8], family: Family, is_announced: bool) {
        while let Some((&len, rest)) = nlri.split_first() {
            let octets = usize::from(len.div_ceil(8));
            let mut address = [0; 16];
            address[..octets].copy_from_slice(&rest[..octets]);
            self.mark(u128::from_be_bytes(address), len, family, is_announced);
            nlri = &rest[octets..];
        }
    }

    fn mark(&mut self, address: u128, len: u8, family: Family, is_announced: bool) {
        let changed = if family == Family::Ipv4 && len <= 24 {
            let bit = usize::try_from(address >> 104).unwrap_or(0) * 25 + usize::from(len);
            let word = &mut self.short[bit / 64];
            let before = *word;
            if is_announced {
                *word |= 1 << (bit % 64);
            } else {
                *word &= !(1 << (bit % 64));
            }
            before != *word
        } else {
            let key = (address, len | u8::from(family == Family::Ipv4) << 7);
            if is_announced { self.long.insert(key) } else { self.long.remove(&key) }
        };
        if changed && is_announced {
            self.count += 1;
        } else if changed {
            self.count -= 1;
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Ipv4,
    Ipv6,
}

impl Family {
    fn of(mp: &[u8]) -> Self {
        if mp[1] == 1 { Self::Ipv4 } else { Self::Ipv6 }
    }
}
