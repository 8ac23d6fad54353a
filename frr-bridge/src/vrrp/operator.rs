//! What an operator's device was like before a virtual router took it, so that it can be left so.
//!
//! FRR asks its operators for devices that are on and have the virtual addresses; it keeps such a device without
//! carrier (`protodown`) while it does not serve, and also when it ends. To serve, that has to be undone. What we
//! hold takes the place of the operator's IPv6 addresses, and switching a device off makes the kernel forget them.
//!
//! A device that is left as it was found, on, would answer for a gateway that is elsewhere by then: it is left on
//! and without carrier, as FRR leaves it and takes it up from.

use std::io;
use std::time::Duration;

use nix::libc;

use crate::interface::{Interface, InterfaceAddress, InterfaceFlags};
use crate::netlink::{Requests, dump_addresses, hold_address, set_held_down, set_link_up};

/// A device as it was found.
#[derive(Debug)]
pub(super) struct Found {
    is_up: bool,
    /// Those that were there to stay; what an earlier run of ours held was not.
    addresses: Vec<InterfaceAddress>,
}

impl Found {
    /// Takes down what `link` is like, and gives it its carrier back.
    pub(super) fn take_over(requests: &mut Requests, link: &Interface) -> io::Result<Self> {
        let of_link = dump_addresses(requests)?.into_iter().filter(|(index, _)| *index == link.index);
        let addresses = of_link.map(|(_, own)| own).filter(|own| own.permanent && own.peer.is_none());
        let found = Self { is_up: link.flags.contains(InterfaceFlags::UP), addresses: addresses.collect() };
        if link.is_held_down {
            set_held_down(requests, link.index, false)?;
        }
        Ok(found)
    }

    /// Puts back what was there. The device is off.
    pub(super) fn restore(self, requests: &mut Requests, index: u32) -> io::Result<()> {
        if self.is_up {
            match set_held_down(requests, index, true) {
                // Linux 5.1 is the first that can. The device stays off, then.
                Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => {}
                outcome => outcome.and_then(|()| set_link_up(requests, index, true))?,
            }
        }
        for own in self.addresses {
            hold_address(requests, index, own.address, (FOREVER, !own.no_prefix_route))?;
        }
        Ok(())
    }
}

/// INFINITY_LIFE_TIME.
const FOREVER: Duration = Duration::from_secs(u32::MAX as u64);
