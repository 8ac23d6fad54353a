//! The world as an interface takes it: the parent and its sockets, devices that come and go, and the facts that virtual
//! routers depend on.

use std::collections::BTreeMap;
use std::sync::Arc;

use frr_bridge::interface::Interface;
use tracing::{debug, info, warn};
use vrrp_core::segment::Key;
use vrrp_core::{Family, Instant, Link, Mac, MacMode, Port, Readiness, TrackId, VirtualRouter};

use super::super::attachment::Attachment;
use super::super::hold::{DeviceChange, Holder, primary};
use super::super::world::{World, table_family};
use super::Lan;
use crate::config::{Track, Vrrp};

impl Lan {
    /// Takes the world as it is now.
    pub(super) fn look(&mut self) {
        let now = self.now();
        let world = Arc::clone(&self.world.borrow_and_update());
        let parent = world.interface(&self.name).cloned();
        self.attach(parent.as_ref());
        self.set_profiles(parent.as_deref());
        let keys: Vec<Key> = self.holders.keys().copied().collect();
        for key in keys {
            let shown = self.holders.get(&key).and_then(Holder::device).map(|device| device.index());
            let shown = shown.and_then(|index| world.interfaces.get(&index));
            let change = self.holders.get_mut(&key).map(|holder| holder.look(shown));
            let link = self.link(key, parent.as_ref());
            let Some(router) = self.segment.router_mut(key) else { continue };
            router.handle_interface(link, now);
            if change == Some(DeviceChange::Up) {
                router.handle_device_up(now);
            }
            let ready = if world.facts.is_ready { Readiness::Ready } else { Readiness::Waiting };
            router.handle_readiness(ready, now);
            track(router, self.configured.get(&key.vrid.get()), &world, now);
            if change == Some(DeviceChange::Gone) {
                warn!(interface = self.name, vrid = %key.vrid, "the device was removed, and is made again");
            }
        }
        self.loosen_arp();
    }

    /// Puts the parent's ARP settings back once no device needs them.
    pub(super) fn loosen_arp(&mut self) {
        let needs = |(key, router): (Key, &VirtualRouter)| {
            key.family == Family::Ipv4 && router.config().settings().mac == MacMode::Virtual
        };
        if let (false, Some(attached)) = (self.segment.routers().any(needs), &mut self.attachment) {
            attached.release_arp(&mut self.devices);
        }
    }

    /// Sockets on the interface that is there now; nothing if there is none.
    fn attach(&mut self, parent: Option<&Arc<Interface>>) {
        let index = parent.map(|parent| parent.index);
        if self.attachment.as_ref().is_some_and(|attached| Some(attached.parent()) != index) {
            info!(interface = self.name, "interface gone");
            self.attachment = None;
            self.holders.values_mut().for_each(|holder| holder.forget(&mut self.devices));
        }
        if let (None, Some(parent)) = (&self.attachment, parent) {
            match Attachment::open(parent, &mut self.devices) {
                Ok(attached) => {
                    self.attachment = Some(attached);
                    self.sweep(parent);
                }
                Err(error) => debug!(interface = self.name, %error, "not attached"),
            }
        }
    }

    /// Finds the devices that are wanted, and removes others that an earlier run has left.
    fn sweep(&mut self, parent: &Interface) {
        for (key, holder) in &mut self.holders {
            if let Some(router) = self.segment.router(*key) {
                holder.obtain((*key, router.config()), parent, &mut self.devices);
            }
        }
        let kept = self.holders.values().filter_map(Holder::device);
        if let Err(error) = self.devices.remove_others(parent.index, kept) {
            warn!(interface = self.name, %error, "left-over devices stay");
        }
    }

    /// What the interface is good for, as a virtual router sees it.
    fn link(&mut self, key: Key, parent: Option<&Arc<Interface>>) -> Link {
        let (Some(parent), Some(router), Some(holder)) =
            (parent, self.segment.router(key), self.holders.get_mut(&key))
        else {
            return Link::Down;
        };
        let Some(attached) = self.attachment.as_mut().filter(|one| one.listener(key.family).is_some()) else {
            return Link::Down;
        };
        if !holder.obtain((key, router.config()), parent, &mut self.devices) || !parent.is_operative() {
            return Link::Down;
        }
        let is_apart = router.config().settings().mac == MacMode::Virtual;
        if let (Family::Ipv4, true, Some(device)) = (key.family, is_apart, holder.device()) {
            attached.guard_arp(device, &mut self.devices);
        }
        match (primary(parent, key.family, router.config()), <[u8; 6]>::try_from(parent.mac.as_slice())) {
            (Some(primary), Ok(mac)) => {
                holder.mind_ownership(key, router.config(), parent);
                Link::Up(Port { primary, mac: Mac(mac) })
            }
            _ => Link::Down,
        }
    }
}

/// Tells a virtual router which of its facts fail. Those that are tracked no more hold.
fn track(router: &mut VirtualRouter, vrrp: Option<&Vrrp>, world: &World, now: Instant) {
    let family = table_family(router.family());
    let tracks = vrrp.map_or(&[][..], |vrrp| vrrp.tracks.as_slice());
    let decrement = |track: &Track| if world.holds(&track.object, family) { 0 } else { track.decrement };
    let numbered = (0..).map(TrackId).zip(tracks);
    let failing: BTreeMap<TrackId, u8> = numbered.map(|(id, track)| (id, decrement(track))).collect();
    let known: Vec<TrackId> = router.failing_tracks().map(|(id, _)| id).collect();
    for id in known.into_iter().filter(|id| !failing.contains_key(id)) {
        router.handle_track(id, 0, now);
    }
    for (id, decrement) in failing {
        router.handle_track(id, decrement, now);
    }
}
