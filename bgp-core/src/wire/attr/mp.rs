//! MP_REACH_NLRI and MP_UNREACH_NLRI: where family, next hop and NLRI stand in them (RFC 4760 §3, §4).
//!
//! ```text
//! MP_REACH_NLRI    | AFI (2) | SAFI (1) | next hop length (1) | next hop | reserved (1) | NLRI … |
//! MP_UNREACH_NLRI  | AFI (2) | SAFI (1) | withdrawn NLRI … |
//! ```
//!
//! Next hops are those of RFC 4271, RFC 2545 §3 and RFC 8950 §3.

use core::net::Ipv6Addr;

use super::super::{Reader, Span};
use super::scalar;
use crate::types::{Family, NextHop};

/// The parts of an MP_REACH_NLRI or, without a next hop, of an MP_UNREACH_NLRI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Section {
    /// Nothing if the family is not known here.
    pub(crate) family: Option<Family>,
    pub(crate) next_hop: Span,
    pub(crate) nlri: Span,
}

/// Takes an MP_REACH_NLRI apart; nothing if the next hop is not as long as the family has it (RFC 7606 §7.11).
pub(crate) fn reach(mut reader: Reader<'_>) -> Option<Section> {
    let Some(family) = take_family(&mut reader)? else { return Some(Section::default()) };
    let len = usize::from(reader.u8()?);
    if !may_be_next_hop(family, len) {
        return None;
    }
    let start = reader.offset();
    reader.take(len)?;
    let next_hop = reader.span_from(start);
    let _reserved = reader.u8()?;
    Some(Section { family: Some(family), next_hop, nlri: rest(&reader) })
}

/// Takes an MP_UNREACH_NLRI apart.
pub(crate) fn unreach(mut reader: Reader<'_>) -> Option<Section> {
    let Some(family) = take_family(&mut reader)? else { return Some(Section::default()) };
    Some(Section { family: Some(family), next_hop: Span::default(), nlri: rest(&reader) })
}

/// Reads a next hop, of any of the lengths there are.
///
/// Some speakers that have a link-local address only put it behind an unspecified global one; it is then taken
/// as the global one, which [`NextHop`] allows. A second address that is not link-local is dropped.
pub(crate) fn next_hop(octets: &[u8]) -> Option<NextHop> {
    let Some((first, second)) = octets.split_first_chunk::<16>() else {
        return scalar::v4(octets).map(NextHop::V4);
    };
    let global = Ipv6Addr::from(*first);
    let second = <[u8; 16]>::try_from(second).ok().map(Ipv6Addr::from);
    let link_local = second.filter(Ipv6Addr::is_unicast_link_local);
    Some(match link_local {
        Some(only) if global.is_unspecified() => NextHop::V6 { global: only, link_local: Some(only) },
        _ => NextHop::V6 { global, link_local },
    })
}

/// True if the next hop can be a host's (RFC 4271 §6.3).
pub(crate) fn is_host(next_hop: &NextHop) -> bool {
    match next_hop {
        NextHop::V4(addr) => scalar::is_host_v4(*addr),
        NextHop::V6 { global, .. } => scalar::is_host_v6(*global),
    }
}

/// IPv6 routes: RFC 2545 §3. IPv4 routes: as NEXT_HOP, or RFC 8950 §3; whether that was agreed is the speaker's.
const fn may_be_next_hop(family: Family, len: usize) -> bool {
    match family {
        Family::Ipv4Unicast => matches!(len, 4 | 16 | 32),
        Family::Ipv6Unicast => matches!(len, 16 | 32),
    }
}

fn take_family(reader: &mut Reader<'_>) -> Option<Option<Family>> {
    let afi = reader.u16()?;
    let safi = reader.u8()?;
    Some(Family::from_codes(afi, safi))
}

const fn rest(reader: &Reader<'_>) -> Span {
    Span::new(reader.offset(), reader.offset() + reader.len())
}
