//! One interface with virtual routers: packets, time, the world and the configuration in; packets, devices and the
//! log out.
//!
//! A virtual router that is wanted no more resigns, holds the gateway until another has it, and is then removed with
//! its device; the task ends when none is left.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use frr_bridge::interface::Interface;
use frr_bridge::vrrp::{Devices, Listener};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{debug, info, warn};
use vrrp_core::segment::Key;
use vrrp_core::{
    Datagram, Departure, Endpoints, Event, Family, FsmState, Instant, Link, Mac, Port, Readiness, Segment,
    TrackId, VirtualRouter,
};

use super::hold::{Attachment, DeviceChange, Holder, primary};
use super::settings::configs;
use super::world::World;
use super::{Wanted, show};
use crate::config::{Track, Vrrp};
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
    start: tokio::time::Instant,
    /// When to hold the gateway for a further while, and to try again what failed.
    next_round: Instant,
}

impl Lan {
    /// Opens what is needed whether or not the interface exists.
    pub(super) fn open(
        name: &str,
        world: watch::Receiver<Arc<World>>,
        wanted: watch::Receiver<Wanted>,
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
            let due = self.segment.poll_timeout().map_or(self.next_round, |(at, ..)| at.min(self.next_round));
            let wake = self.start + due.since_start();
            let turn = {
                let ear = |family| self.attachment.as_ref().and_then(|attached| attached.listener(family));
                tokio::select! {
                    biased;
                    _ = readable(ear(Family::Ipv4)) => Turn::Heard,
                    _ = readable(ear(Family::Ipv6)) => Turn::Heard,
                    changed = self.wanted.changed() => Turn::Wanted(changed.is_ok()),
                    changed = self.world.changed() => Turn::World(changed.is_ok()),
                    Some(question) = questions.recv() => Turn::Asked(question),
                    () = tokio::time::sleep_until(wake) => Turn::Due,
                }
            };
            match turn {
                Turn::Heard => self.hear(),
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
                    self.round();
                }
                // The router has ended without a stop.
                Turn::Wanted(false) | Turn::World(false) => break,
            }
        }
        self.close();
    }

    /// What time it is.
    pub(super) fn now(&self) -> Instant {
        Instant::from_start(self.start.elapsed())
    }

    /// Takes the configuration as it is now; equal parts stay untouched.
    fn configure(&mut self) {
        let now = self.now();
        let wanted = self.wanted.borrow_and_update().clone();
        self.configured = wanted.lans.get(&self.name).cloned().unwrap_or_default();
        let mut kept = Vec::new();
        for (vrid, vrrp) in &self.configured {
            for (key, config) in configs(*vrid, vrrp) {
                let config = match config {
                    Ok(config) => config,
                    Err(error) => {
                        warn!(interface = self.name, vrid, %error, "virtual router not started");
                        continue;
                    }
                };
                kept.push(key);
                match self.segment.router_mut(key) {
                    Some(router) if router.config().settings().mac == config.settings().mac => {
                        if let Err(error) = router.handle_config(config, now) {
                            warn!(interface = self.name, vrid, %error, "configuration refused");
                        }
                    }
                    // Another kind of device is another virtual router.
                    _ => {
                        if let Some(holder) = self.holders.get_mut(&key) {
                            holder.remove(&mut self.devices);
                        }
                        self.holders.insert(key, Holder::default());
                        self.segment.insert(VirtualRouter::new(config, now));
                    }
                }
                if let Some(router) = self.segment.router_mut(key) {
                    match vrrp.shutdown {
                        true => router.handle_stop(Departure::Graceful, now),
                        false => router.handle_start(now),
                    }
                }
            }
        }
        let how = if wanted.is_hurried { Departure::Immediate } else { Departure::Graceful };
        for (_, router) in self.segment.routers_mut().filter(|(key, _)| !kept.contains(key)) {
            router.handle_stop(how, now);
        }
    }

    /// Takes the world as it is now.
    fn look(&mut self) {
        let now = self.now();
        let world = Arc::clone(&self.world.borrow_and_update());
        let parent = world.interface(&self.name).cloned();
        self.attach(parent.as_ref());
        let keys: Vec<Key> = self.holders.keys().copied().collect();
        for key in keys {
            let shown = self.holders.get(&key).and_then(Holder::device).map(|device| device.index());
            let shown = shown.and_then(|index| world.interfaces.get(&index));
            let change = self.holders.get_mut(&key).map(|holder| holder.look(shown));
            let link = self.link(key, parent.as_ref());
            let Some(router) = self.segment.router_mut(key) else { continue };
            router.handle_interface(link, now);
            if change == Some(DeviceChange::Up) {
                router.handle_device_up(now);
            }
            let ready = if world.facts.is_ready { Readiness::Ready } else { Readiness::Waiting };
            router.handle_readiness(ready, now);
            track(router, self.configured.get(&key.vrid.get()), &world, now);
            if change == Some(DeviceChange::Gone)
                && let Some(holder) = self.holders.get_mut(&key)
            {
                warn!(interface = self.name, vrid = %key.vrid, "the device was removed, and is made again");
                holder.hold(key, &mut self.devices);
            }
        }
    }

    /// Sockets on the interface that is there now; nothing if there is none.
    fn attach(&mut self, parent: Option<&Arc<Interface>>) {
        let index = parent.map(|parent| parent.index);
        if self.attachment.as_ref().is_some_and(|attached| Some(attached.parent()) != index) {
            info!(interface = self.name, "interface gone");
            self.attachment = None;
            self.holders.values_mut().for_each(Holder::forget);
        }
        if let (None, Some(parent)) = (&self.attachment, parent) {
            match Attachment::open(parent) {
                Ok(attached) => {
                    self.attachment = Some(attached);
                    self.sweep(parent);
                }
                Err(error) => debug!(interface = self.name, %error, "not attached"),
            }
        }
    }

    /// Finds the devices that are wanted, and removes others that an earlier run has left.
    fn sweep(&mut self, parent: &Interface) {
        for (key, holder) in &mut self.holders {
            if let Some(router) = self.segment.router(*key) {
                holder.obtain((*key, router.config()), parent, &mut self.devices);
            }
        }
        let kept = self.holders.values().filter_map(Holder::device);
        if let Err(error) = self.devices.remove_others(parent.index, kept) {
            warn!(interface = self.name, %error, "left-over devices stay");
        }
    }

    /// What the interface is good for, as a virtual router sees it.
    fn link(&mut self, key: Key, parent: Option<&Arc<Interface>>) -> Link {
        let (Some(parent), Some(router), Some(holder)) =
            (parent, self.segment.router(key), self.holders.get_mut(&key))
        else {
            return Link::Down;
        };
        let Some(attached) = self.attachment.as_mut().filter(|one| one.listener(key.family).is_some()) else {
            return Link::Down;
        };
        if !holder.obtain((key, router.config()), parent, &mut self.devices) || !parent.is_operative() {
            return Link::Down;
        }
        if key.family == Family::Ipv4 && router.config().settings().mac == vrrp_core::MacMode::Virtual {
            attached.guard_arp(parent, &mut self.devices);
        }
        match (primary(parent, key.family, router.config()), <[u8; 6]>::try_from(parent.mac.as_slice())) {
            (Some(primary), Ok(mac)) => Link::Up(Port { primary, mac: Mac(mac) }),
            _ => Link::Down,
        }
    }

    /// Gives the virtual routers what has come in, a bounded number at a time.
    fn hear(&mut self) {
        let now = self.now();
        let Some(attached) = &self.attachment else { return };
        for listener in [Family::Ipv4, Family::Ipv6].into_iter().filter_map(|f| attached.listener(f)) {
            for _ in 0..MOST_HEARD {
                let heard = match listener.receive() {
                    Ok(Some(heard)) => heard,
                    Ok(None) => break,
                    Err(error) => {
                        // The interface may just be going.
                        debug!(interface = self.name, %error, "nothing heard");
                        break;
                    }
                };
                if let Some(endpoints) = Endpoints::new(heard.source, heard.destination) {
                    let (hop_limit, payload) = (heard.hop_limit, heard.payload.as_slice());
                    self.segment.handle_packet(&Datagram { endpoints, hop_limit, payload }, now);
                }
            }
        }
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
                self.segment.remove(key);
                if let Some(mut holder) = self.holders.remove(&key) {
                    holder.remove(&mut self.devices);
                }
            }
        }
    }

    /// The gateway is taken before that is told, and let go after.
    fn drain_one(&mut self, key: Key) {
        let (Some(router), Some(holder)) = (self.segment.router_mut(key), self.holders.get_mut(&key)) else {
            return;
        };
        let mut is_let_go = false;
        while let Some(event) = router.poll_event() {
            match event {
                Event::Activate(activation) => {
                    is_let_go = false;
                    holder.activate(key, activation, &mut self.devices);
                }
                Event::Deactivate => is_let_go = true,
                event => log(&self.name, key, &event),
            }
        }
        while let Some(transmit) = router.poll_transmit() {
            if let Some(attached) = &mut self.attachment {
                attached.send(&transmit);
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
        if let Some(attached) = self.attachment.take() {
            attached.close(&mut self.devices);
        }
    }
}

/// What woke the task.
enum Turn {
    Heard,
    Wanted(bool),
    World(bool),
    Asked(Question),
    Due,
}

async fn readable(listener: Option<&Listener>) {
    let failed = match listener {
        Some(listener) => listener.readable().await.is_err(),
        None => true,
    };
    if failed {
        std::future::pending::<()>().await;
    }
}

/// Tells a virtual router which of its facts fail. Those that are tracked no more hold.
fn track(router: &mut VirtualRouter, vrrp: Option<&Vrrp>, world: &World, now: Instant) {
    let family = table_family(router.family());
    let tracks = vrrp.map_or(&[][..], |vrrp| vrrp.tracks.as_slice());
    let decrement = |track: &Track| if world.holds(&track.object, family) { 0 } else { track.decrement };
    let numbered = (0..).map(TrackId).zip(tracks);
    let failing: BTreeMap<TrackId, u8> = numbered.map(|(id, track)| (id, decrement(track))).collect();
    let known: Vec<TrackId> = router.failing_tracks().map(|(id, _)| id).collect();
    for id in known.into_iter().filter(|id| !failing.contains_key(id)) {
        router.handle_track(id, 0, now);
    }
    for (id, decrement) in failing {
        router.handle_track(id, decrement, now);
    }
}

/// The table that a family's routes are in.
pub(super) const fn table_family(family: Family) -> bgp_core::Family {
    match family {
        Family::Ipv4 => bgp_core::Family::Ipv4Unicast,
        Family::Ipv6 => bgp_core::Family::Ipv6Unicast,
    }
}

fn log(interface: &str, key: Key, event: &Event) {
    let (vrid, family) = (key.vrid.get(), key.family);
    match event {
        Event::Transition(change) => {
            info!(interface, vrid, ?family, from = ?change.from, to = ?change.to, reason = %change.reason, "virtual router");
        }
        Event::Priority(change) => {
            info!(interface, vrid, ?family, from = %change.from, to = %change.to, "priority of a virtual router");
        }
        Event::ChecksumForm { form, source } => {
            info!(interface, vrid, %source, ?form, "a peer has another form of checksum; it is answered in that");
        }
        Event::Dropped { reason, source } => {
            warn!(interface, vrid, ?family, %source, %reason, "advertisement dropped");
        }
        Event::Remarked { remark, source } => {
            warn!(interface, vrid, ?family, %source, %remark, "odd advertisement");
        }
        Event::Activate(_) | Event::Deactivate => {}
    }
}

/// How often the gateway is held for a further while, well within the time it is held for.
const ROUND: Duration = Duration::from_secs(1);
/// Packets taken of one family before others get their turn.
const MOST_HEARD: usize = 64;
