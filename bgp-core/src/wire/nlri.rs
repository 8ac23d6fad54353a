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

    #[inline]
    fn take_path_id(&mut self) -> Option<u32> {
        let (id, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u32::from_be_bytes(*id))
    }

    /// Takes the next destination, read by the family's way of reading.
    #[inline]
    fn take_nlri(&mut self, read: impl Fn(&[u8], u8) -> Option<Prefix>) -> Option<Nlri> {
        loop {
            let path_id = if self.has_path_id { self.take_path_id()? } else { 0 };
            let (len, octets) = self.take_prefix()?;
            let prefix = read(octets, len)?;
            if is_destination(&prefix) {
                return Some(Nlri { path_id, prefix });
            }
        }
    }

    /// Takes a length, and the octets that it says follow; there may be more behind them.
    #[inline]
    fn take_prefix(&mut self) -> Option<(u8, &'a [u8])> {
        let (len, octets) = self.rest.split_first()?;
        self.rest = octets.get(octets_of(*len)..)?;
        Some((*len, octets))
    }
}

impl Iterator for NlriIter<'_> {
    type Item = Nlri;

    #[inline]
    fn next(&mut self) -> Option<Nlri> {
        match self.family {
            Family::Ipv4Unicast => self.take_nlri(v4),
            Family::Ipv6Unicast => self.take_nlri(v6),
        }
    }

    /// The family is asked for once, not for each prefix.
    #[inline]
    fn fold<B, F: FnMut(B, Nlri) -> B>(mut self, init: B, mut fold: F) -> B {
        let mut result = init;
        match self.family {
            Family::Ipv4Unicast => {
                while let Some(nlri) = self.take_nlri(v4) {
                    result = fold(result, nlri);
                }
            }
            Family::Ipv6Unicast => {
                while let Some(nlri) = self.take_nlri(v6) {
                    result = fold(result, nlri);
                }
            }
        }
        result
    }
}

/// Where the first NLRI stands that is too long for its family or for the field (RFC 7606 §5.3), if any does.
pub(super) fn fault_at(octets: &[u8], family: Family, has_path_id: bool) -> Option<usize> {
    let max_len = family.row().max_len;
    let rest =
        if has_path_id { well_formed::<4>(octets, max_len) } else { well_formed::<0>(octets, max_len) };
    (!rest.is_empty()).then_some(octets.len() - rest.len())
}

/// Steps over NLRI with identifiers of `ID_LEN` octets, up to the first that is too long.
#[inline]
fn well_formed<const ID_LEN: usize>(octets: &[u8], max_len: u8) -> &[u8] {
    let mut rest = octets;
    while let Some((_, after)) = rest.split_at_checked(ID_LEN)
        && let Some((len, after)) = after.split_first()
        && *len <= max_len
        && let Some(after) = after.get(octets_of(*len)..)
    {
        rest = after;
    }
    rest
}

/// Appends `nlri`.
#[inline]
pub(super) fn put_nlri(out: &mut Vec<u8>, nlri: &Nlri, has_path_id: bool) {
    if has_path_id {
        out.extend_from_slice(&nlri.path_id.to_be_bytes());
    }
    let len = nlri.prefix.prefix_len();
    out.push(len);
    // All octets of an address are one store; to append only some of them would be a loop.
    let end = out.len() + octets_of(len);
    match nlri.prefix {
        Prefix::V4(net) => out.extend_from_slice(&net.addr().octets()),
        Prefix::V6(net) => out.extend_from_slice(&net.addr().octets()),
    }
    out.truncate(end);
}

/// How many octets [`put_nlri`] appends.
pub(super) fn encoded_len(nlri: &Nlri, has_path_id: bool) -> usize {
    let id_len = if has_path_id { 4 } else { 0 };
    id_len + 1 + octets_of(nlri.prefix.prefix_len())
}

/// How many octets a prefix of `len` bits takes.
const fn octets_of(len: u8) -> usize {
    (len as usize + 7) >> 3
}

#[inline]
fn v4(octets: &[u8], len: u8) -> Option<Prefix> {
    let bits = match octets.first_chunk() {
        Some(wide) => u32::from_be_bytes(*wide),
        None => u32::try_from(last_bits(octets) >> 32).ok()?,
    };
    let mask = u32::MAX.checked_shl(32_u32.checked_sub(u32::from(len))?).unwrap_or(0);
    Ipv4Net::new(Ipv4Addr::from_bits(bits & mask), len).ok().map(Prefix::V4)
}

#[inline]
fn v6(octets: &[u8], len: u8) -> Option<Prefix> {
    let high = u128::from(leading_bits(octets, len.min(64))) << 64;
    let low = match len.checked_sub(64) {
        Some(len @ 1..) => u128::from(leading_bits(octets.get(8..)?, len)),
        _ => 0,
    };
    Ipv6Net::new(Ipv6Addr::from_bits(high | low), len).ok().map(Prefix::V6)
}

/// The first `len` bits of `octets`, at most 64, at the top; zeros where there are no octets.
///
/// One load where the field goes on for long enough, whatever stands there: the mask takes it away.
#[inline]
fn leading_bits(octets: &[u8], len: u8) -> u64 {
    let bits = match octets.first_chunk() {
        Some(wide) => u64::from_be_bytes(*wide),
        None => last_bits(octets),
    };
    bits & u64::MAX.checked_shl(64_u32.saturating_sub(u32::from(len))).unwrap_or(0)
}

/// Fewer than eight octets, at the top.
#[inline]
fn last_bits(octets: &[u8]) -> u64 {
    let (bits, room) =
        octets.iter().fold((0, 64), |(bits, room), octet| (bits << 8 | u64::from(*octet), room - 8));
    bits.checked_shl(room).unwrap_or(0)
}

#[inline]
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
