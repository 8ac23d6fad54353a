//! Routes of the BGP table: prefixes with their paths.

use core::net::IpAddr;
use core::time::Duration;
use std::sync::Arc;

use bgp_core::{NextHop, PeerKind, Prefix, RouterId};

/// One prefix with its paths, best first.
#[derive(Clone, Debug)]
pub struct RouteSnapshot {
    /// The destination.
    pub prefix: Prefix,
    /// The table's version when the best path last changed; zero if not kept.
    pub version: u64,
    /// The paths.
    pub paths: Vec<PathSnapshot>,
    /// Names and host names of the peers it is announced to; filled for a single route only.
    pub advertised_to: Vec<(String, Option<String>)>,
}

/// One path.
#[derive(Clone, Debug)]
pub struct PathSnapshot {
    /// The normalised attribute block, without next hop.
    pub attributes: Arc<[u8]>,
    /// The next hop; unspecified for local routes without one.
    pub next_hop: NextHop,
    /// The interior metric to the next hop; `None` if it cannot be reached.
    pub next_hop_metric: Option<u32>,
    /// True if the link-local address of the next hop is the one used.
    pub uses_link_local: bool,
    /// Weight, local to this router.
    pub weight: u16,
    /// Who it comes from.
    pub source: PathSource,
    /// Path identifiers received and sent (RFC 7911).
    pub path_ids: (u32, u32),
    /// True if it takes part in the decision: next hop reachable, no loop.
    pub is_valid: bool,
    /// Whether the decision picked it.
    pub selection: Selection,
    /// For the best path: the rung that decided, in FRR's words (`Router ID`, `AS Path`).
    pub reason: Option<&'static str>,
    /// True if kept over its peer's restart (RFC 4724 §4.2).
    pub is_stale: bool,
    /// True if policy refuses it: only seen in what was received.
    pub is_filtered: bool,
    /// How long ago it came or changed.
    pub age: Duration,
}

/// Who a path comes from.
#[derive(Clone, Debug)]
pub struct PathSource {
    /// External, internal, or ourselves.
    pub kind: PeerKind,
    /// For our own routes: true for `network`, false for redistributed ones.
    pub is_network: bool,
    /// The peer's address; `None` for our own routes.
    pub address: Option<IpAddr>,
    /// The interface that names the peer, if it has no configured address.
    pub interface: Option<String>,
    /// The peer's BGP Identifier; ours for our own routes.
    pub router_id: RouterId,
    /// The peer's host name; ours for our own routes.
    pub host_name: Option<String>,
}

/// What the decision made of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Not used.
    Unused,
    /// Used together with the best one.
    Multipath,
    /// The best.
    Best,
    /// The best, with others used beside it.
    BestOfMultipath,
}

/// Some routes in prefix order, and where to go on.
#[derive(Clone, Debug, Default)]
pub struct RoutePage {
    /// The routes.
    pub routes: Vec<RouteSnapshot>,
    /// Ask again after this one; `None` at the end.
    pub next: Option<Prefix>,
}

impl Selection {
    /// True for the best path.
    #[must_use]
    pub const fn is_best(self) -> bool {
        matches!(self, Self::Best | Self::BestOfMultipath)
    }

    /// True if several paths are used and this is one of them.
    #[must_use]
    pub const fn is_multipath(self) -> bool {
        matches!(self, Self::Multipath | Self::BestOfMultipath)
    }
}
