//! One router on the LAN: a speaker, its sessions, and in the place of a kernel a map.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use bgp_core::rib::{FibRoute, NextHopState};
use bgp_core::session::{Restarted, Session, SessionCommand, SessionEvent};
use bgp_core::speaker::config::Config;
use bgp_core::speaker::{
    Direction, Link, LinkInterface, PeerEvent, PeerState, Presence, SessionStats, Speaker, SpeakerEvent,
};
use bgp_core::{Instant, Prefix, SessionId};
use bytes::{Bytes, BytesMut};

use crate::network::PipeId;
use crate::pipe::End;

/// A router.
#[derive(Debug)]
pub struct Router {
    /// The last octet of its addresses.
    pub number: u8,
    /// Its speaker.
    pub speaker: Speaker,
    /// What its forwarding table holds.
    pub fib: BTreeMap<Prefix, Arc<FibRoute>>,
    /// Routes of an earlier life that nobody has confirmed yet; they go when the start is over.
    pub leftovers: BTreeSet<Prefix>,
    /// What it reported.
    pub events: Vec<(Instant, SpeakerEvent)>,
    /// Next hops that cannot be reached; all others can.
    pub unreachable: BTreeSet<IpAddr>,
    /// Routes that its kernel has, as far as `network` lines ask.
    pub kernel: BTreeSet<Prefix>,
    /// True while it reads nothing from its connections.
    pub is_deaf: bool,
    /// False while its process is dead.
    pub is_alive: bool,
    pub(crate) connections: BTreeMap<SessionId, Connection>,
}

/// How a router goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Its process is killed: the kernel closes its connections.
    Killed,
    /// Its power goes: nobody hears anything.
    Vanished,
}

/// A session and its connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) session: Session,
    pub(crate) pipe: PipeId,
    pub(crate) end: End,
    pub(crate) input: BytesMut,
    pub(crate) output: VecDeque<Bytes>,
    /// Octets of UPDATEs that wait in `output`.
    owed: usize,
    /// The session is over; what waits in `output` still goes.
    pub(crate) is_over: bool,
}

/// The IPv4 address of router `number`.
#[must_use]
pub const fn address(number: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, number))
}

/// The IPv6 address of router `number`.
#[must_use]
pub const fn address6(number: u8) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number as u16))
}

impl Connection {
    pub(crate) fn new(session: Session, pipe: PipeId, end: End) -> Self {
        Self { session, pipe, end, input: BytesMut::new(), output: VecDeque::new(), owed: 0, is_over: false }
    }

    pub(crate) fn command(&mut self, command: SessionCommand, now: Instant) {
        if let SessionCommand::Transmit(octets) = &command {
            self.owed += octets.len();
        }
        self.session.handle_command(command, now);
    }

    /// Octets of UPDATEs among `written` that the RIB gets credit for.
    pub(crate) fn credit(&mut self, written: usize) -> usize {
        let credit = written.min(self.owed);
        self.owed -= credit;
        credit
    }
}

impl Router {
    /// A router that has not started.
    #[must_use]
    pub fn new(number: u8, config: Config, now: Instant) -> Self {
        Self {
            number,
            speaker: Speaker::new(Arc::new(config), u64::from(number), now),
            fib: BTreeMap::new(),
            leftovers: BTreeSet::new(),
            events: Vec::new(),
            unreachable: BTreeSet::new(),
            kernel: BTreeSet::new(),
            is_deaf: false,
            is_alive: true,
            connections: BTreeMap::new(),
        }
    }

    /// Starts a new process with this configuration; the forwarding table stays as the last one left it.
    pub(crate) fn restart(&mut self, config: Config, now: Instant) {
        let restarted = if self.fib.is_empty() { Restarted::No } else { Restarted::Yes };
        self.speaker =
            Speaker::new(Arc::new(config), u64::from(self.number) ^ now.since_start().as_nanos() as u64, now);
        self.connections.clear();
        self.leftovers = self.fib.keys().copied().collect();
        self.is_alive = true;
        self.speaker.handle_start(restarted, now);
    }

    /// The state of the peer with this address.
    #[must_use]
    pub fn state(&self, peer: IpAddr) -> Option<PeerState> {
        self.speaker.peer(peer).map(|view| view.state)
    }

    /// True if the session with this peer is Established.
    #[must_use]
    pub fn is_up(&self, peer: IpAddr) -> bool {
        self.state(peer) == Some(PeerState::Established)
    }

    /// Connections that exist.
    #[must_use]
    pub fn connection_count(&self) -> usize {
        self.connections.len()
    }

    /// What was reported of the peer with this address.
    pub fn peer_events(&self, peer: IpAddr) -> impl Iterator<Item = &PeerEvent> {
        self.events.iter().filter_map(move |(_, event)| match event {
            SpeakerEvent::Peer { address, event, .. } if *address == peer => Some(event),
            _ => None,
        })
    }

    /// One end of a connection as this router sees it.
    pub(crate) fn link(&self, remote: SocketAddr, local: SocketAddr, direction: Direction) -> Link {
        Link { remote, local, direction, interface: Some(self.interface()) }
    }

    /// Its one interface.
    #[must_use]
    pub fn interface(&self) -> LinkInterface {
        let number = self.number;
        LinkInterface {
            index: 1,
            name: "lan0".into(),
            ipv4: Some(Ipv4Addr::new(10, 0, 0, number)),
            ipv6: Some(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(number))),
            link_local: Some(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, u16::from(number))),
            networks: vec!["10.0.0.0/24".parse().unwrap(), "2001:db8::/64".parse().unwrap()],
        }
    }

    /// Lets every session do what is due and passes on what it says. True if anything happened.
    pub(crate) fn drain_sessions(&mut self, now: Instant) -> bool {
        let mut worked = false;
        let ids: Vec<_> = self.connections.keys().copied().collect();
        for id in ids {
            let Some(connection) = self.connections.get_mut(&id) else { continue };
            if connection.session.poll_timeout().is_some_and(|(at, _)| at <= now) {
                connection.session.handle_timeout(now);
            }
            while let Some(octets) = connection.session.poll_transmit() {
                connection.output.push_back(octets);
                worked = true;
            }
            while let Some(event) = connection.session.poll_event() {
                worked = true;
                connection.is_over |= matches!(event, SessionEvent::Down(_));
                self.speaker.handle_stats(id, SessionStats::from(connection.session.history()));
                self.speaker.handle_event(id, event, now);
            }
            self.speaker.handle_stats(id, SessionStats::from(connection.session.history()));
        }
        worked
    }

    /// Lets the speaker do what is due and takes what concerns only this router. True if anything happened.
    pub(crate) fn drain_speaker(&mut self, now: Instant) -> bool {
        let mut worked = false;
        if self.speaker.poll_timeout().is_some_and(|(at, _)| at <= now) {
            self.speaker.handle_timeout(now);
            worked |= self.speaker.run(1000) == bgp_core::rib::Progress::More;
        }
        while let Some(interest) = self.speaker.poll_next_hop() {
            worked = true;
            if interest.wanted {
                let state = if self.unreachable.contains(&interest.addr) {
                    NextHopState::Unreachable
                } else {
                    NextHopState::Reachable { metric: 0, connected: true }
                };
                self.speaker.handle_next_hop(interest.addr, state, now);
            }
        }
        while let Some(watch) = self.speaker.poll_network_watch() {
            worked = true;
            if watch.is_wanted && self.kernel.contains(&watch.prefix) {
                self.speaker.handle_network(watch.prefix, Presence::Present, now);
            }
        }
        while let Some(change) = self.speaker.poll_fib() {
            worked = true;
            self.leftovers.remove(&change.prefix);
            match change.route {
                Some(route) => self.fib.insert(change.prefix, route),
                None => self.fib.remove(&change.prefix),
            };
        }
        while let Some(event) = self.speaker.poll_event() {
            worked = true;
            if matches!(event, SpeakerEvent::Converged) {
                for prefix in std::mem::take(&mut self.leftovers) {
                    self.fib.remove(&prefix);
                }
            }
            self.events.push((now, event));
        }
        while let Some((id, command)) = self.speaker.poll_command() {
            worked = true;
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.command(command, now);
            }
        }
        worked
    }

    /// When something is due here.
    pub(crate) fn next(&self) -> Option<Instant> {
        let sessions = self.connections.values().filter_map(|connection| connection.session.poll_timeout());
        let sessions = sessions.map(|(at, _)| at).min();
        let speaker = self.speaker.poll_timeout().map(|(at, _)| at);
        [sessions, speaker].into_iter().flatten().min()
    }
}
