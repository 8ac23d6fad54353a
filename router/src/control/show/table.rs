//! `show bgp ipv4 unicast`: the BGP table, a line a path, written page by page.

use core::fmt::{self, Write};

use bgp_core::wire::attr::{AttrBlock, Origin};
use bgp_core::{Asn, Family, NextHop, PeerKind, RouterId};

use crate::control::command::{Style, TableFilter};
use crate::control::door::{Door, RouteRequest, RouteView};
use crate::control::json::{self, Array, Object, PLAIN};
use crate::control::output::{Output, Stop};
use crate::control::snapshot::{InstanceSnapshot, PathSnapshot, RouteSnapshot, Selection};

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) family: Family,
    pub(crate) view: RouteView,
    pub(crate) filter: TableFilter,
    pub(crate) style: Style,
}

/// Writes the table, or as much of it as the filter lets through.
pub(crate) async fn render(
    door: &Door,
    instance: &InstanceSnapshot,
    table: &Table,
    out: &mut Output,
) -> Result<(), Stop> {
    let head = Head::of(instance, table.family);
    let within = match &table.filter {
        TableFilter::Within(prefix) => Some(*prefix),
        TableFilter::All | TableFilter::Communities { .. } => None,
    };
    let mut request =
        RouteRequest { family: table.family, view: table.view, within, after: None, limit: PAGE };
    let mut shown = 0_u64;
    if table.style.is_json() {
        head.write_json(out.text())?;
    }
    loop {
        let page = door.routes(request.clone()).await?;
        for mut route in page.routes {
            route.paths.retain(|path| passes(path, &table.filter));
            if route.paths.is_empty() {
                continue;
            }
            match table.style {
                Style::Json => write_json(&route, shown == 0, out.text())?,
                Style::Text | Style::Wide => {
                    if shown == 0 {
                        head.write_text(table.style, out.text())?;
                    }
                    write_text(&route, table.style, out.text())?;
                }
            }
            shown += 1;
            out.make_room().await?;
        }
        request.after = page.next;
        if request.after.is_none() {
            break;
        }
    }
    let counts = instance.tables[table.family];
    let text = out.text();
    match table.style {
        Style::Json => text.push_str(" }  } \n"),
        Style::Text | Style::Wide if shown == 0 => {
            writeln!(text, "No BGP prefixes displayed, {} exist", counts.prefixes)?;
        }
        Style::Text | Style::Wide => {
            writeln!(text, "\nDisplayed  {shown} routes and {} total paths", counts.paths)?;
        }
    }
    Ok(())
}

fn passes(path: &PathSnapshot, filter: &TableFilter) -> bool {
    let TableFilter::Communities { wanted, is_exact } = filter else { return true };
    let carried = AttrBlock::new(&path.attributes).communities();
    let has_all = wanted.iter().all(|value| carried.clone().any(|carried| carried == *value));
    carried.len() > 0 && has_all && (!is_exact || carried.len() == wanted.len())
}

/// What stands above a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) version: u64,
    pub(super) router_id: RouterId,
    pub(super) local_pref: u32,
    pub(super) asn: Asn,
}

impl Head {
    pub(super) fn of(instance: &InstanceSnapshot, family: Family) -> Self {
        Self {
            version: instance.tables[family].version,
            router_id: instance.router_id,
            local_pref: instance.default_local_pref,
            asn: instance.asn,
        }
    }

    pub(super) fn write_text(&self, style: Style, out: &mut String) -> fmt::Result {
        let Self { version, router_id, local_pref, asn } = self;
        writeln!(out, "BGP table version is {version}, local router ID is {router_id}, vrf id 0")?;
        writeln!(out, "Default local pref {local_pref}, local AS {asn}")?;
        out.push_str(LEGEND);
        let (network, next_hop) = widths(style);
        writeln!(out, "   {:network$}{:<next_hop$}{:>10} LocPrf Weight Path", "Network", "Next Hop", "Metric")
    }

    fn write_json(&self, out: &mut String) -> fmt::Result {
        let Self { version, router_id, local_pref, asn } = self;
        write!(out, "{{\n \"vrfId\": 0,\n \"vrfName\": \"default\",\n \"tableVersion\": {version},\n")?;
        write!(out, " \"routerId\": \"{router_id}\",\n \"defaultLocPrf\": {local_pref},\n")?;
        write!(out, " \"localAS\": {asn},\n \"routes\": {{ ")
    }
}

fn write_text(route: &RouteSnapshot, style: Style, out: &mut String) -> fmt::Result {
    let mut network = Some(route.prefix.to_string());
    for path in &route.paths {
        write!(out, "{}", Status(path))?;
        write_line(network.take().as_deref(), path, style, out)?;
    }
    Ok(())
}

/// Writes a path's line after the status: network, next hop, attributes.
pub(super) fn write_line(
    network: Option<&str>,
    path: &PathSnapshot,
    style: Style,
    out: &mut String,
) -> fmt::Result {
    let attributes = AttrBlock::new(&path.attributes);
    let (network_width, hop_width) = widths(style);
    write_column(network.unwrap_or(""), network_width, 3, out)?;
    let hop = shown_next_hop(path);
    write_column(&hop, hop_width, 3 + network_width, out)?;
    match attributes.med() {
        Some(med) => write!(out, "{med:>10}")?,
        None => write!(out, "{:10}", "")?,
    }
    match attributes.local_pref() {
        Some(local_pref) => write!(out, "{local_pref:>7}")?,
        None => write!(out, "{:7}", "")?,
    }
    write!(out, "{:>7} ", path.weight)?;
    let as_path = attributes.as_path();
    if !as_path.is_empty() {
        write!(out, "{as_path} ")?;
    }
    writeln!(out, "{}", origin_code(attributes.origin()))
}

/// A column; text that fills it gets a line of its own.
fn write_column(text: &str, width: usize, indent: usize, out: &mut String) -> fmt::Result {
    if text.len() < width {
        write!(out, "{text:width$}")
    } else {
        write!(out, "{text}\n{:1$}", "", indent + width)
    }
}

/// The next hop of a table's line: the address in use, or the interface that names the peer.
fn shown_next_hop(path: &PathSnapshot) -> String {
    match (path.next_hop, &path.source.interface) {
        (NextHop::V6 { .. }, Some(interface)) => interface.clone(),
        (NextHop::V6 { link_local: Some(address), .. }, None) if path.uses_link_local => address.to_string(),
        (next_hop, _) => next_hop.address().to_string(),
    }
}

fn write_json(route: &RouteSnapshot, is_first: bool, out: &mut String) -> fmt::Result {
    write!(out, "{}\"{}\": ", if is_first { "" } else { "," }, route.prefix)?;
    json::array(out, PLAIN, |paths| {
        for path in &route.paths {
            paths.object(|o| write_member(route, path, o));
        }
    });
    out.push('\n');
    Ok(())
}

fn write_member(route: &RouteSnapshot, path: &PathSnapshot, o: &mut Object<'_>) {
    let attributes = AttrBlock::new(&path.attributes);
    o.flag("stale", path.is_stale);
    o.flag("valid", path.is_valid);
    if path.selection.is_best() {
        o.boolean("bestpath", true);
        o.maybe_string("selectionReason", path.reason);
    }
    o.flag("multipath", path.selection == Selection::Multipath);
    o.string("pathFrom", if is_internal(path.source.kind) { "internal" } else { "external" });
    o.string("prefix", route.prefix.addr());
    o.number("prefixLen", route.prefix.prefix_len());
    o.string("network", route.prefix);
    o.number("version", route.version);
    if let Some(med) = attributes.med() {
        o.number("metric", med);
    }
    if let Some(local_pref) = attributes.local_pref() {
        o.number("locPrf", local_pref);
    }
    o.number("weight", path.weight);
    match path.source.address {
        Some(address) => o.string("peerId", address),
        None => o.string("peerId", "(unspec)"),
    }
    o.string("path", attributes.as_path());
    o.string("origin", attributes.origin());
    o.array("nexthops", |hops| write_next_hops(path, hops, |_, _| {}));
}

/// The addresses of a next hop, as members of `nexthops`; `more` adds what a longer form has.
pub(super) fn write_next_hops(
    path: &PathSnapshot,
    hops: &mut Array<'_>,
    more: impl Fn(&mut Object<'_>, Scope),
) {
    let mut write = |address: &dyn fmt::Display, scope: Scope, is_used: bool| {
        hops.object(|o| {
            o.string("ip", address);
            o.maybe_string("hostname", path.source.host_name.as_deref());
            match scope {
                Scope::V4 => o.string("afi", "ipv4"),
                Scope::Global => {
                    o.string("afi", "ipv6");
                    o.string("scope", "global");
                }
                Scope::LinkLocal => {
                    o.string("afi", "ipv6");
                    o.string("scope", "link-local");
                }
            }
            more(o, scope);
            o.flag("used", is_used);
        });
    };
    match path.next_hop {
        NextHop::V4(address) => write(&address, Scope::V4, true),
        NextHop::V6 { global, link_local } => {
            let is_global_used = link_local.is_none() || !path.uses_link_local;
            write(&global, Scope::Global, is_global_used);
            if let Some(address) = link_local {
                write(&address, Scope::LinkLocal, !is_global_used);
            }
        }
    }
}

/// Which of a next hop's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    V4,
    Global,
    LinkLocal,
}

/// The three characters before a table's line.
struct Status<'a>(&'a PathSnapshot);

impl fmt::Display for Status<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.0;
        let validity = match (path.is_stale, path.is_valid) {
            (true, _) => 'S',
            (false, true) => '*',
            (false, false) => ' ',
        };
        let selection = match path.selection {
            Selection::Unused => ' ',
            Selection::Multipath => '=',
            Selection::Best | Selection::BestOfMultipath => '>',
        };
        write!(f, "{validity}{selection}{}", if is_internal(path.source.kind) { 'i' } else { ' ' })
    }
}

/// True for peers in our AS.
pub(super) const fn is_internal(kind: PeerKind) -> bool {
    matches!(kind, PeerKind::Internal | PeerKind::Client)
}

/// The letter of an origin.
pub(super) const fn origin_code(origin: Origin) -> char {
    match origin {
        Origin::Igp => 'i',
        Origin::Egp => 'e',
        Origin::Incomplete => '?',
    }
}

/// Widths of the first two columns.
const fn widths(style: Style) -> (usize, usize) {
    match style {
        Style::Wide => (45, 38),
        Style::Text | Style::Json => (17, 16),
    }
}

/// Routes asked for at a time: what is between two pages need not wait for longer than it takes to copy one.
pub(super) const PAGE: usize = 2048;

const LEGEND: &str = "\
Status codes:  s suppressed, d damped, h history, * valid, > best, = multipath,
               i internal, r RIB-failure, S Stale, R Removed
Nexthop codes: @NNN nexthop's vrf id, < announce-nh-self
Origin codes:  i - IGP, e - EGP, ? - incomplete
RPKI validation codes: V valid, I invalid, N Not found

";
