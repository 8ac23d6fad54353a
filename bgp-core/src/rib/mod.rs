//! Routes: what peers say, what is best, what is done with it (RFC 4271 §9, RFC 4456, RFC 7911).
//!
//! ```text
//!                ┌────────────── per family ──────────────┐
//! Update ─▶ import ─▶ table ─▶ decision ─▶ changes ─┬─▶ fib ──────▶ FibChange
//!             │ policy(in)                          └─▶ export ───▶ octets, shared by a group's members
//!             ▼                                          policy(out)
//!           attrs, nexthop, source, peer   (what all families share: `shared`)
//! ```
//!
//! Every step only leaves a mark for the next one: an UPDATE places paths and marks prefixes; [`Rib::run`] decides
//! marked prefixes once each and notes changes in a log; the forwarding table and the peers read the log at
//! their own pace and look at the table as it is then. So whatever is slow sees the latest, and costs a position
//! in a log, or one bit a prefix. Whatever concerns many prefixes at once (a session's end, a next hop's change, a
//! changed policy) is a walk over the table in slices.
//!
//! In: UPDATEs, sessions that come and go, next hops that do, local routes. Out, when polled: forwarding
//! changes, octets for peers, next hops to watch. The module has no clock: ages are measured from `now`s given.

mod attrs;
mod changes;
mod decision;
mod digest;
mod export;
mod facts;
mod family;
mod fib;
mod id_set;
mod import;
mod judge;
mod key;
mod limit;
mod local;
mod multipath;
mod nexthop;
mod nodes;
mod order;
mod path;
mod peer;
mod reconsider;
mod roles;
mod scan;
mod session;
mod settings;
mod shards;
mod shared;
mod source;
mod spare;
mod table;
#[cfg(test)]
mod tests;
mod view;

use alloc::vec::Vec;
use core::net::IpAddr;

use bytes::Bytes;

use self::family::FamilyRib;
use self::scan::Reason;
use self::settings::Settings;
use self::shared::Shared;
use crate::speaker::config::Config;
use crate::types::{Family, FamilyMap, PeerId, Prefix};

pub use decision::{LADDER, Rung};
pub use export::Outgoing;
pub use facts::{
    FibChange, FibNextHop, FibRoute, LocalAddresses, LocalRoute, MaxPrefixOutcome, MaxPrefixVerdict,
    NextHopInterest, NextHopState, OwnerId, PeerCounts, Progress, Received, Retain, RibPeer, Totals,
};
pub use view::{Explained, Outcome, PathView, RouteView};

/// Every route, of all families.
#[derive(Debug)]
pub struct Rib {
    shared: Shared,
    families: FamilyMap<FamilyRib>,
    /// Scratch: the normalised block of the UPDATE at hand.
    block: Vec<u8>,
}

impl Rib {
    /// Empty tables. The seed keeps peers from choosing prefixes or attributes that collide.
    #[must_use]
    pub fn new(config: &Config, seed: u64) -> Self {
        Self {
            shared: Shared::new(Settings::of(config), seed),
            families: FamilyMap::from_fn(|family| FamilyRib::new(family, seed.wrapping_add(family as u64))),
            block: Vec::new(),
        }
    }

    /// Takes changed settings over. Peers have doors of their own; where the settings change what peers are told,
    /// [`handle_refresh`](Self::handle_refresh) tells them.
    pub fn reconfigure(&mut self, config: &Config) {
        let settings = Settings::of(config);
        if settings == self.shared.settings {
            return;
        }
        let old = core::mem::replace(&mut self.shared.settings, settings);
        for (_, family) in self.families.iter_mut() {
            family.scan_for(Reason::Rules);
            if old.requires_policy != settings.requires_policy {
                self.shared.peers.up().for_each(|peer| family.scan_for(Reason::Policy(peer)));
            }
        }
    }

    /// An address is reached otherwise than before.
    pub fn handle_next_hop(&mut self, addr: IpAddr, state: NextHopState) {
        if self.shared.next_hops.handle_state(addr, state) {
            for (_, family) in self.families.iter_mut() {
                family.scan_for(Reason::NextHops);
            }
        }
    }

    /// An address is reached by another way, though as well as before: its routes are offered again.
    pub fn handle_rerouted(&mut self, addr: IpAddr) {
        if self.shared.next_hops.handle_rerouted(addr) {
            for (_, family) in self.families.iter_mut() {
                family.scan_for(Reason::NextHops);
            }
        }
    }

    /// A session wrote that many octets of what it was given.
    pub fn handle_sent(&mut self, peer: PeerId, octets: usize) {
        self.shared.peers.handle_sent(peer, octets);
    }

    /// Offers every forwarding route again.
    pub fn resync_fib(&mut self) {
        for (_, family) in self.families.iter_mut() {
            family.resync_fib();
        }
    }

    /// Works for a while: about `budget` prefixes are looked at in each stage.
    pub fn run(&mut self, budget: usize) -> Progress {
        let mut progress = Progress::Idle;
        for (_, family) in self.families.iter_mut() {
            family.scan(&mut self.shared, budget);
            family.decide_marked(&mut self.shared, budget);
            family.export(&mut self.shared, budget);
            family.trim();
            if family.is_scanning() || !family.marked.is_empty() || family.has_to_export(&self.shared) {
                progress = Progress::More;
            }
        }
        self.shared.attrs.give_back();
        if self.shared.next_hops.any_changed()
            && !self.families.iter().any(|(_, family)| family.is_scanning_next_hops())
        {
            self.shared.next_hops.forget_changes();
        }
        progress
    }

    /// The next change for the forwarding table.
    pub fn poll_fib(&mut self) -> Option<FibChange> {
        let shared = &self.shared;
        self.families.iter_mut().find_map(|(_, family)| family.poll_fib(shared))
    }

    /// The next address to watch, or no longer.
    pub fn poll_next_hop(&mut self) -> Option<NextHopInterest> {
        self.shared.next_hops.poll_interest()
    }

    /// The next octets for a session: whole messages.
    pub fn poll_transmit(&mut self) -> Option<(PeerId, Bytes)> {
        self.shared.peers.poll_transmit()
    }

    /// The route to `prefix` as a peer was told it, if it was.
    #[must_use]
    pub fn advertised(&self, peer: PeerId, prefix: &Prefix) -> Option<Outgoing> {
        let ix = self.shared.peers.ix(peer)?;
        let family = &self.families[Family::of(prefix)];
        family.advertised(&self.shared, ix, family.table.find(prefix)?)
    }
}
