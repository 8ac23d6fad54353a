//! Attribute sets, each owned once.
//!
//! A set is a normalised block of octets, a next hop and a weight, behind a `Copy` id. Paths hold ids and count
//! as users; the last one gone, the set goes. Sets are found again by hash; the seed of the hash is an argument,
//! so that no peer can choose sets that collide. Only a set that nobody else has allocates.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

use super::digest::Digest;
use super::nexthop::{NextHopId, NextHops};
use super::shards::Shards;
use super::spare::{Spare, cut};
use crate::wire::AttrBlock;

/// An attribute set by its place among the known ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct AttrId(u32);

/// What makes two sets the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SetKey<'a> {
    /// The normalised block.
    pub(super) block: &'a [u8],
    /// Where packets go.
    pub(super) next_hop: NextHopId,
    /// This router's own preference.
    pub(super) weight: u16,
}

/// Every attribute set in use.
#[derive(Debug)]
pub(super) struct Interner {
    sets: Vec<Set>,
    free: Vec<AttrId>,
    index: Shards,
    hasher: FixedState,
    octets: usize,
    spare: Spare,
}

#[derive(Debug)]
struct Set {
    block: Box<[u8]>,
    digest: Digest,
    users: u32,
}

/// The set a peer's last UPDATE had. Peers send runs of UPDATEs with equal attributes; these cost a comparison.
///
/// It holds no use of the set: it is only believed if the set is still there and still the same.
#[derive(Debug, Default)]
pub(super) struct LastSet {
    block: Vec<u8>,
    id: Option<AttrId>,
}

impl AttrId {
    /// No set: a refused route, an empty slot.
    pub(super) const NONE: Self = Self(u32::MAX);

    /// For keys of memos.
    pub(super) const fn number(self) -> u32 {
        self.0
    }

    /// True for [`NONE`](Self::NONE).
    pub(super) const fn is_none(self) -> bool {
        self.0 == Self::NONE.0
    }
}

impl Interner {
    /// No sets; `seed` is the hash's.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            sets: Vec::new(),
            free: Vec::new(),
            index: Shards::new(),
            hasher: FixedState::with_seed(seed),
            octets: 0,
            spare: Spare::default(),
        }
    }

    /// The id of a set, with one more user.
    pub(super) fn intern(&mut self, key: &SetKey<'_>, next_hops: &mut NextHops) -> AttrId {
        let hash = self.hash(key);
        if let Some(id) = self.find(hash, key) {
            self.hold(id, 1);
            return id;
        }
        next_hops.hold(key.next_hop);
        self.octets += key.block.len();
        let set = Set {
            block: key.block.into(),
            digest: Digest::of(AttrBlock::new(key.block), key.next_hop, key.weight),
            users: 1,
        };
        let id = match self.free.pop() {
            Some(id) => {
                if let Some(slot) = self.sets.get_mut(id.0 as usize) {
                    *slot = set;
                }
                id
            }
            None => {
                self.sets.push(set);
                AttrId(u32::try_from(self.sets.len() - 1).unwrap_or(u32::MAX))
            }
        };
        let (sets, hasher) = (&self.sets, &self.hasher);
        if let Some(part) = self.index.part_mut(hash) {
            part.insert_unique(hash, id.0, |&id| {
                sets.get(id as usize).map_or(0, |set| hash_key(hasher, &set.key()))
            });
        }
        id
    }

    /// The same, where the set is likely the one of the last time.
    pub(super) fn intern_like(
        &mut self,
        last: &mut LastSet,
        key: &SetKey<'_>,
        next_hops: &mut NextHops,
    ) -> AttrId {
        if let Some(id) = last.id
            && last.block == key.block
            && self.sets.get(id.0 as usize).is_some_and(|set| set.users > 0 && set.is(key))
        {
            self.hold(id, 1);
            return id;
        }
        let id = self.intern(key, next_hops);
        last.block.clear();
        last.block.extend_from_slice(key.block);
        last.id = Some(id);
        id
    }

    /// `count` more users.
    pub(super) fn hold(&mut self, id: AttrId, count: u32) {
        if let Some(set) = self.sets.get_mut(id.0 as usize) {
            set.users = set.users.saturating_add(count);
        }
    }

    /// One user less; the set goes with the last one.
    pub(super) fn release(&mut self, id: AttrId, next_hops: &mut NextHops) {
        let Some(set) = self.sets.get_mut(id.0 as usize) else { return };
        set.users = set.users.saturating_sub(1);
        if set.users > 0 {
            return;
        }
        let hash = hash_key(&self.hasher, &set.key());
        let part = self.index.part_mut(hash);
        if let Some(Ok(slot)) = part.map(|part| part.find_entry(hash, |&other| other == id.0)) {
            slot.remove();
            self.octets -= set.block.len();
            set.block = Box::default();
            self.free.push(id);
            next_hops.release(set.digest.next_hop);
        }
    }

    /// Gives memory back, if most of it is not in use.
    pub(super) fn give_back(&mut self) {
        let free = self.free.iter().map(|id| id.0);
        let Some(end) = self.spare.look(self.sets.len(), free) else { return };
        cut(&mut self.sets, end);
        self.free.retain(|id| (id.0 as usize) < end);
        self.free.shrink_to_fit();
        let (sets, hasher) = (&self.sets, &self.hasher);
        self.index.shrink(|id| sets.get(id as usize).map_or(0, |set| hash_key(hasher, &set.key())));
    }

    /// The facts of a set.
    pub(super) fn digest(&self, id: AttrId) -> Option<&Digest> {
        self.sets.get(id.0 as usize).map(|set| &set.digest)
    }

    /// The octets of a set; nothing for [`AttrId::NONE`].
    pub(super) fn block(&self, id: AttrId) -> AttrBlock<'_> {
        AttrBlock::new(self.sets.get(id.0 as usize).map_or(&[], |set| &set.block))
    }

    /// How many sets are in use.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// Octets of memory in use, about.
    pub(super) fn octets(&self) -> usize {
        self.octets + self.sets.len() * size_of::<Set>() + self.index.octets()
    }

    fn find(&self, hash: u64, key: &SetKey<'_>) -> Option<AttrId> {
        let is_it = |&id: &u32| self.sets.get(id as usize).is_some_and(|set| set.is(key));
        self.index.part(hash)?.find(hash, is_it).copied().map(AttrId)
    }

    fn hash(&self, key: &SetKey<'_>) -> u64 {
        hash_key(&self.hasher, key)
    }
}

impl Set {
    fn is(&self, key: &SetKey<'_>) -> bool {
        self.digest.next_hop == key.next_hop && self.digest.weight == key.weight && *self.block == *key.block
    }

    fn key(&self) -> SetKey<'_> {
        SetKey { block: &self.block, next_hop: self.digest.next_hop, weight: self.digest.weight }
    }
}

fn hash_key(hasher: &FixedState, key: &SetKey<'_>) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write(key.block);
    hasher.write_u32(key.next_hop.number());
    hasher.write_u16(key.weight);
    hasher.finish()
}
