//! What each `set` line does to a route.

use alloc::vec::Vec;

use super::{Amount, DraftNextHop, RouteDraft, Set};
use crate::types::{NextHop, RouterId};
use crate::wire::AttrCode;

/// Does what `set` says.
pub(super) fn set(set: &Set, draft: &mut RouteDraft) {
    match set {
        Set::LocalPreference(amount) => {
            let preference = draft.attrs.as_block().local_pref().unwrap_or(DEFAULT_LOCAL_PREF);
            draft.attrs.set_local_pref(amount.of(preference));
        }
        Set::Metric(amount) => {
            let metric = draft.attrs.as_block().med().unwrap_or(0);
            draft.attrs.set_med(amount.of(metric));
            draft.med_is_set = true;
        }
        Set::Weight(weight) => draft.weight = *weight,
        Set::Origin(origin) => draft.attrs.set_origin(*origin),
        Set::AsPathPrepend(_) | Set::AsPathPrependLast(_) | Set::AsPathExclude(_) => set_path(set, draft),
        Set::AtomicAggregate => draft.attrs.set_atomic_aggregate(),
        Set::Aggregator(asn, address) => draft.attrs.set_aggregator(*asn, *address),
        Set::OriginatorId(id) => draft.attrs.set_originator_id(RouterId::from(*id)),
        Set::NextHopV4(_)
        | Set::NextHopV6(_)
        | Set::NextHopLinkLocal(_)
        | Set::NextHopPeer
        | Set::NextHopUnchanged
        | Set::NextHopPreferGlobal => set_next_hop(set, draft),
        Set::Community { .. }
        | Set::CommunityNone
        | Set::CommunityDelete(_)
        | Set::LargeCommunity { .. }
        | Set::LargeCommunityNone
        | Set::LargeCommunityDelete(_)
        | Set::ExtendedCommunity(_)
        | Set::ExtendedCommunityNone => set_communities(set, draft),
    }
}

fn set_path(set: &Set, draft: &mut RouteDraft) {
    match set {
        Set::AsPathPrepend(numbers) => draft.attrs.prepend(numbers),
        Set::AsPathPrependLast(times) => {
            let last = draft.attrs.as_block().as_path().neighbor_as();
            let numbers: Vec<_> = last.into_iter().cycle().take(usize::from(*times)).collect();
            draft.attrs.prepend(&numbers);
        }
        Set::AsPathExclude(numbers) => {
            draft.attrs.map_as_path(|asn| (!numbers.contains(&asn)).then_some(asn));
        }
        _ => {}
    }
}

fn set_next_hop(set: &Set, draft: &mut RouteDraft) {
    let kinds = draft.next_hop_kinds;
    let is_fit = match set {
        Set::NextHopV4(_) => kinds.v4,
        Set::NextHopV6(_) | Set::NextHopLinkLocal(_) => kinds.v6,
        _ => true,
    };
    if !is_fit {
        return;
    }
    draft.next_hop = match (set, draft.next_hop) {
        (Set::NextHopV4(address), _) => DraftNextHop::Set(NextHop::V4(*address)),
        (Set::NextHopV6(global), DraftNextHop::Set(NextHop::V6 { link_local, .. })) => {
            DraftNextHop::Set(NextHop::V6 { global: *global, link_local })
        }
        (Set::NextHopV6(global), _) => DraftNextHop::Set(NextHop::V6 { global: *global, link_local: None }),
        (Set::NextHopLinkLocal(local), DraftNextHop::Set(NextHop::V6 { global, .. })) => {
            DraftNextHop::Set(NextHop::V6 { global, link_local: Some(*local) })
        }
        (Set::NextHopLinkLocal(local), _) => {
            DraftNextHop::Set(NextHop::V6 { global: *local, link_local: Some(*local) })
        }
        (Set::NextHopPeer, _) => DraftNextHop::PeerAddress,
        (Set::NextHopUnchanged, _) => DraftNextHop::Unchanged,
        (Set::NextHopPreferGlobal, before) => {
            draft.prefer_global = true;
            before
        }
        (_, before) => before,
    };
}

fn set_communities(set: &Set, draft: &mut RouteDraft) {
    let attrs = draft.attrs.as_block();
    match set {
        Set::Community { values, additive } => {
            let kept = if *additive { attrs.communities().collect() } else { Vec::new() };
            draft.attrs.set_communities(kept.iter().chain(values).copied());
        }
        Set::CommunityNone => draft.attrs.remove(AttrCode::COMMUNITIES),
        Set::CommunityDelete(list) => {
            let kept: Vec<_> = attrs.communities().filter(|value| !list.permits_one(*value)).collect();
            draft.attrs.set_communities(kept);
        }
        Set::LargeCommunity { values, additive } => {
            let kept = if *additive { attrs.large_communities().collect() } else { Vec::new() };
            draft.attrs.set_large_communities(kept.iter().chain(values).copied());
        }
        Set::LargeCommunityNone => draft.attrs.remove(AttrCode::LARGE_COMMUNITIES),
        Set::LargeCommunityDelete(list) => {
            let kept: Vec<_> =
                attrs.large_communities().filter(|value| !list.permits_one_large(*value)).collect();
            draft.attrs.set_large_communities(kept);
        }
        Set::ExtendedCommunity(values) => draft.attrs.set_extended_communities(values.iter().copied()),
        Set::ExtendedCommunityNone => draft.attrs.remove(AttrCode::EXTENDED_COMMUNITIES),
        _ => {}
    }
}

impl Amount {
    const fn of(self, before: u32) -> u32 {
        match self {
            Self::To(value) => value,
            Self::Plus(more) => before.saturating_add(more),
            Self::Minus(less) => before.saturating_sub(less),
        }
    }
}

/// What `set local-preference +N` counts from where the route has none (RFC 4271 §9.1.1 leaves it to us).
const DEFAULT_LOCAL_PREF: u32 = 100;
