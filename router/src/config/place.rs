//! Where a line stands: FRR's nodes, with what each one is about.

use std::fmt;

use bgp_core::Family;

/// A kind of block; each has its own table of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Node {
    Top,
    Interface,
    Bgp,
    Family,
    RouteMap,
}

/// One block. The order is that of blocks in `show running-config`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Outside any block.
    #[default]
    Top,
    /// `interface NAME`.
    Interface(String),
    /// `router bgp ASN`.
    Bgp,
    /// `address-family …` in it.
    Family(Family),
    /// `route-map NAME permit|deny SEQ`.
    RouteMap(String, u32),
}

impl Node {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Top, Self::Interface, Self::Bgp, Self::Family, Self::RouteMap];
}

impl Place {
    /// Its kind.
    #[must_use]
    pub const fn node(&self) -> Node {
        match self {
            Self::Top => Node::Top,
            Self::Interface(_) => Node::Interface,
            Self::Bgp => Node::Bgp,
            Self::Family(_) => Node::Family,
            Self::RouteMap(..) => Node::RouteMap,
        }
    }

    /// The block around it.
    #[must_use]
    pub const fn parent(&self) -> Option<Self> {
        match self {
            Self::Top => None,
            Self::Family(_) => Some(Self::Bgp),
            Self::Interface(_) | Self::Bgp | Self::RouteMap(..) => Some(Self::Top),
        }
    }

    /// The family whose lines are meant: `router bgp` itself takes those of IPv4 unicast, as FRR does.
    #[must_use]
    pub const fn family(&self) -> Family {
        match self {
            Self::Family(family) => *family,
            Self::Top | Self::Interface(_) | Self::Bgp | Self::RouteMap(..) => Family::Ipv4Unicast,
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Top => "the top level",
            Self::Interface => "`interface`",
            Self::Bgp => "`router bgp`",
            Self::Family => "`address-family`",
            Self::RouteMap => "`route-map`",
        })
    }
}
