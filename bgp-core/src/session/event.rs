//! What goes into a session beside octets, and what comes out of it.

use alloc::sync::Arc;

use bytes::Bytes;

use super::{Negotiated, UpdateBatch};
use crate::types::{Asn, Family, RouterId};
use crate::wire::{ErrorKind, NotificationBuf, RefreshKind, WireError};

/// What the speaker asks of a session.
#[derive(Clone, Debug)]
pub enum SessionCommand {
    /// Send these whole UPDATEs. Ignored unless Established.
    Transmit(Bytes),
    /// Send a ROUTE-REFRESH: ask for a family again, or begin or end what the peer asked for. Ignored where the
    /// peer did not offer it (RFC 2918 §4, RFC 7313 §4).
    Refresh(Family, RefreshKind),
    /// Send this NOTIFICATION and end: shutdown, reset, too many prefixes, collision.
    Stop(NotificationBuf),
    /// End without a word: the peer has restarted, and its new connection takes over (RFC 4724 §5).
    Close,
}

/// What a session tells the speaker.
#[derive(Clone, Debug)]
pub enum SessionEvent {
    /// The peer's OPEN is accepted and the state is OpenConfirm: time to decide a collision (RFC 4271 §6.8).
    Opened(OpenSummary),
    /// Established.
    Up(Arc<Negotiated>),
    /// UPDATEs, in the order they came.
    Updates(UpdateBatch),
    /// A ROUTE-REFRESH for a family that was negotiated.
    Refresh(Family, RefreshKind),
    /// The end, always the last event. What is still to transmit is at most a NOTIFICATION.
    Down(DownReason),
}

/// Who the peer says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenSummary {
    /// Its BGP Identifier.
    pub router_id: RouterId,
    /// Its AS.
    pub asn: Asn,
}

/// Why a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownReason {
    /// The peer sent something that must be answered so.
    Refused {
        /// What was wrong; none where the message was well formed but came at the wrong time.
        error: Option<WireError>,
        /// What we sent.
        notification: NotificationBuf,
    },
    /// The hold timer or the send-hold timer expired; the code says which.
    Expired(NotificationBuf),
    /// The speaker said stop.
    Stopped(NotificationBuf),
    /// The peer sent a NOTIFICATION.
    Received(NotificationBuf),
    /// The peer cannot take our capabilities (2/4): the speaker dials again with
    /// [`SessionConfig::without_capabilities`](super::SessionConfig::without_capabilities) (RFC 5492 §3).
    CapabilitiesRefused(NotificationBuf),
    /// The connection closed or failed without a NOTIFICATION.
    Closed,
    /// The link to a directly connected peer went down; the speaker says so, no session.
    LinkLost,
}

impl DownReason {
    /// The NOTIFICATION that went either way, if one did.
    #[must_use]
    pub const fn notification(&self) -> Option<&NotificationBuf> {
        match self {
            Self::Refused { notification, .. }
            | Self::Expired(notification)
            | Self::Stopped(notification)
            | Self::Received(notification)
            | Self::CapabilitiesRefused(notification) => Some(notification),
            Self::Closed | Self::LinkLost => None,
        }
    }

    /// True if the next OPEN should go without capabilities (RFC 5492 §3).
    #[must_use]
    pub const fn refuses_capabilities(&self) -> bool {
        matches!(self, Self::CapabilitiesRefused(_))
    }

    /// True if the speaker may keep the peer's routes for a graceful restart: the connection was lost, not ended
    /// by a NOTIFICATION (RFC 4724 §4.2).
    #[must_use]
    pub const fn is_restart(&self) -> bool {
        matches!(self, Self::Closed)
    }

    /// True if the peer asked for, or we asked for, a reset that keeps nothing (RFC 8538 §3).
    #[must_use]
    pub fn is_hard_reset(&self) -> bool {
        self.notification().is_some_and(|notification| notification.kind == ErrorKind::HARD_RESET)
    }
}
