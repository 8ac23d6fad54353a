//! What each `match` line asks of a route.

use alloc::sync::Arc;
use core::net::IpAddr;

use super::community_list::{CommunityKind, Extra};
use super::{AsPathList, CommunityList, PrefixList, RouteContext, Scratch};
use crate::types::{NextHop, PeerKind, Prefix};
use crate::wire::Origin;

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
    /// `origin`.
    Origin(Origin),
    /// `peer`: the peer it came from (in) or goes to (out).
    Peer(IpAddr),
    /// `peer local`: originated here.
    PeerLocal,
}

/// What of a route a match looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Its destination.
    Prefix,
    /// Its attribute set, the next hop included.
    Set,
    /// Where it is from, or goes to.
    Peer,
}

impl Match {
    /// What it looks at.
    pub(super) const fn scope(&self) -> Scope {
        match self {
            Self::PrefixList(_) | Self::PrefixLen(_) => Scope::Prefix,
            Self::NextHopPrefixList(_)
            | Self::NextHop(_)
            | Self::AsPath(_)
            | Self::Community { .. }
            | Self::LargeCommunity { .. }
            | Self::ExtendedCommunity(_)
            | Self::Metric(_)
            | Self::LocalPreference(_)
            | Self::Origin(_) => Scope::Set,
            Self::Peer(_) | Self::PeerLocal => Scope::Peer,
        }
    }

    /// True if it holds for `route`.
    pub(super) fn holds(&self, route: &RouteContext<'_>, scratch: &mut Scratch) -> bool {
        match self {
            Self::PrefixList(list) => list.permits(&route.prefix),
            Self::PrefixLen(len) => route.prefix.prefix_len() == *len,
            Self::NextHopPrefixList(list) => list.permits(&Prefix::from(route.next_hop.address())),
            Self::NextHop(address) => is_next_hop(route.next_hop, *address),
            Self::AsPath(list) => scratch.permits_path(list, route),
            Self::Community { list, exact } => {
                list.permits(route.attrs, CommunityKind::Standard, extra(*exact))
            }
            Self::LargeCommunity { list, exact } => {
                list.permits(route.attrs, CommunityKind::Large, extra(*exact))
            }
            Self::ExtendedCommunity(list) => {
                list.permits(route.attrs, CommunityKind::Extended, Extra::Allowed)
            }
            Self::Metric(metric) => route.attrs.med().unwrap_or(0) == *metric,
            Self::LocalPreference(preference) => route.attrs.local_pref().unwrap_or(0) == *preference,
            Self::Origin(origin) => route.attrs.origin() == *origin,
            Self::Peer(address) => route.peer == Some(*address),
            Self::PeerLocal => route.source == PeerKind::Local,
        }
    }
}

fn is_next_hop(next_hop: NextHop, address: IpAddr) -> bool {
    let NextHop::V6 { link_local: Some(link_local), .. } = next_hop else {
        return next_hop.address() == address;
    };
    next_hop.address() == address || IpAddr::V6(link_local) == address
}

const fn extra(exact: bool) -> Extra {
    if exact { Extra::Forbidden } else { Extra::Allowed }
}
