//! Route maps: entries tried in order, each matching and setting.
//!
//! A map is compiled when it is built: its own entries and those of the maps it calls are numbered where they
//! set something, so that [`Changes`] can name the ones a route went through in a word. Matches see the route
//! as it came in, also after `on-match` has led on from an entry that sets something. We differ from FRR there:
//! a question must not change anything.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};

use super::matching::Scope;
use super::{Action, Changes, CommunityList, Match, RouteContext, RouteDraft, Scratch, Verdict, apply};
use crate::types::Asn;
use crate::wire::Origin;

/// A `route-map`: the first entry whose every match holds decides; none denies.
#[derive(Clone, Debug, Default)]
pub struct RouteMap {
    name: String,
    entries: Vec<RouteMapEntry>,
    /// Step of the first entry: a called map's steps come after its caller's own.
    first_step: u32,
    /// Steps of this map's entries and of all that they call.
    steps: u32,
    /// What the entries of this map and of those that it calls look at.
    asks: Asks,
}

/// What a map looks at beside the attribute set.
#[derive(Clone, Copy, Debug, Default)]
struct Asks {
    prefix: bool,
    peer: bool,
}

/// Why a route map cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteMapError {
    /// `on-match` and `call` need a bit for each entry.
    #[error(
        "a route-map with on-match or call may have {MAX_STEPS} entries, those of called maps included; this has {0}"
    )]
    TooManyEntries(u32),
}

/// One `route-map NAME permit|deny SEQ` block.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteMapEntry {
    /// Sequence number.
    pub seq: u32,
    /// What happens to a route that matches.
    pub action: Action,
    /// All of these must hold.
    pub matches: Vec<Match>,
    /// All of these are done, in this order.
    pub sets: Vec<Set>,
    /// `call`: this map must permit too.
    pub call: Option<Arc<RouteMap>>,
    /// `on-match`, `continue`.
    pub on_match: OnMatch,
    /// Free text.
    pub description: Option<String>,
}

/// Where a route goes after an entry permitted it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnMatch {
    /// Out of the map.
    #[default]
    Stop,
    /// To the next entry.
    Next,
    /// To the first entry with this or a higher sequence number.
    Goto(u32),
}

/// One `set` line.
#[derive(Clone, Debug, PartialEq)]
pub enum Set {
    /// `local-preference [+|-]N`.
    LocalPreference(Amount),
    /// `metric [+|-]N`.
    Metric(Amount),
    /// `weight`.
    Weight(u16),
    /// `origin`.
    Origin(Origin),
    /// `as-path prepend`.
    AsPathPrepend(Vec<Asn>),
    /// `as-path prepend last-as N`.
    AsPathPrependLast(u8),
    /// `as-path exclude`.
    AsPathExclude(Vec<Asn>),
    /// `community … [additive]`.
    Community {
        /// The communities.
        values: Vec<u32>,
        /// Those already there stay.
        additive: bool,
    },
    /// `community none`.
    CommunityNone,
    /// `comm-list NAME delete`.
    CommunityDelete(Arc<CommunityList>),
    /// `large-community … [additive]`.
    LargeCommunity {
        /// The communities.
        values: Vec<[u32; 3]>,
        /// Those already there stay.
        additive: bool,
    },
    /// `large-community none`.
    LargeCommunityNone,
    /// `large-comm-list NAME delete`.
    LargeCommunityDelete(Arc<CommunityList>),
    /// `extcommunity rt|soo …`.
    ExtendedCommunity(Vec<[u8; 8]>),
    /// `extcommunity none`.
    ExtendedCommunityNone,
    /// `ip next-hop A`.
    NextHopV4(Ipv4Addr),
    /// `ipv6 next-hop global A`.
    NextHopV6(Ipv6Addr),
    /// `ipv6 next-hop local A`.
    NextHopLinkLocal(Ipv6Addr),
    /// `ip|ipv6 next-hop peer-address`.
    NextHopPeer,
    /// `ip next-hop unchanged`.
    NextHopUnchanged,
    /// `ipv6 next-hop prefer-global`.
    NextHopPreferGlobal,
    /// `atomic-aggregate`.
    AtomicAggregate,
    /// `aggregator as N A`.
    Aggregator(Asn, Ipv4Addr),
    /// `originator-id`.
    OriginatorId(Ipv4Addr),
}

/// A number, or a change of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// This value.
    To(u32),
    /// Added, not beyond the largest.
    Plus(u32),
    /// Taken away, not below zero.
    Minus(u32),
}

impl RouteMap {
    /// A map of `entries`, which are put in order of sequence number.
    ///
    /// # Errors
    ///
    /// Where `on-match` or `call` is used in a map of more than 63 entries.
    pub fn new(name: impl Into<String>, mut entries: Vec<RouteMapEntry>) -> Result<Self, RouteMapError> {
        entries.sort_by_key(|entry| entry.seq);
        let own = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let mut steps = own;
        for map in entries.iter_mut().filter_map(|entry| entry.call.as_mut()) {
            let mut called = RouteMap::clone(map);
            called.renumber(steps);
            steps = steps.saturating_add(called.steps);
            *map = Arc::new(called);
        }
        let is_chained = entries.iter().any(|entry| entry.call.is_some() || entry.on_match != OnMatch::Stop);
        if is_chained && steps > MAX_STEPS {
            return Err(RouteMapError::TooManyEntries(steps));
        }
        let mut asks = Asks::default();
        for entry in &entries {
            let called = entry.call.as_ref().map_or_else(Asks::default, |called| called.asks);
            let looks_at = |scope| entry.matches.iter().any(|matches| matches.scope() == scope);
            asks.prefix |= called.prefix || looks_at(Scope::Prefix);
            asks.peer |= called.peer || looks_at(Scope::Peer);
        }
        Ok(Self { name: name.into(), entries, first_step: 0, steps, asks })
    }

    /// As configured.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The entries, in order of sequence number.
    #[must_use]
    pub fn entries(&self) -> &[RouteMapEntry] {
        &self.entries
    }

    /// True if the answer can depend on the prefix.
    pub(super) const fn asks_prefix(&self) -> bool {
        self.asks.prefix
    }

    /// True if two routes with the same attribute set get the same answer, whatever else they are.
    pub(super) const fn asks_set_alone(&self) -> bool {
        !self.asks.prefix && !self.asks.peer
    }

    /// Every step is below.
    pub(super) const fn steps(&self) -> u32 {
        self.steps
    }

    /// What the map says of `route`.
    #[must_use]
    pub fn evaluate(&self, route: &RouteContext<'_>, scratch: &mut Scratch) -> Verdict {
        let mut changes = Changes::NONE;
        let mut is_permitted = false;
        let mut resume_at = 0;
        for (at, entry) in (0u32..).zip(&self.entries) {
            if entry.seq < resume_at || !self.matches((at, entry), route, scratch) {
                continue;
            }
            if entry.action == Action::Deny {
                return Verdict::Deny;
            }
            if !entry.sets.is_empty() {
                changes = changes.with(self.first_step + at);
            }
            if let Some(called) = &entry.call {
                match called.evaluate(route, scratch) {
                    Verdict::Deny => return Verdict::Deny,
                    Verdict::Permit(more) => changes = changes.and(more),
                }
            }
            is_permitted = true;
            match entry.on_match {
                OnMatch::Stop => break,
                OnMatch::Next => {}
                OnMatch::Goto(seq) => resume_at = seq,
            }
        }
        if is_permitted { Verdict::Permit(changes) } else { Verdict::Deny }
    }

    /// True if every match of an entry holds; those that look at the attribute set are asked once for each set.
    fn matches(
        &self,
        (at, entry): (u32, &RouteMapEntry),
        route: &RouteContext<'_>,
        scratch: &mut Scratch,
    ) -> bool {
        let (mut of_set, mut others) = (false, true);
        for matches in &entry.matches {
            match matches.scope() {
                Scope::Set => of_set = true,
                Scope::Prefix | Scope::Peer => others = others && matches.holds(route, scratch),
            }
        }
        others
            && (!of_set
                || scratch.once(route, (self.first_step + at, self.steps), |scratch| {
                    let mut of_set = entry.matches.iter().filter(|matches| matches.scope() == Scope::Set);
                    of_set.all(|matches| matches.holds(route, scratch))
                }))
    }

    /// Makes the changes that an earlier [`RouteMap::evaluate`] named.
    pub fn apply(&self, changes: Changes, draft: &mut RouteDraft) {
        for (at, entry) in (0u32..).zip(&self.entries) {
            if changes.contains(self.first_step + at) {
                entry.sets.iter().for_each(|set| apply::set(set, draft));
            }
            if let Some(called) = &entry.call {
                called.apply(changes, draft);
            }
        }
    }

    fn renumber(&mut self, first_step: u32) {
        let shift = first_step - self.first_step;
        self.first_step = first_step;
        for map in self.entries.iter_mut().filter_map(|entry| entry.call.as_mut()) {
            let mut called = RouteMap::clone(map);
            let first_step = called.first_step + shift;
            called.renumber(first_step);
            *map = Arc::new(called);
        }
    }
}

impl PartialEq for RouteMap {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.entries == other.entries
    }
}

impl Changes {
    /// Set in keys of maps that have more entries than bits: the rest is the one entry's number.
    const SINGLE: u64 = 1 << 63;

    const fn with(self, step: u32) -> Self {
        if step < MAX_STEPS { Self(self.0 | 1 << step) } else { Self(Self::SINGLE | step as u64) }
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn contains(self, step: u32) -> bool {
        if self.0 & Self::SINGLE == 0 {
            step < MAX_STEPS && self.0 & (1 << step) != 0
        } else {
            self.0 == Self::SINGLE | step as u64
        }
    }
}

/// Entries that a key can name together.
const MAX_STEPS: u32 = 63;
