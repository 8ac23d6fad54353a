//! Prefixes in order, each with the longest other one that it lies in.
//!
//! Whatever prefix is asked about, the longest of these that it lies in is found by bisection: it is the one before
//! it in order, or one that that lies in. All others that it lies in follow from parent to parent.

use alloc::vec::Vec;

use ipnet::{Ipv4Net, Ipv6Net};

/// Prefixes of one family, with a number each.
#[derive(Clone, Debug)]
pub(super) struct Nest<N> {
    nets: Vec<N>,
    links: Vec<Link>,
}

/// A prefix as something to sort by: a shorter one comes before those that lie in it.
pub(super) trait Net: Copy + Ord {
    /// True if `other` lies in this one, or is it.
    fn contains(self, other: Self) -> bool;
}

/// Address and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NetV4(u64);

/// Address and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NetV6(u128, u8);

#[derive(Clone, Copy, Debug)]
struct Link {
    parent: u32,
    number: u32,
}

impl<N: Net> Nest<N> {
    /// The nest of `nets`; of those that are equal the lowest number stands, and `chain` is told each number with
    /// the next higher one.
    pub(super) fn new(mut nets: Vec<(N, u32)>, chain: &mut impl FnMut(u32, u32)) -> Self {
        nets.sort_unstable();
        let mut nest = Self::default();
        let mut before = NONE;
        for (net, number) in nets {
            if nest.nets.last() == Some(&net) {
                chain(before, number);
            } else {
                let parent = nest.innermost(nest.nets.len(), net);
                nest.nets.push(net);
                nest.links.push(Link { parent, number });
            }
            before = number;
        }
        nest
    }

    /// The numbers of the prefixes that `net` lies in, the longest first.
    pub(super) fn around(&self, net: N) -> impl Iterator<Item = u32> {
        let mut at = self.innermost(self.nets.partition_point(|known| *known <= net), net);
        core::iter::from_fn(move || {
            let link = self.links.get(at as usize)?;
            at = link.parent;
            Some(link.number)
        })
    }

    /// Where the longest one stands that `net` lies in, if none from `end` on comes before it.
    fn innermost(&self, end: usize, net: N) -> u32 {
        let mut at = u32::try_from(end).ok().and_then(|end| end.checked_sub(1)).unwrap_or(NONE);
        while let Some(known) = self.nets.get(at as usize)
            && !known.contains(net)
        {
            at = self.links.get(at as usize).map_or(NONE, |link| link.parent);
        }
        at
    }
}

impl<N> Default for Nest<N> {
    fn default() -> Self {
        Self { nets: Vec::new(), links: Vec::new() }
    }
}

impl NetV4 {
    pub(super) fn of(net: &Ipv4Net) -> Self {
        Self(u64::from(net.addr().to_bits()) << 8 | u64::from(net.prefix_len()))
    }
}

impl Net for NetV4 {
    fn contains(self, other: Self) -> bool {
        let len = self.0 & 0xff;
        len <= other.0 & 0xff && (self.0 ^ other.0) >> (40 - len) == 0
    }
}

impl NetV6 {
    pub(super) fn of(net: &Ipv6Net) -> Self {
        Self(net.addr().to_bits(), net.prefix_len())
    }
}

impl Net for NetV6 {
    fn contains(self, other: Self) -> bool {
        let differing = (self.0 ^ other.0).checked_shr(128 - u32::from(self.1)).unwrap_or(0);
        self.1 <= other.1 && differing == 0
    }
}

/// No prefix.
const NONE: u32 = u32::MAX;
