//! What the operator wants of one peer.
//!
//! A [`PeerConfig`] is complete in itself: what its peer group says is in it already. What is set per address family is
//! a [`PeerFamilyConfig`]; a family without one is not offered.

use alloc::string::String;
use alloc::sync::Arc;
use core::net::IpAddr;
use core::time::Duration;

use crate::policy::{Filter, RouteMap};
use crate::types::{Asn, Family, FamilyMap};

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
