//! `routecore`: a view; attributes are walked once, values parsed on the way.

use octseq::Parser;
use routecore::bgp::aspath::{AsPath, Hop};
use routecore::bgp::message::UpdateMessage;
use routecore::bgp::message::update::SessionConfig;
use routecore::bgp::nlri::afisafi::{IsPrefix, Nlri};
use routecore::bgp::path_attributes::WireformatPathAttribute as Attribute;
use routecore::bgp::types::NextHop;

use crate::Seen;

pub fn visit(messages: &[Vec<u8>]) -> Seen {
    let config = SessionConfig::modern();
    let mut seen = Seen::default();
    for message in messages {
        let update = UpdateMessage::from_octets(message.as_slice(), &config).expect("a well-formed UPDATE");
        for attribute in update.path_attributes().expect("attributes") {
            match attribute.expect("an attribute") {
                Attribute::Origin(value) => {
                    let mut parser = value.value_into_parser();
                    seen.number(u32::from(parser.parse_u8().expect("ORIGIN")));
                }
                Attribute::AsPath(value) => {
                    let mut parser = value.value_into_parser();
                    let octets = parser.parse_octets(parser.remaining()).expect("AS_PATH");
                    let path = AsPath::new(octets, true).expect("AS_PATH");
                    for hop in path.hops() {
                        if let Hop::Asn(asn) = hop {
                            seen.asn(asn.into());
                        }
                    }
                }
                Attribute::ConventionalNextHop(value) => {
                    let mut parser = value.value_into_parser();
                    seen.next_hop(std::net::Ipv4Addr::from(number(&mut parser)).into());
                }
                Attribute::MultiExitDisc(value) => seen.number(number(&mut value.value_into_parser())),
                Attribute::StandardCommunities(value) => {
                    let mut parser = value.value_into_parser();
                    while parser.remaining() > 0 {
                        seen.community(number(&mut parser));
                    }
                }
                _ => {}
            }
        }
        if let Some(NextHop::Unicast(address)) = update.mp_next_hop().expect("MP_REACH_NLRI") {
            seen.next_hop(address);
        }
        for nlri in update.announcements().expect("announcements") {
            let prefix = match nlri.expect("a prefix") {
                Nlri::Ipv4Unicast(nlri) => nlri.prefix(),
                Nlri::Ipv6Unicast(nlri) => nlri.prefix(),
                _ => continue,
            };
            seen.prefix(prefix.addr(), prefix.len());
        }
    }
    seen
}

fn number(parser: &mut Parser<'_, &[u8]>) -> u32 {
    parser.parse_u32_be().expect("four octets")
}
