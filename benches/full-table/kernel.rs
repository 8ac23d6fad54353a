//! The kernel's side of a router: how many routes it has, and what writing them takes when nothing else runs.
//!
//! Counting must not disturb who writes. For IPv4 `/proc/net/fib_triestat` walks the table without its lock, seldom
//! enough to take a fifth of a core at most; for IPv6 `/proc/net/rt6_stats` has a counter. A dump or a listener for
//! changes would cost the writer more. The kernel has a few routes of its own that come and go (IPv6 neighbours'), so
//! "all" and "none" are meant but for [`SLACK`].

use std::fs::File;
use std::io::{Read, Seek};
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use benches::message::Identity;
use benches::table::Table;
use ipnet::IpNet;
use lab::Namespace;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send, socket,
};

/// Counts the routes of one namespace.
pub struct Counter {
    ipv4: File,
    ipv6: File,
    at_first: usize,
}

impl Counter {
    /// Counts those that are there now as none.
    pub fn new(namespace: &Namespace) -> Result<Self> {
        let open =
            |name: &str| File::open(format!("/proc/thread-self/net/{name}")).context("opening the counts");
        let (ipv4, ipv6) = namespace.enter(|| (open("fib_triestat"), open("rt6_stats")))?;
        let mut counter = Self { ipv4: ipv4?, ipv6: ipv6?, at_first: 0 };
        counter.at_first = counter.all()?;
        Ok(counter)
    }

    /// Routes that came since.
    pub fn count(&mut self) -> Result<usize> {
        Ok(self.all()?.saturating_sub(self.at_first))
    }

    /// Until there are `expected`; `between` is called between two looks, with how long it should take.
    pub fn wait(
        &mut self,
        expected: usize,
        patience: Duration,
        mut between: impl FnMut(Duration) -> Result<()>,
    ) -> Result<Duration> {
        let start = Instant::now();
        loop {
            let looked = Instant::now();
            let count = self.count()?;
            if count.abs_diff(expected) <= SLACK {
                return Ok(start.elapsed());
            }
            ensure!(
                start.elapsed() < patience,
                "after {patience:?} the kernel has {count} routes, not {expected}"
            );
            between((looked.elapsed() * 4).max(Duration::from_millis(10)))?;
        }
    }

    fn all(&mut self) -> Result<usize> {
        let text = read(&mut self.ipv4)?;
        // The local table is listed too, and is the same one as long as nobody has made rules.
        let main = text.split_once("Main:").context("no main table in fib_triestat")?.1;
        let count = main.lines().find_map(|line| line.trim().strip_prefix("Prefixes:"));
        let total: usize = count.context("a short fib_triestat")?.trim().parse()?;
        // Nodes, nodes with routes, routes allocated, routes in the table, …
        let text = read(&mut self.ipv6)?;
        let entries = text.split_whitespace().nth(3).context("a short rt6_stats")?;
        Ok(total + usize::from_str_radix(entries, 16)?)
    }
}

fn read(file: &mut File) -> Result<String> {
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    Ok(text)
}

/// Writes the routes of `table` by way of `via`, as plainly as it can be done fast: batches of one call, the last
/// message of each acknowledged.
pub fn write_raw(namespace: &Namespace, table: &Table, via: &Identity) -> Result<Duration> {
    namespace.enter(|| {
        let socket = socket(
            AddressFamily::Netlink,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC,
            SockProtocol::NetlinkRoute,
        )?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, 0))?;
        let interface = nix::net::if_::if_nametoindex("eth0")?;
        let prefixes: Vec<IpNet> =
            table.groups.iter().flat_map(|group| group.prefixes.iter().copied()).collect();
        let start = Instant::now();
        let mut batch = Vec::new();
        for prefixes in prefixes.chunks(BATCH) {
            batch.clear();
            for (at, prefix) in prefixes.iter().enumerate() {
                let acknowledge = if at + 1 == prefixes.len() { NLM_F_ACK } else { 0 };
                encode(&mut batch, *prefix, (via, interface), acknowledge);
            }
            write_batch(&socket, &batch)?;
        }
        Ok(start.elapsed())
    })?
}

fn write_batch(socket: &OwnedFd, batch: &[u8]) -> Result<()> {
    send(socket.as_raw_fd(), batch, MsgFlags::empty())?;
    let mut answer = [0; 4096];
    let count = recv(socket.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    let error = answer[..count].get(16..20).and_then(|octets| octets.try_into().ok()).map(i32::from_ne_bytes);
    ensure!(error == Some(0), "the kernel has answered {error:?}");
    Ok(())
}

/// RTM_NEWROUTE, with a metric and a protocol as BGP daemons give them.
fn encode(out: &mut Vec<u8>, prefix: IpNet, (via, interface): (&Identity, u32), flags: u16) {
    let start = out.len();
    let (family, destination, gateway) = match prefix {
        IpNet::V4(net) => (AF_INET, net.network().octets().to_vec(), IpAddr::V4(via.address)),
        IpNet::V6(net) => (AF_INET6, net.network().octets().to_vec(), IpAddr::V6(via.address6)),
    };
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&RTM_NEWROUTE.to_ne_bytes());
    out.extend_from_slice(&(NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE | flags).to_ne_bytes());
    out.extend_from_slice(&[0; 8]);
    let (table, universe, unicast) = (254, 0, 1);
    out.extend_from_slice(&[family, prefix.prefix_len(), 0, 0, table, RTPROT_BGP, universe, unicast]);
    out.extend_from_slice(&[0; 4]);
    let gateway = match gateway {
        IpAddr::V4(gateway) => gateway.octets().to_vec(),
        IpAddr::V6(gateway) => gateway.octets().to_vec(),
    };
    attribute(out, RTA_DST, &destination);
    attribute(out, RTA_GATEWAY, &gateway);
    attribute(out, RTA_OIF, &interface.to_ne_bytes());
    attribute(out, RTA_PRIORITY, &20u32.to_ne_bytes());
    let len = u32::try_from(out.len() - start).unwrap_or(0);
    out[start..start + 4].copy_from_slice(&len.to_ne_bytes());
}

fn attribute(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    out.extend_from_slice(&u16::try_from(4 + value.len()).unwrap_or(0).to_ne_bytes());
    out.extend_from_slice(&kind.to_ne_bytes());
    out.extend_from_slice(value);
}

/// Routes more or less that do not matter, of hundreds of thousands.
pub const SLACK: usize = 20;

/// Messages in one call.
const BATCH: usize = 256;

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const RTM_NEWROUTE: u16 = 24;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLM_F_REPLACE: u16 = 0x100;
const NLM_F_CREATE: u16 = 0x400;
const RTPROT_BGP: u8 = 186;
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_PRIORITY: u16 = 6;
