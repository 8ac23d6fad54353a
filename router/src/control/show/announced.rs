//! `show bgp … neighbors X advertised-routes` and its like: what one peer sent or is told, and how much.

use core::fmt::{self, Write};

use bgp_core::wire::attr::AttrBlock;
use bgp_core::{Family, NextHop};

use super::neighbors::is_named;
use super::table::{Head, PAGE, origin_code, write_line};
use super::{family_key, family_title};
use crate::control::command::{Format, NeighborRoutes, Style};
use crate::control::door::{Door, RouteRequest, RouteView};
use crate::control::json::{self, Object, PRETTY};
use crate::control::output::{Output, Stop};
use crate::control::snapshot::{InstanceSnapshot, PathSnapshot, PeerSnapshot, RouteSnapshot};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Announced {
    pub(crate) family: Family,
    pub(crate) routes: NeighborRoutes,
    pub(crate) style: Style,
}

/// Writes what `peer` sent or is told.
pub(crate) async fn render(
    door: &Door,
    instance: &InstanceSnapshot,
    peer: &PeerSnapshot,
    (announced, out): (Announced, &mut Output),
) -> Result<(), Stop> {
    let config = peer.config.families[announced.family].as_ref();
    let is_advertised = announced.routes == NeighborRoutes::Advertised;
    if !is_advertised && !config.is_some_and(|config| config.soft_reconfiguration) {
        warn("Inbound soft reconfiguration not enabled", announced.style, out.text())?;
        return Ok(());
    }
    let view =
        if is_advertised { RouteView::Advertised(peer.address) } else { RouteView::Received(peer.address) };
    let mut request = RouteRequest { family: announced.family, view, within: None, after: None, limit: PAGE };
    let mut writer = Writer { announced, head: Head::of(instance, announced.family), shown: 0, filtered: 0 };
    loop {
        let page = door.routes(request.clone()).await?;
        for route in &page.routes {
            for path in &route.paths {
                writer.route(route, path, out.text())?;
                out.make_room().await?;
            }
        }
        request.after = page.next;
        if request.after.is_none() {
            writer.finish(out.text())?;
            return Ok(());
        }
    }
}

/// The peer and family a command names, or the refusal written.
pub(crate) fn find<'i>(
    instance: &'i InstanceSnapshot,
    name: &str,
    family: Family,
    (style, out): (Style, &mut String),
) -> Result<Option<&'i PeerSnapshot>, fmt::Error> {
    let peer = instance.peers.iter().find(|peer| is_named(peer, name));
    let peer = peer.filter(|peer| peer.families[family].is_some());
    if peer.is_none() {
        warn("No such neighbor or address family", style, out)?;
    }
    Ok(peer)
}

fn warn(text: &str, style: Style, out: &mut String) -> fmt::Result {
    if style.is_json() { writeln!(out, "{{ \"warning\": \"{text}\" }}") } else { writeln!(out, "% {text}") }
}

struct Writer {
    announced: Announced,
    head: Head,
    shown: u64,
    filtered: u64,
}

impl Writer {
    fn route(&mut self, route: &RouteSnapshot, path: &PathSnapshot, out: &mut String) -> fmt::Result {
        if self.announced.routes == NeighborRoutes::Filtered && !path.is_filtered {
            return Ok(());
        }
        let is_first = self.shown == 0;
        self.shown += 1;
        self.filtered += u64::from(path.is_filtered);
        if self.announced.style.is_json() {
            if is_first {
                self.begin_json(out);
            }
            json::members(out, 1, is_first, |o| {
                o.object(&route.prefix.to_string(), |o| write_member(route, path, o));
            });
            return Ok(());
        }
        if is_first {
            self.head.write_text(self.announced.style, out)?;
        }
        out.push_str("*> ");
        write_line(Some(&route.prefix.to_string()), path, self.announced.style, out)
    }

    fn begin_json(&self, out: &mut String) {
        let head = &self.head;
        out.push('{');
        json::members(out, 0, true, |o| {
            o.number("bgpTableVersion", head.version);
            o.string("bgpLocalRouterId", head.router_id);
            o.number("defaultLocPrf", head.local_pref);
            o.number("localAS", head.asn.0);
            o.object("bgpStatusCodes", |o| {
                STATUS_CODES.iter().for_each(|(name, code)| o.string(name, code));
            });
            o.object("bgpOriginCodes", |o| {
                [("igp", "i"), ("egp", "e"), ("incomplete", "?")].iter().for_each(|(k, v)| o.string(k, v));
            });
        });
        out.push_str(",\n  \"");
        out.push_str(self.key());
        out.push_str("\":{");
    }

    fn finish(&self, out: &mut String) -> fmt::Result {
        let filtered = match self.announced.routes {
            NeighborRoutes::Filtered => 0,
            NeighborRoutes::Advertised | NeighborRoutes::Received | NeighborRoutes::Accepted => self.filtered,
        };
        if self.announced.style.is_json() {
            if self.shown == 0 {
                write!(out, "{{\n  \"{}\":{{", self.key())?;
            }
            out.push_str("\n  }");
            json::members(out, 0, false, |o| {
                o.number("totalPrefixCounter", self.shown);
                o.number("filteredPrefixCounter", filtered);
            });
            out.push_str("\n}\n");
            return Ok(());
        }
        match (self.shown, filtered) {
            (0, _) => Ok(()),
            (shown, 0) => writeln!(out, "\nTotal number of prefixes {shown}"),
            (shown, filtered) => writeln!(out, "\nTotal number of prefixes {shown} ({filtered} filtered)"),
        }
    }

    const fn key(&self) -> &'static str {
        match self.announced.routes {
            NeighborRoutes::Advertised => "advertisedRoutes",
            NeighborRoutes::Received | NeighborRoutes::Filtered | NeighborRoutes::Accepted => {
                "receivedRoutes"
            }
        }
    }
}

fn write_member(route: &RouteSnapshot, path: &PathSnapshot, o: &mut Object<'_>) {
    let attributes = AttrBlock::new(&path.attributes);
    o.string("addrPrefix", route.prefix.addr());
    o.number("prefixLen", route.prefix.prefix_len());
    o.string("network", route.prefix);
    match path.next_hop {
        NextHop::V4(address) => o.string("nextHop", address),
        NextHop::V6 { global, .. } => o.string("nextHopGlobal", global),
    }
    if let Some(med) = attributes.med() {
        o.number("metric", med);
    }
    if let Some(local_pref) = attributes.local_pref() {
        o.number("locPrf", local_pref);
    }
    o.number("weight", path.weight);
    o.string("path", attributes.as_path());
    o.string("bgpOriginCode", origin_code(attributes.origin()));
    o.object("appliedStatusSymbols", |o| {
        o.boolean("*", true);
        o.boolean(">", true);
    });
}

/// Writes `show bgp … neighbors X prefix-counts`.
pub(crate) fn render_counts(
    peer: &PeerSnapshot,
    family: Family,
    format: Format,
    out: &mut String,
) -> fmt::Result {
    let counts = peer.families[family].unwrap_or_default();
    let keeps_all = peer.config.families[family].as_ref().is_some_and(|config| config.soft_reconfiguration);
    let rows = [
        ("Adj-in", if keeps_all { counts.received } else { 0 }),
        ("Damped", 0),
        ("Removed", 0),
        ("History", 0),
        ("Stale", counts.stale),
        ("Valid", counts.accepted),
        ("All RIB", counts.accepted),
        ("PfxCt counted", counts.accepted),
        ("PfxCt Best Selected", counts.best),
        ("Useable", counts.accepted),
    ];
    if format == Format::Json {
        json::object(out, PRETTY, |o| {
            o.string("prefixCountsFor", peer.name());
            o.string("multiProtocol", family_key(family));
            o.number("pfxCounter", counts.accepted);
            o.object("ribTableWalkCounters", |o| rows.iter().for_each(|(name, n)| o.number(name, *n)));
        });
        out.push('\n');
        return Ok(());
    }
    writeln!(out, "Prefix counts for {}, {}", peer.name(), family_title(family))?;
    writeln!(out, "PfxCt: {}\n\nCounts from RIB table walk:\n", counts.accepted)?;
    rows.iter().try_for_each(|(name, count)| writeln!(out, "{name:>20}: {count:<10}"))
}

const STATUS_CODES: [(&str, &str); 10] = [
    ("suppressed", "s"),
    ("damped", "d"),
    ("history", "h"),
    ("valid", "*"),
    ("best", ">"),
    ("multipath", "="),
    ("internal", "i"),
    ("ribFailure", "r"),
    ("stale", "S"),
    ("removed", "R"),
];
