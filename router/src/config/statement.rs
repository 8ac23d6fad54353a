//! A line as its handler sees it: typed values, where it stands, and how to complain about it.

use std::net::IpAddr;

use bgp_core::{Asn, Family, Prefix};
use ipnet::IpNet;

use super::place::{Node, Place};
use super::value::{PeerName, Value};

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

    /// The words that say which setting it is.
    pub(crate) fn key(&self) -> String {
        let pairs = self.values.iter().zip(&self.keyed).filter(|(_, keyed)| **keyed);
        pairs.map(|(value, _)| self.word(value)).collect::<Vec<_>>().join(" ")
    }

    /// The line without `no`: keywords in full, values as FRR prints them.
    pub(crate) fn written(&self) -> String {
        self.values.iter().map(|value| self.word(value)).collect::<Vec<_>>().join(" ")
    }

    /// Host bits matter on interfaces only.
    fn word(&self, value: &Value) -> String {
        match value {
            Value::Prefix(net) if self.place.node() != Node::Interface => net.trunc().to_string(),
            other => other.to_string(),
        }
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
