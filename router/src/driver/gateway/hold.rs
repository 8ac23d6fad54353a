//! What one virtual router has of the kernel: its device, and the gateway itself while it is held.
//!
//! Everything here may fail for a while - the interface is gone, the kernel refuses - and is tried again; a virtual
//! router without its device cannot hold the gateway and is told that its link is down.

use std::net::IpAddr;
use std::sync::Arc;

use frr_bridge::interface::{Interface, InterfaceFlags};
use frr_bridge::vrrp::{Device, Devices};
use tracing::warn;
use vrrp_core::segment::Key;
use vrrp_core::{Activation, Config, Family};

use super::settings::device_key;

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

/// What a virtual router can send from: the first address that is the parent's own, and is not tentative; and not
/// virtual, but for the owner, whose own they are (RFC 9568 §7.2).
pub(super) fn primary(parent: &Interface, family: Family, config: &Config) -> Option<IpAddr> {
    let usable = |own: &&frr_bridge::interface::InterfaceAddress| {
        let address = own.address.addr();
        Family::of(address) == family
            && !own.tentative
            && !own.secondary
            && (config.settings().priority.is_owner() || !config.settings().addresses.contains(address))
            && match address {
                IpAddr::V4(_) => true,
                IpAddr::V6(address) => address.is_unicast_link_local(),
            }
    };
    parent.addresses.iter().find(usable).map(|own| own.address.addr())
}
