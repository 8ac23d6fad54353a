//! Prefix lists: which destinations a line of policy is about.
//!
//! A list of a thousand lines is asked about every prefix of a full table, so it is not walked: the prefixes that
//! its lines are written with are in an index (`nest`), and of the lines whose prefix the route's lies in the first
//! in the list decides.

use super::Action;
use super::nest::{Nest, NetV4, NetV6};
use crate::types::Prefix;
use alloc::string::String;
use alloc::vec::Vec;

/// `ip prefix-list`, `ipv6 prefix-list`: the first line that matches decides, none denies.
#[derive(Clone, Debug, Default)]
pub struct PrefixList {
    name: String,
    entries: Vec<PrefixEntry>,
    /// Prefixes that lines are written with, and the first line with each.
    v4: Nest<NetV4>,
    v6: Nest<NetV6>,
    /// For each line, the next one with the same prefix.
    next: Vec<u32>,
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
        let mut next = alloc::vec![NONE; entries.len()];
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (entry, line) in entries.iter().zip(0..NONE) {
            match &entry.prefix {
                Prefix::V4(net) => v4.push((NetV4::of(net), line)),
                Prefix::V6(net) => v6.push((NetV6::of(net), line)),
            }
        }
        let mut chain = |before: u32, line| {
            if let Some(next) = next.get_mut(before as usize) {
                *next = line;
            }
        };
        let (v4, v6) = (Nest::new(v4, &mut chain), Nest::new(v6, &mut chain));
        Self { name: name.into(), entries, v4, v6, next }
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
        let first = match prefix {
            Prefix::V4(net) => self.first(self.v4.around(NetV4::of(net)), len),
            Prefix::V6(net) => self.first(self.v6.around(NetV6::of(net)), len),
        };
        self.entries.get(first as usize)
    }

    /// The first line that fits a prefix of this length, of the lines that begin at `heads`.
    fn first(&self, heads: impl Iterator<Item = u32>, len: u8) -> u32 {
        let mut first = NONE;
        for head in heads {
            let mut line = head;
            while let Some(entry) = self.entries.get(line as usize).filter(|_| line < first) {
                if (entry.min_len..=entry.max_len).contains(&len) {
                    first = line;
                }
                line = self.next.get(line as usize).copied().unwrap_or(NONE);
            }
        }
        first
    }
}

impl PartialEq for PrefixList {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.entries == other.entries
    }
}

/// No line.
const NONE: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use alloc::vec;
    use core::net::IpAddr;

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

    fn cut(prefix: &Prefix, len: u8) -> Prefix {
        Prefix::new(prefix.addr(), len).unwrap().trunc()
    }

    fn any_prefix() -> impl Strategy<Value = Prefix> {
        // Few addresses, so that lines and questions meet.
        (0u32..16, 0u8..=6, any::<bool>()).prop_map(|(bits, len, is_v6)| {
            let address = if is_v6 {
                IpAddr::V6((u128::from(bits) << 123).into())
            } else {
                IpAddr::V4((bits << 27).into())
            };
            cut(&Prefix::new(address, 32).unwrap(), len)
        })
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
                    && cut(&question, entry.prefix.prefix_len()) == entry.prefix
            }).copied();
            let list = PrefixList::new("x", entries);
            prop_assert_eq!(list.decide(&question).copied(), walked);
        }
    }
}
