//! The lines that count, in their blocks, as FRR would spell them.
//!
//! The script is what `show running-config` prints and what `no` works on: a line is filed under its block and its
//! key (the words that say which setting it is), so a later line replaces an earlier one and `no` can find it.

use std::collections::BTreeMap;

use bgp_core::Family;

use super::place::Place;
use super::statement::Spot;

/// The lines that count.
#[derive(Clone, Debug, Default)]
pub struct Script {
    blocks: BTreeMap<Place, Block>,
    filed: u64,
}

/// One block.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The line that opens it; empty at the top.
    pub head: String,
    lines: BTreeMap<String, Entry>,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When it was last filed.
    pub order: u64,
    /// Keywords in full, values in their usual form.
    pub text: String,
    /// Where it stood.
    pub spot: Spot,
}

/// What was filed under the same key before.
#[derive(Clone, Debug)]
pub(crate) enum Before {
    /// Nothing.
    Nothing,
    /// The same line.
    Same(Spot),
    /// Another value.
    Other(Spot),
}

impl Script {
    /// Opens a block, or opens it again.
    pub(crate) fn open(&mut self, place: Place, head: String) {
        self.blocks.entry(place).or_default().head = head;
    }

    /// Files a line under its key.
    pub(crate) fn file(&mut self, place: &Place, key: String, line: (String, Spot)) -> Before {
        let (text, spot) = line;
        self.filed += 1;
        let block = self.blocks.entry(place.clone()).or_default();
        match block.lines.get_mut(&key) {
            Some(entry) => {
                let before = if entry.text == text { Before::Same } else { Before::Other };
                let old = std::mem::replace(entry, Entry { order: self.filed, text, spot });
                before(old.spot)
            }
            None => {
                block.lines.insert(key, Entry { order: self.filed, text, spot });
                Before::Nothing
            }
        }
    }

    /// True if a line is filed under this key.
    pub(crate) fn has(&self, place: &Place, key: &str) -> bool {
        self.blocks.get(place).is_some_and(|block| block.lines.contains_key(key))
    }

    /// Takes back the line with this key; true if there was one.
    pub(crate) fn take_back(&mut self, place: &Place, key: &str) -> bool {
        self.blocks.get_mut(place).is_some_and(|block| block.lines.remove(key).is_some())
    }

    /// Takes back every line whose key begins with these words, in this block and the families inside it.
    pub(crate) fn sweep(&mut self, place: &Place, words: &str) -> bool {
        let mut found = self.blocks.get_mut(place).is_some_and(|block| block.sweep(words));
        for family in Self::inside(place) {
            found |= self.blocks.get_mut(&family).is_some_and(|block| block.sweep(words));
        }
        found
    }

    /// Takes back a block and those inside it; true if there was one.
    pub(crate) fn close(&mut self, place: &Place) -> bool {
        for family in Self::inside(place) {
            self.blocks.remove(&family);
        }
        self.blocks.remove(place).is_some()
    }

    /// Takes back every entry of a route-map; true if there was one.
    pub(crate) fn close_route_map(&mut self, name: &str) -> bool {
        let entries = Place::RouteMap(name.to_owned(), 0)..=Place::RouteMap(name.to_owned(), u32::MAX);
        let places: Vec<Place> = self.blocks.range(entries).map(|(place, _)| place.clone()).collect();
        for place in &places {
            self.close(place);
        }
        !places.is_empty()
    }

    /// The blocks, in the order of [`Place`].
    pub fn blocks(&self) -> impl Iterator<Item = (&Place, &Block)> {
        self.blocks.iter()
    }

    /// One block.
    #[must_use]
    pub fn block(&self, place: &Place) -> Option<&Block> {
        self.blocks.get(place)
    }

    fn inside(place: &Place) -> impl Iterator<Item = Place> + use<> {
        let families = if *place == Place::Bgp { &Family::ALL[..] } else { &[] };
        families.iter().copied().map(Place::Family)
    }
}

impl Block {
    /// Takes back the lines whose key begins with these words: they are neighbours.
    fn sweep(&mut self, words: &str) -> bool {
        let inside = format!("{words} ");
        let near = self.lines.range(inside.clone()..).take_while(|(key, _)| key.starts_with(&inside));
        let mut keys: Vec<String> = near.map(|(key, _)| key.clone()).collect();
        keys.extend(self.lines.contains_key(words).then(|| words.to_owned()));
        keys.iter().for_each(|key| drop(self.lines.remove(key)));
        !keys.is_empty()
    }

    /// Keys and lines, in the order in which they were last filed.
    #[must_use]
    pub fn in_order(&self) -> Vec<(&str, &Entry)> {
        let mut lines: Vec<_> = self.lines.iter().map(|(key, entry)| (key.as_str(), entry)).collect();
        lines.sort_by_key(|(_, entry)| entry.order);
        lines
    }
}
