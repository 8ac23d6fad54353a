//! Changed prefixes in buckets: one bucket for each set of attributes that goes out.
//!
//! A bucket holds its prefixes as a list through one vector, in the order they were read, and its attributes
//! ready to be written. Nothing is sorted; buckets go out in the order they were made. All memory is kept for
//! the next batch.

use alloc::vec::Vec;
use core::hash::{BuildHasher, Hasher};
use core::ops::Range;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::rules::Exclusion;
use crate::policy::{Changes, RouteDraft, Scratch};
use crate::rib::attrs::AttrId;
use crate::rib::peer::PeerIx;
use crate::rib::source::SourceId;
use crate::rib::table::PrefixId;
use crate::types::NextHop;
use crate::wire::AttrBlock;

/// What of the announced routes is the same makes a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BucketKey {
    /// Whose route: the feed's own source.
    pub(super) source: SourceId,
    /// With which attributes.
    pub(super) attrs: AttrId,
    /// And what policy makes of them.
    pub(super) changes: Changes,
}

/// Routes with the same outgoing attributes.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    key: BucketKey,
    /// Who is not told.
    pub(super) exclusion: Exclusion,
    /// What goes out, if it may: next hop, and where the attributes stand.
    pub(super) route: Option<(NextHop, Range<usize>)>,
    head: usize,
    tail: usize,
}

/// The prefixes of one batch.
#[derive(Debug, Default)]
pub(super) struct Batch {
    buckets: Vec<Bucket>,
    index: HashTable<u32>,
    items: Vec<(PrefixId, usize)>,
    blocks: Vec<u8>,
    /// Routes to take back from everybody but these members.
    pub(super) withdrawn: Vec<(Exclusion, PrefixId)>,
    /// Routes to take back from one member.
    pub(super) withdrawn_from: Vec<(PeerIx, PrefixId)>,
    /// Scratch: the route on its way out.
    pub(super) draft: RouteDraft,
    /// Scratch: what policy remembers of the attribute set at hand.
    pub(super) policy: Scratch,
    /// Scratch: encoded messages.
    pub(super) out: Vec<u8>,
}

impl Batch {
    /// Forgets everything but the memory.
    pub(super) fn clear(&mut self) {
        self.buckets.clear();
        self.index.clear();
        self.items.clear();
        self.blocks.clear();
        self.withdrawn.clear();
        self.withdrawn_from.clear();
        self.policy.forget();
    }

    /// The bucket of `key`, if there is one.
    pub(super) fn find(&self, key: &BucketKey) -> Option<usize> {
        let is_it = |&at: &u32| self.buckets.get(at as usize).is_some_and(|bucket| bucket.key == *key);
        self.index.find(hash(key), is_it).map(|&at| at as usize)
    }

    /// Makes a bucket; its prefixes are announced with `next_hop` and what the draft holds, if with anything.
    pub(super) fn add(&mut self, key: BucketKey, exclusion: Exclusion, next_hop: Option<NextHop>) -> usize {
        let route = next_hop.map(|next_hop| {
            let start = self.blocks.len();
            self.blocks.extend_from_slice(self.draft.attrs.as_block().as_bytes());
            (next_hop, start..self.blocks.len())
        });
        let at = self.buckets.len();
        self.buckets.push(Bucket { key, exclusion, route, head: END, tail: END });
        let buckets = &self.buckets;
        self.index.insert_unique(hash(&key), u32::try_from(at).unwrap_or(u32::MAX), |&at| {
            buckets.get(at as usize).map_or(0, |bucket| hash(&bucket.key))
        });
        at
    }

    /// Puts a prefix into a bucket.
    pub(super) fn push(&mut self, bucket: usize, id: PrefixId) {
        let Some(bucket) = self.buckets.get_mut(bucket) else { return };
        let at = self.items.len();
        self.items.push((id, END));
        match self.items.get_mut(bucket.tail) {
            Some((_, next)) => *next = at,
            None => bucket.head = at,
        }
        bucket.tail = at;
    }

    /// The bucket made as `at`th.
    pub(super) fn bucket(&self, at: usize) -> Option<&Bucket> {
        self.buckets.get(at)
    }

    /// The buckets, in the order they were made.
    pub(super) fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// The attributes at `range`.
    pub(super) fn block(&self, range: &Range<usize>) -> AttrBlock<'_> {
        AttrBlock::new(self.blocks.get(range.clone()).unwrap_or(&[]))
    }

    /// The prefixes of a bucket, in the order they were read.
    pub(super) fn prefixes(&self, bucket: &Bucket) -> impl Iterator<Item = PrefixId> {
        let mut at = bucket.head;
        core::iter::from_fn(move || {
            let &(id, next) = self.items.get(at)?;
            at = next;
            Some(id)
        })
    }
}

/// After the last item of a bucket.
const END: usize = usize::MAX;

fn hash(key: &BucketKey) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write_u64(u64::from(key.attrs.number()) << 32 | u64::from(key.source.number()));
    core::hash::Hash::hash(&key.changes, &mut hasher);
    hasher.finish()
}
