//! One TCP connection: two directions of octets in flight, with delay and a window.

use std::collections::VecDeque;
use std::time::Duration;

use bgp_core::Instant;
use bytes::{Bytes, BytesMut};

/// Which end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Who opened it.
    Dialler,
    /// Who accepted it.
    Acceptor,
}

/// What travels.
#[derive(Clone, Debug)]
pub(crate) enum Parcel {
    /// Part of the stream.
    Octets(Bytes),
    /// The other end has closed.
    Fin,
}

/// A connection.
#[derive(Debug)]
pub struct Pipe {
    delay: Duration,
    to_acceptor: VecDeque<(Instant, Parcel)>,
    to_dialler: VecDeque<(Instant, Parcel)>,
    /// Octets that may be in flight or unread, per direction.
    window: usize,
    /// Octets carried so far, both ways.
    pub(crate) carried: u64,
}

impl End {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Dialler => Self::Acceptor,
            Self::Acceptor => Self::Dialler,
        }
    }
}

impl Pipe {
    /// A connection with this delay each way.
    #[must_use]
    pub const fn new(delay: Duration) -> Self {
        Self {
            delay,
            to_acceptor: VecDeque::new(),
            to_dialler: VecDeque::new(),
            window: 256 * 1024,
            carried: 0,
        }
    }

    /// How many octets `from` may write now.
    pub(crate) fn room(&self, from: End) -> usize {
        let in_flight: usize = self
            .towards_ref(from.other())
            .iter()
            .map(|(_, parcel)| match parcel {
                Parcel::Octets(octets) => octets.len(),
                Parcel::Fin => 0,
            })
            .sum();
        self.window.saturating_sub(in_flight)
    }

    /// Sends octets, in pieces of at most `piece`.
    pub(crate) fn write(&mut self, from: End, mut octets: Bytes, piece: usize, now: Instant) {
        let at = now + self.delay;
        self.carried += octets.len() as u64;
        while !octets.is_empty() {
            let head = octets.split_to(piece.clamp(1, octets.len()));
            self.towards(from.other()).push_back((at, Parcel::Octets(head)));
        }
    }

    /// Closes one end: what is on its way still arrives.
    pub(crate) fn close(&mut self, from: End, now: Instant) {
        let at = now + self.delay;
        self.towards(from.other()).push_back((at, Parcel::Fin));
    }

    /// What has arrived at `end`: one piece into `into`. None if nothing has; true if the stream has ended.
    pub(crate) fn read(&mut self, end: End, into: &mut BytesMut, now: Instant) -> Option<bool> {
        let queue = self.towards(end);
        if queue.front().is_none_or(|(at, _)| *at > now) {
            return None;
        }
        match queue.pop_front()?.1 {
            Parcel::Octets(octets) => {
                into.extend_from_slice(&octets);
                Some(false)
            }
            Parcel::Fin => Some(true),
        }
    }

    /// When the next thing arrives at `end`.
    pub(crate) fn next(&self, end: End) -> Option<Instant> {
        self.towards_ref(end).front().map(|(at, _)| *at)
    }

    fn towards(&mut self, end: End) -> &mut VecDeque<(Instant, Parcel)> {
        match end {
            End::Acceptor => &mut self.to_acceptor,
            End::Dialler => &mut self.to_dialler,
        }
    }

    const fn towards_ref(&self, end: End) -> &VecDeque<(Instant, Parcel)> {
        match end {
            End::Acceptor => &self.to_acceptor,
            End::Dialler => &self.to_dialler,
        }
    }
}
