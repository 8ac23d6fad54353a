//! Reload: applying the difference that [`ReloadSummary`] found, peer by peer.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::config::{Config, MaximumPrefix, PeerConfig};
use super::dial::{DialState, Idle};
use super::event::PeerEvent;
use super::peer::{Peer, PeerOrigin};
use super::reload::{PeerChange, Refresh, ReloadSummary};
use super::{Speaker, cease};
use crate::time::Instant;
use crate::types::{Family, FamilyMap, PeerId};
use crate::wire::{ErrorKind, NotificationBuf};

impl Speaker {
    /// Takes a new configuration. What differs, and nothing else, is acted on.
    pub fn handle_reload(&mut self, config: Arc<Config>, now: Instant) -> ReloadSummary {
        self.now = now;
        let old = core::mem::replace(&mut self.config, config);
        let new = Arc::clone(&self.config);
        let mut summary = ReloadSummary::between(&old, &new);
        if old == new {
            return summary;
        }
        self.rib_mut().reconfigure(&new);
        if Family::ALL.iter().any(|family| old.families[*family].distance != new.families[*family].distance) {
            self.resync_fib();
        }
        for (address, change) in &summary.peers {
            self.reload_configured(*address, change, now);
        }
        summary.peers.extend(self.reload_dynamic(&summary, now));
        self.refresh_all(summary.routes());
        self.originate(now);
        self.check_convergence(now);
        summary
    }

    fn reload_configured(&mut self, address: IpAddr, change: &PeerChange, now: Instant) {
        let wanted = self.config.peers.get(&address).map(Arc::clone);
        let running = self.by_address.get(&address).copied();
        match (wanted, running) {
            (Some(wanted), None) => {
                let id = self.add_peer(Peer::new(address, wanted, PeerOrigin::Configured));
                self.start_peer(id);
            }
            (Some(wanted), Some(id)) => {
                // A dynamic peer whose address has got a line of its own goes on as that.
                let change = match self.peers.get_mut(&id) {
                    Some(peer) if peer.is_dynamic() => {
                        peer.origin = PeerOrigin::Configured;
                        PeerChange::between(&peer.config, &wanted, &[])
                    }
                    Some(_) | None => change.clone(),
                };
                self.change_peer(id, wanted, &change, now);
            }
            (None, Some(id)) => self.remove_peer(id, ErrorKind::PEER_UNCONFIGURED, now),
            (None, None) => {}
        }
    }

    /// Dynamic peers follow the listen range that covers them now, or go with it.
    fn reload_dynamic(&mut self, summary: &ReloadSummary, now: Instant) -> Vec<(IpAddr, PeerChange)> {
        let dynamic: Vec<_> =
            self.peers.iter().filter(|(_, peer)| peer.is_dynamic()).map(|(id, _)| *id).collect();
        let mut changes = Vec::new();
        for id in dynamic {
            let Some(peer) = self.peers.get_mut(&id) else {
                continue;
            };
            let address = peer.address;
            let range = self.config.listen_range(address);
            let change = match range {
                Some(range) => {
                    peer.origin = PeerOrigin::Dynamic { range: range.prefix };
                    let wanted = Arc::clone(&range.template);
                    let change = PeerChange::between(&peer.config, &wanted, &summary.instance);
                    self.change_peer(id, wanted, &change, now);
                    change
                }
                None => {
                    self.remove_peer(id, ErrorKind::PEER_UNCONFIGURED, now);
                    PeerChange::Remove
                }
            };
            changes.push((address, change));
        }
        changes
    }

    fn change_peer(&mut self, id: PeerId, wanted: Arc<PeerConfig>, change: &PeerChange, now: Instant) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let was_shut = peer.dialler.state() == DialState::Idle(Idle::Shut);
        let has_new_limit = matches!(peer.dialler.state(), DialState::Idle(Idle::PrefixLimit { .. }))
            && limits(&peer.config) != limits(&wanted);
        let is_same = peer.config == wanted;
        peer.config = Arc::clone(&wanted);
        if let Some(text) = self.shutdown_text(id) {
            if !was_shut {
                self.stop_peer(id, &NotificationBuf::cease(ErrorKind::ADMINISTRATIVE_SHUTDOWN, &text), now);
            }
            return;
        }
        if was_shut || has_new_limit {
            self.start_peer(id);
            return;
        }
        match change {
            PeerChange::Reset { .. } => {
                self.stop_peer(id, &cease(ErrorKind::OTHER_CONFIGURATION_CHANGE), now);
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.is_plain = false;
                }
                self.start_peer(id);
                self.dismiss_if_unused(id);
            }
            PeerChange::Keep if is_same => {}
            PeerChange::Keep | PeerChange::Soft { .. } | PeerChange::Add | PeerChange::Remove => {
                self.refresh_peer_config(id, wanted, now);
            }
        }
    }

    /// What the instance says of routes has changed: those of every peer are looked at again.
    fn refresh_all(&mut self, routes: Refresh) {
        if routes != Refresh::default() {
            let ids: Vec<_> = self.peers.keys().copied().collect();
            for id in ids {
                self.clear_soft(id, routes);
            }
        }
    }

    /// Gives the RIB the peer's new configuration, asks the peer for what was not kept, and lets dialling follow.
    fn refresh_peer_config(&mut self, id: PeerId, wanted: Arc<PeerConfig>, now: Instant) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let rules = peer.dial_rules();
        peer.dialler.rules_changed(rules, &mut self.random, now);
        let is_up = peer.established().is_some();
        self.arm(id);
        let missing = self.rib_mut().peer_changed(id, wanted);
        if is_up {
            self.to_count.insert(id);
            self.ask_again(id, missing);
        }
    }

    /// Looks whether peers whose configuration changed have too many prefixes now. That takes until the RIB is done
    /// with them: a stricter filter may come with a stricter limit. False if there was none to look at.
    pub(super) fn count_changed(&mut self) -> bool {
        let changed = core::mem::take(&mut self.to_count);
        for id in &changed {
            for verdict in self.rib_mut().check_limits(*id) {
                self.tell(*id, PeerEvent::MaxPrefix(verdict));
                let session = self.peers.get(id).and_then(Peer::established).map(|(session, _)| session.id);
                let Some(session) = session else { break };
                if self.limit_reached(*id, session, verdict, self.now) {
                    break;
                }
            }
        }
        !changed.is_empty()
    }
}

/// How many prefixes a peer may announce.
fn limits(config: &PeerConfig) -> FamilyMap<Option<MaximumPrefix>> {
    FamilyMap::from_fn(|family| config.families[family].as_ref().and_then(|family| family.maximum_prefix))
}
