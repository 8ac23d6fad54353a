//! What sessions report, and what it means for their peer: collisions, Established, the end.
//!
//! A session that the speaker told to stop is detached from its peer at that moment; whatever it still reports
//! changes nothing any more.

use alloc::sync::Arc;

use super::collision::{Existing, Identity, Resolution, resolve};
use super::config::{MaximumPrefixAction, PeerConfig};
use super::dial::End;
use super::event::{Kept, PeerEvent};
use super::link::{DialOrder, Link};
use super::peer::{Attached, Established, LastReset, Peer, Phase};

use super::restart::{self, Retention};
use super::stats::SessionStats;
use super::{Speaker, cease};
use crate::rib::{MaxPrefixOutcome, MaxPrefixVerdict, Retain, RibPeer};
use crate::session::{DownReason, Negotiated, OpenSummary, SessionCommand, SessionEvent, UpdateBatch};
use crate::time::Instant;
use crate::types::{Asn, Family, FamilySet, PeerId, PeerKind, SessionId};
use crate::wire::{ErrorKind, NotificationBuf, PeerSide, RefreshKind};

impl Speaker {
    /// Takes what a session reports.
    pub fn handle_event(&mut self, from: SessionId, event: SessionEvent, now: Instant) {
        self.now = now;
        let Some(id) = self.sessions.get(&from).copied() else {
            return;
        };
        match event {
            SessionEvent::Opened(summary) => self.opened(id, from, summary, now),
            SessionEvent::Up(negotiated) => self.up(id, from, negotiated, now),
            SessionEvent::Updates(batch) => self.updates(id, from, &batch, now),
            SessionEvent::Refresh(family, kind) => self.refreshed(id, from, (family, kind), now),
            SessionEvent::Down(reason) => self.down(id, from, reason, now),
        }
    }

    /// Takes the counters of a session, for show. Call it as often as they should be fresh, and before the
    /// session's `Down`.
    pub fn handle_stats(&mut self, from: SessionId, stats: SessionStats) {
        if let Some(session) = self.attached_mut(from) {
            session.stats = stats;
        }
    }

    /// Octets of [`SessionCommand::Transmit`] that have been written: the RIB may send the peer that much more.
    pub fn handle_sent(&mut self, to: SessionId, octets: usize) {
        let Some(id) = self.sessions.get(&to).copied() else {
            return;
        };
        let is_current =
            self.peers.get(&id).and_then(Peer::established).is_some_and(|(session, _)| session.id == to);
        if is_current {
            self.rib_mut().handle_sent(id, octets);
        }
    }

    /// Ends a session with a NOTIFICATION. It stops counting now.
    pub(super) fn stop_session(&mut self, session: SessionId, notification: NotificationBuf, now: Instant) {
        let Some(id) = self.sessions.remove(&session) else {
            return;
        };
        self.outbox.command(session, SessionCommand::Stop(notification.clone()));
        if let Some(peer) = self.peers.get_mut(&id) {
            // The session's own count comes too late to be heard.
            peer.history.stats.sent.notification += 1;
        }
        self.detach(id, session, (DownReason::Stopped(notification), None), now);
    }

    /// RFC 4271 §6.8: time to decide between this connection and another of the peer.
    fn opened(&mut self, id: PeerId, from: SessionId, summary: OpenSummary, now: Instant) {
        let local = Identity { router_id: self.config.router_id, asn: self.local_as(id) };
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let Some(session) = peer.session_mut(from) else {
            return;
        };
        session.phase = Phase::OpenConfirm(summary);
        let (new, made) = (session.link.direction, session.since);
        let remote = Identity { router_id: summary.router_id, asn: summary.asn };
        let other = peer.sessions.iter().find(|session| session.id != from);
        let Some((other, existing)) =
            other.map(|other| (other.id, (existing(&other.phase, made), other.link.direction)))
        else {
            return;
        };
        match resolve(existing, new, local, remote) {
            Resolution::Both => {}
            Resolution::KeepExisting => {
                self.tell(id, PeerEvent::Collision { kept: Kept::Existing });
                self.stop_session(from, cease(ErrorKind::CONNECTION_COLLISION), now);
            }
            Resolution::KeepNew => {
                self.tell(id, PeerEvent::Collision { kept: Kept::New });
                self.stop_session(other, cease(ErrorKind::CONNECTION_COLLISION), now);
            }
            Resolution::Restarted => {
                self.tell(id, PeerEvent::Replaced);
                self.sessions.remove(&other);
                self.outbox.command(other, SessionCommand::Close);
                let kept = self.retention(id);
                self.detach(id, other, (DownReason::Closed, kept), now);
            }
        }
    }

    fn up(&mut self, id: PeerId, from: SessionId, negotiated: Arc<Negotiated>, now: Instant) {
        let local_as = self.local_as(id);
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let config = Arc::clone(&peer.config);
        let Some(session) = peer.session_mut(from) else {
            return;
        };
        let rib_peer = rib_peer(&session.link, &negotiated, config, local_as);
        session.phase = Phase::Established(Established {
            negotiated: Arc::clone(&negotiated),
            since: now,
            last_update: now,
            end_of_rib: FamilySet::EMPTY,
        });
        peer.history.established += 1;
        if peer.dialler.engage() {
            self.outbox.dial(id, DialOrder::Abandon(id));
        }
        self.peer_returned(id, &negotiated);
        self.rib_mut().peer_up(id, rib_peer);
        self.arm(id);
        self.tell(id, PeerEvent::Up(negotiated));
        self.check_convergence(now);
    }

    fn updates(&mut self, id: PeerId, from: SessionId, batch: &UpdateBatch, now: Instant) {
        let Some((current, established)) = self.peers.get_mut(&id).and_then(Peer::established_mut) else {
            return;
        };
        if current != from {
            return;
        }
        established.last_update = now;
        self.is_busy = true;
        for update in batch.updates() {
            let received = self.rib.handle_update(id, &update, now);
            if let Some(family) = received.end_of_rib {
                self.end_of_rib(id, family, now);
            }
            if let Some(verdict) = received.max_prefix {
                self.tell(id, PeerEvent::MaxPrefix(verdict));
                if self.limit_reached(id, from, verdict, now) {
                    return;
                }
            }
        }
    }

    /// True if the session had to go (RFC 4486 §4).
    pub(super) fn limit_reached(
        &mut self,
        id: PeerId,
        from: SessionId,
        verdict: MaxPrefixVerdict,
        now: Instant,
    ) -> bool {
        let until = match verdict.outcome {
            MaxPrefixOutcome::Threshold | MaxPrefixOutcome::Exceeded(MaximumPrefixAction::Warn) => {
                return false;
            }
            MaxPrefixOutcome::Exceeded(MaximumPrefixAction::Teardown) => None,
            MaxPrefixOutcome::Exceeded(MaximumPrefixAction::Restart(pause)) => Some(now + pause),
        };
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.dialler.limit(until);
        }
        self.stop_session(from, NotificationBuf::maximum_prefixes(verdict.family, verdict.limit), now);
        self.stop_others(id, &cease(ErrorKind::MAXIMUM_PREFIXES), now);
        self.arm(id);
        true
    }

    fn refreshed(
        &mut self,
        id: PeerId,
        from: SessionId,
        (family, kind): (Family, RefreshKind),
        now: Instant,
    ) {
        let is_current =
            self.peers.get(&id).and_then(Peer::established).is_some_and(|(session, _)| session.id == from);
        if !is_current {
            return;
        }
        match kind {
            RefreshKind::Request => self.rib_mut().handle_refresh(id, family),
            RefreshKind::Begin => self.refresh_begins(id, family, now),
            RefreshKind::End => self.refresh_ends(id, family),
        }
    }

    fn down(&mut self, id: PeerId, from: SessionId, reason: DownReason, now: Instant) {
        self.sessions.remove(&from);
        let was_established =
            self.peers.get(&id).and_then(Peer::established).is_some_and(|(session, _)| session.id == from);
        let kept = if was_established && reason.is_restart() { self.retention(id) } else { None };
        if let Some(peer) = self.peers.get_mut(&id)
            && reason.refuses_capabilities()
        {
            peer.is_plain = true;
        }
        self.detach(id, from, (reason, kept), now);
    }

    /// Takes a connection from its peer, and its routes from the RIB if it was Established.
    pub(super) fn detach(
        &mut self,
        id: PeerId,
        session: SessionId,
        (reason, kept): (DownReason, Option<Retention>),
        now: Instant,
    ) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let Some(detached) = peer.detach(session) else {
            return;
        };
        let lived = detached.lived(now);
        // A connection that closed before anything was said would only hide why the last session ended.
        if lived.is_some() || reason.notification().is_some() {
            peer.history.last_reset = Some(LastReset { at: now, reason: reason.clone() });
        }
        if lived.is_some() {
            peer.history.dropped += 1;
        }
        if peer.sessions.is_empty() {
            let end = match (lived, &detached.phase, &reason) {
                (Some(lived), _, _) => End::Lived(lived),
                (None, Phase::OpenSent, DownReason::Closed) => End::Unopened,
                (None, _, _) => End::Failed,
            };
            let rules = peer.dial_rules();
            peer.dialler.ended(end, rules, &mut self.random, now);
        }
        match lived {
            Some(lived) => {
                self.tell(id, PeerEvent::Down { reason, lived });
                self.routes_left(id, kept, now);
                let retain = kept.map_or(Retain::Nothing, |kept| Retain::Stale(kept.families));
                self.rib_mut().peer_down(id, retain);
            }
            None => self.tell(id, PeerEvent::Failed { reason }),
        }
        self.arm(id);
        self.dismiss_if_unused(id);
        self.check_convergence(now);
    }

    fn attached_mut(&mut self, session: SessionId) -> Option<&mut Attached> {
        let id = self.sessions.get(&session)?;
        self.peers.get_mut(id)?.session_mut(session)
    }
}

/// How far a connection has come, beside one made at `made`.
fn existing(phase: &Phase, made: Instant) -> Existing {
    match phase {
        Phase::OpenSent => Existing::OpenSent,
        Phase::OpenConfirm(_) => Existing::OpenConfirm,
        Phase::Established(established) => {
            let graceful = restart::can_restart(&established.negotiated);
            let lived = (made >= established.since).then(|| made - established.since);
            Existing::Established { graceful, lived }
        }
    }
}

/// What the RIB must know of a peer that is Established.
fn rib_peer(link: &Link, negotiated: &Negotiated, config: Arc<PeerConfig>, local_as: Asn) -> RibPeer {
    let on = link.interface.as_ref();
    RibPeer {
        address: link.peer_address(),
        asn: negotiated.asn,
        local_as,
        router_id: negotiated.router_id,
        kind: match negotiated.side {
            PeerSide::Internal => PeerKind::Internal,
            PeerSide::External => PeerKind::External,
        },
        caps: negotiated.caps,
        families: negotiated.families,
        extended_next_hop: negotiated.extended_next_hop,
        enhanced_refresh: negotiated.enhanced_refresh,
        local: link.local_addresses(),
        connected: on.map(|on| on.networks.clone()).unwrap_or_default(),
        interface: on.map(|on| on.index),
        config,
    }
}
