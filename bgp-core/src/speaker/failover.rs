//! Loss of the link to a directly connected peer: its session ends at once, not when the hold timer expires.
//!
//! FRR calls this fast external failover. It is for external peers that must be on the link; a peer that may be
//! several hops away may still be reached another way. Nothing is kept for a graceful restart: the routes lead
//! over the link that is gone.

use alloc::vec::Vec;

use super::Speaker;
use super::peer::Attached;
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

    fn must_be_on_link(&self, id: PeerId) -> bool {
        let Some(peer) = self.peers.get(&id) else { return false };
        let is_external = peer.config.remote_as.asn(self.local_as(id)) != Some(self.local_as(id));
        is_external && peer.config.ttl.is_single_hop() && !peer.config.disable_connected_check
    }
}
