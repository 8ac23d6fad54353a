//! The kernel's routing socket (rtnetlink, RFC 3549).
//!
//! Everything asked of the kernel is a call: the kernel works it off inside `send(2)` and produces dumps inside
//! `recv(2)`, so [`Requests`] is blocking and never waits for anybody else. Only the [`Monitor`], on which the
//! kernel speaks unasked, is asynchronous.
//!
//! Decoding is lenient: a message or attribute that is not understood is passed over, since every kernel brings
//! new ones. Messages that are sent rarely are built with `netlink-packet-route`; routes, of which there may be
//! a million, are written and read in place.

mod address;
mod link;
mod macvlan;
mod message;
mod monitor;
mod next_hop;
mod refusal;
mod requests;
mod route;
mod writer;

pub use address::{add_address, dump_addresses, hold_address, remove_address};
pub use link::{dump_links, set_link_up};
pub use macvlan::{
    Ipv4Setting, add_macvlan, remove_link, set_alias, set_held_down, set_ipv4, stop_address_generation,
};
pub use monitor::{Monitor, Notice};
pub use next_hop::{NextHop, add_next_hop, dump_next_hops, remove_next_hop};
pub use refusal::{Refusal, Refusals};
pub use requests::{IpVersion, Requests, Selection};
pub use route::{RouteMark, dump_routes, is_local};
pub use writer::{Failure, Put, RouteWriter};
