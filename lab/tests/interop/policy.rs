//! What is and is not exchanged without policy, and who may dial in.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::daemon::{self, Daemon, Kind, Neighbor, Route, Spec, frr::Frr, ridgeway::Ridgeway};
use lab::{Namespace, holds_for};

use crate::pair::{A4, B4, Pair, ours, reads_frr_conf, theirs};

/// RFC 8212, as FRR has it by default.
#[test]
fn without_policy_an_external_session_comes_up_and_carries_nothing() {
    lab::run("no policy", |lab| {
        if !reads_frr_conf() || !Kind::Bird.available()? {
            return Ok(());
        }
        let ours = ours(B4, |n| n)
            .router_lines(" bgp ebgp-requires-policy")
            .route(Route::new("203.0.113.0/24").via(A4));
        let theirs = theirs(A4, |n| n).route(Route::new("198.51.100.0/24").via(B4));
        let pair = Pair::start(lab, Kind::Bird, &ours, &theirs)?;
        pair.dut.await_established(B4)?;
        holds_for(Duration::from_secs(2), "nothing is exchanged", || {
            let (told, kernel) = (pair.peer.received(A4.parse()?)?, pair.a.bgp_routes()?);
            ensure!(told.is_empty() && kernel.is_empty(), "{told:?} {kernel:?}");
            Ok(())
        })
    });
}

/// A listen range whose peer-group has a password: the key must cover the range before anybody connects.
#[test]
fn a_peer_of_a_listen_range_dials_in_with_the_password_of_its_group() {
    lab::run("listen range", |lab| {
        if !reads_frr_conf() || !Kind::Bird.available()? {
            return Ok(());
        }
        let (a, b) = Pair::wire(lab)?;
        let dut = start_with(&a, LISTENER)?;
        let theirs = Spec::new(65002, B4)
            .neighbor(Neighbor::new(A4, 65001).password("s3cret"))
            .route(Route::new("198.51.100.0/24").via(B4));
        let _peer = daemon::start(Kind::Bird, &b, &theirs)?;
        dut.await_route(B4, "198.51.100.0/24").map(drop)
    });
}

/// The device under test with an frr.conf of the test's own.
pub fn start_with(namespace: &Namespace, conf: &str) -> Result<Box<dyn Daemon>> {
    Ok(match Kind::under_test() {
        Kind::Frr => Box::new(Frr::start_with(namespace, conf)?),
        _ => Box::new(Ridgeway::start_with(namespace, conf)?),
    })
}

const LISTENER: &str = "\
frr defaults traditional
router bgp 65001
 bgp router-id 10.0.0.1
 no bgp ebgp-requires-policy
 neighbor GUESTS peer-group
 neighbor GUESTS remote-as 65002
 neighbor GUESTS password s3cret
 bgp listen range 10.0.0.0/24 peer-group GUESTS
 bgp listen limit 4
exit
";
