//! Routes as the kernel has them.
//!
//! A [`Route`] is what one RTM_NEWROUTE says, reduced to what a router decides. [`Fingerprint`] is how a route is
//! remembered where a whole table must be compared: eight octets, equal for equal forwarding, whatever the order
//! in which the kernel lists the next hops.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

/// The main routing table.
pub const TABLE_MAIN: u32 = 254;

/// The metric of every route that FRR's zebra installs, and of ours.
pub const METRIC: u32 = 20;

/// Who put a route into the kernel (`rtm_protocol`). Unknown values survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocol(pub u8);

impl Protocol {
    /// Not set.
    pub const UNSPEC: Self = Self(0);
    /// An ICMP redirect.
    pub const REDIRECT: Self = Self(1);
    /// The kernel itself, for its interface addresses.
    pub const KERNEL: Self = Self(2);
    /// `ip route` without a protocol.
    pub const BOOT: Self = Self(3);
    /// BGP, with the number FRR uses.
    pub const BGP: Self = Self(186);
    /// Static routes, with the number FRR uses.
    pub const STATIC: Self = Self(196);

    /// True for the two protocols whose routes are this program's.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        matches!(self, Self::BGP | Self::STATIC)
    }
}

/// One way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop {
    /// The neighbour; none on an interface route. May be IPv6 for an IPv4 route (RFC 8950).
    pub gateway: Option<IpAddr>,
    /// Interface index.
    pub interface: Option<u32>,
    /// The gateway is taken to be on the link, whatever the addresses say.
    pub onlink: bool,
    /// Share of the traffic, 1 to 255.
    pub weight: u8,
}

impl Hop {
    /// A gateway on an interface, weight one.
    #[must_use]
    pub const fn via(gateway: IpAddr, interface: u32) -> Self {
        Self { gateway: Some(gateway), interface: Some(interface), onlink: false, weight: 1 }
    }

    /// Directly out of an interface, weight one.
    #[must_use]
    pub const fn dev(interface: u32) -> Self {
        Self { gateway: None, interface: Some(interface), onlink: false, weight: 1 }
    }
}

/// What happens to a packet that matches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RouteKind {
    /// It is sent on, over one of these.
    Unicast(Arc<[Hop]>),
    /// It is dropped silently.
    Blackhole,
    /// It is answered with ICMP unreachable.
    Unreachable,
    /// It is answered with ICMP administratively prohibited.
    Prohibit,
}

impl RouteKind {
    /// The next hops; none unless unicast.
    #[must_use]
    pub fn hops(&self) -> &[Hop] {
        match self {
            Self::Unicast(hops) => hops,
            Self::Blackhole | Self::Unreachable | Self::Prohibit => &[],
        }
    }
}

/// A route of a kernel table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Destination.
    pub prefix: IpNet,
    /// What happens to packets.
    pub kind: RouteKind,
    /// Who put it there.
    pub protocol: Protocol,
    /// Metric; the lowest is used.
    pub priority: u32,
    /// Kernel table.
    pub table: u32,
}

impl Route {
    /// A route of ours in `table`, with the metric that all of ours have.
    #[must_use]
    pub const fn ours(prefix: IpNet, kind: RouteKind, protocol: Protocol, table: u32) -> Self {
        Self { prefix, kind, protocol, priority: METRIC, table }
    }

    /// The eight octets this route is remembered by.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hasher = Fnv::default();
        self.protocol.hash(&mut hasher);
        self.priority.hash(&mut hasher);
        match &self.kind {
            RouteKind::Unicast(hops) => hash_hops(hops, &mut hasher),
            RouteKind::Blackhole => 1u8.hash(&mut hasher),
            RouteKind::Unreachable => 2u8.hash(&mut hasher),
            RouteKind::Prohibit => 3u8.hash(&mut hasher),
        }
        Fingerprint(hasher.finish())
    }
}

/// A digest of everything a route says but its destination and table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The eight octets.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The kernel lists IPv6 siblings in an order of its own and shows no weight on a single hop.
fn hash_hops(hops: &[Hop], hasher: &mut Fnv) {
    match hops {
        [only] => Hop { weight: 1, ..*only }.hash(hasher),
        [first, second] => {
            first.min(second).hash(hasher);
            first.max(second).hash(hasher);
        }
        many => {
            let mut sorted = many.to_vec();
            sorted.sort_unstable();
            sorted.iter().for_each(|hop| hop.hash(hasher));
        }
    }
}

/// FNV-1a, so that a fingerprint is the same in every run; finished with a mix, as FNV's upper bits are weak.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed ^ (mixed >> 33)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(hops: &[Hop]) -> Route {
        let prefix = "192.0.2.0/24".parse().unwrap();
        Route::ours(prefix, RouteKind::Unicast(hops.into()), Protocol::BGP, TABLE_MAIN)
    }

    fn hop(last: u8, weight: u8) -> Hop {
        Hop { weight, ..Hop::via(IpAddr::from([10, 0, 0, last]), 2) }
    }

    #[test]
    fn the_order_of_next_hops_does_not_change_the_fingerprint() {
        let forwards = route(&[hop(1, 1), hop(2, 3), hop(3, 1)]);
        let backwards = route(&[hop(3, 1), hop(2, 3), hop(1, 1)]);
        assert_eq!(forwards.fingerprint(), backwards.fingerprint());
    }

    #[test]
    fn the_weight_of_a_single_next_hop_is_nothing() {
        assert_eq!(route(&[hop(1, 1)]).fingerprint(), route(&[hop(1, 9)]).fingerprint());
        assert_ne!(
            route(&[hop(1, 1), hop(2, 1)]).fingerprint(),
            route(&[hop(1, 1), hop(2, 2)]).fingerprint()
        );
    }

    #[test]
    fn kind_and_protocol_change_the_fingerprint() {
        let blackhole = Route { kind: RouteKind::Blackhole, ..route(&[]) };
        let unreachable = Route { kind: RouteKind::Unreachable, ..route(&[]) };
        let r#static = Route { protocol: Protocol::STATIC, ..route(&[hop(1, 1)]) };
        assert_ne!(blackhole.fingerprint(), unreachable.fingerprint());
        assert_ne!(r#static.fingerprint(), route(&[hop(1, 1)]).fingerprint());
    }
}
