//! FRR's own `vtysh` asks ours, as operators and scripts do.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use lab::daemon::{self, Daemon, Kind, Ridgeway, Route, frr_conf};
use lab::namespace::checked;

use crate::pair::{A4, B4, Pair, ours, theirs};

#[test]
fn the_stock_vtysh_asks_for_summary_routes_and_neighbours() {
    lab::run("vtysh", |lab| {
        if Kind::under_test() != Kind::Ridgeway || !Kind::Bird.available()? || !Kind::Frr.available()? {
            return Ok(());
        }
        let (a, b) = Pair::wire(lab)?;
        let mut dut = Ridgeway::start_with(&a, &frr_conf::render(&ours(B4, |n| n)))?;
        let theirs = theirs(A4, |n| n).route(Route::new("198.51.100.0/24").via(B4));
        let _peer = daemon::start(Kind::Bird, &b, &theirs)?;
        let daemon: &mut dyn Daemon = &mut dut;
        daemon.await_route(B4, "198.51.100.0/24")?;

        let summary: serde_json::Value = serde_json::from_str(&vtysh(&dut, "show bgp summary json")?)?;
        let peer = summary.pointer("/ipv4Unicast/peers/10.0.0.2").context("no such peer in the summary")?;
        ensure!(peer["state"] == "Established" && peer["pfxRcd"] == 1, "{peer}");
        let table: serde_json::Value = serde_json::from_str(&vtysh(&dut, "show bgp ipv4 unicast json")?)?;
        ensure!(table.pointer("/routes/198.51.100.0~124/0/valid") == Some(&true.into()), "{table}");
        for (command, wanted) in [
            ("show bgp summary", "10.0.0.2"),
            ("show bgp ipv4 unicast 198.51.100.0/24", "10.0.0.2"),
            ("show bgp neighbors 10.0.0.2", "BGP state = Established"),
            ("show ip route", "198.51.100.0/24"),
            ("show ip bgp", "198.51.100.0/24"),
        ] {
            let answer = vtysh(&dut, command)?;
            ensure!(answer.contains(wanted), "`{command}` does not say {wanted:?} but: {answer}");
        }
        Ok(())
    });
}

fn vtysh(dut: &Ridgeway, command: &str) -> Result<String> {
    let mut vtysh = Command::new("vtysh");
    vtysh.arg("--vty_socket").arg(dut.run_dir()).args(["-c", command]);
    checked(vtysh.output(), &format!("vtysh -c '{command}'"))
}
