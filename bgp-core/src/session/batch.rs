//! The UPDATEs of one read, checked, as one value.
//!
//! The octets stay where the read put them, shared by reference count; beside them stands one small entry per
//! message, all in one allocation. Whoever holds a batch holds the read buffer: batches are for passing on at
//! once, not for keeping.

use alloc::vec::Vec;
use core::ops::Range;

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
    /// Which one of the batch that was.
    first_at: usize,
}

/// An UPDATE that RFC 7606 had to put up with, for the log (§6): what was wrong, and all of it.
#[derive(Clone, Debug)]
pub struct Malformed {
    /// What was wrong.
    pub fault: Fault,
    body: Bytes,
    spans: UpdateSpans,
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
        self.entries
            .iter()
            .map(|entry| Update::from_spans(self.octets.get(entry.range()).unwrap_or_default(), entry.spans))
    }

    /// The first that was put up with.
    #[must_use]
    pub fn malformed(&self) -> Option<Malformed> {
        let fault = self.faults.first?;
        let entry = self.entries.get(self.faults.first_at)?;
        let body = self.octets.get(entry.range())?;
        Some(Malformed { fault, body: self.octets.slice_ref(body), spans: entry.spans })
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

impl Malformed {
    /// The UPDATE; it already acts on the fault.
    #[must_use]
    pub fn update(&self) -> Update<'_> {
        Update::from_spans(&self.body, self.spans)
    }
}

impl Entry {
    /// The UPDATE whose `body` is at `start`. Receive buffers are far smaller than four gigabytes.
    pub(super) fn new(start: usize, body: &[u8], spans: UpdateSpans) -> Self {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        Self { start, len: u16::try_from(body.len()).unwrap_or(u16::MAX), spans }
    }

    fn range(&self) -> Range<usize> {
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        start..start.saturating_add(usize::from(self.len))
    }
}

impl Faults {
    /// Counts one checked UPDATE, the one at `at` in its batch.
    pub(super) fn count(&mut self, at: usize, fate: Fate, fault: Option<Fault>) {
        match fate {
            Fate::Keep => return,
            Fate::DiscardAttribute => self.discarded += 1,
            Fate::TreatAsWithdraw => self.withdrawn += 1,
        }
        if self.first.is_none() {
            (self.first, self.first_at) = (fault, at);
        }
    }

    /// True if nothing was wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.withdrawn == 0 && self.discarded == 0
    }
}
