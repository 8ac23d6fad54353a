//! Between BGP and the kernel task: which facts go which way, and in which words.
//!
//! Routes go down in batches that collect while the kernel is busy, keyed by prefix. Past a limit nothing more
//! is taken out of the RIB, whose own memory of what the kernel has not heard is a bit a prefix.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use bgp_core::rib::{FibChange, FibRoute, NextHopInterest, NextHopState};
use bgp_core::speaker::config::{Config, RouteSource};
use bgp_core::{Family, FamilyMap, Instant, NextHop, Prefix};
use frr_bridge::kernel::{
    BgpNextHop, BgpRoute, Command, ForwardingFamily, Kernel, Redistributed, RouteBatch, Source, Sources,
    StaticRoute, StaticVia, Stopped, WantedAddress,
};
use frr_bridge::resolve::{Resolution, ThroughDefault};
use hashbrown::HashMap;

use crate::config::{Desired, StaticTarget};

/// Where BGP's routes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// To the kernel task.
    Kernel,
    /// Nowhere: a route reflector or a collector forwards nothing.
    Nowhere,
}

/// Routes on their way to the kernel.
#[derive(Debug)]
pub(super) struct RoutesDown {
    destination: Destination,
    pending: RouteBatch,
    sent: u64,
    translated: HashMap<usize, (Arc<FibRoute>, Arc<BgpRoute>)>,
}

impl RoutesDown {
    pub(super) fn new(destination: Destination) -> Self {
        Self { destination, pending: RouteBatch::default(), sent: 0, translated: HashMap::new() }
    }

    /// True while more may be taken out of the RIB.
    pub(super) fn has_room(&self) -> bool {
        self.pending.len() < MOST_PENDING
    }

    /// The number of the batch that what is pushed now goes with; that of the last one if nothing is ever sent.
    pub(super) const fn next_batch(&self) -> u64 {
        match self.destination {
            Destination::Kernel => self.sent + 1,
            Destination::Nowhere => 0,
        }
    }

    /// The number of the last batch that was handed over.
    pub(super) const fn last_batch(&self) -> u64 {
        self.sent
    }

    /// True if nothing waits for the kernel task.
    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Adds a change; a later one for the same prefix replaces it.
    pub(super) fn push(&mut self, change: FibChange) {
        if self.destination == Destination::Nowhere {
            return;
        }
        let route = change.route.map(|route| self.translate(route));
        self.pending.set(change.prefix, route);
    }

    /// Hands over what has collected, if the kernel task has room.
    pub(super) fn offer(&mut self, kernel: &Kernel) {
        if self.pending.is_empty() {
            return;
        }
        let mut batch = std::mem::take(&mut self.pending);
        self.sent += 1;
        batch.id = self.sent;
        if let Err(batch) = kernel.offer(batch) {
            self.sent -= 1;
            self.pending = batch;
        }
    }

    /// Routes are shared by all prefixes that are forwarded alike, so each is translated once.
    fn translate(&mut self, route: Arc<FibRoute>) -> Arc<BgpRoute> {
        let key = Arc::as_ptr(&route).addr();
        if let Some((_, translated)) = self.translated.get(&key) {
            return Arc::clone(translated);
        }
        if self.translated.len() >= MOST_TRANSLATED {
            self.translated.clear();
        }
        let next_hops = route.next_hops.iter().map(|hop| BgpNextHop {
            address: hop.address.address(),
            link_local: match hop.address {
                NextHop::V6 { link_local, .. } => link_local,
                NextHop::V4(_) => None,
            },
            interface: hop.interface,
            weight: u8::try_from(hop.weight.max(1)).unwrap_or(u8::MAX),
        });
        let translated = Arc::new(BgpRoute { next_hops: next_hops.collect(), distance: route.distance });
        self.translated.insert(key, (route, Arc::clone(&translated)));
        translated
    }
}

/// What the configuration asks of the kernel beside BGP's routes. Idempotent.
pub(super) async fn configure(kernel: &Kernel, desired: &Desired) -> Result<(), Stopped> {
    let forwarding = desired.forwarding;
    for (family, wanted) in [(ForwardingFamily::V4, forwarding.ipv4), (ForwardingFamily::V6, forwarding.ipv6)]
    {
        if let Some(on) = wanted {
            kernel.send(Command::Forwarding(family, on)).await?;
        }
    }
    let through_default =
        ThroughDefault { v4: desired.resolve_via_default_v4, v6: desired.resolve_via_default_v6 };
    kernel.send(Command::ResolveViaDefault(through_default)).await?;
    kernel.send(Command::Addresses(addresses(desired))).await?;
    kernel.send(Command::StaticRoutes(static_routes(desired))).await?;
    kernel.send(Command::Redistribute(sources(desired.bgp.as_ref()))).await
}

fn addresses(desired: &Desired) -> Vec<WantedAddress> {
    let of = |(name, interface): (&String, &crate::config::Interface)| -> Vec<WantedAddress> {
        let wanted = |address| WantedAddress { interface: name.clone(), address, peer: None };
        interface.addresses.iter().copied().map(wanted).collect()
    };
    desired.interfaces.iter().flat_map(of).collect()
}

fn static_routes(desired: &Desired) -> Vec<StaticRoute> {
    let route = |route: &crate::config::StaticRoute| StaticRoute {
        prefix: route.prefix,
        via: match &route.target {
            StaticTarget::Gateway(address) => {
                StaticVia::Gateway { address: *address, interface: None, onlink: false }
            }
            StaticTarget::GatewayOnInterface { gateway, interface, onlink } => {
                StaticVia::Gateway { address: *gateway, interface: Some(interface.clone()), onlink: *onlink }
            }
            StaticTarget::Interface(name) => StaticVia::Interface(name.clone()),
            StaticTarget::Blackhole => StaticVia::Blackhole,
            StaticTarget::Reject => StaticVia::Reject,
        },
        distance: route.distance,
        tag: route.tag,
        table: route.table,
    };
    desired.static_routes.iter().map(route).collect()
}

fn sources(config: Option<&Config>) -> Sources {
    let is_wanted = |source| {
        config.is_some_and(|config| {
            config.families.iter().any(|(_, family)| family.redistribute.contains_key(&source))
        })
    };
    Sources {
        kernel: is_wanted(RouteSource::Kernel),
        connected: is_wanted(RouteSource::Connected),
        r#static: is_wanted(RouteSource::Static),
    }
}

/// Asks the kernel task to report on a next hop, or no longer.
pub(super) fn interest(interest: NextHopInterest) -> Command {
    if interest.wanted { Command::Track(interest.addr) } else { Command::Untrack(interest.addr) }
}

/// A next hop's state in the core's words.
pub(super) fn next_hop_state(resolution: &Resolution) -> NextHopState {
    match resolution {
        Resolution::Unreachable => NextHopState::Unreachable,
        Resolution::Via { metric, connected, .. } => {
            NextHopState::Reachable { metric: *metric, connected: *connected }
        }
    }
}

/// The routes that may be redistributed, by where they come from.
#[derive(Debug, Default)]
pub(super) struct Redistribution {
    routes: BTreeMap<RouteSource, FamilyMap<BTreeMap<Prefix, Redistributed>>>,
    /// Sets that differ from what the speaker was given.
    changed: BTreeSet<(RouteSource, Family)>,
    /// When sets may be taken again.
    rests_until: Instant,
}

impl Redistribution {
    /// Takes a change in.
    pub(super) fn set(&mut self, source: Source, prefix: Prefix, route: Option<Redistributed>) {
        let source = match source {
            Source::Kernel => RouteSource::Kernel,
            Source::Connected => RouteSource::Connected,
            Source::Static => RouteSource::Static,
        };
        let family = Family::of(&prefix);
        let set = &mut self.routes.entry(source).or_default()[family];
        match route {
            Some(route) => set.insert(prefix, route),
            None => set.remove(&prefix),
        };
        self.changed.insert((source, family));
    }

    /// When the next sets are to be taken, if any have changed.
    pub(super) fn due(&self) -> Option<Instant> {
        (!self.changed.is_empty()).then_some(self.rests_until)
    }

    /// The sets that have changed since they were last taken, unless it is too early for that.
    pub(super) fn take_due(&mut self, now: Instant) -> BTreeSet<(RouteSource, Family)> {
        if now < self.rests_until { BTreeSet::new() } else { std::mem::take(&mut self.changed) }
    }

    /// Says how long it took to hand over what was taken. A set costs as much as it holds routes, however few of
    /// them have changed, so what follows collects for a multiple of that.
    pub(super) fn rest(&mut self, began: Instant, ended: Instant) {
        self.rests_until = ended + (ended - began) * REST;
    }

    /// A set, in the order of prefixes: destination, gateway if there is one, metric.
    pub(super) fn get(
        &self,
        source: RouteSource,
        family: Family,
    ) -> impl Iterator<Item = (Prefix, Option<IpAddr>, u32)> {
        let gateway = |route: &Redistributed| route.kind.hops().first().and_then(|hop| hop.gateway);
        let set = self.routes.get(&source).map(|families| &families[family]);
        set.into_iter().flatten().map(move |(prefix, route)| (*prefix, gateway(route), route.metric))
    }
}

/// Changes that may wait for the kernel task; past that they wait in the RIB.
const MOST_PENDING: usize = 32 * 1024;
/// Translated routes that are remembered; there are about as many as sets of next hops.
const MOST_TRANSLATED: usize = 4096;
/// How many times as long sets of redistributed routes are left alone as they took: a fifth of the thread at most
/// goes into them, whatever the kernel's table does.
const REST: u32 = 4;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use frr_bridge::route::RouteKind;

    use super::*;

    #[test]
    fn what_changes_soon_after_a_large_set_was_handed_over_collects() {
        let mut redistribution = Redistribution::default();
        let route = Redistributed { metric: 0, kind: RouteKind::Blackhole };
        let set = |redistribution: &mut Redistribution, prefix: &str| {
            redistribution.set(Source::Kernel, prefix.parse().unwrap(), Some(route.clone()));
        };
        let took = Duration::from_millis(10);
        let began = Instant::START + took;
        let ended = began + took;
        set(&mut redistribution, "192.0.2.0/24");
        assert_eq!(redistribution.take_due(began).len(), 1);
        redistribution.rest(began, ended);
        assert_eq!(redistribution.due(), None);

        set(&mut redistribution, "198.51.100.0/24");
        set(&mut redistribution, "203.0.113.0/24");
        assert!(redistribution.take_due(ended + took).is_empty());
        let due = redistribution.due().unwrap();
        assert_eq!(due, ended + 4 * took);
        let sets = redistribution.take_due(due);
        assert_eq!(sets, BTreeSet::from([(RouteSource::Kernel, Family::Ipv4Unicast)]));
        assert_eq!(redistribution.get(RouteSource::Kernel, Family::Ipv4Unicast).count(), 3);
        assert_eq!(redistribution.due(), None);
    }
}
