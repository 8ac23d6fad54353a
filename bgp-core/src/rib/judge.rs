//! What import policy makes of received sets (RFC 4271 §9.1.1).
//!
//! A filter is asked for each prefix, or once for an UPDATE where it does not look at prefixes; the set that it
//! changes one into is made once for each pair of set and changes.

use alloc::vec::Vec;
use core::net::IpAddr;

use super::attrs::{AttrId, SetKey};
use super::nexthop::Via;
use super::peer::PeerIx;
use super::shared::Shared;
use crate::policy::{Changes, DraftNextHop, Filter, NextHopKinds, RouteContext, RouteDraft, Verdict};
use crate::speaker::config::PeerFamilyConfig;
use crate::types::{Family, NextHop, PeerKind, Prefix};

/// What policy made of one received set so far.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Sets that it was changed into, each held by one use.
    made: Vec<(Changes, AttrId)>,
    /// The answer for every prefix, where policy does not ask for it.
    always: Option<AttrId>,
}

impl Judged {
    /// The same answer for every prefix.
    pub(super) const fn refused() -> Self {
        Self { made: Vec::new(), always: Some(AttrId::NONE) }
    }

    /// Gives up what is held.
    pub(super) fn release(self, shared: &mut Shared) {
        for (_, id) in self.made {
            shared.attrs.release(id, &mut shared.next_hops);
        }
    }
}

impl Shared {
    /// What import policy makes of a peer's set for a prefix: no set, the received one, or one that `judged` holds.
    ///
    /// `judged` and what policy remembers (`self.policy`) are of this peer and this set.
    pub(super) fn judge(
        &mut self,
        (peer, config): (PeerIx, &PeerFamilyConfig),
        received: AttrId,
        prefix: &Prefix,
        judged: &mut Judged,
    ) -> AttrId {
        if let Some(answer) = judged.always {
            return answer;
        }
        let Some(session) = self.peers.session(peer) else { return AttrId::NONE };
        let address = session.facts.address;
        let kinds = session.facts.next_hop_kinds(Family::of(prefix));
        let answer = match self.ask(config, (peer, address), received, prefix) {
            Verdict::Deny => AttrId::NONE,
            Verdict::Permit(Changes::NONE) => received,
            Verdict::Permit(changes) => {
                if let Some((_, id)) = judged.made.iter().find(|(known, _)| *known == changes) {
                    return *id;
                }
                let id = self.apply(&config.import, changes, received, (address, kinds));
                judged.made.push((changes, id));
                id
            }
        };
        judged.always = (!config.import.asks_prefix()).then_some(answer);
        answer
    }

    fn ask(
        &mut self,
        config: &PeerFamilyConfig,
        (peer, address): (PeerIx, IpAddr),
        received: AttrId,
        prefix: &Prefix,
    ) -> Verdict {
        let Some(digest) = self.attrs.digest(received) else { return Verdict::Deny };
        let Some(via) = self.next_hops.via(digest.next_hop) else { return Verdict::Deny };
        let family = Family::of(prefix);
        let route = RouteContext {
            prefix: *prefix,
            next_hop: via.next_hop,
            weight: digest.weight,
            attrs: self.attrs.block(received),
            attrs_key: received.number(),
            peer: Some(address),
            source: self.peers.session(peer).map_or(PeerKind::External, |session| session.kind(family)),
        };
        config.import.evaluate(&route, &mut self.policy)
    }

    /// False where RFC 8212 keeps everything out.
    pub(super) fn is_open(&self, peer: PeerIx, family: Family, config: &PeerFamilyConfig) -> bool {
        let is_external =
            self.peers.session(peer).is_some_and(|session| session.kind(family) == PeerKind::External);
        !(self.settings.requires_policy && is_external && config.import.is_empty())
    }

    /// What import policy makes of a set, with one user.
    fn apply(
        &mut self,
        filter: &Filter,
        changes: Changes,
        received: AttrId,
        (peer, kinds): (IpAddr, NextHopKinds),
    ) -> AttrId {
        let Some(digest) = self.attrs.digest(received) else { return AttrId::NONE };
        let via = self.next_hops.via(digest.next_hop);
        let draft = &mut self.draft;
        draft.attrs.load(self.attrs.block(received));
        draft.weight = digest.weight;
        draft.next_hop = DraftNextHop::Default;
        draft.next_hop_kinds = kinds;
        draft.prefer_global = false;
        draft.med_is_set = false;
        let mut next_hop = digest.next_hop;
        filter.apply(changes, draft);
        if let Some(via) = via.map(|via| drafted(via, draft, peer)) {
            next_hop = self.next_hops.intern(via);
        }
        let key = SetKey { block: draft.attrs.as_block().as_bytes(), next_hop, weight: draft.weight };
        let id = self.attrs.intern(&key, &mut self.next_hops);
        self.next_hops.drop_unused(next_hop);
        id
    }
}

/// The next hop that import policy asks for.
fn drafted(via: Via, draft: &RouteDraft, peer: IpAddr) -> Via {
    let mut via = match draft.next_hop {
        DraftNextHop::Default | DraftNextHop::Unchanged => via,
        DraftNextHop::Set(next_hop) => Via { next_hop, interface: via.interface },
        DraftNextHop::PeerAddress if !draft.next_hop_kinds.contain(NextHop::from(peer)) => via,
        DraftNextHop::PeerAddress => Via { next_hop: NextHop::from(peer), interface: via.interface },
    };
    if let (true, NextHop::V6 { global, .. }) = (draft.prefer_global, via.next_hop) {
        via = Via { next_hop: NextHop::V6 { global, link_local: None }, interface: None };
    }
    via
}
