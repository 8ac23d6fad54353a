//! Ours: a view, nothing owned.

use std::collections::HashSet;

use bgp_core::wire::{AttrCode, Caps, HEADER_LEN, PeerSide, Update};

use crate::Seen;

const CAPS: Caps = Caps {
    four_octet_as: true,
    extended_message: false,
    add_path_receive: bgp_core::FamilySet::EMPTY,
    add_path_send: bgp_core::FamilySet::EMPTY,
};

pub fn visit(messages: &[Vec<u8>]) -> Seen {
    let mut seen = Seen::default();
    for message in messages {
        let checked = Update::check(&message[HEADER_LEN..], &CAPS, PeerSide::External);
        let update = checked.expect("a well-formed UPDATE").update;
        for asn in update.as_path().asns() {
            seen.asn(asn.0);
        }
        for attr in update.attrs() {
            match attr.code {
                AttrCode::ORIGIN => attr.value.iter().for_each(|origin| seen.number(u32::from(*origin))),
                AttrCode::MULTI_EXIT_DISC => numbers(attr.value).for_each(|med| seen.number(med)),
                AttrCode::COMMUNITIES => numbers(attr.value).for_each(|community| seen.community(community)),
                _ => {}
            }
        }
        for reach in update.reach() {
            seen.next_hop(reach.next_hop.address());
            reach.nlri.for_each(|nlri| seen.prefix(nlri.prefix.addr(), nlri.prefix.prefix_len()));
        }
    }
    seen
}

pub fn has_distinct_communities(message: &[u8]) -> bool {
    let checked = Update::check(&message[HEADER_LEN..], &CAPS, PeerSide::External);
    let update = checked.expect("a well-formed UPDATE").update;
    let mut known = HashSet::new();
    update.attr(AttrCode::COMMUNITIES).is_none_or(|attr| numbers(attr.value).all(|one| known.insert(one)))
}

fn numbers(value: &[u8]) -> impl Iterator<Item = u32> {
    value.as_chunks().0.iter().map(|octets| u32::from_be_bytes(*octets))
}
