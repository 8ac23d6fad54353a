//! `examples/router1.conf` as it stands: a BIRD and an FRR as provider cores, announcers that dial in.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use lab::binary::workspace;
use lab::daemon::{self, Daemon, Kind, Neighbor, Route, Spec};
use lab::{Lab, Namespace};

use crate::ecmp::await_gateways;
use crate::exchange::{kernel_has, kernel_lacks};
use crate::pair::reads_frr_conf;
use crate::policy::start_with;

#[test]
fn the_example_runs_as_it_stands_between_two_cores_and_an_announcer() {
    lab::run("the example", |lab| {
        if !reads_frr_conf()
            || !Kind::Bird.available()?
            || !Kind::Frr.available()?
            || !Kind::ExaBgp.available()?
        {
            return Ok(());
        }
        let (wan, uplink) = (lab.segment("wan")?, lab.segment("uplink")?);
        let router = lab.namespace("router1")?;
        wan.attach(&router, "wan0", &[])?;
        uplink.attach(&router, "uplink0", &[])?;
        let cores = [core(lab, &wan, 1, Kind::Bird)?, core(lab, &wan, 2, Kind::Frr)?];
        let conf = std::fs::read_to_string(workspace().join("examples/router1.conf"))?;
        let dut = start_with(&router, &conf)?;
        let host = announcer(lab, &uplink)?;

        from_the_cores(dut.as_ref(), &router)?;
        to_the_cores(&cores)?;
        from_and_to_the_hosts(dut.as_ref(), host.as_ref(), &router)
    });
}

/// Equal paths of both cores, the bogon refused, local preference by route-map.
fn from_the_cores(dut: &dyn Daemon, router: &Namespace) -> Result<()> {
    for neighbor in ["192.0.2.1", "192.0.2.2"] {
        let route = dut.await_route(neighbor, "0.0.0.0/0")?;
        ensure!(route.as_path == [64500], "{route:?}");
    }
    for neighbor in ["2001:db8:ffff::1", "2001:db8:ffff::2"] {
        dut.await_route(neighbor, "::/0")?;
    }
    await_gateways(router, "0.0.0.0/0", 2)?;
    await_gateways(router, "::/0", 2)?;
    kernel_lacks(router, "10.1.0.0/16")
}

/// The site's own prefixes and nothing else; IPv6 with one more of our AS number.
fn to_the_cores(cores: &[Box<dyn Daemon>]) -> Result<()> {
    for core in cores {
        let route = core.await_route("192.0.2.4", "203.0.113.0/27")?;
        ensure!(route.as_path == [64510], "{route:?}");
        let route = core.await_route("2001:db8:ffff::4", "2001:db8:1000::/48")?;
        ensure!(route.as_path == [64510, 64510], "{route:?}");
        let all: BTreeSet<String> = core
            .received("192.0.2.4".parse()?)?
            .into_iter()
            .chain(core.received("2001:db8:ffff::4".parse()?)?)
            .map(|route| route.prefix.to_string())
            .collect();
        ensure!(all == ["2001:db8:1000::/48".to_owned(), "203.0.113.0/27".to_owned()].into(), "{all:?}");
    }
    Ok(())
}

/// Instances by their OVN router's address, not the announcer's; a default back, and nothing else.
fn from_and_to_the_hosts(dut: &dyn Daemon, host: &dyn Daemon, router: &Namespace) -> Result<()> {
    let announced = dut.await_route("198.51.100.11", "203.0.113.5/32")?;
    ensure!(announced.next_hop.to_string() == "198.51.100.21", "{announced:?}");
    kernel_has(router, "203.0.113.5/32", &["198.51.100.21"])?;
    kernel_has(router, "2001:db8:1000:5::/64", &["2001:db8:100::21"])?;
    kernel_lacks(router, "192.0.2.128/25")?;
    host.await_route("198.51.100.2", "0.0.0.0/0")?;
    let told = host.received("198.51.100.2".parse()?)?;
    ensure!(told.len() == 1, "{told:?}");
    Ok(())
}

fn core(lab: &Lab, wan: &lab::Segment, n: u8, kind: Kind) -> Result<Box<dyn Daemon>> {
    let namespace = lab.namespace(&format!("core{n}"))?;
    let (v4, v6) = (format!("192.0.2.{n}"), format!("2001:db8:ffff::{n}"));
    wan.attach(&namespace, "wan0", &[&format!("{v4}/28"), &format!("{v6}/64")])?;
    let spec = Spec::new(64500, &v4)
        .neighbor(Neighbor::new("192.0.2.4", 64510).password("s3cret-core").ttl_security())
        .neighbor(Neighbor::new("2001:db8:ffff::4", 64510))
        .route(Route::new("0.0.0.0/0").via(&v4))
        .route(Route::new("10.1.0.0/16").via(&v4))
        .route(Route::new("::/0").via(&v6));
    daemon::start(kind, &namespace, &spec).with_context(|| format!("core {n}"))
}

fn announcer(lab: &Lab, uplink: &lab::Segment) -> Result<Box<dyn Daemon>> {
    let namespace = lab.namespace("host1")?;
    uplink.attach(&namespace, "uplink0", &["198.51.100.11/24", "2001:db8:100::11/64"])?;
    let spec = Spec::new(64520, "198.51.100.11")
        .neighbor(Neighbor::new("198.51.100.2", 64510).both_families())
        .route(Route::new("203.0.113.5/32").via("198.51.100.21"))
        .route(Route::new("2001:db8:1000:5::/64").via("2001:db8:100::21"))
        .route(Route::new("192.0.2.128/25").via("198.51.100.21"));
    daemon::start(Kind::ExaBgp, &namespace, &spec)
}
