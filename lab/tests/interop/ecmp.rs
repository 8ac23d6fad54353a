//! Two provider cores announce the same: the kernel spreads over both, and over one when the other is gone.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use lab::daemon::{self, Kind, Neighbor, Route, Spec};
use lab::{Lab, Namespace, eventually};

use crate::pair::reads_frr_conf;

every_peer!(equal_paths_over_two_cores_are_one_route_with_two_gateways: Bird bird, Frr frr, GoBgp gobgp);

fn equal_paths_over_two_cores_are_one_route_with_two_gateways(lab: &Lab, kind: Kind) -> Result<()> {
    if !reads_frr_conf() {
        return Ok(());
    }
    let wan = lab.segment("wan")?;
    let router = lab.namespace("router")?;
    wan.attach(&router, "wan0", &["192.0.2.4/28", "2001:db8:ffff::4/64"])?;
    let mut cores = Vec::new();
    for n in [1, 2] {
        let core = lab.namespace(&format!("core{n}"))?;
        wan.attach(&core, "wan0", &[&format!("192.0.2.{n}/28"), &format!("2001:db8:ffff::{n}/64")])?;
        let (v4, v6) = (format!("192.0.2.{n}"), format!("2001:db8:ffff::{n}"));
        let spec = Spec::new(64500, &v4)
            .neighbor(Neighbor::new("192.0.2.4", 64510))
            .neighbor(Neighbor::new("2001:db8:ffff::4", 64510))
            .route(Route::new("198.18.0.0/15").via(&v4))
            .route(Route::new("2001:db8:beef::/48").via(&v6));
        cores.push(daemon::start(kind, &core, &spec)?);
    }
    let mut ours = Spec::new(64510, "192.0.2.4").installing();
    for address in ["192.0.2.1", "192.0.2.2", "2001:db8:ffff::1", "2001:db8:ffff::2"] {
        ours = ours.neighbor(Neighbor::new(address, 64500));
    }
    let dut = daemon::start(Kind::under_test(), &router, &ours)?;
    await_gateways(&router, "198.18.0.0/15", 2)?;
    await_gateways(&router, "2001:db8:beef::/48", 2)?;
    let both: BTreeSet<IpAddr> = ["192.0.2.1".parse()?, "192.0.2.2".parse()?].into();
    ensure!(router.gateways("198.18.0.0/15")? == Some(both), "{:?}", router.gateways("198.18.0.0/15")?);

    if let Some(core) = cores.first_mut() {
        core.kill();
    }
    await_gateways(&router, "198.18.0.0/15", 1)?;
    await_gateways(&router, "2001:db8:beef::/48", 1)?;
    let other: BTreeSet<IpAddr> = ["192.0.2.2".parse()?].into();
    ensure!(router.gateways("198.18.0.0/15")? == Some(other), "{:?}", router.gateways("198.18.0.0/15")?);
    drop(dut);
    Ok(())
}

pub fn await_gateways(namespace: &Namespace, prefix: &str, count: usize) -> Result<()> {
    eventually(Duration::from_secs(20), &format!("{prefix} by {count} gateways"), || {
        let gateways = namespace.gateways(prefix)?;
        ensure!(gateways.as_ref().map_or(0, BTreeSet::len) == count, "{gateways:?}");
        Ok(())
    })
}
