//! Interface addresses of the configuration.
//!
//! An interface that does not exist yet is waited for. Applying the configuration switches an interface on, as
//! FRR does; an interface that an operator switches off later stays off. Only addresses that were added here are
//! ever removed, and none when the program ends (FRR leaves them too): traffic and sessions of the next run depend
//! on them.

use std::collections::{BTreeMap, BTreeSet};

use tracing::{info, warn};

use super::command::WantedAddress;
use crate::interface::{Interface, InterfaceFlags};
use crate::netlink::{Requests, add_address, remove_address, set_link_up};

#[derive(Debug, Default)]
pub(super) struct Addresses {
    wanted: BTreeSet<WantedAddress>,
    added: BTreeSet<WantedAddress>,
    /// Interfaces whose absence has been told.
    missing: BTreeSet<String>,
}

/// Whether an interface that is off is switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Raise {
    Yes,
    No,
}

impl Addresses {
    /// Takes the wanted set, and removes what we have added and is not in it.
    pub(super) fn set(
        &mut self,
        wanted: Vec<WantedAddress>,
        interfaces: &BTreeMap<u32, Interface>,
        requests: &mut Requests,
    ) {
        self.wanted = wanted.into_iter().collect();
        let gone: Vec<_> = self.added.difference(&self.wanted).cloned().collect();
        for own in gone {
            self.added.remove(&own);
            let Some(interface) = interfaces.values().find(|interface| interface.name == own.interface)
            else {
                continue;
            };
            match remove_address(requests, interface.index, own.address, own.peer) {
                Ok(()) => info!(interface = own.interface, address = %own.address, "address removed"),
                Err(error) => {
                    warn!(interface = own.interface, address = %own.address, %error, "address not removed");
                }
            }
        }
        for name in self.wanted.iter().map(|own| &own.interface) {
            let is_missing = !interfaces.values().any(|interface| interface.name == *name);
            if is_missing && self.missing.insert(name.clone()) {
                warn!(
                    interface = name,
                    "interface does not exist yet: its addresses are set when it appears"
                );
            }
        }
        interfaces.values().for_each(|interface| self.apply(interface, Raise::Yes, requests));
    }

    /// Adds what `interface` lacks.
    pub(super) fn apply(&mut self, interface: &Interface, raise: Raise, requests: &mut Requests) {
        self.missing.remove(&interface.name);
        let is_up = interface.flags.contains(InterfaceFlags::UP);
        if !is_up && raise == Raise::No {
            return;
        }
        let mut wanted = self.wanted.iter().filter(|own| own.interface == interface.name).peekable();
        if !is_up
            && wanted.peek().is_some()
            && let Err(error) = set_link_up(requests, interface.index, true)
        {
            warn!(interface = interface.name, %error, "interface stays off");
        }
        for own in wanted.filter(|own| !has(interface, own)) {
            match add_address(requests, interface.index, own.address, own.peer) {
                Ok(()) => {
                    info!(interface = own.interface, address = %own.address, "address added");
                    self.added.insert(own.clone());
                }
                Err(error) => {
                    warn!(interface = own.interface, address = %own.address, %error, "address not added")
                }
            }
        }
    }

    /// The interface is gone, and what we added with it.
    pub(super) fn forget(&mut self, interface: &str) {
        self.added.retain(|own| own.interface != interface);
    }
}

fn has(interface: &Interface, own: &WantedAddress) -> bool {
    interface.addresses.iter().any(|known| match own.peer {
        None => known.address == own.address && known.peer.is_none(),
        Some(peer) => known.address.addr() == own.address.addr() && known.peer == Some(peer),
    })
}
