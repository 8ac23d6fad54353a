//! From the attributes of an UPDATE to the normalised block, and how one attribute of a block is written.
//!
//! Most UPDATEs already carry what the block wants: those runs of octets are copied as they stand. What differs
//! is written anew: flags, lengths, unsorted community lists. Attributes out of order, and those of peers with
//! two-octet AS numbers (RFC 6793 §4.2.3), take the slower way through an index by code.

use alloc::vec::Vec;

use super::super::{Reader, Span, Update};
use super::table::{self, Block, Member};
use super::{AsnWidth, Attr, AttrCode, AttrFlags, CodeSet, PathWriter, code_bit, scalar, take_attr};
use crate::types::Asn;

/// See [`Update::normalise_into`].
pub(crate) fn write_normalised(update: &Update<'_>, out: &mut Vec<u8>) {
    let spans = update.spans();
    if spans.is_in_order && spans.width == AsnWidth::Four {
        in_order(update, out);
    } else {
        by_code(update, out);
    }
}

/// Writes one attribute in canonical form; a value no length can say is cut, and then fits no message.
pub(crate) fn put_attr(out: &mut Vec<u8>, flags: AttrFlags, code: AttrCode, value: &[u8]) {
    put_attr_with(out, flags, code, |out| out.extend_from_slice(value));
}

/// Writes one attribute whose value `write` appends.
pub(crate) fn put_attr_with(
    out: &mut Vec<u8>,
    flags: AttrFlags,
    code: AttrCode,
    write: impl FnOnce(&mut Vec<u8>),
) {
    let start = out.len();
    out.extend_from_slice(&[flags.0 & !AttrFlags::EXTENDED_LENGTH.0, code.0, 0]);
    let value = out.len();
    write(out);
    out.truncate(value + usize::from(u16::MAX));
    let len = out.len() - value;
    match u8::try_from(len) {
        Ok(len) => {
            if let Some(field) = out.get_mut(value - 1) {
                *field = len;
            }
        }
        Err(_) => {
            let [high, low] = u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes();
            if let Some([flags, _, field]) = out.get_mut(start..value) {
                *flags |= AttrFlags::EXTENDED_LENGTH.0;
                *field = high;
            }
            out.insert(value, low);
        }
    }
}

/// The flags an attribute has in a block, the extended length aside (RFC 4271 §5): Partial stays on optional
/// transitive attributes, and is set on those nobody knows here.
pub(super) fn canonical_flags(code: AttrCode, received: AttrFlags) -> AttrFlags {
    match table::row(code) {
        Some(row) if row.flags == OPTIONAL_TRANSITIVE => row.flags.with(received.and(AttrFlags::PARTIAL)),
        Some(row) => row.flags,
        None => OPTIONAL_TRANSITIVE.with(AttrFlags::PARTIAL),
    }
}

/// What becomes of an attribute on its way into the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Left,
    AsItIs,
    Rewritten,
}

fn in_order(update: &Update<'_>, out: &mut Vec<u8>) {
    let spans = update.spans();
    let octets = spans.attrs.of(update.body());
    let mut reader = Reader::new(octets, 0);
    let mut seen = CodeSet::default();
    let mut run = 0;
    loop {
        let start = reader.offset();
        let Some(attr) = take_attr(&mut reader) else { break };
        let again = spans.has_duplicates && !seen.insert(attr.code);
        let standing =
            if again || spans.discarded & code_bit(attr.code) != 0 { Standing::Left } else { standing(attr) };
        if standing == Standing::AsItIs {
            continue;
        }
        out.extend_from_slice(octets.get(run..start).unwrap_or_default());
        run = reader.offset();
        if standing == Standing::Rewritten {
            rewrite(attr, out);
        }
    }
    out.extend_from_slice(octets.get(run..reader.offset()).unwrap_or_default());
}

fn by_code(update: &Update<'_>, out: &mut Vec<u8>) {
    let spans = update.spans();
    let octets = spans.attrs.of(update.body());
    let mut by_code = [Span::default(); 256];
    let mut reader = Reader::new(octets, 0);
    loop {
        let start = reader.offset();
        let Some(attr) = take_attr(&mut reader) else { break };
        let slot = by_code.get_mut(usize::from(attr.code.0)).filter(|slot| slot.is_empty());
        if let Some(slot) = slot.filter(|_| spans.discarded & code_bit(attr.code) == 0) {
            *slot = reader.span_from(start);
        }
    }
    for span in by_code.iter().filter(|span| !span.is_empty()) {
        let Some(attr) = take_attr(&mut Reader::new(span.of(octets), 0)) else { continue };
        match standing(attr) {
            Standing::Left => {}
            _ if spans.width == AsnWidth::Two && attr.code == AttrCode::AS_PATH => put_path(update, out),
            _ if spans.width == AsnWidth::Two && attr.code == AttrCode::AGGREGATOR => {
                put_aggregator(update, attr, out);
            }
            Standing::AsItIs => out.extend_from_slice(span.of(octets)),
            Standing::Rewritten => rewrite(attr, out),
        }
    }
}

fn standing(attr: Attr<'_>) -> Standing {
    let block = match table::row(attr.code) {
        Some(row) => row.block,
        None if attr.flags.contains(OPTIONAL_TRANSITIVE) => Block::Kept,
        None => Block::Left,
    };
    let is_long = attr.value.len() > usize::from(u8::MAX);
    let length = if is_long { AttrFlags::EXTENDED_LENGTH } else { AttrFlags(0) };
    let is_canonical = attr.flags == canonical_flags(attr.code, attr.flags).with(length);
    match block {
        Block::Left => Standing::Left,
        Block::Set(member) if !is_set(attr.value, member) => Standing::Rewritten,
        Block::Set(_) | Block::Kept if is_canonical => Standing::AsItIs,
        Block::Set(_) | Block::Kept => Standing::Rewritten,
    }
}

fn rewrite(attr: Attr<'_>, out: &mut Vec<u8>) {
    let flags = canonical_flags(attr.code, attr.flags);
    match table::row(attr.code).map(|row| row.block) {
        Some(Block::Set(member)) => put_set(out, flags, attr, member),
        _ => put_attr(out, flags, attr.code, attr.value),
    }
}

fn is_set(value: &[u8], member: Member) -> bool {
    match member {
        Member::Four => is_ascending::<4>(value),
        Member::Eight => is_ascending::<8>(value),
        Member::Twelve => is_ascending::<12>(value),
        Member::Twenty => is_ascending::<20>(value),
    }
}

fn is_ascending<const N: usize>(value: &[u8]) -> bool {
    value.as_chunks::<N>().0.is_sorted_by(|a, b| a < b)
}

/// Writes a list of members as a set: sorted, each once (RFC 8092 §5 asks for the latter).
fn put_set(out: &mut Vec<u8>, flags: AttrFlags, attr: Attr<'_>, member: Member) {
    match member {
        Member::Four => put_members::<4>(out, flags, attr),
        Member::Eight => put_members::<8>(out, flags, attr),
        Member::Twelve => put_members::<12>(out, flags, attr),
        Member::Twenty => put_members::<20>(out, flags, attr),
    }
}

fn put_members<const N: usize>(out: &mut Vec<u8>, flags: AttrFlags, attr: Attr<'_>) {
    put_attr_with(out, flags, attr.code, |out| {
        let start = out.len();
        out.extend_from_slice(attr.value);
        sort_members::<N>(out, start);
    });
}

/// Sorts the `N`-octet members from `start` on and leaves each once.
pub(super) fn sort_members<const N: usize>(out: &mut Vec<u8>, start: usize) {
    let (members, _) = out.get_mut(start..).unwrap_or_default().as_chunks_mut::<N>();
    members.sort_unstable();
    let mut kept = 0;
    for at in 0..members.len() {
        let Some(member) = members.get(at).copied() else { break };
        let is_new = kept == 0 || members.get(kept - 1) != Some(&member);
        if let Some(slot) = members.get_mut(kept).filter(|_| is_new) {
            *slot = member;
            kept += 1;
        }
    }
    out.truncate(start + kept * N);
}

fn put_path(update: &Update<'_>, out: &mut Vec<u8>) {
    let path = update.as_path();
    put_attr_with(out, AttrFlags::TRANSITIVE, AttrCode::AS_PATH, |out| {
        let mut writer = PathWriter::new(out, AsnWidth::Four);
        for segment in path.segments() {
            writer.segment(segment.kind, segment.asns());
        }
    });
}

/// RFC 6793 §4.2.3: AS4_AGGREGATOR says more, if AGGREGATOR says AS_TRANS.
fn put_aggregator(update: &Update<'_>, attr: Attr<'_>, out: &mut Vec<u8>) {
    let Some((asn, addr)) = scalar::aggregator(attr.value, AsnWidth::Two) else { return };
    let wide = scalar::aggregator(update.spans().as4_aggregator.of(update.body()), AsnWidth::Four);
    let (asn, addr) = wide.filter(|_| asn == Asn::TRANS).unwrap_or((asn, addr));
    let flags = canonical_flags(attr.code, attr.flags);
    put_attr_with(out, flags, attr.code, |out| {
        AsnWidth::Four.put(asn, out);
        out.extend_from_slice(&addr.octets());
    });
}

const OPTIONAL_TRANSITIVE: AttrFlags = AttrFlags::OPTIONAL.with(AttrFlags::TRANSITIVE);
