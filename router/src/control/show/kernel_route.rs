//! `show ip route`, `show ipv6 route`: the routing table.

use core::fmt::{self, Write};

use bgp_core::{Family, Prefix};

use crate::control::clock::Uptime;
use crate::control::command::{Format, KernelFilter};
use crate::control::door::{Door, KernelRequest, RouteLookup};
use crate::control::json::{self, Array, Object, PRETTY};
use crate::control::output::{Output, Stop};
use crate::control::snapshot::{KernelNextHop, KernelRouteSnapshot, NextHopAction, RouteProtocol};

/// Writes the table, or what the filter lets through of it.
pub(crate) async fn render(
    door: &Door,
    (family, filter): (Family, KernelFilter),
    (format, all_vrfs): (Format, bool),
    out: &mut Output,
) -> Result<(), Stop> {
    let mut request = request(family, filter.table);
    let mut is_empty = true;
    loop {
        let page = door.kernel_routes(request.clone()).await?;
        let routes: Vec<_> = page.routes.into_iter().filter(|route| passes(route, filter)).collect();
        for same_prefix in routes.chunk_by(|a, b| a.prefix == b.prefix) {
            let text = out.text();
            match format {
                Format::Text => {
                    if is_empty {
                        text.push_str(legend(family));
                        write_vrf(filter, all_vrfs, text)?;
                    }
                    same_prefix.iter().try_for_each(|route| write_line(route, text))?;
                }
                Format::Json => {
                    text.push_str(if is_empty { "{" } else { "" });
                    write_member(same_prefix, is_empty, text);
                }
            }
            is_empty = false;
            out.make_room().await?;
        }
        request.after = page.next;
        if request.after.is_none() {
            break;
        }
    }
    match (format, is_empty) {
        (Format::Text, _) => {}
        (Format::Json, true) => out.text().push_str("{}\n"),
        (Format::Json, false) => out.text().push_str("\n}\n"),
    }
    Ok(())
}

/// Writes the routes to one prefix, or to the longest that has an address.
pub(crate) async fn render_one(
    door: &Door,
    lookup: RouteLookup,
    format: Format,
    out: &mut Output,
) -> Result<(), Stop> {
    let page = match lookup {
        RouteLookup::Longest(address) => door.kernel_lookup(address).await?,
        RouteLookup::Exact(prefix) => {
            let exact = Some(prefix);
            door.kernel_routes(KernelRequest { exact, ..request(lookup.family(), None) }).await?
        }
    };
    let text = out.text();
    match (page.routes.as_slice(), format, lookup) {
        ([], Format::Json, RouteLookup::Exact(_)) => text.push_str("{}\n"),
        ([], Format::Text, RouteLookup::Exact(_)) => text.push_str("% Network not in table\n"),
        ([], Format::Text, RouteLookup::Longest(_)) => {}
        ([], Format::Json, RouteLookup::Longest(_)) => {
            let all = if lookup.family() == Family::Ipv4Unicast { "0.0.0.0/0" } else { "::/0" };
            json::object(text, PRETTY, |o| o.array(all, |_| {}));
            text.push('\n');
        }
        (routes, Format::Text, _) => routes.iter().try_for_each(|route| write_entry(route, text))?,
        (routes, Format::Json, _) => {
            text.push('{');
            write_member(routes, true, text);
            text.push_str("\n}\n");
        }
    }
    Ok(())
}

/// Writes how many routes there are of each kind.
pub(crate) async fn render_summary(
    door: &Door,
    family: Family,
    format: Format,
    out: &mut Output,
) -> Result<(), Stop> {
    let mut rows = [("kernel", 0, 0), ("connected", 0, 0), ("static", 0, 0), ("ebgp", 0, 0), ("ibgp", 0, 0)];
    let mut request = request(family, None);
    loop {
        let page = door.kernel_routes(request.clone()).await?;
        for route in &page.routes {
            let kind = match (route.protocol, route.is_internal) {
                (RouteProtocol::Bgp, false) => "ebgp",
                (RouteProtocol::Bgp, true) => "ibgp",
                (protocol, _) => protocol.name(),
            };
            for (_, routes, installed) in rows.iter_mut().filter(|(name, _, _)| *name == kind) {
                *routes += 1_u64;
                *installed += u64::from(route.is_installed);
            }
        }
        request.after = page.next;
        if request.after.is_none() {
            break;
        }
    }
    let has_bgp = rows.iter().any(|(name, routes, _)| name.ends_with("bgp") && *routes > 0);
    let shown = rows.iter().filter(|(name, routes, _)| *routes > 0 || (has_bgp && name.ends_with("bgp")));
    write_summary(&shown.copied().collect::<Vec<_>>(), format, out.text())?;
    Ok(())
}

fn write_summary(rows: &[(&str, u64, u64)], format: Format, out: &mut String) -> fmt::Result {
    let (total, total_installed) = rows.iter().fold((0, 0), |(a, b), (_, routes, fib)| (a + routes, b + fib));
    if format == Format::Json {
        json::object(out, PRETTY, |o| {
            o.array("routes", |list| {
                for (name, routes, installed) in rows {
                    list.object(|o| {
                        o.number("fib", *installed);
                        o.number("rib", *routes);
                        o.number("fibOffLoaded", 0);
                        o.number("fibTrapped", 0);
                        o.string("type", name);
                    });
                }
            });
            o.number("routesTotal", total);
            o.number("routesTotalFib", total_installed);
        });
        out.push('\n');
        return Ok(());
    }
    writeln!(out, "{:<20} {:<20} FIB  (vrf default)", "Route Source", "Routes")?;
    for (name, routes, installed) in rows {
        writeln!(out, "{name:<20} {routes:<20} {installed:<20} ")?;
    }
    writeln!(out, "------\n{:<20} {total:<20} {total_installed:<20} \n", "Totals")
}

fn request(family: Family, table: Option<u32>) -> KernelRequest {
    KernelRequest { family, table, exact: None, after: None, limit: PAGE }
}

fn passes(route: &KernelRouteSnapshot, filter: KernelFilter) -> bool {
    filter.protocol.is_none_or(|protocol| route.protocol == protocol)
        && filter.within.is_none_or(|within: Prefix| within.contains(&route.prefix))
}

fn write_vrf(filter: KernelFilter, all_vrfs: bool, out: &mut String) -> fmt::Result {
    match (filter.table, all_vrfs) {
        (Some(table), _) => writeln!(out, "VRF default table {table}:"),
        (None, true) => writeln!(out, "VRF default:"),
        (None, false) => Ok(()),
    }
}

fn write_line(route: &KernelRouteSnapshot, out: &mut String) -> fmt::Result {
    let selected = if route.is_selected { '>' } else { ' ' };
    let mut head = String::new();
    let mark = route.next_hops.first().map_or(' ', installed_mark);
    write!(head, "{}{selected}{mark} {}", route.protocol.code(), route.prefix)?;
    if route.distance > 0 || route.metric > 0 {
        write!(head, " [{}/{}]", route.distance, route.metric)?;
    }
    let width = head.len();
    for (index, hop) in route.next_hops.iter().enumerate() {
        if index == 0 {
            out.push_str(&head);
        } else {
            write!(out, "  {}{:2$}", installed_mark(hop), "", width.saturating_sub(3))?;
            out.push_str(if hop.is_resolver { "  " } else { "" });
        }
        match (hop.action, hop.gateway) {
            (NextHopAction::Forward, Some(gateway)) => write!(out, " via {gateway}")?,
            (NextHopAction::Forward, None) => out.push_str(" is directly connected"),
            (action, _) => write!(out, " {}", action.text())?,
        }
        if let Some((_, interface)) = &hop.interface {
            write!(out, ", {interface}")?;
        }
        write_hop_flags(hop, out)?;
        writeln!(out, ", {}", Uptime(route.age))?;
    }
    Ok(())
}

fn write_hop_flags(hop: &KernelNextHop, out: &mut String) -> fmt::Result {
    out.push_str(if hop.is_active { "" } else { " inactive" });
    out.push_str(if hop.is_on_link { " onlink" } else { "" });
    out.push_str(if hop.is_recursive { " (recursive)" } else { "" });
    if hop.weight > 0 { write!(out, ", weight {}", hop.weight) } else { Ok(()) }
}

fn write_entry(route: &KernelRouteSnapshot, out: &mut String) -> fmt::Result {
    let KernelRouteSnapshot { prefix, distance, metric, .. } = route;
    let protocol = route.protocol.name();
    writeln!(out, "Routing entry for {prefix}")?;
    write!(out, "  Known via \"{protocol}\", distance {distance}, metric {metric}")?;
    if route.tag > 0 {
        write!(out, ", tag {}", route.tag)?;
    }
    writeln!(out, "{}", if route.is_selected { ", best" } else { "" })?;
    writeln!(out, "  Last update {} ago", Uptime(route.age))?;
    for hop in &route.next_hops {
        write!(out, "  {} {}", installed_mark(hop), if hop.is_resolver { "  " } else { "" })?;
        match (hop.action, hop.gateway, &hop.interface) {
            (NextHopAction::Forward, Some(gateway), Some((_, interface))) => {
                write!(out, "{gateway}, via {interface}")?;
            }
            (NextHopAction::Forward, Some(gateway), None) => write!(out, "{gateway}")?,
            (NextHopAction::Forward, None, Some((_, interface))) => {
                write!(out, "directly connected, {interface}")?;
            }
            (NextHopAction::Forward, None, None) => out.push_str("directly connected"),
            (action, _, _) => out.push_str(action.text()),
        }
        write_hop_flags(hop, out)?;
        out.push('\n');
    }
    out.push('\n');
    Ok(())
}

fn write_member(routes: &[KernelRouteSnapshot], is_first: bool, out: &mut String) {
    let Some(first) = routes.first() else { return };
    json::members(out, 0, is_first, |o| {
        o.array(&first.prefix.to_string(), |list| {
            routes.iter().for_each(|route| list.object(|o| write_route(route, o)));
        });
    });
}

fn write_route(route: &KernelRouteSnapshot, o: &mut Object<'_>) {
    o.string("prefix", route.prefix);
    o.number("prefixLen", route.prefix.prefix_len());
    o.string("protocol", route.protocol.name());
    o.number("vrfId", 0);
    o.string("vrfName", "default");
    o.flag("selected", route.is_selected);
    o.flag("destSelected", route.is_selected);
    o.number("distance", route.distance);
    o.number("metric", route.metric);
    o.flag("installed", route.is_installed);
    if route.tag > 0 {
        o.number("tag", route.tag);
    }
    o.number("table", route.table);
    // Bit sets of zebra's own: installed; selected, and for static routes two more.
    o.number("internalStatus", if route.is_installed { 16 } else { 0 });
    let selected = if route.is_selected { 8 } else { 0 };
    let of_static = if route.protocol == RouteProtocol::Static { 65 } else { 0 };
    o.number("internalFlags", selected + of_static);
    o.number("internalNextHopNum", route.next_hops.len() as u64);
    o.number("internalNextHopActiveNum", route.next_hops.iter().filter(|hop| hop.is_active).count() as u64);
    if let Some((group, installed)) = route.groups {
        o.number("nexthopGroupId", group);
        if let Some(installed) = installed {
            o.number("installedNexthopGroupId", installed);
        }
    }
    o.string("uptime", Uptime(route.age));
    o.array("nexthops", |hops| route.next_hops.iter().for_each(|hop| write_hop(hop, hops)));
}

fn write_hop(hop: &KernelNextHop, hops: &mut Array<'_>) {
    hops.object(|o| {
        let bits = [hop.is_active, hop.is_installed, hop.is_recursive, hop.is_on_link];
        let flags: u32 = bits.iter().zip(0..).map(|(is_set, bit)| u32::from(*is_set) << bit).sum();
        o.number("flags", flags);
        o.flag("fib", hop.is_installed);
        match (hop.action, hop.gateway) {
            (NextHopAction::Forward, Some(gateway)) => {
                o.string("ip", gateway);
                o.string("afi", if gateway.is_ipv4() { "ipv4" } else { "ipv6" });
            }
            (NextHopAction::Forward, None) => o.boolean("directlyConnected", true),
            (action, _) => {
                o.boolean("unreachable", true);
                o.boolean(action.key(), true);
            }
        }
        if let Some((index, name)) = &hop.interface {
            o.number("interfaceIndex", *index);
            o.string("interfaceName", name);
        }
        o.flag("resolver", hop.is_resolver);
        o.flag("active", hop.is_active);
        o.flag("onLink", hop.is_on_link);
        o.flag("recursive", hop.is_recursive);
        if hop.weight > 0 {
            o.number("weight", hop.weight);
        }
    });
}

fn installed_mark(hop: &KernelNextHop) -> char {
    if hop.is_installed { '*' } else { ' ' }
}

impl RouteProtocol {
    const fn code(self) -> char {
        match self {
            Self::Kernel => 'K',
            Self::Connected => 'C',
            Self::Static => 'S',
            Self::Bgp => 'B',
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Connected => "connected",
            Self::Static => "static",
            Self::Bgp => "bgp",
        }
    }
}

impl NextHopAction {
    const fn text(self) -> &'static str {
        match self {
            Self::Forward => "",
            Self::Blackhole => "unreachable (blackhole)",
            Self::Unreachable => "unreachable (ICMP unreachable)",
            Self::Prohibit => "unreachable (ICMP admin-prohibited)",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Blackhole => "blackhole",
            Self::Unreachable => "reject",
            Self::Prohibit => "adminProhibited",
        }
    }
}

fn legend(family: Family) -> &'static str {
    match family {
        Family::Ipv4Unicast => IPV4_LEGEND,
        Family::Ipv6Unicast => IPV6_LEGEND,
    }
}

/// Routes asked for at a time.
const PAGE: usize = 1024;

const IPV4_LEGEND: &str = "\
Codes: K - kernel route, C - connected, S - static, R - RIP,
       O - OSPF, I - IS-IS, B - BGP, E - EIGRP, N - NHRP,
       T - Table, v - VNC, V - VNC-Direct, A - Babel, F - PBR,
       f - OpenFabric,
       > - selected route, * - FIB route, q - queued, r - rejected, b - backup
       t - trapped, o - offload failure

";

const IPV6_LEGEND: &str = "\
Codes: K - kernel route, C - connected, S - static, R - RIPng,
       O - OSPFv3, I - IS-IS, B - BGP, N - NHRP, T - Table,
       v - VNC, V - VNC-Direct, A - Babel, F - PBR,
       f - OpenFabric,
       > - selected route, * - FIB route, q - queued, r - rejected, b - backup
       t - trapped, o - offload failure

";
