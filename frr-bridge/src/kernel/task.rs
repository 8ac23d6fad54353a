//! The task: waits for commands, notices and the hour of the next reading, and passes each to whom it concerns.
//!
//! It runs on a thread of its own, because the kernel works requests off inside the system call: a batch of
//! routes takes about a millisecond, reading a full table half a second.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use ipnet::IpNet;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, sleep_until};
use tracing::{debug, error, info, warn};

use super::addresses::{Addresses, Raise};
use super::command::{Command, ForwardingFamily, Leave, RouteBatch, StopReport};
use super::event::Event;
use super::fib::Fib;
use super::outbox::Outbox;
use super::{Options, view};
use crate::interface::{Interface, InterfaceAddress, InterfaceFlags, Transitions};
use crate::netlink::{Monitor, Notice, Requests};
use crate::resolve::{Changes, Sources, SystemTable, is_foreign};
use crate::route::Route;

pub(super) struct Task {
    pub(super) options: Options,
    pub(super) fib: Fib,
    pub(super) system: SystemTable,
    pub(super) interfaces: BTreeMap<u32, Interface>,
    pub(super) addresses: Addresses,
    pub(super) outbox: Outbox,
    pub(super) readings: Readings,
    pub(super) watched: BTreeSet<IpNet>,
    /// Tracked next hops that were reachable at some time.
    pub(super) reached: BTreeSet<IpAddr>,
    pub(super) redistributed: Sources,
}

/// The task's ends of the channels.
pub(super) struct Doors {
    pub(super) commands: mpsc::Receiver<Command>,
    /// Apart from the commands, so that it does not wait behind them.
    pub(super) stop: mpsc::Receiver<Stop>,
    pub(super) events: mpsc::Sender<Event>,
}

/// The order to end.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) leave: Leave,
    pub(super) answer: oneshot::Sender<StopReport>,
}

/// When the kernel is read again, and which answers of BGP's are due.
#[derive(Debug)]
pub(super) struct Readings {
    pub(super) next: Instant,
    /// How long the last one took.
    pub(super) cost: Duration,
    /// Number of the last [`Event::WantAll`].
    pub(super) round: u32,
    pub(super) answered: u32,
    pub(super) is_converged: bool,
}

impl Readings {
    fn new(now: Instant) -> Self {
        Self { next: now, cost: Duration::ZERO, round: 0, answered: 0, is_converged: false }
    }

    /// Reads again after `wait`, or sooner if that is planned already; but never spends most of the time on it.
    pub(super) fn plan(&mut self, wait: Duration, now: Instant) {
        self.next = self.next.min(now + wait.max(self.cost * 4));
    }
}

impl Task {
    /// Opens the sockets in the calling thread's network namespace.
    pub(super) fn open(options: &Options) -> io::Result<(Self, Monitor)> {
        let requests = Requests::open()?;
        let monitor = Monitor::open(options.receive_buffer, requests.port())?;
        let task = Self {
            options: options.clone(),
            fib: Fib::new(requests, options.table),
            system: SystemTable::default(),
            interfaces: BTreeMap::new(),
            addresses: Addresses::default(),
            outbox: Outbox::default(),
            readings: Readings::new(Instant::now()),
            watched: BTreeSet::new(),
            reached: BTreeSet::new(),
            redistributed: Sources::default(),
        };
        Ok((task, monitor))
    }

    /// Runs until it is told to stop, or until the last handle is dropped: then routes stay.
    pub(super) async fn run(mut self, mut monitor: Monitor, doors: Doors) {
        let Doors { mut commands, mut stop, events } = doors;
        self.read_first();
        let mut notices = Vec::new();
        loop {
            tokio::select! {
                permit = events.reserve(), if !self.outbox.is_empty() && !events.is_closed() => {
                    if let (Ok(permit), Some(event)) = (permit, self.outbox.pop()) {
                        permit.send(event);
                    }
                }
                outcome = monitor.read(&mut notices) => {
                    if let Err(error) = outcome {
                        error!(%error, "the kernel's monitor socket failed");
                        notices.push(Notice::Overrun);
                        sleep(RETRY).await;
                    }
                    let outcome = self.handle_notices(notices.drain(..));
                    self.finish(outcome);
                }
                command = commands.recv() => {
                    let Some(command) = command else { return };
                    let outcome = self.handle_command(command);
                    self.finish(outcome);
                }
                order = stop.recv() => {
                    let Some(Stop { leave, answer }) = order else { return };
                    // What nobody listens to costs the kernel less.
                    drop(monitor);
                    let _ = answer.send(self.stop(leave, &mut commands));
                    return;
                }
                () = sleep_until(self.readings.next.into()) => self.read_again(),
            }
        }
    }

    /// Sends what is collected; what the kernel's socket refuses is put right by reading the kernel again.
    pub(super) fn finish(&mut self, outcome: io::Result<()>) {
        if let Err(error) = outcome.and_then(|()| self.fib.flush(&mut self.outbox)) {
            warn!(%error, "writing routes failed: the kernel will be read again");
            self.readings.plan(RETRY, Instant::now());
        }
        if self.outbox.want.len() > WANT_MOST {
            info!(prefixes = self.outbox.want.len(), "many routes vanished: the kernel will be read again");
            self.outbox.want.clear();
            self.readings.plan(Duration::ZERO, Instant::now());
        }
    }

    /// Works out and applies what has changed in the system table.
    pub(super) fn apply_system(&mut self) -> io::Result<()> {
        let Changes { routes, next_hops } = self.system.refresh(Instant::now());
        if !(routes.is_empty() && next_hops.is_empty()) {
            self.fib.ways.clear();
        }
        for change in &routes {
            self.fib.set_system(&self.system, change, &mut self.outbox)?;
            if change.table.is_none() {
                self.report_route(&change.prefix, change.before.as_ref(), change.after.as_ref());
            }
        }
        for (address, resolution) in next_hops {
            self.report_next_hop(address, resolution);
        }
        Ok(())
    }

    /// Takes an interface as it is now.
    pub(super) fn set_interface(&mut self, mut interface: Interface) -> io::Result<()> {
        let before = self.interfaces.get(&interface.index);
        interface.transitions = before.map_or_else(Transitions::default, |known| {
            Transitions::counting(known, interface.is_operative(), SystemTime::now())
        });
        if before == Some(&interface) {
            return Ok(());
        }
        let was_up = before.is_some_and(|known| known.flags.contains(InterfaceFlags::UP));
        let is_up = interface.flags.contains(InterfaceFlags::UP);
        let is_new = before.is_none_or(|known| known.name != interface.name);
        let was_operative = before.is_some_and(Interface::is_operative);
        let dropped =
            was_operative && !interface.is_operative() && self.fib.objects.forget_interface(interface.index);
        if (was_up && !is_up) || dropped {
            // The kernel drops the IPv4 routes of an interface that goes down without a word, and those that go by
            // next-hop objects when the carrier is lost.
            self.readings.plan(SETTLE, Instant::now());
        }
        if interface.master_kind.as_deref() == Some("vrf") {
            // Its connected routes are in the VRF's table.
            self.system.set_interface(&Interface { addresses: Vec::new(), ..interface.clone() });
        } else {
            self.system.set_interface(&interface);
        }
        self.fib.ways.clear();
        self.outbox.interfaces.insert(interface.index, Some(Arc::new(interface.clone())));
        if is_new {
            self.addresses.apply(&interface, Raise::Yes, &mut self.fib.requests);
        } else if is_up && !was_up {
            self.addresses.apply(&interface, Raise::No, &mut self.fib.requests);
        }
        self.interfaces.insert(interface.index, interface);
        self.apply_system()
    }

    pub(super) fn remove_interface(&mut self, index: u32) -> io::Result<()> {
        let Some(interface) = self.interfaces.remove(&index) else { return Ok(()) };
        self.addresses.forget(&interface.name);
        self.system.remove_interface(index);
        self.fib.objects.forget_interface(index);
        self.fib.ways.clear();
        self.outbox.interfaces.insert(index, None);
        self.readings.plan(SETTLE, Instant::now());
        self.apply_system()
    }

    fn handle_notices(&mut self, notices: impl Iterator<Item = Notice>) -> io::Result<()> {
        for notice in notices {
            match notice {
                Notice::Link(mut interface) => {
                    if let Some(known) = self.interfaces.get(&interface.index) {
                        interface.addresses.clone_from(&known.addresses);
                    }
                    self.set_interface(interface)?;
                }
                Notice::LinkGone(index) => self.remove_interface(index)?,
                Notice::Address(index, address) => self.change_addresses(index, |addresses| {
                    addresses.retain(|known| (known.address, known.peer) != (address.address, address.peer));
                    addresses.push(address);
                })?,
                Notice::AddressGone(index, address) => self.change_addresses(index, |addresses| {
                    addresses.retain(|known| (known.address, known.peer) != (address.address, address.peer));
                })?,
                Notice::Route(route, replaces) => {
                    if self.is_system(&route) {
                        self.system.put_kernel(route, replaces);
                    }
                }
                Notice::RouteGone(route) => {
                    if self.is_system(&route) {
                        self.system.remove_kernel(&route);
                    } else if route.protocol.is_ours() {
                        debug!(prefix = %route.prefix, "somebody removed a route of ours");
                        self.fib.repair(&self.system, &route, &mut self.outbox)?;
                    }
                }
                Notice::NextHop(next_hop) => {
                    if self.fib.objects.is_changed(&next_hop) {
                        self.lose_next_hop(next_hop.id);
                    }
                }
                Notice::NextHopGone(id) => self.lose_next_hop(id),
                Notice::Overrun => {
                    warn!("messages from the kernel were lost: it will be read again");
                    self.outbox.is_overrun = true;
                    self.readings.plan(Duration::ZERO, Instant::now());
                }
            }
        }
        self.apply_system()
    }

    /// Somebody removed or changed a next hop of ours, and with it any number of routes.
    fn lose_next_hop(&mut self, id: u32) {
        if self.fib.objects.forget(id) {
            info!(id, "somebody took a next hop of ours away: the kernel will be read again");
            self.readings.plan(Duration::ZERO, Instant::now());
        }
    }

    fn change_addresses(
        &mut self,
        index: u32,
        change: impl FnOnce(&mut Vec<InterfaceAddress>),
    ) -> io::Result<()> {
        let Some(mut interface) = self.interfaces.get(&index).cloned() else { return Ok(()) };
        change(&mut interface.addresses);
        interface.addresses.sort_unstable();
        self.set_interface(interface)
    }

    fn handle_command(&mut self, command: Command) -> io::Result<()> {
        match command {
            Command::Addresses(wanted) => {
                self.addresses.set(wanted, &self.interfaces, &mut self.fib.requests);
            }
            Command::StaticRoutes(routes) => self.system.set_statics(routes),
            Command::Routes(batch) => return self.set_routes(batch),
            Command::Track(address) => {
                let resolution = self.system.track(address);
                self.report_next_hop(address, resolution);
            }
            Command::Untrack(address) => {
                self.system.untrack(address);
                self.reached.remove(&address);
                self.outbox.forget_next_hop(&address);
            }
            Command::Watch(prefix) => {
                self.watched.insert(prefix);
                self.outbox.networks.insert(prefix, self.system.selected(&prefix).is_some());
            }
            Command::Unwatch(prefix) => {
                self.watched.remove(&prefix);
                self.outbox.networks.remove(&prefix);
            }
            Command::Redistribute(sources) => self.set_redistributed(sources),
            Command::Forwarding(family, is_on) => set_forwarding(family, is_on),
            Command::ResolveViaDefault(families) => self.system.set_through_default(families),
            Command::Converged => {
                self.readings.is_converged = true;
                self.outbox.may_want = true;
                self.sweep()?;
            }
            Command::Resent(round) => {
                self.readings.answered = round;
                self.sweep()?;
            }
            Command::View(answer) => drop(answer.send(view::of(self))),
        }
        self.apply_system()
    }

    fn set_routes(&mut self, batch: RouteBatch) -> io::Result<()> {
        let id = batch.id;
        for (prefix, route) in batch.into_changes() {
            self.fib.set_bgp(&self.system, prefix, route)?;
        }
        // What was refused is told before the batch is.
        self.fib.flush(&mut self.outbox)?;
        self.outbox.installed = Some(id);
        Ok(())
    }

    /// Removes leftovers, if BGP has had every chance to ask for them.
    fn sweep(&mut self) -> io::Result<()> {
        let Readings { round, answered, is_converged, .. } = self.readings;
        if !is_converged || answered != round {
            return Ok(());
        }
        let swept = self.fib.sweep(&self.system)?;
        if swept > 0 {
            info!(routes = swept, "routes that nobody asked for are removed");
        }
        self.outbox.swept = Some(swept);
        Ok(())
    }

    /// Routes that stay should be the latest wanted; of those that go it does not matter.
    fn stop(&mut self, leave: Leave, commands: &mut mpsc::Receiver<Command>) -> StopReport {
        if leave == Leave::Flush {
            return self.fib.clear(&self.system);
        }
        while let Ok(command) = commands.try_recv() {
            let outcome = self.handle_command(command);
            self.finish(outcome);
        }
        StopReport::default()
    }

    fn is_system(&self, route: &Route) -> bool {
        route.table == self.options.table && is_foreign(route)
    }
}

/// Writes the kernel's switch; it is of the calling thread's network namespace.
fn set_forwarding(family: ForwardingFamily, is_on: bool) {
    let path = match family {
        ForwardingFamily::V4 => "/proc/sys/net/ipv4/ip_forward",
        ForwardingFamily::V6 => "/proc/sys/net/ipv6/conf/all/forwarding",
    };
    if let Err(error) = std::fs::write(path, if is_on { "1\n" } else { "0\n" }) {
        warn!(path, %error, "forwarding stays as it is");
    }
}

/// After an interface went down: time for it to come up again, and for BGP to withdraw what it has lost.
const SETTLE: Duration = Duration::from_secs(2);

/// After the kernel's sockets failed.
const RETRY: Duration = Duration::from_millis(200);

/// More prefixes than this are not asked for one by one.
const WANT_MOST: usize = 10_000;
