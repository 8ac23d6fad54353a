//! The routers that are measured, and the stand-in that only copies.
//!
//! Each sub-module writes a [`Plan`] in its router's language. Whatever can be left out is: no logging beyond warnings,
//! no kernel routes unless the work is about them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use benches::process;
use clap::ValueEnum;
use lab::Process;
use nix::sys::signal::Signal;

use crate::plan::{Plan, To};
use crate::rig::Rig;

mod bird;
mod frr_conf;
mod gobgp;
mod openbgpd;
mod policy;

/// A router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Contender {
    /// Ours.
    Ridgeway,
    Bird,
    Frr,
    Openbgpd,
    Gobgp,
    /// A process that copies the feeds' octets to the listeners: what the loader itself costs.
    CopyThrough,
}

/// A router that runs; ended when it is dropped.
pub struct Running {
    processes: Vec<Process>,
    namespace: String,
}

impl Contender {
    /// How people write it, with its version.
    pub fn title(self) -> String {
        let version = |program: &str, argument: &str| {
            let output = Command::new(program).arg(argument).output().ok()?;
            let text = [output.stdout, output.stderr].concat();
            let text = String::from_utf8_lossy(&text).into_owned();
            let is_version =
                |word: &&str| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.');
            text.split_whitespace().find(is_version).map(|word| word.trim_end_matches(',').to_owned())
        };
        let (name, version) = match self {
            Self::Ridgeway => return "Ridgeway".to_owned(),
            Self::CopyThrough => return "copied through".to_owned(),
            Self::Bird => ("BIRD", version("bird", "--version")),
            Self::Frr => ("FRR", version("/usr/lib/frr/bgpd", "--version")),
            Self::Openbgpd => ("OpenBGPD", version("/usr/sbin/bgpd", "-V")),
            Self::Gobgp => ("GoBGP", version("gobgpd", "--version")),
        };
        version.map_or(name.to_owned(), |version| format!("{name} {version}"))
    }

    /// Whether its program is there.
    pub fn is_installed(self) -> bool {
        let program = match self {
            Self::Ridgeway | Self::CopyThrough => return true,
            Self::Bird => "/usr/sbin/bird",
            Self::Frr => "/usr/lib/frr/bgpd",
            Self::Openbgpd => "/usr/sbin/bgpd",
            Self::Gobgp => "/usr/bin/gobgpd",
        };
        Path::new(program).exists()
    }

    /// Starts it; it may need a while until it answers.
    pub fn start(self, rig: &Rig, plan: &Plan) -> Result<Running> {
        let dir = rig.router.dir()?;
        let processes = match self {
            Self::Ridgeway => vec![ridgeway(rig, &dir, plan)?],
            Self::Bird => vec![bird(rig, &dir, plan)?],
            Self::Frr => frr(rig, &dir, plan)?,
            Self::Openbgpd => vec![openbgpd(rig, &dir, plan)?],
            Self::Gobgp => vec![gobgp(rig, &dir, plan)?],
            Self::CopyThrough => {
                let program = std::env::current_exe().context("finding this program's file")?;
                let mut command = Command::new(program);
                command.arg("--copy-through");
                vec![Process::spawn(&rig.router, "copy-through", command)?]
            }
        };
        Ok(Running { processes, namespace: rig.router.name().to_owned() })
    }
}

impl Running {
    /// Processor time of all its processes.
    pub fn processor(&self) -> Result<Duration> {
        process::processor(&self.pids()?)
    }

    /// Resident memory of all its processes, in octets.
    pub fn resident(&self) -> Result<u64> {
        process::resident(&self.pids()?)
    }

    /// An error, with the end of its log, when it has ended.
    pub fn ensure(&mut self) -> Result<()> {
        self.processes.iter_mut().try_for_each(Process::ensure_running)
    }

    /// Asks it to end; does not wait.
    pub fn ask_to_end(&self) -> Result<()> {
        self.processes.iter().try_for_each(|process| process.signal(Signal::SIGTERM))
    }

    /// Everything that runs in its namespace: the children of its processes too.
    fn pids(&self) -> Result<Vec<u32>> {
        let output = Command::new("ip").args(["netns", "pids", &self.namespace]).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.split_whitespace().map(|pid| pid.parse().context("a process id")).collect()
    }
}

fn ridgeway(rig: &Rig, dir: &Path, plan: &Plan) -> Result<Process> {
    let file = write(dir, "frr.conf", &frr_conf::render(plan))?;
    let mut command = Command::new(lab::binary::ridgeway()?);
    command.arg("--run-dir").arg(dir).arg("run");
    if plan.to == To::Peers {
        command.arg("--no-kernel");
    }
    command.arg(file).env("RUST_LOG", "warn");
    Process::spawn(&rig.router, "ridgeway", command)
}

fn bird(rig: &Rig, dir: &Path, plan: &Plan) -> Result<Process> {
    let file = write(dir, "bird.conf", &bird::render(plan))?;
    let mut command = Command::new("bird");
    command.arg("-f").arg("-c").arg(file).arg("-s").arg(dir.join("bird.ctl"));
    Process::spawn(&rig.router, "bird", command)
}

/// zebra and bgpd; without kernel routes bgpd tells zebra none.
fn frr(rig: &Rig, dir: &Path, plan: &Plan) -> Result<Vec<Process>> {
    let dir = dir.join("frr");
    std::fs::create_dir_all(&dir).context("making FRR's directory")?;
    let user = nix::unistd::User::from_name("frr")?.context("there is no user frr")?;
    std::os::unix::fs::chown(&dir, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
    let bgpd = write(&dir, "bgpd.conf", &frr_conf::render(plan))?;
    let zebra = write(&dir, "zebra.conf", "")?;
    let start = |name: &str, file: &Path, extra: &[&str]| {
        let mut command = Command::new(format!("/usr/lib/frr/{name}"));
        command.args(["-u", "frr", "-g", "frr", "--log", "stdout", "--log-level", "warnings", "-P", "0"]);
        command.arg("-f").arg(file).arg("--vty_socket").arg(&dir).args(extra);
        command.arg("-i").arg(dir.join(format!("{name}.pid"))).arg("-z").arg(dir.join("zserv.api"));
        Process::spawn(&rig.router, name, command)
    };
    let zebra = start("zebra", &zebra, &[])?;
    let give_up = Instant::now() + Duration::from_secs(10);
    while !dir.join("zserv.api").exists() && Instant::now() < give_up {
        std::thread::sleep(Duration::from_millis(20));
    }
    let bgpd = start("bgpd", &bgpd, if plan.to == To::Peers { &["-n"] } else { &[] })?;
    Ok(vec![bgpd, zebra])
}

fn openbgpd(rig: &Rig, dir: &Path, plan: &Plan) -> Result<Process> {
    use std::os::unix::fs::PermissionsExt;
    let file = write(dir, "bgpd.conf", &openbgpd::render(plan, dir))?;
    // It refuses a file that others may read.
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).context("closing bgpd.conf")?;
    // The home of its user; a service manager would have made it.
    std::fs::create_dir_all("/run/openbgpd").context("making /run/openbgpd")?;
    // It announces the loopback's IPv6 address as its next hop on an IPv4 session.
    rig.router.ip("-6 address flush dev lo")?;
    rig.router.add_address("lo", &format!("{}/128", crate::plan::ROUTER6))?;
    let mut command = Command::new("/usr/sbin/bgpd");
    command.arg("-d").arg("-f").arg(file);
    Process::spawn(&rig.router, "openbgpd", command)
}

fn gobgp(rig: &Rig, dir: &Path, plan: &Plan) -> Result<Process> {
    let file = write(dir, "gobgpd.toml", &gobgp::render(plan))?;
    let mut command = Command::new("gobgpd");
    command.arg("-f").arg(file).args(["-p", "--pprof-disable", "--api-hosts", "127.0.0.1:50051"]);
    command.args(["--log-level", "warn"]);
    Process::spawn(&rig.router, "gobgpd", command)
}

fn write(dir: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let file = dir.join(name);
    std::fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
    Ok(file)
}
