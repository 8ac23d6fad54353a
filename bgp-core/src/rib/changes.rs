//! What changed, once per family, for everybody who wants to know.
//!
//! ```text
//!            base                                         end
//! entries ──▶ │ 7 │ 3 │ 9 │ 3 │ 7 │ 12 │ …                │ ◀── append(prefix)
//!                   ▲           ▲
//!              slow reader   fast reader: the first 7 and the first 3 are superseded, it never saw them
//! ```
//!
//! A reader is a position; a prefix remembers where it stands last, so older occurrences are passed over: a
//! queue keyed by prefix, without a map. The log holds no values. Whoever reads looks at the table and sees the
//! latest. What lies behind every reader is dropped. When the log grows past its bound, readers that are far
//! behind get what they have not read as a bitmap (their *backlog*) and the log moves on: whatever is slow costs
//! one bit a prefix and no more.

use alloc::collections::VecDeque;

use super::id_set::IdSet;
use super::table::{PrefixId, Table};

/// Every change of one family that some reader has not seen.
#[derive(Debug)]
pub(super) struct ChangeLog {
    base: u64,
    entries: VecDeque<u32>,
    /// Most changes that wait here for slow readers.
    pub(super) limit: usize,
}

/// What a change is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Aspects {
    /// The best path is another source's than the log last said.
    pub(super) moved: bool,
    /// The best path or its attributes changed: peers are told.
    pub(super) route: bool,
    /// Where packets go changed: the forwarding table is told.
    pub(super) forwarding: bool,
}

/// One reader's place.
#[derive(Clone, Debug, Default)]
pub(super) struct Reader {
    next: u64,
    backlog: IdSet,
    cursor: u32,
}

/// What a reader reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// The prefix.
    pub(super) id: PrefixId,
    /// What is known to have changed; everything, if it comes from a backlog.
    pub(super) aspects: Aspects,
}

impl ChangeLog {
    /// Notes that `id` changed. If an earlier note of it still stands, this one also says what that one said.
    pub(super) fn append(&mut self, id: PrefixId, logged: &mut u32, mut aspects: Aspects) {
        if let Some(earlier) = self.standing(id, *logged) {
            aspects.moved |= earlier.moved;
            aspects.route |= earlier.route;
            aspects.forwarding |= earlier.forwarding;
        }
        *logged = low(self.end());
        self.entries.push_back(pack(id, aspects));
    }

    /// Drops what lies before `position`, giving each latest note to `dropped`.
    pub(super) fn truncate(&mut self, position: u64, table: &Table, mut dropped: impl FnMut(PrefixId)) {
        while self.base < position {
            let Some(packed) = self.entries.pop_front() else { break };
            let (id, _) = unpack(packed);
            if table.entry(id).is_some_and(|entry| entry.logged == low(self.base)) {
                dropped(id);
            }
            self.base += 1;
        }
        if self.entries.capacity() > 4 * self.limit {
            self.entries.shrink_to(self.limit);
        }
    }

    /// True if a latest note of `id`, which remembers `logged`, is still in the log.
    pub(super) fn holds(&self, id: PrefixId, logged: u32) -> bool {
        self.standing(id, logged).is_some()
    }

    /// The position after the last change.
    pub(super) fn end(&self) -> u64 {
        self.base + self.entries.len() as u64
    }

    /// The position that every reader must have reached for the log to stay within its bound.
    pub(super) fn bound(&self) -> u64 {
        self.end().saturating_sub(self.limit as u64)
    }

    /// Changes that wait, and room for them.
    #[cfg(test)]
    pub(super) fn extent(&self) -> (usize, usize) {
        (self.entries.len(), self.entries.capacity())
    }

    fn standing(&self, id: PrefixId, logged: u32) -> Option<Aspects> {
        let at = logged.wrapping_sub(low(self.base)) as usize;
        let (found, aspects) = unpack(*self.entries.get(at)?);
        (found == id).then_some(aspects)
    }

    fn at(&self, position: u64) -> Option<(PrefixId, Aspects)> {
        let at = usize::try_from(position.checked_sub(self.base)?).ok()?;
        self.entries.get(at).map(|&packed| unpack(packed))
    }
}

impl Reader {
    /// A reader that has seen everything.
    pub(super) fn at_end(log: &ChangeLog) -> Self {
        Self { next: log.end(), ..Self::default() }
    }

    /// A reader that has yet to see every prefix there is.
    pub(super) fn of_everything(log: &ChangeLog, table: &Table) -> Self {
        let mut reader = Self::at_end(log);
        reader.mark_all(log, table);
        reader
    }

    /// Everything is to be read once more.
    pub(super) fn mark_all(&mut self, log: &ChangeLog, table: &Table) {
        self.next = log.end();
        self.cursor = 0;
        self.backlog.fill(table.slots());
    }

    /// True if nothing has been read, and nothing has come, since everything was to be.
    pub(super) fn is_at_the_beginning(&self, log: &ChangeLog) -> bool {
        self.cursor == 0 && self.has_backlog() && self.next == log.end()
    }

    /// The next prefix to look at.
    pub(super) fn next(&mut self, log: &ChangeLog, table: &Table) -> Option<Change> {
        if !self.backlog.is_empty() {
            match self.backlog.next(PrefixId(self.cursor)).or_else(|| self.backlog.next(PrefixId(0))) {
                Some(id) => {
                    self.backlog.remove(id);
                    self.cursor = id.0 + 1;
                    return Some(Change { id, aspects: Aspects::ALL });
                }
                None => self.backlog.clear(),
            }
        }
        while let Some((id, aspects)) = log.at(self.next) {
            let position = self.next;
            self.next += 1;
            if table.entry(id).is_some_and(|entry| entry.logged == low(position)) {
                return Some(Change { id, aspects });
            }
        }
        None
    }

    /// Moves on to `position` at least; of what is passed over, what `matters` goes to the backlog.
    pub(super) fn absorb(
        &mut self,
        position: u64,
        (log, table): (&ChangeLog, &Table),
        matters: impl Fn(PrefixId) -> bool,
    ) {
        while self.next < position {
            if let Some((id, _)) = log.at(self.next)
                && table.entry(id).is_some_and(|entry| entry.logged == low(self.next))
                && matters(id)
            {
                self.backlog.insert(id);
            }
            self.next += 1;
        }
    }

    /// Reads one prefix once more.
    pub(super) fn look_again(&mut self, id: PrefixId) {
        self.backlog.insert(id);
    }

    /// Takes a prefix out of the backlog that there is nothing to say about.
    pub(super) fn skip(&mut self, id: PrefixId) {
        self.backlog.remove(id);
    }

    /// True if nothing is left to read.
    pub(super) fn is_done(&self, log: &ChangeLog) -> bool {
        self.backlog.is_empty() && self.next >= log.end()
    }

    /// True if both have the same to read.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.next == other.next && self.backlog.len() == other.backlog.len() && self.backlog == other.backlog
    }

    /// True if something older than the log is not read yet.
    pub(super) const fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// True if `id` is in the backlog.
    pub(super) fn is_behind_on(&self, id: PrefixId) -> bool {
        self.backlog.contains(id)
    }

    /// Everything before it is read, or in the backlog.
    pub(super) const fn position(&self) -> u64 {
        self.next
    }
}

impl Aspects {
    /// Everything may have changed.
    pub(super) const ALL: Self = Self { moved: true, route: true, forwarding: true };

    /// True if there is something to say.
    pub(super) const fn any(self) -> bool {
        self.moved || self.route || self.forwarding
    }
}

impl Default for ChangeLog {
    fn default() -> Self {
        Self { base: 0, entries: VecDeque::new(), limit: LIMIT }
    }
}

/// Most changes that wait in a log: one mebibyte.
const LIMIT: usize = 1 << 18;

const MOVED: u32 = 1 << 31;
const ROUTE: u32 = 1 << 30;
const FORWARDING: u32 = 1 << 29;

const fn pack(id: PrefixId, aspects: Aspects) -> u32 {
    let mut packed = id.0;
    if aspects.moved {
        packed |= MOVED;
    }
    if aspects.route {
        packed |= ROUTE;
    }
    if aspects.forwarding {
        packed |= FORWARDING;
    }
    packed
}

const fn unpack(packed: u32) -> (PrefixId, Aspects) {
    let aspects = Aspects {
        moved: packed & MOVED != 0,
        route: packed & ROUTE != 0,
        forwarding: packed & FORWARDING != 0,
    };
    (PrefixId(packed & !(MOVED | ROUTE | FORWARDING)), aspects)
}

/// Prefixes remember positions modulo 2³²; the log is far shorter.
const fn low(position: u64) -> u32 {
    (position & 0xffff_ffff) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Family;

    #[test]
    fn a_reader_is_at_the_beginning_until_it_has_read_or_something_has_come() {
        let mut table = Table::new(Family::Ipv4Unicast, 1);
        let ids = ["10.0.0.0/8", "11.0.0.0/8"].map(|text| table.intern(&text.parse().unwrap()).unwrap());
        let mut log = ChangeLog::default();
        let mut reader = Reader::of_everything(&log, &table);
        assert!(reader.is_at_the_beginning(&log));
        log.append(ids[0], &mut 0, Aspects::ALL);
        assert!(!reader.is_at_the_beginning(&log), "something has come");
        reader.mark_all(&log, &table);
        assert!(reader.is_at_the_beginning(&log));
        assert_eq!(reader.next(&log, &table).map(|change| change.id), Some(ids[0]));
        assert!(!reader.is_at_the_beginning(&log), "one has been read");
    }
}
