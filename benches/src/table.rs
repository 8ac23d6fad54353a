//! Routing tables to load: made up, or read from MRT.
//!
//! A table is a list of attribute sets with the prefixes that share each, which is how UPDATEs carry them.
//! The made-up one has a real table's shape: prefix lengths as seen in the default-free zone, AS paths of two
//! to eight numbers, six prefixes a set on average. It is the same on every run.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Routes of one family that share their attributes.
#[derive(Clone, Debug)]
pub struct Group {
    /// ORIGIN, AS_PATH and so on, without NEXT_HOP and MP_REACH_NLRI, AS numbers in four octets; the AS_PATH is
    /// that of the route's sender, with `FEED_AS` where the sender's own number goes.
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

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

/// The `n`th IPv4 prefix: each has a /24 of its own, most are that /24, the others are shorter and aligned.
fn ipv4_prefix(n: u32) -> IpNet {
    // From 1.0.0.0 up to 223.255.255.0, but for loopback, which routers refuse.
    let block = (1 << 16) + n * 14;
    let block = if block < 127 << 16 { block } else { block + (1 << 16) };
    let (len, keep) = match n % 16 {
        0 => (22, 22),
        1 => (23, 23),
        2 => (21, 21),
        _ => (24, 24),
    };
    let bits = (block << 8) & (u32::MAX << (32 - keep));
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
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn prefixes_of_a_made_up_table_are_distinct_and_groups_hold_six() {
        let table = Table::made_up(Shape { ipv4: 1_000_000, ipv6: 200_000, seed: 1, first: 0 });
        let distinct: HashSet<_> = table.groups.iter().flat_map(|group| &group.prefixes).collect();
        assert_eq!(distinct.len(), 1_200_000);
        let average = table.len() as f64 / table.groups.len() as f64;
        assert!((5.8..6.2).contains(&average), "{average}");
    }
}
