//! UPDATEs as other implementations sent them, and what they say.
#![allow(clippy::unwrap_used)]

use std::fmt::Write;

use bgp_core::wire::attr::{Community, ExtendedCommunity, LargeCommunity};
use bgp_core::wire::{AttrBlock, Caps, Fate, PeerSide, Update};
use bgp_core::{Family, FamilySet, NextHop};

struct Capture {
    from: &'static str,
    side: PeerSide,
    four_octet_as: bool,
    add_path: bool,
    /// The body: after the header.
    hex: &'static str,
    says: &'static str,
}

const EXTERNAL: Capture =
    Capture { from: "", side: PeerSide::External, four_octet_as: true, add_path: false, hex: "", says: "" };

const CAPTURES: &[Capture] = &[
    Capture {
        from: "BIRD 2.0.12",
        hex: "000000414001010040020e02030000fde9fa56ea0100000d1c4003040a090001c00808fde90064ffffff01c010080002fde90000\
              0007c0200c0000fde9000000010000000218cb0071",
        says: "203.0.113.0/24 via 10.9.0.1; IGP; path 65001 4200000001 3356; 65001:100 no-export; RT:65001:7; \
               65001:1:2",
        ..EXTERNAL
    },
    Capture {
        from: "BIRD 2.0.12, two-octet AS numbers, internal",
        side: PeerSide::Internal,
        four_octet_as: false,
        hex: "0000002f4001010040020602025ba00d1c4003040a09000140050400000064c00804fde90064c0110a0202fa56ea0100000d1c18\
              cb0071",
        says: "203.0.113.0/24 via 10.9.0.1; IGP; path 4200000001 3356; pref 100; 65001:100",
        ..EXTERNAL
    },
    Capture {
        from: "BIRD 2.0.12, add-path, IPv4 in MP_REACH_NLRI",
        add_path: true,
        hex: "0000003e900e002d000101040a0900010000000002000000000220c00002810000000210c6330000000218c6336400000002090a\
              804001010040020602010000fde9",
        says: "#2 0.0.0.0/0 #2 192.0.2.129/32 #2 198.51.0.0/16 #2 198.51.100.0/24 #2 10.128.0.0/9 via 10.9.0.1; IGP; \
               path 65001",
        ..EXTERNAL
    },
    Capture {
        from: "BIRD 2.0.12, IPv6",
        hex: "00000034900e001c0002011020010db8000900000000000000000001003020010db801004001010040020602010000fde9c00804\
              fde90064",
        says: "2001:db8:100::/48 via 2001:db8:9::1; IGP; path 65001; 65001:100",
        ..EXTERNAL
    },
    Capture { from: "BIRD 2.0.12", hex: "00000006800f03000201", says: "end of ipv6 unicast", ..EXTERNAL },
    Capture { from: "BIRD 2.0.12", hex: "00000000", says: "end of ipv4 unicast", ..EXTERNAL },
    Capture {
        from: "FRR 8.4.4, AS_PATH with the extended length",
        hex: "0000003e400101005002000e02030000fde90000fde90000fde94003040a09000180040400000032c00808fde90064ffffff01c0\
              200c0000fde900000001000000021e0a01010018cb007118c63364",
        says: "10.1.1.0/30 203.0.113.0/24 198.51.100.0/24 via 10.9.0.1; IGP; path 65001 65001 65001; med 50; \
               65001:100 no-export; 65001:1:2",
        ..EXTERNAL
    },
    Capture {
        from: "FRR 8.4.4, an aggregate",
        hex: "00000049400101005002000e02030000fde90000fde90000fde94003040a09000180040400000032c007080000fde90a090001c0\
              0808fde90064ffffff01c0200c0000fde9000000010000000210c633",
        says: "198.51.0.0/16 via 10.9.0.1; IGP; path 65001 65001 65001; med 50; aggregator 65001 10.9.0.1; \
               65001:100 no-export; 65001:1:2",
        ..EXTERNAL
    },
    Capture {
        from: "FRR 8.4.4, IPv6 over IPv4, an IPv4-mapped next hop",
        hex: "0000005f900e00240002011000000000000000000000ffff0a090001003020010db801003820010db8020000400101005002000e\
              02030000fde90000fde90000fde980040400000032c00808fde90064ffffff01c0200c0000fde90000000100000002",
        says: "2001:db8:100::/48 2001:db8:200::/56 via ::ffff:10.9.0.1; IGP; path 65001 65001 65001; med 50; \
               65001:100 no-export; 65001:1:2",
        ..EXTERNAL
    },
    Capture {
        from: "GoBGP 3.10.0, AIGP to an external peer (discarded, RFC 7311 §3.3)",
        hex: "0000004e4001010040020602010000fde94003040a09000180040400000005c00708fa56ea010a090007c00808fde90064ffffff\
              01801a0b01000b000000000000004dc0200c0000fde9000000010000000218cb0071",
        says: "203.0.113.0/24 via 10.9.0.1; IGP; path 65001; med 5; aggregator 4200000001 10.9.0.7; \
               65001:100 no-export; 65001:1:2",
        ..EXTERNAL
    },
    Capture {
        from: "GoBGP 3.10.0, MP_REACH_NLRI last",
        hex: "000000334001010240020602010000fde9c00804fde90064800e1c0002011020010db8000900000000000000000001003020010d\
              b80100",
        says: "2001:db8:100::/48 via 2001:db8:9::1; incomplete; path 65001; 65001:100",
        ..EXTERNAL
    },
];

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

fn caps(capture: &Capture) -> Caps {
    let families = if capture.add_path { Family::ALL.into_iter().collect() } else { FamilySet::EMPTY };
    Caps { four_octet_as: capture.four_octet_as, add_path_receive: families, ..Caps::default() }
}

fn say(update: &Update<'_>) -> String {
    let mut text = String::new();
    if let Some(family) = update.end_of_rib() {
        write!(text, "end of {family}").unwrap();
    }
    for reach in update.reach() {
        for nlri in reach.nlri {
            if nlri.path_id != 0 {
                write!(text, "#{} ", nlri.path_id).unwrap();
            }
            write!(text, "{} ", nlri.prefix).unwrap();
        }
        match reach.next_hop {
            NextHop::V4(addr) => write!(text, "via {addr}").unwrap(),
            NextHop::V6 { global, .. } => write!(text, "via {global}").unwrap(),
        }
        let mut block = vec![];
        say_attributes(update.normalise(&mut block), &mut text);
    }
    text
}

fn say_attributes(block: AttrBlock<'_>, text: &mut String) {
    write!(text, "; {}; path {}", block.origin(), block.as_path()).unwrap();
    if let Some(med) = block.med() {
        write!(text, "; med {med}").unwrap();
    }
    if let Some(pref) = block.local_pref() {
        write!(text, "; pref {pref}").unwrap();
    }
    if let Some((asn, addr)) = block.aggregator() {
        write!(text, "; aggregator {asn} {addr}").unwrap();
    }
    let plain: Vec<_> = block.communities().map(|community| Community(community).to_string()).collect();
    let extended: Vec<_> =
        block.extended_communities().map(|octets| ExtendedCommunity(octets).to_string()).collect();
    let large: Vec<_> = block.large_communities().map(|parts| LargeCommunity(parts).to_string()).collect();
    for list in [plain, extended, large].iter().filter(|list| !list.is_empty()) {
        write!(text, "; {}", list.join(" ")).unwrap();
    }
    if let Some(metric) = block.aigp() {
        write!(text, "; aigp {metric}").unwrap();
    }
}

#[test]
fn what_other_implementations_send_is_understood() {
    for capture in CAPTURES {
        let body = octets(capture.hex);
        let checked = Update::check(&body, &caps(capture), capture.side).unwrap();
        assert_ne!(checked.fate, Fate::TreatAsWithdraw, "{}: {:?}", capture.from, checked.fault);
        assert_eq!(say(&checked.update), capture.says, "{}", capture.from);
    }
}

/// Each captured message with each of its octets changed, and cut at each: nothing panics, and no prefix is longer
/// than its family allows.
#[test]
fn malformed_twins_of_captures_yield_no_impossible_prefix() {
    for capture in CAPTURES {
        let body = octets(capture.hex);
        for at in 0..body.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut twin = body.clone();
                twin[at] ^= flip;
                for twin in [&twin[..], &body[..at]] {
                    let Ok(checked) = Update::check(twin, &caps(capture), capture.side) else { continue };
                    say(&checked.update);
                    let update = checked.update;
                    let routes = update.reach().flat_map(|reach| reach.nlri);
                    for nlri in routes.chain(update.unreach().flat_map(|unreach| unreach.nlri)) {
                        assert!(nlri.prefix.prefix_len() <= Family::of(&nlri.prefix).row().max_len);
                        assert_eq!(nlri.prefix, nlri.prefix.trunc());
                    }
                }
            }
        }
    }
}
