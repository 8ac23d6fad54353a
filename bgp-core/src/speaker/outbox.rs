//! What the speaker has said and nobody has fetched yet.
//!
//! Orders to dial and questions about networks are kept per key, so that only the latest counts. Commands are a
//! few per connection. Events are for people: when nobody reads them the oldest go, and how many went is said.

use alloc::collections::{BTreeMap, VecDeque};

use super::event::SpeakerEvent;
use super::link::{DialOrder, NetworkWatch};
use crate::session::SessionCommand;
use crate::types::{PeerId, Prefix, SessionId};

/// Everything to be polled that is not the RIB's.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    dials: BTreeMap<PeerId, DialOrder>,
    commands: VecDeque<(SessionId, SessionCommand)>,
    watches: BTreeMap<Prefix, bool>,
    events: VecDeque<SpeakerEvent>,
    lost: u64,
}

/// Most events that wait.
const MAX_EVENTS: usize = 8192;

impl Outbox {
    pub(super) fn dial(&mut self, peer: PeerId, order: DialOrder) {
        self.dials.insert(peer, order);
    }

    pub(super) fn command(&mut self, session: SessionId, command: SessionCommand) {
        self.commands.push_back((session, command));
    }

    pub(super) fn watch(&mut self, watch: NetworkWatch) {
        self.watches.insert(watch.prefix, watch.is_wanted);
    }

    pub(super) fn event(&mut self, event: SpeakerEvent) {
        if self.events.len() >= MAX_EVENTS {
            self.events.pop_front();
            self.lost += 1;
        }
        self.events.push_back(event);
    }

    pub(super) fn next_dial(&mut self) -> Option<DialOrder> {
        self.dials.pop_first().map(|(_, order)| order)
    }

    pub(super) fn next_command(&mut self) -> Option<(SessionId, SessionCommand)> {
        self.commands.pop_front()
    }

    pub(super) fn next_watch(&mut self) -> Option<NetworkWatch> {
        self.watches.pop_first().map(|(prefix, is_wanted)| NetworkWatch { prefix, is_wanted })
    }

    pub(super) fn next_event(&mut self) -> Option<SpeakerEvent> {
        match core::mem::take(&mut self.lost) {
            0 => self.events.pop_front(),
            events => Some(SpeakerEvent::Lost { events }),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.dials.is_empty() && self.commands.is_empty() && self.watches.is_empty() && self.events.is_empty()
    }
}
