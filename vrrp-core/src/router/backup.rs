//! Backup: somebody else is Active, or nobody is yet (RFC 9568 §6.4.2).
//!
//! Active_Down_Timer is kept as the instant it was set and what it was set to; when it fires follows from the
//! effective priority, so tracking moves it without touching it.

use core::net::IpAddr;

use super::active::Active;
use super::event::{FsmState, Port, Readiness, TransitionReason};
use super::ledger::Ledger;
use super::state::State;
use crate::config::Preempt;
use crate::packet::Advertisement;
use crate::time::{Centiseconds, Instant};
use crate::types::{Priority, Version};

/// Somebody else is Active, or nobody is yet.
#[derive(Debug)]
pub(super) struct Backup {
    pub(super) port: Port,
    /// Active_Adver_Interval.
    pub(super) interval: Centiseconds,
    /// When Active_Down_Timer was last set, and to what: the time itself follows from the priority, which may change.
    since: Instant,
    wait: Wait,
    /// Since when an Active of lower priority is heard, and we could do better.
    lower_since: Option<Instant>,
    pub(super) active: LastActive,
}

/// What Active_Down_Timer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// Active_Down_Interval.
    Down,
    /// Skew_Time.
    Skew,
}

/// The Active as a Backup last heard it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LastActive {
    /// Not at all.
    Unknown,
    /// Advertising.
    Heard(IpAddr, Priority, Instant),
    /// Resigning.
    Resigned(IpAddr),
}

impl Backup {
    /// Startup (RFC 9568 §6.4.1).
    pub(super) const fn begin(port: Port, ledger: &Ledger) -> Self {
        Self {
            port,
            interval: ledger.settings().interval,
            since: ledger.now,
            wait: Wait::Down,
            lower_since: None,
            active: LastActive::Unknown,
        }
    }

    /// An Active gives way to `heard`, whose priority is given (RFC 9568 §6.4.3).
    pub(super) fn begin_under(
        port: Port,
        heard: &Advertisement<'_>,
        priority: Priority,
        ledger: &Ledger,
    ) -> Self {
        let active = LastActive::Heard(heard.source(), priority, ledger.now);
        Self { interval: heard.interval(), active, ..Self::begin(port, ledger) }
    }

    /// RFC 9568 §6.4.2. While we are not ready, whoever is Active is right.
    pub(super) fn on_advertisement(mut self, heard: &Advertisement<'_>, ledger: &Ledger) -> Self {
        let Some(priority) = heard.priority() else {
            self.active = LastActive::Resigned(heard.source());
            self.lower_since = None;
            self.set_timer(Wait::Skew, ledger.now);
            return self;
        };
        self.active = LastActive::Heard(heard.source(), priority, ledger.now);
        let is_below = priority < ledger.effective_priority() && ledger.readiness == Readiness::Ready;
        self.lower_since = is_below.then(|| self.lower_since.unwrap_or(ledger.now));
        if !self.preempts(ledger) {
            self.interval = heard.interval();
            self.set_timer(Wait::Down, ledger.now);
        }
        self
    }

    /// Active_Down_Timer fires (RFC 9568 §6.4.2).
    pub(super) fn take_over(self, ledger: &mut Ledger) -> State {
        let recently = ledger.active_down_interval(self.interval);
        let reason = match self.active {
            LastActive::Unknown => TransitionReason::ActiveSilent(None),
            LastActive::Resigned(source) => TransitionReason::ActiveResigned(source),
            LastActive::Heard(source, _, at) if ledger.now - at < recently && self.lower_since.is_some() => {
                TransitionReason::Preempting(source)
            }
            LastActive::Heard(source, ..) => TransitionReason::ActiveSilent(Some(source)),
        };
        Active::begin(self.port, FsmState::Backup, reason, ledger)
    }

    /// A Backup whose time has passed waits a Skew_Time, so that of several in that case the best comes first.
    pub(super) fn on_ready(mut self, ledger: &Ledger) -> Self {
        if self.deadline(ledger) < ledger.now + ledger.skew_time(self.interval) {
            self.set_timer(Wait::Skew, ledger.now);
        }
        self
    }

    /// The interface has another address.
    pub(super) fn moved_to(self, port: Port) -> Self {
        Self { port, ..self }
    }

    /// What was not learned follows the configuration; VRRPv2 learns nothing.
    pub(super) fn on_config(&mut self, ledger: &Ledger) {
        if self.active == LastActive::Unknown || ledger.settings().version == Version::V2 {
            self.interval = ledger.settings().interval;
        }
    }

    const fn set_timer(&mut self, wait: Wait, now: Instant) {
        (self.wait, self.since) = (wait, now);
    }

    /// When Active_Down_Timer fires.
    pub(super) fn deadline(&self, ledger: &Ledger) -> Instant {
        self.since
            + match self.wait {
                Wait::Down => ledger.active_down_interval(self.interval),
                Wait::Skew => ledger.skew_time(self.interval),
            }
    }

    /// True if the Active that is heard is to be preempted now: it is lower, and Preempt_Mode or being the owner says
    /// so, the former once its delay is over.
    fn preempts(&self, ledger: &Ledger) -> bool {
        let Some(since) = self.lower_since else {
            return false;
        };
        match ledger.settings().preempt {
            _ if ledger.effective_priority().is_owner() => true,
            Preempt::Off => false,
            Preempt::On { delay } => ledger.now >= since + delay,
        }
    }
}
