//! What an interface says in ARP while virtual routers of IPv4 live on it.
//!
//! Linux answers for every address of the machine on every interface, and asks in the name of any of them: the
//! parent would tell its own hardware address for a virtual address, and hosts would keep that (RFC 9568 §8.1.2
//! forbids it). While a guard is held the parent answers and asks for its own addresses alone.

use std::{fs, io};

use crate::netlink::{Ipv4Setting, Requests, set_ipv4};

/// The settings that an interface had before.
#[derive(Debug)]
pub struct ArpGuard {
    interface: u32,
    before: [(Ipv4Setting, u32); 2],
}

impl ArpGuard {
    /// Confines `interface` to its own addresses.
    pub fn set(requests: &mut Requests, interface: u32, name: &str) -> io::Result<Self> {
        let before = WANTED.map(|(setting, _)| (setting, read(name, setting).unwrap_or(0)));
        set_ipv4(requests, interface, &WANTED)?;
        Ok(Self { interface, before })
    }

    /// The interface it is about.
    #[must_use]
    pub const fn interface(&self) -> u32 {
        self.interface
    }

    /// Puts back what was.
    pub fn release(self, requests: &mut Requests) -> io::Result<()> {
        set_ipv4(requests, self.interface, &self.before)
    }
}

/// A setting as it is; nothing where `/proc/sys` does not show it.
pub(super) fn read(interface: &str, setting: Ipv4Setting) -> Option<u32> {
    let path = format!("/proc/sys/net/ipv4/conf/{interface}/{}", setting.name());
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Answer only for addresses of the interface asked; ask in the name of those too.
const WANTED: [(Ipv4Setting, u32); 2] = [(Ipv4Setting::ArpIgnore, 1), (Ipv4Setting::ArpAnnounce, 2)];
