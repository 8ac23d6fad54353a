//! Paths beyond the first one of their prefix, in lists through one slab: nothing is allocated per path.

use alloc::vec::Vec;

use super::path::Path;
use super::spare::{Spare, cut};

/// A path beyond the first, by its place in the slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(u32);

/// Paths beyond the first ones, in lists.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    slots: Vec<Node>,
    free: Vec<NodeId>,
    spare: Spare,
}

/// A path in a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// The path.
    pub(super) path: Path,
    /// The one behind it.
    pub(super) next: NodeId,
}

impl NodeId {
    /// The end of a list.
    pub(super) const NONE: Self = Self(u32::MAX);
}

impl Nodes {
    /// The node at `id`, if it is one.
    pub(super) fn get(&self, id: NodeId) -> Option<&Node> {
        self.slots.get(id.0 as usize)
    }

    /// The same, to change.
    pub(super) fn get_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.slots.get_mut(id.0 as usize)
    }

    /// Puts a path before the others of a list that begins at `next`; where that is then.
    pub(super) fn add(&mut self, path: Path, next: NodeId) -> NodeId {
        let node = Node { path, next };
        if let Some(id) = self.free.pop()
            && let Some(slot) = self.slots.get_mut(id.0 as usize)
        {
            *slot = node;
            return id;
        }
        let id = NodeId(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        self.slots.push(node);
        id
    }

    /// Takes the first node of a list out.
    pub(super) fn remove(&mut self, head: &mut NodeId) -> Option<Path> {
        let node = *self.get(*head)?;
        self.free.push(*head);
        *head = node.next;
        Some(node.path)
    }

    /// Takes the first node out that `wanted` finds.
    pub(super) fn remove_where(&mut self, head: &mut NodeId, wanted: impl Fn(&Path) -> bool) -> Option<Path> {
        let mut before = None;
        let mut at = *head;
        loop {
            let node = *self.get(at)?;
            if wanted(&node.path) {
                match before.and_then(|before| self.get_mut(before)) {
                    Some(before) => before.next = node.next,
                    None => *head = node.next,
                }
                self.free.push(at);
                return Some(node.path);
            }
            before = Some(at);
            at = node.next;
        }
    }

    /// Octets of memory in use, about.
    pub(super) fn octets(&self) -> usize {
        self.slots.len() * size_of::<Node>()
    }

    /// Gives memory back, if most of it is not in use.
    pub(super) fn give_back(&mut self) {
        let free = self.free.iter().map(|id| id.0);
        if let Some(end) = self.spare.look(self.slots.len(), free) {
            cut(&mut self.slots, end);
            self.free.retain(|id| (id.0 as usize) < end);
            self.free.shrink_to_fit();
        }
    }
}
