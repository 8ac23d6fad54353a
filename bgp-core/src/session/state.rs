//! The states that have a connection, and what moves between them (RFC 4271 §8.2.2).
//!
//! Each state is a struct with what only it knows. A transition takes the state and gives the next one; what it
//! sends and tells goes to the [`Line`]. The RFC's ConnectRetry steps, "releases all BGP resources" and the
//! oscillation damping are the speaker's, which hears of every end by `Down`.

use alloc::sync::Arc;
use core::fmt;

use super::negotiate::{self, Negotiated};
use super::timers::{LARGE_HOLD_TIME, Timer, Timers};
use super::{DownReason, Line, OpenSummary, SessionCommand, SessionEvent};
use crate::time::Instant;
use crate::types::Family;
use crate::wire::{
    Caps, ErrorKind, Frame, HEADER_LEN, MessageType, Notification, NotificationBuf, RefreshKind,
    RouteRefresh, WireError,
};

/// The state of a peer or a connection by the RFC's six names (RFC 4271 §8.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum FsmState {
    Idle,
    Connect,
    Active,
    OpenSent,
    OpenConfirm,
    Established,
}

/// Where a session is.
#[derive(Debug, Default)]
pub(super) enum State {
    OpenSent(OpenSent),
    OpenConfirm(OpenConfirm),
    Established(Established),
    /// The end: nothing is read any more, and what is queued is the rest.
    #[default]
    Closed,
}

/// Our OPEN is out.
#[derive(Debug)]
pub(super) struct OpenSent {
    hold: Instant,
}

/// Both OPENs are known, and our KEEPALIVE is out.
#[derive(Debug)]
pub(super) struct OpenConfirm {
    negotiated: Arc<Negotiated>,
    timers: Timers,
    /// Where the agreed hold time is zero, the large one still guards this state. We differ from RFC 4271 §8.2.2,
    /// which stops the timer: a connection that is never confirmed would stay for ever.
    hold: Instant,
}

/// Both KEEPALIVEs are in.
#[derive(Debug)]
pub(super) struct Established {
    pub(super) negotiated: Arc<Negotiated>,
    /// What the codec goes by when it reads from the peer.
    pub(super) receive: Caps,
    timers: Timers,
}

impl State {
    /// The connection stands: sends the OPEN.
    pub(super) fn begin(line: &mut Line) -> Self {
        line.send_open();
        Self::OpenSent(OpenSent { hold: line.now + LARGE_HOLD_TIME })
    }

    /// A whole message, but for UPDATEs and KEEPALIVEs in Established, which go by the read.
    pub(super) fn on_message(self, message: Frame<'_>, line: &mut Line) -> Self {
        line.history.received.count(message.kind);
        if message.kind == MessageType::NOTIFICATION {
            return self.on_notification(Notification::check(message.body), line);
        }
        match self {
            Self::OpenSent(state) => state.on_message(message, line),
            Self::OpenConfirm(state) => state.on_message(message, line),
            Self::Established(state) => state.on_message(message, line),
            Self::Closed => Self::Closed,
        }
    }

    /// A message that must be refused.
    pub(super) fn on_error(self, error: WireError, body: &[u8], line: &mut Line) -> Self {
        refuse(Some(error), error.notification(body), line)
    }

    /// Events 24 and 25. RFC 4271 §8.2.2 would answer one in OpenSent with a NOTIFICATION of ours; we differ, as
    /// §6.4 knows no answer to a NOTIFICATION and the peer has closed its end anyway.
    fn on_notification(self, notification: Notification<'_>, line: &mut Line) -> Self {
        let opening = matches!(self, Self::OpenSent(_) | Self::OpenConfirm(_));
        let refused = notification.kind == ErrorKind::UNSUPPORTED_OPTIONAL_PARAMETER;
        line.end(if opening && refused && line.config.offer.is_some() {
            DownReason::CapabilitiesRefused(notification.to_buf())
        } else {
            DownReason::Received(notification.to_buf())
        });
        Self::Closed
    }

    /// What the speaker asks for.
    pub(super) fn on_command(self, command: SessionCommand, line: &mut Line) -> Self {
        match (self, command) {
            (Self::Closed, _) => Self::Closed,
            // Events 2, 8 and 23.
            (_, SessionCommand::Stop(notification)) => {
                line.end(DownReason::Stopped(notification));
                Self::Closed
            }
            (state, SessionCommand::Close) => state.on_closed(line),
            (Self::Established(mut state), SessionCommand::Transmit(octets)) => {
                line.send_updates(octets, &state.negotiated.caps);
                state.timers.restart_keepalive(&mut line.jitter, line.now);
                Self::Established(state)
            }
            (Self::Established(state), SessionCommand::Refresh(family, kind)) => {
                if state.may_refresh(family, kind) {
                    line.send_refresh(RouteRefresh::new(family, kind));
                }
                Self::Established(state)
            }
            (state, SessionCommand::Transmit(_) | SessionCommand::Refresh(..)) => state,
        }
    }

    /// Event 18.
    pub(super) fn on_closed(self, line: &mut Line) -> Self {
        if !matches!(self, Self::Closed) {
            line.end(DownReason::Closed);
        }
        Self::Closed
    }

    /// Events 10, 11 and 29: the deadline that has passed, if one has.
    pub(super) fn on_timeout(self, timer: Timer, line: &mut Line) -> Self {
        match (self, timer) {
            (Self::Closed, _) => Self::Closed,
            (_, Timer::Hold) => expire(ErrorKind::HOLD_TIMER_EXPIRED, line),
            (_, Timer::SendHold) => expire(ErrorKind::SEND_HOLD_TIMER_EXPIRED, line),
            (Self::OpenConfirm(mut state), Timer::Keepalive) => {
                line.send_keepalive();
                state.timers.restart_keepalive(&mut line.jitter, line.now);
                Self::OpenConfirm(state)
            }
            (Self::Established(mut state), Timer::Keepalive) => {
                line.send_keepalive();
                state.timers.restart_keepalive(&mut line.jitter, line.now);
                Self::Established(state)
            }
            (state, Timer::Keepalive | Timer::Drain) => state,
        }
    }

    /// The next deadline; of several at once the one that ends the session.
    pub(super) fn deadline(&self, line: &Line) -> Option<(Instant, Timer)> {
        let (hold, keepalive, send_hold) = match self {
            Self::OpenSent(state) => (Some(state.hold), None, None),
            Self::OpenConfirm(state) => (Some(state.hold), state.timers.keepalive(), None),
            Self::Established(state) => {
                let stalled = line.stalled_since().zip(state.timers.send_hold_time());
                (state.timers.hold(), state.timers.keepalive(), stalled.map(|(since, time)| since + time))
            }
            Self::Closed => return None,
        };
        [(hold, Timer::Hold), (send_hold, Timer::SendHold), (keepalive, Timer::Keepalive)]
            .into_iter()
            .filter_map(|(at, timer)| Some((at?, timer)))
            .min_by_key(|(at, _)| *at)
    }

    /// What the codec goes by when it reads the next header. Before Established, nothing is longer than 4,096
    /// octets (RFC 8654 §4).
    pub(super) fn receive_caps(&self) -> Caps {
        match self {
            Self::Established(state) => state.receive,
            Self::OpenSent(_) | Self::OpenConfirm(_) | Self::Closed => Caps::default(),
        }
    }

    /// What was agreed, once it is.
    pub(super) const fn negotiated(&self) -> Option<&Arc<Negotiated>> {
        match self {
            Self::OpenConfirm(state) => Some(&state.negotiated),
            Self::Established(state) => Some(&state.negotiated),
            Self::OpenSent(_) | Self::Closed => None,
        }
    }

    /// The RFC's name.
    pub(super) const fn name(&self) -> FsmState {
        match self {
            Self::OpenSent(_) => FsmState::OpenSent,
            Self::OpenConfirm(_) => FsmState::OpenConfirm,
            Self::Established(_) => FsmState::Established,
            Self::Closed => FsmState::Idle,
        }
    }
}

impl OpenSent {
    fn on_message(self, message: Frame<'_>, line: &mut Line) -> State {
        if message.kind != MessageType::OPEN {
            return unexpected(ErrorKind::UNEXPECTED_IN_OPEN_SENT, message, line);
        }
        // Events 19 and 22.
        let negotiated = match negotiate::negotiate(&line.config, &line.ours, message.body) {
            Ok(negotiated) => Arc::new(negotiated),
            Err(rejection) => return refuse(Some(rejection.error), rejection.notification, line),
        };
        line.send_keepalive();
        line.tell(SessionEvent::Opened(OpenSummary { router_id: negotiated.router_id, asn: negotiated.asn }));
        let timers = Timers::start(negotiated.hold, negotiated.keepalive, &mut line.jitter, line.now);
        let hold = timers.hold().unwrap_or(line.now + LARGE_HOLD_TIME);
        State::OpenConfirm(OpenConfirm { negotiated, timers, hold })
    }
}

impl OpenConfirm {
    /// Event 26 leads on; a second OPEN on one connection is as unexpected as the rest (RFC 6608 §4).
    fn on_message(mut self, message: Frame<'_>, line: &mut Line) -> State {
        if message.kind != MessageType::KEEPALIVE {
            return unexpected(ErrorKind::UNEXPECTED_IN_OPEN_CONFIRM, message, line);
        }
        self.timers.restart_hold(line.now);
        line.history.established = Some(line.now);
        line.tell(SessionEvent::Up(Arc::clone(&self.negotiated)));
        // RFC 8654 §4: what we offered, the peer may use, whatever it offered itself.
        let receive = Caps { extended_message: line.config.offer.is_some(), ..self.negotiated.caps };
        State::Established(Established { negotiated: self.negotiated, receive, timers: self.timers })
    }
}

impl Established {
    fn on_message(mut self, message: Frame<'_>, line: &mut Line) -> State {
        match message.kind {
            MessageType::ROUTE_REFRESH => self.on_refresh(message.body, line),
            MessageType::KEEPALIVE => {
                self.on_heard(line.now);
                State::Established(self)
            }
            _ => unexpected(ErrorKind::UNEXPECTED_IN_ESTABLISHED, message, line),
        }
    }

    /// Events 26 and 27 restart the hold timer.
    pub(super) fn on_heard(&mut self, now: Instant) {
        self.timers.restart_hold(now);
    }

    /// RFC 2918 §4 and RFC 7313 §4: what we do not know or did not agree on is ignored.
    fn on_refresh(self, body: &[u8], line: &mut Line) -> State {
        if line.config.offer.is_none() {
            // Without the capability the type is not in the protocol (RFC 4271 §6.1).
            let error = WireError::BadMessageType(MessageType::ROUTE_REFRESH.0);
            return refuse(Some(error), error.notification(body), line);
        }
        let refresh = match RouteRefresh::check(body) {
            Ok(refresh) => refresh,
            Err(error) => return self.on_bad_refresh(error, body, line),
        };
        let Some((family, kind)) = refresh.family().zip(refresh.subtype.kind()) else {
            return State::Established(self);
        };
        let framed = matches!(kind, RefreshKind::Begin | RefreshKind::End);
        if self.negotiated.families.contains(family) && (!framed || self.negotiated.enhanced_refresh) {
            line.tell(SessionEvent::Refresh(family, kind));
        }
        State::Established(self)
    }

    /// RFC 7313 §5 is for peers that know it. Of others, one that is too short is wrong by RFC 4271 §6.1, and the
    /// rest means nothing.
    fn on_bad_refresh(self, error: WireError, body: &[u8], line: &mut Line) -> State {
        if self.negotiated.enhanced_refresh {
            return refuse(Some(error), error.notification(body), line);
        }
        if body.len() >= RouteRefresh::LEN {
            return State::Established(self);
        }
        let error = WireError::BadMessageLength(u16::try_from(HEADER_LEN + body.len()).unwrap_or(u16::MAX));
        refuse(Some(error), error.notification(body), line)
    }

    /// True if the peer said that it understands such a message about `family`.
    fn may_refresh(&self, family: Family, kind: RefreshKind) -> bool {
        self.negotiated.families.contains(family)
            && match kind {
                RefreshKind::Request => self.negotiated.route_refresh,
                RefreshKind::Begin | RefreshKind::End => self.negotiated.enhanced_refresh,
            }
    }
}

impl fmt::Display for FsmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Idle => "Idle",
            Self::Connect => "Connect",
            Self::Active => "Active",
            Self::OpenSent => "OpenSent",
            Self::OpenConfirm => "OpenConfirm",
            Self::Established => "Established",
        })
    }
}

/// A well-formed message at the wrong time; the data is its type (RFC 6608 §4).
fn unexpected(kind: ErrorKind, message: Frame<'_>, line: &mut Line) -> State {
    refuse(None, NotificationBuf::with_data(kind, &[message.kind.0]), line)
}

fn refuse(error: Option<WireError>, notification: NotificationBuf, line: &mut Line) -> State {
    line.end(DownReason::Refused { error, notification });
    State::Closed
}

fn expire(kind: ErrorKind, line: &mut Line) -> State {
    line.end(DownReason::Expired(NotificationBuf::new(kind)));
    State::Closed
}
