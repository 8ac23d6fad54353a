//! A plan as a gobgpd.toml.

use std::fmt::Write;

use crate::plan::{Plan, ROUTER, ROUTER_AS};

/// The configuration.
pub fn render(plan: &Plan) -> String {
    let mut text = format!("[global.config]\n  as = {ROUTER_AS}\n  router-id = \"{ROUTER}\"\n  port = 179\n");
    for (_, who) in plan.all_peers() {
        let _ = writeln!(
            text,
            "[[neighbors]]\n[neighbors.config]\n  neighbor-address = \"{}\"\n  peer-as = {}\n\
             [neighbors.timers.config]\n  hold-time = {}\n  keepalive-interval = {}\n\
             [neighbors.transport.config]\n  passive-mode = true",
            who.address,
            who.asn,
            plan.hold,
            plan.hold / 3,
        );
        for family in ["ipv4-unicast", "ipv6-unicast"] {
            let _ = writeln!(
                text,
                "[[neighbors.afi-safis]]\n[neighbors.afi-safis.config]\n  afi-safi-name = \"{family}\""
            );
        }
    }
    text
}
