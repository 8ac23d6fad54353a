//! Reading in Established: as many UPDATEs and KEEPALIVEs as stand one behind the other.
//!
//! This is the path that a full table takes. A read holds thousands of messages; each is framed and checked where
//! it lies, and only its place and its spans are written down. The list of them grows as it must: a guess from the
//! size of the read would let a peer that mixes in other messages hold far more memory than it sent. The caller then splits what was consumed off the
//! receive buffer, once.

use alloc::vec::Vec;

use super::batch::{Entry, Faults};
use super::line::Counters;
use super::state::Established;
use crate::wire::{Fate, HEADER_LEN, MessageType, NotificationBuf, Update, WireError, frame};

/// What one pass over the receive buffer found.
#[derive(Debug)]
pub(super) struct Intake {
    /// Octets of whole messages, from the front.
    pub(super) consumed: usize,
    /// The UPDATEs among them.
    pub(super) entries: Vec<Entry>,
    pub(super) faults: Faults,
    pub(super) received: Counters,
    pub(super) stopped: Stop,
}

/// Why the pass ended.
#[derive(Debug)]
pub(super) enum Stop {
    /// What is left is not a whole message.
    Incomplete,
    /// The next message is neither UPDATE nor KEEPALIVE.
    Other,
    /// The next message must be refused.
    Wrong(WireError, NotificationBuf),
}

impl Intake {
    /// Walks `input` from its front.
    pub(super) fn read(input: &[u8], state: &Established) -> Self {
        let (faults, received) = (Faults::default(), Counters::default());
        let mut intake =
            Self { consumed: 0, entries: Vec::new(), faults, received, stopped: Stop::Incomplete };
        intake.stopped = loop {
            if let Some(stop) = intake.step(input, state) {
                break stop;
            }
        };
        intake
    }

    /// One message, or the reason to stop.
    fn step(&mut self, input: &[u8], state: &Established) -> Option<Stop> {
        let rest = input.get(self.consumed..).unwrap_or_default();
        let message = match frame(rest, &state.receive) {
            Ok(Some(message)) => message,
            Ok(None) => return Some(Stop::Incomplete),
            Err(error) => return Some(Stop::Wrong(error, error.notification(&[]))),
        };
        match message.kind {
            MessageType::UPDATE => {
                let checked = match Update::check(message.body, &state.receive, state.negotiated.side) {
                    Ok(checked) => checked,
                    Err(error) => return Some(Stop::Wrong(error, error.notification(message.body))),
                };
                if checked.fate != Fate::Keep {
                    self.faults.count(self.entries.len(), checked.fate, checked.fault);
                }
                self.entries.push(Entry::new(
                    self.consumed + HEADER_LEN,
                    message.body,
                    checked.update.spans(),
                ));
            }
            MessageType::KEEPALIVE => {}
            _ => return Some(Stop::Other),
        }
        self.received.count(message.kind);
        self.consumed += message.len;
        None
    }
}
