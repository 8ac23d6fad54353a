//! What import policy makes of received sets (RFC 4271 §9.1.1).
//!
//! A filter is asked for each prefix, or once for an UPDATE where it does not look at prefixes; the set that it
//! changes one into is made once for each pair of set and changes. What was received is kept beside what policy made
//! of it, so policy that changed is asked again without the peer.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::attrs::{AttrId, SetKey};
use super::import::Announced;
use super::nexthop::Via;
use super::peer::PeerIx;
use super::shared::Shared;
use super::source::SourceId;
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
    /// Gives up what is held.
    pub(super) fn release(self, shared: &mut Shared) {
        for (_, id) in self.made {
            shared.attrs.release(id, &mut shared.next_hops);
        }
    }
}

impl Shared {
    /// What import policy makes of an UPDATE's set for a prefix: no set, the received one, or one that `judged`
    /// holds.
    pub(super) fn judge_announced(
        &mut self,
        announced: &Announced<'_>,
        prefix: &Prefix,
        judged: &mut Judged,
    ) -> AttrId {
        if let Some(answer) = judged.always {
            return answer;
        }
        let Some(session) = self.peers.session(announced.peer) else { return AttrId::NONE };
        let address = session.facts.address;
        let kinds = session.facts.next_hop_kinds(Family::of(prefix));
        let (import, received) = (&announced.config.import, announced.received);
        let answer = match self.ask(announced.config, (announced.peer, address), received, prefix) {
            Verdict::Deny => AttrId::NONE,
            Verdict::Permit(Changes::NONE) => received,
            Verdict::Permit(changes) => {
                if let Some((_, id)) = judged.made.iter().find(|(known, _)| *known == changes) {
                    return *id;
                }
                let id = self.apply(import, changes, received, (address, kinds));
                judged.made.push((changes, id));
                id
            }
        };
        judged.always = (!import.asks_prefix()).then_some(answer);
        answer
    }

    /// What import policy makes of a received set for a prefix, with one use; for policy that changed.
    pub(super) fn judge(
        &mut self,
        family: Family,
        peer: PeerIx,
        received: AttrId,
        prefix: &Prefix,
    ) -> AttrId {
        let Some(session) = self.peers.session(peer) else { return AttrId::NONE };
        let (peer_config, address) = (Arc::clone(&session.facts.config), session.facts.address);
        let kinds = session.facts.next_hop_kinds(family);
        let Some(config) = peer_config.families[family].as_ref() else { return AttrId::NONE };
        if !self.is_open(peer, family, config) || self.is_looped_set(peer, config, received) {
            return AttrId::NONE;
        }
        self.policy.forget();
        match self.ask(config, (peer, address), received, prefix) {
            Verdict::Deny => AttrId::NONE,
            Verdict::Permit(Changes::NONE) => {
                self.attrs.hold(received, 1);
                received
            }
            Verdict::Permit(changes) => self.apply(&config.import, changes, received, (address, kinds)),
        }
    }

    /// A received set with the weight that its peer's routes have now; takes its use over.
    pub(super) fn reweigh(&mut self, family: Family, peer: PeerIx, received: AttrId) -> AttrId {
        let session = self.peers.session(peer);
        let config = session.and_then(|session| session.facts.config.families[family].as_ref());
        let Some(weight) = config.map(|config| config.weight.unwrap_or(0)) else { return received };
        let Some(digest) = self.attrs.digest(received) else { return received };
        if digest.weight == weight {
            return received;
        }
        let (block, next_hop) = (self.attrs.block(received).as_bytes().to_vec(), digest.next_hop);
        let weighed = self.attrs.intern(&SetKey { block: &block, next_hop, weight }, &mut self.next_hops);
        self.attrs.release(received, &mut self.next_hops);
        weighed
    }

    /// The same as the check on arrival, of what is kept, which has had our `local-as` put before it.
    fn is_looped_set(&self, peer: PeerIx, config: &PeerFamilyConfig, received: AttrId) -> bool {
        let Some(session) = self.peers.session(peer) else { return false };
        let (facts, attrs) = (&session.facts, self.attrs.block(received));
        let (path, allowed) = (attrs.as_path(), usize::from(config.allow_as_in));
        let is_prepended = facts.kind == PeerKind::External
            && facts.config.local_as.is_some_and(|local_as| !local_as.no_prepend);
        if path.count(self.settings.asn) > allowed
            || facts.local_as != self.settings.asn
                && path.count(facts.local_as) > allowed + usize::from(is_prepended)
        {
            return true;
        }
        facts.kind != PeerKind::External
            && (attrs.originator_id() == Some(self.settings.router_id)
                || attrs.cluster_list().any(|id| id == self.settings.cluster_id))
    }

    /// True if paths of this source stay although policy refuses them.
    pub(super) fn keeps_refused(&self, family: Family, source: SourceId) -> bool {
        let peer = self.sources.feed_of(source).map(|feed| feed.origin.peer);
        peer.and_then(|peer| self.peers.session(peer))
            .and_then(|session| session.facts.config.families[family].as_ref())
            .is_some_and(|config| config.soft_reconfiguration)
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
