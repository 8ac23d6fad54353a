//! ADVERTISEMENT, the one message of the protocol (RFC 9568 §5.1, RFC 3768 §5.1).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |Version| Type  | Virtual Rtr ID|   Priority    |  Addr Count   |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |Reserve| Max Advertise Interval|           Checksum            |   VRRPv3, hundredths of a second
//! |   Auth Type   |   Adver Int   |           Checksum            |   VRRPv2, seconds
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                IPv4 addresses or IPv6 addresses               |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |             Authentication Data, 8 octets, VRRPv2             |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//!
//! [`Advertisement::check`] makes the checks that need nothing but the packet and the version; what follows from it
//! cannot fail. Those that compare with a virtual router's own values are the router's. Octets after the message are
//! ignored: §7.1 asks for a complete message, and some senders append to it. [`Message`] is what we send.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::checksum::{self, ChecksumForm, Verified};
use crate::config::VirtualAddresses;
use crate::error::DropReason;
use crate::time::Centiseconds;
use crate::types::{Endpoints, Family, HOP_LIMIT, Priority, Version, Vrid};

/// A datagram of protocol 112 as it was received.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// From whom and to whom.
    pub endpoints: Endpoints,
    /// TTL or hop limit.
    pub hop_limit: u8,
    /// What follows the IP header, by the length that the header gives.
    pub payload: &'a [u8],
}

/// A checked ADVERTISEMENT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advertisement<'a> {
    source: IpAddr,
    version: Version,
    vrid: Vrid,
    priority: Option<Priority>,
    interval: Centiseconds,
    verified: Verified,
    addresses: &'a [u8],
}

/// An ADVERTISEMENT to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Which version of the message.
    pub version: Version,
    /// Of which virtual router.
    pub vrid: Vrid,
    /// Our priority; nothing when we resign.
    pub priority: Option<Priority>,
    /// Our interval.
    pub interval: Centiseconds,
    /// Our list.
    pub addresses: &'a VirtualAddresses,
    /// What the checksum covers, where there is a choice.
    pub form: ChecksumForm,
}

impl Datagram<'_> {
    /// The VRID, before any check.
    #[must_use]
    pub fn vrid(&self) -> Option<Vrid> {
        self.payload.get(1).copied().and_then(Vrid::new)
    }
}

impl<'a> Advertisement<'a> {
    /// Views a datagram, in the order of RFC 9568 §7.1.
    pub fn check(datagram: &Datagram<'a>, version: Version) -> Result<Self, DropReason> {
        if datagram.hop_limit != HOP_LIMIT {
            return Err(DropReason::HopLimit);
        }
        let (head, rest) = datagram.payload.split_first_chunk::<HEADER_LEN>().ok_or(DropReason::Length)?;
        let [kind, vrid, priority, count, high, low, ..] = *head;
        if kind >> 4 != version.number() {
            return Err(DropReason::Version);
        }
        if kind & 0x0f != ADVERTISEMENT {
            return Err(DropReason::Type);
        }
        let family = datagram.endpoints.family();
        let list_len = usize::from(count) * address_len(family);
        let trailer = auth_data_len(version);
        let addresses = rest.get(..list_len).ok_or(DropReason::Length)?;
        let message = datagram.payload.get(..HEADER_LEN + list_len + trailer).ok_or(DropReason::Length)?;
        let verified = checksum::verify(message, version, &datagram.endpoints).ok_or(DropReason::Checksum)?;
        let vrid = Vrid::new(vrid).ok_or(DropReason::Vrid)?;
        if count == 0 {
            return Err(DropReason::AddressCount);
        }
        let interval = match version {
            Version::V2 if high != AUTH_NONE => return Err(DropReason::AuthType),
            Version::V2 => Centiseconds::from_seconds(low),
            Version::V3 => Centiseconds::new(u16::from_be_bytes([high, low]) & 0x0fff),
        };
        if interval.count() == 0 {
            return Err(DropReason::IntervalZero);
        }
        let source = datagram.endpoints.source();
        Ok(Self { source, version, vrid, priority: Priority::new(priority), interval, verified, addresses })
    }

    /// Who sent it.
    #[must_use]
    pub const fn source(&self) -> IpAddr {
        self.source
    }

    /// Of which virtual router it speaks.
    #[must_use]
    pub const fn vrid(&self) -> Vrid {
        self.vrid
    }

    /// The sender's priority; nothing if it resigns.
    #[must_use]
    pub const fn priority(&self) -> Option<Priority> {
        self.priority
    }

    /// The sender's interval, never zero.
    #[must_use]
    pub const fn interval(&self) -> Centiseconds {
        self.interval
    }

    /// What its checksum covered.
    #[must_use]
    pub const fn verified(&self) -> Verified {
        self.verified
    }

    /// The addresses: at least one, all of the source's family.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + use<'a> {
        let (v4, v6) = match Family::of(self.source) {
            Family::Ipv4 => (self.addresses.as_chunks::<4>().0, [].as_slice()),
            Family::Ipv6 => ([].as_slice(), self.addresses.as_chunks::<16>().0),
        };
        let v4 = v4.iter().map(|octets| IpAddr::V4(Ipv4Addr::from(*octets)));
        v4.chain(v6.iter().map(|octets| IpAddr::V6(Ipv6Addr::from(*octets))))
    }

    /// False for an IPv6 list that does not begin with a link-local address (erratum 8300).
    #[must_use]
    pub fn begins_as_it_must(&self) -> bool {
        match self.addresses().next() {
            Some(IpAddr::V6(first)) => first.is_unicast_link_local(),
            Some(IpAddr::V4(_)) | None => true,
        }
    }
}

impl Message<'_> {
    /// Appends the message as it goes from and to `endpoints`, which must be of the addresses' family.
    pub fn emit(&self, endpoints: &Endpoints, out: &mut Vec<u8>) {
        let start = out.len();
        let [high, low] = match self.version {
            Version::V2 => [AUTH_NONE, self.interval.whole_seconds().unwrap_or(u8::MAX)],
            Version::V3 => self.interval.min(Centiseconds::LONGEST).count().to_be_bytes(),
        };
        let kind = self.version.number() << 4 | ADVERTISEMENT;
        let priority = self.priority.map_or(RESIGNING, Priority::get);
        out.extend_from_slice(&[kind, self.vrid.get(), priority, self.addresses.count(), high, low, 0, 0]);
        match self.addresses {
            VirtualAddresses::V4(list) => list.iter().for_each(|one| out.extend_from_slice(&one.octets())),
            VirtualAddresses::V6(list) => list.iter().for_each(|one| out.extend_from_slice(&one.octets())),
        }
        out.resize(out.len() + auth_data_len(self.version), 0);
        let message = out.get(start..).unwrap_or_default();
        let checksum = checksum::compute(message, self.version, endpoints, self.form);
        if let Some(field) = out.get_mut(start + CHECKSUM_AT..start + HEADER_LEN) {
            field.copy_from_slice(&checksum.to_be_bytes());
        }
    }
}

const fn address_len(family: Family) -> usize {
    match family {
        Family::Ipv4 => 4,
        Family::Ipv6 => 16,
    }
}

/// RFC 3768 §5.3.10: always there, even when nothing is authenticated.
const fn auth_data_len(version: Version) -> usize {
    match version {
        Version::V2 => 8,
        Version::V3 => 0,
    }
}

/// Octets before the addresses.
const HEADER_LEN: usize = 8;

/// Where the checksum stands; it ends the header.
const CHECKSUM_AT: usize = 6;

/// RFC 9568 §5.2.2.
const ADVERTISEMENT: u8 = 1;

/// RFC 9568 §5.2.4: the Active has stopped taking part.
const RESIGNING: u8 = 0;

/// RFC 3768 §5.3.6.
const AUTH_NONE: u8 = 0;
