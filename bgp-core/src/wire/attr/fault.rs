//! What is wrong with an UPDATE that does not cost the session, and what becomes of it (RFC 7606).
//!
//! The attribute table says which faults there are; a [`Fault`] is one that was found, for the log, and for the
//! NOTIFICATION where there is nothing to withdraw.

use core::fmt;

use super::super::{Span, WireError};
use super::AttrCode;

/// What becomes of an UPDATE (RFC 7606 §2), from the weakest to the strongest short of a reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Nothing is wrong with it.
    #[default]
    Keep,
    /// It counts, without the attributes that are wrong.
    DiscardAttribute,
    /// Every route in it is withdrawn.
    TreatAsWithdraw,
}

/// The first of the worst things wrong with an UPDATE that did not cost the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The attribute.
    pub code: AttrCode,
    /// What is wrong with it.
    pub kind: FaultKind,
    /// Where the attribute stands, its flags and length included; empty if it is missing.
    pub span: Span,
    /// What follows from it.
    pub fate: Fate,
}

/// What can be wrong with an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It, or what is left of it, does not fit the attribute list (RFC 7606 §4).
    Overrun,
    /// The Optional or Transitive flag is wrong (RFC 7606 §3 c).
    Flags,
    /// Its length cannot be.
    Length,
    /// Its value cannot be.
    Value,
    /// It was there before (RFC 7606 §3 g).
    Duplicate,
    /// It must be there and is not (RFC 7606 §3 d).
    Missing,
    /// This peer must not send it (RFC 7606 §7.5, §7.9, §7.10; RFC 7311 §3.3; RFC 6793 §6).
    WrongPeer,
}

impl Fault {
    /// The session's end that this is where RFC 7606 §5.2 asks for one, as RFC 4271 §6.3 names it.
    #[must_use]
    pub const fn into_error(self) -> WireError {
        match (self.kind, self.code) {
            (FaultKind::Overrun, _) => WireError::MalformedAttributeList { offset: self.span.start() },
            (FaultKind::Flags, _) => WireError::AttributeFlags(self.span),
            (FaultKind::Value, AttrCode::ORIGIN) => WireError::InvalidOrigin(self.span),
            (FaultKind::Value, AttrCode::NEXT_HOP) => WireError::InvalidNextHop(self.span),
            (FaultKind::Value, AttrCode::AS_PATH) => WireError::MalformedAsPath,
            (FaultKind::Length, _) => WireError::AttributeLength(self.span),
            _ => WireError::OptionalAttribute(self.span),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            FaultKind::Overrun => "runs over the attribute list",
            FaultKind::Flags => "has wrong flags",
            FaultKind::Length => "has a wrong length",
            FaultKind::Value => "has a wrong value",
            FaultKind::Duplicate => "comes more than once",
            FaultKind::Missing => "is missing",
            FaultKind::WrongPeer => "is not for this peer to send",
        };
        write!(f, "{} {what} at octet {}", self.code, self.span.start())
    }
}
