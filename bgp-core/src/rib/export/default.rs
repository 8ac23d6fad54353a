//! The made-up default route: `default-originate`.
//!
//! It stands for no entry of the table, so it is sent beside the walk: when a peer comes up, asks for a refresh,
//! or its configuration changes. The table's own default route does not go to such a peer.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::facts::ExportFacts;
use super::rewrite::Passage;
use super::{Cohort, facts_of};
use crate::policy::{Filter, RouteContext, RouteDraft, Scratch, Verdict};
use crate::rib::family::FamilyRib;
use crate::rib::peer::PeerIx;
use crate::rib::shared::Shared;
use crate::speaker::config::DefaultOriginate;
use crate::types::{Family, NextHop, Nlri, PeerKind, Prefix};
use crate::wire::{Origin, UpdateWriter};

impl FamilyRib {
    /// Announces the default route to a peer, if its configuration says so.
    pub(super) fn send_default(&mut self, shared: &mut Shared, peer: PeerIx) {
        let Some(facts) = facts_of(shared, peer, self.family) else { return };
        let Some((next_hop, draft)) = self.draft_default(shared, &facts) else { return };
        let Some(nlri) = self.default_nlri(&facts) else { return };
        let mut out = Vec::new();
        let block = draft.attrs.as_block();
        let mut writer = UpdateWriter::begin(&mut out, &facts.caps, self.family, next_hop, block);
        let _ = writer.push(&nlri);
        writer.finish();
        shared.peers.send(peer, out.into());
        self.groups.note_default(peer);
    }

    /// Takes the default route back from a peer whose configuration changed.
    pub(super) fn retract_default(&self, shared: &mut Shared, peer: PeerIx, cohort: &mut Cohort) {
        let facts = facts_of(shared, peer, self.family).filter(|_| core::mem::take(&mut cohort.has_default));
        let Some(facts) = facts else { return };
        let Some(nlri) = self.default_nlri(&facts) else { return };
        let mut out = Vec::new();
        let mut writer = UpdateWriter::withdraw(&mut out, &facts.caps, self.family);
        let _ = writer.push(&nlri);
        writer.finish();
        shared.peers.send(peer, out.into());
    }

    fn draft_default(&self, shared: &Shared, facts: &ExportFacts) -> Option<(NextHop, RouteDraft)> {
        let DefaultOriginate { route_map } = facts.default_originate.as_ref()?;
        let filter = Filter { route_map: route_map.clone(), ..Filter::default() };
        let mut draft = RouteDraft::default();
        draft.attrs.set_origin(Origin::Igp);
        draft.attrs.set_as_path(&[]);
        let prefix = default_prefix(self.family)?;
        let route = RouteContext {
            prefix,
            next_hop: NextHop::from(prefix.addr()),
            weight: 0,
            attrs: draft.attrs.as_block(),
            attrs_key: u32::MAX,
            peer: facts.address,
            source: PeerKind::Local,
        };
        let Verdict::Permit(changes) = filter.evaluate(&route, &mut Scratch::default()) else { return None };
        let passage = Passage {
            settings: &shared.settings,
            facts,
            origin: &shared.sources.feed(shared.local[self.family])?.origin,
            family: self.family,
            next_hop: None,
            policy: (&filter, changes),
        };
        let next_hop = passage.rewrite(&mut draft)?;
        Some((next_hop, draft))
    }

    fn default_nlri(&self, facts: &ExportFacts) -> Option<Nlri> {
        let path_id = u32::from(facts.caps.add_path_send.contains(self.family));
        default_prefix(self.family).map(|prefix| Nlri { path_id, prefix })
    }
}

fn default_prefix(family: Family) -> Option<Prefix> {
    let addr = match family {
        Family::Ipv4Unicast => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::Ipv6Unicast => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    Prefix::new(addr, 0).ok()
}
