//! A [`Spec`] as an frr.conf: FRR reads it, and so does ours.

use std::fmt::Write;

use super::{Neighbor, Route, Spec};

/// The whole file.
pub fn render(spec: &Spec) -> String {
    let mut text = String::from("frr defaults traditional\nlog syslog informational\n!\n");
    text.push_str(&spec.preamble);
    for (index, route) in spec.routes.iter().enumerate() {
        if let Some(map) = route_map(index, route) {
            text.push_str(&map);
        }
    }
    let _ = writeln!(text, "router bgp {}\n bgp router-id {}", spec.asn, spec.router_id);
    text.push_str(
        " no bgp ebgp-requires-policy\n no bgp network import-check\n no bgp default ipv4-unicast\n",
    );
    text.push_str(&spec.router_lines);
    for neighbor in &spec.neighbors {
        render_neighbor(neighbor, &mut text);
    }
    for (family, is_ipv4) in [("ipv4 unicast", true), ("ipv6 unicast", false)] {
        let _ = writeln!(text, " !\n address-family {family}");
        for (index, route) in spec.routes.iter().enumerate() {
            if route.prefix.addr().is_ipv4() == is_ipv4 {
                let _ = writeln!(text, "  {}", network_line(index, route));
            }
        }
        for neighbor in &spec.neighbors {
            if if is_ipv4 { neighbor.ipv4 } else { neighbor.ipv6 } {
                let _ = writeln!(text, "  neighbor {} activate", neighbor.address);
            }
        }
        text.push_str(" exit-address-family\n");
    }
    text.push_str("exit\n!\nend\n");
    text
}

/// The route-map that gives a `network` its attributes, if it needs one.
pub(super) fn route_map(index: usize, route: &Route) -> Option<String> {
    let mut sets = String::new();
    if let Some(next_hop) = route.next_hop {
        let words = if next_hop.is_ipv4() { "ip next-hop" } else { "ipv6 next-hop global" };
        let _ = writeln!(sets, " set {words} {next_hop}");
    }
    if !route.prepend.is_empty() {
        let path: Vec<String> = route.prepend.iter().map(u32::to_string).collect();
        let _ = writeln!(sets, " set as-path prepend {}", path.join(" "));
    }
    if let Some(med) = route.med {
        let _ = writeln!(sets, " set metric {med}");
    }
    if !route.communities.is_empty() {
        let list: Vec<String> =
            route.communities.iter().map(|(asn, value)| format!("{asn}:{value}")).collect();
        let _ = writeln!(sets, " set community {}", list.join(" "));
    }
    (!sets.is_empty()).then(|| format!("route-map ROUTE{index} permit 10\n{sets}exit\n!\n"))
}

/// The `network` statement of a route.
pub(super) fn network_line(index: usize, route: &Route) -> String {
    match route_map(index, route) {
        Some(_) => format!("network {} route-map ROUTE{index}", route.prefix),
        None => format!("network {}", route.prefix),
    }
}

fn render_neighbor(neighbor: &Neighbor, text: &mut String) {
    let mut line = |words: &str| {
        let _ = writeln!(text, " neighbor {} {words}", neighbor.address);
    };
    line(&format!("remote-as {}", neighbor.asn));
    line(&format!("timers {} {}", (neighbor.hold / 3).max(1), neighbor.hold));
    line("timers connect 1");
    line("advertisement-interval 0");
    if let Some(password) = &neighbor.password {
        line(&format!("password {password}"));
    }
    if let Some(local) = neighbor.local {
        line(&format!("update-source {local}"));
    }
    for (wanted, words) in [
        (neighbor.passive, "passive"),
        (neighbor.ttl_security, "ttl-security hops 1"),
        (neighbor.extended_next_hop, "capability extended-nexthop"),
        (neighbor.two_octet_as, "dont-capability-negotiate"),
    ] {
        if wanted {
            line(words);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_becomes_an_frr_conf_with_a_route_map_for_each_route_that_needs_one() {
        let spec = Spec::new(65001, "10.0.0.1")
            .neighbor(Neighbor::new("10.0.0.2", 65002).password("x").both_families())
            .route(Route::new("198.51.100.0/24").via("10.0.0.9"))
            .route(Route::new("2001:db8::/48"));
        let text = render(&spec);
        for line in [
            "router bgp 65001\n",
            " neighbor 10.0.0.2 password x\n",
            "  network 198.51.100.0/24 route-map ROUTE0\n",
            " set ip next-hop 10.0.0.9\n",
            "  network 2001:db8::/48\n",
        ] {
            assert!(text.contains(line), "{line:?} is missing in\n{text}");
        }
        assert_eq!(text.matches("neighbor 10.0.0.2 activate").count(), 2);
    }
}
