//! What virtual routers go by beside their packets, as it is now.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use bgp_core::{Family, Prefix};
use frr_bridge::interface::Interface;

use crate::config::TrackObject;

/// The latest state of everything that virtual routers look at.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::driver) struct World {
    /// By index.
    pub(in crate::driver) interfaces: BTreeMap<u32, Arc<Interface>>,
    pub(in crate::driver) facts: Facts,
}

/// What BGP and the kernel's tables contribute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::driver) struct Facts {
    /// The tables of this start are in the kernel: the gateway may be taken.
    pub(in crate::driver) is_ready: bool,
    /// Families with a default route in the kernel that an established session with a complete table stands for.
    pub(in crate::driver) defaults: BTreeSet<Family>,
    /// Peers with an established session.
    pub(in crate::driver) peers: BTreeSet<IpAddr>,
    /// Those of the tracked prefixes that the table has.
    pub(in crate::driver) routes: BTreeSet<Prefix>,
}

impl World {
    /// The interface with this name.
    pub(super) fn interface(&self, name: &str) -> Option<&Arc<Interface>> {
        self.interfaces.values().find(|interface| interface.name == name)
    }

    /// Whether a tracked object holds, as a virtual router of `family` sees it.
    pub(super) fn holds(&self, object: &TrackObject, family: Family) -> bool {
        match object {
            TrackObject::DefaultRoute(named) => self.facts.defaults.contains(&named.unwrap_or(family)),
            TrackObject::BgpPeer(address) => self.facts.peers.contains(address),
            TrackObject::Interface(name) => self.interface(name).is_some_and(|found| found.is_operative()),
            TrackObject::Route(prefix) => self.facts.routes.contains(prefix),
        }
    }
}

/// The table that a family's routes are in.
pub(super) const fn table_family(family: vrrp_core::Family) -> Family {
    match family {
        vrrp_core::Family::Ipv4 => Family::Ipv4Unicast,
        vrrp_core::Family::Ipv6 => Family::Ipv6Unicast,
    }
}
