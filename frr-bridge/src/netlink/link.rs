//! Interfaces as messages (RTM_NEWLINK, RTM_DELLINK).

use std::io;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{LinkFlags, LinkMessage};

use super::message::{
    Attributes, Message, RTM_DELLINK, RTM_GETLINK, RTM_NEWLINK, read_u8, read_u16, read_u32,
};
use super::requests::Requests;
use crate::interface::{Interface, InterfaceFlags};

/// Reads every interface of the namespace, addresses not included.
pub fn dump_links(requests: &mut Requests) -> io::Result<Vec<Interface>> {
    // A list that changed while it was read may lack an entry; what changes after the last try is heard from the
    // monitor.
    for _ in 0..TRIES {
        let mut links = Vec::new();
        let is_interrupted = requests.dump(
            RTM_GETLINK,
            |request| request.put(&[0; HEADER_LEN]),
            |message| links.extend(decode(message).filter(|_| message.kind == RTM_NEWLINK)),
        )?;
        if !is_interrupted {
            return Ok(links);
        }
    }
    Err(io::Error::new(io::ErrorKind::ResourceBusy, "the interfaces never stop changing"))
}

/// Switches an interface on or off.
pub fn set_link_up(requests: &mut Requests, index: u32, is_up: bool) -> io::Result<()> {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.header.change_mask = LinkFlags::Up;
    message.header.flags = if is_up { LinkFlags::Up } else { LinkFlags::empty() };
    requests.request(RouteNetlinkMessage::SetLink(message), 0)
}

/// The interface of an RTM_NEWLINK or RTM_DELLINK.
pub(super) fn decode(message: &Message<'_>) -> Option<Interface> {
    if !matches!(message.kind, RTM_NEWLINK | RTM_DELLINK) {
        return None;
    }
    let (header, attributes) = message.split(HEADER_LEN)?;
    // A bridge tells its ports' link state in messages of its own family, which say nothing of the rest.
    if header.first() != Some(&0) {
        return None;
    }
    let mut link = Interface {
        hardware_type: read_u16(header, 2),
        index: read_u32(header, 4),
        flags: InterfaceFlags(read_u32(header, 8)),
        ..Interface::default()
    };
    for (kind, value) in attributes {
        match kind {
            IFLA_ADDRESS => link.mac = value.to_vec(),
            IFLA_IFNAME => link.name = text(value),
            IFLA_MTU => link.mtu = read_u32(value, 0),
            IFLA_LINK => link.parent = Some(read_u32(value, 0)).filter(|index| *index != 0),
            IFLA_MASTER => link.master = Some(read_u32(value, 0)),
            IFLA_TXQLEN => link.queue_length = read_u32(value, 0),
            IFLA_IFALIAS => link.alias = text(value),
            IFLA_PROTO_DOWN => link.is_held_down = read_u8(value, 0) != 0,
            IFLA_LINKINFO => {
                for (kind, name) in Attributes(value) {
                    match kind {
                        IFLA_INFO_KIND => link.kind = Some(text(name)),
                        IFLA_INFO_SLAVE_KIND => link.master_kind = Some(text(name)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    (!link.name.is_empty()).then_some(link)
}

fn text(value: &[u8]) -> String {
    let end = value.iter().position(|octet| *octet == 0).unwrap_or(value.len());
    String::from_utf8_lossy(value.get(..end).unwrap_or(value)).into_owned()
}

const TRIES: usize = 5;

/// `struct ifinfomsg`: family, pad, type, index, flags, change mask.
const HEADER_LEN: usize = 16;

const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_TXQLEN: u16 = 13;
const IFLA_LINKINFO: u16 = 18;
const IFLA_IFALIAS: u16 = 20;
const IFLA_PROTO_DOWN: u16 = 39;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_SLAVE_KIND: u16 = 4;
