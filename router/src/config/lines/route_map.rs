//! Lines of a `route-map` block.

use std::net::IpAddr;

use bgp_core::Family;
use bgp_core::policy::{Amount, Match, OnMatch, Set};
use bgp_core::wire::Origin;

use super::super::draft::{CommunityKind, Draft, MatchDraft, Named, SetDraft};
use super::super::row::Row;
use super::super::statement::{Complaint, Statement};
use super::super::value::{Sign, Value};
use super::lists::extended_communities;

use Family::{Ipv4Unicast as V4, Ipv6Unicast as V6};

/// See the module.
pub(crate) const ROWS: &[Row] = &[
    Row::act("description = LINE", |draft, line| {
        draft.entry(line)?.description = Some(line.text()?);
        Ok(())
    }),
    Row::act("match ip address prefix-list = WORD", |draft, line| {
        matches(draft, line, "ip address prefix-list", MatchDraft::PrefixList(V4, named(line)?))
    }),
    Row::act("match ipv6 address prefix-list = WORD", |draft, line| {
        matches(draft, line, "ipv6 address prefix-list", MatchDraft::PrefixList(V6, named(line)?))
    }),
    Row::act("match ip address = WORD", |draft, line| {
        matches(draft, line, "ip address", MatchDraft::AccessList(V4, named(line)?))
    }),
    Row::act("match ipv6 address = WORD", |draft, line| {
        matches(draft, line, "ipv6 address", MatchDraft::AccessList(V6, named(line)?))
    }),
    Row::act("match ip address prefix-len = (0-32)", |draft, line| {
        matches(draft, line, "ip address prefix-len", MatchDraft::Ready(Match::PrefixLen(line.narrow()?)))
    }),
    Row::act("match ipv6 address prefix-len = (0-128)", |draft, line| {
        matches(draft, line, "ipv6 address prefix-len", MatchDraft::Ready(Match::PrefixLen(line.narrow()?)))
    }),
    Row::act("match ip next-hop prefix-list = WORD", |draft, line| {
        matches(draft, line, "ip next-hop prefix-list", MatchDraft::NextHopPrefixList(V4, named(line)?))
    }),
    Row::act("match ipv6 next-hop prefix-list = WORD", |draft, line| {
        matches(draft, line, "ipv6 next-hop prefix-list", MatchDraft::NextHopPrefixList(V6, named(line)?))
    }),
    Row::act("match ip next-hop = WORD", |draft, line| {
        matches(draft, line, "ip next-hop", MatchDraft::NextHopAccessList(V4, named(line)?))
    }),
    Row::act("match ipv6 next-hop = WORD", |draft, line| {
        matches(draft, line, "ipv6 next-hop", MatchDraft::NextHopAccessList(V6, named(line)?))
    }),
    Row::act("match ip next-hop address = A.B.C.D", |draft, line| {
        matches(draft, line, "ip next-hop address", MatchDraft::Ready(Match::NextHop(line.address()?)))
    }),
    Row::act("match ipv6 next-hop address = X:X::X:X", |draft, line| {
        matches(draft, line, "ipv6 next-hop address", MatchDraft::Ready(Match::NextHop(line.address()?)))
    }),
    Row::act("match as-path = WORD", |draft, line| {
        matches(draft, line, "as-path", MatchDraft::AsPath(named(line)?))
    }),
    Row::act("match community = WORD [exact-match]", |draft, line| {
        community(draft, line, CommunityKind::Standard)
    }),
    Row::act("match large-community = WORD [exact-match]", |draft, line| {
        community(draft, line, CommunityKind::Large)
    }),
    Row::act("match extcommunity = WORD", |draft, line| community(draft, line, CommunityKind::Extended)),
    Row::act("match metric = (0-4294967295)", |draft, line| {
        matches(draft, line, "metric", MatchDraft::Ready(Match::Metric(line.number()?)))
    }),
    Row::act("match local-preference = (0-4294967295)", |draft, line| {
        matches(draft, line, "local-preference", MatchDraft::Ready(Match::LocalPreference(line.number()?)))
    }),
    Row::act("match origin = <igp|egp|incomplete>", |draft, line| {
        matches(draft, line, "origin", MatchDraft::Ready(Match::Origin(origin(line))))
    }),
    Row::act("match peer = <A.B.C.D|X:X::X:X|local>", |draft, line| {
        let peer = line.addresses().next().map_or(Match::PeerLocal, Match::Peer);
        matches(draft, line, "peer", MatchDraft::Ready(peer))
    }),
    Row::act("match <interface|tag|source-protocol|source-instance|source-vrf|src-peer|rpki|rpki-extcommunity|alias|evpn|mac|probability|weight|metric-type|vni|ip route-source|ipv6 route-source|ip next-hop type|ipv6 next-hop type> = LINE", |draft, line| {
        draft.entry(line)?.matches.insert("?", MatchDraft::Never);
        Ok(())
    })
    .lacking("this cannot be told here: the entry matches no route"),
    Row::act("match <community|large-community|extcommunity> = WORD any", |draft, line| {
        draft.entry(line)?.matches.insert("?", MatchDraft::Never);
        Ok(())
    })
    .lacking("`any` cannot be told here: the entry matches no route"),
    Row::act("set local-preference = AMOUNT", |draft, line| {
        sets(draft, line, "local-preference", Set::LocalPreference(amount(line)?))
    }),
    Row::act("set metric = AMOUNT", |draft, line| sets(draft, line, "metric", Set::Metric(amount(line)?))),
    Row::act("set weight = (0-65535)", |draft, line| {
        sets(draft, line, "weight", Set::Weight(line.narrow()?))
    }),
    Row::act("set origin = <igp|egp|incomplete>", |draft, line| {
        sets(draft, line, "origin", Set::Origin(origin(line)))
    }),
    Row::act("set as-path prepend = ASN...", |draft, line| {
        sets(draft, line, "as-path prepend", Set::AsPathPrepend(line.asns().collect()))
    }),
    Row::act("set as-path prepend last-as = (1-10)", |draft, line| {
        sets(draft, line, "as-path prepend", Set::AsPathPrependLast(line.narrow()?))
    }),
    Row::act("set as-path exclude = ASN...", |draft, line| {
        sets(draft, line, "as-path exclude", Set::AsPathExclude(line.asns().collect()))
    }),
    Row::act("set community = <none|COMMUNITY... [additive]>", |draft, line| {
        let pick = |value: &Value| if let Value::Community(number) = value { Some(*number) } else { None };
        let values: Vec<u32> = line.pick(pick).collect();
        let additive = line.has("additive");
        let set = if values.is_empty() { Set::CommunityNone } else { Set::Community { values, additive } };
        sets(draft, line, "community", set)
    }),
    Row::act("set comm-list = WORD delete", |draft, line| {
        delete(draft, line, "comm-list", CommunityKind::Standard)
    }),
    Row::act("set large-community = <none|AA:BB:CC... [additive]>", |draft, line| {
        let pick = |value: &Value| if let Value::LargeCommunity(parts) = value { Some(*parts) } else { None };
        let values: Vec<[u32; 3]> = line.pick(pick).collect();
        let additive = line.has("additive");
        let empty = values.is_empty();
        let set = if empty { Set::LargeCommunityNone } else { Set::LargeCommunity { values, additive } };
        sets(draft, line, "large-community", set)
    }),
    Row::act("set large-comm-list = WORD delete", |draft, line| {
        delete(draft, line, "large-comm-list", CommunityKind::Large)
    }),
    Row::act("set extcommunity rt = EXTCOMMUNITY...", |draft, line| {
        sets(draft, line, "extcommunity rt", Set::ExtendedCommunity(extended_communities(line)))
    }),
    Row::act("set extcommunity soo = EXTCOMMUNITY...", |draft, line| {
        sets(draft, line, "extcommunity soo", Set::ExtendedCommunity(extended_communities(line)))
    }),
    Row::act("set extcommunity none", |draft, line| {
        sets(draft, line, "extcommunity none", Set::ExtendedCommunityNone)
    }),
    Row::act("set ip next-hop = <A.B.C.D|peer-address|unchanged>", |draft, line| {
        let set = match line.addresses().next() {
            Some(IpAddr::V4(addr)) => Set::NextHopV4(addr),
            Some(IpAddr::V6(addr)) => Set::NextHopV6(addr),
            None if line.has("unchanged") => Set::NextHopUnchanged,
            None => Set::NextHopPeer,
        };
        sets(draft, line, "ip next-hop", set)
    }),
    Row::act("set ipv6 next-hop global = X:X::X:X", |draft, line| {
        sets(draft, line, "ipv6 next-hop global", Set::NextHopV6(v6(line)?))
    }),
    Row::act("set ipv6 next-hop local = X:X::X:X", |draft, line| {
        sets(draft, line, "ipv6 next-hop local", Set::NextHopLinkLocal(v6(line)?))
    }),
    Row::act("set ipv6 next-hop peer-address", |draft, line| {
        sets(draft, line, "ipv6 next-hop peer-address", Set::NextHopPeer)
    }),
    Row::act("set ipv6 next-hop prefer-global", |draft, line| {
        sets(draft, line, "ipv6 next-hop prefer-global", Set::NextHopPreferGlobal)
    }),
    Row::act("set atomic-aggregate", |draft, line| {
        sets(draft, line, "atomic-aggregate", Set::AtomicAggregate)
    }),
    Row::act("set aggregator as = ASN A.B.C.D", |draft, line| {
        let IpAddr::V4(addr) = line.address()? else { return Ok(()) };
        sets(draft, line, "aggregator as", Set::Aggregator(line.asn()?, addr))
    }),
    Row::act("set originator-id = A.B.C.D", |draft, line| {
        let IpAddr::V4(addr) = line.address()? else { return Ok(()) };
        sets(draft, line, "originator-id", Set::OriginatorId(addr))
    }),
    Row::act("call = WORD", |draft, line| {
        draft.entry(line)?.call = Some(named(line)?);
        Ok(())
    }),
    Row::act("on-match = next", |draft, line| {
        draft.entry(line)?.on_match = OnMatch::Next;
        Ok(())
    }),
    Row::act("on-match = goto (1-65535)", goto),
    Row::act("continue = [(1-65535)]", goto),
    Row::leave("exit"),
    Row::leave("quit"),
];

fn matches(draft: &mut Draft, line: &Statement, on: &'static str, what: MatchDraft) -> Result<(), Complaint> {
    draft.entry(line)?.matches.insert(on, what);
    Ok(())
}

fn sets(draft: &mut Draft, line: &Statement, what: &'static str, set: Set) -> Result<(), Complaint> {
    draft.entry(line)?.sets.insert(what, SetDraft::Ready(set));
    Ok(())
}

fn community(draft: &mut Draft, line: &Statement, kind: CommunityKind) -> Result<(), Complaint> {
    let what = MatchDraft::Community(kind, named(line)?, line.has("exact-match"));
    matches(draft, line, kind.name(), what)
}

fn delete(
    draft: &mut Draft,
    line: &Statement,
    what: &'static str,
    kind: CommunityKind,
) -> Result<(), Complaint> {
    let set = SetDraft::CommunityDelete(kind, named(line)?);
    draft.entry(line)?.sets.insert(what, set);
    Ok(())
}

/// `on-match goto N` and its older name `continue [N]`: forward only, so that a map ends.
fn goto(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    let on_match = match (line.numbers().next(), &line.place) {
        (None, _) => OnMatch::Next,
        (Some(seq), super::super::place::Place::RouteMap(_, own)) if seq <= *own => {
            let complaint = Complaint::new(format!("entry {seq} does not come after this one ({own})"));
            return Err(complaint.at(line.values.len().saturating_sub(1)));
        }
        (Some(seq), _) => OnMatch::Goto(seq),
    };
    draft.entry(line)?.on_match = on_match;
    Ok(())
}

fn amount(line: &Statement) -> Result<Amount, Complaint> {
    let found = line.pick(|value| match value {
        Value::Amount(Sign::None, number) => Some(Amount::To(*number)),
        Value::Amount(Sign::Plus, number) => Some(Amount::Plus(*number)),
        Value::Amount(Sign::Minus, number) => Some(Amount::Minus(*number)),
        _ => None,
    });
    found.last().ok_or_else(|| Complaint::new("a number is expected"))
}

fn origin(line: &Statement) -> Origin {
    line.one_of(&[("igp", Origin::Igp), ("egp", Origin::Egp)]).unwrap_or(Origin::Incomplete)
}

fn v6(line: &Statement) -> Result<std::net::Ipv6Addr, Complaint> {
    match line.address()? {
        IpAddr::V6(addr) => Ok(addr),
        IpAddr::V4(addr) => Err(Complaint::new(format!("{addr} is not an IPv6 address"))),
    }
}

fn named(line: &Statement) -> Result<Named, Complaint> {
    Ok(Named { name: line.text()?, spot: line.spot })
}
