//! The owner of the virtual addresses (RFC 9568 §5.2.4): priority 255, Active from its start, and the addresses are its
//! interface's own.

use std::time::Duration;

use anyhow::{Context, ensure};
use lab::capture::Capture;
use lab::daemon::Daemon;
use lab::eventually;
use lab::gateway::{ADVERTS, LINK_LOCAL, Member, Plan, Router, V4, V6, read_adverts};
use lab::ping::reaches;

#[test]
fn an_owner_is_active_at_once_speaks_with_the_virtual_address_and_leaves_its_own_as_they_are() {
    lab::run("an owner", |lab| {
        let (lan, host) = (lab.segment("lan")?, lab.namespace("host")?);
        lan.attach(&host, "eth0", &["10.0.0.9/24", "2001:db8::9/64"])?;
        let [first, second] = [lab.namespace("r1")?, lab.namespace("r2")?];
        let own = [format!("{V4}/24"), format!("{LINK_LOCAL}/64"), format!("{V6}/64")];
        lan.attach(&first, "eth0", &own.each_ref().map(String::as_str))?;
        lan.attach(&second, "eth0", &["10.0.0.2/24", "2001:db8::2/64"])?;
        first.forward()?;
        second.forward()?;
        first.link_down("eth0")?;
        let _backup = Router::start(&second, Member::Ours, Plan::new(254))?;
        eventually(Duration::from_secs(10), "the backup stands in", || {
            let shown = second.ip("address show")?;
            ensure!(shown.contains(&format!("{V4}/32")) && shown.contains(V6), "{shown}");
            Ok(())
        })?;

        first.link_up("eth0")?;
        // A link-local address does not outlast its link.
        first.add_address("eth0", &format!("{LINK_LOCAL}/64"))?;
        let capture = Capture::start(lan.switch(), "br0", ADVERTS)?;
        // Neither a fact that fails nor that it is not to preempt counts for an owner.
        let plan = Plan::new(255).line("no vrrp 5 preempt");
        let plan = plan.line("!@ vrrp 5 track interface nowhere decrement 200");
        let mut owner = Router::start(&first, Member::Ours, plan)?;
        std::thread::sleep(Duration::from_secs(2));
        let seen = read_adverts(capture)?;
        for (version, vmac) in [(4, "00:00:5e:00:01:05"), (6, "00:00:5e:00:02:05")] {
            let of: Vec<_> = seen.iter().filter(|advert| advert.version == version).collect();
            let begins = of.iter().position(|advert| advert.priority == 255).context("no owner")?;
            ensure!(of[begins..].iter().filter(|advert| advert.priority != 255).count() <= 1, "{of:?}");
            ensure!(of.len() >= begins + 2 && of.iter().all(|advert| advert.mac == vmac), "{of:?}");
        }
        let from_v4 = seen.iter().filter(|advert| advert.version == 4 && advert.priority == 255);
        ensure!(from_v4.clone().all(|advert| advert.source == V4), "the owner sends from its own address");

        let capture = Capture::start(lan.switch(), "br0", "arp or icmp6")?;
        for target in [V4, V6] {
            host.ip("neigh flush dev eth0")?;
            reaches(&host, target, None)?;
        }
        let answers =
            format!("(arp.opcode == 2 && arp.src.proto_ipv4 == {V4}) || icmpv6.nd.na.target_address == {V6}");
        let answers = capture.fields(&answers, &["eth.src"])?;
        ensure!(answers.len() >= 2, "{answers:?}");
        ensure!(answers.iter().all(|mac| mac.starts_with("00:00:5e:00:0")), "physical ones: {answers:?}");

        owner.terminate()?;
        eventually(Duration::from_secs(10), "it has ended", || {
            ensure!(!owner.ours()?.process().is_running(), "it runs");
            Ok(())
        })?;
        let kept = first.ip("address show dev eth0 permanent")?;
        ensure!([V4, LINK_LOCAL, V6].iter().all(|address| kept.contains(address)), "{kept}");
        ensure!(!first.ip("link show")?.contains("vrrp"), "a device is left");
        eventually(Duration::from_secs(10), "the backup stands in again", || {
            let shown = second.ip("address show")?;
            ensure!(shown.contains(&format!("{V4}/32")) && shown.contains(V6), "{shown}");
            Ok(())
        })
    });
}
