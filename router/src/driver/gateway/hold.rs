//! What one virtual router has of the kernel: its device, and the gateway itself while it is held.
//!
//! Everything here may fail for a while - the interface is gone, the kernel refuses - and is tried again; a virtual
//! router without its device cannot hold the gateway and is told that its link is down.

use std::net::IpAddr;
use std::sync::Arc;

use frr_bridge::interface::{Interface, InterfaceFlags};
use frr_bridge::netlink::Refusal;
use frr_bridge::vrrp::{Device, Devices, Origin};
use tracing::warn;
use vrrp_core::segment::Key;
use vrrp_core::{Activation, Config, Family, MacMode};

use super::settings::device_key;

/// The kernel's side of one virtual router.
#[derive(Debug, Default)]
pub(super) struct Holder {
    device: Option<Device>,
    /// The gateway that is held.
    active: Option<Activation>,
    /// What keeps packets away meanwhile.
    refusals: Vec<Refusal>,
    /// Whether the kernel has shown the device, and it as up.
    is_known: bool,
    is_up: bool,
    /// Whether the last attempt failed: what fails is told once.
    is_failing: bool,
    /// The address that does not go with the priority, told once too.
    misfit: Option<IpAddr>,
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
                // The interface was replaced under a gateway that is held, which may not have noticed.
                self.refuse(key, devices);
                self.hold(key, devices);
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
        self.refuse(key, devices);
        self.hold(key, devices);
    }

    /// Without Accept_Mode packets for the addresses are refused (RFC 9568 §6.1). The owner's interface does not say
    /// its own hardware address for them, which the kernel would (§8.1.2, §8.2.2).
    fn refuse(&mut self, key: Key, devices: &mut Devices) {
        let (Some(activation), Some(device)) = (&self.active, &self.device) else { return };
        let old = self.refusals.len();
        let name = |what: &str| format!("ridgeway-{what}-{}-{}", device.parent(), key.vrid);
        let addresses: Vec<IpAddr> = activation.addresses.iter().collect();
        let packets =
            (!activation.accepts).then(|| devices.refusals().of_packets(&name("accept"), &addresses));
        let is_apart = device.origin() != Origin::Parent;
        let questions = (activation.is_owner && is_apart)
            .then(|| devices.refusals().of_questions(&name("owner"), device.parent(), &addresses));
        for refusal in packets.into_iter().chain(questions) {
            match refusal {
                Ok(refusal) => self.refusals.push(refusal),
                Err(error) => {
                    warn!(vrid = %key.vrid, family = ?key.family, %error, "no packet filter: nothing is refused");
                }
            }
        }
        self.allow(old, devices);
    }

    /// Ends the oldest refusals, which the newer ones have replaced. What fails is tried again the next time.
    fn allow(&mut self, count: usize, devices: &mut Devices) {
        let mut left = Vec::new();
        for refusal in self.refusals.drain(..count) {
            if let Err(error) = devices.refusals().end(&refusal) {
                warn!(%error, "a packet filter stays");
                left.push(refusal);
            }
        }
        self.refusals.append(&mut left);
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
        // Not before the addresses are gone: what is refused is not to be taken for a moment.
        self.allow(self.refusals.len(), devices);
    }

    /// Says so if priority and addresses do not go together: 255 is for whoever owns the addresses, and for nobody else
    /// (RFC 9568 §5.2.4). The file may not say what addresses the interface has; here it shows.
    pub(super) fn mind_ownership(&mut self, key: Key, config: &Config, parent: &Interface) {
        let settings = config.settings();
        let is_owner = settings.priority.is_owner();
        // Without a device of its own the gateway's addresses are on the parent whoever owns them.
        let is_misfit =
            |address: &IpAddr| settings.mac == MacMode::Virtual && parent.has_address(*address) != is_owner;
        let misfit = settings.addresses.iter().find(is_misfit);
        if let (Some(address), true) = (misfit, misfit != self.misfit) {
            let what = match is_owner {
                true => "priority 255, but the address is not the interface's own",
                false => "the address is the interface's own, but the priority is not 255",
            };
            warn!(interface = parent.name, vrid = %key.vrid, %address, "{what}");
        }
        self.misfit = misfit;
    }

    /// True while the gateway is here.
    pub(super) const fn is_active(&self) -> bool {
        self.active.is_some()
    }

    /// The parent is gone and the device with it; what was refused was refused there.
    pub(super) fn forget(&mut self, devices: &mut Devices) {
        (self.device, self.is_known, self.is_up) = (None, false, false);
        self.allow(self.refusals.len(), devices);
    }

    /// Removes what is there.
    pub(super) fn remove(&mut self, devices: &mut Devices) {
        if let Some(device) = self.device.take() {
            let name = device.name().to_owned();
            if let Err(error) = devices.remove(device) {
                warn!(device = name, %error, "device not removed");
            }
        }
        self.allow(self.refusals.len(), devices);
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
