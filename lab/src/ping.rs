//! A ping that runs for the whole of an experiment, and what it lost.

use std::net::IpAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;

use crate::namespace::Namespace;
use crate::process::Process;

/// A running ping.
pub struct Ping {
    process: Process,
    interval: Duration,
    target: IpAddr,
}

/// What came of a ping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Echo requests sent.
    pub sent: u32,
    /// Answers.
    pub received: u32,
    /// The longest run of requests without an answer.
    pub longest_gap: u32,
    /// The time between two requests, as it was asked for: an unanswered ping is slower.
    pub interval: Duration,
    /// The longest time from one answer to the next.
    pub silence: Duration,
}

impl Ping {
    /// Starts to ping `target` every `interval` (10 ms at the least), from `source` when given.
    pub fn start(
        from: &Namespace,
        target: IpAddr,
        source: Option<IpAddr>,
        interval: Duration,
    ) -> Result<Self> {
        let mut command = Command::new("ping");
        // `-O` reports each missing answer when the next request goes out, so a stall is seen while it lasts.
        command.args(["-n", "-D", "-O", "-W", "1", "-i", &format!("{:.3}", interval.as_secs_f32())]);
        if let Some(source) = source {
            command.args(["-I", &source.to_string()]);
        }
        command.arg(target.to_string());
        let name = format!("ping-{}", target.to_string().replace(':', "_"));
        let log = from.dir()?.join(format!("{name}.log"));
        let _ = std::fs::remove_file(log);
        Ok(Self { process: Process::spawn(from, &name, command)?, interval, target })
    }

    /// Whom it pings.
    pub fn target(&self) -> IpAddr {
        self.target
    }

    /// What was lost so far; requests still under way count as neither sent nor lost.
    pub fn so_far(&self) -> Loss {
        let mut answered: Vec<u32> = sequence_numbers(&self.process.log());
        answered.sort_unstable();
        answered.dedup();
        let missing = self.process.log().lines().filter_map(missed).max().unwrap_or(0);
        let sent = answered.last().copied().unwrap_or(0).max(missing);
        Loss { silence: silence(&self.process.log()), ..Loss::count(&answered, sent, self.interval) }
    }

    /// Whether the latest request that was due has no answer.
    pub fn stalled(&self) -> bool {
        let log = self.process.log();
        log.lines().rev().find(|line| line.contains("icmp_seq=")).is_none_or(|line| missed(line).is_some())
    }

    /// Ends it and says what was lost in all.
    pub fn finish(mut self) -> Result<Loss> {
        // Answers to the last requests are still under way.
        std::thread::sleep(Duration::from_millis(100));
        self.process.signal(Signal::SIGINT)?;
        self.process.wait(Duration::from_secs(5))?;
        let log = self.process.log();
        if !log.contains("packets transmitted") {
            bail!("ping {} said: {log}", self.target);
        }
        Ok(self.so_far())
    }
}

impl Loss {
    /// Requests without an answer.
    pub fn lost(&self) -> u32 {
        self.sent.saturating_sub(self.received)
    }

    /// The longest time without an answer.
    pub fn longest(&self) -> Duration {
        self.interval * self.longest_gap
    }

    fn count(answered: &[u32], sent: u32, interval: Duration) -> Self {
        let (mut previous, mut longest_gap) = (0, 0);
        for number in answered.iter().copied().chain([sent.saturating_add(1)]) {
            longest_gap = longest_gap.max(number.saturating_sub(previous).saturating_sub(1));
            previous = number;
        }
        let received = answered.len().try_into().unwrap_or(u32::MAX);
        Self { sent, received, longest_gap, interval, silence: Duration::ZERO }
    }
}

impl std::fmt::Display for Loss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (lost, sent) = (self.lost(), self.sent);
        write!(f, "{lost} of {sent} lost, longest gap {} ms, ", self.longest().as_millis())?;
        write!(f, "longest silence {} ms", self.silence.as_millis())
    }
}

/// Whether one or more pings get through: `count` requests, the last answer awaited for a second.
pub fn reaches(from: &Namespace, target: &str, source: Option<&str>) -> Result<()> {
    let mut args = vec!["-n", "-c", "2", "-i", "0.05", "-W", "1"];
    if let Some(source) = source {
        args.extend(["-I", source]);
    }
    args.push(target);
    from.run("ping", &args).map(drop).with_context(|| format!("{} does not reach {target}", from.label()))
}

fn sequence_numbers(log: &str) -> Vec<u32> {
    log.lines()
        .filter(|line| line.contains("bytes from") && !line.contains("DUP!"))
        .filter_map(sequence)
        .collect()
}

/// The longest time between two answers; each line begins with the time of day.
fn silence(log: &str) -> Duration {
    let at = |line: &str| -> Option<f64> { line.strip_prefix('[')?.split(']').next()?.parse().ok() };
    let answers: Vec<f64> = log.lines().filter(|line| line.contains("bytes from")).filter_map(at).collect();
    let longest =
        answers.windows(2).filter_map(|pair| Some(pair.last()? - pair.first()?)).fold(0.0, f64::max);
    Duration::from_secs_f64(longest)
}

fn missed(line: &str) -> Option<u32> {
    line.contains("no answer yet").then(|| sequence(line)).flatten()
}

fn sequence(line: &str) -> Option<u32> {
    line.split("icmp_seq=").nth(1)?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_gap_counts_missing_answers_in_the_middle_and_at_the_end() {
        let loss = Loss::count(&[1, 2, 5, 6], 9, Duration::from_millis(10));
        assert_eq!((loss.sent, loss.received, loss.lost(), loss.longest_gap), (9, 4, 5, 3));
        assert_eq!(loss.longest(), Duration::from_millis(30));
    }

    #[test]
    fn silence_is_between_answers_that_came() {
        let log = "[10.5] 64 bytes from a: icmp_seq=1\n[10.6] no answer yet for icmp_seq=2\n[12.0] 64 bytes from a: icmp_seq=3\n";
        assert_eq!(silence(log), Duration::from_millis(1500));
    }

    #[test]
    fn answers_and_missing_answers_are_read_from_the_output_of_ping() {
        let log = "64 bytes from 10.0.0.1: icmp_seq=3 ttl=64 time=0.1 ms\nno answer yet for icmp_seq=4\n";
        assert_eq!(sequence_numbers(log), [3]);
        assert_eq!(log.lines().filter_map(missed).collect::<Vec<_>>(), [4]);
    }
}
