//! What hangs on one direction of one family of one peer.

use alloc::sync::Arc;

use super::{AsPathList, Changes, PrefixList, RouteContext, RouteDraft, RouteMap, Scratch, Verdict};

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

    /// True if two routes with the same attribute set, from the same peer, can get different answers.
    #[must_use]
    pub fn asks_prefix(&self) -> bool {
        self.prefix_list.is_some() || self.route_map.as_ref().is_some_and(|map| map.asks_prefix())
    }

    /// What the filter says of `route`.
    #[must_use]
    pub fn evaluate(&self, route: &RouteContext<'_>, scratch: &mut Scratch) -> Verdict {
        let is_listed = self.prefix_list.as_ref().is_none_or(|list| list.permits(&route.prefix))
            && self.as_path_list.as_ref().is_none_or(|list| self.permits_path(list, route, scratch));
        match &self.route_map {
            _ if !is_listed => Verdict::Deny,
            None => Verdict::Permit(Changes::NONE),
            Some(map) if map.asks_set_alone() => {
                scratch.verdict(route, |scratch| map.evaluate(route, scratch))
            }
            Some(map) => map.evaluate(route, scratch),
        }
    }

    /// A question of its own, after those of the route map's entries.
    fn permits_path(&self, list: &AsPathList, route: &RouteContext<'_>, scratch: &mut Scratch) -> bool {
        let number = self.route_map.as_ref().map_or(0, |map| map.steps());
        scratch.once(route, (number, number + 1), |scratch| scratch.permits_path(list, route))
    }

    /// Makes the changes that an earlier [`Filter::evaluate`] named.
    pub fn apply(&self, changes: Changes, draft: &mut RouteDraft) {
        if let Some(map) = &self.route_map {
            map.apply(changes, draft);
        }
    }
}
