//! Stands in until `update` lands.
#![allow(missing_docs)]
use super::{Caps, WireError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerSide {
    External,
    Internal,
}
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    #[default]
    Keep,
    DiscardAttribute,
    TreatAsWithdraw,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub fate: Fate,
}
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    body: &'a [u8],
}
#[derive(Clone, Copy, Debug, Default)]
pub struct UpdateSpans;
#[derive(Clone, Copy, Debug)]
pub struct Checked<'a> {
    pub update: Update<'a>,
    pub fate: Fate,
    pub fault: Option<Fault>,
}
impl<'a> Update<'a> {
    pub fn check(body: &'a [u8], _caps: &Caps, _side: PeerSide) -> Result<Checked<'a>, WireError> {
        Ok(Checked { update: Update { body }, fate: Fate::Keep, fault: None })
    }
    pub fn from_spans(body: &'a [u8], _spans: UpdateSpans) -> Self {
        Self { body }
    }
    pub fn spans(&self) -> UpdateSpans {
        UpdateSpans
    }
    pub fn body(&self) -> &'a [u8] {
        self.body
    }
}
