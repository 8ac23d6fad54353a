//! Command lines that show or clear something, as typed values.
//!
//! `grammar` has the table from pattern to [`Command`], `pattern` the matching. A line is looked up in the rows
//! of the daemon whose socket it came in on: `show ip route` is zebra's, `show bgp` is bgpd's.

mod config_line;
mod grammar;
mod pattern;
mod verb;

use core::net::IpAddr;

use bgp_core::{Family, Prefix};

use super::door::{ClearRequest, RouteLookup};
pub use crate::config::Daemon;
pub(crate) use config_line::{Block, Effect, configure};
pub(crate) use grammar::lookup;
pub(crate) use verb::{Verb, verb};

/// A line that shows or clears something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Summary { scope: SummaryScope, peers: SummaryPeers, style: Style },
    Neighbors { peer: Option<String>, family: Option<Family>, format: Format },
    NeighborRoutes { peer: String, family: Family, routes: NeighborRoutes, style: Style },
    PrefixCounts { peer: String, family: Family, format: Format },
    Table { family: Family, filter: TableFilter, style: Style },
    Route { lookup: RouteLookup, paths: PathChoice, format: Format },
    Explain(RouteLookup),
    Vrfs(Format),
    BgpMemory,
    Statistics { family: Family, format: Format },
    BgpNextHops,
    Clear(ClearRequest),
    KernelTable { family: Family, filter: KernelFilter, all_vrfs: bool, format: Format },
    KernelSummary { family: Family, format: Format },
    KernelRoute { lookup: RouteLookup, format: Format },
    Interfaces { name: Option<String>, format: Format },
    InterfacesBrief(Format),
    Tracked { family: Family, address: Option<IpAddr> },
    VirtualRouters { interface: Option<String>, vrid: Option<u8>, format: Format },
    VirtualRoutersBrief,
    Version,
    Daemons,
    RunningConfig,
    Nothing,
    Say { text: &'static str, status: u8 },
}

/// Text or JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

/// Text, wide text, or JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Text,
    Wide,
    Json,
}

/// Which tables a summary is about, and whether each gets a heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SummaryScope {
    /// `show bgp summary`: every family, with headings.
    All,
    /// `show bgp vrf all summary`: the same, with the VRF's name around in JSON.
    AllVrfs,
    /// `show ip bgp summary`: IPv4 with heading.
    Headed(Family),
    /// `show bgp ipv4 unicast summary`: no heading.
    One(Family),
}

/// Which peers a summary lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SummaryPeers {
    All,
    Established,
    Failed,
}

/// Which routes of or for a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NeighborRoutes {
    Advertised,
    Received,
    Filtered,
    Accepted,
}

/// Which routes of the BGP table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TableFilter {
    All,
    /// Inside this prefix, itself included.
    Within(Prefix),
    /// With all of these communities, or with any at all if none is named.
    Communities {
        wanted: Vec<u32>,
        is_exact: bool,
    },
}

/// Which paths of one prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathChoice {
    All,
    Best,
    Multipath,
}

/// Which routes of the routing table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KernelFilter {
    /// Of this protocol.
    pub(crate) protocol: Option<super::snapshot::RouteProtocol>,
    /// In this kernel table instead of the main one.
    pub(crate) table: Option<u32>,
    /// Inside this prefix.
    pub(crate) within: Option<Prefix>,
}

/// Why a line is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unclear {
    Unknown,
    Ambiguous,
    Incomplete,
}

impl Style {
    /// True for JSON.
    pub(crate) const fn is_json(self) -> bool {
        matches!(self, Self::Json)
    }
}

impl Daemon {
    /// The name of its socket, without `.vty`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zebra => "zebra",
            Self::Bgpd => "bgpd",
            Self::Vrrpd => "vrrpd",
            Self::Staticd => "staticd",
        }
    }

    /// How it names itself in messages.
    #[must_use]
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Zebra => "ZEBRA",
            Self::Bgpd => "BGP",
            Self::Vrrpd => "VRRP",
            Self::Staticd => "STATIC",
        }
    }
}
