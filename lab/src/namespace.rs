//! One network namespace: addresses, links, routes, and running things inside it.
//!
//! Work "inside" is done by a thread that joins the namespace and ends ([`Namespace::enter`]): sockets opened and
//! processes started there stay there. IPv6 duplicate address detection is off, so that an address works at once.

use std::collections::BTreeSet;
use std::fs::File;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use ipnet::IpNet;
use nix::sched::{CloneFlags, setns};
use serde_json::Value;

use crate::topology::Inner;

/// A network namespace of a [`Lab`](crate::Lab). Clones mean the same namespace; the lab removes it.
#[derive(Clone)]
pub struct Namespace {
    lab: Arc<Inner>,
    label: String,
    name: String,
}

/// A route of the kernel, as far as tests look at it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KernelRoute {
    /// Destination.
    pub prefix: IpNet,
    /// Gateways in order of address; empty for connected and blackhole routes.
    pub gateways: Vec<IpAddr>,
    /// Outgoing interfaces, in the order of the kernel's answer.
    pub devices: Vec<String>,
    /// `bgp`, `static`, `kernel` …
    pub protocol: String,
    /// Metric (priority).
    pub metric: u32,
    /// `unicast`, `blackhole` …
    pub kind: String,
}

impl Namespace {
    pub(crate) fn create(lab: Arc<Inner>, label: &str, name: String) -> Result<Self> {
        checked(Command::new("ip").args(["netns", "add", &name]).output(), &format!("ip netns add {name}"))?;
        let namespace = Self { lab, label: label.to_owned(), name };
        namespace.enter(|| {
            // Before any interface exists, so that each takes the defaults.
            for family in ["all", "default"] {
                let _ = std::fs::write(format!("/proc/sys/net/ipv6/conf/{family}/accept_dad"), "0");
                let _ = std::fs::write(format!("/proc/sys/net/ipv4/conf/{family}/rp_filter"), "0");
            }
        })?;
        namespace.ip("link set lo up")?;
        Ok(namespace)
    }

    /// The name given by the test (`router1`).
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The name on this machine, for `ip netns exec`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A directory of this namespace's own, for configuration, sockets and logs. Removed with the lab.
    pub fn dir(&self) -> Result<PathBuf> {
        let dir = self.lab.dir().join(&self.label);
        std::fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
        Ok(dir)
    }

    pub(crate) fn lab(&self) -> &Arc<Inner> {
        &self.lab
    }

    /// Runs `work` on a thread that has joined this namespace.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T> {
        let path = Path::new("/run/netns").join(&self.name);
        let file = File::open(&path).with_context(|| format!("opening {}", path.display()))?;
        std::thread::scope(|scope| {
            scope
                .spawn(move || {
                    setns(file, CloneFlags::CLONE_NEWNET).context("joining the namespace")?;
                    Ok(work())
                })
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Runs a program inside to its end and returns what it printed; a failing status is an error with its text.
    pub fn run(&self, program: &str, args: &[&str]) -> Result<String> {
        let what = format!("{program} {} (in {})", args.join(" "), self.label);
        let output = self.enter(|| Command::new(program).args(args).output())?;
        checked(output, &what)
    }

    /// `ip` inside, the arguments separated by blanks: `ip("link set eth0 up")`.
    pub fn ip(&self, arguments: &str) -> Result<String> {
        self.run("ip", &arguments.split_whitespace().collect::<Vec<_>>())
    }

    /// Adds an address (`192.0.2.1/24`, `2001:db8::1/64`) to an interface.
    pub fn add_address(&self, interface: &str, address: &str) -> Result<()> {
        let nodad = if address.contains(':') { " nodad" } else { "" };
        self.ip(&format!("address add {address} dev {interface}{nodad}")).map(drop)
    }

    /// Sets an interface up.
    pub fn link_up(&self, interface: &str) -> Result<()> {
        self.ip(&format!("link set {interface} up")).map(drop)
    }

    /// Sets an interface down. IPv6 addresses are kept, as a cable pulled would.
    pub fn link_down(&self, interface: &str) -> Result<()> {
        self.enter(|| {
            let knob = format!("/proc/sys/net/ipv6/conf/{interface}/keep_addr_on_down");
            let _ = std::fs::write(knob, "1");
        })?;
        self.ip(&format!("link set {interface} down")).map(drop)
    }

    /// Forwards packets, both families, with flows spread over equal paths by addresses and ports.
    pub fn forward(&self) -> Result<()> {
        let done: std::io::Result<()> = self.enter(|| {
            for knob in ["ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/fib_multipath_hash_policy"] {
                std::fs::write(format!("/proc/sys/net/{knob}"), "1")?;
            }
            std::fs::write("/proc/sys/net/ipv6/fib_multipath_hash_policy", "1")
        })?;
        done.with_context(|| format!("turning forwarding on in {}", self.label))
    }

    /// Kernel routes of both families that `ip route show SELECTOR` lists (`proto bgp`, `table all` …).
    pub fn routes(&self, selector: &str) -> Result<Vec<KernelRoute>> {
        let mut routes = Vec::new();
        for family in ["-4", "-6"] {
            let text = self.ip(&format!("{family} -j route show {selector}"))?;
            let rows: Value = if text.trim().is_empty() {
                Value::Array(Vec::new())
            } else {
                serde_json::from_str(&text).context("reading the answer of `ip -j route`")?
            };
            merge_rows(rows.as_array().map_or(&[][..], Vec::as_slice), family, &mut routes);
        }
        routes.sort();
        Ok(routes)
    }

    /// The routes that a BGP daemon has put into the kernel (BIRD marks its own `bird`).
    pub fn bgp_routes(&self) -> Result<Vec<KernelRoute>> {
        let mut routes = self.routes("")?;
        routes.retain(|route| matches!(route.protocol.as_str(), "bgp" | "bird"));
        Ok(routes)
    }

    /// The gateways of one prefix among the BGP routes, `None` when there is no such route.
    pub fn gateways(&self, prefix: &str) -> Result<Option<BTreeSet<IpAddr>>> {
        let prefix: IpNet = prefix.parse().with_context(|| format!("prefix {prefix}"))?;
        let found = self.bgp_routes()?.into_iter().find(|route| route.prefix == prefix);
        Ok(found.map(|route| route.gateways.into_iter().collect()))
    }

    /// The link-local IPv6 address of an interface.
    pub fn link_local(&self, interface: &str) -> Result<IpAddr> {
        let found = self.ipv6_addresses(interface, "link")?;
        found
            .into_iter()
            .next()
            .with_context(|| format!("{interface} in {} has no link-local address", self.label))
    }

    /// The IPv6 addresses of an interface that have this scope (`link`, `global`).
    pub fn ipv6_addresses(&self, interface: &str, scope: &str) -> Result<Vec<IpAddr>> {
        let text = self.ip(&format!("-6 -j address show dev {interface} scope {scope}"))?;
        let rows: Value = serde_json::from_str(&text).context("reading the answer of `ip -j address`")?;
        let addresses = rows.pointer("/0/addr_info").and_then(Value::as_array).into_iter().flatten();
        // Addresses of other scopes leave empty rows.
        Ok(addresses.filter_map(|row| row.get("local")?.as_str()?.parse().ok()).collect())
    }
}

/// Ends what runs in a namespace and removes it.
pub(crate) fn remove(name: &str) {
    let pids = Command::new("ip").args(["netns", "pids", name]).output();
    for pid in pids.iter().flat_map(|output| output.stdout.split(|byte| *byte == b'\n')) {
        if let Some(pid) = std::str::from_utf8(pid).ok().and_then(|text| text.trim().parse::<i32>().ok()) {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::SIGKILL);
        }
    }
    let _ = Command::new("ip").args(["netns", "del", name]).output();
}

/// The output of a finished command, or an error that carries what it said.
pub fn checked(output: std::io::Result<Output>, what: &str) -> Result<String> {
    let output = output.with_context(|| format!("starting {what}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        bail!("{what}: {}: {} {}", output.status, error.trim(), text.trim());
    }
    Ok(text)
}

/// IPv6 multipath routes come as one row for each next hop in some kernels and as one row in others.
fn merge_rows(rows: &[Value], family: &str, routes: &mut Vec<KernelRoute>) {
    for row in rows {
        let Some(route) = kernel_route(row, family) else { continue };
        let twin = routes.iter_mut().find(|old| {
            old.prefix == route.prefix && old.metric == route.metric && old.protocol == route.protocol
        });
        match twin {
            Some(old) => {
                old.gateways.extend(route.gateways);
                old.gateways.sort();
                old.devices.extend(route.devices);
            }
            None => routes.push(route),
        }
    }
}

fn kernel_route(row: &Value, family: &str) -> Option<KernelRoute> {
    let text = |key: &str| row.get(key).and_then(Value::as_str).map(str::to_owned);
    let destination = match text("dst")?.as_str() {
        "default" if family == "-4" => "0.0.0.0/0".to_owned(),
        "default" => "::/0".to_owned(),
        host if host.contains('/') => host.to_owned(),
        host if host.contains(':') => format!("{host}/128"),
        host => format!("{host}/32"),
    };
    let hops = match row.get("nexthops").and_then(Value::as_array) {
        Some(list) => list.iter().collect(),
        None => vec![row],
    };
    let gateway = |hop: &Value| {
        hop.get("gateway")
            .and_then(Value::as_str)
            .or_else(|| hop.pointer("/via/host").and_then(Value::as_str))
            .and_then(|text| text.parse().ok())
    };
    let mut gateways: Vec<IpAddr> = hops.iter().filter_map(|hop| gateway(hop)).collect();
    gateways.sort();
    Some(KernelRoute {
        prefix: destination.parse().ok()?,
        gateways,
        devices: hops.iter().filter_map(|hop| hop.get("dev")?.as_str().map(str::to_owned)).collect(),
        protocol: text("protocol").unwrap_or_default(),
        metric: row.get("metric").and_then(Value::as_u64).and_then(|n| n.try_into().ok()).unwrap_or(0),
        kind: text("type").unwrap_or_else(|| "unicast".to_owned()),
    })
}
