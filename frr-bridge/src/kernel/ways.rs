//! From BGP's next hops to the kernel's.
//!
//! Many prefixes share one [`BgpRoute`], so what it resolves to is worked out once and remembered until an
//! interface or a route that is not BGP's changes.

use std::sync::Arc;

use hashbrown::HashMap;

use super::command::{BgpNextHop, BgpRoute};
use crate::resolve::{Resolution, SystemTable};
use crate::route::{Hop, RouteKind};

#[derive(Debug, Default)]
pub(super) struct Ways {
    /// By address of the shared route, which the value keeps alive.
    known: HashMap<usize, (Arc<BgpRoute>, Option<RouteKind>)>,
}

impl Ways {
    /// What to install for `route`; `None` while none of its next hops leads anywhere.
    pub(super) fn kind(&mut self, system: &SystemTable, route: &Arc<BgpRoute>) -> Option<RouteKind> {
        let key = Arc::as_ptr(route).addr();
        if let Some((_, kind)) = self.known.get(&key) {
            return kind.clone();
        }
        if self.known.len() >= MOST {
            self.known.clear();
        }
        let kind = resolve(system, route);
        self.known.insert(key, (Arc::clone(route), kind.clone()));
        kind
    }

    /// Something changed that next hops resolve through.
    pub(super) fn clear(&mut self) {
        self.known.clear();
    }
}

fn resolve(system: &SystemTable, route: &BgpRoute) -> Option<RouteKind> {
    if route.next_hops.is_empty() {
        return Some(RouteKind::Blackhole);
    }
    let mut hops: Vec<Hop> = Vec::new();
    for next_hop in &route.next_hops {
        for hop in resolve_one(system, next_hop).hops() {
            let weight = u16::from(hop.weight.max(1)) * u16::from(next_hop.weight.max(1));
            let hop = Hop { weight: u8::try_from(weight).unwrap_or(u8::MAX), ..*hop };
            // Two BGP next hops may leave by the same way.
            if !hops.iter().any(|known| (known.gateway, known.interface) == (hop.gateway, hop.interface)) {
                hops.push(hop);
            }
        }
    }
    (!hops.is_empty()).then(|| RouteKind::Unicast(hops.into()))
}

/// A directly connected IPv6 next hop is installed by the link-local address that came with it, as FRR does.
fn resolve_one(system: &SystemTable, next_hop: &BgpNextHop) -> Resolution {
    let global = match (next_hop.address, next_hop.interface) {
        (std::net::IpAddr::V6(v6), Some(interface)) if v6.is_unicast_link_local() => {
            return system.resolve_on(next_hop.address, interface);
        }
        (address, _) => system.resolve(address),
    };
    match (&global, next_hop.link_local) {
        (Resolution::Via { connected: true, interface: Some(interface), .. }, Some(link_local)) => {
            system.resolve_on(link_local.into(), *interface)
        }
        _ => global,
    }
}

/// Distinct sets of next hops that are remembered.
const MOST: usize = 1 << 16;
