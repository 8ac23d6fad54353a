//! What the operator wants of BGP, as typed values that can be compared.
//!
//! The router makes a [`Config`] from an frr.conf, an embedder makes one by hand. Peer groups are resolved
//! before they come here: a [`PeerConfig`] is complete in itself. Everything is `PartialEq`, because a reload is
//! the difference of two values. Defaults are FRR 8.4's with `frr defaults traditional`.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use crate::policy::{Filter, RouteMap};
use crate::types::{Asn, Family, FamilyMap, Prefix, RouterId};

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

/// One peer, complete.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerConfig {
    /// The peer group it was written in, for display.
    pub group: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// The AS the peer must be in.
    pub remote_as: RemoteAs,
    /// `local-as`: the AS we pretend to be in.
    pub local_as: Option<LocalAs>,
    /// TCP MD5 key (RFC 2385).
    pub password: Option<String>,
    /// IP TTL / hop limit rules.
    pub ttl: Ttl,
    /// Where our end of the connection is.
    pub update_source: Option<UpdateSource>,
    /// True if we wait for the peer to connect.
    pub passive: bool,
    /// Set while the peer is shut; the text goes to it (RFC 9003), empty for none.
    pub shutdown: Option<String>,
    /// The peer's TCP port. 179.
    pub port: u16,
    /// Session timers.
    pub timers: PeerTimers,
    /// An external peer need not be on a connected network.
    pub disable_connected_check: bool,
    /// Offer RFC 8950 (IPv4 routes over IPv6 next hops).
    pub extended_next_hop: bool,
    /// Send no capability at all.
    pub dont_capability_negotiate: bool,
    /// RFC 9234 role.
    pub role: Option<Role>,
    /// Families, those absent not activated.
    pub families: FamilyMap<Option<PeerFamilyConfig>>,
}

/// `remote-as`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemoteAs {
    /// This one.
    Asn(Asn),
    /// Ours, whatever it is.
    Internal,
    /// Any but ours.
    External,
}

impl RemoteAs {
    /// The AS that the peer must be in, towards which we are in `local`; none if several would do.
    #[must_use]
    pub fn asn(self, local: Asn) -> Option<Asn> {
        match self {
            Self::Asn(asn) => Some(asn),
            Self::Internal => Some(local),
            Self::External => None,
        }
    }
}

/// `local-as`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalAs {
    /// The AS shown to the peer.
    pub asn: Asn,
    /// It is not put before received paths.
    pub no_prepend: bool,
    /// The real AS is not shown beside it.
    pub replace_as: bool,
}

/// How far away a peer may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// External peers one hop, internal ones any.
    Default,
    /// `ebgp-multihop N`.
    Multihop(u8),
    /// `ttl-security hops N`: GTSM (RFC 5082).
    Security {
        /// Most hops away.
        hops: u8,
    },
}

/// `update-source`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpdateSource {
    /// An address of ours.
    Address(IpAddr),
    /// Whatever address this interface has.
    Interface(String),
}

/// Session timers (RFC 4271 §10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerTimers {
    /// Proposed hold time; zero turns it off. FRR: 180 s.
    pub hold: Duration,
    /// Proposed interval between KEEPALIVEs. FRR: 60 s.
    pub keepalive: Duration,
    /// ConnectRetryTimer. FRR: 120 s.
    pub connect_retry: Duration,
    /// Least time between UPDATEs for one prefix; zero sends at once. FRR: 0.
    pub advertisement_interval: Duration,
}

/// BGP roles (RFC 9234 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Role {
    Provider,
    RouteServer,
    RouteServerClient,
    Customer,
    Peer,
}

/// One family of one peer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PeerFamilyConfig {
    /// Policy on what comes.
    pub import: Filter,
    /// Policy on what goes.
    pub export: Filter,
    /// Keep what policy refused, so that a change of policy needs no ROUTE-REFRESH.
    pub soft_reconfiguration: bool,
    /// `maximum-prefix`.
    pub maximum_prefix: Option<MaximumPrefix>,
    /// `next-hop-self`.
    pub next_hop_self: NextHopSelf,
    /// `default-originate`.
    pub default_originate: Option<DefaultOriginate>,
    /// Which communities are sent.
    pub send_community: SendCommunity,
    /// RFC 4456 client.
    pub route_reflector_client: bool,
    /// How often our AS may be in a received path. 0: not at all.
    pub allow_as_in: u8,
    /// Private AS numbers are removed on the way out.
    pub remove_private_as: RemovePrivateAs,
    /// The peer's AS in the path is replaced by ours on the way out.
    pub as_override: bool,
    /// Weight of routes from this peer (local to this router).
    pub weight: Option<u16>,
    /// Attributes passed on to external peers as they came.
    pub attribute_unchanged: AttributeUnchanged,
}

/// `maximum-prefix`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaximumPrefix {
    /// Most prefixes.
    pub limit: u32,
    /// Percentage at which a warning is logged. FRR: 75.
    pub threshold: u8,
    /// What happens above the limit.
    pub action: MaximumPrefixAction,
}

/// What happens above `maximum-prefix`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaximumPrefixAction {
    /// Cease/Maximum Number of Prefixes Reached, and down until cleared.
    Teardown,
    /// The same, and another try after this time.
    Restart(Duration),
    /// A warning only.
    Warn,
}

/// `next-hop-self`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NextHopSelf {
    /// RFC 4271 §5.1.3.
    #[default]
    Default,
    /// Always, except for reflected routes.
    Always,
    /// Always: `force`.
    Force,
}

/// `default-originate`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DefaultOriginate {
    /// Policy that sets attributes of the default route.
    pub route_map: Option<Arc<RouteMap>>,
}

/// Which communities are sent. FRR sends all by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendCommunity {
    /// RFC 1997.
    pub standard: bool,
    /// RFC 4360.
    pub extended: bool,
    /// RFC 8092.
    pub large: bool,
}

/// `remove-private-AS`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RemovePrivateAs {
    /// Left as they are.
    #[default]
    Keep,
    /// Removed if the path holds nothing else.
    Only,
    /// Removed wherever they stand.
    All,
    /// Each replaced by our AS.
    ReplaceAll,
}

/// `attribute-unchanged`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct AttributeUnchanged {
    pub as_path: bool,
    pub next_hop: bool,
    pub med: bool,
}

impl Ttl {
    /// True if an external peer must be on a network of ours.
    #[must_use]
    pub const fn is_single_hop(self) -> bool {
        matches!(self, Self::Default | Self::Multihop(1) | Self::Security { hops: 1 })
    }
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

impl PeerConfig {
    /// A peer with FRR's defaults: IPv4 unicast only.
    #[must_use]
    pub fn new(remote_as: RemoteAs) -> Self {
        let mut families = FamilyMap::from_fn(|_| None);
        families[Family::Ipv4Unicast] = Some(PeerFamilyConfig::default());
        Self {
            group: None,
            description: None,
            remote_as,
            local_as: None,
            password: None,
            ttl: Ttl::Default,
            update_source: None,
            passive: false,
            shutdown: None,
            port: 179,
            timers: PeerTimers::default(),
            disable_connected_check: false,
            extended_next_hop: false,
            dont_capability_negotiate: false,
            role: None,
            families,
        }
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

impl Default for PeerTimers {
    fn default() -> Self {
        Self {
            hold: Duration::from_secs(180),
            keepalive: Duration::from_secs(60),
            connect_retry: Duration::from_secs(120),
            advertisement_interval: Duration::ZERO,
        }
    }
}

impl Default for SendCommunity {
    fn default() -> Self {
        Self { standard: true, extended: true, large: true }
    }
}
