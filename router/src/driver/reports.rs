//! What connections have to say to the postman: letters in two lines, and notes of which only the latest counts.
//!
//! A connection has at most one letter in the lines, a read's worth of UPDATEs at most, and reads no more from its
//! socket until that has been taken: so a busy speaker slows peers down by TCP, and everybody gets a turn in each
//! round. Short letters have a line of their own: a single route must not wait until the tables of others have been
//! worked off. They do not come first for ever: a long one is next when several short ones were.
//!
//! Notes (octets written, counters) are added up or replaced while they wait. They are taken before any letter, so a
//! connection's counters come before its last word.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bgp_core::SessionId;
use bgp_core::session::SessionEvent;
use bgp_core::speaker::SessionStats;
use tokio::sync::Notify;

/// The postman's end.
#[derive(Clone, Debug, Default)]
pub(super) struct Inbox {
    shared: Arc<Shared>,
}

/// A connection's end.
#[derive(Debug)]
pub(super) struct Sender {
    session: SessionId,
    inbox: Inbox,
    waiting: Arc<Waiting>,
}

/// What a session said, in order.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) session: SessionId,
    pub(super) events: Vec<SessionEvent>,
    waiting: Arc<Waiting>,
}

/// What only matters in its latest form.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Note {
    /// Octets of routes that have been written since the last note.
    pub(super) sent: usize,
    /// The connection's counters.
    pub(super) stats: Option<SessionStats>,
}

/// Which letters are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admit {
    /// All.
    All,
    /// Short ones: there is enough to do.
    Short,
}

#[derive(Debug, Default)]
struct Shared {
    lines: Mutex<Lines>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Lines {
    notes: BTreeMap<SessionId, Note>,
    short: VecDeque<Letter>,
    long: VecDeque<Letter>,
    /// Short letters taken since a long one was.
    in_a_row: usize,
}

/// Whether a connection's letter is still in the lines.
#[derive(Debug, Default)]
struct Waiting {
    is_waiting: AtomicBool,
    taken: Notify,
}

impl Inbox {
    /// An end for the connection of `session`.
    pub(super) fn sender(&self, session: SessionId) -> Sender {
        Sender { session, inbox: self.clone(), waiting: Arc::default() }
    }

    /// Waits until there is a note or an admitted letter.
    pub(super) async fn filled(&self, admit: Admit) {
        loop {
            let filled = self.shared.filled.notified();
            if self.lines().has(admit) {
                return;
            }
            filled.await;
        }
    }

    /// All notes.
    pub(super) fn take_notes(&self) -> BTreeMap<SessionId, Note> {
        std::mem::take(&mut self.lines().notes)
    }

    /// The next letter; its connection goes on reading.
    pub(super) fn take(&self, admit: Admit) -> Option<Letter> {
        let letter = self.lines().next(admit)?;
        letter.waiting.is_waiting.store(false, Ordering::Release);
        letter.waiting.taken.notify_one();
        Some(letter)
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        // A panic while the lock is held leaves queues that are still whole.
        self.shared.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sender {
    /// True if the last letter has been taken.
    pub(super) fn is_heard(&self) -> bool {
        !self.waiting.is_waiting.load(Ordering::Acquire)
    }

    /// Waits until the last letter has been taken.
    pub(super) async fn heard(&self) {
        while !self.is_heard() {
            self.waiting.taken.notified().await;
        }
    }

    /// Puts a letter into its line; the last one must have been taken.
    pub(super) fn post(&self, events: Vec<SessionEvent>) {
        self.waiting.is_waiting.store(true, Ordering::Release);
        let octets: usize = events.iter().map(octets).sum();
        let letter = Letter { session: self.session, events, waiting: Arc::clone(&self.waiting) };
        let mut lines = self.inbox.lines();
        if octets > SHORT {
            lines.long.push_back(letter);
        } else {
            lines.short.push_back(letter);
        }
        drop(lines);
        self.inbox.shared.filled.notify_one();
    }

    /// Adds to the note that waits.
    pub(super) fn note(&self, note: Note) {
        let mut lines = self.inbox.lines();
        let waiting = lines.notes.entry(self.session).or_default();
        waiting.sent += note.sent;
        waiting.stats = note.stats.or(waiting.stats);
        drop(lines);
        self.inbox.shared.filled.notify_one();
    }
}

impl Lines {
    fn has(&self, admit: Admit) -> bool {
        !self.notes.is_empty() || !self.short.is_empty() || admit == Admit::All && !self.long.is_empty()
    }

    fn next(&mut self, admit: Admit) -> Option<Letter> {
        let is_long_next = self.short.is_empty() || self.in_a_row >= SHORT_IN_A_ROW;
        if admit == Admit::All && is_long_next && !self.long.is_empty() {
            self.in_a_row = 0;
            return self.long.pop_front();
        }
        let letter = self.short.pop_front()?;
        self.in_a_row += 1;
        Some(letter)
    }
}

fn octets(event: &SessionEvent) -> usize {
    match event {
        SessionEvent::Updates(batch) => batch.octets(),
        SessionEvent::Opened(_) | SessionEvent::Up(_) | SessionEvent::Refresh(..) | SessionEvent::Down(_) => {
            0
        }
    }
}

/// Octets of UPDATEs in a letter that still counts as short: one message.
const SHORT: usize = 4096;
/// Short letters before a long one gets its turn.
const SHORT_IN_A_ROW: usize = 16;

#[cfg(test)]
mod tests {
    use bgp_core::session::DownReason;

    use super::*;

    fn word() -> Vec<SessionEvent> {
        vec![SessionEvent::Down(DownReason::Closed)]
    }

    fn long(inbox: &Inbox, session: u32) {
        let sender = inbox.sender(SessionId(session));
        let letter = Letter { session: SessionId(session), events: word(), waiting: sender.waiting };
        inbox.lines().long.push_back(letter);
    }

    #[test]
    fn a_connection_is_heard_once_its_letter_is_taken() {
        let inbox = Inbox::default();
        let sender = inbox.sender(SessionId(1));
        sender.post(word());
        assert!(!sender.is_heard());
        assert_eq!(inbox.take(Admit::All).map(|letter| letter.session), Some(SessionId(1)));
        assert!(sender.is_heard());
    }

    #[test]
    fn a_short_letter_passes_the_long_ones() {
        let inbox = Inbox::default();
        long(&inbox, 1);
        long(&inbox, 2);
        inbox.sender(SessionId(3)).post(word());
        let order: Vec<_> = std::iter::from_fn(|| inbox.take(Admit::All)).map(|it| it.session.0).collect();
        assert_eq!(order, [3, 1, 2]);
    }

    #[test]
    fn short_letters_without_end_do_not_keep_a_long_one_waiting() {
        let inbox = Inbox::default();
        long(&inbox, 0);
        let sender = inbox.sender(SessionId(1));
        let taken = (0..=SHORT_IN_A_ROW).map(|_| {
            if sender.is_heard() {
                sender.post(word());
            }
            inbox.take(Admit::All).map(|letter| letter.session.0)
        });
        assert!(taken.collect::<Vec<_>>().contains(&Some(0)));
    }

    #[test]
    fn long_letters_wait_while_only_short_ones_are_asked_for() {
        let inbox = Inbox::default();
        long(&inbox, 1);
        assert!(inbox.take(Admit::Short).is_none());
        assert!(!inbox.lines().has(Admit::Short));
        assert!(inbox.take(Admit::All).is_some());
    }

    #[test]
    fn notes_of_one_connection_are_one() {
        let inbox = Inbox::default();
        let sender = inbox.sender(SessionId(1));
        sender.note(Note { sent: 10, stats: Some(SessionStats::default()) });
        sender.note(Note { sent: 5, stats: None });
        let notes = inbox.take_notes();
        assert_eq!(notes.len(), 1);
        assert!(notes.values().all(|note| note.sent == 15 && note.stats.is_some()));
    }
}
