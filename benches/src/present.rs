//! What a listener has heard: the set of prefixes that are announced to it and not withdrawn.
//!
//! It only walks lengths and marks prefixes, so that the router is what is measured and not the listener.

use std::collections::HashSet;
use std::io;
use std::net::Ipv4Addr;

use crate::message::{HEADER, NOTIFICATION, UPDATE};
use crate::table::single_number;

/// A bit for each IPv4 prefix up to /24, a hash set for the rest.
pub struct Present {
    short: Vec<u64>,
    long: HashSet<(u128, u8), foldhash::fast::FixedState>,
    count: usize,
    updates: u64,
    singles: Vec<u16>,
}

impl Default for Present {
    fn default() -> Self {
        // Written to once, so that the kernel does not hand out its pages while a clock runs.
        let mut short = vec![u64::MAX; (1 << 24) * 25 / 64 + 1];
        short.fill(0);
        let long = HashSet::with_capacity_and_hasher(1 << 18, foldhash::fast::FixedState::default());
        Self { short, long, count: 0, updates: 0, singles: Vec::new() }
    }
}

impl Present {
    /// Takes whole messages from the front of `octets` and says how many octets that were.
    ///
    /// # Errors
    ///
    /// NOTIFICATION, and what is no BGP.
    pub fn hear(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut at = 0;
        while let Some(header) = octets[at..].get(..HEADER) {
            let len = usize::from(u16::from_be_bytes([header[16], header[17]]));
            if len < HEADER {
                return Err(io::Error::other(format!("a message of {len} octets")));
            }
            let Some(body) = octets.get(at + HEADER..at + len) else { break };
            match header[18] {
                UPDATE => {
                    self.updates += 1;
                    self.apply(body)
                        .ok_or_else(|| io::Error::other("an UPDATE with lengths that disagree"))?;
                }
                NOTIFICATION => return Err(io::Error::other(format!("NOTIFICATION {body:?}"))),
                _ => {}
            }
            at += len;
        }
        Ok(at)
    }

    /// Prefixes announced and not withdrawn, single routes not counted.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// UPDATEs heard.
    #[must_use]
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// The numbers of the single routes that were announced since this was asked last.
    pub fn take_singles(&mut self) -> Vec<u16> {
        std::mem::take(&mut self.singles)
    }

    fn apply(&mut self, body: &[u8]) -> Option<()> {
        let (withdrawn, rest) = counted(body)?;
        self.walk(withdrawn, Family::Ipv4, false)?;
        let (mut attrs, announced) = counted(rest)?;
        while let [flags, code, rest @ ..] = attrs {
            let (value, rest) = if flags & 0x10 == 0 {
                let (len, rest) = rest.split_first()?;
                rest.split_at_checked(usize::from(*len))?
            } else {
                counted(rest)?
            };
            match code {
                14 => {
                    let next_hop = usize::from(*value.get(3)?);
                    self.walk(value.get(5 + next_hop..)?, Family::of(value), true)?;
                }
                15 => self.walk(value.get(3..)?, Family::of(value), false)?,
                _ => {}
            }
            attrs = rest;
        }
        self.walk(announced, Family::Ipv4, true)
    }

    fn walk(&mut self, mut nlri: &[u8], family: Family, is_announced: bool) -> Option<()> {
        while let Some((&len, rest)) = nlri.split_first() {
            let (octets, rest) = rest.split_at_checked(usize::from(len.div_ceil(8)))?;
            let mut address = [0; 16];
            address.get_mut(..octets.len())?.copy_from_slice(octets);
            self.mark(u128::from_be_bytes(address), len, family, is_announced);
            nlri = rest;
        }
        Some(())
    }

    fn mark(&mut self, address: u128, len: u8, family: Family, is_announced: bool) {
        let changed = if family == Family::Ipv4 && len <= 24 {
            let block = (address >> 104) as usize;
            let bit = block * 25 + usize::from(len);
            let word = &mut self.short[bit / 64];
            let before = *word;
            if is_announced {
                *word |= 1 << (bit % 64);
            } else {
                *word &= !(1 << (bit % 64));
            }
            before != *word
        } else if let Some(number) = single(address, len, family) {
            if is_announced {
                self.singles.push(number);
            }
            return;
        } else {
            let key = (address, len | u8::from(family == Family::Ipv4) << 7);
            if is_announced { self.long.insert(key) } else { self.long.remove(&key) }
        };
        if changed && is_announced {
            self.count += 1;
        } else if changed {
            self.count -= 1;
        }
    }
}

fn single(address: u128, len: u8, family: Family) -> Option<u16> {
    let short = u32::try_from(address >> 96).ok().filter(|_| family == Family::Ipv4)?;
    single_number(Ipv4Addr::from_bits(short), len)
}

/// Splits off what a length of two octets at the front counts.
fn counted(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = octets.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Ipv4,
    Ipv6,
}

impl Family {
    /// From the address family identifier at the front of MP_REACH_NLRI and MP_UNREACH_NLRI.
    fn of(value: &[u8]) -> Self {
        if value.get(1) == Some(&1) { Self::Ipv4 } else { Self::Ipv6 }
    }
}
