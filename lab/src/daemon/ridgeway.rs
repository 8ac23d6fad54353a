//! Ours: `ridgeway run FILE --run-dir DIR`, asked through `ridgeway show … json`.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use ipnet::IpNet;
use nix::sys::signal::Signal;
use serde_json::Value;

use super::{Daemon, Kind, Received, Route, Spec, frr_conf};
use crate::binary;
use crate::expect::{ensure, eventually};
use crate::namespace::Namespace;
use crate::process::Process;

/// A running `ridgeway`.
pub struct Ridgeway {
    namespace: Namespace,
    spec: Option<Spec>,
    program: PathBuf,
    file: PathBuf,
    run_dir: PathBuf,
    process: Process,
}

impl Ridgeway {
    /// Starts it as this spec says.
    pub fn start(namespace: &Namespace, spec: &Spec) -> Result<Self> {
        let mut daemon = Self::start_with(namespace, &frr_conf::render(spec))?;
        daemon.spec = Some(spec.clone());
        Ok(daemon)
    }

    /// Starts it with this frr.conf.
    pub fn start_with(namespace: &Namespace, conf: &str) -> Result<Self> {
        let program = binary::ridgeway()?;
        let dir = namespace.dir()?;
        let (file, run_dir) = (dir.join("frr.conf"), dir.join("run"));
        std::fs::create_dir_all(&run_dir).context("making the run directory")?;
        std::fs::write(&file, conf).context("writing frr.conf")?;
        let process = Process::spawn(namespace, "ridgeway", command(&program, &file, &run_dir))?;
        let mut daemon = Self { namespace: namespace.clone(), spec: None, program, file, run_dir, process };
        daemon.await_ready()?;
        Ok(daemon)
    }

    /// `ridgeway show WORDS`, as text.
    pub fn show(&self, words: &str) -> Result<String> {
        let program = self.program.display().to_string();
        let run_dir = self.run_dir.display().to_string();
        let mut args = vec!["--run-dir", &run_dir, "show"];
        args.extend(words.split_whitespace());
        self.namespace.run(&program, &args)
    }

    /// `ridgeway show WORDS json`.
    pub fn show_json(&self, words: &str) -> Result<Value> {
        let text = self.show(&format!("{words} json"))?;
        serde_json::from_str(&text).with_context(|| format!("`show {words} json` said {text}"))
    }

    /// The configuration file.
    pub fn file(&self) -> &std::path::Path {
        &self.file
    }

    /// The directory of its sockets.
    pub fn run_dir(&self) -> &std::path::Path {
        &self.run_dir
    }

    /// Writes another frr.conf and asks to read it (SIGHUP).
    pub fn reload(&mut self, conf: &str) -> Result<()> {
        std::fs::write(&self.file, conf).context("writing frr.conf")?;
        self.process.signal(Signal::SIGHUP)
    }

    fn reload_spec(&mut self) -> Result<()> {
        let spec = self.spec.as_ref().context("this daemon was started with a file, not with a spec")?;
        let conf = frr_conf::render(spec);
        self.reload(&conf)
    }

    fn await_ready(&mut self) -> Result<()> {
        let socket = self.run_dir.join("bgpd.vty");
        let process = &mut self.process;
        eventually(Duration::from_secs(10), "ridgeway answers on its socket", || {
            process.ensure_running()?;
            ensure(socket.exists(), || format!("no {}", socket.display()))
        })
    }
}

impl Daemon for Ridgeway {
    fn kind(&self) -> Kind {
        Kind::Ridgeway
    }

    fn established(&self, neighbor: IpAddr) -> Result<bool> {
        Ok(frr_established(&self.show_json("bgp summary")?, neighbor))
    }

    fn received(&self, neighbor: IpAddr) -> Result<BTreeSet<Received>> {
        let mut all = BTreeSet::new();
        for family in ["ipv4", "ipv6"] {
            all.extend(frr_routes(&self.show_json(&format!("bgp {family} unicast"))?, neighbor));
        }
        Ok(all)
    }

    fn announce(&mut self, route: &Route) -> Result<()> {
        if let Some(spec) = &mut self.spec {
            spec.put_route(route);
        }
        self.reload_spec()
    }

    fn withdraw(&mut self, prefix: IpNet) -> Result<()> {
        if let Some(spec) = &mut self.spec {
            spec.remove_route(prefix);
        }
        self.reload_spec()
    }

    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn start_again(&mut self) -> Result<()> {
        self.process.kill();
        let _ = std::fs::remove_file(self.run_dir.join("bgpd.vty"));
        let command = command(&self.program, &self.file, &self.run_dir);
        self.process = Process::spawn(&self.namespace, "ridgeway", command)?;
        self.await_ready()
    }
}

fn command(program: &std::path::Path, file: &std::path::Path, run_dir: &std::path::Path) -> Command {
    let mut command = Command::new(program);
    command.arg("run").arg(file).arg("--run-dir").arg(run_dir);
    command
}

/// Whether a neighbour is established by FRR's `show bgp summary json`.
pub(super) fn frr_established(summary: &Value, neighbor: IpAddr) -> bool {
    let families = summary.as_object().into_iter().flat_map(|families| families.values());
    families
        .filter_map(|family| family.get("peers")?.get(neighbor.to_string()))
        .any(|peer| peer["state"] == "Established")
}

/// The routes of one neighbour in FRR's `show bgp FAMILY unicast json`.
pub(super) fn frr_routes(table: &Value, neighbor: IpAddr) -> BTreeSet<Received> {
    let from = neighbor.to_string();
    let routes = table.get("routes").and_then(Value::as_object).into_iter().flatten();
    routes
        .filter_map(|(prefix, paths)| Some((prefix.parse().ok()?, paths.as_array()?)))
        .flat_map(|(prefix, paths)| paths.iter().map(move |path| (prefix, path)))
        .filter(|(_, path)| path["peerId"] == from.as_str())
        .filter_map(|(prefix, path)| {
            Some(Received { prefix, next_hop: next_hop(path)?, as_path: as_path(path) })
        })
        .collect()
}

fn next_hop(path: &Value) -> Option<IpAddr> {
    let hops = path.get("nexthops")?.as_array()?;
    let global = hops.iter().find(|hop| hop["scope"] == "global").or(hops.first())?;
    global.get("ip")?.as_str()?.parse().ok()
}

fn as_path(path: &Value) -> Vec<u32> {
    let text = path.get("path").and_then(Value::as_str).unwrap_or_default();
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|asn| asn.parse().ok()).collect()
}
