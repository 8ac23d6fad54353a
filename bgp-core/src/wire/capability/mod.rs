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

mod entry;

use super::{LengthGuard, Reader, Writer};
use crate::types::Asn;

pub use entry::{
    AddPath, Entries, Entry, ExtendedNextHop, FamilyCodes, LongLivedFamily, RestartFamily, RestartHead,
    RoleCode, emit_entries,
};

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

impl<'a> Iterator for Capabilities<'a> {
    type Item = Capability<'a>;

    fn next(&mut self) -> Option<Capability<'a>> {
        let (code, value) = take(&mut self.reader)?;
        Some(read(code, value).unwrap_or(Capability::Unknown { code, value }))
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
        CapabilityCode::EXTENDED_NEXT_HOP => Capability::ExtendedNextHop(Entries::new(reader)),
        CapabilityCode::EXTENDED_MESSAGE => Capability::ExtendedMessage,
        CapabilityCode::ROLE => Capability::Role(RoleCode(reader.u8()?)),
        CapabilityCode::GRACEFUL_RESTART => {
            let head = RestartHead::take(&mut reader)?;
            Capability::GracefulRestart(head, Entries::new(reader))
        }
        CapabilityCode::FOUR_OCTET_AS => Capability::FourOctetAs(Asn(reader.u32()?)),
        CapabilityCode::ADD_PATH => Capability::AddPath(Entries::new(reader)),
        CapabilityCode::ENHANCED_ROUTE_REFRESH => Capability::EnhancedRouteRefresh,
        CapabilityCode::LONG_LIVED_GRACEFUL_RESTART => {
            Capability::LongLivedGracefulRestart(Entries::new(reader))
        }
        CapabilityCode::FQDN => {
            let host = text(&mut reader)?;
            Capability::Fqdn { host, domain: text(&mut reader).unwrap_or_default() }
        }
        CapabilityCode::SOFTWARE_VERSION => Capability::SoftwareVersion(text(&mut reader)?),
        CapabilityCode(_) => return None,
    })
}

fn text<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let len = reader.u8()?;
    reader.take(usize::from(len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Family;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    /// The capabilities of FRR 8.4.4 as captured, without the optional parameters around each.
    const FROM_FRR: &[u8] = &[
        1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1, 128, 0, 2, 0, 70, 0, 65, 4, 0, 0, 253, 234, 6, 0, 69, 8, 0, 1, 1,
        1, 0, 2, 1, 1, 73, 7, 5, 112, 101, 101, 114, 66, 0, 64, 2, 192, 120, 71, 14, 0, 1, 1, 128, 0, 0, 0,
        0, 2, 1, 128, 0, 0, 0,
    ];

    fn list(octets: &[u8]) -> Vec<Capability<'_>> {
        assert_eq!(check_list(Reader::new(octets, 0)), Ok(()));
        Capabilities::new(Reader::new(octets, 0)).collect()
    }

    #[test]
    fn the_list_of_a_real_peer_is_read() {
        let found = list(FROM_FRR);
        let codes: Vec<_> = found.iter().map(|capability| capability.code().0).collect();
        assert_eq!(codes, [1, 1, 128, 2, 70, 65, 6, 69, 73, 64, 71]);
        assert!(matches!(found[5], Capability::FourOctetAs(Asn(65002))));
        let Capability::AddPath(mut paths) = found[7] else { panic!("{:?}", found[7]) };
        let family = FamilyCodes::of(Family::Ipv4Unicast);
        assert_eq!(paths.next(), Some(AddPath { family, receive: true, send: false }));
        assert!(matches!(found[8], Capability::Fqdn { host: b"peerB", domain: b"" }));
        let Capability::GracefulRestart(head, families) = found[9] else { panic!("{:?}", found[9]) };
        assert_eq!(head, RestartHead { restarted: true, notification: true, time: 120 });
        assert_eq!(families.count(), 0);
        let Capability::LongLivedGracefulRestart(mut families) = found[10] else { panic!("{:?}", found[10]) };
        assert_eq!(families.next(), Some(LongLivedFamily { family, forwarding: true, stale_time: 0 }));
        assert_eq!(families.count(), 1);
    }

    #[test]
    fn entries_survive_the_wire() {
        let family = FamilyCodes::of(Family::Ipv6Unicast);
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out);
        let restart = RestartFamily { family, forwarding: true };
        let stale = LongLivedFamily { family, forwarding: false, stale_time: 0x0001_0203 };
        let next_hop = ExtendedNextHop { family: FamilyCodes::of(Family::Ipv4Unicast), next_hop_afi: 2 };
        {
            let mut value = begin(&mut writer, CapabilityCode::GRACEFUL_RESTART);
            RestartHead { restarted: true, notification: false, time: 9999 }.emit(&mut value);
            restart.emit(&mut value);
        }
        emit_entries(&mut writer, CapabilityCode::LONG_LIVED_GRACEFUL_RESTART, [stale].into_iter());
        emit_entries(&mut writer, CapabilityCode::EXTENDED_NEXT_HOP, [next_hop].into_iter());
        assert_eq!(
            out,
            [64, 6, 0x8f, 0xff, 0, 2, 1, 0x80, 71, 7, 0, 2, 1, 0, 1, 2, 3, 5, 6, 0, 1, 0, 1, 0, 2]
        );
        let found = list(&out);
        let Capability::GracefulRestart(head, mut families) = found[0] else { panic!("{:?}", found[0]) };
        assert!(head.restarted && head.time == 4095);
        assert_eq!(families.next(), Some(restart));
        let Capability::LongLivedGracefulRestart(mut families) = found[1] else { panic!("{:?}", found[1]) };
        assert_eq!(families.next(), Some(stale));
        let Capability::ExtendedNextHop(mut next_hops) = found[2] else { panic!("{:?}", found[2]) };
        assert_eq!(next_hops.next(), Some(next_hop));
    }

    #[test]
    fn unknown_capabilities_are_kept_as_they_came() {
        let found = list(&[200, 2, 7, 8, 67, 0]);
        assert!(matches!(found[0], Capability::Unknown { code: CapabilityCode(200), value: &[7, 8] }));
        assert_eq!(found[1].code(), CapabilityCode(67));
    }

    #[test]
    fn a_list_that_cannot_be_walked_is_refused_where_it_breaks() {
        let table: [(&[u8], usize); 8] = [
            (&[2, 0, 1], 2),
            (&[2, 0, 65, 4, 0, 0, 0], 2),
            (&[1, 3, 0, 1, 0], 0),
            (&[65, 5, 0, 0, 0, 1, 0], 0),
            (&[9, 0], 0),
            (&[64, 1, 0], 0),
            (&[64, 5, 0, 0, 0, 1, 1], 0),
            (&[69, 3, 0, 1, 1], 0),
        ];
        for (octets, offset) in table {
            assert_eq!(check_list(Reader::new(octets, 0)), Err(offset), "{octets:?}");
        }
    }

    #[test]
    fn names_and_flags_with_odd_values_do_no_harm() {
        let found = list(&[73, 2, 9, b'x', 75, 0, 2, 1, 0]);
        assert!(matches!(found[0], Capability::Unknown { code: CapabilityCode::FQDN, .. }));
        assert!(matches!(found[1], Capability::Unknown { code: CapabilityCode::SOFTWARE_VERSION, .. }));
        assert!(matches!(found[2], Capability::RouteRefresh));
    }

    #[test]
    fn an_add_path_mode_that_does_not_exist_means_nothing() {
        let Capability::AddPath(mut paths) = list(&[69, 4, 0, 1, 1, 7])[0] else { panic!() };
        let family = FamilyCodes::of(Family::Ipv4Unicast);
        assert_eq!(paths.next(), Some(AddPath { family, receive: false, send: false }));
    }

    proptest! {
        #[test]
        fn any_octets_are_walked_to_an_end(octets in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = check_list(Reader::new(&octets, 0));
            let seen = Capabilities::new(Reader::new(&octets, 0)).map(|capability| match capability {
                Capability::ExtendedNextHop(entries) => entries.count(),
                Capability::GracefulRestart(_, entries) => entries.count(),
                Capability::AddPath(entries) => entries.count(),
                Capability::LongLivedGracefulRestart(entries) => entries.count(),
                _ => 0,
            });
            prop_assert!(seen.sum::<usize>() <= octets.len());
        }
    }
}
