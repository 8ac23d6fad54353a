//! What goes over a wire, for the time of an experiment: dumpcap writes, tshark reads.
//!
//! Not tcpdump: it insists on changing its user, which is not possible where only one user exists.

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
    /// Starts to capture what matches `filter` (pcap's language) on an interface, and waits until it listens.
    pub fn start(namespace: &Namespace, interface: &str, filter: &str) -> Result<Self> {
        let file = namespace.dir()?.join(format!("{interface}.pcap"));
        let mut command = Command::new("dumpcap");
        command.args(["-i", interface, "-f", filter, "-w"]).arg(&file);
        // What an earlier capture said says nothing of this one.
        let _ = std::fs::remove_file(namespace.dir()?.join("dumpcap.log"));
        let process = Process::spawn(namespace, "dumpcap", command)?;
        eventually(Duration::from_secs(5), "dumpcap listens", || {
            ensure(process.log().contains("File:"), || process.log())
        })?;
        Ok(Self { process, file })
    }

    /// Ends the capture and returns it as tshark's fields, one line a packet, separated by tabs.
    pub fn fields(self, filter: &str, fields: &[&str]) -> Result<Vec<String>> {
        self.fields_with(&[], (filter, fields))
    }

    /// The same, with preferences of tshark's dissectors (`vrrp.v3_checksum_as_in_v2:TRUE`).
    pub fn fields_with(
        mut self,
        preferences: &[&str],
        (filter, fields): (&str, &[&str]),
    ) -> Result<Vec<String>> {
        // It takes packets from the kernel four times a second.
        std::thread::sleep(Duration::from_millis(600));
        self.process.signal(Signal::SIGINT)?;
        self.process.wait(Duration::from_secs(5)).context("ending dumpcap")?;
        let mut command = Command::new("tshark");
        command.arg("-r").arg(&self.file).args(["-Y", filter, "-T", "fields"]);
        for preference in preferences {
            command.args(["-o", preference]);
        }
        for field in fields {
            command.args(["-e", field]);
        }
        Ok(checked(command.output(), "tshark")?.lines().map(str::to_owned).collect())
    }
}
