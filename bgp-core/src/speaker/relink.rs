//! Changed addresses of a link: what peers on it are told as our own next hop changes without a new session.
//!
//! The addresses that a connection came with would otherwise hold as long as it does: a peer could never be told
//! IPv6 routes if its link had no IPv6 address at the time (RFC 2545 §3), and went on being told an address that
//! is gone.

use super::Speaker;
use super::link::LinkInterface;
use super::peer::Phase;
use crate::time::Instant;

impl Speaker {
    /// This is what the interface has by now. Connections that are not through it are not concerned.
    pub fn handle_link_changed(&mut self, interface: &LinkInterface, now: Instant) {
        self.now = now;
        for (id, peer) in &mut self.peers {
            for session in &mut peer.sessions {
                let link = &mut session.link;
                let is_on = link.interface.as_ref().is_some_and(|on| on.index == interface.index);
                if !is_on || link.interface.as_ref() == Some(interface) {
                    continue;
                }
                link.interface = Some(interface.clone());
                if matches!(session.phase, Phase::Established(_)) {
                    self.is_busy = true;
                    self.rib.peer_link_changed(*id, link.local_addresses(), interface.networks.clone());
                }
            }
        }
    }
}
