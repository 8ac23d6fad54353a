//! Router Solicitation (RFC 4861 §4.1, §6.1.1): a host that does not want to wait for the next advertisement.
//!
//! ```text
//! | Type 133      | Code 0        |           Checksum            |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                            Reserved                           |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |   Options ...
//! ```
//!
//! It is only ever received, so there is no emit: what is answered is that it came.

use core::net::Ipv6Addr;

use super::message::{self, Flaw, Icmp};
use super::option::{DiscoveryOption, Options};
use crate::types::Mac;

/// A checked Router Solicitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouterSolicitation<'a> {
    source: Ipv6Addr,
    options: Options<'a>,
}

impl<'a> RouterSolicitation<'a> {
    /// Views a message.
    pub fn check(icmp: &Icmp<'a>) -> Result<Self, Flaw> {
        let (_, rest) = message::open::<HEAD_LEN>(icmp, KIND)?;
        let checked = Self { source: icmp.source, options: Options::check(rest)? };
        // Whoever has no address cannot say whose hardware address it is.
        if icmp.source.is_unspecified() && checked.link_layer().is_some() {
            return Err(Flaw::Source);
        }
        Ok(checked)
    }

    /// Who asks; unspecified if it has no address yet.
    #[must_use]
    pub const fn source(&self) -> Ipv6Addr {
        self.source
    }

    /// Its hardware address, where it tells.
    #[must_use]
    pub fn link_layer(&self) -> Option<Mac> {
        self.options.iter().find_map(|option| match option {
            DiscoveryOption::SourceLinkLayer(mac) => Some(mac),
            _ => None,
        })
    }
}

/// RFC 4861 §4.1.
const KIND: u8 = 133;
const HEAD_LEN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Endpoints;
    use alloc::vec::Vec;

    /// What Linux 6 sends from fe80::b4c5:ff:fe00:9 when a link comes up; the checksum is filled in.
    const SEEN: [u8; 16] = [133, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0xb6, 0xc5, 0, 0, 0, 9];
    const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);

    fn sealed(source: Ipv6Addr, octets: &[u8]) -> Vec<u8> {
        let mut message = octets.to_vec();
        message::seal(&mut message, &Endpoints::V6 { source, destination: ALL_ROUTERS });
        message
    }

    fn check(source: &str, octets: &[u8], hop_limit: u8) -> Result<Option<Mac>, Flaw> {
        let source = source.parse().unwrap();
        let payload = &sealed(source, octets);
        let icmp = Icmp { source, destination: ALL_ROUTERS, hop_limit, payload };
        RouterSolicitation::check(&icmp).map(|read| read.link_layer())
    }

    #[test]
    fn a_host_that_asks_is_understood() {
        assert_eq!(check("fe80::9", &SEEN, 255), Ok(Some(Mac([0xb6, 0xc5, 0, 0, 0, 9]))));
        assert_eq!(check("::", &SEEN[..8], 255), Ok(None));
    }

    #[test]
    fn each_malformed_twin_has_its_own_flaw() {
        let changed = |at: usize, octet: u8| {
            let mut twin = SEEN;
            twin[at] = octet;
            twin
        };
        assert_eq!(check("fe80::9", &SEEN, 254), Err(Flaw::HopLimit));
        assert_eq!(check("fe80::9", &changed(0, 134), 255), Err(Flaw::Kind));
        assert_eq!(check("fe80::9", &changed(1, 1), 255), Err(Flaw::Kind));
        assert_eq!(check("fe80::9", &SEEN[..7], 255), Err(Flaw::Length));
        assert_eq!(check("fe80::9", &changed(9, 0), 255), Err(Flaw::OptionLength));
        assert_eq!(check("fe80::9", &changed(9, 2), 255), Err(Flaw::OptionLength));
        assert_eq!(check("fe80::9", &SEEN[..9], 255), Err(Flaw::OptionLength));
        assert_eq!(check("::", &SEEN, 255), Err(Flaw::Source));
        let source = "fe80::9".parse().unwrap();
        let unsealed = Icmp { source, destination: ALL_ROUTERS, hop_limit: 255, payload: &SEEN };
        assert_eq!(RouterSolicitation::check(&unsealed), Err(Flaw::Checksum));
    }
}
