//! Large tables against the real kernel. Times are printed (`--nocapture`); the limits asserted leave room for slow
//! machines and debug builds, but not for a way of working that is another order of magnitude slower.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod namespace;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use frr_bridge::kernel::{BgpRoute, Command, Event, Leave, RouteBatch};
use frr_bridge::netlink::{Monitor, Put, Requests, RouteMark, RouteWriter};
use frr_bridge::route::{Hop, Protocol, Route, RouteKind, TABLE_MAIN};
use ipnet::IpNet;
use namespace::{Bridge, in_namespace, ip, ours, via};

/// A quarter of the prefixes are IPv6, as in a full table of today.
fn prefix(n: u32) -> IpNet {
    if n % 4 == 3 {
        let address = Ipv6Addr::from(0x2a00_u128 << 112 | u128::from(n) << 80);
        return IpNet::new(IpAddr::V6(address), 48).unwrap();
    }
    IpNet::new(IpAddr::V4(Ipv4Addr::from(0x0b00_0000 + (n << 8))), 24).unwrap()
}

/// Processor time of this process so far, in its threads and in the kernel on their behalf.
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

async fn load(bridge: &mut Bridge, count: u32, routes: [&Arc<BgpRoute>; 2]) -> Duration {
    let (begin, before) = (Instant::now(), processor());
    let [v4, v6] = routes;
    let mut batch = RouteBatch::default();
    for n in 0..count {
        let prefix = prefix(n);
        let route = if matches!(prefix, IpNet::V4(_)) { v4 } else { v6 };
        batch.set(prefix, Some(Arc::clone(route)));
        batch.id = u64::from(n);
        if batch.len() == 2048 || n + 1 == count {
            bridge.send(Command::Routes(std::mem::take(&mut batch))).await;
            while bridge.events.try_recv().is_ok() {}
        }
    }
    bridge.until(|event| *event == Event::Installed(u64::from(count - 1))).await;
    println!("{count} routes: sent in {:?} ({:?} of processor)", begin.elapsed(), processor() - before);
    begin.elapsed()
}

async fn exercise(count: u32, limits: [Duration; 2]) {
    let [load_limit, flush_limit] = limits;
    let [v4, v6] = [via(&["10.0.1.2"]), via(&["2001:db8:1::2"])].map(|route| Arc::new(route.unwrap()));
    let [other_v4, other_v6] =
        [via(&["10.0.2.2"]), via(&["2001:db8:2::2"])].map(|route| Arc::new(route.unwrap()));

    let mut bridge = Bridge::start().await;
    let installed = load(&mut bridge, count, [&v4, &v6]).await;
    let replaced = load(&mut bridge, count, [&other_v4, &other_v6]).await;
    bridge.kernel.stop(Leave::Keep).await.unwrap();
    drop(bridge);

    let begin = Instant::now();
    let mut bridge = Bridge::start().await;
    let adopted = begin.elapsed();
    let compared = load(&mut bridge, count, [&other_v4, &other_v6]).await;
    assert_eq!(bridge.written().await, 0);

    let (begin, before) = (Instant::now(), processor());
    let report = bridge.kernel.stop(Leave::Flush).await.unwrap();
    let flushed = begin.elapsed();
    println!("{count} routes: flushed in {flushed:?} ({:?} of processor)", processor() - before);
    println!("adopted in {adopted:?}, compared in {compared:?}");
    assert_eq!((report.removed, report.failed), (0, 0), "every route went with its next hop");
    assert_eq!(ours(), 0, "nothing is left behind");
    assert!(installed < load_limit && replaced < load_limit, "{installed:?}, {replaced:?}");
    assert!(flushed < flush_limit, "{flushed:?}");
}

#[test]
fn two_hundred_thousand_routes_are_a_matter_of_seconds() {
    in_namespace(|| exercise(200_000, [Duration::from_secs(20), Duration::from_secs(10)]));
}

#[test]
#[ignore = "a full table: run it in a release build to measure"]
fn a_full_table_is_flushed_within_two_seconds() {
    in_namespace(|| exercise(800_000, [Duration::from_secs(20), Duration::from_secs(2)]));
}

/// Writes routes that bring their next hop along, and removes them: the time the writing took.
fn load_raw(count: u32, what: &str) -> Duration {
    let index = ip("-o link show dev wan0").split(':').next().unwrap().parse().unwrap();
    let kinds = ["10.0.1.2", "2001:db8:1::2"]
        .map(|gateway| RouteKind::Unicast([Hop::via(gateway.parse().unwrap(), index)].into()));
    let [v4, v6] = &kinds;
    let route = |n| {
        let prefix = prefix(n);
        let kind = if matches!(prefix, IpNet::V4(_)) { v4 } else { v6 };
        Route::ours(prefix, kind.clone(), Protocol::BGP, TABLE_MAIN)
    };
    let mut requests = Requests::open().unwrap();
    let mut writer = RouteWriter::default();
    let (begin, before) = (Instant::now(), processor());
    for n in 0..count {
        writer.put(&mut requests, &route(n), Put::Replace).unwrap();
    }
    writer.flush(&mut requests).unwrap();
    let took = begin.elapsed();
    println!("{count} routes, {what}: {took:?} ({:?} of processor)", processor() - before);
    for n in 0..count {
        writer.remove(&mut requests, &RouteMark::from(&route(n))).unwrap();
    }
    writer.flush(&mut requests).unwrap();
    assert!(writer.take_failures().is_empty());
    took
}

#[test]
#[ignore = "0.6 million routes, three times: run it in a release build to measure"]
fn the_kernel_task_takes_at_most_a_third_longer_than_bare_messages() {
    in_namespace(|| async {
        let count = 600_000;
        let bare = load_raw(count, "bare messages");
        {
            let port = Requests::open().unwrap().port();
            let _listening = Monitor::open(1 << 20, port).unwrap();
            load_raw(count, "somebody listens");
        }
        let [v4, v6] = [via(&["10.0.1.2"]), via(&["2001:db8:1::2"])].map(|route| Arc::new(route.unwrap()));
        let mut bridge = Bridge::start().await;
        let took = load(&mut bridge, count, [&v4, &v6]).await;
        bridge.kernel.stop(Leave::Flush).await.unwrap();
        assert!(took.as_secs_f64() < 1.3 * bare.as_secs_f64(), "{took:?} against {bare:?}");
    });
}
