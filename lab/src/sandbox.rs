//! The rights a lab needs: network namespaces, and how to come by them without being root.
//!
//! As root with `CAP_NET_ADMIN` nothing is to do. Otherwise the process replaces itself (`exec`) by itself inside
//! fresh user, network and mount namespaces, with a tmpfs over `/run` so that `/run/netns` can be written. `exec`
//! replaces every thread, so it may be called from a test thread: the test harness simply starts over, once.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

/// Makes sure that network namespaces can be made here, starting over in a user namespace when need be.
///
/// Does its work once for each process. Also removes what labs that no longer run have left behind.
pub fn enter() -> Result<()> {
    static ENTERED: OnceLock<Result<(), String>> = OnceLock::new();
    ENTERED
        .get_or_init(|| prepare().map_err(|error| format!("{error:#}")))
        .clone()
        .map_err(|text| anyhow::anyhow!("{text}"))
}

/// Whether this process runs inside a user namespace of its own making, where only one user id exists.
pub fn is_unprivileged() -> bool {
    std::env::var_os(MARK).is_some()
}

fn prepare() -> Result<()> {
    if is_unprivileged() {
        return furnish();
    }
    if may_make_namespaces() {
        sweep();
        return Ok(());
    }
    let program = std::env::current_exe().context("finding this program's file")?;
    let error = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--mount", "--"])
        .arg(program)
        .args(std::env::args_os().skip(1))
        .env(MARK, "1")
        .exec();
    bail!("network namespaces need root or user namespaces, and `unshare` could not start: {error}")
}

/// Inside the user namespace: a private `/run`, the loopback up, and root a member of FRR's group (`daemon::frr`).
fn furnish() -> Result<()> {
    for (program, args) in [
        ("mount", &["-t", "tmpfs", "tmpfs", "/run"] as &[&str]),
        ("mkdir", &["-p", "/run/netns"]),
        ("ip", &["link", "set", "lo", "up"]),
        ("sh", &["-c", "sed 's/^frrvty:.*/&,root/; s/:,root/:root/' /etc/group >/run/group"]),
        ("mount", &["--bind", "/run/group", "/etc/group"]),
    ] {
        let done = Command::new(program).args(args).output().with_context(|| format!("running {program}"))?;
        if !done.status.success() {
            bail!("{program} {}: {}", args.join(" "), String::from_utf8_lossy(&done.stderr).trim());
        }
    }
    Ok(())
}

fn may_make_namespaces() -> bool {
    let name = format!("{PREFIX}{}-probe", std::process::id());
    let made = Command::new("ip").args(["netns", "add", &name]).output().is_ok_and(|o| o.status.success());
    if made {
        let _ = Command::new("ip").args(["netns", "del", &name]).output();
    }
    made
}

/// Removes what labs whose process is gone have left: namespaces, with whatever still runs inside them, and files.
fn sweep() {
    remove_of(|owner| !Path::new("/proc").join(owner).exists());
}

/// Removes everything that the labs of this very process have made. For a program that must end at once.
pub fn remove_own() {
    let own = std::process::id().to_string();
    remove_of(|owner| owner == own);
}

fn remove_of(doomed: impl Fn(&str) -> bool) {
    let owner_of = |name: &str, prefix: &str| -> Option<String> {
        let owner = name.strip_prefix(prefix)?.split('-').next()?;
        owner.parse::<u32>().is_ok().then(|| owner.to_owned())
    };
    for name in names_in(Path::new("/run/netns")) {
        if owner_of(&name, PREFIX).is_some_and(|owner| doomed(&owner)) {
            crate::namespace::remove(&name);
        }
    }
    let files = std::env::temp_dir();
    for name in names_in(&files) {
        if owner_of(&name, DIR_PREFIX).is_some_and(|owner| doomed(&owner)) {
            let _ = std::fs::remove_dir_all(files.join(name));
        }
    }
}

fn names_in(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Every namespace is called `rw<process id>-<number>-<name>`: unique on the machine, and its owner can be told.
pub(crate) const PREFIX: &str = "rw";

/// Directories are called `ridgeway-lab-<process id>-<random>`.
pub(crate) const DIR_PREFIX: &str = "ridgeway-lab-";

const MARK: &str = "LAB_SANDBOX";
