//! A link with three routers: packets take their time and overtake each other, partitions cut them off, routers die
//! and return. Everything comes from a seed.

use std::collections::BTreeMap;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use vrrp_core::{
    Advertisement, AnnouncePlan, Centiseconds, Config, Datagram, Departure, Endpoints, Family, FsmState,
    Instant, Link, Mac, Port, Preempt, Priority, Readiness, Settings, Timer, TrackId, Transmit, Version,
    VirtualAddresses, VirtualRouter, Vrid,
};

use crate::model::Model;

/// SplitMix64.
#[derive(Debug)]
pub(crate) struct Dice(u64);

/// What the three speak.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) version: Version,
    pub(crate) family: Family,
}

/// What a router is configured as.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    priority: u8,
    interval: u16,
    preempt: Preempt,
}

/// A router that is alive.
struct Alive {
    router: VirtualRouter,
    model: Option<Model>,
    is_wanted: bool,
    has_link: bool,
}

pub(crate) struct Lan {
    seed: u64,
    rules: Rules,
    nodes: [Node; 3],
    alive: [Option<Alive>; 3],
    /// Who hears whom: those of the same number.
    parts: [usize; 3],
    worst_delay: Duration,
    with_model: bool,
    dice: Dice,
    now: Instant,
    /// Packets on their way, by when they arrive; the number keeps them apart.
    flying: BTreeMap<(Instant, u64), (usize, usize, Vec<u8>)>,
    sent: u64,
    senders: [bool; 3],
    gap_since: Option<Instant>,
    longest_gap: Duration,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub(crate) fn up_to(&mut self, most: Duration) -> Duration {
        Duration::from_nanos(self.next() % (most.as_nanos() as u64 + 1))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Node {
    pub(crate) const fn new(priority: u8, interval: u16, preempt: Preempt) -> Self {
        Self { priority, interval, preempt }
    }
}

impl Lan {
    pub(crate) fn new(seed: u64, rules: Rules, nodes: [Node; 3], worst_delay: Duration) -> Self {
        Self {
            seed,
            rules,
            nodes,
            alive: [None, None, None],
            parts: [0; 3],
            worst_delay,
            with_model: false,
            dice: Dice::new(seed ^ 1 << 63),
            now: Instant::START,
            flying: BTreeMap::new(),
            sent: 0,
            senders: [false; 3],
            gap_since: None,
            longest_gap: Duration::ZERO,
        }
    }

    /// Priorities may be equal or next to each other, intervals differ where they may, some do not preempt, and in a
    /// few runs there is an owner. The delay is less than the shortest interval.
    pub(crate) fn random(seed: u64, rules: Rules, with_model: bool, dice: &mut Dice) -> Self {
        let all_preempt = dice.below(2) == 0;
        let has_owner = rules.version == Version::V3 && dice.below(8) == 0;
        let common = 100 * (1 + dice.below(2) as u16);
        let nodes = core::array::from_fn(|index| {
            let priority = match dice.below(3) {
                0 => 100,
                1 => 1 + dice.below(254) as u8,
                _ => 98 + dice.below(5) as u8,
            };
            let interval = if rules.version == Version::V2 { common } else { 20 + dice.below(180) as u16 };
            let preempt = if all_preempt || dice.below(2) == 0 {
                Preempt::On { delay: Duration::ZERO }
            } else {
                Preempt::Off
            };
            Node::new(if has_owner && index == 0 { 255 } else { priority }, interval, preempt)
        });
        let worst_delay = dice.up_to(Duration::from_millis(50));
        Self { with_model, ..Self::new(seed, rules, nodes, worst_delay) }
    }

    pub(crate) fn boot(&mut self, node: usize, readiness: Readiness) {
        if self.alive[node].is_some() {
            return;
        }
        let mut router = VirtualRouter::new(self.config(node), self.now);
        router.handle_readiness(readiness, self.now);
        let model = self.with_model.then(|| self.model(node));
        self.alive[node] = Some(Alive { router, model, is_wanted: true, has_link: false });
        self.set_link(node, true);
    }

    /// Without a word.
    pub(crate) fn kill(&mut self, node: usize) {
        self.alive[node] = None;
        self.flying.retain(|_, (to, ..)| *to != node);
        self.note_gap();
    }

    pub(crate) fn stop(&mut self, node: usize, departure: Departure) {
        let now = self.now;
        self.tell(node, |alive| {
            alive.router.handle_stop(departure, now);
            alive.is_wanted = false;
            let can_send = alive.has_link;
            if let Some(model) = &mut alive.model {
                model.shutdown(can_send);
            }
        });
    }

    pub(crate) fn start(&mut self, node: usize) {
        let now = self.now;
        self.tell(node, |alive| {
            alive.router.handle_start(now);
            alive.is_wanted = true;
        });
    }

    pub(crate) fn set_link(&mut self, node: usize, is_up: bool) {
        let (now, link) = (self.now, Link::Up(Port { primary: self.address(node), mac: Mac([2; 6]) }));
        self.tell(node, |alive| {
            alive.has_link = is_up;
            alive.router.handle_interface(if is_up { link } else { Link::Down }, now);
            match &mut alive.model {
                Some(model) if is_up && alive.is_wanted => model.startup(now.since_start().as_nanos() as u64),
                Some(model) if !is_up => model.shutdown(false),
                _ => {}
            }
        });
    }

    pub(crate) fn track(&mut self, node: usize, track: TrackId, decrement: u8) {
        let now = self.now;
        self.tell(node, |alive| alive.router.handle_track(track, decrement, now));
    }

    pub(crate) fn ready(&mut self, node: usize) {
        let now = self.now;
        self.tell(node, |alive| alive.router.handle_readiness(Readiness::Ready, now));
    }

    /// What is on its way from one part to another is lost.
    pub(crate) fn partition(&mut self, parts: [usize; 3]) {
        self.parts = parts;
        self.flying.retain(|_, (to, from, _)| parts[*to] == parts[*from]);
    }

    /// Active_Down by the longest interval anybody could have learned, and the worst delay: for what was on its way when
    /// the last disturbance came, and for what is then sent.
    pub(crate) fn settling_time(&self) -> Duration {
        let slowest = self.nodes.iter().map(|node| node.interval).max().unwrap_or_default();
        Centiseconds::new(slowest.max(100)).duration() * 4 + self.worst_delay * 2
    }

    pub(crate) fn run_for(&mut self, span: Duration) {
        let until = self.now + span;
        while self.step(until) {}
        self.now = until;
    }

    /// Runs on, and looks after each step whether there is the one Active.
    pub(crate) fn run_settled(&mut self, span: Duration) {
        let until = self.now + span;
        self.expect_settled();
        while self.step(until) {
            self.expect_settled();
        }
        self.now = until;
    }

    pub(crate) fn state(&self, node: usize) -> FsmState {
        self.alive[node].as_ref().map_or(FsmState::Initialize, |alive| alive.router.state())
    }

    pub(crate) fn forget_senders(&mut self) {
        self.flying.clear();
        self.senders = [false; 3];
    }

    pub(crate) fn senders(&self) -> [bool; 3] {
        self.senders
    }

    pub(crate) fn forget_gap(&mut self) {
        self.gap_since = None;
        self.longest_gap = Duration::ZERO;
    }

    /// The longest time without any Active, once there was one.
    pub(crate) fn longest_gap(&self) -> Duration {
        self.longest_gap.max(self.gap_since.map_or(Duration::ZERO, |since| self.now - since))
    }

    /// Does the next thing that is due until then: packets that have arrived come before deadlines.
    fn step(&mut self, until: Instant) -> bool {
        let packet = self.flying.first_key_value().map(|((at, _), _)| *at);
        let deadline = (0..3).filter_map(|node| self.deadline(node).map(|at| (at, node))).min();
        match (packet, deadline) {
            (Some(at), _) if at <= until && deadline.is_none_or(|(due, _)| at <= due) => {
                self.now = at;
                if let Some((_, (to, from, payload))) = self.flying.pop_first() {
                    self.deliver(to, from, &payload);
                }
                true
            }
            (_, Some((at, node))) if at <= until => {
                self.now = at;
                self.fire(node);
                true
            }
            _ => false,
        }
    }

    fn deadline(&self, node: usize) -> Option<Instant> {
        self.alive[node].as_ref()?.router.poll_timeout().map(|(at, _)| at)
    }

    fn deliver(&mut self, to: usize, from: usize, payload: &[u8]) {
        let (now, version) = (self.now, self.rules.version);
        let endpoints = Endpoints::new(self.address(from), self.rules.family.group()).unwrap();
        let datagram = Datagram { endpoints, hop_limit: 255, payload };
        self.tell(to, |alive| {
            if !alive.has_link {
                return;
            }
            alive.router.handle_packet(&datagram, now);
            if let Some(model) = &mut alive.model {
                let heard = Advertisement::check(&datagram, version).unwrap();
                let priority = heard.priority().map_or(0, Priority::get);
                let interval = heard.interval().count();
                model.hear(priority, interval, heard.source(), now.since_start().as_nanos() as u64);
            }
        });
    }

    fn fire(&mut self, node: usize) {
        let now = self.now;
        self.tell(node, |alive| {
            alive.router.handle_timeout(now);
            let nanos = now.since_start().as_nanos() as u64;
            if let Some(model) = &mut alive.model
                && model.timer == Some(nanos)
            {
                model.timer_fires(nanos);
            }
        });
    }

    /// Tells a router something, sends what comes of it, and compares it with the model.
    fn tell(&mut self, node: usize, what: impl FnOnce(&mut Alive)) {
        let Some(alive) = &mut self.alive[node] else { return };
        what(alive);
        let mut sent = Vec::new();
        while let Some(transmit) = alive.router.poll_transmit() {
            if let Transmit::Advertisement(outgoing) = transmit {
                sent.push(outgoing.payload);
            }
        }
        while alive.router.poll_event().is_some() {}
        if let Some(model) = &mut alive.model {
            let priorities: Vec<u8> = sent.iter().map(|payload| payload[2]).collect();
            let context = format!("seed {}, node {node} at {:?}", self.seed, self.now.since_start());
            assert_eq!(
                (alive.router.state(), priorities),
                (model.state, core::mem::take(&mut model.sent)),
                "{context}"
            );
            if let Some((at, timer)) = alive.router.poll_timeout()
                && timer != Timer::Announce
            {
                assert_eq!(Some(at.since_start().as_nanos() as u64), model.timer, "{context}");
            }
        }
        for payload in sent {
            self.send(node, &payload);
        }
        self.note_gap();
    }

    fn send(&mut self, from: usize, payload: &[u8]) {
        self.senders[from] = true;
        for to in (0..3).filter(|to| *to != from) {
            let arrives = self.now + self.dice.up_to(self.worst_delay);
            self.sent += 1;
            if self.alive[to].is_some() && self.parts[to] == self.parts[from] {
                self.flying.insert((arrives, self.sent), (to, from, payload.to_vec()));
            }
        }
    }

    fn note_gap(&mut self) {
        let has_active = (0..3).any(|node| self.state(node) == FsmState::Active);
        match (has_active, self.gap_since) {
            (false, None) => self.gap_since = Some(self.now),
            (true, Some(since)) => {
                self.longest_gap = self.longest_gap.max(self.now - since);
                self.gap_since = None;
            }
            (false, Some(_)) | (true, None) => {}
        }
    }

    /// In each part where somebody can be Active there is one, and nobody who preempts is better than it. With routers
    /// that all preempt and priorities that all differ, that is the highest priority.
    fn expect_settled(&self) {
        for part in 0..3 {
            let here: Vec<(usize, &Alive)> = (0..3)
                .filter(|node| self.parts[*node] == part)
                .filter_map(|node| self.alive[node].as_ref().map(|alive| (node, alive)))
                .filter(|(_, alive)| alive.has_link)
                .collect();
            let active: Vec<_> = here.iter().filter(|(_, a)| a.router.state() == FsmState::Active).collect();
            let able: Vec<_> = here
                .iter()
                .filter(|(_, a)| a.is_wanted && a.router.readiness() == Readiness::Ready)
                .collect();
            let context = format!("seed {}, part {part} at {:?}", self.seed, self.now.since_start());
            if able.is_empty() {
                assert!(active.is_empty(), "{context}: nobody should be Active");
                continue;
            }
            let [(node, only)] = active.as_slice() else {
                panic!("{context}: {} of {} are Active", active.len(), able.len());
            };
            for (other, alive) in able {
                let preempts =
                    self.nodes[*other].preempt != Preempt::Off || self.nodes[*other].priority == 255;
                let is_better = alive.router.effective_priority() > only.router.effective_priority();
                assert!(!(preempts && is_better), "{context}: {other} is better than {node}");
            }
        }
    }

    fn address(&self, node: usize) -> IpAddr {
        let host = node as u8 + 1;
        match self.rules.family {
            Family::Ipv4 => IpAddr::V4(Ipv4Addr::new(10, 0, 0, host)),
            Family::Ipv6 => IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, host.into())),
        }
    }

    fn config(&self, node: usize) -> Config {
        let Node { priority, interval, preempt } = self.nodes[node];
        let gateway = match self.rules.family {
            Family::Ipv4 => IpAddr::V4(Ipv4Addr::new(10, 0, 0, 254)),
            Family::Ipv6 => IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 254)),
        };
        let addresses = VirtualAddresses::collect([gateway]).unwrap();
        Config::check(Settings {
            version: self.rules.version,
            priority: Priority::new(priority).unwrap(),
            interval: Centiseconds::new(interval),
            preempt,
            announce: AnnouncePlan { rounds: 1, ..AnnouncePlan::default() },
            ..Settings::new(Vrid::new(7).unwrap(), addresses)
        })
        .unwrap()
    }

    fn model(&self, node: usize) -> Model {
        let Node { priority, interval, preempt } = self.nodes[node];
        Model {
            version: self.rules.version,
            address: self.address(node),
            priority,
            preempts: preempt != Preempt::Off || priority == 255,
            interval,
            active_interval: interval,
            state: FsmState::Initialize,
            timer: None,
            answered: None,
            sent: Vec::new(),
        }
    }
}
