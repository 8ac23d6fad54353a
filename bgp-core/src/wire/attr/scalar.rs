//! Attributes whose value is a number, an address or a pair of them.
//!
//! ORIGIN (RFC 4271 §5.1.1), NEXT_HOP (§5.1.3), AGGREGATOR (§5.1.7, RFC 6793), AIGP (RFC 7311). The checks are
//! the table's; the readers are infallible and say `None` of octets that nobody checked.

use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

use super::super::Reader;
use super::AsnWidth;
use super::table::Context;
use crate::types::Asn;

/// How the first speaker learned a route (RFC 4271 §5.1.1); the lower is preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// From inside its AS.
    Igp = 0,
    /// By EGP (RFC 904).
    Egp = 1,
    /// Otherwise.
    Incomplete = 2,
}

impl Origin {
    /// The origin with this code, if it is defined.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Igp),
            1 => Some(Self::Egp),
            2 => Some(Self::Incomplete),
            _ => None,
        }
    }

    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Igp => "IGP",
            Self::Egp => "EGP",
            Self::Incomplete => "incomplete",
        })
    }
}

pub(super) fn is_origin(value: &[u8], _: Context) -> bool {
    matches!(value, [code] if Origin::from_code(*code).is_some())
}

/// RFC 4271 §6.3: a valid IP host address.
pub(super) fn is_next_hop(value: &[u8], _: Context) -> bool {
    v4(value).is_some_and(is_host_v4)
}

/// RFC 7607 §2: zero is no AS.
pub(super) fn is_aggregator(value: &[u8], context: Context) -> bool {
    aggregator(value, context.width).is_some_and(|(asn, _)| asn != Asn(0))
}

pub(super) fn is_as4_aggregator(value: &[u8], _: Context) -> bool {
    aggregator(value, AsnWidth::Four).is_some_and(|(asn, _)| asn != Asn(0))
}

/// RFC 7311 §3.2: TLVs that fit, the first metric not the largest there is. Without one it is well-formed too.
pub(super) fn is_aigp(value: &[u8], _: Context) -> bool {
    let mut reader = Reader::new(value, 0);
    let mut first = None;
    while !reader.is_empty() {
        let Some((kind, body)) = take_tlv(&mut reader) else { return false };
        if kind == AIGP_METRIC {
            let Ok(metric) = <[u8; 8]>::try_from(body) else { return false };
            first = first.or(Some(u64::from_be_bytes(metric)));
        }
    }
    first != Some(u64::MAX)
}

/// The accumulated metric: that of the first AIGP TLV (RFC 7311 §3).
pub(super) fn aigp(value: &[u8]) -> Option<u64> {
    let mut reader = Reader::new(value, 0);
    while let Some((kind, body)) = take_tlv(&mut reader) {
        if kind == AIGP_METRIC {
            return body.try_into().ok().map(u64::from_be_bytes);
        }
    }
    None
}

pub(super) fn aggregator(value: &[u8], width: AsnWidth) -> Option<(Asn, Ipv4Addr)> {
    let mut reader = Reader::new(value, 0);
    let asn = width.take(&mut reader)?;
    let addr = reader.u32()?;
    Some((asn, Ipv4Addr::from_bits(addr)))
}

pub(super) fn number(value: &[u8]) -> Option<u32> {
    value.try_into().ok().map(u32::from_be_bytes)
}

pub(super) fn v4(value: &[u8]) -> Option<Ipv4Addr> {
    number(value).map(Ipv4Addr::from_bits)
}

/// Neither this network, loopback, multicast nor reserved (RFC 1122 §3.2.1.3).
pub(super) fn is_host_v4(addr: Ipv4Addr) -> bool {
    let [first, ..] = addr.octets();
    !matches!(first, 0 | 127 | 224..)
}

/// Neither unspecified, loopback nor multicast (RFC 4291 §2.5, §2.7).
pub(super) fn is_host_v6(addr: Ipv6Addr) -> bool {
    !(addr.is_unspecified() || addr.is_loopback() || addr.is_multicast())
}

/// One TLV: the length counts its own three octets (RFC 7311 §3).
fn take_tlv<'a>(reader: &mut Reader<'a>) -> Option<(u8, &'a [u8])> {
    let kind = reader.u8()?;
    let len = usize::from(reader.u16()?).checked_sub(3)?;
    Some((kind, reader.take(len)?))
}

/// The TLV that carries the metric.
const AIGP_METRIC: u8 = 1;

#[cfg(test)]
mod tests {
    use super::super::PeerSide;
    use super::*;

    const CONTEXT: Context = Context { width: AsnWidth::Four, side: PeerSide::Internal };

    #[test]
    fn aigp_takes_the_first_metric_and_steps_over_unknown_tlvs() {
        let value = [9, 0, 4, 0xff, 1, 0, 11, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 11, 0, 0, 0, 0, 0, 0, 2, 0];
        assert!(is_aigp(&value, CONTEXT));
        assert_eq!(aigp(&value), Some(256));
    }

    #[test]
    fn aigp_with_a_tlv_that_does_not_fit_or_the_largest_metric_is_malformed() {
        assert!(!is_aigp(&[1, 0, 2], CONTEXT));
        assert!(!is_aigp(&[1, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0], CONTEXT));
        assert!(!is_aigp(&[1, 0, 4, 0], CONTEXT));
        assert!(!is_aigp(&[1, 0, 11, 255, 255, 255, 255, 255, 255, 255, 255], CONTEXT));
        assert_eq!(aigp(&[1, 0]), None);
    }
}
