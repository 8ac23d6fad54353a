//! Next hops: each known once, with how it is reached.
//!
//! An attribute set holds a [`NextHopId`]. The address behind it is tracked from the first use to the last: the
//! kernel side is asked ([`NextHopInterest`]) and answers ([`NextHopState`]) whenever the answer changes. A
//! changed next hop is remembered until the scan over the tables has marked every prefix that uses it; no index
//! from next hop to prefixes is kept.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::net::IpAddr;

use super::facts::{NextHopInterest, NextHopState};
use crate::types::NextHop;

/// A next hop by its place among the known ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NextHopId(u32);

/// A next hop and the interface that gives its link-local address a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Via {
    /// As received.
    pub(super) next_hop: NextHop,
    /// Set if a link-local address is part of it.
    pub(super) interface: Option<u32>,
}

/// Every next hop in use.
#[derive(Debug)]
pub(super) struct NextHops {
    records: Vec<Record>,
    free: Vec<NextHopId>,
    ids: BTreeMap<Via, NextHopId>,
    tracked: BTreeMap<IpAddr, Tracked>,
    asked: VecDeque<IpAddr>,
    changed: usize,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    via: Option<Via>,
    users: u32,
    state: NextHopState,
    has_changed: bool,
}

/// One address, as far as the kernel side is concerned.
#[derive(Debug, Default)]
struct Tracked {
    ids: BTreeSet<NextHopId>,
    state: NextHopState,
    /// What the kernel side was last told.
    told: bool,
    is_queued: bool,
    is_answered: bool,
}

impl NextHopId {
    /// This router itself: always reached, never tracked.
    pub(super) const SELF: Self = Self(0);

    /// For hashing.
    pub(super) const fn number(self) -> u32 {
        self.0
    }
}

impl NextHops {
    /// None but ourselves.
    pub(super) fn new() -> Self {
        let ourselves = Record {
            via: None,
            users: 1,
            state: NextHopState::Reachable { metric: 0, connected: true },
            has_changed: false,
        };
        Self {
            records: alloc::vec![ourselves],
            free: Vec::new(),
            ids: BTreeMap::new(),
            tracked: BTreeMap::new(),
            asked: VecDeque::new(),
            changed: 0,
        }
    }

    /// The id of `via`, held by nobody yet: whoever stores it says so with [`hold`](Self::hold).
    pub(super) fn intern(&mut self, via: Via) -> NextHopId {
        if let Some(&id) = self.ids.get(&via) {
            return id;
        }
        let record = Record { via: Some(via), users: 0, state: self.first_state(via), has_changed: false };
        let id = match self.free.pop() {
            Some(id) => {
                if let Some(slot) = self.records.get_mut(id.0 as usize) {
                    *slot = record;
                }
                id
            }
            None => {
                self.records.push(record);
                NextHopId(u32::try_from(self.records.len() - 1).unwrap_or(u32::MAX))
            }
        };
        self.ids.insert(via, id);
        if let Some(addr) = via.tracked_address() {
            let tracked = self.tracked.entry(addr).or_default();
            tracked.ids.insert(id);
            self.ask(addr);
        }
        id
    }

    /// Every tracked address with its state and the number of attribute sets that use it.
    pub(super) fn tracked(&self) -> impl Iterator<Item = (IpAddr, NextHopState, u32)> {
        self.tracked.iter().map(|(addr, tracked)| {
            let users = tracked.ids.iter().filter_map(|id| self.records.get(id.0 as usize));
            (*addr, tracked.state, users.map(|record| record.users).sum())
        })
    }

    /// One more user.
    pub(super) fn hold(&mut self, id: NextHopId) {
        if let Some(record) = self.records.get_mut(id.0 as usize) {
            record.users = record.users.saturating_add(1);
        }
    }

    /// One user less; the last one ends the tracking.
    pub(super) fn release(&mut self, id: NextHopId) {
        if let Some(record) = self.records.get_mut(id.0 as usize) {
            record.users = record.users.saturating_sub(1);
        }
        self.drop_unused(id);
    }

    /// Forgets `id` if nobody holds it.
    pub(super) fn drop_unused(&mut self, id: NextHopId) {
        let Some(record) = self.records.get_mut(id.0 as usize) else { return };
        if record.users > 0 || id == NextHopId::SELF {
            return;
        }
        let Some(via) = record.via.take() else { return };
        self.changed -= usize::from(core::mem::take(&mut record.has_changed));
        self.ids.remove(&via);
        self.free.push(id);
        if let Some(addr) = via.tracked_address() {
            if let Some(tracked) = self.tracked.get_mut(&addr) {
                tracked.ids.remove(&id);
            }
            self.ask(addr);
        }
    }

    /// Takes the kernel side's answer. True if it changed anything.
    pub(super) fn handle_state(&mut self, addr: IpAddr, state: NextHopState) -> bool {
        let Some(tracked) = self.tracked.get_mut(&addr) else { return false };
        tracked.is_answered = true;
        if tracked.state == state {
            return false;
        }
        tracked.state = state;
        for id in &tracked.ids {
            if let Some(record) = self.records.get_mut(id.0 as usize) {
                record.state = state;
            }
        }
        self.handle_rerouted(addr)
    }

    /// Takes that `addr` is reached by another way, whatever its state. True if anything uses it.
    pub(super) fn handle_rerouted(&mut self, addr: IpAddr) -> bool {
        let Some(tracked) = self.tracked.get(&addr) else { return false };
        for id in &tracked.ids {
            if let Some(record) = self.records.get_mut(id.0 as usize) {
                self.changed += usize::from(!core::mem::replace(&mut record.has_changed, true));
            }
        }
        true
    }

    /// Every prefix that uses a changed next hop is marked.
    pub(super) fn forget_changes(&mut self) {
        for record in &mut self.records {
            record.has_changed = false;
        }
        self.changed = 0;
    }

    /// What the kernel side is to be told next. Each address is asked about at most once in the queue.
    pub(super) fn poll_interest(&mut self) -> Option<NextHopInterest> {
        while let Some(addr) = self.asked.pop_front() {
            let Some(tracked) = self.tracked.get_mut(&addr) else { continue };
            tracked.is_queued = false;
            let wanted = !tracked.ids.is_empty();
            let was_told = core::mem::replace(&mut tracked.told, wanted);
            if !wanted {
                self.tracked.remove(&addr);
            }
            if was_told != wanted {
                return Some(NextHopInterest { addr, wanted });
            }
        }
        None
    }

    /// True if the kernel side has yet to say how some address in use is reached.
    pub(super) fn is_any_unanswered(&self) -> bool {
        self.tracked.values().any(|tracked| !tracked.is_answered && !tracked.ids.is_empty())
    }

    /// How `id` is reached.
    pub(super) fn state(&self, id: NextHopId) -> NextHopState {
        self.records.get(id.0 as usize).map_or(NextHopState::Unreachable, |record| record.state)
    }

    /// What `id` stands for; `None` for ourselves.
    pub(super) fn via(&self, id: NextHopId) -> Option<Via> {
        self.records.get(id.0 as usize).and_then(|record| record.via)
    }

    /// True if the answer about `id` changed since the last scan.
    pub(super) fn has_changed(&self, id: NextHopId) -> bool {
        self.records.get(id.0 as usize).is_some_and(|record| record.has_changed)
    }

    /// True if any answer changed since the last scan.
    pub(super) const fn any_changed(&self) -> bool {
        self.changed > 0
    }

    /// How many are in use.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    fn ask(&mut self, addr: IpAddr) {
        if let Some(tracked) = self.tracked.get_mut(&addr)
            && !core::mem::replace(&mut tracked.is_queued, true)
        {
            self.asked.push_back(addr);
        }
    }

    fn first_state(&self, via: Via) -> NextHopState {
        match via.tracked_address() {
            // A link-local next hop is on the peer's own link, which is up as long as the session is.
            None => NextHopState::Reachable { metric: 0, connected: true },
            Some(addr) => self.tracked.get(&addr).map_or(NextHopState::Unreachable, |tracked| tracked.state),
        }
    }
}

impl Via {
    fn tracked_address(&self) -> Option<IpAddr> {
        match self.next_hop.address() {
            IpAddr::V6(addr) if addr.is_unicast_link_local() => None,
            addr => Some(addr),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn via(last: u8) -> Via {
        Via { next_hop: NextHop::V4([192, 0, 2, last].into()), interface: None }
    }

    #[test]
    fn an_address_is_asked_about_from_its_first_use_to_its_last() {
        let mut hops = NextHops::new();
        let id = hops.intern(via(1));
        hops.hold(id);
        assert_eq!(hops.intern(via(1)), id);
        let addr = IpAddr::from([192, 0, 2, 1]);
        assert_eq!(hops.poll_interest(), Some(NextHopInterest { addr, wanted: true }));
        assert_eq!(hops.poll_interest(), None);
        let state = NextHopState::Reachable { metric: 5, connected: false };
        assert!(hops.handle_state(addr, state));
        assert!(!hops.handle_state(addr, state), "the same answer is no change");
        assert_eq!(hops.state(id), state);
        hops.forget_changes();
        assert!(hops.handle_rerouted(addr));
        assert!(hops.has_changed(id), "another way to the same address concerns its routes");
        hops.release(id);
        assert_eq!(hops.poll_interest(), Some(NextHopInterest { addr, wanted: false }));
        assert_eq!(hops.len(), 0);
    }

    #[test]
    fn a_use_that_came_and_went_unnoticed_is_not_asked_about() {
        let mut hops = NextHops::new();
        let id = hops.intern(via(1));
        hops.hold(id);
        hops.release(id);
        assert_eq!(hops.poll_interest(), None);
    }
}
