//! UPDATEs into paths (RFC 4271 §9.1.1).
//!
//! Loops and leaks are looked for on the borrowed view, before anything is owned (RFC 4271 §9.1.2, RFC 4456 §8,
//! RFC 9234 §5); what loops or leaks counts as withdrawn. Then the attributes are interned, once for all prefixes of the UPDATE, and policy
//! is asked (`judge`). Nothing is decided here: paths are placed and prefixes marked.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Rib;
use super::attrs::{AttrId, SetKey};
use super::facts::{MaxPrefixOutcome, MaxPrefixVerdict, Received};
use super::family::FamilyRib;
use super::judge::Judged;
use super::nexthop::Via;
use super::path::{Flag, Path};
use super::peer::{Limit, PeerIx, PeerSession};
use super::roles::Ruling;
use super::shared::Shared;
use super::source::{FeedId, SourceId};
use super::table::{Placed, PrefixId};
use crate::speaker::config::{LocalAs, MaximumPrefixAction, PeerFamilyConfig};
use crate::time::Instant;
use crate::types::{Family, NextHop, Nlri, PeerId, PeerKind};
use crate::wire::{AttrBlock, AttrBuf, Reach, Update};

/// Announced routes of one family, ready to be placed.
struct Announced<'a> {
    peer: PeerIx,
    feed: FeedId,
    config: &'a PeerFamilyConfig,
    received: AttrId,
    /// It loops or leaks, and is only kept to be shown, and in case `allowas-in` changes.
    is_barred: bool,
    now: Instant,
}

impl Rib {
    /// Takes an UPDATE in.
    pub fn handle_update(&mut self, from: PeerId, update: &Update<'_>, now: Instant) -> Received {
        let mut received = Received { max_prefix: None, end_of_rib: update.end_of_rib() };
        let Some(peer) = self.shared.peers.ix(from) else { return received };
        for unreach in update.unreach() {
            let family = &mut self.families[unreach.family];
            unreach.nlri.for_each(|nlri| family.withdraw(&mut self.shared, peer, &nlri));
        }
        let mut block = core::mem::take(&mut self.block);
        block.clear();
        for reach in update.reach() {
            if block.is_empty() {
                self.shared.normalise(peer, update, &mut block);
            }
            let family = &mut self.families[reach.family];
            let verdict = family.announce(&mut self.shared, peer, (update, reach, &block), now);
            received.max_prefix = verdict.or(received.max_prefix);
        }
        self.block = block;
        received
    }
}

impl FamilyRib {
    fn announce(
        &mut self,
        shared: &mut Shared,
        peer: PeerIx,
        (update, reach, block): (&Update<'_>, Reach<'_>, &[u8]),
        now: Instant,
    ) -> Option<MaxPrefixVerdict> {
        let session = shared.peers.session(peer)?;
        let feed = session.feeds[self.family]?;
        let peer_config = Arc::clone(&session.facts.config);
        let config = peer_config.families[self.family].as_ref()?;
        if session.limits[self.family] == Limit::Exceeded {
            return None;
        }
        let is_leaked = session.facts.arrival(update.only_to_customer()) == Ruling::Barred;
        let is_barred = is_leaked || is_looped(shared, session, config, update);
        if is_barred && !config.soft_reconfiguration || !may_be(session, self.family, reach.next_hop) {
            reach.nlri.for_each(|nlri| self.withdraw(shared, peer, &nlri));
            return None;
        }
        let via = via_of(session, reach.next_hop);
        let received = shared.intern_received(peer, via, config.weight.unwrap_or(0), block);
        let announced = Announced { peer, feed, config, received, is_barred, now };
        let verdict = self.place_all(shared, &announced, reach);
        shared.attrs.release(received, &mut shared.next_hops);
        verdict
    }

    fn place_all(
        &mut self,
        shared: &mut Shared,
        announced: &Announced<'_>,
        reach: Reach<'_>,
    ) -> Option<MaxPrefixVerdict> {
        let whose = (announced.peer, announced.config);
        let mut judged = Judged::default();
        let mut verdict = None;
        let is_open = shared.is_open(announced.peer, self.family, announced.config);
        shared.policy.forget();
        for nlri in reach.nlri {
            let effective = if announced.is_barred {
                AttrId::NONE
            } else if announced.config.import.is_empty() {
                if is_open { announced.received } else { AttrId::NONE }
            } else {
                shared.judge(whose, announced.received, &nlri.prefix, &mut judged)
            };
            if effective.is_none() && !announced.config.soft_reconfiguration {
                self.withdraw(shared, announced.peer, &nlri);
                continue;
            }
            self.place(shared, announced, &nlri, effective);
            if let Some(limit) = &announced.config.maximum_prefix {
                verdict = shared.check_limit(self.family, announced.peer, limit).or(verdict);
                if verdict.is_some_and(|verdict| verdict.stops()) {
                    break;
                }
            }
        }
        judged.release(shared);
        verdict
    }

    fn place(&mut self, shared: &mut Shared, announced: &Announced<'_>, nlri: &Nlri, effective: AttrId) {
        let Some(id) = self.table.intern(&nlri.prefix) else { return };
        if nlri.path_id != 0 && self.table.paths(id).nth(MAX_PATHS).is_some() {
            return self.withdraw(shared, announced.peer, nlri);
        }
        let source = shared.sources.hold(announced.feed, nlri.path_id);
        if effective == announced.received {
            shared.attrs.hold(effective, 2);
        } else {
            shared.attrs.hold(announced.received, 1);
            shared.attrs.hold(effective, 1);
        }
        self.put(shared, id, Path::new(source, (announced.received, effective), announced.now));
    }

    /// Puts a path, whose ids are held for it, into the table.
    pub(super) fn put(&mut self, shared: &mut Shared, id: PrefixId, path: Path) {
        let Some(feed) = shared.sources.feed_of_mut(path.source) else { return };
        feed.received += 1;
        feed.accepted += u32::from(!path.effective.is_none());
        let (peer, path_id) = (feed.origin.peer, shared.sources.path_id(path.source));
        let (sources, attrs) = (&shared.sources, &shared.attrs);
        let placed = self.table.place(
            id,
            path,
            |source| sources.is_of(source, peer, path_id),
            |old, new| {
                let next_hop = |path: &Path| attrs.digest(path.effective).map(|digest| digest.next_hop);
                if old.effective != new.effective {
                    new.set(Flag::CHANGED, true);
                }
                if next_hop(old) != next_hop(new) {
                    new.set(Flag::REROUTED, true);
                }
            },
        );
        match placed {
            Placed::New => self.marked.insert(id),
            Placed::Replaced(old) => {
                if old.effective != path.effective || old.source != path.source {
                    self.marked.insert(id);
                }
                shared.forget(&old);
                if old.has(Flag::BEST) {
                    shared.count_selected(Some(path.source), None);
                }
            }
        }
    }

    /// Takes a peer's path to a prefix out.
    pub(super) fn withdraw(&mut self, shared: &mut Shared, peer: PeerIx, nlri: &Nlri) {
        if let Some(id) = self.table.find(&nlri.prefix) {
            self.remove(shared, id, |shared, path| shared.sources.is_of(path.source, peer, nlri.path_id));
        }
    }

    /// Takes the first path out for which `wanted` holds. False if there is none.
    pub(super) fn remove(
        &mut self,
        shared: &mut Shared,
        id: PrefixId,
        wanted: impl Fn(&Shared, &Path) -> bool,
    ) -> bool {
        let Some(path) = self.table.take(id, |path| wanted(shared, path)) else { return false };
        if let Some(entry) = self.table.entry_mut(id)
            && entry.first.is_empty()
        {
            // Sources with a path identifier go with their last path; the feed's own stays for a while.
            entry.first.source = shared.sources.feed_of(path.source).map_or(SourceId::NONE, |feed| feed.base);
        }
        shared.forget(&path);
        self.marked.insert(id);
        true
    }
}

impl Shared {
    /// The normalised block of an UPDATE, with what `local-as` adds to received paths, and roles.
    fn normalise(&self, peer: PeerIx, update: &Update<'_>, block: &mut Vec<u8>) {
        update.normalise_into(block);
        let Some(session) = self.peers.session(peer) else { return };
        let is_prepended =
            |local_as: &LocalAs| session.facts.kind == PeerKind::External && !local_as.no_prepend;
        let local_as = session.facts.config.local_as.filter(is_prepended);
        let ruling = session.facts.arrival(update.only_to_customer());
        if local_as.is_none() && !matches!(ruling, Ruling::Marked(_)) {
            return;
        }
        let mut attrs = AttrBuf::new();
        attrs.load(AttrBlock::new(block));
        if let Some(local_as) = local_as {
            attrs.prepend(&[local_as.asn]);
        }
        if let Ruling::Marked(asn) = ruling {
            attrs.set_only_to_customer(asn);
        }
        block.clear();
        block.extend_from_slice(attrs.as_block().as_bytes());
    }

    /// The set of an UPDATE, with one use.
    fn intern_received(&mut self, peer: PeerIx, via: Via, weight: u16, block: &[u8]) -> AttrId {
        let next_hop = self.next_hops.intern(via);
        let key = SetKey { block, next_hop, weight };
        match self.peers.session_mut(peer) {
            Some(session) => self.attrs.intern_like(&mut session.last, &key, &mut self.next_hops),
            None => self.attrs.intern(&key, &mut self.next_hops),
        }
    }
}

impl MaxPrefixVerdict {
    /// True if nothing more may be taken from the peer.
    fn stops(&self) -> bool {
        match self.outcome {
            MaxPrefixOutcome::Threshold | MaxPrefixOutcome::Exceeded(MaximumPrefixAction::Warn) => false,
            MaxPrefixOutcome::Exceeded(MaximumPrefixAction::Teardown | MaximumPrefixAction::Restart(_)) => {
                true
            }
        }
    }
}

/// RFC 4271 §9.1.2: our own AS in the path; RFC 4456 §8: our identifier or cluster on a reflected route.
fn is_looped(shared: &Shared, session: &PeerSession, config: &PeerFamilyConfig, update: &Update<'_>) -> bool {
    let allowed = usize::from(config.allow_as_in);
    let facts = &session.facts;
    if update.as_path_contains(shared.settings.asn) > allowed
        || facts.local_as != shared.settings.asn && update.as_path_contains(facts.local_as) > allowed
    {
        return true;
    }
    facts.kind != PeerKind::External
        && (update.originator_id() == Some(shared.settings.router_id)
            || update.cluster_list().any(|id| id == shared.settings.cluster_id))
}

/// True if a next hop may be that of a route of `family`: it is not ourselves (RFC 4271 §5.1.3), and it is IPv6
/// for IPv4 only where that was agreed on (RFC 8950 §4).
fn may_be(session: &PeerSession, family: Family, next_hop: NextHop) -> bool {
    let local = &session.facts.local;
    let is_own = match next_hop {
        NextHop::V4(addr) => Some(addr) == local.v4,
        NextHop::V6 { global, .. } => Some(global) == local.v6 || Some(global) == local.link_local,
    };
    !is_own && session.facts.next_hop_kinds(family).contain(next_hop)
}

/// The next hop with its interface; a link-local address is only of use on the peer's own link.
fn via_of(session: &PeerSession, next_hop: NextHop) -> Via {
    let facts = &session.facts;
    match next_hop {
        NextHop::V4(_) => Via { next_hop, interface: None },
        NextHop::V6 { global, link_local } => {
            let is_connected = !facts.connected.is_empty() || facts.interface.is_some();
            let link_local = link_local.filter(|_| is_connected);
            let has_scope = link_local.is_some() || global.is_unicast_link_local();
            Via {
                next_hop: NextHop::V6 { global, link_local },
                interface: facts.interface.filter(|_| has_scope),
            }
        }
    }
}

/// Paths of one prefix beyond which peers with path identifiers are not listened to.
const MAX_PATHS: usize = 64;
