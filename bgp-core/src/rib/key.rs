//! Prefixes as keys: five octets an IPv4 one, seventeen an IPv6 one, the length last.

use alloc::vec::Vec;
use core::hash::{BuildHasher, Hasher};
use core::net::{Ipv4Addr, Ipv6Addr};

use foldhash::fast::FixedState;
use ipnet::{Ipv4Net, Ipv6Net};

use super::order::first_after;
use super::spare::cut;
use super::table::PrefixId;
use crate::types::{Family, Prefix};

/// The keys of one family's prefixes, by their ids.
#[derive(Debug)]
pub(super) enum Keys {
    /// IPv4.
    V4(Vec<KeyV4>),
    /// IPv6.
    V6(Vec<KeyV6>),
}

pub(super) type KeyV4 = [u8; 5];
pub(super) type KeyV6 = [u8; 17];

impl Keys {
    /// No keys.
    pub(super) fn new(family: Family) -> Self {
        match family {
            Family::Ipv4Unicast => Self::V4(Vec::new()),
            Family::Ipv6Unicast => Self::V6(Vec::new()),
        }
    }

    /// Sets the key of `id`, which has one already or is the next one.
    pub(super) fn put(&mut self, id: PrefixId, prefix: &Prefix) {
        match (self, prefix) {
            (Self::V4(keys), Prefix::V4(net)) => put(keys, id, key_v4(net)),
            (Self::V6(keys), Prefix::V6(net)) => put(keys, id, key_v6(net)),
            (Self::V4(_), Prefix::V6(_)) | (Self::V6(_), Prefix::V4(_)) => {}
        }
    }

    /// Forgets the keys from `end` on, and gives their memory back.
    pub(super) fn cut(&mut self, end: usize) {
        match self {
            Self::V4(keys) => cut(keys, end),
            Self::V6(keys) => cut(keys, end),
        }
    }

    /// True if `prefix` is what `id` stands for.
    pub(super) fn is(&self, id: u32, prefix: &Prefix) -> bool {
        match (self, prefix) {
            (Self::V4(keys), Prefix::V4(net)) => keys.get(id as usize) == Some(&key_v4(net)),
            (Self::V6(keys), Prefix::V6(net)) => keys.get(id as usize) == Some(&key_v6(net)),
            (Self::V4(_), Prefix::V6(_)) | (Self::V6(_), Prefix::V4(_)) => false,
        }
    }

    /// The hash of what `id` stands for.
    pub(super) fn hash(&self, hasher: &FixedState, id: u32) -> u64 {
        match self {
            Self::V4(keys) => keys.get(id as usize).map_or(0, |key| hash_v4(hasher, *key)),
            Self::V6(keys) => keys.get(id as usize).map_or(0, |key| hash_v6(hasher, *key)),
        }
    }

    /// Octets of one key.
    pub(super) const fn octets_each(&self) -> usize {
        match self {
            Self::V4(_) => size_of::<KeyV4>(),
            Self::V6(_) => size_of::<KeyV6>(),
        }
    }

    /// The first `count` prefixes after `after` that `is_there` lets through, the last one first.
    pub(super) fn first_after(
        &self,
        after: Option<&Prefix>,
        count: usize,
        is_there: impl Fn(PrefixId) -> bool,
    ) -> Vec<Prefix> {
        match self {
            Self::V4(keys) => {
                let after = after.and_then(|after| match after {
                    Prefix::V4(net) => Some(rank_v4(key_v4(net))),
                    Prefix::V6(_) => None,
                });
                let keys = (0..).map(PrefixId).zip(keys.iter().map(|key| rank_v4(*key)));
                let found = first_after(keys, after, count, is_there);
                found.into_iter().filter_map(|rank| prefix_v4(key_of_rank(rank))).collect()
            }
            Self::V6(keys) => {
                let after = after.and_then(|after| match after {
                    Prefix::V4(_) => None,
                    Prefix::V6(net) => Some(key_v6(net)),
                });
                let found =
                    first_after((0..).map(PrefixId).zip(keys.iter().copied()), after, count, is_there);
                found.iter().filter_map(prefix_v6).collect()
            }
        }
    }

    /// What `id` stands for.
    pub(super) fn prefix(&self, id: PrefixId) -> Option<Prefix> {
        match self {
            Self::V4(keys) => prefix_v4(*keys.get(id.0 as usize)?),
            Self::V6(keys) => prefix_v6(keys.get(id.0 as usize)?),
        }
    }
}

/// The hash of a prefix.
pub(super) fn hash(hasher: &FixedState, prefix: &Prefix) -> u64 {
    match prefix {
        Prefix::V4(net) => hash_v4(hasher, key_v4(net)),
        Prefix::V6(net) => hash_v6(hasher, key_v6(net)),
    }
}

fn put<T>(keys: &mut Vec<T>, id: PrefixId, key: T) {
    match keys.get_mut(id.0 as usize) {
        Some(slot) => *slot = key,
        None => keys.push(key),
    }
}

fn key_v4(net: &Ipv4Net) -> KeyV4 {
    let [a, b, c, d] = net.addr().octets();
    [a, b, c, d, net.prefix_len()]
}

fn key_v6(net: &Ipv6Net) -> KeyV6 {
    let mut key = [0; 17];
    if let Some((addr, len)) = key.split_first_chunk_mut::<16>() {
        *addr = net.addr().octets();
        len.fill(net.prefix_len());
    }
    key
}

fn prefix_v4([a, b, c, d, len]: KeyV4) -> Option<Prefix> {
    Ipv4Net::new(Ipv4Addr::new(a, b, c, d), len).ok().map(Prefix::V4)
}

fn prefix_v6(key: &KeyV6) -> Option<Prefix> {
    let (addr, [len]) = key.split_first_chunk::<16>()? else { return None };
    Ipv6Net::new(Ipv6Addr::from(*addr), *len).ok().map(Prefix::V6)
}

/// A key as a number that sorts as the prefix does.
const fn rank_v4([a, b, c, d, len]: KeyV4) -> u64 {
    u64::from_be_bytes([0, 0, 0, a, b, c, d, len])
}

const fn key_of_rank(rank: u64) -> KeyV4 {
    let [_, _, _, a, b, c, d, len] = rank.to_be_bytes();
    [a, b, c, d, len]
}

fn hash_v4(hasher: &FixedState, [a, b, c, d, len]: KeyV4) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write_u64(u64::from_be_bytes([0, 0, 0, len, a, b, c, d]));
    hasher.finish()
}

fn hash_v6(hasher: &FixedState, key: KeyV6) -> u64 {
    let mut hasher = hasher.build_hasher();
    if let Some((addr, len)) = key.split_first_chunk::<16>() {
        hasher.write_u128(u128::from_be_bytes(*addr));
        hasher.write_u8(len.first().copied().unwrap_or(0));
    }
    hasher.finish()
}
