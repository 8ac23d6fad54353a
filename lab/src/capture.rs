//! What goes over a wire: a tcpdump for the time of an experiment.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::Signal;

use crate::expect::{ensure, eventually};
use crate::namespace::{Namespace, checked};
use crate::process::Process;

/// A running capture into a file.
pub struct Capture {
    process: Process,
    file: PathBuf,
}

impl Capture {
    /// Starts to capture what matches `filter` (tcpdump's language) on an interface, and waits until it listens.
    pub fn start(namespace: &Namespace, interface: &str, filter: &str) -> Result<Self> {
        let file = namespace.dir()?.join(format!("{interface}.pcap"));
        let mut command = Command::new("tcpdump");
        command
            .args(["-U", "--immediate-mode", "-n", "-Z", "root", "-i", interface, "-w"])
            .arg(&file)
            .arg(filter);
        let process = Process::spawn(namespace, "tcpdump", command)?;
        eventually(Duration::from_secs(5), "tcpdump listens", || {
            ensure(process.log().contains("listening on"), || process.log())
        })?;
        Ok(Self { process, file })
    }

    /// Ends the capture and returns it as tshark's fields, one line a packet, separated by tabs.
    pub fn fields(mut self, filter: &str, fields: &[&str]) -> Result<Vec<String>> {
        std::thread::sleep(Duration::from_millis(200));
        self.process.signal(Signal::SIGINT)?;
        self.process.wait(Duration::from_secs(5)).context("ending tcpdump")?;
        let mut command = Command::new("tshark");
        command.arg("-r").arg(&self.file).args(["-Y", filter, "-T", "fields"]);
        for field in fields {
            command.args(["-e", field]);
        }
        Ok(checked(command.output(), "tshark")?.lines().map(str::to_owned).collect())
    }
}
