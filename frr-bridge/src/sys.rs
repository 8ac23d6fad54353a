//! What no crate offers of sockets: TCP MD5 signatures (RFC 2385), the least acceptable TTL (RFC 5082), and binding
//! a packet socket to an interface; and how the C library hands out large pieces of memory.
//!
//! The only room of the project with `unsafe` in it: one call each of `setsockopt(2)`, `bind(2)` and `mallopt(3)`.
//! Everything else about sockets is done with `socket2` and `nix` where it is needed.

#![allow(unsafe_code)]

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use ipnet::IpNet;
use nix::libc;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use socket2::{Domain, SockRef};

/// Has every piece of memory from a megabyte on mapped by itself, for good; false if the C library will not.
///
/// The GNU C library raises that limit to the largest piece that was ever freed: the next table of that size would lie
/// among small pieces, and its memory could not be given back. Other C libraries have no such habit.
pub fn map_large_allocations() -> bool {
    #[cfg(target_env = "gnu")]
    // SAFETY: two numbers go in, one comes out, and the C library serialises it with allocations.
    return unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 20) } == 1;
    #[cfg(not(target_env = "gnu"))]
    true
}

/// Longest TCP MD5 key that Linux takes (TCP_MD5SIG_MAXKEYLEN).
pub const MD5_KEY_MAX: usize = 80;

/// Signs, and demands signed, segments to and from `peer`: one address, or every address of a range.
///
/// On a listening socket the key is for connections from there; on a connecting one it must be set before
/// `connect`. An empty key removes the one that was set for exactly this `peer`. An IPv4 peer on an IPv6 socket
/// is taken as IPv4-mapped.
pub fn set_md5_key(socket: &impl AsFd, peer: IpNet, key: &[u8]) -> io::Result<()> {
    let Some(room) = u16::try_from(key.len()).ok().filter(|_| key.len() <= MD5_KEY_MAX) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "TCP MD5 keys have at most 80 octets"));
    };
    let socket = socket.as_fd();
    let domain = SockRef::from(&socket).domain()?;
    let whole = peer.prefix_len() == peer.max_prefix_len();
    let mut option = TcpMd5Sig {
        address: socket_address(domain, peer.trunc().addr()),
        flags: if whole { 0 } else { TCP_MD5SIG_FLAG_PREFIX },
        prefix_len: if whole { 0 } else { peer.prefix_len() },
        key_len: room,
        interface: 0,
        key: [0; MD5_KEY_MAX],
    };
    option.key.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    set_option(socket, libc::IPPROTO_TCP, if whole { TCP_MD5SIG } else { TCP_MD5SIG_EXT }, &option)
}

/// Drops packets that arrive with a TTL or hop limit below `least` (RFC 5082 §3: 255 for a directly connected
/// peer, 256 minus the number of hops else). Zero accepts everything.
pub fn set_min_ttl(socket: &impl AsFd, least: u8) -> io::Result<()> {
    let socket = socket.as_fd();
    let least = libc::c_int::from(least);
    if SockRef::from(&socket).domain()? == Domain::IPV6 {
        set_option(socket, libc::IPPROTO_IPV6, IPV6_MINHOPCOUNT, &least)?;
        // An IPv6 socket may carry IPv4; one that is for IPv6 only has no use for the option.
        let _ = set_option(socket, libc::IPPROTO_IP, IP_MINTTL, &least);
        return Ok(());
    }
    set_option(socket, libc::IPPROTO_IP, IP_MINTTL, &least)
}

/// Lets only ICMPv6 messages of this type through to a raw socket (RFC 3542 §3.2).
pub fn keep_icmpv6(socket: &impl AsFd, kind: u8) -> io::Result<()> {
    // A set bit blocks its type.
    let mut blocked = [u32::MAX; 8];
    if let Some(word) = blocked.get_mut(usize::from(kind / 32)) {
        *word &= !(1 << (kind % 32));
    }
    set_option(socket.as_fd(), libc::IPPROTO_ICMPV6, ICMP6_FILTER, &blocked)
}

/// A socket that sends whole Ethernet frames out of one interface, waits for nothing and receives nothing.
pub fn frame_socket(interface: u32) -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(AddressFamily::Packet, SockType::Raw, flags, None)?;
    let address = LinkLayerAddress {
        family: AF_PACKET,
        // No protocol: nothing is received.
        protocol: 0,
        interface: libc::c_int::try_from(interface).map_err(io::Error::other)?,
        ..LinkLayerAddress::default()
    };
    let len = libc::socklen_t::try_from(size_of::<LinkLayerAddress>()).map_err(io::Error::other)?;
    // SAFETY: `address` is a live value of `len` initialised octets, which the kernel only reads, and the descriptor
    // is open for the length of the call.
    let outcome = unsafe { libc::bind(socket.as_raw_fd(), std::ptr::from_ref(&address).cast(), len) };
    if outcome == 0 { Ok(socket) } else { Err(io::Error::last_os_error()) }
}

/// `struct sockaddr_ll` of linux/if_packet.h.
#[derive(Default)]
#[repr(C)]
struct LinkLayerAddress {
    family: u16,
    protocol: u16,
    interface: libc::c_int,
    hardware_type: u16,
    packet_type: u8,
    address_len: u8,
    address: [u8; 8],
}

/// `struct tcp_md5sig` of linux/tcp.h.
#[repr(C)]
struct TcpMd5Sig {
    address: [u8; 128],
    flags: u8,
    prefix_len: u8,
    key_len: u16,
    interface: libc::c_int,
    key: [u8; MD5_KEY_MAX],
}

/// A `sockaddr_in` or `sockaddr_in6` with port 0, in the room of a `sockaddr_storage`.
fn socket_address(domain: Domain, address: IpAddr) -> [u8; 128] {
    let mut octets = [0; 128];
    let address = match address {
        IpAddr::V4(v4) if domain == Domain::IPV6 => IpAddr::V6(v4.to_ipv6_mapped()),
        other => other,
    };
    let fields: Vec<u8> = match address {
        // family, port, address
        IpAddr::V4(v4) => [&AF_INET.to_ne_bytes()[..], &[0; 2], &v4.octets()].concat(),
        // family, port, flow information, address, scope
        IpAddr::V6(v6) => [&AF_INET6.to_ne_bytes()[..], &[0; 6], &v6.octets(), &[0; 4]].concat(),
    };
    octets.iter_mut().zip(fields).for_each(|(to, from)| *to = from);
    octets
}

fn set_option<T>(socket: BorrowedFd<'_>, level: libc::c_int, name: libc::c_int, value: &T) -> io::Result<()> {
    let len = libc::socklen_t::try_from(size_of::<T>()).map_err(io::Error::other)?;
    // SAFETY: `value` is a live reference to `len` initialised octets, which the kernel only reads, and the
    // borrowed descriptor is open for the length of the call.
    let outcome =
        unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, std::ptr::from_ref(value).cast(), len) };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

const AF_INET: u16 = libc::AF_INET as u16;
const AF_INET6: u16 = libc::AF_INET6 as u16;
const AF_PACKET: u16 = libc::AF_PACKET as u16;
const TCP_MD5SIG: libc::c_int = 14;
const TCP_MD5SIG_EXT: libc::c_int = 32;
const TCP_MD5SIG_FLAG_PREFIX: u8 = 1;
const IP_MINTTL: libc::c_int = 21;
const IPV6_MINHOPCOUNT: libc::c_int = 73;
const ICMP6_FILTER: libc::c_int = 1;

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener};
    use std::time::Duration;

    use socket2::{Socket, Type};

    use super::*;

    #[test]
    fn the_c_library_maps_large_pieces_when_asked() {
        assert!(map_large_allocations());
    }

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    fn dial(listener: &TcpListener, prepare: impl FnOnce(&Socket)) -> io::Result<()> {
        let remote: SocketAddr = listener.local_addr().unwrap();
        let socket = Socket::new(Domain::for_address(remote), Type::STREAM, None).unwrap();
        prepare(&socket);
        socket.connect_timeout(&remote.into(), Duration::from_millis(300))
    }

    #[test]
    fn a_signed_connection_needs_the_same_key() {
        for (listen, peer) in [("127.0.0.1:0", "127.0.0.1/32"), ("[::1]:0", "::1/128")] {
            let listener = TcpListener::bind(listen).unwrap();
            set_md5_key(&listener, net(peer), b"secret").unwrap();
            dial(&listener, |socket| set_md5_key(socket, net(peer), b"secret").unwrap()).unwrap();
            assert!(dial(&listener, |socket| set_md5_key(socket, net(peer), b"other").unwrap()).is_err());
            assert!(dial(&listener, |_| ()).is_err());
            set_md5_key(&listener, net(peer), b"").unwrap();
            dial(&listener, |_| ()).unwrap();
        }
    }

    #[test]
    fn a_range_shares_one_key() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        set_md5_key(&listener, net("127.0.0.0/8"), b"secret").unwrap();
        dial(&listener, |socket| set_md5_key(socket, net("127.0.0.1/32"), b"secret").unwrap()).unwrap();
        assert!(dial(&listener, |_| ()).is_err());
    }

    #[test]
    fn an_ipv4_peer_may_sign_on_an_ipv6_socket() {
        let listener = TcpListener::bind("[::]:0").unwrap();
        set_md5_key(&listener, net("127.0.0.1/32"), b"secret").unwrap();
        let port = listener.local_addr().unwrap().port();
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        set_md5_key(&socket, net("127.0.0.1/32"), b"secret").unwrap();
        let remote = SocketAddr::from(([127, 0, 0, 1], port));
        socket.connect_timeout(&remote.into(), Duration::from_millis(300)).unwrap();
    }

    #[test]
    fn a_key_that_is_too_long_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(set_md5_key(&listener, net("127.0.0.1/32"), &[b'x'; 81]).is_err());
    }

    #[test]
    fn packets_from_too_far_away_are_dropped() {
        for listen in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(listen).unwrap();
            set_min_ttl(&listener, 255).unwrap();
            assert!(dial(&listener, |_| ()).is_err(), "the default TTL is below 255");
            dial(&listener, |socket| {
                let v6 = socket.domain().unwrap() == Domain::IPV6;
                if v6 { socket.set_unicast_hops_v6(255).unwrap() } else { socket.set_ttl_v4(255).unwrap() }
            })
            .unwrap();
        }
    }
}
