//! What policy looks at, what it answers, and what it works on.

use core::net::IpAddr;

use crate::types::{Family, FamilySet, NextHop, PeerKind, Prefix};
use crate::wire::{AttrBlock, AttrBuf};

/// A route as policy sees it. Borrowed: asking costs nothing.
#[derive(Clone, Copy, Debug)]
pub struct RouteContext<'a> {
    /// The destination.
    pub prefix: Prefix,
    /// The next hop as received.
    pub next_hop: NextHop,
    /// FRR's weight.
    pub weight: u16,
    /// Everything else it carries.
    pub attrs: AttrBlock<'a>,
    /// Numbers the attribute set, so that [`Scratch`](super::Scratch) may remember answers that depend on it alone.
    pub attrs_key: u32,
    /// The peer it came from (import) or goes to (export).
    pub peer: Option<IpAddr>,
    /// Where it came from.
    pub source: PeerKind,
}

/// What policy says of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does not pass.
    Deny,
    /// It passes, changed so.
    Permit(Changes),
}

/// The changes that a filter makes to a route, as a key: with an attribute set it determines the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Changes(pub(super) u64);

impl Changes {
    /// Nothing is changed.
    pub const NONE: Self = Self(0);
}

/// A route that policy works on.
#[derive(Debug, Default)]
pub struct RouteDraft {
    /// What policy says of the next hop.
    pub next_hop: DraftNextHop,
    /// What kinds of next hop the route may have: `set` lines of another kind say nothing.
    pub next_hop_kinds: NextHopKinds,
    /// FRR's weight.
    pub weight: u16,
    /// The attributes.
    pub attrs: AttrBuf,
    /// `set ipv6 next-hop prefer-global`: the link-local address of a received next hop is not used.
    pub prefer_global: bool,
    /// True once policy has set MED, which then goes to external peers too (RFC 4271 §5.1.4).
    pub med_is_set: bool,
}

/// Address families that a next hop may be of, so that one route map can serve routes of both families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextHopKinds {
    /// IPv4.
    pub v4: bool,
    /// IPv6.
    pub v6: bool,
}

impl NextHopKinds {
    /// Those of routes of `family` (RFC 4271 §5.1.3, RFC 2545 §3); `extended` are the families for which a
    /// session agreed on IPv6 next hops (RFC 8950 §4).
    #[must_use]
    pub const fn of(family: Family, extended: FamilySet) -> Self {
        match family {
            Family::Ipv4Unicast => Self { v4: true, v6: extended.contains(family) },
            Family::Ipv6Unicast => Self { v4: false, v6: true },
        }
    }

    /// True if `next_hop` is of one of them.
    #[must_use]
    pub const fn contain(self, next_hop: NextHop) -> bool {
        match next_hop {
            NextHop::V4(_) => self.v4,
            NextHop::V6 { .. } => self.v6,
        }
    }
}

impl Default for NextHopKinds {
    fn default() -> Self {
        Self { v4: true, v6: true }
    }
}

/// What policy says of the next hop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DraftNextHop {
    /// Nothing: RFC 4271 §5.1.3 holds.
    #[default]
    Default,
    /// It is to be this one.
    Set(NextHop),
    /// The address of the session: the peer's on import, ours on export.
    PeerAddress,
    /// As received, whatever the peer is.
    Unchanged,
}
