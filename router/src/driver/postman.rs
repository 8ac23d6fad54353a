//! The task that owns the speaker and carries values in and out of it.
//!
//! Each turn takes what has come in, lets the speaker decide a bounded number of prefixes, and carries away what
//! it has to say. While there is more to decide the loop does not sleep, but it looks at what came in between
//! two slices. Tables that peers send are kept waiting meanwhile, short letters are not: so what is in front of a
//! single change is a slice, however large the table in the works is.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bgp_core::rib::Progress;
use bgp_core::session::{Restarted, SessionCommand, SessionEvent};
use bgp_core::speaker::config::Config;
use bgp_core::speaker::{Speaker, SpeakerEvent};
use bgp_core::{PeerId, Prefix, RouterId, SessionId};
use frr_bridge::interface::Interface;
use frr_bridge::kernel::{Command, Event, Kernel};
use hashbrown::{HashMap, HashSet};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tracing::{debug, info};

use super::allowance::Allowances;
use super::clock::{Clock, sleep_until};
use super::gateway::Reporter;
use super::kernel_side::{self, Redistribution, RoutesDown};
use super::outbox::Outbox;
use super::reports::{Admit, Inbox};
use super::{addresses, answer, journal};
use crate::control::door::{BgpQuery, KernelQuery};

/// Where things come from.
#[derive(Debug)]
pub(super) struct Inlets {
    pub(super) accepted: mpsc::Receiver<(TcpStream, SocketAddr)>,
    pub(super) kernel: mpsc::Receiver<Event>,
    pub(super) bgp_queries: mpsc::Receiver<BgpQuery>,
    pub(super) kernel_queries: mpsc::Receiver<KernelQuery>,
    pub(super) reloads: mpsc::Receiver<Reload>,
}

/// A new configuration.
#[derive(Debug)]
pub(super) struct Reload {
    pub(super) config: Arc<Config>,
    /// `description` lines, by interface.
    pub(super) descriptions: BTreeMap<String, String>,
    /// Routes that virtual routers depend on.
    pub(super) tracked: BTreeSet<Prefix>,
}

/// The speaker and all that it is connected to.
#[derive(Debug)]
pub(super) struct Postman {
    pub(super) speaker: Speaker,
    pub(super) clock: Clock,
    pub(super) kernel: Kernel,
    /// By index.
    pub(super) interfaces: BTreeMap<u32, Arc<Interface>>,
    /// `description` lines, by interface.
    pub(super) descriptions: Arc<BTreeMap<String, String>>,
    pub(super) inlets: Inlets,
    pub(super) reports: Inbox,
    pub(super) dialled: Dialled,
    pub(super) connections: HashMap<SessionId, Outbox>,
    /// The connections' tasks; they outlive the sessions until their last words are written.
    pub(super) carriers: JoinSet<()>,
    pub(super) dialling: HashMap<PeerId, JoinHandle<()>>,
    pub(super) redistribution: Redistribution,
    pub(super) routes_down: RoutesDown,
    pub(super) gateway: Reporter,
    /// Something waits until the kernel task has room.
    is_backed_up: bool,
    /// Next hops that the kernel task was asked about and has not answered yet.
    pub(super) unanswered: HashSet<IpAddr>,
    sweep: Sweep,
    /// Who may have how much in the log.
    allowances: Allowances,
    /// The kernel task's request for everything, until it has been met.
    pub(super) resending: Option<u32>,
}

/// Outcomes of attempts to connect: both ends of the channel.
#[derive(Debug)]
pub(super) struct Dialled {
    pub(super) sender: mpsc::Sender<(PeerId, io::Result<TcpStream>)>,
    receiver: mpsc::Receiver<(PeerId, io::Result<TcpStream>)>,
}

/// Whether the kernel task has been told that all routes are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sweep {
    /// It knows.
    Done,
    /// It will be told once the peers have sent everything and the kernel task has got it.
    Due,
}

impl Postman {
    /// Takes over a speaker that was made at [`bgp_core::Instant::START`], which is now.
    pub(super) fn new(
        speaker: Speaker,
        (routes_down, gateway): (RoutesDown, Reporter),
        kernel: Kernel,
        inlets: Inlets,
    ) -> Self {
        Self {
            speaker,
            clock: Clock::start(),
            kernel,
            interfaces: BTreeMap::new(),
            descriptions: Arc::default(),
            inlets,
            reports: Inbox::default(),
            dialled: Dialled::new(),
            connections: HashMap::new(),
            carriers: JoinSet::new(),
            dialling: HashMap::new(),
            redistribution: Redistribution::default(),
            routes_down,
            gateway,
            is_backed_up: false,
            unanswered: HashSet::new(),
            sweep: Sweep::Due,
            allowances: Allowances::default(),
            resending: None,
        }
    }

    /// Works until the kernel task ends.
    pub(super) async fn run(&mut self) {
        let mut held = 0;
        for turn in 1_u64.. {
            if turn.is_multiple_of(TURNS) {
                // There are signals to look at, and they are not looked at here.
                tokio::task::yield_now().await;
            }
            self.set_redistributed();
            self.speaker.handle_timeout(self.clock.now());
            let progress = self.speaker.run(BUDGET);
            self.carry_away(progress);
            held = if progress == Progress::More && held < HELD { held + 1 } else { 0 };
            let admit = if held > 0 { Admit::Short } else { Admit::All };
            let pause = self.pause(progress);
            let is_backed_up = self.is_backed_up;
            let kernel = self.kernel.clone();
            // The order is left to chance: a peer that keeps the reports coming must not keep the others waiting, nor
            // the operator.
            tokio::select! {
                event = self.inlets.kernel.recv() => match event {
                    Some(event) => self.take_kernel_event(event),
                    None => return,
                },
                () = self.reports.filled(admit) => self.take_reports(admit),
                Some((peer, outcome)) = self.dialled.receiver.recv() => self.dialled(peer, outcome),
                Some((stream, remote)) = self.inlets.accepted.recv() => self.accepted(stream, remote),
                Some(reload) = self.inlets.reloads.recv() => self.reload(reload),
                Some(query) = self.inlets.bgp_queries.recv() => answer::bgp(self, query),
                Some(query) = self.inlets.kernel_queries.recv() => answer::kernel(self, query),
                _ = kernel.writable(), if is_backed_up => {}
                () = pause => {}
            }
        }
    }

    /// Ends every session with Cease/Administrative Shutdown (RFC 4486) and waits until all connections have closed:
    /// what they have not written by then is lost with the runtime.
    pub(super) async fn farewell(&mut self) {
        self.speaker.shutdown(self.clock.now());
        self.carry_to_peers();
        while !self.connections.is_empty() {
            self.reports.filled(Admit::All).await;
            self.take_reports(Admit::All);
        }
        while self.carriers.join_next().await.is_some() {}
    }

    /// Takes what a configuration says beside BGP.
    pub(super) fn prepare(&mut self, reload: Reload) {
        self.descriptions = Arc::new(reload.descriptions);
        self.gateway.configure(reload.tracked);
    }

    fn reload(&mut self, reload: Reload) {
        let config = self.identified(Arc::clone(&reload.config));
        self.prepare(reload);
        journal::reload(&self.speaker.handle_reload(config, self.clock.now()));
    }

    /// Starts the peers, now that the kernel's interfaces and routes are known.
    pub(super) fn start(&mut self, restarted: Restarted) {
        let now = self.clock.now();
        let config = Arc::clone(self.speaker.config());
        let identified = self.identified(Arc::clone(&config));
        if identified != config {
            info!(router_id = %identified.router_id, "router identifier taken from the interfaces");
            self.speaker.handle_reload(identified, now);
        }
        self.speaker.handle_start(restarted, now);
    }

    /// Where the configuration names no identifier, the one in use stays; the first is an interface's address.
    fn identified(&self, config: Arc<Config>) -> Arc<Config> {
        if config.router_id != RouterId(0) {
            return config;
        }
        let running = self.speaker.config().router_id;
        let router_id = if running == RouterId(0) {
            addresses::identifier(self.interfaces.values()).unwrap_or(RouterId(1))
        } else {
            running
        };
        Arc::new(Config { router_id, ..Config::clone(&config) })
    }

    /// How long to wait if nothing comes in: while there is something to decide only until everybody else has had a
    /// look, else until the speaker's deadline or until sets are due.
    fn pause(&self, progress: Progress) -> impl Future<Output = ()> + use<> {
        let clock = self.clock;
        let deadline =
            self.speaker.poll_timeout().map(|(at, _)| at).into_iter().chain(self.redistribution.due()).min();
        async move {
            match progress {
                Progress::More => tokio::task::yield_now().await,
                Progress::Idle => sleep_until(clock, deadline).await,
            }
        }
    }

    /// Carries away everything the speaker has to say, as far as there is room for it.
    fn carry_away(&mut self, progress: Progress) {
        let is_all_asked = self.tell_kernel(Self::next_question);
        self.carry_to_peers();
        let mut is_all_out = false;
        while self.routes_down.has_room() {
            let Some(change) = self.speaker.poll_fib() else {
                is_all_out = true;
                break;
            };
            self.gateway.route(&change, self.routes_down.next_batch());
            self.routes_down.push(change);
        }
        self.routes_down.offer(&self.kernel);
        // A route whose next hop is still being asked about is not in the RIB's word yet.
        let is_decided = progress == Progress::Idle && is_all_asked && self.unanswered.is_empty();
        let is_settled = is_decided && is_all_out && self.routes_down.is_empty();
        let is_all_told = !is_settled || self.tell_kernel(Self::next_conclusion);
        self.is_backed_up = !is_all_asked || !is_all_told || !self.routes_down.is_empty();
        if is_settled && self.speaker.has_heard_everybody() {
            self.gateway.complete(self.routes_down.last_batch());
        }
        self.gateway.report(&self.speaker);
    }

    /// Tells the kernel task what `next` has for it; false if there is no room for more. Nothing is taken from where
    /// it waits, keyed by what it is about, before there is room for it.
    fn tell_kernel(&mut self, next: impl Fn(&mut Self) -> Option<Command>) -> bool {
        let kernel = self.kernel.clone();
        while let Some(room) = kernel.room() {
            let Some(command) = next(self) else { return true };
            room.fill(command);
        }
        false
    }

    /// What the kernel task is to report on, or no longer.
    fn next_question(&mut self) -> Option<Command> {
        if let Some(interest) = self.speaker.poll_next_hop() {
            if interest.wanted {
                self.unanswered.insert(interest.addr);
            } else {
                self.unanswered.remove(&interest.addr);
            }
            return Some(kernel_side::interest(interest));
        }
        if let Some(prefix) = self.gateway.poll_watch() {
            return Some(Command::Watch(prefix));
        }
        loop {
            let watch = self.speaker.poll_network_watch()?;
            if watch.is_wanted {
                return Some(Command::Watch(watch.prefix));
            }
            if !self.gateway.is_tracked(&watch.prefix) {
                return Some(Command::Unwatch(watch.prefix));
            }
        }
    }

    /// What the kernel task is to know once it has got every route.
    fn next_conclusion(&mut self) -> Option<Command> {
        if let Some(request) = self.resending.take() {
            return Some(Command::Resent(request));
        }
        if self.sweep == Sweep::Due && self.speaker.is_converged() {
            self.sweep = Sweep::Done;
            return Some(Command::Converged);
        }
        None
    }

    fn carry_to_peers(&mut self) {
        while let Some((session, command)) = self.speaker.poll_command() {
            self.deliver(session, command);
        }
        while let Some(order) = self.speaker.poll_dial() {
            self.dial(order);
        }
        while let Some(event) = self.speaker.poll_event() {
            journal::speaker(&event, &mut self.allowances, self.clock.now());
            self.gateway.peers_changed();
            if matches!(event, SpeakerEvent::Converged) {
                self.sweep = Sweep::Due;
            }
        }
    }

    fn deliver(&mut self, session: SessionId, command: SessionCommand) {
        match self.connections.get(&session) {
            Some(outbox) => outbox.push(command),
            None => debug!(session = session.0, "a command for a connection that is gone"),
        }
    }

    /// Takes what connections say, letters for as long as a slice lasts.
    fn take_reports(&mut self, admit: Admit) {
        for (session, note) in self.reports.take_notes() {
            self.speaker.handle_sent(session, note.sent);
            if let Some(stats) = note.stats {
                self.speaker.handle_stats(session, stats);
            }
        }
        let begin = self.clock.now();
        while let Some(letter) = self.reports.take(admit) {
            let now = self.clock.now();
            for event in letter.events {
                if matches!(event, SessionEvent::Down(_)) {
                    self.connections.remove(&letter.session);
                }
                self.speaker.handle_event(letter.session, event, now);
            }
            if self.clock.now() - begin >= SLICE {
                break;
            }
        }
    }
}

impl Dialled {
    fn new() -> Self {
        let (sender, receiver) = mpsc::channel(DIALLED);
        Self { sender, receiver }
    }
}

/// Prefixes decided between two looks at what has come in.
const BUDGET: usize = 4096;
/// Turns without a pause for the rest of the program.
const TURNS: u64 = 4;
/// How long letters are taken before what they say is decided.
const SLICE: Duration = Duration::from_millis(2);
/// Turns in a row that long letters may be kept waiting while there is something to decide.
const HELD: usize = 8;
/// Outcomes of attempts to connect that may wait.
const DIALLED: usize = 64;
