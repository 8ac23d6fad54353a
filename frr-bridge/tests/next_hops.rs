//! Next-hop objects against the real kernel: shared, adopted, lost and left behind by nobody.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod namespace;

use std::time::Duration;

use frr_bridge::kernel::{BgpNextHop, BgpRoute, Command, Event, Leave, Options};
use frr_bridge::netlink::{NextHop, Requests, RouteMark, RouteWriter, add_next_hop, dump_next_hops};
use frr_bridge::route::{Hop, METRIC, Protocol, TABLE_MAIN};
use namespace::{Bridge, eventually, hop, in_namespace, ip, ours, route, via};

fn objects() -> Vec<NextHop> {
    let mut objects = Vec::new();
    dump_next_hops(&mut Requests::open().unwrap(), |next_hop| objects.push(next_hop)).unwrap();
    objects
}

fn by_object(prefix: &str) -> bool {
    ip(&format!("route show exact {prefix}")).contains(" nhid 186000")
}

async fn converged(options: Options) -> Bridge {
    let mut bridge = Bridge::start_with(options).await;
    bridge.send(Command::Converged).await;
    bridge.until(|event| matches!(event, Event::Swept(_))).await;
    bridge
}

/// Waits until the kernel is read again, answers with these routes, and waits for what follows.
async fn answer<'a>(bridge: &mut Bridge, routes: impl IntoIterator<Item = (&'a str, Option<BgpRoute>)>) {
    let event = bridge.until(|event| matches!(event, Event::WantAll(_))).await;
    let Event::WantAll(round) = event else { unreachable!() };
    bridge.bgp(routes).await;
    bridge.send(Command::Resent(round)).await;
    bridge.until(|event| matches!(event, Event::Swept(_))).await;
}

#[test]
fn routes_share_one_object_for_each_way_out() {
    in_namespace(|| async {
        let mut bridge = Bridge::start().await;
        bridge.bgp([("203.0.113.0/24", via(&["10.0.1.2"])), ("198.51.100.0/24", via(&["10.0.1.2"]))]).await;
        assert_eq!(objects().len(), 1);
        // An IPv4 route may share an IPv6 next hop.
        bridge
            .bgp([("2001:db8:9::/48", via(&["2001:db8:1::2"])), ("192.0.2.0/24", via(&["2001:db8:1::2"]))])
            .await;
        assert_eq!(objects().len(), 2);
        assert!(by_object("203.0.113.0/24") && by_object("192.0.2.0/24"));
        let blackhole = Some(BgpRoute { next_hops: vec![], distance: 20 });
        bridge.bgp([("10.9.0.0/16", via(&["10.0.1.3", "10.0.2.3"])), ("10.8.0.0/16", blackhole)]).await;
        assert_eq!(objects().len(), 2, "several next hops, or none, go without");
        let report = bridge.kernel.stop(Leave::Flush).await.unwrap();
        assert_eq!((report.next_hops, report.failed), (2, 0));
        assert_eq!((ours(), objects().len()), (0, 0), "nothing is left behind");
    });
}

#[test]
fn objects_of_an_earlier_run_are_adopted_and_go_when_no_route_needs_them() {
    in_namespace(|| async {
        let mut bridge = converged(Options::default()).await;
        let routes = [("203.0.113.0/24", via(&["10.0.1.2"])), ("2001:db8:9::/48", via(&["2001:db8:1::2"]))];
        bridge.bgp(routes.clone()).await;
        bridge.bgp([("10.9.0.0/16", via(&["10.0.2.2"]))]).await;
        bridge.kernel.stop(Leave::Keep).await.unwrap();
        ip("route del 10.9.0.0/16");
        ip("nexthop add id 186000999 via 10.0.2.9 dev lan0 protocol boot");
        let before = objects();
        assert_eq!(before.len(), 3);

        // The kernel then shows a route's object and not the gateway.
        std::fs::write("/proc/sys/net/ipv4/nexthop_compat_mode", "0").unwrap();
        let mut bridge = Bridge::start().await;
        bridge.bgp(routes).await;
        assert_eq!(bridge.written().await, 0, "equal routes are not written");
        let after = objects();
        assert!(after.len() == 2 && after.iter().all(|object| before.contains(object)), "{after:?}");
        bridge.kernel.stop(Leave::Flush).await.unwrap();
        assert_eq!(ours(), 0);
        assert!(
            ip("nexthop show").starts_with("id 186000999 via 10.0.2.9"),
            "it is not ours: {}",
            ip("nexthop show")
        );
    });
}

#[test]
fn what_goes_with_an_object_that_somebody_removed_comes_back() {
    in_namespace(|| async {
        let routes = [("203.0.113.0/24", via(&["10.0.1.2"])), ("198.51.100.0/24", via(&["10.0.2.2"]))];
        let mut bridge = converged(Options::default()).await;
        bridge.bgp(routes.clone()).await;
        ip(&format!("nexthop del id {}", objects()[0].id));
        assert_eq!(ours(), 1);
        answer(&mut bridge, routes.clone()).await;
        assert!(route("203.0.113.0/24").contains("via 10.0.1.2") && by_object("203.0.113.0/24"));

        let changed =
            objects().into_iter().find(|object| object.hop.gateway == Some([10, 0, 1, 2].into())).unwrap();
        ip(&format!("nexthop replace id {} via 10.0.1.77 dev wan0 protocol bgp", changed.id));
        assert!(route("203.0.113.0/24").contains("via 10.0.1.77"));
        answer(&mut bridge, routes).await;
        assert!(route("203.0.113.0/24").contains("via 10.0.1.2"), "{}", route("203.0.113.0/24"));
    });
}

#[test]
fn a_carrier_that_was_lost_for_a_moment_costs_no_route() {
    in_namespace(|| async {
        let routes = [("203.0.113.0/24", via(&["10.0.1.2"])), ("2001:db8:9::/48", via(&["2001:db8:1::2"]))];
        let mut bridge = converged(Options::default()).await;
        bridge.send(Command::Track("10.0.1.2".parse().unwrap())).await;
        bridge.send(Command::Track("2001:db8:1::2".parse().unwrap())).await;
        bridge.bgp(routes.clone()).await;
        ip("link set wan0-far down");
        eventually("the kernel drops them", || ours() == 0).await;
        ip("link set wan0-far up");
        for _ in &routes {
            bridge.until(|event| matches!(event, Event::WantVia(_))).await;
        }
        bridge.bgp(routes.clone()).await;
        eventually("they are back", || ours() == 2).await;
        answer(&mut bridge, routes).await;
        assert_eq!(ours(), 2);
        assert!(by_object("203.0.113.0/24"));
    });
}

#[test]
fn a_route_whose_object_is_gone_is_written_without_it() {
    in_namespace(|| async {
        let index = ip("-o link show dev wan0").split(':').next().unwrap().parse().unwrap();
        let hop = Hop::via([10, 0, 1, 2].into(), index);
        let [there, gone] = [1, 2].map(|id| NextHop { id: 186_000_000 + id, hop });
        let mut requests = Requests::open().unwrap();
        add_next_hop(&mut requests, &there).unwrap();
        let mark = |prefix: &str| RouteMark {
            prefix: prefix.parse().unwrap(),
            protocol: Protocol::BGP,
            priority: METRIC,
            table: TABLE_MAIN,
        };
        let mut writer = RouteWriter::default();
        writer.put_by(&mut requests, &mark("203.0.113.0/24"), &gone).unwrap();
        writer.put_by(&mut requests, &mark("198.51.100.0/24"), &gone).unwrap();
        writer.put_by(&mut requests, &mark("192.0.2.0/24"), &there).unwrap();
        writer.remove(&mut requests, &mark("198.51.100.0/24")).unwrap();
        writer.flush(&mut requests).unwrap();
        assert!(writer.take_failures().is_empty());
        assert_eq!(writer.take_lost().into_iter().collect::<Vec<_>>(), [gone.id]);
        assert!(route("203.0.113.0/24").contains("via 10.0.1.2") && !by_object("203.0.113.0/24"));
        assert!(by_object("192.0.2.0/24"));
        assert_eq!(route("198.51.100.0/24"), "", "what was withdrawn meanwhile stays away");
    });
}

#[test]
fn past_so_many_ways_out_routes_do_without_objects() {
    in_namespace(|| async {
        ip("address add 10.128.0.1/9 dev lan0");
        let mut bridge = converged(Options { drift: Duration::from_secs(60), ..Options::default() }).await;
        let names: Vec<(String, String)> = (2..4202u32)
            .map(|n| {
                (format!("172.16.{}.{}/32", n / 256, n % 256), format!("10.128.{}.{}", n / 256, n % 256))
            })
            .collect();
        let routes = names.iter().map(|(prefix, gateway)| {
            let next_hops = vec![BgpNextHop { weight: 1, ..hop(gateway) }];
            (prefix.as_str(), Some(BgpRoute { next_hops, distance: 20 }))
        });
        bridge.bgp(routes).await;
        assert_eq!((ours(), objects().len()), (4200, 4096));
        let report = bridge.kernel.stop(Leave::Flush).await.unwrap();
        assert_eq!((report.removed, report.next_hops, report.failed), (4200, 4096, 0));
        assert_eq!((ours(), objects().len()), (0, 0));
    });
}
