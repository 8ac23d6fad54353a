//! Packets of protocol 112: a raw socket for each family that hears the group on one interface, and a packet socket
//! that sends frames whose source is the virtual hardware address. Another raw socket hears the hosts that look for a
//! router (RFC 4861 §4.1).
//!
//! Frames leave through the parent, so they are sent whether or not the device is on, learning bridges see the
//! virtual address come from here, and no socket of this machine hears them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::cmsg_space;
use nix::libc;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, RecvMsg, SockaddrIn, SockaddrIn6, recvmsg, send, sendmsg,
    setsockopt, sockopt,
};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::interface::Interface;
use crate::sys;

/// A datagram, or an ICMPv6 message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// From whom.
    pub source: IpAddr,
    /// To whom.
    pub destination: IpAddr,
    /// TTL or hop limit.
    pub hop_limit: u8,
    /// What follows the IP header.
    pub payload: Vec<u8>,
}

/// Hears the group of one family on one interface.
#[derive(Debug)]
pub struct Listener {
    /// A raw socket, whatever its type says: tokio waits for datagrams with this one.
    socket: UdpSocket,
    group: IpAddr,
    interface: u32,
}

/// Sends frames out of one interface.
#[derive(Debug)]
pub struct Frames {
    socket: OwnedFd,
}

impl Listener {
    /// Joins `group` on `interface`. Must be called within a runtime.
    pub fn open(interface: &Interface, group: IpAddr) -> io::Result<Self> {
        Self::open_for(Protocol::from(PROTOCOL), interface, group)
    }

    /// Hears router solicitations on `interface`. Must be called within a runtime.
    pub fn solicitations(interface: &Interface) -> io::Result<Self> {
        let listener = Self::open_for(Protocol::ICMPV6, interface, ALL_ROUTERS.into())?;
        sys::keep_icmpv6(&listener.socket, ROUTER_SOLICITATION)?;
        Ok(listener)
    }

    fn open_for(protocol: Protocol, interface: &Interface, group: IpAddr) -> io::Result<Self> {
        let domain = if group.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
        let socket = Socket::new(domain, Type::RAW.nonblocking(), Some(protocol))?;
        socket.bind_device(Some(interface.name.as_bytes()))?;
        match group {
            IpAddr::V4(group) => {
                socket.set_ttl_v4(HOP_LIMIT)?;
                socket.set_tos_v4(NETWORK_CONTROL)?;
                socket.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(interface.index))?;
            }
            IpAddr::V6(group) => {
                socket.set_unicast_hops_v6(HOP_LIMIT)?;
                socket.set_tclass_v6(NETWORK_CONTROL)?;
                setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
                setsockopt(&socket, sockopt::Ipv6RecvHopLimit, &true)?;
                socket.join_multicast_v6(&group, interface.index)?;
            }
        }
        let socket = UdpSocket::from_std(std::net::UdpSocket::from(OwnedFd::from(socket)))?;
        Ok(Self { socket, group, interface: interface.index })
    }

    /// Waits until something is there.
    pub async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// The next datagram; nothing if none is there. One that makes no sense is passed over.
    pub fn receive(&self) -> io::Result<Option<Heard>> {
        loop {
            let received = self.socket.try_io(Interest::READABLE, || match self.group {
                IpAddr::V4(_) => receive_v4(&self.socket),
                IpAddr::V6(_) => receive_v6(&self.socket),
            });
            match received {
                Ok(Some(heard)) => return Ok(Some(heard)),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends to a single neighbour, whose hardware address the kernel finds out.
    pub fn send(&self, source: IpAddr, destination: IpAddr, payload: &[u8]) -> io::Result<()> {
        let (fd, parts) = (self.socket.as_raw_fd(), [io::IoSlice::new(payload)]);
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let info = libc::in_pktinfo {
                    ipi_ifindex: libc::c_int::try_from(self.interface).map_err(io::Error::other)?,
                    ipi_spec_dst: libc::in_addr { s_addr: u32::from(source).to_be() },
                    ipi_addr: libc::in_addr { s_addr: 0 },
                };
                let to = SockaddrIn::from(SocketAddrV4::new(destination, 0));
                let control = [ControlMessage::Ipv4PacketInfo(&info)];
                sendmsg(fd, &parts, &control, MsgFlags::MSG_DONTWAIT, Some(&to))?;
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let info = libc::in6_pktinfo {
                    ipi6_addr: libc::in6_addr { s6_addr: source.octets() },
                    ipi6_ifindex: self.interface,
                };
                let to = SockaddrIn6::from(SocketAddrV6::new(destination, 0, 0, self.interface));
                let control = [ControlMessage::Ipv6PacketInfo(&info)];
                sendmsg(fd, &parts, &control, MsgFlags::MSG_DONTWAIT, Some(&to))?;
            }
            (IpAddr::V4(_) | IpAddr::V6(_), _) => return Err(io::ErrorKind::InvalidInput.into()),
        }
        Ok(())
    }
}

impl Frames {
    /// Opens a socket that sends out of the interface with this index.
    pub fn open(interface: u32) -> io::Result<Self> {
        sys::frame_socket(interface).map(|socket| Self { socket })
    }

    /// Sends a whole Ethernet frame.
    pub fn send(&self, frame: &[u8]) -> io::Result<()> {
        send(self.socket.as_fd().as_raw_fd(), frame, MsgFlags::MSG_DONTWAIT)?;
        Ok(())
    }
}

/// The kernel gives the IP header with the rest (RFC 791 §3.1).
fn receive_v4(socket: &UdpSocket) -> io::Result<Option<Heard>> {
    let mut octets = [0; LONGEST];
    let len = nix::sys::socket::recv(socket.as_raw_fd(), &mut octets, MsgFlags::MSG_DONTWAIT)?;
    Ok(octets.get(..len).and_then(parse_v4))
}

fn parse_v4(packet: &[u8]) -> Option<Heard> {
    let header: &[u8; 20] = packet.first_chunk()?;
    let [first, _, high, low, _, _, _, _, hop_limit, _, _, _, a, b, c, d, e, f, g, h] = *header;
    let header_len = usize::from(first & 0x0f) * 4;
    let total = usize::from(u16::from_be_bytes([high, low]));
    Some(Heard {
        source: Ipv4Addr::new(a, b, c, d).into(),
        destination: Ipv4Addr::new(e, f, g, h).into(),
        hop_limit,
        payload: packet.get(header_len..total)?.to_vec(),
    })
}

/// The kernel tells what was in the IP header beside the message (RFC 3542 §6).
fn receive_v6(socket: &UdpSocket) -> io::Result<Option<Heard>> {
    let mut octets = [0; LONGEST];
    let mut control = cmsg_space!(libc::in6_pktinfo, libc::c_int);
    let mut parts = [io::IoSliceMut::new(&mut octets)];
    let message: RecvMsg<'_, '_, SockaddrIn6> =
        recvmsg(socket.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::MSG_DONTWAIT)?;
    let (source, len) = (message.address.map(|address| address.ip()), message.bytes);
    let (mut destination, mut hop_limit) = (None, None);
    for part in message.cmsgs()? {
        match part {
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                destination = Some(Ipv6Addr::from(info.ipi6_addr.s6_addr));
            }
            ControlMessageOwned::Ipv6HopLimit(limit) => hop_limit = u8::try_from(limit).ok(),
            _ => {}
        }
    }
    let heard = || {
        Some(Heard {
            source: source?.into(),
            destination: destination?.into(),
            hop_limit: hop_limit?,
            payload: octets.get(..len)?.to_vec(),
        })
    };
    Ok(heard())
}

/// RFC 9568 §5.1.1.4.
const PROTOCOL: i32 = 112;
/// RFC 9568 §5.1.1.3.
const HOP_LIMIT: u32 = 255;
/// RFC 4291 §2.7.1.
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
/// RFC 4861 §4.1.
const ROUTER_SOLICITATION: u8 = 133;
/// CS6 as a traffic class octet.
const NETWORK_CONTROL: u32 = 0xc0;
/// A header with options and the longest message: 255 IPv6 addresses.
const LONGEST: usize = 60 + 8 + 255 * 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_where_an_ipv4_message_begins_and_ends() {
        let mut packet = vec![0x46, 0xc0, 0, 28, 0, 0, 0x40, 0, 255, 112, 0, 0, 10, 0, 0, 1, 224, 0, 0, 18];
        packet.extend([0, 0, 0, 0, 1, 2, 3, 4]);
        // Ethernet pads short frames; what is past the length is none of it.
        packet.extend([9; 10]);
        let heard = parse_v4(&packet).unwrap();
        assert_eq!((heard.hop_limit, heard.payload.as_slice()), (255, &[1, 2, 3, 4][..]));
        assert_eq!(heard.destination, "224.0.0.18".parse::<IpAddr>().unwrap());
        assert_eq!(parse_v4(packet.get(..26).unwrap()), None);
        assert_eq!(parse_v4(&[0x45; 19]), None);
    }
}
