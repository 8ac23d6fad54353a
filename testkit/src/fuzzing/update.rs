//! UPDATE, attribute blocks and lists of prefixes.

use super::Terms;
use bgp_core::wire::attr::AttrCode;
use bgp_core::wire::{
    AttrBlock, AttrBuf, Caps, Fate, Fitted, HEADER_LEN, NlriIter, Origin, PeerSide, Reach, Update,
    UpdateWriter,
};
use bgp_core::{Asn, Family, NextHop, Nlri, RouterId};

/// The body of an UPDATE: whatever is let through can be walked, normalised, sent on and read back the same.
///
/// # Panics
///
/// When it cannot.
pub(super) fn update(terms: Terms, body: &[u8]) {
    let body = body.get(..terms.caps.max_message_len() - HEADER_LEN).unwrap_or(body);
    let Ok(checked) = Update::check(body, &terms.caps, terms.side) else { return };
    let update = checked.update;
    visit(&update);
    visit(&Update::from_spans(body.get(1..).unwrap_or_default(), update.spans()));
    if checked.fate == Fate::TreatAsWithdraw {
        assert_eq!(update.reach().count(), 0, "nothing is announced that is treated as withdrawn");
        return;
    }
    let mut octets = Vec::new();
    let block = update.normalise(&mut octets);
    expect_normal(block);
    let path_is_exact =
        terms.caps.four_octet_as || !block.as_path().segments().any(|segment| segment.kind.is_confed());
    for reach in update.reach() {
        if path_is_exact {
            send_on(&terms, &reach, block);
        }
    }
}

/// A block that nobody normalised: every getter and setter takes it.
///
/// # Panics
///
/// When one does not.
pub fn attr_block(input: &[u8]) {
    let block = AttrBlock::new(input);
    read(block);
    let mut buf = AttrBuf::new();
    buf.load(block);
    buf.prepend(&[Asn(65_001), Asn(4_200_000_000)]);
    buf.map_as_path(|asn| (asn.0 % 3 != 0).then_some(Asn(asn.0 / 2 + 1)));
    buf.remove_confed_segments();
    buf.set_origin(Origin::Egp);
    buf.set_med(7);
    buf.set_communities(block.communities().chain([9]));
    buf.set_large_communities(block.large_communities().chain([[1, 2, 3]]));
    buf.set_extended_communities(block.extended_communities());
    buf.prepend_cluster(RouterId(1));
    buf.set(AttrCode(input.first().copied().unwrap_or(99)), input);
    read(buf.as_block());
    buf.remove_internal();
    buf.remove(AttrCode::AS_PATH);
    read(buf.as_block());
    let terms = Terms::from_octet(input.last().copied().unwrap_or(0));
    let next_hop = NextHop::V4([192, 0, 2, 1].into());
    let mut out = Vec::new();
    let nlri = Nlri { path_id: 0, prefix: Default::default() };
    let fitted =
        UpdateWriter::begin(&mut out, &terms.caps, Family::Ipv4Unicast, next_hop, buf.as_block()).push(&nlri);
    assert_eq!(out.is_empty(), fitted != Fitted::Yes, "a message without a prefix is taken back");
    assert!(out.len() <= terms.caps.max_message_len());
}

/// A list of prefixes: whatever it yields is a prefix of the family, and the same again when written and read.
///
/// # Panics
///
/// When it is not.
pub fn nlri(input: &[u8]) {
    let Some((choice, octets)) = input.split_first() else { return };
    let family = if choice & 1 == 0 { Family::Ipv4Unicast } else { Family::Ipv6Unicast };
    let caps = Caps { add_path_send: Terms::from_octet(*choice).caps.add_path_send, ..Caps::default() };
    let has_path_id = caps.add_path_send.contains(family);
    let sent: Vec<_> = NlriIter::new(octets, family, has_path_id).collect();
    sent.iter().for_each(|nlri| expect_prefix(family, nlri));

    let mut out = Vec::new();
    let mut writer = UpdateWriter::withdraw(&mut out, &caps, family);
    sent.iter().for_each(|nlri| push(&mut writer, nlri));
    writer.finish();
    let received: Vec<_> = messages(&out, &caps)
        .flat_map(|body| {
            let terms = Terms {
                caps: Caps { add_path_receive: caps.add_path_send, ..caps },
                side: PeerSide::External,
            };
            let update =
                Update::check(body, &terms.caps, terms.side).expect("what is written is well-formed").update;
            update.unreach().flat_map(|unreach| unreach.nlri).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(received, sent);
}

/// Reads everything there is to read.
fn visit(update: &Update<'_>) {
    for unreach in update.unreach() {
        unreach.nlri.for_each(|nlri| expect_prefix(unreach.family, &nlri));
    }
    for reach in update.reach() {
        reach.nlri.for_each(|nlri| expect_prefix(reach.family, &nlri));
    }
    let path = update.as_path();
    assert_eq!(path.asns().count(), path.segments().map(|segment| segment.asns().len()).sum());
    let _ = (update.as_path_contains(Asn(1)), update.neighbor_as(), path.length(), update.end_of_rib());
    let _ = (update.originator_id(), update.cluster_list().count(), update.only_to_customer());
    let _ = update.attrs().count();
}

/// Reads everything there is in a block.
fn read(block: AttrBlock<'_>) {
    let path = block.as_path();
    let _ = (block.origin(), block.med(), block.local_pref(), block.atomic_aggregate(), block.aggregator());
    let _ = (block.originator_id(), block.only_to_customer(), block.aigp(), path.length(), path.to_string());
    let _ = (path.neighbor_as(), path.origin_as(), path.contains(Asn(7)), path.count(Asn(7)));
    let _ = (block.communities().count(), block.large_communities().count(), block.cluster_list().count());
    let _ = (block.extended_communities().count(), block.ipv6_extended_communities().count());
    let _ = (block.unknown().count(), block.iter().map(|attr| attr.code.to_string().len()).sum::<usize>());
}

/// A normalised block is in order, its sets are sets, and setting what is there changes nothing.
fn expect_normal(block: AttrBlock<'_>) {
    read(block);
    assert!(block.iter().is_sorted_by(|a, b| a.code < b.code), "sorted by code, each once");
    assert!(block.communities().is_sorted_by(|a, b| a < b));
    assert!(block.large_communities().is_sorted_by(|a, b| a < b));
    assert!(block.extended_communities().is_sorted_by(|a, b| a < b));
    let mut buf = AttrBuf::new();
    buf.load(block);
    for attr in block.iter() {
        buf.set(attr.code, attr.value);
    }
    assert_eq!(buf.as_block(), block, "flags and lengths are canonical");
}

fn expect_prefix(family: Family, nlri: &Nlri) {
    assert_eq!(Family::of(&nlri.prefix), family);
    assert!(nlri.prefix.prefix_len() <= family.row().max_len);
    assert_eq!(nlri.prefix.trunc(), nlri.prefix, "host bits are zero");
}

/// Writes the routes with the block and reads them back.
fn send_on(terms: &Terms, reach: &Reach<'_>, block: AttrBlock<'_>) {
    let mut out = Vec::new();
    let mut writer = UpdateWriter::begin(&mut out, &terms.caps, reach.family, reach.next_hop, block);
    let sent: Vec<_> = reach.nlri.collect();
    for nlri in &sent {
        match writer.push(nlri) {
            Fitted::Yes => {}
            Fitted::Full => {
                writer.next_message();
                push(&mut writer, nlri);
            }
            Fitted::Never => return,
        }
    }
    writer.finish();
    let mut received = Vec::new();
    for body in messages(&out, &terms.caps) {
        let checked = Update::check(body, &terms.caps, terms.side).expect("what is written is well-formed");
        assert_eq!(checked.fate, Fate::Keep, "{:?}", checked.fault);
        let mut octets = Vec::new();
        assert_eq!(checked.update.normalise(&mut octets), block);
        for again in checked.update.reach() {
            assert_eq!((again.family, again.next_hop), (reach.family, reach.next_hop));
            received.extend(again.nlri);
        }
    }
    assert_eq!(received, sent);
}

fn push(writer: &mut UpdateWriter<'_, '_>, nlri: &Nlri) {
    if writer.push(nlri) != Fitted::Yes {
        writer.next_message();
        assert_eq!(writer.push(nlri), Fitted::Yes, "a new message has room");
    }
}

/// The bodies of the messages in `octets`, each of a length that the session allows.
fn messages<'a>(mut octets: &'a [u8], caps: &Caps) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let max_len = caps.max_message_len();
    std::iter::from_fn(move || {
        let (header, _) = octets.split_first_chunk::<HEADER_LEN>()?;
        let len = usize::from(u16::from_be_bytes([header[16], header[17]]));
        assert!((HEADER_LEN..=max_len).contains(&len), "a message of {len} octets");
        let (message, rest) = octets.split_at(len);
        octets = rest;
        message.get(HEADER_LEN..)
    })
}
