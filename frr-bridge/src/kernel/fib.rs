//! What we have in the kernel's table: who wins a prefix, and the writes that make it so.
//!
//! BGP's routes pass through: only where another source has a route for the same prefix ([`Rival`]) BGP's is
//! remembered, to be put in when the other goes. When a rival appears, what BGP has for the prefix is not known
//! here any more and is asked for.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use ipnet::IpNet;
use nix::libc;
use tracing::warn;

use super::command::{BgpRoute, StopReport};
use super::event::Refusal;
use super::flush;
use super::held::{Held, Known};
use super::objects::Objects;
use super::outbox::Outbox;
use super::ways::Ways;
use crate::netlink::{Put, Requests, RouteMark, RouteWriter};
use crate::resolve::{RouteChange, Selected, Source, SystemTable};
use crate::route::{METRIC, Protocol, Route, RouteKind};

#[derive(Debug)]
pub(super) struct Fib {
    table: u32,
    pub(super) requests: Requests,
    writer: RouteWriter,
    pub(super) held: Option<Held>,
    pub(super) objects: Objects,
    rivals: BTreeMap<IpNet, Rival>,
    pub(super) ways: Ways,
    rejected: BTreeSet<IpNet>,
    /// BGP has sent routes, so one may be in the kernel without being known here.
    has_bgp: bool,
}

/// A prefix that has a route of another source.
#[derive(Debug)]
struct Rival {
    bgp: Claim,
    /// Whose route we have put into the kernel, as far as we know.
    installed: Option<Protocol>,
}

/// What BGP has for a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Claim {
    /// BGP has said nothing at all since the start.
    Silent,
    /// It had said something by the time the rival appeared, and was asked what.
    Asked,
    Nothing,
    Wants(Arc<BgpRoute>),
}

impl Fib {
    pub(super) fn new(requests: Requests, table: u32) -> Self {
        Self {
            table,
            requests,
            writer: RouteWriter::default(),
            held: None,
            objects: Objects::default(),
            rivals: BTreeMap::new(),
            ways: Ways::default(),
            rejected: BTreeSet::new(),
            has_bgp: false,
        }
    }

    /// BGP wants `route` for `prefix`, or nothing.
    pub(super) fn set_bgp(
        &mut self,
        system: &SystemTable,
        prefix: IpNet,
        route: Option<Arc<BgpRoute>>,
    ) -> io::Result<()> {
        self.has_bgp = true;
        if let Some(rival) = self.rivals.get_mut(&prefix) {
            rival.bgp = route.map_or(Claim::Nothing, Claim::Wants);
            return self.settle(system, prefix);
        }
        match route {
            Some(route) => self.put_bgp(system, prefix, &route).map(drop),
            None => self.remove(prefix, Protocol::BGP),
        }
    }

    /// Another source's route for a prefix has appeared, changed or gone.
    pub(super) fn set_system(
        &mut self,
        system: &SystemTable,
        change: &RouteChange,
        outbox: &mut Outbox,
    ) -> io::Result<()> {
        if let Some(table) = change.table {
            return self.set_elsewhere(table, change);
        }
        let prefix = change.prefix;
        if change.after.is_some() {
            if let Entry::Vacant(vacant) = self.rivals.entry(prefix) {
                let bgp = if self.has_bgp { Claim::Asked } else { Claim::Silent };
                if bgp == Claim::Asked {
                    outbox.want.insert(prefix);
                }
                vacant.insert(Rival { bgp, installed: None });
            }
            return self.settle(system, prefix);
        }
        let Some(rival) = self.rivals.remove(&prefix) else { return Ok(()) };
        match rival.bgp {
            Claim::Wants(route) => self.put_bgp(system, prefix, &route).map(drop),
            Claim::Nothing | Claim::Silent => self.remove_installed(prefix, rival.installed),
            Claim::Asked => {
                outbox.want.insert(prefix);
                self.remove_installed(prefix, rival.installed)
            }
        }
    }

    /// A route of ours was removed by somebody else.
    pub(super) fn repair(
        &mut self,
        system: &SystemTable,
        route: &Route,
        outbox: &mut Outbox,
    ) -> io::Result<()> {
        if route.table != self.table {
            let selected = system
                .all_elsewhere()
                .find(|(table, prefix, _)| (*table, *prefix) == (route.table, route.prefix));
            let Some((table, prefix, selected)) = selected else { return Ok(()) };
            let wanted = Route::ours(prefix, selected.kind.clone(), Protocol::STATIC, table);
            return self.writer.put(&mut self.requests, &wanted, Put::Replace);
        }
        match self.rivals.get(&route.prefix) {
            Some(Rival { bgp: Claim::Nothing | Claim::Wants(_), .. }) => self.settle(system, route.prefix),
            Some(_) | None => {
                outbox.want.insert(route.prefix);
                Ok(())
            }
        }
    }

    /// Writes again what is known here to be wanted: after the kernel was read, equal routes cost nothing.
    pub(super) fn settle_all(&mut self, system: &SystemTable) -> io::Result<()> {
        let prefixes: Vec<IpNet> = self.rivals.keys().copied().collect();
        for prefix in prefixes {
            self.settle(system, prefix)?;
        }
        for (table, prefix, selected) in system.all_elsewhere() {
            let route = Route::ours(prefix, selected.kind.clone(), Protocol::STATIC, table);
            self.writer.put(&mut self.requests, &route, Put::Replace)?;
        }
        Ok(())
    }

    /// Removes what was found in the kernel and nobody has asked for; says how many routes that were.
    pub(super) fn sweep(&mut self, system: &SystemTable) -> io::Result<usize> {
        let silent: Vec<IpNet> = self
            .rivals
            .iter_mut()
            .filter(|(_, rival)| rival.bgp == Claim::Silent)
            .map(|(prefix, rival)| {
                rival.bgp = Claim::Nothing;
                *prefix
            })
            .collect();
        for prefix in silent {
            self.settle(system, prefix)?;
        }
        let held = self.held.take().unwrap_or_default();
        let swept = held.len();
        for mark in held.into_marks(self.table) {
            self.writer.remove(&mut self.requests, &mark)?;
        }
        Ok(swept)
    }

    /// Removes every route of ours.
    pub(super) fn clear(&self, system: &SystemTable) -> StopReport {
        let mark =
            |(table, prefix, _)| RouteMark { prefix, protocol: Protocol::STATIC, priority: METRIC, table };
        let elsewhere: Vec<_> = system.all_elsewhere().map(mark).collect();
        flush::remove_all(self.table, &elsewhere, &self.objects.crowded())
    }

    /// Sends what is collected and reports what was refused.
    pub(super) fn flush(&mut self, outbox: &mut Outbox) -> io::Result<()> {
        self.writer.flush(&mut self.requests)?;
        for id in self.writer.take_lost() {
            self.objects.avoid(id);
        }
        for failure in self.writer.take_failures() {
            let (prefix, refusal) = (failure.prefix, Refusal(failure.errno));
            match failure.put {
                // BGP's route is there; what becomes of it is decided when BGP has said what it wants.
                Some(Put::IfAbsent) if failure.errno == libc::EEXIST => {}
                Some(_) => {
                    self.rejected.insert(prefix);
                    outbox.failed.insert(prefix, refusal);
                }
                None => warn!(%prefix, error = %refusal, "the kernel keeps a route that is to go"),
            }
        }
        Ok(())
    }

    /// Prefixes where BGP's route stands back.
    pub(super) fn displaced(&self, system: &SystemTable) -> BTreeSet<IpNet> {
        let is_displaced = |prefix: &IpNet, rival: &Rival| match &rival.bgp {
            Claim::Wants(route) => {
                system.selected(prefix).is_some_and(|other| other.distance <= route.distance)
            }
            Claim::Silent | Claim::Asked | Claim::Nothing => false,
        };
        self.rivals
            .iter()
            .filter(|(prefix, rival)| is_displaced(prefix, rival))
            .map(|(prefix, _)| *prefix)
            .collect()
    }

    pub(super) const fn rejected(&self) -> &BTreeSet<IpNet> {
        &self.rejected
    }

    /// True if `selected`, of this prefix, is what the kernel has.
    pub(super) fn is_in_force(&self, prefix: &IpNet, selected: &Selected) -> bool {
        match self.rivals.get(prefix).map(|rival| &rival.bgp) {
            Some(Claim::Wants(route)) => selected.distance <= route.distance,
            Some(Claim::Silent | Claim::Asked | Claim::Nothing) | None => true,
        }
    }

    pub(super) const fn written(&self) -> u64 {
        self.writer.written()
    }

    /// Puts the winner of a contested prefix into the kernel.
    fn settle(&mut self, system: &SystemTable, prefix: IpNet) -> io::Result<()> {
        let Some(rival) = self.rivals.get(&prefix) else { return Ok(()) };
        let (claim, installed) = (rival.bgp.clone(), rival.installed);
        let selected = system.selected(&prefix);
        let installed = match (selected, claim) {
            (selected, Claim::Wants(route))
                if selected.is_none_or(|other| route.distance < other.distance) =>
            {
                self.put_bgp(system, prefix, &route)?.then_some(Protocol::BGP)
            }
            (Some(Selected { source: Source::Static, kind, .. }), claim) => {
                self.put_static(prefix, kind.clone(), &claim)?;
                Some(Protocol::STATIC)
            }
            // The kernel has the other's route already. Of ours, BGP's may be there without our knowing.
            (_, claim) => {
                let held = self.held.as_mut().and_then(|held| held.take(&prefix)).map(Known::protocol);
                let unknown = (claim == Claim::Asked).then_some(Protocol::BGP);
                let ours: BTreeSet<Protocol> = [installed, held, unknown].into_iter().flatten().collect();
                for protocol in ours {
                    self.remove_mark(prefix, protocol)?;
                }
                None
            }
        };
        if let Some(rival) = self.rivals.get_mut(&prefix) {
            rival.installed = installed;
        }
        Ok(())
    }

    fn put_static(&mut self, prefix: IpNet, kind: RouteKind, claim: &Claim) -> io::Result<()> {
        let route = Route::ours(prefix, kind, Protocol::STATIC, self.table);
        let held = self.held.as_ref().and_then(|held| held.get(&prefix)).map(Known::protocol);
        match claim {
            // BGP may have a better route in the kernel: then that one stays until BGP has spoken.
            Claim::Silent | Claim::Asked if held == Some(Protocol::BGP) => Ok(()),
            Claim::Asked => self.put(&route, Put::IfAbsent),
            Claim::Silent | Claim::Nothing | Claim::Wants(_) => self.put(&route, Put::Replace),
        }
    }

    /// True if there is something to put: a route whose next hops lead nowhere must not stay.
    fn put_bgp(&mut self, system: &SystemTable, prefix: IpNet, route: &Arc<BgpRoute>) -> io::Result<bool> {
        let Some(kind) = self.ways.kind(system, route) else {
            self.remove(prefix, Protocol::BGP)?;
            return Ok(false);
        };
        self.put(&Route::ours(prefix, kind, Protocol::BGP, self.table), Put::Replace)?;
        Ok(true)
    }

    fn put(&mut self, route: &Route, how: Put) -> io::Result<()> {
        if let Some(held) = &mut self.held
            && held.take(&route.prefix) == Some(Known::of(route))
        {
            return Ok(());
        }
        if !self.rejected.is_empty() {
            self.rejected.remove(&route.prefix);
        }
        let next_hop = match route.protocol {
            Protocol::BGP => self.objects.for_route(route.kind.hops(), &mut self.requests),
            _ => None,
        };
        match next_hop {
            Some(next_hop) => self.writer.put_by(&mut self.requests, &RouteMark::from(route), &next_hop),
            None => self.writer.put(&mut self.requests, route, how),
        }
    }

    fn remove(&mut self, prefix: IpNet, protocol: Protocol) -> io::Result<()> {
        let held = self.held.as_mut().and_then(|held| held.take(&prefix)).map(Known::protocol);
        if let Some(other) = held.filter(|other| *other != protocol) {
            self.remove_mark(prefix, other)?;
        }
        self.remove_mark(prefix, protocol)
    }

    fn remove_installed(&mut self, prefix: IpNet, installed: Option<Protocol>) -> io::Result<()> {
        installed.map_or(Ok(()), |protocol| self.remove(prefix, protocol))
    }

    fn remove_mark(&mut self, prefix: IpNet, protocol: Protocol) -> io::Result<()> {
        if !self.rejected.is_empty() {
            self.rejected.remove(&prefix);
        }
        let mark = RouteMark { prefix, protocol, priority: METRIC, table: self.table };
        self.writer.remove(&mut self.requests, &mark)
    }

    fn set_elsewhere(&mut self, table: u32, change: &RouteChange) -> io::Result<()> {
        let prefix = change.prefix;
        let Some(selected) = &change.after else {
            let mark = RouteMark { prefix, protocol: Protocol::STATIC, priority: METRIC, table };
            return self.writer.remove(&mut self.requests, &mark);
        };
        let route = Route::ours(prefix, selected.kind.clone(), Protocol::STATIC, table);
        self.writer.put(&mut self.requests, &route, Put::Replace)
    }
}
