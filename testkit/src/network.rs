//! The LAN: routers, connections between them, and the clock that jumps.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bgp_core::session::Restarted;
use bgp_core::speaker::config::Config;
use bgp_core::speaker::{Dial, DialOrder, Direction, ReloadSummary};
use bgp_core::{Instant, PeerId, Prefix};
use bytes::Bytes;

use crate::pipe::{End, Pipe};
use crate::router::{Connection, Loss, Router, address, address6};

/// Which router, counted from zero in the order they were added.
pub type RouterIndex = usize;

/// Which connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PipeId(u64);

/// A LAN of routers in virtual time.
#[derive(Debug)]
pub struct Network {
    now: Instant,
    routers: Vec<Router>,
    pipes: BTreeMap<PipeId, Pipe>,
    dials: BTreeMap<(RouterIndex, PeerId), Attempt>,
    /// Pairs of routers that cannot reach each other.
    cuts: BTreeSet<(RouterIndex, RouterIndex)>,
    delay: Duration,
    dice: u64,
    next_pipe: u64,
    next_port: u16,
}

#[derive(Debug)]
struct Attempt {
    at: Instant,
    dial: Dial,
}

impl Network {
    /// An empty LAN whose connections have a delay of one millisecond. `seed` decides where streams are cut.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            now: Instant::START,
            routers: Vec::new(),
            pipes: BTreeMap::new(),
            dials: BTreeMap::new(),
            cuts: BTreeSet::new(),
            delay: Duration::from_millis(1),
            dice: seed,
            next_pipe: 0,
            next_port: 40_000,
        }
    }

    /// Connections made from now on have this delay.
    pub const fn set_delay(&mut self, delay: Duration) {
        self.delay = delay;
    }

    /// Adds a router with the addresses [`address`]`(n)` and [`address6`]`(n)`, where `n` is one more than its index,
    /// and starts it.
    pub fn add(&mut self, config: Config) -> RouterIndex {
        let index = self.routers.len();
        let number = u8::try_from(index + 1).unwrap();
        let mut router = Router::new(number, config, self.now);
        router.speaker.handle_start(Restarted::No, self.now);
        self.routers.push(router);
        index
    }

    /// A router.
    #[must_use]
    pub fn router(&self, index: RouterIndex) -> &Router {
        &self.routers[index]
    }

    /// A router.
    pub fn router_mut(&mut self, index: RouterIndex) -> &mut Router {
        &mut self.routers[index]
    }

    /// The time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Octets carried by all connections that exist.
    #[must_use]
    pub fn carried(&self) -> u64 {
        self.pipes.values().map(|pipe| pipe.carried).sum()
    }

    /// Gives a router a new configuration.
    pub fn reload(&mut self, index: RouterIndex, config: Config) -> ReloadSummary {
        self.routers[index].speaker.handle_reload(Arc::new(config), self.now)
    }

    /// Says that a router's kernel has a route, and keeps it until the process ends.
    pub fn install(&mut self, index: RouterIndex, prefix: Prefix) {
        self.routers[index].kernel.insert(prefix);
        self.routers[index].speaker.handle_network(prefix, bgp_core::speaker::Presence::Present, self.now);
    }

    /// Ends a router's process.
    pub fn lose(&mut self, index: RouterIndex, loss: Loss) {
        let router = &mut self.routers[index];
        router.is_alive = false;
        for connection in std::mem::take(&mut router.connections).into_values() {
            if let (Loss::Killed, Some(pipe)) = (loss, self.pipes.get_mut(&connection.pipe)) {
                pipe.close(connection.end, self.now);
            }
        }
        self.dials.retain(|(dialler, _), _| *dialler != index);
    }

    /// Starts a router's process again.
    pub fn revive(&mut self, index: RouterIndex, config: Config) {
        self.routers[index].restart(config, self.now);
    }

    /// Closes every connection between two routers, as a NAT or a careless operator would.
    pub fn disconnect(&mut self, one: RouterIndex, other: RouterIndex) {
        for (index, peer) in [(one, other), (other, one)] {
            let addresses = [address(peer as u8 + 1), address6(peer as u8 + 1)];
            let router = &self.routers[index];
            let theirs = router.speaker.peers().filter(|view| addresses.contains(&view.address));
            let ids: Vec<_> = theirs.filter_map(|view| view.session.map(|session| session.id)).collect();
            for id in ids {
                if let Some(connection) = self.routers[index].connections.get(&id)
                    && let Some(pipe) = self.pipes.get_mut(&connection.pipe)
                {
                    pipe.close(connection.end.other(), self.now);
                }
            }
        }
    }

    /// Cuts two routers off from each other, or joins them again: octets wait and attempts to connect fail.
    pub fn set_cut(&mut self, one: RouterIndex, other: RouterIndex, is_cut: bool) {
        for pair in [(one, other), (other, one)] {
            if is_cut {
                self.cuts.insert(pair);
            } else {
                self.cuts.remove(&pair);
            }
        }
    }

    /// A connection that a stranger opens to a router and leaves silent. True if it was let in.
    pub fn knock(&mut self, index: RouterIndex, from: IpAddr) -> bool {
        let remote = SocketAddr::new(from, self.port());
        let router = &mut self.routers[index];
        let local = SocketAddr::new(address(router.number), 179);
        let link = router.link(remote, local, Direction::Accepted);
        let Some((id, session)) = router.speaker.handle_connected(link, self.now) else {
            return false;
        };
        let pipe = self.pipe();
        self.routers[index].connections.insert(id, Connection::new(session, pipe, End::Acceptor));
        true
    }

    /// Lets time pass.
    pub fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        self.run_until(end, |_| false);
    }

    /// Lets time pass until `done` holds; panics if it does not within `limit`.
    pub fn wait_for(&mut self, limit: Duration, what: &str, done: impl Fn(&Self) -> bool) {
        let end = self.now + limit;
        assert!(self.run_until(end, done), "not within {limit:?}: {what}");
    }

    fn run_until(&mut self, end: Instant, done: impl Fn(&Self) -> bool) -> bool {
        loop {
            self.settle();
            if done(self) {
                return true;
            }
            match self.next() {
                Some(next) if next <= end => self.now = self.now.max(next),
                Some(_) | None => {
                    self.now = end;
                    return done(self);
                }
            }
        }
    }

    /// Everything that happens at this instant.
    fn settle(&mut self) {
        for round in 0.. {
            assert!(round < 100_000, "something at {:?} never ends", self.now);
            let mut worked = false;
            for index in 0..self.routers.len() {
                if self.routers[index].is_alive {
                    worked |= self.read(index);
                    worked |= self.routers[index].drain_sessions(self.now);
                    worked |= self.routers[index].drain_speaker(self.now);
                    worked |= self.take_dials(index);
                    worked |= self.write(index);
                }
            }
            worked |= self.connect();
            if !worked {
                return;
            }
        }
    }

    fn next(&self) -> Option<Instant> {
        let alive = self.routers.iter().filter(|router| router.is_alive);
        let routers = alive.clone().filter_map(Router::next).min();
        let arrivals =
            self.routers.iter().enumerate().filter(|(_, router)| router.is_alive && !router.is_deaf);
        let arrivals = arrivals.flat_map(|(index, router)| {
            router
                .connections
                .values()
                .filter(move |connection| !self.is_cut(index, connection.pipe))
                .filter_map(|connection| {
                    self.pipes.get(&connection.pipe).and_then(|pipe| pipe.next(connection.end))
                })
        });
        let dials = self.dials.values().map(|attempt| attempt.at);
        [routers, arrivals.min(), dials.min()].into_iter().flatten().min()
    }

    fn read(&mut self, index: RouterIndex) -> bool {
        let mut worked = false;
        if self.routers[index].is_deaf {
            return false;
        }
        let ids: Vec<_> = self.routers[index].connections.keys().copied().collect();
        for id in ids {
            let Some(pipe) = self.routers[index].connections.get(&id).map(|connection| connection.pipe)
            else {
                continue;
            };
            if self.is_cut(index, pipe) {
                continue;
            }
            let Some(connection) = self.routers[index].connections.get_mut(&id) else { continue };
            let Some(pipe) = self.pipes.get_mut(&pipe) else { continue };
            while let Some(is_end) = pipe.read(connection.end, &mut connection.input, self.now) {
                worked = true;
                connection.session.handle_input(&mut connection.input, self.now);
                if is_end {
                    connection.session.handle_closed(self.now);
                }
            }
        }
        worked
    }

    fn write(&mut self, index: RouterIndex) -> bool {
        let mut worked = false;
        let ids: Vec<_> = self.routers[index].connections.keys().copied().collect();
        for id in ids {
            let piece = usize::try_from(self.roll() % 3000).unwrap() + 1;
            let router = &mut self.routers[index];
            let Some(connection) = router.connections.get_mut(&id) else { continue };
            let Some(pipe) = self.pipes.get_mut(&connection.pipe) else { continue };
            while let Some(octets) = connection.output.front_mut() {
                let room = pipe.room(connection.end);
                if room == 0 {
                    break;
                }
                let head: Bytes = octets.split_to(octets.len().min(room));
                if octets.is_empty() {
                    connection.output.pop_front();
                }
                let written = head.len();
                pipe.write(connection.end, head, piece, self.now);
                connection.session.handle_transmitted(written, self.now);
                let credit = connection.credit(written);
                router.speaker.handle_sent(id, credit);
                worked = true;
            }
            if connection.is_over {
                pipe.close(connection.end, self.now);
                router.connections.remove(&id);
                worked = true;
            }
        }
        worked
    }

    fn take_dials(&mut self, index: RouterIndex) -> bool {
        let mut worked = false;
        while let Some(order) = self.routers[index].speaker.poll_dial() {
            worked = true;
            match order {
                DialOrder::Open(dial) => {
                    let target = self.target(dial.remote.ip());
                    let answers = target.is_some_and(|target| !self.cuts.contains(&(index, target)));
                    let at = self.now + if answers { self.delay * 2 } else { dial.give_up_after };
                    self.dials.insert((index, dial.peer), Attempt { at, dial });
                }
                DialOrder::Abandon(peer) => {
                    self.dials.remove(&(index, peer));
                }
            }
        }
        worked
    }

    /// Attempts to connect whose answer is here.
    fn connect(&mut self) -> bool {
        let due: Vec<_> =
            self.dials.iter().filter(|(_, attempt)| attempt.at <= self.now).map(|(key, _)| *key).collect();
        for (index, peer) in &due {
            let Some(attempt) = self.dials.remove(&(*index, *peer)) else { continue };
            let target = self.target(attempt.dial.remote.ip());
            match target
                .filter(|target| self.routers[*target].is_alive && !self.cuts.contains(&(*index, *target)))
            {
                Some(target) => self.join(*index, target, &attempt.dial),
                None => self.routers[*index].speaker.handle_dial_failed(*peer, self.now),
            }
        }
        !due.is_empty()
    }

    fn join(&mut self, dialler: RouterIndex, acceptor: RouterIndex, dial: &Dial) {
        let number = self.routers[dialler].number;
        let ip = if dial.remote.is_ipv4() { address(number) } else { address6(number) };
        let local = SocketAddr::new(ip, self.port());
        let pipe = self.pipe();
        let link = self.routers[dialler].link(dial.remote, local, Direction::Dialled(dial.peer));
        let ours = self.routers[dialler].speaker.handle_connected(link, self.now);
        let link = self.routers[acceptor].link(local, dial.remote, Direction::Accepted);
        let theirs = self.routers[acceptor].speaker.handle_connected(link, self.now);
        let ends = [(dialler, ours, End::Dialler), (acceptor, theirs, End::Acceptor)];
        for (index, session, end) in ends {
            match session {
                Some((id, session)) => {
                    self.routers[index].connections.insert(id, Connection::new(session, pipe, end));
                }
                None => self.pipes.get_mut(&pipe).unwrap().close(end, self.now),
            }
        }
    }

    fn target(&self, ip: IpAddr) -> Option<RouterIndex> {
        self.routers.iter().position(|router| address(router.number) == ip || address6(router.number) == ip)
    }

    /// True if the far end of a router's connection is cut off from it.
    fn is_cut(&self, index: RouterIndex, pipe: PipeId) -> bool {
        !self.cuts.is_empty()
            && self.routers.iter().enumerate().any(|(other, router)| {
                self.cuts.contains(&(index, other)) && router.connections.values().any(|far| far.pipe == pipe)
            })
    }

    fn pipe(&mut self) -> PipeId {
        let id = PipeId(self.next_pipe);
        self.next_pipe += 1;
        self.pipes.insert(id, Pipe::new(self.delay));
        id
    }

    fn port(&mut self) -> u16 {
        self.next_port = self.next_port.checked_add(1).unwrap_or(40_000);
        self.next_port
    }

    fn roll(&mut self) -> u64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.dice >> 33
    }
}
