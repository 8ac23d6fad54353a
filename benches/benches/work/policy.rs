//! Policy as operators have it: a route map that asks prefix lists of a thousand lines, AS paths and communities.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use benches::table::{Shape, Table};
use bgp_core::policy::{
    Action, AsPathEntry, AsPathList, CommunityEntry, CommunityList, CommunityMatch, Filter, Match, OnMatch,
    Pattern, PrefixEntry, PrefixList, RouteContext, RouteMap, RouteMapEntry, Scratch, Set, Verdict,
};
use bgp_core::wire::AttrBlock;
use bgp_core::{NextHop, PeerKind, Prefix};

use super::Work;
use super::sample::{IPV4, IPV6, PREFIXES};

struct Questions {
    filter: Filter,
    table: Table,
    scratch: Scratch,
}

/// Every prefix of the table is asked about, as an import asks: one attribute set after the other.
pub(crate) fn evaluate() -> Work {
    let table = Table::made_up(Shape { ipv4: IPV4, ipv6: IPV6, seed: 1, first: 0 });
    let filter = Filter { route_map: Some(Arc::new(route_map(&table))), ..Filter::default() };
    Work::new(PREFIXES, Questions { filter, table, scratch: Scratch::default() }, |_| {}, ask)
}

/// How many routes pass.
fn ask(questions: &mut Questions) -> usize {
    let Questions { filter, table, scratch } = questions;
    let mut passed = 0;
    for (attrs_key, group) in (0..).zip(&table.groups) {
        scratch.forget();
        for prefix in &group.prefixes {
            let route = RouteContext {
                prefix: *prefix,
                next_hop: NextHop::V4(Ipv4Addr::new(192, 0, 2, 1)),
                weight: 0,
                attrs: AttrBlock::new(&group.attrs),
                attrs_key,
                peer: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))),
                source: PeerKind::External,
            };
            passed += usize::from(filter.evaluate(&route, scratch) != Verdict::Deny);
        }
    }
    passed
}

/// Refuses long AS paths, prefers some prefixes, marks one community's, lets the rest pass.
fn route_map(table: &Table) -> RouteMap {
    let pattern = |text| Pattern::new(text).expect("an expression");
    let prefixes = table.groups.iter().flat_map(|group| &group.prefixes);
    let lines = (1..).zip(prefixes.step_by(PREFIXES / 1000).take(1000));
    let listed = PrefixList::new("LISTED", lines.map(|(seq, prefix)| line(seq, *prefix)).collect());
    let long = AsPathList {
        name: "LONG".to_owned(),
        entries: vec![AsPathEntry {
            seq: 5,
            action: Action::Permit,
            pattern: pattern("_1[0-9]+_.*_2[0-9]+$"),
        }],
    };
    let marked = CommunityList {
        name: "MARKED".to_owned(),
        entries: vec![CommunityEntry {
            seq: 5,
            action: Action::Permit,
            matches: CommunityMatch::Standard(vec![3356 << 16 | 100]),
        }],
    };
    let entries = vec![
        entry(10, Action::Deny, vec![Match::AsPath(Arc::new(long))], vec![]),
        entry(20, Action::Permit, vec![Match::PrefixList(Arc::new(listed))], vec![Set::Weight(100)]),
        entry(
            30,
            Action::Permit,
            vec![Match::Community { list: Arc::new(marked), exact: false }],
            vec![Set::Weight(200)],
        ),
        entry(40, Action::Permit, vec![], vec![]),
    ];
    RouteMap::new("FROM-CORES", entries).expect("a route map")
}

fn line(seq: u32, prefix: Prefix) -> PrefixEntry {
    let len = prefix.prefix_len();
    PrefixEntry { seq, action: Action::Permit, prefix, min_len: len, max_len: len }
}

fn entry(seq: u32, action: Action, matches: Vec<Match>, sets: Vec<Set>) -> RouteMapEntry {
    RouteMapEntry { seq, action, matches, sets, call: None, on_match: OnMatch::Stop, description: None }
}
