//! Lists of prefixes: the NLRI and Withdrawn Routes fields and those of MP_REACH_NLRI and MP_UNREACH_NLRI.
//!
//! ```text
//! +------------------------------+---------------+-------------------------+
//! | path identifier (4, add-path)| length (bits) | prefix (0..16 octets)   | …
//! +------------------------------+---------------+-------------------------+
//! ```
//!
//! RFC 4271 §4.3, RFC 4760 §5, RFC 7911 §3. [`fault_at`] is the check, [`NlriIter`] the walk that cannot fail,
//! [`put_nlri`] the way back. A family whose NLRI look otherwise would bring its own three.

use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use super::Reader;
use crate::types::{Family, Nlri, Prefix};

/// The prefixes of one field of an UPDATE, host bits cleared.
///
/// Prefixes that are no unicast destination (multicast; link-local in IPv6) are stepped over, as RFC 4271 §6.3
/// asks for what is semantically incorrect.
#[derive(Clone, Copy, Debug)]
pub struct NlriIter<'a> {
    rest: &'a [u8],
    family: Family,
    has_path_id: bool,
}

impl<'a> NlriIter<'a> {
    /// Walks `octets`; stops early at what no check would have let through.
    #[must_use]
    pub const fn new(octets: &'a [u8], family: Family, has_path_id: bool) -> Self {
        Self { rest: octets, family, has_path_id }
    }

    /// The family of the prefixes.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.family
    }

    /// The octets that are left.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.rest
    }

    fn take(&mut self) -> Option<Nlri> {
        let path_id = if self.has_path_id {
            let (id, rest) = self.rest.split_first_chunk()?;
            self.rest = rest;
            u32::from_be_bytes(*id)
        } else {
            0
        };
        let (len, rest) = self.rest.split_first()?;
        let octets = usize::from(len.div_ceil(8));
        let prefix = match self.family {
            Family::Ipv4Unicast => Prefix::V4(v4(rest, *len, octets)?),
            Family::Ipv6Unicast => Prefix::V6(v6(rest, *len, octets)?),
        };
        self.rest = rest.get(octets..)?;
        Some(Nlri { path_id, prefix })
    }
}

impl Iterator for NlriIter<'_> {
    type Item = Nlri;

    #[inline]
    fn next(&mut self) -> Option<Nlri> {
        loop {
            let nlri = self.take()?;
            if is_destination(&nlri.prefix) {
                return Some(nlri);
            }
        }
    }
}

/// Where the first NLRI stands that is too long for its family or for the field (RFC 7606 §5.3), if any does.
pub(super) fn fault_at(octets: &[u8], family: Family, has_path_id: bool) -> Option<usize> {
    let max_len = family.row().max_len;
    let id_len = if has_path_id { 4 } else { 0 };
    let mut reader = Reader::new(octets, 0);
    while !reader.is_empty() {
        let start = reader.offset();
        let walked = reader.take(id_len).and_then(|_| {
            let len = reader.u8().filter(|len| *len <= max_len)?;
            reader.take(usize::from(len.div_ceil(8)))
        });
        if walked.is_none() {
            return Some(start);
        }
    }
    None
}

/// Appends `nlri`.
#[inline]
pub(super) fn put_nlri(out: &mut Vec<u8>, nlri: &Nlri, has_path_id: bool) {
    if has_path_id {
        out.extend_from_slice(&nlri.path_id.to_be_bytes());
    }
    let len = nlri.prefix.prefix_len();
    out.push(len);
    // All octets of an address at once, and the surplus off again: cheaper than a copy of unknown length.
    let end = out.len() + usize::from(len.div_ceil(8));
    match nlri.prefix {
        Prefix::V4(net) => out.extend_from_slice(&net.addr().octets()),
        Prefix::V6(net) => out.extend_from_slice(&net.addr().octets()),
    }
    out.truncate(end);
}

/// How many octets [`put_nlri`] appends.
pub(super) fn encoded_len(nlri: &Nlri, has_path_id: bool) -> usize {
    let id_len = if has_path_id { 4 } else { 0 };
    id_len + 1 + usize::from(nlri.prefix.prefix_len().div_ceil(8))
}

/// Wide loads where the field goes on, a copy near its end.
fn v4(rest: &[u8], len: u8, octets: usize) -> Option<Ipv4Net> {
    let bits = match rest.first_chunk() {
        Some(wide) => u32::from_be_bytes(*wide),
        None => u32::from_be_bytes(padded(rest.get(..octets)?)?),
    };
    let host_bits = 32_u32.checked_sub(u32::from(len))?;
    let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
    Ipv4Net::new(Ipv4Addr::from_bits(bits & mask), len).ok()
}

fn v6(rest: &[u8], len: u8, octets: usize) -> Option<Ipv6Net> {
    let bits = match rest.first_chunk() {
        Some(wide) => u128::from_be_bytes(*wide),
        None => u128::from_be_bytes(padded(rest.get(..octets)?)?),
    };
    let host_bits = 128_u32.checked_sub(u32::from(len))?;
    let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
    Ipv6Net::new(Ipv6Addr::from_bits(bits & mask), len).ok()
}

fn padded<const N: usize>(octets: &[u8]) -> Option<[u8; N]> {
    let mut padded = [0; N];
    padded.get_mut(..octets.len())?.copy_from_slice(octets);
    Some(padded)
}

fn is_destination(prefix: &Prefix) -> bool {
    match prefix {
        Prefix::V4(net) => !net.addr().is_multicast(),
        Prefix::V6(net) => !(net.addr().is_multicast() || net.addr().is_unicast_link_local()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    fn nlri(text: &str) -> Nlri {
        Nlri { path_id: 0, prefix: text.parse().unwrap() }
    }

    #[test]
    fn prefixes_of_every_length_come_back() {
        for (family, max) in [(Family::Ipv4Unicast, 32), (Family::Ipv6Unicast, 128)] {
            for len in 0..=max {
                let text =
                    if max == 32 { "171.205.239.171" } else { "2abc:def0:1234:5678:9abc:def0:1234:5678" };
                let prefix = Prefix::new(text.parse().unwrap(), len).unwrap().trunc();
                let sent = [Nlri { path_id: 7, prefix }, Nlri { path_id: 8, prefix }];
                let mut octets = vec![];
                sent.iter().for_each(|nlri| put_nlri(&mut octets, nlri, true));
                assert_eq!(octets.len(), 2 * encoded_len(&sent[0], true));
                assert_eq!(fault_at(&octets, family, true), None);
                assert_eq!(NlriIter::new(&octets, family, true).collect::<Vec<_>>(), sent);
            }
        }
    }

    #[test]
    fn host_bits_are_cleared() {
        let octets = [20, 10, 1, 0xff, 9, 0xff, 0xff];
        let expected = [nlri("10.1.240.0/20"), nlri("255.128.0.0/9")];
        assert_eq!(NlriIter::new(&octets, Family::Ipv4Unicast, false).next(), Some(expected[0]));
    }

    #[test]
    fn what_is_no_unicast_destination_is_stepped_over() {
        let octets = [4, 0xe0, 8, 10, 8, 0xef];
        let seen: Vec<_> = NlriIter::new(&octets, Family::Ipv4Unicast, false).collect();
        assert_eq!(seen, [nlri("10.0.0.0/8")]);
        let octets = [8, 0xff, 10, 0xfe, 0x80, 16, 0x20, 0x01];
        let seen: Vec<_> = NlriIter::new(&octets, Family::Ipv6Unicast, false).collect();
        assert_eq!(seen, [nlri("2001::/16")]);
    }

    #[test]
    fn the_first_nlri_that_does_not_fit_is_named() {
        assert_eq!(fault_at(&[8, 10, 33, 1, 2, 3, 4, 5], Family::Ipv4Unicast, false), Some(2));
        assert_eq!(fault_at(&[8, 10, 24, 1, 2], Family::Ipv4Unicast, false), Some(2));
        assert_eq!(fault_at(&[129], Family::Ipv6Unicast, false), Some(0));
        assert_eq!(fault_at(&[0, 0, 0], Family::Ipv4Unicast, true), Some(0));
        assert_eq!(fault_at(&[0, 0, 0, 1], Family::Ipv4Unicast, true), Some(0));
        assert_eq!(fault_at(&[], Family::Ipv4Unicast, true), None);
    }
}
