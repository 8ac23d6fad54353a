//! The outward side of a session: what waits to be taken, what has gone by, what time it is.
//!
//! States decide, the line carries. Its two queues are short by construction: the driver drains them after every
//! call, UPDATEs come in only as fast as the speaker gives credit, and the session itself adds single small
//! messages.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::Bytes;

use super::batch::Faults;
use super::timers::Jitter;
use super::{DownReason, SessionConfig, SessionEvent};
use crate::time::Instant;
use crate::wire::header::KEEPALIVE;
use crate::wire::{Caps, HEADER_LEN, MessageType, NotificationBuf, OpenBuf, RouteRefresh, Writer, frame};

/// Messages of one direction, by type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Counters {
    pub open: u64,
    pub update: u64,
    pub notification: u64,
    pub keepalive: u64,
    pub route_refresh: u64,
}

/// What has gone by on a connection, for display.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Messages from the peer.
    pub received: Counters,
    /// Messages to the peer.
    pub sent: Counters,
    /// When octets last came.
    pub last_read: Option<Instant>,
    /// When octets last went.
    pub last_written: Option<Instant>,
    /// When an UPDATE last came.
    pub last_update: Option<Instant>,
    /// When the session became Established.
    pub established: Option<Instant>,
    /// UPDATEs whose routes were treated as withdrawn (RFC 7606 §2).
    pub updates_withdrawn: u64,
    /// UPDATEs that lost an attribute (RFC 7606 §2).
    pub updates_discarded: u64,
    /// The NOTIFICATION that we sent.
    pub notification_sent: Option<NotificationBuf>,
    /// The NOTIFICATION that the peer sent.
    pub notification_received: Option<NotificationBuf>,
}

/// Queues, counters, clock and dice of one session.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) config: SessionConfig,
    pub(super) ours: OpenBuf,
    pub(super) jitter: Jitter,
    pub(super) history: History,
    /// The last instant that the caller gave.
    pub(super) now: Instant,
    transmit: VecDeque<Bytes>,
    events: VecDeque<SessionEvent>,
    /// Octets taken from `transmit` that the socket has not yet taken.
    outstanding: usize,
    /// When the socket last took something while more was waiting.
    stalled_since: Instant,
}

impl Counters {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.open + self.update + self.notification + self.keepalive + self.route_refresh
    }

    /// Counts what `other` counted.
    pub(super) const fn add(&mut self, other: &Self) {
        self.open += other.open;
        self.update += other.update;
        self.notification += other.notification;
        self.keepalive += other.keepalive;
        self.route_refresh += other.route_refresh;
    }

    /// Counts one message.
    pub(super) const fn count(&mut self, kind: MessageType) {
        match kind {
            MessageType::OPEN => self.open += 1,
            MessageType::UPDATE => self.update += 1,
            MessageType::NOTIFICATION => self.notification += 1,
            MessageType::KEEPALIVE => self.keepalive += 1,
            MessageType::ROUTE_REFRESH => self.route_refresh += 1,
            MessageType(_) => {}
        }
    }
}

impl Line {
    pub(super) fn new(config: SessionConfig, ours: OpenBuf, jitter: Jitter, now: Instant) -> Self {
        Self {
            config,
            ours,
            jitter,
            history: History::default(),
            now,
            transmit: VecDeque::new(),
            events: VecDeque::new(),
            outstanding: 0,
            stalled_since: now,
        }
    }

    pub(super) fn send_open(&mut self) {
        let mut message = Vec::new();
        self.ours.emit(&mut Writer::new(&mut message));
        self.send(MessageType::OPEN, message.into());
    }

    pub(super) fn send_keepalive(&mut self) {
        self.send(MessageType::KEEPALIVE, Bytes::from_static(&KEEPALIVE));
    }

    pub(super) fn send_refresh(&mut self, refresh: RouteRefresh) {
        let mut message = Vec::new();
        refresh.emit(&mut Writer::new(&mut message));
        self.send(MessageType::ROUTE_REFRESH, message.into());
    }

    /// Queues whole UPDATEs as the export made them, and counts them by their headers.
    pub(super) fn send_updates(&mut self, octets: Bytes, caps: &Caps) {
        let mut rest = octets.as_ref();
        while let Ok(Some(message)) = frame(rest, caps) {
            self.history.sent.count(message.kind);
            rest = rest.get(message.len..).unwrap_or_default();
        }
        self.transmit.push_back(octets);
    }

    /// The last event. UPDATEs that wait to be sent are dropped: they would only delay the NOTIFICATION.
    pub(super) fn end(&mut self, reason: DownReason) {
        self.transmit.retain(|octets| octets.get(HEADER_LEN - 1) != Some(&MessageType::UPDATE.0));
        match &reason {
            DownReason::Refused { notification, .. }
            | DownReason::Expired(notification)
            | DownReason::Stopped(notification) => {
                let mut message = Vec::new();
                notification.emit(&mut Writer::new(&mut message));
                self.history.notification_sent = Some(notification.clone());
                self.send(MessageType::NOTIFICATION, message.into());
            }
            DownReason::Received(notification) | DownReason::CapabilitiesRefused(notification) => {
                self.history.notification_received = Some(notification.clone());
            }
            DownReason::Closed | DownReason::LinkLost => {}
        }
        self.events.push_back(SessionEvent::Down(reason));
    }

    /// Queues an event. A peer that repeats a ROUTE-REFRESH is heard once per drain.
    pub(super) fn tell(&mut self, event: SessionEvent) {
        if let (SessionEvent::Refresh(family, kind), Some(SessionEvent::Refresh(last, same))) =
            (&event, self.events.back())
            && (family, kind) == (last, same)
        {
            return;
        }
        self.events.push_back(event);
    }

    /// Counts what RFC 7606 put up with.
    pub(super) fn note_faults(&mut self, faults: Faults) {
        self.history.updates_withdrawn += u64::from(faults.withdrawn);
        self.history.updates_discarded += u64::from(faults.discarded);
    }

    pub(super) fn poll_transmit(&mut self) -> Option<Bytes> {
        let octets = self.transmit.pop_front()?;
        if self.outstanding == 0 {
            self.stalled_since = self.now;
        }
        self.outstanding = self.outstanding.saturating_add(octets.len());
        Some(octets)
    }

    pub(super) fn poll_event(&mut self) -> Option<SessionEvent> {
        self.events.pop_front()
    }

    /// The socket took `octets` of what `poll_transmit` gave.
    pub(super) fn written(&mut self, octets: usize) {
        if octets > 0 {
            self.outstanding = self.outstanding.saturating_sub(octets);
            self.stalled_since = self.now;
            self.history.last_written = Some(self.now);
        }
    }

    /// Since when the socket has taken nothing, if something is waiting for it.
    pub(super) fn stalled_since(&self) -> Option<Instant> {
        (self.outstanding > 0).then_some(self.stalled_since)
    }

    /// True while the driver has something to take.
    pub(super) fn is_loaded(&self) -> bool {
        !self.transmit.is_empty() || !self.events.is_empty()
    }

    fn send(&mut self, kind: MessageType, message: Bytes) {
        self.history.sent.count(kind);
        self.transmit.push_back(message);
    }
}
