//! FRR: zebra, staticd and bgpd with sockets and pid files of their own, fed and asked through vtysh.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result};
use ipnet::IpNet;
use serde_json::Value;

use super::ridgeway::{frr_established, frr_routes};
use super::{Daemon, Kind, Received, Route, Spec, frr_conf};
use crate::expect::{ensure, eventually};
use crate::namespace::{Namespace, checked};
use crate::process::Process;
use crate::sandbox;

/// A running FRR.
pub struct Frr {
    namespace: Namespace,
    dir: PathBuf,
    routes: usize,
    bgpd: Process,
    others: Vec<Process>,
}

impl Frr {
    /// Starts it as this spec says.
    pub fn start(namespace: &Namespace, spec: &Spec) -> Result<Self> {
        let mut daemon = Self::start_with(namespace, &frr_conf::render(spec))?;
        daemon.routes = spec.routes.len();
        Ok(daemon)
    }

    /// Starts it with this frr.conf.
    pub fn start_with(namespace: &Namespace, conf: &str) -> Result<Self> {
        let dir = namespace.dir()?.join("frr");
        std::fs::create_dir_all(&dir).context("making FRR's directory")?;
        std::fs::write(dir.join("frr.conf"), conf).context("writing frr.conf")?;
        std::fs::write(dir.join("vtysh.conf"), "service integrated-vtysh-config\n").context("vtysh.conf")?;
        give_to_frr(&dir)?;
        let (bgpd, others) = spawn(namespace, &dir)?;
        let daemon = Self { namespace: namespace.clone(), dir, routes: 0, bgpd, others };
        daemon.load()?;
        Ok(daemon)
    }

    /// What vtysh answers to these commands.
    pub fn vtysh(&self, commands: &[&str]) -> Result<String> {
        let mut command = Command::new("vtysh");
        command.arg("--vty_socket").arg(&self.dir).arg("--config_dir").arg(&self.dir);
        for line in commands {
            command.args(["-c", line]);
        }
        checked(command.output(), &format!("vtysh -c {commands:?}"))
    }

    /// What vtysh answers to `WORDS json`.
    pub fn show_json(&self, words: &str) -> Result<Value> {
        let text = self.vtysh(&[&format!("{words} json")])?;
        serde_json::from_str(&text).with_context(|| format!("`{words} json` said {text}"))
    }

    /// Has vtysh read frr.conf into the daemons, as FRR's own start script does.
    fn load(&self) -> Result<()> {
        let dir = self.dir.display().to_string();
        let output = Command::new("vtysh").args(["--vty_socket", &dir, "--config_dir", &dir, "-b"]).output();
        checked(output, "vtysh -b").map(drop)
    }
}

impl Daemon for Frr {
    fn kind(&self) -> Kind {
        Kind::Frr
    }

    fn established(&self, neighbor: IpAddr) -> Result<bool> {
        Ok(frr_established(&self.show_json("show bgp summary")?, neighbor))
    }

    fn received(&self, neighbor: IpAddr) -> Result<BTreeSet<Received>> {
        let mut all = BTreeSet::new();
        for family in ["ipv4", "ipv6"] {
            all.extend(frr_routes(&self.show_json(&format!("show bgp {family} unicast"))?, neighbor));
        }
        Ok(all)
    }

    fn announce(&mut self, route: &Route) -> Result<()> {
        let map = frr_conf::route_map(self.routes, route).unwrap_or_default();
        let network = frr_conf::network_line(self.routes, route);
        self.routes += 1;
        let mut lines = vec!["configure terminal"];
        lines.extend(map.lines().filter(|line| *line != "!"));
        let family = family_line(route.prefix);
        lines.extend(["router bgp", &family, &network]);
        self.vtysh(&lines).map(drop)
    }

    fn withdraw(&mut self, prefix: IpNet) -> Result<()> {
        let (family, line) = (family_line(prefix), format!("no network {prefix}"));
        self.vtysh(&["configure terminal", "router bgp", &family, &line]).map(drop)
    }

    fn process(&mut self) -> &mut Process {
        &mut self.bgpd
    }

    fn stop(&mut self) -> Result<ExitStatus> {
        let status = self.bgpd.stop(Duration::from_secs(5));
        for process in &mut self.others {
            process.stop(Duration::from_secs(5))?;
        }
        status
    }

    fn kill(&mut self) {
        self.bgpd.kill();
        for process in &mut self.others {
            process.kill();
        }
    }

    fn start_again(&mut self) -> Result<()> {
        self.kill();
        (self.bgpd, self.others) = spawn(&self.namespace, &self.dir)?;
        self.load()
    }
}

/// Starts the three daemons; returns once each listens for vtysh.
fn spawn(namespace: &Namespace, dir: &Path) -> Result<(Process, Vec<Process>)> {
    for entry in std::fs::read_dir(dir).context("reading FRR's directory")?.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "vty" || extension == "api") {
            let _ = std::fs::remove_file(path);
        }
    }
    let zebra = spawn_one(namespace, dir, "zebra")?;
    let staticd = spawn_one(namespace, dir, "staticd")?;
    let bgpd = spawn_one(namespace, dir, "bgpd")?;
    Ok((bgpd, vec![zebra, staticd]))
}

pub(crate) fn spawn_one(namespace: &Namespace, dir: &Path, name: &str) -> Result<Process> {
    let mut command = Command::new(format!("/usr/lib/frr/{name}"));
    let user = frr_user();
    command.args(["-u", user, "-g", user, "-f", "/dev/null", "--log", "stdout", "-P", "0"]);
    command.arg("--vty_socket").arg(dir);
    command.arg("-i").arg(dir.join(format!("{name}.pid")));
    command.arg("-z").arg(dir.join("zserv.api"));
    let mut process = Process::spawn(namespace, name, command)?;
    let socket = dir.join(format!("{name}.vty"));
    eventually(Duration::from_secs(10), &format!("{name} listens for vtysh"), || {
        process.ensure_running()?;
        ensure(socket.exists(), || format!("no {}", socket.display()))
    })?;
    Ok(process)
}

/// FRR refuses users outside of its `frrvty` group, so it gives up root for its own user. In a user namespace that
/// user does not exist, and the sandbox has made root a member of the group.
fn frr_user() -> &'static str {
    if sandbox::is_unprivileged() { "root" } else { "frr" }
}

pub(crate) fn give_to_frr(dir: &Path) -> Result<()> {
    let user = nix::unistd::User::from_name(frr_user()).context("looking FRR's user up")?;
    let user = user.context("there is no user frr")?;
    std::os::unix::fs::chown(dir, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
        .context("giving FRR its directory")
}

fn family_line(prefix: IpNet) -> String {
    let family = if prefix.addr().is_ipv4() { "ipv4" } else { "ipv6" };
    format!("address-family {family} unicast")
}
