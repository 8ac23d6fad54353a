//! The words every room shares: AS numbers, identifiers, address families, prefixes, next hops.
//!
//! Nothing here knows of octets on the wire, of sessions or of tables. Families are rows of [`FAMILIES`]:
//! a further family is one row here and one file under `wire`.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::ops::{Index, IndexMut};

/// An autonomous system number, four octets (RFC 6793). Shown as asplain (RFC 5396).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Asn(pub u32);

impl Asn {
    /// What a speaker with a four-octet number puts in two-octet fields (RFC 6793 §9).
    pub const TRANS: Self = Self(23456);

    /// True for the ranges reserved for private use (RFC 6996 §5).
    #[must_use]
    pub const fn is_private(self) -> bool {
        matches!(self.0, 64512..=65534 | 4_200_000_000..=4_294_967_294)
    }

    /// The number as a two-octet field carries it: itself, or AS_TRANS.
    #[must_use]
    pub fn two_octet(self) -> u16 {
        u16::try_from(self.0).unwrap_or(23456)
    }
}

impl fmt::Display for Asn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A BGP Identifier: any non-zero 32-bit number (RFC 6286 §2.1), shown as a dotted quad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RouterId(pub u32);

impl From<Ipv4Addr> for RouterId {
    fn from(addr: Ipv4Addr) -> Self {
        Self(addr.to_bits())
    }
}

impl fmt::Display for RouterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ipv4Addr::from_bits(self.0).fmt(f)
    }
}

/// A peer as the speaker numbers it; never reused while the speaker lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub u32);

/// One TCP connection as the speaker numbers it; never reused while the speaker lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u32);

/// A destination: address and length, host bits zero.
pub type Prefix = ipnet::IpNet;

/// One destination of an UPDATE with its path identifier (RFC 7911 §3; zero where add-path is off).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nlri {
    /// Zero unless add-path is in use for the family.
    pub path_id: u32,
    /// The destination.
    pub prefix: Prefix,
}

/// A next hop as an UPDATE carries it (RFC 4271 §5.1.3, RFC 2545 §3, RFC 8950 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NextHop {
    /// NEXT_HOP, or an MP_REACH_NLRI next hop of four octets.
    V4(Ipv4Addr),
    /// A next hop of 16 or 32 octets: global (or only) address, then the link-local one.
    V6 {
        /// The global address; a link-local one where the sender has nothing else.
        global: Ipv6Addr,
        /// The second address of a 32-octet next hop.
        link_local: Option<Ipv6Addr>,
    },
}

impl NextHop {
    /// The address that reachability is asked about: the global one.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        match self {
            Self::V4(addr) => IpAddr::V4(*addr),
            Self::V6 { global, .. } => IpAddr::V6(*global),
        }
    }
}

impl From<IpAddr> for NextHop {
    fn from(addr: IpAddr) -> Self {
        match addr {
            IpAddr::V4(addr) => Self::V4(addr),
            IpAddr::V6(global) => Self::V6 { global, link_local: None },
        }
    }
}

/// Where a route came from, as far as RFC 4271 §9 and RFC 4456 tell peers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeerKind {
    /// This router itself: `network`, redistribution, an embedder.
    Local,
    /// A peer in our AS.
    Internal,
    /// A peer in our AS that is our route-reflection client (RFC 4456 §6).
    Client,
    /// A peer in another AS.
    External,
}

/// An address family and subsequent family that this speaker knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub enum Family {
    /// AFI 1, SAFI 1.
    Ipv4Unicast = 0,
    /// AFI 2, SAFI 1.
    Ipv6Unicast = 1,
}

/// One row of the family table.
#[derive(Clone, Copy, Debug)]
pub struct FamilyRow {
    /// The family of this row; rows are in the enum's order.
    pub family: Family,
    /// Address family identifier (IANA).
    pub afi: u16,
    /// Subsequent address family identifier (IANA).
    pub safi: u8,
    /// Longest prefix in bits.
    pub max_len: u8,
    /// As FRR's commands write it: `ipv4 unicast`.
    pub name: &'static str,
}

/// Every family known here, in the order of [`Family`].
pub const FAMILIES: [FamilyRow; 2] = [
    FamilyRow { family: Family::Ipv4Unicast, afi: 1, safi: 1, max_len: 32, name: "ipv4 unicast" },
    FamilyRow { family: Family::Ipv6Unicast, afi: 2, safi: 1, max_len: 128, name: "ipv6 unicast" },
];

impl Family {
    /// All families, in a fixed order.
    pub const ALL: [Self; FAMILIES.len()] = [Self::Ipv4Unicast, Self::Ipv6Unicast];

    /// This family's row.
    #[must_use]
    pub const fn row(self) -> &'static FamilyRow {
        match self {
            Self::Ipv4Unicast => &FAMILIES[0],
            Self::Ipv6Unicast => &FAMILIES[1],
        }
    }

    /// The family with these code points, if it is known.
    #[must_use]
    pub fn from_codes(afi: u16, safi: u8) -> Option<Self> {
        FAMILIES.iter().find(|row| row.afi == afi && row.safi == safi).map(|row| row.family)
    }

    /// The unicast family a prefix belongs to.
    #[must_use]
    pub const fn of(prefix: &Prefix) -> Self {
        match prefix {
            Prefix::V4(_) => Self::Ipv4Unicast,
            Prefix::V6(_) => Self::Ipv6Unicast,
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().name)
    }
}

/// A set of families.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FamilySet(u8);

impl FamilySet {
    /// No family.
    pub const EMPTY: Self = Self(0);

    /// Adds `family`.
    pub const fn insert(&mut self, family: Family) {
        self.0 |= family.bit();
    }

    /// Removes `family`.
    pub const fn remove(&mut self, family: Family) {
        self.0 &= !family.bit();
    }

    /// The set with `family` added.
    #[must_use]
    pub const fn with(self, family: Family) -> Self {
        Self(self.0 | family.bit())
    }

    /// True if `family` is in the set.
    #[must_use]
    pub const fn contains(self, family: Family) -> bool {
        self.0 & family.bit() != 0
    }

    /// What both sets have.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// True if nothing is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members, in the order of [`Family::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Family> {
        Family::ALL.into_iter().filter(move |family| self.contains(*family))
    }
}

impl FromIterator<Family> for FamilySet {
    fn from_iter<I: IntoIterator<Item = Family>>(families: I) -> Self {
        families.into_iter().fold(Self::EMPTY, Self::with)
    }
}

/// One value per family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FamilyMap<T>([T; FAMILIES.len()]);

impl<T> FamilyMap<T> {
    /// Makes a value for each family.
    pub fn from_fn(mut make: impl FnMut(Family) -> T) -> Self {
        Self(Family::ALL.map(&mut make))
    }

    /// Pairs of family and value, in the order of [`Family::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Family, &T)> {
        Family::ALL.into_iter().zip(&self.0)
    }

    /// The same, mutably.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Family, &mut T)> {
        Family::ALL.into_iter().zip(&mut self.0)
    }
}

impl<T> Index<Family> for FamilyMap<T> {
    type Output = T;

    fn index(&self, family: Family) -> &T {
        let [v4, v6] = &self.0;
        match family {
            Family::Ipv4Unicast => v4,
            Family::Ipv6Unicast => v6,
        }
    }
}

impl<T> IndexMut<Family> for FamilyMap<T> {
    fn index_mut(&mut self, family: Family) -> &mut T {
        let [v4, v6] = &mut self.0;
        match family {
            Family::Ipv4Unicast => v4,
            Family::Ipv6Unicast => v6,
        }
    }
}
