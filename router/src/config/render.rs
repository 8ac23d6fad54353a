//! `show running-config`: the lines that count, in FRR's form and order.
//!
//! vtysh asks every daemon for its part (`do write terminal`) and merges the answers by block, so each part carries
//! the head of the blocks it has lines in, and no `end`. The lines are echoed as they were taken, keywords in full;
//! a setting that was never written is not printed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use super::place::Place;
use super::script::{Block, Entry, Script};

/// A daemon of FRR that we stand in for: whose part of the configuration, whose control socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daemon {
    /// Routes and interfaces.
    Zebra,
    /// BGP.
    Bgpd,
    /// Virtual routers.
    Vrrpd,
    /// Static routes.
    Staticd,
}

impl Daemon {
    /// All of them, in vtysh's order: together they print everything.
    pub const ALL: [Self; 4] = [Self::Zebra, Self::Bgpd, Self::Vrrpd, Self::Staticd];
}

/// What `write terminal` answers for these daemons together.
#[must_use]
pub fn running_config(script: &Script, daemons: &[Daemon]) -> String {
    let mut out = String::new();
    let top = script.block(&Place::Top).map(Block::in_order).unwrap_or_default();
    for (key, default) in HEAD {
        let own = top.iter().find(|(own, _)| *own == key).map(|(_, entry)| entry.text.as_str());
        let _ = writeln!(out, "{}", own.unwrap_or(default));
    }
    out.push_str("!\n");
    section(&mut out, &top, is_first);
    section(&mut out, &top, |key| {
        !is_first(key) && !key.starts_with("frr ") && rank(key) == Rank::General && has(daemons, key)
    });
    section(&mut out, &top, |key| rank(key) == Rank::StaticRoute && has(daemons, key));
    for (place, block) in script.blocks() {
        if let Place::Interface(_) = place {
            interface(&mut out, block, daemons);
        }
    }
    if daemons.contains(&Daemon::Bgpd) {
        router_bgp(&mut out, script);
    }
    for rank_wanted in [Rank::AccessList, Rank::PrefixList, Rank::AsPathList, Rank::CommunityList] {
        section(&mut out, &top, |key| rank(key) == rank_wanted && has(daemons, key));
    }
    let policy = daemons.iter().any(|daemon| matches!(daemon, Daemon::Zebra | Daemon::Bgpd));
    for (place, block) in script.blocks().filter(|_| policy) {
        if let Place::RouteMap(..) = place {
            let _ = writeln!(out, "{}", block.head);
            for (_, entry) in block.in_order() {
                let _ = writeln!(out, " {}", entry.text);
            }
            out.push_str("exit\n!\n");
        }
    }
    out
}

fn section(out: &mut String, lines: &[(&str, &Entry)], wanted: impl Fn(&str) -> bool) {
    let before = out.len();
    for (_, entry) in lines.iter().filter(|(key, _)| wanted(key)) {
        let _ = writeln!(out, "{}", entry.text);
    }
    if out.len() != before {
        out.push_str("!\n");
    }
}

/// zebra prints addresses and the like, vrrpd its own lines.
fn interface(out: &mut String, block: &Block, daemons: &[Daemon]) {
    let vrrp = |key: &str| key.starts_with("vrrp ") || key.starts_with("!@ vrrp ");
    let wanted = |key: &str| {
        let owner = if vrrp(key) { Daemon::Vrrpd } else { Daemon::Zebra };
        daemons.contains(&owner)
    };
    let lines = block.in_order();
    let (virtual_routers, others): (Vec<_>, Vec<_>) =
        lines.into_iter().filter(|(key, _)| wanted(key)).partition(|(key, _)| vrrp(key));
    if others.is_empty() && virtual_routers.is_empty() && !daemons.contains(&Daemon::Zebra) {
        return;
    }
    let _ = writeln!(out, "{}", block.head);
    for (_, entry) in others.iter().chain(&virtual_routers) {
        let _ = writeln!(out, " {}", entry.text);
    }
    out.push_str("exit\n!\n");
}

/// The instance's own lines, then groups, then peers, then what names groups; then the families.
fn router_bgp(out: &mut String, script: &Script) {
    let Some(block) = script.block(&Place::Bgp) else { return };
    let _ = writeln!(out, "{}", block.head);
    for (_, entry) in by_peer(block, script) {
        let _ = writeln!(out, " {}", entry.text);
    }
    for (place, block) in script.blocks() {
        if let Place::Family(family) = place {
            let _ = writeln!(out, " !\n address-family {family}");
            for (_, entry) in by_peer(block, script) {
                let _ = writeln!(out, "  {}", entry.text);
            }
            out.push_str(" exit-address-family\n");
        }
    }
    out.push_str("exit\n!\n");
}

/// The lines in FRR's order; those of one peer stay together and in theirs.
fn by_peer<'a>(block: &'a Block, script: &'a Script) -> Vec<(&'a str, &'a Entry)> {
    let is_group = |peer: &str| {
        let declared = format!("neighbor {peer} peer-group");
        peer.parse::<IpAddr>().is_err() && script.has(&Place::Bgp, &declared)
    };
    let peer = |key: &'a str| key.strip_prefix("neighbor ").and_then(|rest| rest.split(' ').next());
    let mut lines = block.in_order();
    let mut peers: BTreeMap<&str, (u8, u64)> = BTreeMap::new();
    for (key, entry) in &lines {
        if let Some(peer) = peer(key) {
            peers.entry(peer).or_insert_with(|| (if is_group(peer) { 1 } else { 2 }, entry.order));
        }
    }
    lines.sort_by_key(|(key, entry)| {
        let place = match peer(key).and_then(|peer| peers.get(peer).copied()) {
            Some(place) => place,
            None if key.starts_with("bgp listen") => (3, 0),
            None if key.starts_with("maximum-paths") => (4, 0),
            None => (0, 0),
        };
        (place, entry.order)
    });
    lines
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rank {
    General,
    StaticRoute,
    AccessList,
    PrefixList,
    AsPathList,
    CommunityList,
}

fn rank(key: &str) -> Rank {
    let table = [
        ("ip route ", Rank::StaticRoute),
        ("ipv6 route ", Rank::StaticRoute),
        ("access-list ", Rank::AccessList),
        ("ip access-list ", Rank::AccessList),
        ("ipv6 access-list ", Rank::AccessList),
        ("ip prefix-list ", Rank::PrefixList),
        ("ipv6 prefix-list ", Rank::PrefixList),
        ("bgp as-path ", Rank::AsPathList),
        ("ip as-path ", Rank::AsPathList),
        ("bgp community-list ", Rank::CommunityList),
        ("ip community-list ", Rank::CommunityList),
        ("bgp large-community-list ", Rank::CommunityList),
        ("ip large-community-list ", Rank::CommunityList),
        ("bgp extcommunity-list ", Rank::CommunityList),
    ];
    table.iter().find(|(prefix, _)| key.starts_with(prefix)).map_or(Rank::General, |(_, rank)| *rank)
}

/// Every answer begins with these; without a word in the file, we are what our defaults are of.
const HEAD: [(&str, &str); 2] =
    [("frr version", "frr version 8.4.4"), ("frr defaults", "frr defaults traditional")];

/// These come next in every daemon's answer.
fn is_first(key: &str) -> bool {
    ["hostname", "log "].iter().any(|prefix| key.starts_with(prefix))
}

fn has(daemons: &[Daemon], key: &str) -> bool {
    let owners: &[Daemon] = match rank(key) {
        Rank::StaticRoute => &[Daemon::Staticd],
        Rank::AccessList | Rank::PrefixList => &[Daemon::Zebra, Daemon::Bgpd],
        Rank::AsPathList | Rank::CommunityList => &[Daemon::Bgpd],
        Rank::General if key.starts_with("bgp ") => &[Daemon::Bgpd],
        Rank::General => &[Daemon::Zebra],
    };
    daemons.iter().any(|daemon| owners.contains(daemon))
}
