//! Route maps: entries tried in order, each matching and setting.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Action, AsPathList, CommunityList, PrefixList};
use crate::types::Asn;

/// A `route-map`: the first entry whose every match holds decides; none denies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteMap {
    /// As configured.
    pub name: String,
    /// In order of sequence number.
    pub entries: Vec<RouteMapEntry>,
}

/// One `route-map NAME permit|deny SEQ` block.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteMapEntry {
    /// Sequence number.
    pub seq: u32,
    /// What happens to a route that matches.
    pub action: Action,
    /// All of these must hold.
    pub matches: Vec<Match>,
    /// All of these are done, in FRR's order and not the file's.
    pub sets: Vec<Set>,
    /// `call`: this map must permit too.
    pub call: Option<Arc<RouteMap>>,
    /// `on-match`, `continue`.
    pub on_match: OnMatch,
    /// Free text.
    pub description: Option<String>,
}

/// Where a route goes after an entry permitted it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnMatch {
    /// Out of the map.
    #[default]
    Stop,
    /// To the next entry.
    Next,
    /// To the first entry with this or a higher sequence number.
    Goto(u32),
}

/// One `match` line.
#[derive(Clone, Debug, PartialEq)]
pub enum Match {
    /// `ip|ipv6 address prefix-list`.
    PrefixList(Arc<PrefixList>),
    /// `ip|ipv6 address prefix-len`.
    PrefixLen(u8),
    /// `ip|ipv6 next-hop prefix-list`.
    NextHopPrefixList(Arc<PrefixList>),
    /// `ip|ipv6 next-hop address`.
    NextHop(IpAddr),
    /// `as-path`.
    AsPath(Arc<AsPathList>),
    /// `community … [exact-match]`.
    Community {
        /// The list.
        list: Arc<CommunityList>,
        /// The route carries nothing else.
        exact: bool,
    },
    /// `large-community … [exact-match]`.
    LargeCommunity {
        /// The list.
        list: Arc<CommunityList>,
        /// The route carries nothing else.
        exact: bool,
    },
    /// `extcommunity`.
    ExtendedCommunity(Arc<CommunityList>),
    /// `metric`.
    Metric(u32),
    /// `local-preference`.
    LocalPreference(u32),
    /// `origin`: the ORIGIN code (RFC 4271 §5.1.1).
    Origin(u8),
    /// `peer`: the peer it came from (in) or goes to (out).
    Peer(IpAddr),
    /// `peer local`: originated here.
    PeerLocal,
    /// `tag`.
    Tag(u32),
}

/// One `set` line.
#[derive(Clone, Debug, PartialEq)]
pub enum Set {
    /// `local-preference [+|-]N`.
    LocalPreference(Amount),
    /// `metric [+|-]N`.
    Metric(Amount),
    /// `weight`.
    Weight(u16),
    /// `tag`.
    Tag(u32),
    /// `origin`.
    Origin(u8),
    /// `as-path prepend`.
    AsPathPrepend(Vec<Asn>),
    /// `as-path prepend last-as N`.
    AsPathPrependLast(u8),
    /// `as-path exclude`.
    AsPathExclude(Vec<Asn>),
    /// `community … [additive]`.
    Community {
        /// The communities.
        values: Vec<u32>,
        /// Those already there stay.
        additive: bool,
    },
    /// `community none`.
    CommunityNone,
    /// `comm-list NAME delete`.
    CommunityDelete(Arc<CommunityList>),
    /// `large-community … [additive]`.
    LargeCommunity {
        /// The communities.
        values: Vec<[u32; 3]>,
        /// Those already there stay.
        additive: bool,
    },
    /// `large-community none`.
    LargeCommunityNone,
    /// `large-comm-list NAME delete`.
    LargeCommunityDelete(Arc<CommunityList>),
    /// `extcommunity rt|soo …`.
    ExtendedCommunity(Vec<[u8; 8]>),
    /// `extcommunity none`.
    ExtendedCommunityNone,
    /// `ip next-hop A`.
    NextHopV4(Ipv4Addr),
    /// `ipv6 next-hop global A`.
    NextHopV6(Ipv6Addr),
    /// `ipv6 next-hop local A`.
    NextHopLinkLocal(Ipv6Addr),
    /// `ip|ipv6 next-hop peer-address`.
    NextHopPeer,
    /// `ip next-hop unchanged`.
    NextHopUnchanged,
    /// `ipv6 next-hop prefer-global`.
    NextHopPreferGlobal,
    /// `atomic-aggregate`.
    AtomicAggregate,
    /// `aggregator as N A`.
    Aggregator(Asn, Ipv4Addr),
    /// `originator-id`.
    OriginatorId(Ipv4Addr),
    /// `distance`.
    Distance(u8),
}

/// A number, or a change of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// This value.
    To(u32),
    /// Added, not beyond the largest.
    Plus(u32),
    /// Taken away, not below zero.
    Minus(u32),
}
