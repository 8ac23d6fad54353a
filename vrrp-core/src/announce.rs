//! Telling the neighbours where the gateway is: gratuitous ARP (RFC 9568 §8.1.2) and unsolicited neighbour
//! advertisements (§8.2.2), one for each virtual address.
//!
//! The RFC sends them once. Frames get lost, above all on a device that is only just coming up, so a new Active
//! sends a burst of rounds, sends it again when the kernel says that the device is up, and may repeat a round for
//! ever. The first round is a deadline like the rest: by then the driver has drained the advertisement and the
//! [`Activate`](crate::Event::Activate) before it, so the addresses and the hardware address are in place.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use crate::checksum::Sum;
use crate::config::VirtualAddresses;
use crate::frame::{self, EtherType};
use crate::time::Instant;
use crate::types::{Endpoints, Mac};

/// How often the gateway is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AnnouncePlan {
    /// Rounds in a burst; at least one is sent.
    pub rounds: u8,
    /// From one round of a burst to the next.
    pub gap: Duration,
    /// From the end of a burst to a further round, and from there on.
    pub refresh: Option<Duration>,
}

/// When the next round is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Announcer {
    /// Rounds of this burst after the next one.
    more: u8,
    next: Option<Instant>,
    last: Option<Instant>,
}

impl Announcer {
    /// A burst that begins now.
    pub(crate) const fn start(plan: &AnnouncePlan, now: Instant) -> Self {
        Self { more: plan.rounds.saturating_sub(1), next: Some(now), last: None }
    }

    /// Another burst if this one is over, and never sooner after the last round than a burst would.
    pub(crate) fn repeat(&mut self, plan: &AnnouncePlan, now: Instant) {
        if self.more == 0 {
            let earliest = self.last.map_or(now, |last| last + plan.gap.max(SHORTEST_GAP));
            *self =
                Self { more: plan.rounds.saturating_sub(1), next: Some(now.max(earliest)), last: self.last };
        }
    }

    /// A round goes out.
    pub(crate) fn advance(&mut self, plan: &AnnouncePlan, now: Instant) {
        self.last = Some(now);
        self.next = if self.more > 0 {
            self.more -= 1;
            Some(now + plan.gap.max(SHORTEST_GAP))
        } else {
            plan.refresh.map(|refresh| now + refresh.max(SHORTEST_REFRESH))
        };
    }

    /// When.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.next
    }
}

impl Default for AnnouncePlan {
    fn default() -> Self {
        Self { rounds: 5, gap: Duration::from_millis(200), refresh: None }
    }
}

/// One frame for each address: this is at `mac`.
pub fn round(mac: Mac, addresses: &VirtualAddresses) -> impl Iterator<Item = Vec<u8>> {
    addresses.iter().map(move |address| match address {
        IpAddr::V4(address) => gratuitous_arp(mac, address),
        IpAddr::V6(address) => unsolicited_advertisement(mac, address),
    })
}

/// An ARP request for `address` from itself (RFC 9568 §8.1.2). The target hardware address is the sender's, as errata
/// 7947 and 7949 say.
#[must_use]
pub fn gratuitous_arp(mac: Mac, address: Ipv4Addr) -> Vec<u8> {
    let mut out = Vec::with_capacity(42);
    frame::ethernet(BROADCAST, mac, EtherType::Arp, &mut out);
    out.extend_from_slice(&ARP_REQUEST);
    for _sender_then_target in 0..2 {
        out.extend_from_slice(&mac.0);
        out.extend_from_slice(&address.octets());
    }
    out
}

/// A neighbour advertisement for `address` to all nodes, with router and override set (RFC 9568 §8.2.2, RFC 4861
/// §4.4).
#[must_use]
pub fn unsolicited_advertisement(mac: Mac, address: Ipv6Addr) -> Vec<u8> {
    let endpoints = Endpoints::V6 { source: address, destination: ALL_NODES };
    let message = |checksum: u16| {
        let mut message = Vec::with_capacity(32);
        message.extend_from_slice(&[NEIGHBOR_ADVERTISEMENT, 0]);
        message.extend_from_slice(&checksum.to_be_bytes());
        message.extend_from_slice(&[ROUTER | OVERRIDE, 0, 0, 0]);
        message.extend_from_slice(&address.octets());
        message.extend_from_slice(&TARGET_LINK_LAYER_ADDRESS);
        message.extend_from_slice(&mac.0);
        message
    };
    let unsealed = message(0);
    let sum = Sum::default().octets(&unsealed).pseudo_header(&endpoints, ICMPV6, unsealed.len());
    frame::ip(mac, &endpoints, ICMPV6, &message(sum.checksum())).unwrap_or_default()
}

const BROADCAST: Mac = Mac([0xff; 6]);

/// Ethernet, IPv4, their address lengths, request (RFC 826). A request rather than a reply, as FRR and keepalived
/// send it.
const ARP_REQUEST: [u8; 8] = [0, 1, 0x08, 0x00, 6, 4, 0, 1];

/// RFC 4291 §2.7.1.
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// Next header of ICMPv6 (RFC 4443 §1).
const ICMPV6: u8 = 58;

/// RFC 4861 §4.4.
const NEIGHBOR_ADVERTISEMENT: u8 = 136;

/// RFC 4861 §4.4, the R flag.
const ROUTER: u8 = 0x80;

/// RFC 4861 §4.4, the O flag.
const OVERRIDE: u8 = 0x20;

/// RFC 4861 §4.6.1: type and length, in units of eight octets.
const TARGET_LINK_LAYER_ADDRESS: [u8; 2] = [2, 1];

/// Below this a burst is a flood.
const SHORTEST_GAP: Duration = Duration::from_millis(10);

/// Below this a refresh is a flood.
const SHORTEST_REFRESH: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Family, Vrid};

    fn at(millis: u64) -> Instant {
        Instant::from_start(Duration::from_millis(millis))
    }

    #[test]
    fn a_gratuitous_arp_says_the_virtual_address_and_mac_twice() {
        let frame = gratuitous_arp(Vrid::new(5).unwrap().mac(Family::Ipv4), Ipv4Addr::new(10, 0, 1, 254));
        let expected = [
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x5e, 0, 1, 5, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1, 0,
            0, 0x5e, 0, 1, 5, 10, 0, 1, 254, 0, 0, 0x5e, 0, 1, 5, 10, 0, 1, 254,
        ];
        assert_eq!(frame, expected);
    }

    #[test]
    fn an_unsolicited_advertisement_is_a_routers_and_overrides() {
        let address: Ipv6Addr = "2001:db8:1::254".parse().unwrap();
        let frame = unsolicited_advertisement(Vrid::new(5).unwrap().mac(Family::Ipv6), address);
        assert_eq!(frame.len(), 86);
        assert_eq!(&frame[..14], [0x33, 0x33, 0, 0, 0, 1, 0, 0, 0x5e, 0, 2, 5, 0x86, 0xdd]);
        assert_eq!((&frame[18..22], &frame[22..38]), (&[0, 32, 58, 255][..], &address.octets()[..]));
        assert_eq!((&frame[54..56], &frame[58..62]), (&[136, 0][..], &[0xa0, 0, 0, 0][..]));
        assert_eq!(&frame[62..78], address.octets());
        assert_eq!(&frame[78..], [2, 1, 0, 0, 0x5e, 0, 2, 5]);
        let endpoints = Endpoints::V6 { source: address, destination: ALL_NODES };
        assert!(Sum::default().octets(&frame[54..]).pseudo_header(&endpoints, ICMPV6, 32).is_right());
    }

    #[test]
    fn a_burst_ends_or_goes_over_into_the_refresh() {
        let plan = AnnouncePlan { rounds: 3, gap: Duration::from_millis(200), refresh: None };
        let refreshed = AnnouncePlan { refresh: Some(Duration::from_secs(30)), ..plan };
        for (plan, last) in [(plan, None), (refreshed, Some(at(30_400)))] {
            let mut announcer = Announcer::start(&plan, at(0));
            for due in [Some(at(0)), Some(at(200)), Some(at(400)), last] {
                assert_eq!(announcer.deadline(), due);
                announcer.advance(&plan, due.unwrap_or(at(0)));
            }
        }
    }
}
