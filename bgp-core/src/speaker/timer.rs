//! Every deadline of every peer in one table.
//!
//! A deadline is a value under a key (whose, what for), so setting it again replaces it and nothing has to be
//! cancelled. The next one is the first of an ordered set: a thousand peers cost a logarithm.

use alloc::collections::{BTreeMap, BTreeSet};

use crate::time::Instant;
use crate::types::{Family, PeerId};

/// Why the speaker wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpeakerTimer {
    /// Something is waiting to be polled, or the RIB has work: `run` and drain.
    Work,
    /// ConnectRetryTimer and IdleHoldTimer (RFC 4271 §8.1.3), `maximum-prefix … restart`: the peer may be tried
    /// again, or an attempt hangs.
    Dial(PeerId),
    /// The restart time that a restarting peer announced (RFC 4724 §4.2) is over.
    PeerRestart(PeerId),
    /// `stalepath-time`, from the loss of the session on: what the peer has not announced again goes.
    Stale(PeerId, Family),
    /// Our own start counts as done (RFC 4724 §4.1).
    Convergence,
}

/// The deadlines.
#[derive(Debug, Default)]
pub(super) struct TimerTable {
    due: BTreeSet<(Instant, SpeakerTimer)>,
    at: BTreeMap<SpeakerTimer, Instant>,
}

impl TimerTable {
    /// Sets the deadline for `timer`, or removes it.
    pub(super) fn set(&mut self, timer: SpeakerTimer, at: Option<Instant>) {
        let before = match at {
            Some(at) => self.at.insert(timer, at),
            None => self.at.remove(&timer),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.due.remove(&(before, timer));
        }
        if let Some(at) = at {
            self.due.insert((at, timer));
        }
    }

    /// Takes the first deadline that `now` has reached.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<SpeakerTimer> {
        let (_, timer) = self.due.first().copied().filter(|(at, _)| *at <= now)?;
        self.set(timer, None);
        Some(timer)
    }

    /// The first deadline.
    pub(super) fn next(&self) -> Option<(Instant, SpeakerTimer)> {
        self.due.first().copied()
    }

    /// When `timer` is due.
    pub(super) fn deadline(&self, timer: SpeakerTimer) -> Option<Instant> {
        self.at.get(&timer).copied()
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    #[test]
    fn setting_a_deadline_again_replaces_it() {
        let mut table = TimerTable::default();
        let timer = SpeakerTimer::Dial(PeerId(1));
        table.set(timer, Some(at(5)));
        table.set(timer, Some(at(9)));
        assert_eq!(table.pop_due(at(8)), None);
        assert_eq!(table.next(), Some((at(9), timer)));
        assert_eq!(table.pop_due(at(9)), Some(timer));
        assert_eq!(table.next(), None);
    }
}
