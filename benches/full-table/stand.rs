//! A router and all its peers, up and ready: what every work begins with, and the steps that works are made of.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use benches::loader::{Ear, Loader};
use benches::message::{self, Identity};
use benches::table::{Shape, Table, single};

use crate::contender::{Contender, Running};
use crate::plan::{Plan, Role};
use crate::rig::Rig;

/// A router under load. Fields are dropped in this order: sockets, router, namespaces.
pub struct Stand {
    /// All peers.
    pub loader: Loader,
    /// Those that announce: their numbers in the loader.
    pub feeds: Vec<usize>,
    /// Those that listen.
    pub listeners: Vec<usize>,
    /// The router.
    pub running: Running,
    /// Where it runs.
    pub rig: Rig,
    identities: Vec<Identity>,
    give_up: Instant,
}

/// What a load took.
#[derive(Clone, Copy, Debug)]
pub struct Loaded {
    /// Until every listener had every prefix.
    pub all: Duration,
    /// Until the listeners heard nothing more for a second; the second not counted.
    pub settled: Duration,
    /// Processor time of the router until then.
    pub processor: Duration,
    /// Resident memory of the router then, in octets.
    pub resident: u64,
}

impl Stand {
    /// Starts the router and brings every session up. `patience` is for all that follows, together.
    pub fn start(contender: Contender, plan: &Plan, patience: Duration) -> Result<Self> {
        let give_up = Instant::now() + patience;
        let rig = Rig::new(plan)?;
        let mut running = contender.start(&rig, plan)?;
        let mut loader = Loader::default();
        let (mut feeds, mut listeners) = (Vec::new(), Vec::new());
        let connected: Result<()> = rig.peers.enter(|| {
            for (role, who) in plan.all_peers() {
                let ear = if role == Role::Listener { Ear::Listening } else { Ear::Deaf };
                let number = loader.add(who, plan.hold, ear, SESSION_PATIENCE)?;
                match role {
                    Role::Feed => feeds.push(number),
                    Role::Listener => listeners.push(number),
                    Role::Idle => {}
                }
                if role != Role::Feed {
                    loader.say(number, message::end_of_rib());
                }
            }
            Ok(())
        })?;
        running.ensure()?;
        connected?;
        let identities = plan.peers(Role::Feed).collect();
        let mut stand = Self { loader, feeds, listeners, running, rig, identities, give_up };
        stand.pass(Duration::from_millis(500))?;
        Ok(stand)
    }

    /// What feed `feed` says to announce `table`, and that this is all.
    pub fn announcement(&self, feed: usize, table: &Table) -> Result<Vec<u8>> {
        let who = self.identities.get(feed).context("no such feed")?;
        Ok([message::announce(table, who), message::end_of_rib()].concat())
    }

    /// Announces a table from each feed and waits until every listener has `expected` prefixes and hears no more.
    pub fn load(&mut self, tables: &[Table], expected: usize) -> Result<Loaded> {
        let octets = tables.iter().enumerate().map(|(feed, table)| self.announcement(feed, table));
        let octets = octets.collect::<Result<Vec<_>>>()?;
        let before = self.running.processor()?;
        let start = Instant::now();
        for (feed, octets) in self.feeds.iter().zip(octets) {
            self.loader.say(*feed, octets);
        }
        let all = self.wait_for_all(expected, start)?;
        let settled = self.settle(start)?;
        let processor = self.running.processor()? - before;
        self.ensure_all(expected)?;
        Ok(Loaded { all, settled, processor, resident: self.running.resident()? })
    }

    /// Until every listener has `expected` prefixes.
    pub fn wait_for_all(&mut self, expected: usize, start: Instant) -> Result<Duration> {
        self.wait(start, |least, _| {
            (least < expected).then(|| format!("a listener has {least} of {expected}"))
        })
    }

    /// Until no listener has a prefix.
    pub fn wait_for_none(&mut self, start: Instant) -> Result<Duration> {
        self.wait(start, |_, most| (most > 0).then(|| format!("a listener still has {most} prefixes")))
    }

    /// Until the listeners have heard nothing for a second; the second is not counted.
    pub fn settle(&mut self, start: Instant) -> Result<Duration> {
        loop {
            self.loader.turn(Duration::from_millis(20))?;
            let last = self.listeners.iter().filter_map(|listener| self.loader.last(*listener)).max();
            let last = last.unwrap_or(start).max(start);
            let all_said = self.feeds.iter().all(|feed| self.loader.has_said_all(*feed));
            if all_said && last.elapsed() > Duration::from_secs(1) {
                return Ok(last - start);
            }
            ensure!(!self.is_out_of_patience(), "it has not settled after {:.1?}", start.elapsed());
        }
    }

    /// Lets time pass while sessions are kept alive.
    pub fn pass(&mut self, time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.loader.turn(left.min(Duration::from_millis(100)))?;
        }
    }

    /// Announces `count` single routes from the first feed, one at a time, and times each until the first listener
    /// has it. Sorted.
    pub fn latency(&mut self, count: u16) -> Result<Vec<Duration>> {
        let singles = self.singles(0, count)?;
        let (feed, listener) = self.feeds.first().zip(self.listeners.first()).context("no peers")?;
        let (feed, listener) = (*feed, *listener);
        let mut times = Vec::new();
        for (number, octets) in (0..count).zip(singles) {
            self.loader.say(feed, octets);
            let start = Instant::now();
            self.loader.write_now(feed)?;
            while !self.loader.take_singles(listener).contains(&number) {
                self.loader.turn(Duration::ZERO)?;
                // The router may have been woken on this very core.
                std::thread::yield_now();
                if start.elapsed() > Duration::from_secs(10) {
                    bail!("single route {number} has not arrived");
                }
            }
            times.push(start.elapsed());
            self.pass(Duration::from_millis(5))?;
        }
        times.sort_unstable();
        Ok(times)
    }

    /// What feed `feed` says to announce each of `count` single routes, each with attributes of its own.
    pub fn singles(&self, feed: usize, count: u16) -> Result<Vec<Vec<u8>>> {
        let who = self.identities.get(feed).context("no such feed")?;
        let made_up = Table::made_up(Shape { ipv4: u32::from(count) * 11, ipv6: 0, seed: 4711, first: 0 });
        let groups = (0..count).zip(made_up.groups);
        let tables = groups.map(|(number, mut group)| {
            group.prefixes = vec![single(number)];
            message::announce(&Table { groups: vec![group] }, who)
        });
        Ok(tables.collect())
    }

    /// Every listener has at least `expected` prefixes still.
    pub fn ensure_all(&self, expected: usize) -> Result<()> {
        let least = self.listeners.iter().map(|listener| self.loader.present(*listener)).min();
        let least = least.unwrap_or(expected);
        ensure!(least >= expected, "a listener has {least} of {expected} prefixes in the end");
        Ok(())
    }

    /// Whether this router has had its time.
    pub fn is_out_of_patience(&self) -> bool {
        Instant::now() > self.give_up
    }

    fn wait(&mut self, start: Instant, wants: impl Fn(usize, usize) -> Option<String>) -> Result<Duration> {
        loop {
            self.loader.turn(Duration::from_millis(20))?;
            let counts = || self.listeners.iter().map(|listener| self.loader.present(*listener));
            let (least, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
            let Some(missing) = wants(least, most) else { return Ok(start.elapsed()) };
            if self.is_out_of_patience() {
                self.running.ensure()?;
                bail!("after {:.1?} {missing}", start.elapsed());
            }
        }
    }
}

/// The part-th percentile of sorted times, in milliseconds.
pub fn percentile(sorted: &[Duration], part: usize) -> f64 {
    let at = (sorted.len() * part / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

/// A daemon may need this long until it takes sessions.
const SESSION_PATIENCE: Duration = Duration::from_secs(20);
