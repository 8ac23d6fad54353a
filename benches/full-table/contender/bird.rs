//! A plan as a bird.conf.

use std::fmt::Write;

use super::policy;
use crate::plan::{Feeds, Plan, Policy, ROUTER, ROUTER_AS, ROUTER6, Role, To};

/// The configuration.
pub fn render(plan: &Plan) -> String {
    let mut text =
        format!("log stderr {{ warning, error, fatal }};\nrouter id {ROUTER};\nprotocol device {{}}\n");
    if plan.to == To::Kernel {
        for family in ["ipv4", "ipv6"] {
            let _ = writeln!(text, "protocol kernel {{ {family} {{ import none; export all; }}; }}");
        }
    }
    if plan.policy == Policy::Border {
        text.push_str(&policy::bird());
    }
    for (number, (role, who)) in plan.all_peers().enumerate() {
        let (import, export) = match (plan.policy, role) {
            (Policy::Border, Role::Feed) => ("filter from_cores", "filter to_listeners"),
            (Policy::Border, Role::Listener | Role::Idle) => ("all", "filter to_listeners"),
            (Policy::None, _) => ("all", "all"),
        };
        let export = if role == Role::Feed && plan.feeds_are == Feeds::Untold { "none" } else { export };
        let _ = writeln!(
            text,
            "protocol bgp p{number} {{ passive on; hold time {}; local {ROUTER} as {ROUTER_AS};\n  neighbor {} as {};\n  \
             ipv4 {{ import {import}; export {export}; next hop self; }};\n  \
             ipv6 {{ import {import}; export {export}; next hop address {ROUTER6}; }};\n}}",
            plan.hold, who.address, who.asn,
        );
    }
    text
}
