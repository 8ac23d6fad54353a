//! Roles and ONLY_TO_CUSTOMER (RFC 9234 §5): a provider's routes are for customers, and a leak stays out.
//!
//! ```text
//!  a: the device under test, 10.0.0.1, AS 65001 ──eth0── b: FRR, our provider, 10.0.0.2, AS 65002
//!                                                          10.0.0.3, our customer, AS 65003, by hand
//!                                                          10.0.0.4, our peer, AS 65004, by hand
//! ```

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyhow::{Result, ensure};
use lab::daemon::{Kind, Neighbor, Route};
use lab::raw_peer::{Open, Table, attribute, attributes, update};
use lab::{RawPeer, eventually};

use crate::pair::{A4, B4, Pair, ours, reads_frr_conf, theirs};

#[test]
fn a_providers_route_is_for_customers_only_and_a_customers_leak_for_nobody() {
    lab::run("roles", |lab| {
        if !reads_frr_conf() || !Kind::Frr.available()? {
            return Ok(());
        }
        let wait_for = |address: Ipv4Addr, asn| Neighbor::new(&address.to_string(), asn).passive().hold(180);
        let ours = ours(B4, |n| n)
            .neighbor(wait_for(CUSTOMER, 65003))
            .neighbor(wait_for(PEER, 65004))
            .router_lines(OUR_ROLES);
        let theirs = theirs(A4, |n| n).route(Route::new("198.51.100.0/24").via(B4)).router_lines(THEIR_ROLE);
        let pair = Pair::start(lab, Kind::Frr, &ours, &theirs)?;
        for address in [CUSTOMER, PEER] {
            pair.b.ip(&format!("addr add {address}/24 dev eth0"))?;
        }
        pair.dut.await_route(B4, "198.51.100.0/24")?;
        let mut customer = Told::connect(&pair, CUSTOMER, 65003)?;
        let mut peer = Told::connect(&pair, PEER, 65004)?;
        customer.expect(&[(THEIRS, Some(65002))])?;
        peer.expect(&[])?;

        customer.announce(&[])?;
        peer.expect(&[(OWN, Some(65001))])?;
        pair.peer.await_route(A4, "203.0.113.0/24")?;

        customer.announce(&[0xc0, 35, 4, 0, 0, 0xfd, 0xea])?;
        peer.expect(&[])?;
        pair.peer.await_no_route(A4, "203.0.113.0/24")?;
        ensure!(pair.dut.established(CUSTOMER.into())?, "a leak is no reason to end a session");
        Ok(())
    });
}

/// A peer played by hand and what it was told.
struct Told {
    asn: u16,
    peer: RawPeer,
    table: Table,
}

impl Told {
    fn connect(pair: &Pair, address: Ipv4Addr, asn: u16) -> Result<Self> {
        let dut: IpAddr = A4.parse()?;
        let peer = eventually(Duration::from_secs(20), "a session with a peer played by hand", || {
            let mut peer = RawPeer::connect(&pair.b, address, dut)?;
            peer.establish(&Open::new(asn, address, 180))?;
            Ok(peer)
        })?;
        Ok(Self { asn, peer, table: Table::default() })
    }

    /// Announces [`OWN`], with these attributes behind the usual ones.
    fn announce(&mut self, more: &[u8]) -> Result<()> {
        let path = [attributes(&[self.asn.into()], NEXT_HOP), more.to_vec()].concat();
        self.peer.send(&update(&[], &path, OWN))
    }

    /// Reads until it holds these routes, with these marks, and nothing more comes.
    fn expect(&mut self, expected: &[(&[u8], Option<u32>)]) -> Result<()> {
        let (peer, table) = (&mut self.peer, &mut self.table);
        eventually(Duration::from_secs(20), "the peer was told what it is to be", || {
            while let Some(message) = peer.read_for(Duration::from_millis(500))? {
                table.take(&message)?;
            }
            let mark = |octets| attribute(octets, 35)?.try_into().ok().map(u32::from_be_bytes);
            let told: Vec<_> =
                table.routes.iter().map(|(prefix, octets)| (prefix.as_slice(), mark(octets))).collect();
            ensure!(told == expected, "it was told {told:?}");
            Ok(())
        })
    }
}

const CUSTOMER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 3);
const PEER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 4);
/// Nobody's: all of them are in one namespace, and FRR would take none of their addresses for a next hop.
const NEXT_HOP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
/// 198.51.100.0/24, the provider's.
const THEIRS: &[u8] = &[24, 198, 51, 100];
/// 203.0.113.0/24, the customer's.
const OWN: &[u8] = &[24, 203, 0, 113];
const OUR_ROLES: &str = " neighbor 10.0.0.2 remote-as 65002
 neighbor 10.0.0.2 local-role customer
 neighbor 10.0.0.3 remote-as 65003
 neighbor 10.0.0.3 local-role provider
 neighbor 10.0.0.4 remote-as 65004
 neighbor 10.0.0.4 local-role peer";
const THEIR_ROLE: &str = " neighbor 10.0.0.1 remote-as 65001
 neighbor 10.0.0.1 local-role provider";
