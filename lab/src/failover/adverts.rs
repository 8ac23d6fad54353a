//! Who says that they are the Active: every advertisement that comes to an interface, with the time.

use std::io::Read;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};

use super::Family;
use crate::expect::eventually;
use crate::namespace::Namespace;

/// Listens until it is dropped.
pub struct Adverts {
    heard: Arc<Mutex<Vec<Advert>>>,
    stop: Arc<AtomicBool>,
}

/// One advertisement. Routers are told apart by their priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advert {
    /// When it came.
    pub at: Instant,
    /// Of which virtual router.
    pub family: Family,
    /// Zero is a resignation.
    pub priority: u8,
}

impl Adverts {
    /// Starts to listen on an interface.
    pub fn listen(namespace: &Namespace, interface: &str) -> Result<Self> {
        let heard: Arc<Mutex<Vec<Advert>>> = Arc::default();
        let stop = Arc::new(AtomicBool::new(false));
        for family in Family::BOTH {
            let socket = namespace.enter(|| open(family, interface))?.context("listening for VRRP")?;
            let (heard, stop) = (Arc::clone(&heard), Arc::clone(&stop));
            thread::spawn(move || hear(socket, family, &heard, &stop));
        }
        Ok(Self { heard, stop })
    }

    /// The last advertisement of a family that came before `until` and was of this priority.
    #[must_use]
    pub fn last(&self, family: Family, priority: u8, until: Instant) -> Option<Instant> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it =
            |advert: &&Advert| (advert.family, advert.priority) == (family, priority) && advert.at < until;
        heard.iter().rev().find(is_it).map(|advert| advert.at)
    }

    /// Waits until a router has been the only one to advertise, in both families, for `time`.
    pub fn await_active(&self, priority: u8, time: Duration) -> Result<()> {
        eventually(SETTLE, &format!("the router of priority {priority} is the only Active"), || {
            for family in Family::BOTH {
                let since = Instant::now().checked_sub(time).context("time")?;
                let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
                let recent = heard.iter().filter(|advert| advert.family == family && advert.at >= since);
                let priorities: Vec<u8> = recent.map(|advert| advert.priority).collect();
                let is_alone = !priorities.is_empty() && priorities.iter().all(|known| *known == priority);
                ensure!(is_alone, "{family}: {priorities:?}");
            }
            Ok(())
        })
    }

    /// Waits for the next advertisement of IPv4; IPv6's comes at about the same time.
    pub fn await_next(&self) -> Result<()> {
        let now = Instant::now();
        while now.elapsed() < SETTLE {
            let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            if heard.iter().any(|advert| advert.family == Family::V4 && advert.at > now) {
                return Ok(());
            }
            drop(heard);
            thread::sleep(Duration::from_millis(1));
        }
        anyhow::bail!("nobody advertises")
    }
}

impl Drop for Adverts {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn open(family: Family, interface: &str) -> std::io::Result<Socket> {
    let index = nix::net::if_::if_nametoindex(interface)?;
    let domain = match family {
        Family::V4 => Domain::IPV4,
        Family::V6 => Domain::IPV6,
    };
    let socket = Socket::new(domain, Type::RAW, Some(Protocol::from(VRRP)))?;
    match family {
        Family::V4 => socket.join_multicast_v4_n(&GROUP_4, &InterfaceIndexOrAddress::Index(index))?,
        Family::V6 => socket.join_multicast_v6(&GROUP_6.into(), index)?,
    }
    socket.set_read_timeout(Some(LISTEN))?;
    Ok(socket)
}

fn hear(mut socket: Socket, family: Family, heard: &Mutex<Vec<Advert>>, stop: &AtomicBool) {
    let mut octets = [0; 256];
    while !stop.load(Ordering::Relaxed) {
        let Ok(len) = socket.read(&mut octets) else { continue };
        let at = Instant::now();
        if let Some(priority) = octets.get(..len).and_then(|packet| priority(family, packet)) {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.push(Advert { at, family, priority });
        }
    }
}

/// RFC 9568 §5.2.4. The kernel gives the IPv4 header with the rest.
fn priority(family: Family, packet: &[u8]) -> Option<u8> {
    let header = match family {
        Family::V4 => usize::from(packet.first()? & 0x0f) * 4,
        Family::V6 => 0,
    };
    packet.get(header + 2).copied()
}

/// RFC 9568 §5.1.
const VRRP: i32 = 112;
const GROUP_4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
const GROUP_6: [u16; 8] = [0xff02, 0, 0, 0, 0, 0, 0, 0x12];
/// How long an ear waits before it looks whether it is to end.
const LISTEN: Duration = Duration::from_millis(50);
/// How long an election may take.
const SETTLE: Duration = Duration::from_secs(20);
