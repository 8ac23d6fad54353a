//! The table of routes that are not BGP's.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Instant;

use ipnet::IpNet;

use super::prefix_map::PrefixMap;
use super::{Resolution, Source, StaticRoute, ThroughDefault};
use crate::interface::Interface;
use crate::route::{Hop, Protocol, Route, RouteKind};

/// Connected, kernel and static routes, and the next hops that are asked about.
#[derive(Debug, Default)]
pub struct SystemTable {
    links: BTreeMap<u32, Link>,
    pub(super) prefixes: PrefixMap<Entry>,
    /// Static routes of other tables: resolved by this one, selected by themselves.
    elsewhere: BTreeMap<(u32, IpNet), Elsewhere>,
    tracked: BTreeMap<IpAddr, Resolution>,
    pub(super) through_default: ThroughDefault,
    dirty: BTreeSet<IpNet>,
    is_changed: bool,
}

/// The best route of a prefix, with everything resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// Where it comes from.
    pub source: Source,
    /// Administrative distance.
    pub distance: u8,
    /// Metric.
    pub metric: u32,
    /// What happens to packets.
    pub kind: RouteKind,
}

/// A prefix whose best route is another than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteChange {
    /// Kernel table; `None`: the one that this table is about.
    pub table: Option<u32>,
    /// The prefix.
    pub prefix: IpNet,
    /// Before.
    pub before: Option<Selected>,
    /// Now.
    pub after: Option<Selected>,
}

/// What a [`SystemTable::refresh`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Prefixes, in order.
    pub routes: Vec<RouteChange>,
    /// Tracked next hops that lead elsewhere now, in order.
    pub next_hops: Vec<(IpAddr, Resolution)>,
}

/// Everything known of one prefix.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    /// Interfaces that it is connected to.
    pub(crate) connected: BTreeSet<u32>,
    /// Routes of other programs.
    pub(crate) kernel: Vec<Route>,
    /// Configured lines, by distance.
    pub(crate) statics: Vec<StaticRoute>,
    /// The best of them, as of the last refresh.
    pub(crate) selected: Option<Selected>,
    /// When that changed last.
    pub(crate) since: Option<Instant>,
}

#[derive(Debug, Default)]
struct Elsewhere {
    statics: Vec<StaticRoute>,
    selected: Option<Selected>,
}

#[derive(Debug)]
struct Link {
    name: String,
    is_operative: bool,
    connected: BTreeSet<IpNet>,
    own: BTreeSet<IpAddr>,
}

impl SystemTable {
    /// Takes an interface as it is now.
    pub fn set_interface(&mut self, interface: &Interface) {
        let is_operative = interface.is_operative();
        let connected = if is_operative { connected_prefixes(interface) } else { BTreeSet::new() };
        let own = interface.addresses.iter().map(|own| own.address.addr()).collect();
        let link = Link { name: interface.name.clone(), is_operative, connected, own };
        self.replace_link(interface.index, Some(link));
        // A next hop may have become our own address, or no longer be.
        self.is_changed = true;
    }

    /// The interface is gone.
    pub fn remove_interface(&mut self, index: u32) {
        self.replace_link(index, None);
    }

    /// Takes a foreign route of the kernel; `replaces` those of equal metric.
    pub fn put_kernel(&mut self, route: Route, replaces: bool) {
        let prefix = route.prefix;
        let entry = self.prefixes.entry(prefix);
        entry.kernel.retain(|known| {
            let same_owner = known.protocol == route.protocol && same_class(known, &route);
            known.priority != route.priority || !(replaces || same_owner)
        });
        let at = entry.kernel.partition_point(|known| known.priority <= route.priority);
        entry.kernel.insert(at, route);
        self.touch(prefix);
    }

    /// A foreign route of the kernel, or some next hops of it, are gone. One of ours may have taken its place.
    pub fn remove_kernel(&mut self, route: &Route) {
        let Some(entry) = self.prefixes.get_mut(&route.prefix) else { return };
        for known in &mut entry.kernel {
            if known.priority == route.priority && known.protocol == route.protocol {
                let gone = route.kind.hops();
                let left: Vec<Hop> =
                    known.kind.hops().iter().filter(|hop| !has_hop(gone, hop)).copied().collect();
                known.kind = RouteKind::Unicast(left.into());
            }
        }
        entry.kernel.retain(|known| !matches!(&known.kind, RouteKind::Unicast(hops) if hops.is_empty()));
        self.touch(route.prefix);
    }

    /// Takes all foreign routes as they are now, instead of those known before.
    pub fn replace_kernel(&mut self, routes: Vec<Route>) {
        let mut before: BTreeMap<IpNet, Vec<Route>> = BTreeMap::new();
        for (prefix, entry) in self.prefixes.iter_mut().filter(|(_, entry)| !entry.kernel.is_empty()) {
            before.insert(*prefix, std::mem::take(&mut entry.kernel));
        }
        let dirty = self.dirty.clone();
        let mut touched: BTreeSet<IpNet> = before.keys().copied().collect();
        for route in routes {
            touched.insert(route.prefix);
            self.put_kernel(route, false);
        }
        self.dirty = dirty;
        for prefix in touched {
            let known = before.get(&prefix).map_or(&[][..], Vec::as_slice);
            if self.prefixes.get(&prefix).map_or(&[][..], |entry| &entry.kernel) != known {
                self.touch(prefix);
            }
        }
    }

    /// Takes all configured static routes.
    pub fn set_statics(&mut self, mut routes: Vec<StaticRoute>) {
        routes.sort_by(|a, b| (a.distance, a).cmp(&(b.distance, b)));
        routes.dedup();
        let mut touched = Vec::new();
        for (prefix, entry) in self.prefixes.iter_mut().filter(|(_, entry)| !entry.statics.is_empty()) {
            entry.statics.clear();
            touched.push(*prefix);
        }
        self.elsewhere.values_mut().for_each(|elsewhere| elsewhere.statics.clear());
        for route in routes {
            touched.push(route.prefix);
            match route.table {
                None => self.prefixes.entry(route.prefix).statics.push(route),
                Some(table) => self.elsewhere.entry((table, route.prefix)).or_default().statics.push(route),
            }
        }
        touched.into_iter().for_each(|prefix| self.touch(prefix));
        self.is_changed = true;
    }

    /// Which next hops may resolve through a default route.
    pub fn set_through_default(&mut self, through_default: ThroughDefault) {
        self.through_default = through_default;
        self.is_changed = true;
    }

    /// Begins to track a next hop, and says where it leads.
    pub fn track(&mut self, address: IpAddr) -> Resolution {
        let resolution = self.resolve(address);
        self.tracked.insert(address, resolution.clone());
        resolution
    }

    /// Tracks it no longer.
    pub fn untrack(&mut self, address: IpAddr) {
        self.tracked.remove(&address);
    }

    /// Works out what has changed since this was called last.
    pub fn refresh(&mut self, now: Instant) -> Changes {
        let mut changes = Changes::default();
        if !std::mem::take(&mut self.is_changed) {
            return changes;
        }
        let mut prefixes = std::mem::take(&mut self.dirty);
        // A static route depends on whatever its gateways resolve through.
        prefixes.extend(
            self.prefixes.iter().filter(|(_, entry)| !entry.statics.is_empty()).map(|(prefix, _)| prefix),
        );
        for prefix in prefixes {
            let after = self.prefixes.get(&prefix).and_then(|entry| self.select(&prefix, entry));
            let Some(entry) = self.prefixes.get_mut(&prefix) else { continue };
            if entry.selected != after {
                let before = std::mem::replace(&mut entry.selected, after.clone());
                entry.since = Some(now);
                changes.routes.push(RouteChange { table: None, prefix, before, after });
            }
            if entry.connected.is_empty() && entry.kernel.is_empty() && entry.statics.is_empty() {
                self.prefixes.remove(&prefix);
            }
        }
        self.refresh_elsewhere(&mut changes);
        self.refresh_tracked(&mut changes);
        changes
    }

    /// The best route of exactly this prefix, as of the last refresh.
    #[must_use]
    pub fn selected(&self, prefix: &IpNet) -> Option<&Selected> {
        self.prefixes.get(prefix)?.selected.as_ref()
    }

    /// Every prefix with a best route, in order.
    pub fn all_selected(&self) -> impl Iterator<Item = (&IpNet, &Selected)> {
        self.prefixes.iter().filter_map(|(prefix, entry)| Some((prefix, entry.selected.as_ref()?)))
    }

    /// Static routes of other tables that lead somewhere.
    pub fn all_elsewhere(&self) -> impl Iterator<Item = (u32, IpNet, &Selected)> {
        let entries = self.elsewhere.iter();
        entries.filter_map(|((table, prefix), entry)| Some((*table, *prefix, entry.selected.as_ref()?)))
    }

    /// Tracked next hops, in order.
    pub fn all_tracked(&self) -> impl Iterator<Item = (IpAddr, &Resolution)> {
        self.tracked.iter().map(|(address, resolution)| (*address, resolution))
    }

    /// True if the interface can carry packets.
    #[must_use]
    pub fn is_operative(&self, interface: u32) -> bool {
        self.links.get(&interface).is_some_and(|link| link.is_operative)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&IpNet, &Entry)> {
        self.prefixes.iter()
    }

    pub(crate) fn elsewhere_statics(&self) -> impl Iterator<Item = (u32, &StaticRoute, bool)> {
        self.elsewhere.iter().flat_map(|((table, _), entry)| {
            entry.statics.iter().map(move |route| {
                (
                    *table,
                    route,
                    entry.selected.as_ref().is_some_and(|selected| selected.distance == route.distance),
                )
            })
        })
    }

    /// The index of the interface with this name.
    pub(crate) fn interface_named(&self, name: &str) -> Option<u32> {
        self.links.iter().find(|(_, link)| link.name == name).map(|(index, _)| *index)
    }

    fn replace_link(&mut self, index: u32, link: Option<Link>) {
        let was_operative = self.is_operative(index);
        let before = self.links.remove(&index);
        let old = before.map(|link| link.connected).unwrap_or_default();
        let new = link.as_ref().map(|link| link.connected.clone()).unwrap_or_default();
        for prefix in old.difference(&new) {
            if let Some(entry) = self.prefixes.get_mut(prefix) {
                entry.connected.remove(&index);
            }
            self.touch(*prefix);
        }
        for prefix in new.difference(&old) {
            self.prefixes.entry(*prefix).connected.insert(index);
            self.touch(*prefix);
        }
        if let Some(link) = link {
            self.links.insert(index, link);
        }
        if was_operative != self.is_operative(index) {
            let uses = |route: &Route| route.kind.hops().iter().any(|hop| hop.interface == Some(index));
            let affected = self.prefixes.iter().filter(|(_, entry)| entry.kernel.iter().any(uses));
            self.dirty.extend(affected.map(|(prefix, _)| *prefix));
        }
        self.is_changed = true;
    }

    fn touch(&mut self, prefix: IpNet) {
        self.dirty.insert(prefix);
        self.is_changed = true;
    }

    fn refresh_elsewhere(&mut self, changes: &mut Changes) {
        let after: Vec<_> = self
            .elsewhere
            .iter()
            .map(|((_, prefix), entry)| self.select_static(prefix, &entry.statics, 0))
            .collect();
        for (((table, prefix), entry), after) in self.elsewhere.iter_mut().zip(after) {
            if entry.selected != after {
                let before = std::mem::replace(&mut entry.selected, after.clone());
                changes.routes.push(RouteChange { table: Some(*table), prefix: *prefix, before, after });
            }
        }
        self.elsewhere.retain(|_, entry| !entry.statics.is_empty());
    }

    /// True for an address of our own.
    pub(super) fn is_own(&self, address: IpAddr) -> bool {
        self.links.values().any(|link| link.own.contains(&address))
    }

    fn refresh_tracked(&mut self, changes: &mut Changes) {
        let mut tracked = std::mem::take(&mut self.tracked);
        for (address, known) in &mut tracked {
            let now = self.resolve(*address);
            if *known != now {
                known.clone_from(&now);
                changes.next_hops.push((*address, now));
            }
        }
        self.tracked = tracked;
    }
}

/// What is directly connected through the addresses of an interface. An address without a prefix route of the
/// kernel's own counts too, as with FRR: whoever set it so puts the route there. The loopback networks are not
/// routes to anybody.
fn connected_prefixes(interface: &Interface) -> BTreeSet<IpNet> {
    interface.addresses.iter().map(|own| own.subnet()).filter(|subnet| !subnet.addr().is_loopback()).collect()
}

fn same_class(a: &Route, b: &Route) -> bool {
    std::mem::discriminant(&a.kind) == std::mem::discriminant(&b.kind)
}

fn has_hop(hops: &[Hop], hop: &Hop) -> bool {
    hops.iter().any(|other| (other.gateway, other.interface) == (hop.gateway, hop.interface))
}

/// True for routes that other programs put into the kernel: what FRR shows as `K`.
#[must_use]
pub fn is_foreign(route: &Route) -> bool {
    !route.protocol.is_ours() && !matches!(route.protocol, Protocol::KERNEL | Protocol::REDIRECT)
}
