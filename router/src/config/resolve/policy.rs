//! Policy by name: each list and map is built once and shared.
//!
//! A name that nothing defines is an empty list or map, which refuses (in a `neighbor` line) or matches nothing (in
//! a `match` line), as in FRR; each use is a warning.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bgp_core::Family;
use bgp_core::policy::{
    AsPathList, CommunityList, Filter, Match, PrefixEntry, PrefixList, RouteMap, RouteMapEntry, Set,
};

use super::super::draft::{CommunityKind, Draft, FilterDraft, MatchDraft, Named, RouteMapDraft, SetDraft};
use super::super::finding::{Findings, Severity};
use super::super::statement::Spot;
use super::super::suggest::nearest;
use super::report;

/// Everything that has a name.
pub(crate) struct Policies<'a> {
    /// Where warnings go.
    pub findings: &'a mut Findings,
    draft: &'a Draft,
    prefix_lists: BTreeMap<(Family, String), Arc<PrefixList>>,
    access_lists: BTreeMap<(Family, String), Arc<PrefixList>>,
    as_path_lists: BTreeMap<String, Arc<AsPathList>>,
    community_lists: BTreeMap<(CommunityKind, String), Arc<CommunityList>>,
    route_maps: BTreeMap<String, Arc<RouteMap>>,
    missed: BTreeSet<(Spot, String)>,
}

impl<'a> Policies<'a> {
    /// Builds the lists; maps are built when they are asked for.
    pub(crate) fn new(draft: &'a Draft, findings: &'a mut Findings) -> Self {
        let prefix_list = |((family, name), entries): (&(Family, String), &BTreeMap<u32, PrefixEntry>)| {
            let list = PrefixList::new(name.clone(), entries.values().copied().collect());
            ((*family, name.clone()), Arc::new(list))
        };
        let as_path_lists = draft.as_path_lists.iter().map(|(name, entries)| {
            let list = AsPathList { name: name.clone(), entries: entries.values().cloned().collect() };
            (name.clone(), Arc::new(list))
        });
        let community_lists = draft.community_lists.iter().map(|(key, entries)| {
            let list = CommunityList { name: key.1.clone(), entries: entries.values().cloned().collect() };
            (key.clone(), Arc::new(list))
        });
        Self {
            prefix_lists: draft.prefix_lists.iter().map(prefix_list).collect(),
            access_lists: draft.access_lists.iter().map(prefix_list).collect(),
            as_path_lists: as_path_lists.collect(),
            community_lists: community_lists.collect(),
            route_maps: BTreeMap::new(),
            missed: BTreeSet::new(),
            draft,
            findings,
        }
    }

    /// Builds the maps that nothing uses too, so that their faults are found.
    pub(crate) fn finish(&mut self) {
        let draft = self.draft;
        for name in draft.route_maps.keys() {
            self.build(name, &mut Vec::new());
        }
    }

    /// The filter of one direction of one family.
    pub(crate) fn filter(&mut self, family: Family, draft: &FilterDraft) -> Filter {
        let prefix_list = match (&draft.prefix_list, &draft.access_list) {
            (Some(name), _) => Some(self.prefix_list(family, name)),
            (None, Some(name)) => Some(self.access_list(family, name)),
            (None, None) => None,
        };
        Filter {
            prefix_list,
            as_path_list: draft.as_path_list.as_ref().map(|name| self.as_path_list(name)),
            route_map: draft.route_map.as_ref().map(|name| self.route_map(name)),
        }
    }

    /// The route-map of this name.
    pub(crate) fn route_map(&mut self, name: &Named) -> Arc<RouteMap> {
        self.called(name, &mut Vec::new())
    }

    fn called(&mut self, name: &Named, callers: &mut Vec<String>) -> Arc<RouteMap> {
        if callers.contains(&name.name) {
            let message = format!("route-map `{}` calls itself: the call refuses", name.name);
            report(self.findings, name.spot, Severity::Error, message);
            return Arc::default();
        }
        self.build(&name.name, callers).unwrap_or_else(|| {
            let known = self.draft.route_maps.keys().map(String::as_str);
            let hint = nearest(&name.name, known).map(str::to_owned);
            self.missing("route-map", name, hint);
            Arc::new(RouteMap::new(name.name.clone(), Vec::new()).unwrap_or_default())
        })
    }

    fn build(&mut self, name: &str, callers: &mut Vec<String>) -> Option<Arc<RouteMap>> {
        if let Some(built) = self.route_maps.get(name) {
            return Some(Arc::clone(built));
        }
        let draft = self.draft;
        let drafted = draft.route_maps.get(name)?;
        let spot = drafted.values().next().map(|entry| entry.spot).unwrap_or_default();
        if callers.len() >= DEEPEST_CALL {
            let message = format!("route-map `{name}` is called through {DEEPEST_CALL} others: it refuses");
            report(self.findings, spot, Severity::Error, message);
            return Some(Arc::default());
        }
        callers.push(name.to_owned());
        let entries = drafted.iter().map(|(seq, entry)| self.entry(*seq, entry, callers)).collect();
        callers.pop();
        let built = RouteMap::new(name, entries).unwrap_or_else(|error| {
            report(self.findings, spot, Severity::Error, format!("route-map `{name}`: {error}"));
            RouteMap::default()
        });
        let built = Arc::new(built);
        self.route_maps.insert(name.to_owned(), Arc::clone(&built));
        Some(built)
    }

    fn entry(&mut self, seq: u32, draft: &RouteMapDraft, callers: &mut Vec<String>) -> RouteMapEntry {
        RouteMapEntry {
            seq,
            action: draft.action,
            matches: draft.matches.values().map(|what| self.matches(what)).collect(),
            sets: draft.sets.values().map(|set| self.set(set)).collect(),
            call: draft.call.as_ref().map(|name| self.called(name, callers)),
            on_match: draft.on_match,
            description: draft.description.clone(),
        }
    }

    fn matches(&mut self, draft: &MatchDraft) -> Match {
        match draft {
            MatchDraft::Ready(ready) => ready.clone(),
            MatchDraft::PrefixList(family, name) => Match::PrefixList(self.prefix_list(*family, name)),
            MatchDraft::AccessList(family, name) => Match::PrefixList(self.access_list(*family, name)),
            MatchDraft::NextHopPrefixList(family, name) => {
                Match::NextHopPrefixList(self.prefix_list(*family, name))
            }
            MatchDraft::NextHopAccessList(family, name) => {
                Match::NextHopPrefixList(self.access_list(*family, name))
            }
            MatchDraft::AsPath(name) => Match::AsPath(self.as_path_list(name)),
            MatchDraft::Community(kind, name, exact) => {
                let (list, exact) = (self.community_list(*kind, name), *exact);
                match kind {
                    CommunityKind::Standard => Match::Community { list, exact },
                    CommunityKind::Large => Match::LargeCommunity { list, exact },
                    CommunityKind::Extended => Match::ExtendedCommunity(list),
                }
            }
            // An empty list matches nothing.
            MatchDraft::Never => Match::PrefixList(Arc::default()),
        }
    }

    fn set(&mut self, draft: &SetDraft) -> Set {
        match draft {
            SetDraft::Ready(ready) => ready.clone(),
            SetDraft::CommunityDelete(kind, name) => {
                let list = self.community_list(*kind, name);
                if *kind == CommunityKind::Large {
                    Set::LargeCommunityDelete(list)
                } else {
                    Set::CommunityDelete(list)
                }
            }
        }
    }

    fn prefix_list(&mut self, family: Family, name: &Named) -> Arc<PrefixList> {
        let key = (family, name.name.clone());
        if let Some(list) = self.prefix_lists.get(&key) {
            return Arc::clone(list);
        }
        let known = self.prefix_lists.keys().filter(|(of, _)| *of == family).map(|(_, name)| name.as_str());
        let hint = nearest(&name.name, known).map(str::to_owned);
        self.missing(
            if family == Family::Ipv4Unicast { "ip prefix-list" } else { "ipv6 prefix-list" },
            name,
            hint,
        );
        Arc::new(PrefixList::new(name.name.clone(), Vec::new()))
    }

    fn access_list(&mut self, family: Family, name: &Named) -> Arc<PrefixList> {
        let key = (family, name.name.clone());
        if let Some(list) = self.access_lists.get(&key) {
            return Arc::clone(list);
        }
        let same = |list: &BTreeMap<(Family, String), Arc<PrefixList>>| list.contains_key(&key);
        let hint = same(&self.prefix_lists).then(|| format!("prefix-list {}", name.name));
        self.missing(
            if family == Family::Ipv4Unicast { "access-list" } else { "ipv6 access-list" },
            name,
            hint,
        );
        Arc::new(PrefixList::new(name.name.clone(), Vec::new()))
    }

    fn as_path_list(&mut self, name: &Named) -> Arc<AsPathList> {
        if let Some(list) = self.as_path_lists.get(&name.name) {
            return Arc::clone(list);
        }
        let hint = nearest(&name.name, self.as_path_lists.keys().map(String::as_str)).map(str::to_owned);
        self.missing("as-path access-list", name, hint);
        Arc::new(AsPathList { name: name.name.clone(), entries: Vec::new() })
    }

    fn community_list(&mut self, kind: CommunityKind, name: &Named) -> Arc<CommunityList> {
        let key = (kind, name.name.clone());
        if let Some(list) = self.community_lists.get(&key) {
            return Arc::clone(list);
        }
        let known = self.community_lists.keys().filter(|(of, _)| *of == kind).map(|(_, name)| name.as_str());
        let hint = nearest(&name.name, known).map(str::to_owned);
        self.missing(kind.name(), name, hint);
        Arc::new(CommunityList { name: name.name.clone(), entries: Vec::new() })
    }

    /// A warning, once for each line.
    fn missing(&mut self, what: &str, name: &Named, meant: Option<String>) {
        let message = format!("{what} `{}` is not defined: it lets nothing pass", name.name);
        if self.missed.insert((name.spot, message.clone())) {
            let Spot { line, column } = name.spot;
            let hint = meant.map(|meant| format!("did you mean `{meant}`?"));
            let severity = Severity::Warning;
            self.findings.push(super::super::finding::Finding { line, column, severity, message, hint });
        }
    }
}

/// Maps that call maps; deeper nests refuse.
const DEEPEST_CALL: usize = 64;
