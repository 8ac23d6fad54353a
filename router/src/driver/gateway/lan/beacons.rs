//! The router advertisements of an interface's IPv6 virtual routers: what they say, hosts that ask, when they are due.
//!
//! A virtual router that is leaving keeps what it says: taking it away would tell hosts that their default router is
//! gone, while another is about to take its place. If none has, hosts are told.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

use frr_bridge::interface::{Interface, InterfaceAddress};
use tracing::{debug, trace};
use vrrp_core::discovery::{Beacon, Icmp, Lifetime, OnLinkPrefix, Profile, RouterSolicitation};
use vrrp_core::{Activation, Family, Instant};

use super::Lan;
use super::ear::MOST_HEARD;
use crate::config::RouterAdvert;

impl Lan {
    /// Gives each virtual router what it advertises on the interface as it is now.
    pub(super) fn set_profiles(&mut self, parent: Option<&Interface>) {
        let (now, Some(parent)) = (self.now(), parent) else { return };
        let profile = self.router_advert.as_ref().map(|advert| profile(advert, parent));
        for key in self.holders.keys().filter(|key| key.family == Family::Ipv6) {
            if self.configured.contains_key(&key.vrid.get()) {
                let seed = || seed(self.seed, &self.name, key.vrid.get());
                let beacon = self.beacons.entry(*key).or_insert_with(|| Beacon::new(seed(), now));
                beacon.handle_profile(profile.clone(), now);
            }
        }
        if let (Some(_), Some(attached)) = (profile, &mut self.attachment) {
            attached.hear_hosts(parent);
        }
    }

    /// Hosts ask for a router; whoever holds the gateway answers.
    pub(super) fn hear_hosts(&mut self) {
        let now = self.now();
        let Some(listener) = self.attachment.as_ref().and_then(|attached| attached.solicitations()) else {
            return;
        };
        for _ in 0..MOST_HEARD {
            let heard = match listener.receive() {
                Ok(Some(heard)) => heard,
                Ok(None) => break,
                Err(error) => {
                    debug!(interface = self.name, %error, "no host heard");
                    break;
                }
            };
            let (IpAddr::V6(source), IpAddr::V6(destination)) = (heard.source, heard.destination) else {
                continue;
            };
            let icmp = Icmp { source, destination, hop_limit: heard.hop_limit, payload: &heard.payload };
            match RouterSolicitation::check(&icmp) {
                Ok(_) => self.beacons.values_mut().for_each(|beacon| beacon.handle_solicitation(now)),
                Err(flaw) => trace!(interface = self.name, %source, %flaw, "router solicitation dropped"),
            }
        }
    }

    /// Time has passed for the beacons.
    pub(super) fn turn_beacons(&mut self) {
        let now = self.now();
        self.beacons.values_mut().for_each(|beacon| beacon.handle_timeout(now));
    }
}

/// Of this router, on this interface, for this virtual router: no two beacons keep step.
fn seed(router: u64, interface: &str, vrid: u8) -> u64 {
    let mut hasher = DefaultHasher::new();
    (router, interface, vrid).hash(&mut hasher);
    hasher.finish()
}

/// A beacon goes with the gateway. Without a link-local address there is none that hosts would believe (RFC 4861
/// §6.1.2).
pub(super) fn follow(beacon: &mut Beacon, activation: &Activation, now: Instant) {
    let mut addresses = activation.addresses.iter();
    let source = addresses.find_map(|address| match address {
        IpAddr::V6(address) if address.is_unicast_link_local() => Some(address),
        IpAddr::V6(_) | IpAddr::V4(_) => None,
    });
    match source {
        Some(source) => beacon.handle_active(source, activation.mac, now),
        None => beacon.handle_end(now),
    }
}

/// What the file says, with the interface's own prefixes where it says nothing of them.
fn profile(advert: &RouterAdvert, parent: &Interface) -> Profile {
    let lifetime = advert.three_intervals();
    let life = |said: &Option<Lifetime>| said.unwrap_or(Lifetime(lifetime.into()));
    let mut prefixes = advert.prefixes.clone();
    for own in parent.addresses.iter().filter_map(own_prefix) {
        if !prefixes.iter().any(|known| (known.prefix, known.len) == (own.prefix, own.len)) {
            prefixes.push(own);
        }
    }
    let default = Profile::default();
    Profile {
        interval: advert.interval(),
        lifetime: advert.lifetime.unwrap_or(lifetime),
        hop_limit: advert.hop_limit.unwrap_or(default.hop_limit),
        is_managed: advert.is_managed,
        is_other: advert.is_other,
        preference: advert.preference,
        reachable: advert.reachable,
        retransmit: advert.retransmit,
        mtu: advert.mtu,
        prefixes,
        name_servers: advert.name_servers.iter().map(|(server, said)| (*server, life(said))).collect(),
        search_domains: advert
            .search_domains
            .iter()
            .map(|(domain, said)| (domain.clone(), life(said)))
            .collect(),
    }
}

/// The prefix of an address, if hosts can make themselves one of it: a /64 (RFC 4862 §5.5.3, RFC 2464 §4). An address
/// that another router's advertisement has given ends with that, and one that is tentative may not be ours.
fn own_prefix(own: &InterfaceAddress) -> Option<OnLinkPrefix> {
    match own.address {
        _ if own.tentative || !own.permanent => None,
        ipnet::IpNet::V6(net) if net.prefix_len() == 64 && !net.addr().is_unicast_link_local() => {
            Some(OnLinkPrefix::new(net.addr(), 64))
        }
        ipnet::IpNet::V6(_) | ipnet::IpNet::V4(_) => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn parent(addresses: &[&str]) -> Interface {
        let address = |text: &&str| InterfaceAddress {
            address: text.parse().unwrap(),
            peer: None,
            secondary: false,
            no_prefix_route: false,
            tentative: false,
            permanent: true,
        };
        Interface { addresses: addresses.iter().map(address).collect(), ..Interface::default() }
    }

    #[test]
    fn the_interfaces_own_prefixes_are_told_unless_the_file_says_otherwise() {
        let parent = parent(&[
            "10.0.0.1/24",
            "fe80::1/64",
            "2001:db8:1::1/64",
            "2001:db8:1::2/64",
            "2001:db8:2::1/64",
            "2001:db8:3::1/48",
        ]);
        let said =
            OnLinkPrefix { is_autonomous: false, ..OnLinkPrefix::new("2001:db8:2::".parse().unwrap(), 64) };
        let advert = RouterAdvert { prefixes: vec![said], ..RouterAdvert::default() };
        let expected = [said, OnLinkPrefix::new("2001:db8:1::".parse().unwrap(), 64)];
        assert_eq!(profile(&advert, &parent).prefixes, expected);
    }

    #[test]
    fn routers_interfaces_and_virtual_routers_have_seeds_of_their_own() {
        let seeds = [seed(1, "eth0", 5), seed(2, "eth0", 5), seed(1, "eth1", 5), seed(1, "eth0", 6)];
        assert_eq!(std::collections::BTreeSet::from(seeds).len(), 4);
        assert_eq!(seeds[0], seed(1, "eth0", 5));
    }

    #[test]
    fn prefixes_of_addresses_that_may_not_last_are_not_told() {
        let mut parent = parent(&["2001:db8:1::1/64", "2001:db8:2::1/64", "2001:db8:3::1/64"]);
        parent.addresses[0].permanent = false;
        parent.addresses[1].tentative = true;
        let expected = [OnLinkPrefix::new("2001:db8:3::".parse().unwrap(), 64)];
        assert_eq!(profile(&RouterAdvert::default(), &parent).prefixes, expected);
    }

    #[test]
    fn lifetimes_that_are_not_said_are_three_intervals() {
        let server = "2001:db8::53".parse().unwrap();
        let advert = RouterAdvert {
            interval: Some(Duration::from_secs(10)),
            name_servers: [(server, None)].into(),
            ..RouterAdvert::default()
        };
        let profile = profile(&advert, &parent(&[]));
        assert_eq!((profile.lifetime, profile.name_servers), (30, vec![(server, Lifetime(30))]));
    }
}
