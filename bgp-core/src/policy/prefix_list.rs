//! Prefix lists: which destinations a line of policy is about.
//!
//! A list of a thousand lines is asked about every prefix of a full table, so it is not walked. The prefixes that
//! its lines are written with are kept in order, each with the one it lies in. Of those that a route's prefix lies
//! in, the longest is found by bisection or is around the one found; the others follow from parent to parent. Of
//! the lines met on the way the first in the list decides.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::Action;
use crate::types::Prefix;

/// `ip prefix-list`, `ipv6 prefix-list`: the first line that matches decides, none denies.
#[derive(Clone, Debug, Default)]
pub struct PrefixList {
    name: String,
    entries: Vec<PrefixEntry>,
    /// Prefixes that lines are written with, in order: one comes after those it lies in.
    nets: Vec<Net>,
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

/// A prefix that lines are written with.
#[derive(Clone, Copy, Debug)]
struct Net {
    key: Key,
    /// The longest other one that it lies in.
    parent: u32,
    /// The first line with this prefix.
    line: u32,
}

/// A prefix as something to sort by: the family, the address from the left, the length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    is_v6: bool,
    bits: u128,
    len: u8,
}

impl PrefixList {
    /// A list of `entries`, which are put in order of sequence number.
    #[must_use]
    pub fn new(name: impl Into<String>, mut entries: Vec<PrefixEntry>) -> Self {
        entries.sort_by_key(|entry| entry.seq);
        let mut lines: Vec<(Key, u32)> =
            entries.iter().map(|entry| Key::of(&entry.prefix)).zip(0..NONE).collect();
        lines.sort_unstable();
        let mut list =
            Self { name: name.into(), next: alloc::vec![NONE; entries.len()], nets: Vec::new(), entries };
        let mut before = NONE;
        for (key, line) in lines {
            match list.nets.last() {
                Some(net) if net.key == key => {
                    if let Some(next) = list.next.get_mut(before as usize) {
                        *next = line;
                    }
                }
                _ => list.nets.push(Net { key, parent: list.innermost(list.nets.len(), &key), line }),
            }
            before = line;
        }
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
        let key = Key::of(prefix);
        let mut first = NONE;
        let mut at = self.innermost(self.nets.partition_point(|net| net.key <= key), &key);
        while let Some(net) = self.nets.get(at as usize) {
            let mut line = net.line;
            while line < first {
                let entry = self.entries.get(line as usize)?;
                if (entry.min_len..=entry.max_len).contains(&key.len) {
                    first = line;
                }
                line = self.next.get(line as usize).copied().unwrap_or(NONE);
            }
            at = net.parent;
        }
        self.entries.get(first as usize)
    }

    /// The longest prefix that `key` lies in, where those before `end` are not after it: whatever it lies in, the
    /// one before it does too.
    fn innermost(&self, end: usize, key: &Key) -> u32 {
        let mut at = u32::try_from(end).ok().and_then(|end| end.checked_sub(1)).unwrap_or(NONE);
        while let Some(net) = self.nets.get(at as usize).filter(|net| !net.key.contains(key)) {
            at = net.parent;
        }
        at
    }
}

impl Key {
    fn of(prefix: &Prefix) -> Self {
        let len = prefix.prefix_len();
        match prefix.addr() {
            IpAddr::V4(addr) => Self { is_v6: false, bits: u128::from(addr.to_bits()) << 96, len },
            IpAddr::V6(addr) => Self { is_v6: true, bits: addr.to_bits(), len },
        }
    }

    /// True if `other` lies in this prefix.
    const fn contains(&self, other: &Self) -> bool {
        let mask = match self.len {
            0 => 0,
            len => u128::MAX << (128 - len),
        };
        self.is_v6 == other.is_v6 && self.len <= other.len && (self.bits ^ other.bits) & mask == 0
    }
}

impl PartialEq for PrefixList {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.entries == other.entries
    }
}

/// No line, no prefix.
const NONE: u32 = u32::MAX;

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
