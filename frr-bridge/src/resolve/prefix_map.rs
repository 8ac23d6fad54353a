//! A map by prefix that finds what covers an address.
//!
//! For the routes that are not BGP's: tens or thousands, so an ordered map and a look-up per prefix length in use
//! are fast enough, and the order is that of `show`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

#[derive(Clone, Debug)]
pub(super) struct PrefixMap<T> {
    entries: BTreeMap<IpNet, T>,
    /// How many prefixes of each length there are.
    lengths: [BTreeMap<u8, usize>; 2],
}

impl<T> Default for PrefixMap<T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), lengths: [BTreeMap::new(), BTreeMap::new()] }
    }
}

impl<T: Default> PrefixMap<T> {
    pub(super) fn entry(&mut self, prefix: IpNet) -> &mut T {
        let lengths = lengths_mut(&mut self.lengths, prefix.addr());
        self.entries.entry(prefix).or_insert_with(|| {
            *lengths.entry(prefix.prefix_len()).or_default() += 1;
            T::default()
        })
    }
}

impl<T> PrefixMap<T> {
    pub(super) fn remove(&mut self, prefix: &IpNet) {
        if self.entries.remove(prefix).is_none() {
            return;
        }
        let lengths = lengths_mut(&mut self.lengths, prefix.addr());
        if let Some(count) = lengths.get_mut(&prefix.prefix_len()) {
            *count -= 1;
            if *count == 0 {
                lengths.remove(&prefix.prefix_len());
            }
        }
    }

    pub(super) fn get(&self, prefix: &IpNet) -> Option<&T> {
        self.entries.get(prefix)
    }

    pub(super) fn get_mut(&mut self, prefix: &IpNet) -> Option<&mut T> {
        self.entries.get_mut(prefix)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&IpNet, &T)> {
        self.entries.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&IpNet, &mut T)> {
        self.entries.iter_mut()
    }

    /// Entries whose prefix contains `address`, longest first.
    pub(super) fn covering(&self, address: IpAddr) -> impl Iterator<Item = (&IpNet, &T)> {
        let [v4, v6] = &self.lengths;
        let lengths = if address.is_ipv4() { v4 } else { v6 };
        lengths.keys().rev().filter_map(move |len| {
            let prefix = IpNet::new(address, *len).ok()?.trunc();
            self.entries.get_key_value(&prefix)
        })
    }
}

fn lengths_mut(lengths: &mut [BTreeMap<u8, usize>; 2], address: IpAddr) -> &mut BTreeMap<u8, usize> {
    let [v4, v6] = lengths;
    if address.is_ipv4() { v4 } else { v6 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_covers_an_address_comes_longest_first() {
        let mut map = PrefixMap::<u8>::default();
        for prefix in ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16", "::/0"] {
            map.entry(prefix.parse().unwrap());
        }
        map.remove(&"10.2.0.0/16".parse().unwrap());
        let covering = |map: &PrefixMap<u8>, address: &str| {
            map.covering(address.parse().unwrap()).map(|(prefix, _)| prefix.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(covering(&map, "10.1.2.3"), ["10.1.0.0/16", "10.0.0.0/8", "0.0.0.0/0"]);
        assert_eq!(covering(&map, "10.2.2.3"), ["10.0.0.0/8", "0.0.0.0/0"]);
        map.remove(&"10.1.0.0/16".parse().unwrap());
        assert_eq!(covering(&map, "10.1.2.3"), ["10.0.0.0/8", "0.0.0.0/0"]);
        assert_eq!(covering(&map, "2001:db8::1"), ["::/0"]);
    }
}
