//! A router that shares a gateway by VRRP: ours, FRR's vrrpd or keepalived, from one [`Plan`]; and who holds it, as the
//! wire tells.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;

use crate::capture::Capture;
use crate::daemon::frr::{give_to_frr, spawn_one};
use crate::daemon::{Daemon, Ridgeway};
use crate::expect::{ensure, eventually};
use crate::namespace::{Namespace, checked};
use crate::process::Process;

/// An implementation of VRRP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Member {
    /// The program of this repository.
    Ours,
    /// FRR's vrrpd.
    Frr,
    /// keepalived, with the virtual hardware address.
    Keepalived,
}

/// The virtual router 5 on `eth0`: 10.0.0.254, fe80::5 and 2001:db8::254.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it speaks.
    pub speech: Speech,
    /// Priority.
    pub priority: u8,
    /// Advertisement interval in milliseconds.
    pub interval: u32,
    /// Further lines of the interface block, for ours.
    pub lines: Vec<String>,
    /// What follows the block, for ours and FRR.
    pub more: String,
    /// Further lines of each instance, for keepalived.
    pub keepalived: String,
}

/// Versions and families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// VRRPv3 for both families.
    Both,
    /// VRRPv3 for IPv4 alone.
    V4,
    /// VRRPv2, which is IPv4's.
    Version2,
}

/// A running router.
pub struct Router {
    namespace: Namespace,
    member: Member,
    plan: Plan,
    running: Running,
}

enum Running {
    Nothing,
    Ours(Box<Ridgeway>),
    Others(Vec<Process>),
}

/// One advertisement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Advert {
    /// Seconds since the capture began.
    pub at: String,
    /// `4` or `6`.
    pub version: u8,
    /// Source address.
    pub source: String,
    /// Source hardware address.
    pub mac: String,
    /// TTL or hop limit.
    pub hop_limit: String,
    /// Priority.
    pub priority: u8,
}

impl Plan {
    /// A plan with the usual interval of a second.
    #[must_use]
    pub fn new(priority: u8) -> Self {
        Self {
            speech: Speech::Both,
            priority,
            interval: 1000,
            lines: Vec::new(),
            more: String::new(),
            keepalived: String::new(),
        }
    }

    /// The same in another version or for one family.
    #[must_use]
    pub fn speaking(self, speech: Speech) -> Self {
        Self { speech, ..self }
    }

    /// The same with another interval.
    #[must_use]
    pub fn every(self, interval: u32) -> Self {
        Self { interval, ..self }
    }

    /// The same with another line in the interface block.
    #[must_use]
    pub fn line(mut self, line: &str) -> Self {
        self.lines.push(line.to_owned());
        self
    }

    /// The same with these lines after the interface block.
    #[must_use]
    pub fn more(self, text: &str) -> Self {
        Self { more: text.to_owned(), ..self }
    }

    /// The same with these lines in keepalived's instances.
    #[must_use]
    pub fn keepalived(self, lines: &str) -> Self {
        Self { keepalived: lines.to_owned(), ..self }
    }

    /// As frr.conf.
    #[must_use]
    pub fn frr_conf(&self) -> String {
        let Self { speech, priority, interval, lines, more, keepalived: _ } = self;
        let version = speech.version();
        let v6 = match speech {
            Speech::Both => format!(" vrrp 5 ipv6 {LINK_LOCAL}\n vrrp 5 ipv6 {V6}\n"),
            Speech::V4 | Speech::Version2 => String::new(),
        };
        let lines: String = lines.iter().map(|line| format!(" {line}\n")).collect();
        format!(
            "frr version 8.4\ninterface eth0\n vrrp 5 version {version}\n vrrp 5 priority {priority}\n \
             vrrp 5 advertisement-interval {interval}\n vrrp 5 ip {V4}\n{v6}{lines}exit\n{more}"
        )
    }

    fn keepalived_conf(&self) -> String {
        let seconds = f64::from(self.interval) / 1000.0;
        let instance = |name: &str, extra: &str, addresses: &str| {
            format!(
                "vrrp_instance {name} {{\n interface eth0\n use_vmac\n state BACKUP\n virtual_router_id 5\n \
                 priority {}\n advert_int {seconds}\n {extra}\n {}\n \
                 virtual_ipaddress {{\n {addresses}\n }}\n}}\n",
                self.priority, self.keepalived
            )
        };
        let head = format!("global_defs {{\n vrrp_version {}\n}}\n", self.speech.version());
        let four = instance("FOUR", "", V4);
        match self.speech {
            Speech::Both => {
                let six = instance("SIX", "native_ipv6", &format!("{LINK_LOCAL}\n {V6}"));
                format!("{head}{four}{six}")
            }
            Speech::V4 | Speech::Version2 => format!("{head}{four}"),
        }
    }
}

impl Speech {
    const fn version(self) -> u8 {
        match self {
            Self::Both | Self::V4 => 3,
            Self::Version2 => 2,
        }
    }
}

impl Member {
    /// Whether its programs are there.
    #[must_use]
    pub fn is_available(self) -> bool {
        let program = match self {
            Self::Ours => return true,
            Self::Frr => "/usr/lib/frr/vrrpd",
            Self::Keepalived => "/usr/sbin/keepalived",
        };
        std::path::Path::new(program).exists()
    }
}

impl Router {
    /// Starts it on a namespace's `eth0`.
    pub fn start(namespace: &Namespace, member: Member, plan: Plan) -> Result<Self> {
        let mut router = Self { namespace: namespace.clone(), member, plan, running: Running::Nothing };
        router.start_again()?;
        Ok(router)
    }

    /// Starts it anew.
    pub fn start_again(&mut self) -> Result<()> {
        self.kill();
        self.running = match self.member {
            Member::Ours => {
                let ours = Ridgeway::start_with(&self.namespace, &self.plan.frr_conf())?;
                Running::Ours(Box::new(ours))
            }
            Member::Frr => Running::Others(start_frr(&self.namespace, &self.plan.frr_conf())?),
            Member::Keepalived => {
                Running::Others(vec![start_keepalived(&self.namespace, &self.plan.keepalived_conf())?])
            }
        };
        Ok(())
    }

    /// Ours, for `show` and reloads.
    pub fn ours(&mut self) -> Result<&mut Ridgeway> {
        match &mut self.running {
            Running::Ours(ours) => Ok(ours),
            Running::Nothing | Running::Others(_) => bail!("this router is not ours"),
        }
    }

    /// What it has printed.
    pub fn log(&mut self) -> String {
        match &mut self.running {
            Running::Nothing => String::new(),
            Running::Ours(ours) => ours.process().log(),
            Running::Others(processes) => processes.iter().map(Process::log).collect(),
        }
    }

    /// SIGKILL. What its kernel was told stays told.
    pub fn kill(&mut self) {
        match &mut self.running {
            Running::Nothing => {}
            Running::Ours(ours) => ours.kill(),
            Running::Others(processes) => processes.iter_mut().for_each(Process::kill),
        }
        self.running = Running::Nothing;
    }

    /// SIGTERM, without waiting for what comes of it.
    pub fn terminate(&mut self) -> Result<()> {
        match &mut self.running {
            Running::Nothing => Ok(()),
            Running::Ours(ours) => ours.process().signal(Signal::SIGTERM),
            Running::Others(processes) => {
                processes.iter().rev().try_for_each(|process| process.signal(Signal::SIGTERM))
            }
        }
    }

    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }
}

/// The advertisements that cross an interface for some time, in order.
pub fn adverts(namespace: &Namespace, interface: &str, time: Duration) -> Result<Vec<Advert>> {
    let capture = Capture::start(namespace, interface, ADVERTS)?;
    std::thread::sleep(time);
    read_adverts(capture)
}

/// What a capture with the filter [`ADVERTS`] has caught.
pub fn read_adverts(capture: Capture) -> Result<Vec<Advert>> {
    let fields = ["frame.time_relative", "eth.src", "ip.src", "ip.ttl", "ipv6.src", "ipv6.hlim", "vrrp.prio"];
    let lines = capture.fields("vrrp", &fields)?;
    lines.iter().map(|line| advert(line).with_context(|| format!("what tshark said: {line}"))).collect()
}

/// The senders that are Active, by IP version.
#[must_use]
pub fn actives(adverts: &[Advert]) -> BTreeMap<u8, BTreeSet<String>> {
    let mut found: BTreeMap<u8, BTreeSet<String>> = BTreeMap::new();
    for advert in adverts.iter().filter(|advert| advert.priority > 0) {
        found.entry(advert.version).or_default().insert(advert.source.clone());
    }
    found
}

fn advert(line: &str) -> Option<Advert> {
    let cells: Vec<&str> = line.split('\t').collect();
    let &[at, mac, v4, ttl, v6, hop_limit, priority] = cells.as_slice() else { return None };
    let (version, source, hop_limit) = if v4.is_empty() { (6, v6, hop_limit) } else { (4, v4, ttl) };
    let [at, mac, source, hop_limit] = [at, mac, source, hop_limit].map(str::to_owned);
    Some(Advert { at, version, source, mac, hop_limit, priority: priority.parse().ok()? })
}

/// FRR wants the devices made, with the addresses on them.
fn start_frr(namespace: &Namespace, conf: &str) -> Result<Vec<Process>> {
    let link = |version: u8, kind: u8, addresses: [&str; 2]| -> Result<()> {
        let name = format!("vrrp{version}-op-5");
        if namespace.ip(&format!("link show {name}")).is_ok() {
            return Ok(());
        }
        namespace.ip(&format!("link add {name} link eth0 type macvlan mode bridge"))?;
        namespace.ip(&format!("link set {name} address 00:00:5e:00:0{kind}:05"))?;
        for address in addresses.iter().filter(|address| !address.is_empty()) {
            namespace.add_address(&name, address)?;
        }
        namespace.link_up(&name)
    };
    link(4, 1, [&format!("{V4}/24"), ""])?;
    link(6, 2, [&format!("{LINK_LOCAL}/64"), &format!("{V6}/64")])?;
    let dir = namespace.dir()?.join("frr");
    std::fs::create_dir_all(&dir).context("making FRR's directory")?;
    for entry in std::fs::read_dir(&dir).context("reading FRR's directory")?.flatten() {
        let _ = std::fs::remove_file(entry.path());
    }
    std::fs::write(dir.join("frr.conf"), conf).context("writing frr.conf")?;
    std::fs::write(dir.join("vtysh.conf"), "service integrated-vtysh-config\n").context("vtysh.conf")?;
    give_to_frr(&dir)?;
    let processes = vec![spawn_one(namespace, &dir, "zebra")?, spawn_one(namespace, &dir, "vrrpd")?];
    let dir = dir.display().to_string();
    let output = Command::new("vtysh").args(["--vty_socket", &dir, "--config_dir", &dir, "-b"]).output();
    checked(output, "vtysh -b")?;
    Ok(processes)
}

fn start_keepalived(namespace: &Namespace, conf: &str) -> Result<Process> {
    let dir = namespace.dir()?;
    let (file, pid) = (dir.join("keepalived.conf"), dir.join("keepalived.pid"));
    std::fs::write(&file, conf).context("writing keepalived.conf")?;
    let mut command = Command::new("/usr/sbin/keepalived");
    command.args(["--dont-fork", "--log-console", "--log-detail", "--vrrp", "-f"]).arg(file);
    command.arg("-p").arg(&pid).arg("-r").arg(dir.join("keepalived-vrrp.pid"));
    let mut process = Process::spawn(namespace, "keepalived", command)?;
    eventually(Duration::from_secs(5), "keepalived runs", || {
        process.ensure_running()?;
        ensure(pid.exists(), || "no pid file".to_owned())
    })?;
    Ok(process)
}

/// What a capture of advertisements catches.
pub const ADVERTS: &str = "ip proto 112 or ip6 proto 112";
/// The virtual addresses.
pub const V4: &str = "10.0.0.254";
/// See [`V4`].
pub const LINK_LOCAL: &str = "fe80::5";
/// See [`V4`].
pub const V6: &str = "2001:db8::254";
