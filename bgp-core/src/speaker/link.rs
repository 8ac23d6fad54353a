//! What the driver and the speaker say to each other about TCP connections.
//!
//! The speaker owns no socket. It asks for a connection with a [`Dial`], and is told of one, whoever opened it,
//! with a [`Link`]. Addresses of the interface travel with the link, because the speaker must announce next hops
//! in families other than the connection's own (RFC 2545 §3, RFC 4760 §3).

use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;

use super::config::{Ttl, UpdateSource};
use crate::rib::LocalAddresses;
use crate::types::{PeerId, Prefix};

/// What the driver is asked to do about connections to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialOrder {
    /// Open one. It replaces an attempt for the same peer that is still running.
    Open(Dial),
    /// Give up the attempt for this peer, if one is still running, and say nothing.
    Abandon(PeerId),
}

/// A connection to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// Whom it is for; comes back in [`Direction::Dialled`] or with the failure.
    pub peer: PeerId,
    /// Where to. A link-local address has no scope yet: the interface in `source` is the scope.
    pub remote: SocketAddr,
    /// Where from, if the configuration says so.
    pub source: Option<UpdateSource>,
    /// TCP MD5 key (RFC 2385).
    pub password: Option<String>,
    /// IP TTL rules.
    pub ttl: Ttl,
    /// True if the peer is external: one hop away unless `ttl` says otherwise.
    pub external: bool,
    /// When to give up and report a failure.
    pub give_up_after: Duration,
}

/// A TCP connection that has come up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The peer's end.
    pub remote: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
    /// Who opened it.
    pub direction: Direction,
    /// The interface towards the peer, where it is on a connected network.
    pub interface: Option<LinkInterface>,
}

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// We did, for this peer.
    Dialled(PeerId),
    /// The other side did.
    Accepted,
}

/// The interface a directly connected peer is reached through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkInterface {
    /// Kernel index.
    pub index: u32,
    /// Name.
    pub name: String,
    /// An IPv4 address of ours on it.
    pub ipv4: Option<Ipv4Addr>,
    /// A global IPv6 address of ours on it.
    pub ipv6: Option<Ipv6Addr>,
    /// Our link-local address on it.
    pub link_local: Option<Ipv6Addr>,
    /// Its connected networks: next hops inside them may be passed on to the peer (RFC 4271 §5.1.3).
    pub networks: Vec<Prefix>,
}

/// A route that the kernel's table must have before a `network` is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkWatch {
    /// The exact destination.
    pub prefix: Prefix,
    /// False once nobody asks any more.
    pub is_wanted: bool,
}

/// Whether a watched route is in the kernel's table, by anybody but BGP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is not.
    Absent,
    /// It is.
    Present,
}

impl Link {
    /// What goes into next hops that say "ourselves" to this peer: the connection's own address, and for other
    /// families those of the interface (RFC 2545 §3).
    #[must_use]
    pub fn local_addresses(&self) -> LocalAddresses {
        let on = self.interface.as_ref();
        let (v4, v6) = (on.and_then(|on| on.ipv4), on.and_then(|on| on.ipv6));
        let link_local = on.and_then(|on| on.link_local);
        match self.local.ip().to_canonical() {
            IpAddr::V4(addr) => LocalAddresses { v4: Some(addr), v6, link_local },
            IpAddr::V6(addr) if addr.is_unicast_link_local() => {
                LocalAddresses { v4, v6, link_local: Some(addr) }
            }
            IpAddr::V6(addr) => LocalAddresses { v4, v6: Some(addr), link_local },
        }
    }

    /// The peer's address, with IPv4 in IPv6 made plain.
    #[must_use]
    pub const fn peer_address(&self) -> IpAddr {
        self.remote.ip().to_canonical()
    }
}
