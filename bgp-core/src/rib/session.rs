//! Peers that come, go, restart, and change their minds.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Rib;
use super::attrs::LastSet;
use super::facts::{LocalAddresses, Retain, RibPeer};
use super::family::FamilyRib;
use super::peer::{Outbox, PeerIx, PeerSession, kind_of};
use super::scan::Reason;
use super::shared::Shared;
use super::source::{FeedId, FeedState, Origin};
use crate::speaker::config::{PeerConfig, PeerFamilyConfig};
use crate::types::{Family, FamilyMap, FamilySet, PeerId, PeerKind, Prefix};

impl Rib {
    /// A session is up: its routes are taken from now on, and it is told everything.
    pub fn peer_up(&mut self, id: PeerId, facts: RibPeer) {
        if self.shared.peers.ix(id).is_some_and(|ix| self.shared.peers.session(ix).is_some()) {
            self.peer_down(id, Retain::Nothing);
        }
        let families = facts.families;
        let session = PeerSession {
            facts,
            feeds: FamilyMap::default(),
            last: LastSet::default(),
            limits: FamilyMap::default(),
            outbox: Outbox::default(),
        };
        let ix = self.shared.peers.open(id, session);
        for family in Family::ALL {
            if families.contains(family) && self.shared.open_feed(ix, family) {
                self.families[family].join(&mut self.shared, ix);
            } else {
                self.families[family].kill(&mut self.shared, ix, FeedState::Stale);
            }
        }
    }

    /// A session is down. What of its routes is to be kept is marked stale.
    pub fn peer_down(&mut self, id: PeerId, retain: Retain) {
        let Some(ix) = self.shared.peers.ix(id) else { return };
        if self.shared.peers.session(ix).is_none() && retain != Retain::Nothing {
            return;
        }
        for (family, rib) in self.families.iter_mut() {
            rib.leave(ix);
            // Routes still stale from an earlier restart are not kept a second time (RFC 4724 §4.2).
            rib.kill(&mut self.shared, ix, FeedState::Stale);
            match retain {
                Retain::Stale(kept) if kept.contains(family) => rib.retain(&mut self.shared, ix),
                Retain::Stale(_) | Retain::Nothing => rib.kill(&mut self.shared, ix, FeedState::Live),
            }
        }
        if let Some(peer) = self.shared.peers.get_mut(ix) {
            peer.session = None;
        }
        self.shared.forget_peer(ix);
    }

    /// A peer's configuration changed in ways that need no new session. The families returned are those in which
    /// it must be asked for its routes again (ROUTE-REFRESH), because what policy refused is not kept.
    pub fn peer_changed(&mut self, id: PeerId, config: Arc<PeerConfig>) -> FamilySet {
        let mut to_ask = FamilySet::EMPTY;
        let Some(ix) = self.shared.peers.ix(id) else { return to_ask };
        let Some(session) = self.shared.peers.session_mut(ix) else { return to_ask };
        let old = core::mem::replace(&mut session.facts.config, config);
        for family in Family::ALL {
            let Some(new) = session_config(&self.shared, ix, family) else { continue };
            let Some(old) = old.families[family].as_ref() else { continue };
            if old.maximum_prefix != new.maximum_prefix {
                self.shared.peers.forget_limit(ix, family);
            }
            let lets_others_in = old.import != new.import
                || old.soft_reconfiguration != new.soft_reconfiguration
                || old.allow_as_in != new.allow_as_in;
            if lets_others_in && !old.soft_reconfiguration {
                to_ask.insert(family);
            }
            if lets_others_in || old.weight != new.weight {
                self.families[family].scan_for(Reason::Policy(ix));
            }
            if self.shared.refresh_origin(ix, family) {
                self.families[family].scan_for(Reason::Rules);
                self.families[family].tell_all_again();
            }
            self.families[family].regroup(&mut self.shared, ix);
        }
        to_ask
    }

    /// Our addresses towards a peer, or the networks shared with it, are others than when its session came up.
    pub fn peer_link_changed(&mut self, id: PeerId, local: LocalAddresses, connected: Vec<Prefix>) {
        let Some(ix) = self.shared.peers.ix(id) else { return };
        let Some(session) = self.shared.peers.session_mut(ix) else { return };
        session.facts.local = local;
        session.facts.connected = connected;
        for (_, family) in self.families.iter_mut() {
            family.regroup(&mut self.shared, ix);
        }
    }

    /// The peer has sent everything anew in `family` (End-of-RIB, RFC 4724 §4.2; EoRR, RFC 7313 §4.2), or its
    /// time is over: what it has not renewed goes.
    pub fn sweep_stale(&mut self, id: PeerId, family: Family) {
        if let Some(ix) = self.shared.peers.ix(id) {
            self.families[family].kill(&mut self.shared, ix, FeedState::Stale);
        }
    }

    /// The peer begins to send everything anew in `family` (BoRR, RFC 7313 §4.2).
    pub fn mark_stale(&mut self, id: PeerId, family: Family) {
        let Some(ix) = self.shared.peers.ix(id) else { return };
        self.families[family].kill(&mut self.shared, ix, FeedState::Stale);
        let live = self.shared.peers.session(ix).and_then(|session| session.feeds[family]);
        if let Some(feed) = live {
            self.shared.sources.set_state(feed, FeedState::Stale);
            self.shared.open_feed(ix, family);
        }
    }

    /// Keeps End-of-RIB to every peer back until [`release_end_of_rib`](Self::release_end_of_rib): we have
    /// restarted and have yet to learn our routes again (RFC 4724 §4.1).
    pub fn hold_end_of_rib(&mut self) {
        self.families.iter_mut().for_each(|(_, family)| family.hold_end_of_rib());
    }

    /// We have our routes again: peers get their End-of-RIB once they were told them.
    pub fn release_end_of_rib(&mut self) {
        self.families.iter_mut().for_each(|(_, family)| family.release_end_of_rib());
    }

    /// The peer asks for everything in `family` (RFC 2918 §4).
    pub fn handle_refresh(&mut self, id: PeerId, family: Family) {
        if let Some(ix) = self.shared.peers.ix(id) {
            self.families[family].refresh(&mut self.shared, ix);
        }
    }
}

impl FamilyRib {
    /// Ends the feeds of a peer that are in `state`.
    fn kill(&mut self, shared: &mut Shared, peer: PeerIx, state: FeedState) {
        let feeds: Vec<FeedId> =
            shared.sources.feeds_of(peer, self.family, state).map(|(id, _)| id).collect();
        for &feed in &feeds {
            shared.sources.set_state(feed, FeedState::Dead);
        }
        if !feeds.is_empty() {
            self.scan_for(Reason::DeadFeeds);
        }
    }

    /// Marks what a peer said stale.
    fn retain(&self, shared: &mut Shared, peer: PeerIx) {
        let live: Vec<FeedId> =
            shared.sources.feeds_of(peer, self.family, FeedState::Live).map(|(id, _)| id).collect();
        for feed in live {
            shared.sources.set_state(feed, FeedState::Stale);
        }
    }
}

impl Shared {
    /// A new feed for a family of a session; false if the family is not configured.
    fn open_feed(&mut self, peer: PeerIx, family: Family) -> bool {
        let Some(session) = self.peers.session(peer) else { return false };
        let facts = &session.facts;
        if facts.config.families[family].is_none() {
            return false;
        }
        let feed = self.sources.open(origin(facts, peer, family));
        if let Some(session) = self.peers.session_mut(peer) {
            session.feeds[family] = Some(feed);
        }
        true
    }

    /// Looks at a peer as its configuration now says; true if that differs.
    fn refresh_origin(&mut self, peer: PeerIx, family: Family) -> bool {
        let Some(session) = self.peers.session(peer) else { return false };
        let Some(feed) = session.feeds[family].and_then(|feed| self.sources.feed_mut(feed)) else {
            return false;
        };
        let origin = origin(&session.facts, peer, family);
        core::mem::replace(&mut feed.origin, origin) != origin
    }

    /// Frees a peer that nothing is left of.
    pub(super) fn forget_peer(&mut self, peer: PeerIx) {
        if !Family::ALL.iter().any(|&family| self.sources.has_feed(peer, family)) {
            self.peers.forget(peer);
        }
    }
}

fn session_config(shared: &Shared, peer: PeerIx, family: Family) -> Option<PeerFamilyConfig> {
    shared.peers.session(peer)?.facts.config.families[family].clone()
}

/// What the decision asks about a peer.
fn origin(facts: &RibPeer, peer: PeerIx, family: Family) -> Origin {
    Origin {
        peer,
        family,
        kind: kind_of(facts, family),
        address: facts.address,
        asn: facts.asn,
        router_id: facts.router_id,
        wants_connected: wants_connected(facts),
    }
}

/// RFC 4271 §5.1.3: next hops of external peers one hop away are on a shared network, unless told otherwise.
fn wants_connected(facts: &RibPeer) -> bool {
    facts.kind == PeerKind::External
        && !facts.config.disable_connected_check
        && facts.config.ttl.is_single_hop()
}
