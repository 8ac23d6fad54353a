//! ROUTE-REFRESH (RFC 2918, RFC 7313): tell me a family again.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |              AFI              |    Subtype    |     SAFI      |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//!
//! Subtype 0 is a request, which may carry outbound route filters after it (RFC 5291); we offer none and read
//! none. Subtypes 1 and 2 frame the answer, where both sides know enhanced route refresh.

use super::header::{self, MessageType};
use super::{Reader, WireError, Writer};
use crate::types::Family;

/// A ROUTE-REFRESH, its codes as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteRefresh {
    /// Address family identifier.
    pub afi: u16,
    /// Subsequent address family identifier.
    pub safi: u8,
    /// What is asked or said.
    pub subtype: RefreshSubtype,
}

/// The message subtype, any value (RFC 7313 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RefreshSubtype(pub u8);

/// The subtypes that mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefreshKind {
    /// Tell me everything again.
    Request,
    /// Everything follows (BoRR).
    Begin,
    /// That was everything (EoRR).
    End,
}

impl RouteRefresh {
    /// Octets of a body without filters.
    pub const LEN: usize = 4;

    /// Views a message body. Only the two demarcations have a fixed length (RFC 7313 §5); a request may be
    /// longer.
    pub fn check(body: &[u8]) -> Result<Self, WireError> {
        let wrong = WireError::InvalidRefreshLength(u16::try_from(body.len()).unwrap_or(u16::MAX));
        let mut reader = Reader::new(body, 0);
        let (Some(afi), Some(subtype), Some(safi)) = (reader.u16(), reader.u8(), reader.u8()) else {
            return Err(wrong);
        };
        let subtype = RefreshSubtype(subtype);
        match subtype.kind() {
            Some(RefreshKind::Begin | RefreshKind::End) if !reader.is_empty() => Err(wrong),
            _ => Ok(Self { afi, safi, subtype }),
        }
    }

    /// The message about `family`.
    #[must_use]
    pub const fn new(family: Family, kind: RefreshKind) -> Self {
        Self { afi: family.row().afi, safi: family.row().safi, subtype: RefreshSubtype::of(kind) }
    }

    /// The family, if we know it.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        Family::from_codes(self.afi, self.safi)
    }

    /// Appends the whole message.
    pub fn emit(&self, writer: &mut Writer<'_>) {
        let mut message = header::begin_message(writer, MessageType::ROUTE_REFRESH);
        message.u16(self.afi);
        message.u8(self.subtype.0);
        message.u8(self.safi);
    }
}

impl RefreshSubtype {
    /// The subtype's meaning; one without is ignored (RFC 7313 §5).
    #[must_use]
    pub const fn kind(self) -> Option<RefreshKind> {
        match self.0 {
            0 => Some(RefreshKind::Request),
            1 => Some(RefreshKind::Begin),
            2 => Some(RefreshKind::End),
            _ => None,
        }
    }

    /// The code of a meaning.
    #[must_use]
    pub const fn of(kind: RefreshKind) -> Self {
        match kind {
            RefreshKind::Request => Self(0),
            RefreshKind::Begin => Self(1),
            RefreshKind::End => Self(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::HEADER_LEN;
    use alloc::vec::Vec;

    #[test]
    fn every_kind_survives_the_wire() {
        for kind in [RefreshKind::Request, RefreshKind::Begin, RefreshKind::End] {
            let sent = RouteRefresh::new(Family::Ipv6Unicast, kind);
            let mut out = Vec::new();
            sent.emit(&mut Writer::new(&mut out));
            assert_eq!(out.get(16..19), Some(&[0, 23, 5][..]));
            assert_eq!(RouteRefresh::check(&out[HEADER_LEN..]), Ok(sent));
            assert_eq!((sent.family(), sent.subtype.kind()), (Some(Family::Ipv6Unicast), Some(kind)));
        }
    }

    #[test]
    fn a_request_may_carry_filters_but_a_demarcation_may_not() {
        assert!(RouteRefresh::check(&[0, 1, 0, 1, 1, 0x80, 0, 0]).is_ok());
        for subtype in [1, 2] {
            let body = [0, 1, subtype, 1, 0];
            assert_eq!(RouteRefresh::check(&body), Err(WireError::InvalidRefreshLength(5)));
        }
        assert_eq!(RouteRefresh::check(&[0, 1, 0]), Err(WireError::InvalidRefreshLength(3)));
    }

    #[test]
    fn unknown_subtypes_and_families_are_kept_for_the_caller_to_ignore() {
        let odd = RouteRefresh::check(&[0x40, 4, 9, 71]).unwrap();
        assert_eq!((odd.family(), odd.subtype.kind()), (None, None));
    }
}
