//! What happened, for the log and for whoever drives the speaker. Nothing depends on these being read.

use alloc::sync::Arc;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use crate::rib::MaxPrefixVerdict;
use crate::session::{DownReason, Negotiated};
use crate::types::{Family, FamilySet, PeerId, Prefix};

/// Something that an operator may want to know.
#[derive(Clone, Debug)]
pub enum SpeakerEvent {
    /// Something about one peer.
    Peer {
        /// Which.
        peer: PeerId,
        /// Its address.
        address: IpAddr,
        /// What.
        event: PeerEvent,
    },
    /// A connection was turned away.
    Refused {
        /// From where.
        remote: SocketAddr,
        /// Why.
        why: Refusal,
    },
    /// Every peer that is up has sent its table, or has been waited for long enough (RFC 4724 §4.1): what the
    /// kernel still has of an earlier life may go.
    Converged,
    /// Events were thrown away because nobody read them.
    Lost {
        /// How many.
        events: u64,
    },
}

/// Something about one peer.
#[derive(Clone, Debug)]
pub enum PeerEvent {
    /// A dynamic peer was made for a connection.
    Admitted {
        /// The listen range.
        range: Prefix,
    },
    /// A dynamic peer is gone.
    Dismissed,
    /// Its session is Established.
    Up(Arc<Negotiated>),
    /// Its Established session is over.
    Down {
        /// Why.
        reason: DownReason,
        /// How long it was Established.
        lived: Duration,
    },
    /// A connection ended before it was Established.
    Failed {
        /// Why.
        reason: DownReason,
    },
    /// One of two connections was given up (RFC 4271 §6.8).
    Collision {
        /// Which one stays.
        kept: Kept,
    },
    /// The peer has restarted: its new connection replaces the old one (RFC 4724 §5).
    Replaced,
    /// `maximum-prefix` has something to say.
    MaxPrefix(MaxPrefixVerdict),
    /// What comes from the peer is looked at differently now, but the peer cannot be asked for it again (no RFC
    /// 2918), and what was refused is not kept: it is missing until the session is reset.
    NotRefreshed {
        /// In which families.
        families: FamilySet,
    },
    /// End-of-RIB has come.
    EndOfRib(Family),
    /// Routes are kept although the session is gone (RFC 4724 §4.2).
    RoutesKept {
        /// Of which families.
        families: FamilySet,
        /// For how long while the peer is away: its restart time or our `stalepath-time`, what is shorter.
        at_most: Duration,
    },
    /// What was kept of a family and not announced again is gone.
    StaleSwept {
        /// Which family.
        family: Family,
        /// Why now.
        why: Sweep,
    },
}

/// Which connection survived a collision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The one that was there.
    Existing,
    /// The one whose OPEN has just come.
    New,
}

/// Why stale routes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sweep {
    /// The peer has announced everything again.
    EndOfRib,
    /// The peer came back without the family, or without its forwarding state (RFC 4724 §4.2).
    NotPreserved,
    /// The peer did not come back within its restart time.
    RestartTime,
    /// `stalepath-time` is over.
    StaleTime,
    /// The session that was to renew them ended too.
    Gone,
}

/// Why a connection was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No peer has this address and no listen range covers it.
    UnknownPeer,
    /// The ranges have made as many peers as they may.
    DynamicLimit,
    /// The peer is shut, or held for too many prefixes.
    Shut,
    /// The peer's sessions keep failing; it must wait (RFC 4271 §8.1.1, DampPeerOscillations).
    Held,
    /// The peer has connections enough.
    TooMany,
    /// Nobody asked for this connection any more.
    Unexpected,
    /// We have not started, or are stopping.
    NotRunning,
}
