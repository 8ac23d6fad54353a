//! The read side: what `show` commands and metrics ask for. Nothing here changes any route.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use super::Rib;
use super::decision::{self, LADDER, Rung};
use super::facts::{FibRoute, NextHopState, PeerCounts, Totals};
use super::family::FamilyRib;
use super::fib::fib_route;
use super::id_set::IdSet;
use super::path::{Flag, Path};
use super::peer::PeerIx;
use super::source::FeedState;
use super::table::PrefixId;
use crate::time::Instant;
use crate::types::{Asn, Family, NextHop, PeerId, PeerKind, Prefix, RouterId};
use crate::wire::AttrBlock;

/// A destination and its paths.
#[derive(Clone, Copy, Debug)]
pub struct RouteView<'a> {
    rib: &'a Rib,
    family: Family,
    id: PrefixId,
    /// The destination.
    pub prefix: Prefix,
}

/// One path to a destination.
#[derive(Clone, Copy, Debug)]
pub struct PathView<'a> {
    /// The peer; `None` for a path of our own.
    pub peer: Option<PeerId>,
    /// The peer's address; unspecified for a path of our own.
    pub address: IpAddr,
    /// The peer's AS.
    pub asn: Asn,
    /// The peer's BGP Identifier.
    pub router_id: RouterId,
    /// What kind of peer it is.
    pub kind: PeerKind,
    /// Path identifier (RFC 7911); zero without.
    pub path_id: u32,
    /// Attributes after import policy; as received if policy refused it.
    pub attrs: AttrBlock<'a>,
    /// Attributes as received.
    pub received: AttrBlock<'a>,
    /// Where packets go, after policy; `None` for ourselves.
    pub next_hop: Option<NextHop>,
    /// How the next hop is reached.
    pub reached: NextHopState,
    /// This router's own preference.
    pub weight: u16,
    /// When it was said.
    pub since: Instant,
    /// It is the best path.
    pub is_best: bool,
    /// It is used, alone or beside the best.
    pub is_used: bool,
    /// It may take part in the decision.
    pub is_valid: bool,
    /// Its peer is restarting, or sending everything anew.
    pub is_stale: bool,
    /// Policy refused it; it is kept for `soft-reconfiguration inbound`.
    pub is_refused: bool,
}

/// Why a path is the best one, or is not.
#[derive(Clone, Copy, Debug)]
pub struct Explained<'a> {
    /// The path.
    pub path: PathView<'a>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What the decision made of a path.
#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    /// It is the best.
    Best,
    /// This rung of the ladder preferred another.
    Lost(&'static Rung),
    /// It took no part: refused by policy, or its next hop cannot be reached.
    Unusable,
}

/// A member of a group, and how many of the group's prefixes it has the best path to.
struct OwnBest<'a> {
    peer: PeerIx,
    told: &'a IdSet,
    count: usize,
}

impl Rib {
    /// The paths to `prefix`, if there are any.
    #[must_use]
    pub fn prefix(&self, prefix: &Prefix) -> Option<RouteView<'_>> {
        let family = Family::of(prefix);
        let id = self.families[family].table.find(prefix)?;
        self.view(family, id)
    }

    /// The paths to the longest prefix that `addr` is in and that has a best path.
    #[must_use]
    pub fn longest_match(&self, addr: IpAddr) -> Option<RouteView<'_>> {
        let family = if addr.is_ipv4() { Family::Ipv4Unicast } else { Family::Ipv6Unicast };
        let table = &self.families[family].table;
        let id = table.covering(addr).find(|&id| table.best(id).is_some())?;
        self.view(family, id)
    }

    /// The first `count` destinations after `after`, in the order of prefixes. Who goes on from the last
    /// destination of a page pays for what is on the next one; every so many pages, and for whoever begins or turns
    /// up in between, it takes a walk over the table, some milliseconds a million prefixes.
    pub fn page(&mut self, family: Family, after: Option<Prefix>, count: usize) -> Vec<RouteView<'_>> {
        let FamilyRib { table, order, .. } = &mut self.families[family];
        let ids = order.page(table, after, count);
        ids.into_iter().filter_map(|id| self.view(family, id)).collect()
    }

    /// What the decision made of each path to `prefix`.
    #[must_use]
    pub fn explain(&self, prefix: &Prefix) -> Vec<Explained<'_>> {
        let family = Family::of(prefix);
        let table = &self.families[family].table;
        let Some(view) = self.prefix(prefix) else { return Vec::new() };
        let mut candidates = Vec::new();
        self.shared.gather(table, view.id, &mut candidates);
        decision::decide(&mut candidates, &self.shared.settings.weighing);
        let outcome = |position| match candidates.iter().find(|path| path.position == position) {
            None => Outcome::Unusable,
            Some(path) => match path.lost_at.and_then(|rung| LADDER.get(rung)) {
                Some(rung) => Outcome::Lost(rung),
                None => Outcome::Best,
            },
        };
        view.paths().enumerate().map(|(at, path)| Explained { path, outcome: outcome(at) }).collect()
    }

    /// What the forwarding table should hold for `prefix`.
    #[must_use]
    pub fn fib_route(&self, prefix: &Prefix) -> Option<FibRoute> {
        let family = Family::of(prefix);
        let table = &self.families[family].table;
        fib_route(&self.shared, table, family, table.find(prefix)?)
    }

    /// How much of a peer's routes there is. It takes a walk over the table if it has the best path to some prefix.
    #[must_use]
    pub fn peer_counts(&self, peer: PeerId, family: Family) -> PeerCounts {
        let Some(ix) = self.shared.peers.ix(peer) else { return PeerCounts::default() };
        let tally = self.own_best([ix], family);
        self.counts_of(ix, family, &tally)
    }

    /// The same of every peer, for one walk.
    #[must_use]
    pub fn all_counts(&self, family: Family) -> BTreeMap<PeerId, PeerCounts> {
        let peers = &self.shared.peers;
        let tally = self.own_best(peers.up(), family);
        let counted = peers.known().map(|(ix, peer)| (peer.id, self.counts_of(ix, family, &tally)));
        counted.collect()
    }

    fn counts_of(&self, ix: PeerIx, family: Family, tally: &[OwnBest<'_>]) -> PeerCounts {
        let mut counts = PeerCounts::default();
        for state in [FeedState::Live, FeedState::Stale] {
            for (_, feed) in self.shared.sources.feeds_of(ix, family, state) {
                counts.received += feed.received;
                counts.accepted += feed.accepted;
            }
        }
        if let Some((_, told)) = self.families[family].groups.told(ix) {
            let own = tally.iter().find(|own| own.peer == ix).map_or(0, |own| own.count);
            counts.advertised = u32::try_from(told.len() - own).unwrap_or(u32::MAX);
        }
        counts
    }

    /// How many of a group's prefixes members were not told because the best path is their own; nothing of peers
    /// without such a path. `peers` are in order.
    fn own_best(&self, peers: impl IntoIterator<Item = PeerIx>, family: Family) -> Vec<OwnBest<'_>> {
        let (FamilyRib { table, groups, .. }, sources) = (&self.families[family], &self.shared.sources);
        let has_best = |peer: &PeerIx| {
            let mut feeds = [FeedState::Live, FeedState::Stale]
                .into_iter()
                .flat_map(|state| sources.feeds_of(*peer, family, state));
            feeds.any(|(_, feed)| feed.selected > 0)
        };
        let own = |peer| groups.told(peer).map(|(_, told)| OwnBest { peer, told, count: 0 });
        let mut tally: Vec<_> = peers.into_iter().filter(has_best).filter_map(own).collect();
        let slots = if tally.is_empty() { 0 } else { u32::try_from(table.slots()).unwrap_or(u32::MAX) };
        let mut at = 0;
        for id in (0..slots).map(PrefixId) {
            let Some(feed) = table.best(id).and_then(|best| sources.feed_of(best.source)) else { continue };
            let peer = feed.origin.peer;
            // Prefixes of one peer stand beside each other.
            if tally.get(at).is_none_or(|own| own.peer != peer) {
                match tally.binary_search_by_key(&peer, |own| own.peer) {
                    Ok(found) => at = found,
                    Err(_) => continue,
                }
            }
            if let Some(own) = tally.get_mut(at) {
                own.count += usize::from(own.told.contains(id));
            }
        }
        tally
    }

    /// The addresses that routes depend on, how each is reached, and how many attribute sets use it.
    pub fn next_hops(&self) -> impl Iterator<Item = (IpAddr, NextHopState, u32)> {
        self.shared.next_hops.tracked()
    }

    /// The size of things.
    #[must_use]
    pub fn totals(&self, family: Family) -> Totals {
        let table = &self.families[family].table;
        Totals {
            version: self.families[family].log.end(),
            prefixes: table.len(),
            paths: table.path_count(),
            attribute_sets: self.shared.attrs.len(),
            next_hops: self.shared.next_hops.len(),
            table_octets: table.octets(),
            attribute_octets: self.shared.attrs.octets(),
        }
    }

    fn view(&self, family: Family, id: PrefixId) -> Option<RouteView<'_>> {
        let table = &self.families[family].table;
        let prefix = table.prefix(id).filter(|_| table.has_paths(id))?;
        Some(RouteView { rib: self, family, id, prefix })
    }
}

impl<'a> RouteView<'a> {
    /// The paths, the best one first.
    pub fn paths(&self) -> impl Iterator<Item = PathView<'a>> + use<'a> {
        let rib = self.rib;
        rib.families[self.family].table.paths(self.id).filter_map(|path| PathView::of(rib, path))
    }

    /// The best path, if there is one.
    #[must_use]
    pub fn best(&self) -> Option<PathView<'a>> {
        PathView::of(self.rib, self.rib.families[self.family].table.best(self.id)?)
    }
}

impl<'a> PathView<'a> {
    fn of(rib: &'a Rib, path: &Path) -> Option<Self> {
        let shared = &rib.shared;
        let feed = shared.sources.feed_of(path.source)?;
        let shown = if path.effective.is_none() { path.received } else { path.effective };
        let digest = shared.attrs.digest(shown)?;
        let peer = Some(feed.origin.peer).filter(|&peer| peer != PeerIx::LOCAL);
        Some(Self {
            peer: peer.and_then(|peer| shared.peers.get(peer)).map(|peer| peer.id),
            address: feed.origin.address,
            asn: feed.origin.asn,
            router_id: feed.origin.router_id,
            kind: feed.origin.kind,
            path_id: shared.sources.path_id(path.source),
            attrs: shared.attrs.block(shown),
            received: shared.attrs.block(path.received),
            next_hop: shared.next_hops.via(digest.next_hop).map(|via| via.next_hop),
            reached: shared.next_hops.state(digest.next_hop),
            weight: digest.weight,
            since: Instant::from_start(Duration::from_secs(u64::from(path.said_at()))),
            is_best: path.has(Flag::BEST),
            is_used: path.has(Flag::USED),
            is_valid: shared.candidate(0, path).is_some(),
            is_stale: feed.state == FeedState::Stale,
            is_refused: path.effective.is_none(),
        })
    }
}
