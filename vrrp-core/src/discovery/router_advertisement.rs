//! Router Advertisement (RFC 4861 §4.2, §6.1.2; preference RFC 4191 §2.2).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |   Type 134    |    Code 0     |           Checksum            |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! | Cur Hop Limit |M|O|H|Prf|Resvd|        Router Lifetime        |   seconds
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                         Reachable Time                        |   milliseconds
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                          Retrans Timer                        |   milliseconds
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |   Options ...
//! ```

use alloc::vec::Vec;
use core::net::Ipv6Addr;

use super::message::{self, Flaw, Icmp};
use super::option::{self, Options};
use super::profile::{Preference, Profile};
use crate::types::{Endpoints, Mac};

/// A checked Router Advertisement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouterAdvertisement<'a> {
    source: Ipv6Addr,
    hop_limit: u8,
    flags: u8,
    lifetime: u16,
    reachable: u32,
    retransmit: u32,
    options: Options<'a>,
}

impl<'a> RouterAdvertisement<'a> {
    /// Views a message.
    pub fn check(icmp: &Icmp<'a>) -> Result<Self, Flaw> {
        let (head, rest) = message::open::<HEAD_LEN>(icmp, KIND)?;
        if !icmp.source.is_unicast_link_local() {
            return Err(Flaw::Source);
        }
        let [_, _, _, _, hop_limit, flags, high, low, a, b, c, d, e, f, g, h] = *head;
        Ok(Self {
            source: icmp.source,
            hop_limit,
            flags,
            lifetime: u16::from_be_bytes([high, low]),
            reachable: u32::from_be_bytes([a, b, c, d]),
            retransmit: u32::from_be_bytes([e, f, g, h]),
            options: Options::check(rest)?,
        })
    }

    /// The router that hosts take for it.
    #[must_use]
    pub const fn source(&self) -> Ipv6Addr {
        self.source
    }

    /// The hop limit that hosts are to use; zero if it does not say.
    #[must_use]
    pub const fn hop_limit(&self) -> u8 {
        self.hop_limit
    }

    /// Addresses are to be had by DHCPv6.
    #[must_use]
    pub const fn is_managed(&self) -> bool {
        self.flags & MANAGED != 0
    }

    /// Other things are to be had by DHCPv6.
    #[must_use]
    pub const fn is_other(&self) -> bool {
        self.flags & OTHER != 0
    }

    /// The router's preference; the reserved value counts as medium (RFC 4191 §2.2).
    #[must_use]
    pub const fn preference(&self) -> Preference {
        match self.flags & PREFERENCE {
            HIGH => Preference::High,
            LOW => Preference::Low,
            _ => Preference::Medium,
        }
    }

    /// Seconds for which the sender is a default router; zero if it is none.
    #[must_use]
    pub const fn lifetime(&self) -> u16 {
        self.lifetime
    }

    /// Reachable Time in milliseconds; zero if it does not say.
    #[must_use]
    pub const fn reachable(&self) -> u32 {
        self.reachable
    }

    /// Retrans Timer in milliseconds; zero if it does not say.
    #[must_use]
    pub const fn retransmit(&self) -> u32 {
        self.retransmit
    }

    /// What follows the head.
    #[must_use]
    pub const fn options(&self) -> Options<'a> {
        self.options
    }
}

/// The message of `profile` as it goes from and to `ends`, sent with the hardware address `mac`. An option
/// that does not fit into the smallest packet that every link carries is left out; prefixes come before name servers.
#[must_use]
pub fn emit(profile: &Profile, mac: Mac, ends: &Endpoints) -> Vec<u8> {
    let managed = if profile.is_managed { MANAGED } else { 0 };
    let other = if profile.is_other { OTHER } else { 0 };
    let preference = match profile.preference {
        // RFC 4191 §2.2: whoever is no default router must not say more.
        _ if profile.lifetime == 0 => 0,
        Preference::High => HIGH,
        Preference::Medium => 0,
        Preference::Low => LOW,
    };
    let mut out = Vec::with_capacity(128);
    out.extend_from_slice(&[KIND, 0, 0, 0, profile.hop_limit, managed | other | preference]);
    out.extend_from_slice(&profile.lifetime.to_be_bytes());
    out.extend_from_slice(&profile.reachable.to_be_bytes());
    out.extend_from_slice(&profile.retransmit.to_be_bytes());
    option::emit_link_layer(mac, &mut out);
    if let Some(mtu) = profile.mtu {
        option::emit_mtu(mtu, &mut out);
    }
    for prefix in &profile.prefixes {
        whole(&mut out, |out| option::emit_prefix(prefix, out));
    }
    for (address, life) in &profile.name_servers {
        whole(&mut out, |out| option::emit_name_server(*address, *life, out));
    }
    for (domain, life) in &profile.search_domains {
        whole(&mut out, |out| option::emit_search_domain(domain, *life, out));
    }
    message::seal(&mut out, ends);
    out
}

/// Appends an option if all of it fits.
fn whole(out: &mut Vec<u8>, append: impl FnOnce(&mut Vec<u8>)) {
    let before = out.len();
    append(out);
    if out.len() > LONGEST {
        out.truncate(before);
    }
}

/// RFC 4861 §4.2.
const KIND: u8 = 134;
const HEAD_LEN: usize = 16;
/// The M flag.
const MANAGED: u8 = 0x80;
/// The O flag.
const OTHER: u8 = 0x40;
/// RFC 4191 §2.2: the bits, and what they say.
const PREFERENCE: u8 = 0x18;
const HIGH: u8 = 0x08;
const LOW: u8 = 0x18;
/// The smallest MTU of IPv6 less its header (RFC 8200 §5).
const LONGEST: usize = 1280 - 40;

#[cfg(test)]
mod tests {
    use super::super::option::DiscoveryOption;
    use super::super::profile::{Lifetime, OnLinkPrefix, SearchDomain};
    use super::*;
    use crate::types::{Family, Vrid};
    use alloc::vec;
    use core::time::Duration;

    const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
    const SOURCE: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 5);
    const ENDS: Endpoints = Endpoints::V6 { source: SOURCE, destination: ALL_NODES };

    fn mac() -> Mac {
        Vrid::new(5).unwrap().mac(Family::Ipv6)
    }

    fn full() -> Profile {
        Profile {
            interval: Duration::from_secs(10),
            lifetime: 30,
            is_managed: true,
            preference: Preference::Low,
            mtu: Some(1500),
            prefixes: vec![OnLinkPrefix {
                is_autonomous: false,
                ..OnLinkPrefix::new("2001:db8:1::1".parse().unwrap(), 64)
            }],
            name_servers: vec![("2001:db8::53".parse().unwrap(), Lifetime(90))],
            search_domains: vec![(SearchDomain::parse("lan").unwrap(), Lifetime::INFINITE)],
            ..Profile::default()
        }
    }

    fn check(payload: &[u8]) -> Result<RouterAdvertisement<'_>, Flaw> {
        let icmp = Icmp { source: SOURCE, destination: ALL_NODES, hop_limit: 255, payload };
        RouterAdvertisement::check(&icmp)
    }

    #[test]
    fn every_field_is_where_the_rfcs_draw_it() {
        let message = emit(&full(), mac(), &ENDS);
        assert_eq!(message[..2], [134, 0]);
        assert_eq!(message[4..16], [64, 0x98, 0, 30, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(message[16..24], [1, 1, 0, 0, 0x5e, 0, 2, 5]);
        assert_eq!(message[24..32], [5, 1, 0, 0, 0, 0, 0x05, 0xdc]);
        assert_eq!(message[32..48], [3, 4, 64, 0x80, 0, 0x27, 0x8d, 0, 0, 9, 0x3a, 0x80, 0, 0, 0, 0]);
        assert_eq!(message[48..64], [0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(message[64..72], [25, 3, 0, 0, 0, 0, 0, 90]);
        assert_eq!(message[88..], [31, 2, 0, 0, 255, 255, 255, 255, 3, b'l', b'a', b'n', 0, 0, 0, 0]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let profile = full();
        let message = emit(&profile, mac(), &ENDS);
        let read = check(&message).unwrap();
        assert_eq!((read.lifetime(), read.hop_limit(), read.source()), (30, 64, SOURCE));
        assert_eq!((read.is_managed(), read.is_other()), (true, false));
        assert_eq!((read.preference(), read.reachable(), read.retransmit()), (Preference::Low, 0, 0));
        let server: Ipv6Addr = "2001:db8::53".parse().unwrap();
        let expected = [
            DiscoveryOption::SourceLinkLayer(mac()),
            DiscoveryOption::Mtu(1500),
            DiscoveryOption::Prefix(profile.prefixes[0]),
            DiscoveryOption::NameServers(Lifetime(90), &[server.octets()]),
            DiscoveryOption::SearchList(Lifetime::INFINITE, b"\x03lan\0\0\0\0"),
        ];
        assert!(read.options().iter().eq(expected));
    }

    #[test]
    fn one_that_is_no_default_router_has_no_preference() {
        let message = emit(&Profile { lifetime: 0, ..full() }, mac(), &ENDS);
        assert_eq!((message[5], &message[6..8]), (MANAGED, &[0, 0][..]));
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_the_rest_is_whole() {
        let prefixes =
            (0..100).map(|n| OnLinkPrefix::new(Ipv6Addr::new(0x2001, 0xdb8, n, 0, 0, 0, 0, 0), 64));
        let message = emit(&Profile { prefixes: prefixes.collect(), ..full() }, mac(), &ENDS);
        assert!(message.len() <= LONGEST && message.len() > LONGEST - 32, "{}", message.len());
        let read = check(&message).unwrap().options();
        let kept = read.iter().filter(|option| matches!(option, DiscoveryOption::Prefix(_))).count();
        assert_eq!(kept, (LONGEST - HEAD_LEN - 16) / 32, "head, hardware address and MTU come first");
    }

    #[test]
    fn malformed_twins_are_dropped() {
        let message = emit(&full(), mac(), &ENDS);
        for len in 0..message.len() {
            assert!(check(&message[..len]).is_err(), "{len} octets");
        }
        for bit in 0..message.len() * 8 {
            let mut flipped = message.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(check(&flipped).is_err(), "bit {bit}");
        }
        let global = Endpoints::V6 { source: "2001:db8::5".parse().unwrap(), destination: ALL_NODES };
        let payload = &emit(&full(), mac(), &global);
        let source = "2001:db8::5".parse().unwrap();
        let icmp = Icmp { source, destination: ALL_NODES, hop_limit: 255, payload };
        assert_eq!(RouterAdvertisement::check(&icmp), Err(Flaw::Source));
    }
}
