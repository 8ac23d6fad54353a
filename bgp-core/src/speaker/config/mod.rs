//! What the operator wants of BGP, as typed values that can be compared.
//!
//! The router makes a [`Config`] from an frr.conf, an embedder makes one by hand. Peer groups are resolved
//! before they come here: a [`PeerConfig`] (`peer`) is complete in itself. Everything is `PartialEq`, because a
//! reload is the difference of two values. Defaults are FRR 8.4's with `frr defaults traditional`.

mod peer;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use crate::policy::RouteMap;
use crate::types::{Asn, FamilyMap, Prefix, RouterId};

pub use peer::{
    AttributeUnchanged, DefaultOriginate, LocalAs, MaximumPrefix, MaximumPrefixAction, NextHopSelf,
    PeerConfig, PeerFamilyConfig, PeerTimers, RemoteAs, RemovePrivateAs, Role, SendCommunity, Ttl,
    UpdateSource,
};

/// One BGP instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Our AS.
    pub asn: Asn,
    /// Our BGP Identifier (RFC 6286).
    pub router_id: RouterId,
    /// Sent in the FQDN capability.
    pub host_name: Option<String>,
    /// Configured peers, by address.
    pub peers: BTreeMap<IpAddr, Arc<PeerConfig>>,
    /// Address ranges that may connect without a line of their own.
    pub listen_ranges: Vec<ListenRange>,
    /// How many peers the ranges may make in all. FRR: 100.
    pub listen_limit: u32,
    /// Per family: what we originate and how many paths are used at once.
    pub families: FamilyMap<FamilyConfig>,
    /// How the best path is chosen.
    pub decision: DecisionConfig,
    /// LOCAL_PREF of routes that carry none. FRR: 100.
    pub default_local_pref: u32,
    /// RFC 8212: external peers without policy exchange nothing. FRR: true.
    pub ebgp_requires_policy: bool,
    /// CLUSTER_ID of a route reflector; the router identifier if not set (RFC 4456 §7).
    pub cluster_id: Option<RouterId>,
    /// Whether clients' routes are reflected to other clients. FRR: true.
    pub client_to_client_reflection: bool,
    /// Graceful restart (RFC 4724).
    pub graceful_restart: GracefulRestart,
    /// True if a `network` is announced only while the kernel's table has the route. FRR: true.
    pub network_import_check: bool,
    /// True if a configured peer change of state is logged.
    pub log_neighbor_changes: bool,
    /// Everything is shut while this is set; the text goes to the peers (RFC 9003).
    pub shutdown: Option<String>,
}

/// What is set per family, outside any peer.
#[derive(Clone, Debug, PartialEq)]
pub struct FamilyConfig {
    /// `network` statements.
    pub networks: BTreeMap<Prefix, Network>,
    /// `aggregate-address` statements.
    pub aggregates: BTreeMap<Prefix, Aggregate>,
    /// `redistribute` statements.
    pub redistribute: BTreeMap<RouteSource, Redistribute>,
    /// Most equal external paths used at once. FRR: 64 on Debian.
    pub maximum_paths: u16,
    /// Most equal internal paths used at once. FRR: 64 on Debian.
    pub maximum_paths_ibgp: u16,
    /// Administrative distances: external, internal, local. FRR: 20, 200, 200.
    pub distance: Distance,
}

/// A `network` statement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Network {
    /// Policy run over the route.
    pub route_map: Option<Arc<RouteMap>>,
}

/// An `aggregate-address` statement (RFC 4271 §9.2.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Aggregate {
    /// Contributing routes are not announced.
    pub summary_only: bool,
    /// The aggregate carries an AS_SET of the contributors.
    pub as_set: bool,
}

/// A `redistribute` statement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Redistribute {
    /// MED of the routes; the kernel's metric if not set.
    pub metric: Option<u32>,
    /// Policy run over the routes.
    pub route_map: Option<Arc<RouteMap>>,
}

/// Where a route that BGP did not learn comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RouteSource {
    /// Another program put it into the kernel.
    Kernel,
    /// An interface address.
    Connected,
    /// `ip route`, `ipv6 route`.
    Static,
}

/// Administrative distances of BGP routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distance {
    /// Learned from external peers.
    pub external: u8,
    /// Learned from internal peers.
    pub internal: u8,
    /// Originated here.
    pub local: u8,
}

/// `bgp listen range`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListenRange {
    /// Peers inside may connect.
    pub prefix: Prefix,
    /// What each of them gets.
    pub template: Arc<PeerConfig>,
}

/// Which of the decision's optional rules hold (RFC 4271 §9.1.2.2 and FRR's `bgp bestpath`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DecisionConfig {
    /// MED is compared between different neighbouring ASes too.
    pub always_compare_med: bool,
    /// MED is compared group by group, so that the order of arrival has no say.
    pub deterministic_med: bool,
    /// A missing MED is the worst instead of the best.
    pub med_missing_as_worst: bool,
    /// The lower router identifier wins even between external paths (no RFC 5004).
    pub compare_router_id: bool,
    /// AS_PATH length has no say.
    pub as_path_ignore: bool,
    /// Paths of equal length through different ASes may be used together.
    pub as_path_multipath_relax: bool,
}

/// Graceful restart (RFC 4724).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GracefulRestart {
    /// What we do.
    pub mode: GracefulRestartMode,
    /// What we announce as our restart time. FRR: 120 s.
    pub restart_time: Duration,
    /// How long a restarted peer's old routes are kept. FRR: 360 s.
    pub stale_time: Duration,
}

/// Our side of graceful restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GracefulRestartMode {
    /// The capability is not sent.
    Disabled,
    /// We keep a restarting peer's routes. FRR's default.
    Helper,
    /// We also ask peers to keep ours: `bgp graceful-restart`.
    Restarter,
}

impl Config {
    /// An instance with FRR's defaults and nothing in it.
    #[must_use]
    pub fn new(asn: Asn, router_id: RouterId) -> Self {
        Self {
            asn,
            router_id,
            host_name: None,
            peers: BTreeMap::new(),
            listen_ranges: Vec::new(),
            listen_limit: 100,
            families: FamilyMap::from_fn(|_| FamilyConfig::default()),
            decision: DecisionConfig::default(),
            default_local_pref: 100,
            ebgp_requires_policy: true,
            cluster_id: None,
            client_to_client_reflection: true,
            graceful_restart: GracefulRestart::default(),
            network_import_check: true,
            log_neighbor_changes: true,
            shutdown: None,
        }
    }

    /// The listen range a connection from `addr` falls in: the longest.
    #[must_use]
    pub fn listen_range(&self, addr: IpAddr) -> Option<&ListenRange> {
        self.listen_ranges
            .iter()
            .filter(|range| range.prefix.contains(&addr))
            .max_by_key(|range| range.prefix.prefix_len())
    }
}

impl Default for FamilyConfig {
    fn default() -> Self {
        Self {
            networks: BTreeMap::new(),
            aggregates: BTreeMap::new(),
            redistribute: BTreeMap::new(),
            maximum_paths: 64,
            maximum_paths_ibgp: 64,
            distance: Distance { external: 20, internal: 200, local: 200 },
        }
    }
}

impl Default for GracefulRestart {
    fn default() -> Self {
        Self {
            mode: GracefulRestartMode::Helper,
            restart_time: Duration::from_secs(120),
            stale_time: Duration::from_secs(360),
        }
    }
}
