//! What the lines say so far, before names are resolved and peer groups are flattened.
//!
//! Handlers write here in any order; `resolve` reads it once, at the end. Whatever a line may leave unsaid is an
//! `Option`, so that a peer's own word, its group's word and the default can be told apart.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bgp_core::policy::{Action, AsPathEntry, CommunityEntry, Match, OnMatch, PrefixEntry, Set};
use bgp_core::speaker::config::{
    Aggregate, DecisionConfig, Distance, GracefulRestartMode, LocalAs, MaximumPrefix, NextHopSelf, RemoteAs,
    RemovePrivateAs, Role, RouteSource, UpdateSource,
};
use bgp_core::{Asn, Family, FamilyMap, Prefix, RouterId};

use super::desired::{Desired, Interface, StaticRoute};
use super::place::Place;
use super::statement::{Complaint, Spot, Statement};
use super::value::PeerName;

/// Everything said so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    /// What needs no resolving.
    pub desired: Desired,
    /// `frr defaults datacenter`.
    pub datacenter: bool,
    /// `frr version X.Y`: some defaults hang on it.
    pub version: Option<(u32, u32)>,
    /// Where each virtual router is first spoken of, by interface and VRID.
    pub vrrp_spots: BTreeMap<(String, u8), Spot>,
    /// The version that each was made with, and where.
    pub vrrp_versions: BTreeMap<(String, u8), (u8, Spot)>,
    /// Where each virtual router's priority is said.
    pub vrrp_priority_spots: BTreeMap<(String, u8), Spot>,
    /// Where `[no] ipv6 nd suppress-ra` is said, by interface.
    pub suppress_ra_spots: BTreeMap<String, Spot>,
    /// Where `ipv6 nd ra-lifetime` is said, by interface.
    pub ra_lifetime_spots: BTreeMap<String, Spot>,
    /// `ip route`, `ipv6 route`.
    pub static_routes: BTreeSet<StaticRoute>,
    /// `router bgp`.
    pub bgp: Option<BgpDraft>,
    /// `ip|ipv6 prefix-list`.
    pub prefix_lists: BTreeMap<(Family, String), BTreeMap<u32, PrefixEntry>>,
    /// `access-list`, `ipv6 access-list`.
    pub access_lists: BTreeMap<(Family, String), BTreeMap<u32, PrefixEntry>>,
    /// `bgp as-path access-list`.
    pub as_path_lists: BTreeMap<String, BTreeMap<u32, AsPathEntry>>,
    /// `bgp community-list` and its large and extended kin.
    pub community_lists: BTreeMap<(CommunityKind, String), BTreeMap<u32, CommunityEntry>>,
    /// `route-map`, by name and sequence number.
    pub route_maps: BTreeMap<String, BTreeMap<u32, RouteMapDraft>>,
}

/// Which communities a list is about; the names of each kind are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub(crate) enum CommunityKind {
    Standard,
    Large,
    Extended,
}

/// A name, and where it was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// The name.
    pub name: String,
    /// Where.
    pub spot: Spot,
}

/// `router bgp`.
#[derive(Clone, Debug)]
pub(crate) struct BgpDraft {
    /// Where it stands.
    pub spot: Spot,
    /// Our AS.
    pub asn: Asn,
    /// `bgp router-id`.
    pub router_id: Option<RouterId>,
    /// `bgp default ipv4-unicast` (on unless said otherwise) and `ipv6-unicast` (off).
    pub default_families: FamilyMap<Option<bool>>,
    /// `bgp default local-preference`.
    pub default_local_pref: Option<u32>,
    /// `bgp ebgp-requires-policy`.
    pub ebgp_requires_policy: Option<bool>,
    /// `bgp network import-check`.
    pub network_import_check: Option<bool>,
    /// `bgp log-neighbor-changes`.
    pub log_neighbor_changes: Option<bool>,
    /// `bgp deterministic-med`.
    pub deterministic_med: Option<bool>,
    /// The other rules of the decision.
    pub decision: DecisionConfig,
    /// `bgp cluster-id`.
    pub cluster_id: Option<RouterId>,
    /// `bgp client-to-client reflection`.
    pub client_to_client_reflection: Option<bool>,
    /// `bgp graceful-restart`, `bgp graceful-restart-disable`.
    pub graceful_restart: Option<GracefulRestartMode>,
    /// `bgp graceful-restart restart-time`.
    pub restart_time: Option<Duration>,
    /// `bgp graceful-restart stalepath-time`.
    pub stale_time: Option<Duration>,
    /// `bgp disable-ebgp-connected-route-check`.
    pub disable_connected_check: bool,
    /// `bgp shutdown`.
    pub shutdown: Option<String>,
    /// `timers bgp`: keepalive and hold time.
    pub timers: Option<(Duration, Duration)>,
    /// `bgp listen limit`.
    pub listen_limit: Option<u32>,
    /// `bgp listen range`: the group's name.
    pub listen_ranges: BTreeMap<Prefix, Named>,
    /// Peers and groups.
    pub peers: BTreeMap<PeerName, PeerDraft>,
    /// Per family.
    pub families: FamilyMap<BgpFamilyDraft>,
}

/// `address-family`, outside any peer.
#[derive(Clone, Debug, Default)]
pub(crate) struct BgpFamilyDraft {
    /// `network`, with its route-map.
    pub networks: BTreeMap<Prefix, Option<Named>>,
    /// `aggregate-address`.
    pub aggregates: BTreeMap<Prefix, Aggregate>,
    /// `redistribute`, with metric and route-map.
    pub redistribute: BTreeMap<RouteSource, (Option<u32>, Option<Named>)>,
    /// `maximum-paths`.
    pub maximum_paths: Option<u16>,
    /// `maximum-paths ibgp`.
    pub maximum_paths_ibgp: Option<u16>,
    /// `distance bgp`.
    pub distance: Option<Distance>,
}

/// A peer or a peer group: only what was said of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct PeerDraft {
    /// Where it was first spoken of.
    pub spot: Spot,
    /// `neighbor NAME peer-group`.
    pub is_group: bool,
    /// `neighbor NAME interface …`, which is not served: nothing else said of it is an error.
    pub is_interface: bool,
    /// `neighbor ADDRESS peer-group NAME`.
    pub group: Option<Named>,
    /// `remote-as`.
    pub remote_as: Option<RemoteAs>,
    /// `description`.
    pub description: Option<String>,
    /// `local-as`.
    pub local_as: Option<LocalAs>,
    /// `password`.
    pub password: Option<String>,
    /// `ebgp-multihop`.
    pub multihop: Option<u8>,
    /// `ttl-security hops`.
    pub ttl_security: Option<u8>,
    /// `update-source`.
    pub update_source: Option<UpdateSource>,
    /// `passive`.
    pub passive: Option<bool>,
    /// `shutdown`: `Some(None)` for `no shutdown`.
    pub shutdown: Option<Option<String>>,
    /// `port`.
    pub port: Option<u16>,
    /// `timers`: keepalive and hold time.
    pub timers: Option<(Duration, Duration)>,
    /// `timers connect`.
    pub connect_retry: Option<Duration>,
    /// `advertisement-interval`.
    pub advertisement_interval: Option<Duration>,
    /// `disable-connected-check`.
    pub disable_connected_check: Option<bool>,
    /// `capability extended-nexthop`.
    pub extended_next_hop: Option<bool>,
    /// `dont-capability-negotiate`.
    pub dont_capability_negotiate: Option<bool>,
    /// `local-role`.
    pub role: Option<Role>,
    /// Per family.
    pub families: FamilyMap<PeerFamilyDraft>,
}

/// One family of a peer or a peer group.
#[derive(Clone, Debug, Default)]
pub(crate) struct PeerFamilyDraft {
    /// `activate`.
    pub activate: Option<bool>,
    /// Policy, in and out.
    pub filters: [FilterDraft; 2],
    /// `soft-reconfiguration inbound`.
    pub soft_reconfiguration: Option<bool>,
    /// `maximum-prefix`.
    pub maximum_prefix: Option<MaximumPrefix>,
    /// `next-hop-self`.
    pub next_hop_self: Option<NextHopSelf>,
    /// `default-originate`: `Some(None)` for `no default-originate`, else with or without route-map.
    pub default_originate: Option<Option<Option<Named>>>,
    /// `send-community` standard, extended, large.
    pub send_community: [Option<bool>; 3],
    /// `route-reflector-client`.
    pub route_reflector_client: Option<bool>,
    /// `route-server-client`.
    pub route_server_client: Option<bool>,
    /// `allowas-in`.
    pub allow_as_in: Option<u8>,
    /// `remove-private-AS`.
    pub remove_private_as: Option<RemovePrivateAs>,
    /// `as-override`.
    pub as_override: Option<bool>,
    /// `weight`.
    pub weight: Option<u16>,
    /// `attribute-unchanged`: AS path, next hop, MED.
    pub attribute_unchanged: Option<[bool; 3]>,
}

/// Policy of one direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct FilterDraft {
    /// `prefix-list`.
    pub prefix_list: Option<Named>,
    /// `distribute-list`.
    pub access_list: Option<Named>,
    /// `filter-list`.
    pub as_path_list: Option<Named>,
    /// `route-map`.
    pub route_map: Option<Named>,
}

/// One `route-map NAME permit|deny SEQ` block.
#[derive(Clone, Debug)]
pub(crate) struct RouteMapDraft {
    /// Where it stands.
    pub spot: Spot,
    /// Permit or deny.
    pub action: Action,
    /// By the text of what is matched: a later line on the same replaces the earlier.
    pub matches: BTreeMap<&'static str, MatchDraft>,
    /// By the text of what is set, which is also the order in which it is done.
    pub sets: BTreeMap<&'static str, SetDraft>,
    /// `call`.
    pub call: Option<Named>,
    /// `on-match`, `continue`.
    pub on_match: OnMatch,
    /// `description`.
    pub description: Option<String>,
}

/// A `match` line, names unresolved.
#[derive(Clone, Debug)]
pub(crate) enum MatchDraft {
    /// Needs no name.
    Ready(Match),
    /// `ip|ipv6 address prefix-list`.
    PrefixList(Family, Named),
    /// `ip|ipv6 address NAME`.
    AccessList(Family, Named),
    /// `ip|ipv6 next-hop prefix-list`.
    NextHopPrefixList(Family, Named),
    /// `ip|ipv6 next-hop NAME`.
    NextHopAccessList(Family, Named),
    /// `as-path`.
    AsPath(Named),
    /// `community`, `large-community`, `extcommunity`; exact or not.
    Community(CommunityKind, Named, bool),
    /// Something that this router cannot tell: no route matches.
    Never,
}

/// A `set` line, names unresolved.
#[derive(Clone, Debug)]
pub(crate) enum SetDraft {
    /// Needs no name.
    Ready(Set),
    /// `comm-list NAME delete`, `large-comm-list NAME delete`.
    CommunityDelete(CommunityKind, Named),
}

impl Draft {
    /// The interface of the block.
    pub(crate) fn interface(&mut self, statement: &Statement) -> Result<&mut Interface, Complaint> {
        match &statement.place {
            Place::Interface(name) => Ok(self.desired.interfaces.entry(name.clone()).or_default()),
            Place::Top | Place::Bgp | Place::Family(_) | Place::RouteMap(..) => Err(outside()),
        }
    }

    /// The route-map entry of the block.
    pub(crate) fn entry(&mut self, statement: &Statement) -> Result<&mut RouteMapDraft, Complaint> {
        match &statement.place {
            Place::RouteMap(name, seq) => {
                self.route_maps.get_mut(name).and_then(|map| map.get_mut(seq)).ok_or_else(outside)
            }
            Place::Top | Place::Interface(_) | Place::Bgp | Place::Family(_) => Err(outside()),
        }
    }

    /// The BGP instance of the block.
    pub(crate) fn bgp(&mut self) -> Result<&mut BgpDraft, Complaint> {
        self.bgp.as_mut().ok_or_else(outside)
    }

    /// What is said of the block's family.
    pub(crate) fn bgp_family(&mut self, statement: &Statement) -> Result<&mut BgpFamilyDraft, Complaint> {
        Ok(&mut self.bgp()?.families[statement.family()])
    }

    /// The peer or group that the line is about; it comes into being by being spoken of.
    pub(crate) fn peer(&mut self, statement: &Statement) -> Result<&mut PeerDraft, Complaint> {
        let fresh = || PeerDraft { spot: statement.spot, ..PeerDraft::default() };
        Ok(self.bgp()?.peers.entry(statement.peer()?).or_insert_with(fresh))
    }

    /// The same, in the block's family.
    pub(crate) fn peer_family(&mut self, statement: &Statement) -> Result<&mut PeerFamilyDraft, Complaint> {
        Ok(&mut self.peer(statement)?.families[statement.family()])
    }
}

impl BgpDraft {
    /// `router bgp ASN` with nothing in it.
    #[must_use]
    pub(crate) fn new(asn: Asn, spot: Spot) -> Self {
        Self {
            spot,
            asn,
            router_id: None,
            default_families: FamilyMap::default(),
            default_local_pref: None,
            ebgp_requires_policy: None,
            network_import_check: None,
            log_neighbor_changes: None,
            deterministic_med: None,
            decision: DecisionConfig::default(),
            cluster_id: None,
            client_to_client_reflection: None,
            graceful_restart: None,
            restart_time: None,
            stale_time: None,
            disable_connected_check: false,
            shutdown: None,
            timers: None,
            listen_limit: None,
            listen_ranges: BTreeMap::new(),
            peers: BTreeMap::new(),
            families: FamilyMap::default(),
        }
    }
}

impl RouteMapDraft {
    /// An entry with nothing in it.
    #[must_use]
    pub(crate) const fn new(action: Action, spot: Spot) -> Self {
        Self {
            spot,
            action,
            matches: BTreeMap::new(),
            sets: BTreeMap::new(),
            call: None,
            on_match: OnMatch::Stop,
            description: None,
        }
    }
}

impl CommunityKind {
    /// What the list's lines match, of the kind's own values.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Standard => "community-list",
            Self::Large => "large-community-list",
            Self::Extended => "extcommunity-list",
        }
    }
}

fn outside() -> Complaint {
    Complaint::new("this line needs the block it belongs to")
}
