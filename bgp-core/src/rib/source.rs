//! Who said a path: peer, family, session and path identifier, behind one id.
//!
//! A *feed* is what one session of one peer sends in one family; a *source* is a feed and a path identifier
//! (RFC 7911; zero without add-path). Marking a whole feed stale or dead is one assignment: its paths are not
//! touched, they are looked at differently. A restarted session gets a new feed, so old and new paths of a peer
//! are told apart without a flag on each (RFC 4724 §4.2). A dead feed's id is given anew only after a scan has
//! been over the whole table and nothing names it any more.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::peer::PeerIx;
use crate::types::{Asn, Family, PeerKind, RouterId};

/// A source by its place among the known ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SourceId(u32);

/// A feed by its place among the known ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FeedId(u32);

/// Every source and feed that a path may name.
#[derive(Debug, Default)]
pub(super) struct Sources {
    feeds: Vec<Feed>,
    free_feeds: Vec<FeedId>,
    sources: Vec<Source>,
    free: Vec<SourceId>,
    with_path_id: BTreeMap<(FeedId, u32), SourceId>,
}

/// What one session sends in one family.
#[derive(Clone, Copy, Debug)]
pub(super) struct Feed {
    /// Whose it is.
    pub(super) origin: Origin,
    /// How its paths are looked at.
    pub(super) state: FeedState,
    /// The source without path identifier; lives as long as the feed.
    pub(super) base: SourceId,
    /// Paths kept.
    pub(super) received: u32,
    /// Paths that policy let in.
    pub(super) accepted: u32,
    /// Prefixes whose best path is of this feed.
    pub(super) selected: u32,
    /// How many entries the family's scan had visited when the feed died.
    buried_at: u64,
}

/// What the decision asks about a path's peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// The peer.
    pub(super) peer: PeerIx,
    /// The family.
    pub(super) family: Family,
    /// What kind of peer it is in this family.
    pub(super) kind: PeerKind,
    /// Its address.
    pub(super) address: IpAddr,
    /// Its AS.
    pub(super) asn: Asn,
    /// Its BGP Identifier.
    pub(super) router_id: RouterId,
    /// Its next hops must be on a connected network (RFC 4271 §5.1.3).
    pub(super) wants_connected: bool,
}

/// How the paths of a feed are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FeedState {
    /// The session is up.
    Live,
    /// The session is down, or its routes are being sent anew; they are kept for now.
    Stale,
    /// Its paths are void and will be removed.
    Dead,
    /// The slot is free.
    Unused,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    feed: FeedId,
    path_id: u32,
    users: u32,
}

impl SourceId {
    /// No source.
    pub(super) const NONE: Self = Self(u32::MAX);

    /// For keys of memos.
    pub(super) const fn number(self) -> u32 {
        self.0
    }
}

impl Sources {
    /// A new live feed.
    pub(super) fn open(&mut self, origin: Origin) -> FeedId {
        let feed = Feed {
            origin,
            state: FeedState::Live,
            base: SourceId::NONE,
            received: 0,
            accepted: 0,
            selected: 0,
            buried_at: 0,
        };
        let id = match self.free_feeds.pop() {
            Some(id) => {
                if let Some(slot) = self.feeds.get_mut(id.0 as usize) {
                    *slot = feed;
                }
                id
            }
            None => {
                self.feeds.push(feed);
                FeedId(u32::try_from(self.feeds.len() - 1).unwrap_or(u32::MAX))
            }
        };
        let base = self.add(id, 0);
        if let Some(feed) = self.feed_mut(id) {
            feed.base = base;
        }
        id
    }

    /// Looks at a feed's paths differently from now on.
    pub(super) fn set_state(&mut self, feed: FeedId, state: FeedState) {
        if let Some(feed) = self.feed_mut(feed) {
            feed.state = state;
        }
    }

    /// A feed's paths are void; the scan over its family has visited so many entries.
    pub(super) fn bury(&mut self, feed: FeedId, visited: u64) {
        if let Some(feed) = self.feed_mut(feed) {
            feed.state = FeedState::Dead;
            feed.buried_at = visited;
        }
    }

    /// The source of a path with this identifier, with one more user.
    pub(super) fn hold(&mut self, feed: FeedId, path_id: u32) -> SourceId {
        let known = if path_id == 0 {
            self.feed(feed).map(|feed| feed.base)
        } else {
            self.with_path_id.get(&(feed, path_id)).copied()
        };
        let id = known.unwrap_or_else(|| {
            let id = self.add(feed, path_id);
            self.with_path_id.insert((feed, path_id), id);
            id
        });
        if let Some(source) = self.sources.get_mut(id.0 as usize) {
            source.users += 1;
        }
        id
    }

    /// One user less. Sources with a path identifier go with the last one.
    pub(super) fn release(&mut self, id: SourceId) {
        let Some(source) = self.sources.get_mut(id.0 as usize) else { return };
        source.users = source.users.saturating_sub(1);
        if source.users == 0
            && source.path_id != 0
            && self.with_path_id.remove(&(source.feed, source.path_id)).is_some()
        {
            self.free.push(id);
        }
    }

    /// Gives the ids back of feeds of `family` that died before the scan had visited more than `visited` entries;
    /// `each` gets their peers. Nothing may name them any more.
    pub(super) fn reap(&mut self, family: Family, visited: u64, mut each: impl FnMut(PeerIx)) {
        for (at, feed) in (0u32..).zip(&mut self.feeds) {
            let is_over = feed.state == FeedState::Dead && feed.buried_at <= visited;
            if is_over && feed.origin.family == family && feed.received == 0 {
                feed.state = FeedState::Unused;
                self.free.push(feed.base);
                self.free_feeds.push(FeedId(at));
                each(feed.origin.peer);
            }
        }
    }

    /// The feed of `id`, to change.
    pub(super) fn feed_mut(&mut self, id: FeedId) -> Option<&mut Feed> {
        self.feeds.get_mut(id.0 as usize)
    }

    /// The feed that a source belongs to, to change.
    pub(super) fn feed_of_mut(&mut self, id: SourceId) -> Option<&mut Feed> {
        let feed = self.sources.get(id.0 as usize)?.feed;
        self.feed_mut(feed)
    }

    /// The feed of `id`.
    pub(super) fn feed(&self, id: FeedId) -> Option<&Feed> {
        self.feeds.get(id.0 as usize)
    }

    /// The feed that a source belongs to.
    pub(super) fn feed_of(&self, id: SourceId) -> Option<&Feed> {
        self.sources.get(id.0 as usize).and_then(|source| self.feed(source.feed))
    }

    /// Feeds of a peer in a family that are in `state`.
    pub(super) fn feeds_of(
        &self,
        peer: PeerIx,
        family: Family,
        state: FeedState,
    ) -> impl Iterator<Item = (FeedId, &Feed)> {
        (0u32..).map(FeedId).zip(&self.feeds).filter(move |(_, feed)| {
            feed.state == state && feed.origin.peer == peer && feed.origin.family == family
        })
    }

    /// True if a feed of a peer in a family is left, whatever its state.
    pub(super) fn has_feed(&self, peer: PeerIx, family: Family) -> bool {
        self.feeds.iter().any(|feed| {
            feed.state != FeedState::Unused && feed.origin.peer == peer && feed.origin.family == family
        })
    }

    /// True if the source is this peer's with this path identifier, of whatever session.
    pub(super) fn is_of(&self, id: SourceId, peer: PeerIx, path_id: u32) -> bool {
        self.sources.get(id.0 as usize).is_some_and(|source| {
            source.path_id == path_id && self.feed(source.feed).is_some_and(|feed| feed.origin.peer == peer)
        })
    }

    /// The path identifier of a source.
    pub(super) fn path_id(&self, id: SourceId) -> u32 {
        self.sources.get(id.0 as usize).map_or(0, |source| source.path_id)
    }

    /// Room for feeds.
    #[cfg(test)]
    pub(super) fn extent(&self) -> usize {
        self.feeds.len()
    }

    fn add(&mut self, feed: FeedId, path_id: u32) -> SourceId {
        let source = Source { feed, path_id, users: 0 };
        if let Some(id) = self.free.pop()
            && let Some(slot) = self.sources.get_mut(id.0 as usize)
        {
            *slot = source;
            return id;
        }
        self.sources.push(source);
        SourceId(u32::try_from(self.sources.len() - 1).unwrap_or(u32::MAX))
    }
}
