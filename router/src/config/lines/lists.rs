//! Named lists: prefix-lists, access-lists, AS-path lists, community lists.
//!
//! A line without `seq` gets the next multiple of five, as in FRR.

use std::collections::BTreeMap;

use bgp_core::Family;
use bgp_core::policy::{Action, AsPathEntry, CommunityEntry, CommunityMatch, Pattern, PrefixEntry};
use ipnet::IpNet;

use super::super::draft::{CommunityKind, Draft};
use super::super::row::Row;
use super::super::statement::{Complaint, Statement};
use super::super::value::Value;

/// See the module.
pub(crate) const ROWS: &[Row] = &[
    // Before the lines they begin like: `no ip prefix-list NAME` means all of them.
    Row::sweep("ip prefix-list WORD"),
    Row::sweep("ipv6 prefix-list WORD"),
    Row::sweep("access-list WORD"),
    Row::sweep("ipv6 access-list WORD"),
    Row::sweep("bgp as-path access-list WORD"),
    Row::sweep("bgp community-list standard WORD"),
    Row::sweep("bgp community-list expanded WORD"),
    Row::sweep("bgp large-community-list standard WORD"),
    Row::sweep("bgp large-community-list expanded WORD"),
    Row::sweep("bgp extcommunity-list standard WORD"),
    Row::sweep("bgp extcommunity-list expanded WORD"),
    Row::act(
        "ip prefix-list WORD [seq (1-4294967295)] = <permit|deny> <any|A.B.C.D/M {ge (0-32)|le (0-32)}>",
        |draft, line| prefix_list(draft, line, Family::Ipv4Unicast),
    )
    .numbered(|draft, line| after_last(draft.prefix_lists.get(&(Family::Ipv4Unicast, name(line))))),
    Row::act(
        "ipv6 prefix-list WORD [seq (1-4294967295)] = <permit|deny> <any|X:X::X:X/M {ge (0-128)|le (0-128)}>",
        |draft, line| prefix_list(draft, line, Family::Ipv6Unicast),
    )
    .numbered(|draft, line| after_last(draft.prefix_lists.get(&(Family::Ipv6Unicast, name(line))))),
    Row::act(
        "access-list WORD [seq (1-4294967295)] = <permit|deny> <any|host A.B.C.D|A.B.C.D/M [exact-match]|A.B.C.D [A.B.C.D]>",
        |draft, line| access_list(draft, line, Family::Ipv4Unicast),
    )
    .numbered(|draft, line| after_last(draft.access_lists.get(&(Family::Ipv4Unicast, name(line))))),
    Row::act(
        "ip access-list WORD [seq (1-4294967295)] = <permit|deny> <any|host A.B.C.D|A.B.C.D/M [exact-match]|A.B.C.D [A.B.C.D]>",
        |draft, line| access_list(draft, line, Family::Ipv4Unicast),
    )
    .numbered(|draft, line| after_last(draft.access_lists.get(&(Family::Ipv4Unicast, name(line))))),
    Row::act(
        "ipv6 access-list WORD [seq (1-4294967295)] = <permit|deny> <any|X:X::X:X/M [exact-match]>",
        |draft, line| access_list(draft, line, Family::Ipv6Unicast),
    )
    .numbered(|draft, line| after_last(draft.access_lists.get(&(Family::Ipv6Unicast, name(line))))),
    Row::act("bgp as-path access-list WORD [seq (0-4294967295)] = <permit|deny> LINE", as_path_list)
        .numbered(next_as_path),
    Row::act("ip as-path access-list WORD [seq (0-4294967295)] = <permit|deny> LINE", as_path_list)
        .numbered(next_as_path),
    Row::act("bgp community-list (1-99) [seq (0-4294967295)] = <permit|deny> COMMUNITY...", standard)
        .numbered(next_standard),
    Row::act("bgp community-list (100-500) [seq (0-4294967295)] = <permit|deny> LINE", expanded)
        .numbered(next_standard),
    Row::act("bgp community-list standard WORD [seq (0-4294967295)] = <permit|deny> COMMUNITY...", standard)
        .numbered(next_standard),
    Row::act("bgp community-list expanded WORD [seq (0-4294967295)] = <permit|deny> LINE", expanded)
        .numbered(next_standard),
    Row::act("ip community-list (1-99) [seq (0-4294967295)] = <permit|deny> COMMUNITY...", standard)
        .numbered(next_standard),
    Row::act("ip community-list (100-500) [seq (0-4294967295)] = <permit|deny> LINE", expanded)
        .numbered(next_standard),
    Row::act("ip community-list standard WORD [seq (0-4294967295)] = <permit|deny> COMMUNITY...", standard)
        .numbered(next_standard),
    Row::act("ip community-list expanded WORD [seq (0-4294967295)] = <permit|deny> LINE", expanded)
        .numbered(next_standard),
    Row::act(
        "bgp large-community-list standard WORD [seq (0-4294967295)] = <permit|deny> AA:BB:CC...",
        large,
    )
    .numbered(next_large),
    Row::act(
        "bgp large-community-list expanded WORD [seq (0-4294967295)] = <permit|deny> LINE",
        |draft, line| regular(draft, line, CommunityKind::Large),
    )
    .numbered(next_large),
    Row::act("bgp large-community-list (1-99) [seq (0-4294967295)] = <permit|deny> AA:BB:CC...", large)
        .numbered(next_large),
    Row::act("bgp large-community-list (100-500) [seq (0-4294967295)] = <permit|deny> LINE", |draft, line| {
        regular(draft, line, CommunityKind::Large)
    })
    .numbered(next_large),
    Row::act(
        "bgp extcommunity-list standard WORD [seq (0-4294967295)] = <permit|deny> <rt|soo> EXTCOMMUNITY...",
        extended,
    )
    .numbered(next_extended),
    Row::act(
        "bgp extcommunity-list expanded WORD [seq (0-4294967295)] = <permit|deny> LINE",
        |draft, line| regular(draft, line, CommunityKind::Extended),
    )
    .numbered(next_extended),
];

fn prefix_list(draft: &mut Draft, line: &Statement, family: Family) -> Result<(), Complaint> {
    let seq = line.number_after("seq").unwrap_or(0);
    let longest = family.row().max_len;
    let (prefix, any) = match line.prefix() {
        Ok(prefix) => (prefix, false),
        Err(_) => (every(family), true),
    };
    let bound = |keyword| line.number_after(keyword).and_then(|bits| u8::try_from(bits).ok());
    let (ge, le) = (bound("ge"), bound("le"));
    let min_len = ge.unwrap_or(prefix.prefix_len());
    let max_len = match le {
        Some(le) => le,
        None if any || ge.is_some() => longest,
        None => prefix.prefix_len(),
    };
    if min_len < prefix.prefix_len() || max_len < min_len {
        let message = format!("no length fits: {} <= ge <= le is needed", prefix.prefix_len());
        return Err(Complaint::new(message));
    }
    let entry = PrefixEntry { seq, action: action(line), prefix, min_len, max_len };
    draft.prefix_lists.entry((family, name(line))).or_default().insert(seq, entry);
    Ok(())
}

fn access_list(draft: &mut Draft, line: &Statement, family: Family) -> Result<(), Complaint> {
    let seq = line.number_after("seq").unwrap_or(0);
    let prefix = match line.prefix() {
        Ok(prefix) => prefix,
        Err(_) => wildcard(line, family)?,
    };
    let longest = if line.has("exact-match") { prefix.prefix_len() } else { family.row().max_len };
    let action = action(line);
    let entry = PrefixEntry { seq, action, prefix, min_len: prefix.prefix_len(), max_len: longest };
    draft.access_lists.entry((family, name(line))).or_default().insert(seq, entry);
    Ok(())
}

/// `A.B.C.D` alone is a host; with a second address that one's set bits do not matter.
fn wildcard(line: &Statement, family: Family) -> Result<IpNet, Complaint> {
    let mut addresses = line.addresses();
    let Some(address) = addresses.next() else { return Ok(every(family)) };
    let std::net::IpAddr::V4(wild) = addresses.next().unwrap_or([0, 0, 0, 0].into()) else {
        return Err(Complaint::new("an IPv4 wildcard is expected"));
    };
    let mask = std::net::Ipv4Addr::from_bits(!wild.to_bits());
    let net = IpNet::with_netmask(address, mask.into());
    net.map(|net| net.trunc()).map_err(|_| Complaint::new(format!("{wild} is not a wildcard of host bits")))
}

fn as_path_list(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    let seq = line.number_after("seq").unwrap_or(0);
    let entry = AsPathEntry { seq, action: action(line), pattern: expression(line)? };
    draft.as_path_lists.entry(name(line)).or_default().insert(seq, entry);
    Ok(())
}

fn standard(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    let pick = |value: &Value| if let Value::Community(number) = value { Some(*number) } else { None };
    let mut communities: Vec<u32> = line.pick(pick).collect();
    // `internet` is on every route.
    if communities.contains(&0) {
        communities.clear();
    }
    add(draft, line, CommunityKind::Standard, CommunityMatch::Standard(communities));
    Ok(())
}

fn expanded(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    regular(draft, line, CommunityKind::Standard)
}

fn large(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    let pick = |value: &Value| if let Value::LargeCommunity(parts) = value { Some(*parts) } else { None };
    add(draft, line, CommunityKind::Large, CommunityMatch::Large(line.pick(pick).collect()));
    Ok(())
}

fn extended(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    let matches = CommunityMatch::Extended(extended_communities(line));
    add(draft, line, CommunityKind::Extended, matches);
    Ok(())
}

/// The extended communities of a line that says `rt` or `soo` (RFC 4360 §4, §5).
pub(crate) fn extended_communities(line: &Statement) -> Vec<[u8; 8]> {
    let subtype = if line.has("soo") { 0x03 } else { 0x02 };
    line.pick(|value| match value {
        Value::ExtendedCommunity { kind, value: [a, b, c, d, e, f] } => {
            Some([*kind, subtype, *a, *b, *c, *d, *e, *f])
        }
        _ => None,
    })
    .collect()
}

fn regular(draft: &mut Draft, line: &Statement, kind: CommunityKind) -> Result<(), Complaint> {
    let matches = CommunityMatch::Expanded(expression(line)?);
    add(draft, line, kind, matches);
    Ok(())
}

fn add(draft: &mut Draft, line: &Statement, kind: CommunityKind, matches: CommunityMatch) {
    let seq = line.number_after("seq").unwrap_or(0);
    let entry = CommunityEntry { seq, action: action(line), matches };
    draft.community_lists.entry((kind, name(line))).or_default().insert(seq, entry);
}

fn expression(line: &Statement) -> Result<Pattern, Complaint> {
    let text = line.texts().last().unwrap_or_default();
    let at = line.values.len().saturating_sub(1);
    Pattern::new(&text).map_err(|error| {
        // The engine draws a picture over several lines; the last says what is wrong.
        let reason = error.reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Complaint::new("not a regular expression").at(at).hint(reason)
    })
}

/// The list's name: a word, or a number for the numbered lists of older files.
fn name(line: &Statement) -> String {
    let named = line.values.iter().find_map(|value| match value {
        Value::Text(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    named.unwrap_or_default()
}

fn action(line: &Statement) -> Action {
    if line.has("permit") { Action::Permit } else { Action::Deny }
}

fn every(family: Family) -> IpNet {
    match family {
        Family::Ipv4Unicast => IpNet::V4(ipnet::Ipv4Net::default()),
        Family::Ipv6Unicast => IpNet::V6(ipnet::Ipv6Net::default()),
    }
}

fn next_as_path(draft: &Draft, line: &Statement) -> u32 {
    after_last(draft.as_path_lists.get(&name(line)))
}

fn next_standard(draft: &Draft, line: &Statement) -> u32 {
    after_last(draft.community_lists.get(&(CommunityKind::Standard, name(line))))
}

fn next_large(draft: &Draft, line: &Statement) -> u32 {
    after_last(draft.community_lists.get(&(CommunityKind::Large, name(line))))
}

fn next_extended(draft: &Draft, line: &Statement) -> u32 {
    after_last(draft.community_lists.get(&(CommunityKind::Extended, name(line))))
}

fn after_last<T>(entries: Option<&BTreeMap<u32, T>>) -> u32 {
    let last = entries.and_then(|entries| entries.last_key_value()).map_or(0, |(seq, _)| *seq);
    (last / 5).saturating_add(1).saturating_mul(5)
}
