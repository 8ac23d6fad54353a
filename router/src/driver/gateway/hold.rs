//! What one interface's virtual routers have of the kernel: sockets on the parent, a device each, and the gateway
//! itself while it is held.
//!
//! Everything here may fail for a while - the interface is gone, the kernel refuses - and is tried again; a virtual
//! router without its device cannot hold the gateway and is told that its link is down.

use std::net::IpAddr;
use std::sync::Arc;

use frr_bridge::interface::{Interface, InterfaceFlags};
use frr_bridge::vrrp::{ArpGuard, Device, Devices, Frames, Listener};
use tracing::{debug, warn};
use vrrp_core::segment::Key;
use vrrp_core::{Activation, Config, Family, Transmit, types};

use super::settings::device_key;

/// The sockets on an interface.
#[derive(Debug)]
pub(super) struct Attachment {
    parent: u32,
    frames: Frames,
    /// A family that the kernel does not have is none.
    v4: Option<Listener>,
    v6: Option<Listener>,
    /// The parent's ARP settings, once an IPv4 device is on it.
    arp: Option<ArpGuard>,
    /// Whether the last packet could be sent: what fails is told once.
    is_sending: bool,
}

/// The kernel's side of one virtual router.
#[derive(Debug, Default)]
pub(super) struct Holder {
    device: Option<Device>,
    /// The gateway that is held.
    active: Option<Activation>,
    /// Whether the kernel has shown the device, and it as up.
    is_known: bool,
    is_up: bool,
    /// Whether the last attempt failed: what fails is told once.
    is_failing: bool,
}

/// What became of a device since it was looked at last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeviceChange {
    Nothing,
    /// It has come up.
    Up,
    /// Somebody has removed it.
    Gone,
}

impl Attachment {
    /// Opens the sockets.
    pub(super) fn open(parent: &Interface) -> std::io::Result<Self> {
        let listen = |family: Family| {
            Listener::open(parent, family.group())
                .inspect_err(|error| warn!(interface = parent.name, ?family, %error, "cannot listen"))
        };
        let (v4, v6) = (listen(Family::Ipv4).ok(), listen(Family::Ipv6).ok());
        let frames = Frames::open(parent.index)?;
        Ok(Self { parent: parent.index, frames, v4, v6, arp: None, is_sending: true })
    }

    /// The interface they are on.
    pub(super) const fn parent(&self) -> u32 {
        self.parent
    }

    /// The ear of a family.
    pub(super) const fn listener(&self, family: Family) -> Option<&Listener> {
        match family {
            Family::Ipv4 => self.v4.as_ref(),
            Family::Ipv6 => self.v6.as_ref(),
        }
    }

    /// Sends. What cannot be sent is lost, as on any link.
    pub(super) fn send(&mut self, transmit: &Transmit) {
        let sent = match transmit {
            Transmit::Announcement(frame) => self.frames.send(frame),
            Transmit::Advertisement(outgoing) => match (outgoing.to_frame(), &outgoing.endpoints) {
                (Some(frame), _) => self.frames.send(&frame),
                (None, ends) => match self.listener(ends.family()) {
                    Some(listener) => listener.send(ends.source(), ends.destination(), &outgoing.payload),
                    None => Err(std::io::ErrorKind::NotConnected.into()),
                },
            },
        };
        match sent {
            Ok(()) => self.is_sending = true,
            Err(error) if self.is_sending => {
                self.is_sending = false;
                warn!(parent = self.parent, %error, "packets cannot be sent");
            }
            Err(_) => {}
        }
    }

    /// Keeps the parent from answering for the virtual addresses.
    pub(super) fn guard_arp(&mut self, parent: &Interface, devices: &mut Devices) {
        if self.arp.is_none() {
            match ArpGuard::set(devices.requests(), parent.index, &parent.name) {
                Ok(guard) => self.arp = Some(guard),
                Err(error) => warn!(interface = parent.name, %error, "ARP stays as it is"),
            }
        }
    }

    /// Puts the parent back as it was.
    pub(super) fn close(self, devices: &mut Devices) {
        if let Some(Err(error)) = self.arp.map(|guard| guard.release(devices.requests())) {
            debug!(parent = self.parent, %error, "ARP not put back");
        }
    }
}

impl Holder {
    /// Its device's name.
    pub(super) fn device(&self) -> Option<&Device> {
        self.device.as_ref()
    }

    /// Finds or makes the device. True if it is there afterwards.
    pub(super) fn obtain(
        &mut self,
        (key, config): (Key, &Config),
        parent: &Interface,
        devices: &mut Devices,
    ) -> bool {
        if self.device.is_some() {
            return true;
        }
        match devices.obtain(parent, device_key(key, config)) {
            Ok(device) => {
                (self.device, self.is_failing) = (Some(device), false);
                (self.is_known, self.is_up) = (false, false);
                true
            }
            Err(error) => {
                self.fail("no device", key, &error);
                false
            }
        }
    }

    /// Compares the device with what the kernel shows.
    pub(super) fn look(&mut self, shown: Option<&Arc<Interface>>) -> DeviceChange {
        let was_known = std::mem::replace(&mut self.is_known, shown.is_some());
        let is_up = shown.is_some_and(|interface| interface.flags.contains(InterfaceFlags::UP));
        let was_up = std::mem::replace(&mut self.is_up, is_up);
        match (was_known, shown) {
            (true, None) if self.device.take().is_some() => DeviceChange::Gone,
            _ if is_up && !was_up => DeviceChange::Up,
            _ => DeviceChange::Nothing,
        }
    }

    /// The gateway is here.
    pub(super) fn activate(&mut self, key: Key, activation: Activation, devices: &mut Devices) {
        self.active = Some(activation);
        self.hold(key, devices);
    }

    /// Holds the gateway, if it is here, for a while longer.
    pub(super) fn hold(&mut self, key: Key, devices: &mut Devices) {
        let (Some(activation), Some(device)) = (&self.active, &mut self.device) else { return };
        let addresses: Vec<IpAddr> = activation.addresses.iter().collect();
        match devices.hold(device, &addresses) {
            Ok(()) => self.is_failing = false,
            Err(error) => self.fail("the gateway is not held", key, &error),
        }
    }

    /// The gateway is elsewhere.
    pub(super) fn deactivate(&mut self, key: Key, devices: &mut Devices) {
        self.active = None;
        if let Some(device) = &mut self.device
            && let Err(error) = devices.release(device)
        {
            self.fail("the gateway is not let go", key, &error);
        }
    }

    /// True while the gateway is here.
    pub(super) const fn is_active(&self) -> bool {
        self.active.is_some()
    }

    /// The parent is gone and the device with it.
    pub(super) fn forget(&mut self) {
        (self.device, self.is_known, self.is_up) = (None, false, false);
    }

    /// Removes what is there.
    pub(super) fn remove(&mut self, devices: &mut Devices) {
        let Some(device) = self.device.take() else { return };
        let name = device.name().to_owned();
        if let Err(error) = devices.remove(device) {
            warn!(device = name, %error, "device not removed");
        }
    }

    fn fail(&mut self, what: &str, key: Key, error: &std::io::Error) {
        if !self.is_failing {
            self.is_failing = true;
            warn!(vrid = %key.vrid, family = ?key.family, %error, "{what}");
        }
    }
}

/// What a virtual router can send from: the first address that is the parent's own, and is not tentative or virtual.
pub(super) fn primary(parent: &Interface, family: Family, config: &Config) -> Option<IpAddr> {
    let usable = |own: &&frr_bridge::interface::InterfaceAddress| {
        let address = own.address.addr();
        types::Family::of(address) == family
            && !own.tentative
            && !own.secondary
            && !config.settings().addresses.contains(address)
            && match address {
                IpAddr::V4(_) => true,
                IpAddr::V6(address) => address.is_unicast_link_local(),
            }
    };
    parent.addresses.iter().find(usable).map(|own| own.address.addr())
}
