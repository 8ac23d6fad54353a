//! How connections come about: those the speaker asks for, and those the peers open.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bgp_core::session::Session;
use bgp_core::speaker::config::{RemoteAs, UpdateSource};
use bgp_core::speaker::{Dial, DialOrder, Direction, Link, LinkInterface};
use bgp_core::{PeerId, SessionId};
use frr_bridge::interface::Interface;
use tokio::net::TcpStream;
use tracing::{debug, warn};

use super::connection::Connection;
use super::outbox::Outbox;
use super::postman::Postman;
use super::{addresses, socket};

impl Postman {
    pub(super) fn dial(&mut self, order: DialOrder) {
        match order {
            DialOrder::Abandon(peer) => {
                if let Some(attempt) = self.dialling.remove(&peer) {
                    attempt.abort();
                }
            }
            DialOrder::Open(dial) => {
                let interface = self.source_interface(&dial);
                let outcome = self.dialled.sender.clone();
                let peer = dial.peer;
                let attempt = tokio::spawn(async move {
                    let stream = socket::dial(&dial, interface.as_deref()).await;
                    // The postman is gone only if the program ends.
                    let _ = outcome.send((dial.peer, stream)).await;
                });
                if let Some(before) = self.dialling.insert(peer, attempt) {
                    before.abort();
                }
            }
        }
    }

    fn source_interface(&self, dial: &Dial) -> Option<Arc<Interface>> {
        let Some(UpdateSource::Interface(name)) = &dial.source else { return None };
        self.interfaces.values().find(|interface| interface.name == *name).cloned()
    }

    pub(super) fn dialled(&mut self, peer: PeerId, outcome: io::Result<TcpStream>) {
        self.dialling.remove(&peer);
        match outcome {
            Ok(stream) => self.connected(stream, Direction::Dialled(peer)),
            Err(error) => {
                debug!(peer = peer.0, %error, "no connection");
                self.speaker.handle_dial_failed(peer, self.clock.now());
            }
        }
    }

    pub(super) fn accepted(&mut self, stream: TcpStream, remote: SocketAddr) {
        let config = self.speaker.config();
        let address = remote.ip();
        let peer =
            config.peers.get(&address).or_else(|| config.listen_range(address).map(|range| &range.template));
        if let Some(peer) = peer {
            let external = match peer.remote_as {
                RemoteAs::Internal => false,
                RemoteAs::External => true,
                RemoteAs::Asn(asn) => asn != config.asn,
            };
            if let Err(error) = socket::apply_ttl(&stream, address, peer.ttl, external) {
                warn!(peer = %address, %error, "hop limit not set");
            }
            socket::mark_as_routing(&stream, address);
        }
        self.connected(stream, Direction::Accepted);
    }

    fn connected(&mut self, stream: TcpStream, direction: Direction) {
        let ends = stream.local_addr().and_then(|local| Ok((local, stream.peer_addr()?)));
        let Ok((local, remote)) = ends else {
            // It closed before we looked.
            if let Direction::Dialled(peer) = direction {
                self.speaker.handle_dial_failed(peer, self.clock.now());
            }
            return;
        };
        let link = Link { remote, local, direction, interface: self.interface_towards(remote) };
        if let Some((id, session)) = self.speaker.handle_connected(link, self.clock.now()) {
            self.carry(id, stream, session);
        }
    }

    fn carry(&mut self, id: SessionId, stream: TcpStream, session: Session) {
        let outbox = Outbox::default();
        let connection = Connection {
            stream,
            session,
            outbox: outbox.clone(),
            postman: self.reports.sender(id),
            clock: self.clock,
        };
        self.connections.insert(id, outbox);
        // A task that has ended stays in the set until somebody asks for it.
        while self.carriers.try_join_next().is_some() {}
        self.carriers.spawn(connection.run());
    }

    fn interface_towards(&self, remote: SocketAddr) -> Option<LinkInterface> {
        let scope = match remote {
            SocketAddr::V6(v6) => v6.scope_id(),
            SocketAddr::V4(_) => 0,
        };
        let interface = addresses::interface_towards(self.interfaces.values(), remote.ip(), scope)?;
        Some(addresses::link_interface(interface))
    }
}
