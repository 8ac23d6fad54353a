//! Graceful restart, the receiving side (RFC 4724 §4.2), and the brackets of enhanced refresh (RFC 7313 §4).
//!
//! A connection that is lost, not ended by a NOTIFICATION, leaves the routes of the families that the peer asked
//! to keep: marked stale, used as before, for the restart time that the peer gave. When the peer is back, families
//! that it does not name again, or whose forwarding state it lost, go at once; the others are swept at End-of-RIB.
//! `stalepath-time`, counted from the loss, is our own bound on all of that. Routes between BoRR and EoRR are treated alike.

use core::time::Duration;

use super::Speaker;
use super::config::GracefulRestartMode;
use super::event::{PeerEvent, Sweep};
use super::peer::Peer;
use super::timer::SpeakerTimer;
use crate::session::Negotiated;
use crate::time::Instant;
use crate::types::{Family, FamilySet, PeerId};

/// Routes that outlive their session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retention {
    /// Of these families.
    pub(super) families: FamilySet,
    /// For as long as the peer said its restart takes.
    pub(super) restart_time: Duration,
}

/// True if the peer asked for at least one family's routes to be kept.
pub(super) fn can_restart(negotiated: &Negotiated) -> bool {
    !restart_families(negotiated).is_empty()
}

fn restart_families(negotiated: &Negotiated) -> FamilySet {
    negotiated.graceful_restart.map_or(FamilySet::EMPTY, |restart| restart.families.and(negotiated.families))
}

impl Speaker {
    /// What may be kept of a peer whose Established session has just been lost.
    pub(super) fn retention(&self, id: PeerId) -> Option<Retention> {
        let (_, established) = self.peers.get(&id)?.established()?;
        let families = restart_families(&established.negotiated);
        let restart_time = established.negotiated.graceful_restart?.restart_time;
        let is_helper = self.config.graceful_restart.mode != GracefulRestartMode::Disabled;
        (is_helper && !restart_time.is_zero() && !families.is_empty())
            .then_some(Retention { families, restart_time })
    }

    /// An Established session of the peer is over, its routes not yet told to the RIB. What an earlier restart
    /// left goes: "a route previously marked as stale MUST be deleted".
    pub(super) fn routes_left(&mut self, id: PeerId, kept: Option<Retention>, now: Instant) {
        self.sweep_all(id, Sweep::Gone);
        let Some(Retention { families, restart_time }) = kept else {
            return;
        };
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.stale = families;
        }
        let stale_time = self.config.graceful_restart.stale_time;
        self.timers.set(SpeakerTimer::PeerRestart(id), Some(now + restart_time));
        for family in families.iter() {
            self.timers.set(SpeakerTimer::Stale(id, family), Some(now + stale_time));
        }
        self.tell(id, PeerEvent::RoutesKept { families, at_most: restart_time.min(stale_time) });
    }

    /// The peer is Established again: what it has not preserved goes, the rest waits for its End-of-RIB.
    pub(super) fn peer_returned(&mut self, id: PeerId, negotiated: &Negotiated) {
        self.timers.set(SpeakerTimer::PeerRestart(id), None);
        let Some(peer) = self.peers.get(&id) else {
            return;
        };
        let preserved = negotiated.graceful_restart.map_or(FamilySet::EMPTY, |restart| {
            restart.forwarding.and(restart.families).and(negotiated.families)
        });
        for family in peer.stale.iter() {
            if !preserved.contains(family) {
                self.sweep(id, family, Sweep::NotPreserved);
            }
        }
    }

    /// End-of-RIB has come.
    pub(super) fn end_of_rib(&mut self, id: PeerId, family: Family, now: Instant) {
        if let Some((_, established)) = self.peers.get_mut(&id).and_then(Peer::established_mut) {
            established.end_of_rib.insert(family);
        }
        self.tell(id, PeerEvent::EndOfRib(family));
        self.sweep(id, family, Sweep::EndOfRib);
        self.check_convergence(now);
    }

    /// BoRR: what the peer does not announce again until EoRR goes, or until `stalepath-time` is over.
    pub(super) fn refresh_begins(&mut self, id: PeerId, family: Family, now: Instant) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.stale.insert(family);
            self.rib_mut().mark_stale(id, family);
            let until = now + self.config.graceful_restart.stale_time;
            self.timers.set(SpeakerTimer::Stale(id, family), Some(until));
        }
    }

    /// EoRR. One without BoRR is ignored (RFC 7313 §4).
    pub(super) fn refresh_ends(&mut self, id: PeerId, family: Family) {
        self.sweep(id, family, Sweep::EndOfRib);
    }

    /// Drops every kept route of a peer.
    pub(super) fn sweep_all(&mut self, id: PeerId, why: Sweep) {
        self.timers.set(SpeakerTimer::PeerRestart(id), None);
        for family in Family::ALL {
            self.sweep(id, family, why);
        }
    }

    /// Drops what is kept of one family, if anything is.
    pub(super) fn sweep(&mut self, id: PeerId, family: Family, why: Sweep) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        if !peer.stale.contains(family) {
            return;
        }
        peer.stale.remove(family);
        if peer.stale.is_empty() {
            self.timers.set(SpeakerTimer::PeerRestart(id), None);
        }
        self.timers.set(SpeakerTimer::Stale(id, family), None);
        self.rib_mut().sweep_stale(id, family);
        self.tell(id, PeerEvent::StaleSwept { family, why });
    }
}
