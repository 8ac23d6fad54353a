//! The kernel's side: routes as this router sees them, interfaces, and next hops under watch.

use core::net::IpAddr;
use core::time::Duration;
use std::time::SystemTime;

use bgp_core::Prefix;

/// One route of the routing table.
#[derive(Clone, Debug)]
pub struct KernelRouteSnapshot {
    /// The destination.
    pub prefix: Prefix,
    /// Where it comes from.
    pub protocol: RouteProtocol,
    /// For BGP: true if learned from a peer in our AS.
    pub is_internal: bool,
    /// True if it won among the routes to this prefix.
    pub is_selected: bool,
    /// True if the kernel has it.
    pub is_installed: bool,
    /// Administrative distance.
    pub distance: u8,
    /// Metric.
    pub metric: u32,
    /// Tag of a static route; zero for none.
    pub tag: u32,
    /// Kernel table.
    pub table: u32,
    /// How long it is as it is.
    pub age: Duration,
    /// Where it leads.
    pub next_hops: Vec<KernelNextHop>,
    /// Next-hop group numbers: in use, and installed.
    pub groups: Option<(u32, Option<u32>)>,
}

/// Where a route comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteProtocol {
    /// Another program.
    Kernel,
    /// An interface address.
    Connected,
    /// `ip route`, `ipv6 route`.
    Static,
    /// BGP.
    Bgp,
}

/// One next hop of a route.
#[derive(Clone, Debug, Default)]
pub struct KernelNextHop {
    /// What happens to packets.
    pub action: NextHopAction,
    /// The gateway; `None` if directly connected.
    pub gateway: Option<IpAddr>,
    /// Index and name of the interface; `None` for a recursive next hop.
    pub interface: Option<(u32, String)>,
    /// True if it can be used.
    pub is_active: bool,
    /// True if the kernel uses it.
    pub is_installed: bool,
    /// True if it is reached through another route; the next ones, marked resolvers, say how.
    pub is_recursive: bool,
    /// True if it resolves the recursive one before it.
    pub is_resolver: bool,
    /// True for `onlink`.
    pub is_on_link: bool,
    /// Share among several; zero where there is none to speak of.
    pub weight: u16,
}

/// What a next hop does with packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NextHopAction {
    /// Sends them on.
    #[default]
    Forward,
    /// Drops them.
    Blackhole,
    /// Drops them with ICMP unreachable.
    Unreachable,
    /// Drops them with ICMP prohibited.
    Prohibit,
}

/// Some routes in prefix order, and where to go on.
#[derive(Clone, Debug, Default)]
pub struct KernelPage {
    /// The routes; all routes to one prefix are in one page.
    pub routes: Vec<KernelRouteSnapshot>,
    /// Ask again after this one; `None` at the end.
    pub next: Option<Prefix>,
}

/// One interface.
#[derive(Clone, Debug)]
pub struct InterfaceSnapshot {
    /// Its name.
    pub name: String,
    /// Its kernel index.
    pub index: u32,
    /// IFF_* as the kernel gives them.
    pub flags: u32,
    /// Largest packet.
    pub mtu: u32,
    /// Mbit/s; zero if unknown.
    pub speed: u32,
    /// Hardware address; empty for none.
    pub hardware_address: Vec<u8>,
    /// The kernel's link kind (`veth`, `macvlan`); empty for plain ones.
    pub kind: String,
    /// The device it stands on.
    pub parent: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// Times it came up since we watch.
    pub link_ups: u64,
    /// Times it went down.
    pub link_downs: u64,
    /// When it last came up.
    pub last_up: Option<SystemTime>,
    /// When it last went down.
    pub last_down: Option<SystemTime>,
    /// Its addresses, IPv4 before IPv6, in the kernel's order.
    pub addresses: Vec<AddressSnapshot>,
}

/// One address of an interface.
#[derive(Clone, Copy, Debug)]
pub struct AddressSnapshot {
    /// Address and length, host bits kept.
    pub address: Prefix,
    /// True if the kernel marks it secondary.
    pub is_secondary: bool,
}

/// A next hop that something here depends on (`show ip nht`).
#[derive(Clone, Debug)]
pub struct TrackedNextHop {
    /// The address.
    pub address: IpAddr,
    /// True if it must be directly connected.
    pub must_be_connected: bool,
    /// The protocol of the route it resolves by; `None` if it does not.
    pub via: Option<RouteProtocol>,
    /// How it is reached.
    pub next_hops: Vec<KernelNextHop>,
    /// Who depends on it: `bgp`, `static`.
    pub clients: Vec<&'static str>,
}
