//! Router discovery (RFC 4861 §6): hosts learn from router advertisements that the IPv6 virtual router is their
//! default router, and which prefixes are on their link.
//!
//! ```text
//!  router solicitations ─▶ RouterSolicitation ─┐
//!     what is advertised ─▶ Profile ───────────┼─▶ Beacon ─▶ frames with a RouterAdvertisement
//!   is the gateway here? ──────────────────────┘
//! ```
//!
//! A *router advertisement* is ICMPv6 and speaks to hosts; the ADVERTISEMENT of [`packet`](crate::packet) is VRRP's
//! own and speaks to other routers. Hosts take the source of a router advertisement as their default router, so the
//! Active sends it from the virtual router's link-local address and hardware address (RFC 9568 §8.2.3), and a Backup
//! sends none (§6.4.2). When the gateway moves, source and content stay, and hosts notice nothing.
//!
//! `message.rs` has what all ICMPv6 messages share, `option.rs` what follows their heads, `beacon.rs` the timers.

mod beacon;
mod message;
mod option;
mod profile;
mod router_advertisement;
mod router_solicitation;

pub use beacon::Beacon;
pub use message::{Flaw, Icmp};
pub use option::{DiscoveryOption, Options};
pub use profile::{Lifetime, OnLinkPrefix, Preference, Profile, SearchDomain};
pub use router_advertisement::{RouterAdvertisement, emit};
pub use router_solicitation::RouterSolicitation;
