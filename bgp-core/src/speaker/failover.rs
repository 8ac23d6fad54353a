//! Links that go and come, so that nobody waits for a timer.
//!
//! Loss of the link to a directly connected peer: its session ends at once, not when the hold timer expires.
//!
//! FRR calls this fast external failover. It is for external peers that must be on the link; a peer that may be
//! several hops away may still be reached another way. Nothing is kept for a graceful restart: the routes lead
//! over the link that is gone.
//!
//! A link that comes up, or gets an address: peers on it, and those whose `update-source` it is, are dialled at once
//! and not when the ConnectRetryTimer expires.

use alloc::vec::Vec;
use core::net::IpAddr;

use super::Speaker;
use super::config::UpdateSource;
use super::link::{DialOrder, LinkInterface};
use super::peer::{Attached, Peer};
use crate::session::{DownReason, SessionCommand};
use crate::time::Instant;
use crate::types::{PeerId, SessionId};

impl Speaker {
    /// The interface with this index is down, or gone.
    pub fn handle_interface_down(&mut self, index: u32, now: Instant) {
        self.now = now;
        let is_over = |session: &&Attached| {
            session.link.interface.as_ref().is_some_and(|interface| interface.index == index)
        };
        let lost: Vec<(PeerId, SessionId)> = self
            .peers
            .iter()
            .filter(|(id, _)| self.must_be_on_link(**id))
            .flat_map(|(id, peer)| peer.sessions.iter().filter(is_over).map(|session| (*id, session.id)))
            .collect();
        for (peer, session) in lost {
            self.sessions.remove(&session);
            self.outbox.command(session, SessionCommand::Close);
            self.detach(peer, session, (DownReason::LinkLost, None), now);
        }
    }

    /// The interface has come up, or has other addresses than before.
    pub fn handle_interface_up(&mut self, interface: &LinkInterface, now: Instant) {
        self.now = now;
        let waiting = self.peers.iter().filter(|(_, peer)| {
            peer.sessions.is_empty() && peer.dialler.is_started() && is_reached_over(peer, interface)
        });
        let waiting: Vec<PeerId> = waiting.map(|(id, _)| *id).collect();
        for id in waiting {
            // What the attempt that is running has sent so far was lost.
            if self.peers.get(&id).is_some_and(|peer| peer.dialler.is_dialling()) {
                self.outbox.dial(id, DialOrder::Abandon(id));
            }
            self.start_peer(id);
        }
    }

    fn must_be_on_link(&self, id: PeerId) -> bool {
        let Some(peer) = self.peers.get(&id) else { return false };
        let is_external = peer.config.remote_as.asn(self.local_as(id)) != Some(self.local_as(id));
        is_external && peer.config.ttl.is_single_hop() && !peer.config.disable_connected_check
    }
}

/// True if what happens to the interface matters to attempts to connect to the peer.
fn is_reached_over(peer: &Peer, interface: &LinkInterface) -> bool {
    let covers = |address: &IpAddr| interface.networks.iter().any(|network| network.contains(address));
    covers(&peer.address)
        || match &peer.config.update_source {
            Some(UpdateSource::Interface(name)) => *name == interface.name,
            Some(UpdateSource::Address(address)) => covers(address),
            None => false,
        }
}
