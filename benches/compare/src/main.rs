//! Our codec beside the public ones: nanoseconds a prefix, on the same octets, for the same work.
//!
//! ```console
//! $ cd benches/compare && cargo run --release
//! ```
//!
//! The work is to check an UPDATE and to look at every prefix, every AS number, every community, the next hop,
//! ORIGIN and MULTI_EXIT_DISC, each as a number. All codecs must find the same: their [`Seen`]s are compared before anything is timed.
//! Each is used in the way its documentation shows that is fastest for this. What they make on the way is
//! their own matter: some borrow, some own.

mod bgpkit;
mod netgauze;
mod ours;
mod routecore;
mod zettabgp;

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use benches::message::{self, Identity};
use benches::table::{Shape, Table};

/// What was found in UPDATEs, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    prefixes: u64,
    lengths: u64,
    addresses: u64,
    asns: u64,
    communities: u64,
    next_hops: u64,
    numbers: u64,
}

impl Seen {
    /// A destination.
    pub fn prefix(&mut self, address: IpAddr, len: u8) {
        self.prefixes += 1;
        self.lengths += u64::from(len);
        self.addresses = self.addresses.wrapping_add(number(address));
    }

    /// A number of the AS path.
    pub fn asn(&mut self, asn: u32) {
        self.asns += u64::from(asn);
    }

    /// A community (RFC 1997).
    pub fn community(&mut self, community: u32) {
        self.communities += u64::from(community);
    }

    /// NEXT_HOP, or that of MP_REACH_NLRI.
    pub fn next_hop(&mut self, address: IpAddr) {
        self.next_hops = self.next_hops.wrapping_add(number(address));
    }

    /// ORIGIN or MULTI_EXIT_DISC.
    pub fn number(&mut self, value: u32) {
        self.numbers += u64::from(value);
    }
}

fn number(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            (bits >> 64) as u64 ^ bits as u64
        }
    }
}

/// Looks at whole messages, one after the other.
type Codec = (&'static str, fn(&[Vec<u8>]) -> Seen);

const CODECS: [Codec; 5] = [
    ("ridgeway", ours::visit),
    ("routecore 0.7", routecore::visit),
    ("netgauze-bgp-pkt 0.13", netgauze::visit),
    ("zettabgp 0.6", zettabgp::visit),
    ("bgpkit-parser 0.23", bgpkit::visit),
];

fn main() {
    let loads = [
        ("IPv4, six each", messages(&table(6_000, 0), Some(6))),
        ("IPv6, six each", messages(&table(0, 6_000), Some(6))),
        ("a table", messages(&table(10_000, 2_000), None)),
    ];
    print!("| nanoseconds a prefix |");
    loads.iter().for_each(|(name, _)| print!(" {name} |"));
    println!("\n|---|{}", "---|".repeat(loads.len()));
    for (name, visit) in CODECS {
        print!("| {name} |");
        for (_, messages) in &loads {
            let seen = visit(messages);
            assert_eq!(seen, ours::visit(messages), "{name} finds what ours finds");
            print!(" {:.1} |", time(visit, messages) / seen.prefixes as f64);
        }
        println!();
    }
}

/// Nanoseconds for all the messages: the best of many rounds, which is the one that nothing disturbed.
fn time(visit: fn(&[Vec<u8>]) -> Seen, messages: &[Vec<u8>]) -> f64 {
    let start = Instant::now();
    let mut best = Duration::MAX;
    while start.elapsed() < ROUNDS {
        let before = Instant::now();
        black_box(visit(black_box(messages)));
        best = best.min(before.elapsed());
    }
    best.as_nanos() as f64
}

fn table(ipv4: u32, ipv6: u32) -> Table {
    Table::made_up(Shape { ipv4, ipv6, seed: 1, first: 0 })
}

/// UPDATEs of a table, with so many prefixes each if that is said. Those with a community twice are left out:
/// a codec may keep communities as a set.
fn messages(table: &Table, each: Option<usize>) -> Vec<Vec<u8>> {
    let who = Identity {
        asn: 65_001,
        address: Ipv4Addr::new(192, 0, 2, 1),
        address6: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1),
        router: SocketAddr::from((Ipv4Addr::LOCALHOST, 179)),
    };
    let all: Vec<_> = table.groups.iter().flat_map(|group| group.prefixes.clone()).collect();
    let mut left = all.chunks(each.unwrap_or(1));
    let updates = table.groups.iter().filter_map(|group| {
        let prefixes = if each.is_some() { left.next()? } else { &group.prefixes[..] };
        let mut attrs = group.attrs.clone();
        attrs[group.sender_at..][..4].copy_from_slice(&who.asn.to_be_bytes());
        Some(message::update(&attrs, prefixes, &who))
    });
    updates.filter(|message| ours::has_distinct_communities(message)).collect()
}

/// How long each codec is timed with each load.
const ROUNDS: Duration = Duration::from_secs(2);
