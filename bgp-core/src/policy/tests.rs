//! Route maps and filters as an operator reads them.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::types::{Asn, NextHop, PeerKind, Prefix};
use crate::wire::{AttrBuf, Origin};

/// A route as a provider's core sends it.
struct Route {
    prefix: Prefix,
    attrs: AttrBuf,
}

impl Route {
    fn new(prefix: &str, path: &[u32], communities: &[u32]) -> Self {
        let mut attrs = AttrBuf::default();
        attrs.set_origin(Origin::Igp);
        attrs.set_as_path(&path.iter().copied().map(Asn).collect::<Vec<_>>());
        attrs.set_communities(communities.iter().copied());
        Self { prefix: prefix.parse().unwrap(), attrs }
    }

    fn context(&self) -> RouteContext<'_> {
        RouteContext {
            prefix: self.prefix,
            next_hop: NextHop::V4([192, 0, 2, 1].into()),
            weight: 0,
            attrs: self.attrs.as_block(),
            attrs_key: 1,
            peer: Some([192, 0, 2, 1].into()),
            source: PeerKind::External,
        }
    }

    /// What `map` makes of the route, if it lets it pass.
    fn through(&self, map: &RouteMap) -> Option<RouteDraft> {
        let Verdict::Permit(changes) = map.evaluate(&self.context(), &mut Scratch::default()) else {
            return None;
        };
        let mut draft = RouteDraft::default();
        draft.attrs.load(self.attrs.as_block());
        map.apply(changes, &mut draft);
        Some(draft)
    }
}

fn entry(seq: u32, matches: Vec<Match>, sets: Vec<Set>) -> RouteMapEntry {
    RouteMapEntry {
        seq,
        action: Action::Permit,
        matches,
        sets,
        call: None,
        on_match: OnMatch::Stop,
        description: None,
    }
}

fn map(entries: Vec<RouteMapEntry>) -> RouteMap {
    RouteMap::new("M", entries).unwrap()
}

fn path_list(expression: &str) -> Match {
    let pattern = Pattern::new(expression).unwrap();
    let entries = vec![AsPathEntry { seq: 5, action: Action::Permit, pattern }];
    Match::AsPath(Arc::new(AsPathList { name: "P".into(), entries }))
}

fn any_path() -> Arc<AsPathList> {
    let Match::AsPath(list) = path_list(".*") else { unreachable!() };
    list
}

fn community_list(community: u32, exact: bool) -> Match {
    let matches = CommunityMatch::Standard(vec![community]);
    let entries = vec![CommunityEntry { seq: 5, action: Action::Permit, matches }];
    Match::Community { list: Arc::new(CommunityList { name: "C".into(), entries }), exact }
}

fn local_pref(to: u32) -> Vec<Set> {
    vec![Set::LocalPreference(Amount::To(to))]
}

const BACKUP: u32 = 64500 << 16 | 70;

fn from_cores() -> RouteMap {
    map(vec![
        entry(5, vec![community_list(BACKUP, false)], local_pref(50)),
        entry(10, vec![path_list("^64500(_64500)*$")], local_pref(150)),
        entry(20, vec![], local_pref(100)),
    ])
}

#[test]
fn the_first_entry_that_matches_decides() {
    let pref = |route: Route| route.through(&from_cores()).unwrap().attrs.as_block().local_pref();
    assert_eq!(pref(Route::new("203.0.113.0/24", &[64500], &[BACKUP])), Some(50));
    assert_eq!(pref(Route::new("203.0.113.0/24", &[64500, 64500], &[])), Some(150));
    assert_eq!(pref(Route::new("203.0.113.0/24", &[64500, 65001], &[])), Some(100));
}

#[test]
fn answers_about_one_set_are_not_those_about_the_next() {
    let called = Arc::new(map(vec![entry(5, vec![path_list("_65001$")], vec![Set::Weight(1)])]));
    let mut first = entry(5, vec![community_list(BACKUP, false), Match::PrefixLen(24)], local_pref(50));
    first.on_match = OnMatch::Next;
    let calling = RouteMapEntry { call: Some(called), ..entry(10, vec![path_list("_65002_")], vec![]) };
    let map = map(vec![first, calling, entry(20, vec![], vec![])]);
    let filter =
        Filter { as_path_list: Some(any_path()), route_map: Some(Arc::new(map)), ..Filter::default() };
    assert!(filter.asks_prefix());
    let paths: [&[u32]; 3] = [&[64500, 65002, 65001], &[64500, 65002], &[64500]];
    let mut scratch = Scratch::default();
    for (key, path) in (0..).zip(paths.iter().cycle().take(6)) {
        for (prefix, communities) in [("192.0.2.0/24", vec![BACKUP]), ("192.0.2.0/25", vec![BACKUP])] {
            let route = Route::new(prefix, path, &communities);
            let context = RouteContext { attrs_key: key, ..route.context() };
            let alone = filter.evaluate(&context, &mut Scratch::default());
            assert_eq!(filter.evaluate(&context, &mut scratch), alone, "{prefix} {path:?}");
            assert_eq!(alone == Verdict::Deny, path.len() == 2);
        }
    }
}

#[test]
fn a_filter_knows_whether_it_asks_for_the_prefix() {
    let plain = Filter { route_map: Some(Arc::new(from_cores())), ..Filter::default() };
    assert!(!plain.asks_prefix());
    let called = Arc::new(map(vec![entry(5, vec![Match::PrefixLen(24)], vec![])]));
    let caller = map(vec![RouteMapEntry { call: Some(called), ..entry(10, vec![], vec![]) }]);
    assert!(Filter { route_map: Some(Arc::new(caller)), ..Filter::default() }.asks_prefix());
    let listed = Filter { prefix_list: Some(Arc::default()), ..Filter::default() };
    assert!(listed.asks_prefix());
}

#[test]
fn an_empty_map_and_a_deny_entry_refuse() {
    let route = Route::new("203.0.113.0/24", &[64500], &[]);
    assert!(route.through(&map(vec![])).is_none());
    let deny = RouteMapEntry { action: Action::Deny, ..entry(10, vec![], vec![]) };
    assert!(route.through(&map(vec![deny, entry(20, vec![], vec![])])).is_none());
}

#[test]
fn on_match_next_collects_what_later_entries_set() {
    let first = RouteMapEntry { on_match: OnMatch::Next, ..entry(10, vec![], local_pref(150)) };
    let far = RouteMapEntry { on_match: OnMatch::Goto(40), ..entry(20, vec![], vec![Set::Weight(7)]) };
    let skipped = entry(30, vec![], vec![Set::Weight(9)]);
    let last = entry(40, vec![], vec![Set::Metric(Amount::Plus(5))]);
    let draft =
        Route::new("203.0.113.0/24", &[64500], &[]).through(&map(vec![first, far, skipped, last])).unwrap();
    assert_eq!(draft.attrs.as_block().local_pref(), Some(150));
    assert_eq!(draft.attrs.as_block().med(), Some(5));
    assert_eq!(draft.weight, 7);
    assert!(draft.med_is_set);
}

#[test]
fn a_called_map_sets_and_can_refuse() {
    let called = Arc::new(map(vec![entry(5, vec![path_list("_65001$")], local_pref(120))]));
    let caller = map(vec![RouteMapEntry { call: Some(called), ..entry(10, vec![], vec![Set::Weight(3)]) }]);
    let draft = Route::new("203.0.113.0/24", &[64500, 65001], &[]).through(&caller).unwrap();
    assert_eq!((draft.weight, draft.attrs.as_block().local_pref()), (3, Some(120)));
    assert!(Route::new("203.0.113.0/24", &[64500], &[]).through(&caller).is_none());
}

#[test]
fn communities_are_added_replaced_and_deleted() {
    let route = Route::new("203.0.113.0/24", &[64500], &[BACKUP, 1]);
    let after = |set: Set| -> Vec<u32> {
        let draft = route.through(&map(vec![entry(10, vec![], vec![set])])).unwrap();
        draft.attrs.as_block().communities().collect()
    };
    assert_eq!(after(Set::Community { values: vec![2], additive: true }), [1, 2, BACKUP]);
    assert_eq!(after(Set::Community { values: vec![2], additive: false }), [2]);
    assert_eq!(after(Set::CommunityNone), [0; 0]);
    let Match::Community { list, .. } = community_list(BACKUP, false) else { unreachable!() };
    assert_eq!(after(Set::CommunityDelete(list)), [1]);
}

#[test]
fn exact_match_wants_nothing_else() {
    let exact = map(vec![entry(10, vec![community_list(BACKUP, true)], vec![])]);
    assert!(Route::new("203.0.113.0/24", &[64500], &[BACKUP]).through(&exact).is_some());
    assert!(Route::new("203.0.113.0/24", &[64500], &[BACKUP, 1]).through(&exact).is_none());
}

#[test]
fn paths_are_prepended_and_cleaned() {
    let route = Route::new("203.0.113.0/24", &[64500, 65001], &[]);
    let after = |set: Set| -> Vec<u32> {
        let draft = route.through(&map(vec![entry(10, vec![], vec![set])])).unwrap();
        draft.attrs.as_block().as_path().asns().map(|asn| asn.0).collect()
    };
    assert_eq!(after(Set::AsPathPrepend(vec![Asn(64510), Asn(64510)])), [64510, 64510, 64500, 65001]);
    assert_eq!(after(Set::AsPathPrependLast(2)), [64500, 64500, 64500, 65001]);
    assert_eq!(after(Set::AsPathExclude(vec![Asn(64500)])), [65001]);
}

#[test]
fn a_map_of_more_entries_than_bits_still_changes_routes() {
    let none = || Match::Metric(999);
    let mut entries: Vec<_> = (0..100).map(|seq| entry(seq, vec![none()], local_pref(1))).collect();
    entries.push(entry(200, vec![], local_pref(200)));
    let draft = Route::new("203.0.113.0/24", &[64500], &[]).through(&map(entries.clone())).unwrap();
    assert_eq!(draft.attrs.as_block().local_pref(), Some(200));
    entries[0].on_match = OnMatch::Next;
    assert_eq!(RouteMap::new("M", entries).unwrap_err(), RouteMapError::TooManyEntries(101));
}

#[test]
fn each_part_of_a_filter_must_let_the_route_pass() {
    let any = PrefixEntry {
        seq: 5,
        action: Action::Permit,
        prefix: "0.0.0.0/0".parse().unwrap(),
        min_len: 0,
        max_len: 24,
    };
    let filter = Filter {
        prefix_list: Some(Arc::new(PrefixList::new("L", vec![any]))),
        as_path_list: None,
        route_map: Some(Arc::new(from_cores())),
    };
    let verdict = |route: Route| filter.evaluate(&route.context(), &mut Scratch::default());
    assert_eq!(verdict(Route::new("203.0.113.0/25", &[64500], &[])), Verdict::Deny);
    assert_ne!(verdict(Route::new("203.0.113.0/24", &[64500], &[])), Verdict::Deny);
    let open = Filter::default();
    let route = Route::new("203.0.113.0/25", &[64500], &[]);
    assert_eq!(open.evaluate(&route.context(), &mut Scratch::default()), Verdict::Permit(Changes::NONE));
}
