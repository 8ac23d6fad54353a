//! The lab itself: names, cables and switches, and the guarantee that nothing is left behind.
//!
//! A [`Segment`] is a VLAN: a bridge in a namespace that plays the switch. Cables are veth pairs, made directly
//! between two namespaces, so that nothing ever appears in the namespace of the machine.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::expect::eventually;
use crate::namespace::{Namespace, remove};
use crate::sandbox;

/// A set of namespaces and a directory, removed together. Make one for each test.
pub struct Lab {
    inner: Arc<Inner>,
}

/// What outlives the [`Lab`] value as long as a namespace or a process still refers to it.
pub(crate) struct Inner {
    number: u32,
    title: String,
    dir: tempfile::TempDir,
    names: Mutex<Vec<String>>,
    logs: Mutex<Vec<PathBuf>>,
}

/// A VLAN: whatever is attached to it sees each other.
pub struct Segment {
    switch: Namespace,
    ports: AtomicU32,
}

/// One end of a cable: the namespace, the interface's name there, and its addresses.
pub type End<'a> = (&'a Namespace, &'a str, &'a [&'a str]);

/// Runs a test in a lab of its own. When it fails, the end of every process's log is printed before the lab goes.
///
/// # Panics
///
/// With the error's whole chain when the test fails: this is the test's verdict.
pub fn run(title: &str, test: impl FnOnce(&Lab) -> Result<()>) {
    let lab = Lab::new(title).unwrap_or_else(|error| panic!("{title}: no lab: {error:#}"));
    let verdict = catch_unwind(AssertUnwindSafe(|| test(&lab)));
    if !matches!(verdict, Ok(Ok(()))) {
        eprintln!("{}", lab.logs());
    }
    match verdict {
        Ok(Ok(())) => {}
        Ok(Err(error)) => panic!("{title}: {error:#}"),
        Err(panic) => resume_unwind(panic),
    }
}

impl Lab {
    /// An empty lab. Starts the process over in a user namespace when it lacks the rights ([`sandbox::enter`]).
    pub fn new(title: &str) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        sandbox::enter()?;
        let prefix = format!("{}{}-", sandbox::DIR_PREFIX, std::process::id());
        let dir = tempfile::Builder::new().prefix(&prefix).tempdir().context("making the lab's directory")?;
        // Daemons that give up root must still reach their files.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(dir.path(), open).context("opening the lab's directory")?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let (names, logs) = (Mutex::default(), Mutex::default());
        Ok(Self { inner: Arc::new(Inner { number, title: title.to_owned(), dir, names, logs }) })
    }

    /// A new namespace with its loopback up.
    pub fn namespace(&self, label: &str) -> Result<Namespace> {
        let name = format!("{}{}-{}-{label}", sandbox::PREFIX, std::process::id(), self.inner.number);
        lock(&self.inner.names).push(name.clone());
        Namespace::create(Arc::clone(&self.inner), label, name)
    }

    /// A new VLAN.
    pub fn segment(&self, label: &str) -> Result<Segment> {
        let switch = self.namespace(label)?;
        switch.ip("link add br0 type bridge mcast_snooping 0 forward_delay 0")?;
        switch.link_up("br0")?;
        Ok(Segment { switch, ports: AtomicU32::new(0) })
    }

    /// A cable between two namespaces, both ends up.
    pub fn link(&self, a: End<'_>, b: End<'_>) -> Result<()> {
        let (near, far) = (a.0.name(), b.0.name());
        a.0.ip(&format!("link add {} netns {near} type veth peer name {} netns {far}", a.1, b.1))?;
        a.0.link_up(a.1)?;
        b.0.link_up(b.1)?;
        furnish(a)?;
        furnish(b)
    }

    /// The lab's directory.
    pub fn dir(&self) -> &Path {
        self.inner.dir()
    }

    /// The end of every process's log, for a failure's report.
    pub fn logs(&self) -> String {
        let mut text = format!("──── logs of {} ────\n", self.inner.title);
        for path in lock(&self.inner.logs).iter() {
            let bytes = std::fs::read(path).unwrap_or_default();
            let log = String::from_utf8_lossy(&bytes);
            let lines: Vec<&str> = log.lines().collect();
            let name = path.strip_prefix(self.dir()).unwrap_or(path).display();
            text.push_str(&format!("── {name} ({} lines)\n", lines.len()));
            for line in lines.iter().skip(lines.len().saturating_sub(LOG_TAIL)) {
                text.push_str(&format!("   {line}\n"));
            }
        }
        text
    }
}

impl Inner {
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn remember_log(&self, path: PathBuf) {
        let mut logs = lock(&self.logs);
        if !logs.contains(&path) {
            logs.push(path);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if std::env::var_os("LAB_KEEP").is_some() {
            self.dir.disable_cleanup(true);
            eprintln!("{}: files kept in {}", self.title, self.dir.path().display());
        }
        for name in lock(&self.names).iter() {
            remove(name);
        }
    }
}

impl Segment {
    /// Plugs a namespace into the VLAN by an interface with these addresses.
    pub fn attach(&self, namespace: &Namespace, interface: &str, addresses: &[&str]) -> Result<()> {
        let port = format!("port{}", self.ports.fetch_add(1, Ordering::Relaxed));
        let (near, far) = (namespace.name(), self.switch.name());
        namespace.ip(&format!("link add {interface} netns {near} type veth peer name {port} netns {far}"))?;
        self.switch.ip(&format!("link set {port} master br0 up"))?;
        namespace.link_up(interface)?;
        furnish((namespace, interface, addresses))
    }

    /// The namespace of the switch, to capture on `br0` or to cut a port.
    pub fn switch(&self) -> &Namespace {
        &self.switch
    }
}

/// Gives an interface that is up its addresses, and waits until the kernel has noticed the carrier: only then does it
/// have a link-local address, and with many labs at work that takes a while.
fn furnish((namespace, interface, addresses): End<'_>) -> Result<()> {
    for address in addresses {
        namespace.add_address(interface, address)?;
    }
    eventually(Duration::from_secs(10), "the interface is ready", || namespace.link_local(interface))
        .map(drop)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const LOG_TAIL: usize = 60;
