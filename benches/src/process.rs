//! What the kernel says of a process: processor time and resident memory.

use std::time::Duration;

use anyhow::{Context, Result};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

/// User and system time of `pids` together.
///
/// # Errors
///
/// Where a process is gone.
pub fn processor(pids: &[u32]) -> Result<Duration> {
    pids.iter().map(|pid| processor_of(*pid)).sum()
}

/// By the process's own clock: to the nanosecond, threads that have ended included.
fn processor_of(pid: u32) -> Result<Duration> {
    let clock = clock_getcpuclockid(Pid::from_raw(i32::try_from(pid)?))?;
    Ok(clock_gettime(clock)?.into())
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
