//! What the kernel says unasked: interfaces, addresses, routes and next-hop objects that change.
//!
//! The echo of our own route changes is dropped by a filter inside the kernel, so that writing a full table does
//! not flood the socket. If it does overflow (ENOBUFS), that is a notice too: [`Notice::Overrun`].

use std::fmt;
use std::io;

use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{AsyncSocket, AsyncSocketExt, SocketAddr, TokioSocket};
use nix::libc;
use socket2::{SockFilter, SockRef};

use super::message::{
    Message, Messages, NLM_F_REPLACE, RTM_DELADDR, RTM_DELLINK, RTM_DELNEXTHOP, RTM_DELROUTE, RTM_NEWADDR,
    RTM_NEWLINK, RTM_NEWNEXTHOP, RTM_NEWROUTE,
};
use super::next_hop::{self, NextHop};
use super::{address, link, requests, route};
use crate::interface::{Interface, InterfaceAddress};
use crate::route::Route;

/// Something changed in the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// An interface is new or different; its addresses are told apart.
    Link(Interface),
    /// An interface is gone.
    LinkGone(u32),
    /// An interface has this address.
    Address(u32, InterfaceAddress),
    /// An interface no longer has this address.
    AddressGone(u32, InterfaceAddress),
    /// There is this route; true if it took the place of those of equal destination and metric.
    Route(Route, bool),
    /// This route, or these next hops of it, are gone.
    RouteGone(Route),
    /// There is this next-hop object with BGP's mark, new or different.
    NextHop(NextHop),
    /// The next-hop object of this number is gone, and every route that went by it.
    NextHopGone(u32),
    /// Notices were lost: the kernel must be read again.
    Overrun,
}

/// The listening socket.
pub struct Monitor {
    socket: TokioSocket,
    received: Vec<u8>,
}

impl Monitor {
    /// Listens in the network namespace of the calling thread, with a receive buffer of that many octets. Changes
    /// of routes and next hops made through the socket with port number `own` are left out. Needs a runtime.
    pub fn open(receive_buffer: usize, own: u32) -> io::Result<Self> {
        let mut socket = TokioSocket::new(NETLINK_ROUTE)?;
        requests::grow_receive_buffer(socket.socket_ref(), receive_buffer)?;
        SockRef::from(socket.socket_ref()).attach_filter(&own_routes_filter(own))?;
        socket.socket_mut().bind(&SocketAddr::new(0, GROUPS))?;
        Ok(Self { socket, received: Vec::with_capacity(CHUNK) })
    }

    /// Waits until there is something, and adds what is there - but not without bound - to `notices`. Nothing is
    /// lost if the future is dropped.
    pub async fn read(&mut self, notices: &mut Vec<Notice>) -> io::Result<()> {
        self.received.clear();
        let mut outcome = self.socket.recv(&mut self.received).await;
        for left in (0..READS).rev() {
            match outcome {
                Ok(()) => notices.extend(Messages(&self.received).filter_map(|message| decode(&message))),
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => notices.push(Notice::Overrun),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            if left == 0 {
                // What is received now would be lost: nobody looks at it any more.
                break;
            }
            self.received.clear();
            outcome = self.socket.socket_ref().recv(&mut self.received, 0).map(drop);
        }
        Ok(())
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").finish_non_exhaustive()
    }
}

fn decode(message: &Message<'_>) -> Option<Notice> {
    match message.kind {
        RTM_NEWLINK => link::decode(message).map(Notice::Link),
        RTM_DELLINK => link::decode(message).map(|link| Notice::LinkGone(link.index)),
        RTM_NEWADDR => address::decode(message).map(|(index, address)| Notice::Address(index, address)),
        RTM_DELADDR => address::decode(message).map(|(index, address)| Notice::AddressGone(index, address)),
        RTM_NEWROUTE => {
            let replaces = message.flags & NLM_F_REPLACE != 0;
            route::decode(message).map(|route| Notice::Route(route, replaces))
        }
        RTM_DELROUTE => route::decode(message).map(Notice::RouteGone),
        RTM_NEWNEXTHOP => next_hop::decode(message).map(Notice::NextHop),
        RTM_DELNEXTHOP => next_hop::decode(message).map(|gone| Notice::NextHopGone(gone.id)),
        _ => None,
    }
}

/// A classic BPF program: of what is said of routes and next hops, drop what has our port number; keep the rest.
fn own_routes_filter(own: u32) -> [SockFilter; 9] {
    // BPF loads in network order what the kernel wrote in host order.
    let kind = |kind: u16| u32::from(kind.to_be());
    [
        SockFilter::new(LOAD_HALF, 0, 0, 4),
        SockFilter::new(JUMP_EQUAL, 3, 0, kind(RTM_NEWROUTE)),
        SockFilter::new(JUMP_EQUAL, 2, 0, kind(RTM_DELROUTE)),
        SockFilter::new(JUMP_EQUAL, 1, 0, kind(RTM_NEWNEXTHOP)),
        SockFilter::new(JUMP_EQUAL, 0, 3, kind(RTM_DELNEXTHOP)),
        SockFilter::new(LOAD_WORD, 0, 0, 12),
        SockFilter::new(JUMP_EQUAL, 0, 1, own.to_be()),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ]
}

/// BPF_LD | BPF_H | BPF_ABS
const LOAD_HALF: u16 = 0x28;
/// BPF_LD | BPF_W | BPF_ABS
const LOAD_WORD: u16 = 0x20;
/// BPF_JMP | BPF_JEQ | BPF_K
const JUMP_EQUAL: u16 = 0x15;
/// BPF_RET | BPF_K
const RETURN: u16 = 0x06;

/// RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE, RTMGRP_IPV6_IFADDR, RTMGRP_IPV6_ROUTE, RTNLGRP_NEXTHOP
const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400 | 1 << 31;

/// What one read takes at most.
const CHUNK: usize = 32 * 1024;

/// Reads before other work gets its turn.
const READS: usize = 256;
