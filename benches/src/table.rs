//! Routing tables to load: made up, or read from MRT.
//!
//! A table is a list of attribute sets with the prefixes that share each, which is how UPDATEs carry them.
//! The made-up one has a real table's shape: prefix lengths as seen in the default-free zone, AS paths of two
//! to eight numbers, six prefixes a set on average. It is the same on every run.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The `n`th single route's prefix: an address of 198.18.0.0/16, which is for benchmarks (RFC 2544) and in no real
/// table.
#[must_use]
pub fn single(n: u16) -> IpNet {
    let [high, low] = n.to_be_bytes();
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(198, 18, high, low), 32))
}

/// Which single route an IPv4 prefix is.
#[must_use]
pub fn single_number(address: Ipv4Addr, len: u8) -> Option<u16> {
    let [198, 18, high, low] = address.octets() else { return None };
    (len == 32).then_some(u16::from_be_bytes([high, low]))
}

/// Routes of one family that share their attributes.
#[derive(Clone, Debug)]
pub struct Group {
    /// ORIGIN, AS_PATH and so on, without NEXT_HOP and MP_REACH_NLRI, AS numbers in four octets; the AS_PATH is
    /// that of the route's sender, whose own number is put in when it is sent.
    pub attrs: Vec<u8>,
    /// Where the four octets of the sender's AS are in `attrs`.
    pub sender_at: usize,
    /// The destinations.
    pub prefixes: Vec<IpNet>,
}

/// All routes of one family or both.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// In the order they are sent.
    pub groups: Vec<Group>,
}

/// How large a made-up table is and which one.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// IPv4 prefixes.
    pub ipv4: u32,
    /// IPv6 prefixes.
    pub ipv6: u32,
    /// Feeds of the same prefixes with different paths have different seeds.
    pub seed: u64,
    /// Prefixes are taken from this place in the address space on, so that feeds can be made distinct.
    pub first: u32,
}

impl Table {
    /// A made-up table.
    #[must_use]
    pub fn made_up(shape: Shape) -> Self {
        let mut random = Random(shape.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        // The grouping does not depend on the seed: the same prefixes share a set in every feed.
        let mut sizes = Random(0x5eed);
        let mut groups = Vec::new();
        for (count, make) in
            [(shape.ipv4, ipv4_prefix as fn(u32) -> IpNet), (shape.ipv6, ipv6_prefix as fn(u32) -> IpNet)]
        {
            let mut at = shape.first;
            let end = shape.first + count;
            while at < end {
                // One to eleven: six on average.
                let size = 1 + u32::try_from(sizes.below(11)).unwrap_or(0);
                let upto = end.min(at + size);
                let (attrs, sender_at) = made_up_attrs(&mut random);
                groups.push(Group { attrs, sender_at, prefixes: (at..upto).map(make).collect() });
                at = upto;
            }
        }
        Self { groups }
    }

    /// Prefixes in all.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups.iter().map(|group| group.prefixes.len()).sum()
    }

    /// Different prefixes.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.groups.iter().flat_map(|group| &group.prefixes).collect::<HashSet<_>>().len()
    }

    /// The same prefixes with each other's attributes: those of the group `by` places on.
    #[must_use]
    pub fn with_paths_moved(mut self, by: usize) -> Self {
        let mut attrs: Vec<_> =
            self.groups.iter_mut().map(|group| (std::mem::take(&mut group.attrs), group.sender_at)).collect();
        let by = by % attrs.len().max(1);
        attrs.rotate_left(by);
        for (group, (attrs, sender_at)) in self.groups.iter_mut().zip(attrs) {
            (group.attrs, group.sender_at) = (attrs, sender_at);
        }
        self
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

/// The `n`th IPv4 prefix, in ascending order but for layers: a first million spreads over the whole space, each
/// further one goes between the blocks of those before.
fn ipv4_prefix(n: u32) -> IpNet {
    let (block, member) = (n / 16, n % 16);
    let block = block % BLOCKS_IN_A_LAYER * LAYERS + block / BLOCKS_IN_A_LAYER;
    let mut first = 1 + block / BLOCKS_IN_A_FIRST_OCTET;
    for excluded in [OWN, LOOPBACK] {
        first += u32::from(first >= excluded);
    }
    let (offset, len) = match member {
        0 => (0, 20),
        1 => (0, 21),
        2 => (8, 22),
        3 => (12, 22),
        4 => (16, 23),
        5 => (18, 23),
        single => (14 + single, 24),
    };
    let bits = first << 24 | (block % BLOCKS_IN_A_FIRST_OCTET) << 13 | offset << 8;
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::from_bits(bits), len))
}

/// The `n`th IPv6 prefix: /48s with some /32s, /40s and /44s between.
fn ipv6_prefix(n: u32) -> IpNet {
    let (len, bits) = match n % 8 {
        0 => (32, u128::from(0x2001_0000u32 + n) << 96),
        1 => (40, (u128::from(0x2400_0000u32) << 96) | (u128::from(n) << 88)),
        2 => (44, (u128::from(0x2600_0000u32) << 96) | (u128::from(n) << 84)),
        _ => (48, (u128::from(0x2a00_0000u32) << 96) | (u128::from(n) << 80)),
    };
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::from_bits(bits), len))
}

/// ORIGIN, AS_PATH of two to eight, sometimes MED and communities.
fn made_up_attrs(random: &mut Random) -> (Vec<u8>, usize) {
    let mut attrs = vec![0x40, 1, 1, u8::from(random.below(10) == 0) * 2];
    let length = 2 + u8::try_from(random.below(7)).unwrap_or(0);
    attrs.extend_from_slice(&[0x40, 2, 2 + 4 * length, 2, length]);
    let sender_at = attrs.len();
    attrs.extend_from_slice(&[0; 4]);
    for _ in 1..length {
        let asn = 1000 + u32::try_from(random.below(60_000)).unwrap_or(0);
        attrs.extend_from_slice(&asn.to_be_bytes());
    }
    if random.below(4) == 0 {
        attrs.extend_from_slice(&[0x80, 4, 4]);
        attrs.extend_from_slice(&u32::try_from(random.below(200)).unwrap_or(0).to_be_bytes());
    }
    let communities = u8::try_from(random.below(5)).unwrap_or(0);
    if communities > 0 {
        attrs.extend_from_slice(&[0xc0, 8, 4 * communities]);
        for _ in 0..communities {
            let community = (3356 << 16) | u32::try_from(random.below(3000)).unwrap_or(0);
            attrs.extend_from_slice(&community.to_be_bytes());
        }
    }
    (attrs, sender_at)
}

/// IPv4 prefixes come in blocks of sixteen within 32 /24s: a /20 with more specific ones inside it, the others beside.
const BLOCKS_IN_A_FIRST_OCTET: u32 = 2048;

/// First octets 1 to 222 less two have 450,560 blocks: six layers, 7.2 million prefixes.
const LAYERS: u32 = 6;
const BLOCKS_IN_A_LAYER: u32 = 220 * BLOCKS_IN_A_FIRST_OCTET / LAYERS;

/// The laboratory's own network, 10.0.0.0/8.
const OWN: u32 = 10;

/// 127.0.0.0/8, which routers refuse.
const LOOPBACK: u32 = 127;

/// xorshift64*: small, fixed, good enough for shapes.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_a_made_up_table_are_distinct_and_groups_hold_six() {
        let table = Table::made_up(Shape { ipv4: 1_000_000, ipv6: 200_000, seed: 1, first: 0 });
        let distinct: HashSet<_> = table.groups.iter().flat_map(|group| &group.prefixes).collect();
        assert_eq!(distinct.len(), 1_200_000);
        let average = table.len() as f64 / table.groups.len() as f64;
        assert!((5.8..6.2).contains(&average), "{average}");
    }

    #[test]
    fn five_million_ipv4_prefixes_are_distinct_and_unicast() {
        let mut distinct = HashSet::new();
        for n in 0..5_000_000 {
            let IpNet::V4(net) = ipv4_prefix(n) else { panic!("{n}") };
            let first = net.addr().octets()[0];
            assert!((1..224).contains(&first) && first != 10 && first != 127, "{net}");
            assert_eq!(net, net.trunc());
            assert!(net.prefix_len() <= 24);
            assert!(distinct.insert(net), "{net}");
        }
    }

    #[test]
    fn a_million_prefixes_ascend_and_reach_over_most_of_the_space() {
        let starts: Vec<_> = (0..1_000_000).step_by(16).map(|n| ipv4_prefix(n).network()).collect();
        assert!(starts.is_sorted());
        assert!(starts.last().is_some_and(|last| *last > Ipv4Addr::new(180, 0, 0, 0)));
    }
}
