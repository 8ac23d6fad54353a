//! The values that pass through the RIB's doors: what the speaker tells it, what it answers.
//!
//! Nothing here borrows from the tables; ids of the inside never leave. The read side has its own views
//! ([`RouteView`](super::RouteView)).

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::policy::NextHopKinds;
use crate::speaker::config::{MaximumPrefixAction, PeerConfig};
use crate::types::{Asn, Family, FamilySet, NextHop, PeerKind, Prefix, RouterId};
use crate::wire::Caps;

/// Who originates a local route: the `network` lines, a redistributed source, an embedder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerId(pub u32);

/// What the RIB must know of a peer while its session is up.
#[derive(Clone, Debug, PartialEq)]
pub struct RibPeer {
    /// The peer's end of the connection.
    pub address: IpAddr,
    /// The peer's AS.
    pub asn: Asn,
    /// The AS that we showed it: ours, or that of `local-as`.
    pub local_as: Asn,
    /// The peer's BGP Identifier.
    pub router_id: RouterId,
    /// [`PeerKind::External`] or [`PeerKind::Internal`]; clients are told apart per family by `config`.
    pub kind: PeerKind,
    /// What the session agreed on.
    pub caps: Caps,
    /// Families to exchange.
    pub families: FamilySet,
    /// Families whose routes may go to it with an IPv6 next hop although they are IPv4 (RFC 8950).
    pub extended_next_hop: FamilySet,
    /// Both sides speak enhanced route refresh (RFC 7313).
    pub enhanced_refresh: bool,
    /// Our end of the connection, and what goes into next hops that say "ourselves".
    pub local: LocalAddresses,
    /// Networks of the interface that the peer is reached over, if it is connected: a next hop inside them
    /// may be passed on to it (RFC 4271 §5.1.3).
    pub connected: Vec<Prefix>,
    /// The interface that link-local next hops of this peer belong to.
    pub interface: Option<u32>,
    /// As configured.
    pub config: Arc<PeerConfig>,
}

impl RibPeer {
    /// What kinds of next hop routes of `family` from and to the peer may have.
    #[must_use]
    pub const fn next_hop_kinds(&self, family: Family) -> NextHopKinds {
        NextHopKinds::of(family, self.extended_next_hop)
    }
}

/// Our addresses towards a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalAddresses {
    /// IPv4: our end of the connection, or the interface's address.
    pub v4: Option<Ipv4Addr>,
    /// IPv6, global.
    pub v6: Option<Ipv6Addr>,
    /// IPv6, link-local, on the peer's link.
    pub link_local: Option<Ipv6Addr>,
}

impl LocalAddresses {
    /// Those that can be next hops of these kinds.
    pub(super) fn only(self, kinds: NextHopKinds) -> Self {
        Self {
            v4: self.v4.filter(|_| kinds.v4),
            v6: self.v6.filter(|_| kinds.v6),
            link_local: self.link_local.filter(|_| kinds.v6),
        }
    }
}

/// What happens to a peer's routes when its session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retain {
    /// They go.
    Nothing,
    /// Those of these families stay, marked stale, until they are renewed or swept (RFC 4724 §4.2).
    Stale(FamilySet),
}

/// What an UPDATE led to, besides changed tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Received {
    /// `maximum-prefix` has something to say.
    pub max_prefix: Option<MaxPrefixVerdict>,
    /// It was an End-of-RIB marker (RFC 4724 §2).
    pub end_of_rib: Option<Family>,
}

/// What `maximum-prefix` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPrefixVerdict {
    /// The family that was counted.
    pub family: Family,
    /// Prefixes accepted now.
    pub count: u32,
    /// The configured limit.
    pub limit: u32,
    /// What is to be done.
    pub outcome: MaxPrefixOutcome,
}

/// What is to be done about the number of prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxPrefixOutcome {
    /// The threshold was passed: log it. Said once a session.
    Threshold,
    /// The limit was passed: act. Nothing more is taken from the peer unless the action is to warn.
    Exceeded(MaximumPrefixAction),
}

/// How an address is reached, as the kernel side sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NextHopState {
    /// Not at all, or not known yet.
    #[default]
    Unreachable,
    /// Through some route.
    Reachable {
        /// That route's metric: the interior cost of RFC 4271 §9.1.2.2 e.
        metric: u32,
        /// The route is that of a connected network.
        connected: bool,
    },
}

/// An address whose reachability the RIB wants to be told of, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextHopInterest {
    /// The address.
    pub addr: IpAddr,
    /// False: no route uses it any more.
    pub wanted: bool,
}

/// A route that this router originates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalRoute {
    /// The destination.
    pub prefix: Prefix,
    /// Third-party next hop; `None` for ourselves.
    pub next_hop: Option<NextHop>,
    /// FRR gives local routes 32768.
    pub weight: u16,
    /// Path attributes as a normalised block ([`AttrBlock`](crate::wire::AttrBlock)).
    pub attrs: Vec<u8>,
}

/// The latest that the forwarding table should hold for a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FibChange {
    /// The destination.
    pub prefix: Prefix,
    /// `None`: remove it.
    pub route: Option<Arc<FibRoute>>,
}

/// How to forward; shared by all prefixes that are forwarded alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FibRoute {
    /// At least one, in a fixed order.
    pub next_hops: Vec<FibNextHop>,
    /// Administrative distance.
    pub distance: u8,
    /// What kind of peer it was learned from.
    pub source: PeerKind,
}

impl Default for FibRoute {
    fn default() -> Self {
        Self { next_hops: Vec::new(), distance: 0, source: PeerKind::External }
    }
}

/// One way to forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FibNextHop {
    /// As received; the link-local address is there if the peer is connected and gave one.
    pub address: NextHop,
    /// The interface of the link-local address.
    pub interface: Option<u32>,
    /// Relative share of the traffic.
    pub weight: u16,
}

/// How much of a peer's routes there is, per family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerCounts {
    /// Prefixes it announced that are kept here, refused ones included.
    pub received: u32,
    /// Prefixes that policy let in.
    pub accepted: u32,
    /// Prefixes it was told.
    pub advertised: u32,
}

/// The size of things, for `show bgp summary` and metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Changes of best paths so far.
    pub version: u64,
    /// Destinations with at least one path.
    pub prefixes: usize,
    /// Paths.
    pub paths: usize,
    /// Distinct attribute sets, all families.
    pub attribute_sets: usize,
    /// Distinct next hops, all families.
    pub next_hops: usize,
    /// Octets of memory for prefixes and paths of the family, about.
    pub table_octets: usize,
    /// Octets of memory for attribute sets, about.
    pub attribute_octets: usize,
}

/// Whether `run` left something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Progress {
    /// Nothing to do until something comes in, or credit comes back.
    Idle,
    /// Call again.
    More,
}
