//! Routing policy: what a route must look like, and what is changed on it.
//!
//! Lists ([`PrefixList`], [`AsPathList`], [`CommunityList`]) only answer yes or no; a [`RouteMap`] is a ladder of
//! entries that match and set; a [`Filter`] is what hangs on one direction of one family of one peer. All are
//! immutable once built and shared by `Arc`, so a reload compares and swaps them.

mod filter;
mod list;
mod route_map;

pub use filter::Filter;
pub use list::{
    Action, AsPathEntry, AsPathList, AsPathPattern, CommunityEntry, CommunityList, CommunityMatch,
    PatternError, PrefixEntry, PrefixList,
};
pub use route_map::{Amount, Match, OnMatch, RouteMap, RouteMapEntry, Set};
