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
