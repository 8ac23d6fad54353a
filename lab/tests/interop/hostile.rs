//! Peers that mean harm, while a good one looks on: its session must not notice.

use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::daemon::{self, Daemon, Kind, Neighbor, Route, Spec};
use lab::{Lab, Namespace, eventually};

use crate::by_hand::{KEEPALIVE, await_type, last_message, message, open};
use crate::pair::{A4, B4, theirs};

struct Scene {
    ours: Box<dyn Daemon>,
    good: Box<dyn Daemon>,
    bad: Namespace,
}

/// Ours at 10.0.0.1, a good BIRD at 10.0.0.2, and 10.0.0.3, which is configured and played by hand.
fn scene(lab: &Lab) -> Result<Scene> {
    let wire = lab.segment("wire")?;
    let [a, b, bad] = ["a", "b", "bad"].map(|name| lab.namespace(name));
    let (a, b, bad) = (a?, b?, bad?);
    for (namespace, addresses) in [(&a, ["10.0.0.1/24"]), (&b, ["10.0.0.2/24"]), (&bad, ["10.0.0.3/24"])] {
        wire.attach(namespace, "eth0", &addresses)?;
    }
    bad.add_address("eth0", "10.0.0.4/24")?;
    let ours = Spec::new(65001, A4)
        .neighbor(Neighbor::new(B4, 65002))
        .neighbor(Neighbor::new("10.0.0.3", 65003).passive());
    let ours = daemon::start(Kind::under_test(), &a, &ours)?;
    let good =
        daemon::start(Kind::Bird, &b, &theirs(A4, |n| n).route(Route::new("198.51.100.0/24").via(B4)))?;
    ours.await_route(B4, "198.51.100.0/24")?;
    Ok(Scene { ours, good, bad })
}

impl Scene {
    fn dial(&self) -> Result<TcpStream> {
        let stream = self.bad.enter(|| TcpStream::connect((A4, 179)))?.context("dialling")?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        Ok(stream)
    }

    /// The bad peer's session, up to Established; who has misbehaved may be refused for a while.
    fn establish(&self) -> Result<TcpStream> {
        eventually(Duration::from_secs(15), "the bad peer is let in", || self.try_establish())
    }

    fn try_establish(&self) -> Result<TcpStream> {
        let mut stream = self.dial()?;
        stream.write_all(&open(65003, Ipv4Addr::new(10, 0, 0, 3)))?;
        await_type(&mut stream, KEEPALIVE)?;
        stream.write_all(&message(KEEPALIVE, &[]))?;
        self.ours.await_established("10.0.0.3")?;
        Ok(stream)
    }

    /// Resident memory of ours, in KiB.
    fn memory(&mut self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.ours.process().id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        line.trim().trim_end_matches(" kB").parse().context("VmRSS")
    }

    fn ensure_unharmed(&mut self) -> Result<()> {
        self.ours.process().ensure_running()?;
        ensure!(self.ours.established(B4.parse()?)?, "the good peer's session is gone");
        Ok(())
    }
}

#[test]
fn garbage_after_establishment_costs_only_that_session() {
    lab::run("garbage", |lab| {
        if !Kind::Bird.available()? {
            return Ok(());
        }
        let mut scene = scene(lab)?;
        for seed in 1..=5_u8 {
            let mut stream = scene.establish()?;
            let garbage: Vec<u8> =
                (0..40_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8 ^ seed).collect();
            let _ = stream.write_all(&garbage);
            // RFC 4271 §6.1: Message Header Error (1), Connection Not Synchronized (1).
            let last = last_message(&mut stream)?;
            ensure!(last.get(18..21) == Some(&[3, 1, 1]), "the session ended with {last:?}");
            scene.ours.await_down("10.0.0.3")?;
        }
        scene.ensure_unharmed()
    });
}

/// An UPDATE whose attributes are torn is not worth a session (RFC 7606): its routes count as withdrawn.
#[test]
fn a_malformed_attribute_withdraws_its_routes_and_keeps_the_session() {
    lab::run("malformed", |lab| {
        if !Kind::Bird.available()? {
            return Ok(());
        }
        let mut scene = scene(lab)?;
        let mut stream = scene.establish()?;
        stream.write_all(&announce(&[0x40, 1, 1, 0]))?;
        scene.ours.await_route("10.0.0.3", "203.0.113.0/24")?;
        // ORIGIN of two octets.
        stream.write_all(&announce(&[0x40, 1, 2, 0, 0]))?;
        scene.ours.await_no_route("10.0.0.3", "203.0.113.0/24")?;
        ensure!(scene.ours.established("10.0.0.3".parse()?)?, "the session is gone");
        scene.ensure_unharmed()
    });
}

/// What is announced and withdrawn as fast as the wire takes it ends as it was last said, here and at the next peer.
#[test]
fn a_prefix_that_flaps_at_full_speed_costs_no_memory_and_ends_right_everywhere() {
    lab::run("flapping", |lab| {
        if !Kind::Bird.available()? {
            return Ok(());
        }
        let mut scene = scene(lab)?;
        let mut stream = scene.establish()?;
        let before = scene.memory()?;
        let (up, down) = (announce(&[0x40, 1, 1, 0]), message(2, &[0, 4, 24, 203, 0, 113, 0, 0]));
        let flaps = [up.as_slice(), &down].concat().repeat(500);
        let start = std::time::Instant::now();
        let mut messages = 0;
        while start.elapsed() < Duration::from_secs(4) {
            stream.write_all(&flaps).context("the flapping session")?;
            messages += 1000;
        }
        stream.write_all(&up)?;
        scene.ours.await_route("10.0.0.3", "203.0.113.0/24")?;
        let told = scene.good.await_route(A4, "203.0.113.0/24")?;
        ensure!(told.as_path == [65001, 65003], "{told:?}");
        let after = scene.memory()?;
        ensure!(
            after < before + 16 * 1024,
            "after {messages} messages {after} KiB are resident, before {before}"
        );
        stream.write_all(&down)?;
        scene.good.await_no_route(A4, "203.0.113.0/24")?;
        scene.ensure_unharmed()
    });
}

#[test]
fn a_thousand_connections_from_strangers_and_from_a_peer_leave_nothing_behind() {
    lab::run("a thousand connections", |lab| {
        if !Kind::Bird.available()? {
            return Ok(());
        }
        let mut scene = scene(lab)?;
        let before = scene.memory()?;
        for source in ["10.0.0.3", "10.0.0.4"] {
            let mut held = Vec::new();
            for _ in 0..500 {
                held.extend(scene.bad.enter(|| connect_from(source))?.ok());
            }
            std::thread::sleep(Duration::from_millis(300));
            scene.ensure_unharmed()?;
            drop(held);
        }
        let after = scene.memory()?;
        ensure!(after < before + 8 * 1024, "resident memory went from {before} to {after} KiB");
        eventually(Duration::from_secs(10), "its connections are gone", || {
            let id = scene.ours.process().id();
            let open = std::fs::read_dir(format!("/proc/{id}/fd"))?.count();
            ensure!(open < 60, "{open} files are open");
            Ok(())
        })?;
        scene.ensure_unharmed()
    });
}

/// 203.0.113.0/24 by 65003 and 10.0.0.3, with this ORIGIN attribute.
fn announce(origin: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 0];
    let mut attributes = origin.to_vec();
    attributes.extend([0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xeb]);
    attributes.extend([0x40, 3, 4, 10, 0, 0, 3]);
    body.extend(u16::try_from(attributes.len()).unwrap().to_be_bytes());
    body.extend(attributes);
    body.extend([24, 203, 0, 113]);
    message(2, &body)
}

fn connect_from(source: &str) -> Result<TcpStream> {
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket};
    use std::os::fd::AsRawFd;
    let fd = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    bind(fd.as_raw_fd(), &SockaddrIn::from(std::net::SocketAddrV4::new(source.parse()?, 0)))?;
    connect(fd.as_raw_fd(), &SockaddrIn::from(std::net::SocketAddrV4::new(A4.parse()?, 179)))?;
    Ok(TcpStream::from(fd))
}
