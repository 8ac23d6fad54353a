//! What a virtual router has of the kernel (RFC 9568 §7): a device with the virtual hardware address that is switched
//! on, and addresses that are there, only while it is Active; and the packets of protocol 112.
//!
//! ```text
//!                    ┌─ macvlan vrrp4-IFINDEX-VRID, 00:00:5e:00:01:VRID, off in Backup  [device]
//!  LAN ── parent ────┼─ macvlan vrrp6-IFINDEX-VRID, 00:00:5e:00:02:VRID, off in Backup
//!                    ├─ raw socket a family: advertisements of the others                [listener]
//!                    ├─ raw socket: hosts that look for a router                         [listener]
//!                    └─ packet socket: our frames, with the virtual address as source    [listener]
//! ```
//!
//! A device that is off answers no ARP and no neighbour solicitation, takes no frame that a switch floods to the
//! virtual hardware address, and stays off when its parent flaps. Nothing here knows the protocol: who is Active is
//! decided elsewhere.

mod arp;
mod device;
mod listener;
mod operator;

pub use arp::ArpGuard;
pub use device::{ALIAS, Device, DeviceKey, Devices, LIFETIME, Origin};
pub use listener::{Frames, Heard, Listener};
