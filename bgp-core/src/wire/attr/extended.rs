//! Extended communities as text (RFC 4360, RFC 5668).
//!
//! ```text
//! +--------+----------+----------------------------------------------+
//! | type   | sub-type | AS (2) number (4), address (4) number (2),   |
//! |        |          | or AS (4) number (2)                         |
//! +--------+----------+----------------------------------------------+
//! ```

use core::fmt;
use core::net::Ipv4Addr;

use super::ParseCommunityError;
use super::community::number;

/// An extended community (RFC 4360 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExtendedCommunity(pub [u8; 8]);

/// What an extended community of an AS or address is for: the sub-type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtendedKind {
    /// Route Target (RFC 4360 §4).
    RouteTarget,
    /// Route Origin (RFC 4360 §5), called site of origin.
    SiteOfOrigin,
}

impl ExtendedKind {
    const fn code(self) -> u8 {
        match self {
            Self::RouteTarget => 2,
            Self::SiteOfOrigin => 3,
        }
    }
}

impl ExtendedCommunity {
    /// Reads `ASN:N` or `A.B.C.D:N`; an AS number above 65,535 makes the four-octet form (RFC 5668).
    ///
    /// # Errors
    ///
    /// Where the text is neither, or a number too large for its field.
    pub fn parse(kind: ExtendedKind, text: &str) -> Result<Self, ParseCommunityError> {
        let (administrator, local) = text.split_once(':').ok_or(ParseCommunityError)?;
        let (form, head, tail) = if administrator.contains('.') {
            let addr: Ipv4Addr = administrator.parse().map_err(|_| ParseCommunityError)?;
            (IPV4, addr.to_bits(), number::<u16>(local)?)
        } else {
            let asn: u32 = number(administrator)?;
            match u16::try_from(asn) {
                Ok(asn) => return Ok(Self::two_octet_as(kind, asn, number(local)?)),
                Err(_) => (AS4, asn, number::<u16>(local)?),
            }
        };
        let [a, b, c, d] = head.to_be_bytes();
        let [e, f] = tail.to_be_bytes();
        Ok(Self([form, kind.code(), a, b, c, d, e, f]))
    }

    fn two_octet_as(kind: ExtendedKind, asn: u16, local: u32) -> Self {
        let [a, b] = asn.to_be_bytes();
        let [c, d, e, f] = local.to_be_bytes();
        Self([AS2, kind.code(), a, b, c, d, e, f])
    }
}

impl fmt::Display for ExtendedCommunity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [form, kind, a, b, c, d, e, g] = self.0;
        let name = match kind {
            2 => "RT",
            3 => "SoO",
            _ => return write!(f, "UNK:{form}, {kind}"),
        };
        let tail = u16::from_be_bytes([e, g]);
        // The form without its "not transitive over an AS border" bit.
        match form & !NON_TRANSITIVE {
            AS2 => write!(f, "{name}:{}:{}", u16::from_be_bytes([a, b]), u32::from_be_bytes([c, d, e, g])),
            IPV4 => write!(f, "{name}:{}:{tail}", Ipv4Addr::new(a, b, c, d)),
            AS4 => write!(f, "{name}:{}:{tail}", u32::from_be_bytes([a, b, c, d])),
            _ => write!(f, "UNK:{form}, {kind}"),
        }
    }
}

/// High octets of the type (RFC 7153 §5.1).
const AS2: u8 = 0;
const IPV4: u8 = 1;
const AS4: u8 = 2;
const NON_TRANSITIVE: u8 = 0x40;

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn each_form_reads_and_shows() {
        let table = [
            ("65000:100000", [0, 2, 0xfd, 0xe8, 0, 1, 0x86, 0xa0], "RT:65000:100000"),
            ("192.0.2.1:7", [1, 2, 192, 0, 2, 1, 0, 7], "RT:192.0.2.1:7"),
            ("4200000000:7", [2, 2, 0xfa, 0x56, 0xea, 0, 0, 7], "RT:4200000000:7"),
        ];
        for (text, octets, shown) in table {
            let community = ExtendedCommunity::parse(ExtendedKind::RouteTarget, text).unwrap();
            assert_eq!((community.0, community.to_string().as_str()), (octets, shown));
        }
        let site = ExtendedCommunity::parse(ExtendedKind::SiteOfOrigin, "65000:1").unwrap();
        assert_eq!(site.to_string(), "SoO:65000:1");
        for text in ["", "1", "70000:65536", "1.2.3.4:65536", "1.2.3:4", "x:1"] {
            assert!(ExtendedCommunity::parse(ExtendedKind::RouteTarget, text).is_err(), "{text}");
        }
    }
}
