//! One batch: from changed prefixes to buckets of routes that go out, and routes that are taken back.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::batch::{Batch, BucketKey};
use super::cohort::Cohort;
use super::facts::ExportFacts;
use super::rewrite::Passage;
use super::rules::{Exclusion, exclusion, may_go};
use crate::policy::{Changes, RouteContext, RouteDraft, Scratch, Verdict};
use crate::rib::changes::Change;
use crate::rib::family::FamilyRib;
use crate::rib::path::{Flag, Path};
use crate::rib::peer::PeerIx;
use crate::rib::shared::Shared;
use crate::rib::source::Origin;
use crate::rib::table::PrefixId;
use crate::types::{NextHop, Prefix};
use crate::wire::AttrBuf;

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

    /// The route to a prefix as a peer was told it.
    pub(in crate::rib) fn advertised(&self, shared: &Shared, peer: PeerIx, id: PrefixId) -> Option<Outgoing> {
        let (facts, told) = self.groups.told(peer)?;
        let path = self.table.best(id).filter(|_| told.contains(id))?;
        let origin = &shared.sources.feed_of(path.source)?.origin;
        let digest = shared.attrs.digest(path.effective)?;
        let excluded = exclusion(shared, &[peer], digest, origin);
        if excluded.contains(peer) || !may_go(shared, facts, path.effective, origin) {
            return None;
        }
        let prefix = self.table.prefix(id)?;
        let changes = judge(shared, facts, (&prefix, path, origin), &mut Scratch::default())?;
        let mut draft = RouteDraft::default();
        let next_hop = rewrite(shared, facts, (path, origin, changes), &mut draft)?;
        Some(Outgoing { next_hop, attrs: draft.attrs })
    }

    /// Puts one changed prefix into a bucket, or among the withdrawn ones. Prefixes with the attributes of the
    /// `last` one go into its bucket without further ado where nothing asks for the prefix.
    fn sort(
        &self,
        shared: &Shared,
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
        shared: &Shared,
        (facts, cohort): (&ExportFacts, &Cohort),
        batch: &mut Batch,
        (id, last): (PrefixId, Option<(BucketKey, usize)>),
    ) -> Option<(BucketKey, usize)> {
        let path = self.table.best(id)?;
        let feed = shared.sources.feed_of(path.source)?;
        let mut key = BucketKey { source: feed.base, attrs: path.effective, changes: Changes::NONE };
        let is_like = |known: &BucketKey| known.source == key.source && known.attrs == key.attrs;
        let last = last.filter(|(known, _)| is_like(known));
        if !facts.asks_prefix && last.is_some() {
            return last;
        }
        let digest = shared.attrs.digest(path.effective)?;
        if last.is_none() && !may_go(shared, facts, path.effective, &feed.origin) {
            return None;
        }
        let prefix = self.table.prefix(id)?;
        if cohort.made_up.is_some() && prefix.prefix_len() == 0 {
            return None;
        }
        key.changes = judge(shared, facts, (&prefix, path, &feed.origin), &mut batch.policy)?;
        if let Some(last) = last.filter(|(known, _)| *known == key) {
            return Some(last);
        }
        if let Some(at) = batch.find(&key) {
            return Some((key, at));
        }
        let next_hop = rewrite(shared, facts, (path, &feed.origin, key.changes), &mut batch.draft);
        let exclusion = exclusion(shared, &cohort.members, digest, &feed.origin);
        Some((key, batch.add(key, exclusion, next_hop)))
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
}

/// What export policy says of a route to a prefix; `None` if it refuses.
fn judge(
    shared: &Shared,
    facts: &ExportFacts,
    (prefix, path, origin): (&Prefix, &Path, &Origin),
    scratch: &mut Scratch,
) -> Option<Changes> {
    if facts.filter.is_empty() {
        return Some(Changes::NONE);
    }
    match facts.filter.evaluate(&context(shared, (prefix, path, origin), facts.address)?, scratch) {
        Verdict::Deny => None,
        Verdict::Permit(changes) => Some(changes),
    }
}

/// A path as policy sees it.
pub(super) fn context<'a>(
    shared: &'a Shared,
    (prefix, path, origin): (&Prefix, &Path, &Origin),
    peer: Option<IpAddr>,
) -> Option<RouteContext<'a>> {
    let digest = shared.attrs.digest(path.effective)?;
    let via = shared.next_hops.via(digest.next_hop);
    Some(RouteContext {
        prefix: *prefix,
        next_hop: via.map_or(unspecified(prefix), |via| via.next_hop),
        weight: digest.weight,
        attrs: shared.attrs.block(path.effective),
        attrs_key: path.effective.number(),
        peer,
        source: origin.kind,
    })
}

/// Makes what goes out of a path in `draft`.
fn rewrite(
    shared: &Shared,
    facts: &ExportFacts,
    (path, origin, changes): (&Path, &Origin, Changes),
    draft: &mut RouteDraft,
) -> Option<NextHop> {
    let digest = shared.attrs.digest(path.effective)?;
    draft.attrs.load(shared.attrs.block(path.effective));
    draft.weight = digest.weight;
    let passage = Passage {
        settings: &shared.settings,
        facts,
        origin,
        family: origin.family,
        next_hop: shared.next_hops.via(digest.next_hop).map(|via| via.next_hop),
        policy: (&facts.filter, changes),
    };
    passage.rewrite(draft)
}

fn unspecified(prefix: &Prefix) -> NextHop {
    NextHop::from(match prefix {
        Prefix::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Prefix::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    })
}
