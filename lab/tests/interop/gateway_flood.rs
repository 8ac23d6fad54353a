//! A host that floods the gateway's ears: the advertisements go on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::capture::Capture;
use lab::daemon::Daemon;
use lab::gateway::{Member, Plan, Router, read_adverts};
use lab::{Lab, Namespace, Segment};
use socket2::{Domain, Protocol, Socket, Type};

use super::gateway::{attach, lan, settles};

#[test]
fn advertisements_go_on_while_hosts_flood_protocol_112() {
    lab::run("a flood of protocol 112", |lab| advertises_under(lab, [Flood::Vrrp4, Flood::Vrrp6]));
}

#[test]
fn advertisements_go_on_while_hosts_flood_router_solicitations() {
    lab::run("a flood of solicitations", |lab| advertises_under(lab, [Flood::Solicitations; 2]));
}

/// What a host sends as fast as it can.
#[derive(Clone, Copy, Debug)]
enum Flood {
    Vrrp4,
    Vrrp6,
    Solicitations,
}

impl Flood {
    /// To the group that hears it, from `namespace`, until `is_over`. Says how many were sent.
    fn run(self, namespace: &Namespace, is_over: &AtomicBool) -> Result<u64> {
        let (domain, protocol, group): (_, Protocol, IpAddr) = match self {
            Self::Vrrp4 => (Domain::IPV4, VRRP.into(), Ipv4Addr::new(224, 0, 0, 18).into()),
            Self::Vrrp6 => (Domain::IPV6, VRRP.into(), Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12).into()),
            Self::Solicitations => {
                (Domain::IPV6, Protocol::ICMPV6, Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2).into())
            }
        };
        namespace.enter(|| {
            let index = nix::net::if_::if_nametoindex("eth0")?;
            let socket = Socket::new(domain, Type::RAW, Some(protocol))?;
            socket.bind_device(Some(b"eth0"))?;
            let to = match group {
                IpAddr::V4(group) => {
                    socket.set_multicast_ttl_v4(255)?;
                    SocketAddr::from((group, 0))
                }
                IpAddr::V6(group) => {
                    socket.set_multicast_hops_v6(255)?;
                    SocketAddrV6::new(group, 0, 0, index).into()
                }
            };
            // A router solicitation, whose checksum the kernel fills in; as VRRP it is of no version there is.
            let message = [133, 0, 0, 0, 0, 0, 0, 0];
            let mut sent = 0;
            while !is_over.load(Ordering::Relaxed) {
                // What the queue has no room for is lost.
                sent += u64::from(socket.send_to(&message, &to.into()).is_ok());
            }
            Ok(sent)
        })?
    }
}

fn advertises_under(lab: &Lab, floods: [Flood; 2]) -> Result<()> {
    let (lan, host) = lan(lab)?;
    let first = attach(lab, &lan, 1)?;
    let plan = Plan::new(200).every(200).line("no ipv6 nd suppress-ra").line("ipv6 nd ra-interval 10");
    let mut router = Router::start(&first, Member::Ours, plan)?;
    settles(&[&first], 1)?;
    let (is_over, sent) = (AtomicBool::new(false), AtomicU64::new(0));
    let run = |flood: Flood| {
        sent.fetch_add(flood.run(&host, &is_over)?, Ordering::Relaxed);
        anyhow::Ok(())
    };
    let run = &run;
    let gaps = std::thread::scope(|scope| {
        let running = floods.map(|flood| scope.spawn(move || run(flood)));
        let gaps = longest_gaps(&lan);
        is_over.store(true, Ordering::Relaxed);
        for one in running {
            one.join().map_err(|_| anyhow::anyhow!("a flood has panicked"))??;
        }
        gaps
    })?;
    router.ours()?.process().ensure_running()?;
    let sent = sent.into_inner();
    ensure!(sent > 10_000, "no flood: {sent}");
    // The Active is lost after three intervals and a bit.
    ensure!(gaps.iter().all(|gap| *gap < 0.6), "after {sent} packets the longest silences were {gaps:?}");
    settles(&[&first], 1)
}

/// The longest silence of each version within three seconds, in seconds.
fn longest_gaps(lan: &Segment) -> Result<[f64; 2]> {
    let capture = Capture::start(lan.switch(), "br0", OF_THE_GATEWAY)?;
    std::thread::sleep(Duration::from_secs(3));
    let adverts = read_adverts(capture)?;
    let gap = |is_v4: bool| {
        let seen = adverts.iter().filter(|advert| advert.source.contains('.') == is_v4);
        let at: Vec<f64> = seen.filter_map(|advert| advert.at.parse().ok()).collect();
        ensure!(at.len() >= 5, "{} advertisements in three seconds", at.len());
        at.windows(2).map(|pair| pair[1] - pair[0]).reduce(f64::max).context("no gap")
    };
    Ok([gap(true)?, gap(false)?])
}

/// What comes from the virtual hardware addresses: the flood itself would fill the disk.
const OF_THE_GATEWAY: &str = "ether src 00:00:5e:00:01:05 or ether src 00:00:5e:00:02:05";
/// RFC 9568 §5.1.1.4.
const VRRP: i32 = 112;
