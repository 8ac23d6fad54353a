//! Real BGP daemons behind one trait, so that a test says what it wants once and asks it of each of them.
//!
//! A [`Spec`] says who the speaker is, whom it talks to and what it announces. Each sub-module renders it in its
//! daemon's own language, starts the daemon in a namespace with directories of its own, and reads its tables back
//! by its own tools. The device under test is one of them: [`Kind::under_test`].

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ipnet::IpNet;

use crate::expect::{ensure, eventually};
use crate::namespace::Namespace;
use crate::process::Process;
use crate::sandbox;

pub mod bird;
pub mod exabgp;
pub mod frr;
pub mod frr_conf;
pub mod gobgp;
pub mod openbgpd;
pub mod ridgeway;
pub mod spec;

pub use ridgeway::Ridgeway;
pub use spec::{Neighbor, Received, Route, Spec};

/// A BGP implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The daemon of this repository.
    Ridgeway,
    /// BIRD 2.
    Bird,
    /// FRR: zebra, staticd and bgpd.
    Frr,
    /// GoBGP.
    GoBgp,
    /// OpenBGPD.
    OpenBgpd,
    /// ExaBGP.
    ExaBgp,
}

/// A running daemon.
pub trait Daemon: Send {
    /// Which implementation this is.
    fn kind(&self) -> Kind;

    /// Whether the session with this neighbour is established.
    fn established(&self, neighbor: IpAddr) -> Result<bool>;

    /// What this neighbour has announced and this daemon has accepted.
    fn received(&self, neighbor: IpAddr) -> Result<BTreeSet<Received>>;

    /// Starts to announce a route (or changes how it is announced).
    fn announce(&mut self, route: &Route) -> Result<()>;

    /// Stops to announce a route.
    fn withdraw(&mut self, prefix: IpNet) -> Result<()>;

    /// The process that speaks BGP.
    fn process(&mut self) -> &mut Process;

    /// Asks it to end (SIGTERM) and waits.
    fn stop(&mut self) -> Result<ExitStatus> {
        self.process().stop(STOP_TIMEOUT)
    }

    /// Kills it (SIGKILL): no farewell to its peers.
    fn kill(&mut self) {
        self.process().kill();
    }

    /// Starts it again after [`stop`](Self::stop) or [`kill`](Self::kill), with the same configuration.
    fn start_again(&mut self) -> Result<()>;
}

impl Kind {
    /// Every implementation other than ours.
    pub const PEERS: &[Self] = &[Self::Bird, Self::Frr, Self::GoBgp, Self::OpenBgpd, Self::ExaBgp];

    /// Who plays the device under test: ours, or for a comparison the one that `LAB_DUT` names.
    pub fn under_test() -> Self {
        match std::env::var("LAB_DUT").as_deref() {
            Ok("bird") => Self::Bird,
            Ok("frr") => Self::Frr,
            Ok("gobgp") => Self::GoBgp,
            Ok("openbgpd") => Self::OpenBgpd,
            Ok("exabgp") => Self::ExaBgp,
            _ => Self::Ridgeway,
        }
    }

    /// How people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ridgeway => "Ridgeway",
            Self::Bird => "BIRD",
            Self::Frr => "FRR",
            Self::GoBgp => "GoBGP",
            Self::OpenBgpd => "OpenBGPD",
            Self::ExaBgp => "ExaBGP",
        }
    }

    /// Whether it can run here; if not, why. With `LAB_REQUIRE` set a missing daemon is an error instead.
    pub fn available(self) -> Result<bool> {
        let missing = self.programs().iter().find(|program| !Path::new(program).exists());
        let mut reason = missing.map(|program| format!("{program} is not installed"));
        if self == Self::OpenBgpd && sandbox::is_unprivileged() {
            reason = Some("it needs a user of its own, and a user namespace has only one".to_owned());
        }
        let Some(reason) = reason else { return Ok(true) };
        if std::env::var_os("LAB_REQUIRE").is_some() {
            bail!("{} cannot run here: {reason}", self.name());
        }
        eprintln!("skipped: {} cannot run here: {reason}", self.name());
        Ok(false)
    }

    fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Ridgeway => &[],
            Self::Bird => &["/usr/sbin/bird", "/usr/sbin/birdc"],
            Self::Frr => &["/usr/lib/frr/bgpd", "/usr/lib/frr/zebra", "/usr/bin/vtysh"],
            Self::GoBgp => &["/usr/bin/gobgpd", "/usr/bin/gobgp"],
            Self::OpenBgpd => &["/usr/sbin/bgpd", "/usr/sbin/bgpctl"],
            Self::ExaBgp => &["/usr/sbin/exabgp"],
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Starts a daemon of this kind in a namespace.
pub fn start(kind: Kind, namespace: &Namespace, spec: &Spec) -> Result<Box<dyn Daemon>> {
    let started: Result<Box<dyn Daemon>> = match kind {
        Kind::Ridgeway => Ridgeway::start(namespace, spec).map(|daemon| Box::new(daemon) as _),
        Kind::Bird => bird::Bird::start(namespace, spec).map(|daemon| Box::new(daemon) as _),
        Kind::Frr => frr::Frr::start(namespace, spec).map(|daemon| Box::new(daemon) as _),
        Kind::GoBgp => gobgp::GoBgp::start(namespace, spec).map(|daemon| Box::new(daemon) as _),
        Kind::OpenBgpd => openbgpd::OpenBgpd::start(namespace, spec).map(|daemon| Box::new(daemon) as _),
        Kind::ExaBgp => exabgp::ExaBgp::start(namespace, spec).map(|daemon| Box::new(daemon) as _),
    };
    started.with_context(|| format!("starting {kind} in {}", namespace.label()))
}

impl dyn Daemon + '_ {
    /// Waits until the session with this neighbour is established.
    pub fn await_established(&self, neighbor: &str) -> Result<()> {
        let address = address(neighbor)?;
        eventually(SESSION_TIMEOUT, &format!("{} established with {neighbor}", self.kind()), || {
            ensure(self.established(address)?, || "not established".to_owned())
        })
    }

    /// Waits until the session with this neighbour is gone.
    pub fn await_down(&self, neighbor: &str) -> Result<()> {
        let address = address(neighbor)?;
        eventually(SESSION_TIMEOUT, &format!("{} has lost {neighbor}", self.kind()), || {
            ensure(!self.established(address)?, || "still established".to_owned())
        })
    }

    /// Waits for a route from this neighbour and returns it.
    pub fn await_route(&self, neighbor: &str, prefix: &str) -> Result<Received> {
        let (address, wanted) = (address(neighbor)?, net(prefix)?);
        eventually(SESSION_TIMEOUT, &format!("{} has {prefix} from {neighbor}", self.kind()), || {
            let all = self.received(address)?;
            let found = all.iter().find(|route| route.prefix == wanted).cloned();
            found.with_context(|| format!("it has {} routes: {all:?}", all.len()))
        })
    }

    /// Waits until there is no such route from this neighbour.
    pub fn await_no_route(&self, neighbor: &str, prefix: &str) -> Result<()> {
        let (address, unwanted) = (address(neighbor)?, net(prefix)?);
        eventually(SESSION_TIMEOUT, &format!("{} has no {prefix} from {neighbor}", self.kind()), || {
            let all = self.received(address)?;
            ensure(all.iter().all(|route| route.prefix != unwanted), || format!("it has {all:?}"))
        })
    }

    /// [`Daemon::withdraw`] of a prefix given as text.
    pub fn withdraw_prefix(&mut self, prefix: &str) -> Result<()> {
        self.withdraw(net(prefix)?)
    }
}

/// An address in a test's table.
pub(crate) fn address(text: &str) -> Result<IpAddr> {
    text.parse().with_context(|| format!("address {text}"))
}

/// A prefix in a test's table.
pub(crate) fn net(text: &str) -> Result<IpNet> {
    text.parse().with_context(|| format!("prefix {text}"))
}

/// A session may need a second try: each side backs off after a refused or collided connection.
const SESSION_TIMEOUT: Duration = Duration::from_secs(30);

const STOP_TIMEOUT: Duration = Duration::from_secs(5);
