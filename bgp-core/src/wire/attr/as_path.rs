//! AS_PATH and AS4_PATH: segments of AS numbers, in two octets or in four (RFC 4271 §4.3, §5.1.2; RFC 6793).
//!
//! ```text
//! +--------+--------+----------------------------+
//! |  kind  | count  | count AS numbers           | …
//! +--------+--------+----------------------------+
//! ```
//!
//! [`AsPath`] is one attribute's octets; what an UPDATE says the path is may take two of them, and is a
//! [`ReceivedPath`](super::ReceivedPath). [`PathWriter`] writes segments.

use alloc::vec::Vec;
use core::fmt;

use super::super::Reader;
use super::PeerSide;
use super::table::Context;
use crate::types::Asn;

/// An AS path, as a view of its octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AsPath<'a> {
    octets: &'a [u8],
    width: AsnWidth,
}

/// How many octets an AS number takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum AsnWidth {
    /// As in RFC 4271.
    Two,
    /// As in RFC 6793.
    #[default]
    Four,
}

/// What a path segment is (RFC 4271 §4.3, RFC 5065 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentKind {
    /// AS_SET: unordered.
    Set,
    /// AS_SEQUENCE: ordered.
    Sequence,
    /// AS_CONFED_SEQUENCE: ordered, inside a confederation.
    ConfedSequence,
    /// AS_CONFED_SET: unordered, inside a confederation.
    ConfedSet,
}

/// One segment of a path.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// What it is.
    pub kind: SegmentKind,
    asns: Asns<'a>,
}

/// The AS numbers of a segment.
#[derive(Clone, Copy, Debug)]
pub struct Asns<'a> {
    octets: &'a [u8],
    width: AsnWidth,
}

impl<'a> AsPath<'a> {
    /// The empty path.
    pub const EMPTY: Self = Self { octets: &[], width: AsnWidth::Four };

    /// Views the value of an attribute of four-octet numbers.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { octets, width: AsnWidth::Four }
    }

    pub(crate) const fn with_width(octets: &'a [u8], width: AsnWidth) -> Self {
        Self { octets, width }
    }

    /// The octets of the attribute's value.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.octets
    }

    /// True if nothing is in it: the route is from the AS of who sent it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// The segments, in order.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'a>> + Clone + use<'a> {
        let mut reader = Reader::new(self.octets, 0);
        let width = self.width;
        core::iter::from_fn(move || take_segment(&mut reader, width))
    }

    /// Every AS number, whatever the segment.
    pub fn asns(&self) -> impl Iterator<Item = Asn> + Clone + use<'a> {
        self.segments().flat_map(|segment| segment.asns())
    }

    /// The length that routes are compared by: an AS_SET counts one, confederation segments none
    /// (RFC 4271 §9.1.2.2, RFC 5065 §5.3).
    #[must_use]
    pub fn length(&self) -> usize {
        self.segments().map(|segment| segment.length()).sum()
    }

    /// The AS the route was received from: the first, where the path begins with a sequence
    /// (RFC 4271 §9.1.2.2 c); confederation segments are stepped over (RFC 5065 §5.3).
    #[must_use]
    pub fn neighbor_as(&self) -> Option<Asn> {
        neighbor_as(self.segments())
    }

    /// The AS that the route is from: the last, where the path ends with a sequence.
    #[must_use]
    pub fn origin_as(&self) -> Option<Asn> {
        let last = self.segments().last()?;
        if last.kind == SegmentKind::Sequence { last.asns().last() } else { None }
    }

    /// True if `asn` is anywhere in it.
    #[must_use]
    pub fn contains(&self, asn: Asn) -> bool {
        self.segments().any(|segment| segment.contains(asn))
    }

    /// How often `asn` is in it.
    #[must_use]
    pub fn count(&self, asn: Asn) -> usize {
        self.segments().map(|segment| segment.count(asn)).sum()
    }
}

impl<'a> Segment<'a> {
    /// The members, in the order of their octets.
    #[must_use]
    pub const fn asns(&self) -> Asns<'a> {
        self.asns
    }

    /// What the segment adds to the length of the path.
    #[must_use]
    pub fn length(&self) -> usize {
        match self.kind {
            SegmentKind::Sequence => self.asns.len(),
            SegmentKind::Set => 1,
            SegmentKind::ConfedSequence | SegmentKind::ConfedSet => 0,
        }
    }

    /// How often `asn` is in it. This is asked of every route, and of nearly every one the answer is never.
    pub(super) fn count(&self, asn: Asn) -> usize {
        if self.contains(asn) { self.asns().filter(|member| *member == asn).count() } else { 0 }
    }

    fn contains(&self, asn: Asn) -> bool {
        match self.asns.width {
            AsnWidth::Four => self.asns.octets.as_chunks().0.contains(&asn.0.to_be_bytes()),
            AsnWidth::Two => self.asns().any(|member| member == asn),
        }
    }

    /// As much of it as adds at most `left` to the length; nothing if a segment that counts would add none.
    pub(super) fn first(self, left: usize) -> Option<Self> {
        match self.kind {
            SegmentKind::Sequence | SegmentKind::Set if left == 0 => None,
            SegmentKind::Sequence => {
                let octets = left.saturating_mul(self.asns.width.octets());
                let octets = self.asns.octets.get(..octets).unwrap_or(self.asns.octets);
                Some(Self { asns: Asns { octets, ..self.asns }, ..self })
            }
            SegmentKind::Set | SegmentKind::ConfedSequence | SegmentKind::ConfedSet => Some(self),
        }
    }
}

impl SegmentKind {
    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Set),
            2 => Some(Self::Sequence),
            3 => Some(Self::ConfedSequence),
            4 => Some(Self::ConfedSet),
            _ => None,
        }
    }

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Set => 1,
            Self::Sequence => 2,
            Self::ConfedSequence => 3,
            Self::ConfedSet => 4,
        }
    }

    /// True for the two that stay inside a confederation (RFC 5065).
    #[must_use]
    pub const fn is_confed(self) -> bool {
        matches!(self, Self::ConfedSequence | Self::ConfedSet)
    }
}

impl AsnWidth {
    pub(crate) const fn octets(self) -> usize {
        match self {
            Self::Two => 2,
            Self::Four => 4,
        }
    }

    pub(crate) fn take(self, reader: &mut Reader<'_>) -> Option<Asn> {
        match self {
            Self::Two => reader.u16().map(|asn| Asn(u32::from(asn))),
            Self::Four => reader.u32().map(Asn),
        }
    }

    pub(crate) fn put(self, asn: Asn, out: &mut Vec<u8>) {
        match self {
            Self::Two => out.extend_from_slice(&asn.two_octet().to_be_bytes()),
            Self::Four => out.extend_from_slice(&asn.0.to_be_bytes()),
        }
    }
}

impl Iterator for Asns<'_> {
    type Item = Asn;

    fn next(&mut self) -> Option<Asn> {
        match self.width {
            AsnWidth::Four => {
                let (asn, rest) = self.octets.split_first_chunk()?;
                self.octets = rest;
                Some(Asn(u32::from_be_bytes(*asn)))
            }
            AsnWidth::Two => {
                let (asn, rest) = self.octets.split_first_chunk()?;
                self.octets = rest;
                Some(Asn(u32::from(u16::from_be_bytes(*asn))))
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.octets.len() / self.width.octets();
        (len, Some(len))
    }
}

impl ExactSizeIterator for Asns<'_> {}

/// The form FRR shows and matches regular expressions against: `1 2 {3,4} (5 6) [7,8]`.
impl fmt::Display for AsPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.segments().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            segment.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, between, close) = match self.kind {
            SegmentKind::Sequence => ("", " ", ""),
            SegmentKind::Set => ("{", ",", "}"),
            SegmentKind::ConfedSequence => ("(", " ", ")"),
            SegmentKind::ConfedSet => ("[", ",", "]"),
        };
        f.write_str(open)?;
        for (at, asn) in self.asns().enumerate() {
            if at > 0 {
                f.write_str(between)?;
            }
            asn.fmt(f)?;
        }
        f.write_str(close)
    }
}

/// Appends path segments; adjacent sequences become one, and none is longer than its count can say.
#[derive(Debug)]
pub(crate) struct PathWriter<'v> {
    out: &'v mut Vec<u8>,
    width: AsnWidth,
    /// The segment that still grows: its kind, where its count stands, and the count.
    open: Option<(SegmentKind, usize, u8)>,
}

impl<'v> PathWriter<'v> {
    pub(crate) const fn new(out: &'v mut Vec<u8>, width: AsnWidth) -> Self {
        Self { out, width, open: None }
    }

    /// Appends a segment; nothing if it is empty.
    pub(crate) fn segment(&mut self, kind: SegmentKind, asns: impl IntoIterator<Item = Asn>) {
        if kind != SegmentKind::Sequence || self.open.is_some_and(|(open, ..)| open != kind) {
            self.open = None;
        }
        let mut asns = asns.into_iter().peekable();
        while asns.peek().is_some() {
            let (count_at, count) = match self.open {
                Some((_, count_at, count)) if count < u8::MAX => (count_at, count),
                _ => self.begin(kind),
            };
            let room = usize::from(u8::MAX - count);
            let mut filled = count;
            for asn in asns.by_ref().take(room) {
                self.width.put(asn, self.out);
                filled += 1;
            }
            if let Some(field) = self.out.get_mut(count_at) {
                *field = filled;
            }
            self.open = Some((kind, count_at, filled));
        }
    }

    /// Begins a segment; says where its count stands, and the count.
    fn begin(&mut self, kind: SegmentKind) -> (usize, u8) {
        self.out.extend_from_slice(&[kind.code(), 0]);
        (self.out.len() - 1, 0)
    }
}

/// RFC 7606 §7.2; AS 0 is malformed (RFC 7607 §2), and so are confederation segments from outside (RFC 5065 §5).
pub(super) fn is_as_path(value: &[u8], context: Context) -> bool {
    is_well_formed(value, context.width, |kind| context.side == PeerSide::Internal || !kind.is_confed())
}

/// RFC 6793 §6: confederation segments are discarded alone.
pub(super) fn is_as4_path(value: &[u8], _: Context) -> bool {
    is_well_formed(value, AsnWidth::Four, |_| true)
}

fn is_well_formed(value: &[u8], width: AsnWidth, may_be: impl Fn(SegmentKind) -> bool) -> bool {
    let mut reader = Reader::new(value, 0);
    while !reader.is_empty() {
        let Some(segment) = take_segment(&mut reader, width) else { return false };
        if segment.asns.octets.is_empty() || !may_be(segment.kind) || segment.contains(Asn(0)) {
            return false;
        }
    }
    true
}

fn take_segment<'a>(reader: &mut Reader<'a>, width: AsnWidth) -> Option<Segment<'a>> {
    let [kind, count] = reader.array()?;
    let kind = SegmentKind::from_code(kind)?;
    let octets = reader.take(usize::from(count) * width.octets())?;
    Some(Segment { kind, asns: Asns { octets, width } })
}

pub(super) fn neighbor_as<'a>(segments: impl IntoIterator<Item = Segment<'a>>) -> Option<Asn> {
    let first = segments.into_iter().find(|segment| !segment.kind.is_confed())?;
    if first.kind == SegmentKind::Sequence { first.asns().next() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;
    use std::vec;

    type Segments<'a> = &'a [(SegmentKind, &'a [u32])];
    use SegmentKind::{ConfedSequence, ConfedSet, Sequence, Set};

    fn four(segments: Segments<'_>) -> Vec<u8> {
        let mut out = vec![];
        for (kind, asns) in segments {
            PathWriter::new(&mut out, AsnWidth::Four).segment(*kind, asns.iter().copied().map(Asn));
        }
        out
    }

    #[test]
    fn a_path_shows_as_operators_write_it() {
        let octets =
            four(&[(ConfedSequence, &[5, 6]), (ConfedSet, &[7, 8]), (Sequence, &[1, 2]), (Set, &[3, 4])]);
        assert_eq!(AsPath::new(&octets).to_string(), "(5 6) [7,8] 1 2 {3,4}");
    }

    #[test]
    fn a_set_counts_one_and_confederation_segments_none() {
        let octets = four(&[(ConfedSequence, &[5, 6]), (Sequence, &[1, 2]), (Set, &[3, 4, 5])]);
        let path = AsPath::new(&octets);
        assert_eq!(path.length(), 3);
        assert_eq!(path.neighbor_as(), Some(Asn(1)));
        assert_eq!(path.origin_as(), None);
        assert_eq!(path.count(Asn(5)), 2);
    }

    #[test]
    fn the_neighbour_and_the_origin_are_the_ends_of_the_path() {
        let octets = four(&[(Sequence, &[65002, 3356, 15169])]);
        let path = AsPath::new(&octets);
        assert_eq!((path.neighbor_as(), path.origin_as()), (Some(Asn(65002)), Some(Asn(15169))));
        assert_eq!((AsPath::EMPTY.neighbor_as(), AsPath::EMPTY.origin_as()), (None, None));
    }

    #[test]
    fn a_writer_joins_sequences_and_splits_at_255() {
        let mut out = vec![];
        let mut writer = PathWriter::new(&mut out, AsnWidth::Four);
        writer.segment(Sequence, (1..=200).map(Asn));
        writer.segment(Sequence, (1..=100).map(Asn));
        writer.segment(Set, [Asn(7)]);
        writer.segment(Set, [Asn(8)]);
        let counts: Vec<_> = AsPath::new(&out).segments().map(|segment| segment.asns().len()).collect();
        assert_eq!(counts, [255, 45, 1, 1]);
    }
}
