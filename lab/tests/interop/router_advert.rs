//! Router advertisements of the IPv6 virtual router: what a Linux host makes of them, and what crosses the wire.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::capture::Capture;
use lab::gateway::{LINK_LOCAL, Member, Plan, Router, V4, V6};
use lab::{Lab, Namespace, Segment, eventually, holds_for};

#[test]
fn a_host_takes_the_virtual_router_and_an_address_and_keeps_both_over_a_failover() {
    lab::run("router advertisements", |lab| {
        let (lan, first, second) = routers(lab)?;
        let mut active = Router::start(&first, Member::Ours, asking(200))?;
        eventually(Duration::from_secs(10), "the better router is Active", || has_gateway(&first))?;
        let _backup = Router::start(&second, Member::Ours, asking(100))?;
        let capture = Capture::start(lan.switch(), "br0", "icmp6")?;
        // It asks when its link comes up, and so does not wait for the next unsolicited one.
        let host = lab.namespace("host")?;
        lan.attach(&host, "eth0", &["10.0.0.9/24"])?;
        let address = eventually(Duration::from_secs(10), "the host is configured", || configured(&host))?;

        active.terminate()?;
        eventually(Duration::from_secs(10), "the other router is Active", || has_gateway(&second))?;
        holds_for(Duration::from_secs(4), "the host keeps its default router", || {
            ensure!(configured(&host)? == address, "another address");
            Ok(())
        })?;

        let seen = read(capture, "icmpv6.type == 134")?;
        ensure!(seen.len() >= 2, "{seen:?}");
        for advert in &seen {
            ensure!(advert.mac == VMAC && advert.source == LINK_LOCAL, "from {advert:?}");
            ensure!(advert.link_layer == VMAC && advert.hop_limit == "255", "{advert:?}");
            ensure!(advert.lifetime == "30", "no lifetime of zero when the gateway moves: {advert:?}");
            ensure!(advert.prefix == "2001:db8::", "{advert:?}");
        }
        Ok(())
    });
}

/// The Active is not told to advertise here, so whatever is seen comes from the backup.
#[test]
fn a_backup_advertises_nothing_also_when_it_is_asked_until_it_is_active() {
    lab::run("a silent backup", |lab| {
        let (lan, first, second) = routers(lab)?;
        let mut active = Router::start(&first, Member::Ours, Plan::new(200))?;
        eventually(Duration::from_secs(10), "the better router is Active", || has_gateway(&first))?;
        let _backup = Router::start(&second, Member::Ours, asking(100))?;
        std::thread::sleep(Duration::from_secs(1));
        let capture = Capture::start(lan.switch(), "br0", "icmp6")?;
        let host = lab.namespace("host")?;
        lan.attach(&host, "eth0", &["10.0.0.9/24"])?;
        std::thread::sleep(Duration::from_secs(5));
        active.terminate()?;
        eventually(Duration::from_secs(10), "the host is configured", || configured(&host))?;
        let told = "icmpv6.type == 133 || icmpv6.type == 134 || icmpv6.type == 136";
        let seen = capture.fields(told, &["icmpv6.type", "eth.src"])?;
        let is_router = |line: &&String| line.ends_with(VMAC);
        let asked = seen.iter().filter(|line| line.starts_with("133")).count();
        ensure!(asked >= 2, "nobody asked: {seen:?}");
        // The new Active speaks up by a neighbour advertisement, and by router advertisements after that alone.
        let first = seen.iter().find(is_router).context("no router spoke")?;
        ensure!(first.starts_with("136"), "a router advertisement before it was Active: {seen:?}");
        ensure!(seen.iter().any(|line| line.starts_with("134")), "{seen:?}");
        Ok(())
    });
}

#[test]
fn what_the_file_says_is_what_hosts_are_told() {
    lab::run("the contents of router advertisements", |lab| {
        let (lan, first, _) = routers(lab)?;
        let lines = [
            "ipv6 nd ra-lifetime 1200",
            "ipv6 nd managed-config-flag",
            "ipv6 nd router-preference low",
            "ipv6 nd mtu 1400",
            "ipv6 nd prefix 2001:db8:0:7::/64 3600 600 off-link no-autoconfig",
            "ipv6 nd rdnss 2001:db8::53",
            "ipv6 nd dnssl lan.example infinite",
        ];
        let plan = lines.iter().fold(asking(200), |plan, line| plan.line(line));
        let capture = Capture::start(lan.switch(), "br0", "icmp6")?;
        let mut router = Router::start(&first, Member::Ours, plan)?;
        eventually(Duration::from_secs(10), "it is Active", || has_gateway(&first))?;
        std::thread::sleep(Duration::from_secs(1));
        // Whoever advertises no more says so (RFC 4861 §6.2.5).
        router.ours()?.reload(&Plan::new(200).frr_conf())?;
        std::thread::sleep(Duration::from_secs(1));
        let fields = [
            "icmpv6.nd.ra.router_lifetime",
            "icmpv6.nd.ra.flag.m",
            "icmpv6.nd.ra.flag.prf",
            "icmpv6.opt.mtu",
            "icmpv6.opt.prefix",
            "icmpv6.opt.prefix.valid_lifetime",
            "icmpv6.opt.prefix.preferred_lifetime",
            "icmpv6.opt.prefix.flag.l",
            "icmpv6.opt.rdnss",
            "icmpv6.opt.rdnss.lifetime",
            "icmpv6.opt.dnssl",
            "icmpv6.checksum.status",
        ];
        let seen = capture.fields("icmpv6.type == 134", &fields)?;
        let told = |lifetime: &str, preference: &str| {
            format!(
                "{lifetime}\tTrue\t{preference}\t1400\t2001:db8:0:7::,2001:db8::\t3600,2592000\t600,604800\tFalse,True\t\
                 2001:db8::53\t30\tlan.example\t1"
            )
        };
        let plain = |line: &String| {
            let line = line
                .replace("\t1\t3\t", "\tTrue\t3\t")
                .replace("\t1\t0\t", "\tTrue\t0\t")
                .replace("\t0,1\t", "\tFalse,True\t");
            line.replace("2001:db8:0:7:0:0:0:0", "2001:db8:0:7::")
        };
        let seen: Vec<String> = seen.iter().map(plain).collect();
        ensure!(seen.first() == Some(&told("1200", "3")), "{seen:?}");
        ensure!(seen.last() == Some(&told("0", "0")), "the last: {seen:?}");
        Ok(())
    });
}

/// One router advertisement.
#[derive(Debug)]
struct Seen {
    mac: String,
    source: String,
    hop_limit: String,
    lifetime: String,
    link_layer: String,
    prefix: String,
}

fn read(capture: Capture, filter: &str) -> Result<Vec<Seen>> {
    let fields = [
        "eth.src",
        "ipv6.src",
        "ipv6.hlim",
        "icmpv6.nd.ra.router_lifetime",
        "icmpv6.opt.linkaddr",
        "icmpv6.opt.prefix",
    ];
    let one = |line: String| {
        let cells: Vec<&str> = line.split('\t').collect();
        let &[mac, source, hop_limit, lifetime, link_layer, prefix] = cells.as_slice() else { return None };
        let [mac, source, hop_limit] = [mac, source, hop_limit].map(str::to_owned);
        let [lifetime, link_layer, prefix] = [lifetime, link_layer, prefix].map(str::to_owned);
        Some(Seen { mac, source, hop_limit, lifetime, link_layer, prefix })
    };
    capture
        .fields(filter, &fields)?
        .into_iter()
        .map(|line| one(line.clone()).with_context(|| format!("what tshark said: {line}")))
        .collect()
}

/// The host has its default router and one address of the prefix, which is given.
fn configured(host: &Namespace) -> Result<String> {
    let routes = host.ip("-6 route show default")?;
    ensure!(
        routes.matches("default").count() == 1 && routes.contains(&format!("via {LINK_LOCAL} ")),
        "{routes}"
    );
    let addresses = host.ipv6_addresses("eth0", "global")?;
    let address = addresses.first().context("no address")?.to_string();
    ensure!(addresses.len() == 1 && address.starts_with("2001:db8::"), "{addresses:?}");
    Ok(address)
}

fn has_gateway(namespace: &Namespace) -> Result<()> {
    let addresses = namespace.ip("address show")?;
    ensure!(addresses.contains(V4) && addresses.contains(V6), "{addresses}");
    Ok(())
}

/// A router that advertises every ten seconds.
fn asking(priority: u8) -> Plan {
    Plan::new(priority).line("no ipv6 nd suppress-ra").line("ipv6 nd ra-interval 10")
}

/// A LAN with two routers on its first two ports.
fn routers(lab: &Lab) -> Result<(Segment, Namespace, Namespace)> {
    let lan = lab.segment("lan")?;
    let [first, second] = [1, 2].map(|number| -> Result<Namespace> {
        let namespace = lab.namespace(&format!("r{number}"))?;
        namespace.forward()?;
        let [v4, v6] = [format!("10.0.0.{number}/24"), format!("2001:db8::{number}/64")];
        lan.attach(&namespace, "eth0", &[&v4, &v6])?;
        Ok(namespace)
    });
    Ok((lan, first?, second?))
}

/// Of the IPv6 virtual router 5.
const VMAC: &str = "00:00:5e:00:02:05";
