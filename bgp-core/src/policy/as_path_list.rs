//! AS-path lists.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Action, Pattern};

/// `bgp as-path access-list`: the first line that matches decides, none denies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AsPathList {
    /// As configured.
    pub name: String,
    /// In order of sequence number.
    pub entries: Vec<AsPathEntry>,
}

/// One line of an AS-path list.
#[derive(Clone, Debug, PartialEq)]
pub struct AsPathEntry {
    /// Sequence number.
    pub seq: u32,
    /// Permit or deny.
    pub action: Action,
    /// The expression.
    pub pattern: Pattern,
}

impl AsPathList {
    /// True if the list permits a path with this text.
    #[must_use]
    pub fn permits(&self, path: &(impl AsRef<[u8]> + ?Sized)) -> bool {
        self.entries
            .iter()
            .find(|entry| entry.pattern.is_match(path))
            .is_some_and(|entry| entry.action == Action::Permit)
    }
}
