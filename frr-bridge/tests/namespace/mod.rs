//! A network namespace per test, with `ip` of iproute2 as the independent witness.

#![allow(dead_code)]

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use frr_bridge::kernel::{BgpNextHop, BgpRoute, Event, Kernel, Options, RouteBatch};
use nix::sched::{CloneFlags, unshare};
use tokio::sync::mpsc;

/// Runs `test` on a thread in a network namespace of its own, in which two veth pairs are up: `wan0` 10.0.1.1/24,
/// 2001:db8:1::1/64 and `lan0` 10.0.2.1/24, 2001:db8:2::1/64.
pub(crate) fn in_namespace<F: Future<Output = ()>>(test: impl FnOnce() -> F + Send) {
    thread::scope(|scope| {
        let outcome = scope.spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET)
                .expect("these tests make network namespaces and must run as root (CAP_SYS_ADMIN)");
            ip("link set lo up");
            for (name, net) in [("wan0", 1), ("lan0", 2)] {
                ip(&format!("link add {name} type veth peer name {name}-far"));
                ip(&format!("link set {name}-far up"));
                ip(&format!("link set {name} up"));
                ip(&format!("address add 10.0.{net}.1/24 dev {name}"));
                ip(&format!("address add 2001:db8:{net}::1/64 dev {name} nodad"));
            }
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(test());
        });
        if let Err(panic) = outcome.join().map_err(std::panic::resume_unwind) {
            panic
        }
    });
}

/// Runs `ip` with these arguments and returns its output, blanks at line ends removed.
pub(crate) fn ip(arguments: &str) -> String {
    let output =
        Command::new("ip").args(arguments.split_whitespace()).output().expect("iproute2 is installed");
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {arguments}: {problem}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// What the kernel has for a prefix, as `ip route` shows it with numbers for names: 186 is BGP, 196 static. That a
/// route goes by a next-hop object is left out.
pub(crate) fn route(prefix: &str) -> String {
    let family = if prefix.contains(':') { "-6" } else { "-4" };
    let shown = ip(&format!("-N {family} route show exact {prefix}"));
    let shown = match shown.split_once(" nhid ") {
        Some((prefix, rest)) => format!("{prefix} {}", rest.split_once(' ').unwrap().1),
        None => shown,
    };
    match shown.split_once(' ') {
        Some(("6", rest)) => format!("blackhole {rest}"),
        Some(("7", rest)) => format!("unreachable {rest}"),
        _ => shown,
    }
}

/// Number of BGP's and static routes in the kernel.
pub(crate) fn ours() -> usize {
    ["-4", "-6"]
        .iter()
        .flat_map(|family| {
            ["186", "196"].map(|protocol| ip(&format!("{family} route show proto {protocol}")))
        })
        .map(|text| text.lines().filter(|line| !line.starts_with('\t')).count())
        .sum()
}

/// A running kernel task and what it says.
pub(crate) struct Bridge {
    pub(crate) kernel: Kernel,
    pub(crate) events: mpsc::Receiver<Event>,
    batch: u64,
}

impl Bridge {
    pub(crate) async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        let (kernel, events) = Kernel::start(&options).unwrap();
        let mut bridge = Self { kernel, events, batch: 0 };
        bridge.until(|event| matches!(event, Event::Ready { .. })).await;
        bridge
    }

    /// The first event that fits; the others are dropped.
    pub(crate) async fn until(&mut self, fits: impl Fn(&Event) -> bool) -> Event {
        let wait = async {
            loop {
                let event = self.events.recv().await.expect("the task runs");
                if fits(&event) {
                    return event;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait).await.expect("the event comes within 10 s")
    }

    /// Sends BGP's routes and waits until the kernel has them. `None` withdraws.
    pub(crate) async fn bgp<'a>(&mut self, routes: impl IntoIterator<Item = (&'a str, Option<BgpRoute>)>) {
        let mut batch = RouteBatch::default();
        self.batch += 1;
        batch.id = self.batch;
        for (prefix, route) in routes {
            batch.set(prefix.parse().unwrap(), route.map(Into::into));
        }
        self.kernel.send(frr_bridge::kernel::Command::Routes(batch)).await.unwrap();
        let id = self.batch;
        self.until(|event| *event == Event::Installed(id)).await;
    }

    pub(crate) async fn send(&self, command: frr_bridge::kernel::Command) {
        self.kernel.send(command).await.unwrap();
    }

    /// Waits until the task has worked off everything sent so far.
    pub(crate) async fn settle(&self) {
        self.kernel.view().await.unwrap();
    }

    pub(crate) async fn written(&self) -> u64 {
        self.kernel.view().await.unwrap().written
    }
}

pub(crate) fn hop(address: &str) -> BgpNextHop {
    BgpNextHop { address: address.parse().unwrap(), link_local: None, interface: None, weight: 1 }
}

/// BGP's route over these next hops.
pub(crate) fn via(next_hops: &[&str]) -> Option<BgpRoute> {
    Some(BgpRoute { next_hops: next_hops.iter().map(|address| hop(address)).collect(), distance: 20 })
}

/// Waits until `holds`, for what comes without an event.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(10), "never came true: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
