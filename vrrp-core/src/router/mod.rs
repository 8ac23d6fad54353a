//! One virtual router: one family of one VRID on one interface (RFC 9568 §6).
//!
//! ```text
//!              packets ─▶ handle_packet ───────┐                ┌─▶ poll_transmit  advertisements, announcements
//!   interface, address ─▶ handle_interface     │   Initialize   │
//!            device up ─▶ handle_device_up     ├─▶ Backup ──────┼─▶ poll_event     Activate, Deactivate, the log
//!       tracked facts  ─▶ handle_track         │   Active       │
//!            readiness ─▶ handle_readiness     │                └─▶ poll_timeout   when to come back, and for what
//!  config, start, stop ─▶ handle_config, …     │
//!                 time ─▶ handle_timeout ──────┘
//! ```
//!
//! The drain law: after any `handle_*`, take `poll_transmit` and `poll_event` until both are empty, then ask
//! `poll_timeout`, which says "now" as long as something is queued. Packets that the driver holds must be given before
//! `handle_timeout` is called, or a busy driver would take an Active for dead that it has not listened to.
//!
//! `state.rs` has the states, with `backup.rs` and `active.rs`, `admit.rs` the receive checks, `ledger.rs` what is
//! queued, counted and known, `event.rs` the words between router and driver.
//!
//! Beyond the RFC there are *tracking* (facts that fail lower the priority, and an Active that is worth less offers
//! the gateway within the same call), *readiness* (a Backup that is not ready never takes over), a delay before
//! preemption, and a departure that holds the gateway until it is taken.

mod active;
mod admit;
mod backup;
mod event;
mod ledger;
mod state;

#[cfg(test)]
mod tests;

use core::mem;
use core::net::IpAddr;
use core::time::Duration;

use crate::checksum::ChecksumForm;
use crate::config::Config;
use crate::error::{ConfigError, DropReason};
use crate::packet::Datagram;
use crate::time::{Centiseconds, Instant};
use crate::types::{Family, Mac, Priority, Vrid};
use backup::LastActive;
use ledger::Ledger;
use state::State;

pub use event::{
    Activation, Departure, Event, FsmState, Link, Outgoing, Port, PriorityChange, Readiness, Statistics,
    Timer, TrackId, Transition, TransitionReason, Transmit,
};

/// One virtual router. Owns no socket, no device, no clock and no task.
#[derive(Debug)]
pub struct VirtualRouter {
    state: State,
    ledger: Ledger,
}

impl VirtualRouter {
    /// A virtual router that starts as soon as its interface is up. It is ready unless told otherwise.
    #[must_use]
    pub fn new(config: Config, now: Instant) -> Self {
        Self { state: State::default(), ledger: Ledger::new(config, now) }
    }

    /// A datagram of protocol 112 came in on the interface.
    pub fn handle_packet(&mut self, datagram: &Datagram<'_>, now: Instant) {
        self.ledger.now = now;
        let admitted = match self.state.port() {
            Some(port) => admit::admit(&mut self.ledger, port, datagram),
            None => Err(DropReason::NotStarted),
        };
        match admitted {
            Ok(heard) => self.step(|state, ledger| state.on_advertisement(&heard, ledger)),
            Err(reason) => self.ledger.note_drop(reason, datagram.endpoints.source()),
        }
    }

    /// The interface, or its address, is there, gone or another. Startup and Shutdown follow from it.
    pub fn handle_interface(&mut self, link: Link, now: Instant) {
        self.ledger.now = now;
        self.ledger.link = link;
        self.step(State::on_link);
    }

    /// The kernel says that the device with the virtual addresses is up: the neighbours are told again.
    pub fn handle_device_up(&mut self, now: Instant) {
        self.ledger.now = now;
        self.state.on_device_up(&self.ledger);
    }

    /// The fact `track` holds, or fails and costs `decrement`; being told twice changes nothing. A decrement of zero
    /// is a fact that holds, or is tracked no more. The effective priority is at least 1 (RFC 9568 §5.2.4 keeps 0 for
    /// resigning), and an owner's is 255 whatever fails.
    pub fn handle_track(&mut self, track: TrackId, decrement: u8, now: Instant) {
        self.ledger.now = now;
        let before = self.ledger.effective_priority();
        if decrement == 0 {
            self.ledger.decrements.remove(&track);
        } else {
            self.ledger.decrements.insert(track, decrement);
        }
        self.priority_was(before, Some(track));
    }

    /// Whether a Backup may take over. An Active stays one: it is tracking that makes it yield.
    pub fn handle_readiness(&mut self, readiness: Readiness, now: Instant) {
        self.ledger.now = now;
        let before = mem::replace(&mut self.ledger.readiness, readiness);
        if (before, readiness) == (Readiness::Waiting, Readiness::Ready) {
            self.step(State::on_ready);
        }
    }

    /// Another configuration. An equal one changes nothing, another version starts anew, and the rest applies in
    /// place. One with another VRID or family is refused: that is another virtual router.
    pub fn handle_config(&mut self, config: Config, now: Instant) -> Result<(), ConfigError> {
        if (config.settings().vrid, config.family()) != (self.vrid(), self.family()) {
            return Err(ConfigError::OtherRouter);
        }
        self.ledger.now = now;
        if config == self.ledger.config {
            return Ok(());
        }
        if config.settings().version != self.config().settings().version {
            let reason = TransitionReason::Reconfigured;
            self.step(|state, ledger| state.on_stop(Departure::Immediate, reason, ledger));
        }
        let before = self.ledger.effective_priority();
        let old = self.ledger.configure(config);
        self.step(State::on_link);
        self.state.on_config(&old, &mut self.ledger);
        self.priority_was(before, None);
        Ok(())
    }

    /// Takes part again after `handle_stop`.
    pub fn handle_start(&mut self, now: Instant) {
        self.ledger.now = now;
        self.ledger.is_wanted = true;
        self.step(State::on_start);
    }

    /// Stops taking part: an Active resigns first. After a graceful departure the state stays Active until the gateway
    /// has gone; Initialize says that it has.
    pub fn handle_stop(&mut self, departure: Departure, now: Instant) {
        self.ledger.now = now;
        self.ledger.is_wanted = false;
        self.step(|state, ledger| state.on_stop(departure, TransitionReason::Stopped, ledger));
    }

    /// Time has passed; does what is due and nothing if nothing is.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.ledger.now = now;
        while let Some((_, timer)) = self.state.deadline(&self.ledger).filter(|(at, _)| *at <= now) {
            self.step(|state, ledger| state.on_timeout(timer, ledger));
        }
    }

    /// The next thing to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.ledger.poll_transmit()
    }

    /// The next thing to know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.ledger.poll_event()
    }

    /// When `handle_timeout` is due and for what; the last instant given as long as something is queued.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        if self.ledger.is_loaded() {
            return Some((self.ledger.now, Timer::Drain));
        }
        self.state.deadline(&self.ledger)
    }

    /// The state by its name in the RFC.
    #[must_use]
    pub const fn state(&self) -> FsmState {
        self.state.name()
    }

    /// What it was told to be.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.ledger.config
    }

    /// Its number.
    #[must_use]
    pub const fn vrid(&self) -> Vrid {
        self.config().settings().vrid
    }

    /// Its family.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.config().family()
    }

    /// The virtual router's hardware address, whether it is used or not.
    #[must_use]
    pub const fn virtual_mac(&self) -> Mac {
        self.vrid().mac(self.family())
    }

    /// The base priority less what failing facts cost.
    #[must_use]
    pub fn effective_priority(&self) -> Priority {
        self.ledger.effective_priority()
    }

    /// The facts that fail, and what each costs.
    pub fn failing_tracks(&self) -> impl Iterator<Item = (TrackId, u8)> {
        self.ledger.decrements.iter().map(|(track, decrement)| (*track, *decrement))
    }

    /// Whether a Backup may take over.
    #[must_use]
    pub const fn readiness(&self) -> Readiness {
        self.ledger.readiness
    }

    /// The interface as it was last told.
    #[must_use]
    pub const fn link(&self) -> Link {
        self.ledger.link
    }

    /// What keeps it in Initialize; nothing in the other states.
    #[must_use]
    pub fn hindrance(&self) -> Option<TransitionReason> {
        match (&self.state, self.ledger.is_wanted) {
            (State::Backup(_) | State::Active(_), _) => None,
            (State::Initialize, false) => Some(TransitionReason::Stopped),
            (State::Initialize, true) => self.ledger.usable_port().err(),
        }
    }

    /// The source of what it sends, while it runs.
    #[must_use]
    pub fn primary_address(&self) -> Option<IpAddr> {
        self.state.port().map(|port| port.primary)
    }

    /// Active_Adver_Interval: a Backup's is the Active's, everyone else's its own.
    #[must_use]
    pub const fn active_interval(&self) -> Centiseconds {
        match &self.state {
            State::Backup(state) => state.interval,
            State::Initialize | State::Active(_) => self.config().settings().interval,
        }
    }

    /// The Active that a Backup last heard, and its priority.
    #[must_use]
    pub const fn active(&self) -> Option<(IpAddr, Priority)> {
        match &self.state {
            State::Backup(state) => match state.active {
                LastActive::Heard(source, priority, _) => Some((source, priority)),
                LastActive::Unknown | LastActive::Resigned(_) => None,
            },
            State::Initialize | State::Active(_) => None,
        }
    }

    /// Skew_Time.
    #[must_use]
    pub fn skew_time(&self) -> Duration {
        self.ledger.skew_time(self.active_interval())
    }

    /// Active_Down_Interval.
    #[must_use]
    pub fn active_down_interval(&self) -> Duration {
        self.ledger.active_down_interval(self.active_interval())
    }

    /// What an IPv4 VRRPv3 checksum covers at present.
    #[must_use]
    pub const fn checksum_form(&self) -> ChecksumForm {
        self.ledger.form
    }

    /// Counters and the last changes.
    #[must_use]
    pub const fn statistics(&self) -> &Statistics {
        &self.ledger.statistics
    }

    fn priority_was(&mut self, before: Priority, track: Option<TrackId>) {
        if self.ledger.effective_priority() != before {
            self.ledger.note_priority(before, track);
            self.step(|state, ledger| state.on_priority(before, ledger));
        }
    }

    fn step(&mut self, transition: impl FnOnce(State, &mut Ledger) -> State) {
        self.state = transition(mem::take(&mut self.state), &mut self.ledger);
    }
}
