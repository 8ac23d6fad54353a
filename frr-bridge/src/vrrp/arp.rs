//! What an interface says in ARP while virtual routers of IPv4 live on it.
//!
//! Linux answers for every address of the machine on every interface, and asks in the name of any of them: the
//! parent would tell its own hardware address for a virtual address, and hosts would keep that (RFC 9568 §8.1.2
//! forbids it). While a guard is on, the parent answers and asks for its own addresses alone.
//!
//! Linux also drops packets from one of its own addresses. The owner of the virtual addresses advertises from one (§7.2),
//! so whoever stands in for it would never hear that it is back: while a guard is on, the parent takes them.
//!
//! What the settings were before is noted in the alias of our devices on that parent, before they are changed. So the
//! run after a crash does not take for the operator's what an earlier one has set, and puts back what was.

use std::{fs, io};

use super::device::{ALIAS, Device, Origin, is_ours};
use crate::interface::Interface;
use crate::netlink::{Ipv4Setting, Requests, dump_links, set_alias, set_ipv4};

/// Keeps an interface to its own addresses, once it is on.
#[derive(Debug)]
pub struct ArpGuard {
    interface: u32,
    before: Settings,
    /// Devices that say what was before.
    noted: Vec<u32>,
    is_on: bool,
}

impl ArpGuard {
    /// The guard of `parent`: on if an earlier run has left it on.
    pub fn find(requests: &mut Requests, parent: &Interface) -> io::Result<Self> {
        let ours = |link: &&Interface| link.parent == Some(parent.index) && is_ours(link);
        let noted = dump_links(requests)?.iter().filter(ours).find_map(|link| read_note(&link.alias));
        let shown = || WANTED.map(|(setting, _)| (setting, read(&parent.name, setting).unwrap_or(0)));
        Ok(Self {
            interface: parent.index,
            before: noted.unwrap_or_else(shown),
            noted: Vec::new(),
            is_on: noted.is_some(),
        })
    }

    /// Switches it on for the sake of `device`.
    pub fn set(&mut self, requests: &mut Requests, device: &Device) -> io::Result<()> {
        if self.noted.contains(&device.index()) {
            return Ok(());
        }
        // What an operator has made stays when we go, and so would the note.
        if device.origin() == Origin::Ours {
            set_alias(requests, device.index(), &note(&self.before))?;
        }
        set_ipv4(requests, self.interface, &WANTED)?;
        self.is_on = true;
        self.noted.push(device.index());
        Ok(())
    }

    /// Puts back what was, if it is on.
    pub fn release(&mut self, requests: &mut Requests) -> io::Result<()> {
        self.noted.clear();
        if std::mem::take(&mut self.is_on) {
            set_ipv4(requests, self.interface, &self.before)?;
        }
        Ok(())
    }
}

/// A setting as it is; nothing where `/proc/sys` does not show it.
pub(super) fn read(interface: &str, setting: Ipv4Setting) -> Option<u32> {
    let path = format!("/proc/sys/net/ipv4/conf/{interface}/{}", setting.name());
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn note(before: &Settings) -> String {
    let one = |(setting, value): &(Ipv4Setting, u32)| format!("{} {value}", setting.name());
    format!("{ALIAS}{BEFORE}{}", before.iter().map(one).collect::<Vec<_>>().join(" "))
}

fn read_note(alias: &str) -> Option<Settings> {
    let mut words = alias.split_once(BEFORE)?.1.split(' ');
    let mut before = WANTED;
    for (setting, value) in &mut before {
        (words.next()? == setting.name()).then_some(())?;
        *value = words.next()?.parse().ok()?;
    }
    Some(before)
}

type Settings = [(Ipv4Setting, u32); 3];

/// Answer only for addresses of the interface asked; ask in the name of those too; hear an owner.
const WANTED: Settings =
    [(Ipv4Setting::ArpIgnore, 1), (Ipv4Setting::ArpAnnounce, 2), (Ipv4Setting::AcceptLocal, 1)];
/// Stands before the settings in a note.
const BEFORE: &str = "; its parent had ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_back_and_nothing_else_is_one() {
        let before =
            [(Ipv4Setting::ArpIgnore, 0), (Ipv4Setting::ArpAnnounce, 2), (Ipv4Setting::AcceptLocal, 0)];
        let expected =
            "virtual router of ridgeway; its parent had arp_ignore 0 arp_announce 2 accept_local 0";
        assert_eq!(note(&before), expected);
        assert_eq!(read_note(&note(&before)), Some(before));
        for bad in [ALIAS, "", "virtual router of ridgeway; its parent had arp_ignore x", "; its parent had "]
        {
            assert_eq!(read_note(bad), None, "{bad}");
        }
    }
}
