//! OPEN (RFC 4271 §4.2, RFC 9072): who I am and what I can do.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+
//! |    Version    |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |     My Autonomous System      |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |           Hold Time           |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                         BGP Identifier                        |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! | Opt Parm Len  |  Optional Parameters: type 1, length 1, value …
//! +-+-+-+-+-+-+-+-+
//! |  any but 0    |      255      |  Extended Opt. Parm. Length   |  RFC 9072, where 255 octets are too few:
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+  parameters have a two-octet length
//! ```
//!
//! The only optional parameter there is holds capabilities (RFC 5492). [`Open`] borrows a checked OPEN;
//! [`OpenBuf`] owns one, to be sent or kept for display. Whether an OPEN suits us (its AS, its families) is the
//! session's to say.

use alloc::vec::Vec;

use super::capability::{self, Capabilities, Capability, FamilyCodes};
use super::header::{self, MessageType};
use super::{Reader, WireError, Writer};
use crate::types::{Asn, RouterId};

/// A checked OPEN.
#[derive(Clone, Copy, Debug)]
pub struct Open<'a> {
    /// My Autonomous System: two octets, AS_TRANS where the real number needs four (RFC 6793 §4.2.3).
    pub my_as: u16,
    /// Proposed hold time in seconds; zero, or at least three.
    pub hold_time: u16,
    /// Not zero (RFC 6286 §2.2).
    pub router_id: RouterId,
    parameters: Parameters<'a>,
}

/// The fixed part of an OPEN to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenHead {
    /// Our AS; AS_TRANS goes into the field if it needs four octets.
    pub asn: Asn,
    /// Proposed hold time in seconds.
    pub hold_time: u16,
    /// Our BGP Identifier.
    pub router_id: RouterId,
}

/// The body of an OPEN, owned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenBuf {
    body: Vec<u8>,
}

/// The optional parameters, whichever encoding they came in.
#[derive(Clone, Copy, Debug)]
struct Parameters<'a> {
    reader: Reader<'a>,
    encoding: Encoding,
}

/// How wide the length of a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    /// RFC 4271 §4.2: one octet.
    Plain,
    /// RFC 9072 §2: two octets.
    Extended,
}

impl<'a> Open<'a> {
    /// Views a message body, and checks all of it that needs no knowledge of us.
    pub fn check(body: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(body, 0);
        let version = reader.u8().ok_or(WireError::MalformedOpen { offset: 0 })?;
        if version != VERSION {
            return Err(WireError::UnsupportedVersion(version));
        }
        let open = Self::read(&mut reader).ok_or(WireError::MalformedOpen { offset: reader.offset() })?;
        if !reader.is_empty() {
            return Err(WireError::MalformedOpen { offset: reader.offset() });
        }
        open.parameters.check()?;
        if open.asn() == Asn(0) || open.my_as == 0 {
            // RFC 7607 §2.
            return Err(WireError::BadPeerAs(0));
        }
        if open.router_id == RouterId(0) {
            return Err(WireError::BadBgpIdentifier);
        }
        if matches!(open.hold_time, 1 | 2) {
            return Err(WireError::UnacceptableHoldTime(open.hold_time));
        }
        Ok(open)
    }

    /// What follows the version.
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let (my_as, hold_time, router_id) = (reader.u16()?, reader.u16()?, RouterId(reader.u32()?));
        Some(Self { my_as, hold_time, router_id, parameters: Parameters::take(reader)? })
    }

    /// The capabilities, in the order they came.
    pub fn capabilities(&self) -> impl Iterator<Item = Capability<'a>> + use<'a> {
        self.parameters.flat_map(|(_, value)| Capabilities::new(value))
    }

    /// The sender's AS: the four-octet one if it sent that capability (RFC 6793 §4.1), else the field.
    #[must_use]
    pub fn asn(&self) -> Asn {
        self.four_octet_as().unwrap_or(Asn(u32::from(self.my_as)))
    }

    /// The AS of the four-octet capability.
    #[must_use]
    pub fn four_octet_as(&self) -> Option<Asn> {
        self.capabilities().find_map(|capability| match capability {
            Capability::FourOctetAs(asn) => Some(asn),
            _ => None,
        })
    }

    /// The families of the multiprotocol capabilities, known to us or not.
    pub fn families(&self) -> impl Iterator<Item = FamilyCodes> + use<'a> {
        self.capabilities().filter_map(|capability| match capability {
            Capability::Multiprotocol(codes) => Some(codes),
            _ => None,
        })
    }
}

impl OpenBuf {
    /// An OPEN to send. `capabilities` writes them one behind the other; they go into one optional parameter, as
    /// RFC 5492 §4 prefers, and into the extended encoding if they need it.
    #[must_use]
    pub fn build(head: OpenHead, capabilities: impl FnOnce(&mut Writer<'_>)) -> Self {
        let mut list = Vec::new();
        capabilities(&mut Writer::new(&mut list));
        let mut body = Vec::new();
        let mut writer = Writer::new(&mut body);
        writer.u8(VERSION);
        writer.u16(head.asn.two_octet());
        writer.u16(head.hold_time);
        writer.u32(head.router_id.0);
        if list.is_empty() {
            writer.u8(0);
        } else if list.len() + 2 <= usize::from(u8::MAX) {
            let mut parameters = writer.length_u8();
            parameters.u8(PARAMETER_CAPABILITIES);
            parameters.length_u8().put(&list);
        } else {
            writer.u8(EXTENDED_MARK);
            writer.u8(EXTENDED_MARK);
            let mut parameters = writer.length_u16();
            parameters.u8(PARAMETER_CAPABILITIES);
            parameters.length_u16().put(&list);
        }
        Self { body }
    }

    /// A copy of a message body that [`Open::check`] has passed.
    #[must_use]
    pub fn of_checked(body: &[u8]) -> Self {
        Self { body: body.to_vec() }
    }

    /// The capabilities, in the order they stand.
    pub fn capabilities(&self) -> impl Iterator<Item = Capability<'_>> {
        let mut reader = Reader::new(&self.body, 0);
        let open = reader.u8().and_then(|_version| Open::read(&mut reader));
        open.into_iter().flat_map(|open| open.capabilities())
    }

    /// True if the optional parameters are in the extended encoding (RFC 9072).
    #[must_use]
    pub fn is_extended(&self) -> bool {
        let mut reader = Reader::new(&self.body, 0);
        let open = reader.u8().and_then(|_version| Open::read(&mut reader));
        open.is_some_and(|open| open.parameters.encoding == Encoding::Extended)
    }

    /// Appends the whole message.
    pub fn emit(&self, writer: &mut Writer<'_>) {
        header::begin_message(writer, MessageType::OPEN).put(&self.body);
    }
}

impl<'a> Parameters<'a> {
    /// Takes the length and what it covers. The octet after a non-zero length tells the encodings apart, whatever
    /// the length says (RFC 9072 §2).
    fn take(reader: &mut Reader<'a>) -> Option<Self> {
        let len = usize::from(reader.u8()?);
        if len > 0 && reader.rest().first() == Some(&EXTENDED_MARK) {
            let (_mark, len) = (reader.u8()?, reader.u16()?);
            return Some(Self { reader: reader.sub(usize::from(len))?, encoding: Encoding::Extended });
        }
        Some(Self { reader: reader.sub(len)?, encoding: Encoding::Plain })
    }

    fn check(mut self) -> Result<(), WireError> {
        while !self.reader.is_empty() {
            let offset = self.reader.offset();
            let (kind, value) = self.next().ok_or(WireError::MalformedOpen { offset })?;
            if kind != PARAMETER_CAPABILITIES {
                return Err(WireError::UnsupportedOptionalParameter(kind));
            }
            capability::check_list(value).map_err(|offset| WireError::MalformedOpen { offset })?;
        }
        Ok(())
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = (u8, Reader<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let kind = self.reader.u8()?;
        let len = match self.encoding {
            Encoding::Plain => usize::from(self.reader.u8()?),
            Encoding::Extended => usize::from(self.reader.u16()?),
        };
        Some((kind, self.reader.sub(len)?))
    }
}

/// The version of BGP that there is.
pub(super) const VERSION: u8 = 4;
/// Optional parameter type: capabilities (RFC 5492 §4).
const PARAMETER_CAPABILITIES: u8 = 2;
/// What RFC 9072 §2 puts into both length and type of the plain encoding.
const EXTENDED_MARK: u8 = 255;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Family;
    use crate::wire::HEADER_LEN;
    use crate::wire::capability::Entry;
    use proptest::prelude::*;

    const HEAD: OpenHead = OpenHead { asn: Asn(65_001), hold_time: 180, router_id: RouterId(0xc000_0201) };

    /// BIRD 2.0.12 with `ipv4` and `ipv6` channels, as captured.
    const FROM_BIRD: &[u8] = &[
        4, 253, 234, 0, 240, 10, 0, 1, 2, 30, 2, 28, 1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1, 2, 0, 64, 2, 0, 120,
        65, 4, 0, 0, 253, 234, 70, 0, 71, 0,
    ];
    /// FRR 8.4.4 with both families activated, as captured: one optional parameter per capability.
    const FROM_FRR: &[u8] = &[
        4, 253, 234, 0, 180, 10, 0, 1, 2, 87, 2, 6, 1, 4, 0, 1, 0, 1, 2, 6, 1, 4, 0, 2, 0, 1, 2, 2, 128, 0,
        2, 2, 2, 0, 2, 2, 70, 0, 2, 6, 65, 4, 0, 0, 253, 234, 2, 2, 6, 0, 2, 10, 69, 8, 0, 1, 1, 1, 0, 2, 1,
        1, 2, 9, 73, 7, 5, 112, 101, 101, 114, 66, 0, 2, 4, 64, 2, 192, 120, 2, 16, 71, 14, 0, 1, 1, 128, 0,
        0, 0, 0, 2, 1, 128, 0, 0, 0,
    ];
    /// GoBGP from Debian 12 with its defaults, as captured.
    const FROM_GOBGP: &[u8] = &[
        4, 253, 234, 0, 90, 10, 0, 1, 2, 30, 2, 28, 2, 0, 73, 4, 2, 118, 109, 0, 1, 4, 0, 1, 0, 1, 65, 4, 0,
        0, 253, 234, 5, 6, 0, 1, 0, 1, 0, 2,
    ];

    fn plain(my_as: u16, hold_time: u16, router_id: u32, parameters: &[u8]) -> Vec<u8> {
        let mut body = Vec::new();
        let mut writer = Writer::new(&mut body);
        writer.u8(4);
        writer.u16(my_as);
        writer.u16(hold_time);
        writer.u32(router_id);
        writer.length_u8().put(parameters);
        body
    }

    fn body(open: &OpenBuf) -> Vec<u8> {
        let mut out = Vec::new();
        open.emit(&mut Writer::new(&mut out));
        assert_eq!(
            out.get(16..19),
            Some(&[&u16::try_from(out.len()).unwrap().to_be_bytes()[..], &[1]].concat()[..])
        );
        out.split_off(HEADER_LEN)
    }

    #[test]
    fn the_opens_of_real_peers_are_read() {
        let table: [(&[u8], u16, &[u8]); 3] = [
            (FROM_BIRD, 240, &[1, 1, 2, 64, 65, 70, 71]),
            (FROM_FRR, 180, &[1, 1, 128, 2, 70, 65, 6, 69, 73, 64, 71]),
            (FROM_GOBGP, 90, &[2, 73, 1, 65, 5]),
        ];
        for (body, hold_time, codes) in table {
            let open = Open::check(body).unwrap();
            assert_eq!((open.asn(), open.my_as, open.hold_time), (Asn(65_002), 65_002, hold_time));
            assert_eq!(open.router_id, RouterId(0x0a00_0102));
            assert_eq!(open.capabilities().map(|found| found.code().0).collect::<Vec<_>>(), codes);
            assert_eq!(open.families().next(), Some(FamilyCodes::of(Family::Ipv4Unicast)));
        }
    }

    #[test]
    fn cutting_a_real_open_anywhere_is_malformed() {
        for body in [FROM_BIRD, FROM_FRR, FROM_GOBGP] {
            for end in 1..body.len() {
                let cut = Open::check(&body[..end]).map(drop);
                assert!(matches!(cut, Err(WireError::MalformedOpen { .. })), "{end}: {cut:?}");
            }
        }
    }

    #[test]
    fn an_open_without_parameters_is_ten_octets_and_uses_the_field() {
        let sent = OpenBuf::build(OpenHead { asn: Asn(4_200_000_001), ..HEAD }, |_| ());
        let body = body(&sent);
        assert_eq!(body, [4, 0x5b, 0xa0, 0, 180, 0xc0, 0, 2, 1, 0]);
        assert_eq!(Open::check(&body).unwrap().asn(), Asn::TRANS);
    }

    #[test]
    fn long_capabilities_take_the_extended_encoding_and_short_ones_do_not() {
        for (count, extended) in [(1, false), (3, true), (40, true)] {
            let sent = OpenBuf::build(HEAD, |writer| {
                for code in 0..count {
                    capability::begin(writer, capability::CapabilityCode(150 + code)).put(&[code; 100]);
                }
            });
            let body = body(&sent);
            assert_eq!(sent.is_extended(), extended);
            assert_eq!(body.get(9) == Some(&255) && body.get(10) == Some(&255), extended);
            let open = Open::check(&body).unwrap();
            assert_eq!(open.capabilities().count(), usize::from(count));
            assert_eq!(sent.capabilities().count(), usize::from(count));
        }
    }

    #[test]
    fn the_extended_encoding_is_read_whatever_the_plain_length_says() {
        let mut body = plain(65_001, 180, 1, &[]);
        body.pop();
        body.extend_from_slice(&[7, 255, 0, 5, 2, 0, 2, 2, 0]);
        let open = Open::check(&body).unwrap();
        assert!(open.capabilities().any(|found| matches!(found, Capability::RouteRefresh)));
        // RFC 9072 §2: zero extended octets are no parameters, and zero plain octets are no extension.
        assert!(Open::check(&[4, 0, 1, 0, 0, 1, 1, 1, 1, 255, 255, 0, 0]).is_ok());
        let none = Open::check(&[4, 0, 1, 0, 0, 1, 1, 1, 1, 0, 255, 0, 0]);
        assert_eq!(none.map(drop), Err(WireError::MalformedOpen { offset: 10 }));
    }

    #[test]
    fn the_four_octet_capability_is_the_as() {
        let sent = OpenBuf::build(HEAD, |writer| {
            capability::begin(writer, capability::CapabilityCode::FOUR_OCTET_AS).u32(4_200_000_001);
            FamilyCodes::of(Family::Ipv6Unicast)
                .emit(&mut capability::begin(writer, capability::CapabilityCode::MULTIPROTOCOL));
        });
        let body = body(&sent);
        assert_eq!(Open::check(&body).unwrap().asn(), Asn(4_200_000_001));
    }

    #[test]
    fn each_wrong_open_has_its_own_error() {
        let malformed = |offset| WireError::MalformedOpen { offset };
        let four_octet_zero = [2, 6, 65, 4, 0, 0, 0, 0];
        let table: [(&str, Vec<u8>, WireError); 13] = [
            ("version 3", [&[3], &plain(1, 180, 1, &[])[1..]].concat(), WireError::UnsupportedVersion(3)),
            ("version 5", [&[5], &plain(1, 180, 1, &[])[1..]].concat(), WireError::UnsupportedVersion(5)),
            ("AS zero", plain(0, 180, 1, &[]), WireError::BadPeerAs(0)),
            ("four-octet AS zero", plain(23_456, 180, 1, &four_octet_zero), WireError::BadPeerAs(0)),
            ("identifier zero", plain(1, 180, 0, &[]), WireError::BadBgpIdentifier),
            ("hold time 1", plain(1, 1, 1, &[]), WireError::UnacceptableHoldTime(1)),
            ("hold time 2", plain(1, 2, 1, &[]), WireError::UnacceptableHoldTime(2)),
            ("authentication", plain(1, 180, 1, &[1, 0]), WireError::UnsupportedOptionalParameter(1)),
            (
                "mark that is not first",
                plain(1, 180, 1, &[2, 0, 255, 0]),
                WireError::UnsupportedOptionalParameter(255),
            ),
            ("parameter past the end", plain(1, 180, 1, &[2, 3, 2, 0]), malformed(10)),
            ("capability past the parameter", plain(1, 180, 1, &[2, 2, 2, 1]), malformed(12)),
            ("octets after the parameters", [&plain(1, 180, 1, &[])[..], &[0]].concat(), malformed(10)),
            ("parameters past the message", plain(1, 180, 1, &[2, 0])[..11].to_vec(), malformed(10)),
        ];
        for (name, body, error) in table {
            assert_eq!(Open::check(&body).map(drop), Err(error), "{name}");
        }
        assert!(Open::check(&plain(1, 0, 1, &[])).is_ok());
        assert!(Open::check(&plain(1, 3, 1, &[])).is_ok());
    }

    proptest! {
        #[test]
        fn any_octets_are_an_open_or_an_error(mut octets in prop::collection::vec(any::<u8>(), 0..200),
                                              likely in any::<bool>()) {
            if let (true, Some(version)) = (likely, octets.first_mut()) {
                *version = 4;
            }
            if let Ok(open) = Open::check(&octets) {
                let copy = OpenBuf::of_checked(&octets);
                prop_assert_eq!(open.capabilities().count(), copy.capabilities().count());
            }
        }
    }
}
