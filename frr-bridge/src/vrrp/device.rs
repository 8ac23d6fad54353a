//! The device of a virtual router: made, found again or taken over, switched on with its addresses and off.
//!
//! A device of ours carries an alias that begins with [`ALIAS`], so that the next run knows it after a crash. One that
//! somebody else made, as FRR asks its operators to, is recognised by its parent and hardware address, and is left as it
//! was found. Where a hypervisor allows no second hardware address there is no device: the addresses are
//! put on the parent.
//!
//! A device is switched on when the kernel is seen to take packets for its addresses, not when it has acknowledged
//! them: from then on the neighbours' packets come here, and what came too early would be lost.
//!
//! Addresses are held for [`LIFETIME`] and must be held again before it ends, so that the kernel of a router whose
//! program was killed stops answering for them. They bring no connected route, but for link-local ones, which are of
//! no use without.

use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use ipnet::IpNet;
use nix::libc;
use tracing::{debug, info, warn};

use super::arp::{self, ArpGuard};
use super::operator::Found;
use crate::interface::Interface;
use crate::netlink::{
    Ipv4Setting, Refusals, Requests, add_macvlan, dump_addresses, dump_links, hold_address, is_local,
    remove_address, remove_link, set_alias, set_ipv4, set_link_up, stop_address_generation,
};

/// Which device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceKey {
    /// The virtual router's number.
    pub vrid: u8,
    /// 4 or 6.
    pub ip_version: u8,
    /// The virtual hardware address; none for addresses on the parent itself.
    pub mac: Option<[u8; 6]>,
}

/// A device and what it holds.
#[derive(Debug)]
pub struct Device {
    index: u32,
    name: String,
    parent: u32,
    origin: Origin,
    is_on: bool,
    /// What it was like, if somebody else has made it.
    found: Option<Found>,
    /// Addresses that we have put there.
    held: Vec<IpNet>,
}

/// Whose the device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Made here, by this run or an earlier one.
    Ours,
    /// Made by an operator.
    Operator,
    /// The parent itself.
    Parent,
}

/// What makes and changes devices.
#[derive(Debug)]
pub struct Devices {
    requests: Requests,
    refusals: Refusals,
}

impl Devices {
    /// Opens a socket in the network namespace of the calling thread.
    pub fn open() -> io::Result<Self> {
        Requests::open().map(|requests| Self { requests, refusals: Refusals::default() })
    }

    /// The device for `key` on `parent`: the one that is there, or a new one. It is off, and holds nothing of ours.
    pub fn obtain(&mut self, parent: &Interface, key: DeviceKey) -> io::Result<Device> {
        let Some(mac) = key.mac else {
            return Ok(Device::new(parent, parent, Origin::Parent));
        };
        let name = name(parent.index, key);
        let links = dump_links(&mut self.requests)?;
        let found = links.iter().find(|link| link.parent == Some(parent.index) && is_macvlan(link, mac));
        if let Some(link) = found {
            let origin = if is_ours(link) { Origin::Ours } else { Origin::Operator };
            info!(device = link.name, ?origin, "device of a virtual router found");
            let mut device = Device::new(link, parent, origin);
            if origin == Origin::Operator {
                device.found = Some(Found::take_over(&mut self.requests, link)?);
            }
            self.furnish(&device)?;
            return Ok(device);
        }
        if let Some(stale) = links.iter().find(|link| link.name == name && is_ours(link)) {
            remove_link(&mut self.requests, stale.index)?;
        }
        add_macvlan(&mut self.requests, parent.index, &name, mac)?;
        let index = nix::net::if_::if_nametoindex(name.as_str())?;
        let device = Device::new(&Interface { index, name, ..Interface::default() }, parent, Origin::Ours);
        set_alias(&mut self.requests, index, ALIAS)?;
        self.furnish(&device)?;
        Ok(device)
    }

    /// Switches the device on and puts `addresses` there, for [`LIFETIME`]; those of ours that are not among them go.
    /// What the parent itself has for good is left alone.
    pub fn hold(&mut self, device: &mut Device, addresses: &[IpAddr]) -> io::Result<()> {
        let mut wanted: Vec<IpNet> = addresses.iter().map(|address| net(*address)).collect();
        if device.origin == Origin::Parent {
            let known = dump_addresses(&mut self.requests)?;
            let is_own = |address: &IpNet| {
                known.iter().any(|(index, own)| {
                    *index == device.index && own.permanent && own.address.addr() == address.addr()
                })
            };
            wanted.retain(|address| !is_own(address));
        }
        if device.origin != Origin::Parent {
            if !device.is_on {
                // Packets come from the moment on that the device is on: by then it should know its addresses. A
                // kernel that wants the device on first is asked again below.
                for address in &wanted {
                    let _ = self.hold_one(device.index, *address);
                }
                self.await_local(device.index, &wanted);
            }
            set_link_up(&mut self.requests, device.index, true)?;
        }
        device.is_on = true;
        for gone in device.held.extract_if(.., |held| !wanted.contains(held)) {
            remove_address(&mut self.requests, device.index, gone, None)?;
        }
        for address in wanted {
            self.hold_one(device.index, address)?;
            if !device.held.contains(&address) {
                device.held.push(address);
            }
        }
        Ok(())
    }

    /// Switches the device off and takes our addresses away.
    pub fn release(&mut self, device: &mut Device) -> io::Result<()> {
        device.is_on = false;
        let switched = match device.origin {
            Origin::Ours | Origin::Operator => set_link_up(&mut self.requests, device.index, false),
            Origin::Parent => Ok(()),
        };
        for address in device.held.drain(..) {
            remove_address(&mut self.requests, device.index, address, None)?;
        }
        switched
    }

    /// Leaves nothing of ours behind.
    pub fn remove(&mut self, mut device: Device) -> io::Result<()> {
        if device.origin == Origin::Ours {
            return remove_link(&mut self.requests, device.index);
        }
        self.release(&mut device)?;
        match device.found {
            Some(found) => found.restore(&mut self.requests, device.index),
            None => Ok(()),
        }
    }

    /// Removes devices of ours on `parent` that none of `kept` is.
    pub fn remove_others<'a>(
        &mut self,
        parent: u32,
        kept: impl IntoIterator<Item = &'a Device>,
    ) -> io::Result<()> {
        let kept: Vec<u32> = kept.into_iter().map(|device| device.index).collect();
        for link in dump_links(&mut self.requests)? {
            if link.parent == Some(parent) && is_ours(&link) && !kept.contains(&link.index) {
                info!(device = link.name, "left-over device removed");
                remove_link(&mut self.requests, link.index)?;
            }
        }
        Ok(())
    }

    /// Removes devices of ours on parents that have no virtual routers any more, and puts back what these parents had
    /// before: an earlier run has crashed, and its configuration was another.
    pub fn sweep(&mut self, has_routers: impl Fn(&str) -> bool) -> io::Result<()> {
        let links = dump_links(&mut self.requests)?;
        for link in links.iter().filter(|link| is_ours(link)) {
            let parent = links.iter().find(|parent| Some(parent.index) == link.parent);
            if parent.is_some_and(|parent| has_routers(&parent.name)) {
                continue;
            }
            if let Some(parent) = parent {
                ArpGuard::find(&mut self.requests, parent)?.release(&mut self.requests)?;
            }
            info!(device = link.name, "left-over device removed");
            remove_link(&mut self.requests, link.index)?;
        }
        Ok(())
    }

    /// The socket, for other settings.
    pub fn requests(&mut self) -> &mut Requests {
        &mut self.requests
    }

    /// What is refused for the sake of devices.
    pub fn refusals(&mut self) -> &mut Refusals {
        &mut self.refusals
    }

    fn hold_one(&mut self, index: u32, address: IpNet) -> io::Result<()> {
        let how = (LIFETIME, is_link_local(address.addr()));
        hold_address(&mut self.requests, index, address, how)
    }

    /// Waits until the kernel takes packets for the IPv6 ones of `addresses`. It acknowledges those before that: a
    /// worker of its own, which may be waiting for the processor that this thread is on, makes the route to them. An
    /// IPv4 address is local when it is acknowledged; and while the device is off, the kernel would not say so.
    fn await_local(&mut self, index: u32, addresses: &[IpNet]) {
        let start = Instant::now();
        for address in addresses.iter().map(IpNet::addr).filter(IpAddr::is_ipv6) {
            while !matches!(is_local(&mut self.requests, index, address), Ok(true)) {
                if start.elapsed() > PATIENCE {
                    debug!(%address, "not local yet");
                    return;
                }
                std::thread::sleep(PAUSE);
            }
        }
    }

    /// Off, empty, and with the settings that a second device in one subnet needs.
    fn furnish(&mut self, device: &Device) -> io::Result<()> {
        set_link_up(&mut self.requests, device.index, false)?;
        if device.origin == Origin::Ours {
            for (_, known) in dump_addresses(&mut self.requests)?
                .into_iter()
                .filter(|(index, known)| *index == device.index && known.peer.is_none())
            {
                remove_address(&mut self.requests, device.index, known.address, None)?;
            }
        }
        if let Err(error) = stop_address_generation(&mut self.requests, device.index) {
            // A kernel without IPv6.
            if error.raw_os_error() != Some(libc::EAFNOSUPPORT) {
                warn!(device = device.name, %error, "address generation stays on");
            }
        }
        // Hosts are reached through the parent, so a strict check would drop what comes from them. The kernel takes
        // the stricter of this and the setting for all.
        let for_all = arp::read("all", Ipv4Setting::ReversePathFilter).unwrap_or(STRICT);
        let loose = if for_all == OFF { OFF } else { LOOSE };
        let settings = [(Ipv4Setting::ReversePathFilter, loose), (Ipv4Setting::ArpIgnore, 1)];
        set_ipv4(&mut self.requests, device.index, &settings)
    }
}

impl Device {
    fn new(link: &Interface, parent: &Interface, origin: Origin) -> Self {
        Self {
            index: link.index,
            name: link.name.clone(),
            parent: parent.index,
            origin,
            is_on: false,
            found: None,
            held: Vec::new(),
        }
    }

    /// Its interface index.
    #[must_use]
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The index of the interface it is on.
    #[must_use]
    pub const fn parent(&self) -> u32 {
        self.parent
    }

    /// Whose it is.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }
}

/// True of a device that this run or an earlier one has made.
pub(super) fn is_ours(link: &Interface) -> bool {
    link.alias.starts_with(ALIAS)
}

/// As FRR's manual names them; in base 16 where an index of six digits would make it too long.
fn name(parent: u32, key: DeviceKey) -> String {
    let name = format!("vrrp{}-{parent}-{}", key.ip_version, key.vrid);
    if name.len() < libc::IFNAMSIZ {
        return name;
    }
    format!("v{}-{parent:x}-{:x}", key.ip_version, key.vrid)
}

fn is_macvlan(link: &Interface, mac: [u8; 6]) -> bool {
    link.kind.as_deref() == Some("macvlan") && link.mac == mac
}

fn net(address: IpAddr) -> IpNet {
    if is_link_local(address) {
        return IpNet::new(address, LINK_LOCAL_LEN).unwrap_or_else(|_| address.into());
    }
    address.into()
}

fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

/// What is written on devices of ours begins so.
pub const ALIAS: &str = "virtual router of ridgeway";
/// How long addresses stay unless they are held again.
pub const LIFETIME: Duration = Duration::from_secs(4);
/// Longest wait for addresses to be local. It delays a takeover, so it is short beside the shortest interval.
const PATIENCE: Duration = Duration::from_millis(5);
const PAUSE: Duration = Duration::from_micros(50);
/// RFC 4291 §2.5.6.
const LINK_LOCAL_LEN: u8 = 64;
/// `rp_filter` (RFC 3704).
const OFF: u32 = 0;
const STRICT: u32 = 1;
const LOOSE: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_whatever_the_index() {
        let key = |vrid, ip_version| DeviceKey { vrid, ip_version, mac: None };
        assert_eq!(name(7, key(5, 4)), "vrrp4-7-5");
        for index in [99_999, 100_000, u32::MAX >> 1] {
            let name = name(index, key(255, 6));
            assert!(name.len() < libc::IFNAMSIZ, "{name}");
        }
    }
}
