//! Reading the kernel: at the start, after lost messages, and now and then.
//!
//! What is found is compared with what is known. Foreign routes that differ are taken over; routes of ours go into
//! [`Held`], from where what is wanted takes them out again, and the rest is swept when BGP has answered.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::{Duration, Instant};

use tracing::{debug, info, warn};

use super::addresses::Raise;
use super::held::Held;
use super::task::Task;
use crate::interface::Interface;
use crate::netlink::{Requests, Selection, dump_addresses, dump_links, dump_routes};
use crate::resolve::is_foreign;

impl Task {
    /// The first reading: routes with our marks are adopted.
    pub(super) fn read_first(&mut self) {
        let outcome = self.read();
        let adopted = self.fib.held.as_ref().map_or(0, Held::len);
        info!(interfaces = self.interfaces.len(), adopted, "the kernel has been read");
        self.outbox.adopted = Some(adopted);
        self.finish(outcome);
    }

    /// A later reading: BGP is asked for everything.
    pub(super) fn read_again(&mut self) {
        let outcome = self.read();
        match &outcome {
            Ok(()) => debug!(cost = ?self.readings.cost, "the kernel has been read again"),
            Err(error) => {
                warn!(%error, "the kernel could not be read");
                self.readings.next = Instant::now() + AGAIN;
            }
        }
        if outcome.is_ok() {
            self.readings.round = self.readings.round.wrapping_add(1);
            self.outbox.want_all = Some(self.readings.round);
        }
        self.finish(outcome);
    }

    fn read(&mut self) -> io::Result<()> {
        let begin = Instant::now();
        let table = self.options.table;
        let mut held = Held::default();
        let mut foreign = Vec::new();
        let interfaces = read_interfaces(&mut self.fib.requests)?;
        let selection = Selection { table: Some(table), ..Selection::default() };
        self.fib.objects.read(&mut self.fib.requests)?;
        let objects = &mut self.fib.objects;
        let is_interrupted = dump_routes(&mut self.fib.requests, selection, |mut route, next_hop| {
            if let Some(id) = next_hop {
                objects.see(&mut route, id);
            }
            if route.protocol.is_ours() {
                held.insert(&route);
            } else if is_foreign(&route) {
                foreign.push(route);
            }
        })?;
        self.fib.held = Some(held);
        self.system.replace_kernel(foreign);
        let gone: Vec<u32> =
            self.interfaces.keys().filter(|index| !interfaces.contains_key(index)).copied().collect();
        for index in gone {
            self.remove_interface(index)?;
        }
        for (_, interface) in interfaces {
            self.set_interface(interface)?;
        }
        for interface in self.interfaces.values() {
            self.addresses.apply(interface, Raise::No, &mut self.fib.requests);
        }
        self.apply_system()?;
        self.fib.settle_all(&self.system)?;
        // Routes that change meanwhile are heard from the monitor; but one that was missed may go by an object that
        // seems unused, and would go with it.
        if !is_interrupted {
            self.fib.objects.sweep(&mut self.fib.requests);
        }
        self.readings.cost = begin.elapsed();
        self.readings.next = Instant::now() + self.options.drift.max(self.readings.cost * 100);
        Ok(())
    }
}

fn read_interfaces(requests: &mut Requests) -> io::Result<BTreeMap<u32, Interface>> {
    let links = dump_links(requests)?;
    let mut interfaces: BTreeMap<u32, Interface> = links.into_iter().map(|link| (link.index, link)).collect();
    let addresses: BTreeSet<_> = dump_addresses(requests)?.into_iter().collect();
    for (index, address) in addresses {
        if let Some(interface) = interfaces.get_mut(&index) {
            interface.addresses.push(address);
        }
    }
    Ok(interfaces)
}

/// After a reading that failed.
const AGAIN: Duration = Duration::from_secs(1);
