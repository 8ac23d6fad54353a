//! Routes of the BGP table as `show` wants them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use bgp_core::rib::{NextHopState, Outcome, PathView, RouteView};
use bgp_core::speaker::PeerView;
use bgp_core::{Family, Instant, NextHop, PeerId, PeerKind, Prefix};

use super::super::postman::Postman;
use crate::control::door::{RouteLookup, RouteRequest, RouteView as Whose};
use crate::control::snapshot::{
    MemorySnapshot, NextHopSnapshot, PathSnapshot, PathSource, RoutePage, RouteSnapshot, Selection,
};

/// A page of a table, as somebody sees it.
pub(super) fn page(postman: &mut Postman, request: &RouteRequest) -> RoutePage {
    let now = postman.clock.now();
    let peer = match request.view {
        Whose::Table => None,
        Whose::From(address) | Whose::Received(address) | Whose::Advertised(address) => {
            match postman.speaker.peer(address) {
                Some(peer) => Some(peer.id),
                None => return RoutePage::default(),
            }
        }
    };
    let found = postman.speaker.page(request.family, request.after, request.limit);
    let next = found.last().filter(|_| found.len() >= request.limit).map(|route| route.prefix);
    let is_inside = |prefix: &Prefix| request.within.is_none_or(|within| within.contains(prefix));
    let prefixes: Vec<_> = found.iter().map(|route| route.prefix).filter(is_inside).collect();
    let routes = prefixes.iter().filter_map(|prefix| match (request.view, peer) {
        (Whose::Advertised(_), Some(peer)) => advertised(postman, peer, prefix, now),
        (Whose::From(_), Some(peer)) => {
            select(postman, prefix, now, |path| path.peer == Some(peer) && !path.is_refused)
        }
        (Whose::Received(_), Some(peer)) => received(postman, prefix, now, peer),
        _ => select(postman, prefix, now, |path| !path.is_refused),
    });
    RoutePage { routes: routes.collect(), next }
}

/// One route, with whom it is announced to.
pub(super) fn one(postman: &mut Postman, lookup: RouteLookup) -> Option<RouteSnapshot> {
    let now = postman.clock.now();
    let prefix = found(postman, lookup)?.prefix;
    let mut route = select(postman, &prefix, now, |path| !path.is_refused)?;
    if let Some(best) = route.paths.iter_mut().find(|path| path.selection.is_best()) {
        best.reason = Some(reason(postman, &prefix));
    }
    let peers: Vec<_> =
        postman.speaker.peers().map(|peer| (peer.id, peer.address, host_name(&peer))).collect();
    for (id, address, host_name) in peers {
        if postman.speaker.advertised(id, &prefix).is_some() {
            route.advertised_to.push((address.to_string(), host_name));
        }
    }
    Some(route)
}

/// Why the best path is the best: a line for each path.
pub(super) fn explain(postman: &Postman, lookup: RouteLookup) -> Option<String> {
    let prefix = found(postman, lookup)?.prefix;
    let mut text = format!("{prefix}\n");
    for explained in postman.speaker.rib().explain(&prefix) {
        let path = explained.path;
        // Writing to a `String` cannot fail.
        let _ = match explained.outcome {
            Outcome::Best => writeln!(text, "  from {}: best", path.address),
            Outcome::Lost(rung) => {
                writeln!(text, "  from {}: lost by {} ({})", path.address, rung.name, rung.clause)
            }
            Outcome::Unusable => {
                writeln!(text, "  from {}: takes no part: {}", path.address, unusable(&path))
            }
        };
    }
    Some(text)
}

/// Next hops of BGP's paths and their state.
pub(super) fn next_hops(postman: &Postman) -> Vec<NextHopSnapshot> {
    let mut known: BTreeMap<IpAddr, NextHopSnapshot> = BTreeMap::new();
    let rib = postman.speaker.rib();
    for (address, state, paths) in rib.next_hops() {
        known.insert(
            address,
            NextHopSnapshot {
                address,
                metric: metric(state),
                paths: paths.into(),
                peer: postman.speaker.peer(address).map(|peer| peer.address),
                gateways: Vec::new(),
                age: Duration::ZERO,
            },
        );
    }
    known.into_values().collect()
}

/// What the tables cost.
pub(super) fn memory(postman: &Postman) -> Vec<MemorySnapshot> {
    let rib = postman.speaker.rib();
    let wide = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
    let totals = Family::ALL.map(|family| rib.totals(family));
    let sum = |of: fn(&bgp_core::rib::Totals) -> usize| wide(totals.iter().map(of).sum());
    let [first, ..] = &totals;
    vec![
        MemorySnapshot {
            what: "RIB nodes",
            count: sum(|totals| totals.prefixes),
            octets: sum(|totals| totals.table_octets),
        },
        MemorySnapshot {
            what: "BGP attributes",
            count: wide(first.attribute_sets),
            octets: wide(first.attribute_octets),
        },
    ]
}

fn found(postman: &Postman, lookup: RouteLookup) -> Option<RouteView<'_>> {
    match lookup {
        RouteLookup::Exact(prefix) => postman.speaker.rib().prefix(&prefix),
        RouteLookup::Longest(address) => postman.speaker.rib().longest_match(address),
    }
}

fn select(
    postman: &Postman,
    prefix: &Prefix,
    now: Instant,
    is_asked: impl Fn(&PathView<'_>) -> bool,
) -> Option<RouteSnapshot> {
    let route = postman.speaker.rib().prefix(prefix)?;
    let is_multipath = route.paths().filter(|path| path.is_used).count() > 1;
    let paths = route
        .paths()
        .filter(is_asked)
        .map(|path| PathSnapshot {
            selection: selection(&path, is_multipath),
            ..snapshot(postman, &path, now)
        })
        .collect();
    route_of(*prefix, paths)
}

/// What the peer sent, before policy.
fn received(postman: &Postman, prefix: &Prefix, now: Instant, peer: PeerId) -> Option<RouteSnapshot> {
    let route = postman.speaker.rib().prefix(prefix)?;
    let sent = route.paths().filter(|path| path.peer == Some(peer));
    let paths = sent
        .map(|path| PathSnapshot {
            attributes: path.received.as_bytes().into(),
            ..snapshot(postman, &path, now)
        })
        .collect();
    route_of(*prefix, paths)
}

/// What the peer is told.
fn advertised(postman: &mut Postman, peer: PeerId, prefix: &Prefix, now: Instant) -> Option<RouteSnapshot> {
    let told = postman.speaker.advertised(peer, prefix)?;
    let route = postman.speaker.rib().prefix(prefix)?;
    let best = snapshot(postman, &route.best()?, now);
    let path = PathSnapshot {
        attributes: told.attrs.as_block().as_bytes().into(),
        next_hop: told.next_hop,
        selection: Selection::Best,
        ..best
    };
    route_of(*prefix, vec![path])
}

/// A route with these paths; none without any.
fn route_of(prefix: Prefix, paths: Vec<PathSnapshot>) -> Option<RouteSnapshot> {
    (!paths.is_empty()).then(|| RouteSnapshot { prefix, version: 0, paths, advertised_to: Vec::new() })
}

fn snapshot(postman: &Postman, path: &PathView<'_>, now: Instant) -> PathSnapshot {
    let config = postman.speaker.config();
    let peer = path.peer.and_then(|_| postman.speaker.peer(path.address));
    let is_local = path.kind == PeerKind::Local;
    let uses_link_local = matches!(path.next_hop, Some(NextHop::V6 { link_local: Some(_), .. }));
    PathSnapshot {
        attributes: Arc::from(path.attrs.as_bytes()),
        next_hop: path.next_hop.unwrap_or(NextHop::V4(Ipv4Addr::UNSPECIFIED)),
        next_hop_metric: if is_local { Some(0) } else { metric(path.reached) },
        uses_link_local,
        weight: path.weight,
        source: PathSource {
            kind: path.kind,
            is_network: is_local,
            address: (!is_local).then_some(path.address),
            interface: None,
            router_id: if is_local { config.router_id } else { path.router_id },
            host_name: if is_local { config.host_name.clone() } else { peer.as_ref().and_then(host_name) },
        },
        path_ids: (path.path_id, 0),
        is_valid: path.is_valid,
        selection: Selection::Unused,
        reason: None,
        is_stale: path.is_stale,
        is_filtered: path.is_refused,
        age: now - path.since,
    }
}

fn selection(path: &PathView<'_>, is_multipath: bool) -> Selection {
    match (path.is_best, path.is_used, is_multipath) {
        (true, _, true) => Selection::BestOfMultipath,
        (true, _, false) => Selection::Best,
        (false, true, _) => Selection::Multipath,
        (false, false, _) => Selection::Unused,
    }
}

fn host_name(peer: &PeerView<'_>) -> Option<String> {
    peer.session.as_ref()?.negotiated?.host_name.clone()
}

const fn metric(state: NextHopState) -> Option<u32> {
    match state {
        NextHopState::Unreachable => None,
        NextHopState::Reachable { metric, .. } => Some(metric),
    }
}

fn unusable(path: &PathView<'_>) -> &'static str {
    if path.is_refused { "refused by policy" } else { "its next hop cannot be reached" }
}

/// The rung that the last of the losers fell at, in the words that operators know from FRR.
fn reason(postman: &Postman, prefix: &Prefix) -> &'static str {
    let explained = postman.speaker.rib().explain(prefix);
    let lost_at = explained.iter().filter_map(|explained| match explained.outcome {
        Outcome::Lost(rung) => bgp_core::rib::LADDER.iter().position(|other| other.name == rung.name),
        Outcome::Best | Outcome::Unusable => None,
    });
    lost_at.max().and_then(|at| FRR_REASONS.get(at)).copied().unwrap_or("First path received")
}

/// By rung of the ladder.
const FRR_REASONS: [&str; bgp_core::rib::LADDER.len()] = [
    "Weight",
    "Local Pref",
    "Local Route",
    "AS Path",
    "Origin",
    "MED",
    "Peer Type",
    "IGP Metric",
    "Older Path",
    "Router ID",
    "Cluster length",
    "Neighbor IP",
    "Neighbor IP",
];
