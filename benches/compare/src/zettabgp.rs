//! `zettabgp`: owned messages; communities are a sorted set.

use std::net::{IpAddr, Ipv4Addr};

use zettabgp::prelude::*;

use crate::Seen;

const HEADER_LEN: usize = 19;

pub fn visit(messages: &[Vec<u8>]) -> Seen {
    let mut seen = Seen::default();
    let capabilities =
        vec![BgpCapability::SafiIPv4u, BgpCapability::SafiIPv6u, BgpCapability::CapASN32(65_001)];
    let mut params =
        BgpSessionParams::new(65_001, 180, BgpTransportMode::IPv4, Ipv4Addr::LOCALHOST, capabilities);
    params.has_as32bit = true;
    for message in messages {
        let mut update = BgpUpdateMessage::new();
        update.decode_from(&params, &message[HEADER_LEN..]).expect("a well-formed UPDATE");
        prefixes(&update.updates, &mut seen);
        for attribute in &update.attrs {
            match attribute {
                BgpAttrItem::Origin(origin) => seen.number(match origin.value {
                    BgpAttrOrigin::Igp => 0,
                    BgpAttrOrigin::Egp => 1,
                    BgpAttrOrigin::Incomplete => 2,
                }),
                BgpAttrItem::ASPath(path) => {
                    for item in &path.value {
                        if let BgpASitem::Seq(sequence) = item {
                            sequence.value.iter().for_each(|asn| seen.asn(asn.value));
                        }
                    }
                }
                BgpAttrItem::NextHop(next_hop) => seen.next_hop(next_hop.value),
                BgpAttrItem::MED(med) => seen.number(med.value),
                BgpAttrItem::CommunityList(list) => {
                    list.value.iter().for_each(|community| seen.community(community.value));
                }
                BgpAttrItem::MPUpdates(reach) => {
                    if let BgpAddr::V6(address) = reach.nexthop {
                        seen.next_hop(IpAddr::V6(address));
                    }
                    prefixes(&reach.addrs, &mut seen);
                }
                _ => {}
            }
        }
    }
    seen
}

fn prefixes(list: &BgpAddrs, seen: &mut Seen) {
    match list {
        BgpAddrs::IPV4U(list) => list.iter().for_each(|net| seen.prefix(IpAddr::V4(net.addr), net.prefixlen)),
        BgpAddrs::IPV6U(list) => list.iter().for_each(|net| seen.prefix(IpAddr::V6(net.addr), net.prefixlen)),
        _ => {}
    }
}
