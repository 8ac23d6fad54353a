//! OpenBGPD, asked through bgpctl. It gives up root for a user of its own, in an empty directory.
//!
//! It cannot put foreign AS numbers before its own networks: [`Route::prepend`] is without effect here.

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
use crate::namespace::{Namespace, checked};
use crate::process::Process;

/// A running OpenBGPD.
pub struct OpenBgpd {
    namespace: Namespace,
    spec: Spec,
    dir: PathBuf,
    process: Process,
}

impl OpenBgpd {
    /// Starts it as this spec says.
    pub fn start(namespace: &Namespace, spec: &Spec) -> Result<Self> {
        let dir = namespace.dir()?;
        write_config(&dir, spec)?;
        // The home of its user; a service manager would have made it.
        std::fs::create_dir_all("/run/openbgpd").context("making /run/openbgpd")?;
        for neighbor in spec.neighbors.iter().filter(|peer| peer.ipv6 && peer.address.is_ipv4()) {
            lend_address(namespace, neighbor.address)?;
        }
        let process = spawn(namespace, &dir)?;
        let mut daemon = Self { namespace: namespace.clone(), spec: spec.clone(), dir, process };
        daemon.await_ready()?;
        Ok(daemon)
    }

    fn bgpctl(&self, arguments: &str) -> Result<String> {
        let mut command = Command::new("bgpctl");
        command.arg("-s").arg(self.dir.join("bgpd.sock")).arg("-j").args(arguments.split_whitespace());
        checked(command.output(), &format!("bgpctl {arguments}"))
    }

    fn query(&self, arguments: &str) -> Result<Value> {
        let text = self.bgpctl(arguments)?;
        serde_json::from_str(&text).with_context(|| format!("bgpctl {arguments} said {text}"))
    }

    fn await_ready(&mut self) -> Result<()> {
        eventually(Duration::from_secs(10), "OpenBGPD answers", || {
            self.process.ensure_running()?;
            self.bgpctl("show neighbor")
        })
        .map(drop)
    }

    fn reload(&self) -> Result<()> {
        write_config(&self.dir, &self.spec)?;
        self.bgpctl("reload").map(drop)
    }
}

impl Daemon for OpenBgpd {
    fn kind(&self) -> Kind {
        Kind::OpenBgpd
    }

    fn established(&self, neighbor: IpAddr) -> Result<bool> {
        let answer = self.query(&format!("show neighbor {neighbor}"))?;
        Ok(answer.pointer("/neighbors/0/state").and_then(Value::as_str) == Some("Established"))
    }

    fn received(&self, neighbor: IpAddr) -> Result<BTreeSet<Received>> {
        let answer = self.query(&format!("show rib in neighbor {neighbor}"))?;
        let rows = answer.get("rib").and_then(Value::as_array).into_iter().flatten();
        Ok(rows.filter_map(parse_row).collect())
    }

    fn announce(&mut self, route: &Route) -> Result<()> {
        self.spec.put_route(route);
        self.reload()
    }

    fn withdraw(&mut self, prefix: IpNet) -> Result<()> {
        self.spec.remove_route(prefix);
        self.reload()
    }

    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn start_again(&mut self) -> Result<()> {
        self.kill();
        self.process = spawn(&self.namespace, &self.dir)?;
        self.await_ready()
    }
}

fn spawn(namespace: &Namespace, dir: &Path) -> Result<Process> {
    let _ = std::fs::remove_file(dir.join("bgpd.sock"));
    let mut command = Command::new("/usr/sbin/bgpd");
    command.arg("-d").arg("-f").arg(dir.join("bgpd.conf"));
    Process::spawn(namespace, "openbgpd", command)
}

/// On Linux it announces the loopback's IPv6 address as its next hop on an IPv4 session: the right one is put there.
fn lend_address(namespace: &Namespace, peer: IpAddr) -> Result<()> {
    let route: Value = serde_json::from_str(&namespace.ip(&format!("-j route get {peer}"))?)?;
    let device =
        route.pointer("/0/dev").and_then(Value::as_str).with_context(|| format!("no route to {peer}"))?;
    let Some(own) = namespace.ipv6_addresses(device, "global")?.into_iter().next() else { return Ok(()) };
    namespace.ip("-6 address flush dev lo")?;
    namespace.add_address("lo", &format!("{own}/128"))
}

fn write_config(dir: &Path, spec: &Spec) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let file = dir.join("bgpd.conf");
    std::fs::write(&file, render(spec, dir)).context("writing bgpd.conf")?;
    // It refuses a file that others may read.
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).context("closing bgpd.conf")
}

fn render(spec: &Spec, dir: &Path) -> String {
    let socket = dir.join("bgpd.sock");
    let mut text = format!("AS {}\nrouter-id {}\nfib-update no\n", spec.asn, spec.router_id);
    let _ = writeln!(text, "socket \"{}\"\nconnect-retry 2", socket.display());
    for route in &spec.routes {
        let _ = writeln!(text, "network {}{}", route.prefix, attribute_set(route));
    }
    for neighbor in &spec.neighbors {
        render_neighbor(neighbor, &mut text);
    }
    text.push_str("allow from any\nallow to any\n");
    text
}

fn attribute_set(route: &Route) -> String {
    let mut sets = Vec::new();
    sets.extend(route.next_hop.map(|next_hop| format!("nexthop {next_hop}")));
    sets.extend(route.med.map(|med| format!("med {med}")));
    sets.extend(route.communities.iter().map(|(high, low)| format!("community {high}:{low}")));
    if sets.is_empty() { String::new() } else { format!(" set {{ {} }}", sets.join(", ")) }
}

fn render_neighbor(neighbor: &Neighbor, text: &mut String) {
    let _ = writeln!(text, "neighbor {} {{\n  remote-as {}", neighbor.address, neighbor.asn);
    let _ = writeln!(text, "  holdtime {}\n  holdtime min 3", neighbor.hold);
    for (wanted, family) in [(neighbor.ipv4, "IPv4"), (neighbor.ipv6, "IPv6")] {
        let _ = writeln!(text, "  announce {family} {}", if wanted { "unicast" } else { "none" });
    }
    if let Some(password) = &neighbor.password {
        let _ = writeln!(text, "  tcp md5sig password {password}");
    }
    if let Some(local) = neighbor.local {
        let _ = writeln!(text, "  local-address {local}");
    }
    for (wanted, line) in [
        (neighbor.passive, "  passive\n"),
        (neighbor.two_octet_as, "  announce as-4byte no\n"),
        (neighbor.ttl_security, "  ttl-security yes\n"),
    ] {
        if wanted {
            text.push_str(line);
        }
    }
    text.push_str("}\n");
}

fn parse_row(row: &Value) -> Option<Received> {
    let text = |key: &str| row.get(key).and_then(Value::as_str);
    let path = text("aspath").unwrap_or_default();
    Some(Received {
        prefix: text("prefix")?.parse().ok()?,
        next_hop: text("exit_nexthop").or_else(|| text("true_nexthop"))?.parse().ok()?,
        as_path: path.split(|c: char| !c.is_ascii_digit()).filter_map(|asn| asn.parse().ok()).collect(),
    })
}
