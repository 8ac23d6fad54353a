//! One BGP connection, from the first octet to the last (RFC 4271 §8, the states that have a connection).
//!
//! ```text
//!            octets ─▶ handle_input ─┐                    ┌─▶ poll_event     Opened, Up, Updates, Refresh, Down
//! speaker's wishes ─▶ handle_command ├─▶ state, timers ───┤
//!             time ─▶ handle_timeout │   OpenSent         ├─▶ poll_transmit  octets for the socket
//!  octets written ─▶ handle_transmitted  OpenConfirm      │
//! connection gone ─▶ handle_closed ──┘   Established      └─▶ poll_timeout   when to come back
//! ```
//!
//! A [`Session`] begins with a connection and sends its OPEN at once; Idle, Connect and Active have no connection and
//! belong to the speaker, and so does the choice between two connections to one peer (§6.8). The session knows
//! nothing of routes: it checks UPDATEs and hands a read's worth of them on as one [`UpdateBatch`].
//!
//! The drain law: after any `handle_*`, take `poll_transmit` until it is empty, then `poll_event`, then ask
//! `poll_timeout`, which says "now" as long as something is queued. Input that the driver holds must be given
//! before `handle_timeout` is called, or a busy driver would blame the peer for its own delay.
//!
//! `offer.rs` makes our OPEN and `negotiate.rs` compares the peer's with it, `intake.rs` reads UPDATEs, `state.rs` has
//! the states and what moves between them, `timers.rs` the deadlines and their jitter, `line.rs` what is queued and
//! counted.

mod batch;
mod config;
mod event;
mod intake;
mod line;
mod negotiate;
mod offer;
mod state;
mod timers;

#[cfg(test)]
mod tests;

use alloc::sync::Arc;
use core::mem;

use bytes::{Buf, Bytes, BytesMut};

use crate::time::Instant;
use crate::wire::{OpenBuf, frame};
use intake::{Intake, Stop};
use line::Line;
use state::State;
use timers::Jitter;

pub use batch::{Faults, Malformed, UpdateBatch};
pub use config::{Offer, RestartOffer, Restarted, SessionConfig};
pub use event::{DownReason, OpenSummary, SessionCommand, SessionEvent};
pub use line::{Counters, History};
pub use negotiate::{LongLived, Negotiated, PeerRestart};
pub use state::FsmState;
pub use timers::Timer;

/// One connection. Owns no socket, no clock and no task.
#[derive(Debug)]
pub struct Session {
    state: State,
    line: Line,
}

impl Session {
    /// A session on a connection that has just come up; its OPEN waits in `poll_transmit`. `seed` is for the jitter
    /// of its timers.
    #[must_use]
    pub fn new(config: SessionConfig, seed: u64, now: Instant) -> Self {
        let ours = offer::offer(&config);
        let mut line = Line::new(config, ours, Jitter::new(seed), now);
        Self { state: State::begin(&mut line), line }
    }

    /// Takes whole messages off the front of `input` and leaves the rest, which is less than one message.
    pub fn handle_input(&mut self, input: &mut BytesMut, now: Instant) {
        self.line.now = now;
        self.line.history.last_read = Some(now);
        while self.take_message(input) {}
        if matches!(self.state, State::Closed) {
            input.clear();
        }
    }

    /// The speaker wants something.
    pub fn handle_command(&mut self, command: SessionCommand, now: Instant) {
        self.line.now = now;
        self.step(|state, line| state.on_command(command, line));
    }

    /// The connection is gone. Input that came before goes to `handle_input` first.
    pub fn handle_closed(&mut self, now: Instant) {
        self.line.now = now;
        self.step(State::on_closed);
    }

    /// Time has passed; does what is due and nothing if nothing is.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.line.now = now;
        while let Some((_, timer)) = self.state.deadline(&self.line).filter(|(at, _)| *at <= now) {
            self.step(|state, line| state.on_timeout(timer, line));
        }
    }

    /// The socket took `octets` of what `poll_transmit` gave. A session that is never told so believes that the
    /// peer does not read, and ends when the send-hold time is over (RFC 9687).
    pub fn handle_transmitted(&mut self, octets: usize, now: Instant) {
        self.line.now = now;
        self.line.written(octets);
    }

    /// The next octets for the socket: whole messages.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.line.poll_transmit()
    }

    /// The next thing for the speaker to know.
    pub fn poll_event(&mut self) -> Option<SessionEvent> {
        self.line.poll_event()
    }

    /// When `handle_timeout` is due and for what; the last instant given as long as something is queued.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        if self.line.is_loaded() {
            return Some((self.line.now, Timer::Drain));
        }
        self.state.deadline(&self.line)
    }

    /// The state by its name in the RFC; Idle once the session is over.
    #[must_use]
    pub const fn state(&self) -> FsmState {
        self.state.name()
    }

    /// What was agreed: there from OpenConfirm on, until the end.
    #[must_use]
    pub const fn negotiated(&self) -> Option<&Arc<Negotiated>> {
        self.state.negotiated()
    }

    /// What the session was made of.
    #[must_use]
    pub const fn config(&self) -> &SessionConfig {
        &self.line.config
    }

    /// The OPEN we sent.
    #[must_use]
    pub const fn offered(&self) -> &OpenBuf {
        &self.line.ours
    }

    /// Counters and times, for display.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.line.history
    }

    /// One message, or in Established as many UPDATEs as there are; false if the rest must wait for more octets.
    fn take_message(&mut self, input: &mut BytesMut) -> bool {
        if let State::Established(state) = &self.state {
            let intake = Intake::read(input, state);
            if self.take_updates(input, intake) == Rest::Waits {
                return false;
            }
        }
        if matches!(self.state, State::Closed) {
            return false;
        }
        let message = match frame(input, &self.state.receive_caps()) {
            Ok(Some(message)) => message,
            Ok(None) => return false,
            Err(error) => {
                self.step(|state, line| state.on_error(error, &[], line));
                return false;
            }
        };
        let len = message.len;
        let state = mem::take(&mut self.state);
        self.state = state.on_message(message, &mut self.line);
        input.advance(len);
        true
    }

    /// Splits what was read off `input` and passes it on: good UPDATEs first, whatever comes after them.
    fn take_updates(&mut self, input: &mut BytesMut, intake: Intake) -> Rest {
        let line = &mut self.line;
        line.history.received.add(&intake.received);
        line.note_faults(intake.faults);
        let octets = input.split_to(intake.consumed);
        if let (State::Established(state), true) = (&mut self.state, intake.consumed > 0) {
            state.on_heard(line.now);
        }
        if !intake.entries.is_empty() {
            line.history.last_update = Some(line.now);
            line.tell(SessionEvent::Updates(UpdateBatch::new(
                octets.freeze(),
                intake.entries,
                intake.faults,
            )));
        }
        match intake.stopped {
            Stop::Incomplete => Rest::Waits,
            Stop::Other => Rest::Follows,
            Stop::Wrong(error, notification) => {
                line.end(DownReason::Refused { error: Some(error), notification });
                self.state = State::Closed;
                Rest::Waits
            }
        }
    }

    fn step(&mut self, transition: impl FnOnce(State, &mut Line) -> State) {
        self.state = transition(mem::take(&mut self.state), &mut self.line);
    }
}

/// What is left in the receive buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// Not a whole message, or of no interest any more.
    Waits,
    /// A message to look at.
    Follows,
}
