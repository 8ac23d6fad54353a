//! `show bgp ipv4 unicast PREFIX`: one prefix with everything about its paths.

use core::fmt::{self, Write};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bgp_core::wire::attr::{AsPath, AttrBlock, Community, ExtendedCommunity, LargeCommunity, SegmentKind};
use bgp_core::{NextHop, PeerKind};

use super::table::{Scope, is_internal, write_next_hops};
use crate::control::clock::{Date, Moment};
use crate::control::command::{Format, PathChoice};
use crate::control::json::{self, Array, Object, PRETTY};
use crate::control::snapshot::{PathSnapshot, RouteSnapshot};

/// Writes the route, or that there is none.
pub(crate) fn render(
    route: Option<&RouteSnapshot>,
    paths: PathChoice,
    (format, at): (Format, Moment),
    out: &mut String,
) -> fmt::Result {
    match (route, format) {
        (None, Format::Text) => out.push_str("% Network not in table\n"),
        (None, Format::Json) => out.push_str("{\n}\n"),
        (Some(route), Format::Text) => write_text(route, paths, at, out)?,
        (Some(route), Format::Json) => {
            json::object(out, PRETTY, |o| write_json(route, paths, at, o));
            out.push('\n');
        }
    }
    Ok(())
}

fn chosen(route: &RouteSnapshot, paths: PathChoice) -> impl Iterator<Item = &PathSnapshot> {
    route.paths.iter().filter(move |path| match paths {
        PathChoice::All => true,
        PathChoice::Best => path.selection.is_best(),
        PathChoice::Multipath => path.selection.is_best() || path.selection.is_multipath(),
    })
}

fn write_text(route: &RouteSnapshot, paths: PathChoice, at: Moment, out: &mut String) -> fmt::Result {
    writeln!(out, "BGP routing table entry for {}, version {}", route.prefix, route.version)?;
    write!(out, "Paths: ({} available, ", route.paths.len())?;
    match route.paths.iter().position(|path| path.selection.is_best()) {
        Some(best) => write!(out, "best #{}, table default{}", best + 1, restriction(route))?,
        None => write!(out, "no best path")?,
    }
    out.push_str(")\n");
    if route.advertised_to.is_empty() {
        writeln!(out, "  Not advertised to any peer")?;
    } else {
        let names: Vec<_> = route.advertised_to.iter().map(|(name, _)| name.as_str()).collect();
        writeln!(out, "  Advertised to non peer-group peers:\n  {}", names.join(" "))?;
    }
    chosen(route, paths).try_for_each(|path| write_path(path, at, out))
}

/// What a well-known community of the best path forbids (RFC 1997).
fn restriction(route: &RouteSnapshot) -> &'static str {
    let best = route.paths.iter().find(|path| path.selection.is_best());
    let carries = |wanted: Community| {
        best.is_some_and(|path| {
            AttrBlock::new(&path.attributes).communities().any(|carried| carried == wanted.0)
        })
    };
    if carries(Community::NO_ADVERTISE) {
        ", not advertised to any peer"
    } else if carries(Community::NO_EXPORT) {
        ", not advertised to EBGP peer"
    } else if carries(Community::LOCAL_AS) {
        ", not advertised outside local AS"
    } else {
        ""
    }
}

fn write_path(path: &PathSnapshot, at: Moment, out: &mut String) -> fmt::Result {
    let attributes = AttrBlock::new(&path.attributes);
    write!(out, "  {}", PathText(attributes.as_path()))?;
    if let Some((asn, router)) = attributes.aggregator() {
        write!(out, ", (aggregated by {asn} {router})")?;
    }
    if path.source.kind == PeerKind::Client {
        out.push_str(", (Received from a RR-client)");
    }
    if path.is_stale {
        out.push_str(", (stale)");
    }
    out.push('\n');
    write_source(path, attributes, out)?;
    write_attributes(path, attributes, out)?;
    write_communities(attributes, out)?;
    if attributes.originator_id().is_some() || attributes.cluster_list().len() > 0 {
        let originator = attributes.originator_id().unwrap_or_default();
        write!(out, "      Originator: {originator}, Cluster list: ")?;
        attributes.cluster_list().try_for_each(|cluster| write!(out, "{cluster} "))?;
        out.push('\n');
    }
    if path.path_ids != (0, 0) {
        let (received, sent) = path.path_ids;
        writeln!(out, "      AddPath ID: RX {received}, TX {sent}")?;
    }
    writeln!(out, "      Last update: {}", Date(at.epoch(path.age)))
}

fn write_source(path: &PathSnapshot, attributes: AttrBlock<'_>, out: &mut String) -> fmt::Result {
    write!(out, "    {}", path.next_hop.address())?;
    match path.next_hop_metric {
        Some(0) => {}
        Some(metric) => write!(out, " (metric {metric})")?,
        None if path.source.address.is_some() => out.push_str(" (inaccessible)"),
        None => {}
    }
    let from = match (&path.source.interface, path.source.address) {
        (Some(interface), _) => interface.clone(),
        (None, Some(address)) => address.to_string(),
        (None, None) => nobody(path).to_string(),
    };
    let router_id = attributes.originator_id().unwrap_or(path.source.router_id);
    writeln!(out, " from {from} ({router_id})")?;
    if let NextHop::V6 { link_local: Some(address), .. } = path.next_hop {
        let used = if path.uses_link_local { " (used)" } else { " (prefer-global)" };
        writeln!(out, "    ({address}){used}")?;
    }
    Ok(())
}

fn write_attributes(path: &PathSnapshot, attributes: AttrBlock<'_>, out: &mut String) -> fmt::Result {
    write!(out, "      Origin {}", attributes.origin())?;
    if let Some(med) = attributes.med() {
        write!(out, ", metric {med}")?;
    }
    if let Some(local_pref) = attributes.local_pref() {
        write!(out, ", localpref {local_pref}")?;
    }
    if path.weight > 0 {
        write!(out, ", weight {}", path.weight)?;
    }
    out.push_str(if path.is_valid { ", valid" } else { ", invalid" });
    out.push_str(match path.source.kind {
        PeerKind::External => ", external",
        PeerKind::Internal | PeerKind::Client => ", internal",
        PeerKind::Local if path.source.is_network => ", sourced, local",
        PeerKind::Local => ", sourced",
    });
    if attributes.atomic_aggregate() {
        out.push_str(", atomic-aggregate");
    }
    if path.selection.is_multipath() {
        out.push_str(", multipath");
    }
    if path.selection.is_best() {
        write!(out, ", best ({})", path.reason.unwrap_or("First path received"))?;
    }
    out.push('\n');
    Ok(())
}

fn write_communities(attributes: AttrBlock<'_>, out: &mut String) -> fmt::Result {
    let lists = [
        ("Community", joined(attributes.communities().map(Community))),
        ("Extended Community", joined(attributes.extended_communities().map(ExtendedCommunity))),
        ("Large Community", joined(attributes.large_communities().map(LargeCommunity))),
    ];
    for (name, list) in lists.iter().filter(|(_, list)| !list.is_empty()) {
        writeln!(out, "      {name}: {list}")?;
    }
    Ok(())
}

fn write_json(route: &RouteSnapshot, paths: PathChoice, at: Moment, o: &mut Object<'_>) {
    o.string("prefix", route.prefix);
    o.number("version", route.version);
    if !route.advertised_to.is_empty() {
        o.object("advertisedTo", |o| {
            for (name, host_name) in &route.advertised_to {
                o.object(name, |o| o.maybe_string("hostname", host_name.as_deref()));
            }
        });
    }
    o.array("paths", |list| {
        chosen(route, paths).for_each(|path| list.object(|o| write_member(route, path, at, o)));
    });
}

fn write_member(route: &RouteSnapshot, path: &PathSnapshot, at: Moment, o: &mut Object<'_>) {
    let attributes = AttrBlock::new(&path.attributes);
    o.object("aspath", |o| write_as_path(attributes.as_path(), o));
    if let Some((asn, router)) = attributes.aggregator() {
        o.number("aggregatorAs", asn.0);
        o.string("aggregatorId", router);
    }
    o.flag("rxedFromRrClient", path.source.kind == PeerKind::Client);
    o.flag("stale", path.is_stale);
    o.string("origin", attributes.origin());
    if let Some(med) = attributes.med() {
        o.number("metric", med);
    }
    if let Some(local_pref) = attributes.local_pref() {
        o.number("locPrf", local_pref);
    }
    if path.weight > 0 {
        o.number("weight", path.weight);
    }
    o.flag("valid", path.is_valid);
    o.number("version", route.version);
    let is_local = path.source.kind == PeerKind::Local;
    o.flag("sourced", is_local);
    o.flag("local", is_local && path.source.is_network);
    o.flag("atomicAggregate", attributes.atomic_aggregate());
    o.flag("multipath", path.selection.is_multipath());
    if path.selection.is_best() {
        o.object("bestpath", |o| {
            o.boolean("overall", true);
            o.string("selectionReason", path.reason.unwrap_or("First path received"));
        });
    }
    write_community_members(attributes, o);
    if path.path_ids != (0, 0) {
        o.number("addpathRxId", path.path_ids.0);
        o.number("addpathTxId", path.path_ids.1);
    }
    let epoch = at.epoch(path.age);
    o.object("lastUpdate", |o| {
        o.number("epoch", epoch);
        o.string("string", format_args!("{}\n", Date(epoch)));
    });
    o.flag("fibInstalled", is_local && !path.source.is_network);
    o.array("nexthops", |hops| {
        write_next_hops(path, hops, |o, scope| {
            if scope != Scope::LinkLocal {
                o.number("metric", path.next_hop_metric.unwrap_or(0));
            }
            let is_accessible = path.next_hop_metric.is_some() || is_local;
            o.boolean("accessible", is_accessible);
        });
    });
    o.object("peer", |o| write_peer(path, attributes, o));
}

fn write_as_path(path: AsPath<'_>, o: &mut Object<'_>) {
    o.string("string", PathText(path));
    o.array("segments", |segments| {
        for segment in path.segments() {
            segments.object(|o| {
                o.string(
                    "type",
                    match segment.kind {
                        SegmentKind::Set => "as-set",
                        SegmentKind::Sequence => "as-sequence",
                        SegmentKind::ConfedSequence => "as-confed-sequence",
                        SegmentKind::ConfedSet => "as-confed-set",
                    },
                );
                o.array("list", |list| segment.asns().for_each(|asn| list.number(asn.0)));
            });
        }
    });
    o.number("length", path.length() as u64);
}

fn write_community_members(attributes: AttrBlock<'_>, o: &mut Object<'_>) {
    let communities = attributes.communities().map(Community);
    if communities.len() > 0 {
        o.object("community", |o| {
            o.string("string", joined(communities.clone()));
            o.array("list", |list| communities.for_each(|community| write_community(community, list)));
        });
    }
    let extended = attributes.extended_communities().map(ExtendedCommunity);
    if extended.len() > 0 {
        o.object("extendedCommunity", |o| o.string("string", joined(extended)));
    }
    let large = attributes.large_communities().map(LargeCommunity);
    if large.len() > 0 {
        o.object("largeCommunity", |o| {
            o.string("string", joined(large.clone()));
            o.array("list", |list| large.for_each(|community| list.string(community)));
        });
    }
    o.maybe_string("originatorId", attributes.originator_id());
    let clusters = attributes.cluster_list();
    if clusters.len() > 0 {
        o.object("clusterList", |o| {
            o.array("list", |list| clusters.for_each(|cluster| list.string(cluster)));
        });
    }
}

/// A list has well-known names in one word: `noExport` for `no-export`.
fn write_community(community: Community, list: &mut Array<'_>) {
    let Some(name) = community.name() else { return list.string(community) };
    let mut words = name.split('-');
    let mut one_word = String::from(words.next().unwrap_or(""));
    for word in words {
        let lower = word.to_ascii_lowercase();
        let mut letters = lower.chars();
        one_word.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        one_word.push_str(letters.as_str());
    }
    list.string(one_word);
}

fn write_peer(path: &PathSnapshot, attributes: AttrBlock<'_>, o: &mut Object<'_>) {
    let source = &path.source;
    o.string("peerId", source.address.unwrap_or_else(|| nobody(path)));
    o.string("routerId", attributes.originator_id().unwrap_or(source.router_id));
    if source.kind == PeerKind::Local {
        return;
    }
    o.maybe_string("hostname", source.host_name.as_deref());
    o.maybe_string("interface", source.interface.as_deref());
    o.string("type", if is_internal(source.kind) { "internal" } else { "external" });
}

/// Where our own routes come from: the unspecified address of the next hop's family.
fn nobody(path: &PathSnapshot) -> IpAddr {
    match path.next_hop {
        NextHop::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        NextHop::V6 { .. } => Ipv6Addr::UNSPECIFIED.into(),
    }
}

fn joined<T: fmt::Display>(items: impl Iterator<Item = T>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(" ")
}

/// An AS path; `Local` where it is empty.
struct PathText<'a>(AsPath<'a>);

impl fmt::Display for PathText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("Local") } else { self.0.fmt(f) }
    }
}
