//! Routes that this router originates: `network` lines and redistribution.
//!
//! A `network` is announced while the kernel's table has the route, unless `no bgp network import-check`; the
//! speaker says which routes it wants to hear of with [`Speaker::poll_network_watch`]. Redistributed routes come
//! whole, per source and family, and pass the `redistribute` line's metric and route map. Both end in
//! [`Rib::set_advertised`](crate::rib::Rib::set_advertised), which compares: saying the same again does nothing.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Speaker;
use super::config::RouteSource;
use super::link::{NetworkWatch, Presence};
use crate::policy::{DraftNextHop, NextHopKinds, RouteContext, RouteDraft, RouteMap, Scratch, Verdict};
use crate::rib::{LocalRoute, OwnerId};
use crate::time::Instant;
use crate::types::{Family, FamilySet, NextHop, PeerKind, Prefix};
use crate::wire::Origin;

/// A route of the kernel's table, as redistribution sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelRoute {
    /// The destination.
    pub prefix: Prefix,
    /// Where it goes, if it is not a connected network or a blackhole.
    pub next_hop: Option<IpAddr>,
    /// Its metric.
    pub metric: u32,
}

/// Owners up to this one are the speaker's own; embedders take higher ones.
pub const LAST_OWN_OWNER: OwnerId = OwnerId(15);

const NETWORKS: OwnerId = OwnerId(0);

/// What is known of routes that may be originated.
#[derive(Debug, Default)]
pub(super) struct Origins {
    /// Watched prefixes that the kernel's table has.
    present: BTreeSet<Prefix>,
    watched: BTreeSet<Prefix>,
    kernel: BTreeMap<(RouteSource, Family), Vec<KernelRoute>>,
}

/// Weight of a route that this router originates, as in FRR: it beats all that was learned.
const LOCAL_WEIGHT: u16 = 32768;

impl Speaker {
    /// Says whether a watched route is in the kernel's table.
    pub fn handle_network(&mut self, prefix: Prefix, presence: Presence, now: Instant) {
        self.now = now;
        let changed = match presence {
            Presence::Present => {
                self.origins.watched.contains(&prefix) && self.origins.present.insert(prefix)
            }
            Presence::Absent => self.origins.present.remove(&prefix),
        };
        if changed {
            self.originate_networks(now);
        }
    }

    /// A route to begin or to stop watching in the kernel's table.
    pub fn poll_network_watch(&mut self) -> Option<NetworkWatch> {
        self.outbox.next_watch()
    }

    /// Says which routes of `source` the kernel's table has, all of them. They are announced as far as the
    /// configuration redistributes the source.
    pub fn set_redistributed(
        &mut self,
        source: RouteSource,
        family: Family,
        routes: Vec<KernelRoute>,
        now: Instant,
    ) {
        self.now = now;
        self.origins.kernel.insert((source, family), routes);
        self.redistribute(source, family, now);
    }

    /// Announces `routes` for `owner` and nothing else of that owner. Owners above [`LAST_OWN_OWNER`] are free.
    pub fn set_advertised(
        &mut self,
        owner: OwnerId,
        routes: impl IntoIterator<Item = LocalRoute>,
        now: Instant,
    ) {
        self.now = now;
        self.rib_mut().set_advertised(owner, routes, now);
    }

    /// Brings everything that is originated in line with the configuration.
    pub(super) fn originate(&mut self, now: Instant) {
        self.watch_networks();
        self.originate_networks(now);
        let known: Vec<_> = self.origins.kernel.keys().copied().collect();
        for (source, family) in known {
            self.redistribute(source, family, now);
        }
    }

    fn watch_networks(&mut self) {
        let wanted: BTreeSet<Prefix> = if self.config.network_import_check {
            let families = self.config.families.iter();
            families.flat_map(|(_, family)| family.networks.keys().copied()).collect()
        } else {
            BTreeSet::new()
        };
        for prefix in wanted.difference(&self.origins.watched) {
            self.outbox.watch(NetworkWatch { prefix: *prefix, is_wanted: true });
        }
        for prefix in self.origins.watched.difference(&wanted) {
            self.outbox.watch(NetworkWatch { prefix: *prefix, is_wanted: false });
            self.origins.present.remove(prefix);
        }
        self.origins.watched = wanted;
    }

    fn originate_networks(&mut self, now: Instant) {
        let config = Arc::clone(&self.config);
        let present = &self.origins.present;
        let mut scratch = Scratch::default();
        let routes: Vec<_> = config
            .families
            .iter()
            .flat_map(|(_, family)| &family.networks)
            .filter(|(prefix, _)| !config.network_import_check || present.contains(prefix))
            .filter_map(|(prefix, network)| {
                let facts = Facts { prefix: *prefix, next_hop: None, origin: Origin::Igp, med: 0 };
                local_route(facts, network.route_map.as_ref(), &mut scratch)
            })
            .collect();
        self.rib_mut().set_advertised(NETWORKS, routes, now);
    }

    fn redistribute(&mut self, source: RouteSource, family: Family, now: Instant) {
        let config = Arc::clone(&self.config);
        let statement = config.families[family].redistribute.get(&source);
        let kernel = self.origins.kernel.get(&(source, family));
        let mut scratch = Scratch::default();
        let routes: Vec<_> = statement
            .into_iter()
            .flat_map(|statement| kernel.into_iter().flatten().map(move |route| (statement, route)))
            .filter_map(|(statement, route)| {
                let med = statement.metric.unwrap_or(route.metric);
                let next_hop = route.next_hop.map(NextHop::from);
                let facts = Facts { prefix: route.prefix, next_hop, origin: Origin::Incomplete, med };
                local_route(facts, statement.route_map.as_ref(), &mut scratch)
            })
            .collect();
        self.rib_mut().set_advertised(redistribution(source, family), routes, now);
    }
}

/// What makes a local route, before policy.
#[derive(Clone, Copy)]
struct Facts {
    prefix: Prefix,
    next_hop: Option<NextHop>,
    origin: Origin,
    med: u32,
}

/// The route that `facts` make, unless the route map refuses it.
fn local_route(facts: Facts, policy: Option<&Arc<RouteMap>>, scratch: &mut Scratch) -> Option<LocalRoute> {
    let next_hop_kinds = NextHopKinds::of(Family::of(&facts.prefix), FamilySet::EMPTY);
    let mut draft = RouteDraft { weight: LOCAL_WEIGHT, next_hop_kinds, ..RouteDraft::default() };
    draft.attrs.set_origin(facts.origin);
    draft.attrs.set_as_path(&[]);
    draft.attrs.set_med(facts.med);
    if let Some(policy) = policy {
        scratch.forget();
        let route = RouteContext {
            prefix: facts.prefix,
            next_hop: facts.next_hop.unwrap_or_else(|| unspecified(&facts.prefix)),
            weight: draft.weight,
            attrs: draft.attrs.as_block(),
            attrs_key: 0,
            peer: None,
            source: PeerKind::Local,
        };
        match policy.evaluate(&route, scratch) {
            Verdict::Deny => return None,
            Verdict::Permit(changes) => policy.apply(changes, &mut draft),
        }
    }
    let next_hop = match draft.next_hop {
        DraftNextHop::Set(next_hop) => Some(next_hop),
        DraftNextHop::Default | DraftNextHop::PeerAddress | DraftNextHop::Unchanged => facts.next_hop,
    };
    let attrs = draft.attrs.as_block().as_bytes().to_vec();
    Some(LocalRoute { prefix: facts.prefix, next_hop, weight: draft.weight, attrs })
}

/// What FRR shows as the next hop of a route of our own: `0.0.0.0` or `::`.
fn unspecified(prefix: &Prefix) -> NextHop {
    match prefix {
        Prefix::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED).into(),
        Prefix::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED).into(),
    }
}

/// The owner of what is redistributed from one source into one family.
fn redistribution(source: RouteSource, family: Family) -> OwnerId {
    let source = match source {
        RouteSource::Kernel => 1,
        RouteSource::Connected => 3,
        RouteSource::Static => 5,
    };
    OwnerId(source + family as u32)
}
