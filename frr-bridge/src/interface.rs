//! Network interfaces as the kernel reports them.

use std::fs;
use std::net::IpAddr;
use std::time::SystemTime;

use ipnet::IpNet;

/// IFF_UP and friends (`ifi_flags`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterfaceFlags(pub u32);

impl InterfaceFlags {
    /// Switched on by the operator.
    pub const UP: u32 = 1;
    /// Broadcast is possible.
    pub const BROADCAST: u32 = 1 << 1;
    /// The loopback interface.
    pub const LOOPBACK: u32 = 1 << 3;
    /// Point-to-point.
    pub const POINT_TO_POINT: u32 = 1 << 4;
    /// The driver has the device going.
    pub const RUNNING: u32 = 1 << 6;
    /// No ARP.
    pub const NO_ARP: u32 = 1 << 7;
    /// Everything on the wire is received.
    pub const PROMISCUOUS: u32 = 1 << 8;
    /// All multicast is received.
    pub const ALL_MULTICAST: u32 = 1 << 9;
    /// Multicast is possible.
    pub const MULTICAST: u32 = 1 << 12;

    /// True if all the bits of `flags` are set.
    #[must_use]
    pub const fn contains(self, flags: u32) -> bool {
        self.0 & flags == flags
    }
}

/// An address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceAddress {
    /// The address with the length of its subnet.
    pub address: IpNet,
    /// The other end of a point-to-point link, with the length of what is reached there.
    pub peer: Option<IpNet>,
    /// A secondary address of its subnet (IFA_F_SECONDARY of IPv4).
    pub secondary: bool,
    /// The kernel makes no connected route for it (IFA_F_NOPREFIXROUTE).
    pub no_prefix_route: bool,
    /// It stays until somebody takes it away (IFA_F_PERMANENT).
    pub permanent: bool,
    /// Duplicate address detection has not finished, or has failed.
    pub tentative: bool,
}

impl InterfaceAddress {
    /// True for what looks like an address that a virtual router holds: it goes by itself, and a subnet that would be
    /// reached by it is not there. Such an address is with another router the next moment.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let is_alone = self.no_prefix_route && self.address.prefix_len() == self.address.max_prefix_len();
        let is_link_local = matches!(self.address.addr(), IpAddr::V6(addr) if addr.is_unicast_link_local());
        !self.permanent && (is_alone || is_link_local)
    }

    /// What the kernel takes as directly connected through this address.
    #[must_use]
    pub fn subnet(&self) -> IpNet {
        self.peer.unwrap_or(self.address).trunc()
    }
}

/// Ups and downs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transitions {
    /// How often it came up.
    pub ups: u32,
    /// How often it went down.
    pub downs: u32,
    /// When it came up last.
    pub last_up: Option<SystemTime>,
    /// When it went down last.
    pub last_down: Option<SystemTime>,
}

impl Transitions {
    /// What was known before an interface changed, with the change counted.
    #[must_use]
    pub fn counting(before: &Interface, is_operative: bool, now: SystemTime) -> Self {
        let known = before.transitions;
        match (before.is_operative(), is_operative) {
            (false, true) => Self { ups: known.ups + 1, last_up: Some(now), ..known },
            (true, false) => Self { downs: known.downs + 1, last_down: Some(now), ..known },
            (true, true) | (false, false) => known,
        }
    }
}

/// An interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Interface index.
    pub index: u32,
    /// Name.
    pub name: String,
    /// Flags.
    pub flags: InterfaceFlags,
    /// Largest packet.
    pub mtu: u32,
    /// Hardware address; empty if there is none.
    pub mac: Vec<u8>,
    /// ARP hardware type (1: Ethernet, 772: loopback).
    pub hardware_type: u16,
    /// Index of the interface it lies on (the other end of a veth pair, the parent of a macvlan or VLAN).
    pub parent: Option<u32>,
    /// Index of the bridge, bond or VRF it belongs to.
    pub master: Option<u32>,
    /// What that is: `bridge`, `bond`, `vrf`, …
    pub master_kind: Option<String>,
    /// Kind of virtual interface: `veth`, `macvlan`, `vlan`, `bridge`, `vrf`, …
    pub kind: Option<String>,
    /// Transmit queue length.
    pub queue_length: u32,
    /// Somebody keeps it without carrier (`protodown`), as FRR does with a virtual router's device.
    pub is_held_down: bool,
    /// What somebody wrote on it (`ip link set … alias`); empty if nobody did.
    pub alias: String,
    /// Addresses, in order.
    pub addresses: Vec<InterfaceAddress>,
    /// How often it came up and went down since we watch.
    pub transitions: Transitions,
}

impl Interface {
    /// True if packets can be sent: up, and with a carrier.
    #[must_use]
    pub const fn is_operative(&self) -> bool {
        self.flags.contains(InterfaceFlags::UP) && self.flags.contains(InterfaceFlags::RUNNING)
    }

    /// True if `address` is one of its own.
    #[must_use]
    pub fn has_address(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|own| own.address.addr() == address)
    }

    /// Mbit/s, where the driver knows it.
    ///
    /// Read from sysfs, which may show another network namespace's interfaces: what has another index or hardware
    /// address is not ours.
    #[must_use]
    pub fn speed(&self) -> Option<u32> {
        let read = |file: &str| fs::read_to_string(format!("/sys/class/net/{}/{file}", self.name)).ok();
        let mac: Vec<String> = self.mac.iter().map(|octet| format!("{octet:02x}")).collect();
        if read("ifindex")?.trim() != self.index.to_string() || read("address")?.trim() != mac.join(":") {
            return None;
        }
        read("speed")?.trim().parse().ok()
    }

    /// The first IPv6 link-local address of its own.
    #[must_use]
    pub fn link_local(&self) -> Option<std::net::Ipv6Addr> {
        self.addresses.iter().find_map(|own| match own.address.addr() {
            IpAddr::V6(addr) if addr.is_unicast_link_local() && !own.tentative && !own.is_held() => {
                Some(addr)
            }
            _ => None,
        })
    }
}
