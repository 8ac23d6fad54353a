//! The table of command lines.

use std::sync::LazyLock;

use bgp_core::wire::attr::Community;
use bgp_core::{Family, Prefix};

use super::pattern::{Sequence, Words, choose};
use super::{
    Command, Daemon, Format, KernelFilter, NeighborRoutes, PathChoice, Style, SummaryPeers, SummaryScope,
    TableFilter, Unclear,
};
use crate::control::door::{ClearAction, ClearPeers, ClearRequest, RouteLookup};
use crate::control::snapshot::RouteProtocol;

/// What a line means to `daemon`. `is_enabled` is false before `enable`.
pub(crate) fn lookup(daemon: Daemon, is_enabled: bool, line: &str) -> Result<Command, Unclear> {
    let served =
        SEQUENCES.iter().filter(|(row, _)| row.served.by(daemon) && (is_enabled || !row.needs_enable));
    let (row, words) = choose(served.map(|(row, sequence)| (*row, sequence)), line)?;
    (row.make)(&words).ok_or(Unclear::Unknown)
}

struct Row {
    pattern: &'static str,
    served: Served,
    needs_enable: bool,
    make: fn(&Words<'_>) -> Option<Command>,
}

#[derive(Clone, Copy)]
enum Served {
    Bgpd,
    Zebra,
    Vrrpd,
    All,
}

impl Served {
    fn by(self, daemon: Daemon) -> bool {
        match self {
            Self::Bgpd => daemon == Daemon::Bgpd,
            Self::Zebra => daemon == Daemon::Zebra,
            Self::Vrrpd => daemon == Daemon::Vrrpd,
            Self::All => true,
        }
    }
}

static SEQUENCES: LazyLock<Vec<(&'static Row, Sequence)>> = LazyLock::new(|| {
    ROWS.iter().flat_map(|row| Sequence::expand(row.pattern).into_iter().map(move |way| (row, way))).collect()
});

const fn row(served: Served, pattern: &'static str, make: fn(&Words<'_>) -> Option<Command>) -> Row {
    Row { pattern, served, needs_enable: false, make }
}

const fn enabled(served: Served, pattern: &'static str, make: fn(&Words<'_>) -> Option<Command>) -> Row {
    Row { pattern, served, needs_enable: true, make }
}

const ROWS: &[Row] = &[
    row(
        Served::Bgpd,
        "show [ip] bgp [<ipv4|ipv6> [unicast]] summary [<established|failed>] [wide] [json]",
        summary,
    ),
    row(
        Served::Bgpd,
        "show [ip] bgp vrf <all|default> [<ipv4|ipv6> [unicast]] summary [wide] [json]",
        summary,
    ),
    row(Served::Bgpd, "show [ip] bgp [<ipv4|ipv6> [unicast]] [wide] [json]", table),
    row(Served::Bgpd, "show [ip] bgp [<ipv4|ipv6> [unicast]] PREFIX longer-prefixes [wide] [json]", table),
    row(
        Served::Bgpd,
        "show [ip] bgp [<ipv4|ipv6> [unicast]] community [COMMUNITY [COMMUNITY [COMMUNITY]]] [exact-match] [wide] [json]",
        communities,
    ),
    row(
        Served::Bgpd,
        "show [ip] bgp [<ipv4|ipv6> [unicast]] <ADDRESS|PREFIX> [<bestpath|multipath>] [json]",
        route,
    ),
    row(Served::Bgpd, "show [ip] bgp [<ipv4|ipv6> [unicast]] <ADDRESS|PREFIX> explain", |words| {
        Some(Command::Explain(route_lookup(words)?))
    }),
    row(Served::Bgpd, "show [ip] bgp [<ipv4|ipv6> [unicast]] neighbors [<ADDRESS|WORD>] [json]", neighbors),
    row(
        Served::Bgpd,
        "show [ip] bgp [<ipv4|ipv6> [unicast]] neighbors <ADDRESS|WORD> \
         <advertised-routes|received-routes|filtered-routes|routes> [wide] [json]",
        neighbor_routes,
    ),
    row(
        Served::Bgpd,
        "show [ip] bgp [<ipv4|ipv6> [unicast]] neighbors <ADDRESS|WORD> prefix-counts [json]",
        |words| {
            let (peer, family) = (words.value()?.into(), family_or_default(words));
            Some(Command::PrefixCounts { peer, family, format: format(words) })
        },
    ),
    row(Served::Bgpd, "show bgp vrfs [json]", |words| Some(Command::Vrfs(format(words)))),
    row(Served::Bgpd, "show [ip] bgp memory", |_| Some(Command::BgpMemory)),
    row(Served::Bgpd, "show [ip] bgp [<ipv4|ipv6> [unicast]] statistics [json]", |words| {
        Some(Command::Statistics { family: family_or_default(words), format: format(words) })
    }),
    row(Served::Bgpd, "show [ip] bgp [<ipv4|ipv6>] nexthop", |_| Some(Command::BgpNextHops)),
    enabled(
        Served::Bgpd,
        "clear [ip] bgp [<ipv4|ipv6> [unicast]] <*|external|ADDRESS|NUMBER|peer-group WORD> [soft] [<in|out>]",
        clear,
    ),
    row(
        Served::Zebra,
        "show <ip|ipv6> route [vrf <all|default>] [<kernel|connected|static|bgp>] [json]",
        kernel_table,
    ),
    row(Served::Zebra, "show <ip|ipv6> route table NUMBER [json]", |words| {
        let filter = KernelFilter { table: words.value()?.parse().ok(), ..KernelFilter::default() };
        kernel_filtered(words, filter)
    }),
    row(Served::Zebra, "show <ip|ipv6> route PREFIX longer-prefixes [json]", |words| {
        kernel_filtered(words, KernelFilter { within: words.prefix(), ..KernelFilter::default() })
    }),
    row(Served::Zebra, "show <ip|ipv6> route [vrf <all|default>] summary [prefix] [json]", |words| {
        Some(Command::KernelSummary { family: ip_family(words), format: format(words) })
    }),
    row(Served::Zebra, "show <ip|ipv6> route <ADDRESS|PREFIX> [json]", |words| {
        let lookup = route_lookup(words).filter(|lookup| lookup.family() == ip_family(words))?;
        Some(Command::KernelRoute { lookup, format: format(words) })
    }),
    row(Served::Zebra, "show interface [vrf <all|default>] [json]", |words| {
        Some(Command::Interfaces { name: None, format: format(words) })
    }),
    row(Served::Zebra, "show interface WORD [json]", |words| {
        Some(Command::Interfaces { name: Some(words.value()?.into()), format: format(words) })
    }),
    row(Served::Zebra, "show interface [vrf <all|default>] brief [json]", |words| {
        Some(Command::InterfacesBrief(format(words)))
    }),
    row(Served::Zebra, "show <ip|ipv6> nht [vrf <all|default>] [ADDRESS]", |words| {
        Some(Command::Tracked { family: ip_family(words), address: words.address() })
    }),
    row(Served::Zebra, "show vrf", |_| Some(Command::Nothing)),
    row(Served::Vrrpd, "show vrrp [interface WORD] [NUMBER] [json]", virtual_routers),
    row(Served::Vrrpd, "show vrrp [interface WORD] summary", |_| Some(Command::VirtualRoutersBrief)),
    row(Served::All, "show version", |_| Some(Command::Version)),
    row(Served::All, "show daemons", |_| Some(Command::Daemons)),
    row(Served::All, "show <memory|logging|debugging|work-queues|modules|history> [LINE]", not_kept),
    row(Served::All, "show thread <cpu|poll|timers> [LINE]", not_kept),
    row(Served::All, "show error all [LINE]", not_kept),
    row(Served::All, "terminal <length NUMBER|no length|paginate>", |_| Some(Command::Nothing)),
    enabled(Served::All, "show running-config [LINE]", |_| Some(Command::RunningConfig)),
    enabled(Served::All, "write terminal [LINE]", |_| Some(Command::RunningConfig)),
    enabled(Served::All, "write [<memory|file|integrated>]", |_| Some(Command::Nothing)),
    enabled(Served::All, "copy running-config startup-config", |_| Some(Command::Nothing)),
    enabled(Served::All, "<debug|undebug> LINE", |_| Some(NO_DEBUG)),
    enabled(Served::All, "no debug LINE", |_| Some(NO_DEBUG)),
    enabled(Served::All, "<terminal|no terminal> monitor [LINE]", |_| {
        Some(Command::Say { text: "% Logs are not sent to vty sessions\n", status: 1 })
    }),
];

const NO_DEBUG: Command =
    Command::Say { text: "% What is logged is set by the log filter at start\n", status: 1 };

fn not_kept(_: &Words<'_>) -> Option<Command> {
    Some(Command::Say { text: "Nothing is kept here\n", status: 0 })
}

/// Values come in the order of the pattern: the interface, the number.
fn virtual_routers(words: &Words<'_>) -> Option<Command> {
    let mut values = words.values().iter();
    let interface = if words.has("interface") { Some(values.next()?.to_string()) } else { None };
    let vrid = match values.next() {
        Some(number) => Some(number.parse().ok().filter(|vrid| *vrid > 0)?),
        None => None,
    };
    Some(Command::VirtualRouters { interface, vrid, format: format(words) })
}

fn summary(words: &Words<'_>) -> Option<Command> {
    let scope = match (family(words), words.has("ip")) {
        (None, false) if words.has("all") => SummaryScope::AllVrfs,
        (None, false) => SummaryScope::All,
        (None, true) => SummaryScope::Headed(Family::Ipv4Unicast),
        (Some(family), _) => SummaryScope::One(family),
    };
    let peers = match words.which(&["established", "failed"]) {
        Some("established") => SummaryPeers::Established,
        Some(_) => SummaryPeers::Failed,
        None => SummaryPeers::All,
    };
    Some(Command::Summary { scope, peers, style: style(words) })
}

fn table(words: &Words<'_>) -> Option<Command> {
    let (family, filter) = match words.prefix() {
        Some(prefix) => (Family::of(&prefix), TableFilter::Within(prefix)),
        None => (family_or_default(words), TableFilter::All),
    };
    Some(Command::Table { family, filter, style: style(words) })
}

fn communities(words: &Words<'_>) -> Option<Command> {
    let wanted =
        words.values().iter().filter_map(|typed| typed.parse().ok()).map(|Community(value)| value).collect();
    let filter = TableFilter::Communities { wanted, is_exact: words.has("exact-match") };
    Some(Command::Table { family: family_or_default(words), filter, style: style(words) })
}

fn route(words: &Words<'_>) -> Option<Command> {
    let paths = match words.which(&["bestpath", "multipath"]) {
        Some("bestpath") => PathChoice::Best,
        Some(_) => PathChoice::Multipath,
        None => PathChoice::All,
    };
    Some(Command::Route { lookup: route_lookup(words)?, paths, format: format(words) })
}

fn neighbors(words: &Words<'_>) -> Option<Command> {
    let peer = words.value().map(Into::into);
    Some(Command::Neighbors { peer, family: family(words), format: format(words) })
}

fn neighbor_routes(words: &Words<'_>) -> Option<Command> {
    let routes = match words.which(&["advertised-routes", "received-routes", "filtered-routes", "routes"])? {
        "advertised-routes" => NeighborRoutes::Advertised,
        "received-routes" => NeighborRoutes::Received,
        "filtered-routes" => NeighborRoutes::Filtered,
        _ => NeighborRoutes::Accepted,
    };
    let (peer, family) = (words.value()?.into(), family_or_default(words));
    Some(Command::NeighborRoutes { peer, family, routes, style: style(words) })
}

fn clear(words: &Words<'_>) -> Option<Command> {
    let peers = match words.which(&["*", "external", "peer-group"]) {
        Some("*") => ClearPeers::All,
        Some("external") => ClearPeers::External,
        Some(_) => ClearPeers::Group(words.value()?.into()),
        None => match words.address() {
            Some(address) => ClearPeers::Address(address),
            None => ClearPeers::Asn(words.value()?.parse().ok()?),
        },
    };
    let action = match (words.which(&["in", "out"]), words.has("soft")) {
        (Some("in"), _) => ClearAction::SoftIn,
        (Some(_), _) => ClearAction::SoftOut,
        (None, true) => ClearAction::Soft,
        (None, false) => ClearAction::Reset,
    };
    Some(Command::Clear(ClearRequest { peers, family: family(words), action }))
}

fn kernel_table(words: &Words<'_>) -> Option<Command> {
    let protocol = match words.which(&["kernel", "connected", "static", "bgp"]) {
        Some("kernel") => Some(RouteProtocol::Kernel),
        Some("connected") => Some(RouteProtocol::Connected),
        Some("static") => Some(RouteProtocol::Static),
        Some(_) => Some(RouteProtocol::Bgp),
        None => None,
    };
    kernel_filtered(words, KernelFilter { protocol, ..KernelFilter::default() })
}

fn kernel_filtered(words: &Words<'_>, filter: KernelFilter) -> Option<Command> {
    let family = ip_family(words);
    let all_vrfs = words.has("all");
    Some(Command::KernelTable { family, filter, all_vrfs, format: format(words) })
}

fn route_lookup(words: &Words<'_>) -> Option<RouteLookup> {
    words.address().map(RouteLookup::Longest).or_else(|| words.prefix().map(RouteLookup::Exact))
}

fn family(words: &Words<'_>) -> Option<Family> {
    match words.which(&["ipv4", "ipv6"])? {
        "ipv4" => Some(Family::Ipv4Unicast),
        _ => Some(Family::Ipv6Unicast),
    }
}

/// `show bgp` means IPv6 and `show ip bgp` IPv4, unless a family is named.
fn family_or_default(words: &Words<'_>) -> Family {
    let unnamed = if words.has("ip") { Family::Ipv4Unicast } else { Family::Ipv6Unicast };
    family(words).unwrap_or(unnamed)
}

fn ip_family(words: &Words<'_>) -> Family {
    if words.has("ip") { Family::Ipv4Unicast } else { Family::Ipv6Unicast }
}

fn format(words: &Words<'_>) -> Format {
    if words.has("json") { Format::Json } else { Format::Text }
}

fn style(words: &Words<'_>) -> Style {
    match words.which(&["json", "wide"]) {
        _ if words.has("json") => Style::Json,
        Some(_) => Style::Wide,
        None => Style::Text,
    }
}

impl RouteLookup {
    /// The table it is looked up in.
    pub(crate) fn family(&self) -> Family {
        match self {
            Self::Exact(prefix) => Family::of(prefix),
            Self::Longest(address) => Family::of(&Prefix::from(*address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bgpd(line: &str) -> Result<Command, Unclear> {
        lookup(Daemon::Bgpd, true, line)
    }

    fn zebra(line: &str) -> Result<Command, Unclear> {
        lookup(Daemon::Zebra, true, line)
    }

    #[test]
    fn abbreviated_lines_mean_the_same_as_whole_ones() {
        for (short, long) in [
            ("sh bgp sum json", "show bgp summary json"),
            ("sh b ipv4 u s f j", "show bgp ipv4 unicast summary failed json"),
            ("sh ip b n 10.0.0.1 adv", "show ip bgp neighbors 10.0.0.1 advertised-routes"),
            ("cl ip bgp * s i", "clear ip bgp * soft in"),
        ] {
            assert_eq!(bgpd(short), bgpd(long), "{short}");
            assert!(bgpd(long).is_ok(), "{long}");
        }
        assert_eq!(zebra("sh ip ro"), zebra("show ip route"));
        assert_eq!(zebra("sh int br"), Ok(Command::InterfacesBrief(Format::Text)));
    }

    #[test]
    fn unclear_lines_are_unknown_ambiguous_or_incomplete() {
        assert_eq!(bgpd("show bgp ipv4 unicast detail"), Err(Unclear::Unknown));
        assert_eq!(bgpd("show ip route"), Err(Unclear::Unknown));
        assert_eq!(zebra("show ip route 2001:db8::1"), Err(Unclear::Unknown));
        assert_eq!(zebra("show"), Err(Unclear::Incomplete));
        assert_eq!(bgpd("show bgp neighbors 10.0.0.1 r"), Err(Unclear::Ambiguous));
        assert_eq!(bgpd("clear bgp"), Err(Unclear::Incomplete));
        assert_eq!(lookup(Daemon::Bgpd, false, "clear bgp *"), Err(Unclear::Unknown));
    }

    #[test]
    fn the_family_of_a_bare_show_bgp_is_ipv6_and_of_show_ip_bgp_ipv4() {
        let table = |family| Ok(Command::Table { family, filter: TableFilter::All, style: Style::Text });
        assert_eq!(bgpd("show bgp"), table(Family::Ipv6Unicast));
        assert_eq!(bgpd("show ip bgp"), table(Family::Ipv4Unicast));
        assert_eq!(bgpd("show bgp ipv4"), table(Family::Ipv4Unicast));
    }

    #[test]
    fn clear_tells_peers_and_directions_apart() {
        let clear = |peers, family, action| Ok(Command::Clear(ClearRequest { peers, family, action }));
        let peer = "10.0.0.1".parse().unwrap();
        assert_eq!(bgpd("clear bgp *"), clear(ClearPeers::All, None, ClearAction::Reset));
        assert_eq!(
            bgpd("clear bgp ipv4 unicast 10.0.0.1 soft out"),
            clear(ClearPeers::Address(peer), Some(Family::Ipv4Unicast), ClearAction::SoftOut)
        );
        assert_eq!(bgpd("clear bgp 65001 soft"), clear(ClearPeers::Asn(65001), None, ClearAction::Soft));
        assert_eq!(
            bgpd("clear ip bgp peer-group CORE in"),
            clear(ClearPeers::Group("CORE".into()), None, ClearAction::SoftIn)
        );
    }
}
