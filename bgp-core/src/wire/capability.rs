//! Capabilities (RFC 5492 §4): what a speaker can do, said in its OPEN.
//!
//! ```text
//! +------------------------------+
//! | Capability Code (1 octet)    |
//! +------------------------------+
//! | Capability Length (1 octet)  |
//! +------------------------------+
//! | Capability Value (variable)  |
//! +------------------------------+
//! ```
//!
//! [`CAPABILITIES`] has a row for each code we know: its name and the shape its value must have. [`check_list`]
//! walks a list and holds it against the table; after that [`Capabilities`] cannot fail, and what nobody knows
//! comes out as [`Capability::Unknown`]. Lists inside a value (add-path, graceful restart …) are iterators of entry
//! types, and each entry emits itself behind [`begin`].

use core::marker::PhantomData;

use super::{LengthGuard, Reader, Writer};
use crate::types::{Asn, Family};

/// A capability code (IANA, "Capability Codes").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CapabilityCode(pub u8);

#[allow(missing_docs)]
impl CapabilityCode {
    pub const MULTIPROTOCOL: Self = Self(1);
    pub const ROUTE_REFRESH: Self = Self(2);
    pub const EXTENDED_NEXT_HOP: Self = Self(5);
    pub const EXTENDED_MESSAGE: Self = Self(6);
    pub const ROLE: Self = Self(9);
    pub const GRACEFUL_RESTART: Self = Self(64);
    pub const FOUR_OCTET_AS: Self = Self(65);
    pub const ADD_PATH: Self = Self(69);
    pub const ENHANCED_ROUTE_REFRESH: Self = Self(70);
    pub const LONG_LIVED_GRACEFUL_RESTART: Self = Self(71);
    pub const FQDN: Self = Self(73);
    pub const SOFTWARE_VERSION: Self = Self(75);
    /// The code that route refresh had before RFC 2918; some still send nothing else.
    pub const ROUTE_REFRESH_OLD: Self = Self(128);

    /// The row of the table, if the code is known.
    #[must_use]
    pub fn row(self) -> Option<&'static CapabilityRow> {
        CAPABILITIES.iter().find(|row| row.code == self)
    }
}

/// What we know of one code.
#[derive(Clone, Copy, Debug)]
pub struct CapabilityRow {
    /// The code.
    pub code: CapabilityCode,
    /// A name for people.
    pub name: &'static str,
    /// What the value must look like.
    pub shape: Shape,
}

/// The length that a capability's value must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Having the capability says it all; a value is not looked at.
    Flag,
    /// So many octets.
    Exactly(usize),
    /// A head, then entries of one size.
    Entries {
        /// Octets of the head.
        head: usize,
        /// Octets of an entry.
        each: usize,
    },
    /// Text behind one-octet lengths. Whatever does not fit is shown as less: no session fails over a name.
    Text,
}

/// Every capability known here.
pub const CAPABILITIES: [CapabilityRow; 13] = [
    row(CapabilityCode::MULTIPROTOCOL, "Multiprotocol Extensions", Shape::Exactly(4)),
    row(CapabilityCode::ROUTE_REFRESH, "Route Refresh", Shape::Flag),
    row(CapabilityCode::EXTENDED_NEXT_HOP, "Extended Next Hop", Shape::Entries { head: 0, each: 6 }),
    row(CapabilityCode::EXTENDED_MESSAGE, "Extended Message", Shape::Flag),
    row(CapabilityCode::ROLE, "Role", Shape::Exactly(1)),
    row(CapabilityCode::GRACEFUL_RESTART, "Graceful Restart", Shape::Entries { head: 2, each: 4 }),
    row(CapabilityCode::FOUR_OCTET_AS, "4-octet AS", Shape::Exactly(4)),
    row(CapabilityCode::ADD_PATH, "Additional Paths", Shape::Entries { head: 0, each: 4 }),
    row(CapabilityCode::ENHANCED_ROUTE_REFRESH, "Enhanced Route Refresh", Shape::Flag),
    row(
        CapabilityCode::LONG_LIVED_GRACEFUL_RESTART,
        "Long-lived Graceful Restart",
        Shape::Entries { head: 0, each: 7 },
    ),
    row(CapabilityCode::FQDN, "FQDN", Shape::Text),
    row(CapabilityCode::SOFTWARE_VERSION, "Software Version", Shape::Text),
    row(CapabilityCode::ROUTE_REFRESH_OLD, "Route Refresh (old)", Shape::Flag),
];

/// One capability.
#[derive(Clone, Copy, Debug)]
pub enum Capability<'a> {
    /// RFC 4760 §8.
    Multiprotocol(FamilyCodes),
    /// RFC 2918 §2.
    RouteRefresh,
    /// The same under its first code, 128.
    RouteRefreshOld,
    /// RFC 8950 §4.
    ExtendedNextHop(Entries<'a, ExtendedNextHop>),
    /// RFC 8654 §3.
    ExtendedMessage,
    /// RFC 9234 §4.1.
    Role(RoleCode),
    /// RFC 4724 §3.
    GracefulRestart(RestartHead, Entries<'a, RestartFamily>),
    /// RFC 6793 §3.
    FourOctetAs(Asn),
    /// RFC 7911 §4.
    AddPath(Entries<'a, AddPath>),
    /// RFC 7313 §3.1.
    EnhancedRouteRefresh,
    /// RFC 9494 §3.1.
    LongLivedGracefulRestart(Entries<'a, LongLivedFamily>),
    /// draft-walton-bgp-hostname-capability.
    Fqdn {
        /// The host's name.
        host: &'a [u8],
        /// Its domain, mostly empty.
        domain: &'a [u8],
    },
    /// draft-ietf-idr-bgp-sendsoftwareversion.
    SoftwareVersion(&'a [u8]),
    /// A code that is not in the table.
    Unknown {
        /// The code.
        code: CapabilityCode,
        /// The value.
        value: &'a [u8],
    },
}

/// Address family and subsequent family, known or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FamilyCodes {
    /// Address family identifier.
    pub afi: u16,
    /// Subsequent address family identifier.
    pub safi: u8,
}

/// A role on the wire (RFC 9234 §4.1, table 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RoleCode(pub u8);

/// The head of graceful restart: flags and restart time (RFC 4724 §3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RestartHead {
    /// The R bit: the sender has restarted.
    pub restarted: bool,
    /// The N bit: NOTIFICATIONs do not end the restart (RFC 8538 §2).
    pub notification: bool,
    /// Seconds, at most 4,095.
    pub time: u16,
}

/// A family of graceful restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartFamily {
    /// Which.
    pub family: FamilyCodes,
    /// The F bit: forwarding went on through the restart.
    pub forwarding: bool,
}

/// A family of long-lived graceful restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongLivedFamily {
    /// Which.
    pub family: FamilyCodes,
    /// The F bit.
    pub forwarding: bool,
    /// Seconds, 24 bits.
    pub stale_time: u32,
}

/// A family of add-path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddPath {
    /// Which.
    pub family: FamilyCodes,
    /// The sender can receive several paths.
    pub receive: bool,
    /// The sender would send several paths.
    pub send: bool,
}

/// A family whose routes may have next hops of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendedNextHop {
    /// Which.
    pub family: FamilyCodes,
    /// The next hop's address family identifier.
    pub next_hop_afi: u16,
}

/// Something of fixed size that is repeated in a capability's value.
pub trait Entry: Sized {
    /// Takes one off the front.
    fn take(reader: &mut Reader<'_>) -> Option<Self>;
    /// Appends one.
    fn emit(&self, writer: &mut Writer<'_>);
}

/// The entries of a value.
#[derive(Clone, Copy, Debug)]
pub struct Entries<'a, T> {
    reader: Reader<'a>,
    entry: PhantomData<T>,
}

/// The capabilities of one list.
#[derive(Clone, Debug)]
pub struct Capabilities<'a> {
    reader: Reader<'a>,
}

/// Walks a list and holds each known capability against its row. The error is the offset of what does not fit.
pub(super) fn check_list(list: Reader<'_>) -> Result<(), usize> {
    let mut reader = list;
    while !reader.is_empty() {
        let start = reader.offset();
        let (code, value) = take(&mut reader).ok_or(start)?;
        if !code.row().is_none_or(|row| row.shape.fits(value.len())) {
            return Err(start);
        }
    }
    Ok(())
}

/// Starts a capability; its value is what is written through the guard.
pub fn begin<'w, 'a>(writer: &'w mut Writer<'a>, code: CapabilityCode) -> LengthGuard<'w, 'a> {
    writer.u8(code.0);
    writer.length_u8()
}

/// Appends a capability that is a list of entries.
pub fn emit_entries<T: Entry>(
    writer: &mut Writer<'_>,
    code: CapabilityCode,
    entries: impl Iterator<Item = T>,
) {
    let mut value = begin(writer, code);
    entries.for_each(|entry| entry.emit(&mut value));
}

impl<'a> Capabilities<'a> {
    /// The capabilities in `list`, as far as it can be walked.
    pub(super) const fn new(list: Reader<'a>) -> Self {
        Self { reader: list }
    }
}

impl Capability<'_> {
    /// The code it came under.
    #[must_use]
    pub const fn code(&self) -> CapabilityCode {
        match self {
            Self::Multiprotocol(_) => CapabilityCode::MULTIPROTOCOL,
            Self::RouteRefresh => CapabilityCode::ROUTE_REFRESH,
            Self::RouteRefreshOld => CapabilityCode::ROUTE_REFRESH_OLD,
            Self::ExtendedNextHop(_) => CapabilityCode::EXTENDED_NEXT_HOP,
            Self::ExtendedMessage => CapabilityCode::EXTENDED_MESSAGE,
            Self::Role(_) => CapabilityCode::ROLE,
            Self::GracefulRestart(..) => CapabilityCode::GRACEFUL_RESTART,
            Self::FourOctetAs(_) => CapabilityCode::FOUR_OCTET_AS,
            Self::AddPath(_) => CapabilityCode::ADD_PATH,
            Self::EnhancedRouteRefresh => CapabilityCode::ENHANCED_ROUTE_REFRESH,
            Self::LongLivedGracefulRestart(_) => CapabilityCode::LONG_LIVED_GRACEFUL_RESTART,
            Self::Fqdn { .. } => CapabilityCode::FQDN,
            Self::SoftwareVersion(_) => CapabilityCode::SOFTWARE_VERSION,
            Self::Unknown { code, .. } => *code,
        }
    }
}

impl FamilyCodes {
    /// The codes of a family.
    #[must_use]
    pub const fn of(family: Family) -> Self {
        Self { afi: family.row().afi, safi: family.row().safi }
    }

    /// The family, if we know it.
    #[must_use]
    pub fn family(self) -> Option<Family> {
        Family::from_codes(self.afi, self.safi)
    }
}

impl<T: Entry> Iterator for Entries<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        T::take(&mut self.reader)
    }
}

impl<'a> Iterator for Capabilities<'a> {
    type Item = Capability<'a>;

    fn next(&mut self) -> Option<Capability<'a>> {
        let (code, value) = take(&mut self.reader)?;
        Some(read(code, value).unwrap_or(Capability::Unknown { code, value }))
    }
}

impl Entry for FamilyCodes {
    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let (afi, _reserved, safi) = (reader.u16()?, reader.u8()?, reader.u8()?);
        Some(Self { afi, safi })
    }

    fn emit(&self, writer: &mut Writer<'_>) {
        writer.u16(self.afi);
        writer.u8(0);
        writer.u8(self.safi);
    }
}

impl Entry for RestartHead {
    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let word = reader.u16()?;
        Some(Self { restarted: word & 0x8000 != 0, notification: word & 0x4000 != 0, time: word & 0x0fff })
    }

    fn emit(&self, writer: &mut Writer<'_>) {
        writer.u16(flag(self.restarted, 0x8000) | flag(self.notification, 0x4000) | self.time.min(0x0fff));
    }
}

impl Entry for RestartFamily {
    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let family = FamilyCodes { afi: reader.u16()?, safi: reader.u8()? };
        Some(Self { family, forwarding: reader.u8()? & 0x80 != 0 })
    }

    fn emit(&self, writer: &mut Writer<'_>) {
        writer.u16(self.family.afi);
        writer.u8(self.family.safi);
        writer.u8(if self.forwarding { 0x80 } else { 0 });
    }
}

impl Entry for LongLivedFamily {
    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let RestartFamily { family, forwarding } = RestartFamily::take(reader)?;
        let [high, middle, low] = reader.array()?;
        Some(Self { family, forwarding, stale_time: u32::from_be_bytes([0, high, middle, low]) })
    }

    fn emit(&self, writer: &mut Writer<'_>) {
        RestartFamily { family: self.family, forwarding: self.forwarding }.emit(writer);
        let [_, stale_time @ ..] = self.stale_time.min(0x00ff_ffff).to_be_bytes();
        writer.put(&stale_time);
    }
}

impl Entry for AddPath {
    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let family = FamilyCodes { afi: reader.u16()?, safi: reader.u8()? };
        // RFC 7911 §4: any other value means that the entry is ignored.
        let mode = reader.u8()?;
        let valid = mode <= 3;
        Some(Self { family, receive: valid && mode & 1 != 0, send: valid && mode & 2 != 0 })
    }

    fn emit(&self, writer: &mut Writer<'_>) {
        writer.u16(self.family.afi);
        writer.u8(self.family.safi);
        writer.u8(u8::from(self.receive) | u8::from(self.send) << 1);
    }
}

impl Entry for ExtendedNextHop {
    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        // RFC 8950 §4 has a SAFI of two octets here.
        let (afi, safi, next_hop_afi) = (reader.u16()?, reader.u16()?, reader.u16()?);
        Some(Self { family: FamilyCodes { afi, safi: u8::try_from(safi).unwrap_or_default() }, next_hop_afi })
    }

    fn emit(&self, writer: &mut Writer<'_>) {
        writer.u16(self.family.afi);
        writer.u16(u16::from(self.family.safi));
        writer.u16(self.next_hop_afi);
    }
}

impl Shape {
    const fn fits(self, len: usize) -> bool {
        match self {
            Self::Flag | Self::Text => true,
            Self::Exactly(octets) => len == octets,
            Self::Entries { head, each } => len >= head && (len - head).is_multiple_of(each),
        }
    }
}

const fn row(code: CapabilityCode, name: &'static str, shape: Shape) -> CapabilityRow {
    CapabilityRow { code, name, shape }
}

const fn flag(set: bool, bit: u16) -> u16 {
    if set { bit } else { 0 }
}

fn take<'a>(reader: &mut Reader<'a>) -> Option<(CapabilityCode, &'a [u8])> {
    let (code, len) = (reader.u8()?, reader.u8()?);
    Some((CapabilityCode(code), reader.take(usize::from(len))?))
}

/// The typed form of a value; none if the code is unknown or the value is too short for it.
fn read(code: CapabilityCode, value: &[u8]) -> Option<Capability<'_>> {
    let mut reader = Reader::new(value, 0);
    Some(match code {
        CapabilityCode::MULTIPROTOCOL => Capability::Multiprotocol(FamilyCodes::take(&mut reader)?),
        CapabilityCode::ROUTE_REFRESH => Capability::RouteRefresh,
        CapabilityCode::ROUTE_REFRESH_OLD => Capability::RouteRefreshOld,
        CapabilityCode::EXTENDED_NEXT_HOP => Capability::ExtendedNextHop(entries(reader)),
        CapabilityCode::EXTENDED_MESSAGE => Capability::ExtendedMessage,
        CapabilityCode::ROLE => Capability::Role(RoleCode(reader.u8()?)),
        CapabilityCode::GRACEFUL_RESTART => {
            let head = RestartHead::take(&mut reader)?;
            Capability::GracefulRestart(head, entries(reader))
        }
        CapabilityCode::FOUR_OCTET_AS => Capability::FourOctetAs(Asn(reader.u32()?)),
        CapabilityCode::ADD_PATH => Capability::AddPath(entries(reader)),
        CapabilityCode::ENHANCED_ROUTE_REFRESH => Capability::EnhancedRouteRefresh,
        CapabilityCode::LONG_LIVED_GRACEFUL_RESTART => Capability::LongLivedGracefulRestart(entries(reader)),
        CapabilityCode::FQDN => {
            let host = text(&mut reader)?;
            Capability::Fqdn { host, domain: text(&mut reader).unwrap_or_default() }
        }
        CapabilityCode::SOFTWARE_VERSION => Capability::SoftwareVersion(text(&mut reader)?),
        CapabilityCode(_) => return None,
    })
}

const fn entries<T>(reader: Reader<'_>) -> Entries<'_, T> {
    Entries { reader, entry: PhantomData }
}

fn text<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let len = reader.u8()?;
    reader.take(usize::from(len))
}
