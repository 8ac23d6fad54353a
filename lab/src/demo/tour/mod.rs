//! The scripted tour: what a site goes through, and what must hold. One line for each claim.

mod gateway;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::daemon::Kind;
use lab::eventually;
use lab::ping::{Loss, Ping};
use lab::site::{Power, Role, Site};

use self::gateway::{ACTIVE_DOWN, HANDED_OVER, Watch};

/// Runs the tour; `Ok(false)` when a claim did not hold.
pub(crate) fn run(kind: Kind) -> Result<bool> {
    let mut tour = Tour { started: Instant::now(), failures: 0 };
    tour.say(&format!(
        "compiling (the first time takes minutes) and building the site, {kind} in every role"
    ));
    let mut site = Site::build(kind)?;
    tour.all_is_well(&site, "after the start");
    tour.is_held_by(&site, "router1", PATIENCE);
    tour.undisturbed(&site);
    tour.crash(&mut site)?;
    tour.reboot(&mut site)?;
    tour.power_loss(&mut site, "router1")?;
    tour.cut_off(&mut site)?;
    tour.power_loss(&mut site, "core-b")?;
    tour.anycast(&mut site)?;
    tour.end(&mut site)?;
    let verdict = if tour.failures == 0 { "every expectation held" } else { "NOT every expectation held" };
    tour.say(verdict);
    Ok(tour.failures == 0)
}

struct Tour {
    started: Instant,
    failures: usize,
}

impl Tour {
    fn say(&self, text: &str) {
        println!("{:7.1}s         {text}", self.started.elapsed().as_secs_f32());
    }

    fn expect(&mut self, what: &str, held: Result<String>) {
        let at = self.started.elapsed().as_secs_f32();
        match held {
            Ok(seen) if seen.is_empty() => println!("{at:7.1}s   ok    {what}"),
            Ok(seen) => println!("{at:7.1}s   ok    {what}: {seen}"),
            Err(error) => {
                self.failures += 1;
                println!("{at:7.1}s FAILED  {what}: {error:#}");
            }
        }
    }

    /// Every session of every running node, and the routes that follow.
    fn all_is_well(&mut self, site: &Site, when: &str) {
        let sessions = eventually(PATIENCE, "all sessions", || {
            let (mut up, mut all) = (0, 0);
            for node in site.nodes() {
                let glance = node.glance()?;
                let wanted = expected_sessions(site, node.role());
                ensure!(glance.established >= wanted, "{}: {}/{wanted}", node.name(), glance.established);
                (up, all) = (up + glance.established, all + glance.sessions);
            }
            Ok(format!("{} of {} ends", up, all))
        });
        self.expect(&format!("{when} every session is established"), sessions);
        let paths = eventually(PATIENCE, "equal paths", || gateways(site));
        self.expect("the kernels hold equal paths over every live neighbour", paths);
    }

    fn undisturbed(&mut self, site: &Site) {
        let seen = with_pings(site, |_| {
            std::thread::sleep(Duration::from_secs(2));
            Ok(())
        });
        self.expect(
            "pings from behind the provider to every instance and back: none lost",
            bounded(seen, NO_GAP),
        );
    }

    fn crash(&mut self, site: &mut Site) -> Result<()> {
        self.say("router2's daemon is killed; its kernel forwards on; then it is started again");
        let pings = site.pings(INTERVAL)?;
        site.crash("router2")?;
        std::thread::sleep(Duration::from_secs(2));
        self.expect("while it is dead: none lost", bounded(finish(pings), NO_GAP));
        let pings = site.pings(INTERVAL)?;
        site.revive("router2")?;
        self.all_is_well(site, "after the crash");
        std::thread::sleep(Duration::from_secs(1));
        // Its neighbours drop what they kept of it and learn it anew: it does not claim preserved forwarding
        // (RFC 4724 §3, the F bit), and nor does FRR without `bgp graceful-restart preserve-fw-state`.
        self.expect("when it is back: hardly a packet lost", bounded(finish(pings), SHORT_GAP));
        Ok(())
    }

    fn reboot(&mut self, site: &mut Site) -> Result<()> {
        self.say("router1, which holds the gateway, is shut down for its weekly reboot, and comes back");
        let pings = site.pings(INTERVAL)?;
        let watch = Watch::start(site)?;
        let stopped = Instant::now();
        let down = site.shut_down("router1").map(|()| format!("{} ms", stopped.elapsed().as_millis()));
        self.expect("it exits with 0 and leaves no route in its kernel", down);
        self.is_held_by(site, "router2", Duration::from_secs(1));
        self.gateway_lost(watch, "the gateway is handed over, not lost", HANDED_OVER)?;
        self.expect(
            "the others carry on",
            eventually(Duration::from_secs(2), "equal paths", || gateways(site)),
        );
        std::thread::sleep(Duration::from_secs(2));
        self.expect("without it: hardly a packet lost", bounded(finish(pings), SHORT_GAP));
        let pings = site.pings(INTERVAL)?;
        let watch = Watch::start(site)?;
        site.revive("router1")?;
        self.all_is_well(site, "after the reboot");
        self.takes_back(site, "router1");
        self.gateway_lost(watch, "the gateway came back without a loss", HANDED_OVER)?;
        // It announces the site's prefixes before the hosts have dialled in: known, and not yet mended.
        self.expect(
            "what it attracts before its hosts have dialled in is lost",
            bounded(finish(pings), RETURN_GAP),
        );
        Ok(())
    }

    fn power_loss(&mut self, site: &mut Site, name: &str) -> Result<()> {
        self.say(&format!("the power of {name} fails: nobody is told, the hold timers (9 s) must find out"));
        let pings = site.pings(INTERVAL)?;
        let is_holder = site.has_gateway() && site.holder()? == name;
        let watch = Watch::start(site)?;
        site.cut_power(name)?;
        if is_holder {
            self.is_held_by(site, "router2", Duration::from_secs(5));
            self.gateway_lost(
                watch,
                "the gateway is silent for Active_Down_Interval (3414 ms)",
                ACTIVE_DOWN,
            )?;
        }
        let others = eventually(Duration::from_secs(12), "the others have noticed", || gateways(site));
        self.expect("the others have noticed and route around it", others);
        self.expect("nothing is lost for longer than the hold time", bounded(finish(pings), HOLD_GAP));
        let seen = with_pings(site, |_| {
            std::thread::sleep(Duration::from_secs(1));
            Ok(())
        });
        self.expect("without it: none lost", bounded(seen, NO_GAP));
        site.revive(name)?;
        self.all_is_well(site, &format!("with {name} back"));
        if is_holder {
            self.takes_back(site, name);
        }
        Ok(())
    }

    fn anycast(&mut self, site: &mut Site) -> Result<()> {
        self.say("host2 is shut down: the anycast address lives on the other two");
        let count = |site: &Site| -> Result<String> {
            let live =
                site.nodes().iter().filter(|n| n.role() == Role::Host && n.power() == Power::On).count();
            for router in site.nodes().iter().filter(|node| node.role() == Role::Router) {
                let gateways = router.namespace().gateways("203.0.113.30/32")?.unwrap_or_default();
                ensure!(gateways.len() == live, "{}: {gateways:?}", router.name());
            }
            Ok(format!("{live} next hops at each router"))
        };
        self.expect("before", eventually(PATIENCE, "three hosts", || count(site)));
        site.shut_down("host2")?;
        self.expect("after", eventually(Duration::from_secs(3), "two hosts", || count(site)));
        let gone = eventually(Duration::from_secs(3), "its own instance is withdrawn", || {
            let router = site.node("router1")?.namespace();
            ensure!(router.gateways("203.0.113.12/32")?.is_none(), "still there");
            Ok(String::new())
        });
        self.expect("host2's own instance is withdrawn", gone);
        site.revive("host2")?;
        self.all_is_well(site, "with host2 back");
        Ok(())
    }

    fn end(&mut self, site: &mut Site) -> Result<()> {
        self.say("every node is shut down");
        let names: Vec<&'static str> = site.nodes().iter().map(lab::site::Node::name).collect();
        for name in names {
            let down = site.shut_down(name).map(|()| String::new());
            if down.is_err() {
                self.expect(&format!("{name} exits with 0 and leaves no route"), down);
            }
        }
        let left: usize =
            site.nodes().iter().map(|n| n.namespace().bgp_routes().map_or(0, |routes| routes.len())).sum();
        let held = if left == 0 { Ok(String::new()) } else { Err(anyhow::anyhow!("{left} routes are left")) };
        self.expect("no kernel has a route left", held);
        Ok(())
    }
}

/// Sessions that a node of this role holds with the nodes that are on.
fn expected_sessions(site: &Site, role: Role) -> usize {
    let on =
        |wanted: Role| site.nodes().iter().filter(|n| n.role() == wanted && n.power() == Power::On).count();
    match role {
        Role::Internet => 2 * on(Role::Core),
        Role::Core => 2 * on(Role::Router) + 2 * on(Role::Internet),
        Role::Router => 2 * on(Role::Core) + on(Role::Host),
        Role::Host => on(Role::Router),
    }
}

/// Each node that is on spreads over as many gateways as neighbours are on above or below it.
fn gateways(site: &Site) -> Result<String> {
    let on =
        |wanted: Role| site.nodes().iter().filter(|n| n.role() == wanted && n.power() != Power::Off).count();
    let (cores, routers) = (on(Role::Core), on(Role::Router));
    for node in site.nodes().iter().filter(|node| node.power() != Power::Off) {
        let wanted: &[(&str, usize)] = match node.role() {
            Role::Internet => &[("203.0.113.0/27", cores), ("2001:db8:1000::/48", cores)],
            Role::Core => &[("203.0.113.0/27", routers), ("2001:db8:1000::/48", routers)],
            Role::Router => &[("0.0.0.0/0", cores), ("::/0", cores), ("203.0.113.11/32", 1)],
            // They send by the gateway.
            Role::Host if site.has_gateway() => &[],
            Role::Host => &[("0.0.0.0/0", routers), ("::/0", routers)],
        };
        for (prefix, count) in wanted {
            let found: BTreeSet<_> = node.namespace().gateways(prefix)?.unwrap_or_default();
            ensure!(found.len() == *count, "{}: {prefix} by {found:?}, not by {count}", node.name());
        }
    }
    Ok(format!("{cores} cores, {routers} routers"))
}

fn with_pings(site: &Site, work: impl FnOnce(&Site) -> Result<()>) -> Result<Vec<(String, Loss)>> {
    let pings = site.pings(INTERVAL)?;
    work(site)?;
    finish(pings)
}

fn finish(pings: Vec<Ping>) -> Result<Vec<(String, Loss)>> {
    pings.into_iter().map(|ping| Ok((ping.target().to_string(), ping.finish()?))).collect()
}

/// No ping went without an answer for longer than `gap`.
fn bounded(losses: Result<Vec<(String, Loss)>>, gap: Duration) -> Result<String> {
    let losses = losses?;
    let sent: u32 = losses.iter().map(|(_, loss)| loss.sent).sum();
    let lost: u32 = losses.iter().map(|(_, loss)| loss.lost()).sum();
    let worst = losses.iter().max_by_key(|(_, loss)| loss.longest());
    let worst = worst.map(|(target, loss)| format!("{target}: {loss}")).unwrap_or_default();
    ensure!(losses.iter().all(|(_, loss)| loss.longest() <= gap && loss.received > 0), "{worst}");
    Ok(if lost == 0 { format!("0 of {sent} lost") } else { format!("{lost} of {sent} lost, worst {worst}") })
}

const INTERVAL: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(30);
const NO_GAP: Duration = Duration::ZERO;
const SHORT_GAP: Duration = Duration::from_millis(1000);
/// The time in which the hosts dial a router that has come back.
const RETURN_GAP: Duration = Duration::from_secs(6);
/// The hold time, and the time to act on it.
const HOLD_GAP: Duration = Duration::from_millis(10_500);
