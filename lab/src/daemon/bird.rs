//! BIRD 2, asked through birdc.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use ipnet::IpNet;

use super::{Daemon, Kind, Neighbor, Received, Route, Spec};
use crate::expect::eventually;
use crate::namespace::{Namespace, checked};
use crate::process::Process;

/// A running BIRD.
pub struct Bird {
    namespace: Namespace,
    spec: Spec,
    dir: PathBuf,
    process: Process,
}

impl Bird {
    /// Starts it as this spec says.
    pub fn start(namespace: &Namespace, spec: &Spec) -> Result<Self> {
        let dir = namespace.dir()?;
        std::fs::write(dir.join("bird.conf"), render(spec)).context("writing bird.conf")?;
        let process = spawn(namespace, &dir)?;
        let mut daemon = Self { namespace: namespace.clone(), spec: spec.clone(), dir, process };
        daemon.await_ready()?;
        Ok(daemon)
    }

    /// What birdc answers.
    pub fn birdc(&self, command: &str) -> Result<String> {
        let mut birdc = Command::new("birdc");
        birdc.arg("-s").arg(self.dir.join("bird.ctl")).args(command.split_whitespace());
        checked(birdc.output(), &format!("birdc {command}"))
    }

    fn reload(&self) -> Result<()> {
        std::fs::write(self.dir.join("bird.conf"), render(&self.spec)).context("writing bird.conf")?;
        let answer = self.birdc("configure")?;
        crate::expect::ensure(answer.contains("econfigur"), || answer)
    }

    fn await_ready(&mut self) -> Result<()> {
        eventually(Duration::from_secs(10), "BIRD answers", || {
            self.process.ensure_running()?;
            self.birdc("show status")
        })
        .map(drop)
    }

    fn protocol(&self, neighbor: IpAddr) -> Result<String> {
        let index = self.spec.neighbors.iter().position(|peer| peer.address == neighbor);
        index
            .map(|index| format!("peer{index}"))
            .with_context(|| format!("{neighbor} is no peer of this BIRD"))
    }
}

impl Daemon for Bird {
    fn kind(&self) -> Kind {
        Kind::Bird
    }

    fn established(&self, neighbor: IpAddr) -> Result<bool> {
        Ok(self.birdc(&format!("show protocols {}", self.protocol(neighbor)?))?.contains("Established"))
    }

    fn received(&self, neighbor: IpAddr) -> Result<BTreeSet<Received>> {
        Ok(parse_routes(&self.birdc(&format!("show route all protocol {}", self.protocol(neighbor)?))?))
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
        self.process.kill();
        self.process = spawn(&self.namespace, &self.dir)?;
        self.await_ready()
    }
}

fn spawn(namespace: &Namespace, dir: &Path) -> Result<Process> {
    let mut command = Command::new("bird");
    command.arg("-f").arg("-c").arg(dir.join("bird.conf"));
    command.arg("-s").arg(dir.join("bird.ctl")).arg("-P").arg(dir.join("bird.pid"));
    Process::spawn(namespace, "bird", command)
}

fn render(spec: &Spec) -> String {
    let mut text =
        format!("log stderr all;\ndebug protocols {{ states, events }};\nrouter id {};\n", spec.router_id);
    text.push_str("protocol device { scan time 1; }\n");
    if spec.installs {
        for family in ["ipv4", "ipv6"] {
            let _ = writeln!(
                text,
                "protocol kernel {{ merge paths on; {family} {{ import none; export where source = RTS_BGP; }}; }}"
            );
        }
    }
    for (family, is_ipv4) in [("ipv4", true), ("ipv6", false)] {
        let _ = writeln!(text, "protocol static routes_{family} {{\n  {family};");
        for route in spec.routes.iter().filter(|route| route.prefix.addr().is_ipv4() == is_ipv4) {
            let _ = writeln!(text, "  {}", render_route(route));
        }
        text.push_str("}\n");
    }
    for (index, neighbor) in spec.neighbors.iter().enumerate() {
        render_neighbor(index, neighbor, spec, &mut text);
    }
    text
}

fn render_route(route: &Route) -> String {
    let mut attributes = String::new();
    if let Some(next_hop) = route.next_hop {
        let _ = write!(attributes, " bgp_next_hop = {next_hop};");
    }
    if let Some(med) = route.med {
        let _ = write!(attributes, " bgp_med = {med};");
    }
    for (high, low) in &route.communities {
        let _ = write!(attributes, " bgp_community.add(({high},{low}));");
    }
    // The last goes in first; BIRD puts its own AS before them on export.
    for number in route.prepend.iter().rev() {
        let _ = write!(attributes, " bgp_path.prepend({number});");
    }
    format!("route {} blackhole {{{attributes} }};", route.prefix)
}

fn render_neighbor(index: usize, neighbor: &Neighbor, spec: &Spec, text: &mut String) {
    let asn = spec.asn;
    let _ = writeln!(text, "protocol bgp peer{index} {{");
    match neighbor.local {
        Some(local) => {
            let _ = writeln!(text, "  local {local} as {asn};");
        }
        None => {
            let _ = writeln!(text, "  local as {asn};");
        }
    }
    let _ = writeln!(text, "  neighbor {} as {};", neighbor.address, neighbor.asn);
    let _ =
        writeln!(text, "  hold time {};\n  keepalive time {};", neighbor.hold, (neighbor.hold / 3).max(1));
    text.push_str("  connect delay time 1;\n  connect retry time 2;\n  error wait time 1, 2;\n");
    if let Some(password) = &neighbor.password {
        let _ = writeln!(text, "  password \"{password}\";");
    }
    for (wanted, line) in [
        (neighbor.passive, "  passive on;\n"),
        (neighbor.two_octet_as, "  enable as4 off;\n"),
        (neighbor.ttl_security, "  ttl security on;\n"),
    ] {
        if wanted {
            text.push_str(line);
        }
    }
    for (wanted, family) in [(neighbor.ipv4, "ipv4"), (neighbor.ipv6, "ipv6")] {
        if wanted {
            let extended = neighbor.extended_next_hop && family == "ipv4";
            let extended = if extended { " extended next hop on;" } else { "" };
            let third_party = spec.routes.iter().any(|route| route.next_hop.is_some());
            let keep = if third_party { " next hop keep;" } else { "" };
            let _ = writeln!(text, "  {family} {{ import all; export all;{extended}{keep} }};");
        }
    }
    text.push_str("}\n");
}

/// Reads `show route all`: a line for each path, attributes indented below it.
fn parse_routes(text: &str) -> BTreeSet<Received> {
    let mut routes = BTreeSet::new();
    let (mut prefix, mut as_path) = (None::<IpNet>, Vec::new());
    for line in text.lines() {
        if let Some(path) = line.trim_start().strip_prefix("BGP.as_path:") {
            as_path = path.split(|c: char| !c.is_ascii_digit()).filter_map(|asn| asn.parse().ok()).collect();
        } else if let Some(hops) = line.trim_start().strip_prefix("BGP.next_hop:") {
            let next_hop = hops.split_whitespace().next().and_then(|hop| hop.parse().ok());
            if let (Some(prefix), Some(next_hop)) = (prefix, next_hop) {
                routes.insert(Received { prefix, next_hop, as_path: std::mem::take(&mut as_path) });
            }
        } else if !line.starts_with([' ', '\t']) {
            prefix = line.split_whitespace().next().and_then(|word| word.parse().ok());
        }
    }
    routes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_read_from_what_birdc_prints() {
        let text = "Table master4:\n10.0.0.0/24          unicast [peer0 12:00:00.000] * (100) [AS65001i]\n\
                    \tvia 10.9.0.1 on eth0\n\tBGP.origin: IGP\n\tBGP.as_path: 65001 {65003 65004}\n\
                    \tBGP.next_hop: 10.9.0.1\n";
        let routes: Vec<_> = parse_routes(text).into_iter().collect();
        let [route] = &routes[..] else { panic!("{routes:?}") };
        assert_eq!(route.as_path, [65001, 65003, 65004]);
        assert_eq!(route.next_hop.to_string(), "10.9.0.1");
    }
}
