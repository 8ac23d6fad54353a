//! Making devices with a hardware address of their own (macvlan), and the few settings of a device that netlink
//! carries: they work where `/proc/sys` is not to be written.

use std::io;

use netlink_packet_core::DefaultNla;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoMacVlan, LinkAttribute, LinkInfo, LinkMessage, MacVlanMode,
};
use nix::libc;

use super::message::{AF_INET, AF_INET6, NLM_F_CREATE, NLM_F_EXCL};
use super::requests::Requests;

/// A setting of a device's IPv4 (`net.ipv4.conf.*`), by its number in linux/ip.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Ipv4Setting {
    /// `rp_filter`.
    ReversePathFilter = 8,
    /// `arp_announce`.
    ArpAnnounce = 18,
    /// `arp_ignore`.
    ArpIgnore = 19,
    /// `accept_local`.
    AcceptLocal = 23,
}

impl Ipv4Setting {
    /// Its file in `/proc/sys/net/ipv4/conf/*`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReversePathFilter => "rp_filter",
            Self::ArpAnnounce => "arp_announce",
            Self::ArpIgnore => "arp_ignore",
            Self::AcceptLocal => "accept_local",
        }
    }
}

/// Makes a device on `parent`, in bridge mode and switched off. An existing name is an error.
pub fn add_macvlan(requests: &mut Requests, parent: u32, name: &str, mac: [u8; 6]) -> io::Result<()> {
    let mut message = LinkMessage::default();
    let mode = InfoData::MacVlan(vec![InfoMacVlan::Mode(MacVlanMode::Bridge)]);
    message.attributes = vec![
        LinkAttribute::IfName(name.to_owned()),
        LinkAttribute::Link(parent),
        LinkAttribute::Address(mac.to_vec()),
        LinkAttribute::LinkInfo(vec![LinkInfo::Kind(InfoKind::MacVlan), LinkInfo::Data(mode)]),
    ];
    requests.request(RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL)
}

/// Removes an interface; one that is not there is success.
pub fn remove_link(requests: &mut Requests, index: u32) -> io::Result<()> {
    let mut message = LinkMessage::default();
    message.header.index = index;
    match requests.request(RouteNetlinkMessage::DelLink(message), 0) {
        Err(error) if error.raw_os_error() == Some(libc::ENODEV) => Ok(()),
        outcome => outcome,
    }
}

/// Writes on an interface whose it is.
pub fn set_alias(requests: &mut Requests, index: u32, alias: &str) -> io::Result<()> {
    change(requests, index, LinkAttribute::IfAlias(alias.to_owned()))
}

/// The kernel makes no IPv6 link-local address from the hardware address (`addrgenmode none`).
pub fn stop_address_generation(requests: &mut Requests, index: u32) -> io::Result<()> {
    let mode = attribute(IFLA_INET6_ADDR_GEN_MODE, &[IN6_ADDR_GEN_MODE_NONE]);
    let family = attribute(u16::from(AF_INET6), &mode);
    change(requests, index, LinkAttribute::Other(DefaultNla::new(IFLA_AF_SPEC, family)))
}

/// Keeps a device without carrier whatever its parent has (`protodown`), or no longer, whoever had his reasons.
pub fn set_held_down(requests: &mut Requests, index: u32, is_held: bool) -> io::Result<()> {
    let mut message = LinkMessage::default();
    message.header.index = index;
    if !is_held {
        let every_reason = [
            attribute(IFLA_PROTO_DOWN_REASON_MASK, &u32::MAX.to_ne_bytes()),
            attribute(IFLA_PROTO_DOWN_REASON_VALUE, &0_u32.to_ne_bytes()),
        ];
        let reasons = DefaultNla::new(IFLA_PROTO_DOWN_REASON | NESTED, every_reason.concat());
        message.attributes.push(LinkAttribute::Other(reasons));
    }
    message.attributes.push(LinkAttribute::Other(DefaultNla::new(IFLA_PROTO_DOWN, vec![u8::from(is_held)])));
    requests.request(RouteNetlinkMessage::SetLink(message), 0)
}

/// Sets what is given of a device's IPv4.
pub fn set_ipv4(requests: &mut Requests, index: u32, settings: &[(Ipv4Setting, u32)]) -> io::Result<()> {
    let one = |(setting, value): &(Ipv4Setting, u32)| attribute(*setting as u16, &value.to_ne_bytes());
    let all: Vec<u8> = settings.iter().flat_map(one).collect();
    let family = attribute(u16::from(AF_INET), &attribute(IFLA_INET_CONF, &all));
    change(requests, index, LinkAttribute::Other(DefaultNla::new(IFLA_AF_SPEC, family)))
}

fn change(requests: &mut Requests, index: u32, attribute: LinkAttribute) -> io::Result<()> {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.attributes.push(attribute);
    requests.request(RouteNetlinkMessage::SetLink(message), 0)
}

/// An attribute inside another one.
pub(super) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
    let mut octets = [len.to_ne_bytes(), kind.to_ne_bytes()].concat();
    octets.extend_from_slice(value);
    octets.resize(octets.len().next_multiple_of(4), 0);
    octets
}

/// NLA_F_NESTED.
const NESTED: u16 = 1 << 15;
const IFLA_AF_SPEC: u16 = 26;
const IFLA_PROTO_DOWN: u16 = 39;
const IFLA_PROTO_DOWN_REASON: u16 = 55;
const IFLA_PROTO_DOWN_REASON_MASK: u16 = 1;
const IFLA_PROTO_DOWN_REASON_VALUE: u16 = 2;
const IFLA_INET_CONF: u16 = 1;
const IFLA_INET6_ADDR_GEN_MODE: u16 = 8;
const IN6_ADDR_GEN_MODE_NONE: u8 = 1;
