//! Accept_Mode off (RFC 9568 §6.1): the gateway forwards and is found, and answers nothing else.

use std::time::Duration;

use anyhow::{Context, ensure};
use lab::eventually;
use lab::gateway::{Member, Plan, Router, V4, V6};
use lab::ping::reaches;

#[test]
fn a_gateway_that_does_not_accept_forwards_and_is_found_but_answers_nobody() {
    lab::run("no accept mode", |lab| {
        let (lan, host) = (lab.segment("lan")?, lab.namespace("host")?);
        lan.attach(&host, "eth0", &["10.0.0.9/24", "2001:db8::9/64"])?;
        let router = lab.namespace("r1")?;
        lan.attach(&router, "eth0", &["10.0.0.1/24", "2001:db8::1/64"])?;
        router.forward()?;
        for beyond in ["10.9.9.9/32", "2001:db8:9::9/128"] {
            router.ip(&format!("address add {beyond} dev lo"))?;
        }
        router.link_up("lo")?;
        host.ip(&format!("route add 10.9.9.9 via {V4}"))?;
        host.ip(&format!("-6 route add 2001:db8:9::9 via {V6}"))?;

        let refusing = Plan::new(200).line("!@ vrrp 5 no-accept-mode");
        let mut running = Router::start(&router, Member::Ours, refusing)?;
        for (gateway, beyond) in [(V4, "10.9.9.9"), (V6, "2001:db8:9::9")] {
            eventually(Duration::from_secs(10), "it forwards", || reaches(&host, beyond, None))?;
            ensure!(reaches(&host, gateway, None).is_err(), "{gateway} answers");
            let neighbor = host.ip(&format!("neigh show {gateway}"))?;
            ensure!(neighbor.contains("00:00:5e:00:0"), "the host knows {neighbor}");
        }
        let shown = running.ours()?.show("vrrp 5")?;
        let said = shown.lines().find(|line| line.contains("Accept Mode")).context("no such line")?;
        ensure!(said.contains("No"), "{said}");
        ensure!(reaches(&host, "10.0.0.1", None).is_ok(), "its own address answers");

        // Nothing of the filter stays, also after a crash.
        running.kill();
        let _running = Router::start(&router, Member::Ours, Plan::new(200))?;
        for gateway in [V4, V6] {
            eventually(Duration::from_secs(10), "it accepts", || reaches(&host, gateway, None))?;
        }
        Ok(())
    });
}
