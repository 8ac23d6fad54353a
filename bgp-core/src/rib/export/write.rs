//! Buckets into octets: each set of attributes is written once, each chunk shared by all whom it is for.

use alloc::vec::Vec;

use bytes::Bytes;

use super::batch::{Batch, Bucket};
use super::cohort::Cohort;
use super::facts::ExportFacts;
use super::rules::Exclusion;
use crate::rib::family::FamilyRib;
use crate::rib::shared::Shared;
use crate::rib::table::PrefixId;
use crate::types::Nlri;
use crate::wire::{Fitted, UpdateWriter};

impl FamilyRib {
    /// Queues the withdrawals of a batch.
    pub(super) fn send_withdrawn(
        &self,
        shared: &mut Shared,
        facts: &ExportFacts,
        cohort: &Cohort,
        batch: &mut Batch,
    ) {
        let mut out = core::mem::take(&mut batch.out);
        for exclusion in distinct(batch.withdrawn.iter().map(|(exclusion, _)| *exclusion)) {
            let ids = batch.withdrawn.iter().filter(|(other, _)| *other == exclusion).map(|(_, id)| *id);
            self.write_withdrawn(facts, ids, &mut out);
            share(shared, cohort, &exclusion, &out);
        }
        for peer in distinct(batch.withdrawn_from.iter().map(|(peer, _)| *peer)) {
            let ids = batch.withdrawn_from.iter().filter(|(other, _)| *other == peer).map(|(_, id)| *id);
            self.write_withdrawn(facts, ids, &mut out);
            shared.peers.send(peer, Bytes::copy_from_slice(&out));
        }
        batch.out = out;
    }

    /// Queues the announcements of a batch.
    pub(super) fn send_announced(
        &self,
        shared: &mut Shared,
        facts: &ExportFacts,
        cohort: &mut Cohort,
        batch: &mut Batch,
    ) {
        let mut out = core::mem::take(&mut batch.out);
        let mut too_large = Vec::new();
        for exclusion in distinct(batch.buckets().iter().map(|bucket| bucket.exclusion)) {
            if cohort.members.iter().all(|&peer| exclusion.contains(peer)) {
                continue;
            }
            out.clear();
            for bucket in batch.buckets().iter().filter(|bucket| bucket.exclusion == exclusion) {
                self.write_bucket(facts, batch, bucket, (&mut out, &mut too_large));
            }
            share(shared, cohort, &exclusion, &out);
        }
        if !too_large.is_empty() {
            // RFC 8654 §5: a route whose attributes fit no message to these peers is not for them.
            for id in &too_large {
                cohort.told.remove(*id);
            }
            self.write_withdrawn(facts, too_large.into_iter(), &mut out);
            share(shared, cohort, &Exclusion::default(), &out);
        }
        batch.out = out;
    }

    /// A prefix as these peers are told it. Where they take several paths (RFC 7911) they get the best one.
    pub(super) fn nlri(&self, facts: &ExportFacts, id: PrefixId) -> Option<Nlri> {
        let path_id = u32::from(facts.caps.add_path_send.contains(self.family));
        self.table.prefix(id).map(|prefix| Nlri { path_id, prefix })
    }

    fn write_bucket(
        &self,
        facts: &ExportFacts,
        batch: &Batch,
        bucket: &Bucket,
        (out, too_large): (&mut Vec<u8>, &mut Vec<PrefixId>),
    ) {
        let Some((next_hop, range)) = &bucket.route else { return };
        let mut writer = UpdateWriter::begin(out, &facts.caps, self.family, *next_hop, batch.block(range));
        for id in batch.prefixes(bucket) {
            let Some(nlri) = self.nlri(facts, id) else { continue };
            match writer.push(&nlri) {
                Fitted::Yes => {}
                Fitted::Full => {
                    writer.next_message();
                    let _ = writer.push(&nlri);
                }
                Fitted::Never => too_large.push(id),
            }
        }
        writer.finish();
    }

    fn write_withdrawn(&self, facts: &ExportFacts, ids: impl Iterator<Item = PrefixId>, out: &mut Vec<u8>) {
        out.clear();
        let mut writer = UpdateWriter::withdraw(out, &facts.caps, self.family);
        for nlri in ids.filter_map(|id| self.nlri(facts, id)) {
            if writer.push(&nlri) == Fitted::Full {
                writer.next_message();
                let _ = writer.push(&nlri);
            }
        }
        writer.finish();
    }
}

/// Queues a chunk for every member that is not excluded.
fn share(shared: &mut Shared, cohort: &Cohort, exclusion: &Exclusion, out: &[u8]) {
    if out.is_empty() {
        return;
    }
    let chunk = Bytes::copy_from_slice(out);
    for &peer in cohort.members.iter().filter(|&&peer| !exclusion.contains(peer)) {
        shared.peers.send(peer, chunk.clone());
    }
}

/// The values that occur, each once, in order. There are few of them among many items.
fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut found: Vec<T> = Vec::new();
    for value in values {
        if let Err(at) = found.binary_search(&value) {
            found.insert(at, value);
        }
    }
    found
}
