//! The made-up default route: `default-originate`.
//!
//! It stands for no entry of the table. A group knows what its members are to hold of it (its [`DefaultDesk`]), a
//! cohort what they do hold; where that differs they are told, before anything else. While they hold it, the
//! table's own default route does not go to them.
//!
//! With a route map it is made up only while the best path to some prefix passes the map; what the map sets is
//! set on the made-up route. One such prefix, the *witness*, is enough: as long as it passes no other is looked
//! at. When it no longer does, the table is searched for another, in slices, and what was told stands until the
//! search is over. Without a witness only changed prefixes are looked at.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::Bytes;

use super::Group;
use super::cohort::Cohort;
use super::facts::ExportFacts;
use super::flush::{Outgoing, context};
use super::rewrite::Passage;
use crate::policy::{Changes, Filter, RouteDraft, RouteMap, Scratch, Verdict};
use crate::rib::changes::{ChangeLog, Reader};
use crate::rib::family::FamilyRib;
use crate::rib::peer::PeerIx;
use crate::rib::shared::Shared;
use crate::rib::table::{PrefixId, Table};
use crate::types::{Family, Nlri, Prefix};
use crate::wire::{Origin, UpdateWriter};

/// The made-up default route as it goes out, if there is one.
pub(super) type MadeUp = Option<Arc<Outgoing>>;

/// What the members of a group are to hold of the default route.
#[derive(Debug)]
pub(super) struct DefaultDesk {
    /// What it is; nothing while that is not known for the first time.
    wanted: Option<MadeUp>,
    /// What `wanted` was made of: no witness, or what policy says of it. Nothing if it is to be made anew.
    basis: Option<Option<Changes>>,
    /// Present if there must be a witness.
    search: Option<Search>,
}

/// The search for a witness.
#[derive(Debug)]
struct Search {
    reader: Reader,
    witness: Option<(PrefixId, Changes)>,
}

impl DefaultDesk {
    /// A desk that has yet to read what `reader` has.
    pub(super) fn new(facts: &ExportFacts, reader: &Reader) -> Self {
        let originate = facts.default_originate.as_ref();
        let has_map = originate.is_some_and(|originate| originate.route_map.is_some());
        Self {
            wanted: if originate.is_none() { Some(None) } else { None },
            basis: None,
            search: has_map.then(|| Search { reader: reader.clone(), witness: None }),
        }
    }

    /// What the members are to hold; nothing while that is not known.
    pub(super) const fn wanted(&self) -> Option<&MadeUp> {
        self.wanted.as_ref()
    }

    /// Makes the route anew, since what goes into it may have changed.
    pub(super) const fn renew(&mut self) {
        self.basis = None;
    }

    /// True if there is something to look at.
    pub(super) fn has_work(&self, log: &ChangeLog) -> bool {
        self.wanted.is_none() || self.search.as_ref().is_some_and(|search| !search.reader.is_done(log))
    }

    /// Moves on to `position` at least; says where it stands then, if it stands anywhere.
    pub(super) fn absorb(&mut self, position: u64, (log, table): (&ChangeLog, &Table)) -> Option<u64> {
        let Search { reader, witness } = self.search.as_mut()?;
        let matters = |id| witness.map_or_else(|| table.has_paths(id), |(known, _)| known == id);
        reader.absorb(position, (log, table), matters);
        Some(reader.position())
    }

    /// True if a prefix without paths is of no interest any more.
    pub(super) fn lets_go(&mut self, id: PrefixId) -> bool {
        let Some(Search { reader, witness }) = &mut self.search else { return true };
        if witness.is_some_and(|(known, _)| known == id) {
            return !reader.is_behind_on(id);
        }
        reader.skip(id);
        true
    }
}

impl FamilyRib {
    /// Finds out what the members of a group are to hold, looking at no more than `budget` prefixes; says at how
    /// many.
    pub(super) fn look_for_default(
        &self,
        shared: &Shared,
        (group, scratch): (&mut Group, &mut Scratch),
        budget: usize,
    ) -> usize {
        let Group { facts, default: desk, .. } = group;
        let Some(originate) = &facts.default_originate else { return 0 };
        let map = originate.route_map.as_ref();
        let mut done = 0;
        let mut basis = Some(Changes::NONE);
        if let Some((search, map)) = desk.search.as_mut().zip(map) {
            scratch.forget();
            done = self.search(shared, (search, map), scratch, budget);
            basis = search.witness.map(|(_, changes)| changes);
            if basis.is_none() && !search.reader.is_done(&self.log) {
                return done;
            }
        }
        if desk.basis != Some(basis) {
            let route = basis.and_then(|changes| self.draft_default(shared, facts, changes));
            desk.wanted = Some(route.map(Arc::new));
            desk.basis = Some(basis);
        }
        done
    }

    /// Tells the members of a cohort what they hold otherwise than `wanted`.
    pub(super) fn tell_default(
        &self,
        shared: &mut Shared,
        (facts, wanted): (&ExportFacts, &MadeUp),
        cohort: &mut Cohort,
    ) {
        if cohort.made_up == *wanted {
            return;
        }
        let own = default_prefix(self.family).and_then(|prefix| self.table.find(&prefix));
        match (wanted, own) {
            (Some(route), own) => {
                self.send_default(shared, facts, (&cohort.members, route));
                // It has taken the place of the table's own with whoever held that.
                own.map(|id| cohort.told.remove(id));
            }
            // The table's own takes its place, or the walk finds that it may not go and takes it back.
            (None, Some(id)) => {
                cohort.told.insert(id);
                cohort.reader.look_again(id);
            }
            (None, None) => self.withdraw_default(shared, facts, &cohort.members),
        }
        cohort.made_up.clone_from(wanted);
    }

    /// Announces the default route.
    pub(super) fn send_default(
        &self,
        shared: &mut Shared,
        facts: &ExportFacts,
        (members, route): (&[PeerIx], &Outgoing),
    ) {
        let Some(nlri) = self.default_nlri(facts) else { return };
        let mut out = Vec::new();
        let block = route.attrs.as_block();
        let mut writer = UpdateWriter::begin(&mut out, &facts.caps, self.family, route.next_hop, block);
        let _ = writer.push(&nlri);
        writer.finish();
        send(shared, members, &out.into());
    }

    fn withdraw_default(&self, shared: &mut Shared, facts: &ExportFacts, members: &[PeerIx]) {
        let Some(nlri) = self.default_nlri(facts) else { return };
        let mut out = Vec::new();
        let mut writer = UpdateWriter::withdraw(&mut out, &facts.caps, self.family);
        let _ = writer.push(&nlri);
        writer.finish();
        send(shared, members, &out.into());
    }

    /// Reads on until there is a witness and nothing new of it, or nothing to read.
    fn search(
        &self,
        shared: &Shared,
        (search, map): (&mut Search, &RouteMap),
        scratch: &mut Scratch,
        budget: usize,
    ) -> usize {
        for done in 0..budget {
            let Some(change) = search.reader.next(&self.log, &self.table) else { return done };
            let known = search.witness.map(|(id, _)| id);
            if !change.aspects.route || known.is_some_and(|id| id != change.id) {
                continue;
            }
            search.witness =
                self.permits(shared, map, (change.id, scratch)).map(|changes| (change.id, changes));
            match (known, search.witness) {
                // The table is as it is now, whatever the log still says of it.
                (None, Some(_)) => search.reader = Reader::at_end(&self.log),
                (Some(_), None) => search.reader.mark_all(&self.log, &self.table),
                (None, None) | (Some(_), Some(_)) => {}
            }
        }
        budget
    }

    /// What the map says of the best path to a prefix.
    fn permits(
        &self,
        shared: &Shared,
        map: &RouteMap,
        (id, scratch): (PrefixId, &mut Scratch),
    ) -> Option<Changes> {
        let path = self.table.best(id)?;
        let origin = &shared.sources.feed_of(path.source)?.origin;
        let peer = Some(origin.address).filter(|_| origin.peer != PeerIx::LOCAL);
        let prefix = self.table.prefix(id)?;
        match map.evaluate(&context(shared, (&prefix, path, origin), peer)?, scratch) {
            Verdict::Deny => None,
            Verdict::Permit(changes) => Some(changes),
        }
    }

    fn draft_default(&self, shared: &Shared, facts: &ExportFacts, changes: Changes) -> Option<Outgoing> {
        let route_map = facts.default_originate.as_ref()?.route_map.clone();
        let filter = Filter { route_map, ..Filter::default() };
        let mut draft = RouteDraft::default();
        draft.attrs.set_origin(Origin::Igp);
        draft.attrs.set_as_path(&[]);
        // As FRR does.
        draft.attrs.set_med(0);
        let passage = Passage {
            settings: &shared.settings,
            facts,
            origin: &shared.sources.feed(shared.local[self.family])?.origin,
            family: self.family,
            next_hop: None,
            policy: (&filter, changes),
        };
        let next_hop = passage.rewrite(&mut draft)?;
        Some(Outgoing { next_hop, attrs: draft.attrs })
    }

    fn default_nlri(&self, facts: &ExportFacts) -> Option<Nlri> {
        let path_id = u32::from(facts.caps.add_path_send.contains(self.family));
        default_prefix(self.family).map(|prefix| Nlri { path_id, prefix })
    }
}

fn send(shared: &mut Shared, members: &[PeerIx], chunk: &Bytes) {
    for &peer in members {
        shared.peers.send(peer, chunk.clone());
    }
}

fn default_prefix(family: Family) -> Option<Prefix> {
    let addr = match family {
        Family::Ipv4Unicast => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::Ipv6Unicast => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    Prefix::new(addr, 0).ok()
}
