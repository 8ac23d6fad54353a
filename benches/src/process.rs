//! What the kernel says of a process: processor time and resident memory.

use std::time::Duration;

use anyhow::{Context, Result};

/// User and system time of `pids` together.
///
/// # Errors
///
/// Where a process is gone.
pub fn processor(pids: &[u32]) -> Result<Duration> {
    pids.iter().map(|pid| processor_of(*pid)).sum()
}

fn processor_of(pid: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in brackets may hold blanks; what follows it does not.
    let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
    let field = |at: usize| -> Result<u64> {
        Ok(fields.split_whitespace().nth(at).context("a short stat")?.parse()?)
    };
    // A tick is 10 ms on every Linux of today.
    Ok(Duration::from_millis(10 * (field(11)? + field(12)?)))
}

/// Resident memory of `pids` together, in octets.
///
/// # Errors
///
/// Where a process is gone.
pub fn resident(pids: &[u32]) -> Result<u64> {
    pids.iter().map(|pid| resident_of(*pid)).sum()
}

fn resident_of(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kib: u64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
    Ok(kib * 1024)
}
