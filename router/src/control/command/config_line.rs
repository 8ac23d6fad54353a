//! Configuration lines over a control socket.
//!
//! The configuration is the file's: what would change it is refused. Accepted without effect is what vtysh sends
//! to every daemon and what a socket only gets because a sibling's shares the line; and lines that open or close
//! a block are followed, so that what comes inside is understood.

use std::sync::LazyLock;

use super::pattern::{Sequence, choose};
use super::{Daemon, Unclear};

/// A block of configuration lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// Outside any block.
    Top,
    RouterBgp,
    AddressFamily,
    Interface,
    RouteMap,
    Vrf,
    Line,
}

/// What becomes of a configuration line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Accepted, and nothing happens.
    Nothing,
    /// The lines after it are inside this block.
    Enter(Block),
    /// `router bgp`: inside, if it is the instance that runs; the AS named, if any.
    EnterBgp(Option<u32>),
    /// The block ends.
    Leave,
    /// It would change the configuration.
    Refused,
}

/// What becomes of a line inside `block`.
pub(crate) fn configure(daemon: Daemon, block: Block, line: &str) -> Result<Effect, Unclear> {
    let rows = SEQUENCES.iter().filter(|(row, _)| row.block == block && row.takers.include(daemon));
    let (row, words) = choose(rows.map(|(row, sequence)| (*row, sequence)), line)?;
    Ok(match row.effect {
        Effect::EnterBgp(_) => Effect::EnterBgp(words.value().and_then(|asn| asn.parse().ok())),
        effect => effect,
    })
}

struct Row {
    block: Block,
    takers: Takers,
    pattern: &'static str,
    effect: Effect,
}

#[derive(Clone, Copy)]
enum Takers {
    All,
    Only(Daemon),
    AllBut(Daemon),
}

impl Takers {
    fn include(self, daemon: Daemon) -> bool {
        match self {
            Self::All => true,
            Self::Only(only) => only == daemon,
            Self::AllBut(but) => but != daemon,
        }
    }
}

static SEQUENCES: LazyLock<Vec<(&'static Row, Sequence)>> = LazyLock::new(|| {
    ROWS.iter().flat_map(|row| Sequence::expand(row.pattern).into_iter().map(move |way| (row, way))).collect()
});

const fn row(block: Block, takers: Takers, pattern: &'static str, effect: Effect) -> Row {
    Row { block, takers, pattern, effect }
}

const ALL: Takers = Takers::All;
const BGPD: Takers = Takers::Only(Daemon::Bgpd);
const ZEBRA: Takers = Takers::Only(Daemon::Zebra);
const SIBLINGS: Takers = Takers::AllBut(Daemon::Bgpd);

const ROWS: &[Row] = &[
    // What vtysh sends to everyone.
    row(Block::Top, ALL, "frr <version|defaults> [LINE]", Effect::Nothing),
    row(
        Block::Top,
        ALL,
        "[no] <hostname|domainname|log|service|password|banner|debug> [LINE]",
        Effect::Nothing,
    ),
    row(Block::Top, ALL, "interface WORD [vrf WORD]", Effect::Enter(Block::Interface)),
    row(Block::Top, ALL, "no interface WORD", Effect::Nothing),
    row(Block::Top, ALL, "vrf WORD", Effect::Enter(Block::Vrf)),
    row(Block::Top, ALL, "no vrf WORD", Effect::Nothing),
    row(Block::Top, ALL, "line vty", Effect::Enter(Block::Line)),
    row(Block::Interface, ALL, "[no] description [LINE]", Effect::Nothing),
    row(Block::Vrf, ALL, "exit-vrf", Effect::Leave),
    row(Block::Line, ALL, "[no] <exec-timeout|login|access-class> [LINE]", Effect::Nothing),
    // Lists and maps: bgpd's; the others get them too.
    row(Block::Top, SIBLINGS, "[no] <ip|ipv6> <prefix-list|access-list> LINE", Effect::Nothing),
    row(Block::Top, SIBLINGS, "[no] access-list LINE", Effect::Nothing),
    row(Block::Top, SIBLINGS, "route-map WORD <permit|deny> NUMBER", Effect::Enter(Block::RouteMap)),
    row(Block::Top, SIBLINGS, "no route-map LINE", Effect::Nothing),
    row(
        Block::RouteMap,
        SIBLINGS,
        "[no] <match|set|call|continue|on-match|description> [LINE]",
        Effect::Nothing,
    ),
    // BGP.
    row(Block::Top, BGPD, "router bgp [NUMBER] [vrf WORD]", Effect::EnterBgp(None)),
    row(Block::Top, BGPD, "[no] <bgp|ip|ipv6|route-map|access-list|router|rpki|key> LINE", Effect::Refused),
    row(Block::Top, BGPD, "no router LINE", Effect::Refused),
    row(
        Block::RouterBgp,
        BGPD,
        "address-family <ipv4|ipv6|l2vpn|vpnv4|vpnv6> [<unicast|multicast|labeled-unicast|vpn|flowspec|evpn>]",
        Effect::Enter(Block::AddressFamily),
    ),
    row(
        Block::RouterBgp,
        BGPD,
        "[no] <bgp|neighbor|timers|coalesce-time|update-delay> LINE",
        Effect::Refused,
    ),
    row(
        Block::RouterBgp,
        BGPD,
        "[no] <network|redistribute|aggregate-address|distance|maximum-paths|read-quanta|write-quanta> LINE",
        Effect::Refused,
    ),
    row(Block::AddressFamily, BGPD, "exit-address-family", Effect::Leave),
    row(
        Block::AddressFamily,
        BGPD,
        "[no] <bgp|neighbor|network|redistribute|aggregate-address|distance|maximum-paths|table-map|import|export> \
         LINE",
        Effect::Refused,
    ),
    // The kernel's side, VRRP, static routes.
    row(
        Block::Top,
        ZEBRA,
        "[no] <ip|ipv6|router-id|vni|zebra|nexthop-group|allow-external-route-update> [LINE]",
        Effect::Refused,
    ),
    row(
        Block::Interface,
        ZEBRA,
        "[no] <ip|ipv6|shutdown|bandwidth|multicast|link-detect|mpls> [LINE]",
        Effect::Refused,
    ),
    row(Block::Top, Takers::Only(Daemon::Staticd), "[no] <ip|ipv6> route LINE", Effect::Refused),
    row(Block::Vrf, Takers::Only(Daemon::Staticd), "[no] <ip|ipv6> route LINE", Effect::Refused),
    row(Block::Top, Takers::Only(Daemon::Vrrpd), "[no] vrrp LINE", Effect::Refused),
    row(Block::Interface, Takers::Only(Daemon::Vrrpd), "[no] vrrp LINE", Effect::Refused),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sibling_owns_is_accepted_and_what_is_ones_own_refused() {
        let list = "ip prefix-list P seq 5 permit 10.0.0.0/8";
        assert_eq!(configure(Daemon::Zebra, Block::Top, list), Ok(Effect::Nothing));
        assert_eq!(configure(Daemon::Vrrpd, Block::Top, list), Ok(Effect::Nothing));
        assert_eq!(configure(Daemon::Bgpd, Block::Top, list), Ok(Effect::Refused));
        let map = "route-map RM permit 10";
        assert_eq!(configure(Daemon::Zebra, Block::Top, map), Ok(Effect::Enter(Block::RouteMap)));
        assert_eq!(configure(Daemon::Bgpd, Block::Top, map), Ok(Effect::Refused));
        assert_eq!(configure(Daemon::Zebra, Block::Top, "ip forwarding"), Ok(Effect::Refused));
        assert_eq!(configure(Daemon::Zebra, Block::Interface, "no shutdown"), Ok(Effect::Refused));
    }

    #[test]
    fn blocks_are_entered_where_they_belong() {
        assert_eq!(
            configure(Daemon::Bgpd, Block::Top, "router bgp 65001"),
            Ok(Effect::EnterBgp(Some(65001)))
        );
        assert_eq!(configure(Daemon::Bgpd, Block::Top, "router bgp"), Ok(Effect::EnterBgp(None)));
        assert_eq!(configure(Daemon::Vrrpd, Block::Top, "router bgp 65001"), Err(Unclear::Unknown));
        assert_eq!(
            configure(Daemon::Bgpd, Block::RouterBgp, "address-family ipv4 unicast"),
            Ok(Effect::Enter(Block::AddressFamily))
        );
        assert_eq!(
            configure(Daemon::Bgpd, Block::RouterBgp, "neighbor 10.0.0.1 remote-as 1"),
            Ok(Effect::Refused)
        );
        assert_eq!(configure(Daemon::Bgpd, Block::RouterBgp, "neighbor"), Err(Unclear::Incomplete));
        assert_eq!(configure(Daemon::Bgpd, Block::RouterBgp, "bogus"), Err(Unclear::Unknown));
    }
}
