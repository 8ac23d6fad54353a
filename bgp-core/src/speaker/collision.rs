//! Connection collision detection (RFC 4271 §6.8), as one function over values.
//!
//! Both ends may open a connection at the same moment. When the OPEN of one of them arrives, the ends compare
//! identifiers and both keep the same one: the connection that the end with the higher identifier opened.
//! With equal identifiers in different ASes the higher AS wins (RFC 6286 §2.3).
//!
//! A session that is Established already stays and the new one goes (§6.8, last paragraph), with one exception:
//! a peer that announced graceful restart and connects again has restarted, so its old session is dead
//! (RFC 4724 §5). We decide that at the OPEN and not at the TCP connection, so that somebody who merely connects
//! cannot end a session. Nor is it a restart if both connections were made at about the same time: on a long path one
//! may be Established before the OPEN of the other arrives.

use core::time::Duration;

use super::link::Direction;
use crate::types::{Asn, RouterId};

/// How far an existing connection of the peer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    /// Its OPEN has not come: it plays no part yet (RFC 4271 §6.8).
    OpenSent,
    /// Its OPEN has come.
    OpenConfirm,
    /// In use.
    Established {
        /// The peer announced that it can restart gracefully, with at least one family.
        graceful: bool,
        /// For how long, when the new connection was made; none if that was before.
        lived: Option<Duration>,
    },
}

/// What becomes of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resolution {
    /// Both go on for now.
    Both,
    /// The existing one stays; the new one gets Cease/Connection Collision Resolution (RFC 4486 §4, 6/7).
    KeepExisting,
    /// The new one stays; the existing one gets Cease/Connection Collision Resolution.
    KeepNew,
    /// The new one stays; the peer has restarted and the existing one ends without NOTIFICATION.
    Restarted,
}

/// For how long after a session's start a new connection may still be the other one of a collision: a SYN may
/// have been lost and sent again.
const CROSSING: Duration = Duration::from_secs(3);

/// One end of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    /// BGP Identifier: compared first.
    pub(super) router_id: RouterId,
    /// Compared when identifiers are equal (RFC 6286 §2.3).
    pub(super) asn: Asn,
}

/// What becomes of an existing connection when the OPEN of a new one has come. `existing` and `new` say who
/// opened them.
pub(super) fn resolve(
    (state, existing): (Existing, Direction),
    new: Direction,
    local: Identity,
    remote: Identity,
) -> Resolution {
    match state {
        Existing::OpenSent => Resolution::Both,
        Existing::Established { graceful: true, lived: Some(lived) } if lived >= CROSSING => {
            Resolution::Restarted
        }
        Existing::Established { .. } => Resolution::KeepExisting,
        Existing::OpenConfirm => match (is_remote(existing), is_remote(new)) {
            (false, true) if local < remote => Resolution::KeepNew,
            (true, false) if local > remote => Resolution::KeepNew,
            (false, true) | (true, false) => Resolution::KeepExisting,
            // The peer opened both, or we did: whoever did so has given up on the older one.
            (true, true) | (false, false) => Resolution::KeepNew,
        },
    }
}

const fn is_remote(direction: Direction) -> bool {
    matches!(direction, Direction::Accepted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::PeerId;

    const OURS: Direction = Direction::Dialled(PeerId(1));
    const THEIRS: Direction = Direction::Accepted;

    fn identity(router_id: u32, asn: u32) -> Identity {
        Identity { router_id: RouterId(router_id), asn: Asn(asn) }
    }

    #[test]
    fn the_connection_opened_by_the_higher_identifier_survives_in_any_order() {
        let (low, high) = (identity(1, 9), identity(2, 1));
        let rows = [
            (OURS, THEIRS, low, high, Resolution::KeepNew),
            (THEIRS, OURS, low, high, Resolution::KeepExisting),
            (OURS, THEIRS, high, low, Resolution::KeepExisting),
            (THEIRS, OURS, high, low, Resolution::KeepNew),
        ];
        for (existing, new, local, remote, expected) in rows {
            assert_eq!(resolve((Existing::OpenConfirm, existing), new, local, remote), expected);
        }
    }

    #[test]
    fn equal_identifiers_are_told_apart_by_as() {
        let (low, high) = (identity(5, 64500), identity(5, 64501));
        assert_eq!(resolve((Existing::OpenConfirm, OURS), THEIRS, low, high), Resolution::KeepNew);
        assert_eq!(resolve((Existing::OpenConfirm, OURS), THEIRS, high, low), Resolution::KeepExisting);
    }

    #[test]
    fn an_established_session_stays_unless_the_peer_can_restart() {
        let (low, high) = (identity(1, 1), identity(2, 1));
        let lived = Some(Duration::from_secs(60));
        let plain = Existing::Established { graceful: false, lived };
        let graceful = Existing::Established { graceful: true, lived };
        assert_eq!(resolve((plain, OURS), THEIRS, low, high), Resolution::KeepExisting);
        assert_eq!(resolve((graceful, OURS), THEIRS, low, high), Resolution::Restarted);
    }

    #[test]
    fn a_connection_made_at_the_same_time_is_no_restart() {
        let (low, high) = (identity(1, 1), identity(2, 1));
        for lived in [None, Some(Duration::ZERO), Some(Duration::from_secs(2))] {
            let fresh = Existing::Established { graceful: true, lived };
            assert_eq!(resolve((fresh, OURS), THEIRS, low, high), Resolution::KeepExisting);
        }
    }

    #[test]
    fn a_connection_without_open_plays_no_part() {
        let (low, high) = (identity(1, 1), identity(2, 1));
        assert_eq!(resolve((Existing::OpenSent, OURS), THEIRS, low, high), Resolution::Both);
    }
}
