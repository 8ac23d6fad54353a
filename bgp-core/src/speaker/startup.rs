//! When our own start counts as done (RFC 4724 §4.1, the restarting side).
//!
//! The kernel may still hold routes of an earlier life. They are swept at [`SpeakerEvent::Converged`]: when every
//! peer that is not shut has sent End-of-RIB for each family, or has not come up within our restart time, or has
//! been up for so long that waiting makes no sense. A peer without graceful restart promises no End-of-RIB, and
//! one that has restarted too may be waiting for ours: they count as done when they have sent nothing for a while.
//!
//! Until then we owe our own peers End-of-RIB: they keep what we have not announced again, as we forward by it.
//!
//! Peers of a listen range do not exist before they connect. Where routes of an earlier life may be theirs, they
//! get our whole restart time to do so.

use core::time::Duration;

use super::Speaker;
use super::config::GracefulRestartMode;
use super::event::SpeakerEvent;
use super::peer::Peer;
use super::timer::SpeakerTimer;
use crate::session::Restarted;
use crate::time::Instant;

/// How far our own start is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Startup {
    /// Nothing has been started.
    Waiting,
    /// Peers are coming up.
    Converging {
        /// Since when.
        since: Instant,
        /// Whether routes of an earlier life are in use.
        restarted: Restarted,
    },
    /// Done.
    Converged {
        /// Since when we run.
        since: Instant,
        /// Whether routes of an earlier life were in use.
        restarted: Restarted,
    },
    /// Everything is shut for good.
    Stopped,
}

/// How long a peer that is up may take to send its table: the Selection_Deferral_Timer (RFC 4724 §4.1), which must
/// outlast the restart time. FRR: 360 s.
const DEFERRAL: Duration = Duration::from_secs(360);
/// How long a peer that promises no End-of-RIB must have been quiet.
const QUIET: Duration = Duration::from_secs(5);
/// How long a peer may take to notice that we are gone: the usual hold time.
const NOTICED: Duration = Duration::from_secs(180);

impl Startup {
    /// What the R bit of our OPENs says (RFC 4724 §3): for our restart time at least, as a peer that comes late
    /// has not heard of the restart.
    pub(super) fn restarted(self, restart_time: Duration, now: Instant) -> Restarted {
        match self {
            Self::Converging { restarted, .. } => restarted,
            Self::Converged { since, restarted } if now < since + restart_time => restarted,
            Self::Waiting | Self::Converged { .. } | Self::Stopped => Restarted::No,
        }
    }

    /// True if no peer can hold routes by which we do not forward any more. After a cold start some may, until
    /// the last has noticed that the earlier session is gone, and has waited for us in vain.
    pub(super) fn has_forwarded_all_along(self, restart_time: Duration, now: Instant) -> bool {
        match self {
            Self::Converging { since, restarted } | Self::Converged { since, restarted } => {
                restarted == Restarted::Yes || now >= since + restart_time + NOTICED
            }
            Self::Waiting | Self::Stopped => false,
        }
    }
}

impl Speaker {
    /// Starts every peer. `restarted` says whether the kernel still has routes of an earlier life.
    pub fn handle_start(&mut self, restarted: Restarted, now: Instant) {
        self.now = now;
        if self.startup != Startup::Waiting {
            return;
        }
        self.startup = Startup::Converging { since: now, restarted };
        let keeps_forwarding = self.config.graceful_restart.mode == GracefulRestartMode::Restarter;
        if restarted == Restarted::Yes && keeps_forwarding {
            self.rib_mut().hold_end_of_rib();
        }
        let ids: alloc::vec::Vec<_> = self.peers.keys().copied().collect();
        for id in ids {
            self.start_peer(id);
        }
        self.check_convergence(now);
    }

    /// True once no configured peer is waited for: what they announce is known. Peers of a listen range may still be
    /// expected; where that is so, routes of an earlier life stand in for theirs.
    #[must_use]
    pub fn has_heard_everybody(&self) -> bool {
        match self.startup {
            Startup::Waiting | Startup::Stopped => false,
            Startup::Converged { .. } => true,
            Startup::Converging { since, .. } => self.waits(since).all(|until| until <= self.now),
        }
    }

    /// Looks whether anything is still waited for, and if so when to look again.
    pub(super) fn check_convergence(&mut self, now: Instant) {
        let Startup::Converging { since, restarted } = self.startup else {
            return;
        };
        let up_by = since + self.config.graceful_restart.restart_time;
        let expects_strangers = restarted == Restarted::Yes && !self.config.listen_ranges.is_empty();
        let next =
            self.waits(since).chain(expects_strangers.then_some(up_by)).filter(|until| *until > now).min();
        self.timers.set(SpeakerTimer::Convergence, next);
        if next.is_none() {
            self.startup = Startup::Converged { since, restarted };
            self.rib_mut().release_end_of_rib();
            self.outbox.event(SpeakerEvent::Converged);
        }
    }

    /// Until when each peer that exists is waited for, in a start that began at `since`.
    fn waits(&self, since: Instant) -> impl Iterator<Item = Instant> {
        let restart_time = self.config.graceful_restart.restart_time;
        let (up_by, done_by) = (since + restart_time, since + DEFERRAL.max(restart_time));
        self.peers.values().filter_map(move |peer| waits_until(peer, up_by, done_by))
    }
}

/// Until when a peer is waited for at most, if it is.
fn waits_until(peer: &Peer, up_by: Instant, done_by: Instant) -> Option<Instant> {
    let Some((_, established)) = peer.established() else {
        return (!peer.is_dynamic() && peer.dialler.is_started()).then_some(up_by);
    };
    let families = established.negotiated.families;
    if families.and(established.end_of_rib) == families {
        return None;
    }
    match established.negotiated.graceful_restart {
        Some(restart) if !restart.restarted => Some(done_by),
        Some(_) | None => Some((established.last_update + QUIET).min(done_by)),
    }
}
