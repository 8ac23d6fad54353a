//! TCP sockets as BGP wants them: keys, hop limits, source addresses.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::os::fd::AsFd;

use bgp_core::speaker::Dial;
use bgp_core::speaker::config::{Ttl, UpdateSource};
use frr_bridge::interface::Interface;
use frr_bridge::sys;
use ipnet::IpNet;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::addresses;

/// Opens the connection that `dial` describes; `interface` is the one its source names, if it names one.
pub(super) async fn dial(dial: &Dial, interface: Option<&Interface>) -> io::Result<TcpStream> {
    let remote = with_scope(dial.remote, interface);
    let socket = Socket::new(Domain::for_address(remote), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    apply_ttl(&socket, remote.ip(), dial.ttl, dial.external)?;
    if let Some(password) = &dial.password {
        sys::set_md5_key(&socket, IpNet::from(remote.ip()), password.as_bytes())?;
    }
    if let Some(source) = source_address(dial, interface)? {
        socket.bind(&SocketAddr::new(source, 0).into())?;
    }
    mark_as_routing(&socket, remote.ip());
    let connect = TcpSocket::from_std_stream(socket.into()).connect(remote);
    match tokio::time::timeout(dial.give_up_after, connect).await {
        Ok(stream) => stream,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// Listens on `address` alone: an IPv6 socket does not take IPv4 connections.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    // A peer that demands RFC 5082 drops a SYN-ACK with a lower one.
    set_ttl(&socket, address.ip(), GTSM_TTL)?;
    mark_as_routing(&socket, address.ip());
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Sets what the configuration says of the peer's distance on a connected socket.
pub(super) fn apply_ttl(socket: &impl AsFd, remote: IpAddr, ttl: Ttl, external: bool) -> io::Result<()> {
    let (sent, least) = match ttl {
        Ttl::Default if external => (1, 0),
        Ttl::Default => (GTSM_TTL, 0),
        Ttl::Multihop(hops) => (u32::from(hops), 0),
        Ttl::Security { hops } => (GTSM_TTL, u8::MAX - hops.saturating_sub(1)),
    };
    set_ttl(socket, remote, sent)?;
    if least > 0 { sys::set_min_ttl(socket, least) } else { Ok(()) }
}

/// No delay for small messages, and the precedence of routing traffic (RFC 4271 App. E, RFC 4594 §3.1).
pub(super) fn mark_as_routing(socket: &impl AsFd, remote: IpAddr) {
    let socket = SockRef::from(socket);
    // Neither matters enough to refuse a session over.
    let _ = socket.set_tcp_nodelay(true);
    let _ = match remote {
        IpAddr::V4(_) => socket.set_tos_v4(CLASS_SELECTOR_6),
        IpAddr::V6(_) => socket.set_tclass_v6(CLASS_SELECTOR_6),
    };
}

fn set_ttl(socket: &impl AsFd, remote: IpAddr, ttl: u32) -> io::Result<()> {
    let socket = SockRef::from(socket);
    match remote {
        IpAddr::V4(_) => socket.set_ttl_v4(ttl),
        IpAddr::V6(_) => socket.set_unicast_hops_v6(ttl),
    }
}

fn source_address(dial: &Dial, interface: Option<&Interface>) -> io::Result<Option<IpAddr>> {
    match (&dial.source, interface) {
        (None, _) => Ok(None),
        (Some(UpdateSource::Address(address)), _) => Ok(Some(*address)),
        (Some(UpdateSource::Interface(_)), Some(interface)) => {
            let source = addresses::source(interface, dial.remote.ip());
            source.map(Some).ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
        }
        (Some(UpdateSource::Interface(_)), None) => Err(io::ErrorKind::AddrNotAvailable.into()),
    }
}

fn with_scope(remote: SocketAddr, interface: Option<&Interface>) -> SocketAddr {
    match (remote, interface) {
        (SocketAddr::V6(v6), Some(interface)) if v6.ip().is_unicast_link_local() => {
            SocketAddrV6::new(*v6.ip(), v6.port(), 0, interface.index).into()
        }
        _ => remote,
    }
}

/// What RFC 5082 has peers send.
const GTSM_TTL: u32 = 255;
/// CS6, the DSCP of network control, as a traffic class octet.
const CLASS_SELECTOR_6: u32 = 0xc0;
/// Connections that may wait to be accepted.
const BACKLOG: i32 = 128;
