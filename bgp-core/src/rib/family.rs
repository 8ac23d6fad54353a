//! One family's table with everything that follows from a change in it.
//!
//! ```text
//! placed, removed ─▶ marked ─▶ decided ─▶ log ─▶ forwarding table, export groups
//!    (import)          once a batch      (changes)      (fib)        (export)
//! ```

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use super::changes::{Aspects, ChangeLog};
use super::decision;
use super::export::Groups;
use super::facts::OwnerId;
use super::fib::FibDesk;
use super::id_set::IdSet;
use super::multipath;
use super::order::Order;
use super::path::Flag;
use super::scan::Scan;
use super::shared::Shared;
use super::table::{PrefixId, Table};
use crate::types::{Family, Prefix};

/// One family.
#[derive(Debug)]
pub(super) struct FamilyRib {
    /// Which one.
    pub(super) family: Family,
    /// Its prefixes and paths.
    pub(super) table: Table,
    /// Prefixes to decide.
    pub(super) marked: Marked,
    /// Prefixes that were decided anew.
    pub(super) log: ChangeLog,
    /// The forwarding table's place in the log.
    pub(super) fib: FibDesk,
    /// The peers' places in the log.
    pub(super) groups: Groups,
    /// The walk over all entries.
    pub(super) scan: Scan,
    /// What each owner of local routes has here.
    pub(super) owned: BTreeMap<OwnerId, BTreeSet<Prefix>>,
    /// Where a reader of the whole table is.
    pub(super) order: Order,
    /// Prefixes without paths that some backlog still held when the log let them go.
    idle: VecDeque<PrefixId>,
}

/// A queue of prefixes, each in it once.
#[derive(Debug, Default)]
pub(super) struct Marked {
    queue: VecDeque<PrefixId>,
    queued: IdSet,
}

impl FamilyRib {
    /// An empty table.
    pub(super) fn new(family: Family, seed: u64) -> Self {
        Self {
            family,
            table: Table::new(family, seed),
            marked: Marked::default(),
            log: ChangeLog::default(),
            fib: FibDesk::default(),
            groups: Groups::default(),
            scan: Scan::default(),
            owned: BTreeMap::new(),
            order: Order::default(),
            idle: VecDeque::new(),
        }
    }

    /// Decides marked prefixes, at most `budget`; says how many.
    pub(super) fn decide_marked(&mut self, shared: &mut Shared, budget: usize) -> usize {
        for done in 0..budget {
            let Some(id) = self.marked.pop() else { return done };
            self.decide(shared, id);
        }
        budget
    }

    /// Chooses the best path of a prefix, and notes in the log what that changed.
    fn decide(&mut self, shared: &mut Shared, id: PrefixId) {
        let mut candidates = core::mem::take(&mut shared.candidates);
        shared.gather(&self.table, id, &mut candidates);
        decision::decide(&mut candidates, &shared.settings.weighing);
        let best = candidates.iter().find(|path| path.lost_at.is_none()).copied();
        if let Some(best) = best {
            let limit = shared.settings.maximum_paths(self.family, best.origin.kind);
            let is_relaxed = shared.settings.weighing.config.as_path_multipath_relax;
            multipath::choose(&mut candidates, limit, is_relaxed, &shared.attrs);
        }
        let mut aspects = self.lost(id, best.is_some());
        let (mut gains, mut loses, mut position) = (None, None, 0);
        let mut chosen = candidates.iter().filter(|path| path.is_used).peekable();
        self.table.for_each_path(id, |path| {
            let is_best = best.is_some_and(|best| best.position == position);
            let is_used = chosen.next_if(|path| path.position == position).is_some();
            position += 1;
            let was_best = path.has(Flag::BEST);
            match (was_best, is_best) {
                (true, true) => aspects.route |= path.has(Flag::CHANGED),
                (false, true) => gains = Some(path.source),
                (true, false) => loses = Some(path.source),
                (false, false) => {}
            }
            aspects.forwarding |= is_used != path.has(Flag::USED) || is_used && path.has(Flag::REROUTED);
            path.set(Flag::BEST, is_best);
            path.set(Flag::USED, is_used);
            path.set(Flag::CHANGED, false);
            path.set(Flag::REROUTED, false);
            path.set(Flag::LOST, false);
        });
        if gains.is_some() || loses.is_some() {
            shared.count_selected(gains, loses);
            aspects = Aspects::ALL;
        }
        if let Some(best) = best {
            self.table.promote(id, best.position);
        }
        shared.candidates = candidates;
        self.note(id, aspects);
    }

    /// What follows from used paths that went since the last decision.
    fn lost(&mut self, id: PrefixId, has_best: bool) -> Aspects {
        let Some(entry) = self.table.entry_mut(id) else { return Aspects::default() };
        let first = &mut entry.first;
        let lost = first.has(Flag::LOST);
        if !first.is_empty() {
            let is_gone = lost && !has_best;
            return Aspects { moved: is_gone, route: is_gone, forwarding: lost };
        }
        // Only the last path's own source need not hear that it is gone; that one is still remembered.
        let had_best = first.has(Flag::BEST);
        first.set(Flag::BEST, false);
        first.set(Flag::USED, false);
        first.set(Flag::LOST, false);
        Aspects { moved: lost, route: had_best || lost, forwarding: had_best || lost }
    }

    /// Notes a change in the log, or frees a slot that nobody looks at.
    fn note(&mut self, id: PrefixId, aspects: Aspects) {
        let Some(entry) = self.table.entry_mut(id) else { return };
        if aspects.any() {
            self.log.append(id, &mut entry.logged, aspects);
        } else if entry.first.is_empty() && !self.free(id) {
            self.idle.push_back(id);
        }
    }

    /// Lets go of what every reader has read, and makes the slow ones remember what the log cannot keep. True if
    /// there is more to let go of.
    pub(super) fn trim(&mut self) -> bool {
        let bound = self.log.bound();
        self.fib.absorb(bound, &self.log, &self.table);
        let slowest = self.groups.absorb(bound, &self.log, &self.table);
        let position = self.fib.reader.position().min(slowest.unwrap_or(u64::MAX));
        let idle = &mut self.idle;
        self.log.truncate(position, &self.table, |id| {
            if self.table.entry(id).is_some_and(|entry| entry.first.is_empty()) {
                idle.push_back(id);
            }
        });
        let waiting = self.idle.len();
        for _ in 0..waiting.min(IDLE_BATCH) {
            if let Some(id) = self.idle.pop_front()
                && !self.free(id)
            {
                self.idle.push_back(id);
            }
        }
        let is_any_gone = self.idle.len() < waiting;
        if !self.is_scanning() {
            self.table.give_back();
        }
        let is_all_gone = self.idle.is_empty();
        if is_all_gone && self.idle.capacity() > IDLE_BATCH {
            self.idle.shrink_to_fit();
            self.marked.queue.shrink_to_fit();
        }
        is_any_gone && !is_all_gone
    }

    /// Frees the slot of a prefix that has no path and that nobody has yet to look at. True if it is out of
    /// anybody's care here: freed, or in use again.
    fn free(&mut self, id: PrefixId) -> bool {
        let Some(entry) = self.table.entry(id) else { return true };
        if !entry.first.is_empty() || self.marked.contains(id) || self.log.holds(id, entry.logged) {
            return true;
        }
        let is_free = self.fib.lets_go(id) && self.groups.lets_go(id);
        if is_free {
            self.table.release(id);
        }
        is_free
    }
}

impl Marked {
    /// Puts a prefix in, unless it is.
    pub(super) fn insert(&mut self, id: PrefixId) {
        if self.queued.insert(id) {
            self.queue.push_back(id);
        }
    }

    /// True if there is nothing to decide.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    fn pop(&mut self) -> Option<PrefixId> {
        let id = self.queue.pop_front()?;
        self.queued.remove(id);
        Some(id)
    }

    fn contains(&self, id: PrefixId) -> bool {
        self.queued.contains(id)
    }
}

/// Prefixes without paths looked at per slice of work.
const IDLE_BATCH: usize = 4096;
