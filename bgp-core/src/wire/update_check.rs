//! The one walk over an UPDATE: finds its parts, runs the attribute table, decides its fate.
//!
//! In: the body and what the session agreed on. Out: the spans of a view, or the error that ends the session.
//! The walk is generic; what is particular to an attribute is its row of the table, but for MP_REACH_NLRI,
//! MP_UNREACH_NLRI and the parts that a view keeps at hand. RFC 4271 §6.3 as revised by RFC 7606.

use super::attr::mp::{self, Section};
use super::attr::table::{self, Block, Context, Presence, Treatment, required};
use super::attr::{
    AsnWidth, Attr, AttrCode, AttrFlags, CodeSet, Fate, Fault, FaultKind, PeerSide, code_bit, take_attr,
};
use super::update::UpdateSpans;
use super::{Caps, Reader, Span, WireError, nlri};
use crate::types::{Asn, Family};

/// Walks `body` from end to end.
#[inline]
pub(super) fn walk(
    body: &[u8],
    caps: &Caps,
    side: PeerSide,
) -> Result<(UpdateSpans, Option<Fault>), WireError> {
    let width = if caps.four_octet_as { AsnWidth::Four } else { AsnWidth::Two };
    // RFC 7606 §3 b: lengths that run over the message.
    let mut reader = Reader::new(body, 0);
    let withdrawn = take_field(&mut reader)?;
    let attrs = take_field(&mut reader)?;
    let announced = reader;

    let mut walk = Walk {
        body,
        context: Context { width, side },
        spans: UpdateSpans {
            withdrawn: span(&withdrawn),
            attrs: span(&attrs),
            nlri: span(&announced),
            is_in_order: true,
            width,
            with_path_id: caps.add_path_receive,
            ..UpdateSpans::default()
        },
        seen: CodeSet::default(),
        last: AttrCode(0),
        fault: None,
        next_hop: None,
    };
    walk.attributes(attrs)?;
    walk.next_hop_fault();
    walk.missing();
    walk.merge_as4();
    for field in [withdrawn, announced] {
        let has_path_id = caps.add_path_receive.contains(Family::Ipv4Unicast);
        if let Some(at) = nlri::fault_at(field.rest(), Family::Ipv4Unicast, has_path_id) {
            return Err(WireError::InvalidNetworkField { offset: field.offset() + at });
        }
    }
    walk.finish(attrs)
}

struct Walk<'a> {
    body: &'a [u8],
    context: Context,
    spans: UpdateSpans,
    seen: CodeSet,
    /// The last attribute that belongs to the normalised block.
    last: AttrCode,
    /// The first of the worst.
    fault: Option<Fault>,
    /// What is wrong with NEXT_HOP, until it is known whether that matters.
    next_hop: Option<Fault>,
}

/// Where an attribute ends, its length and all; where it begins follows from that.
#[derive(Clone, Copy)]
struct Place<'a> {
    attr: Attr<'a>,
    end: usize,
}

impl<'a> Walk<'a> {
    fn attributes(&mut self, mut list: Reader<'a>) -> Result<(), WireError> {
        while let Some(attr) = take_attr(&mut list) {
            self.attribute(Place { attr, end: list.offset() })?;
        }
        if list.is_empty() { Ok(()) } else { self.overrun(list) }
    }

    #[inline]
    fn attribute(&mut self, place: Place<'a>) -> Result<(), WireError> {
        let attr = place.attr;
        if !self.seen.insert(attr.code) {
            return self.again(place);
        }
        let Some(row) = table::row(attr.code) else { return self.unknown(place) };
        if let Some((kind, treatment)) = row.fault(attr.flags, attr.value, self.context) {
            return self.malformed(kind, place, treatment);
        }
        if row.block == Block::Left {
            return self.message_attribute(place);
        }
        if attr.code == AttrCode::AS_PATH {
            self.spans.as_path = place.value();
        }
        self.order(attr.code);
        Ok(())
    }

    /// RFC 7606 §3 g.
    #[cold]
    fn again(&mut self, place: Place<'_>) -> Result<(), WireError> {
        let code = place.attr.code;
        if matches!(code, AttrCode::MP_REACH_NLRI | AttrCode::MP_UNREACH_NLRI) {
            return Err(WireError::MalformedAttributeList { offset: place.span().start() });
        }
        self.spans.has_duplicates = true;
        let (kind, fate) = (FaultKind::Duplicate, Fate::DiscardAttribute);
        self.note(Fault { code, kind, span: place.span(), fate });
        Ok(())
    }

    /// RFC 4271 §5, §6.3: an unknown attribute that is not optional ends the session.
    fn unknown(&mut self, place: Place<'_>) -> Result<(), WireError> {
        let attr = place.attr;
        if !attr.flags.contains(AttrFlags::OPTIONAL) {
            return Err(WireError::UnrecognizedWellKnown(place.span()));
        }
        if attr.flags.contains(AttrFlags::TRANSITIVE) {
            self.order(attr.code);
        }
        Ok(())
    }

    #[cold]
    fn malformed(
        &mut self,
        kind: FaultKind,
        place: Place<'_>,
        treatment: Treatment,
    ) -> Result<(), WireError> {
        let (code, span) = (place.attr.code, place.span());
        let fate = match treatment {
            Treatment::Discard => Fate::DiscardAttribute,
            Treatment::Withdraw => Fate::TreatAsWithdraw,
            Treatment::Reset if kind == FaultKind::Flags => return Err(WireError::AttributeFlags(span)),
            Treatment::Reset => return Err(WireError::OptionalAttribute(span)),
        };
        self.spans.discarded |= code_bit(code);
        let fault = Fault { code, kind, span, fate };
        if code == AttrCode::NEXT_HOP {
            self.next_hop = Some(fault);
        } else {
            self.note(fault);
        }
        Ok(())
    }

    /// Attributes that belong to the message: where their parts stand.
    fn message_attribute(&mut self, place: Place<'_>) -> Result<(), WireError> {
        let value = place.value();
        let parts = Reader::new(place.attr.value, value.start());
        match place.attr.code {
            AttrCode::NEXT_HOP => self.spans.next_hop = value,
            AttrCode::AS4_PATH => self.spans.as4_path = value,
            AttrCode::AS4_AGGREGATOR => self.spans.as4_aggregator = value,
            AttrCode::MP_REACH_NLRI => {
                let section = self.section(mp::reach(parts), place)?;
                self.spans.reach = section;
                let next_hop = mp::next_hop(section.next_hop.of(self.body));
                if next_hop.is_some_and(|next_hop| !mp::is_host(&next_hop)) {
                    return self.malformed(FaultKind::Value, place, Treatment::Withdraw);
                }
            }
            AttrCode::MP_UNREACH_NLRI => {
                self.spans.unreach = self.section(mp::unreach(parts), place)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// RFC 7606 §5.3, RFC 4760 §7.
    fn section(&self, section: Option<Section>, place: Place<'_>) -> Result<Section, WireError> {
        let section = section.ok_or(WireError::OptionalAttribute(place.span()))?;
        if let Some(family) = section.family {
            let has_path_id = self.spans.with_path_id.contains(family);
            if nlri::fault_at(section.nlri.of(self.body), family, has_path_id).is_some() {
                return Err(WireError::OptionalAttribute(place.span()));
            }
        }
        Ok(section)
    }

    /// RFC 7606 §4; but if it is MP_REACH_NLRI or MP_UNREACH_NLRI, its routes cannot be found (§3 j).
    #[cold]
    fn overrun(&mut self, at: Reader<'_>) -> Result<(), WireError> {
        let code = at.rest().get(1).map_or(AttrCode(0), |code| AttrCode(*code));
        if matches!(code, AttrCode::MP_REACH_NLRI | AttrCode::MP_UNREACH_NLRI) {
            return Err(WireError::MalformedAttributeList { offset: at.offset() });
        }
        let fate = Fate::TreatAsWithdraw;
        self.note(Fault { code, kind: FaultKind::Overrun, span: span(&at), fate });
        Ok(())
    }

    /// RFC 4760 §3: NEXT_HOP is ignored where all the NLRI are in MP_REACH_NLRI.
    fn next_hop_fault(&mut self) {
        if let Some(fault) = self.next_hop {
            let is_ignored =
                self.spans.nlri.is_empty() && self.seen.low_codes() & code_bit(AttrCode::MP_REACH_NLRI) != 0;
            let fate = if is_ignored { Fate::DiscardAttribute } else { fault.fate };
            self.note(Fault { fate, ..fault });
        }
    }

    /// RFC 7606 §3 d.
    fn missing(&mut self) {
        let mut due = 0;
        if self.has_routes() {
            due |= required(Presence::WithRoutes);
            if self.context.side == PeerSide::Internal {
                due |= required(Presence::WithInternalRoutes);
            }
        }
        if !self.spans.nlri.is_empty() {
            due |= required(Presence::WithClassicRoutes);
        }
        let missing = due & !self.seen.low_codes();
        if missing != 0 {
            let code = AttrCode(u8::try_from(missing.trailing_zeros()).unwrap_or_default());
            let span = Span::new(self.spans.attrs.end(), self.spans.attrs.end());
            self.note(Fault { code, kind: FaultKind::Missing, span, fate: Fate::TreatAsWithdraw });
        }
    }

    /// Whether AS4_PATH and AS4_AGGREGATOR count (RFC 6793 §4.2.3), and whether the whole path can be written.
    fn merge_as4(&mut self) {
        if self.context.width == AsnWidth::Four {
            return;
        }
        if self.has_another_aggregator() {
            self.spans.as4_path = Span::default();
            self.spans.as4_aggregator = Span::default();
        }
        let path = self.spans.as_path;
        if 2 * len(path) + len(self.spans.as4_path) > usize::from(u16::MAX) {
            let (code, kind) = (AttrCode::AS_PATH, FaultKind::Length);
            self.note(Fault { code, kind, span: path, fate: Fate::TreatAsWithdraw });
        }
    }

    /// True if AGGREGATOR says that a speaker with two-octet numbers aggregated after AS4_AGGREGATOR was set.
    fn has_another_aggregator(&self) -> bool {
        let mut attrs = super::attr::AttrIter::new(self.spans.attrs.of(self.body), Default::default());
        !self.spans.as4_aggregator.is_empty()
            && self.spans.discarded & code_bit(AttrCode::AGGREGATOR) == 0
            && attrs
                .find(|attr| attr.code == AttrCode::AGGREGATOR)
                .is_some_and(|attr| AsnWidth::Two.take(&mut Reader::new(attr.value, 0)) != Some(Asn::TRANS))
    }

    fn finish(mut self, attrs: Reader<'_>) -> Result<(UpdateSpans, Option<Fault>), WireError> {
        self.spans.fate = self.fault.map_or(Fate::Keep, |fault| fault.fate);
        if let Some(fault) = self.fault.filter(|fault| fault.fate == Fate::TreatAsWithdraw) {
            // RFC 7606 §5.2: with no routes in sight, it cannot be said which to withdraw.
            if !self.has_routes() && !self.has_unknown_routes() {
                return Err(fault.into_error());
            }
        }
        self.spans.end_of_rib = self.end_of_rib(attrs);
        Ok((self.spans, self.fault))
    }

    /// RFC 4724 §2.
    fn end_of_rib(&self, attrs: Reader<'_>) -> Option<Family> {
        if !(self.spans.withdrawn.is_empty() && self.spans.nlri.is_empty()) {
            return None;
        }
        if attrs.is_empty() {
            return Some(Family::Ipv4Unicast);
        }
        let mut rest = attrs;
        let first = take_attr(&mut rest)?;
        let is_alone = first.code == AttrCode::MP_UNREACH_NLRI && rest.is_empty();
        self.spans.unreach.family.filter(|_| is_alone && self.spans.unreach.nlri.is_empty())
    }

    fn has_routes(&self) -> bool {
        !self.spans.nlri.is_empty() || !self.spans.reach.nlri.is_empty()
    }

    /// True if there is an MP_REACH_NLRI of a family that is not known here.
    fn has_unknown_routes(&self) -> bool {
        self.seen.low_codes() & code_bit(AttrCode::MP_REACH_NLRI) != 0 && self.spans.reach.family.is_none()
    }

    fn order(&mut self, code: AttrCode) {
        self.spans.is_in_order &= code > self.last;
        self.last = code;
    }

    /// RFC 7606 §3 h: the strongest counts.
    fn note(&mut self, fault: Fault) {
        if self.fault.is_none_or(|worst| fault.fate > worst.fate) {
            self.fault = Some(fault);
        }
    }
}

fn take_field<'a>(reader: &mut Reader<'a>) -> Result<Reader<'a>, WireError> {
    let error = WireError::MalformedAttributeList { offset: reader.offset() };
    let len = reader.u16().ok_or(error)?;
    reader.sub(usize::from(len)).ok_or(error)
}

impl Place<'_> {
    const fn span(self) -> Span {
        Span::new(self.end - self.attr.len(), self.end)
    }

    const fn value(self) -> Span {
        Span::new(self.end - self.attr.value.len(), self.end)
    }
}

/// What a reader has left.
const fn span(reader: &Reader<'_>) -> Span {
    Span::new(reader.offset(), reader.offset() + reader.len())
}

fn len(span: Span) -> usize {
    span.end() - span.start()
}
