//! The same policy in two languages: what a site's border does with what it hears and says.
//!
//! Prefix lists have 999 entries that refuse longer prefixes inside places where the table has routes, and one that
//! permits; so every route is looked up and none is refused. About a third of the paths match the AS path's pattern,
//! few routes have the community, the rest gets the last entry's settings.

use std::fmt::Write;

use crate::plan::{Plan, Role};

/// For Ridgeway and FRR.
pub fn frr() -> String {
    let mut text = String::new();
    for (word, suffix, bits) in [("ip", '4', 32), ("ipv6", '6', 128)] {
        for list in ["CORES", "LISTENERS"] {
            let refused = if suffix == '4' { refused4() } else { refused6() };
            let longest = if suffix == '4' { 24 } else { 48 };
            for (at, net) in refused.iter().enumerate() {
                let _ = writeln!(
                    text,
                    "{word} prefix-list {list}{suffix} seq {} deny {net} ge {} le {bits}",
                    at + 1,
                    longest + 1
                );
            }
            let any = if suffix == '4' { "0.0.0.0/0" } else { "::/0" };
            let _ = writeln!(text, "{word} prefix-list {list}{suffix} seq 1000 permit {any} le {longest}");
        }
    }
    let feed = first_feed();
    let _ = writeln!(text, "bgp as-path access-list SOME seq 5 permit ^{feed}_[12][0-9][0-9][0-9][0-9]_");
    text.push_str("bgp community-list standard BACKUP seq 5 permit 3356:70\n!\n");
    for line in [
        "route-map FROM-CORES permit 5",
        " match community BACKUP",
        " set local-preference 50",
        "exit",
        "route-map FROM-CORES permit 10",
        " match as-path SOME",
        " set local-preference 150",
        " set metric 10",
        "exit",
        "route-map FROM-CORES permit 20",
        " set local-preference 100",
        " set community 64500:100 additive",
        "exit",
        "route-map TO-LISTENERS permit 10",
        " match ip address prefix-list LISTENERS4",
        " set metric 20",
        " set community 64500:200 additive",
        "exit",
        "route-map TO-LISTENERS permit 20",
        " match ipv6 address prefix-list LISTENERS6",
        " set metric 30",
        " set community 64500:200 additive",
        "exit",
    ] {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// For BIRD.
pub fn bird() -> String {
    let mut text = String::new();
    for list in ["CORES", "LISTENERS"] {
        for (suffix, refused, range) in [('4', refused4(), "{25,32}"), ('6', refused6(), "{49,128}")] {
            let entries: Vec<String> = refused.iter().map(|net| format!("{net}{range}")).collect();
            let _ = writeln!(text, "define {list}{suffix} = [ {} ];", entries.join(", "));
        }
    }
    let feed = first_feed();
    let longer = |list: &str| {
        format!(
            "  if net.type = NET_IP4 then {{ if net ~ {list}4 then reject; if net.len > 24 then reject; }}\n  \
             else {{ if net ~ {list}6 then reject; if net.len > 48 then reject; }}\n"
        )
    };
    let _ = writeln!(
        text,
        "filter from_cores {{\n{}  if (3356,70) ~ bgp_community then {{ bgp_local_pref = 50; accept; }}\n  \
         if bgp_path ~ [= {feed} 10000..29999 * =] then {{ bgp_local_pref = 150; bgp_med = 10; accept; }}\n  \
         bgp_local_pref = 100; bgp_community.add((64500,100)); accept;\n}}",
        longer("CORES")
    );
    let _ = writeln!(
        text,
        "filter to_listeners {{\n{}  if net.type = NET_IP4 then bgp_med = 20; else bgp_med = 30;\n  \
         bgp_community.add((64500,200)); accept;\n}}",
        longer("LISTENERS")
    );
    text
}

/// /16s all over the table.
fn refused4() -> Vec<String> {
    let octets = (1..=222).filter(|first| ![10, 127].contains(first));
    let all =
        octets.flat_map(|first| [0, 51, 102, 153, 204].map(|second| format!("{first}.{second}.0.0/16")));
    all.take(999).collect()
}

/// /32s where most of the table is.
fn refused6() -> Vec<String> {
    (0..999).map(|n| format!("2a00:{n:x}::/32")).collect()
}

/// The AS of the first feed, which begins the paths.
fn first_feed() -> u32 {
    Plan::new(1, 0).peers(Role::Feed).map(|who| who.asn).next().unwrap_or(0)
}
