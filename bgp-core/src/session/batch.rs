//! The UPDATEs of one read, checked, as one value.
//!
//! The octets stay where the read put them, shared by reference count; beside them stands one small entry per
//! message, all in one allocation. Whoever holds a batch holds the read buffer: batches are for passing on at
//! once, not for keeping.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::wire::{Fate, Fault, Update, UpdateSpans};

/// Checked UPDATEs, in the order they came.
#[derive(Clone, Debug)]
pub struct UpdateBatch {
    octets: Bytes,
    entries: Vec<Entry>,
    faults: Faults,
}

/// What RFC 7606 had to put up with in a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// UPDATEs whose routes were treated as withdrawn (RFC 7606 §2).
    pub withdrawn: u32,
    /// UPDATEs that lost an attribute.
    pub discarded: u32,
    /// What was wrong with the first of them, for the log.
    pub first: Option<Fault>,
}

/// Where a message's body is, and what `check` found in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    start: u32,
    len: u16,
    spans: UpdateSpans,
}

impl UpdateBatch {
    pub(super) const fn new(octets: Bytes, entries: Vec<Entry>, faults: Faults) -> Self {
        Self { octets, entries, faults }
    }

    /// The UPDATEs.
    pub fn updates(&self) -> impl Iterator<Item = Update<'_>> {
        self.entries.iter().map(|entry| {
            let start = usize::try_from(entry.start).unwrap_or(usize::MAX);
            let end = start.saturating_add(usize::from(entry.len));
            Update::from_spans(self.octets.get(start..end).unwrap_or_default(), entry.spans)
        })
    }

    /// How many UPDATEs.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if there is none. A session sends no such batch.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Octets of the read that the batch keeps alive.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.octets.len()
    }

    /// What was put up with.
    #[must_use]
    pub const fn faults(&self) -> Faults {
        self.faults
    }
}

impl Entry {
    /// The UPDATE whose `body` is at `start`. Receive buffers are far smaller than four gigabytes.
    pub(super) fn new(start: usize, body: &[u8], spans: UpdateSpans) -> Self {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        Self { start, len: u16::try_from(body.len()).unwrap_or(u16::MAX), spans }
    }
}

impl Faults {
    /// Counts one checked UPDATE.
    pub(super) fn count(&mut self, fate: Fate, fault: Option<Fault>) {
        match fate {
            Fate::Keep => return,
            Fate::DiscardAttribute => self.discarded += 1,
            Fate::TreatAsWithdraw => self.withdrawn += 1,
        }
        self.first = self.first.or(fault);
    }

    /// True if nothing was wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.withdrawn == 0 && self.discarded == 0
    }
}
