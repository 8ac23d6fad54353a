//! Prefixes as keys: five octets an IPv4 one, seventeen an IPv6 one, the length last.

use alloc::vec::Vec;
use core::hash::{BuildHasher, Hasher};
use core::net::{Ipv4Addr, Ipv6Addr};

use foldhash::fast::FixedState;
use ipnet::{Ipv4Net, Ipv6Net};

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

    /// What `id` stands for.
    pub(super) fn prefix(&self, id: PrefixId) -> Option<Prefix> {
        match self {
            Self::V4(keys) => {
                let [a, b, c, d, len] = *keys.get(id.0 as usize)?;
                Ipv4Net::new(Ipv4Addr::new(a, b, c, d), len).ok().map(Prefix::V4)
            }
            Self::V6(keys) => {
                let (addr, [len]) = keys.get(id.0 as usize)?.split_first_chunk::<16>()? else { return None };
                Ipv6Net::new(Ipv6Addr::from(*addr), *len).ok().map(Prefix::V6)
            }
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
