//! Reading an UPDATE allocates nothing, and writing one no more than its buffer: counted.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::net::Ipv4Addr;

use allocation_counter::measure;
use bgp_core::wire::{AttrBuf, Caps, Fate, Fitted, HEADER_LEN, Origin, PeerSide, Update, UpdateWriter};
use bgp_core::{Asn, Family, FamilySet, NextHop, Nlri, Prefix, RouterId};

fn caps(four_octet_as: bool, add_path: bool) -> Caps {
    let families = if add_path { Family::ALL.into_iter().collect() } else { FamilySet::EMPTY };
    Caps { four_octet_as, extended_message: false, add_path_receive: families, add_path_send: families }
}

fn attrs() -> AttrBuf {
    let mut attrs = AttrBuf::new();
    attrs.set_origin(Origin::Igp);
    attrs.set_as_path(&[Asn(65_002), Asn(4_200_000_000), Asn(3356), Asn(15_169)]);
    attrs.set_med(10);
    attrs.set_local_pref(100);
    attrs.set_aggregator(Asn(4_200_000_000), Ipv4Addr::new(192, 0, 2, 9));
    attrs.set_communities([65_002 << 16 | 1, 65_002 << 16 | 2]);
    attrs.set_originator_id(RouterId(7));
    attrs.prepend_cluster(RouterId(8));
    attrs.set_large_communities([[65_002, 1, 2]]);
    attrs
}

fn nlri(family: Family, add_path: bool) -> Vec<Nlri> {
    (0..40_u8)
        .map(|n| {
            let text = match family {
                Family::Ipv4Unicast => format!("10.{n}.0.0/{}", 16 + n % 17),
                Family::Ipv6Unicast => format!("2001:db8:{n:x}::/{}", 48 + n % 80),
            };
            Nlri { path_id: u32::from(add_path && n > 3), prefix: text.parse::<Prefix>().unwrap().trunc() }
        })
        .collect()
}

/// Every accessor and iterator of a view.
fn visit(update: &Update<'_>) -> usize {
    let routes = update.reach().map(|reach| reach.nlri.count()).sum::<usize>()
        + update.unreach().map(|unreach| unreach.nlri.count()).sum::<usize>();
    let path = update.as_path();
    black_box((update.as_path_contains(Asn(7)), update.neighbor_as(), path.length(), path.asns().count()));
    black_box((update.originator_id(), update.cluster_list().count(), update.only_to_customer()));
    black_box((update.end_of_rib(), update.spans()));
    routes + update.attrs().map(|attr| attr.value.len()).sum::<usize>()
}

#[test]
fn check_and_every_iterator_allocate_nothing() {
    for (four, add_path) in [(true, false), (true, true), (false, false)] {
        for family in Family::ALL {
            let caps = caps(four, add_path);
            let next_hop = match family {
                Family::Ipv4Unicast => NextHop::V4(Ipv4Addr::new(192, 0, 2, 1)),
                Family::Ipv6Unicast => {
                    NextHop::V6 { global: "2001:db8::1".parse().unwrap(), link_local: None }
                }
            };
            let (attrs, sent) = (attrs(), nlri(family, add_path));
            let mut out = vec![];
            let mut writer = UpdateWriter::begin(&mut out, &caps, family, next_hop, attrs.as_block());
            sent.iter().for_each(|nlri| assert_eq!(writer.push(nlri), Fitted::Yes));
            writer.finish();

            let read = measure(|| {
                let checked = Update::check(&out[HEADER_LEN..], &caps, PeerSide::Internal).unwrap();
                assert_eq!(checked.fate, Fate::Keep);
                assert!(black_box(visit(&checked.update)) > sent.len());
                let again = Update::from_spans(checked.update.body(), checked.update.spans());
                black_box(visit(&again));
            });
            assert_eq!(read.count_total, 0);

            let mut block = Vec::with_capacity(4096);
            let update = Update::check(&out[HEADER_LEN..], &caps, PeerSide::Internal).unwrap().update;
            let normalised = measure(|| {
                let block = update.normalise(&mut block);
                black_box((
                    block.as_path().length(),
                    block.communities().count(),
                    block.med(),
                    block.origin(),
                ));
                assert_eq!(block, attrs.as_block());
            });
            assert_eq!(normalised.count_total, 0, "the caller's buffer is all it takes");
        }
    }
}

#[test]
fn what_is_treated_as_withdrawn_allocates_nothing_either() {
    let body = [0, 0, 0, 4, 0x40, 1, 1, 9, 8, 10];
    let read = measure(|| {
        let checked = Update::check(&body, &caps(true, false), PeerSide::External).unwrap();
        assert_eq!(checked.fate, Fate::TreatAsWithdraw);
        black_box(visit(&checked.update));
    });
    assert_eq!(read.count_total, 0);
    let refused =
        measure(|| assert!(Update::check(&body[..9], &caps(true, false), PeerSide::External).is_err()));
    assert_eq!(refused.count_total, 0);
}

#[test]
fn further_messages_of_a_block_allocate_nothing() {
    let (attrs, sent) = (attrs(), nlri(Family::Ipv4Unicast, false));
    let mut out = Vec::with_capacity(1 << 20);
    let next_hop = NextHop::V4(Ipv4Addr::new(192, 0, 2, 1));
    let written = measure(|| {
        let mut writer = UpdateWriter::begin(
            &mut out,
            &caps(true, false),
            Family::Ipv4Unicast,
            next_hop,
            attrs.as_block(),
        );
        for nlri in sent.iter().cycle().take(10_000) {
            if writer.push(nlri) == Fitted::Full {
                writer.next_message();
                assert_eq!(writer.push(nlri), Fitted::Yes);
            }
        }
    });
    assert_eq!(written.count_total, 0);
}
