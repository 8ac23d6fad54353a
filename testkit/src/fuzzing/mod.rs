//! What must hold of the codecs and the session for any octets whatever. The fuzz targets and the replay of their
//! corpora both call these functions, so that a finding is a file in a corpus and nothing more.
//!
//! The first octet of a BGP input chooses what the session agreed on ([`Terms`]), the rest is what the peer sent.

mod discovery;
mod message;
mod session;
mod update;
mod vrrp;

pub use discovery::router_discovery;
pub use message::message;
pub use session::session;
pub use update::{attr_block, nlri};
pub use vrrp::vrrp_packet;

use bgp_core::wire::{Caps, PeerSide};
use bgp_core::{Family, FamilySet};

/// What the first octet of an input says.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The session's capabilities, the same both ways.
    pub caps: Caps,
    /// Who the peer is.
    pub side: PeerSide,
}

impl Terms {
    /// Every octet is some terms.
    #[must_use]
    pub fn from_octet(octet: u8) -> Self {
        let families = if octet & 2 == 0 { FamilySet::EMPTY } else { Family::ALL.into_iter().collect() };
        let caps = Caps {
            four_octet_as: octet & 1 == 0,
            extended_message: octet & 8 != 0,
            add_path_receive: families,
            add_path_send: families,
        };
        Self { caps, side: if octet & 4 == 0 { PeerSide::External } else { PeerSide::Internal } }
    }
}

/// A target: its name, which is its corpus' too, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 6] = [
    ("message", message),
    ("session", session),
    ("attr_block", attr_block),
    ("nlri", nlri),
    ("vrrp_packet", vrrp_packet),
    ("router_discovery", router_discovery),
];
