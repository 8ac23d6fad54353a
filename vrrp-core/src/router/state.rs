//! The three states and what moves between them (RFC 9568 §6.4).
//!
//! Each state is a struct with what only it knows; a transition takes the state and gives the next one, so a timer of
//! the old state cannot fire into the new one. What is sent and told goes to the [`Ledger`].

use super::active::Active;
use super::backup::Backup;
use super::event::{Departure, FsmState, Port, Readiness, Timer, TransitionReason};
use super::ledger::Ledger;
use crate::config::Config;
use crate::packet::Advertisement;
use crate::time::Instant;
use crate::types::Priority;

/// Where a virtual router is.
#[derive(Debug, Default)]
pub(super) enum State {
    #[default]
    Initialize,
    Backup(Backup),
    Active(Active),
}

impl State {
    /// Startup, if it is wanted and possible (RFC 9568 §6.4.1).
    pub(super) fn start(ledger: &mut Ledger) -> Self {
        let Ok(port) = ledger.usable_port() else {
            return Self::Initialize;
        };
        if !ledger.is_wanted {
            return Self::Initialize;
        }
        if ledger.effective_priority().is_owner() && ledger.readiness == Readiness::Ready {
            return Active::begin(port, FsmState::Initialize, TransitionReason::Started, ledger);
        }
        ledger.note_transition(FsmState::Initialize, FsmState::Backup, TransitionReason::Started);
        Self::Backup(Backup::begin(port, ledger))
    }

    /// An advertisement that passed every check.
    pub(super) fn on_advertisement(self, heard: &Advertisement<'_>, ledger: &mut Ledger) -> Self {
        match self {
            Self::Initialize => Self::Initialize,
            Self::Backup(state) => Self::Backup(state.on_advertisement(heard, ledger)),
            Self::Active(state) => state.on_advertisement(heard, ledger),
        }
    }

    /// A deadline that has passed.
    pub(super) fn on_timeout(self, timer: Timer, ledger: &mut Ledger) -> Self {
        match (self, timer) {
            (Self::Backup(state), Timer::ActiveDown) => state.take_over(ledger),
            (Self::Active(state), Timer::Advertise | Timer::Keep) => Self::Active(state.advertise(ledger)),
            (Self::Active(state), Timer::Announce) => Self::Active(state.announce(ledger)),
            (Self::Active(_), Timer::Leave) => stop(FsmState::Active, TransitionReason::Unclaimed, ledger),
            (state @ (Self::Initialize | Self::Backup(_) | Self::Active(_)), _) => state,
        }
    }

    /// The interface is another, or is gone. Nothing is sent: there is nothing to send it with. We differ from RFC
    /// 9568 §6.4.3 in that.
    pub(super) fn on_link(self, ledger: &mut Ledger) -> Self {
        match (self, ledger.usable_port()) {
            (Self::Initialize, _) => Self::start(ledger),
            (Self::Backup(state), Ok(port)) => Self::Backup(state.moved_to(port)),
            (Self::Active(state), Ok(port)) => Self::Active(state.moved_to(port, ledger)),
            (state @ (Self::Backup(_) | Self::Active(_)), Err(reason)) => stop(state.name(), reason, ledger),
        }
    }

    /// The effective priority was `before`. An Active that is worth less offers the gateway at once, as Backups would
    /// otherwise sit out an Active_Down_Interval; a Backup's timer follows by itself.
    pub(super) fn on_priority(self, before: Priority, ledger: &mut Ledger) -> Self {
        match self {
            Self::Active(state) if ledger.effective_priority() < before => Self::Active(state.offer(ledger)),
            state @ (Self::Initialize | Self::Backup(_) | Self::Active(_)) => state,
        }
    }

    /// A Backup may take over from here on; an owner does not wait (RFC 9568 §6.4.1).
    pub(super) fn on_ready(self, ledger: &mut Ledger) -> Self {
        match self {
            Self::Backup(state) if ledger.effective_priority().is_owner() => state.take_over(ledger),
            Self::Backup(state) => Self::Backup(state.on_ready(ledger)),
            state @ (Self::Initialize | Self::Active(_)) => state,
        }
    }

    /// Shutdown (RFC 9568 §6.4.2, §6.4.3).
    pub(super) fn on_stop(self, departure: Departure, reason: TransitionReason, ledger: &mut Ledger) -> Self {
        match (self, departure) {
            (Self::Initialize, _) => Self::Initialize,
            (Self::Backup(_), _) => stop(FsmState::Backup, reason, ledger),
            (Self::Active(state), departure) => state.leave(departure, reason, ledger),
        }
    }

    /// A gateway that is being left stays.
    pub(super) fn on_start(self, ledger: &mut Ledger) -> Self {
        match self {
            Self::Initialize => Self::start(ledger),
            Self::Backup(state) => Self::Backup(state),
            Self::Active(state) => Self::Active(state.stay(ledger)),
        }
    }

    /// The configuration changed in place from `before`.
    pub(super) fn on_config(&mut self, before: &Config, ledger: &mut Ledger) {
        match self {
            Self::Initialize => {}
            Self::Backup(state) => state.on_config(ledger),
            Self::Active(state) => state.on_config(before, ledger),
        }
    }

    /// The kernel says that the device is up: what was announced before may be lost.
    pub(super) fn on_device_up(&mut self, ledger: &Ledger) {
        if let Self::Active(state) = self {
            state.announce_anew(ledger);
        }
    }

    /// The next deadline.
    pub(super) fn deadline(&self, ledger: &Ledger) -> Option<(Instant, Timer)> {
        match self {
            Self::Initialize => None,
            Self::Backup(state) => {
                let is_ready = ledger.readiness == Readiness::Ready;
                is_ready.then(|| (state.deadline(ledger), Timer::ActiveDown))
            }
            Self::Active(state) => Some(state.deadline(ledger)),
        }
    }

    pub(super) const fn port(&self) -> Option<&Port> {
        match self {
            Self::Initialize => None,
            Self::Backup(state) => Some(&state.port),
            Self::Active(state) => Some(&state.port),
        }
    }

    pub(super) const fn name(&self) -> FsmState {
        match self {
            Self::Initialize => FsmState::Initialize,
            Self::Backup(_) => FsmState::Backup,
            Self::Active(_) => FsmState::Active,
        }
    }
}

/// To Initialize.
pub(super) fn stop(from: FsmState, reason: TransitionReason, ledger: &mut Ledger) -> State {
    ledger.note_transition(from, FsmState::Initialize, reason);
    State::Initialize
}
