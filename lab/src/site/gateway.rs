//! The gateway of the site's hosts, 198.51.100.1 and 2001:db8:100::1: what each router says of it, and who holds it.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::{Node, Power, Role, Site, Speaker, config};
use crate::daemon::Kind;
use crate::namespace::Namespace;
use crate::probe::Probe;

/// One family of a router's share in the gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// It holds the gateway.
    pub is_active: bool,
    /// By FRR's name.
    pub state: String,
    /// The priority less what failing facts cost.
    pub priority: u64,
    /// What changed the state last.
    pub reason: String,
}

impl Site {
    /// Whether the routers share a gateway: FRR's vrrpd is not part of the comparison.
    #[must_use]
    pub fn has_gateway(&self) -> bool {
        self.kind == Kind::Ridgeway
    }

    /// The one router that holds the gateway, in both families; an error if that is not so.
    pub fn holder(&self) -> Result<&'static str> {
        let mut found = BTreeSet::new();
        let on = |node: &&Node| node.role == Role::Router && node.power == Power::On;
        for node in self.nodes.iter().filter(on) {
            let [v4, v6] = node.shares()?;
            ensure!(v4.is_active == v6.is_active, "{}: {v4:?} but {v6:?}", node.name);
            if v4.is_active {
                found.insert(node.name);
            }
        }
        match (found.pop_first(), found.is_empty()) {
            (Some(holder), true) => Ok(holder),
            (first, _) => bail!("held by {first:?} and {found:?}"),
        }
    }

    /// Requests from a host to the gateway, IPv4 and IPv6.
    pub fn probe_gateway(&self, pace: Duration) -> Result<[Probe; 2]> {
        let host = &self.node("host1")?.namespace;
        let start = |target: &str| Probe::start(host, target.parse().context("the gateway")?, pace);
        Ok([start(config::GATEWAY4)?, start(config::GATEWAY6)?])
    }
}

impl Node {
    /// What this router says of its share in the gateway, IPv4 and IPv6.
    pub fn shares(&self) -> Result<[Share; 2]> {
        let Some(Speaker::Ours(daemon)) = &self.daemon else { bail!("{} has no share", self.name) };
        let shown = daemon.show_json("vrrp")?;
        let router = shown.get(0).with_context(|| format!("{}: no virtual router: {shown}", self.name))?;
        Ok(["v4", "v6"].map(|family| share(&router[family])))
    }
}

/// An error unless the kernel has a default route in each family.
pub fn has_default_routes(namespace: &Namespace) -> Result<()> {
    for prefix in ["0.0.0.0/0", "::/0"] {
        ensure!(namespace.gateways(prefix)?.is_some(), "{} has no {prefix}", namespace.label());
    }
    Ok(())
}

fn share(family: &Value) -> Share {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Share {
        is_active: family["status"] == "Master",
        state: text(&family["status"]),
        priority: family["effectivePriority"].as_u64().unwrap_or_default(),
        reason: text(&family["lastTransition"]["reason"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_from_show_vrrp() {
        let shown =
            r#"{"status":"Master","effectivePriority":50,"lastTransition":{"reason":"started","msecAgo":1}}"#;
        let found = share(&serde_json::from_str(shown).unwrap());
        let expected =
            Share { is_active: true, state: "Master".into(), priority: 50, reason: "started".into() };
        assert_eq!(found, expected);
    }
}
