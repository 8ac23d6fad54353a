//! Next-hop objects of ours in the kernel, one for each way out that BGP's routes share.
//!
//! A route by an object costs the kernel two thirds of one that brings its next hop along, and removing an object
//! removes all its routes at once: `docs/adr/0002-next-hop-objects.md` has the figures. What has several next hops,
//! and what comes after the first [`MOST`], is written without; so is everything where the kernel has no objects.
//!
//! Which routes go by an object is not remembered here. When the kernel is read, what no route was seen to go by and
//! none was put by since is removed.

use std::collections::BTreeMap;
use std::io;

use hashbrown::HashMap;
use nix::libc;
use tracing::{debug, warn};

use crate::netlink::{NextHop, Requests, add_next_hop, dump_next_hops, remove_next_hop};
use crate::route::{Hop, Route, RouteKind};

#[derive(Debug, Default)]
pub(super) struct Objects {
    by_id: BTreeMap<u32, Object>,
    /// `None`: not before the kernel is read again or the interface changes, as it refused to make one or to use it.
    by_hop: HashMap<Hop, Option<u32>>,
    /// Distance of the last number from the first.
    last: u32,
    is_unsupported: bool,
}

#[derive(Debug)]
struct Object {
    hop: Hop,
    /// Seen when the kernel was read last, and put since.
    routes: usize,
}

impl Objects {
    /// Takes up what there is in the kernel. What was known before is forgotten.
    pub(super) fn read(&mut self, requests: &mut Requests) -> io::Result<()> {
        self.by_id.clear();
        self.by_hop.clear();
        let Self { by_id, by_hop, .. } = self;
        let outcome = dump_next_hops(requests, |NextHop { id, hop }| {
            if is_ours(id) {
                by_id.insert(id, Object { hop, routes: 0 });
                by_hop.entry(hop).or_insert(Some(id));
            }
        });
        self.unless_unsupported(outcome)
    }

    /// A route was read that goes by the object of this number. Its next hop is filled in where the kernel
    /// leaves it out.
    pub(super) fn see(&mut self, route: &mut Route, id: u32) {
        let Some(object) = self.by_id.get_mut(&id) else { return };
        object.routes += 1;
        if matches!(route.kind.hops(), [only] if only.gateway.is_none() && only.interface.is_none()) {
            route.kind = RouteKind::Unicast([object.hop].into());
        }
    }

    /// The object for a route over these hops; made if need be.
    pub(super) fn for_route(&mut self, hops: &[Hop], requests: &mut Requests) -> Option<NextHop> {
        let [only] = hops else { return None };
        if only.gateway.is_none() || only.interface.is_none() {
            return None;
        }
        let hop = Hop { weight: 1, ..*only };
        let known = self.by_hop.get(&hop).copied();
        let id = known.unwrap_or_else(|| self.make(hop, requests))?;
        self.by_id.get_mut(&id)?.routes += 1;
        Some(NextHop { id, hop })
    }

    /// Removes those that no route goes by. Only right after the kernel has been read.
    pub(super) fn sweep(&mut self, requests: &mut Requests) {
        let unused: Vec<u32> =
            self.by_id.iter().filter(|(_, object)| object.routes == 0).map(|(id, _)| *id).collect();
        for id in unused {
            debug!(id, "a next hop that no route goes by is removed");
            if let Err(error) = remove_next_hop(requests, id) {
                warn!(id, %error, "the kernel keeps a next hop that is to go");
            }
            self.forget(id);
        }
    }

    /// The object is gone, or not what it was. True if it was known.
    pub(super) fn forget(&mut self, id: u32) -> bool {
        let Some(object) = self.by_id.remove(&id) else { return false };
        if self.by_hop.get(&object.hop) == Some(&Some(id)) {
            self.by_hop.remove(&object.hop);
        }
        true
    }

    /// The kernel does not let routes go by it. If it is still there, it is taken up when the kernel is read. It stays
    /// known till then: what is said of its end, or its interface's, is news for the routes that went by it before.
    pub(super) fn avoid(&mut self, id: u32) {
        if let Some(object) = self.by_id.get(&id) {
            self.by_hop.insert(object.hop, None);
        }
    }

    /// The kernel drops an interface's objects when it goes down or loses its carrier. True if there were any.
    pub(super) fn forget_interface(&mut self, index: u32) -> bool {
        let before = self.by_id.len();
        self.by_id.retain(|_, object| object.hop.interface != Some(index));
        self.by_hop.retain(|hop, _| hop.interface != Some(index));
        self.by_id.len() != before
    }

    /// True if somebody has made another object of one that is known.
    pub(super) fn is_changed(&self, next_hop: &NextHop) -> bool {
        self.by_id.get(&next_hop.id).is_some_and(|object| object.hop != next_hop.hop)
    }

    /// Those with so many routes that removing the routes with them pays: each removal has the kernel walk its
    /// IPv4 tables.
    pub(super) fn crowded(&self) -> Vec<u32> {
        let total: usize = self.by_id.values().map(|object| object.routes).sum();
        let is_crowded = |object: &Object| object.routes > 0 && object.routes * CROWDED >= total;
        self.by_id.iter().filter(|(_, object)| is_crowded(object)).map(|(id, _)| *id).collect()
    }

    fn make(&mut self, hop: Hop, requests: &mut Requests) -> Option<u32> {
        if self.is_unsupported || self.by_hop.len() >= MOST {
            return None;
        }
        let numbers: Vec<u32> = self.free_numbers().take(ATTEMPTS).collect();
        for id in numbers {
            self.last = id - FIRST;
            match add_next_hop(requests, &NextHop { id, hop }) {
                Ok(()) => {
                    self.by_id.insert(id, Object { hop, routes: 0 });
                    self.by_hop.insert(hop, Some(id));
                    return Some(id);
                }
                Err(error) if error.raw_os_error() == Some(libc::EEXIST) => {}
                outcome => {
                    debug!(?hop, ?outcome, "no next-hop object can be made");
                    // Whether there are any is remembered; of any other reason each route is a witness.
                    let _ = self.unless_unsupported(outcome);
                    break;
                }
            }
        }
        self.by_hop.insert(hop, None);
        None
    }

    /// Numbers that none of those that are known has, from the last on. An earlier run began where this one does.
    fn free_numbers(&self) -> impl Iterator<Item = u32> {
        let numbers = (1..=SPAN).map(|step| FIRST + (self.last + step) % SPAN);
        numbers.filter(|id| !self.by_id.contains_key(id))
    }

    fn unless_unsupported(&mut self, outcome: io::Result<()>) -> io::Result<()> {
        match outcome {
            Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => {
                self.is_unsupported = true;
                Ok(())
            }
            other => other,
        }
    }
}

/// True for the numbers that this program gives.
pub(super) fn is_ours(id: u32) -> bool {
    (FIRST..FIRST + SPAN).contains(&id)
}

/// Numbers that nobody else is likely to give, and that are told at a glance: 186 is BGP.
const FIRST: u32 = 186_000_000;
const SPAN: u32 = 1_000_000;

/// Objects, and hops that the kernel refuses to make one for.
const MOST: usize = 4096;

/// Numbers that are tried, if somebody else has taken the next one.
const ATTEMPTS: usize = 8;

/// An object is crowded if it has one in so many routes: there are never more crowded ones than that.
const CROWDED: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn object(gateway: [u8; 4], interface: u32) -> Object {
        Object { hop: Hop::via(gateway.into(), interface), routes: 1 }
    }

    #[test]
    fn the_numbers_of_an_earlier_run_are_stepped_over_however_many_they_are() {
        let mut objects = Objects { last: SPAN - 2, ..Objects::default() };
        for number in (0..20).chain([21]) {
            objects.by_id.insert(FIRST + number, object([10, 0, 0, 1], 3));
        }
        let numbers: Vec<u32> = objects.free_numbers().take(3).map(|id| id - FIRST).collect();
        assert_eq!(numbers, [SPAN - 1, 20, 22]);
    }

    #[test]
    fn the_end_of_an_object_that_is_avoided_is_news_all_the_same() {
        let known = || {
            let mut objects = Objects::default();
            let object = object([10, 0, 0, 1], 3);
            objects.by_hop.insert(object.hop, Some(FIRST));
            objects.by_id.insert(FIRST, object);
            objects.avoid(FIRST);
            objects
        };
        assert_eq!(known().by_hop.get(&Hop::via([10, 0, 0, 1].into(), 3)), Some(&None));
        assert!(known().forget(FIRST), "somebody has removed it");
        assert!(known().forget_interface(3), "the interface has lost its carrier");
        assert!(!known().forget_interface(4));
    }
}
