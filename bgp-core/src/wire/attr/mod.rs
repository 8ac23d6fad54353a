//! Path attributes: their codes, their flags, and how a list of them is walked (RFC 4271 §4.3).
//!
//! ```text
//!  0                   1
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |O|T|P|E| unused|      code     |   Optional, Transitive, Partial, Extended length
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! | length, one octet or (E) two  |   value …
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//!
//! What is wrong or right about each attribute is a row of [`table`]; each kind of value has a file. In: octets
//! of an UPDATE. Out: [`Attr`]s that borrow them, and the *normalised block* ([`AttrBlock`], [`AttrBuf`]), which
//! is the one form attributes have everywhere else.

mod as_path;
mod block;
mod buf;
mod community;
mod extended;
mod fault;
pub(super) mod mp;
mod normalise;
mod received_path;
mod scalar;
pub(super) mod table;

pub use as_path::{AsPath, Asns, Segment, SegmentKind};
pub(super) use as_path::{AsnWidth, PathWriter};
pub use block::AttrBlock;
pub use buf::AttrBuf;
pub use community::{Community, LargeCommunity, ParseCommunityError};
pub use extended::{ExtendedCommunity, ExtendedKind};
pub use fault::{Fate, Fault, FaultKind};
pub(super) use normalise::{put_attr, put_attr_with, write_normalised};
pub use received_path::ReceivedPath;
pub use scalar::Origin;
pub use table::{AttrRow, PeerSide};

use core::fmt;

use super::Reader;

/// The type code of a path attribute (IANA "BGP Path Attributes").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttrCode(pub u8);

#[allow(missing_docs)] // the names are the registry's
impl AttrCode {
    pub const ORIGIN: Self = Self(1);
    pub const AS_PATH: Self = Self(2);
    pub const NEXT_HOP: Self = Self(3);
    pub const MULTI_EXIT_DISC: Self = Self(4);
    pub const LOCAL_PREF: Self = Self(5);
    pub const ATOMIC_AGGREGATE: Self = Self(6);
    pub const AGGREGATOR: Self = Self(7);
    pub const COMMUNITIES: Self = Self(8);
    pub const ORIGINATOR_ID: Self = Self(9);
    pub const CLUSTER_LIST: Self = Self(10);
    pub const MP_REACH_NLRI: Self = Self(14);
    pub const MP_UNREACH_NLRI: Self = Self(15);
    pub const EXTENDED_COMMUNITIES: Self = Self(16);
    pub const AS4_PATH: Self = Self(17);
    pub const AS4_AGGREGATOR: Self = Self(18);
    pub const IPV6_EXTENDED_COMMUNITIES: Self = Self(25);
    pub const AIGP: Self = Self(26);
    pub const LARGE_COMMUNITIES: Self = Self(32);
    pub const ONLY_TO_CUSTOMER: Self = Self(35);

    /// This attribute's row of the table, if it is known here.
    #[must_use]
    pub fn row(self) -> Option<&'static AttrRow> {
        table::row(self)
    }
}

impl fmt::Display for AttrCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row() {
            Some(row) => f.write_str(row.name),
            None => write!(f, "attribute {}", self.0),
        }
    }
}

/// The flags octet of a path attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AttrFlags(pub u8);

impl AttrFlags {
    /// Not well-known.
    pub const OPTIONAL: Self = Self(0x80);
    /// Passed on, even by speakers that do not know it.
    pub const TRANSITIVE: Self = Self(0x40);
    /// A speaker on the way did not know it.
    pub const PARTIAL: Self = Self(0x20);
    /// The length takes two octets.
    pub const EXTENDED_LENGTH: Self = Self(0x10);

    /// The flags of either.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The flags of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// True if every flag of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// One path attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attr<'a> {
    /// As they stand in the octets.
    pub flags: AttrFlags,
    /// What it is.
    pub code: AttrCode,
    /// What it says.
    pub value: &'a [u8],
}

/// Attributes in the order of their octets; ends where they cannot be walked on.
#[derive(Clone, Copy, Debug)]
pub struct AttrIter<'a> {
    reader: Reader<'a>,
    skip: Skip,
}

/// What an [`AttrIter`] leaves out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Skip {
    /// One bit for each code below 64; every code with a row is.
    pub(super) codes: u64,
    /// Set to leave out all but the first of each code (RFC 7606 §3 g).
    pub(super) seen: Option<CodeSet>,
}

impl Attr<'_> {
    /// Octets that it takes, flags, code and length included.
    pub(super) const fn len(&self) -> usize {
        let header = if self.flags.contains(AttrFlags::EXTENDED_LENGTH) { 4 } else { 3 };
        header + self.value.len()
    }
}

impl<'a> AttrIter<'a> {
    pub(super) const fn new(octets: &'a [u8], skip: Skip) -> Self {
        Self { reader: Reader::new(octets, 0), skip }
    }
}

impl<'a> Iterator for AttrIter<'a> {
    type Item = Attr<'a>;

    fn next(&mut self) -> Option<Attr<'a>> {
        loop {
            let attr = take_attr(&mut self.reader)?;
            let again = self.skip.seen.as_mut().is_some_and(|seen| !seen.insert(attr.code));
            if !again && self.skip.codes & code_bit(attr.code) == 0 {
                return Some(attr);
            }
        }
    }
}

/// A set of attribute codes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CodeSet([u64; 4]);

impl CodeSet {
    /// Adds `code`; false if it was there.
    #[inline]
    pub(super) fn insert(&mut self, code: AttrCode) -> bool {
        let Some(word) = self.0.get_mut(usize::from(code.0 >> 6)) else { return false };
        let bit = 1 << (code.0 & 63);
        let is_fresh = *word & bit == 0;
        *word |= bit;
        is_fresh
    }

    /// A bit for each code below 64; every code with a row is.
    pub(super) const fn low_codes(&self) -> u64 {
        self.0[0]
    }
}

/// The bit of `code` in [`Skip::codes`].
pub(super) const fn code_bit(code: AttrCode) -> u64 {
    if code.0 < 64 { 1 << code.0 } else { 0 }
}

/// Takes one attribute off the front; takes nothing if what is left is none (RFC 7606 §4).
#[inline]
pub(super) fn take_attr<'a>(reader: &mut Reader<'a>) -> Option<Attr<'a>> {
    let mut ahead = *reader;
    let [flags, code, len] = ahead.array()?;
    let flags = AttrFlags(flags);
    let len = if flags.contains(AttrFlags::EXTENDED_LENGTH) {
        u16::from_be_bytes([len, ahead.u8()?])
    } else {
        u16::from(len)
    };
    let value = ahead.take(usize::from(len))?;
    *reader = ahead;
    Some(Attr { flags, code: AttrCode(code), value })
}
