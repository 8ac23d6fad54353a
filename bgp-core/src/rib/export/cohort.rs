//! A cohort: members of a group that have been told the same so far, where they are in the log, and what they are
//! owed at the end of a walk over the whole table: End-of-RIB (RFC 4724 §2) or the end of a refresh (RFC 7313 §4.2).

use alloc::vec::Vec;

use bytes::Bytes;

use super::default::MadeUp;
use crate::rib::changes::{ChangeLog, Reader};
use crate::rib::id_set::IdSet;
use crate::rib::peer::{PeerIx, Peers};
use crate::types::Family;
use crate::wire::UpdateWriter;

/// Members that have been told the same so far.
#[derive(Debug, Default)]
pub(super) struct Cohort {
    pub(super) reader: Reader,
    /// Prefixes that the members hold a route to: all members, but for one whose own route it is.
    pub(super) told: IdSet,
    pub(super) members: Vec<PeerIx>,
    /// What is owed to members once the backlog is read.
    pub(super) endings: Vec<(PeerIx, Ending)>,
    /// The made-up default route that the members hold.
    pub(super) made_up: MadeUp,
}

/// What ends a walk over the whole table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// RFC 4724 §2.
    EndOfRib,
    /// RFC 7313 §4.2.
    EndOfRefresh,
}

/// Whether End-of-RIB may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// Not before we have our own routes again (RFC 4724 §4.1).
    Closed,
    /// As soon as what has come is decided.
    Opening,
    /// Once the log has been read up to here.
    Open(u64),
}

impl Cohort {
    /// True if some member would like more.
    pub(super) fn has_room(&self, peers: &Peers) -> bool {
        self.members.iter().any(|&peer| peers.pending(peer) < LOW_MARK)
    }

    pub(super) fn has_work(&self, log: &ChangeLog, gate: Gate) -> bool {
        !self.reader.is_done(log) || self.endings.iter().any(|&(_, ending)| gate.lets(ending))
    }

    /// Takes out what ends a walk that is over.
    pub(super) fn take_due(&mut self, gate: Gate) -> Vec<(PeerIx, Ending)> {
        if self.endings.is_empty() || self.reader.has_backlog() {
            return Vec::new();
        }
        let is_read = |ending| match (ending, gate) {
            (Ending::EndOfRib, Gate::Open(end)) => self.reader.position() >= end,
            (Ending::EndOfRib, _) => false,
            (Ending::EndOfRefresh, _) => true,
        };
        let (due, kept) = self.endings.iter().partition(|&&(_, ending)| is_read(ending));
        self.endings = kept;
        due
    }

    /// Members whose queues are full while others have room become cohorts of their own.
    pub(super) fn shed_slow(&mut self, peers: &Peers) -> Vec<Self> {
        let slow: Vec<_> =
            self.members.iter().copied().filter(|&peer| peers.pending(peer) > HIGH_MARK).collect();
        slow.into_iter().map(|peer| self.split(peer)).collect()
    }

    pub(super) fn split(&mut self, peer: PeerIx) -> Self {
        self.members.retain(|&member| member != peer);
        let (owed, kept) =
            core::mem::take(&mut self.endings).into_iter().partition(|&(member, _)| member == peer);
        self.endings = kept;
        Self {
            reader: self.reader.clone(),
            told: self.told.clone(),
            members: alloc::vec![peer],
            endings: owed,
            made_up: self.made_up.clone(),
        }
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::Open(0)
    }
}

impl Gate {
    pub(super) const fn lets(self, ending: Ending) -> bool {
        matches!((self, ending), (Self::Open(_), _) | (_, Ending::EndOfRefresh))
    }
}

impl Ending {
    pub(super) fn message(self, family: Family) -> Bytes {
        match self {
            Self::EndOfRib => {
                let mut message = Vec::new();
                UpdateWriter::end_of_rib(&mut message, family);
                message.into()
            }
            Self::EndOfRefresh => refresh_marker(family, END_OF_REFRESH),
        }
    }
}

/// What begins the answer to a request for routes (RFC 7313 §4.1).
pub(super) fn begin_of_refresh(family: Family) -> Bytes {
    refresh_marker(family, BEGIN_OF_REFRESH)
}

/// A ROUTE-REFRESH message with a subtype (RFC 7313 §3.2).
fn refresh_marker(family: Family, subtype: u8) -> Bytes {
    let row = family.row();
    let mut message = alloc::vec![0xff; 16];
    message.extend_from_slice(&[0, 23, ROUTE_REFRESH]);
    message.extend_from_slice(&row.afi.to_be_bytes());
    message.extend_from_slice(&[subtype, row.safi]);
    message.into()
}

/// A table walk that is worth nothing is not begun: how full a queue may be and still be added to.
const LOW_MARK: usize = 256 << 10;
/// How full a queue may be before its peer is left behind.
const HIGH_MARK: usize = 2 << 20;
/// Message type (RFC 2918 §3).
const ROUTE_REFRESH: u8 = 5;
/// RFC 7313 §3.2.
const BEGIN_OF_REFRESH: u8 = 1;
/// RFC 7313 §3.2.
const END_OF_REFRESH: u8 = 2;
