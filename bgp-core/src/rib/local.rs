//! Routes that this router originates, by owner.
//!
//! An owner says what it wants advertised, all of it, each time; the difference to the last time is found here.
//! Owners do not know of each other: two of them with one prefix are two paths.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::Rib;
use super::attrs::SetKey;
use super::facts::{LocalRoute, OwnerId};
use super::family::FamilyRib;
use super::nexthop::{NextHopId, Via};
use super::path::Path;
use super::peer::PeerIx;
use super::shared::Shared;
use crate::time::Instant;
use crate::types::{Family, FamilyMap, Nlri, Prefix};

impl Rib {
    /// Makes `routes` the routes of `owner`, all of them; of several for one prefix the last one counts.
    pub fn set_advertised(
        &mut self,
        owner: OwnerId,
        routes: impl IntoIterator<Item = LocalRoute>,
        now: Instant,
    ) {
        let mut wanted: FamilyMap<BTreeSet<Prefix>> = FamilyMap::default();
        for route in routes {
            let family = Family::of(&route.prefix);
            wanted[family].insert(route.prefix);
            self.families[family].originate(&mut self.shared, owner, &route, now);
        }
        for (family, wanted) in wanted.iter_mut() {
            let wanted = core::mem::take(wanted);
            self.families[family].retract_others(&mut self.shared, owner, wanted);
        }
    }
}

impl FamilyRib {
    fn originate(&mut self, shared: &mut Shared, owner: OwnerId, route: &LocalRoute, now: Instant) {
        let next_hop = match route.next_hop {
            Some(next_hop) => shared.next_hops.intern(Via { next_hop, interface: None }),
            None => NextHopId::SELF,
        };
        let key = SetKey { block: &route.attrs, next_hop, weight: route.weight };
        let attrs = shared.attrs.intern(&key, &mut shared.next_hops);
        shared.next_hops.drop_unused(next_hop);
        let known = self.table.find(&route.prefix).is_some_and(|id| {
            self.table.paths(id).any(|path| {
                shared.sources.is_of(path.source, PeerIx::LOCAL, path_id(owner)) && path.received == attrs
            })
        });
        match self.table.intern(&route.prefix).filter(|_| !known) {
            Some(id) => {
                let source = shared.sources.hold(shared.local[self.family], path_id(owner));
                shared.attrs.hold(attrs, 1);
                self.put(shared, id, Path::new(source, (attrs, attrs), now));
            }
            None => shared.attrs.release(attrs, &mut shared.next_hops),
        }
    }

    fn retract_others(&mut self, shared: &mut Shared, owner: OwnerId, wanted: BTreeSet<Prefix>) {
        let had = self.owned.remove(&owner).unwrap_or_default();
        let gone: Vec<Prefix> = had.difference(&wanted).copied().collect();
        for prefix in gone {
            self.withdraw(shared, PeerIx::LOCAL, &Nlri { path_id: path_id(owner), prefix });
        }
        if !wanted.is_empty() {
            self.owned.insert(owner, wanted);
        }
    }
}

/// Owners are told apart as a peer's paths are.
const fn path_id(owner: OwnerId) -> u32 {
    owner.0.wrapping_add(1)
}
