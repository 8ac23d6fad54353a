//! As many virtual routers as one interface can have: 255 of each family.

use std::fmt::Write;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::daemon::Ridgeway;
use lab::{Lab, Namespace, Segment, eventually};
use serde_json::Value;

#[test]
fn an_interface_has_255_virtual_routers_of_each_family() {
    lab::run("a crowd", |lab| {
        let lan = lab.segment("lan")?;
        let (first, second) = (crowded(lab, &lan, 1)?, crowded(lab, &lan, 2)?);
        let begin = Instant::now();
        let active = Ridgeway::start_with(&first, &conf(200))?;
        await_all(&active, "Master")?;
        eprintln!("255 virtual routers of each family: Active after {:?}", begin.elapsed());
        let backup = Ridgeway::start_with(&second, &conf(100))?;
        await_all(&backup, "Backup")?;
        // Longer than the time after which a silent Active is taken for dead.
        std::thread::sleep(Duration::from_secs(5));
        await_all(&backup, "Backup")?;
        ensure!(!second.ip("address show")?.contains("10.0.1."), "a backup has virtual addresses");
        let transitions: u64 = states(&backup)?.iter().map(|(_, transitions)| transitions).sum();
        ensure!(transitions == 510, "the backups have changed their minds: {transitions} transitions");
        drop(active);
        first.link_down("eth0")?;
        let begin = Instant::now();
        await_all(&backup, "Master")?;
        eprintln!("all of them taken over after {:?}", begin.elapsed());
        Ok(())
    });
}

fn crowded(lab: &Lab, lan: &Segment, number: u8) -> Result<Namespace> {
    let namespace = lab.namespace(&format!("r{number}"))?;
    lan.attach(&namespace, "eth0", &[&format!("10.0.0.{number}/16"), &format!("2001:db8::{number}/64")])?;
    Ok(namespace)
}

fn conf(priority: u8) -> String {
    let mut text = "frr version 8.4\ninterface eth0\n".to_owned();
    for vrid in 1..=255 {
        let _ = writeln!(text, " vrrp {vrid} version 3\n vrrp {vrid} priority {priority}");
        let _ = writeln!(text, " vrrp {vrid} ip 10.0.1.{vrid}\n vrrp {vrid} ipv6 fe80::1:{vrid}");
    }
    text + "exit\n"
}

/// The states and numbers of transitions, both families of all.
fn states(router: &Ridgeway) -> Result<Vec<(String, u64)>> {
    let shown = router.show_json("vrrp")?;
    let of = |one: &Value, family: &str| -> Option<(String, u64)> {
        let found = one.get(family)?;
        Some((found.get("status")?.as_str()?.to_owned(), found.pointer("/stats/transitions")?.as_u64()?))
    };
    let all = shown.as_array().into_iter().flatten();
    Ok(all.flat_map(|one| [of(one, "v4"), of(one, "v6")]).flatten().collect())
}

fn await_all(router: &Ridgeway, state: &str) -> Result<()> {
    eventually(Duration::from_secs(30), "all are in one state", || {
        let states = states(router)?;
        let count = states.iter().filter(|(status, _)| status == state).count();
        ensure!((states.len(), count) == (510, 510), "{count} of {} are {state}", states.len());
        Ok(())
    })
}
