//! The gateway: virtual routers on the interfaces of this machine.
//!
//! ```text
//!  kernel events, BGP's facts ──▶ World ──┐
//!                 configuration ──▶ Wanted ┼─▶ a task for each interface  ◀─▶ sockets, devices
//!                    show vrrp ──▶ queries ┘     [lan]  vrrp_core::Segment
//! ```
//!
//! The tasks share a thread and a runtime of their own: an advertisement that is late costs the gateway, and BGP's
//! work may take as long as it takes. What they are told is state, not events - the latest [`World`] and the latest
//! [`Wanted`] - so nothing queues up and nothing can be missed. The thread is started by the first configuration that
//! has a virtual router; without one there is nothing but a look for what a run that crashed has left.

mod attachment;
mod facts;
mod hold;
mod lan;
mod settings;
mod show;
mod world;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use frr_bridge::vrrp::Devices;
use tokio::runtime;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tracing::{error, warn};

use self::lan::Lan;
use crate::config::{Desired, Interface, RouterAdvert, Vrrp};
use crate::control::door::GatewayQuery;

pub(super) use self::facts::{Reporter, tracked_routes};
pub(super) use self::world::World;

/// What is wanted of the gateway.
#[derive(Clone, Debug, Default, PartialEq)]
struct Wanted {
    /// By interface.
    lans: BTreeMap<String, LanPlan>,
    /// Once nothing is left, the thread ends.
    is_stopping: bool,
    /// Those that leave do not wait for others to take over.
    is_hurried: bool,
}

/// What is wanted of one interface.
#[derive(Clone, Debug, Default, PartialEq)]
struct LanPlan {
    /// By VRID.
    routers: BTreeMap<u8, Vrrp>,
    /// What IPv6 virtual routers tell hosts, if they are to.
    router_advert: Option<RouterAdvert>,
}

/// The handle of the gateway's thread, or of none.
#[derive(Debug)]
pub(super) struct Gateway {
    world: watch::Sender<Arc<World>>,
    wanted: watch::Sender<Wanted>,
    queries: Arc<OnceLock<mpsc::Sender<GatewayQuery>>>,
    seed: u64,
    /// Whether what an earlier run has left on other interfaces is gone.
    is_swept: bool,
    /// Told when the thread has nothing left to do.
    ended: Option<oneshot::Receiver<()>>,
}

impl Gateway {
    /// None yet; `seed` is for what is to be random.
    pub(super) fn new(seed: u64) -> Self {
        let (world, _) = watch::channel(Arc::default());
        let (wanted, _) = watch::channel(Wanted::default());
        Self { world, wanted, queries: Arc::default(), seed, is_swept: false, ended: None }
    }

    /// Where the facts go.
    pub(super) fn world(&self) -> watch::Sender<Arc<World>> {
        self.world.clone()
    }

    /// Where questions go, once there is somebody to ask.
    pub(super) fn queries(&self) -> Arc<OnceLock<mpsc::Sender<GatewayQuery>>> {
        Arc::clone(&self.queries)
    }

    /// Takes the virtual routers of a configuration. Equal ones are left alone.
    pub(super) fn configure(&mut self, desired: &Desired) -> io::Result<()> {
        let has_any = |(name, interface): (&String, &Interface)| {
            (!interface.vrrp.is_empty()).then(|| (name.clone(), LanPlan::of(interface)))
        };
        let lans: BTreeMap<_, _> = desired.interfaces.iter().filter_map(has_any).collect();
        if !std::mem::replace(&mut self.is_swept, true) {
            // Each task sweeps its own interface, once it is there.
            let swept = Devices::open().and_then(|mut devices| devices.sweep(|name| lans.contains_key(name)));
            if let Err(error) = swept {
                warn!(%error, "what an earlier run has left stays");
            }
        }
        if !lans.is_empty() && self.ended.is_none() {
            self.start()?;
        }
        self.wanted.send_if_modified(|wanted| {
            let is_other = wanted.lans != lans;
            wanted.lans = lans;
            is_other
        });
        Ok(())
    }

    /// Resigns, waits for others to take over as long as that may take, and removes what was made.
    pub(super) async fn stop(&mut self) {
        let Some(mut ended) = self.ended.take() else { return };
        self.wanted.send_modify(|wanted| {
            wanted.lans.clear();
            wanted.is_stopping = true;
        });
        if tokio::time::timeout(HANDOVER, &mut ended).await.is_ok() {
            return;
        }
        self.wanted.send_modify(|wanted| wanted.is_hurried = true);
        if tokio::time::timeout(HURRY, ended).await.is_err() {
            warn!("the gateway did not end in time");
        }
    }

    fn start(&mut self) -> io::Result<()> {
        let (queries, asked) = mpsc::channel(QUERIES);
        let (ending, ended) = oneshot::channel();
        let (world, wanted, seed) = (self.world.clone(), self.wanted.subscribe(), self.seed);
        thread::Builder::new().name("gateway".to_owned()).spawn(move || {
            match runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(supervise((&world, wanted), asked, seed)),
                Err(error) => error!(%error, "the gateway has no runtime"),
            }
            // Nobody waits for it unless the router stops.
            let _ = ending.send(());
        })?;
        // It is empty: this runs once.
        let _ = self.queries.set(queries);
        self.ended = Some(ended);
        Ok(())
    }
}

impl LanPlan {
    fn of(interface: &Interface) -> Self {
        let is_asked_for = interface.suppress_ra == Some(false);
        let router_advert = is_asked_for.then(|| interface.router_advert.clone());
        Self { routers: interface.vrrp.clone(), router_advert }
    }
}

/// Keeps a task for each interface that has virtual routers, and answers questions about all of them. Ends when it is
/// to stop and every task has left.
async fn supervise(
    (world, mut wanted): (&watch::Sender<Arc<World>>, watch::Receiver<Wanted>),
    mut queries: mpsc::Receiver<GatewayQuery>,
    seed: u64,
) {
    let mut running: BTreeMap<String, mpsc::Sender<lan::Question>> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    // What is wanted comes right after the start.
    let _ = wanted.changed().await;
    loop {
        let names: Vec<String> = wanted.borrow_and_update().lans.keys().cloned().collect();
        if tasks.is_empty() && wanted.borrow().is_stopping {
            return;
        }
        for name in &names {
            if running.get(name).is_none_or(mpsc::Sender::is_closed) {
                let (questions, asked) = mpsc::channel(QUERIES);
                match Lan::open(name, (world.subscribe(), wanted.clone()), seed) {
                    Ok(lan) => {
                        tasks.spawn(lan.run(asked));
                        running.insert(name.clone(), questions);
                    }
                    Err(error) => error!(interface = name, %error, "no virtual routers"),
                }
            }
        }
        tokio::select! {
            changed = wanted.changed() => if changed.is_err() { return },
            Some(query) = queries.recv() => show::answer(&running, query).await,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {
                running.retain(|_, questions| !questions.is_closed());
            }
        }
    }
}

/// Longest time to wait for another router to take over when we stop.
const HANDOVER: Duration = Duration::from_millis(2500);
/// How long the end may take after that.
const HURRY: Duration = Duration::from_millis(500);
/// Questions that may wait.
const QUERIES: usize = 8;
