//! One load: feeds announce, listeners count, the router between them is watched.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::peer::{self, Heard, Identity};
use crate::process;
use crate::table::{Group, Table};

/// What is loaded.
#[derive(Clone, Debug)]
pub struct Load {
    /// Where the router listens, IPv4.
    pub router: Ipv4Addr,
    /// The router's process; with several, all of them are added up.
    pub pids: Vec<u32>,
    /// The table of each feed.
    pub feeds: Vec<Table>,
    /// How many listen.
    pub listeners: u8,
    /// Prefixes that each listener must have in the end.
    pub expected: usize,
    /// Give up after this long.
    pub patience: Duration,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Until every listener had every prefix.
    pub all: Duration,
    /// Until nothing more came for a second; the second not counted.
    pub settled: Duration,
    /// Processor time of the router until then.
    pub processor: Duration,
    /// Resident memory of the router then, in octets.
    pub resident: u64,
    /// From one new route in to the route out: median and the 99th of a hundred.
    pub latency: (Duration, Duration),
    /// From the loss of the first feed until every listener was settled.
    pub loss: Duration,
    /// Resident memory after that.
    pub resident_after_loss: u64,
}

/// Feeds have AS 65001 and 10.99.0.1 and so on, listeners 65101 and 10.99.0.101 and so on.
#[must_use]
pub fn identity(number: u8, router: Ipv4Addr) -> Identity {
    Identity {
        asn: 65_000 + u32::from(number),
        address: Ipv4Addr::new(10, 99, 0, number),
        address6: Ipv6Addr::new(0x2001, 0xdb8, 0x99, 0, 0, 0, 0, u16::from(number)),
        router: SocketAddr::new(IpAddr::V4(router), 179),
    }
}

/// Runs `load`.
///
/// # Errors
///
/// Where a session does not come up, or the listeners do not get everything in time.
pub fn run(load: &Load) -> Result<Outcome> {
    let listeners: Vec<Arc<Heard>> = (0..load.listeners)
        .map(|number| {
            let stream = peer::establish(&identity(101 + number, load.router), Duration::from_secs(30))
                .with_context(|| format!("listener {number}"))?;
            let heard = Arc::new(Heard::default());
            let counts = Arc::clone(&heard);
            std::thread::spawn(move || peer::listen(stream, &counts));
            Ok(heard)
        })
        .collect::<Result<_>>()?;
    let mut feeds = Vec::new();
    for (number, table) in (1u8..).zip(&load.feeds) {
        let who = identity(number, load.router);
        let octets = peer::encode(table, &who);
        let stream =
            peer::establish(&who, Duration::from_secs(30)).with_context(|| format!("feed {number}"))?;
        let drain = stream.try_clone()?;
        std::thread::spawn(move || peer::listen(drain, &Arc::new(Heard::default())));
        feeds.push((stream, octets));
    }
    std::thread::sleep(Duration::from_millis(500));

    let processor_before = process::processor(&load.pids)?;
    let start = Instant::now();
    let mut streams = Vec::new();
    let senders: Vec<_> = feeds
        .into_iter()
        .map(|(mut stream, octets)| {
            streams.push(stream.try_clone());
            std::thread::spawn(move || stream.write_all(&octets))
        })
        .collect();
    let all = wait_for_all(&listeners, load, start)?;
    for sender in senders {
        sender.join().map_err(|_| anyhow::anyhow!("a feed's thread panicked"))??;
    }
    let settled = wait_until_quiet(&listeners, start);
    let processor = process::processor(&load.pids)? - processor_before;
    let resident = process::resident(&load.pids)?;

    let mut streams = streams.into_iter().collect::<std::io::Result<Vec<TcpStream>>>()?;
    let latency = match streams.first_mut() {
        Some(first) => latency(first, &identity(1, load.router), &listeners)?,
        None => bail!("no feed"),
    };

    let lost = streams.remove(0);
    let start = Instant::now();
    lost.shutdown(std::net::Shutdown::Both)?;
    if load.feeds.len() == 1 {
        while listeners.iter().any(|heard| heard.present.load(Ordering::Relaxed) > 0) {
            if start.elapsed() > load.patience {
                bail!("routes of the lost feed are still announced");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    let loss = wait_until_quiet(&listeners, start);
    let resident_after_loss = process::resident(&load.pids)?;
    Ok(Outcome { all, settled, processor, resident, latency, loss, resident_after_loss })
}

fn wait_for_all(listeners: &[Arc<Heard>], load: &Load, start: Instant) -> Result<Duration> {
    loop {
        let least = listeners.iter().map(|heard| heard.present.load(Ordering::Relaxed)).min().unwrap_or(0);
        if least >= load.expected {
            return Ok(start.elapsed());
        }
        if start.elapsed() > load.patience {
            bail!("a listener has {least} of {} prefixes", load.expected);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The time from `start` until the last octet before a second of silence.
fn wait_until_quiet(listeners: &[Arc<Heard>], start: Instant) -> Duration {
    loop {
        let last = listeners.iter().filter_map(|heard| heard.last.lock().ok().and_then(|last| *last)).max();
        let last = last.unwrap_or(start).max(start);
        if last.elapsed() > Duration::from_secs(1) {
            return last - start;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Announces a hundred single routes, one at a time, and times each until the first listener has it.
fn latency(feed: &mut TcpStream, who: &Identity, listeners: &[Arc<Heard>]) -> Result<(Duration, Duration)> {
    let heard = listeners.first().context("no listener")?;
    let extra = Table::made_up(crate::table::Shape { ipv4: 100, ipv6: 0, seed: 7, first: 0 });
    let attrs = extra.groups.first().context("an empty table")?;
    let mut times = Vec::new();
    for number in 0..100u8 {
        let prefix = format!("223.255.{number}.0/24").parse()?;
        let group = Group { attrs: attrs.attrs.clone(), sender_at: attrs.sender_at, prefixes: vec![prefix] };
        let mut octets = peer::encode(&Table { groups: vec![group] }, who);
        // Without the two End-of-RIB markers: 23 and 29 octets.
        octets.truncate(octets.len() - 52);
        let before = heard.present.load(Ordering::Relaxed);
        let start = Instant::now();
        feed.write_all(&octets)?;
        while heard.present.load(Ordering::Relaxed) == before {
            if start.elapsed() > Duration::from_secs(5) {
                bail!("a single route did not arrive");
            }
            std::hint::spin_loop();
        }
        times.push(start.elapsed());
        std::thread::sleep(Duration::from_millis(5));
    }
    times.sort_unstable();
    let at = |index: usize| times.get(index).copied().unwrap_or_default();
    Ok((at(50), at(99)))
}
