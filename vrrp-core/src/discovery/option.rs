//! The options behind the heads of neighbour discovery messages (RFC 4861 §4.6, RFC 8106 §5).
//!
//! ```text
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-
//! |     Type      |    Length     |     ...           Length counts units of eight octets, these two included
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-
//! ```
//!
//! [`Options::check`] walks them once; what is unknown is passed over by whoever reads them (§4.6).

use alloc::vec::Vec;
use core::net::Ipv6Addr;

use super::message::Flaw;
use super::profile::{Lifetime, OnLinkPrefix, SearchDomain};
use crate::types::Mac;

/// Checked options, each all there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options<'a>(&'a [u8]);

/// An option that router discovery knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscoveryOption<'a> {
    /// Source Link-Layer Address (RFC 4861 §4.6.1).
    SourceLinkLayer(Mac),
    /// Prefix Information (RFC 4861 §4.6.2).
    Prefix(OnLinkPrefix),
    /// MTU (RFC 4861 §4.6.4), in octets.
    Mtu(u32),
    /// Recursive DNS Server (RFC 8106 §5.1): the lifetime, and the addresses, 16 octets each.
    NameServers(Lifetime, &'a [[u8; 16]]),
    /// DNS Search List (RFC 8106 §5.2): the lifetime, and the names as RFC 1035 §3.1 writes them, padded with zeros.
    SearchList(Lifetime, &'a [u8]),
    /// Another one, or one of a length that its type does not have.
    Other(u8),
}

impl<'a> Options<'a> {
    /// Views what follows a head (RFC 4861 §6.1: every option has a length, and it fits).
    pub(super) fn check(octets: &'a [u8]) -> Result<Self, Flaw> {
        let mut rest = octets;
        while !rest.is_empty() {
            rest = split(rest).ok_or(Flaw::OptionLength)?.1;
        }
        Ok(Self(octets))
    }

    /// The options in their order.
    pub fn iter(&self) -> impl Iterator<Item = DiscoveryOption<'a>> + use<'a> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (option, after) = split(rest)?;
            rest = after;
            Some(read(option))
        })
    }
}

/// The first option, and what is behind it.
fn split(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let units = usize::from(*octets.get(1)?);
    if units == 0 { None } else { octets.split_at_checked(units * UNIT) }
}

fn read(option: &[u8]) -> DiscoveryOption<'_> {
    let kind = option.first().copied().unwrap_or_default();
    let known = match kind {
        SOURCE_LINK_LAYER => link_layer(option),
        PREFIX => prefix(option),
        MTU => mtu(option),
        NAME_SERVERS => {
            timed(option).map(|(life, rest)| DiscoveryOption::NameServers(life, rest.as_chunks::<16>().0))
        }
        SEARCH_LIST => timed(option).map(|(life, rest)| DiscoveryOption::SearchList(life, rest)),
        _ => None,
    };
    known.unwrap_or(DiscoveryOption::Other(kind))
}

/// Ethernet's has one unit (RFC 2464 §6).
fn link_layer(option: &[u8]) -> Option<DiscoveryOption<'_>> {
    let [_, _, a, b, c, d, e, f] = *<&[u8; 8]>::try_from(option).ok()?;
    Some(DiscoveryOption::SourceLinkLayer(Mac([a, b, c, d, e, f])))
}

fn prefix(option: &[u8]) -> Option<DiscoveryOption<'_>> {
    let (head, rest) = <&[u8; 32]>::try_from(option).ok()?.split_first_chunk::<16>()?;
    let [_, _, len, flags, a, b, c, d, e, f, g, h, ..] = *head;
    Some(DiscoveryOption::Prefix(OnLinkPrefix {
        prefix: Ipv6Addr::from(*rest.first_chunk::<16>()?),
        len,
        is_on_link: flags & ON_LINK != 0,
        is_autonomous: flags & AUTONOMOUS != 0,
        valid: Lifetime(u32::from_be_bytes([a, b, c, d])),
        preferred: Lifetime(u32::from_be_bytes([e, f, g, h])),
    }))
}

fn mtu(option: &[u8]) -> Option<DiscoveryOption<'_>> {
    let [_, _, _, _, mtu @ ..] = *<&[u8; 8]>::try_from(option).ok()?;
    Some(DiscoveryOption::Mtu(u32::from_be_bytes(mtu)))
}

/// Two reserved octets and a lifetime.
fn timed(option: &[u8]) -> Option<(Lifetime, &[u8])> {
    let ([_, _, _, _, life @ ..], rest) = option.split_first_chunk::<8>()?;
    (!rest.is_empty()).then_some((Lifetime(u32::from_be_bytes(*life)), rest))
}

pub(super) fn emit_link_layer(mac: Mac, out: &mut Vec<u8>) {
    out.extend_from_slice(&[SOURCE_LINK_LAYER, 1]);
    out.extend_from_slice(&mac.0);
}

pub(super) fn emit_mtu(mtu: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&[MTU, 1, 0, 0]);
    out.extend_from_slice(&mtu.to_be_bytes());
}

pub(super) fn emit_prefix(prefix: &OnLinkPrefix, out: &mut Vec<u8>) {
    let on_link = if prefix.is_on_link { ON_LINK } else { 0 };
    let autonomous = if prefix.is_autonomous { AUTONOMOUS } else { 0 };
    out.extend_from_slice(&[PREFIX, 4, prefix.len, on_link | autonomous]);
    out.extend_from_slice(&prefix.valid.0.to_be_bytes());
    out.extend_from_slice(&prefix.preferred.0.to_be_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&prefix.prefix.octets());
}

pub(super) fn emit_name_server(address: Ipv6Addr, life: Lifetime, out: &mut Vec<u8>) {
    out.extend_from_slice(&[NAME_SERVERS, 3, 0, 0]);
    out.extend_from_slice(&life.0.to_be_bytes());
    out.extend_from_slice(&address.octets());
}

pub(super) fn emit_search_domain(domain: &SearchDomain, life: Lifetime, out: &mut Vec<u8>) {
    let padded = domain.octets().len().next_multiple_of(UNIT);
    let units = u8::try_from(1 + padded / UNIT).unwrap_or(u8::MAX);
    out.extend_from_slice(&[SEARCH_LIST, units, 0, 0]);
    out.extend_from_slice(&life.0.to_be_bytes());
    out.extend_from_slice(domain.octets());
    out.resize(out.len() + padded - domain.octets().len(), 0);
}

/// Octets in one unit of length.
const UNIT: usize = 8;
/// RFC 4861 §4.6.1.
const SOURCE_LINK_LAYER: u8 = 1;
/// RFC 4861 §4.6.2.
const PREFIX: u8 = 3;
/// RFC 4861 §4.6.4.
const MTU: u8 = 5;
/// RFC 8106 §5.1.
const NAME_SERVERS: u8 = 25;
/// RFC 8106 §5.2.
const SEARCH_LIST: u8 = 31;
/// RFC 4861 §4.6.2, the L flag.
const ON_LINK: u8 = 0x80;
/// RFC 4861 §4.6.2, the A flag.
const AUTONOMOUS: u8 = 0x40;
