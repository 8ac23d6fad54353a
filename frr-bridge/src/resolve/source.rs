//! Routes that are not BGP's: where they come from, and static ones as configured.

use std::net::IpAddr;

use ipnet::IpNet;

/// One line of `ip route` or `ipv6 route`. Lines of equal prefix and distance make one route of several hops; of
/// several distances the lowest that resolves is used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StaticRoute {
    /// Destination.
    pub prefix: IpNet,
    /// Where to.
    pub via: StaticVia,
    /// Administrative distance. FRR: 1.
    pub distance: u8,
    /// Tag, shown only.
    pub tag: u32,
    /// Kernel table; the configured table if not set.
    pub table: Option<u32>,
}

/// Where a static route leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StaticVia {
    /// A gateway, perhaps on a given interface, perhaps taken to be on the link.
    Gateway {
        /// The gateway.
        address: IpAddr,
        /// Interface name.
        interface: Option<String>,
        /// `onlink`; needs the interface.
        onlink: bool,
    },
    /// Directly out of an interface.
    Interface(String),
    /// `blackhole` and `Null0`: dropped silently.
    Blackhole,
    /// `reject`: ICMP unreachable.
    Reject,
}

/// Where a route that is not BGP's comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Another program put it into the kernel.
    Kernel,
    /// An interface address.
    Connected,
    /// The configuration.
    Static,
}

/// A set of sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// Report [`Source::Kernel`].
    pub kernel: bool,
    /// Report [`Source::Connected`].
    pub connected: bool,
    /// Report [`Source::Static`].
    pub r#static: bool,
}

impl Sources {
    /// True if `source` is in the set.
    #[must_use]
    pub const fn contains(self, source: Source) -> bool {
        match source {
            Source::Kernel => self.kernel,
            Source::Connected => self.connected,
            Source::Static => self.r#static,
        }
    }
}
