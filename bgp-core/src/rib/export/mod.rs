//! Telling peers (RFC 4271 §9.2).
//!
//! ```text
//! group    peers with equal [`ExportFacts`]: told the same, octet for octet
//!   cohort    those of them that have been told the same so far: one place in the log, one bit a prefix
//!     member    a peer: a queue of shared chunks with a low and a high mark
//! ```
//!
//! Nothing is kept of what was said but that bit. When a member has room, a bounded batch of changed prefixes is
//! looked up in the table as it is now, judged, encoded once and shared by all members of the cohort. A peer
//! that comes up, asks for a refresh, or reads too slowly for the others makes a cohort of its own, with its own
//! bitmap, catches up from the table, and joins the others again once both have nothing left to read. So a slow
//! peer costs two bits a prefix and its queue, and holds nobody up.

mod batch;
mod cohort;
mod default;
mod facts;
mod flush;
mod rewrite;
mod rules;
mod write;

use alloc::vec::Vec;

use super::changes::{ChangeLog, Reader};
use super::family::FamilyRib;
use super::id_set::IdSet;
use super::peer::PeerIx;
use super::shared::Shared;
use super::table::{PrefixId, Table};
use crate::types::Family;
use batch::Batch;
use cohort::{Cohort, Ending, Gate, begin_of_refresh};
use default::DefaultDesk;
pub(super) use facts::ExportFacts;
pub use flush::Outgoing;

/// Everybody who is told of one family.
#[derive(Debug, Default)]
pub(super) struct Groups {
    groups: Vec<Group>,
    batch: Batch,
    turn: usize,
    gate: Gate,
}

/// Peers that are told the same.
#[derive(Debug)]
struct Group {
    facts: ExportFacts,
    default: DefaultDesk,
    cohorts: Vec<Cohort>,
}

impl FamilyRib {
    /// Begins to tell a peer whose session is up: everything, then End-of-RIB.
    pub(super) fn join(&mut self, shared: &mut Shared, peer: PeerIx) {
        let Some(facts) = facts_of(shared, peer, self.family) else { return };
        let cohort = Cohort {
            reader: Reader::of_everything(&self.log, &self.table),
            members: alloc::vec![peer],
            endings: alloc::vec![(peer, Ending::EndOfRib)],
            ..Cohort::default()
        };
        self.groups.add(facts, cohort);
    }

    /// Stops telling a peer.
    pub(super) fn leave(&mut self, peer: PeerIx) {
        self.groups.take_out(peer);
    }

    /// Tells a peer everything again (RFC 2918; between markers if RFC 7313 was agreed on).
    ///
    /// Who asks again before that is over has the walk begin anew, and is told nothing twice beside it. Who asks
    /// again before it has begun changes nothing: a read has room for hundreds of requests, and each would take the
    /// time of a look at the whole table.
    pub(super) fn refresh(&mut self, shared: &mut Shared, peer: PeerIx) {
        if self.groups.is_about_to_refresh(peer, &self.log) {
            return;
        }
        let Some(mut cohort) = self.groups.split(peer) else { return };
        cohort.reader.mark_all(&self.log, &self.table);
        if !cohort.is_refreshing(peer) {
            let ending = self.begin_refresh(shared, peer, &cohort);
            cohort.endings.push((peer, ending));
        }
        self.put_back(shared, peer, cohort);
        self.groups.renew_default(peer);
    }

    /// What goes before the walk; what is owed after it.
    fn begin_refresh(&self, shared: &mut Shared, peer: PeerIx, cohort: &Cohort) -> Ending {
        let is_framed = shared.peers.session(peer).is_some_and(|session| session.facts.enhanced_refresh);
        if is_framed {
            shared.peers.send(peer, begin_of_refresh(self.family));
        }
        if let (Some(route), Some(facts)) = (&cohort.made_up, facts_of(shared, peer, self.family)) {
            self.send_default(shared, &facts, (&[peer], route));
        }
        if is_framed { Ending::EndOfRefresh } else { Ending::Silence }
    }

    /// Tells a peer what its changed configuration makes different.
    pub(super) fn regroup(&mut self, shared: &mut Shared, peer: PeerIx) {
        let is_same = match (self.groups.facts(peer), facts_of(shared, peer, self.family)) {
            (Some(old), Some(new)) => *old == new,
            (None, _) | (Some(_), None) => true,
        };
        if is_same {
            return;
        }
        let Some(mut cohort) = self.groups.split(peer) else { return };
        cohort.reader.mark_all(&self.log, &self.table);
        self.put_back(shared, peer, cohort);
    }

    /// Tells everybody what is different now that a source is looked at differently.
    pub(super) fn tell_all_again(&mut self) {
        for cohort in self.groups.groups.iter_mut().flat_map(|group| &mut group.cohorts) {
            cohort.reader.mark_all(&self.log, &self.table);
        }
    }

    /// Tells peers that have room what changed, at most `budget` prefixes; says how many were looked at.
    pub(super) fn export(&mut self, shared: &mut Shared, budget: usize) -> usize {
        let mut groups = core::mem::take(&mut self.groups);
        let is_decided =
            || self.marked.is_empty() && !self.is_scanning() && !shared.next_hops.is_any_unanswered();
        if groups.gate == Gate::Opening && is_decided() {
            groups.gate = Gate::Open(self.log.end());
        }
        let mut done = 0;
        let count = groups.groups.len();
        for step in 0..count {
            let turn = (groups.turn + step) % count;
            let Some(group) = groups.groups.get_mut(turn) else { continue };
            let means = (&mut groups.batch, groups.gate);
            done += self.export_group(shared, group, means, budget.saturating_sub(done));
        }
        groups.turn = groups.turn.wrapping_add(1);
        self.groups = groups;
        done
    }

    /// True if some peer has room and something to be told.
    pub(super) fn has_to_export(&self, shared: &Shared) -> bool {
        let gate = self.groups.gate;
        self.groups.groups.iter().any(|group| {
            let is_news = |cohort: &Cohort| group.default.wanted().is_some_and(|it| *it != cohort.made_up);
            let has_work = |cohort: &Cohort| cohort.has_work(&self.log, gate) || is_news(cohort);
            group.default.has_work(&self.log)
                || group.cohorts.iter().any(|cohort| cohort.has_room(&shared.peers) && has_work(cohort))
        })
    }

    /// Keeps End-of-RIB back from now on: a helper drops what we have not announced by then (RFC 4724 §4.2).
    pub(super) const fn hold_end_of_rib(&mut self) {
        self.groups.gate = Gate::Closed;
    }

    /// Sends what was kept back, once everything that has come is announced.
    pub(super) fn release_end_of_rib(&mut self) {
        if self.groups.gate == Gate::Closed {
            self.groups.gate = Gate::Opening;
        }
    }

    fn export_group(
        &self,
        shared: &mut Shared,
        group: &mut Group,
        (batch, gate): (&mut Batch, Gate),
        budget: usize,
    ) -> usize {
        let mut done = self.look_for_default(shared, (&mut *group, &mut batch.policy), budget);
        let Some(made_up) = group.default.wanted() else { return done };
        let mut slow = Vec::new();
        for cohort in &mut group.cohorts {
            if !cohort.has_room(&shared.peers) {
                continue;
            }
            self.tell_default(shared, (&group.facts, made_up), cohort);
            slow.extend(cohort.shed_slow(&shared.peers));
            while done < budget && cohort.has_room(&shared.peers) && !cohort.reader.is_done(&self.log) {
                let limit = BATCH.min(budget - done);
                done += self.flush(shared, (&group.facts, cohort), batch, limit);
            }
            for (peer, ending) in cohort.take_due(gate) {
                if let Some(message) = ending.message(self.family) {
                    shared.peers.send(peer, message);
                }
            }
        }
        group.cohorts.append(&mut slow);
        group.merge(&self.log, gate);
        done
    }

    fn put_back(&mut self, shared: &Shared, peer: PeerIx, cohort: Cohort) {
        if let Some(facts) = facts_of(shared, peer, self.family) {
            self.groups.add(facts, cohort);
        }
    }
}

impl Groups {
    /// Moves everybody on to `position` at least; says where the last one stands then.
    pub(super) fn absorb(&mut self, position: u64, log: &ChangeLog, table: &Table) -> Option<u64> {
        let positions = self.groups.iter_mut().flat_map(|group| {
            let search = group.default.absorb(position, (log, table));
            let cohorts = group.cohorts.iter_mut().map(move |cohort| {
                let told = &cohort.told;
                let matters = |id| table.has_paths(id) || told.contains(id);
                cohort.reader.absorb(position, (log, table), matters);
                cohort.reader.position()
            });
            search.into_iter().chain(cohorts)
        });
        positions.min()
    }

    /// True if a prefix without paths is of no interest to anybody any more.
    pub(super) fn lets_go(&mut self, id: PrefixId) -> bool {
        if !self.groups.iter_mut().all(|group| group.default.lets_go(id)) {
            return false;
        }
        let mut cohorts = self.groups.iter_mut().flat_map(|group| &mut group.cohorts);
        cohorts.all(|cohort| {
            if cohort.told.contains(id) {
                return !cohort.reader.is_behind_on(id);
            }
            cohort.reader.skip(id);
            true
        })
    }

    /// Places in the log.
    #[cfg(test)]
    pub(super) fn cohorts(&self) -> usize {
        self.groups.iter().map(|group| group.cohorts.len()).sum()
    }

    /// How many prefixes a peer was told, and what was made up for it.
    pub(super) fn told(&self, peer: PeerIx) -> Option<(&ExportFacts, &IdSet)> {
        self.groups.iter().find_map(|group| {
            let cohort = group.cohorts.iter().find(|cohort| cohort.members.contains(&peer))?;
            Some((&group.facts, &cohort.told))
        })
    }

    /// Makes the default route of a peer's group anew.
    fn renew_default(&mut self, peer: PeerIx) {
        let is_home = |group: &&mut Group| group.cohorts.iter().any(|cohort| cohort.members.contains(&peer));
        if let Some(group) = self.groups.iter_mut().find(is_home) {
            group.default.renew();
        }
    }

    fn facts(&self, peer: PeerIx) -> Option<&ExportFacts> {
        self.told(peer).map(|(facts, _)| facts)
    }

    /// Puts a cohort where it belongs. One that has been told nothing joins another such one.
    fn add(&mut self, facts: ExportFacts, mut cohort: Cohort) {
        let at = match self.groups.iter().position(|group| group.facts == facts) {
            Some(at) => at,
            None => {
                let default = DefaultDesk::new(&facts, &cohort.reader);
                self.groups.push(Group { facts, default, cohorts: Vec::new() });
                self.groups.len() - 1
            }
        };
        let Some(group) = self.groups.get_mut(at) else { return };
        let twin = group.cohorts.iter_mut().find(|other| {
            let is_blank = other.told.is_empty() && cohort.told.is_empty();
            is_blank && other.made_up == cohort.made_up && other.reader.is_like(&cohort.reader)
        });
        match twin {
            Some(twin) => {
                twin.members.append(&mut cohort.members);
                twin.endings.append(&mut cohort.endings);
            }
            None => group.cohorts.push(cohort),
        }
    }

    /// A cohort of `peer` alone that stands where its cohort stands; the peer is in none then.
    fn split(&mut self, peer: PeerIx) -> Option<Cohort> {
        let cohort = self
            .groups
            .iter_mut()
            .flat_map(|group| &mut group.cohorts)
            .find(|cohort| cohort.members.contains(&peer))?;
        let own = cohort.split(peer);
        self.drop_empty();
        Some(own)
    }

    /// True if a peer has asked for everything and was told nothing of it yet.
    fn is_about_to_refresh(&self, peer: PeerIx, log: &ChangeLog) -> bool {
        let mut cohorts = self.groups.iter().flat_map(|group| &group.cohorts);
        cohorts.any(|cohort| {
            cohort.members == [peer] && cohort.is_refreshing(peer) && cohort.reader.is_at_the_beginning(log)
        })
    }

    fn take_out(&mut self, peer: PeerIx) {
        for cohort in self.groups.iter_mut().flat_map(|group| &mut group.cohorts) {
            cohort.members.retain(|&member| member != peer);
            cohort.endings.retain(|&(member, _)| member != peer);
        }
        self.drop_empty();
    }

    fn drop_empty(&mut self) {
        for group in &mut self.groups {
            group.cohorts.retain(|cohort| !cohort.members.is_empty());
        }
        self.groups.retain(|group| !group.cohorts.is_empty());
    }
}

impl Group {
    /// Joins cohorts that have read everything: they have been told the same then.
    fn merge(&mut self, log: &ChangeLog, gate: Gate) {
        let is_settled = |cohort: &Cohort| !cohort.has_work(log, gate);
        let Some(first) = self.cohorts.iter().position(is_settled) else { return };
        let (kept, rest) = self.cohorts.split_at_mut(first + 1);
        let Some(kept) = kept.last_mut() else { return };
        for other in rest.iter_mut().filter(|cohort| is_settled(cohort)) {
            if other.made_up != kept.made_up {
                continue;
            }
            kept.told.union(&other.told);
            kept.members.append(&mut other.members);
            kept.endings.append(&mut other.endings);
        }
        self.cohorts.retain(|cohort| !cohort.members.is_empty());
    }
}

fn facts_of(shared: &Shared, peer: PeerIx, family: Family) -> Option<ExportFacts> {
    let session = shared.peers.session(peer)?;
    session.feeds[family]?;
    ExportFacts::of(&session.facts, family)
}

/// Prefixes looked at for one chunk: about 64 KiB.
const BATCH: usize = 4096;
