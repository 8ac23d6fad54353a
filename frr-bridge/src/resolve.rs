//! Where a next hop leads.

use std::sync::Arc;

use crate::route::Hop;

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

impl Resolution {
    /// True unless it leads nowhere.
    #[must_use]
    pub const fn is_reachable(&self) -> bool {
        matches!(self, Self::Via { .. })
    }
}
