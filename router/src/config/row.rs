//! A row of the grammar: what a line looks like, and what it does.
//!
//! Adding a line is adding a row to one of the tables under `lines`. A handler gets the values of the words and
//! changes the [`Draft`]; it complains before it changes anything.

use std::net::IpAddr;

use bgp_core::{Asn, Family, Prefix};
use ipnet::IpNet;

use super::draft::Draft;
use super::finding::Severity;
use super::place::Place;
use super::value::{PeerName, Value};

/// One line of the grammar.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// See `pattern`.
    pub pattern: &'static str,
    /// What it does.
    pub effect: Effect,
    /// What `no` before it does.
    pub negation: Negation,
    /// Set if the line is read and checked, but what it asks for is still to come.
    pub not_yet: Option<&'static str>,
    /// The line is not one of the configuration, and not kept.
    pub noise: bool,
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

/// A line as its handler sees it.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    /// The block it stands in.
    pub place: Place,
    /// Its words, without `no`.
    pub values: Vec<Value>,
    /// Of each, whether it helps to say which setting it is.
    pub keyed: Vec<bool>,
    /// `no` stood before it.
    pub negated: bool,
    /// Where it stands.
    pub spot: Spot,
}

/// A place in the file, for findings that come after all lines are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// From 1; zero for a line that was not in the file.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

/// Why a well-formed line is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// The word it is about, `no` not counted; the first if not set.
    pub word: Option<usize>,
    /// What is the matter.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
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

    /// Read and checked; what it asks for is still to come.
    #[must_use]
    pub(crate) const fn not_yet(self, what: &'static str) -> Self {
        Self { not_yet: Some(what), ..self }
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
            not_yet: None,
            noise: false,
            lacking: None,
            numbered: None,
        }
    }
}

impl Statement {
    /// False after `no`.
    #[must_use]
    pub(crate) const fn on(&self) -> bool {
        !self.negated
    }

    /// True if this keyword of the pattern was given.
    #[must_use]
    pub(crate) fn has(&self, keyword: &str) -> bool {
        self.values.iter().any(|value| matches!(value, Value::Keyword(found) if *found == keyword))
    }

    /// The first of these keywords that was given.
    #[must_use]
    pub(crate) fn one_of<T: Copy>(&self, table: &[(&str, T)]) -> Option<T> {
        table.iter().find(|(keyword, _)| self.has(keyword)).map(|(_, value)| *value)
    }

    /// The number after this keyword.
    #[must_use]
    pub(crate) fn number_after(&self, keyword: &str) -> Option<u32> {
        match self.after(keyword)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The word after this keyword.
    #[must_use]
    pub(crate) fn text_after(&self, keyword: &str) -> Option<String> {
        match self.after(keyword)? {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// All numbers, in order.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.pick(|value| if let Value::Number(number) = value { Some(*number) } else { None })
    }

    /// All addresses, in order.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.pick(|value| if let Value::Address(addr) = value { Some(*addr) } else { None })
    }

    /// All AS numbers, in order.
    pub(crate) fn asns(&self) -> impl Iterator<Item = Asn> {
        self.pick(|value| if let Value::Asn(asn) = value { Some(*asn) } else { None })
    }

    /// All words and texts, in order.
    pub(crate) fn texts(&self) -> impl Iterator<Item = String> {
        self.pick(|value| if let Value::Text(text) = value { Some(text.clone()) } else { None })
    }

    /// What `choose` takes of the values, in order.
    pub(crate) fn pick<'a, T: 'a>(
        &'a self,
        choose: impl Fn(&'a Value) -> Option<T> + 'a,
    ) -> impl Iterator<Item = T> + 'a {
        self.values.iter().filter_map(choose)
    }

    /// The first number.
    ///
    /// # Errors
    ///
    /// If the pattern has none.
    pub(crate) fn number(&self) -> Result<u32, Complaint> {
        self.numbers().next().ok_or_else(Complaint::internal)
    }

    /// The first number, in a narrower type.
    ///
    /// # Errors
    ///
    /// If the pattern has none, or bounds that do not fit.
    pub(crate) fn narrow<T: TryFrom<u32>>(&self) -> Result<T, Complaint> {
        T::try_from(self.number()?).map_err(|_| Complaint::internal())
    }

    /// The first word.
    ///
    /// # Errors
    ///
    /// If the pattern has none.
    pub(crate) fn text(&self) -> Result<String, Complaint> {
        self.texts().next().ok_or_else(Complaint::internal)
    }

    /// The first AS number.
    ///
    /// # Errors
    ///
    /// If the pattern has none.
    pub(crate) fn asn(&self) -> Result<Asn, Complaint> {
        self.asns().next().ok_or_else(Complaint::internal)
    }

    /// The first address.
    ///
    /// # Errors
    ///
    /// If the pattern has none.
    pub(crate) fn address(&self) -> Result<IpAddr, Complaint> {
        self.addresses().next().ok_or_else(Complaint::internal)
    }

    /// The first prefix, as typed.
    ///
    /// # Errors
    ///
    /// If the pattern has none.
    pub(crate) fn net(&self) -> Result<IpNet, Complaint> {
        let mut nets = self.pick(|value| if let Value::Prefix(net) = value { Some(*net) } else { None });
        nets.next().ok_or_else(Complaint::internal)
    }

    /// The first prefix, host bits cleared.
    ///
    /// # Errors
    ///
    /// If the pattern has none.
    pub(crate) fn prefix(&self) -> Result<Prefix, Complaint> {
        Ok(self.net()?.trunc())
    }

    /// Who a `neighbor` line is about.
    ///
    /// # Errors
    ///
    /// If the pattern names no one.
    pub(crate) fn peer(&self) -> Result<PeerName, Complaint> {
        let mut peers =
            self.pick(|value| if let Value::Peer(peer) = value { Some(peer.clone()) } else { None });
        peers.next().ok_or_else(Complaint::internal)
    }

    /// The family of the block.
    #[must_use]
    pub(crate) const fn family(&self) -> Family {
        self.place.family()
    }

    fn after(&self, keyword: &str) -> Option<&Value> {
        let is_keyword = |value: &&Value| matches!(value, Value::Keyword(found) if *found == keyword);
        self.values.iter().skip_while(|value| !is_keyword(value)).nth(1)
    }
}

impl Complaint {
    /// About the whole line.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { word: None, message: message.into(), hint: None }
    }

    /// About one word, counted from 0 without `no`.
    #[must_use]
    pub(crate) fn at(self, word: usize) -> Self {
        Self { word: Some(word), ..self }
    }

    /// With something to do about it.
    #[must_use]
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// A row whose handler asks for what its pattern does not have. A test runs every row's pattern.
    fn internal() -> Self {
        Self::new("this line is not understood (a fault of ridgeway, not of the file)")
    }
}
