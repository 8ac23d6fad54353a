//! Who may connect, and what a connection becomes.
//!
//! A connection that we opened belongs to its peer. One that somebody else opened belongs to the configured peer
//! with that address, else to a dynamic peer made for it if a listen range covers the address, else to nobody: it
//! is closed without a word, as FRR does.
//!
//! Bounds: a peer has two connections, one of them opened by it and not Established; dynamic peers are counted
//! against `bgp listen limit` from their first connection on, and make room for others if they say nothing. So a
//! thousand connections from one address cost one session, and from a thousand addresses the limit.

use alloc::sync::Arc;
use core::net::IpAddr;
use core::time::Duration;

use super::config::{Config, UpdateSource};
use super::dial::{DialState, Idle};
use super::event::{PeerEvent, Refusal, SpeakerEvent};
use super::link::{Direction, Link};
use super::peer::{Attached, MAX_SESSIONS, Peer, PeerOrigin, Phase};
use super::startup::Startup;
use super::stats::SessionStats;
use super::{Speaker, cease};
use crate::session::{Restarted, Session, SessionConfig};
use crate::time::Instant;
use crate::types::{PeerId, SessionId};
use crate::wire::ErrorKind;

/// How long a connection that the peer opened may go without an OPEN before another one may replace it: the peer
/// may have restarted without a word.
const REPLACE_AFTER: Duration = Duration::from_secs(10);

impl Speaker {
    /// Takes a connection that has come up, or refuses it: then the driver closes it.
    ///
    /// The session begins with its OPEN to transmit, and goes to whoever carries the connection's octets.
    pub fn handle_connected(&mut self, link: Link, now: Instant) -> Option<(SessionId, Session)> {
        self.now = now;
        match self.admit(&link, now) {
            Ok(peer) => self.attach(peer, link, now),
            Err(why) => {
                self.outbox.event(SpeakerEvent::Refused { remote: link.remote, why });
                None
            }
        }
    }

    fn admit(&mut self, link: &Link, now: Instant) -> Result<PeerId, Refusal> {
        if matches!(self.startup, Startup::Waiting | Startup::Stopped) {
            return Err(Refusal::NotRunning);
        }
        match link.direction {
            Direction::Dialled(id) => {
                let peer = self.peers.get(&id).ok_or(Refusal::Unexpected)?;
                let is_expected = matches!(peer.dialler.state(), DialState::Connect { .. });
                let is_needed =
                    is_expected && peer.established().is_none() && peer.sessions.len() < MAX_SESSIONS;
                if is_needed { Ok(id) } else { Err(Refusal::Unexpected) }
            }
            Direction::Accepted => match self.by_address.get(&link.peer_address()).copied() {
                Some(id) if self.is_on_link(id, link) => self.admit_known(id, now),
                Some(_) => Err(Refusal::UnknownPeer),
                None => self.admit_stranger(link, now),
            },
        }
    }

    fn admit_known(&mut self, id: PeerId, now: Instant) -> Result<PeerId, Refusal> {
        let peer = self.peers.get(&id).ok_or(Refusal::UnknownPeer)?;
        if !peer.dialler.accepts() {
            return Err(match peer.dialler.state() {
                DialState::Idle(Idle::Held { .. }) => Refusal::Held,
                DialState::Idle(_)
                | DialState::Connect { .. }
                | DialState::Active { .. }
                | DialState::Engaged => Refusal::Shut,
            });
        }
        let pending = peer.sessions.iter().find(|session| {
            session.link.direction == Direction::Accepted && !matches!(session.phase, Phase::Established(_))
        });
        let Some(pending) = pending else {
            return if peer.sessions.len() < MAX_SESSIONS { Ok(id) } else { Err(Refusal::TooMany) };
        };
        if now - pending.since < REPLACE_AFTER {
            return Err(Refusal::TooMany);
        }
        let old = pending.id;
        self.stop_session(old, cease(ErrorKind::CONNECTION_COLLISION), now);
        Ok(id)
    }

    /// A link-local address is one peer's on one interface only (RFC 4007 §6).
    fn is_on_link(&self, id: PeerId, link: &Link) -> bool {
        let IpAddr::V6(address) = link.peer_address() else {
            return true;
        };
        let source = self.peers.get(&id).and_then(|peer| peer.config.update_source.as_ref());
        match (address.is_unicast_link_local(), source, &link.interface) {
            (true, Some(UpdateSource::Interface(name)), Some(interface)) => *name == interface.name,
            _ => true,
        }
    }

    /// A dynamic peer, if a listen range covers the address and the limit allows it.
    fn admit_stranger(&mut self, link: &Link, now: Instant) -> Result<PeerId, Refusal> {
        let config = Arc::clone(&self.config);
        let address = link.peer_address();
        let range = config.listen_range(address).ok_or(Refusal::UnknownPeer)?;
        if range.template.shutdown.is_some() || config.shutdown.is_some() {
            return Err(Refusal::Shut);
        }
        let dynamic = self.peers.values().filter(|peer| peer.is_dynamic()).count();
        let limit = usize::try_from(config.listen_limit).unwrap_or(usize::MAX);
        if dynamic >= limit && !self.make_room(now) {
            return Err(Refusal::DynamicLimit);
        }
        let origin = PeerOrigin::Dynamic { range: range.prefix };
        let id = self.add_peer(Peer::new(address, Arc::clone(&range.template), origin));
        self.start_peer(id);
        self.tell(id, PeerEvent::Admitted { range: range.prefix });
        Ok(id)
    }

    /// Dismisses a dynamic peer that has connected and then said nothing, so that silence cannot use the limit up.
    fn make_room(&mut self, now: Instant) -> bool {
        let is_silent = |peer: &Peer| {
            let waits = |session: &Attached| {
                matches!(session.phase, Phase::OpenSent) && now - session.since >= REPLACE_AFTER
            };
            peer.is_dynamic() && peer.stale.is_empty() && peer.sessions.iter().all(waits)
        };
        let silent = self.peers.iter().find(|(_, peer)| is_silent(peer) && !peer.dialler.is_held());
        let Some(id) = silent.map(|(id, _)| *id) else {
            return false;
        };
        self.tell(id, PeerEvent::Dismissed);
        self.remove_peer(id, ErrorKind::CONNECTION_REJECTED, now);
        true
    }

    fn attach(&mut self, id: PeerId, link: Link, now: Instant) -> Option<(SessionId, Session)> {
        let restart_time = self.config.graceful_restart.restart_time;
        let restarted = self.startup.restarted(restart_time, now);
        let runs_long = self.startup.has_forwarded_all_along(restart_time, now);
        let seed = self.random.next();
        let peer = self.peers.get_mut(&id)?;
        let is_known = peer.history.established > 0 || self.acquainted.contains(&peer.address);
        match link.direction {
            Direction::Dialled(_) => peer.dialler.dialled(),
            Direction::Accepted => peer.dialler.accepted(),
        }
        let mut config = session_config(&self.config, peer, restarted);
        if runs_long || is_known {
            preserve_forwarding(&mut config);
        }
        let session_id = SessionId(self.next_session);
        self.next_session = self.next_session.wrapping_add(1);
        let stats = SessionStats::default();
        peer.sessions.push(Attached { id: session_id, link, since: now, phase: Phase::OpenSent, stats });
        self.sessions.insert(session_id, id);
        self.arm(id);
        Some((session_id, Session::new(config, seed, now)))
    }
}

/// What the next session of a peer says in its OPEN.
fn session_config(config: &Config, peer: &Peer, restarted: Restarted) -> SessionConfig {
    let session = SessionConfig::for_peer(config, &peer.config, restarted);
    if peer.is_plain { session.without_capabilities() } else { session }
}

/// At most a session was lost since routes were announced to the peer, and no forwarding state with it (RFC 4724
/// §3, the F bit).
fn preserve_forwarding(session: &mut SessionConfig) {
    if let Some(restart) = session.offer.as_mut().and_then(|offer| offer.graceful_restart.as_mut()) {
        restart.forwarding = restart.families;
    }
}
