//! Where a section that is skipped ends.
//!
//! The lines of a protocol that is not run here are not known, so the end of its section cannot be told by them.
//! Lines that stand deeper than the head belong to it. Of the others, the word that closes it does not, nor does
//! one that a block around it takes: in files without indentation that is all there is to go by.

use super::grammar;
use super::lex::Line;
use super::place::Place;
use super::row::{Effect, Section};

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
