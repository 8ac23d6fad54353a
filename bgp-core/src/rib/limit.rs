//! `maximum-prefix` (RFC 4486 §4): what there is to say of the number of prefixes that a peer has here.
//!
//! Each thing is said once, and again only after the number has sunk well below where it was said: a peer that
//! hovers around a mark does not fill the log. Numbers grow with UPDATEs, and when policy or the limit changes.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Rib;
use super::facts::{MaxPrefixOutcome, MaxPrefixVerdict};
use super::peer::{Limit, PeerIx};
use super::shared::Shared;
use crate::speaker::config::{MaximumPrefix, MaximumPrefixAction};
use crate::types::{Family, PeerId};

impl Rib {
    /// Counts again after a change of configuration, once [`run`](Self::run) has nothing left to do for it.
    pub fn check_limits(&mut self, id: PeerId) -> Vec<MaxPrefixVerdict> {
        let Some(peer) = self.shared.peers.ix(id) else { return Vec::new() };
        let Some(session) = self.shared.peers.session(peer) else { return Vec::new() };
        let config = Arc::clone(&session.facts.config);
        let limits = config.families.iter().filter_map(|(family, config)| {
            config.as_ref().and_then(|config| config.maximum_prefix).map(|limit| (family, limit))
        });
        limits.filter_map(|(family, limit)| self.shared.check_limit(family, peer, &limit)).collect()
    }
}

impl Shared {
    /// Counts against `maximum-prefix`.
    pub(super) fn check_limit(
        &mut self,
        family: Family,
        peer: PeerIx,
        limit: &MaximumPrefix,
    ) -> Option<MaxPrefixVerdict> {
        let count = self.sources.feed(self.peers.session(peer)?.feeds[family]?)?.accepted;
        let said = &mut self.peers.session_mut(peer)?.limits[family];
        let threshold = u64::from(limit.limit) * u64::from(limit.threshold) / 100;
        if *said == Limit::Over && is_well_below(count, u64::from(limit.limit)) {
            *said = Limit::Warned;
        }
        if *said == Limit::Warned && is_well_below(count, threshold) {
            *said = Limit::Silent;
        }
        let outcome = if count > limit.limit && !matches!(said, Limit::Over | Limit::Exceeded) {
            *said = if limit.action == MaximumPrefixAction::Warn { Limit::Over } else { Limit::Exceeded };
            MaxPrefixOutcome::Exceeded(limit.action)
        } else if u64::from(count) > threshold && *said == Limit::Silent {
            *said = Limit::Warned;
            MaxPrefixOutcome::Threshold
        } else {
            return None;
        };
        Some(MaxPrefixVerdict { family, count, limit: limit.limit, outcome })
    }
}

/// By an eighth, which for small marks is nothing.
fn is_well_below(count: u32, mark: u64) -> bool {
    u64::from(count) <= mark - mark / 8
}
