//! Dialling: the states of RFC 4271 §8 that belong to a peer and not to one of its connections.
//!
//! ```text
//!              start                    deadline
//!   Idle ──────────────▶ Active ──────────────────▶ Connect
//!    ▲                   │    ▲     attempt failed    │
//!    │                   │    └───────────────────────┤
//!    │ last session over │ the peer's OPEN            │ connected
//!    └────────────── Engaged ◀────────────────────────┘
//! ```
//!
//! *Engaged* is what the RFC calls OpenSent, OpenConfirm and Established: at least one session counts and no
//! attempt is running. A connection that the peer opened counts once its OPEN has come. We differ from RFC 4271
//! §8.2.2, where it stops the ConnectRetryTimer at once: whoever connects from a peer's address and says nothing
//! would keep us from the peer for four minutes. The machine knows neither sockets nor sessions; it answers "when
//! next" and "may it connect".
//!
//! Two things grow and shrink. After an attempt that TCP refused, the next waits 2 s, then doubles up to the
//! ConnectRetryTimer (RFC 4271 §10 suggests 120 s at once; we differ: a peer that reboots is back in seconds).
//! After a session that ended, the peer idles 1 s and doubles up to 60 s (DampPeerOscillations, §8.1.1), until a
//! session has stayed up for that long.

use core::time::Duration;

use super::random::Random;
use crate::time::Instant;

/// Where dialling stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DialState {
    /// Nothing is tried.
    Idle(Idle),
    /// An attempt is running; it counts as hung at the deadline.
    Connect {
        /// When the attempt is given up.
        deadline: Instant,
    },
    /// Waiting for the peer, and for the next attempt unless the peer is passive.
    Active {
        /// The ConnectRetryTimer.
        deadline: Option<Instant>,
    },
    /// A session exists.
    Engaged,
}

/// Why nothing is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Idle {
    /// The configuration says so, or nothing has started yet.
    Shut,
    /// The last session failed; the IdleHoldTimer runs.
    Held {
        /// Its end.
        until: Instant,
    },
    /// `maximum-prefix` was passed: until the time is over, or cleared by hand.
    PrefixLimit {
        /// `restart`.
        until: Option<Instant>,
    },
}

/// How a peer is dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DialRules {
    /// We only wait.
    pub(super) passive: bool,
    /// The ConnectRetryTimer.
    pub(super) connect_retry: Duration,
}

/// The dialling of one peer.
#[derive(Debug)]
pub(super) struct Dialler {
    state: DialState,
    /// Sessions that ended too soon, in a row.
    failures: u32,
    /// Attempts in a row that TCP refused, or that closed before an OPEN came.
    misses: u32,
}

impl Dialler {
    /// Nothing has started.
    pub(super) const fn new() -> Self {
        Self { state: DialState::Idle(Idle::Shut), failures: 0, misses: 0 }
    }

    /// ManualStart, AutomaticStart: the first attempt comes within half a second, spread over the peers.
    pub(super) fn start(&mut self, rules: DialRules, random: &mut Random, now: Instant) {
        self.failures = 0;
        self.misses = 0;
        let deadline = (!rules.passive).then(|| now + random.below(START_SPREAD));
        self.state = DialState::Active { deadline };
    }

    /// ManualStop.
    pub(super) const fn stop(&mut self) {
        self.state = DialState::Idle(Idle::Shut);
    }

    /// Stopped for too many prefixes.
    pub(super) const fn limit(&mut self, until: Option<Instant>) {
        self.state = DialState::Idle(Idle::PrefixLimit { until });
    }

    /// The deadline has come.
    pub(super) fn expire(&mut self, rules: DialRules, random: &mut Random, now: Instant) -> Attempt {
        match self.state {
            DialState::Idle(Idle::Held { .. } | Idle::PrefixLimit { .. }) | DialState::Active { .. } => {
                if rules.passive {
                    self.state = DialState::Active { deadline: None };
                    return Attempt::None;
                }
                self.state = DialState::Connect { deadline: now + attempt_limit(rules) + ATTEMPT_GRACE };
                Attempt::Start
            }
            DialState::Connect { .. } => {
                self.missed(rules, random, now);
                Attempt::None
            }
            DialState::Idle(Idle::Shut) | DialState::Engaged => Attempt::None,
        }
    }

    /// TcpConnectionFails while connecting.
    pub(super) fn dial_failed(
        &mut self,
        others: Others,
        rules: DialRules,
        random: &mut Random,
        now: Instant,
    ) {
        if !matches!(self.state, DialState::Connect { .. }) {
            return;
        }
        match others {
            Others::Live => self.state = DialState::Engaged,
            Others::None => self.missed(rules, random, now),
        }
    }

    /// A connection that we opened is up.
    pub(super) const fn dialled(&mut self) {
        self.state = DialState::Engaged;
    }

    /// The peer's OPEN has come. An attempt that is running goes on: collisions are for OPENs to decide
    /// (RFC 4271 §6.8).
    pub(super) fn opened(&mut self) {
        if !matches!(self.state, DialState::Connect { .. }) {
            self.state = DialState::Engaged;
        }
    }

    /// A session is Established: true if an attempt was running, which must be given up.
    pub(super) fn engage(&mut self) -> bool {
        let was_dialling = self.is_dialling();
        self.misses = 0;
        self.state = DialState::Engaged;
        was_dialling
    }

    /// The rules are other ones now: a peer that became passive is not dialled any more, one that no longer is
    /// gets its attempt.
    pub(super) fn rules_changed(&mut self, rules: DialRules, random: &mut Random, now: Instant) {
        if let DialState::Active { deadline } = self.state {
            let deadline = match (rules.passive, deadline) {
                (true, _) => None,
                (false, None) => Some(now + random.below(START_SPREAD)),
                (false, Some(deadline)) => Some(deadline.min(now + rules.connect_retry)),
            };
            self.state = DialState::Active { deadline };
        }
    }

    /// The last session that counted is over, or one that never did.
    pub(super) fn ended(&mut self, end: End, rules: DialRules, random: &mut Random, now: Instant) {
        let is_engaged = match self.state {
            DialState::Engaged => true,
            DialState::Active { .. } | DialState::Idle(Idle::Held { .. }) => false,
            DialState::Connect { .. } | DialState::Idle(Idle::Shut | Idle::PrefixLimit { .. }) => return,
        };
        match end {
            End::Unopened if is_engaged => return self.missed(rules, random, now),
            End::Unopened => return,
            End::Lived(lived) if lived >= IDLE_HOLD_MOST => self.failures = 1,
            End::Lived(_) | End::Failed => self.failures = self.failures.saturating_add(1),
        }
        let hold = backed_off(IDLE_HOLD_FIRST, self.failures, IDLE_HOLD_MOST);
        self.state = DialState::Idle(Idle::Held { until: now + random.jittered(hold) });
    }

    /// Where it stands.
    pub(super) const fn state(&self) -> DialState {
        self.state
    }

    /// True if an attempt is running.
    pub(super) const fn is_dialling(&self) -> bool {
        matches!(self.state, DialState::Connect { .. })
    }

    /// True while the peer is out for too many prefixes.
    pub(super) const fn is_limited(&self) -> bool {
        matches!(self.state, DialState::Idle(Idle::PrefixLimit { .. }))
    }

    /// True while a hold must be waited out.
    pub(super) const fn is_held(&self) -> bool {
        matches!(self.state, DialState::Idle(Idle::Held { .. } | Idle::PrefixLimit { .. }))
    }

    /// True unless the peer is shut, or held for too many prefixes.
    pub(super) const fn is_started(&self) -> bool {
        !matches!(self.state, DialState::Idle(Idle::Shut | Idle::PrefixLimit { .. }))
    }

    /// When [`Self::expire`] wants to be called.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        match self.state {
            DialState::Idle(Idle::Held { until }) => Some(until),
            DialState::Idle(Idle::PrefixLimit { until }) => until,
            DialState::Connect { deadline } => Some(deadline),
            DialState::Active { deadline } => deadline,
            DialState::Idle(Idle::Shut) | DialState::Engaged => None,
        }
    }

    /// True if the peer may connect to us now. One that is held after its first failures may: it has most
    /// likely just restarted, and a passive end has nothing else to come back by. One that keeps failing waits.
    pub(super) const fn accepts(&self) -> bool {
        match self.state {
            DialState::Idle(Idle::Held { .. }) => self.failures <= FREE_FAILURES,
            DialState::Idle(Idle::Shut | Idle::PrefixLimit { .. }) => false,
            DialState::Connect { .. } | DialState::Active { .. } | DialState::Engaged => true,
        }
    }

    fn missed(&mut self, rules: DialRules, random: &mut Random, now: Instant) {
        self.misses = self.misses.saturating_add(1);
        let wait = backed_off(RETRY_FIRST, self.misses, rules.connect_retry);
        let deadline = (!rules.passive).then(|| now + random.jittered(wait));
        self.state = DialState::Active { deadline };
    }
}

/// Whether to open a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// Yes.
    Start,
    /// No.
    None,
}

/// How a session ended, as far as the next one is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The connection closed before the peer's OPEN: it does not want us now. That is TcpConnectionFails in
    /// OpenSent, which leads to Active and not to Idle (RFC 4271 §8.2.2).
    Unopened,
    /// It was never Established.
    Failed,
    /// It was, for so long.
    Lived(Duration),
}

/// Whether the peer has other connections that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Others {
    /// At least one.
    Live,
    /// None.
    None,
}

/// How long one attempt may take. Not the whole ConnectRetryTimer, as the pauses between TCP's own SYNs grow
/// with every one: a fresh attempt finds a peer that has come back sooner.
pub(super) fn attempt_limit(rules: DialRules) -> Duration {
    rules.connect_retry.clamp(ATTEMPT_LEAST, ATTEMPT_MOST)
}

/// `first` doubled for each try after the first, at most `most`.
fn backed_off(first: Duration, tries: u32, most: Duration) -> Duration {
    let doublings = tries.saturating_sub(1).min(16);
    first.saturating_mul(1 << doublings).min(most)
}

const START_SPREAD: Duration = Duration::from_millis(500);
const RETRY_FIRST: Duration = Duration::from_secs(2);
const ATTEMPT_LEAST: Duration = Duration::from_secs(2);
const ATTEMPT_MOST: Duration = Duration::from_secs(20);
/// The driver reports the failure itself; this is for one that does not.
const ATTEMPT_GRACE: Duration = Duration::from_secs(2);
const IDLE_HOLD_FIRST: Duration = Duration::from_secs(1);
const IDLE_HOLD_MOST: Duration = Duration::from_secs(60);
const FREE_FAILURES: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: DialRules = DialRules { passive: false, connect_retry: Duration::from_secs(120) };

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    fn wait(dialler: &Dialler, now: Instant) -> Duration {
        dialler.deadline().unwrap() - now
    }

    #[test]
    fn refused_attempts_back_off_to_the_connect_retry_time() {
        let mut random = Random::new(1);
        let mut dialler = Dialler::new();
        dialler.start(RULES, &mut random, at(0));
        let mut now = dialler.deadline().unwrap();
        assert!(now <= at(1), "the first attempt is soon");
        let mut waits = alloc::vec::Vec::new();
        for _ in 0..9 {
            assert_eq!(dialler.expire(RULES, &mut random, now), Attempt::Start);
            dialler.dial_failed(Others::None, RULES, &mut random, now);
            waits.push(wait(&dialler, now));
            now = dialler.deadline().unwrap();
        }
        assert!(waits[0] <= Duration::from_secs(2));
        assert!(waits[3] >= Duration::from_secs(12) && waits[3] <= Duration::from_secs(16));
        assert!(waits[8] >= Duration::from_secs(90) && waits[8] <= Duration::from_secs(120));
    }

    #[test]
    fn a_passive_peer_is_never_dialled() {
        let rules = DialRules { passive: true, ..RULES };
        let mut random = Random::new(1);
        let mut dialler = Dialler::new();
        dialler.start(rules, &mut random, at(0));
        assert_eq!(dialler.deadline(), None);
        dialler.opened();
        dialler.ended(End::Failed, rules, &mut random, at(9));
        let until = dialler.deadline().unwrap();
        assert_eq!(dialler.expire(rules, &mut random, until), Attempt::None);
        assert_eq!(dialler.state(), DialState::Active { deadline: None });
    }

    #[test]
    fn sessions_that_keep_failing_are_held_longer_until_one_lasts() {
        let mut random = Random::new(1);
        let mut dialler = Dialler::new();
        dialler.start(RULES, &mut random, at(0));
        for _ in 0..4 {
            dialler.dialled();
            dialler.ended(End::Lived(Duration::from_secs(1)), RULES, &mut random, at(10));
        }
        assert!(wait(&dialler, at(10)) >= Duration::from_secs(6));
        assert!(!dialler.accepts(), "a peer that keeps failing waits out its hold");
        dialler.dialled();
        dialler.ended(End::Lived(Duration::from_secs(3600)), RULES, &mut random, at(10));
        assert!(wait(&dialler, at(10)) <= Duration::from_secs(1));
        assert!(dialler.accepts());
    }

    #[test]
    fn a_peer_that_accepts_and_closes_is_tried_less_and_less() {
        let mut random = Random::new(1);
        let mut dialler = Dialler::new();
        dialler.start(RULES, &mut random, at(0));
        for _ in 0..8 {
            let due = dialler.deadline().unwrap();
            dialler.expire(RULES, &mut random, due);
            dialler.dialled();
            dialler.ended(End::Unopened, RULES, &mut random, at(10));
        }
        assert!(matches!(dialler.state(), DialState::Active { .. }));
        assert!(wait(&dialler, at(10)) >= Duration::from_secs(90));
        assert!(dialler.accepts());
    }

    #[test]
    fn an_attempt_that_hangs_is_given_up() {
        let mut random = Random::new(1);
        let mut dialler = Dialler::new();
        dialler.start(RULES, &mut random, at(0));
        let first = dialler.deadline().unwrap();
        dialler.expire(RULES, &mut random, first);
        let hung = dialler.deadline().unwrap();
        assert_eq!(dialler.expire(RULES, &mut random, hung), Attempt::None);
        assert!(matches!(dialler.state(), DialState::Active { deadline: Some(_) }));
    }
}
