//! The configuration as an interface takes it: virtual routers come, change in place, and are told to leave.

use tracing::warn;
use vrrp_core::segment::Key;
use vrrp_core::{Config, ConfigError, Departure, Instant, VirtualRouter};

use super::super::hold::Holder;
use super::super::settings::configs;
use super::Lan;

impl Lan {
    /// Takes the configuration as it is now; equal parts stay untouched.
    pub(super) fn configure(&mut self) {
        let now = self.now();
        let wanted = self.wanted.borrow_and_update().clone();
        let plan = wanted.lans.get(&self.name).cloned().unwrap_or_default();
        (self.configured, self.router_advert) = (plan.routers, plan.router_advert);
        self.part_with_other_devices(now);
        let mut kept = Vec::new();
        for (vrid, vrrp) in &self.configured {
            for (key, config) in configs(*vrid, vrrp) {
                let config = match config {
                    Ok(config) => config,
                    Err(error) => {
                        warn!(interface = self.name, vrid, %error, "virtual router not started");
                        continue;
                    }
                };
                kept.push(key);
                match self.segment.router_mut(key) {
                    Some(router) if router.config().settings().mac == config.settings().mac => {
                        if let Err(error) = router.handle_config(config, now) {
                            warn!(interface = self.name, vrid, %error, "configuration refused");
                        }
                    }
                    _ => {
                        self.holders.insert(key, Holder::default());
                        self.segment.insert(VirtualRouter::new(config, now));
                    }
                }
                if let Some(router) = self.segment.router_mut(key) {
                    match vrrp.shutdown {
                        true => router.handle_stop(Departure::Graceful, now),
                        false => router.handle_start(now),
                    }
                }
            }
        }
        let how = if wanted.is_hurried { Departure::Immediate } else { Departure::Graceful };
        for (_, router) in self.segment.routers_mut().filter(|(key, _)| !kept.contains(key)) {
            router.handle_stop(how, now);
        }
    }

    /// Another kind of device is another virtual router: the one there was resigns, as others wait for it else.
    fn part_with_other_devices(&mut self, now: Instant) {
        let wanted = self.configured.iter().flat_map(|(vrid, vrrp)| configs(*vrid, vrrp));
        let is_other = |(key, config): (Key, Result<Config, ConfigError>)| {
            let (router, config) = (self.segment.router(key)?, config.ok()?);
            (router.config().settings().mac != config.settings().mac).then_some(key)
        };
        let others: Vec<Key> = wanted.filter_map(is_other).collect();
        for key in others {
            if let Some(router) = self.segment.router_mut(key) {
                router.handle_stop(Departure::Immediate, now);
            }
            self.drain_one(key);
            self.part_with(key);
        }
    }
}
