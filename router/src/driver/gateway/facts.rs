//! From the speaker and the kernel task to the [`World`] that virtual routers look at.
//!
//! A route counts once the kernel has acknowledged it, and no longer as soon as the RIB lets go of it; a default route
//! only while an established session whose table is complete stands for it, so one that is merely kept over a peer's
//! restart does not hold the gateway.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bgp_core::rib::FibChange;
use bgp_core::speaker::{PeerState, Speaker};
use bgp_core::{Family, Prefix};
use frr_bridge::interface::Interface;
use ipnet::{Ipv4Net, Ipv6Net};
use tokio::sync::watch;

use super::world::{Facts, World};
use crate::config::{Desired, TrackObject};

/// What the postman tells the gateway.
#[derive(Debug)]
pub(in crate::driver) struct Reporter {
    world: watch::Sender<Arc<World>>,
    /// Routes that some virtual router depends on.
    tracked: BTreeSet<Prefix>,
    /// Those that the kernel task has not been asked about.
    to_watch: BTreeSet<Prefix>,
    /// The batch that brings a route to the kernel, for those that are on the way or there.
    needed: BTreeMap<Prefix, u64>,
    /// Tracked prefixes with a route that is not BGP's.
    foreign: BTreeSet<Prefix>,
    /// The last batch that the kernel has.
    installed: u64,
    /// The batch that completes the tables of this start, once that is known.
    complete_at: Option<u64>,
    /// Something has changed since the last report.
    is_due: bool,
}

impl Reporter {
    pub(in crate::driver) fn new(world: watch::Sender<Arc<World>>) -> Self {
        Self {
            world,
            tracked: BTreeSet::new(),
            to_watch: BTreeSet::new(),
            needed: BTreeMap::new(),
            foreign: BTreeSet::new(),
            installed: 0,
            complete_at: None,
            is_due: true,
        }
    }

    /// Takes the routes that are tracked from here on.
    pub(in crate::driver) fn configure(&mut self, tracked: BTreeSet<Prefix>) {
        self.to_watch.extend(tracked.difference(&self.tracked));
        self.tracked = tracked;
        self.is_due = true;
    }

    /// The next prefix whose routes that are not BGP's are to be watched.
    pub(in crate::driver) fn poll_watch(&mut self) -> Option<Prefix> {
        self.to_watch.pop_first()
    }

    /// True if somebody here wants to hear of a prefix.
    pub(in crate::driver) fn is_tracked(&self, prefix: &Prefix) -> bool {
        self.tracked.contains(prefix)
    }

    /// An interface as it is now.
    pub(in crate::driver) fn interface(&self, index: u32, interface: Option<&Arc<Interface>>) {
        self.world.send_modify(|world| {
            let interfaces = &mut Arc::make_mut(world).interfaces;
            match interface {
                Some(interface) => drop(interfaces.insert(index, Arc::clone(interface))),
                None => drop(interfaces.remove(&index)),
            }
        });
    }

    /// A route goes to the kernel, or is taken from it, by the batch of this number.
    pub(in crate::driver) fn route(&mut self, change: &FibChange, batch: u64) {
        let prefix = &change.prefix;
        if prefix.prefix_len() > 0 && !self.tracked.contains(prefix) {
            return;
        }
        self.is_due = true;
        match change.route {
            None => drop(self.needed.remove(prefix)),
            // One that is there already is replaced in place.
            Some(_) => {
                let known = self.needed.entry(*prefix).or_insert(batch);
                if *known == REFUSED {
                    *known = batch;
                }
            }
        }
    }

    /// The kernel has everything up to this batch.
    pub(in crate::driver) fn installed(&mut self, batch: u64) {
        self.installed = batch;
        self.is_due = true;
    }

    /// The kernel refused a route.
    pub(in crate::driver) fn refused(&mut self, prefix: &Prefix) {
        if let Some(needed) = self.needed.get_mut(prefix) {
            *needed = REFUSED;
            self.is_due = true;
        }
    }

    /// Whether there is a route to a tracked prefix that is not BGP's.
    pub(in crate::driver) fn foreign(&mut self, prefix: Prefix, is_there: bool) {
        self.is_due |= match is_there {
            true => self.foreign.insert(prefix),
            false => self.foreign.remove(&prefix),
        };
    }

    /// The tables of this start are complete with the batch of this number. Only the first time counts.
    pub(in crate::driver) fn complete(&mut self, batch: u64) {
        if self.complete_at.is_none() {
            self.complete_at = Some(batch);
            self.is_due = true;
        }
    }

    /// A session came or went, or a peer's table is complete.
    pub(in crate::driver) fn peers_changed(&mut self) {
        self.is_due = true;
    }

    /// Lets the virtual routers know, if anything has changed for them.
    pub(in crate::driver) fn report(&mut self, speaker: &Speaker) {
        if !std::mem::take(&mut self.is_due) {
            return;
        }
        let established = speaker.peers().filter(|peer| peer.state == PeerState::Established);
        let is_default_up = |family: &Family| {
            let prefix = default_route(*family);
            self.is_installed(&prefix) && is_fresh(speaker, &prefix, *family)
        };
        let has_route = |prefix: &&Prefix| self.foreign.contains(prefix) || self.is_installed(prefix);
        let facts = Facts {
            is_ready: self.complete_at.is_some_and(|batch| batch <= self.installed),
            defaults: Family::ALL.into_iter().filter(is_default_up).collect(),
            peers: established.map(|peer| peer.address).collect(),
            routes: self.tracked.iter().filter(has_route).copied().collect(),
        };
        self.world.send_if_modified(|world| {
            let is_other = world.facts != facts;
            if is_other {
                Arc::make_mut(world).facts = facts;
            }
            is_other
        });
    }

    fn is_installed(&self, prefix: &Prefix) -> bool {
        self.needed.get(prefix).is_some_and(|batch| *batch <= self.installed)
    }
}

/// The routes that virtual routers of a configuration depend on.
pub(in crate::driver) fn tracked_routes(desired: &Desired) -> BTreeSet<Prefix> {
    let routers = desired.interfaces.values().flat_map(|interface| interface.vrrp.values());
    let routes = routers.flat_map(|router| &router.tracks).filter_map(|track| match track.object {
        TrackObject::Route(prefix) => Some(prefix),
        TrackObject::DefaultRoute(_) | TrackObject::BgpPeer(_) | TrackObject::Interface(_) => None,
    });
    routes.collect()
}

/// Whether a path that is used comes from an established session with a complete table. A peer that promises no
/// End-of-RIB has a complete table as soon as it is there.
fn is_fresh(speaker: &Speaker, prefix: &Prefix, family: Family) -> bool {
    let Some(route) = speaker.rib().prefix(prefix) else { return false };
    route.paths().filter(|path| path.is_used && !path.is_stale).any(|path| {
        speaker.peer(path.address).filter(|peer| peer.state == PeerState::Established).is_some_and(|peer| {
            peer.session.is_some_and(|session| {
                let promises = session.negotiated.is_some_and(|agreed| agreed.graceful_restart.is_some());
                !promises || session.end_of_rib.contains(family)
            })
        })
    })
}

fn default_route(family: Family) -> Prefix {
    match family {
        Family::Ipv4Unicast => Prefix::V4(Ipv4Net::default()),
        Family::Ipv6Unicast => Prefix::V6(Ipv6Net::default()),
    }
}

/// A batch that never comes.
const REFUSED: u64 = u64::MAX;
