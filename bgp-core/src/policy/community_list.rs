//! Community lists: standard, large and extended, by value or by expression.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{Display, Write};

use super::{Action, Pattern};
use crate::wire::{AttrBlock, Community, ExtendedCommunity, LargeCommunity};

/// `bgp community-list`, `bgp large-community-list`, `bgp extcommunity-list`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CommunityList {
    /// As configured.
    pub name: String,
    /// In order of sequence number.
    pub entries: Vec<CommunityEntry>,
}

/// One line of a community list.
#[derive(Clone, Debug, PartialEq)]
pub struct CommunityEntry {
    /// Sequence number.
    pub seq: u32,
    /// Permit or deny.
    pub action: Action,
    /// What a route must carry.
    pub matches: CommunityMatch,
}

/// What a community list's line asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum CommunityMatch {
    /// `standard`: all of these RFC 1997 communities. Empty (`internet`) matches every route.
    Standard(Vec<u32>),
    /// `large … standard`: all of these RFC 8092 communities.
    Large(Vec<[u32; 3]>),
    /// `extcommunity … standard`: all of these RFC 4360 communities.
    Extended(Vec<[u8; 8]>),
    /// `expanded`: an expression over the text of all the route's communities.
    Expanded(Pattern),
}

/// Which of a route's communities a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommunityKind {
    Standard,
    Large,
    Extended,
}

/// Whether a route may carry communities that the list does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extra {
    Allowed,
    Forbidden,
}

impl CommunityList {
    /// True if the first line that the route's communities match permits.
    pub(super) fn permits(&self, attrs: AttrBlock<'_>, kind: CommunityKind, extra: Extra) -> bool {
        self.entries
            .iter()
            .find(|entry| entry.matches.holds_for(attrs, kind, extra))
            .is_some_and(|entry| entry.action == Action::Permit)
    }

    /// True if the list permits a route that carried `value` alone: what `comm-list … delete` removes.
    pub(super) fn permits_one(&self, value: u32) -> bool {
        self.permits_value(&Community(value), |matches| {
            matches!(matches, CommunityMatch::Standard(values) if values.iter().all(|own| *own == value))
        })
    }

    /// The same for a large community.
    pub(super) fn permits_one_large(&self, value: [u32; 3]) -> bool {
        self.permits_value(&LargeCommunity(value), |matches| {
            matches!(matches, CommunityMatch::Large(values) if values.iter().all(|own| *own == value))
        })
    }

    fn permits_value(&self, value: &impl Display, is_it: impl Fn(&CommunityMatch) -> bool) -> bool {
        let mut text = String::new();
        push_text(&mut text, value);
        let matches = |entry: &&CommunityEntry| match &entry.matches {
            CommunityMatch::Expanded(pattern) => pattern.is_match(&text),
            CommunityMatch::Standard(_) | CommunityMatch::Large(_) | CommunityMatch::Extended(_) => {
                is_it(&entry.matches)
            }
        };
        self.entries.iter().find(matches).is_some_and(|entry| entry.action == Action::Permit)
    }
}

impl CommunityMatch {
    fn holds_for(&self, attrs: AttrBlock<'_>, kind: CommunityKind, extra: Extra) -> bool {
        match self {
            Self::Standard(values) => contains_all(values, || attrs.communities(), extra),
            Self::Large(values) => contains_all(values, || attrs.large_communities(), extra),
            Self::Extended(values) => contains_all(values, || attrs.extended_communities(), extra),
            Self::Expanded(pattern) => pattern.is_match(&text_of(attrs, kind)),
        }
    }
}

fn contains_all<T: PartialEq, I: Iterator<Item = T>>(
    values: &[T],
    carried: impl Fn() -> I,
    extra: Extra,
) -> bool {
    let all_there = values.iter().all(|value| carried().any(|other| other == *value));
    all_there && (extra == Extra::Allowed || carried().all(|other| values.contains(&other)))
}

fn text_of(attrs: AttrBlock<'_>, kind: CommunityKind) -> String {
    let mut text = String::new();
    match kind {
        CommunityKind::Standard => {
            attrs.communities().for_each(|value| push_text(&mut text, &Community(value)));
        }
        CommunityKind::Large => {
            attrs.large_communities().for_each(|value| push_text(&mut text, &LargeCommunity(value)));
        }
        CommunityKind::Extended => {
            attrs.extended_communities().for_each(|value| push_text(&mut text, &ExtendedCommunity(value)));
        }
    }
    text
}

fn push_text(text: &mut String, value: &impl Display) {
    let separator = if text.is_empty() { "" } else { " " };
    // Writing to a `String` cannot fail.
    let _ = write!(text, "{separator}{value}");
}
