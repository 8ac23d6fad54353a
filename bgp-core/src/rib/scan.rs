//! The walk over all entries, in slices: what concerns many prefixes is done here and not where it happened.
//!
//! A session that ended, a next hop that changed, a policy that changed: each only leaves a note, and the walk
//! goes once round from where it stands. Something new while it walks makes it go a full round from there; what
//! asked before is then finished too. So there is never more than one walk, and nothing is kept per prefix. A walk
//! may go on for ever, if somebody keeps giving reasons; what a dead feed leaves is cleared once the walk has gone
//! round since it died, whatever came later.

use alloc::vec::Vec;

use super::family::FamilyRib;
use super::path::{Flag, Path};
use super::peer::PeerIx;
use super::reconsider::Reconsidered;
use super::shared::Shared;
use super::source::{FeedState, SourceId};
use super::table::PrefixId;

/// Where the walk stands, and what it looks for beside dead feeds.
#[derive(Debug, Default)]
pub(super) struct Scan {
    cursor: u32,
    /// Entries visited so far, in all rounds.
    visited: u64,
    /// Where the round turns: what is new since it began needs no visit.
    turn: usize,
    left: usize,
    is_on: bool,
    /// Next hops that changed.
    next_hops: bool,
    /// Everything is to be decided anew.
    everything: bool,
    /// Peers whose import policy changed.
    policies: Vec<PeerIx>,
}

/// Why a walk is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Feeds died.
    DeadFeeds,
    /// Next hops changed.
    NextHops,
    /// The rules of the decision changed.
    Rules,
    /// A peer's import policy changed.
    Policy(PeerIx),
}

impl Scan {
    /// How many entries the walk has visited so far.
    pub(super) const fn visited(&self) -> u64 {
        self.visited
    }
}

impl FamilyRib {
    /// Begins a round, or makes the one that is on a full one from where it stands.
    pub(super) fn scan_for(&mut self, reason: Reason) {
        let scan = &mut self.scan;
        scan.turn = self.table.slots();
        scan.left = scan.turn;
        scan.is_on = true;
        match reason {
            Reason::DeadFeeds => {}
            Reason::NextHops => scan.next_hops = true,
            Reason::Rules => scan.everything = true,
            Reason::Policy(peer) if scan.policies.contains(&peer) => {}
            Reason::Policy(peer) => scan.policies.push(peer),
        }
    }

    /// Walks on by `budget` entries; says how many it were.
    pub(super) fn scan(&mut self, shared: &mut Shared, budget: usize) -> usize {
        if !self.scan.is_on {
            return 0;
        }
        let mut done = 0;
        let policies = core::mem::take(&mut self.scan.policies);
        let mut memos = Reconsidered::default();
        while done < budget && self.scan.left > 0 {
            if self.scan.cursor as usize >= self.scan.turn {
                self.scan.cursor = 0;
            }
            let id = PrefixId(self.scan.cursor);
            self.scan.cursor += 1;
            self.scan.visited += 1;
            self.scan.left -= 1;
            done += 1;
            self.visit(shared, id);
            if !policies.is_empty() {
                self.reconsider(shared, (id, &policies), &mut memos);
            }
        }
        memos.release(shared);
        self.scan.policies = policies;
        let round_ago = self.scan.visited.saturating_sub(self.scan.turn as u64);
        let mut reaped = Vec::new();
        shared.sources.reap(self.family, round_ago, |peer| reaped.push(peer));
        for peer in reaped {
            shared.forget_peer(peer);
        }
        if self.scan.left == 0 {
            let Scan { cursor, visited, .. } = self.scan;
            self.scan = Scan { cursor, visited, ..Scan::default() };
        }
        done
    }

    /// True if a round is on that looks for changed next hops.
    pub(super) const fn is_scanning_next_hops(&self) -> bool {
        self.scan.next_hops
    }

    /// True if a round is on.
    pub(super) const fn is_scanning(&self) -> bool {
        self.scan.is_on
    }

    fn visit(&mut self, shared: &mut Shared, id: PrefixId) {
        while self.remove(shared, id, |shared, path| is_dead(shared, path.source)) {}
        self.forget_dead_source(shared, id);
        let scan = &self.scan;
        let mut is_marked = scan.everything;
        if scan.next_hops {
            is_marked |= self.table.paths(id).any(|path| has_new_next_hop(shared, path));
        }
        if is_marked && self.table.entry(id).is_some_and(|entry| !entry.first.is_empty()) {
            self.table.for_each_path(id, |path| {
                if has_new_next_hop(shared, path) {
                    path.set(Flag::REROUTED, true);
                }
            });
            self.marked.insert(id);
        }
    }

    /// A slot without path must not remember a source whose id may be given anew.
    fn forget_dead_source(&mut self, shared: &Shared, id: PrefixId) {
        let Some(entry) = self.table.entry_mut(id) else { return };
        if entry.first.is_empty() && is_dead(shared, entry.first.source) {
            entry.first.source = SourceId::NONE;
            entry.first.set(Flag::LOST, entry.first.has(Flag::BEST) || entry.first.has(Flag::LOST));
        }
    }
}

fn is_dead(shared: &Shared, source: SourceId) -> bool {
    shared.sources.feed_of(source).is_some_and(|feed| feed.state == FeedState::Dead)
}

fn has_new_next_hop(shared: &Shared, path: &Path) -> bool {
    shared.attrs.digest(path.effective).is_some_and(|digest| shared.next_hops.has_changed(digest.next_hop))
}
