//! What the tour claims of the gateway: one router holds it, it moves when that one goes, and comes back when it is
//! fit again.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lab::eventually;
use lab::probe::{Probe, Record};
use lab::site::{Site, has_default_routes};

use super::{PATIENCE, Tour};

/// Probes that run while the gateway moves; none where there is no gateway.
pub(super) struct Watch(Option<[Probe; 2]>);

impl Watch {
    pub(super) fn start(site: &Site) -> Result<Self> {
        Ok(Self(site.has_gateway().then(|| site.probe_gateway(PACE)).transpose()?))
    }
}

impl Tour {
    /// The gateway is, or comes within `time`, to `name` and nobody else.
    pub(super) fn is_held_by(&mut self, site: &Site, name: &str, time: Duration) {
        if site.has_gateway() {
            let start = Instant::now();
            let held = eventually(time, "held by that router alone", || {
                let holder = site.holder()?;
                ensure!(holder == name, "{holder} holds it");
                Ok(format!("seen after {} ms", start.elapsed().as_millis()))
            });
            self.expect(&format!("{name} alone holds the gateway, IPv4 and IPv6"), held);
        }
    }

    /// Nothing from a host to the gateway went without an answer for longer than `most`.
    pub(super) fn gateway_lost(&mut self, watch: Watch, what: &str, most: Duration) -> Result<()> {
        let Some(probes) = watch.0 else { return Ok(()) };
        let mut seen = Vec::new();
        let mut longest = Duration::ZERO;
        for (probe, family) in probes.into_iter().zip(["IPv4", "IPv6"]) {
            let record = probe.finish()?;
            let silence = silence(&record)?;
            longest = longest.max(silence);
            let (lost, sent) = (record.lost(), record.sent());
            seen.push(format!("{family} {lost} of {sent}, {} ms without an answer", silence.as_millis()));
        }
        let seen = seen.join("; ");
        let held = if longest <= most { Ok(seen) } else { Err(anyhow::anyhow!("{seen}; allowed {most:?}")) };
        self.expect(what, held);
        Ok(())
    }

    /// A router that came back takes the gateway, and has its default routes by then.
    pub(super) fn takes_back(&mut self, site: &Site, name: &str) {
        if !site.has_gateway() {
            return;
        }
        let held = eventually(PATIENCE, "it has the gateway again", || {
            let node = site.node(name)?;
            let [v4, v6] = node.shares()?;
            let is_active = v4.is_active || v6.is_active;
            let routes =
                is_active.then(|| has_default_routes(node.namespace()).map_err(|e| format!("{e:#}")));
            ensure!(is_active, "not yet: {v4:?}, {v6:?}");
            Ok(routes.unwrap_or(Ok(())))
        });
        let held = held.and_then(|routes| routes.map_err(anyhow::Error::msg)).map(|()| String::new());
        self.expect(&format!("{name} takes the gateway back, with its default routes in the kernel"), held);
    }

    /// The first router loses its way out, and gives the gateway away for that long.
    pub(super) fn cut_off(&mut self, site: &mut Site) -> Result<()> {
        if !site.has_gateway() {
            return Ok(());
        }
        self.say("router1 loses its link to both cores: it lives, but is no gateway any more");
        let watch = Watch::start(site)?;
        site.node("router1")?.namespace().link_down("wan0")?;
        self.is_held_by(site, "router2", Duration::from_secs(2));
        self.gateway_lost(watch, "the gateway is handed over, not lost", HANDED_OVER)?;
        let [v4, _] = site.node("router1")?.shares()?;
        self.expect("router1 says why", ensure_reason(&v4.reason, v4.priority));
        site.node("router1")?.namespace().link_up("wan0")?;
        self.takes_back(site, "router1");
        Ok(())
    }
}

fn ensure_reason(reason: &str, priority: u64) -> Result<String> {
    ensure!(priority == 50, "its priority is {priority}");
    Ok(format!("priority {priority}, {reason}"))
}

fn silence(record: &Record) -> Result<Duration> {
    Ok(record.silence().context("no answer at all")?.length())
}

/// Between two requests to the gateway.
const PACE: Duration = Duration::from_millis(5);
/// A hand-over costs nothing; this is what a machine that does much else may take to answer.
pub(super) const HANDED_OVER: Duration = Duration::from_millis(150);
/// Active_Down_Interval of router2, priority 150 (RFC 9568 §6.1), and what a busy machine adds.
pub(super) const ACTIVE_DOWN: Duration = Duration::from_millis(3414 + 150);
