//! May a route go to a group of peers at all? (RFC 4271 §9.2, RFC 4456 §6, RFC 1997, RFC 8212,
//! RFC 9234 §5)
//!
//! These rules look at the attribute set and its source alone; policy, which also looks at the prefix, comes
//! after. What holds for single members (not back to where it came from) is an [`Exclusion`], not a rule.

use crate::rib::attrs::AttrId;
use crate::rib::digest::{Claims, Digest};
use crate::rib::peer::PeerIx;
use crate::rib::roles::{Ruling, departure};
use crate::rib::shared::Shared;
use crate::rib::source::Origin;
use crate::types::PeerKind;

use super::facts::ExportFacts;

/// Members of a group that are not told what the others are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Exclusion {
    /// The peer it came from.
    pub(super) source: Option<PeerIx>,
    /// The peer that it points at, or that it first came from.
    pub(super) other: Option<PeerIx>,
}

impl Exclusion {
    /// True if `peer` is not told.
    pub(super) fn contains(&self, peer: PeerIx) -> bool {
        self.source == Some(peer) || self.other == Some(peer)
    }
}

/// True if the rules let a route with these attributes, from there, go to peers of this group.
pub(super) fn may_go(shared: &Shared, facts: &ExportFacts, attrs: AttrId, origin: &Origin) -> bool {
    let Some(digest) = shared.attrs.digest(attrs) else { return false };
    let is_external = facts.is_external();
    if digest.has(Claims::NO_ADVERTISE) || is_external && digest.has(Claims::NO_EXPORT) {
        return false;
    }
    if is_external && shared.settings.requires_policy && facts.filter.is_empty() {
        return false;
    }
    let is_barred = |role| {
        let carried = shared.attrs.block(attrs).only_to_customer();
        departure(role, facts.local_as, carried) == Ruling::Barred
    };
    if facts.role.is_some_and(is_barred) {
        return false;
    }
    match (origin.kind, facts.kind) {
        (PeerKind::Local | PeerKind::External, _) | (_, PeerKind::External) => true,
        (PeerKind::Internal, PeerKind::Client) | (PeerKind::Client, PeerKind::Internal) => true,
        (PeerKind::Client, PeerKind::Client) => shared.settings.reflects_between_clients,
        (PeerKind::Internal, PeerKind::Internal)
        | (PeerKind::Internal | PeerKind::Client, PeerKind::Local) => false,
    }
}

/// Which members must not be told: where it came from; the router that its next hop is (RFC 4271 §5.1.3); the
/// router that first brought it into the AS (RFC 4456 §8).
pub(super) fn exclusion(shared: &Shared, members: &[PeerIx], digest: &Digest, origin: &Origin) -> Exclusion {
    let next_hop = shared.next_hops.via(digest.next_hop).map(|via| via.next_hop.address());
    let originator = digest.originator();
    let is_other = |ix: &&PeerIx| {
        **ix != origin.peer
            && shared.peers.session(**ix).is_some_and(|session| {
                Some(session.facts.address) == next_hop
                    || session.facts.kind != PeerKind::External && Some(session.facts.router_id) == originator
            })
    };
    Exclusion {
        source: Some(origin.peer).filter(|peer| members.contains(peer)),
        other: members.iter().find(is_other).copied(),
    }
}
