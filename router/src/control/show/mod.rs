//! The answers: one file a kind of output, text and JSON beside each other.
//!
//! Small answers are written at once from a snapshot; tables are asked for and written page by page.

pub(crate) mod announced;
pub(crate) mod instance;
pub(crate) mod interface;
pub(crate) mod kernel_route;
mod neighbor_json;
mod neighbor_text;
pub(crate) mod neighbors;
pub(crate) mod next_hop;
pub(crate) mod prefix;
pub(crate) mod statistics;
pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod virtual_router;

use core::fmt::{self, Write as _};

use bgp_core::Family;

/// A family as headings name it: `IPv4 Unicast`.
pub(crate) fn family_title(family: Family) -> &'static str {
    match family {
        Family::Ipv4Unicast => "IPv4 Unicast",
        Family::Ipv6Unicast => "IPv6 Unicast",
    }
}

/// A family as JSON keys name it: `ipv4Unicast`.
pub(crate) fn family_key(family: Family) -> &'static str {
    match family {
        Family::Ipv4Unicast => "ipv4Unicast",
        Family::Ipv6Unicast => "ipv6Unicast",
    }
}

/// Words of a peer on their way to a terminal: control characters become `?`, so that they steer nothing.
pub(crate) struct Printable<'a>(pub(crate) &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| f.write_char(if c.is_control() { '?' } else { c }))
    }
}
