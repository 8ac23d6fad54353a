//! Configurations in few words.

use std::sync::Arc;
use std::time::Duration;

use bgp_core::speaker::config::{Config, Network, PeerConfig, PeerFamilyConfig, RemoteAs};
use bgp_core::{Asn, Family, Prefix, RouterId};

use crate::router::{address, address6};

/// Router `number` in AS `asn`, with no peers. External peers need no policy, and own routes no kernel.
#[must_use]
pub fn router(number: u8, asn: u32) -> Config {
    let mut config = Config::new(Asn(asn), RouterId(u32::from(number)));
    config.host_name = Some(format!("r{number}"));
    config.ebgp_requires_policy = false;
    config.network_import_check = false;
    config
}

/// A peer in AS `asn` with IPv4 unicast, and timers of 3 and 9 seconds.
#[must_use]
pub fn peer(asn: u32) -> PeerConfig {
    let mut peer = PeerConfig::new(RemoteAs::Asn(Asn(asn)));
    peer.timers.keepalive = Duration::from_secs(3);
    peer.timers.hold = Duration::from_secs(9);
    peer
}

/// Things to say of a configuration one after the other.
pub trait Wanted: Sized {
    /// Router `number` is a peer over IPv4.
    #[must_use]
    fn with_peer(self, number: u8, peer: PeerConfig) -> Self;
    /// Router `number` is a peer over IPv6, for IPv6 unicast.
    #[must_use]
    fn with_peer6(self, number: u8, peer: PeerConfig) -> Self;
    /// A `network` line.
    #[must_use]
    fn with_network(self, prefix: &str) -> Self;
    /// Changes a peer that is there.
    #[must_use]
    fn change_peer(self, number: u8, change: impl FnOnce(&mut PeerConfig)) -> Self;
}

impl Wanted for Config {
    fn with_peer(mut self, number: u8, peer: PeerConfig) -> Self {
        self.peers.insert(address(number), Arc::new(peer));
        self
    }

    fn with_peer6(mut self, number: u8, mut peer: PeerConfig) -> Self {
        peer.families[Family::Ipv4Unicast] = None;
        peer.families[Family::Ipv6Unicast] = Some(PeerFamilyConfig::default());
        self.peers.insert(address6(number), Arc::new(peer));
        self
    }

    fn with_network(mut self, prefix: &str) -> Self {
        let prefix: Prefix = prefix.parse().unwrap();
        self.families[Family::of(&prefix)].networks.insert(prefix, Network::default());
        self
    }

    fn change_peer(mut self, number: u8, change: impl FnOnce(&mut PeerConfig)) -> Self {
        change(Arc::make_mut(self.peers.get_mut(&address(number)).unwrap()));
        self
    }
}
