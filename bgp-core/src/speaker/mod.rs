//! Every peer and the RIB behind one door.
//!
//! The speaker numbers peers and sessions, decides whom to dial and whom to let in, which of two connections
//! survives, what a peer's end means for its routes, and what a new configuration changes. It owns the RIB; it
//! owns no session: a [`Session`](crate::session::Session) goes to whoever carries the connection's octets, and
//! comes back as events.
//!
//! ```text
//!  handle_start(Restarted, now)              poll_dial()         -> Option<DialOrder>
//!  handle_dial_failed(PeerId, now)           poll_command()      -> Option<(SessionId, SessionCommand)>
//!  handle_connected(Link, now)               poll_fib()          -> Option<FibChange>
//!      -> Option<(SessionId, Session)>       poll_next_hop()     -> Option<NextHopInterest>
//!  handle_event(SessionId, SessionEvent, now)poll_network_watch()-> Option<NetworkWatch>
//!  handle_stats(SessionId, SessionStats)     poll_event()        -> Option<SpeakerEvent>
//!  handle_sent(SessionId, octets)            poll_timeout()      -> Option<(Instant, SpeakerTimer)>
//!  handle_next_hop(IpAddr, NextHopState, now)
//!  handle_network(Prefix, Presence, now)     peers(), peer(IpAddr) -> PeerView
//!  handle_reload(Arc<Config>, now)           rib()               -> &Rib   (the read side, for show)
//!      -> ReloadSummary
//!  handle_timeout(now)                       run(budget)         -> Progress
//!  set_advertised(OwnerId, routes, now)      clear(IpAddr, Clear, now) -> bool
//!  handle_interface_down(index, now)
//!  handle_interface_up(&LinkInterface, now)
//!  handle_link_changed(&LinkInterface, now)
//!  set_redistributed(RouteSource, Family, routes, now)
//!  shutdown(now)
//! ```
//!
//! The drain law: after any `handle_*`, `run` until it is idle, fetch all the `poll_*`, then sleep until
//! [`Speaker::poll_timeout`], which is "now" until the others are empty.
//!
//! Rooms: `dial` (Idle, Connect, Active), `admit` (who may connect), `sessions` (what sessions report), `collision`
//! (RFC 4271 §6.8), `failover` (links that go and come), `relink` (one that changes), `restart` (RFC 4724, receiving side), `startup` (restarting side), `origin` (own routes),
//! `reload` and `apply` (new configurations), `operate` (start, stop, clear), `view` (show).

mod admit;
mod apply;
mod collision;
pub mod config;
mod dial;
mod event;
mod failover;
mod link;
mod operate;
mod origin;
mod outbox;
mod peer;
mod random;
mod relink;
mod reload;
mod restart;
mod sessions;
mod startup;
mod stats;
mod timer;
mod view;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

pub use event::{Kept, PeerEvent, Refusal, SpeakerEvent, Sweep};
pub use link::{Dial, DialOrder, Direction, Link, LinkInterface, NetworkWatch, Presence};
pub use operate::Clear;
pub use origin::{KernelRoute, LAST_OWN_OWNER};
pub use peer::{IdleReason, LastReset, PeerOrigin, PeerState};
pub use reload::{Effect, FAMILY_ROWS, INSTANCE_ROWS, PEER_ROWS, PeerChange, Refresh, ReloadSummary, Row};
pub use stats::SessionStats;
pub use timer::SpeakerTimer;
pub use view::{PeerView, SessionView};

use self::config::Config;
use self::dial::Attempt;
use self::origin::Origins;
use self::outbox::Outbox;
use self::peer::Peer;
use self::random::Random;
use self::startup::Startup;
use self::timer::TimerTable;
use crate::rib::{FibChange, NextHopInterest, NextHopState, Outgoing, Progress, Rib, RouteView};
use crate::session::SessionCommand;
use crate::time::Instant;
use crate::types::{Asn, Family, PeerId, Prefix, SessionId};
use crate::wire::{ErrorKind, NotificationBuf};

/// Every peer and the RIB.
#[derive(Debug)]
pub struct Speaker {
    config: Arc<Config>,
    rib: Rib,
    peers: BTreeMap<PeerId, Peer>,
    by_address: BTreeMap<IpAddr, PeerId>,
    /// Dynamic peers that were told routes and have been dismissed since.
    acquainted: BTreeSet<IpAddr>,
    /// Connections that count.
    sessions: BTreeMap<SessionId, PeerId>,
    timers: TimerTable,
    outbox: Outbox,
    origins: Origins,
    startup: Startup,
    /// Peers to hold against `maximum-prefix` once the RIB has done what their new configuration asks for.
    to_count: BTreeSet<PeerId>,
    random: Random,
    next_peer: u32,
    next_session: u32,
    now: Instant,
    /// The RIB may have work.
    is_busy: bool,
}

impl Speaker {
    /// A speaker that has not started.
    #[must_use]
    pub fn new(config: Arc<Config>, seed: u64, now: Instant) -> Self {
        let mut random = Random::new(seed);
        let mut speaker = Self {
            rib: Rib::new(&config, random.next()),
            peers: BTreeMap::new(),
            by_address: BTreeMap::new(),
            acquainted: BTreeSet::new(),
            sessions: BTreeMap::new(),
            timers: TimerTable::default(),
            outbox: Outbox::default(),
            origins: Origins::default(),
            startup: Startup::Waiting,
            to_count: BTreeSet::new(),
            random,
            next_peer: 1,
            next_session: 1,
            now,
            is_busy: false,
            config,
        };
        let config = Arc::clone(&speaker.config);
        for (address, peer) in &config.peers {
            speaker.add_peer(Peer::new(*address, Arc::clone(peer), PeerOrigin::Configured));
        }
        speaker.originate(now);
        speaker
    }

    /// An attempt to connect has failed, or has been given up after [`Dial::give_up_after`].
    pub fn handle_dial_failed(&mut self, id: PeerId, now: Instant) {
        self.now = now;
        if let Some(peer) = self.peers.get_mut(&id) {
            let (others, rules) = (peer.others(), peer.dial_rules());
            peer.dialler.dial_failed(others, rules, &mut self.random, now);
        }
        self.arm(id);
    }

    /// Says how an address that the RIB asked about is reached.
    pub fn handle_next_hop(&mut self, addr: IpAddr, state: NextHopState, now: Instant) {
        self.now = now;
        self.rib_mut().handle_next_hop(addr, state);
    }

    /// Says that an address which the RIB asked about is reached by another way, though as well as before.
    pub fn handle_rerouted(&mut self, addr: IpAddr, now: Instant) {
        self.now = now;
        self.rib_mut().handle_rerouted(addr);
    }

    /// Acts on every deadline that has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        while let Some(timer) = self.timers.pop_due(now) {
            match timer {
                SpeakerTimer::Work => {}
                SpeakerTimer::Dial(id) => self.dial_deadline(id, now),
                SpeakerTimer::PeerRestart(id) => {
                    self.sweep_all(id, Sweep::RestartTime);
                    self.dismiss_if_unused(id);
                }
                SpeakerTimer::Stale(id, family) => {
                    self.sweep(id, family, Sweep::StaleTime);
                    self.dismiss_if_unused(id);
                }
                SpeakerTimer::Convergence => self.check_convergence(now),
            }
        }
    }

    /// Decides at most `budget` prefixes.
    pub fn run(&mut self, budget: usize) -> Progress {
        let mut progress = self.rib.run(budget);
        if progress == Progress::Idle && self.count_changed() {
            progress = Progress::More;
        }
        self.is_busy = progress == Progress::More;
        progress
    }

    /// A connection to open, or to give up.
    pub fn poll_dial(&mut self) -> Option<DialOrder> {
        self.outbox.next_dial()
    }

    /// What a session must be told. UPDATEs come as long as their session has room.
    pub fn poll_command(&mut self) -> Option<(SessionId, SessionCommand)> {
        if let Some(command) = self.outbox.next_command() {
            return Some(command);
        }
        loop {
            let (id, octets) = self.rib.poll_transmit()?;
            if let Some((session, _)) = self.peers.get(&id).and_then(Peer::established) {
                return Some((session.id, SessionCommand::Transmit(octets)));
            }
        }
    }

    /// What the forwarding table must hold.
    pub fn poll_fib(&mut self) -> Option<FibChange> {
        self.rib.poll_fib()
    }

    /// An address whose reachability matters, or no longer.
    pub fn poll_next_hop(&mut self) -> Option<NextHopInterest> {
        self.rib.poll_next_hop()
    }

    /// Something for the log.
    pub fn poll_event(&mut self) -> Option<SpeakerEvent> {
        self.outbox.next_event()
    }

    /// The next deadline; "now" while anything waits to be fetched or decided.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, SpeakerTimer)> {
        if self.is_busy || !self.outbox.is_empty() {
            return Some((self.now, SpeakerTimer::Work));
        }
        self.timers.next()
    }

    /// The RIB's read side.
    #[must_use]
    pub const fn rib(&self) -> &Rib {
        &self.rib
    }

    /// A page of a table: see [`Rib::page`].
    pub fn page(&mut self, family: Family, after: Option<Prefix>, count: usize) -> Vec<RouteView<'_>> {
        self.rib.page(family, after, count)
    }

    /// The route to `prefix` as a peer was told it, if it was.
    pub fn advertised(&mut self, peer: PeerId, prefix: &Prefix) -> Option<Outgoing> {
        self.rib.advertised(peer, prefix)
    }

    /// Makes the RIB offer every installed route again, for a forwarding table that was lost.
    pub fn resync_fib(&mut self) {
        self.rib_mut().resync_fib();
    }

    /// The configuration in force.
    #[must_use]
    pub const fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// True once our own start counts as done (RFC 4724 §4.1).
    #[must_use]
    pub fn is_converged(&self) -> bool {
        matches!(self.startup, Startup::Converged { .. })
    }

    fn dial_deadline(&mut self, id: PeerId, now: Instant) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let rules = peer.dial_rules();
        let was_dialling = peer.dialler.is_dialling();
        match peer.dialler.expire(rules, &mut self.random, now) {
            Attempt::Start => {
                let dial = self.dial(id);
                self.outbox.dial(id, dial);
            }
            Attempt::None if was_dialling => self.outbox.dial(id, DialOrder::Abandon(id)),
            Attempt::None => {}
        }
        self.arm(id);
        self.dismiss_if_unused(id);
    }

    fn dial(&self, id: PeerId) -> DialOrder {
        let Some(peer) = self.peers.get(&id) else {
            return DialOrder::Abandon(id);
        };
        let config = &peer.config;
        let local_as = self.local_as(id);
        DialOrder::Open(Dial {
            peer: id,
            remote: SocketAddr::new(peer.address, config.port),
            source: config.update_source.clone(),
            password: config.password.clone(),
            ttl: config.ttl,
            external: config.remote_as.asn(local_as) != Some(local_as),
            give_up_after: dial::attempt_limit(peer.dial_rules()),
        })
    }

    fn add_peer(&mut self, peer: Peer) -> PeerId {
        let id = PeerId(self.next_peer);
        self.next_peer = self.next_peer.wrapping_add(1);
        self.by_address.insert(peer.address, id);
        self.peers.insert(id, peer);
        id
    }

    /// Brings the timer table in line with a peer's dialling.
    fn arm(&mut self, id: PeerId) {
        let deadline = self.peers.get(&id).and_then(|peer| peer.dialler.deadline());
        self.timers.set(SpeakerTimer::Dial(id), deadline);
    }

    fn tell(&mut self, id: PeerId, event: PeerEvent) {
        if let Some(peer) = self.peers.get(&id) {
            let address = peer.address;
            self.outbox.event(SpeakerEvent::Peer { peer: id, address, event });
        }
    }

    /// The AS that we show to a peer.
    fn local_as(&self, id: PeerId) -> Asn {
        let local = self.peers.get(&id).and_then(|peer| peer.config.local_as);
        local.map_or(self.config.asn, |local| local.asn)
    }

    const fn rib_mut(&mut self) -> &mut Rib {
        self.is_busy = true;
        &mut self.rib
    }
}

/// A Cease without text.
const fn cease(kind: ErrorKind) -> NotificationBuf {
    NotificationBuf::new(kind)
}
