//! BGP's and static routes against the real kernel.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod namespace;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use frr_bridge::kernel::{
    BgpNextHop, BgpRoute, Command, Event, Leave, Options, Redistributed, RouteBatch, Source, Sources,
    StaticRoute, StaticVia,
};
use frr_bridge::netlink::{Monitor, Notice, Put, Requests, RouteWriter};
use frr_bridge::resolve::{Resolution, ThroughDefault};
use frr_bridge::route::{Hop, Protocol, Route, RouteKind};
use ipnet::IpNet;
use namespace::{Bridge, eventually, hop, in_namespace, ip, ours, route, via};

fn line(prefix: &str, via: StaticVia, distance: u8) -> StaticRoute {
    StaticRoute { prefix: prefix.parse().unwrap(), via, distance, tag: 0, table: None }
}

fn is_route(notice: &Notice) -> bool {
    matches!(notice, Notice::Route(..) | Notice::RouteGone(_) | Notice::Overrun)
}

fn gateway(address: &str) -> StaticVia {
    StaticVia::Gateway { address: address.parse().unwrap(), interface: None, onlink: false }
}

#[test]
fn a_route_is_installed_replaced_and_withdrawn() {
    in_namespace(|| async {
        let mut bridge = Bridge::start().await;
        for (prefix, one, other) in [
            ("203.0.113.0/24", "10.0.1.2", "10.0.2.2"),
            ("2001:db8:9::/48", "2001:db8:1::2", "2001:db8:2::2"),
        ] {
            bridge.bgp([(prefix, via(&[one]))]).await;
            assert!(route(prefix).starts_with(&format!("{prefix} via {one} dev wan0 proto 186 metric 20")));
            bridge.bgp([(prefix, via(&[other]))]).await;
            assert!(route(prefix).starts_with(&format!("{prefix} via {other} dev lan0 proto 186 metric 20")));
            assert_eq!(route(prefix).lines().count(), 1, "replaced, not added");
            bridge.bgp([(prefix, None)]).await;
            assert_eq!(route(prefix), "");
            bridge.bgp([(prefix, None)]).await;
        }
        assert_eq!(bridge.kernel.stop(Leave::Flush).await.unwrap().failed, 0);
    });
}

#[test]
fn several_next_hops_share_the_traffic_by_weight() {
    in_namespace(|| async {
        let mut bridge = Bridge::start().await;
        for (prefix, one, other) in [
            ("203.0.113.0/24", "10.0.1.2", "10.0.2.2"),
            ("2001:db8:9::/48", "2001:db8:1::2", "2001:db8:2::2"),
        ] {
            let heavy = BgpNextHop { weight: 3, ..hop(other) };
            bridge.bgp([(prefix, Some(BgpRoute { next_hops: vec![hop(one), heavy], distance: 20 }))]).await;
            let shown = route(prefix);
            assert!(shown.contains(&format!("nexthop via {one} dev wan0 weight 1")), "{shown}");
            assert!(shown.contains(&format!("nexthop via {other} dev lan0 weight 3")), "{shown}");
            bridge.bgp([(prefix, via(&[one]))]).await;
            let shown = route(prefix);
            assert!(shown.contains(&format!("via {one} dev wan0")) && !shown.contains(other), "{shown}");
            bridge.bgp([(prefix, via(&[other, one]))]).await;
            bridge.bgp([(prefix, Some(BgpRoute { next_hops: vec![], distance: 20 }))]).await;
            assert!(route(prefix).starts_with("blackhole"), "{}", route(prefix));
            bridge.bgp([(prefix, via(&[other, one]))]).await;
            assert_eq!(route(prefix).matches("nexthop").count(), 2, "{}", route(prefix));
            bridge.bgp([(prefix, None)]).await;
            assert_eq!(route(prefix), "");
        }
    });
}

#[test]
fn an_ipv4_route_may_leave_through_an_ipv6_next_hop() {
    in_namespace(|| async {
        let mut bridge = Bridge::start().await;
        bridge.bgp([("203.0.113.0/24", via(&["2001:db8:1::2"]))]).await;
        assert!(route("203.0.113.0/24").contains("via inet6 2001:db8:1::2 dev wan0 proto 186 metric 20"));
        bridge.bgp([("203.0.113.0/24", via(&["2001:db8:1::2", "10.0.2.2"]))]).await;
        let shown = route("203.0.113.0/24");
        assert!(shown.contains("nexthop via inet6 2001:db8:1::2 dev wan0"), "{shown}");
        assert!(shown.contains("nexthop via 10.0.2.2 dev lan0"), "{shown}");
    });
}

#[test]
fn a_connected_ipv6_next_hop_is_installed_by_its_link_local_address() {
    in_namespace(|| async {
        let mut bridge = Bridge::start().await;
        let both = BgpNextHop { link_local: Some("fe80::2".parse().unwrap()), ..hop("2001:db8:1::2") };
        bridge.bgp([("2001:db8:9::/48", Some(BgpRoute { next_hops: vec![both], distance: 20 }))]).await;
        assert!(route("2001:db8:9::/48").contains("via fe80::2 dev wan0"), "{}", route("2001:db8:9::/48"));
        let view = bridge.kernel.view().await.unwrap();
        let b = view.interfaces.iter().find(|interface| interface.name == "lan0").unwrap().index;
        let only = BgpNextHop { interface: Some(b), ..hop("fe80::7") };
        bridge.bgp([("2001:db8:9::/48", Some(BgpRoute { next_hops: vec![only], distance: 20 }))]).await;
        assert!(route("2001:db8:9::/48").contains("via fe80::7 dev lan0"), "{}", route("2001:db8:9::/48"));
    });
}

#[test]
fn the_lower_distance_wins_and_the_other_waits() {
    in_namespace(|| async {
        let mut bridge = Bridge::start().await;
        let prefix = "203.0.113.0/24";
        bridge.send(Command::Converged).await;
        bridge.send(Command::StaticRoutes(vec![line(prefix, StaticVia::Blackhole, 250)])).await;
        bridge.settle().await;
        assert!(
            route(prefix).starts_with("blackhole 203.0.113.0/24 proto 196 metric 20"),
            "{}",
            route(prefix)
        );
        bridge.bgp([(prefix, via(&["10.0.1.2"]))]).await;
        assert!(route(prefix).contains("via 10.0.1.2"));
        bridge.send(Command::StaticRoutes(vec![line(prefix, gateway("10.0.2.2"), 1)])).await;
        bridge.settle().await;
        assert!(route(prefix).contains("via 10.0.2.2 dev lan0 proto 196"), "{}", route(prefix));
        assert_eq!(bridge.kernel.view().await.unwrap().displaced.len(), 1);
        bridge.send(Command::StaticRoutes(vec![])).await;
        bridge.settle().await;
        assert!(route(prefix).contains("via 10.0.1.2 dev wan0 proto 186"), "{}", route(prefix));
        ip("route add 203.0.113.0/24 via 10.0.2.9");
        eventually("BGP stands back behind a kernel route", || !route(prefix).contains("186")).await;
        bridge.until(|event| matches!(event, Event::Want(_))).await;
        bridge.bgp([(prefix, via(&["10.0.1.2"]))]).await;
        assert!(!route(prefix).contains("186"));
        ip("route del 203.0.113.0/24 via 10.0.2.9");
        eventually("BGP is back", || route(prefix).contains("via 10.0.1.2 dev wan0 proto 186")).await;
    });
}

#[test]
fn a_static_route_does_not_displace_a_better_one_while_bgp_is_asked() {
    in_namespace(|| async {
        let mut bridge = Bridge::start().await;
        let prefix = "203.0.113.0/24";
        bridge.send(Command::Converged).await;
        bridge.bgp([(prefix, via(&["10.0.1.2"]))]).await;
        bridge.send(Command::StaticRoutes(vec![line(prefix, StaticVia::Blackhole, 250)])).await;
        bridge.settle().await;
        assert!(route(prefix).contains("via 10.0.1.2"), "{}", route(prefix));
        bridge.until(|event| matches!(event, Event::Want(_))).await;
        bridge.bgp([(prefix, None)]).await;
        assert!(route(prefix).starts_with("blackhole"), "{}", route(prefix));
    });
}

#[test]
fn static_routes_resolve_recursively_and_follow_their_interface() {
    in_namespace(|| async {
        let bridge = Bridge::start().await;
        let on = StaticVia::Gateway {
            address: "10.77.0.1".parse().unwrap(),
            interface: Some("lan0".into()),
            onlink: true,
        };
        bridge
            .send(Command::StaticRoutes(vec![
                line("198.51.100.0/24", gateway("10.0.1.2"), 1),
                line("192.168.1.0/24", gateway("198.51.100.7"), 1),
                line("192.168.2.0/24", StaticVia::Interface("lan0".into()), 1),
                line("192.168.3.0/24", on, 1),
                line("192.168.4.0/24", StaticVia::Reject, 1),
                line("192.168.5.0/24", gateway("10.0.1.2"), 1),
                line("192.168.5.0/24", gateway("10.0.2.2"), 1),
                line("192.168.6.0/24", gateway("10.0.1.2"), 1),
                line("192.168.6.0/24", gateway("10.0.2.2"), 10),
                StaticRoute { table: Some(100), ..line("192.168.7.0/24", gateway("10.0.1.2"), 1) },
            ]))
            .await;
        bridge.settle().await;
        assert!(route("192.168.1.0/24").contains("via 10.0.1.2 dev wan0 proto 196 metric 20"));
        assert!(route("192.168.2.0/24").contains("dev lan0 proto 196 scope 253 metric 20"));
        assert!(route("192.168.3.0/24").contains("via 10.77.0.1 dev lan0 proto 196 metric 20 onlink"));
        assert!(route("192.168.4.0/24").starts_with("unreachable"));
        assert_eq!(route("192.168.5.0/24").matches("nexthop").count(), 2);
        assert!(route("192.168.6.0/24").contains("via 10.0.1.2"));
        assert!(ip("-N route show table 100").contains("192.168.7.0/24 via 10.0.1.2 dev wan0 proto 196"));
        ip("link set wan0 down");
        eventually("the floating route takes over", || route("192.168.6.0/24").contains("via 10.0.2.2"))
            .await;
        bridge.settle().await;
        assert_eq!(route("192.168.1.0/24"), "");
        assert!(route("192.168.5.0/24").contains("via 10.0.2.2"), "{}", route("192.168.5.0/24"));
        ip("link set wan0 up");
        eventually("it is back", || route("192.168.1.0/24").contains("via 10.0.1.2 dev wan0")).await;
        eventually("the better one is back", || route("192.168.6.0/24").contains("via 10.0.1.2")).await;
        bridge.kernel.stop(Leave::Flush).await.unwrap();
        assert_eq!(ours(), 0);
        assert!(!ip("-N route show table 100").contains("192.168.7.0/24"));
    });
}

#[test]
fn next_hops_are_tracked() {
    in_namespace(|| async {
        let mut bridge = Bridge::start().await;
        let connected = "10.0.1.2".parse().unwrap();
        let far = "198.51.100.1".parse().unwrap();
        bridge.send(Command::Track(connected)).await;
        let event = bridge.until(|event| matches!(event, Event::NextHop(..))).await;
        let Event::NextHop(_, Resolution::Via { connected: true, interface: Some(a), .. }) = event else {
            panic!("{event:?}")
        };
        bridge.send(Command::Track(far)).await;
        bridge.until(|event| *event == Event::NextHop(far, Resolution::Unreachable)).await;
        ip("route add default via 10.0.2.2");
        ip("route add 198.51.100.0/24 via 10.0.1.9 metric 77");
        let hops = [Hop::via("10.0.1.9".parse().unwrap(), a)].into();
        let expected = Resolution::Via { hops, metric: 77, connected: false, interface: Some(a) };
        bridge.until(|event| *event == Event::NextHop(far, expected.clone())).await;
        ip("link set wan0 down");
        bridge.until(|event| *event == Event::NextHop(connected, Resolution::Unreachable)).await;
        bridge.until(|event| *event == Event::NextHop(far, Resolution::Unreachable)).await;
        bridge.send(Command::ResolveViaDefault(ThroughDefault { v4: true, v6: true })).await;
        bridge
            .until(|event| matches!(event, Event::NextHop(at, found) if *at == far && found.is_reachable()))
            .await;
    });
}

#[test]
fn networks_and_redistributed_routes_are_reported() {
    in_namespace(|| async {
        let mut bridge = Bridge::start().await;
        let prefix: ipnet::IpNet = "203.0.113.0/27".parse().unwrap();
        bridge.send(Command::Watch(prefix)).await;
        bridge.until(|event| *event == Event::Network(prefix, false)).await;
        bridge.send(Command::StaticRoutes(vec![line("203.0.113.0/27", StaticVia::Blackhole, 250)])).await;
        bridge.until(|event| *event == Event::Network(prefix, true)).await;
        bridge.send(Command::Redistribute(Sources { kernel: true, connected: true, r#static: true })).await;
        let connected: ipnet::IpNet = "2001:db8:1::/64".parse().unwrap();
        bridge
            .until(|event| matches!(event, Event::Redistribute(Source::Connected, at, Some(_)) if *at == connected))
            .await;
        let known = Redistributed { metric: 0, kind: RouteKind::Blackhole };
        bridge
            .until(|event| *event == Event::Redistribute(Source::Static, prefix, Some(known.clone())))
            .await;
        bridge.send(Command::StaticRoutes(vec![])).await;
        bridge.until(|event| *event == Event::Network(prefix, false)).await;
        bridge.until(|event| *event == Event::Redistribute(Source::Static, prefix, None)).await;
        ip("route add 192.168.0.0/16 via 10.0.1.2");
        bridge.until(|event| matches!(event, Event::Redistribute(Source::Kernel, _, Some(_)))).await;
    });
}

#[test]
fn routes_of_an_earlier_run_are_adopted_without_a_write() {
    in_namespace(|| async {
        let mut bridge = Bridge::start().await;
        let heavy = BgpNextHop { weight: 3, ..hop("2001:db8:2::2") };
        let routes = [
            ("203.0.113.0/24", via(&["10.0.1.2", "10.0.2.2"])),
            ("198.51.100.0/24", via(&["2001:db8:1::2"])),
            ("192.0.2.0/24", Some(BgpRoute { next_hops: vec![], distance: 20 })),
            (
                "2001:db8:9::/48",
                Some(BgpRoute { next_hops: vec![hop("2001:db8:1::2"), heavy], distance: 20 }),
            ),
            ("2001:db8:a::/48", via(&["2001:db8:1::2"])),
            ("2001:db8:b::/48", Some(BgpRoute { next_hops: vec![], distance: 20 })),
        ];
        bridge.bgp(routes.clone()).await;
        bridge.bgp([("10.9.0.0/16", via(&["10.0.1.2"])), ("10.8.0.0/16", via(&["10.0.1.2"]))]).await;
        let statics = vec![
            line("203.0.112.0/24", StaticVia::Blackhole, 250),
            line("10.7.0.0/16", gateway("10.0.1.2"), 1),
        ];
        bridge.send(Command::StaticRoutes(statics.clone())).await;
        bridge.kernel.stop(Leave::Keep).await.unwrap();
        assert_eq!(ours(), 10);

        let mut witness = Monitor::open(1 << 20, 0).unwrap();
        let mut bridge = Bridge::start().await;
        bridge.send(Command::StaticRoutes(statics)).await;
        bridge.bgp(routes).await;
        assert_eq!(bridge.written().await, 0, "equal routes are not written");
        let mut notices = Vec::new();
        let quiet = tokio::time::timeout(Duration::from_millis(200), witness.read(&mut notices)).await;
        assert!(quiet.is_err() || !notices.iter().any(is_route), "{notices:?}");
        bridge.bgp([("10.9.0.0/16", via(&["10.0.2.2"]))]).await;
        assert_eq!(bridge.written().await, 1);
        assert!(route("10.8.0.0/16").contains("proto 186"), "nothing is swept before BGP has converged");
        bridge.send(Command::Converged).await;
        bridge.until(|event| *event == Event::Swept(1)).await;
        assert_eq!(route("10.8.0.0/16"), "");
        assert_eq!(ours(), 9);
    });
}

#[test]
fn what_somebody_removed_comes_back() {
    in_namespace(|| async {
        let mut bridge = Bridge::start().await;
        bridge.send(Command::StaticRoutes(vec![line("10.7.0.0/16", gateway("10.0.1.2"), 1)])).await;
        bridge.bgp([("10.9.0.0/16", via(&["10.0.1.2"]))]).await;
        bridge.send(Command::Converged).await;
        bridge.until(|event| matches!(event, Event::Swept(_))).await;
        ip("route del 10.9.0.0/16");
        let wanted = vec!["10.9.0.0/16".parse().unwrap()];
        bridge.until(|event| *event == Event::Want(wanted.clone())).await;
        bridge.bgp([("10.9.0.0/16", via(&["10.0.1.2"]))]).await;
        assert!(route("10.9.0.0/16").contains("proto 186"));
        ip("route del 10.7.0.0/16");
        eventually("the static route is back", || route("10.7.0.0/16").contains("proto 196")).await;
    });
}

#[test]
fn drift_that_was_not_noticed_is_repaired() {
    in_namespace(|| async {
        let options = Options { drift: Duration::from_millis(300), ..Options::default() };
        let mut bridge = Bridge::start_with(options).await;
        bridge.send(Command::Converged).await;
        bridge.until(|event| matches!(event, Event::Swept(_))).await;
        let wanted = [("10.9.0.0/16", via(&["10.0.1.2"])), ("10.8.0.0/16", via(&["10.0.2.2"]))];
        bridge.bgp(wanted.clone()).await;
        ip("route replace 10.9.0.0/16 via 10.0.2.7 proto bgp metric 20");
        ip("route add 10.6.0.0/16 via 10.0.2.7 proto bgp metric 20");
        ip("route add 10.6.0.0/16 via 10.0.2.7 proto bgp metric 21");
        let before = bridge.written().await;
        let event = bridge.until(|event| matches!(event, Event::WantAll(_))).await;
        let Event::WantAll(round) = event else { unreachable!() };
        bridge.bgp(wanted.clone()).await;
        assert!(route("10.9.0.0/16").contains("via 10.0.1.2"));
        assert_eq!(bridge.written().await - before, 1, "only what differs is written");
        bridge.send(Command::Resent(round.wrapping_add(7))).await;
        bridge.settle().await;
        assert_ne!(route("10.6.0.0/16"), "", "an answer to another question sweeps nothing");
        bridge.send(Command::Resent(round)).await;
        bridge.until(|event| *event == Event::Swept(2)).await;
        assert_eq!(route("10.6.0.0/16"), "");
        assert_eq!(ours(), 2);
    });
}

#[test]
fn lost_messages_lead_to_a_new_reading() {
    in_namespace(|| async {
        let options = Options { receive_buffer: 4096, ..Options::default() };
        let mut bridge = Bridge::start_with(options).await;
        // While the task works on a large batch it does not listen.
        let route = via(&["10.0.1.2"]).map(Arc::new);
        let mut batch = RouteBatch::default();
        for n in 0..50_000u32 {
            batch.set(IpNet::from(IpAddr::V4(Ipv4Addr::from_bits(0x0b00_0000 + n))), route.clone());
        }
        bridge.send(Command::Routes(batch)).await;
        let mut requests = Requests::open().unwrap();
        let mut writer = RouteWriter::default();
        for n in 0..5_000u32 {
            let prefix = IpNet::from(IpAddr::V4(Ipv4Addr::from_bits(0xac10_0000 + n)));
            let route = Route {
                protocol: Protocol::BOOT,
                ..Route::ours(prefix, RouteKind::Blackhole, Protocol::BGP, 254)
            };
            writer.put(&mut requests, &route, Put::Replace).unwrap();
        }
        writer.flush(&mut requests).unwrap();
        bridge.until(|event| *event == Event::Overrun).await;
        let begin = Instant::now();
        loop {
            let view = bridge.kernel.view().await.unwrap();
            if view.routes.iter().filter(|route| route.source == Source::Kernel).count() == 5_000 {
                break;
            }
            assert!(begin.elapsed() < Duration::from_secs(10), "every route is known in the end");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
}

#[test]
fn what_the_kernel_refuses_is_reported() {
    in_namespace(|| async {
        let mut bridge = Bridge::start().await;
        // The kernel takes no gateway that is the broadcast address of its subnet.
        let prefix = "198.51.100.0/24";
        let mut batch = RouteBatch::default();
        batch.set(prefix.parse().unwrap(), via(&["10.0.1.255"]).map(Into::into));
        batch.set("2001:db8:a::/48".parse().unwrap(), via(&["2001:db8:1::2"]).map(Into::into));
        bridge.send(Command::Routes(batch)).await;
        let event = bridge.until(|event| matches!(event, Event::RouteFailed(..))).await;
        assert!(matches!(event, Event::RouteFailed(at, _) if at == prefix.parse().unwrap()), "{event:?}");
        assert_eq!(bridge.kernel.view().await.unwrap().rejected.len(), 1);
        assert!(route("2001:db8:a::/48").contains("proto 186"), "one refusal does not touch the others");
        bridge.bgp([(prefix, via(&["10.0.1.2"]))]).await;
        assert!(bridge.kernel.view().await.unwrap().rejected.is_empty());
    });
}
