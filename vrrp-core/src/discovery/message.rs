//! What the messages of router discovery have in common (RFC 4861 §6.1, RFC 4443 §2.1).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |     Type      |     Code      |           Checksum            |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//!
//! The checks run in the order of cost: a hop limit that is not 255 means that a router has forwarded the packet, so
//! that it comes from elsewhere and is worth no further look.

use core::net::Ipv6Addr;

use crate::checksum::Sum;
use crate::types::{Endpoints, HOP_LIMIT};

/// An ICMPv6 message as it was received.
#[derive(Clone, Copy, Debug)]
pub struct Icmp<'a> {
    /// From whom; unspecified if the sender has no address yet.
    pub source: Ipv6Addr,
    /// To whom.
    pub destination: Ipv6Addr,
    /// Hop limit of the IPv6 header.
    pub hop_limit: u8,
    /// What follows the IPv6 header.
    pub payload: &'a [u8],
}

/// Why a message is dropped (RFC 4861 §6.1.1, §6.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Flaw {
    /// It was forwarded.
    #[error("the hop limit is not 255")]
    HopLimit,
    /// Another type or code.
    #[error("another kind of message")]
    Kind,
    /// It ends before its head does.
    #[error("the message is too short")]
    Length,
    /// The checksum is wrong.
    #[error("wrong checksum")]
    Checksum,
    /// An option has no length, or ends behind the message.
    #[error("an option of impossible length")]
    OptionLength,
    /// A source that must not send this.
    #[error("the source address must not send this")]
    Source,
}

/// The head of `LEN` octets and what follows it, if type, code, checksum and hop limit are right.
pub(super) fn open<'a, const LEN: usize>(
    icmp: &Icmp<'a>,
    kind: u8,
) -> Result<(&'a [u8; LEN], &'a [u8]), Flaw> {
    if icmp.hop_limit != HOP_LIMIT {
        return Err(Flaw::HopLimit);
    }
    if !icmp.payload.starts_with(&[kind, 0]) {
        return Err(Flaw::Kind);
    }
    let parts = icmp.payload.split_first_chunk::<LEN>().ok_or(Flaw::Length)?;
    let ends = Endpoints::V6 { source: icmp.source, destination: icmp.destination };
    let sum = Sum::default().octets(icmp.payload).pseudo_header(&ends, ICMPV6, icmp.payload.len());
    if sum.is_right() { Ok(parts) } else { Err(Flaw::Checksum) }
}

/// Fills in the checksum of a message, whose field is zero.
pub(super) fn seal(message: &mut [u8], ends: &Endpoints) {
    let checksum = Sum::default().octets(message).pseudo_header(ends, ICMPV6, message.len()).checksum();
    if let Some(field) = message.get_mut(2..4) {
        field.copy_from_slice(&checksum.to_be_bytes());
    }
}

/// Next header of ICMPv6 (RFC 4443 §1).
pub(super) const ICMPV6: u8 = 58;
