//! A plan as an OpenBGPD bgpd.conf.

use std::fmt::Write;
use std::path::Path;

use crate::plan::{Feeds, Plan, ROUTER, ROUTER_AS, Role};

/// The configuration; its control socket is in `dir`.
pub fn render(plan: &Plan, dir: &Path) -> String {
    let mut text = format!("AS {ROUTER_AS}\nrouter-id {ROUTER}\nfib-update no\n");
    let _ = writeln!(text, "socket \"{}\"", dir.join("bgpd.sock").display());
    for (role, who) in plan.all_peers() {
        let export =
            if role == Role::Feed && plan.feeds_are == Feeds::Untold { "  export none\n" } else { "" };
        let _ = writeln!(
            text,
            "neighbor {} {{\n  remote-as {}\n  passive\n  holdtime {}\n  announce IPv4 unicast\n  \
             announce IPv6 unicast\n{export}}}",
            who.address, who.asn, plan.hold,
        );
    }
    text.push_str("allow from any\nallow to any\n");
    text
}
