//! The walk over all entries, in slices: what concerns many prefixes is done here and not where it happened.
//!
//! A session that ended, a next hop that changed, a policy that changed: each only leaves a note, and the walk
//! goes once round from where it stands. Something new while it walks makes it go a full round from there; what
//! asked before is then finished too. So there is never more than one walk, and nothing is kept per prefix.

use alloc::vec::Vec;

use super::attrs::AttrId;
use super::family::FamilyRib;
use super::path::{Flag, Path};
use super::peer::PeerIx;
use super::shared::Shared;
use super::source::{FeedState, SourceId};
use super::table::PrefixId;

/// Where the walk stands, and what it looks for beside dead feeds.
#[derive(Debug, Default)]
pub(super) struct Scan {
    cursor: u32,
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
        while done < budget && self.scan.left > 0 {
            if self.scan.cursor as usize >= self.scan.turn {
                self.scan.cursor = 0;
            }
            let id = PrefixId(self.scan.cursor);
            self.scan.cursor += 1;
            self.scan.left -= 1;
            done += 1;
            self.visit(shared, id);
        }
        if self.scan.left == 0 {
            self.scan = Scan { cursor: self.scan.cursor, ..Scan::default() };
            let mut reaped = Vec::new();
            shared.sources.reap(self.family, |peer| reaped.push(peer));
            for peer in reaped {
                shared.forget_peer(peer);
            }
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
        if !self.scan.policies.is_empty() {
            self.reconsider(shared, id);
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

    /// Runs import policy again over the paths of peers whose policy changed.
    fn reconsider(&mut self, shared: &mut Shared, id: PrefixId) {
        let Some(prefix) = self.table.prefix(id) else { return };
        let mut refused = false;
        let (family, policies) = (self.family, core::mem::take(&mut self.scan.policies));
        let mut is_changed = false;
        self.table.for_each_path(id, |path| {
            let Some(feed) = shared.sources.feed_of(path.source).copied() else { return };
            let has_policy = shared.peers.session(feed.origin.peer).is_some();
            if !has_policy || !policies.contains(&feed.origin.peer) {
                return;
            }
            path.received = shared.reweigh(family, feed.origin.peer, path.received);
            let effective = shared.judge(family, feed.origin.peer, path.received, &prefix);
            refused |= effective.is_none();
            is_changed |= shared.swap_effective(path, effective);
        });
        self.scan.policies = policies;
        if is_changed {
            self.marked.insert(id);
        }
        if refused {
            while self.remove(shared, id, |shared, path| {
                path.effective.is_none() && !shared.keeps_refused(family, path.source)
            }) {}
        }
    }
}

impl Shared {
    /// Gives a path another effective set, whose use the path takes over. True if it is another one.
    fn swap_effective(&mut self, path: &mut Path, effective: AttrId) -> bool {
        let old = core::mem::replace(&mut path.effective, effective);
        self.attrs.release(old, &mut self.next_hops);
        if old == effective {
            return false;
        }
        path.set(Flag::CHANGED, true);
        path.set(Flag::REROUTED, true);
        if let Some(feed) = self.sources.feed_of_mut(path.source) {
            feed.accepted = feed.accepted + u32::from(!effective.is_none()) - u32::from(!old.is_none());
        }
        true
    }
}

fn is_dead(shared: &Shared, source: SourceId) -> bool {
    shared.sources.feed_of(source).is_some_and(|feed| feed.state == FeedState::Dead)
}

fn has_new_next_hop(shared: &Shared, path: &Path) -> bool {
    shared.attrs.digest(path.effective).is_some_and(|digest| shared.next_hops.has_changed(digest.next_hop))
}
