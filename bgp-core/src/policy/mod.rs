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
//!
//! Of what is asked per prefix, most depends on the attribute set alone and is answered once for it ([`Scratch`]);
//! a filter says whether it asks for the prefix at all ([`Filter::asks_prefix`]).

mod apply;
mod as_path_list;
mod community_list;
mod context;
mod filter;
mod matching;
mod nest;
mod pattern;
mod prefix_list;
mod route_map;
mod scratch;
#[cfg(test)]
mod tests;

pub use as_path_list::{AsPathEntry, AsPathList};
pub use community_list::{CommunityEntry, CommunityList, CommunityMatch};
pub use context::{Changes, DraftNextHop, NextHopKinds, RouteContext, RouteDraft, Verdict};
pub use filter::Filter;
pub use matching::Match;
pub use pattern::{Pattern, PatternError};
pub use prefix_list::{PrefixEntry, PrefixList};
pub use route_map::{Amount, OnMatch, RouteMap, RouteMapEntry, RouteMapError, Set};
pub use scratch::Scratch;

/// What an entry says of what it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It passes.
    Permit,
    /// It does not.
    Deny,
}
