//! A process inside a namespace: started, signalled by its own id, waited for, its output in a log file.

use std::fs::{File, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{SigSet, Signal, kill, killpg};
use nix::unistd::Pid;

use crate::namespace::Namespace;

/// A running (or ended) child. Dropped, it is killed and reaped.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` inside; what it prints is appended to `<namespace's directory>/<name>.log`.
    pub fn spawn(namespace: &Namespace, name: &str, mut command: Command) -> Result<Self> {
        let log = namespace.dir()?.join(format!("{name}.log"));
        let file = OpenOptions::new().create(true).append(true).open(&log);
        let out: File = file.with_context(|| format!("opening {}", log.display()))?;
        let err = out.try_clone().context("sharing the log")?;
        command.stdin(Stdio::null()).stdout(out).stderr(err).process_group(0);
        let spawned = namespace.enter(|| {
            // A child inherits the signals that this program has blocked, and could then not be asked to end.
            let _ = SigSet::all().thread_unblock();
            command.spawn()
        })?;
        let child = spawned.with_context(|| format!("starting {command:?}"))?;
        namespace.lab().remember_log(log.clone());
        Ok(Self { name: format!("{name} in {}", namespace.label()), child, log })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has printed so far.
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Where it prints to.
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// Octets of memory that it holds (VmRSS).
    pub fn memory(&self) -> Result<u64> {
        self.memory_field("VmRSS:")
    }

    /// The most octets of memory that it has ever held (VmHWM).
    pub fn peak_memory(&self) -> Result<u64> {
        self.memory_field("VmHWM:")
    }

    /// How many file descriptors it has open.
    pub fn descriptors(&self) -> Result<usize> {
        let path = format!("/proc/{}/fd", self.id());
        Ok(std::fs::read_dir(&path).with_context(|| path.clone())?.count())
    }

    /// Processor time that it has used, in the kernel and outside.
    pub fn processor_time(&self) -> Result<Duration> {
        let path = format!("/proc/{}/stat", self.id());
        let text = std::fs::read_to_string(&path).with_context(|| path.clone())?;
        // The program's name may hold anything, so count from its closing bracket: utime and stime are fields 14 and 15.
        let fields = text.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default().split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 1000 / TICKS))
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// An error with the end of its log when it has ended.
    pub fn ensure_running(&mut self) -> Result<()> {
        match self.child.try_wait().context("asking for its status")? {
            None => Ok(()),
            Some(status) => bail!("{} has ended: {status}\n{}", self.name, tail(&self.log(), 20)),
        }
    }

    /// Sends a signal to it and to the children that it has not set apart.
    pub fn signal_group(&self, signal: Signal) -> Result<()> {
        let id = i32::try_from(self.child.id()).context("process id")?;
        killpg(Pid::from_raw(id), signal)
            .with_context(|| format!("sending {signal} to {} and its children", self.name))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let id = i32::try_from(self.child.id()).context("process id")?;
        kill(Pid::from_raw(id), signal).with_context(|| format!("sending {signal} to {}", self.name))
    }

    /// Waits for its end.
    pub fn wait(&mut self, timeout: Duration) -> Result<ExitStatus> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().context("waiting")? {
                return Ok(status);
            }
            if start.elapsed() > timeout {
                bail!("{} still runs after {timeout:?}\n{}", self.name, tail(&self.log(), 20));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// SIGTERM, and waits for its end; SIGKILL after `timeout`, which is an error.
    pub fn stop(&mut self, timeout: Duration) -> Result<ExitStatus> {
        if let Some(status) = self.child.try_wait().context("waiting")? {
            return Ok(status);
        }
        self.signal(Signal::SIGTERM)?;
        let ended = self.wait(timeout);
        if ended.is_err() {
            self.kill();
        }
        ended
    }

    /// SIGKILL to it and its children, and reaps it.
    pub fn kill(&mut self) {
        if self.is_running() {
            let _ = self.signal_group(Signal::SIGKILL);
        }
        let _ = self.child.wait();
    }

    fn memory_field(&self, name: &str) -> Result<u64> {
        let path = format!("/proc/{}/status", self.id());
        let text = std::fs::read_to_string(&path).with_context(|| path.clone())?;
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes: Option<u64> =
            line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
        Ok(kilobytes.with_context(|| format!("no {name} in {path}"))? * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A second in the kernel's accounts (USER_HZ, the same on every architecture that matters here).
const TICKS: u64 = 100;

/// The last lines of a text.
pub(crate) fn tail(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(count)..).unwrap_or_default().join("\n")
}
