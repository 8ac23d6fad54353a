//! What a configuration asks for, as typed values that can be compared.
//!
//! [`Desired`] is the end of parsing: names are resolved, peer groups are flattened, defaults are filled in. Nothing
//! here remembers how a line was written; that is the script's business. Every type is `PartialEq`, because a
//! reload is the difference of two values.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use bgp_core::speaker::config::Config;
use bgp_core::{Family, Prefix};
use ipnet::IpNet;
use vrrp_core::discovery::{Lifetime, OnLinkPrefix, Preference, SearchDomain};

/// The whole of one router's configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desired {
    /// `hostname`.
    pub host_name: Option<String>,
    /// `log …`.
    pub log: LogConfig,
    /// `ip forwarding`, `ipv6 forwarding`; `None` leaves the kernel's setting alone.
    pub forwarding: Forwarding,
    /// `router-id A.B.C.D` at the top; already used for [`Config::router_id`] where `bgp router-id` is silent.
    pub router_id: Option<Ipv4Addr>,
    /// `ip nht resolve-via-default`: IPv4 next hops may resolve through the default route.
    pub resolve_via_default_v4: bool,
    /// `ipv6 nht resolve-via-default`.
    pub resolve_via_default_v6: bool,
    /// `interface NAME` blocks.
    pub interfaces: BTreeMap<String, Interface>,
    /// `ip route`, `ipv6 route`, sorted, each once.
    pub static_routes: Vec<StaticRoute>,
    /// `router bgp ASN` of the default VRF. [`Config::router_id`] is zero if the file gives no hint at all: then
    /// whoever runs it picks an address of the machine.
    pub bgp: Option<Config>,
}

/// Where logs go and how many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogConfig {
    /// `log stdout [LEVEL]`.
    pub stdout: Option<LogLevel>,
    /// `log syslog [LEVEL]`.
    pub syslog: Option<LogLevel>,
    /// `log file PATH [LEVEL]`.
    pub file: Option<(String, LogLevel)>,
    /// `log timestamp precision N`.
    pub timestamp_precision: Option<u8>,
}

/// syslog's levels (RFC 5424 §6.2.1) as FRR names them, the most pressing first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum LogLevel {
    Emergencies,
    Alerts,
    Critical,
    Errors,
    Warnings,
    Notifications,
    Informational,
    Debugging,
}

/// Whether the kernel forwards packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forwarding {
    /// `ip forwarding`, `no ip forwarding`.
    pub ipv4: Option<bool>,
    /// `ipv6 forwarding`, `no ipv6 forwarding`.
    pub ipv6: Option<bool>,
}

/// One `interface NAME` block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interface {
    /// Free text.
    pub description: Option<String>,
    /// `ip address`, `ipv6 address`: host bits kept, in the file's order, each once.
    pub addresses: Vec<IpNet>,
    /// `shutdown` sets it down, `no shutdown` up; `None` leaves it as it is.
    pub shutdown: Option<bool>,
    /// `ipv6 nd suppress-ra`: `Some(false)` (`no …`) asks for router advertisements.
    pub suppress_ra: Option<bool>,
    /// The other `ipv6 nd` lines: what router advertisements say.
    pub router_advert: RouterAdvert,
    /// `vrrp N …`, by VRID.
    pub vrrp: BTreeMap<u8, Vrrp>,
}

/// What router advertisements say, as far as the file does; the rest follows from the interface and RFC 4861 §6.2.1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouterAdvert {
    /// `ra-interval`. FRR: 600 s.
    pub interval: Option<Duration>,
    /// `ra-lifetime` in seconds. FRR: three times the interval.
    pub lifetime: Option<u16>,
    /// `ra-hop-limit`. FRR: 64.
    pub hop_limit: Option<u8>,
    /// `managed-config-flag`.
    pub is_managed: bool,
    /// `other-config-flag`.
    pub is_other: bool,
    /// `router-preference`.
    pub preference: Preference,
    /// `reachable-time` in milliseconds.
    pub reachable: u32,
    /// `ra-retrans-interval` in milliseconds.
    pub retransmit: u32,
    /// `mtu` in octets.
    pub mtu: Option<u32>,
    /// `prefix`, in the file's order; they come beside the interface's own, or say more of those.
    pub prefixes: Vec<OnLinkPrefix>,
    /// `rdnss`, with the lifetime that is said. FRR: three times the interval.
    pub name_servers: BTreeMap<Ipv6Addr, Option<Lifetime>>,
    /// `dnssl`, with the lifetime that is said. FRR: three times the interval.
    pub search_domains: BTreeMap<SearchDomain, Option<Lifetime>>,
}

impl RouterAdvert {
    /// MaxRtrAdvInterval.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.interval.unwrap_or(DEFAULT_RA_INTERVAL)
    }

    /// Three intervals in seconds, which is the default of most lifetimes.
    #[must_use]
    pub fn three_intervals(&self) -> u16 {
        u16::try_from((self.interval() * 3).as_secs()).unwrap_or(u16::MAX).clamp(1, LONGEST_RA_LIFETIME)
    }
}

/// One virtual router of an interface (RFC 9568), with Ridgeway's `!@ vrrp` directives.
#[derive(Clone, Debug, PartialEq)]
pub struct Vrrp {
    /// 3 or, for IPv4 only, 2.
    pub version: u8,
    /// 1 to 254; 255 for the router whose own addresses the virtual ones are. FRR: 100, and no 255.
    pub priority: u8,
    /// Time between ADVERTISEMENTs. FRR: 1 s.
    pub advertisement_interval: Duration,
    /// A higher priority takes over. FRR: true.
    pub preempt: bool,
    /// IPv4 checksums cover the pseudo header. FRR: true.
    pub checksum_with_pseudo_header: bool,
    /// Kept out of action.
    pub shutdown: bool,
    /// Virtual IPv4 addresses, in the file's order.
    pub addresses_v4: Vec<Ipv4Addr>,
    /// Virtual IPv6 addresses, in the file's order.
    pub addresses_v6: Vec<Ipv6Addr>,
    /// `!@ vrrp N preempt-delay S`: how long a higher priority waits before it takes over.
    pub preempt_delay: Duration,
    /// `!@ vrrp N garp-refresh S`: how often the active router announces its addresses again.
    pub garp_refresh: Option<Duration>,
    /// `!@ vrrp N unicast-peer A`.
    pub unicast_peers: Vec<IpAddr>,
    /// False after `!@ vrrp N no-virtual-mac`: addresses sit on the interface itself.
    pub virtual_mac: bool,
    /// False after `!@ vrrp N no-accept-mode`: a router that does not own the virtual addresses refuses packets to them,
    /// but for neighbour discovery. FRR: true, always.
    pub accept_mode: bool,
    /// `!@ vrrp N track … decrement P`.
    pub tracks: Vec<Track>,
}

/// What a virtual router's priority depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// What must hold.
    pub object: TrackObject,
    /// Taken off the priority while it does not.
    pub decrement: u8,
}

/// What can be tracked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackObject {
    /// The kernel has a default route of this family, or of the virtual router's own, that an established session
    /// with a complete table stands for.
    DefaultRoute(Option<Family>),
    /// The session with this peer is established.
    BgpPeer(IpAddr),
    /// The interface is up and running.
    Interface(String),
    /// The table has exactly this route.
    Route(Prefix),
}

/// One `ip route` or `ipv6 route` line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StaticRoute {
    /// Destination, host bits zero.
    pub prefix: Prefix,
    /// Where it goes. Several lines for one prefix and distance are one multipath route.
    pub target: StaticTarget,
    /// Administrative distance. FRR: 1.
    pub distance: u8,
    /// `tag N`.
    pub tag: u32,
    /// `table N`; the main table if not set.
    pub table: Option<u32>,
}

/// Where a static route goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StaticTarget {
    /// Through a gateway, on whatever interface reaches it.
    Gateway(IpAddr),
    /// Straight onto an interface.
    Interface(String),
    /// Through a gateway on a named interface.
    GatewayOnInterface {
        /// The gateway.
        gateway: IpAddr,
        /// The interface.
        interface: String,
        /// The gateway is taken as on link even if no address covers it.
        onlink: bool,
    },
    /// Dropped silently: `blackhole`, `Null0`.
    Blackhole,
    /// Dropped with an ICMP unreachable: `reject`.
    Reject,
}

impl Default for Vrrp {
    fn default() -> Self {
        Self {
            version: 3,
            priority: 100,
            advertisement_interval: Duration::from_secs(1),
            preempt: true,
            checksum_with_pseudo_header: true,
            shutdown: false,
            addresses_v4: Vec::new(),
            addresses_v6: Vec::new(),
            preempt_delay: Duration::ZERO,
            garp_refresh: None,
            unicast_peers: Vec::new(),
            virtual_mac: true,
            accept_mode: true,
            tracks: Vec::new(),
        }
    }
}

/// RFC 4861 §6.2.1.
const DEFAULT_RA_INTERVAL: Duration = Duration::from_secs(600);
/// AdvDefaultLifetime is at most this (RFC 4861 §6.2.1).
const LONGEST_RA_LIFETIME: u16 = 9000;
