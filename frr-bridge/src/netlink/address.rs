//! Interface addresses as messages (RTM_NEWADDR, RTM_DELADDR).

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressMessage, AddressScope, CacheInfo,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use nix::libc;

use super::message::{self, Message, RTM_DELADDR, RTM_GETADDR, RTM_NEWADDR, read_address, read_u8, read_u32};
use super::requests::{IpVersion, Requests};
use crate::interface::InterfaceAddress;

/// Reads every address of the namespace, with the index of its interface.
pub fn dump_addresses(requests: &mut Requests) -> io::Result<Vec<(u32, InterfaceAddress)>> {
    let mut addresses = Vec::new();
    for family in IpVersion::ALL.map(IpVersion::family) {
        let outcome = requests.dump(
            RTM_GETADDR,
            |request| request.put(&[family, 0, 0, 0, 0, 0, 0, 0]),
            |message| addresses.extend(decode(message).filter(|_| message.kind == RTM_NEWADDR)),
        );
        match outcome {
            // What changes meanwhile is heard from the monitor.
            Ok(_is_interrupted) => {}
            Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(addresses)
}

/// Adds an address; one that is there already is success.
pub fn add_address(
    requests: &mut Requests,
    interface: u32,
    address: IpNet,
    peer: Option<IpNet>,
) -> io::Result<()> {
    let message = encode(interface, address, peer);
    let flags = message::NLM_F_CREATE | message::NLM_F_EXCL;
    match requests.request(RouteNetlinkMessage::NewAddress(message), flags) {
        Err(error) if error.raw_os_error() == Some(libc::EEXIST) => Ok(()),
        outcome => outcome,
    }
}

/// Adds an address that goes by itself after `lifetime` unless this is called again: what a program that has died
/// can no longer hold must not stay. It is in use at once (no duplicate address detection), and the kernel makes no
/// connected route for it unless `has_route`.
pub fn hold_address(
    requests: &mut Requests,
    interface: u32,
    address: IpNet,
    (lifetime, has_route): (Duration, bool),
) -> io::Result<()> {
    let mut message = encode(interface, address, None);
    let seconds = u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX);
    let mut life = CacheInfo::default();
    // What has an end is somebody else's next: no connection of this machine's own making should come from it.
    let is_borrowed = address.addr().is_ipv6() && seconds != u32::MAX;
    (life.ifa_preferred, life.ifa_valid) = (if is_borrowed { 0 } else { seconds }, seconds);
    message.attributes.push(AddressAttribute::CacheInfo(life));
    let mut flags = AddressFlags::empty();
    flags.set(AddressFlags::Nodad, address.addr().is_ipv6());
    flags.set(AddressFlags::Noprefixroute, !has_route);
    message.attributes.push(AddressAttribute::Flags(flags));
    let how = message::NLM_F_CREATE | message::NLM_F_REPLACE;
    requests.request(RouteNetlinkMessage::NewAddress(message), how)
}

/// Removes an address; one that is not there is success.
pub fn remove_address(
    requests: &mut Requests,
    interface: u32,
    address: IpNet,
    peer: Option<IpNet>,
) -> io::Result<()> {
    match requests.request(RouteNetlinkMessage::DelAddress(encode(interface, address, peer)), 0) {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EADDRNOTAVAIL | libc::ENODEV)) => Ok(()),
        outcome => outcome,
    }
}

/// The address of an RTM_NEWADDR or RTM_DELADDR, and the index of its interface.
pub(super) fn decode(message: &Message<'_>) -> Option<(u32, InterfaceAddress)> {
    if !matches!(message.kind, RTM_NEWADDR | RTM_DELADDR) {
        return None;
    }
    let (header, attributes) = message.split(HEADER_LEN)?;
    let len = read_u8(header, 1);
    let mut flags = u32::from(read_u8(header, 2));
    let (mut local, mut address) = (None, None);
    for (kind, value) in attributes {
        match kind {
            IFA_ADDRESS => address = read_address(value),
            IFA_LOCAL => local = read_address(value),
            IFA_FLAGS => flags = read_u32(value, 0),
            _ => {}
        }
    }
    // On point-to-point links IFA_ADDRESS is the other end; IPv6 has no IFA_LOCAL else.
    let (own, peer) = match (local, address) {
        (Some(local), Some(address)) if local != address => {
            let own = IpNet::from(local);
            (own, IpNet::new(address, len).ok())
        }
        (local, address) => (IpNet::new(local.or(address)?, len).ok()?, None),
    };
    let address = InterfaceAddress {
        address: own,
        peer,
        secondary: flags & IFA_F_SECONDARY != 0 && own.addr().is_ipv4(),
        no_prefix_route: flags & IFA_F_NOPREFIXROUTE != 0,
        permanent: flags & IFA_F_PERMANENT != 0,
        tentative: flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED) != 0 && flags & IFA_F_OPTIMISTIC == 0,
    };
    Some((read_u32(header, 4), address))
}

fn encode(interface: u32, address: IpNet, peer: Option<IpNet>) -> AddressMessage {
    let mut message = AddressMessage::default();
    let shown = peer.unwrap_or(address);
    message.header.family = if address.addr().is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    message.header.index = interface;
    message.header.prefix_len = shown.prefix_len();
    message.header.scope = match address.addr() {
        IpAddr::V4(v4) if v4.is_loopback() => AddressScope::Host,
        IpAddr::V4(v4) if v4.is_link_local() => AddressScope::Link,
        IpAddr::V4(_) | IpAddr::V6(_) => AddressScope::Universe,
    };
    message.attributes.push(AddressAttribute::Local(address.addr()));
    message.attributes.push(AddressAttribute::Address(shown.addr()));
    if let (IpNet::V4(net), None) = (address, peer)
        && net.prefix_len() < 31
    {
        message.attributes.push(AddressAttribute::Broadcast(net.broadcast()));
    }
    message
}

/// `struct ifaddrmsg`: family, length, flags, scope, interface index.
const HEADER_LEN: usize = 8;

const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_FLAGS: u16 = 8;

const IFA_F_SECONDARY: u32 = 0x01;
const IFA_F_OPTIMISTIC: u32 = 0x04;
const IFA_F_DADFAILED: u32 = 0x08;
const IFA_F_TENTATIVE: u32 = 0x40;
const IFA_F_PERMANENT: u32 = 0x80;
const IFA_F_NOPREFIXROUTE: u32 = 0x200;
