//! Next-hop objects (RTM_NEWNEXTHOP, Linux 5.3): a next hop by number, for routes to share.
//!
//! ```text
//!  0        1       2          3   4
//! +--------+-------+----------+---+------------+
//! | family | scope | protocol | 0 | flags (32) |  struct nhmsg
//! +--------+-------+----------+---+------------+
//! ```
//!
//! The kernel checks and resolves the next hop once, when the object is made, and not for each route. In return a
//! route lives no longer than its object: when the object is removed, or the kernel drops it because its interface
//! has gone down or lost its carrier, the routes go with it, those of IPv4 without a word.

use std::io;
use std::net::IpAddr;

use super::message::{
    AF_INET, AF_INET6, Message, MessageBuffer, NLM_F_CREATE, NLM_F_EXCL, RTM_DELNEXTHOP, RTM_GETNEXTHOP,
    RTM_NEWNEXTHOP, read_address, read_u32,
};
use super::requests::Requests;
use crate::route::{Hop, Protocol};

/// A next-hop object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextHop {
    /// Its number, in its network namespace.
    pub id: u32,
    /// Where it leads; the weight is one.
    pub hop: Hop,
}

/// Makes an object with BGP's mark. It must not exist yet (EEXIST).
pub fn add_next_hop(requests: &mut Requests, next_hop: &NextHop) -> io::Result<()> {
    requests.call(RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_EXCL, |message| encode(message, next_hop))
}

/// Removes an object, and with it every route that goes by it. One that is not there is none of a failure.
pub fn remove_next_hop(requests: &mut Requests, id: u32) -> io::Result<()> {
    let outcome = requests.call(RTM_DELNEXTHOP, 0, |message| {
        message.put(&[0; HEADER_LEN]);
        message.attribute(NHA_ID, &id.to_ne_bytes());
    });
    match outcome {
        Err(error) if error.raw_os_error() == Some(nix::libc::ENOENT) => Ok(()),
        other => other,
    }
}

/// Reads the objects with BGP's mark, handing each out as it comes.
pub fn dump_next_hops(requests: &mut Requests, mut each: impl FnMut(NextHop)) -> io::Result<()> {
    let header = |request: &mut MessageBuffer| request.put(&[0; HEADER_LEN]);
    let outcome = requests.dump(RTM_GETNEXTHOP, header, |message| {
        if let Some(next_hop) = decode(message) {
            each(next_hop);
        }
    });
    outcome.map(drop)
}

/// The object of an RTM_NEWNEXTHOP or RTM_DELNEXTHOP, if it has BGP's mark. Of a group, which this program does not
/// make, there is only the number.
pub(super) fn decode(message: &Message<'_>) -> Option<NextHop> {
    if !matches!(message.kind, RTM_NEWNEXTHOP | RTM_DELNEXTHOP) {
        return None;
    }
    let (header, attributes) = message.split(HEADER_LEN)?;
    let &[_family, _scope, protocol, ..] = header else { return None };
    let onlink = read_u32(header, 4) & RTNH_F_ONLINK != 0;
    let mut next_hop = NextHop { id: 0, hop: Hop { gateway: None, interface: None, onlink, weight: 1 } };
    attributes.for_each(|(kind, value)| match kind {
        NHA_ID => next_hop.id = read_u32(value, 0),
        NHA_OIF => next_hop.hop.interface = Some(read_u32(value, 0)),
        NHA_GATEWAY => next_hop.hop.gateway = read_address(value),
        _ => {}
    });
    (Protocol(protocol) == Protocol::BGP).then_some(next_hop)
}

fn encode(message: &mut MessageBuffer, next_hop: &NextHop) {
    let NextHop { id, hop } = next_hop;
    let family = if matches!(hop.gateway, Some(IpAddr::V6(_))) { AF_INET6 } else { AF_INET };
    message.put(&[family, 0, Protocol::BGP.0, 0]);
    message.put(&(if hop.onlink { RTNH_F_ONLINK } else { 0 }).to_ne_bytes());
    message.attribute(NHA_ID, &id.to_ne_bytes());
    if let Some(interface) = hop.interface {
        message.attribute(NHA_OIF, &interface.to_ne_bytes());
    }
    match hop.gateway {
        Some(IpAddr::V4(v4)) => message.attribute(NHA_GATEWAY, &v4.octets()),
        Some(IpAddr::V6(v6)) => message.attribute(NHA_GATEWAY, &v6.octets()),
        None => {}
    }
}

const HEADER_LEN: usize = 8;

const NHA_ID: u16 = 1;
const NHA_OIF: u16 = 5;
const NHA_GATEWAY: u16 = 6;

const RTNH_F_ONLINK: u32 = 4;

#[cfg(test)]
mod tests {
    use super::super::message::Messages;
    use super::*;

    fn message(next_hop: &NextHop) -> Vec<u8> {
        let mut buffer = MessageBuffer::default();
        buffer.begin(RTM_NEWNEXTHOP, 0, 1);
        encode(&mut buffer, next_hop);
        buffer.end();
        buffer.as_slice().to_vec()
    }

    #[test]
    fn next_hops_round_trip() {
        for (gateway, onlink) in [("10.0.0.1", false), ("fe80::1", false), ("2001:db8::1", true)] {
            let hop = Hop { onlink, ..Hop::via(gateway.parse().unwrap(), 3) };
            let next_hop = NextHop { id: 70_000, hop };
            assert_eq!(decode(&Messages(&message(&next_hop)).next().unwrap()), Some(next_hop));
        }
    }

    #[test]
    fn the_next_hops_of_others_are_passed_over() {
        let mut octets = message(&NextHop { id: 1, hop: Hop::via([10, 0, 0, 1].into(), 3) });
        octets[16 + 2] = 11;
        assert_eq!(decode(&Messages(&octets).next().unwrap()), None);
    }
}
