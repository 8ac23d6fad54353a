//! The AS path that an UPDATE says: AS_PATH alone, or AS_PATH and AS4_PATH taken together (RFC 6793 §4.2.3).
//!
//! Nothing is copied: it is a view of the front of one attribute and all of the other.

use super::as_path::neighbor_as;
use super::{AsPath, Segment};
use crate::types::Asn;

/// The path that an UPDATE says, AS_PATH and AS4_PATH taken together (RFC 6793 §4.2.3).
#[derive(Clone, Copy, Debug)]
pub struct ReceivedPath<'a> {
    lead: AsPath<'a>,
    /// How many of AS_PATH's numbers go before AS4_PATH; all of them if there is none.
    take: usize,
    tail: AsPath<'a>,
}

impl<'a> ReceivedPath<'a> {
    /// The path of a peer with four-octet numbers.
    pub(crate) const fn plain(path: AsPath<'a>) -> Self {
        Self { lead: path, take: usize::MAX, tail: AsPath::EMPTY }
    }

    /// The path of a peer with two-octet numbers that sent an AS4_PATH too (RFC 6793 §4.2.3).
    pub(crate) fn merged(path: AsPath<'a>, as4_path: AsPath<'a>) -> Self {
        let without_confed = as4_path.segments().filter(|segment| !segment.kind.is_confed());
        let tail_len = without_confed.map(|segment| segment.length()).sum();
        match path.length().checked_sub(tail_len) {
            Some(take) => Self { lead: path, take, tail: as4_path },
            None => Self::plain(path),
        }
    }

    /// The segments, in order. Two adjacent ones may both be sequences.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'a>> + Clone + use<'a> {
        let mut left = Some(self.take);
        let lead = self.lead.segments().map_while(move |segment| {
            let before = left?;
            let taken = segment.first(before)?;
            let is_whole = taken.asns().len() == segment.asns().len();
            left = is_whole.then(|| before - taken.length());
            Some(taken)
        });
        // Confederation segments in AS4_PATH are discarded (RFC 6793 §6).
        lead.chain(self.tail.segments().filter(|segment| !segment.kind.is_confed()))
    }

    /// Every AS number, whatever the segment.
    pub fn asns(&self) -> impl Iterator<Item = Asn> + Clone + use<'a> {
        self.segments().flat_map(|segment| segment.asns())
    }

    /// How often `asn` is in it.
    #[must_use]
    pub fn count(&self, asn: Asn) -> usize {
        if self.tail.is_empty() {
            return self.lead.count(asn);
        }
        self.segments().map(|segment| segment.count(asn)).sum()
    }

    /// See [`AsPath::length`].
    #[must_use]
    pub fn length(&self) -> usize {
        self.segments().map(|segment| segment.length()).sum()
    }

    /// See [`AsPath::neighbor_as`].
    #[must_use]
    pub fn neighbor_as(&self) -> Option<Asn> {
        neighbor_as(self.segments())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AsnWidth, PathWriter, SegmentKind};
    use super::*;
    use std::string::ToString;
    use std::vec;
    use std::vec::Vec;

    type Segments<'a> = &'a [(SegmentKind, &'a [u32])];
    use SegmentKind::{ConfedSequence, ConfedSet, Sequence, Set};

    fn path(width: AsnWidth, segments: Segments<'_>) -> Vec<u8> {
        let mut out = vec![];
        for (kind, asns) in segments {
            PathWriter::new(&mut out, width).segment(*kind, asns.iter().copied().map(Asn));
        }
        out
    }

    #[test]
    fn merging_follows_rfc_6793() {
        let table: &[(&str, Segments<'_>, Segments<'_>, &str)] = &[
            (
                "the leading numbers go before AS4_PATH",
                &[(Sequence, &[1, 2, 23456])],
                &[(Sequence, &[70000])],
                "1 2 70000",
            ),
            (
                "equal lengths leave AS4_PATH alone",
                &[(Sequence, &[1, 23456])],
                &[(Sequence, &[1, 70000])],
                "1 70000",
            ),
            ("a longer AS4_PATH is ignored", &[(Sequence, &[1])], &[(Sequence, &[2, 70000])], "1"),
            ("a set counts one", &[(Sequence, &[1]), (Set, &[2, 3])], &[(Set, &[2, 70000])], "1 {2,70000}"),
            (
                "a leading confederation segment is prepended",
                &[(ConfedSequence, &[9]), (Sequence, &[1, 23456])],
                &[(Sequence, &[1, 70000])],
                "(9) 1 70000",
            ),
            (
                "a confederation segment adjacent to a prepended one is prepended",
                &[(Sequence, &[1]), (ConfedSet, &[9]), (Sequence, &[23456])],
                &[(Sequence, &[70000])],
                "1 [9] 70000",
            ),
            (
                "nothing follows a sequence that is prepended in part",
                &[(Sequence, &[1, 23456]), (ConfedSet, &[9])],
                &[(Sequence, &[70000])],
                "1 70000",
            ),
            (
                "confederation segments in AS4_PATH are discarded",
                &[(Sequence, &[1, 23456])],
                &[(ConfedSequence, &[8]), (Sequence, &[70000])],
                "1 70000",
            ),
        ];
        for (name, as_path, as4_path, expected) in table {
            let (old, new) = (path(AsnWidth::Two, as_path), path(AsnWidth::Four, as4_path));
            let merged = ReceivedPath::merged(AsPath::with_width(&old, AsnWidth::Two), AsPath::new(&new));
            let mut out = vec![];
            let mut writer = PathWriter::new(&mut out, AsnWidth::Four);
            for segment in merged.segments() {
                writer.segment(segment.kind, segment.asns());
            }
            assert_eq!(AsPath::new(&out).to_string(), *expected, "{name}");
        }
    }
}
