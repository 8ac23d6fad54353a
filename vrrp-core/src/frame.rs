//! Ethernet, IPv4 and IPv6 headers of what we send: announcements always go out as whole frames, advertisements may.
//!
//! A frame carries the virtual router's hardware address as its source without any device having it, which is how
//! learning bridges are taught (RFC 9568 §7.2). Both headers carry the class of network control, as other routers
//! send it.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::checksum::Sum;
use crate::types::{Endpoints, HOP_LIMIT, Mac};

/// What an Ethernet frame contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EtherType {
    Ipv4,
    Arp,
    Ipv6,
}

impl EtherType {
    const fn number(self) -> u16 {
        match self {
            Self::Ipv4 => 0x0800,
            Self::Arp => 0x0806,
            Self::Ipv6 => 0x86dd,
        }
    }
}

/// Appends an Ethernet header.
pub(crate) fn ethernet(destination: Mac, source: Mac, kind: EtherType, out: &mut Vec<u8>) {
    out.extend_from_slice(&destination.0);
    out.extend_from_slice(&source.0);
    out.extend_from_slice(&kind.number().to_be_bytes());
}

/// A whole frame around `payload`; nothing if the destination is not a group, as then only the kernel knows the
/// neighbour's hardware address.
#[must_use]
pub fn ip(source: Mac, endpoints: &Endpoints, protocol: u8, payload: &[u8]) -> Option<Vec<u8>> {
    let destination = group_mac(endpoints.destination())?;
    let mut out = Vec::with_capacity(54 + payload.len());
    match endpoints {
        Endpoints::V4 { source: from, destination: to } => {
            ethernet(destination, source, EtherType::Ipv4, &mut out);
            ipv4(*from, *to, (protocol, payload.len()), &mut out);
        }
        Endpoints::V6 { source: from, destination: to } => {
            ethernet(destination, source, EtherType::Ipv6, &mut out);
            ipv6(*from, *to, (protocol, payload.len()), &mut out);
        }
    }
    out.extend_from_slice(payload);
    Some(out)
}

/// The hardware address of an IP group (RFC 1112 §6.4, RFC 2464 §7).
#[must_use]
pub fn group_mac(group: IpAddr) -> Option<Mac> {
    if !group.is_multicast() {
        return None;
    }
    Some(match group {
        IpAddr::V4(group) => {
            let [_, b, c, d] = group.octets();
            Mac([0x01, 0x00, 0x5e, b & 0x7f, c, d])
        }
        IpAddr::V6(group) => {
            let [.., a, b, c, d] = group.octets();
            Mac([0x33, 0x33, a, b, c, d])
        }
    })
}

/// RFC 791, without options, not to be fragmented.
fn ipv4(source: Ipv4Addr, destination: Ipv4Addr, (protocol, len): (u8, usize), out: &mut Vec<u8>) {
    let [high, low] = u16::try_from(20 + len).unwrap_or(u16::MAX).to_be_bytes();
    let header = |checksum: u16| {
        let [first, second] = checksum.to_be_bytes();
        [0x45, NETWORK_CONTROL, high, low, 0, 0, 0x40, 0, HOP_LIMIT, protocol, first, second]
    };
    let addresses = [source.octets(), destination.octets()];
    let sum = addresses.iter().fold(Sum::default().octets(&header(0)), |sum, one| sum.octets(one));
    out.extend_from_slice(&header(sum.checksum()));
    out.extend_from_slice(addresses.as_flattened());
}

/// RFC 8200 §3.
fn ipv6(source: Ipv6Addr, destination: Ipv6Addr, (protocol, len): (u8, usize), out: &mut Vec<u8>) {
    let [high, low] = u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes();
    out.extend_from_slice(&[0x60 | NETWORK_CONTROL >> 4, 0, 0, 0, high, low, protocol, HOP_LIMIT]);
    out.extend_from_slice(&source.octets());
    out.extend_from_slice(&destination.octets());
}

/// Class selector 6 (RFC 2474 §4.2.2): its upper half ends the first octet of an IPv6 header, its lower half is zero.
const NETWORK_CONTROL: u8 = 0xc0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Family, GROUP_V4, GROUP_V6, PROTOCOL, Vrid};

    #[test]
    fn an_ipv4_frame_is_what_another_router_sends() {
        let endpoints = Endpoints::V4 { source: Ipv4Addr::new(10, 9, 0, 1), destination: GROUP_V4 };
        let mac = Vrid::new(0x15).unwrap().mac(Family::Ipv4);
        let frame = ip(mac, &endpoints, PROTOCOL, &[0; 16]).unwrap();
        assert_eq!(frame.len(), 50);
        assert_eq!(&frame[..14], [1, 0, 0x5e, 0, 0, 0x12, 0, 0, 0x5e, 0, 1, 0x15, 8, 0]);
        assert_eq!(&frame[14..24], [0x45, 0xc0, 0, 0x24, 0, 0, 0x40, 0, 255, 112]);
        assert!(Sum::default().octets(&frame[14..34]).is_right());
        assert_eq!(&frame[26..34], [10, 9, 0, 1, 224, 0, 0, 18]);
    }

    #[test]
    fn an_ipv6_frame_goes_to_the_group_with_hop_limit_255() {
        let endpoints = Endpoints::V6 { source: "fe80::1".parse().unwrap(), destination: GROUP_V6 };
        let mac = Vrid::new(0x15).unwrap().mac(Family::Ipv6);
        let frame = ip(mac, &endpoints, PROTOCOL, &[0; 24]).unwrap();
        assert_eq!(&frame[..14], [0x33, 0x33, 0, 0, 0, 0x12, 0, 0, 0x5e, 0, 2, 0x15, 0x86, 0xdd]);
        assert_eq!(&frame[14..22], [0x6c, 0, 0, 0, 0, 24, 112, 255]);
    }

    #[test]
    fn a_peer_has_no_frame() {
        let endpoints = Endpoints::V4 { source: GROUP_V4, destination: Ipv4Addr::new(10, 9, 0, 2) };
        assert_eq!(ip(Mac([0; 6]), &endpoints, PROTOCOL, &[]), None);
    }
}
