//! What is written is read the same, for ten thousand random UPDATEs; and however a peer writes the same
//! attributes, the normalised block is one.
#![allow(clippy::unwrap_used)]

use std::net::{Ipv4Addr, Ipv6Addr};

use bgp_core::wire::attr::{AttrFlags, SegmentKind};
use bgp_core::wire::{
    Attr, AttrBlock, AttrBuf, AttrCode, Caps, Fate, Fitted, HEADER_LEN, Origin, PeerSide, Update,
    UpdateWriter,
};
use bgp_core::{Asn, Family, FamilySet, NextHop, Nlri, Prefix, RouterId};
use proptest::collection::vec;
use proptest::prelude::*;

/// One UPDATE as the writer is given it.
#[derive(Clone, Debug)]
struct Announcement {
    caps: Caps,
    side: PeerSide,
    family: Family,
    next_hop: NextHop,
    attrs: AttrBuf,
    nlri: Vec<Nlri>,
}

fn caps() -> impl Strategy<Value = Caps> {
    (any::<bool>(), any::<bool>(), 0..4_u8).prop_map(|(four_octet_as, extended_message, add_path)| {
        let with = |bit| add_path & bit != 0;
        let families =
            Family::ALL.into_iter().filter(|family| with(1 << *family as u8)).collect::<FamilySet>();
        Caps { four_octet_as, extended_message, add_path_receive: families, add_path_send: families }
    })
}

fn asn() -> impl Strategy<Value = Asn> {
    prop_oneof![1..=65_535_u32, 65_536..=u32::MAX].prop_map(Asn)
}

fn path() -> impl Strategy<Value = Vec<(SegmentKind, Vec<Asn>)>> {
    let sequence = vec(asn(), 0..12).prop_map(|asns| vec![(SegmentKind::Sequence, asns)]);
    let with_set = (vec(asn(), 1..5), vec(asn(), 1..4))
        .prop_map(|(asns, set)| vec![(SegmentKind::Sequence, asns), (SegmentKind::Set, set)]);
    let long = vec(asn(), 250..300).prop_map(|asns| vec![(SegmentKind::Sequence, asns)]);
    prop_oneof![20 => sequence, 5 => with_set, 1 => long]
}

fn next_hop(family: Family) -> impl Strategy<Value = NextHop> {
    let v4 = any::<u32>().prop_map(|bits| NextHop::V4(Ipv4Addr::from_bits(0x0a00_0000 | bits >> 8)));
    let v6 = (any::<u64>(), proptest::option::of(any::<u64>())).prop_map(|(low, link_local)| NextHop::V6 {
        global: Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(low)),
        link_local: link_local.map(|low| Ipv6Addr::from_bits(0xfe80 << 112 | u128::from(low))),
    });
    if family == Family::Ipv4Unicast { prop_oneof![3 => v4, 1 => v6].boxed() } else { v6.boxed() }
}

fn nlri(family: Family, has_path_id: bool) -> impl Strategy<Value = Nlri> {
    let prefix = match family {
        Family::Ipv4Unicast => (0..0xe000_0000_u32, 0..=32_u8)
            .prop_map(|(bits, len)| Prefix::new(Ipv4Addr::from_bits(bits).into(), len).unwrap())
            .boxed(),
        Family::Ipv6Unicast => (any::<u128>(), 0..=128_u8)
            .prop_map(|(bits, len)| Prefix::new(Ipv6Addr::from_bits(bits >> 1).into(), len).unwrap())
            .boxed(),
    };
    (prefix, any::<u32>()).prop_map(move |(prefix, path_id)| Nlri {
        path_id: if has_path_id { path_id } else { 0 },
        prefix: prefix.trunc(),
    })
}

/// Whatever may or may not be there.
fn optional_attrs() -> impl Strategy<Value = AttrBuf> {
    let scalars = (0..128_u8, any::<u32>(), asn());
    let lists = (vec(any::<u32>(), 0..6), vec(any::<[u32; 3]>(), 0..4), vec(any::<[u8; 8]>(), 0..4));
    let unknown = vec((36..=255_u8, vec(any::<u8>(), 0..300)), 0..3);
    (scalars, lists, unknown).prop_map(|((choice, number, asn), (plain, large, extended), unknown)| {
        let mut buf = AttrBuf::new();
        let has = |bit| choice & bit != 0;
        if has(1) {
            buf.set_med(number);
        }
        if has(2) {
            buf.set_atomic_aggregate();
        }
        if has(4) {
            buf.set_aggregator(asn, Ipv4Addr::from_bits(number));
        }
        if has(8) {
            buf.set_communities(plain);
        }
        if has(16) {
            buf.set_large_communities(large);
        }
        if has(32) {
            buf.set_extended_communities(extended);
        }
        if has(64) {
            buf.set_only_to_customer(asn);
        }
        unknown.iter().for_each(|(code, value)| buf.set(AttrCode(*code), value));
        buf
    })
}

fn announcement() -> impl Strategy<Value = Announcement> {
    (caps(), any::<bool>(), any::<bool>()).prop_flat_map(|(caps, is_internal, is_v6)| {
        let family = if is_v6 { Family::Ipv6Unicast } else { Family::Ipv4Unicast };
        let side = if is_internal { PeerSide::Internal } else { PeerSide::External };
        let has_path_id = caps.add_path_send.contains(family);
        let many = prop_oneof![30 => vec(nlri(family, has_path_id), 1..20), 1 => vec(nlri(family, has_path_id), 1..900)];
        (optional_attrs(), 0..3_u8, path(), any::<u32>(), next_hop(family), many).prop_map(
            move |(mut attrs, origin, path, number, next_hop, nlri)| {
                attrs.set_origin(Origin::from_code(origin).unwrap());
                attrs.set_segments(path.iter().map(|(kind, asns)| (*kind, &asns[..])));
                if side == PeerSide::Internal {
                    attrs.set_local_pref(number);
                    if number % 3 == 0 {
                        attrs.set_originator_id(RouterId(number));
                        attrs.prepend_cluster(RouterId(number / 2));
                        attrs.set_aigp(u64::from(number));
                    }
                }
                Announcement { caps, side, family, next_hop, attrs, nlri }
            },
        )
    })
}

fn emit(what: &Announcement, block: AttrBlock<'_>) -> Vec<u8> {
    let mut out = vec![];
    let mut writer = UpdateWriter::begin(&mut out, &what.caps, what.family, what.next_hop, block);
    for nlri in &what.nlri {
        if writer.push(nlri) == Fitted::Full {
            writer.next_message();
            assert_eq!(writer.push(nlri), Fitted::Yes);
        }
    }
    writer.finish();
    out
}

fn bodies(mut octets: &[u8]) -> Vec<&[u8]> {
    let mut bodies = vec![];
    while !octets.is_empty() {
        let (message, rest) = octets.split_at(usize::from(u16::from_be_bytes([octets[16], octets[17]])));
        assert!(message[..16].iter().all(|octet| *octet == 0xff) && message[18] == 2);
        bodies.push(&message[HEADER_LEN..]);
        octets = rest;
    }
    bodies
}

/// The attributes of a message as somebody else might have written them: in any order, lengths in two octets,
/// the low flags anything.
fn disguise(body: &[u8], seed: u64) -> Vec<u8> {
    let withdrawn = usize::from(u16::from_be_bytes([body[0], body[1]]));
    let (front, rest) = body.split_at(2 + withdrawn);
    let (attrs, nlri) = rest[2..].split_at(usize::from(u16::from_be_bytes([rest[0], rest[1]])));
    let mut attrs: Vec<Attr<'_>> = AttrBlock::new(attrs).iter().collect();
    let key = |attr: &Attr<'_>| (u64::from(attr.code.0) + 1).wrapping_mul(seed | 1).rotate_left(23);
    attrs.sort_by_key(key);
    let mut out = vec![];
    for attr in attrs {
        let low = (key(&attr) & 0x0f).to_be_bytes()[7];
        let is_long = attr.value.len() > 255 || key(&attr) & 0x100 != 0;
        let flags = attr.flags.0 & !AttrFlags::EXTENDED_LENGTH.0 | low;
        let len = u16::try_from(attr.value.len()).unwrap().to_be_bytes();
        if is_long {
            out.extend([flags | AttrFlags::EXTENDED_LENGTH.0, attr.code.0, len[0], len[1]]);
        } else {
            out.extend([flags, attr.code.0, len[1]]);
        }
        out.extend_from_slice(attr.value);
    }
    [front, &u16::try_from(out.len()).unwrap().to_be_bytes(), &out, nlri].concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn ten_thousand_random_updates_round_trip(what in announcement(), seed in any::<u64>()) {
        let octets = emit(&what, what.attrs.as_block());
        let mut received = vec![];
        let mut block = vec![];
        for body in bodies(&octets) {
            prop_assert!(body.len() + HEADER_LEN <= what.caps.max_message_len());
            let checked = Update::check(body, &what.caps, what.side).unwrap();
            prop_assert_eq!(checked.fate, Fate::Keep, "{:?}", checked.fault);
            prop_assert_eq!(checked.update.end_of_rib(), None);
            for reach in checked.update.reach() {
                prop_assert_eq!((reach.family, reach.next_hop), (what.family, what.next_hop));
                received.extend(reach.nlri);
            }
            let path = what.attrs.as_block().as_path();
            prop_assert_eq!(checked.update.neighbor_as(), path.neighbor_as());
            prop_assert!(checked.update.as_path().asns().eq(path.asns()));
            prop_assert_eq!(checked.update.normalise(&mut block), what.attrs.as_block());

            let disguised = disguise(body, seed);
            let checked = Update::check(&disguised, &what.caps, what.side).unwrap();
            prop_assert_eq!(checked.update.normalise(&mut block), what.attrs.as_block());
        }
        if !received.is_empty() {
            prop_assert_eq!(&received, &what.nlri);
            prop_assert_eq!(emit(&what, AttrBlock::new(&block)), octets);
        }
    }

    #[test]
    fn withdrawals_round_trip(caps in caps(), v4 in vec(any::<u32>(), 0..1500), v6 in vec(any::<u64>(), 0..400)) {
        let v4 = v4.iter().map(|bits| Nlri {
            path_id: if caps.add_path_send.contains(Family::Ipv4Unicast) { *bits } else { 0 },
            prefix: Prefix::new(Ipv4Addr::from_bits(bits >> 1).into(), 8 + (bits % 25) as u8).unwrap().trunc(),
        });
        let v6 = v6.iter().map(|bits| Nlri {
            path_id: if caps.add_path_send.contains(Family::Ipv6Unicast) { 7 } else { 0 },
            prefix: Prefix::new(Ipv6Addr::from_bits(0x2001 << 112 | u128::from(*bits)).into(), 128).unwrap(),
        });
        for (family, sent) in [(Family::Ipv4Unicast, v4.collect::<Vec<_>>()), (Family::Ipv6Unicast, v6.collect())] {
            let mut out = vec![];
            let mut writer = UpdateWriter::withdraw(&mut out, &caps, family);
            for nlri in &sent {
                if writer.push(nlri) != Fitted::Yes {
                    writer.next_message();
                    prop_assert_eq!(writer.push(nlri), Fitted::Yes);
                }
            }
            writer.finish();
            let mut received = vec![];
            for body in bodies(&out) {
                prop_assert!(body.len() + HEADER_LEN <= caps.max_message_len());
                let update = Update::check(body, &caps, PeerSide::External).unwrap().update;
                prop_assert_eq!(update.reach().count(), 0);
                received.extend(update.unreach().flat_map(|unreach| unreach.nlri));
            }
            prop_assert_eq!(received, sent);
        }
    }
}

#[test]
fn end_of_rib_reads_as_end_of_rib() {
    for family in Family::ALL {
        let mut out = vec![0xaa];
        UpdateWriter::end_of_rib(&mut out, family);
        let bodies = bodies(&out[1..]);
        assert_eq!(bodies.len(), 1);
        let update = Update::check(bodies[0], &Caps::default(), PeerSide::External).unwrap().update;
        assert_eq!(update.end_of_rib(), Some(family));
    }
}

#[test]
fn nothing_pushed_leaves_nothing_behind() {
    let mut out = vec![1, 2, 3];
    let next_hop = NextHop::V4(Ipv4Addr::new(192, 0, 2, 1));
    UpdateWriter::begin(&mut out, &Caps::default(), Family::Ipv4Unicast, next_hop, AttrBlock::default())
        .finish();
    UpdateWriter::withdraw(&mut out, &Caps::default(), Family::Ipv6Unicast).next_message();
    assert_eq!(out, [1, 2, 3]);
}

#[test]
fn a_block_that_fits_no_message_is_never_sent() {
    let mut attrs = AttrBuf::new();
    attrs.set(AttrCode(99), &[7; 4070]);
    let nlri = Nlri { path_id: 0, prefix: "10.0.0.0/8".parse().unwrap() };
    let next_hops = [
        NextHop::V4(Ipv4Addr::new(192, 0, 2, 1)),
        NextHop::V6 { global: Ipv6Addr::LOCALHOST, link_local: None },
    ];
    for next_hop in next_hops {
        let mut out = vec![];
        let caps = Caps { four_octet_as: true, ..Caps::default() };
        let mut writer =
            UpdateWriter::begin(&mut out, &caps, Family::Ipv4Unicast, next_hop, attrs.as_block());
        assert_eq!(writer.push(&nlri), Fitted::Never);
        writer.next_message();
        assert_eq!(writer.push(&nlri), Fitted::Never);
        writer.finish();
        assert!(out.is_empty());
        let caps = Caps { extended_message: true, ..caps };
        let mut writer =
            UpdateWriter::begin(&mut out, &caps, Family::Ipv4Unicast, next_hop, attrs.as_block());
        assert_eq!(writer.push(&nlri), Fitted::Yes);
    }
}
