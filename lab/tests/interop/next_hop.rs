//! Next hops that are not the peer: third parties on the same wire, and IPv6 next hops of IPv4 routes.

use anyhow::{Result, ensure};
use lab::daemon::{self, Kind, Neighbor, Route, Spec};
use lab::{Lab, eventually};
use std::time::Duration;

use crate::exchange::kernel_has;
use crate::pair::{A4, A6, B4, B6, Pair, ours, theirs};

every_peer!(a_third_party_next_hop_is_kept_and_installed);

/// An announcer says: this address is behind somebody else.
fn a_third_party_next_hop_is_kept_and_installed(lab: &Lab, kind: Kind) -> Result<()> {
    let ours = ours(B4, |n| n);
    let theirs = theirs(A4, |n| n).route(Route::new("198.51.100.7/32").via("10.0.0.77"));
    let pair = Pair::start(lab, kind, &ours, &theirs)?;
    let route = pair.dut.await_route(B4, "198.51.100.7/32")?;
    ensure!(route.next_hop.to_string() == "10.0.0.77", "{route:?}");
    kernel_has(&pair.a, "198.51.100.7/32", &["10.0.0.77"])
}

every_peer!(an_ipv6_third_party_next_hop_is_kept_and_installed);

fn an_ipv6_third_party_next_hop_is_kept_and_installed(lab: &Lab, kind: Kind) -> Result<()> {
    let ours = ours(B6, |n| n);
    let theirs = theirs(A6, |n| n).route(Route::new("2001:db8:2::/64").via("2001:db8:a::77"));
    let pair = Pair::start(lab, kind, &ours, &theirs)?;
    let route = pair.dut.await_route(B6, "2001:db8:2::/64")?;
    ensure!(route.next_hop.to_string() == "2001:db8:a::77", "{route:?}");
    // FRR puts its own link-local address beside it, which then is as good.
    let beside = if kind == Kind::Frr { pair.b.link_local("eth0")?.to_string() } else { String::new() };
    kernel_has(&pair.a, "2001:db8:2::/64", &["2001:db8:a::77", &beside])
}

/// RFC 4271 §5.1.3: a next hop on the wire that an external peer shares is passed on as it is.
#[test]
fn a_next_hop_on_a_shared_wire_is_passed_on_unchanged() {
    lab::run("a shared wire", |lab| {
        if !Kind::Bird.available()? {
            return Ok(());
        }
        let wire = lab.segment("wire")?;
        let [a, b, c] = ["a", "b", "c"].map(|name| lab.namespace(name));
        let (a, b, c) = (a?, b?, c?);
        for (namespace, address) in [(&a, "10.0.0.1/24"), (&b, "10.0.0.2/24"), (&c, "10.0.0.3/24")] {
            wire.attach(namespace, "eth0", &[address])?;
        }
        let ours = Spec::new(65001, A4)
            .neighbor(Neighbor::new("10.0.0.2", 65002))
            .neighbor(Neighbor::new("10.0.0.3", 65003));
        let source = theirs(A4, |n| n).route(Route::new("198.51.100.0/24").via(B4));
        let sink = Spec::new(65003, "10.0.0.3").neighbor(Neighbor::new(A4, 65001));
        let _dut = daemon::start(Kind::under_test(), &a, &ours)?;
        let _source = daemon::start(Kind::Bird, &b, &source)?;
        let sink = daemon::start(Kind::Bird, &c, &sink)?;
        let route = sink.await_route(A4, "198.51.100.0/24")?;
        ensure!(route.as_path == [65001, 65002], "{route:?}");
        ensure!(route.next_hop.to_string() == B4, "{route:?}");
        Ok(())
    });
}

every_peer!(an_ipv4_route_with_an_ipv6_next_hop_is_exchanged_and_installed: Bird bird, Frr frr);

/// RFC 8950, and IPv4 over IPv6 next hops in the kernel (`via inet6`).
fn an_ipv4_route_with_an_ipv6_next_hop_is_exchanged_and_installed(lab: &Lab, kind: Kind) -> Result<()> {
    let shape = |n: Neighbor| n.both_families().extended_next_hop();
    let ours = ours(B6, shape).route(Route::new("203.0.113.0/24"));
    let theirs = theirs(A6, shape).route(Route::new("198.51.100.0/24"));
    let pair = Pair::start(lab, kind, &ours, &theirs)?;
    let route = pair.dut.await_route(B6, "198.51.100.0/24")?;
    ensure!(route.next_hop.is_ipv6(), "{route:?}");
    let told = pair.peer.await_route(A6, "203.0.113.0/24")?;
    ensure!(told.next_hop.is_ipv6(), "{told:?}");
    let link_local = pair.b.link_local("eth0")?;
    eventually(Duration::from_secs(5), "the kernel's route", || {
        let routes = pair.a.bgp_routes()?;
        let fits = |gateway: &std::net::IpAddr| *gateway == link_local || gateway.to_string() == B6;
        let route = routes.iter().find(|route| route.prefix.to_string() == "198.51.100.0/24");
        ensure!(route.is_some_and(|route| route.gateways.iter().any(fits)), "{routes:?}");
        Ok(())
    })
}
