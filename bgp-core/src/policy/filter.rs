//! What hangs on one direction of one family of one peer.

use alloc::sync::Arc;

use super::{AsPathList, PrefixList, RouteMap};

/// Policy of one direction: a route passes if each part that is set lets it pass.
///
/// A name that the configuration never defines becomes an empty list or map here, which refuses everything,
/// as in FRR.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// `prefix-list`.
    pub prefix_list: Option<Arc<PrefixList>>,
    /// `filter-list`.
    pub as_path_list: Option<Arc<AsPathList>>,
    /// `route-map`.
    pub route_map: Option<Arc<RouteMap>>,
}

impl Filter {
    /// True if nothing is set: for an external peer RFC 8212 then refuses everything.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.prefix_list.is_none() && self.as_path_list.is_none() && self.route_map.is_none()
    }
}
