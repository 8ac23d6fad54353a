//! Routing policy: what a route must look like, and what is changed on it.
//!
//! Lists ([`PrefixList`], [`AsPathList`], [`CommunityList`]) only answer yes or no; a [`RouteMap`] is a ladder of
//! entries that match and set; a [`Filter`] is what hangs on one direction of one family of one peer. All are
//! immutable once built and shared by `Arc`, so a reload compares and swaps them.
//!
//! A question has two halves, because a table asks about each prefix but changes each attribute set only once:
//!
//! ```text
//! RouteContext ──Filter::evaluate──▶ Verdict: Deny | Permit(Changes)         per prefix, changes nothing
//! attribute set + Changes ──Filter::apply──▶ another attribute set           once per pair, remembered by the table
//! ```

mod apply;
mod as_path_list;
mod community_list;
mod context;
mod filter;
mod pattern;
mod prefix_list;
mod route_map;
#[cfg(test)]
mod tests;

pub use as_path_list::{AsPathEntry, AsPathList};
pub use community_list::{CommunityEntry, CommunityList, CommunityMatch};
pub use context::{Changes, DraftNextHop, NextHopKinds, RouteContext, RouteDraft, Scratch, Verdict};
pub use filter::Filter;
pub use pattern::{Pattern, PatternError};
pub use prefix_list::{PrefixEntry, PrefixList};
pub use route_map::{Amount, Match, OnMatch, RouteMap, RouteMapEntry, RouteMapError, Set};

/// What an entry says of what it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It passes.
    Permit,
    /// It does not.
    Deny,
}
