//! The checksum, of which VRRPv3 over IPv4 has two forms.
//!
//! The sum is RFC 1071's. RFC 9568 §5.2.8 sums the message alone for IPv4; RFC 5798 §5.2.8 asks for "a
//! pseudo-header", and deployed routers take the one of TCP over IPv4. Either is accepted, and [`verify`] tells which
//! it was, so that we can answer in the form heard. IPv6 always has its pseudo-header (RFC 8200 §8.1), VRRPv2 never
//! one (RFC 3768 §5.3.8).

use crate::types::{Endpoints, Family, PROTOCOL, Version};

/// What an IPv4 VRRPv3 checksum covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ChecksumForm {
    /// The message (RFC 9568 §5.2.8).
    #[default]
    Message,
    /// The message and the IPv4 pseudo-header (RFC 5798 §5.2.8 as it is deployed).
    PseudoHeader,
}

/// The form or forms that a received checksum is right in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verified {
    /// Right in this form only.
    As(ChecksumForm),
    /// The pseudo-header happens to add nothing, and tells us nothing.
    Either,
}

/// A one's complement sum in the making (RFC 1071). Parts of odd length are padded, so only the last may be odd.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum(u64);

impl Verified {
    /// The form, if it is known.
    #[must_use]
    pub const fn form(self) -> Option<ChecksumForm> {
        match self {
            Self::As(form) => Some(form),
            Self::Either => None,
        }
    }
}

impl Sum {
    pub(crate) fn octets(mut self, octets: &[u8]) -> Self {
        let (words, odd) = octets.as_chunks::<2>();
        for word in words {
            self = self.word(u16::from_be_bytes(*word));
        }
        match odd {
            [last] => self.word(u16::from_be_bytes([*last, 0])),
            _ => self,
        }
    }

    pub(crate) fn word(self, word: u16) -> Self {
        Self(self.0 + u64::from(word))
    }

    /// The pseudo-header of either family: what both contain sums up alike.
    pub(crate) fn pseudo_header(self, endpoints: &Endpoints, protocol: u8, len: usize) -> Self {
        let addressed = match endpoints {
            Endpoints::V4 { source, destination } => {
                self.octets(&source.octets()).octets(&destination.octets())
            }
            Endpoints::V6 { source, destination } => {
                self.octets(&source.octets()).octets(&destination.octets())
            }
        };
        addressed.word(u16::from(protocol)).word(u16::try_from(len).unwrap_or(u16::MAX))
    }

    /// The field's value.
    pub(crate) fn checksum(self) -> u16 {
        !self.folded()
    }

    /// True if what was summed contained its own right checksum.
    pub(crate) fn is_right(self) -> bool {
        self.folded() == u16::MAX
    }

    fn folded(self) -> u16 {
        let mut sum = self.0;
        while sum > u64::from(u16::MAX) {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        u16::try_from(sum).unwrap_or_default()
    }
}

/// The checksum of `message`, whose field is zero. `form` matters to VRRPv3 over IPv4 alone.
#[must_use]
pub fn compute(message: &[u8], version: Version, endpoints: &Endpoints, form: ChecksumForm) -> u16 {
    let sum = Sum::default().octets(message);
    match (version, endpoints.family(), form) {
        (Version::V2, ..) | (Version::V3, Family::Ipv4, ChecksumForm::Message) => sum.checksum(),
        (Version::V3, Family::Ipv4, ChecksumForm::PseudoHeader) | (Version::V3, Family::Ipv6, _) => {
            sum.pseudo_header(endpoints, PROTOCOL, message.len()).checksum()
        }
    }
}

/// Which form the checksum in `message` is right in, if in any.
#[must_use]
pub fn verify(message: &[u8], version: Version, endpoints: &Endpoints) -> Option<Verified> {
    let plain = Sum::default().octets(message);
    let covered = plain.pseudo_header(endpoints, PROTOCOL, message.len());
    let as_message = Verified::As(ChecksumForm::Message);
    let as_pseudo_header = Verified::As(ChecksumForm::PseudoHeader);
    match (version, endpoints.family()) {
        (Version::V2, _) => plain.is_right().then_some(as_message),
        (Version::V3, Family::Ipv6) => covered.is_right().then_some(as_pseudo_header),
        (Version::V3, Family::Ipv4) => match (plain.is_right(), covered.is_right()) {
            (true, true) => Some(Verified::Either),
            (true, false) => Some(as_message),
            (false, true) => Some(as_pseudo_header),
            (false, false) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;

    const MESSAGE: [u8; 16] =
        [0x31, 0x15, 0xc8, 0x02, 0x00, 0x64, 0, 0, 0x0a, 0x09, 0, 0x15, 0x0a, 0x09, 0, 0x16];

    fn from(source: [u8; 4]) -> Endpoints {
        Endpoints::V4 { source: Ipv4Addr::from(source), destination: crate::types::GROUP_V4 }
    }

    fn sealed(checksum: u16) -> [u8; 16] {
        let mut message = MESSAGE;
        message[6..8].copy_from_slice(&checksum.to_be_bytes());
        message
    }

    #[test]
    fn both_forms_of_a_seen_packet_come_out() {
        let ends = from([10, 9, 0, 1]);
        assert_eq!(compute(&MESSAGE, Version::V3, &ends, ChecksumForm::PseudoHeader), 0x07aa);
        assert_eq!(compute(&MESSAGE, Version::V3, &ends, ChecksumForm::Message), 0xf246);
    }

    #[test]
    fn a_receiver_takes_either_form_and_tells_which() {
        let ends = from([10, 9, 0, 1]);
        for (checksum, expected) in [
            (0x07aa, Some(Verified::As(ChecksumForm::PseudoHeader))),
            (0xf246, Some(Verified::As(ChecksumForm::Message))),
            (0xf247, None),
        ] {
            assert_eq!(verify(&sealed(checksum), Version::V3, &ends), expected);
        }
    }

    #[test]
    fn a_pseudo_header_that_adds_nothing_tells_nothing() {
        // 0x1f6d + 0x0000 + 0xe000 + 0x0012 + 0x0070 + 0x0010 = 0xffff.
        let ends = from([0x1f, 0x6d, 0, 0]);
        assert_eq!(verify(&sealed(0xf246), Version::V3, &ends), Some(Verified::Either));
    }
}
