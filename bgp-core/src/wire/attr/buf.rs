//! A normalised block being changed: by policy, by the export rules, or made from nothing.
//!
//! The buffer is scratch: [`AttrBuf::load`] keeps its memory. Every setter leaves the block normalised: in order,
//! with the flags of the attribute table, sets sorted. A value longer than 65,535 octets is cut; such a block
//! fits no message, and the writer says so.

use alloc::vec::Vec;
use core::net::Ipv4Addr;
use core::ops::Range;

use super::super::Reader;
use super::normalise::{canonical_flags, sort_members};
use super::{
    AsPath, AsnWidth, Attr, AttrBlock, AttrCode, AttrFlags, Origin, PathWriter, SegmentKind, put_attr_with,
    take_attr,
};
use crate::types::{Asn, RouterId};

/// An owned normalised block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AttrBuf {
    octets: Vec<u8>,
    scratch: Vec<u8>,
}

impl AttrBuf {
    /// A block without attributes.
    #[must_use]
    pub const fn new() -> Self {
        Self { octets: Vec::new(), scratch: Vec::new() }
    }

    /// Removes every attribute.
    pub fn clear(&mut self) {
        self.octets.clear();
    }

    /// Becomes a copy of `block`.
    pub fn load(&mut self, block: AttrBlock<'_>) {
        self.octets.clear();
        self.octets.extend_from_slice(block.as_bytes());
    }

    /// Sets an attribute to a value as it stands on the wire (AS numbers in four octets).
    pub fn set(&mut self, code: AttrCode, value: &[u8]) {
        self.set_with(code, |_, out| out.extend_from_slice(value));
    }

    /// Removes an attribute, if it is there.
    pub fn remove(&mut self, code: AttrCode) {
        let (at, _) = self.locate(code);
        if !at.is_empty() {
            self.octets.drain(at);
        }
    }

    /// Sets ORIGIN.
    pub fn set_origin(&mut self, origin: Origin) {
        self.set(AttrCode::ORIGIN, &[origin.code()]);
    }

    /// Sets MULTI_EXIT_DISC.
    pub fn set_med(&mut self, med: u32) {
        self.set_number(AttrCode::MULTI_EXIT_DISC, med);
    }

    /// Sets LOCAL_PREF.
    pub fn set_local_pref(&mut self, local_pref: u32) {
        self.set_number(AttrCode::LOCAL_PREF, local_pref);
    }

    /// Sets ATOMIC_AGGREGATE.
    pub fn set_atomic_aggregate(&mut self) {
        self.set(AttrCode::ATOMIC_AGGREGATE, &[]);
    }

    /// Sets AGGREGATOR.
    pub fn set_aggregator(&mut self, asn: Asn, addr: Ipv4Addr) {
        self.set_with(AttrCode::AGGREGATOR, |_, out| {
            AsnWidth::Four.put(asn, out);
            out.extend_from_slice(&addr.octets());
        });
    }

    /// Sets ORIGINATOR_ID.
    pub fn set_originator_id(&mut self, id: RouterId) {
        self.set_number(AttrCode::ORIGINATOR_ID, id.0);
    }

    /// Puts `id` before the others in CLUSTER_LIST (RFC 4456 §8).
    pub fn prepend_cluster(&mut self, id: RouterId) {
        self.set_with(AttrCode::CLUSTER_LIST, |old, out| {
            out.extend_from_slice(&id.0.to_be_bytes());
            out.extend_from_slice(old);
        });
    }

    /// Sets ONLY_TO_CUSTOMER.
    pub fn set_only_to_customer(&mut self, asn: Asn) {
        self.set_number(AttrCode::ONLY_TO_CUSTOMER, asn.0);
    }

    /// Sets AIGP to one metric (RFC 7311 §3).
    pub fn set_aigp(&mut self, metric: u64) {
        self.set_with(AttrCode::AIGP, |_, out| {
            out.extend_from_slice(&[1, 0, 11]);
            out.extend_from_slice(&metric.to_be_bytes());
        });
    }

    /// Sets COMMUNITIES to a set; none removes the attribute.
    pub fn set_communities(&mut self, communities: impl IntoIterator<Item = u32>) {
        self.set_members(AttrCode::COMMUNITIES, communities.into_iter().map(u32::to_be_bytes));
    }

    /// Sets LARGE_COMMUNITY to a set; none removes the attribute.
    pub fn set_large_communities(&mut self, communities: impl IntoIterator<Item = [u32; 3]>) {
        let members = communities.into_iter().map(|community| {
            let [[a, b, c, d], [e, f, g, h], [i, j, k, l]] = community.map(u32::to_be_bytes);
            [a, b, c, d, e, f, g, h, i, j, k, l]
        });
        self.set_members(AttrCode::LARGE_COMMUNITIES, members);
    }

    /// Sets EXTENDED COMMUNITIES to a set; none removes the attribute.
    pub fn set_extended_communities(&mut self, communities: impl IntoIterator<Item = [u8; 8]>) {
        self.set_members(AttrCode::EXTENDED_COMMUNITIES, communities);
    }

    /// Sets AS_PATH to one sequence, empty or not.
    pub fn set_as_path(&mut self, asns: &[Asn]) {
        self.set_segments([(SegmentKind::Sequence, asns)]);
    }

    /// Sets AS_PATH to these segments; empty ones are left out.
    pub fn set_segments<'s>(&mut self, segments: impl IntoIterator<Item = (SegmentKind, &'s [Asn])>) {
        self.set_with(AttrCode::AS_PATH, |_, out| {
            let mut writer = PathWriter::new(out, AsnWidth::Four);
            for (kind, asns) in segments {
                writer.segment(kind, asns.iter().copied());
            }
        });
    }

    /// Puts `asns` before the path (RFC 4271 §5.1.2 b).
    pub fn prepend(&mut self, asns: &[Asn]) {
        self.rewrite_path(asns, Some);
    }

    /// Makes another AS, or none, of each AS of the path; segments that become empty vanish.
    pub fn map_as_path(&mut self, map: impl FnMut(Asn) -> Option<Asn>) {
        self.rewrite_path(&[], map);
    }

    /// Removes confederation segments, as on the way out of the confederation (RFC 5065 §4).
    pub fn remove_confed_segments(&mut self) {
        self.set_with(AttrCode::AS_PATH, |old, out| {
            let mut writer = PathWriter::new(out, AsnWidth::Four);
            for segment in AsPath::new(old).segments().filter(|segment| !segment.kind.is_confed()) {
                writer.segment(segment.kind, segment.asns());
            }
        });
    }

    /// Removes everything that internal peers alone may see (RFC 4271 §5.1.5, RFC 4456 §8, RFC 7311 §3.3).
    pub fn remove_internal(&mut self) {
        if self.as_block().iter().any(|attr| INTERNAL.contains(&attr.code)) {
            INTERNAL.into_iter().for_each(|code| self.remove(code));
        }
    }

    /// The block.
    #[must_use]
    pub fn as_block(&self) -> AttrBlock<'_> {
        AttrBlock::new(&self.octets)
    }

    fn set_number(&mut self, code: AttrCode, value: u32) {
        self.set(code, &value.to_be_bytes());
    }

    fn rewrite_path(&mut self, first: &[Asn], mut map: impl FnMut(Asn) -> Option<Asn>) {
        self.set_with(AttrCode::AS_PATH, |old, out| {
            let mut writer = PathWriter::new(out, AsnWidth::Four);
            writer.segment(SegmentKind::Sequence, first.iter().copied());
            for segment in AsPath::new(old).segments() {
                writer.segment(segment.kind, segment.asns().filter_map(&mut map));
            }
        });
    }

    fn set_members<const N: usize>(&mut self, code: AttrCode, members: impl IntoIterator<Item = [u8; N]>) {
        let mut is_empty = true;
        self.set_with(code, |_, out| {
            let start = out.len();
            for member in members {
                out.extend_from_slice(&member);
            }
            sort_members::<N>(out, start);
            is_empty = out.len() == start;
        });
        if is_empty {
            self.remove(code);
        }
    }

    /// Sets an attribute to what `write` appends, given the old value.
    fn set_with(&mut self, code: AttrCode, write: impl FnOnce(&[u8], &mut Vec<u8>)) {
        let mut block = core::mem::take(&mut self.scratch);
        block.clear();
        let (at, old) = self.locate(code);
        let (flags, value) = old.map_or((AttrFlags(0), &[][..]), |attr| (attr.flags, attr.value));
        block.extend_from_slice(self.octets.get(..at.start).unwrap_or_default());
        put_attr_with(&mut block, canonical_flags(code, flags), code, |out| write(value, out));
        block.extend_from_slice(self.octets.get(at.end..).unwrap_or_default());
        self.scratch = core::mem::replace(&mut self.octets, block);
    }

    /// Where an attribute stands, or would, and what it is.
    fn locate(&self, code: AttrCode) -> (Range<usize>, Option<Attr<'_>>) {
        let mut reader = Reader::new(&self.octets, 0);
        loop {
            let start = reader.offset();
            match take_attr(&mut reader) {
                Some(attr) if attr.code < code => {}
                Some(attr) if attr.code == code => return (start..reader.offset(), Some(attr)),
                _ => return (start..start, None),
            }
        }
    }
}

/// Attributes that stay inside an AS.
const INTERNAL: [AttrCode; 4] =
    [AttrCode::LOCAL_PREF, AttrCode::ORIGINATOR_ID, AttrCode::CLUSTER_LIST, AttrCode::AIGP];

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    fn asns(asns: &[u32]) -> Vec<Asn> {
        asns.iter().copied().map(Asn).collect()
    }

    #[test]
    fn attributes_stay_in_order_whatever_the_order_they_are_set_in() {
        let mut buf = AttrBuf::new();
        buf.set_large_communities([[3, 2, 1], [1, 2, 3], [3, 2, 1]]);
        buf.set_med(50);
        buf.set_origin(Origin::Igp);
        buf.set_communities([9, 7, 9]);
        buf.set_as_path(&asns(&[65002]));
        buf.set_med(60);
        let codes: Vec<_> = buf.as_block().iter().map(|attr| (attr.code.0, attr.flags.0)).collect();
        assert_eq!(codes, [(1, 0x40), (2, 0x40), (4, 0x80), (8, 0xc0), (32, 0xc0)]);
        assert_eq!(buf.as_block().med(), Some(60));
        assert_eq!(buf.as_block().communities().collect::<Vec<_>>(), [7, 9]);
        assert_eq!(buf.as_block().large_communities().collect::<Vec<_>>(), [[1, 2, 3], [3, 2, 1]]);
        buf.set_communities([]);
        buf.remove(AttrCode::MULTI_EXIT_DISC);
        buf.remove(AttrCode::LOCAL_PREF);
        let codes: Vec<_> = buf.as_block().iter().map(|attr| attr.code.0).collect();
        assert_eq!(codes, [1, 2, 32]);
    }

    #[test]
    fn a_path_is_prepended_edited_and_shown() {
        let mut buf = AttrBuf::new();
        buf.set_segments([(SegmentKind::Set, &asns(&[3, 4])[..])]);
        buf.prepend(&asns(&[1, 2]));
        buf.prepend(&asns(&[1]));
        assert_eq!(buf.as_block().as_path().to_string(), "1 1 2 {3,4}");
        assert_eq!(buf.as_block().as_path().segments().count(), 2);
        buf.map_as_path(|asn| (asn != Asn(3) && asn != Asn(4)).then_some(asn));
        assert_eq!(buf.as_block().as_path().to_string(), "1 1 2");
        buf.map_as_path(|_| None);
        assert!(buf.as_block().as_path().is_empty());
        assert!(buf.as_block().get(AttrCode::AS_PATH).is_some());
    }

    #[test]
    fn a_long_value_gets_the_extended_length_and_loses_it_again() {
        let mut buf = AttrBuf::new();
        buf.set_origin(Origin::Egp);
        buf.set_communities(0..100);
        buf.set_only_to_customer(Asn(7));
        let attr = buf.as_block().get(AttrCode::COMMUNITIES).map(|attr| (attr.flags.0, attr.value.len()));
        assert_eq!(attr, Some((0xd0, 400)));
        assert_eq!(buf.as_block().only_to_customer(), Some(Asn(7)));
        buf.set_communities([1]);
        let attr = buf.as_block().get(AttrCode::COMMUNITIES).map(|attr| (attr.flags.0, attr.value.len()));
        assert_eq!(attr, Some((0xc0, 4)));
    }

    #[test]
    fn a_value_longer_than_any_message_is_cut_and_the_block_stays_walkable() {
        let mut buf = AttrBuf::new();
        let long: Vec<_> = (1..=20_000).map(Asn).collect();
        buf.set_as_path(&long);
        buf.set_med(1);
        assert_eq!(buf.as_block().get(AttrCode::AS_PATH).map(|attr| attr.value.len()), Some(65_535));
        assert_eq!(buf.as_block().med(), Some(1));
    }

    #[test]
    fn what_internal_peers_see_is_removed_on_the_way_out() {
        let mut buf = AttrBuf::new();
        buf.set_origin(Origin::Igp);
        buf.set_local_pref(100);
        buf.set_originator_id(RouterId(1));
        buf.prepend_cluster(RouterId(2));
        buf.prepend_cluster(RouterId(3));
        buf.set_aigp(7);
        assert_eq!(buf.as_block().cluster_list().collect::<Vec<_>>(), [RouterId(3), RouterId(2)]);
        assert_eq!(buf.as_block().aigp(), Some(7));
        buf.remove_internal();
        assert_eq!(buf.as_block().iter().count(), 1);
    }
}
