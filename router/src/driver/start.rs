//! Starting and stopping: the configuration, the tasks, the signals.

use std::fs;
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bgp_core::speaker::Speaker;
use bgp_core::speaker::config::Config;
use bgp_core::{Asn, Instant, RouterId};
use frr_bridge::kernel::{self, Kernel, Leave};
use frr_bridge::sys::map_large_allocations;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use super::gateway::{Gateway, Reporter};
use super::kernel_side::{Destination, RoutesDown};
use super::listeners::Listeners;
use super::postman::{Inlets, Postman, Reload};
use super::{control_side, gateway, journal, kernel_side};
use crate::config::{self, Desired, Loaded};
use crate::control::door::Door;

/// What `ridgeway run` is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// The configuration.
    pub file: PathBuf,
    /// Folder of the control sockets and the pid file.
    pub run_dir: PathBuf,
    /// Run a file that has errors without the lines they are in.
    pub lenient: bool,
    /// Addresses to listen on for BGP; all if empty.
    pub listen: Vec<IpAddr>,
    /// TCP port to listen on for BGP.
    pub port: u16,
    /// BGP's routes stay out of the kernel.
    pub no_kernel: bool,
    /// Our routes stay in the kernel when we stop.
    pub keep_routes: bool,
}

/// Runs the router until SIGTERM or SIGINT. The kernel's side and the gateway start threads of their own.
#[must_use]
pub fn run(options: Options) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.context("start the runtime").and_then(|runtime| {
        let outcome = runtime.block_on(serve(options));
        // A long file may still be in reading, for a reload that nobody waits for any more.
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: Options) -> Result<()> {
    let mut signals = Signals::open()?;
    raise_descriptor_limit();
    if !map_large_allocations() {
        warn!("the memory of lost tables may not be given back");
    }
    let (mut router, mut postman) = Router::open(options).await?;
    router.work(&mut postman, &mut signals).await?;
    router.farewell(postman).await
}

/// The signals that mean something to us.
struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn open() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }
}

/// All that runs beside the postman, and what a configuration that is read again goes to.
struct Router {
    options: Options,
    reloads: mpsc::Sender<Reload>,
    /// The control sockets; served until this is dropped.
    _serving: JoinSet<()>,
    running: control_side::Running,
    kernel: Kernel,
    listeners: Listeners,
    gateway: Gateway,
    /// The last to be dropped.
    _pid_file: PidFile,
}

impl Router {
    /// Reads the configuration, opens everything and starts the threads.
    async fn open(options: Options) -> Result<(Self, Postman)> {
        let loaded = load(&options)?;
        let desired = loaded.desired;
        let config = instance(&desired);
        fs::create_dir_all(&options.run_dir).with_context(|| options.run_dir.display().to_string())?;
        let pid_file = PidFile::create(options.run_dir.join("ridgeway.pid"))?;

        let mut gateway = Gateway::new(seed()?);
        let (door, bgp_queries, kernel_queries) = Door::new();
        let door = door.with_gateway(gateway.queries());
        let vty = control_side::Sockets::open(&options.run_dir)?;
        let (accept, accepted) = mpsc::channel(ACCEPTED);
        let mut listeners = Listeners::open(&options.listen, options.port, &accept)?;
        listeners.set_keys(desired.bgp.as_ref());
        let (kernel, kernel_events) = Kernel::start(&kernel::Options::default()).context("netlink")?;
        kernel_side::configure(&kernel, &desired).await?;
        let running = control_side::Running::default();
        running.set(loaded.script);
        let serving = vty.serve(&door, &running, &desired)?;
        info!(asn = %config.asn, router_id = %config.router_id, peers = config.peers.len(), "ridgeway is running");

        let destination = if options.no_kernel { Destination::Nowhere } else { Destination::Kernel };
        let (reloads, reloading) = mpsc::channel(1);
        let inlets =
            Inlets { accepted, kernel: kernel_events, bgp_queries, kernel_queries, reloads: reloading };
        let speaker = Speaker::new(config, seed()?, Instant::START);
        let outlets = (RoutesDown::new(destination), Reporter::new(gateway.world()));
        let mut postman = Postman::new(speaker, outlets, kernel.clone(), inlets);
        postman.prepare(reload(&desired));
        gateway.configure(&desired).context("virtual routers")?;
        let router = Self {
            options,
            reloads,
            _serving: serving,
            running,
            kernel,
            listeners,
            gateway,
            _pid_file: pid_file,
        };
        Ok((router, postman))
    }

    /// Serves until a signal ends it and the gateway has gone to a router that stays.
    async fn work(&mut self, postman: &mut Postman, signals: &mut Signals) -> Result<()> {
        let Signals { hangup, terminate, interrupt } = signals;
        // The postman works on all the while: it is he who makes room for what is sent, here and by the kernel.
        let mut working = pin!(postman.run());
        tokio::select! {
            () = &mut working => bail!("the kernel task has ended"),
            error = self.reload_whenever(hangup) => return Err(error),
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        info!("stopping");
        // First of all the gateway goes to a router that stays; this one forwards as before until it has.
        tokio::select! {
            () = &mut working => {}
            () = self.gateway.stop() => {}
        }
        Ok(())
    }

    /// Reloads at every SIGHUP, until that fails for another reason than what the file says.
    async fn reload_whenever(&mut self, hangup: &mut Signal) -> anyhow::Error {
        loop {
            hangup.recv().await;
            if let Err(error) = self.reload().await {
                return error;
            }
        }
    }

    /// Reads the configuration again and hands it to all; one that is refused changes nothing.
    async fn reload(&mut self) -> Result<()> {
        let options = self.options.clone();
        // Long prefix lists take a while to read, and the sessions are on this thread.
        let loading = tokio::task::spawn_blocking(move || load(&options)).await;
        let loaded = match loading.context("read the configuration").and_then(|loaded| loaded) {
            Ok(loaded) => loaded,
            Err(error) => {
                error!("{error:#}; the running configuration stays");
                return Ok(());
            }
        };
        self.listeners.set_keys(loaded.desired.bgp.as_ref());
        kernel_side::configure(&self.kernel, &loaded.desired).await?;
        self.running.set(loaded.script);
        self.gateway.configure(&loaded.desired).context("virtual routers")?;
        self.reloads.send(reload(&loaded.desired)).await?;
        Ok(())
    }

    /// Takes leave of the peers and then of the kernel.
    async fn farewell(self, mut postman: Postman) -> Result<()> {
        // Dropped listeners refuse the peers' next attempts while the last words are said.
        drop(self.listeners);
        if tokio::time::timeout(FAREWELL, postman.farewell()).await.is_err() {
            warn!("some peers did not take their NOTIFICATION in time");
        }
        let leave = if self.options.keep_routes { Leave::Keep } else { Leave::Flush };
        let report = self.kernel.stop(leave).await?;
        info!(removed = report.removed, next_hops = report.next_hops, failed = report.failed, "stopped");
        Ok(())
    }
}

/// Reads the configuration; refuses one with errors unless told to be lenient.
fn load(options: &Options) -> Result<Loaded> {
    let name = options.file.display().to_string();
    let text = fs::read(&options.file).with_context(|| name.clone())?;
    let loaded = config::load(&text);
    journal::findings(&name, &loaded.findings);
    if loaded.findings.has_errors() && !options.lenient {
        bail!("{name} has {} errors; --lenient runs it without those lines", loaded.findings.errors());
    }
    Ok(loaded)
}

/// The BGP instance; one without peers if the file has none.
fn instance(desired: &Desired) -> Arc<Config> {
    let mut config = desired.bgp.clone().unwrap_or_else(|| Config::new(Asn(0), RouterId(0)));
    if config.host_name.is_none() {
        config.host_name = desired.host_name.clone().or_else(host_name);
    }
    Arc::new(config)
}

fn host_name() -> Option<String> {
    let system = nix::sys::utsname::uname().ok()?;
    Some(system.nodename().to_string_lossy().into_owned())
}

/// What the postman needs of a configuration.
fn reload(desired: &Desired) -> Reload {
    let described = |(name, interface): (&String, &config::Interface)| {
        Some((name.clone(), interface.description.clone()?))
    };
    Reload {
        config: instance(desired),
        descriptions: desired.interfaces.iter().filter_map(described).collect(),
        tracked: gateway::tracked_routes(desired),
    }
}

/// Every session takes a descriptor, and the usual soft limit of 1,024 is there for programs that use `select`.
fn raise_descriptor_limit() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    if let Err(error) = raised {
        warn!(%error, "the limit on open files stays");
    }
}

/// Entropy for jitter and for hashing what peers send.
fn seed() -> Result<u64> {
    let mut octets = [0; 8];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut octets))
        .context("/dev/urandom")?;
    Ok(u64::from_ne_bytes(octets))
}

/// Says who runs here; gone when we are.
struct PidFile(PathBuf);

impl PidFile {
    fn create(path: PathBuf) -> Result<Self> {
        fs::write(&path, format!("{}\n", std::process::id())).with_context(|| path.display().to_string())?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(self.path()) {
            warn!(path = %self.path().display(), %error, "pid file stays");
        }
    }
}

/// Connections that may wait for the postman.
const ACCEPTED: usize = 64;
/// How long the peers have for our last NOTIFICATION.
const FAREWELL: Duration = Duration::from_millis(700);
