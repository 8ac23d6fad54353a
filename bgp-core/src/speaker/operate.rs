//! What an operator does to peers: start, stop, clear.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::event::{PeerEvent, Sweep};
use super::link::DialOrder;
use super::peer::Peer;
use super::reload::Refresh;
use super::startup::Startup;
use super::{Speaker, cease};
use crate::session::SessionCommand;
use crate::time::Instant;
use crate::types::{Family, FamilySet, PeerId};
use crate::wire::{ErrorKind, NotificationBuf, RefreshKind};

/// Dismissed peers that are remembered. One beyond is taken for new: its routes are gone for a moment.
const MOST_ACQUAINTED: usize = 4096;

/// What `clear bgp` does to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clear {
    /// Cease/Administrative Reset, and start anew. Also lets a peer back that is held for too many prefixes.
    Hard,
    /// Routes are looked at again; the session stays.
    Soft(Refresh),
}

impl Speaker {
    /// `clear bgp ADDRESS …`. False if there is no such peer.
    pub fn clear(&mut self, address: IpAddr, clear: Clear, now: Instant) -> bool {
        self.now = now;
        let Some(id) = self.by_address.get(&address).copied() else {
            return false;
        };
        match clear {
            Clear::Hard => {
                self.stop_peer(id, &cease(ErrorKind::ADMINISTRATIVE_RESET), now);
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.is_plain = false;
                }
                self.start_peer(id);
                self.dismiss_if_unused(id);
            }
            Clear::Soft(routes) => self.clear_soft(id, routes),
        }
        true
    }

    /// Cease/Administrative Shutdown to everybody (RFC 4486 §4), for good: the process is about to end.
    pub fn shutdown(&mut self, now: Instant) {
        self.now = now;
        self.startup = Startup::Stopped;
        let ids: Vec<_> = self.peers.keys().copied().collect();
        for id in ids {
            self.stop_peer(id, &cease(ErrorKind::ADMINISTRATIVE_SHUTDOWN), now);
            self.dismiss_if_unused(id);
        }
    }

    /// Starts dialling, and letting in, unless the peer is shut.
    pub(super) fn start_peer(&mut self, id: PeerId) {
        let is_running = matches!(self.startup, Startup::Converging { .. } | Startup::Converged { .. });
        if !is_running || self.shutdown_text(id).is_some() {
            return;
        }
        let now = self.now;
        if let Some(peer) = self.peers.get_mut(&id) {
            let rules = peer.dial_rules();
            peer.dialler.start(rules, &mut self.random, now);
        }
        self.arm(id);
    }

    /// Ends every connection of the peer and everything kept of it, and rests.
    pub(super) fn stop_peer(&mut self, id: PeerId, notification: &NotificationBuf, now: Instant) {
        if let Some(peer) = self.peers.get_mut(&id) {
            if peer.dialler.is_dialling() {
                self.outbox.dial(id, DialOrder::Abandon(id));
            }
            peer.dialler.stop();
        }
        self.sweep_all(id, Sweep::Gone);
        self.stop_others(id, notification, now);
        self.arm(id);
    }

    /// Ends every connection of the peer.
    pub(super) fn stop_others(&mut self, id: PeerId, notification: &NotificationBuf, now: Instant) {
        let sessions = self.peers.get(&id).map(|peer| peer.sessions.iter().map(|session| session.id));
        let sessions: Vec<_> = sessions.into_iter().flatten().collect();
        for session in sessions {
            self.stop_session(session, notification.clone(), now);
        }
    }

    /// Forgets a peer.
    pub(super) fn remove_peer(&mut self, id: PeerId, kind: ErrorKind, now: Instant) {
        self.stop_peer(id, &cease(kind), now);
        if let Some(peer) = self.peers.remove(&id) {
            self.by_address.remove(&peer.address);
        }
    }

    /// A dynamic peer lives as long as it has a connection, routes that are kept for it, or a hold to wait out: one
    /// that were forgotten at once could come back at once, however often it fails.
    pub(super) fn dismiss_if_unused(&mut self, id: PeerId) {
        let is_unused = |peer: &Peer| {
            peer.is_dynamic() && peer.sessions.is_empty() && peer.stale.is_empty() && !peer.dialler.is_held()
        };
        if self.peers.get(&id).is_some_and(is_unused) {
            self.remember(id);
            self.tell(id, PeerEvent::Dismissed);
            self.remove_peer(id, ErrorKind::PEER_UNCONFIGURED, self.now);
        }
    }

    /// Keeps in mind that a dynamic peer was told routes, for the F bit of its next OPEN (RFC 4724 §3).
    fn remember(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get(&id) else { return };
        if peer.history.established > 0 && self.acquainted.len() < MOST_ACQUAINTED {
            self.acquainted.insert(peer.address);
        }
    }

    /// The text that goes to the peer if it is shut: its own, else that of the whole instance (RFC 9003).
    pub(super) fn shutdown_text(&self, id: PeerId) -> Option<String> {
        let peer = self.peers.get(&id)?;
        peer.config.shutdown.clone().or_else(|| self.config.shutdown.clone())
    }

    /// Looks at the routes of a peer again, if it is Established.
    pub(super) fn clear_soft(&mut self, id: PeerId, routes: Refresh) {
        let established = self.peers.get(&id).and_then(Peer::established);
        let Some(families) = established.map(|(_, established)| established.negotiated.families) else {
            return;
        };
        if routes.import {
            self.ask_again(id, families);
        }
        if routes.export {
            families.iter().for_each(|family| self.rib_mut().handle_refresh(id, family));
        }
    }

    /// Asks a peer for its routes again (RFC 2918), or says that it cannot be asked where that matters.
    pub(super) fn ask_again(&mut self, id: PeerId, families: FamilySet) {
        let Some(peer) = self.peers.get(&id) else { return };
        let Some((session, established)) = peer.established() else { return };
        if established.negotiated.route_refresh {
            for family in families.iter() {
                self.outbox.command(session.id, SessionCommand::Refresh(family, RefreshKind::Request));
            }
            return;
        }
        let keeps = |family: &Family| {
            peer.config.families[*family].as_ref().is_some_and(|config| config.soft_reconfiguration)
        };
        let missing: FamilySet = families.iter().filter(|family| !keeps(family)).collect();
        if !missing.is_empty() {
            self.tell(id, PeerEvent::NotRefreshed { families: missing });
        }
    }
}
