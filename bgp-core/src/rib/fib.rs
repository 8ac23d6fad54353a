//! What the forwarding table should hold: a reader of the change log that turns best paths into routes.
//!
//! The consumer asks when it has time; what changed five times meanwhile is handed out once. One bit a prefix
//! says what it holds. Locally originated routes are not handed out: whoever originates them has them already.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::changes::{ChangeLog, Reader};
use super::facts::{FibChange, FibNextHop, FibRoute};
use super::family::FamilyRib;
use super::id_set::IdSet;
use super::path::Flag;
use super::shared::Shared;
use super::table::{PrefixId, Table};
use crate::types::{Family, NextHop, PeerKind};

/// The forwarding table's place.
#[derive(Debug, Default)]
pub(super) struct FibDesk {
    /// Where in the log it is.
    pub(super) reader: Reader,
    installed: IdSet,
    /// Routes handed out lately, so that prefixes forwarded alike share one.
    recent: Vec<Arc<FibRoute>>,
    turn: usize,
    scratch: FibRoute,
}

impl FamilyRib {
    /// The next change for the forwarding table.
    pub(super) fn poll_fib(&mut self, shared: &Shared) -> Option<FibChange> {
        loop {
            let change = self.fib.reader.next(&self.log, &self.table)?;
            if !change.aspects.forwarding {
                continue;
            }
            let prefix = self.table.prefix(change.id)?;
            let mut route = core::mem::take(&mut self.fib.scratch);
            let is_used = fill(shared, &self.table, (self.family, change.id), &mut route).is_some();
            let shared_route = is_used.then(|| self.fib.share(&route));
            self.fib.scratch = route;
            match shared_route {
                Some(route) => {
                    self.fib.installed.insert(change.id);
                    return Some(FibChange { prefix, route: Some(route) });
                }
                None if self.fib.installed.remove(change.id) => {
                    return Some(FibChange { prefix, route: None });
                }
                None => {}
            }
        }
    }

    /// Everything is handed out once more.
    pub(super) fn resync_fib(&mut self) {
        self.fib.reader.mark_all(&self.log, &self.table);
    }
}

impl FibDesk {
    /// Moves on to `position` at least.
    pub(super) fn absorb(&mut self, position: u64, log: &ChangeLog, table: &Table) {
        let matters = |id| table.has_paths(id) || self.installed.contains(id);
        self.reader.absorb(position, (log, table), matters);
    }

    /// True if a prefix without paths is of no interest any more.
    pub(super) fn lets_go(&mut self, id: PrefixId) -> bool {
        if self.installed.contains(id) {
            return !self.reader.is_behind_on(id);
        }
        self.reader.skip(id);
        true
    }

    fn share(&mut self, route: &FibRoute) -> Arc<FibRoute> {
        if let Some(known) = self.recent.iter().find(|known| ***known == *route) {
            return Arc::clone(known);
        }
        let route = Arc::new(route.clone());
        match self.recent.get_mut(self.turn % RECENT) {
            Some(slot) => *slot = Arc::clone(&route),
            None => self.recent.push(Arc::clone(&route)),
        }
        self.turn += 1;
        route
    }
}

/// How to forward to a prefix, if a peer's route is used for it. This is what the last decision says: what
/// happened to its paths since is the next decision's matter, which then appears in the log.
pub(super) fn fib_route(shared: &Shared, table: &Table, family: Family, id: PrefixId) -> Option<FibRoute> {
    let mut route = FibRoute::default();
    fill(shared, table, (family, id), &mut route)?;
    Some(route)
}

/// Makes `route` say how to forward to a prefix; `None` if no peer's route is used for it.
fn fill(
    shared: &Shared,
    table: &Table,
    (family, id): (Family, PrefixId),
    route: &mut FibRoute,
) -> Option<()> {
    route.next_hops.clear();
    route.source = shared.sources.feed_of(table.best(id)?.source)?.origin.kind;
    route.distance = shared.settings.distance(family, route.source);
    if route.source == PeerKind::Local {
        return None;
    }
    let used = table.paths(id).filter(|path| path.has(Flag::USED));
    for digest in used.filter_map(|path| shared.attrs.digest(path.effective)) {
        let Some(via) = shared.next_hops.via(digest.next_hop) else { continue };
        let next_hop = FibNextHop { address: via.next_hop, interface: via.interface, weight: 1 };
        if !route.next_hops.iter().any(|known| is_same_way(known, &next_hop)) {
            route.next_hops.push(next_hop);
        }
    }
    route.next_hops.sort_unstable_by_key(|next_hop| (next_hop.address, next_hop.interface));
    (!route.next_hops.is_empty()).then_some(())
}

fn is_same_way(one: &FibNextHop, other: &FibNextHop) -> bool {
    let link_local = |next_hop: &FibNextHop| match next_hop.address {
        NextHop::V6 { link_local, .. } => link_local,
        NextHop::V4(_) => None,
    };
    let is_same_link = link_local(one).is_some_and(|addr| Some(addr) == link_local(other));
    one.interface == other.interface && (one.address == other.address || is_same_link)
}

/// Distinct routes remembered.
const RECENT: usize = 16;
