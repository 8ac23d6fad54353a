//! The lines that count, in their blocks, as FRR would spell them.
//!
//! The script is what `show running-config` prints and what `no` works on: a line is filed under its block and its
//! key (the words that say which setting it is), so a later line replaces an earlier one and `no` can find it.

use std::collections::BTreeMap;

use super::place::Place;
use super::row::Spot;

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
    /// When it was first filed.
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
                let old = std::mem::replace(&mut entry.spot, spot);
                entry.text = text;
                before(old)
            }
            None => {
                block.lines.insert(key, Entry { order: self.filed, text, spot });
                Before::Nothing
            }
        }
    }

    /// Takes back the line with this key; true if there was one.
    pub(crate) fn take_back(&mut self, place: &Place, key: &str) -> bool {
        self.blocks.get_mut(place).is_some_and(|block| block.lines.remove(key).is_some())
    }

    /// Takes back every line whose key begins with these words, in this block and the blocks inside it.
    pub(crate) fn sweep(&mut self, place: &Place, words: &str) -> bool {
        let begins =
            |key: &str| key.strip_prefix(words).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        let mut found = false;
        for (at, block) in &mut self.blocks {
            if at == place || (*place == Place::Bgp && at.parent().as_ref() == Some(place)) {
                let before = block.lines.len();
                block.lines.retain(|key, _| !begins(key));
                found |= block.lines.len() != before;
            }
        }
        found
    }

    /// Takes back a block and those inside it; true if there was one.
    pub(crate) fn close(&mut self, place: &Place) -> bool {
        let before = self.blocks.len();
        self.blocks.retain(|at, _| at != place && at.parent().as_ref() != Some(place));
        self.blocks.len() != before
    }

    /// Takes back every block whose head begins with these words.
    pub(crate) fn close_all(&mut self, words: &str) -> bool {
        let before = self.blocks.len();
        self.blocks.retain(|_, block| {
            !block.head.strip_prefix(words).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        });
        self.blocks.len() != before
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
}

impl Block {
    /// Keys and lines, in the order in which they were first filed.
    #[must_use]
    pub fn in_order(&self) -> Vec<(&str, &Entry)> {
        let mut lines: Vec<_> = self.lines.iter().map(|(key, entry)| (key.as_str(), entry)).collect();
        lines.sort_by_key(|(_, entry)| entry.order);
        lines
    }
}
