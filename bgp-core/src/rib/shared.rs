//! What all families share: settings, attribute sets, next hops, sources, peers, and scratch memory.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

use super::attrs::Interner;
use super::decision::Candidate;
use super::facts::NextHopState;
use super::nexthop::{NextHopId, NextHops};
use super::path::{Flag, Path};
use super::peer::{PeerIx, Peers};
use super::settings::Settings;
use super::source::{FeedId, FeedState, Origin, SourceId, Sources};
use super::table::{PrefixId, Table};
use crate::policy::{RouteDraft, Scratch};
use crate::types::{FamilyMap, PeerKind};

/// What all families share.
#[derive(Debug)]
pub(super) struct Shared {
    /// The instance's settings.
    pub(super) settings: Settings,
    /// Attribute sets.
    pub(super) attrs: Interner,
    /// Next hops.
    pub(super) next_hops: NextHops,
    /// Who said what.
    pub(super) sources: Sources,
    /// Whom we hear and tell.
    pub(super) peers: Peers,
    /// This router as a source of routes.
    pub(super) local: FamilyMap<FeedId>,
    /// Scratch: the paths of the prefix at hand.
    pub(super) candidates: Vec<Candidate>,
    /// Scratch: the route that policy works on.
    pub(super) draft: RouteDraft,
    /// Scratch: what policy remembers of the attribute set at hand.
    pub(super) policy: Scratch,
}

impl Shared {
    /// Nothing is known but this router itself.
    pub(super) fn new(settings: Settings, seed: u64) -> Self {
        let mut sources = Sources::default();
        let local = FamilyMap::from_fn(|family| {
            sources.open(Origin {
                peer: PeerIx::LOCAL,
                family,
                kind: PeerKind::Local,
                address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                asn: settings.asn,
                router_id: settings.router_id,
                wants_connected: false,
            })
        });
        Self {
            settings,
            attrs: Interner::new(seed),
            next_hops: NextHops::new(),
            sources,
            peers: Peers::default(),
            local,
            candidates: Vec::new(),
            draft: RouteDraft::default(),
            policy: Scratch::default(),
        }
    }

    /// Ends the use of everything that a path names.
    pub(super) fn forget(&mut self, path: &Path) {
        if let Some(feed) = self.sources.feed_of_mut(path.source) {
            feed.received = feed.received.saturating_sub(1);
            feed.accepted = feed.accepted.saturating_sub(u32::from(!path.effective.is_none()));
            feed.selected = feed.selected.saturating_sub(u32::from(path.has(Flag::BEST)));
        }
        self.sources.release(path.source);
        self.attrs.release(path.received, &mut self.next_hops);
        self.attrs.release(path.effective, &mut self.next_hops);
    }

    /// One prefix more or less has its best path from there.
    pub(super) fn count_selected(&mut self, gains: Option<SourceId>, loses: Option<SourceId>) {
        if let Some(feed) = gains.and_then(|source| self.sources.feed_of_mut(source)) {
            feed.selected += 1;
        }
        if let Some(feed) = loses.and_then(|source| self.sources.feed_of_mut(source)) {
            feed.selected = feed.selected.saturating_sub(1);
        }
    }

    /// The paths of a prefix that may take part in the decision.
    pub(super) fn gather(&self, table: &Table, id: PrefixId, candidates: &mut Vec<Candidate>) {
        candidates.clear();
        let paths = table.paths(id).enumerate();
        candidates.extend(paths.filter_map(|(position, path)| self.candidate(position, path)));
    }

    /// The path as a candidate; `None` if it must not be used: refused by policy, of a dead feed, or its next
    /// hop cannot be reached (RFC 4271 §9.1.2).
    pub(super) fn candidate(&self, position: usize, path: &Path) -> Option<Candidate> {
        let digest = *self.attrs.digest(path.effective)?;
        let feed = self.sources.feed_of(path.source)?;
        if feed.state == FeedState::Dead {
            return None;
        }
        Some(Candidate {
            position,
            attrs: path.effective,
            digest,
            origin: feed.origin,
            metric: self.metric(&feed.origin, digest.next_hop)?,
            was_best: path.has(Flag::BEST),
            is_used: false,
            lost_at: None,
        })
    }

    /// The interior cost to a next hop; `None` if it cannot be used.
    fn metric(&self, origin: &Origin, next_hop: NextHopId) -> Option<u32> {
        if origin.kind == PeerKind::Local {
            return Some(0);
        }
        match self.next_hops.state(next_hop) {
            NextHopState::Reachable { metric, connected } if connected || !origin.wants_connected => {
                Some(metric)
            }
            NextHopState::Reachable { .. } | NextHopState::Unreachable => None,
        }
    }
}
