//! The words that every room of the crate uses: family, version, VRID, priority, hardware address, and the two ends
//! of a datagram.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::num::NonZeroU8;

/// An address family. The two families of one VRID are two virtual routers (RFC 9568 §1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)]
pub enum Family {
    Ipv4,
    Ipv6,
}

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Version {
    /// RFC 3768, IPv4 only.
    V2,
    /// RFC 9568.
    V3,
}

/// A virtual router's number on its interface: 1 to 255 (RFC 9568 §5.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Vrid(NonZeroU8);

/// A priority that takes part in the election: 1 to 255. What the wire says as zero is not one; it means that the
/// Active resigns (RFC 9568 §5.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Priority(NonZeroU8);

/// A hardware address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Mac(pub [u8; 6]);

/// Source and destination of a datagram, of one family by construction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoints {
    /// IPv4.
    V4 {
        /// Who sends.
        source: Ipv4Addr,
        /// To whom; the group, or a peer.
        destination: Ipv4Addr,
    },
    /// IPv6.
    V6 {
        /// Who sends.
        source: Ipv6Addr,
        /// To whom; the group, or a peer.
        destination: Ipv6Addr,
    },
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }

    /// The group that advertisements go to (RFC 9568 §5.1.1.2, §5.1.2.2).
    #[must_use]
    pub const fn group(self) -> IpAddr {
        match self {
            Self::Ipv4 => IpAddr::V4(GROUP_V4),
            Self::Ipv6 => IpAddr::V6(GROUP_V6),
        }
    }
}

impl Version {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
        }
    }
}

impl Vrid {
    /// The number, if it is one.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        match NonZeroU8::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0.get()
    }

    /// The virtual router's hardware address (RFC 9568 §7.3).
    #[must_use]
    pub const fn mac(self, family: Family) -> Mac {
        let kind = match family {
            Family::Ipv4 => 1,
            Family::Ipv6 => 2,
        };
        Mac([0x00, 0x00, 0x5e, 0x00, kind, self.get()])
    }
}

impl Priority {
    /// The lowest that still takes part; no decrement leads below it.
    pub const LOWEST: Self = Self(NonZeroU8::MIN);
    /// What a router has that was given none (RFC 9568 §6.1).
    pub const DEFAULT: Self = Self(match NonZeroU8::new(100) {
        Some(number) => number,
        None => NonZeroU8::MIN,
    });
    /// The router whose own addresses the virtual ones are (RFC 9568 §5.2.4).
    pub const OWNER: Self = Self(NonZeroU8::MAX);

    /// The priority, unless it is the resigning zero.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        match NonZeroU8::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0.get()
    }

    /// True for the address owner.
    #[must_use]
    pub const fn is_owner(self) -> bool {
        self.get() == u8::MAX
    }

    /// This less `decrement`, at least the lowest. An owner stays one: RFC 9568 §5.2.4 forces its 255.
    #[must_use]
    pub fn lowered(self, decrement: u32) -> Self {
        if self.is_owner() {
            return self;
        }
        let left = u32::from(self.get()).saturating_sub(decrement);
        u8::try_from(left).ok().and_then(Self::new).unwrap_or(Self::LOWEST)
    }
}

impl Mac {
    /// The interface identifier that a host makes from it unless told otherwise (RFC 4291, appendix A).
    #[must_use]
    pub const fn interface_identifier(self) -> [u8; 8] {
        let Self([a, b, c, d, e, f]) = self;
        [a ^ 2, b, c, 0xff, 0xfe, d, e, f]
    }
}

impl Endpoints {
    /// The two as ends of one datagram; nothing if they are of different families.
    #[must_use]
    pub const fn new(source: IpAddr, destination: IpAddr) -> Option<Self> {
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => Some(Self::V4 { source, destination }),
            (IpAddr::V6(source), IpAddr::V6(destination)) => Some(Self::V6 { source, destination }),
            _ => None,
        }
    }

    /// Who sends.
    #[must_use]
    pub const fn source(&self) -> IpAddr {
        match self {
            Self::V4 { source, .. } => IpAddr::V4(*source),
            Self::V6 { source, .. } => IpAddr::V6(*source),
        }
    }

    /// To whom.
    #[must_use]
    pub const fn destination(&self) -> IpAddr {
        match self {
            Self::V4 { destination, .. } => IpAddr::V4(*destination),
            Self::V6 { destination, .. } => IpAddr::V6(*destination),
        }
    }

    /// Their family.
    #[must_use]
    pub const fn family(&self) -> Family {
        match self {
            Self::V4 { .. } => Family::Ipv4,
            Self::V6 { .. } => Family::Ipv6,
        }
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for Vrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([a, b, c, d, e, g]) = self;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// IP protocol number, also the IPv6 next header (RFC 9568 §5.1.1.4).
pub const PROTOCOL: u8 = 112;

/// TTL or hop limit of every advertisement (RFC 9568 §5.1.1.3).
pub const HOP_LIMIT: u8 = 255;

/// RFC 9568 §5.1.1.2.
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);

/// RFC 9568 §5.1.2.2.
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn the_virtual_mac_holds_the_family_and_the_vrid() {
        let vrid = Vrid::new(0x15).unwrap();
        assert_eq!(vrid.mac(Family::Ipv4).to_string(), "00:00:5e:00:01:15");
        assert_eq!(vrid.mac(Family::Ipv6).to_string(), "00:00:5e:00:02:15");
        assert_eq!(Vrid::new(0), None);
    }

    #[test]
    fn decrements_end_at_one_and_never_touch_an_owner() {
        let base = Priority::new(200).unwrap();
        assert_eq!(base.lowered(50).get(), 150);
        assert_eq!(base.lowered(200), Priority::LOWEST);
        assert_eq!(base.lowered(u32::MAX), Priority::LOWEST);
        assert_eq!(Priority::OWNER.lowered(50), Priority::OWNER);
    }
}
