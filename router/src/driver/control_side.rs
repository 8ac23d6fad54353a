//! The control sockets: one per daemon of FRR that `vtysh` would look for.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use frr_bridge::vty::server::Listener;
use tokio::task::JoinSet;

use crate::config::{self, Desired, Script};
use crate::control::{self, Control, Daemon, Door};

/// The sockets, bound and not served yet: a second router in the same folder must fail before it does harm.
#[derive(Debug)]
pub(super) struct Sockets(Vec<(Daemon, Listener)>);

/// What `show running-config` prints.
#[derive(Clone, Debug, Default)]
pub(super) struct Running(Arc<Mutex<Script>>);

impl Sockets {
    /// Binds them in `run_dir`.
    pub(super) fn open(run_dir: &Path) -> Result<Self> {
        let bind = |daemon: Daemon| {
            let path = run_dir.join(format!("{}.vty", daemon.name()));
            let listener = Listener::bind(&path).with_context(|| path.display().to_string())?;
            Ok((daemon, listener))
        };
        SERVED.into_iter().map(bind).collect::<Result<_>>().map(Self)
    }

    /// Serves them until the set is dropped.
    pub(super) fn serve(self, door: &Door, running: &Running, desired: &Desired) -> Result<JoinSet<()>> {
        let kernel = nix::sys::utsname::uname()?;
        let name = kernel.nodename().to_string_lossy().into_owned();
        let host_name = desired.host_name.clone().unwrap_or(name);
        let release =
            format!("{}({})", kernel.sysname().to_string_lossy(), kernel.release().to_string_lossy());
        let running = running.clone();
        let control =
            Control::new(door.clone(), Box::new(move |daemon| running.print(daemon)), host_name, release);
        let control = Arc::new(control);
        let mut serving = JoinSet::new();
        for (daemon, listener) in self.0 {
            let control = Arc::clone(&control);
            serving.spawn(control::serve(listener, control, daemon));
        }
        Ok(serving)
    }
}

impl Running {
    /// Takes the script of the configuration that now runs.
    pub(super) fn set(&self, script: Script) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = script;
    }

    fn print(&self, daemon: Daemon) -> String {
        let script = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Static routes have no socket of their own until somebody configures them over it.
        match daemon {
            Daemon::Zebra => config::running_config(&script, &[Daemon::Zebra, Daemon::Staticd]),
            Daemon::Bgpd | Daemon::Vrrpd | Daemon::Staticd => config::running_config(&script, &[daemon]),
        }
    }
}

/// The sockets that are served.
const SERVED: [Daemon; 3] = [Daemon::Zebra, Daemon::Bgpd, Daemon::Vrrpd];
