//! Prefixes and their paths, one table a family.
//!
//! A prefix has a dense [`PrefixId`] in order of arrival, so prefixes that came in one UPDATE lie side by side
//! and are later decided, installed and announced from neighbouring memory. Keys lie apart from entries: five
//! octets an IPv4 prefix, seventeen an IPv6 one, and whoever walks entries does not touch them. The index from
//! key to id grows in parts (`shards`).
//!
//! The first path lies in the entry, best first once decided; others hang on it in a slab of nodes. Nothing is
//! allocated per prefix.

use alloc::vec::Vec;
use core::net::IpAddr;

use foldhash::fast::FixedState;
use hashbrown::hash_table;

use super::key::{Keys, hash};
use super::nodes::{NodeId, Nodes};
use super::path::{Flag, Path};
use super::shards::Shards;
use super::source::SourceId;
use super::spare::{Spare, cut};
use crate::types::{Family, Prefix};

/// A prefix by its place in a family's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PrefixId(pub(super) u32);

/// One family's prefixes.
#[derive(Debug)]
pub(super) struct Table {
    keys: Keys,
    entries: Vec<Entry>,
    free: Vec<PrefixId>,
    nodes: Nodes,
    index: Shards,
    hasher: FixedState,
    lengths: [u32; 129],
    paths: usize,
    spare: Spare,
}

/// What is kept of a prefix beside its key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// The first path: the best one, once decided. A slot without path remembers the last one's source.
    pub(super) first: Path,
    /// The other paths.
    pub(super) more: NodeId,
    /// Where the change log last had this prefix; only compared with what stands there.
    pub(super) logged: u32,
}

/// What became of a path that was put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// There was none of that source.
    New,
    /// It took this one's place.
    Replaced(Path),
}

impl Table {
    /// An empty table of `family`; `seed` keeps peers from choosing prefixes that collide.
    pub(super) fn new(family: Family, seed: u64) -> Self {
        Self {
            keys: Keys::new(family),
            entries: Vec::new(),
            free: Vec::new(),
            nodes: Nodes::default(),
            index: Shards::new(),
            hasher: FixedState::with_seed(seed),
            lengths: [0; 129],
            paths: 0,
            spare: Spare::default(),
        }
    }

    /// The id of `prefix`, made if there is none. `None` if the table is full.
    pub(super) fn intern(&mut self, prefix: &Prefix) -> Option<PrefixId> {
        let hash = self.hash(prefix);
        let (keys, hasher) = (&self.keys, &self.hasher);
        let shard = self.index.part_mut(hash)?;
        let place = match shard.entry(hash, |&id| keys.is(id, prefix), |&id| keys.hash(hasher, id)) {
            hash_table::Entry::Occupied(known) => return Some(PrefixId(*known.get())),
            hash_table::Entry::Vacant(place) => place,
        };
        let id = match self.free.pop() {
            Some(id) => id,
            None => PrefixId(u32::try_from(self.entries.len()).ok().filter(|&id| id < MAX_PREFIXES)?),
        };
        place.insert(id.0);
        self.keys.put(id, prefix);
        match self.entries.get_mut(id.0 as usize) {
            Some(entry) => *entry = Entry::EMPTY,
            None => self.entries.push(Entry::EMPTY),
        }
        if let Some(count) = self.lengths.get_mut(usize::from(prefix.prefix_len())) {
            *count += 1;
        }
        Some(id)
    }

    /// Gives the slot of a prefix back. The caller knows that nobody holds its id.
    pub(super) fn release(&mut self, id: PrefixId) {
        let Some(prefix) = self.prefix(id) else { return };
        let hash = self.hash(&prefix);
        let Some(shard) = self.index.part_mut(hash) else { return };
        let Ok(slot) = shard.find_entry(hash, |&other| other == id.0) else { return };
        slot.remove();
        self.free.push(id);
        if let Some(count) = self.lengths.get_mut(usize::from(prefix.prefix_len())) {
            *count -= 1;
        }
    }

    /// Gives memory back, if most of it is not in use. Ids that were given back may count for less than before:
    /// nobody holds them.
    pub(super) fn give_back(&mut self) {
        self.nodes.give_back();
        let free = self.free.iter().map(|id| id.0);
        let Some(end) = self.spare.look(self.entries.len(), free) else { return };
        cut(&mut self.entries, end);
        self.keys.cut(end);
        self.free.retain(|id| (id.0 as usize) < end);
        self.free.shrink_to_fit();
        let (keys, hasher) = (&self.keys, &self.hasher);
        self.index.shrink(|id| keys.hash(hasher, id));
    }

    /// Puts `path` in; `same` finds the path whose place it takes, and `revise` says what is new about it then.
    pub(super) fn place(
        &mut self,
        id: PrefixId,
        path: Path,
        same: impl Fn(SourceId) -> bool,
        revise: impl Fn(&Path, &mut Path),
    ) -> Placed {
        let Some(entry) = self.entries.get_mut(id.0 as usize) else { return Placed::New };
        if entry.first.is_empty() {
            // Somebody else's route was here last: peers may still hold that one.
            let had_other = entry.first.source != SourceId::NONE && entry.first.source != path.source;
            let lost = entry.first.has(Flag::LOST) || entry.first.has(Flag::BEST) || had_other;
            entry.first = path;
            entry.first.set(Flag::LOST, lost);
            self.paths += 1;
            return Placed::New;
        }
        if same(entry.first.source) {
            let old = entry.first;
            entry.first = path;
            entry.first.copy_flags(&old);
            revise(&old, &mut entry.first);
            return Placed::Replaced(old);
        }
        let mut at = entry.more;
        while let Some(node) = self.nodes.get_mut(at) {
            if same(node.path.source) {
                let old = node.path;
                node.path = path;
                node.path.copy_flags(&old);
                revise(&old, &mut node.path);
                return Placed::Replaced(old);
            }
            at = node.next;
        }
        entry.more = self.nodes.add(path, entry.more);
        self.paths += 1;
        Placed::New
    }

    /// Takes the first path out that `same` finds.
    pub(super) fn take(&mut self, id: PrefixId, same: impl Fn(&Path) -> bool) -> Option<Path> {
        let entry = self.entries.get_mut(id.0 as usize)?;
        if entry.first.is_empty() {
            return None;
        }
        let taken = if same(&entry.first) {
            let taken = entry.first;
            if let Some(node) = self.nodes.remove(&mut entry.more) {
                entry.first = node;
                let lost = taken.has(Flag::LOST) || taken.has(Flag::USED);
                entry.first.set(Flag::LOST, lost);
            } else {
                entry.first = taken.emptied();
            }
            taken
        } else {
            let taken = self.nodes.remove_where(&mut entry.more, same)?;
            if taken.has(Flag::USED) {
                entry.first.set(Flag::LOST, true);
            }
            taken
        };
        self.paths -= 1;
        Some(taken)
    }

    /// Changes every path of a prefix in place.
    pub(super) fn for_each_path(&mut self, id: PrefixId, mut change: impl FnMut(&mut Path)) {
        let Some(entry) = self.entries.get_mut(id.0 as usize) else { return };
        if entry.first.is_empty() {
            return;
        }
        change(&mut entry.first);
        let mut at = entry.more;
        while let Some(node) = self.nodes.get_mut(at) {
            change(&mut node.path);
            at = node.next;
        }
    }

    /// Brings the path at `position` to the front.
    pub(super) fn promote(&mut self, id: PrefixId, position: usize) {
        let Some(entry) = self.entries.get_mut(id.0 as usize) else { return };
        let Some(mut left) = position.checked_sub(1) else { return };
        let mut at = entry.more;
        while let Some(node) = self.nodes.get_mut(at) {
            if left == 0 {
                core::mem::swap(&mut entry.first, &mut node.path);
                return;
            }
            left -= 1;
            at = node.next;
        }
    }

    /// What is kept of a prefix.
    pub(super) fn entry(&self, id: PrefixId) -> Option<&Entry> {
        self.entries.get(id.0 as usize)
    }

    /// The same, to change.
    pub(super) fn entry_mut(&mut self, id: PrefixId) -> Option<&mut Entry> {
        self.entries.get_mut(id.0 as usize)
    }

    /// The paths of a prefix, the first one first.
    pub(super) fn paths(&self, id: PrefixId) -> impl Iterator<Item = &Path> {
        let entry = self.entry(id).filter(|entry| !entry.first.is_empty());
        let mut at = entry.map_or(NodeId::NONE, |entry| entry.more);
        entry.map(|entry| &entry.first).into_iter().chain(core::iter::from_fn(move || {
            let node = self.nodes.get(at)?;
            at = node.next;
            Some(&node.path)
        }))
    }

    /// The path that the last decision chose.
    pub(super) fn best(&self, id: PrefixId) -> Option<&Path> {
        let entry = self.entry(id)?;
        (!entry.first.is_empty() && entry.first.has(Flag::BEST)).then_some(&entry.first)
    }

    /// True if the prefix has a path.
    pub(super) fn has_paths(&self, id: PrefixId) -> bool {
        self.entry(id).is_some_and(|entry| !entry.first.is_empty())
    }

    /// The id of `prefix`, if it has one.
    pub(super) fn find(&self, prefix: &Prefix) -> Option<PrefixId> {
        let hash = self.hash(prefix);
        self.index.part(hash)?.find(hash, |&id| self.keys.is(id, prefix)).copied().map(PrefixId)
    }

    /// The prefix of `id`; of a slot given back, the one it last had.
    pub(super) fn prefix(&self, id: PrefixId) -> Option<Prefix> {
        self.keys.prefix(id)
    }

    /// The first `count` prefixes with paths after `after`, the last one first.
    pub(super) fn first_after(&self, after: Option<&Prefix>, count: usize) -> Vec<Prefix> {
        self.keys.first_after(after, count, |id| self.has_paths(id))
    }

    /// Prefixes covering `addr`, longest first. Lengths that nobody has are not tried.
    pub(super) fn covering(&self, addr: IpAddr) -> impl Iterator<Item = PrefixId> {
        let longest = if addr.is_ipv4() { 32 } else { 128 };
        (0..=longest).rev().filter_map(move |len: u8| {
            self.lengths.get(usize::from(len)).filter(|&&count| count > 0)?;
            let prefix = Prefix::new(addr, len).ok()?.trunc();
            self.find(&prefix)
        })
    }

    /// How many slots there are; every id is below.
    pub(super) fn slots(&self) -> usize {
        self.entries.len()
    }

    /// How many prefixes have a slot.
    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// How many paths there are.
    pub(super) const fn path_count(&self) -> usize {
        self.paths
    }

    /// Octets of memory in use, about.
    pub(super) fn octets(&self) -> usize {
        let each = size_of::<Entry>() + self.keys.octets_each();
        self.entries.len() * each + self.nodes.octets() + self.index.octets()
    }

    fn hash(&self, prefix: &Prefix) -> u64 {
        hash(&self.hasher, prefix)
    }
}

impl Entry {
    const EMPTY: Self = Self { first: Path::EMPTY, more: NodeId::NONE, logged: 0 };
}

/// The change log packs an id with three flags.
const MAX_PREFIXES: u32 = 1 << 29;
