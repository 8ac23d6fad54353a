//! How much each peer may have written into the log.
//!
//! A peer can make an event of 23 octets, at the speed of its line, and a disk is full sooner than that. Each may
//! have [`BURST`] lines at once and [`EACH_SECOND`] from then on; what goes unwritten is counted, and said with the
//! next line that is written.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use bgp_core::Instant;

/// What every peer has left.
#[derive(Debug, Default)]
pub(super) struct Allowances {
    /// Only those who have less than all of it.
    of: BTreeMap<IpAddr, Allowance>,
}

#[derive(Debug)]
struct Allowance {
    left: u32,
    refilled: Instant,
    left_out: u64,
}

impl Allowances {
    /// Takes a line from what `peer` has left: how many were left out before it, or `None` if this one is as well.
    pub(super) fn take(&mut self, peer: IpAddr, now: Instant) -> Option<u64> {
        if self.of.len() >= PEERS {
            self.of.retain(|_, allowance| !allowance.is_whole(now));
        }
        let whole = Allowance { left: BURST, refilled: now, left_out: 0 };
        let allowance = self.of.entry(peer).or_insert(whole);
        allowance.refill(now);
        if allowance.left == 0 {
            allowance.left_out += 1;
            return None;
        }
        allowance.left -= 1;
        Some(std::mem::take(&mut allowance.left_out))
    }
}

impl Allowance {
    fn refill(&mut self, now: Instant) {
        let seconds = (now - self.refilled).as_secs();
        let more = u32::try_from(seconds).unwrap_or(u32::MAX).saturating_mul(EACH_SECOND);
        self.left = self.left.saturating_add(more).min(BURST);
        self.refilled += Duration::from_secs(seconds);
    }

    /// True if nothing but a count is lost by forgetting it.
    fn is_whole(&self, now: Instant) -> bool {
        now - self.refilled >= Duration::from_secs(u64::from(BURST / EACH_SECOND))
    }
}

/// Lines at once.
const BURST: u32 = 60;
/// Lines from then on.
const EACH_SECOND: u32 = 5;
/// Peers to remember before those are forgotten who have all of it again.
const PEERS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    #[test]
    fn what_exceeds_the_allowance_is_counted_and_said_later() {
        let mut allowances = Allowances::default();
        let written = (0..1000).filter(|_| allowances.take(PEER, at(0)).is_some()).count();
        assert_eq!(written, 60);
        let other = IpAddr::from([192, 0, 2, 2]);
        assert_eq!(allowances.take(other, at(0)), Some(0), "everybody has their own");
        assert_eq!(allowances.take(PEER, at(1)), Some(940));
        let written = (0..1000).filter(|_| allowances.take(PEER, at(1)).is_some()).count();
        assert_eq!(written, 4);
    }

    #[test]
    fn peers_that_come_and_go_are_forgotten() {
        let mut allowances = Allowances::default();
        for n in 0..100_000_u32 {
            let _ = allowances.take(std::net::Ipv4Addr::from(n).into(), at(u64::from(n) / 50));
        }
        assert!(allowances.of.len() <= PEERS, "{}", allowances.of.len());
    }
}
