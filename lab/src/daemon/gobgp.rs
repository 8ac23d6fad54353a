//! GoBGP, asked and fed through its command line over gRPC on the namespace's loopback.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use ipnet::IpNet;
use serde_json::Value;

use super::{Daemon, Kind, Neighbor, Received, Route, Spec};
use crate::expect::eventually;
use crate::namespace::Namespace;
use crate::process::Process;

/// A running GoBGP.
pub struct GoBgp {
    namespace: Namespace,
    spec: Spec,
    file: PathBuf,
    process: Process,
}

impl GoBgp {
    /// Starts it as this spec says.
    pub fn start(namespace: &Namespace, spec: &Spec) -> Result<Self> {
        let file = namespace.dir()?.join("gobgpd.toml");
        std::fs::write(&file, render(spec)).context("writing gobgpd.toml")?;
        let process = spawn(namespace, &file)?;
        let mut daemon = Self { namespace: namespace.clone(), spec: spec.clone(), file, process };
        daemon.settle()?;
        Ok(daemon)
    }

    fn gobgp(&self, arguments: &str) -> Result<String> {
        self.namespace.run("gobgp", &arguments.split_whitespace().collect::<Vec<_>>())
    }

    /// Its routes live in memory only: they are given to it after each start.
    fn settle(&mut self) -> Result<()> {
        eventually(Duration::from_secs(10), "GoBGP answers", || {
            self.process.ensure_running()?;
            self.gobgp("global")
        })?;
        self.spec.routes.iter().try_for_each(|route| self.add(route))
    }

    fn add(&self, route: &Route) -> Result<()> {
        let mut line = format!("global rib add {}", route.prefix);
        if let Some(next_hop) = route.next_hop {
            let _ = write!(line, " nexthop {next_hop}");
        }
        if let Some(med) = route.med {
            let _ = write!(line, " med {med}");
        }
        if !route.prepend.is_empty() {
            let path: Vec<String> = route.prepend.iter().map(u32::to_string).collect();
            let _ = write!(line, " aspath {}", path.join(","));
        }
        if !route.communities.is_empty() {
            let list: Vec<String> =
                route.communities.iter().map(|(high, low)| format!("{high}:{low}")).collect();
            let _ = write!(line, " community {}", list.join(","));
        }
        let _ = write!(line, " origin igp -a {}", family(route.prefix));
        self.gobgp(&line).map(drop)
    }
}

impl Daemon for GoBgp {
    fn kind(&self) -> Kind {
        Kind::GoBgp
    }

    fn established(&self, neighbor: IpAddr) -> Result<bool> {
        let answer: Value = serde_json::from_str(&self.gobgp(&format!("neighbor {neighbor} -j"))?)?;
        // The state's number in its API: 6 is ESTABLISHED.
        Ok(answer.pointer("/state/session_state").and_then(Value::as_u64) == Some(6))
    }

    fn received(&self, neighbor: IpAddr) -> Result<BTreeSet<Received>> {
        let mut all = BTreeSet::new();
        let families = self.spec.neighbors.iter().find(|peer| peer.address == neighbor);
        for (wanted, family) in families.iter().flat_map(|peer| [(peer.ipv4, "ipv4"), (peer.ipv6, "ipv6")]) {
            if wanted {
                let text = self.gobgp(&format!("neighbor {neighbor} adj-in -a {family} -j"))?;
                all.extend(parse_routes(&serde_json::from_str(&text).context("gobgp's answer")?));
            }
        }
        Ok(all)
    }

    fn announce(&mut self, route: &Route) -> Result<()> {
        self.spec.put_route(route);
        self.add(route)
    }

    fn withdraw(&mut self, prefix: IpNet) -> Result<()> {
        self.spec.remove_route(prefix);
        self.gobgp(&format!("global rib del {prefix} -a {}", family(prefix))).map(drop)
    }

    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn start_again(&mut self) -> Result<()> {
        self.process.kill();
        self.process = spawn(&self.namespace, &self.file)?;
        self.settle()
    }
}

fn spawn(namespace: &Namespace, file: &Path) -> Result<Process> {
    let mut command = Command::new("gobgpd");
    command.arg("-f").arg(file).args(["-p", "--pprof-disable", "--api-hosts", "127.0.0.1:50051"]);
    Process::spawn(namespace, "gobgpd", command)
}

fn render(spec: &Spec) -> String {
    let (asn, id) = (spec.asn, spec.router_id);
    let mut text = format!("[global.config]\n  as = {asn}\n  router-id = \"{id}\"\n  port = 179\n");
    for neighbor in &spec.neighbors {
        render_neighbor(neighbor, &mut text);
    }
    text
}

fn render_neighbor(neighbor: &Neighbor, text: &mut String) {
    let (address, asn) = (neighbor.address, neighbor.asn);
    let _ = writeln!(
        text,
        "[[neighbors]]\n[neighbors.config]\n  neighbor-address = \"{address}\"\n  peer-as = {asn}"
    );
    if let Some(password) = &neighbor.password {
        let _ = writeln!(text, "  auth-password = \"{password}\"");
    }
    let (hold, keepalive) = (neighbor.hold, (neighbor.hold / 3).max(1));
    let _ =
        writeln!(text, "[neighbors.timers.config]\n  hold-time = {hold}\n  keepalive-interval = {keepalive}");
    text.push_str("  connect-retry = 5\n  idle-hold-time-after-reset = 1\n");
    let _ = writeln!(text, "[neighbors.transport.config]\n  passive-mode = {}", neighbor.passive);
    if let Some(local) = neighbor.local {
        let _ = writeln!(text, "  local-address = \"{local}\"");
    }
    if neighbor.ttl_security {
        text.push_str("[neighbors.ttl-security.config]\n  enabled = true\n  ttl-min = 255\n");
    }
    for (wanted, family) in [(neighbor.ipv4, "ipv4-unicast"), (neighbor.ipv6, "ipv6-unicast")] {
        if wanted {
            let _ = writeln!(
                text,
                "[[neighbors.afi-safis]]\n[neighbors.afi-safis.config]\n  afi-safi-name = \"{family}\""
            );
        }
    }
}

/// Reads `neighbor X adj-in -j`: an object of lists of paths, by prefix.
fn parse_routes(table: &Value) -> Vec<Received> {
    let paths =
        table.as_object().into_iter().flatten().flat_map(|(_, paths)| paths.as_array().into_iter().flatten());
    paths.filter_map(parse_path).collect()
}

fn parse_path(path: &Value) -> Option<Received> {
    let (mut next_hop, mut as_path) = (None, Vec::new());
    for attribute in path.get("attrs")?.as_array()? {
        // The attribute's type code: 2 AS_PATH, 3 NEXT_HOP, 14 MP_REACH_NLRI.
        match attribute.get("type").and_then(Value::as_u64) {
            Some(2) => {
                let segments = attribute.get("as_paths").and_then(Value::as_array).into_iter().flatten();
                let numbers = segments.flat_map(|segment| segment["asns"].as_array().into_iter().flatten());
                as_path = numbers.filter_map(|asn| asn.as_u64()?.try_into().ok()).collect();
            }
            Some(3 | 14) => next_hop = attribute.get("nexthop").and_then(Value::as_str)?.parse().ok(),
            _ => {}
        }
    }
    let prefix = path.pointer("/nlri/prefix").and_then(Value::as_str)?.parse().ok()?;
    Some(Received { prefix, next_hop: next_hop?, as_path })
}

fn family(prefix: IpNet) -> &'static str {
    if prefix.addr().is_ipv4() { "ipv4" } else { "ipv6" }
}
