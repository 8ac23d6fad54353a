//! Hostile and broken peers: memory and descriptors stay bounded, honest peers notice nothing, each fault gets the
//! answer that its RFC states.
//!
//! ```text
//!  a: the device under test, 10.0.0.1, AS 65001 ──eth0── b: 10.0.0.2 and every address of RANGE and of ABROAD
//! ```
//!
//! The peers are played by hand ([`RawPeer`]), each from an address of its own in `b`. All of them are configured
//! passive: the device under test waits for them.

mod crowd;
mod deaf;
mod faults;
mod garbage;
mod opening;
mod slow;
mod storm;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lab::daemon::{self, Daemon, Kind, Neighbor, Spec};
use lab::raw_peer::{Open, Table, attributes, origin_as, update};
use lab::{Lab, Namespace, RawPeer, eventually};

/// The device under test, where its peers are, and the one that never does it any harm.
pub struct Arena {
    pub b: Namespace,
    pub dut: Box<dyn Daemon>,
    pub honest: RawPeer,
}

impl Arena {
    /// A device under test with a session to the honest peer, that also knows these peers and the listen range.
    pub fn start(lab: &Lab, peers: &[Neighbor]) -> Result<Self> {
        let mut spec = Spec::new(65001, "10.0.0.1").router_lines(RANGE_LINES);
        spec = spec.neighbor(neighbor(HONEST, 65002));
        for peer in peers {
            spec = spec.neighbor(peer.clone());
        }
        let (a, b) = (lab.namespace("a")?, lab.namespace("b")?);
        lab.link(
            (&a, "eth0", &["10.0.0.1/29"]),
            (&b, "eth0", &["10.0.0.2/29", "10.0.0.3/29", "10.0.0.4/29"]),
        )?;
        // Routed and not on the link: the kernel has room for a thousand neighbours, of all namespaces together.
        for net in ["10.0.8.0/21", "10.0.16.0/21"] {
            b.ip(&format!("route add local {net} dev lo"))?;
            a.ip(&format!("route add {net} via {HONEST}"))?;
        }
        let dut = daemon::start(Kind::under_test(), &a, &spec)?;
        let honest = eventually(Duration::from_secs(20), "the honest peer has its session", || {
            let mut peer = RawPeer::connect(&b, HONEST, DUT)?;
            peer.establish(&open(HONEST))?;
            Ok(peer)
        })?;
        Ok(Self { b, dut, honest })
    }

    /// A connection from this address.
    pub fn connect(&self, from: Ipv4Addr) -> Result<RawPeer> {
        RawPeer::connect(&self.b, from, DUT)
    }

    /// An Established session from this address. Its hold time is longer than any test.
    pub fn establish(&self, from: Ipv4Addr) -> Result<RawPeer> {
        let mut peer = self.connect(from)?;
        peer.establish(&open(from)).with_context(|| format!("a session from {from}"))?;
        Ok(peer)
    }

    /// What the device under test holds now.
    pub fn figures(&mut self) -> Result<Figures> {
        let process = self.dut.process();
        process.ensure_running()?;
        Ok(Figures {
            memory: process.memory()?,
            peak: process.peak_memory()?,
            descriptors: process.descriptors()?,
            processor: process.processor_time()?,
        })
    }

    /// Makes sure that the honest session lives, by both its ends; how long the answer took.
    pub fn ensure_unharmed(&mut self) -> Result<Duration> {
        let before = Instant::now();
        ensure!(self.dut.established(HONEST.into())?, "the honest peer's session is down");
        let took = before.elapsed();
        ensure!(!self.honest.is_closed(), "the honest peer's connection was closed");
        Ok(took)
    }
}

/// What a process holds and has used.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Octets.
    pub memory: u64,
    /// Octets of memory, at the worst moment so far.
    pub peak: u64,
    pub descriptors: usize,
    pub processor: Duration,
}

/// An OPEN as a peer at this address would send it.
pub fn open(from: Ipv4Addr) -> Open {
    Open::new(if from == HONEST { 65002 } else { HOSTILE_AS as u16 }, from, HOLD)
}

/// An UPDATE that announces these prefixes (as on the wire) from AS 65003, with `tag` behind it in the path.
pub fn announcement(prefixes: &[u8], tag: u32) -> Vec<u8> {
    update(&[], &attributes(&[HOSTILE_AS, tag], HOSTILE), prefixes)
}

/// Reads into `table` until `is_done` says so, for `time` at most.
pub fn read_until(
    peer: &mut RawPeer,
    table: &mut Table,
    time: Duration,
    is_done: impl Fn(&Table) -> bool,
) -> Result<()> {
    let start = Instant::now();
    while !is_done(table) {
        let left = time.checked_sub(start.elapsed());
        let left =
            left.with_context(|| format!("{} routes, {} UPDATEs", table.routes.len(), table.updates))?;
        if let Some(message) = peer.read_for(left.max(Duration::from_millis(1)))? {
            table.take(&message)?;
        }
    }
    Ok(())
}

/// Reads until nothing comes any more and the table is the expected one: prefix and originating AS.
pub fn read_to_the_end(
    peer: &mut RawPeer,
    table: &mut Table,
    time: Duration,
    expected: &BTreeMap<Vec<u8>, u32>,
) -> Result<()> {
    let start = Instant::now();
    loop {
        while let Some(message) = peer.read_for(QUIET)? {
            table.take(&message)?;
        }
        let routes = table.routes.iter();
        let is = routes.filter_map(|(prefix, attributes)| Some((prefix, origin_as(attributes)?)));
        if is.eq(expected.iter().map(|(prefix, origin)| (prefix, *origin))) {
            return Ok(());
        }
        ensure!(start.elapsed() < time, "{} routes and not {}", table.routes.len(), expected.len());
    }
}

/// Octets as people read them.
pub fn megabytes(octets: u64) -> f64 {
    octets as f64 / f64::from(1 << 20)
}

/// Consecutive addresses of AS 65003 or of nobody.
pub fn addresses(first: Ipv4Addr, count: u32) -> Vec<Ipv4Addr> {
    (0..count).map(|n| Ipv4Addr::from(u32::from(first) + n)).collect()
}

/// Waits until the device under test has let go of its descriptors but for `allowed`.
pub fn await_descriptors(arena: &mut Arena, allowed: usize) -> Result<()> {
    eventually(Duration::from_secs(15), "the descriptors are released", || {
        let open = arena.figures()?.descriptors;
        ensure!(open <= allowed, "{open} descriptors are open, {allowed} should be");
        Ok(())
    })
}

/// A peer that we wait for.
pub fn neighbor(address: Ipv4Addr, asn: u32) -> Neighbor {
    Neighbor::new(&address.to_string(), asn).passive().hold(HOLD)
}

pub const DUT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
pub const HONEST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
pub const HOSTILE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 3);
pub const HOSTILE_AS: u32 = 65003;
/// The first address of the listen range 10.0.8.0/21.
pub const RANGE: Ipv4Addr = Ipv4Addr::new(10, 0, 8, 0);
/// The first of 2,048 addresses that the device under test does not know.
pub const ABROAD: Ipv4Addr = Ipv4Addr::new(10, 0, 16, 0);
/// Peers of the listen range at once.
pub const LIMIT: usize = 32;

/// How long nothing comes when all has come.
const QUIET: Duration = Duration::from_millis(400);
const HOLD: u16 = 180;
const RANGE_LINES: &str = " neighbor CROWD peer-group
 neighbor CROWD remote-as 65003
 bgp listen limit 32
 bgp listen range 10.0.8.0/21 peer-group CROWD
 address-family ipv4 unicast
  neighbor CROWD activate
 exit-address-family";
