//! ExaBGP: fed through a named pipe, and heard through the events that it reports as JSON.
//!
//! Its API is a child process whose output are commands and whose input are events. Ours is two `cat`s: one from a
//! named pipe that this side keeps open, one into a file. ExaBGP keeps no table of what it has received, so
//! [`ExaBgp::received`] replays the events.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use ipnet::IpNet;
use serde_json::Value;

use super::{Daemon, Kind, Neighbor, Received, Route, Spec};
use crate::expect::{ensure, eventually};
use crate::namespace::Namespace;
use crate::process::Process;

/// A running ExaBGP.
pub struct ExaBgp {
    namespace: Namespace,
    spec: Spec,
    dir: PathBuf,
    commands: File,
    process: Process,
}

impl ExaBgp {
    /// Starts it as this spec says.
    pub fn start(namespace: &Namespace, spec: &Spec) -> Result<Self> {
        let dir = namespace.dir()?;
        let (pipe, events, script) = (dir.join("commands"), dir.join("events"), dir.join("api.sh"));
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::from_bits_truncate(0o600))
            .context("making the pipe")?;
        let lines = format!("#!/bin/sh\ncat {} &\nexec cat >>{}\n", pipe.display(), events.display());
        std::fs::write(&script, lines).context("writing the API's script")?;
        std::fs::write(dir.join("exabgp.conf"), render(namespace, spec, &script)?)
            .context("writing exabgp.conf")?;
        // Open for both directions, so that neither side ever sees its end.
        let commands = OpenOptions::new().read(true).write(true).open(&pipe).context("opening the pipe")?;
        let process = spawn(namespace, &dir)?;
        let mut daemon = Self { namespace: namespace.clone(), spec: spec.clone(), dir, commands, process };
        daemon.settle()?;
        Ok(daemon)
    }

    /// One command of its API.
    pub fn command(&mut self, line: &str) -> Result<()> {
        writeln!(self.commands, "{line}").context("writing to ExaBGP's pipe")
    }

    fn settle(&mut self) -> Result<()> {
        let events = self.dir.join("events");
        eventually(Duration::from_secs(15), "ExaBGP has started its API", || {
            self.process.ensure_running()?;
            ensure(events.exists(), || self.process.log())
        })?;
        let routes = self.spec.routes.clone();
        routes.iter().try_for_each(|route| self.command(&announcement(self.spec.asn, route)))
    }

    fn events(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.dir.join("events")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

impl Daemon for ExaBgp {
    fn kind(&self) -> Kind {
        Kind::ExaBgp
    }

    fn established(&self, neighbor: IpAddr) -> Result<bool> {
        let events = self.events();
        let states = events.iter().rev().filter(|event| is_from(event, neighbor));
        let mut states = states.filter_map(|event| event.pointer("/neighbor/state")?.as_str());
        Ok(states.next() == Some("up"))
    }

    fn received(&self, neighbor: IpAddr) -> Result<BTreeSet<Received>> {
        let events = self.events();
        Ok(replay(events.iter().filter(|event| is_from(event, neighbor))).into_values().collect())
    }

    fn announce(&mut self, route: &Route) -> Result<()> {
        self.spec.put_route(route);
        self.command(&announcement(self.spec.asn, route))
    }

    fn withdraw(&mut self, prefix: IpNet) -> Result<()> {
        let route = self.spec.routes.iter().find(|route| route.prefix == prefix).cloned();
        self.spec.remove_route(prefix);
        let route = route.with_context(|| format!("{prefix} is not announced"))?;
        self.command(&format!(
            "withdraw {}",
            announcement(self.spec.asn, &route).trim_start_matches("announce ")
        ))
    }

    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn start_again(&mut self) -> Result<()> {
        self.process.kill();
        // A fresh pipe and file: the old `cat`s may still sit at theirs.
        for name in ["events", "commands"] {
            let _ = std::fs::remove_file(self.dir.join(name));
        }
        self.commands = make_pipe(&self.dir)?;
        self.process = spawn(&self.namespace, &self.dir)?;
        self.settle()
    }
}

fn make_pipe(dir: &Path) -> Result<File> {
    let (pipe, events) = (dir.join("commands"), dir.join("events"));
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::from_bits_truncate(0o600)).context("making the pipe")?;
    let lines = format!("#!/bin/sh\ncat {} &\nexec cat >>{}\n", pipe.display(), events.display());
    std::fs::write(dir.join("api.sh"), lines).context("writing the API's script")?;
    // Open for both directions, so that neither side ever sees its end.
    OpenOptions::new().read(true).write(true).open(&pipe).context("opening the pipe")
}

fn spawn(namespace: &Namespace, dir: &Path) -> Result<Process> {
    let mut command = Command::new("exabgp");
    command.arg(dir.join("exabgp.conf"));
    for (name, value) in [
        ("exabgp.daemon.user", "root"),
        ("exabgp.daemon.drop", "false"),
        ("exabgp.api.cli", "false"),
        ("exabgp.tcp.bind", "0.0.0.0 ::"),
        ("exabgp.log.level", "INFO"),
    ] {
        command.env(name, value);
    }
    Process::spawn(namespace, "exabgp", command)
}

fn render(namespace: &Namespace, spec: &Spec, script: &Path) -> Result<String> {
    let mut text = format!("process api {{\n  run /bin/sh {};\n  encoder json;\n}}\n", script.display());
    for neighbor in &spec.neighbors {
        render_neighbor(namespace, spec, neighbor, &mut text)?;
    }
    Ok(text)
}

fn render_neighbor(namespace: &Namespace, spec: &Spec, neighbor: &Neighbor, text: &mut String) -> Result<()> {
    let local = match neighbor.local {
        Some(local) => local,
        None => source_towards(namespace, neighbor.address)?,
    };
    let (peer, asn, id) = (neighbor.address, spec.asn, spec.router_id);
    let _ =
        writeln!(text, "neighbor {peer} {{\n  router-id {id};\n  local-address {local};\n  local-as {asn};");
    let _ = writeln!(text, "  peer-as {};\n  hold-time {};", neighbor.asn, neighbor.hold);
    if let Some(password) = &neighbor.password {
        let _ = writeln!(text, "  md5-password '{password}';");
    }
    if neighbor.passive {
        text.push_str("  passive true;\n");
    }
    if neighbor.ttl_security {
        text.push_str("  incoming-ttl 255;\n  outgoing-ttl 255;\n");
    }
    text.push_str("  family {\n");
    for (wanted, family) in [(neighbor.ipv4, "ipv4"), (neighbor.ipv6, "ipv6")] {
        if wanted {
            let _ = writeln!(text, "    {family} unicast;");
        }
    }
    let wide = if neighbor.two_octet_as { "disable" } else { "enable" };
    let _ = writeln!(text, "  }}\n  capability {{\n    asn4 {wide};\n    route-refresh enable;\n  }}");
    text.push_str(
        "  api {\n    processes [ api ];\n    neighbor-changes;\n    receive { parsed; update; }\n  }\n}\n",
    );
    Ok(())
}

/// The address that the kernel would use to reach the peer: ExaBGP wants it said.
fn source_towards(namespace: &Namespace, peer: IpAddr) -> Result<IpAddr> {
    let rows: Value = serde_json::from_str(&namespace.ip(&format!("-j route get {peer}"))?)?;
    let source = rows.pointer("/0/prefsrc").and_then(Value::as_str).and_then(|text| text.parse().ok());
    source.with_context(|| format!("no route to {peer}"))
}

fn announcement(asn: u32, route: &Route) -> String {
    let next_hop = route.next_hop.map_or_else(|| "self".to_owned(), |next_hop| next_hop.to_string());
    let mut line = format!("announce route {} next-hop {next_hop}", route.prefix);
    if let Some(med) = route.med {
        let _ = write!(line, " med {med}");
    }
    if !route.prepend.is_empty() {
        // A path that is given is sent as it is.
        let path: Vec<String> = [asn].iter().chain(&route.prepend).map(u32::to_string).collect();
        let _ = write!(line, " as-path [ {} ]", path.join(" "));
    }
    if !route.communities.is_empty() {
        let list: Vec<String> = route.communities.iter().map(|(high, low)| format!("{high}:{low}")).collect();
        let _ = write!(line, " community [ {} ]", list.join(" "));
    }
    line
}

fn is_from(event: &Value, neighbor: IpAddr) -> bool {
    let peer = event.pointer("/neighbor/address/peer").and_then(Value::as_str);
    peer.and_then(|text| text.parse::<IpAddr>().ok()) == Some(neighbor)
}

/// What the neighbour has announced and not withdrawn since its session last came up.
fn replay<'a>(events: impl Iterator<Item = &'a Value>) -> BTreeMap<IpNet, Received> {
    let mut table = BTreeMap::new();
    for event in events {
        if event.pointer("/neighbor/state").is_some() {
            table.clear();
        }
        let Some(update) = event.pointer("/neighbor/message/update") else { continue };
        for prefix in families(update, "withdraw").flat_map(|(_, list)| prefixes(list)) {
            table.remove(&prefix);
        }
        let as_path = update.pointer("/attribute/as-path").map(numbers).unwrap_or_default();
        for (_, hops) in families(update, "announce") {
            for (hop, list) in hops.as_object().into_iter().flatten() {
                let Ok(next_hop) = hop.parse() else { continue };
                for prefix in prefixes(list) {
                    let route = Received { prefix, next_hop, as_path: as_path.clone() };
                    // A global and a link-local next hop come as two.
                    match table.entry(prefix) {
                        Entry::Occupied(_) if is_link_local(next_hop) => {}
                        Entry::Occupied(mut old) => drop(old.insert(route)),
                        Entry::Vacant(place) => drop(place.insert(route)),
                    }
                }
            }
        }
    }
    table
}

fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

fn families<'a>(update: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    update.get(key).and_then(Value::as_object).into_iter().flatten()
}

fn prefixes(list: &Value) -> impl Iterator<Item = IpNet> + '_ {
    list.as_array().into_iter().flatten().filter_map(|row| row.get("nlri")?.as_str()?.parse().ok())
}

/// The AS numbers of a path, whose sets are lists in the list.
fn numbers(value: &Value) -> Vec<u32> {
    match value {
        Value::Array(list) => list.iter().flat_map(numbers).collect(),
        Value::Object(map) => map.values().flat_map(numbers).collect(),
        other => other.as_u64().and_then(|n| n.try_into().ok()).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_withdrawn_route_and_one_from_before_the_last_state_change_are_not_in_the_table() {
        let events: Vec<Value> = [
            r#"{"neighbor":{"message":{"update":{"announce":{"ipv4 unicast":{"10.0.0.1":[{"nlri":"10.3.0.0/16"}]}}}}}}"#,
            r#"{"neighbor":{"state":"up"}}"#,
            r#"{"neighbor":{"message":{"update":{"attribute":{"as-path":[1,[2,3]]},"announce":{"ipv4 unicast":{"10.0.0.1":[{"nlri":"10.1.0.0/16"},{"nlri":"10.2.0.0/16"}]}}}}}}"#,
            r#"{"neighbor":{"message":{"update":{"withdraw":{"ipv4 unicast":[{"nlri":"10.1.0.0/16"}]}}}}}"#,
        ]
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
        let table: Vec<Received> = replay(events.iter()).into_values().collect();
        let [route] = &table[..] else { panic!("{table:?}") };
        assert_eq!(
            (route.prefix.to_string(), &route.as_path[..]),
            ("10.2.0.0/16".to_owned(), &[1, 2, 3][..])
        );
    }
}
