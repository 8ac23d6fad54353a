//! A row of the grammar: what a line looks like, and what it does.
//!
//! Adding a line is adding a row to one of the tables under `lines`. A handler gets the values of the words and
//! changes the [`Draft`]; it complains before it changes anything.

use super::draft::Draft;
use super::finding::Severity;
use super::place::Place;
use super::statement::{Complaint, Statement};

/// One line of the grammar.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// See `pattern`.
    pub pattern: &'static str,
    /// What it does.
    pub effect: Effect,
    /// What `no` before it does.
    pub negation: Negation,
    /// The line is not one of the configuration, and not kept.
    pub noise: bool,
    /// Set if what the line says is kept, but nothing acts on it.
    pub unused: Option<(Severity, &'static str)>,
    /// Set if the line is acted on with less than it says: a warning each time.
    pub lacking: Option<&'static str>,
    /// Set if the line is one of a numbered list: the number of a line that says none.
    pub numbered: Option<fn(&Draft, &Statement) -> u32>,
}

/// What a line does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Effect {
    /// Changes the draft.
    Act(fn(&mut Draft, &Statement) -> Result<(), Complaint>),
    /// Opens a block.
    Enter(fn(&mut Draft, &Statement) -> Result<Place, Complaint>),
    /// Closes the block.
    Leave,
    /// Nothing, for a reason.
    Idle(Severity, &'static str),
    /// Opens a section that is skipped whole.
    Skip(Section),
    /// With `no` only: takes back every line that begins so.
    Sweep,
}

/// A section that is skipped whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    /// Why.
    pub reason: &'static str,
    /// The word that closes it.
    pub closed_by: &'static str,
    /// Words that open a block inside, itself closed by `exit`.
    pub nests: &'static [&'static str],
    /// Its lines look like those of the block around it, so that only the head of another block ends it.
    pub alike: bool,
}

/// What `no` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Negation {
    /// Takes the line back.
    Removes,
    /// Is a setting in its own right.
    Sets,
    /// Takes the line back, but for a member of a peer group it overrides what the group says.
    Overrides,
}

impl Row {
    /// A line that changes the draft.
    pub(crate) const fn act(
        pattern: &'static str,
        handler: fn(&mut Draft, &Statement) -> Result<(), Complaint>,
    ) -> Self {
        Self::new(pattern, Effect::Act(handler))
    }

    /// A line that opens a block.
    pub(crate) const fn enter(
        pattern: &'static str,
        handler: fn(&mut Draft, &Statement) -> Result<Place, Complaint>,
    ) -> Self {
        Self::new(pattern, Effect::Enter(handler))
    }

    /// A line that closes the block.
    pub(crate) const fn leave(pattern: &'static str) -> Self {
        Self::new(pattern, Effect::Leave)
    }

    /// A line without effect that nobody misses.
    pub(crate) const fn idle(pattern: &'static str, reason: &'static str) -> Self {
        Self { negation: Negation::Sets, ..Self::new(pattern, Effect::Idle(Severity::Note, reason)) }
    }

    /// A line that is no configuration at all, but found in files.
    pub(crate) const fn noise(pattern: &'static str, reason: &'static str) -> Self {
        Self { noise: true, ..Self::idle(pattern, reason) }
    }

    /// A line without effect whose effect may be missed.
    pub(crate) const fn missed(pattern: &'static str, reason: &'static str) -> Self {
        Self { negation: Negation::Sets, ..Self::new(pattern, Effect::Idle(Severity::Warning, reason)) }
    }

    /// The head of a section that is skipped, closed by `exit` or by a line of the block around it.
    pub(crate) const fn skip(pattern: &'static str, reason: &'static str) -> Self {
        Self::new(pattern, Effect::Skip(Section { reason, closed_by: "exit", nests: &[], alike: false }))
    }

    /// The head of a section that is skipped, with blocks inside.
    pub(crate) const fn skip_nest(
        pattern: &'static str,
        nests: &'static [&'static str],
        reason: &'static str,
    ) -> Self {
        Self::new(pattern, Effect::Skip(Section { reason, closed_by: "exit", nests, alike: false }))
    }

    /// The head of a section that is skipped and whose lines could be taken for the surrounding block's.
    pub(crate) const fn skip_to(
        pattern: &'static str,
        closed_by: &'static str,
        reason: &'static str,
    ) -> Self {
        Self::new(pattern, Effect::Skip(Section { reason, closed_by, nests: &[], alike: true }))
    }

    /// With `no` only: takes back every line that begins so.
    pub(crate) const fn sweep(pattern: &'static str) -> Self {
        Self::new(pattern, Effect::Sweep)
    }

    /// `no` before it is a setting in its own right.
    #[must_use]
    pub(crate) const fn or_no(self) -> Self {
        Self { negation: Negation::Sets, ..self }
    }

    /// `no` before it overrides a peer group.
    #[must_use]
    pub(crate) const fn or_group(self) -> Self {
        Self { negation: Negation::Overrides, ..self }
    }

    /// Acted on, but with less than the line says.
    #[must_use]
    pub(crate) const fn lacking(self, reason: &'static str) -> Self {
        Self { lacking: Some(reason), ..self }
    }

    /// Read into the desired state, where nothing looks at it.
    #[must_use]
    pub(crate) const fn unused(self, severity: Severity, reason: &'static str) -> Self {
        Self { unused: Some((severity, reason)), ..self }
    }

    /// One line of a numbered list.
    #[must_use]
    pub(crate) const fn numbered(self, next: fn(&Draft, &Statement) -> u32) -> Self {
        Self { numbered: Some(next), ..self }
    }

    /// The pattern as an operator reads it.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn syntax(&self) -> String {
        self.pattern.replace(" = ", " ").replace('=', "").trim_end().to_owned()
    }

    const fn new(pattern: &'static str, effect: Effect) -> Self {
        Self {
            pattern,
            effect,
            negation: Negation::Removes,
            noise: false,
            unused: None,
            lacking: None,
            numbered: None,
        }
    }
}
