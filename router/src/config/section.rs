//! Where a section that is skipped ends.
//!
//! The lines of a protocol that is not run here are not known, so the end of its section cannot be told by them.
//! Lines that stand deeper than the head belong to it. Of the others, the word that closes it does not, nor does
//! one that a block around it takes: in files without indentation that is all there is to go by.
//!
//! The lines inside a block whose head is wrong are left out too: they must not be taken for lines of the block
//! before it.

use super::grammar;
use super::lex::Line;
use super::place::Place;
use super::row::{Effect, Section};
use super::suggest::nearest;

/// A section being skipped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Skipping {
    /// What is skipped.
    pub section: Section,
    indent: usize,
    /// Blocks open inside, where indentation does not tell.
    depth: usize,
}

impl Skipping {
    /// The section that `head` opens.
    pub(crate) const fn new(section: Section, head: &Line<'_>) -> Self {
        Self { section, indent: head.indent, depth: 0 }
    }

    /// The same section after one more of its lines.
    pub(crate) fn past(self, line: &Line<'_>) -> Self {
        let opens = line.words.first().is_some_and(|first| self.section.nests.contains(&first.text));
        let depth = match (line.indent > self.indent, opens, line.is(self.section.closed_by)) {
            (true, ..) | (false, false, false) => self.depth,
            (false, true, _) => self.depth + 1,
            (false, false, true) => self.depth.saturating_sub(1),
        };
        Self { depth, ..self }
    }

    /// True if a line is no longer part of the section, or closes it; `place` is the block around it.
    pub(crate) fn is_ended_by(self, line: &Line<'_>, place: &Place) -> bool {
        let Self { section, indent, depth } = self;
        if line.indent > indent && !(section.alike && line.is(section.closed_by)) {
            return false;
        }
        if line.is(section.closed_by) || line.is("end") {
            return depth == 0 || line.is("end");
        }
        let mut place = Some(place.clone());
        while let Some(at) = place {
            if let Ok(found) = grammar::find(at.node(), &line.words) {
                let opens = matches!(found.row.effect, Effect::Enter(_) | Effect::Skip(_));
                let leaves = matches!(found.row.effect, Effect::Leave);
                return opens || (!section.alike && !leaves);
            }
            place = at.parent();
        }
        false
    }
}

/// The lines inside a block whose head is wrong: those that stand deeper, and the `exit` after them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Orphans {
    /// The line of the head.
    pub head: u32,
    indent: usize,
    met: usize,
    closed: bool,
}

impl Orphans {
    /// The lines after `line`, which is wrong, if it was meant to open a block.
    pub(crate) fn of(line: &Line<'_>, head: u32) -> Option<Self> {
        let first = line.words.first()?.text;
        let meant = HEADS.iter().any(|head| head.starts_with(first) && first.len() > 1);
        (meant || nearest(first, HEADS).is_some()).then_some(Self {
            head,
            indent: line.indent,
            met: 0,
            closed: false,
        })
    }

    /// The same after one more line; `None` if that is none of them.
    pub(crate) fn past(self, line: &Line<'_>) -> Option<Self> {
        let closed = self.met > 0
            && line.indent == self.indent
            && line.words.iter().all(|word| word.text.starts_with("exit"));
        (closed || line.indent > self.indent).then_some(Self { met: self.met + 1, closed, ..self })
    }

    /// True after the first of them.
    pub(crate) const fn is_first(self) -> bool {
        self.met == 1
    }

    /// What is left of them: nothing after `exit`.
    pub(crate) fn next(self) -> Option<Self> {
        (!self.closed).then_some(self)
    }
}

/// Words that open blocks.
const HEADS: [&str; 5] = ["interface", "router", "route-map", "address-family", "vrf"];
