//! Active: the gateway is here (RFC 9568 §6.4.3).
//!
//! Beyond the RFC's duty to serve there are two more. An Active whose priority falls *offers* the gateway: it resigns,
//! goes on forwarding, and claims the gateway again after its own Skew_Time, by when everybody better has come
//! forward and nobody worse has. An Active that is to stop *leaves*: it resigns and forwards until another is heard.
//! In neither is there a moment without a gateway, and on the wire both are what the RFC knows.

use core::net::IpAddr;
use core::time::Duration;

use super::backup::Backup;
use super::event::{Departure, FsmState, Port, Timer, TransitionReason};
use super::ledger::Ledger;
use super::state::{State, stop};
use crate::announce::Announcer;
use crate::config::Config;
use crate::packet::Advertisement;
use crate::time::{Instant, skew_time};
use crate::types::{Priority, Version};

/// The gateway is here.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) port: Port,
    duty: Duty,
    announcer: Announcer,
    /// When a losing advertisement was last answered.
    answered: Option<Instant>,
}

/// What an Active is about, and until when.
#[derive(Clone, Copy, Debug)]
enum Duty {
    /// The RFC's Active; its Adver_Timer.
    Serve { next: Instant },
    /// Its priority fell: it has resigned so that a better router comes forward, and goes on if none has after its own
    /// Skew_Time, which is when those below it would.
    Offer { since: Instant },
    /// It is to stop, and forwards until another has taken over.
    Leave { until: Instant },
}

impl Active {
    /// Becomes Active: advertises, and lets the driver and the neighbours know.
    pub(super) fn begin(port: Port, from: FsmState, reason: TransitionReason, ledger: &mut Ledger) -> State {
        ledger.send_advertisement(&port, Some(ledger.effective_priority()));
        ledger.note_transition(from, FsmState::Active, reason);
        ledger.activate(&port);
        State::Active(Self {
            port,
            duty: Duty::Serve { next: ledger.now + ledger.settings().interval.duration() },
            announcer: Announcer::start(&ledger.settings().announce, ledger.now),
            answered: None,
        })
    }

    /// RFC 9568 §6.4.3.
    pub(super) fn on_advertisement(mut self, heard: &Advertisement<'_>, ledger: &mut Ledger) -> State {
        let source = heard.source();
        match (self.duty, heard.priority()) {
            (Duty::Leave { .. }, Some(_)) => {
                return stop(FsmState::Active, TransitionReason::HandedOver(source), ledger);
            }
            (Duty::Leave { .. } | Duty::Offer { .. }, None) => {}
            (Duty::Serve { .. }, None) => {
                if self.may_answer(ledger) {
                    self = self.advertise(ledger);
                }
            }
            (Duty::Serve { .. } | Duty::Offer { .. }, Some(priority)) => {
                if self.is_outranked_by(priority, source, ledger) {
                    return self.give_way(heard, priority, ledger);
                }
                self = self.insist(ledger);
            }
        }
        State::Active(self)
    }

    /// A higher priority, or the same and a higher address.
    fn is_outranked_by(&self, priority: Priority, source: IpAddr, ledger: &Ledger) -> bool {
        (priority, source) > (ledger.effective_priority(), self.port.primary)
    }

    fn give_way(self, heard: &Advertisement<'_>, priority: Priority, ledger: &mut Ledger) -> State {
        let source = heard.source();
        let reason = TransitionReason::Outranked(source, priority);
        ledger.note_transition(FsmState::Active, FsmState::Backup, reason);
        State::Backup(Backup::begin_under(self.port, heard, priority, ledger))
    }

    /// Answers an advertisement that loses, without touching Adver_Timer: the loser gives way, and bridges learn again
    /// where the gateway is. New in RFC 9568; RFC 3768 §6.4.3 discards it.
    fn insist(mut self, ledger: &mut Ledger) -> Self {
        if ledger.settings().version == Version::V2 || !self.may_answer(ledger) {
            return self;
        }
        if let Duty::Offer { .. } = self.duty {
            return self.advertise(ledger);
        }
        ledger.send_advertisement(&self.port, Some(ledger.effective_priority()));
        self.announcer.repeat(&ledger.settings().announce, ledger.now);
        self
    }

    /// An answer is due unless one has just been given: a looped packet would be answered for ever.
    fn may_answer(&mut self, ledger: &mut Ledger) -> bool {
        let gap = (ledger.settings().interval.duration() / ANSWERS_PER_INTERVAL).min(LONGEST_ANSWER_GAP);
        if self.answered.is_some_and(|answered| ledger.now < answered + gap) {
            ledger.statistics.answers_suppressed += 1;
            return false;
        }
        self.answered = Some(ledger.now);
        true
    }

    /// Advertises and sets Adver_Timer, on its old beat unless that is over.
    pub(super) fn advertise(mut self, ledger: &mut Ledger) -> Self {
        ledger.send_advertisement(&self.port, Some(ledger.effective_priority()));
        let interval = ledger.settings().interval.duration();
        let next = match self.duty {
            Duty::Serve { next } if next <= ledger.now && next + interval > ledger.now => next + interval,
            Duty::Serve { .. } | Duty::Offer { .. } | Duty::Leave { .. } => ledger.now + interval,
        };
        self.duty = Duty::Serve { next };
        self
    }

    /// A round of announcements is due.
    pub(super) fn announce(mut self, ledger: &mut Ledger) -> Self {
        ledger.send_announcements(&self.port);
        self.announcer.advance(&ledger.settings().announce, ledger.now);
        self
    }

    /// The priority fell: whoever is better may have the gateway.
    pub(super) fn offer(mut self, ledger: &mut Ledger) -> Self {
        if let Duty::Serve { .. } = self.duty {
            ledger.send_advertisement(&self.port, None);
            self.duty = Duty::Offer { since: ledger.now };
        }
        self
    }

    /// Shutdown; a second time it may be hurried.
    pub(super) fn leave(
        mut self,
        departure: Departure,
        reason: TransitionReason,
        ledger: &mut Ledger,
    ) -> State {
        match (departure, self.duty) {
            (Departure::Graceful, Duty::Leave { .. }) => State::Active(self),
            (Departure::Graceful, Duty::Serve { .. } | Duty::Offer { .. }) => {
                ledger.send_advertisement(&self.port, None);
                let settings = ledger.settings();
                let slowest = skew_time(settings.version, Priority::LOWEST, settings.interval);
                self.duty = Duty::Leave { until: ledger.now + slowest + HANDOVER_SLACK };
                State::Active(self)
            }
            (Departure::Immediate, duty) => {
                if !matches!(duty, Duty::Leave { .. }) {
                    ledger.send_advertisement(&self.port, None);
                }
                stop(FsmState::Active, reason, ledger)
            }
        }
    }

    /// A gateway that is being left stays after all.
    pub(super) fn stay(self, ledger: &mut Ledger) -> Self {
        match self.duty {
            Duty::Leave { .. } => self.advertise(ledger),
            Duty::Serve { .. } | Duty::Offer { .. } => self,
        }
    }

    /// The next advertisement never comes later than the new interval says; what the neighbours know is only touched
    /// if it changed.
    pub(super) fn on_config(&mut self, before: &Config, ledger: &mut Ledger) {
        let is_same_place = {
            let (new, old) = (ledger.settings(), before.settings());
            (&new.addresses, new.mac, new.announce) == (&old.addresses, old.mac, old.announce)
        };
        if !is_same_place {
            self.announce_anew(ledger);
        }
        let is_owner = |config: &Config| config.settings().priority.is_owner();
        let is_same_role =
            ledger.config.accepts() == before.accepts() && is_owner(&ledger.config) == is_owner(before);
        if !is_same_place || !is_same_role {
            ledger.activate(&self.port);
        }
        if let Duty::Serve { next } = &mut self.duty {
            *next = (*next).min(ledger.now + ledger.settings().interval.duration());
        }
    }

    /// The interface has another address.
    pub(super) fn moved_to(self, port: Port, ledger: &mut Ledger) -> Self {
        if port == self.port {
            return self;
        }
        ledger.activate(&port);
        Self { port, announcer: Announcer::start(&ledger.settings().announce, ledger.now), ..self }
    }

    /// What was announced may be lost.
    pub(super) fn announce_anew(&mut self, ledger: &Ledger) {
        self.announcer = Announcer::start(&ledger.settings().announce, ledger.now);
    }

    /// Announcements wait until the driver has been told (RFC 9568 §8.1.2: not before address and hardware address are
    /// in place) and while the gateway is on offer, and end when it is left: they would speak against it.
    pub(super) fn deadline(&self, ledger: &Ledger) -> (Instant, Timer) {
        match self.duty {
            Duty::Serve { next } => match self.announcer.deadline().filter(|_| !ledger.has_role()) {
                Some(announce) if announce < next => (announce, Timer::Announce),
                _ => (next, Timer::Advertise),
            },
            Duty::Offer { since } => (since + ledger.skew_time(ledger.settings().interval), Timer::Keep),
            Duty::Leave { until } => (until, Timer::Leave),
        }
    }
}

/// With the next constant: at most as many answers as this in an interval.
const ANSWERS_PER_INTERVAL: u32 = 8;

/// However long the interval is, a loser is answered again after this.
const LONGEST_ANSWER_GAP: Duration = Duration::from_millis(100);

/// For the packets' way and the Backups' own delay, after the longest Skew_Time there is.
const HANDOVER_SLACK: Duration = Duration::from_millis(50);
