//! `netgauze-bgp-pkt`: owned messages.

use std::collections::HashMap;
use std::net::IpAddr;

use netgauze_bgp_pkt::BgpMessage;
use netgauze_bgp_pkt::path_attribute::{AsPath, MpReach, PathAttributeValue as Value};
use netgauze_bgp_pkt::wire::deserializer::BgpParsingContext;
use netgauze_parse_utils::reader::SliceReader;
use netgauze_parse_utils::traits::ParseFromWithOneInput;

use crate::Seen;

pub fn visit(messages: &[Vec<u8>]) -> Seen {
    let mut seen = Seen::default();
    let mut context = BgpParsingContext::new(true, HashMap::new(), HashMap::new(), true, true, true, true);
    for message in messages {
        let message = BgpMessage::parse(&mut SliceReader::new(message), &mut context);
        let Ok(BgpMessage::Update(update)) = message else { panic!("a well-formed UPDATE") };
        for attribute in update.path_attributes() {
            match attribute.value() {
                Value::Origin(origin) => seen.number(*origin as u32),
                Value::AsPath(AsPath::As4PathSegments(segments)) => {
                    let asns = segments.iter().flat_map(|segment| segment.as_numbers());
                    asns.for_each(|asn| seen.asn(*asn));
                }
                Value::NextHop(next_hop) => seen.next_hop(IpAddr::V4(next_hop.next_hop())),
                Value::MultiExitDiscriminator(med) => seen.number(med.metric()),
                Value::Communities(list) => {
                    list.communities().iter().for_each(|community| seen.community(community.value()));
                }
                Value::MpReach(MpReach::Ipv6Unicast { next_hop_global, nlri, .. }) => {
                    seen.next_hop(IpAddr::V6(*next_hop_global));
                    for nlri in nlri {
                        let net = nlri.network().address();
                        seen.prefix(IpAddr::V6(net.addr()), net.prefix_len());
                    }
                }
                _ => {}
            }
        }
        for nlri in update.nlri() {
            let net = nlri.network().address();
            seen.prefix(IpAddr::V4(net.addr()), net.prefix_len());
        }
    }
    seen
}
