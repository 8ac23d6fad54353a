//! One interface with virtual routers: packets, time, the world and the configuration in; packets, devices and the
//! log out.
//!
//! A virtual router that is wanted no more resigns, holds the gateway until another has it, and is then removed with
//! its device; the task ends when none is left.
//!
//! The device is on before the advertisement that says so, also after a silent Active. A third router would hear of the
//! change a little sooner the other way round; but who is silent may still forward (its program was killed, or does not
//! get the processor), and the advertisement takes its packets from it: they must find us serving. Two who take over at
//! once both serve until one gives way.
//!
//! This file is the task: what wakes it and what goes out. `desire.rs` takes in the configuration, `surroundings.rs`
//! the world, `ear.rs` the packets; `beacons.rs` tells hosts of the gateway; `journal.rs` writes the log.

mod beacons;
mod desire;
mod ear;
mod journal;
mod surroundings;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use frr_bridge::vrrp::Devices;
use tokio::sync::{mpsc, oneshot, watch};
use vrrp_core::discovery::Beacon;
use vrrp_core::segment::Key;
use vrrp_core::{Event, Family, FsmState, Instant, Segment};

use self::ear::readable;
use self::journal::log;
use super::attachment::Attachment;
use super::hold::Holder;
use super::world::World;
use super::{Wanted, show};
use crate::config::{RouterAdvert, Vrrp};
use crate::control::snapshot::VirtualRouterSnapshot;

/// A question to one interface, and the place for its answer.
pub(super) type Question = oneshot::Sender<Vec<VirtualRouterSnapshot>>;

/// One interface.
#[derive(Debug)]
pub(super) struct Lan {
    pub(super) name: String,
    pub(super) segment: Segment,
    pub(super) holders: BTreeMap<Key, Holder>,
    /// As configured; what is not in it is leaving.
    pub(super) configured: BTreeMap<u8, Vrrp>,
    pub(super) world: watch::Receiver<Arc<World>>,
    wanted: watch::Receiver<Wanted>,
    attachment: Option<Attachment>,
    devices: Devices,
    /// What IPv6 virtual routers tell hosts, if they are to.
    router_advert: Option<RouterAdvert>,
    beacons: BTreeMap<Key, Beacon>,
    seed: u64,
    start: tokio::time::Instant,
    /// When to hold the gateway for a further while, and to try again what failed.
    next_round: Instant,
}

impl Lan {
    /// Opens what is needed whether or not the interface exists.
    pub(super) fn open(
        name: &str,
        (world, wanted): (watch::Receiver<Arc<World>>, watch::Receiver<Wanted>),
        seed: u64,
    ) -> io::Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            segment: Segment::new(),
            holders: BTreeMap::new(),
            configured: BTreeMap::new(),
            world,
            wanted,
            attachment: None,
            devices: Devices::open()?,
            router_advert: None,
            beacons: BTreeMap::new(),
            seed,
            start: tokio::time::Instant::now(),
            next_round: Instant::START,
        })
    }

    /// Runs until no virtual router is wanted here and none is left.
    pub(super) async fn run(mut self, mut questions: mpsc::Receiver<Question>) {
        self.configure();
        self.look();
        loop {
            self.drain();
            if self.holders.is_empty() && self.configured.is_empty() {
                break;
            }
            match self.turn(&mut questions).await {
                Turn::Heard => self.hear(),
                Turn::Solicited => self.hear_hosts(),
                Turn::Wanted(true) => {
                    self.configure();
                    self.look();
                }
                Turn::World(true) => self.look(),
                Turn::Asked(question) => {
                    // Whoever asked may have gone.
                    let _ = question.send(show::snapshots(&self));
                }
                Turn::Due => {
                    // What has come in meanwhile speaks for the Active before the deadline speaks against it.
                    self.hear();
                    self.segment.handle_timeout(self.now());
                    self.turn_beacons();
                    self.round();
                }
                // The router has ended without a stop.
                Turn::Wanted(false) | Turn::World(false) => break,
            }
        }
        self.close();
    }

    /// Waits for what is to be done next. A deadline that has passed goes before everything: packets may come faster
    /// than they are heard, for as long as somebody likes. Peers are heard before the world is looked at, which takes
    /// its time with many virtual routers and is never more than one look behind.
    async fn turn(&mut self, questions: &mut mpsc::Receiver<Question>) -> Turn {
        let due = self.due();
        if self.now() >= due {
            return Turn::Due;
        }
        let ear = |family| self.attachment.as_ref().and_then(|attached| attached.listener(family));
        tokio::select! {
            biased;
            changed = self.wanted.changed() => Turn::Wanted(changed.is_ok()),
            _ = readable(ear(Family::Ipv4)) => Turn::Heard,
            _ = readable(ear(Family::Ipv6)) => Turn::Heard,
            changed = self.world.changed() => Turn::World(changed.is_ok()),
            Some(question) = questions.recv() => Turn::Asked(question),
            _ = readable(self.attachment.as_ref().and_then(Attachment::solicitations)) => Turn::Solicited,
            () = tokio::time::sleep_until(self.start + due.since_start()) => Turn::Due,
        }
    }

    /// When something is to be done unasked.
    fn due(&self) -> Instant {
        let routers = self.segment.poll_timeout().map(|(at, ..)| at);
        let beacons = self.beacons.values().filter_map(Beacon::poll_timeout);
        routers.into_iter().chain(beacons).fold(self.next_round, Instant::min)
    }

    /// What time it is.
    pub(super) fn now(&self) -> Instant {
        Instant::from_start(self.start.elapsed())
    }

    /// Sends and does what the virtual routers have asked for.
    fn drain(&mut self) {
        let keys: Vec<Key> = self.holders.keys().copied().collect();
        for key in keys {
            self.drain_one(key);
            let is_over =
                self.segment.router(key).is_none_or(|router| router.state() == FsmState::Initialize);
            let is_wanted = self.configured.get(&key.vrid.get()).is_some_and(|vrrp| match key.family {
                Family::Ipv4 => !vrrp.addresses_v4.is_empty(),
                Family::Ipv6 => !vrrp.addresses_v6.is_empty(),
            });
            if is_over && !is_wanted {
                self.part_with(key);
            }
        }
    }

    /// Forgets a virtual router that holds nothing any more, and removes its device.
    fn part_with(&mut self, key: Key) {
        self.segment.remove(key);
        self.beacons.remove(&key);
        if let Some(mut holder) = self.holders.remove(&key) {
            holder.remove(&mut self.devices);
        }
        self.loosen_arp();
    }

    /// The gateway is taken before that is told, and let go after.
    fn drain_one(&mut self, key: Key) {
        let now = self.now();
        let (Some(router), Some(holder)) = (self.segment.router_mut(key), self.holders.get_mut(&key)) else {
            return;
        };
        let (mut is_let_go, mut beacon) = (false, self.beacons.get_mut(&key));
        while let Some(event) = router.poll_event() {
            match event {
                Event::Activate(activation) => {
                    is_let_go = false;
                    if let Some(beacon) = &mut beacon {
                        beacons::follow(beacon, &activation, now);
                    }
                    holder.activate(key, activation, &mut self.devices);
                }
                Event::Deactivate { is_unclaimed } => {
                    is_let_go = true;
                    match &mut beacon {
                        Some(beacon) if is_unclaimed => beacon.handle_end(now),
                        Some(beacon) => beacon.handle_inactive(),
                        None => {}
                    }
                }
                event => log(&self.name, key, &event),
            }
        }
        while let Some(transmit) = router.poll_transmit() {
            if let Some(attached) = &mut self.attachment {
                attached.send(&transmit);
            }
        }
        // Taken also if there is nothing to send it with: it would be due for ever.
        while let Some(frame) = beacon.as_mut().and_then(|beacon| beacon.poll_transmit()) {
            if let Some(attached) = &mut self.attachment {
                attached.send_frame(&frame);
            }
        }
        if is_let_go {
            holder.deactivate(key, &mut self.devices);
        }
    }

    /// Holds the gateway for a further while, and tries again what failed.
    fn round(&mut self) {
        let now = self.now();
        if now < self.next_round {
            return;
        }
        self.next_round = now + ROUND;
        for (key, holder) in self.holders.iter_mut().filter(|(_, holder)| holder.is_active()) {
            holder.hold(*key, &mut self.devices);
        }
        let is_lacking = self.holders.values().any(|holder| holder.device().is_none());
        if is_lacking || self.attachment.is_none() {
            self.look();
        }
    }

    /// Leaves the machine as it was.
    fn close(mut self) {
        for holder in self.holders.values_mut() {
            holder.remove(&mut self.devices);
        }
        if let Some(attached) = &mut self.attachment {
            attached.release_arp(&mut self.devices);
        }
    }
}

/// What woke the task.
enum Turn {
    Heard,
    Solicited,
    Wanted(bool),
    World(bool),
    Asked(Question),
    Due,
}

/// How often the gateway is held for a further while, well within the time it is held for.
const ROUND: Duration = Duration::from_secs(1);
