//! The BGP instance as a whole: who we are, how large the tables are, and every peer.

use core::net::IpAddr;
use core::time::Duration;

use bgp_core::speaker::config::{DecisionConfig, GracefulRestart};
use bgp_core::{Asn, FamilyMap, RouterId};

use super::PeerSnapshot;

/// The instance with its peers.
#[derive(Clone, Debug)]
pub struct InstanceSnapshot {
    /// Our AS.
    pub asn: Asn,
    /// Our BGP Identifier.
    pub router_id: RouterId,
    /// Our host name, as sent in the FQDN capability and shown at local routes.
    pub host_name: String,
    /// LOCAL_PREF of routes that carry none.
    pub default_local_pref: u32,
    /// How the best path is chosen.
    pub decision: DecisionConfig,
    /// Per family: the size of the table.
    pub tables: FamilyMap<TableSnapshot>,
    /// Our side of graceful restart.
    pub graceful_restart: GracefulRestart,
    /// How many dynamic peers there may be.
    pub listen_limit: u32,
    /// How many peer groups are configured.
    pub peer_groups: usize,
    /// Every peer, dynamic ones included.
    pub peers: Vec<PeerSnapshot>,
}

/// The size of one family's table.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableSnapshot {
    /// Counts changes of best paths.
    pub version: u64,
    /// Prefixes with at least one path.
    pub prefixes: u64,
    /// Paths in all.
    pub paths: u64,
    /// Table entries, as memory is counted.
    pub entries: u64,
    /// Octets those take.
    pub memory: u64,
    /// Octets the peers of this family take.
    pub peer_memory: u64,
}

/// One row of `show bgp memory`.
#[derive(Clone, Copy, Debug)]
pub struct MemorySnapshot {
    /// What is counted, in the words shown: `RIB nodes`.
    pub what: &'static str,
    /// How many.
    pub count: u64,
    /// Octets they take.
    pub octets: u64,
}

/// One next hop that paths depend on (`show bgp nexthop`).
#[derive(Clone, Debug)]
pub struct NextHopSnapshot {
    /// The address.
    pub address: IpAddr,
    /// The interior metric to it; `None` if it cannot be reached.
    pub metric: Option<u32>,
    /// How many paths use it.
    pub paths: u64,
    /// The peer with this very address, if there is one.
    pub peer: Option<IpAddr>,
    /// Gateways it resolves to; `None` for an interface alone.
    pub gateways: Vec<(Option<IpAddr>, String)>,
    /// How long ago its state changed.
    pub age: Duration,
}
