//! Step tables: what a virtual router does, in virtual time. Each row says when, what comes in, and all that comes
//! out from the row before until then; a name is a sentence of the RFC or of ours.

mod checks;
mod ours;
mod rfc;

use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::announce::AnnouncePlan;
use crate::config::{AcceptMode, FirstAddress, MacMode, Preempt, Settings, VirtualAddresses};
use crate::error::Remark;
use crate::packet::{Advertisement, Message};
use crate::types::{Endpoints, Version};

/// What comes in.
#[derive(Clone, Copy, Debug)]
enum In {
    Up,
    Down,
    DeviceUp,
    /// An advertisement from 10.0.0.x with a priority, and the interval that we have ourselves.
    Hear(u8, u8),
    /// The same with another interval.
    HearAt(u8, u8, u16),
    Track(u32, u8),
    Waiting,
    Ready,
    Stop,
    Leave,
    Start,
    /// Nothing but time.
    Time,
    /// Time, and what comes out does not matter.
    Skip,
}

/// What comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Out {
    /// An advertisement with a priority.
    Adv(u8),
    /// A gratuitous ARP or an unsolicited neighbour advertisement.
    Announce,
    On,
    Off,
    Becomes(FsmState),
}

use FsmState::{Active, Backup, Initialize};
use In::{DeviceUp, Down, Hear, HearAt, Leave, Ready, Skip, Start, Stop, Time, Track, Up, Waiting};
use Out::{Adv, Announce, Becomes, Off, On};

/// Microseconds, what comes in, what comes out.
type Row = (u64, In, &'static [Out]);

const TAKES_OVER_AT_100: &[Out] = &[Adv(100), On, Becomes(Active), Announce];
const TAKES_OVER_AT_200: &[Out] = &[Adv(200), On, Becomes(Active), Announce];

struct Bench {
    router: VirtualRouter,
    now: Instant,
}

impl Bench {
    fn new(settings: Settings) -> Self {
        let router = VirtualRouter::new(Config::check(settings).unwrap(), Instant::START);
        Self { router, now: Instant::START }
    }

    fn run(&mut self, rows: &[Row]) {
        for (index, (at, input, expected)) in rows.iter().enumerate() {
            let at = Instant::from_start(Duration::from_micros(*at));
            let mut out = self.pass(at);
            self.give(*input);
            out.extend(self.pass(at));
            if !matches!(input, Skip) {
                assert_eq!(out, *expected, "row {index}, {input:?} at {:?}", at.since_start());
            }
        }
    }

    /// Lets time pass, as a driver would.
    fn pass(&mut self, until: Instant) -> Vec<Out> {
        let mut out = self.drain();
        while let Some((at, _)) = self.router.poll_timeout().filter(|(at, _)| *at <= until) {
            self.now = self.now.max(at);
            self.router.handle_timeout(self.now);
            out.extend(self.drain());
        }
        self.now = until;
        out
    }

    fn give(&mut self, input: In) {
        let now = self.now;
        match input {
            Up => self.router.handle_interface(Link::Up(port(1)), now),
            Down => self.router.handle_interface(Link::Down, now),
            DeviceUp => self.router.handle_device_up(now),
            Hear(host, priority) => {
                let interval = self.router.config().settings().interval.count();
                self.hear(host, priority, interval);
            }
            HearAt(host, priority, interval) => self.hear(host, priority, interval),
            Track(track, decrement) => self.router.handle_track(TrackId(track), decrement, now),
            Waiting => self.router.handle_readiness(Readiness::Waiting, now),
            Ready => self.router.handle_readiness(Readiness::Ready, now),
            Stop => self.router.handle_stop(Departure::Immediate, now),
            Leave => self.router.handle_stop(Departure::Graceful, now),
            Start => self.router.handle_start(now),
            Time | Skip => {}
        }
    }

    fn hear(&mut self, host: u8, priority: u8, interval: u16) {
        let settings = self.router.config().settings().clone();
        let message = Message {
            priority: Priority::new(priority),
            interval: Centiseconds::new(interval),
            ..from_peer(&settings)
        };
        self.receive(host, &message);
    }

    fn receive(&mut self, host: u8, message: &Message<'_>) {
        let endpoints = endpoints(host);
        let mut payload = Vec::new();
        message.emit(&endpoints, &mut payload);
        self.router.handle_packet(&Datagram { endpoints, hop_limit: 255, payload: &payload }, self.now);
    }

    fn drain(&mut self) -> Vec<Out> {
        let mut out = Vec::new();
        while let Some(transmit) = self.router.poll_transmit() {
            out.push(match transmit {
                Transmit::Advertisement(sent) => Adv(sent.payload[2]),
                Transmit::Announcement(_) => Announce,
            });
        }
        while let Some(event) = self.router.poll_event() {
            match event {
                Event::Activate(_) => out.push(On),
                Event::Deactivate { .. } => out.push(Off),
                Event::Transition(transition) => out.push(Becomes(transition.to)),
                _ => {}
            }
        }
        out
    }

    /// All events that are queued.
    fn events(&mut self) -> Vec<Event> {
        core::iter::from_fn(|| self.router.poll_event()).collect()
    }

    fn reason(&self) -> TransitionReason {
        self.router.statistics().last_transition.unwrap().reason
    }
}

fn host(number: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, number))
}

fn endpoints(from: u8) -> Endpoints {
    Endpoints::new(host(from), Family::Ipv4.group()).unwrap()
}

fn port(number: u8) -> Port {
    Port { primary: host(number), mac: Mac([2, 0, 0, 0, 0, number]) }
}

fn from_peer(settings: &Settings) -> Message<'_> {
    Message {
        version: settings.version,
        vrid: settings.vrid,
        priority: Some(Priority::DEFAULT),
        interval: settings.interval,
        addresses: &settings.addresses,
        form: ChecksumForm::Message,
    }
}

/// VRID 5, 10.0.0.254, an interval of one second, one announcement.
fn priority(priority: u8) -> Settings {
    let addresses = VirtualAddresses::V4(vec![Ipv4Addr::new(10, 0, 0, 254)]);
    Settings {
        priority: Priority::new(priority).unwrap(),
        announce: AnnouncePlan { rounds: 1, ..AnnouncePlan::default() },
        ..Settings::new(Vrid::new(5).unwrap(), addresses)
    }
}

fn run(settings: Settings, rows: &[Row]) -> Bench {
    let mut bench = Bench::new(settings);
    bench.run(rows);
    bench
}
