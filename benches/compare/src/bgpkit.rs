//! `bgpkit-parser`: owned messages, read from shared octets.

use bgpkit_parser::models::{AsPathSegment, AsnLength, AttributeValue as Value, Community, NextHopAddress};
use bgpkit_parser::parser::bgp::messages::parse_bgp_update_message;
use bytes::Bytes;

use crate::Seen;

const HEADER_LEN: usize = 19;

pub fn visit(messages: &[Vec<u8>]) -> Seen {
    let mut seen = Seen::default();
    for message in messages {
        // It only reads shared octets; a read buffer would be shared already, so the copy is small beside the rest.
        let body = Bytes::copy_from_slice(&message[HEADER_LEN..]);
        let update = parse_bgp_update_message(body, false, &AsnLength::Bits32).expect("a well-formed UPDATE");
        for net in &update.announced_prefixes {
            seen.prefix(net.prefix.addr(), net.prefix.prefix_len());
        }
        for attribute in &update.attributes {
            match attribute {
                Value::Origin(origin) => seen.number(*origin as u32),
                Value::AsPath(path) => {
                    for segment in path.iter_segments() {
                        if let AsPathSegment::AsSequence(asns) = segment {
                            asns.iter().for_each(|asn| seen.asn(asn.to_u32()));
                        }
                    }
                }
                Value::NextHop(address) => seen.next_hop(*address),
                Value::MultiExitDiscriminator(med) => seen.number(*med),
                Value::Communities(list) => {
                    for community in list {
                        seen.community(match community {
                            Community::Custom(asn, value) => asn.to_u32() << 16 | u32::from(*value),
                            other => panic!("{other:?} is not in the load"),
                        });
                    }
                }
                Value::MpReachNlri(reach) => {
                    if let Some(NextHopAddress::Ipv6(address)) = reach.next_hop {
                        seen.next_hop(address.into());
                    }
                    for net in &reach.prefixes {
                        seen.prefix(net.prefix.addr(), net.prefix.prefix_len());
                    }
                }
                _ => {}
            }
        }
    }
    seen
}
