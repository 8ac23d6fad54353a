//! What an interface hears: packets of protocol 112, to the virtual routers they are for. Hosts are heard in
//! `beacons.rs`.

use frr_bridge::vrrp::Listener;
use tracing::debug;
use vrrp_core::{Datagram, Endpoints, Family};

use super::Lan;

impl Lan {
    /// Gives the virtual routers what has come in, a bounded number at a time.
    pub(super) fn hear(&mut self) {
        let now = self.now();
        let Some(attached) = &self.attachment else { return };
        for listener in [Family::Ipv4, Family::Ipv6].into_iter().filter_map(|f| attached.listener(f)) {
            for _ in 0..MOST_HEARD {
                let heard = match listener.receive() {
                    Ok(Some(heard)) => heard,
                    Ok(None) => break,
                    Err(error) => {
                        // The interface may just be going.
                        debug!(interface = self.name, %error, "nothing heard");
                        break;
                    }
                };
                if let Some(endpoints) = Endpoints::new(heard.source, heard.destination) {
                    let (hop_limit, payload) = (heard.hop_limit, heard.payload.as_slice());
                    self.segment.handle_packet(&Datagram { endpoints, hop_limit, payload }, now);
                }
            }
        }
    }
}

/// Waits until a family's ear has something; for ever if there is none.
pub(super) async fn readable(listener: Option<&Listener>) {
    let failed = match listener {
        Some(listener) => listener.readable().await.is_err(),
        None => true,
    };
    if failed {
        std::future::pending::<()>().await;
    }
}

/// Packets taken of one ear before others get their turn: more than a socket keeps, so that no deadline speaks against
/// an Active whose advertisement has come. With 255 virtual routers all of theirs may be waiting.
pub(super) const MOST_HEARD: usize = 512;
