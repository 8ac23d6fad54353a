//! Where a next hop leads: the table of routes that are not BGP's, and recursion through it.
//!
//! Pure: interfaces, the kernel's foreign routes and configured static routes flow in as values;
//! [`SystemTable::refresh`] says what has changed since: the best route of a prefix, and where a tracked next hop
//! leads. BGP's own routes are never here, so a next hop resolves through connected, static and kernel routes
//! only (RFC 4271 §5.1.3, §9.1.2.1), and through a default route only if told.
//!
//! Distances are FRR's: connected and kernel 0 (a kernel route's is in the upper octet of its metric), static as
//! configured. Sources of one prefix compete by distance; the first that leads somewhere is selected.

mod lookup;
mod prefix_map;
mod source;
mod table;

use std::net::IpAddr;
use std::sync::Arc;

pub use source::{Source, Sources, StaticRoute, StaticVia};
pub use table::{Changes, RouteChange, Selected, SystemTable, is_foreign};

pub(crate) use table::Entry;

use crate::route::Hop;

/// Which addresses may lead over a default route. Neither kind does unless told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThroughDefault {
    /// IPv4 ones.
    pub v4: bool,
    /// IPv6 ones.
    pub v6: bool,
}

/// Where an address leads by the routes that are not BGP's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Nowhere.
    Unreachable,
    /// Somewhere.
    Via {
        /// The ways out, down to interfaces.
        hops: Arc<[Hop]>,
        /// Metric of the route that decided; what BGP compares as interior cost (RFC 4271 §9.1.2.2 e).
        metric: u32,
        /// The address is on a link of ours.
        connected: bool,
        /// Interface of the first hop.
        interface: Option<u32>,
    },
}

impl ThroughDefault {
    const fn allows(self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(_) => self.v4,
            IpAddr::V6(_) => self.v6,
        }
    }
}

impl Resolution {
    /// True unless it leads nowhere.
    #[must_use]
    pub const fn is_reachable(&self) -> bool {
        matches!(self, Self::Via { .. })
    }

    /// The ways out; none if unreachable.
    #[must_use]
    pub fn hops(&self) -> &[Hop] {
        match self {
            Self::Unreachable => &[],
            Self::Via { hops, .. } => hops,
        }
    }

    fn via(hops: Arc<[Hop]>, metric: u32, connected: bool) -> Self {
        let interface = hops.first().and_then(|hop| hop.interface);
        Self::Via { hops, metric, connected, interface }
    }
}
