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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Settings, VirtualAddresses};
    use crate::packet::Message;
    use crate::router::{FsmState, Link, Port};
    use crate::types::{Endpoints, Mac, Priority};
    use alloc::vec::Vec;
    use core::time::Duration;

    fn key(vrid: u8, family: Family) -> Key {
        Key { vrid: Vrid::new(vrid).unwrap(), family }
    }

    fn settings(key: Key) -> Settings {
        let address = match key.family {
            Family::Ipv4 => "10.0.0.254",
            Family::Ipv6 => "fe80::254",
        };
        Settings::new(key.vrid, VirtualAddresses::collect([address.parse().unwrap()]).unwrap())
    }

    fn full() -> Segment {
        let mut segment = Segment::new();
        for vrid in 1..=255 {
            for (family, primary) in [(Family::Ipv4, "10.0.0.1"), (Family::Ipv6, "fe80::1")] {
                let config = Config::check(settings(key(vrid, family))).unwrap();
                let mut router = VirtualRouter::new(config, Instant::START);
                let port = Port { primary: primary.parse().unwrap(), mac: Mac([2; 6]) };
                router.handle_interface(Link::Up(port), Instant::START);
                assert!(segment.insert(router).is_none());
            }
        }
        segment
    }

    fn hear(segment: &mut Segment, key: Key, hop_limit: u8) -> Option<Key> {
        let source = match key.family {
            Family::Ipv4 => "10.0.0.2",
            Family::Ipv6 => "fe80::2",
        };
        let endpoints = Endpoints::new(source.parse().unwrap(), key.family.group()).unwrap();
        let settings = settings(key);
        let message = Message {
            version: settings.version,
            vrid: key.vrid,
            priority: Some(Priority::DEFAULT),
            interval: settings.interval,
            addresses: &settings.addresses,
            form: settings.checksum,
        };
        let mut payload = Vec::new();
        message.emit(&endpoints, &mut payload);
        let at = Instant::START + Duration::from_secs(3);
        segment.handle_packet(&Datagram { endpoints, hop_limit, payload: &payload }, at)
    }

    #[test]
    fn both_families_of_every_vrid_are_virtual_routers_of_their_own() {
        let mut segment = full();
        let heard = key(200, Family::Ipv6);
        assert_eq!(hear(&mut segment, heard, 255), Some(heard));
        for (_, router) in segment.routers_mut() {
            while router.poll_event().is_some() {}
        }
        let (at, first, _) = segment.poll_timeout().unwrap();
        assert_eq!((at - Instant::START, first.vrid.get()), (Duration::from_nanos(3_609_375_000), 1));
        segment.handle_timeout(at);
        let backups: Vec<_> =
            segment.routers().filter(|(_, r)| r.state() == FsmState::Backup).map(|(key, _)| key).collect();
        assert_eq!(backups, [heard]);
    }

    #[test]
    fn packets_for_nobody_here_are_counted() {
        let mut segment = full();
        let gone = key(7, Family::Ipv4);
        assert!(segment.remove(gone).is_some());
        assert_eq!(hear(&mut segment, gone, 255), None);
        assert_eq!(hear(&mut segment, gone, 64), None);
        assert_eq!(segment.dropped().of(DropReason::Vrid), 1);
        assert_eq!(segment.dropped().of(DropReason::HopLimit), 1);
        assert_eq!(segment.dropped().total(), 2);
    }
}
