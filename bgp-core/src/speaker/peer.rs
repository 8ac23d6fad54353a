//! One peer: its configuration, its dialling, its connections, and what is remembered of earlier ones.
//!
//! A peer has at most [`MAX_SESSIONS`] connections that count, since a collision is between two (RFC 4271 §6.8).
//! A connection that was told to stop no longer counts and is forgotten here at once.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use super::config::PeerConfig;
use super::dial::{DialRules, DialState, Dialler, Idle, Others};
use super::link::{Direction, Link};
use super::stats::SessionStats;
use crate::session::{DownReason, FsmState, Negotiated, OpenSummary};
use crate::time::Instant;
use crate::types::{FamilySet, Prefix, SessionId};

/// One peer.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) address: IpAddr,
    pub(super) config: Arc<PeerConfig>,
    pub(super) origin: PeerOrigin,
    pub(super) dialler: Dialler,
    pub(super) sessions: Vec<Attached>,
    /// Families whose routes are kept from an earlier session (RFC 4724 §4.2).
    pub(super) stale: FamilySet,
    /// The peer refused our capabilities: the next OPEN goes without (RFC 5492 §3).
    pub(super) is_plain: bool,
    pub(super) history: History,
}

/// How a peer came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerOrigin {
    /// It has a line of its own.
    Configured,
    /// It connected from a listen range.
    Dynamic {
        /// The range.
        range: Prefix,
    },
}

/// One connection of a peer that counts.
#[derive(Debug)]
pub(super) struct Attached {
    pub(super) id: SessionId,
    pub(super) link: Link,
    pub(super) since: Instant,
    pub(super) phase: Phase,
    pub(super) stats: SessionStats,
}

/// How far a connection has come (RFC 4271 §8.2.2).
#[derive(Debug)]
pub(super) enum Phase {
    OpenSent,
    OpenConfirm(OpenSummary),
    Established(Established),
}

/// An Established session.
#[derive(Debug)]
pub(super) struct Established {
    pub(super) negotiated: Arc<Negotiated>,
    pub(super) since: Instant,
    pub(super) last_update: Instant,
    pub(super) end_of_rib: FamilySet,
}

/// What outlives connections.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) established: u32,
    pub(super) dropped: u32,
    pub(super) last_reset: Option<LastReset>,
    /// Messages of connections that are over.
    pub(super) stats: SessionStats,
}

/// Why the last session ended: one that was Established, or that a NOTIFICATION ended.
#[derive(Clone, Debug)]
pub struct LastReset {
    /// When.
    pub at: Instant,
    /// Why.
    pub reason: DownReason,
}

/// Most connections of a peer that count.
pub(super) const MAX_SESSIONS: usize = 2;

impl Peer {
    pub(super) fn new(address: IpAddr, config: Arc<PeerConfig>, origin: PeerOrigin) -> Self {
        Self {
            address,
            config,
            origin,
            dialler: Dialler::new(),
            sessions: Vec::new(),
            stale: FamilySet::EMPTY,
            is_plain: false,
            history: History::default(),
        }
    }

    /// Takes a connection out of those that count.
    pub(super) fn detach(&mut self, id: SessionId) -> Option<Attached> {
        let at = self.sessions.iter().position(|session| session.id == id)?;
        let session = self.sessions.remove(at);
        self.history.stats.add(&session.stats);
        Some(session)
    }

    pub(super) fn session_mut(&mut self, id: SessionId) -> Option<&mut Attached> {
        self.sessions.iter_mut().find(|session| session.id == id)
    }

    pub(super) fn established_mut(&mut self) -> Option<(SessionId, &mut Established)> {
        self.sessions.iter_mut().find_map(|session| match &mut session.phase {
            Phase::Established(established) => Some((session.id, established)),
            Phase::OpenSent | Phase::OpenConfirm(_) => None,
        })
    }

    pub(super) fn established(&self) -> Option<(&Attached, &Established)> {
        self.sessions.iter().find_map(|session| match &session.phase {
            Phase::Established(established) => Some((session, established)),
            Phase::OpenSent | Phase::OpenConfirm(_) => None,
        })
    }

    /// The connection that has come furthest.
    pub(super) fn foremost(&self) -> Option<&Attached> {
        self.sessions.iter().max_by_key(|session| match session.phase {
            Phase::OpenSent => 0,
            Phase::OpenConfirm(_) => 1,
            Phase::Established(_) => 2,
        })
    }

    pub(super) fn dial_rules(&self) -> DialRules {
        let waits = self.config.passive || matches!(self.origin, PeerOrigin::Dynamic { .. });
        DialRules { passive: waits, connect_retry: self.config.timers.connect_retry }
    }

    /// Whether there are connections that keep us from dialling: those we opened, and those the peer has spoken on.
    pub(super) fn others(&self) -> Others {
        let counts = |session: &Attached| match session.phase {
            Phase::OpenSent => session.link.direction != Direction::Accepted,
            Phase::OpenConfirm(_) | Phase::Established(_) => true,
        };
        if self.sessions.iter().any(counts) { Others::Live } else { Others::None }
    }

    pub(super) const fn is_dynamic(&self) -> bool {
        matches!(self.origin, PeerOrigin::Dynamic { .. })
    }

    /// The state that RFC 4271 §8.2.2 would give the peer.
    pub(super) fn state(&self) -> PeerState {
        match (self.foremost().map(|session| &session.phase), self.dialler.state()) {
            (Some(Phase::OpenSent), _) => PeerState::OpenSent,
            (Some(Phase::OpenConfirm(_)), _) => PeerState::OpenConfirm,
            (Some(Phase::Established(_)), _) => PeerState::Established,
            (None, DialState::Idle(idle)) => PeerState::Idle(match idle {
                Idle::Shut => IdleReason::Shut,
                Idle::Held { .. } => IdleReason::Held,
                Idle::PrefixLimit { .. } => IdleReason::PrefixLimit,
            }),
            (None, DialState::Connect { .. }) => PeerState::Connect,
            (None, DialState::Active { .. } | DialState::Engaged) => PeerState::Active,
        }
    }
}

/// The RFC's six states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerState {
    /// Nothing is tried, for this reason.
    Idle(IdleReason),
    /// We are connecting.
    Connect,
    /// We wait for the peer, or for the next attempt.
    Active,
    /// We have sent our OPEN.
    OpenSent,
    /// The peer's OPEN has come.
    OpenConfirm,
    /// Routes flow.
    Established,
}

/// Why a peer is idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleReason {
    /// It is shut, or nothing has started.
    Shut,
    /// Its last session failed; the IdleHoldTimer runs.
    Held,
    /// It announced too many prefixes.
    PrefixLimit,
}

impl PeerState {
    /// The RFC's state.
    #[must_use]
    pub const fn fsm(self) -> FsmState {
        match self {
            Self::Idle(_) => FsmState::Idle,
            Self::Connect => FsmState::Connect,
            Self::Active => FsmState::Active,
            Self::OpenSent => FsmState::OpenSent,
            Self::OpenConfirm => FsmState::OpenConfirm,
            Self::Established => FsmState::Established,
        }
    }
}

impl Attached {
    /// How long the connection was Established.
    pub(super) fn lived(&self, now: Instant) -> Option<Duration> {
        match &self.phase {
            Phase::Established(established) => Some(now - established.since),
            Phase::OpenSent | Phase::OpenConfirm(_) => None,
        }
    }
}
