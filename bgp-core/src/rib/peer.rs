//! The peers that paths come from and go to.
//!
//! A peer keeps its slot as long as its session is up or any feed of it is left in the tables. What waits to be
//! sent to it is here too: chunks of whole messages, shared with the other members of its export group, and a
//! count of octets that the session has not yet written.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use bytes::Bytes;

use super::attrs::LastSet;
use super::facts::RibPeer;
use super::source::FeedId;
use crate::types::{Family, FamilyMap, PeerId, PeerKind};

/// A peer by its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PeerIx(u32);

/// Every peer that matters to the tables.
#[derive(Debug, Default)]
pub(super) struct Peers {
    slots: Vec<Option<Peer>>,
    by_id: BTreeMap<PeerId, PeerIx>,
    /// Peers that something was queued for since they were last empty.
    ready: VecDeque<PeerIx>,
}

/// One peer.
#[derive(Debug)]
pub(super) struct Peer {
    /// The speaker's number.
    pub(super) id: PeerId,
    /// Present while the session is up.
    pub(super) session: Option<Box<PeerSession>>,
}

/// What is known while the session is up.
#[derive(Debug)]
pub(super) struct PeerSession {
    /// What the speaker said.
    pub(super) facts: RibPeer,
    /// Where its paths go, per family; `None` for families not exchanged.
    pub(super) feeds: FamilyMap<Option<FeedId>>,
    /// The attribute set of its last UPDATE.
    pub(super) last: LastSet,
    /// What `maximum-prefix` has said already.
    pub(super) limits: FamilyMap<Limit>,
    /// What waits to be sent.
    pub(super) outbox: Outbox,
}

/// What `maximum-prefix` has said of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Limit {
    /// Nothing.
    #[default]
    Silent,
    /// That the threshold was passed.
    Warned,
    /// That the limit was passed, which is only worth a warning.
    Over,
    /// That the limit was passed: nothing more is taken.
    Exceeded,
}

/// Chunks for one session.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    chunks: VecDeque<Bytes>,
    /// Octets in `chunks` and of those handed out but not yet written.
    pending: usize,
    is_ready: bool,
}

impl PeerIx {
    /// This router.
    pub(super) const LOCAL: Self = Self(u32::MAX);
}

impl Peers {
    /// The slot of a peer whose session comes up.
    pub(super) fn open(&mut self, id: PeerId, session: PeerSession) -> PeerIx {
        let ix = self.ix(id).unwrap_or_else(|| self.slot_for(id));
        if let Some(peer) = self.get_mut(ix) {
            peer.session = Some(Box::new(session));
        }
        ix
    }

    /// Frees the slot of a peer that nothing is left of.
    pub(super) fn forget(&mut self, ix: PeerIx) {
        let Some(slot) = self.slots.get_mut(ix.0 as usize) else { return };
        if let Some(peer) = slot.take_if(|peer| peer.session.is_none()) {
            self.by_id.remove(&peer.id);
        }
    }

    /// Queues a chunk for a peer.
    pub(super) fn send(&mut self, ix: PeerIx, chunk: Bytes) {
        let Some(session) = self.session_mut(ix) else { return };
        let outbox = &mut session.outbox;
        outbox.pending += chunk.len();
        outbox.chunks.push_back(chunk);
        if !core::mem::replace(&mut outbox.is_ready, true) {
            self.ready.push_back(ix);
        }
    }

    /// The next chunk for whichever peer is next; peers take turns.
    pub(super) fn poll_transmit(&mut self) -> Option<(PeerId, Bytes)> {
        loop {
            let ix = self.ready.pop_front()?;
            let Some(Some(peer)) = self.slots.get_mut(ix.0 as usize) else { continue };
            let Some(session) = &mut peer.session else { continue };
            let chunk = session.outbox.chunks.pop_front();
            session.outbox.is_ready = !session.outbox.chunks.is_empty();
            if session.outbox.is_ready {
                self.ready.push_back(ix);
            }
            if let Some(chunk) = chunk {
                return Some((peer.id, chunk));
            }
        }
    }

    /// The session wrote that much.
    pub(super) fn handle_sent(&mut self, id: PeerId, octets: usize) {
        if let Some(session) = self.ix(id).and_then(|ix| self.session_mut(ix)) {
            session.outbox.pending = session.outbox.pending.saturating_sub(octets);
        }
    }

    /// As if so many octets were on their way to a peer.
    #[cfg(test)]
    pub(super) fn fill(&mut self, id: PeerId, octets: usize) {
        if let Some(session) = self.ix(id).and_then(|ix| self.session_mut(ix)) {
            session.outbox.pending += octets;
        }
    }

    /// The slot of a peer.
    pub(super) fn ix(&self, id: PeerId) -> Option<PeerIx> {
        self.by_id.get(&id).copied()
    }

    /// The peer in a slot.
    pub(super) fn get(&self, ix: PeerIx) -> Option<&Peer> {
        self.slots.get(ix.0 as usize)?.as_ref()
    }

    /// The same, to change.
    pub(super) fn get_mut(&mut self, ix: PeerIx) -> Option<&mut Peer> {
        self.slots.get_mut(ix.0 as usize)?.as_mut()
    }

    /// The session of a peer that is up.
    pub(super) fn session(&self, ix: PeerIx) -> Option<&PeerSession> {
        self.get(ix)?.session.as_deref()
    }

    /// The same, to change.
    pub(super) fn session_mut(&mut self, ix: PeerIx) -> Option<&mut PeerSession> {
        self.get_mut(ix)?.session.as_deref_mut()
    }

    /// What was said of a limit counts no more: there is another one.
    pub(super) fn forget_limit(&mut self, ix: PeerIx, family: Family) {
        if let Some(session) = self.session_mut(ix)
            && session.limits[family] != Limit::Exceeded
        {
            session.limits[family] = Limit::Silent;
        }
    }

    /// Every peer whose session is up.
    pub(super) fn up(&self) -> impl Iterator<Item = PeerIx> {
        (0u32..)
            .map(PeerIx)
            .zip(&self.slots)
            .filter_map(|(ix, slot)| slot.as_ref().and_then(|peer| peer.session.as_ref()).map(|_| ix))
    }

    /// Every peer that matters to the tables.
    pub(super) fn known(&self) -> impl Iterator<Item = (PeerIx, &Peer)> {
        (0u32..).map(PeerIx).zip(&self.slots).filter_map(|(ix, slot)| Some((ix, slot.as_ref()?)))
    }

    /// Octets queued for a peer or on their way to it.
    pub(super) fn pending(&self, ix: PeerIx) -> usize {
        self.session(ix).map_or(0, |session| session.outbox.pending)
    }

    fn slot_for(&mut self, id: PeerId) -> PeerIx {
        let peer = Peer { id, session: None };
        let at = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        match self.slots.get_mut(at) {
            Some(slot) => *slot = Some(peer),
            None => self.slots.push(Some(peer)),
        }
        let ix = PeerIx(u32::try_from(at).unwrap_or(u32::MAX));
        self.by_id.insert(id, ix);
        ix
    }
}

impl PeerSession {
    /// What kind of peer it is in a family (RFC 4456 §6 tells clients apart).
    pub(super) fn kind(&self, family: Family) -> PeerKind {
        kind_of(&self.facts, family)
    }
}

/// What kind of peer it is in a family.
pub(super) fn kind_of(facts: &RibPeer, family: Family) -> PeerKind {
    let is_client =
        facts.config.families[family].as_ref().is_some_and(|config| config.route_reflector_client);
    if facts.kind == PeerKind::Internal && is_client { PeerKind::Client } else { facts.kind }
}
