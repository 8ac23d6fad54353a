//! UPDATE as a view: a body, where its parts stand, and iterators that cannot fail (RFC 4271 §4.3).
//!
//! ```text
//! +-----------------------------+
//! | Withdrawn Routes Length (2) |
//! | Withdrawn Routes            |   IPv4 prefixes
//! | Total Attribute Length (2)  |
//! | Path Attributes             |   MP_REACH_NLRI and MP_UNREACH_NLRI among them (RFC 4760)
//! | NLRI                        |   IPv4 prefixes
//! +-----------------------------+
//! ```
//!
//! [`Update::check`] is the only step that can fail (`update_check`). Withdrawn sections come first, announced
//! ones after: a prefix in both is announced (RFC 4271 §4.3). With [`Fate::TreatAsWithdraw`] every announced
//! prefix is among the withdrawn ones (RFC 7606 §2). Nothing here allocates but [`Update::normalise_into`],
//! which appends to the caller's buffer.

use alloc::vec::Vec;

use super::attr::mp::{self, Section};
use super::attr::{
    AsPath, AsnWidth, Attr, AttrBlock, AttrCode, AttrIter, Fate, Fault, PeerSide, ReceivedPath, Skip,
    write_normalised,
};
use super::nlri::NlriIter;
use super::{Caps, Span, WireError, update_check};
use crate::types::{Asn, Family, FamilySet, NextHop, RouterId};

/// A checked UPDATE.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    body: &'a [u8],
    spans: UpdateSpans,
}

/// Where the parts of a checked UPDATE stand and how its octets read; goes with the body it was made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpdateSpans {
    pub(super) withdrawn: Span,
    pub(super) attrs: Span,
    pub(super) nlri: Span,
    pub(super) reach: Section,
    pub(super) unreach: Section,
    pub(super) next_hop: Span,
    pub(super) as_path: Span,
    pub(super) as4_path: Span,
    pub(super) as4_aggregator: Span,
    /// A bit for each attribute code that is to be discarded.
    pub(super) discarded: u64,
    pub(super) has_duplicates: bool,
    /// Set if the attributes of the routes stand in the order of their codes.
    pub(super) is_in_order: bool,
    pub(super) end_of_rib: Option<Family>,
    pub(super) fate: Fate,
    pub(super) width: AsnWidth,
    pub(super) with_path_id: FamilySet,
}

/// What [`Update::check`] found.
#[derive(Clone, Copy, Debug)]
pub struct Checked<'a> {
    /// The view; it already acts on the fate.
    pub update: Update<'a>,
    /// What becomes of it.
    pub fate: Fate,
    /// What was wrong, for the log (RFC 7606 §6).
    pub fault: Option<Fault>,
}

/// Withdrawn routes of one family.
#[derive(Clone, Copy, Debug)]
pub struct Unreach<'a> {
    /// Their family.
    pub family: Family,
    /// The prefixes.
    pub nlri: NlriIter<'a>,
}

/// Announced routes of one family.
#[derive(Clone, Copy, Debug)]
pub struct Reach<'a> {
    /// Their family.
    pub family: Family,
    /// Where packets to them go.
    pub next_hop: NextHop,
    /// The prefixes.
    pub nlri: NlriIter<'a>,
}

impl<'a> Update<'a> {
    /// Walks the body of an UPDATE once.
    ///
    /// # Errors
    ///
    /// What RFC 7606 still ends the session for.
    pub fn check(body: &'a [u8], caps: &Caps, side: PeerSide) -> Result<Checked<'a>, WireError> {
        let (spans, fault) = update_check::walk(body, caps, side)?;
        Ok(Checked { update: Self { body, spans }, fate: spans.fate, fault })
    }

    /// Puts a view together again. Infallible: with another body it yields less, or nonsense, but never panics.
    #[must_use]
    pub const fn from_spans(body: &'a [u8], spans: UpdateSpans) -> Self {
        Self { body, spans }
    }

    /// Where everything stands.
    #[must_use]
    pub const fn spans(&self) -> UpdateSpans {
        self.spans
    }

    /// The octets after the header.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// What becomes of it.
    #[must_use]
    pub const fn fate(&self) -> Fate {
        self.spans.fate
    }

    /// The withdrawn routes; with [`Fate::TreatAsWithdraw`] the announced ones too.
    #[inline]
    pub fn unreach(&self) -> impl Iterator<Item = Unreach<'a>> + use<'a> {
        let spans = &self.spans;
        let withdrawn = self.section(Some(Family::Ipv4Unicast), spans.withdrawn);
        let unreach = self.section(spans.unreach.family, spans.unreach.nlri);
        let announced = if spans.fate == Fate::TreatAsWithdraw { self.announced() } else { [None, None] };
        withdrawn.into_iter().chain(unreach).chain(announced.into_iter().flatten())
    }

    /// The announced routes; none with [`Fate::TreatAsWithdraw`].
    #[inline]
    pub fn reach(&self) -> impl Iterator<Item = Reach<'a>> + use<'a> {
        let [classic, multiprotocol] =
            if self.spans.fate == Fate::TreatAsWithdraw { [None, None] } else { self.announced() };
        let classic = classic.and_then(|section| self.to(section, self.spans.next_hop));
        let multiprotocol = multiprotocol.and_then(|section| self.to(section, self.spans.reach.next_hop));
        classic.into_iter().chain(multiprotocol)
    }

    /// The family whose initial routes are all sent, if that is what this UPDATE says (RFC 4724 §2).
    #[must_use]
    pub const fn end_of_rib(&self) -> Option<Family> {
        self.spans.end_of_rib
    }

    /// The attributes as received, without those that are discarded.
    #[must_use]
    pub fn attrs(&self) -> AttrIter<'a> {
        let seen = self.spans.has_duplicates.then(Default::default);
        AttrIter::new(self.spans.attrs.of(self.body), Skip { codes: self.spans.discarded, seen })
    }

    /// One attribute, if it is there and not discarded.
    #[must_use]
    pub fn attr(&self, code: AttrCode) -> Option<Attr<'a>> {
        self.attrs().find(|attr| attr.code == code)
    }

    /// The AS path, AS4_PATH taken into account (RFC 6793 §4.2.3).
    #[must_use]
    pub fn as_path(&self) -> ReceivedPath<'a> {
        let path = AsPath::with_width(self.spans.as_path.of(self.body), self.spans.width);
        if self.spans.as4_path.is_empty() {
            ReceivedPath::plain(path)
        } else {
            ReceivedPath::merged(path, AsPath::new(self.spans.as4_path.of(self.body)))
        }
    }

    /// How often `asn` is in the AS path (RFC 4271 §9.1.2: loop detection).
    #[must_use]
    pub fn as_path_contains(&self, asn: Asn) -> usize {
        if self.spans.as4_path.is_empty() {
            return AsPath::with_width(self.spans.as_path.of(self.body), self.spans.width).count(asn);
        }
        self.as_path().count(asn)
    }

    /// The first AS of the path: an external peer's own (RFC 4271 §6.3).
    #[must_use]
    pub fn neighbor_as(&self) -> Option<Asn> {
        self.as_path().neighbor_as()
    }

    /// ORIGINATOR_ID (RFC 4456 §8).
    #[must_use]
    pub fn originator_id(&self) -> Option<RouterId> {
        let value = self.attr(AttrCode::ORIGINATOR_ID)?.value;
        value.try_into().ok().map(u32::from_be_bytes).map(RouterId)
    }

    /// CLUSTER_LIST (RFC 4456 §8).
    pub fn cluster_list(&self) -> impl Iterator<Item = RouterId> + use<'a> {
        let value = self.attr(AttrCode::CLUSTER_LIST).map_or(&[][..], |attr| attr.value);
        value.as_chunks().0.iter().map(|id| RouterId(u32::from_be_bytes(*id)))
    }

    /// ONLY_TO_CUSTOMER (RFC 9234 §5).
    #[must_use]
    pub fn only_to_customer(&self) -> Option<Asn> {
        let value = self.attr(AttrCode::ONLY_TO_CUSTOMER)?.value;
        value.try_into().ok().map(u32::from_be_bytes).map(Asn)
    }

    /// Appends the *normalised block* of the routes' attributes: sorted by code, canonical flags and lengths,
    /// AS numbers in four octets (AS4_PATH and AS4_AGGREGATOR merged in, RFC 6793 §4.2.3), community lists as
    /// sets, unknown transitive attributes with the Partial flag (RFC 4271 §5). NEXT_HOP, MP_REACH_NLRI,
    /// MP_UNREACH_NLRI, AS4_PATH, AS4_AGGREGATOR and unknown non-transitive attributes are left out.
    pub fn normalise_into(&self, out: &mut Vec<u8>) {
        write_normalised(self, out);
    }

    /// The same, as a view of what was appended to the cleared `out`.
    pub fn normalise<'b>(&self, out: &'b mut Vec<u8>) -> AttrBlock<'b> {
        out.clear();
        self.normalise_into(out);
        AttrBlock::new(out)
    }

    /// NLRI, and those of MP_REACH_NLRI.
    #[inline]
    fn announced(&self) -> [Option<Unreach<'a>>; 2] {
        let reach = &self.spans.reach;
        [self.section(Some(Family::Ipv4Unicast), self.spans.nlri), self.section(reach.family, reach.nlri)]
    }

    #[inline]
    fn section(&self, family: Option<Family>, nlri: Span) -> Option<Unreach<'a>> {
        let family = family.filter(|_| !nlri.is_empty())?;
        let has_path_id = self.spans.with_path_id.contains(family);
        Some(Unreach { family, nlri: NlriIter::new(nlri.of(self.body), family, has_path_id) })
    }

    #[inline]
    fn to(&self, Unreach { family, nlri }: Unreach<'a>, next_hop: Span) -> Option<Reach<'a>> {
        Some(Reach { family, next_hop: mp::next_hop(next_hop.of(self.body))?, nlri })
    }
}
