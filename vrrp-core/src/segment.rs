//! All the virtual routers of one interface, up to 255 of each family.
//!
//! A raw socket sees the packets of every VRID on its link; the segment finds the virtual router that one is for, and
//! counts those that are for nobody here. For the rest it is a map: the driver asks each virtual router for what it
//! has, and the segment for when the first of them wants to be called.

use alloc::collections::BTreeMap;

use crate::error::{DropReason, Drops};
use crate::packet::Datagram;
use crate::router::{Timer, VirtualRouter};
use crate::time::Instant;
use crate::types::{Family, HOP_LIMIT, Vrid};

/// Which virtual router of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Its number.
    pub vrid: Vrid,
    /// Its family.
    pub family: Family,
}

/// The virtual routers of one interface.
#[derive(Debug, Default)]
pub struct Segment {
    routers: BTreeMap<Key, VirtualRouter>,
    dropped: Drops,
}

impl Segment {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a virtual router; gives back the one that had its place.
    pub fn insert(&mut self, router: VirtualRouter) -> Option<VirtualRouter> {
        self.routers.insert(Key { vrid: router.vrid(), family: router.family() }, router)
    }

    /// Takes one out, as it stands.
    pub fn remove(&mut self, key: Key) -> Option<VirtualRouter> {
        self.routers.remove(&key)
    }

    /// Gives a datagram to the virtual router it is for, which then wants to be drained.
    pub fn handle_packet(&mut self, datagram: &Datagram<'_>, now: Instant) -> Option<Key> {
        let family = datagram.endpoints.family();
        let key = datagram.vrid().map(|vrid| Key { vrid, family });
        let found = key.and_then(|key| Some((key, self.routers.get_mut(&key)?)));
        let Some((key, router)) = found else {
            self.dropped.count(match datagram.hop_limit {
                HOP_LIMIT => DropReason::Vrid,
                _ => DropReason::HopLimit,
            });
            return None;
        };
        router.handle_packet(datagram, now);
        Some(key)
    }

    /// Time has passed for all of them.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.routers.values_mut().for_each(|router| router.handle_timeout(now));
    }

    /// When the first of them is due, and for what.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, Key, Timer)> {
        let due = |(key, router): (&Key, &VirtualRouter)| {
            router.poll_timeout().map(|(at, timer)| (at, *key, timer))
        };
        self.routers.iter().filter_map(due).min_by_key(|(at, key, _)| (*at, *key))
    }

    /// One of them.
    #[must_use]
    pub fn router(&self, key: Key) -> Option<&VirtualRouter> {
        self.routers.get(&key)
    }

    /// One of them, to tell it something.
    pub fn router_mut(&mut self, key: Key) -> Option<&mut VirtualRouter> {
        self.routers.get_mut(&key)
    }

    /// All of them, by number.
    pub fn routers(&self) -> impl Iterator<Item = (Key, &VirtualRouter)> {
        self.routers.iter().map(|(key, router)| (*key, router))
    }

    /// All of them, to tell them something.
    pub fn routers_mut(&mut self) -> impl Iterator<Item = (Key, &mut VirtualRouter)> {
        self.routers.iter_mut().map(|(key, router)| (*key, router))
    }

    /// Packets for nobody here; those for somebody are in its own counters.
    #[must_use]
    pub const fn dropped(&self) -> &Drops {
        &self.dropped
    }
}
