//! What a router is asked to be for one work: its peers, and what it does with their routes.
//!
//! All peers are on one network with it, 10.99.0.0/16 and 2001:db8:99::/64; each has an AS of its own, from the
//! private range that no real table has in its paths.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use benches::message::Identity;

/// One work's peers and settings.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Peers that announce.
    pub feeds: u16,
    /// Peers that listen.
    pub listeners: u16,
    /// Peers that are only there.
    pub idle: u16,
    /// Hold time in seconds; keepalives at a third.
    pub hold: u16,
    /// Where best routes go.
    pub to: To,
    /// What happens to routes on their way.
    pub policy: Policy,
    /// Whether the feeds are told each other's routes.
    pub feeds_are: Feeds,
}

/// Where best routes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// To the peers.
    Peers,
    /// To the kernel too.
    Kernel,
}

/// What happens to routes on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Nothing.
    None,
    /// Prefix lists and route maps as of a site's border, in and out.
    Border,
}

/// What feeds are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feeds {
    /// Everything, as other peers.
    Told,
    /// Nothing.
    Untold,
}

/// What a peer is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It announces.
    Feed,
    /// It listens.
    Listener,
    /// It is there.
    Idle,
}

impl Plan {
    /// So many feeds and listeners, nothing else.
    pub fn new(feeds: u16, listeners: u16) -> Self {
        let (to, policy, feeds_are) = (To::Peers, Policy::None, Feeds::Told);
        Self { feeds, listeners, idle: 0, hold: 180, to, policy, feeds_are }
    }

    /// Every peer of one role.
    pub fn peers(&self, role: Role) -> impl Iterator<Item = Identity> + use<> {
        let (first, count) = match role {
            Role::Feed => (FIRST_FEED, self.feeds),
            Role::Listener => (FIRST_LISTENER, self.listeners),
            Role::Idle => (FIRST_IDLE, self.idle),
        };
        (first..first + count).map(identity)
    }

    /// Every peer with its role, listeners first: they are there when the feeds begin.
    pub fn all_peers(&self) -> impl Iterator<Item = (Role, Identity)> + use<> {
        let plan = *self;
        let roles = [Role::Listener, Role::Feed, Role::Idle];
        roles.into_iter().flat_map(move |role| plan.peers(role).map(move |who| (role, who)))
    }
}

impl Role {
    /// The role of the peer with this address.
    pub fn of(address: Ipv4Addr) -> Self {
        let [_, _, high, low] = address.octets();
        let number = u16::from(high) * HOSTS + u16::from(low) - 1;
        match number {
            FIRST_IDLE.. => Self::Idle,
            FIRST_LISTENER.. => Self::Listener,
            _ => Self::Feed,
        }
    }
}

fn identity(number: u16) -> Identity {
    let [high, low] = [number / HOSTS, number % HOSTS + 1].map(|part| u8::try_from(part).unwrap_or(0));
    Identity {
        asn: ROUTER_AS + 1 + u32::from(number),
        address: Ipv4Addr::new(10, 99, high, low),
        address6: Ipv6Addr::new(0x2001, 0xdb8, 0x99, 0, 0, 0, 0, number + 1),
        router: SocketAddr::new(IpAddr::V4(ROUTER), 179),
    }
}

/// The router's addresses and AS.
pub const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 99, 255, 254);
/// Its IPv6 address.
pub const ROUTER6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x99, 0, 0, 0, 0, 0xffff);
/// Its AS.
pub const ROUTER_AS: u32 = 4_200_000_000;

const FIRST_FEED: u16 = 0;
const FIRST_LISTENER: u16 = 250;
const FIRST_IDLE: u16 = 500;

/// Peers with the same third octet.
const HOSTS: u16 = 250;
