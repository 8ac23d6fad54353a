//! Where peers connect to: one listening socket per address, with the keys of those who must sign.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use bgp_core::speaker::config::Config;
use frr_bridge::sys;
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::warn;

use super::socket;

/// The listening sockets. Dropping them stops listening.
#[derive(Debug)]
pub(super) struct Listeners {
    sockets: Vec<std::sync::Arc<TcpListener>>,
    accepting: Vec<JoinHandle<()>>,
    keys: BTreeMap<IpNet, String>,
}

impl Listeners {
    /// Listens on `addresses`, or on all of both families if there is none.
    ///
    /// # Errors
    ///
    /// Where an address cannot be bound; without IPv6 in the kernel, IPv4 alone will do.
    pub(super) fn open(
        addresses: &[IpAddr],
        port: u16,
        accepted: &mpsc::Sender<(TcpStream, SocketAddr)>,
    ) -> io::Result<Self> {
        let all = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
        let mut listeners = Self { sockets: Vec::new(), accepting: Vec::new(), keys: BTreeMap::new() };
        for address in if addresses.is_empty() { &all } else { addresses } {
            match socket::listen(SocketAddr::new(*address, port)) {
                Ok(socket) => listeners.sockets.push(std::sync::Arc::new(socket)),
                Err(error)
                    if addresses.is_empty() && error.raw_os_error() == Some(nix::libc::EAFNOSUPPORT) => {}
                Err(error) => {
                    return Err(io::Error::new(
                        error.kind(),
                        format!("listen on {address} port {port}: {error}"),
                    ));
                }
            }
        }
        for socket in &listeners.sockets {
            let accept = accept(std::sync::Arc::clone(socket), accepted.clone());
            listeners.accepting.push(tokio::spawn(accept));
        }
        Ok(listeners)
    }

    /// Sets the keys that `config` asks for and takes back those it no longer does.
    pub(super) fn set_keys(&mut self, config: Option<&Config>) {
        let wanted = config.map(keys).unwrap_or_default();
        for (peer, key) in &wanted {
            if self.keys.get(peer) != Some(key) {
                self.set_key(*peer, key);
            }
        }
        for peer in self.keys.keys().filter(|peer| !wanted.contains_key(peer)) {
            self.set_key(*peer, "");
        }
        self.keys = wanted;
    }

    fn set_key(&self, peer: IpNet, key: &str) {
        for socket in &self.sockets {
            let is_same_family =
                socket.local_addr().is_ok_and(|local| local.is_ipv4() == peer.addr().is_ipv4());
            if !is_same_family {
                continue;
            }
            if let Err(error) = sys::set_md5_key(socket, peer, key.as_bytes()) {
                warn!(%peer, %error, "TCP MD5 key not set");
            }
        }
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        self.accepting.iter().for_each(JoinHandle::abort);
    }
}

/// Whose segments must be signed, and with what: single peers and whole ranges (RFC 2385).
fn keys(config: &Config) -> BTreeMap<IpNet, String> {
    let ranges = config.listen_ranges.iter().map(|range| (range.prefix, &range.template));
    let peers = config.peers.iter().map(|(address, peer)| (IpNet::from(*address), peer));
    ranges.chain(peers).filter_map(|(net, peer)| Some((net, peer.password.clone()?))).collect()
}

async fn accept(listener: std::sync::Arc<TcpListener>, accepted: mpsc::Sender<(TcpStream, SocketAddr)>) {
    loop {
        match listener.accept().await {
            Ok(connection) => {
                if accepted.send(connection).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                // Out of descriptors, most likely: the peers will try again.
                warn!(%error, "accept");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// How long to leave a listening socket alone that cannot accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
