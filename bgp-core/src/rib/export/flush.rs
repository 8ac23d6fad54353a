//! One batch: from changed prefixes to chunks in members' queues.

use alloc::vec::Vec;

use bytes::Bytes;

use super::batch::{Batch, Bucket, BucketKey};
use super::facts::ExportFacts;
use super::rewrite::{Passage, default_prefix};
use super::rules::{Exclusion, exclusion, may_go};
use super::{Cohort, facts_of};
use crate::policy::{Changes, Filter, RouteContext, Verdict};
use crate::rib::changes::Change;
use crate::rib::family::FamilyRib;
use crate::rib::path::{Flag, Path};
use crate::rib::peer::PeerIx;
use crate::rib::shared::Shared;
use crate::rib::source::Origin;
use crate::rib::table::PrefixId;
use crate::types::{NextHop, Nlri, PeerKind, Prefix};
use crate::wire::{AttrBlock, AttrBuf, Fitted, Origin as OriginCode, UpdateWriter};

/// A route as a peer was told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// NEXT_HOP.
    pub next_hop: NextHop,
    /// Everything else.
    pub attrs: AttrBuf,
}

impl FamilyRib {
    /// Reads at most `limit` changes for a cohort and queues what they mean for its members; says how many were
    /// read.
    pub(super) fn flush(
        &self,
        shared: &mut Shared,
        (facts, cohort): (&ExportFacts, &mut Cohort),
        batch: &mut Batch,
        limit: usize,
    ) -> usize {
        batch.clear();
        shared.policy.forget();
        let mut read = 0;
        let mut last = None;
        while read < limit {
            let Some(change) = cohort.reader.next(&self.log, &self.table) else { break };
            read += 1;
            if change.aspects.route {
                last = self.sort(shared, (facts, cohort), batch, (change, last));
            }
        }
        self.send_withdrawn(shared, facts, cohort, batch);
        self.send_announced(shared, facts, cohort, batch);
        read
    }

    /// Puts one changed prefix into a bucket, or among the withdrawn ones. Prefixes with the attributes of the
    /// `last` one, where nothing asks for the prefix, go into its bucket without further ado.
    fn sort(
        &self,
        shared: &mut Shared,
        (facts, cohort): (&ExportFacts, &mut Cohort),
        batch: &mut Batch,
        (change, last): (Change, Option<(BucketKey, usize)>),
    ) -> Option<(BucketKey, usize)> {
        let bucket = self.bucket_of(shared, (facts, cohort), batch, (change.id, last));
        let route = bucket.and_then(|(_, at)| batch.bucket(at)).filter(|bucket| bucket.route.is_some());
        let Some((route, at)) = route.zip(bucket.map(|(_, at)| at)) else {
            if cohort.told.remove(change.id) {
                batch.withdrawn.push((self.unaware(shared, &change, &cohort.members), change.id));
            }
            return last;
        };
        let exclusion = route.exclusion;
        if !cohort.told.insert(change.id) {
            // A member that is not told this route may have been told the one before.
            let aware = exclusion.source.filter(|_| change.aspects.moved);
            for peer in aware.into_iter().chain(exclusion.other) {
                batch.withdrawn_from.push((peer, change.id));
            }
        }
        batch.push(at, change.id);
        bucket
    }

    /// The bucket of a prefix's best route; `None` if there is none that may go.
    fn bucket_of(
        &self,
        shared: &mut Shared,
        (facts, cohort): (&ExportFacts, &Cohort),
        batch: &mut Batch,
        (id, last): (PrefixId, Option<(BucketKey, usize)>),
    ) -> Option<(BucketKey, usize)> {
        let path = *self.table.best(id)?;
        let feed = *shared.sources.feed_of(path.source)?;
        let mut key = BucketKey { source: feed.base, attrs: path.effective, changes: Changes::NONE };
        let is_plain = facts.filter.is_empty() && facts.default_originate.is_none();
        if is_plain && let Some(last) = last.filter(|(known, _)| *known == key) {
            return Some(last);
        }
        let digest = *shared.attrs.digest(path.effective)?;
        if !may_go(shared, facts, &digest, &feed.origin) {
            return None;
        }
        if !is_plain {
            let prefix = self.table.prefix(id)?;
            key.changes = judge(shared, facts, (&prefix, &path), &feed.origin)?;
        }
        if let Some(at) = batch.find(&key) {
            return Some((key, at));
        }
        let next_hop = rewrite(shared, facts, (&path, &feed.origin), key.changes);
        let exclusion = exclusion(shared, &cohort.members, &digest, &feed.origin);
        let route = next_hop.map(|next_hop| (next_hop, shared.draft.attrs.as_block()));
        let at = batch.add(key, exclusion, route);
        Some((key, at))
    }

    /// Who among the members cannot have been told of the route that is gone: its own source, if that is known.
    fn unaware(&self, shared: &Shared, change: &Change, members: &[PeerIx]) -> Exclusion {
        let source = self.table.entry(change.id).and_then(|entry| {
            let is_known = !change.aspects.moved && !entry.first.has(Flag::LOST);
            let is_sole = entry.first.is_empty() || entry.first.has(Flag::BEST);
            let feed = shared.sources.feed_of(entry.first.source)?;
            (is_known && is_sole).then_some(feed.origin.peer)
        });
        Exclusion { source: source.filter(|peer| members.contains(peer)), other: None }
    }

    fn send_withdrawn(&self, shared: &mut Shared, facts: &ExportFacts, cohort: &Cohort, batch: &mut Batch) {
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

    fn send_announced(
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

    /// A prefix as these peers are told it. Where they take several paths (RFC 7911) they get the best one.
    fn nlri(&self, facts: &ExportFacts, id: PrefixId) -> Option<Nlri> {
        let path_id = u32::from(facts.caps.add_path_send.contains(self.family));
        self.table.prefix(id).map(|prefix| Nlri { path_id, prefix })
    }
}

/// The made-up default route (`default-originate`).
impl FamilyRib {
    /// Announces the default route to a peer, if its configuration says so.
    pub(super) fn send_default(&mut self, shared: &mut Shared, peer: PeerIx) {
        let Some(facts) = facts_of(shared, peer, self.family) else { return };
        let (Some(default), Some(prefix)) = (&facts.default_originate, default_prefix(self.family)) else {
            return;
        };
        let filter = Filter { route_map: default.route_map.clone(), ..Filter::default() };
        let mut attrs = AttrBuf::new();
        attrs.set_origin(OriginCode::Igp);
        attrs.set_as_path(&[]);
        let Some(origin) = shared.sources.feed(shared.local[self.family]).map(|feed| feed.origin) else {
            return;
        };
        let route = RouteContext {
            prefix,
            next_hop: NextHop::from(prefix.addr()),
            weight: 0,
            attrs: attrs.as_block(),
            attrs_key: u32::MAX,
            peer: facts.address,
            source: PeerKind::Local,
        };
        shared.policy.forget();
        let verdict = filter.evaluate(&route, &mut shared.policy);
        let Verdict::Permit(changes) = verdict else { return };
        shared.draft.attrs.load(attrs.as_block());
        let passage = Passage {
            settings: &shared.settings,
            facts: &facts,
            origin: &origin,
            family: self.family,
            next_hop: None,
            policy: (&filter, changes),
        };
        let Some(next_hop) = passage.rewrite(&mut shared.draft) else { return };
        let mut out = Vec::new();
        let block: AttrBlock<'_> = shared.draft.attrs.as_block();
        let mut writer = UpdateWriter::begin(&mut out, &facts.caps, self.family, next_hop, block);
        let path_id = u32::from(facts.caps.add_path_send.contains(self.family));
        let _ = writer.push(&Nlri { path_id, prefix });
        writer.finish();
        shared.peers.send(peer, out.into());
        self.groups.note_default(peer);
    }

    /// Takes the made-up default route back.
    pub(super) fn retract_default(&self, shared: &mut Shared, peer: PeerIx, cohort: &mut Cohort) {
        if !core::mem::take(&mut cohort.has_default) {
            return;
        }
        let (Some(facts), Some(prefix)) = (facts_of(shared, peer, self.family), default_prefix(self.family))
        else {
            return;
        };
        let mut out = Vec::new();
        let mut writer = UpdateWriter::withdraw(&mut out, &facts.caps, self.family);
        let path_id = u32::from(facts.caps.add_path_send.contains(self.family));
        let _ = writer.push(&Nlri { path_id, prefix });
        writer.finish();
        shared.peers.send(peer, out.into());
    }

    /// The route to a prefix as a peer was told it.
    pub(in crate::rib) fn advertised(
        &self,
        shared: &mut Shared,
        peer: PeerIx,
        id: PrefixId,
    ) -> Option<Outgoing> {
        let (facts, told) = self.groups.told(peer)?;
        let path = *self.table.best(id).filter(|_| told.contains(id))?;
        let origin = shared.sources.feed_of(path.source)?.origin;
        let digest = *shared.attrs.digest(path.effective)?;
        let excluded = exclusion(shared, &[peer], &digest, &origin);
        if excluded.contains(peer) || !may_go(shared, facts, &digest, &origin) {
            return None;
        }
        shared.policy.forget();
        let prefix = self.table.prefix(id)?;
        let changes = judge(shared, facts, (&prefix, &path), &origin)?;
        let next_hop = rewrite(shared, facts, (&path, &origin), changes)?;
        Some(Outgoing { next_hop, attrs: shared.draft.attrs.clone() })
    }
}

/// What export policy says of a route to a prefix; `None` if it refuses.
fn judge(
    shared: &mut Shared,
    facts: &ExportFacts,
    (prefix, path): (&Prefix, &Path),
    origin: &Origin,
) -> Option<Changes> {
    if facts.default_originate.is_some() && prefix.prefix_len() == 0 {
        return None;
    }
    if facts.filter.is_empty() {
        return Some(Changes::NONE);
    }
    let digest = shared.attrs.digest(path.effective)?;
    let via = shared.next_hops.via(digest.next_hop);
    let route = RouteContext {
        prefix: *prefix,
        next_hop: via.map_or(NextHop::from(unspecified(prefix)), |via| via.next_hop),
        weight: digest.weight,
        attrs: shared.attrs.block(path.effective),
        attrs_key: path.effective.number(),
        peer: facts.address,
        source: origin.kind,
    };
    match facts.filter.evaluate(&route, &mut shared.policy) {
        Verdict::Deny => None,
        Verdict::Permit(changes) => Some(changes),
    }
}

/// Makes what goes out of a path in the scratch draft.
fn rewrite(
    shared: &mut Shared,
    facts: &ExportFacts,
    (path, origin): (&Path, &Origin),
    changes: Changes,
) -> Option<NextHop> {
    let digest = shared.attrs.digest(path.effective)?;
    shared.draft.attrs.load(shared.attrs.block(path.effective));
    shared.draft.weight = digest.weight;
    let passage = Passage {
        settings: &shared.settings,
        facts,
        origin,
        family: origin.family,
        next_hop: shared.next_hops.via(digest.next_hop).map(|via| via.next_hop),
        policy: (&facts.filter, changes),
    };
    passage.rewrite(&mut shared.draft)
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

fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

fn unspecified(prefix: &Prefix) -> core::net::IpAddr {
    match prefix {
        Prefix::V4(_) => core::net::Ipv4Addr::UNSPECIFIED.into(),
        Prefix::V6(_) => core::net::Ipv6Addr::UNSPECIFIED.into(),
    }
}
