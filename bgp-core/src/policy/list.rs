//! Named lists: prefixes, AS paths, communities.

use alloc::string::String;
use alloc::vec::Vec;

use crate::types::Prefix;

/// What an entry says of what it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Action {
    Permit,
    Deny,
}

/// `ip prefix-list`, `ipv6 prefix-list`: the first entry that matches decides, none denies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrefixList {
    /// As configured.
    pub name: String,
    /// In order of sequence number.
    pub entries: Vec<PrefixEntry>,
}

/// One line of a prefix list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrefixEntry {
    /// Sequence number.
    pub seq: u32,
    /// Permit or deny.
    pub action: Action,
    /// The covering prefix; `any` is the zero-length one.
    pub prefix: Prefix,
    /// Shortest length that matches.
    pub min_len: u8,
    /// Longest length that matches.
    pub max_len: u8,
}

/// `bgp as-path access-list`: the first entry that matches decides, none denies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AsPathList {
    /// As configured.
    pub name: String,
    /// In order of sequence number.
    pub entries: Vec<AsPathEntry>,
}

/// One line of an AS-path list.
#[derive(Clone, Debug, PartialEq)]
pub struct AsPathEntry {
    /// Sequence number.
    pub seq: u32,
    /// Permit or deny.
    pub action: Action,
    /// The expression.
    pub pattern: AsPathPattern,
}

/// A regular expression over the text of an AS path, in which `_` is a boundary between numbers.
#[derive(Clone, Debug)]
pub struct AsPathPattern {
    text: String,
}

/// Why an expression was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a regular expression at character {at}")]
pub struct PatternError {
    /// Characters before the fault.
    pub at: usize,
}

impl AsPathPattern {
    /// Compiles `text`.
    ///
    /// # Errors
    ///
    /// Where the text is not a regular expression.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        Ok(Self { text: text.into() })
    }

    /// As configured.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for AsPathPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

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
    /// `expanded`: a regular expression over the text of all the route's communities.
    Expanded(AsPathPattern),
}
