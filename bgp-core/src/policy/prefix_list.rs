//! Prefix lists: which destinations a line of policy is about.
//!
//! A list of a thousand lines is asked about every prefix of a full table, so it is not walked. Its lines are
//! kept by the prefix they are written with; a question looks up the route's prefix cut to each length that
//! the list uses, and of the lines found the first in the list decides.

use alloc::string::String;
use alloc::vec::Vec;
use core::hash::BuildHasher;
use core::net::IpAddr;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use ipnet::IpNet;

use super::Action;
use crate::types::Prefix;

/// `ip prefix-list`, `ipv6 prefix-list`: the first line that matches decides, none denies.
#[derive(Clone, Debug, Default)]
pub struct PrefixList {
    name: String,
    entries: Vec<PrefixEntry>,
    /// Lengths that lines are written with, ascending.
    lengths: Vec<u8>,
    /// Positions in `entries`, found by the prefix of the line; a chain per prefix through `next`.
    heads: HashTable<u32>,
    /// For each line, the next one with the same prefix.
    next: Vec<Option<u32>>,
}

/// One line of a prefix list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrefixEntry {
    /// Sequence number.
    pub seq: u32,
    /// Permit or deny.
    pub action: Action,
    /// The covering prefix; `any` is the zero-length one.
    pub prefix: Prefix,
    /// Shortest length that matches.
    pub min_len: u8,
    /// Longest length that matches.
    pub max_len: u8,
}

impl PrefixList {
    /// A list of `entries`, which are put in order of sequence number.
    #[must_use]
    pub fn new(name: impl Into<String>, mut entries: Vec<PrefixEntry>) -> Self {
        entries.sort_by_key(|entry| entry.seq);
        let mut list = Self {
            name: name.into(),
            next: alloc::vec![None; entries.len()],
            entries,
            lengths: Vec::new(),
            heads: HashTable::new(),
        };
        for at in (0..u32::try_from(list.entries.len()).unwrap_or(u32::MAX)).rev() {
            list.index(at);
        }
        list.lengths.sort_unstable();
        list
    }

    /// As configured.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The lines, in order of sequence number.
    #[must_use]
    pub fn entries(&self) -> &[PrefixEntry] {
        &self.entries
    }

    /// True if the list permits `prefix`.
    #[must_use]
    pub fn permits(&self, prefix: &Prefix) -> bool {
        self.decide(prefix).is_some_and(|entry| entry.action == Action::Permit)
    }

    /// The line that decides about `prefix`, if any matches.
    #[must_use]
    pub fn decide(&self, prefix: &Prefix) -> Option<&PrefixEntry> {
        let len = prefix.prefix_len();
        let mut first: Option<u32> = None;
        for cut in self.lengths.iter().take_while(|cut| **cut <= len) {
            let mut at = self.head(&truncate(prefix, *cut));
            while let Some(position) = at.filter(|position| first.is_none_or(|first| *position < first)) {
                let entry = self.entries.get(position as usize)?;
                if (entry.min_len..=entry.max_len).contains(&len) {
                    first = Some(position);
                    break;
                }
                at = self.next.get(position as usize).copied().flatten();
            }
        }
        self.entries.get(first? as usize)
    }

    fn head(&self, prefix: &Prefix) -> Option<u32> {
        let same = |at: &u32| self.entries.get(*at as usize).is_some_and(|entry| entry.prefix == *prefix);
        self.heads.find(hash(prefix), same).copied()
    }

    /// Puts line `at` in front of the lines with its prefix; lines come in descending order.
    fn index(&mut self, at: u32) {
        let Some(prefix) = self.entries.get(at as usize).map(|entry| entry.prefix) else { return };
        if !self.lengths.contains(&prefix.prefix_len()) {
            self.lengths.push(prefix.prefix_len());
        }
        let entries = &self.entries;
        let prefix_of = |at: &u32| entries.get(*at as usize).map(|entry| entry.prefix);
        match self.heads.find_mut(hash(&prefix), |other| prefix_of(other) == Some(prefix)) {
            Some(head) => {
                if let Some(next) = self.next.get_mut(at as usize) {
                    *next = Some(*head);
                }
                *head = at;
            }
            None => {
                self.heads
                    .insert_unique(hash(&prefix), at, |at| prefix_of(at).map_or(0, |prefix| hash(&prefix)));
            }
        }
    }
}

impl PartialEq for PrefixList {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.entries == other.entries
    }
}

fn hash(prefix: &Prefix) -> u64 {
    let hasher = FixedState::default();
    match prefix {
        IpNet::V4(net) => hasher.hash_one((net.addr().to_bits(), net.prefix_len())),
        IpNet::V6(net) => hasher.hash_one((net.addr().to_bits(), net.prefix_len())),
    }
}

fn truncate(prefix: &Prefix, len: u8) -> Prefix {
    match prefix.addr() {
        IpAddr::V4(addr) => {
            let bits = addr.to_bits() & u32::MAX.checked_shl(32 - u32::from(len)).unwrap_or(0);
            ipnet::Ipv4Net::new(bits.into(), len).map_or(*prefix, Prefix::V4)
        }
        IpAddr::V6(addr) => {
            let bits = addr.to_bits() & u128::MAX.checked_shl(128 - u32::from(len)).unwrap_or(0);
            ipnet::Ipv6Net::new(bits.into(), len).map_or(*prefix, Prefix::V6)
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    fn entry(seq: u32, action: Action, prefix: &str, min_len: u8, max_len: u8) -> PrefixEntry {
        PrefixEntry { seq, action, prefix: prefix.parse().unwrap(), min_len, max_len }
    }

    fn prefix(text: &str) -> Prefix {
        text.parse().unwrap()
    }

    #[test]
    fn first_matching_line_decides_and_none_denies() {
        let list = PrefixList::new(
            "BOGONS4",
            vec![
                entry(20, Action::Permit, "0.0.0.0/0", 0, 32),
                entry(5, Action::Deny, "10.0.0.0/8", 8, 32),
                entry(15, Action::Deny, "0.0.0.0/0", 25, 32),
            ],
        );
        assert!(!list.permits(&prefix("10.1.0.0/16")));
        assert!(!list.permits(&prefix("203.0.113.0/25")));
        assert!(list.permits(&prefix("203.0.113.0/24")));
        assert!(list.permits(&prefix("0.0.0.0/0")));
        assert_eq!(list.decide(&prefix("10.1.0.0/16")).map(|entry| entry.seq), Some(5));
        assert!(!list.permits(&prefix("2001:db8::/32")));
        assert!(!PrefixList::default().permits(&prefix("192.0.2.0/24")));
    }

    fn any_prefix() -> impl Strategy<Value = Prefix> {
        // Few addresses, so that lines and questions meet.
        (0u32..4, 0u8..=6)
            .prop_map(|(bits, len)| truncate(&Prefix::new(IpAddr::V4((bits << 29).into()), 32).unwrap(), len))
    }

    proptest! {
        #[test]
        fn the_index_answers_as_a_walk_does(
            lines in proptest::collection::vec((any_prefix(), any::<bool>(), 0u8..=6, 0u8..=6), 0..24),
            question in any_prefix(),
        ) {
            let entries: Vec<_> = lines.iter().enumerate().map(|(seq, (prefix, permit, a, b))| PrefixEntry {
                seq: seq as u32,
                action: if *permit { Action::Permit } else { Action::Deny },
                prefix: *prefix,
                min_len: *a.min(b),
                max_len: *a.max(b),
            }).collect();
            let walked = entries.iter().find(|entry| {
                (entry.min_len..=entry.max_len).contains(&question.prefix_len())
                    && entry.prefix.prefix_len() <= question.prefix_len()
                    && truncate(&question, entry.prefix.prefix_len()) == entry.prefix
            }).copied();
            let list = PrefixList::new("x", entries);
            prop_assert_eq!(list.decide(&question).copied(), walked);
        }
    }
}
