//! What a virtual router is told to be.
//!
//! [`Settings`] are plain values with the RFC's defaults (RFC 9568 §6.1); [`Config::check`] is the one place where
//! they are refused, and puts the link-local address first in an IPv6 list (§5.2.9). A list without one is allowed:
//! whoever has only global addresses has a working gateway, if not one that erratum 8300 likes.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use crate::announce::AnnouncePlan;
use crate::checksum::ChecksumForm;
use crate::error::ConfigError;
use crate::time::Centiseconds;
use crate::types::{Family, Priority, Version, Vrid};

/// A virtual router's values as they were configured.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Settings {
    /// Its number.
    pub vrid: Vrid,
    /// Which version it speaks; the other is dropped.
    pub version: Version,
    /// The base priority; tracking lowers it. [`Priority::OWNER`] if the addresses are the interface's own.
    pub priority: Priority,
    /// Advertisement_Interval.
    pub interval: Centiseconds,
    /// Preempt_Mode.
    pub preempt: Preempt,
    /// Accept_Mode.
    pub accept: AcceptMode,
    /// The virtual addresses, of one family.
    pub addresses: VirtualAddresses,
    /// What an IPv4 VRRPv3 checksum covers until a peer is heard that does it otherwise.
    pub checksum: ChecksumForm,
    /// Whose hardware address the gateway has.
    pub mac: MacMode,
    /// Peers to send to in place of the group, and to listen to alone; nobody in particular if empty.
    pub peers: Vec<IpAddr>,
    /// How often to announce the gateway to its neighbours.
    pub announce: AnnouncePlan,
    /// Whether IPv6 lists must begin as erratum 8300 says.
    pub first_address: FirstAddress,
}

/// Settings that can work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config(Settings);

/// The addresses that move with the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)]
pub enum VirtualAddresses {
    V4(Vec<Ipv4Addr>),
    V6(Vec<Ipv6Addr>),
}

/// Preempt_Mode (RFC 9568 §6.1). An owner preempts in either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Preempt {
    /// Whoever holds the gateway keeps it.
    Off,
    /// A higher priority takes it.
    On {
        /// How long a lower priority must have been heard first. Not in the RFC.
        delay: Duration,
    },
}

/// Accept_Mode (RFC 9568 §6.1): does an Active that is not the owner take packets for the virtual addresses?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum AcceptMode {
    /// Only ARP, and ICMPv6 neighbour discovery.
    #[default]
    Refuse,
    /// All.
    Accept,
}

/// The source of frames, and what neighbours are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MacMode {
    /// The virtual router's (RFC 9568 §7.3).
    #[default]
    Virtual,
    /// The interface's, where nothing else may be sent.
    Interface,
}

/// What to do about an IPv6 list that does not begin with a link-local address (erratum 8300).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum FirstAddress {
    /// Remark on it. We differ from the erratum: FRR sends its list as configured, and a group in which one side
    /// drops the other's packets has two Actives.
    #[default]
    Any,
    /// Drop the packet.
    LinkLocal,
}

impl Settings {
    /// The RFC's defaults around what has none.
    #[must_use]
    pub fn new(vrid: Vrid, addresses: VirtualAddresses) -> Self {
        Self {
            vrid,
            version: Version::V3,
            priority: Priority::DEFAULT,
            interval: DEFAULT_INTERVAL,
            preempt: Preempt::On { delay: Duration::ZERO },
            accept: AcceptMode::default(),
            addresses,
            checksum: ChecksumForm::default(),
            mac: MacMode::default(),
            peers: Vec::new(),
            announce: AnnouncePlan::default(),
            first_address: FirstAddress::default(),
        }
    }
}

impl Config {
    /// Accepts settings that can work.
    pub fn check(mut settings: Settings) -> Result<Self, ConfigError> {
        settings.addresses.check()?;
        let family = settings.addresses.family();
        let interval = settings.interval;
        match settings.version {
            Version::V2 if family == Family::Ipv6 => return Err(ConfigError::Ipv6InVersion2),
            Version::V2 if interval.whole_seconds().is_none_or(|seconds| seconds == 0) => {
                return Err(ConfigError::IntervalNotWholeSeconds(interval));
            }
            Version::V3 if interval.count() == 0 || interval > Centiseconds::LONGEST => {
                return Err(ConfigError::IntervalOutOfRange(interval));
            }
            Version::V2 | Version::V3 => {}
        }
        if let Some(peer) = settings.peers.iter().find(|peer| Family::of(**peer) != family) {
            return Err(ConfigError::PeerFamily(*peer));
        }
        if let VirtualAddresses::V6(list) = &mut settings.addresses {
            list.sort_by_key(|address| !address.is_unicast_link_local());
        }
        Ok(Self(settings))
    }

    /// The values.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.0
    }

    /// The family of the virtual router.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.0.addresses.family()
    }

    /// True if an Active takes packets for the virtual addresses: by Accept_Mode, or as their owner.
    #[must_use]
    pub fn accepts(&self) -> bool {
        self.0.priority.is_owner() || self.0.accept == AcceptMode::Accept
    }
}

impl VirtualAddresses {
    /// The addresses in their order, if they are of one family.
    pub fn collect(addresses: impl IntoIterator<Item = IpAddr>) -> Result<Self, ConfigError> {
        let mut addresses = addresses.into_iter();
        let mut list = match addresses.next().ok_or(ConfigError::NoAddress)? {
            IpAddr::V4(first) => Self::V4(alloc::vec![first]),
            IpAddr::V6(first) => Self::V6(alloc::vec![first]),
        };
        for address in addresses {
            match (&mut list, address) {
                (Self::V4(list), IpAddr::V4(address)) => list.push(address),
                (Self::V6(list), IpAddr::V6(address)) => list.push(address),
                (Self::V4(_) | Self::V6(_), _) => return Err(ConfigError::MixedFamilies(address)),
            }
        }
        Ok(list)
    }

    /// Their family.
    #[must_use]
    pub const fn family(&self) -> Family {
        match self {
            Self::V4(_) => Family::Ipv4,
            Self::V6(_) => Family::Ipv6,
        }
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::V4(list) => list.len(),
            Self::V6(list) => list.len(),
        }
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The addresses in the order they are advertised.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> {
        let (v4, v6) = match self {
            Self::V4(list) => (list.as_slice(), [].as_slice()),
            Self::V6(list) => ([].as_slice(), list.as_slice()),
        };
        v4.iter().copied().map(IpAddr::V4).chain(v6.iter().copied().map(IpAddr::V6))
    }

    /// True if `address` is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.iter().any(|one| one == address)
    }

    /// How many, as the message counts them.
    pub(crate) fn count(&self) -> u8 {
        u8::try_from(self.len()).unwrap_or(u8::MAX)
    }

    fn check(&self) -> Result<(), ConfigError> {
        if self.is_empty() {
            return Err(ConfigError::NoAddress);
        }
        if self.len() > usize::from(u8::MAX) {
            return Err(ConfigError::TooManyAddresses);
        }
        for (index, address) in self.iter().enumerate() {
            if is_unusable(address) {
                return Err(ConfigError::UnusableAddress(address));
            }
            if self.iter().take(index).any(|earlier| earlier == address) {
                return Err(ConfigError::DuplicateAddress(address));
            }
        }
        Ok(())
    }
}

fn is_unusable(address: IpAddr) -> bool {
    let broadcast = address == IpAddr::V4(Ipv4Addr::BROADCAST);
    broadcast || address.is_unspecified() || address.is_multicast() || address.is_loopback()
}

/// RFC 9568 §6.1.
const DEFAULT_INTERVAL: Centiseconds = Centiseconds::new(100);

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(addresses: &[&str]) -> Settings {
        let addresses = addresses.iter().map(|text| text.parse().unwrap());
        Settings::new(Vrid::new(5).unwrap(), VirtualAddresses::collect(addresses).unwrap())
    }

    fn refused(settings: Settings) -> ConfigError {
        Config::check(settings).unwrap_err()
    }

    #[test]
    fn a_link_local_address_comes_first_and_the_rest_keeps_its_order() {
        let config = Config::check(settings(&["2001:db8::2", "fe80::5", "2001:db8::1"])).unwrap();
        let expected = settings(&["fe80::5", "2001:db8::2", "2001:db8::1"]).addresses;
        assert_eq!(config.settings().addresses, expected);
    }

    #[test]
    fn addresses_that_cannot_be_a_gateway_are_refused() {
        for text in ["0.0.0.0", "224.0.0.18", "255.255.255.255", "127.0.0.1", "ff02::12", "::", "::1"] {
            let address = text.parse().unwrap();
            assert_eq!(refused(settings(&[text])), ConfigError::UnusableAddress(address));
        }
        let twice = refused(settings(&["10.0.0.1", "10.0.0.2", "10.0.0.1"]));
        assert_eq!(twice, ConfigError::DuplicateAddress("10.0.0.1".parse().unwrap()));
        let mixed = VirtualAddresses::collect(["10.0.0.1".parse().unwrap(), "fe80::1".parse().unwrap()]);
        assert_eq!(mixed, Err(ConfigError::MixedFamilies("fe80::1".parse().unwrap())));
        let many = (0..256_u32).map(|n| Ipv4Addr::from(0x0a00_0001 + n)).collect();
        let many = Settings { addresses: VirtualAddresses::V4(many), ..settings(&["10.0.0.1"]) };
        assert_eq!(refused(many), ConfigError::TooManyAddresses);
    }

    #[test]
    fn each_version_has_its_intervals() {
        let with = |version, count| Settings {
            version,
            interval: Centiseconds::new(count),
            ..settings(&["10.0.0.1"])
        };
        for (version, count, is_good) in [
            (Version::V3, 0, false),
            (Version::V3, 1, true),
            (Version::V3, 4095, true),
            (Version::V3, 4096, false),
            (Version::V2, 0, false),
            (Version::V2, 100, true),
            (Version::V2, 150, false),
            (Version::V2, 25_500, true),
            (Version::V2, 25_600, false),
        ] {
            assert_eq!(Config::check(with(version, count)).is_ok(), is_good, "{version:?} {count}");
        }
        let v6 = Settings { version: Version::V2, ..settings(&["fe80::1"]) };
        assert_eq!(refused(v6), ConfigError::Ipv6InVersion2);
    }

    #[test]
    fn peers_are_of_the_same_family() {
        let peer = "fe80::2".parse().unwrap();
        let odd = Settings { peers: alloc::vec![peer], ..settings(&["10.0.0.1"]) };
        assert_eq!(refused(odd), ConfigError::PeerFamily(peer));
    }
}
