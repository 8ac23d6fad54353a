//! What changes on a route on its way out (RFC 4271 §5, RFC 4456 §8, RFC 9234 §5).
//!
//! ```text
//! effective set ─▶ what the kind of peer asks for ─▶ policy ─▶ what policy may not keep ─▶ own AS in front
//! ```
//!
//! Every attribute has its rule here, in one place; the writer of UPDATEs adds nothing.

use alloc::vec::Vec;

use super::facts::ExportFacts;
use crate::policy::{Changes, DraftNextHop, Filter, RouteDraft};
use crate::rib::roles::{Ruling, departure};
use crate::rib::settings::Settings;
use crate::rib::source::Origin;
use crate::speaker::config::{NextHopSelf, RemovePrivateAs};
use crate::types::{Asn, Family, NextHop, PeerKind};
use crate::wire::AttrCode;

/// A route about to go out: where it is from, where to, and what policy makes of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passage<'a> {
    /// The instance's settings.
    pub(super) settings: &'a Settings,
    /// To whom.
    pub(super) facts: &'a ExportFacts,
    /// From whom.
    pub(super) origin: &'a Origin,
    /// In which family.
    pub(super) family: Family,
    /// The received next hop; `None` for ourselves.
    pub(super) next_hop: Option<NextHop>,
    /// Policy, and what it said.
    pub(super) policy: (&'a Filter, Changes),
}

impl Passage<'_> {
    /// Changes `draft`, which holds the effective set, into what goes out. `None` if there is no next hop to
    /// give.
    pub(super) fn rewrite(&self, draft: &mut RouteDraft) -> Option<NextHop> {
        draft.next_hop = DraftNextHop::Default;
        draft.next_hop_kinds = self.facts.next_hop_kinds;
        draft.med_is_set = false;
        draft.prefer_global = false;
        let (facts, is_external) = (self.facts, self.facts.is_external());
        if !is_external && draft.attrs.as_block().local_pref().is_none() {
            draft.attrs.set_local_pref(self.settings.weighing.default_local_pref);
        }
        // RFC 4271 §5.1.4: MED of a neighbouring AS goes no further. One of our own making does.
        if is_external && self.origin.kind != PeerKind::Local && !facts.unchanged.med {
            draft.attrs.remove(AttrCode::MULTI_EXIT_DISC);
        }
        self.reflect(draft);
        self.clean_path(draft);
        let (filter, changes) = self.policy;
        if changes != Changes::NONE {
            filter.apply(changes, draft);
        }
        self.limit_communities(draft);
        if is_external {
            draft.attrs.remove_internal();
            self.prepend(draft);
        }
        self.mark(draft);
        self.next_hop(draft)
    }

    /// RFC 4456 §8: who brought the route into the AS, and through which clusters it came.
    fn reflect(&self, draft: &mut RouteDraft) {
        let is_reflected = matches!(self.origin.kind, PeerKind::Internal | PeerKind::Client);
        if !is_reflected || self.facts.is_external() {
            return;
        }
        if draft.attrs.as_block().originator_id().is_none() {
            draft.attrs.set_originator_id(self.origin.router_id);
        }
        draft.attrs.prepend_cluster(self.settings.cluster_id);
    }

    /// `remove-private-AS` and `as-override`.
    fn clean_path(&self, draft: &mut RouteDraft) {
        let facts = self.facts;
        let (Some(remote_as), true) = (facts.remote_as, facts.is_external()) else { return };
        let goes = |asn: Asn| asn.is_private() && asn != remote_as;
        match facts.remove_private_as {
            RemovePrivateAs::Keep => {}
            RemovePrivateAs::Only => {
                if draft.attrs.as_block().as_path().asns().all(|asn| asn.is_private()) {
                    draft.attrs.map_as_path(|asn| (!goes(asn)).then_some(asn));
                }
            }
            RemovePrivateAs::All => draft.attrs.map_as_path(|asn| (!goes(asn)).then_some(asn)),
            RemovePrivateAs::ReplaceAll => {
                draft.attrs.map_as_path(|asn| Some(if goes(asn) { facts.local_as } else { asn }));
            }
        }
        if facts.as_override {
            draft.attrs.map_as_path(|asn| Some(if asn == remote_as { facts.local_as } else { asn }));
        }
    }

    /// RFC 4271 §5.1.2 b. With `local-as` the peer sees that one before ours, or alone.
    fn prepend(&self, draft: &mut RouteDraft) {
        let facts = self.facts;
        if facts.unchanged.as_path && self.origin.kind != PeerKind::Local {
            return;
        }
        match facts.local_as_mode {
            Some(local_as) if !local_as.replace_as && facts.local_as != self.settings.asn => {
                draft.attrs.prepend(&[facts.local_as, self.settings.asn]);
            }
            _ => draft.attrs.prepend(&[facts.local_as]),
        }
    }

    /// RFC 9234 §5: what a customer or a peer hears from us is for customers only.
    fn mark(&self, draft: &mut RouteDraft) {
        let Some(role) = self.facts.role else { return };
        let carried = draft.attrs.as_block().only_to_customer();
        if let Ruling::Marked(asn) = departure(role, self.facts.local_as, carried) {
            draft.attrs.set_only_to_customer(asn);
        }
    }

    fn limit_communities(&self, draft: &mut RouteDraft) {
        let sent = self.facts.send_community;
        if !sent.standard {
            draft.attrs.remove(AttrCode::COMMUNITIES);
        }
        if !sent.large {
            draft.attrs.remove(AttrCode::LARGE_COMMUNITIES);
        }
        if !sent.extended {
            draft.attrs.remove(AttrCode::EXTENDED_COMMUNITIES);
        } else if self.facts.is_external() {
            // RFC 4360 §6: those that are not transitive stay in the AS.
            let attrs = draft.attrs.as_block();
            let stays = |community: &[u8; 8]| community.first().is_some_and(|kind| kind & 0x40 != 0);
            if attrs.extended_communities().any(|community| stays(&community)) {
                let kept: Vec<_> =
                    attrs.extended_communities().filter(|community| !stays(community)).collect();
                draft.attrs.set_extended_communities(kept);
            }
        }
    }

    /// RFC 4271 §5.1.3, RFC 2545 §3, RFC 8950 §4.
    fn next_hop(&self, draft: &RouteDraft) -> Option<NextHop> {
        match draft.next_hop {
            DraftNextHop::Set(next_hop) => {
                self.passable(next_hop).map(|_| next_hop).or_else(|| self.ourselves())
            }
            DraftNextHop::PeerAddress => self.ourselves(),
            DraftNextHop::Unchanged => self.unchanged(),
            DraftNextHop::Default if self.keeps_next_hop() => self.unchanged(),
            DraftNextHop::Default => self.ourselves(),
        }
    }

    fn keeps_next_hop(&self) -> bool {
        let facts = self.facts;
        let is_reflected = matches!(self.origin.kind, PeerKind::Internal | PeerKind::Client);
        let Some(next_hop) = self.next_hop else { return false };
        match facts.next_hop_self {
            NextHopSelf::Force => return false,
            NextHopSelf::Always if facts.is_external() || !is_reflected => return false,
            NextHopSelf::Always | NextHopSelf::Default => {}
        }
        if facts.unchanged.next_hop {
            return true;
        }
        // A third party on the peer's own network is reached without us.
        let is_shared = facts.connected.iter().any(|net| net.contains(&next_hop.address()));
        (!facts.is_external() || is_shared) && self.passable(next_hop).is_some()
    }

    fn unchanged(&self) -> Option<NextHop> {
        self.next_hop.and_then(|next_hop| self.passable(next_hop)).or_else(|| self.ourselves())
    }

    /// A next hop of somebody else as the peer can use it: its link-local address is none of theirs.
    fn passable(&self, next_hop: NextHop) -> Option<NextHop> {
        match next_hop {
            _ if !self.facts.next_hop_kinds.contain(next_hop) => None,
            NextHop::V4(_) => Some(next_hop),
            NextHop::V6 { global, .. } if global.is_unicast_link_local() => None,
            NextHop::V6 { global, .. } => Some(NextHop::V6 { global, link_local: None }),
        }
    }

    fn ourselves(&self) -> Option<NextHop> {
        let local = &self.facts.local;
        let v4 = local.v4.map(NextHop::V4);
        let link_local = local.link_local.filter(|_| !self.facts.connected.is_empty());
        let v6 = match (local.v6, link_local) {
            (Some(global), link_local) => Some(NextHop::V6 { global, link_local }),
            (None, Some(global)) => Some(NextHop::V6 { global, link_local: None }),
            (None, None) => local.link_local.map(|global| NextHop::V6 { global, link_local: None }),
        };
        match self.family {
            Family::Ipv6Unicast => v6,
            Family::Ipv4Unicast if self.facts.prefers_v6 => v6.or(v4),
            Family::Ipv4Unicast => v4.or(v6.filter(|_| self.facts.next_hop_kinds.v6)),
        }
    }
}
