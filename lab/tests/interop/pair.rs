//! Two speakers on one wire: the device under test (`a`, AS 65001) and a peer (`b`, AS 65002).

use anyhow::{Result, ensure};
use lab::daemon::{self, Daemon, Kind, Neighbor, Spec};
use lab::{Lab, Namespace};

pub const A4: &str = "10.0.0.1";
pub const B4: &str = "10.0.0.2";
pub const A6: &str = "2001:db8:a::1";
pub const B6: &str = "2001:db8:a::2";

pub struct Pair {
    pub a: Namespace,
    pub b: Namespace,
    pub dut: Box<dyn Daemon>,
    pub peer: Box<dyn Daemon>,
}

impl Pair {
    /// The wire, with the address of both families at both ends.
    pub fn wire(lab: &Lab) -> Result<(Namespace, Namespace)> {
        let (a, b) = (lab.namespace("a")?, lab.namespace("b")?);
        lab.link(
            (&a, "eth0", &["10.0.0.1/24", "2001:db8:a::1/64"]),
            (&b, "eth0", &["10.0.0.2/24", "2001:db8:a::2/64"]),
        )?;
        Ok((a, b))
    }

    /// Wire and speakers, as the specs say.
    pub fn start(lab: &Lab, kind: Kind, ours: &Spec, theirs: &Spec) -> Result<Self> {
        let (a, b) = Self::wire(lab)?;
        let dut = daemon::start(Kind::under_test(), &a, ours)?;
        let peer = daemon::start(kind, &b, theirs)?;
        Ok(Self { a, b, dut, peer })
    }
}

/// Ours, talking to the peer by IPv4 (or IPv6), with its session shaped by `shape`.
pub fn ours(remote: &str, shape: impl Fn(Neighbor) -> Neighbor) -> Spec {
    Spec::new(65001, A4).installing().neighbor(shape(Neighbor::new(remote, 65002)))
}

/// The peer, talking to ours.
pub fn theirs(remote: &str, shape: impl Fn(Neighbor) -> Neighbor) -> Spec {
    Spec::new(65002, B4).neighbor(shape(Neighbor::new(remote, 65001)))
}

/// Whether a test that needs an frr.conf feature or one of our promises can run with this device under test.
pub fn reads_frr_conf() -> bool {
    matches!(Kind::under_test(), Kind::Ridgeway | Kind::Frr)
}

/// Established BGP connections in a namespace.
pub fn connections(namespace: &Namespace) -> Result<usize> {
    let text = namespace.run("ss", &["-Htn", "state", "established", "( sport = :179 or dport = :179 )"])?;
    Ok(text.lines().count())
}

/// Exactly one connection: a collision, if there was one, is over.
pub fn ensure_one_connection(namespace: &Namespace) -> Result<()> {
    let count = connections(namespace)?;
    ensure!(count == 1, "{count} BGP connections are open");
    Ok(())
}
