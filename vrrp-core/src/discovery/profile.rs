//! What a virtual router tells hosts of itself and of their link (RFC 4861 §6.2.1).
//!
//! The defaults are the RFC's; values are taken as they are, since whoever reads a configuration file can say where
//! in it a bad one stands.

use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;

/// Everything that is advertised. Equal profiles lead to equal messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// MaxRtrAdvInterval: the longest time between two unsolicited advertisements.
    pub interval: Duration,
    /// AdvDefaultLifetime in seconds: how long hosts keep the default router without hearing of it. Zero: it is none.
    pub lifetime: u16,
    /// AdvCurHopLimit. Zero: unspecified.
    pub hop_limit: u8,
    /// AdvManagedFlag: addresses are to be had by DHCPv6.
    pub is_managed: bool,
    /// AdvOtherConfigFlag: other things are to be had by DHCPv6.
    pub is_other: bool,
    /// Default Router Preference (RFC 4191 §2.2).
    pub preference: Preference,
    /// AdvReachableTime in milliseconds. Zero: unspecified.
    pub reachable: u32,
    /// AdvRetransTimer in milliseconds. Zero: unspecified.
    pub retransmit: u32,
    /// AdvLinkMTU in octets; not told if there is none.
    pub mtu: Option<u32>,
    /// AdvPrefixList.
    pub prefixes: Vec<OnLinkPrefix>,
    /// Recursive name servers (RFC 8106 §5.1).
    pub name_servers: Vec<(Ipv6Addr, Lifetime)>,
    /// Search domains (RFC 8106 §5.2).
    pub search_domains: Vec<(SearchDomain, Lifetime)>,
}

/// Seconds that something stays true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lifetime(pub u32);

/// How a router compares with others of the link (RFC 4191 §2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Preference {
    High,
    #[default]
    Medium,
    Low,
}

/// A prefix of the link (RFC 4861 §4.6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnLinkPrefix {
    /// Its first address.
    pub prefix: Ipv6Addr,
    /// How many bits of it count.
    pub len: u8,
    /// Its addresses are neighbours.
    pub is_on_link: bool,
    /// Hosts make themselves an address of it (RFC 4862).
    pub is_autonomous: bool,
    /// How long it is on the link, and an address of it may be used.
    pub valid: Lifetime,
    /// How long such an address is a good choice; not longer than `valid`.
    pub preferred: Lifetime,
}

/// A domain name as RFC 1035 §3.1 writes it, uncompressed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SearchDomain(Vec<u8>);

impl Profile {
    /// MinRtrAdvInterval: a third of the longest interval, and three quarters of one below nine seconds, where RFC 4861
    /// §6.2.1 names a default that its own limit forbids.
    #[must_use]
    pub fn shortest_interval(&self) -> Duration {
        if self.interval >= NINE_SECONDS { self.interval / 3 } else { self.interval * 3 / 4 }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(600),
            lifetime: 1800,
            hop_limit: 64,
            is_managed: false,
            is_other: false,
            preference: Preference::default(),
            reachable: 0,
            retransmit: 0,
            mtu: None,
            prefixes: Vec::new(),
            name_servers: Vec::new(),
            search_domains: Vec::new(),
        }
    }
}

impl Lifetime {
    /// For ever (RFC 4861 §4.6.2).
    pub const INFINITE: Self = Self(u32::MAX);
    /// AdvValidLifetime: 30 days.
    pub const VALID: Self = Self(2_592_000);
    /// AdvPreferredLifetime: 7 days.
    pub const PREFERRED: Self = Self(604_800);
}

impl OnLinkPrefix {
    /// A prefix with the RFC's defaults; bits past its length are cleared.
    #[must_use]
    pub fn new(address: Ipv6Addr, len: u8) -> Self {
        let mask = u128::MAX.checked_shl(128 - u32::from(len.min(128))).unwrap_or(0);
        Self {
            prefix: Ipv6Addr::from_bits(address.to_bits() & mask),
            len: len.min(128),
            is_on_link: true,
            is_autonomous: true,
            valid: Lifetime::VALID,
            preferred: Lifetime::PREFERRED,
        }
    }
}

impl SearchDomain {
    /// The name, if it is one: labels of 1 to 63 letters, digits, `-` and `_`, 253 characters at most.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let mut octets = Vec::with_capacity(text.len() + 2);
        for label in text.split('.') {
            let len = u8::try_from(label.len()).ok().filter(|len| (1..=LONGEST_LABEL).contains(len))?;
            if !label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_') {
                return None;
            }
            octets.push(len);
            octets.extend_from_slice(label.as_bytes());
        }
        octets.push(0);
        (octets.len() <= LONGEST_NAME).then_some(Self(octets))
    }

    /// As it is written on the wire.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

/// From here on the default of MinRtrAdvInterval is a third (RFC 4861 §6.2.1).
const NINE_SECONDS: Duration = Duration::from_secs(9);
/// RFC 1035 §2.3.4.
const LONGEST_LABEL: u8 = 63;
/// RFC 1035 §2.3.4, length octets included.
const LONGEST_NAME: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_loses_its_host_bits() {
        let all: Ipv6Addr = "2001:db8:1:2:3::4".parse().unwrap();
        for (len, expected) in [(64, "2001:db8:1:2::"), (0, "::"), (128, "2001:db8:1:2:3::4")] {
            assert_eq!(OnLinkPrefix::new(all, len).prefix, expected.parse::<Ipv6Addr>().unwrap());
        }
    }

    #[test]
    fn a_search_domain_is_written_in_labels() {
        let domain = SearchDomain::parse("lan.example.").unwrap();
        assert_eq!(domain.octets(), b"\x03lan\x07example\x00");
        let long = ["a"; 128].join(".");
        for bad in ["", ".", "a..b", "a b", &"x".repeat(64), &long] {
            assert_eq!(SearchDomain::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_shortest_interval_follows_the_longest() {
        for (longest, shortest) in [(600_000, 200_000), (9_000, 3_000), (8_000, 6_000), (100, 75)] {
            let profile = Profile { interval: Duration::from_millis(longest), ..Profile::default() };
            assert_eq!(profile.shortest_interval(), Duration::from_millis(shortest));
        }
    }
}
