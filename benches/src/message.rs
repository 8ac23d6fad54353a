//! The messages that the loader's peers send: OPEN, UPDATE, KEEPALIVE (RFC 4271 §4), written in the plainest way.
//!
//! They are encoded before a clock starts. Peers are plain BGP-4 speakers with both unicast families (RFC 4760) and
//! AS numbers of four octets (RFC 6793).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

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

/// OPEN (RFC 4271 §4.2), the hold time in seconds.
#[must_use]
pub fn open(who: &Identity, hold: u16) -> Vec<u8> {
    let mut capabilities = vec![1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1, 2, 0, 65, 4];
    capabilities.extend_from_slice(&who.asn.to_be_bytes());
    let mut body = vec![4];
    body.extend_from_slice(&u16::try_from(who.asn).unwrap_or(AS_TRANS).to_be_bytes());
    body.extend_from_slice(&hold.to_be_bytes());
    body.extend_from_slice(&who.address.octets());
    let len = u8::try_from(capabilities.len()).unwrap_or(0);
    body.extend_from_slice(&[len + 2, 2, len]);
    body.extend_from_slice(&capabilities);
    message(OPEN, &body)
}

/// KEEPALIVE.
#[must_use]
pub fn keepalive() -> Vec<u8> {
    message(KEEPALIVE, &[])
}

/// The octets that announce `table`, as one peer sends them.
#[must_use]
pub fn announce(table: &Table, who: &Identity) -> Vec<u8> {
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
    out
}

/// End-of-RIB of both families (RFC 4724 §2).
#[must_use]
pub fn end_of_rib() -> Vec<u8> {
    let mut out = message(UPDATE, &[0; 4]);
    out.extend_from_slice(&message(UPDATE, &[0, 0, 0, 6, 0x80, 15, 3, 0, 2, 1]));
    out
}

/// The octets that withdraw `table`.
#[must_use]
pub fn withdraw(table: &Table) -> Vec<u8> {
    let (mut ipv4, mut ipv6) = (Vec::new(), Vec::new());
    for prefix in table.groups.iter().flat_map(|group| &group.prefixes) {
        if prefix.addr().is_ipv4() { ipv4.push(*prefix) } else { ipv6.push(*prefix) }
    }
    let mut out = Vec::new();
    for prefixes in ipv4.chunks(500) {
        let nlri = nlri(prefixes);
        out.extend_from_slice(&message(UPDATE, &[&length(&nlri)[..], &nlri, &[0, 0]].concat()));
    }
    for prefixes in ipv6.chunks(200) {
        let value = [&[0, 2, 1][..], &nlri(prefixes)].concat();
        let attribute = [&[0x90, 15][..], &length(&value), &value].concat();
        out.extend_from_slice(&message(UPDATE, &[&[0, 0][..], &length(&attribute), &attribute].concat()));
    }
    out
}

/// One UPDATE that announces `prefixes`, all of one family.
#[must_use]
pub fn update(attrs: &[u8], prefixes: &[IpNet], who: &Identity) -> Vec<u8> {
    let nlri = nlri(prefixes);
    let is_ipv6 = prefixes.iter().any(|prefix| matches!(prefix.addr(), IpAddr::V6(_)));
    if is_ipv6 {
        let reach = [&[0, 2, 1, 16][..], &who.address6.octets(), &[0], &nlri].concat();
        let all = [&[0x90, 14][..], &length(&reach), &reach, attrs].concat();
        return message(UPDATE, &[&[0, 0][..], &length(&all), &all].concat());
    }
    let (upto_path, after_path) = attrs.split_at(path_end(attrs));
    let all = [upto_path, &[0x40, 3, 4], &who.address.octets(), after_path].concat();
    message(UPDATE, &[&[0, 0][..], &length(&all), &all, &nlri].concat())
}

fn nlri(prefixes: &[IpNet]) -> Vec<u8> {
    let mut out = Vec::new();
    for prefix in prefixes {
        let octets = usize::from(prefix.prefix_len().div_ceil(8));
        out.push(prefix.prefix_len());
        match prefix {
            IpNet::V4(net) => out.extend_from_slice(&net.network().octets()[..octets]),
            IpNet::V6(net) => out.extend_from_slice(&net.network().octets()[..octets]),
        }
    }
    out
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

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![0xff; 16];
    message.extend_from_slice(&u16::try_from(HEADER + body.len()).unwrap_or(0).to_be_bytes());
    message.push(kind);
    message.extend_from_slice(body);
    message
}

fn length(octets: &[u8]) -> [u8; 2] {
    u16::try_from(octets.len()).unwrap_or(0).to_be_bytes()
}

/// Octets of a message's header.
pub const HEADER: usize = 19;

/// Message types (RFC 4271 §4.1).
pub const OPEN: u8 = 1;
/// UPDATE.
pub const UPDATE: u8 = 2;
/// NOTIFICATION.
pub const NOTIFICATION: u8 = 3;
/// KEEPALIVE.
pub const KEEPALIVE: u8 = 4;

/// Stands for an AS number of four octets where only two fit (RFC 6793 §9).
const AS_TRANS: u16 = 23456;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::present::Present;
    use crate::table::Shape;

    #[test]
    fn what_is_announced_is_present_and_gone_when_withdrawn() {
        let who = Identity {
            asn: 65001,
            address: Ipv4Addr::new(10, 99, 0, 1),
            address6: Ipv6Addr::LOCALHOST,
            router: SocketAddr::from(([10, 99, 255, 254], 179)),
        };
        let table = Table::made_up(Shape { ipv4: 3000, ipv6: 1000, seed: 1, first: 0 });
        let mut present = Present::default();
        assert_eq!(present.hear(&announce(&table, &who)).unwrap(), announce(&table, &who).len());
        assert_eq!(present.count(), 4000);
        present.hear(&end_of_rib()).unwrap();
        present.hear(&withdraw(&table)).unwrap();
        assert_eq!(present.count(), 0);
    }
}
