//! The site that this project is for, small: an internet, two provider cores, three routers and three hosts.
//!
//! ```text
//!                     internet  AS 64499                      198.18.0.0/28     2001:db8:fffe::/64
//!                        |
//!        ======= VLAN transit =======
//!          |                     |
//!        core-a               core-b   AS 64500               192.0.2.0/28      2001:db8:ffff::/64
//!          |                     |
//!   ============= VLAN wan ================
//!      |              |              |
//!   router1        router2        router3  AS 64510           198.51.100.0/24   2001:db8:100::/64
//!      |              |              |
//!   ============ VLAN uplink ==============
//!      |              |              |
//!    host1          host2          host3   AS 64520           203.0.113.0/27    2001:db8:1000::/48
//! ```
//!
//! The routers share the hosts' gateway on VLAN uplink by VRRP ([`gateway`]): router1 has it while it has a default
//! route.
//!
//! Every node runs a BGP daemon from an frr.conf ([`config`]); the routers' is `examples/router1.conf` with their own
//! addresses. Interfaces start without addresses: the daemon gives them, as the file says. Each host announces an
//! instance by the address of its OVN router (a next hop that is not the announcer), and one anycast address.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::daemon::frr::Frr;
use crate::daemon::{Daemon, Kind, Ridgeway};
use crate::ping::Ping;
use crate::{Lab, Namespace};

pub mod config;
mod gateway;

pub use self::gateway::{Share, has_default_routes};

/// The whole site.
pub struct Site {
    nodes: Vec<Node>,
    kind: Kind,
    // Last: the namespaces go after the daemons.
    _lab: Lab,
}

/// What a node is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Somebody behind the provider.
    Internet,
    /// A core router of the provider.
    Core,
    /// One of the site's routers.
    Router,
    /// A host: announcer and instances.
    Host,
}

/// What has been done to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// Its daemon runs.
    On,
    /// Its daemon was killed; its kernel still forwards.
    Crashed,
    /// It is off: nothing runs, its links are down.
    Off,
}

/// One machine of the site.
pub struct Node {
    name: &'static str,
    role: Role,
    power: Power,
    namespace: Namespace,
    interfaces: Vec<&'static str>,
    conf: String,
    daemon: Option<Speaker>,
}

/// What a look at a node shows.
#[derive(Clone, Debug, Default)]
pub struct Glance {
    /// Established sessions, a session that carries two families counted once.
    pub established: usize,
    /// Sessions in all.
    pub sessions: usize,
    /// BGP routes in the kernel, IPv4.
    pub ipv4_routes: usize,
    /// BGP routes in the kernel, IPv6.
    pub ipv6_routes: usize,
    /// Gateways of the IPv4 default.
    pub default_gateways: Vec<IpAddr>,
    /// Its share in the gateway, IPv4 and IPv6.
    pub shares: Option<[Share; 2]>,
}

/// A daemon that reads an frr.conf and answers in FRR's shapes.
enum Speaker {
    Ours(Ridgeway),
    Frr(Frr),
}

impl Site {
    /// Builds the site and starts every daemon, ours or for a comparison FRR.
    pub fn build(kind: Kind) -> Result<Self> {
        let lab = Lab::new("site")?;
        let segments = [lab.segment("transit")?, lab.segment("wan")?, lab.segment("uplink")?];
        let mut nodes = Vec::new();
        for plan in config::plans(kind == Kind::Ridgeway) {
            let namespace = lab.namespace(plan.name)?;
            for (segment, interface) in segments.iter().zip(["transit0", "wan0", "uplink0"]) {
                if plan.interfaces.contains(&interface) {
                    segment.attach(&namespace, interface, &[])?;
                }
            }
            namespace.forward()?;
            for address in &plan.loopback {
                namespace.add_address("lo", address)?;
            }
            let mut node = Node {
                name: plan.name,
                role: plan.role,
                power: Power::Off,
                namespace,
                interfaces: plan.interfaces,
                conf: plan.conf,
                daemon: None,
            };
            if kind == Kind::Frr {
                node.give_addresses()?;
            }
            node.boot(kind).with_context(|| format!("starting {}", node.name))?;
            nodes.push(node);
        }
        Ok(Self { nodes, kind, _lab: lab })
    }

    /// Every node, from the internet down to the hosts.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// A node by its name.
    pub fn node(&self, name: &str) -> Result<&Node> {
        self.nodes.iter().find(|node| node.name == name).with_context(|| format!("no node {name}"))
    }

    fn node_mut(&mut self, name: &str) -> Result<&mut Node> {
        self.nodes.iter_mut().find(|node| node.name == name).with_context(|| format!("no node {name}"))
    }

    /// Its power fails: the daemon is gone and its links are down, nobody was told.
    pub fn cut_power(&mut self, name: &str) -> Result<()> {
        let node = self.node_mut(name)?;
        // The links first: a kernel that buries a process says goodbye to its peers.
        node.links_down()?;
        if let Some(daemon) = &mut node.daemon {
            daemon.as_daemon_mut().kill();
        }
        Ok(())
    }

    /// Its daemon crashes: the kernel forwards on with the routes that it has.
    pub fn crash(&mut self, name: &str) -> Result<()> {
        let node = self.node_mut(name)?;
        let Some(daemon) = &mut node.daemon else { bail!("{name} is off") };
        daemon.as_daemon_mut().kill();
        node.power = Power::Crashed;
        Ok(())
    }

    /// It is shut down in order, as for its weekly reboot.
    pub fn shut_down(&mut self, name: &str) -> Result<()> {
        let node = self.node_mut(name)?;
        if let Some(daemon) = &mut node.daemon {
            let status = daemon.as_daemon_mut().stop()?;
            if !status.success() {
                bail!("the daemon of {name} ended with {status}");
            }
            let left = node.namespace.bgp_routes()?;
            if !left.is_empty() {
                bail!("{name} left routes in its kernel: {left:?}");
            }
        }
        node.links_down()
    }

    /// It comes back: links up, daemon started.
    pub fn revive(&mut self, name: &str) -> Result<()> {
        let kind = self.kind;
        self.node_mut(name)?.boot(kind)
    }

    /// Pings from behind the provider to every host's instance and to the anycast service.
    pub fn pings(&self, interval: Duration) -> Result<Vec<Ping>> {
        let internet = self.node("internet")?;
        let start = |target: &IpAddr| {
            let source = if target.is_ipv4() { config::CLIENT4 } else { config::CLIENT6 };
            Ping::start(&internet.namespace, *target, Some(source.parse()?), interval)
        };
        config::targets()?.iter().map(start).collect()
    }
}

impl Node {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it is for.
    pub fn role(&self) -> Role {
        self.role
    }

    /// What has been done to it.
    pub fn power(&self) -> Power {
        self.power
    }

    /// Its namespace.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Its sessions and kernel routes now.
    pub fn glance(&self) -> Result<Glance> {
        let mut glance = Glance::default();
        for route in self.namespace.bgp_routes()? {
            if route.prefix.addr().is_ipv4() {
                glance.ipv4_routes += 1;
            } else {
                glance.ipv6_routes += 1;
            }
            if route.prefix.to_string() == "0.0.0.0/0" {
                glance.default_gateways = route.gateways;
            }
        }
        if let (Power::On, Some(daemon)) = (self.power, &self.daemon) {
            (glance.established, glance.sessions) = count_sessions(&daemon.summary()?);
            if self.role == Role::Router {
                glance.shares = self.shares().ok();
            }
        }
        Ok(glance)
    }

    fn boot(&mut self, kind: Kind) -> Result<()> {
        for interface in &self.interfaces {
            self.namespace.link_up(interface)?;
        }
        match &mut self.daemon {
            Some(daemon) => daemon.as_daemon_mut().start_again()?,
            None if kind == Kind::Frr => {
                self.daemon = Some(Speaker::Frr(Frr::start_with(&self.namespace, &self.conf)?))
            }
            None => self.daemon = Some(Speaker::Ours(Ridgeway::start_with(&self.namespace, &self.conf)?)),
        }
        self.power = Power::On;
        Ok(())
    }

    /// The addresses that its configuration gives to interfaces. FRR may never dial a peer whose network appears only
    /// after the peer was configured.
    fn give_addresses(&self) -> Result<()> {
        let mut interface = "";
        for line in self.conf.lines() {
            if let Some(name) = line.strip_prefix("interface ") {
                interface = name;
            } else if let Some(("ip" | "ipv6", address)) = line.trim_start().split_once(" address ") {
                self.namespace.add_address(interface, address)?;
            }
        }
        Ok(())
    }

    fn links_down(&mut self) -> Result<()> {
        self.power = Power::Off;
        // What faces the hosts first: a router that sees its way out go still gives the gateway away.
        self.interfaces.iter().rev().try_for_each(|interface| self.namespace.link_down(interface))
    }
}

impl Speaker {
    fn as_daemon_mut(&mut self) -> &mut dyn Daemon {
        match self {
            Self::Ours(daemon) => daemon,
            Self::Frr(daemon) => daemon,
        }
    }

    fn summary(&self) -> Result<Value> {
        match self {
            Self::Ours(daemon) => daemon.show_json("bgp summary"),
            Self::Frr(daemon) => daemon.show_json("show bgp summary"),
        }
    }
}

/// Established and all sessions of a `show bgp summary json`.
fn count_sessions(summary: &Value) -> (usize, usize) {
    let families = summary.as_object().into_iter().flatten();
    let peers = families.filter_map(|(_, family)| family.get("peers")?.as_object()).flatten();
    let all: std::collections::BTreeMap<&String, bool> =
        peers.map(|(address, peer)| (address, peer["state"] == "Established")).collect();
    (all.values().filter(|up| **up).count(), all.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_carries_two_families_counts_once() {
        let text = r#"{"ipv4Unicast":{"peers":{"10.0.0.1":{"state":"Established"},"10.0.0.2":{"state":"Active"}}},
                       "ipv6Unicast":{"peers":{"10.0.0.1":{"state":"Established"}}}}"#;
        assert_eq!(count_sessions(&serde_json::from_str(text).unwrap()), (1, 2));
    }
}
