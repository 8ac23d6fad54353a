//! What makes two peers be told the same, octet for octet.

use alloc::vec::Vec;
use core::net::IpAddr;

use crate::policy::{Filter, Match, NextHopKinds, RouteMap};
use crate::rib::facts::{LocalAddresses, RibPeer};
use crate::rib::peer::kind_of;
use crate::speaker::config::{
    AttributeUnchanged, DefaultOriginate, LocalAs, NextHopSelf, RemovePrivateAs, Role, SendCommunity,
};
use crate::types::{Asn, Family, PeerKind, Prefix};
use crate::wire::Caps;

/// Everything that what a peer is told in one family depends on, apart from the routes.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::rib) struct ExportFacts {
    /// What kind of peer.
    pub(super) kind: PeerKind,
    /// How messages to it are written.
    pub(super) caps: Caps,
    /// The AS that it knows us by.
    pub(super) local_as: Asn,
    /// How `local-as` shows in paths.
    pub(super) local_as_mode: Option<LocalAs>,
    /// Our role towards the peer (RFC 9234).
    pub(super) role: Option<Role>,
    /// Policy.
    pub(super) filter: Filter,
    /// What becomes of a route depends on its prefix, not on its attribute set alone.
    pub(super) asks_prefix: bool,
    /// The peer's address, where policy asks for it.
    pub(super) address: Option<IpAddr>,
    /// The peer's AS, where attributes depend on it.
    pub(super) remote_as: Option<Asn>,
    /// `next-hop-self`.
    pub(super) next_hop_self: NextHopSelf,
    /// `default-originate`.
    pub(super) default_originate: Option<DefaultOriginate>,
    /// Communities sent.
    pub(super) send_community: SendCommunity,
    /// `remove-private-AS`.
    pub(super) remove_private_as: RemovePrivateAs,
    /// `as-override`.
    pub(super) as_override: bool,
    /// `attribute-unchanged`.
    pub(super) unchanged: AttributeUnchanged,
    /// Our addresses, of the kinds that can be next hops: what the link gains of another is no news.
    pub(super) local: LocalAddresses,
    /// Networks shared with the peer.
    pub(super) connected: Vec<Prefix>,
    /// IPv4 routes go out with an IPv6 next hop if it is ours.
    pub(super) prefers_v6: bool,
    /// What kinds of next hop routes may go out with (RFC 8950).
    pub(super) next_hop_kinds: NextHopKinds,
}

impl ExportFacts {
    /// What counts of a peer in `family`; `None` if the family is not configured.
    pub(in crate::rib) fn of(peer: &RibPeer, family: Family) -> Option<Self> {
        let config = peer.config.families[family].as_ref()?;
        let asks_peer = config.export.route_map.as_ref().is_some_and(|map| asks_for_peer(map));
        let paths_differ = config.as_override || config.remove_private_as != RemovePrivateAs::Keep;
        let next_hop_kinds = peer.next_hop_kinds(family);
        Some(Self {
            kind: kind_of(peer, family),
            caps: peer.caps,
            local_as: peer.local_as,
            local_as_mode: peer.config.local_as,
            role: peer.role(),
            filter: config.export.clone(),
            asks_prefix: config.export.asks_prefix() || config.default_originate.is_some(),
            address: asks_peer.then_some(peer.address),
            remote_as: paths_differ.then_some(peer.asn),
            next_hop_self: config.next_hop_self,
            default_originate: config.default_originate.clone(),
            send_community: config.send_community,
            remove_private_as: config.remove_private_as,
            as_override: config.as_override,
            unchanged: config.attribute_unchanged,
            local: peer.local.only(next_hop_kinds),
            connected: if is_one_hop(peer) { shared_networks(peer, next_hop_kinds) } else { Vec::new() },
            prefers_v6: peer.extended_next_hop.contains(family) && peer.address.is_ipv6(),
            next_hop_kinds,
        })
    }

    /// True if the peer is in another AS.
    pub(super) fn is_external(&self) -> bool {
        self.kind == PeerKind::External
    }
}

/// An IPv4 network stays beside IPv6 next hops: it is what says that the peer is on our link.
fn shared_networks(peer: &RibPeer, kinds: NextHopKinds) -> Vec<Prefix> {
    let counts = |network: &&Prefix| kinds.v6 || matches!(network, Prefix::V4(_));
    peer.connected.iter().filter(counts).copied().collect()
}

fn is_one_hop(peer: &RibPeer) -> bool {
    peer.kind != PeerKind::External || peer.config.ttl.is_single_hop()
}

fn asks_for_peer(map: &RouteMap) -> bool {
    map.entries().iter().any(|entry| {
        entry.matches.iter().any(|matches| matches!(matches, Match::Peer(_)))
            || entry.call.as_ref().is_some_and(|called| asks_for_peer(called))
    })
}
