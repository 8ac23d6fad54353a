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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{GROUP_V4, GROUP_V6};
    use alloc::vec;

    /// keepalived 2.2.7, VRRPv2.
    const KEEPALIVED_V2: [u8; 20] =
        [0x21, 0x01, 0x64, 0x01, 0x00, 0x01, 0x70, 0x8e, 10, 9, 0, 101, 0, 0, 0, 0, 0, 0, 0, 0];

    /// FRR 8.4.4, VRRPv3 over IPv4, checksum with pseudo-header.
    const FRR_V4: [u8; 16] = [0x31, 0x15, 0xc8, 0x02, 0x00, 0x64, 0x07, 0xaa, 10, 9, 0, 21, 10, 9, 0, 22];

    /// FRR 8.4.4, VRRPv3 over IPv6, without a link-local address.
    const FRR_V6: [u8; 24] = [
        0x31, 0x15, 0xc8, 0x01, 0x00, 0x64, 0x79, 0x6e, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x09, 0, 0, 0, 0, 0, 0,
        0, 0, 0x00, 0x21,
    ];

    /// keepalived 2.2.7, VRRPv3 over IPv6, twice a second.
    const KEEPALIVED_V6: [u8; 56] = [
        0x31, 0x0b, 0x78, 0x03, 0x00, 0x32, 0x8f, 0x14, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x09,
        0x00, 0x11, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x11, 0x20, 0x01, 0x0d,
        0xb8, 0x00, 0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x12,
    ];

    const V4: Endpoints = Endpoints::V4 { source: Ipv4Addr::new(10, 9, 0, 1), destination: GROUP_V4 };

    fn v6(source: &str) -> Endpoints {
        Endpoints::V6 { source: source.parse().unwrap(), destination: GROUP_V6 }
    }

    fn check(
        endpoints: Endpoints,
        payload: &[u8],
        version: Version,
    ) -> Result<Advertisement<'_>, DropReason> {
        Advertisement::check(&Datagram { endpoints, hop_limit: HOP_LIMIT, payload }, version)
    }

    fn list(addresses: &[&str]) -> VirtualAddresses {
        VirtualAddresses::collect(addresses.iter().map(|text| text.parse().unwrap())).unwrap()
    }

    /// What a check must find in a packet, and what must emit the same octets.
    fn is_read_and_written(endpoints: Endpoints, payload: &[u8], message: Message<'_>) {
        let read = check(endpoints, payload, message.version).unwrap();
        assert_eq!((read.vrid(), read.priority()), (message.vrid, message.priority));
        assert_eq!((read.interval(), read.source()), (message.interval, endpoints.source()));
        assert_eq!(read.verified(), Verified::As(message.form));
        assert!(read.addresses().eq(message.addresses.iter()));
        let mut out = vec![0xee; 3];
        message.emit(&endpoints, &mut out);
        assert_eq!(&out[3..], payload);
    }

    fn message<'a>(vrid: u8, priority: u8, interval: u16, addresses: &'a VirtualAddresses) -> Message<'a> {
        Message {
            version: Version::V3,
            vrid: Vrid::new(vrid).unwrap(),
            priority: Priority::new(priority),
            interval: Centiseconds::new(interval),
            addresses,
            form: ChecksumForm::PseudoHeader,
        }
    }

    #[test]
    fn packets_of_frr_and_keepalived_are_read_and_would_be_written_alike() {
        let one = list(&["10.9.0.101"]);
        let v2 = Message { version: Version::V2, form: ChecksumForm::Message, ..message(1, 100, 100, &one) };
        is_read_and_written(V4, &KEEPALIVED_V2, v2);
        let two = list(&["10.9.0.21", "10.9.0.22"]);
        is_read_and_written(V4, &FRR_V4, message(21, 200, 100, &two));
        let global = list(&["2001:db8:9::21"]);
        is_read_and_written(v6("fe80::200:5eff:fe00:215"), &FRR_V6, message(21, 200, 100, &global));
        let three = list(&["fe80::9:11", "2001:db8:9::11", "2001:db8:9::12"]);
        is_read_and_written(v6("fe80::d8c1:deff:fea3:b8c4"), &KEEPALIVED_V6, message(11, 120, 50, &three));
    }

    #[test]
    fn only_a_list_without_link_local_begins_as_it_must_not() {
        let global = check(v6("fe80::200:5eff:fe00:215"), &FRR_V6, Version::V3).unwrap();
        let local = check(v6("fe80::d8c1:deff:fea3:b8c4"), &KEEPALIVED_V6, Version::V3).unwrap();
        let v4 = check(V4, &FRR_V4, Version::V3).unwrap();
        assert!(!global.begins_as_it_must() && local.begins_as_it_must() && v4.begins_as_it_must());
    }

    /// A packet with one octet changed and its checksum made right again, so that the check for just that octet
    /// decides.
    fn twin(payload: &[u8], version: Version, at: usize, octet: u8) -> Vec<u8> {
        let mut twin = payload.to_vec();
        twin[at] = octet;
        twin[6..8].fill(0);
        let checksum = checksum::compute(&twin, version, &V4, ChecksumForm::PseudoHeader);
        twin[6..8].copy_from_slice(&checksum.to_be_bytes());
        twin
    }

    #[test]
    fn each_malformed_twin_is_dropped_for_its_own_reason() {
        for (payload, version, at, octet, expected) in [
            (&FRR_V4[..], Version::V3, 0, 0x21, DropReason::Version),
            (&FRR_V4, Version::V3, 0, 0x41, DropReason::Version),
            (&FRR_V4, Version::V3, 0, 0x32, DropReason::Type),
            (&FRR_V4, Version::V3, 1, 0, DropReason::Vrid),
            (&FRR_V4, Version::V3, 3, 3, DropReason::Length),
            (&FRR_V4, Version::V3, 3, 255, DropReason::Length),
            (&FRR_V4, Version::V3, 5, 0, DropReason::IntervalZero),
            (&KEEPALIVED_V2, Version::V2, 0, 0x31, DropReason::Version),
            (&KEEPALIVED_V2, Version::V2, 3, 2, DropReason::Length),
            (&KEEPALIVED_V2, Version::V2, 4, 1, DropReason::AuthType),
            (&KEEPALIVED_V2, Version::V2, 5, 0, DropReason::IntervalZero),
        ] {
            let twin = twin(payload, version, at, octet);
            assert_eq!(check(V4, &twin, version), Err(expected), "octet {at} is {octet:#x}");
        }
        let mut without = FRR_V4[..8].to_vec();
        without[3] = 0;
        assert_eq!(check(V4, &twin(&without, Version::V3, 3, 0), Version::V3), Err(DropReason::AddressCount));
    }

    #[test]
    fn reserved_bits_are_ignored() {
        let twin = twin(&FRR_V4, Version::V3, 4, 0xf0);
        assert_eq!(check(V4, &twin, Version::V3).unwrap().interval(), Centiseconds::new(100));
    }

    #[test]
    fn priority_zero_is_no_priority() {
        assert_eq!(check(V4, &twin(&FRR_V4, Version::V3, 2, 0), Version::V3).unwrap().priority(), None);
    }

    #[test]
    fn the_hop_limit_is_looked_at_before_all_else() {
        let through_a_router = Datagram { endpoints: V4, hop_limit: 254, payload: &[] };
        assert_eq!(Advertisement::check(&through_a_router, Version::V3), Err(DropReason::HopLimit));
    }

    #[test]
    fn every_flipped_bit_that_the_checksum_covers_is_found() {
        for bit in 0..FRR_V4.len() * 8 {
            let mut flipped = FRR_V4;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(check(V4, &flipped, Version::V3).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_packet_cut_short_is_dropped_and_one_with_more_behind_it_is_not() {
        for (payload, version) in [(&FRR_V4[..], Version::V3), (&KEEPALIVED_V2, Version::V2)] {
            for len in 0..payload.len() {
                assert_eq!(check(V4, &payload[..len], version), Err(DropReason::Length));
            }
            let padded = [payload, &[0xaa; 6]].concat();
            assert_eq!(check(V4, &padded, version), check(V4, payload, version));
        }
    }
}
