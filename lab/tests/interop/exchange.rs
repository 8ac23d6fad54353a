//! Sessions over IPv4 and IPv6, with and without MD5, and routes both ways over each.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::daemon::{Kind, Received, Route};
use lab::{Lab, Namespace, eventually};

use crate::pair::{A4, A6, B4, B6, Pair, ensure_one_connection, ours, theirs};

every_peer!(an_ipv4_session_carries_ipv4_routes_both_ways);
every_peer!(an_ipv6_session_with_md5_carries_ipv6_routes_both_ways);
every_peer!(an_ipv4_session_with_md5_carries_both_families);

fn an_ipv4_session_carries_ipv4_routes_both_ways(lab: &Lab, kind: Kind) -> Result<()> {
    let ours = ours(B4, |n| n).route(Route::new("203.0.113.0/24").via(A4));
    let theirs = theirs(A4, |n| n)
        .route(Route::new("198.51.100.0/24").via(B4))
        .route(Route::new("198.51.101.0/24").via(B4).med(7).community(65002, 9));
    let mut pair = Pair::start(lab, kind, &ours, &theirs)?;

    expect(&pair.dut.await_route(B4, "198.51.100.0/24")?, B4, &[65002])?;
    expect(&pair.dut.await_route(B4, "198.51.101.0/24")?, B4, &[65002])?;
    expect(&pair.peer.await_route(A4, "203.0.113.0/24")?, A4, &[65001])?;
    kernel_has(&pair.a, "198.51.100.0/24", &[B4])?;
    kernel_has(&pair.a, "198.51.101.0/24", &[B4])?;
    ensure_one_connection(&pair.a)?;

    pair.peer.withdraw_prefix("198.51.100.0/24")?;
    pair.dut.await_no_route(B4, "198.51.100.0/24")?;
    kernel_lacks(&pair.a, "198.51.100.0/24")?;
    pair.peer.announce(&Route::new("198.51.102.0/24").via(B4))?;
    expect(&pair.dut.await_route(B4, "198.51.102.0/24")?, B4, &[65002])?;

    pair.dut.announce(&Route::new("203.0.114.0/24").via(A4))?;
    expect(&pair.peer.await_route(A4, "203.0.114.0/24")?, A4, &[65001])?;
    pair.dut.withdraw_prefix("203.0.113.0/24")?;
    pair.peer.await_no_route(A4, "203.0.113.0/24")?;
    ensure!(pair.dut.established(B4.parse()?)?, "the session did not live through it");
    Ok(())
}

fn an_ipv6_session_with_md5_carries_ipv6_routes_both_ways(lab: &Lab, kind: Kind) -> Result<()> {
    let ours = ours(B6, |n| n.password("s3cret")).route(Route::new("2001:db8:1::/48").via(A6));
    let theirs = theirs(A6, |n| n.password("s3cret")).route(Route::new("2001:db8:2::/48").via(B6));
    let mut pair = Pair::start(lab, kind, &ours, &theirs)?;

    expect(&pair.dut.await_route(B6, "2001:db8:2::/48")?, B6, &[65002])?;
    expect(&pair.peer.await_route(A6, "2001:db8:1::/48")?, A6, &[65001])?;
    kernel_has(&pair.a, "2001:db8:2::/48", &[B6, &pair.b.link_local("eth0")?.to_string()])?;

    pair.peer.withdraw_prefix("2001:db8:2::/48")?;
    pair.dut.await_no_route(B6, "2001:db8:2::/48")?;
    kernel_lacks(&pair.a, "2001:db8:2::/48")?;
    pair.dut.withdraw_prefix("2001:db8:1::/48")?;
    pair.peer.await_no_route(A6, "2001:db8:1::/48")
}

fn an_ipv4_session_with_md5_carries_both_families(lab: &Lab, kind: Kind) -> Result<()> {
    let ours = ours(B4, |n| n.password("s3cret").both_families())
        .route(Route::new("203.0.113.0/24").via(A4))
        .route(Route::new("2001:db8:1::/48").via(A6));
    let theirs = theirs(A4, |n| n.password("s3cret").both_families())
        .route(Route::new("198.51.100.0/24").via(B4))
        .route(Route::new("2001:db8:2::/48").via(B6));
    let pair = Pair::start(lab, kind, &ours, &theirs)?;

    expect(&pair.dut.await_route(B4, "198.51.100.0/24")?, B4, &[65002])?;
    expect(&pair.dut.await_route(B4, "2001:db8:2::/48")?, B6, &[65002])?;
    expect(&pair.peer.await_route(A4, "203.0.113.0/24")?, A4, &[65001])?;
    expect(&pair.peer.await_route(A4, "2001:db8:1::/48")?, A6, &[65001])?;
    kernel_has(&pair.a, "198.51.100.0/24", &[B4])?;
    kernel_has(&pair.a, "2001:db8:2::/48", &[B6, &pair.b.link_local("eth0")?.to_string()])
}

/// A wrong password is silence: no session, no crash, and the right one works afterwards.
#[test]
fn a_wrong_md5_password_keeps_the_session_down() {
    lab::run("a wrong password", |lab| {
        if !Kind::Bird.available()? {
            return Ok(());
        }
        let (ours, theirs) = (ours(B4, |n| n.password("right")), theirs(A4, |n| n.password("wrong")));
        let mut pair = Pair::start(lab, Kind::Bird, &ours, &theirs)?;
        lab::holds_for(Duration::from_secs(3), "the session is down", || {
            ensure!(!pair.dut.established(B4.parse()?)?, "it is established");
            Ok(())
        })?;
        pair.dut.process().ensure_running()
    });
}

fn expect(route: &Received, next_hop: &str, as_path: &[u32]) -> Result<()> {
    ensure!(
        route.next_hop == next_hop.parse::<std::net::IpAddr>()?,
        "next hop {next_hop} expected in {route:?}"
    );
    ensure!(route.as_path == as_path, "AS path {as_path:?} expected in {route:?}");
    Ok(())
}

/// The kernel's route goes by one of these gateways, and is marked and weighed as FRR does.
pub fn kernel_has(namespace: &Namespace, prefix: &str, gateways: &[&str]) -> Result<()> {
    eventually(Duration::from_secs(5), &format!("the kernel has {prefix}"), || {
        let routes = namespace.bgp_routes()?;
        let route = routes.iter().find(|route| route.prefix.to_string() == prefix);
        let route = route.with_context(|| format!("it has {routes:?}"))?;
        let fits = |gateway: &std::net::IpAddr| gateways.contains(&gateway.to_string().as_str());
        ensure!(
            route.gateways.len() == 1 && route.gateways.iter().all(fits),
            "one of {gateways:?}: {route:?}"
        );
        ensure!(route.protocol == "bird" || (route.protocol == "bgp" && route.metric == 20), "{route:?}");
        Ok(())
    })
}

/// The kernel has no such route, soon.
pub fn kernel_lacks(namespace: &Namespace, prefix: &str) -> Result<()> {
    eventually(Duration::from_secs(5), &format!("the kernel has no {prefix}"), || {
        ensure!(namespace.gateways(prefix)?.is_none(), "it still has it");
        Ok(())
    })
}
