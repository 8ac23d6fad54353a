//! A plan as an frr.conf, for Ridgeway and FRR.

use std::fmt::Write;

use super::policy;
use crate::plan::{Feeds, Plan, Policy, ROUTER, ROUTER_AS, Role};

/// The configuration.
pub fn render(plan: &Plan) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "frr defaults traditional\n!\nrouter bgp {ROUTER_AS}\n bgp router-id {ROUTER}\n no bgp ebgp-requires-policy"
    );
    for group in ["FEEDS", "OTHERS"] {
        let _ = writeln!(
            text,
            " neighbor {group} peer-group\n neighbor {group} remote-as external\n neighbor {group} passive\n \
             neighbor {group} timers {} {}",
            plan.hold / 3,
            plan.hold,
        );
    }
    for (role, who) in plan.all_peers() {
        let group = if role == Role::Feed { "FEEDS" } else { "OTHERS" };
        let _ = writeln!(text, " neighbor {} peer-group {group}", who.address);
    }
    for (family, list) in [("ipv4", "CORES4"), ("ipv6", "CORES6")] {
        let _ = writeln!(text, " address-family {family} unicast");
        for group in ["FEEDS", "OTHERS"] {
            let _ = writeln!(text, "  neighbor {group} activate");
        }
        if plan.feeds_are == Feeds::Untold {
            text.push_str("  neighbor FEEDS route-map NOTHING out\n");
        }
        if plan.policy == Policy::Border {
            let _ = writeln!(text, "  neighbor FEEDS prefix-list {list} in");
            text.push_str(
                "  neighbor FEEDS route-map FROM-CORES in\n  neighbor OTHERS route-map TO-LISTENERS out\n",
            );
            if plan.feeds_are == Feeds::Told {
                text.push_str("  neighbor FEEDS route-map TO-LISTENERS out\n");
            }
        }
        text.push_str(" exit-address-family\n");
    }
    text.push_str("exit\n!\nroute-map NOTHING deny 10\nexit\n");
    if plan.policy == Policy::Border {
        text.push_str(&policy::frr());
    }
    text
}
