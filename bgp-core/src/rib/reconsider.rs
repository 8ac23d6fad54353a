//! Import policy that changed, asked again (RFC 4271 §9.1.1).
//!
//! What was received is kept beside what policy made of it, so the peer is not asked. Prefixes of one UPDATE stand
//! beside each other in the table, and so do the uses of its attribute set: for each peer the set that its last
//! path had is remembered, with everything policy said of it. That lasts for a slice of the walk; between
//! slices policy may change again.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::attrs::{AttrId, SetKey};
use super::family::FamilyRib;
use super::judge::Judged;
use super::path::{Flag, Path};
use super::peer::{PeerIx, PeerSession};
use super::roles::Ruling;
use super::shared::Shared;
use super::source::SourceId;
use super::table::PrefixId;
use crate::policy::Scratch;
use crate::speaker::config::{PeerConfig, PeerFamilyConfig};
use crate::types::{Family, PeerKind, Prefix};

/// The peers whose paths one slice of the walk met.
#[derive(Debug, Default)]
pub(super) struct Reconsidered {
    peers: Vec<Memo>,
}

/// A peer, and the set at hand.
#[derive(Debug)]
struct Memo {
    peer: PeerIx,
    config: Arc<PeerConfig>,
    /// The set as it was, and with the weight that it is to have: one use of each.
    before: AttrId,
    received: AttrId,
    judged: Judged,
    scratch: Scratch,
}

impl FamilyRib {
    /// Runs import policy again over a prefix's paths of peers whose policy changed.
    pub(super) fn reconsider(
        &mut self,
        shared: &mut Shared,
        (id, policies): (PrefixId, &[PeerIx]),
        memos: &mut Reconsidered,
    ) {
        let Some(prefix) = self.table.prefix(id) else { return };
        let family = self.family;
        let (mut is_refused, mut is_changed) = (false, false);
        self.table.for_each_path(id, |path| {
            let Some(peer) = shared.sources.feed_of(path.source).map(|feed| feed.origin.peer) else { return };
            if !policies.contains(&peer) {
                return;
            }
            let Some(memo) = memos.of(shared, peer) else { return };
            is_changed |= memo.judge_again(shared, family, &prefix, path);
            is_refused |= path.effective.is_none();
        });
        if is_changed {
            self.marked.insert(id);
        }
        if is_refused {
            while self.remove(shared, id, |shared, path| {
                path.effective.is_none() && !shared.keeps_refused(family, path.source)
            }) {}
        }
    }
}

impl Reconsidered {
    /// Gives up what is held.
    pub(super) fn release(self, shared: &mut Shared) {
        for mut memo in self.peers {
            memo.let_go(shared);
        }
    }

    /// The memory of a peer whose session is up.
    fn of(&mut self, shared: &Shared, peer: PeerIx) -> Option<&mut Memo> {
        let at = match self.peers.iter().position(|memo| memo.peer == peer) {
            Some(at) => at,
            None => {
                self.peers.push(Memo {
                    peer,
                    config: Arc::clone(&shared.peers.session(peer)?.facts.config),
                    before: AttrId::NONE,
                    received: AttrId::NONE,
                    judged: Judged::default(),
                    scratch: Scratch::default(),
                });
                self.peers.len() - 1
            }
        };
        self.peers.get_mut(at)
    }
}

impl Memo {
    /// Gives a path what it has now. True if that is something else than before.
    fn judge_again(&mut self, shared: &mut Shared, family: Family, prefix: &Prefix, path: &mut Path) -> bool {
        let config = Arc::clone(&self.config);
        let Some(config) = config.families[family].as_ref() else { return false };
        if path.received != self.before {
            self.turn_to(shared, (family, config), path.received);
        }
        if path.received != self.received {
            shared.attrs.hold(self.received, 1);
            shared.attrs.release(path.received, &mut shared.next_hops);
            path.received = self.received;
        }
        core::mem::swap(&mut shared.policy, &mut self.scratch);
        let effective = shared.judge((self.peer, config), self.received, prefix, &mut self.judged);
        core::mem::swap(&mut shared.policy, &mut self.scratch);
        shared.attrs.hold(effective, 1);
        shared.swap_effective(path, effective)
    }

    /// Looks at another set.
    fn turn_to(
        &mut self,
        shared: &mut Shared,
        (family, config): (Family, &PeerFamilyConfig),
        before: AttrId,
    ) {
        self.let_go(shared);
        shared.attrs.hold(before, 1);
        (self.before, self.received) = (before, shared.reweighed(before, config.weight.unwrap_or(0)));
        let session = shared.peers.session(self.peer);
        let is_barred = session.is_none_or(|session| shared.is_barred(session, config, self.received));
        if is_barred || !shared.is_open(self.peer, family, config) {
            self.judged = Judged::refused();
        }
    }

    fn let_go(&mut self, shared: &mut Shared) {
        core::mem::take(&mut self.judged).release(shared);
        shared.attrs.release(self.before, &mut shared.next_hops);
        shared.attrs.release(self.received, &mut shared.next_hops);
        (self.before, self.received) = (AttrId::NONE, AttrId::NONE);
        self.scratch.forget();
    }
}

impl Shared {
    /// A received set with another weight, with one use.
    fn reweighed(&mut self, received: AttrId, weight: u16) -> AttrId {
        let Some(digest) = self.attrs.digest(received) else { return AttrId::NONE };
        if digest.weight == weight {
            self.attrs.hold(received, 1);
            return received;
        }
        let (block, next_hop) = (self.attrs.block(received).as_bytes().to_vec(), digest.next_hop);
        self.attrs.intern(&SetKey { block: &block, next_hop, weight }, &mut self.next_hops)
    }

    /// The same as the checks on arrival, of what is kept, which has had our `local-as` put before it.
    fn is_barred(&self, session: &PeerSession, config: &PeerFamilyConfig, received: AttrId) -> bool {
        let (facts, attrs) = (&session.facts, self.attrs.block(received));
        let (path, allowed) = (attrs.as_path(), usize::from(config.allow_as_in));
        let is_prepended = facts.kind == PeerKind::External
            && facts.config.local_as.is_some_and(|local_as| !local_as.no_prepend);
        if path.count(self.settings.asn) > allowed
            || facts.local_as != self.settings.asn
                && path.count(facts.local_as) > allowed + usize::from(is_prepended)
        {
            return true;
        }
        let is_reflected_to_us = attrs.originator_id() == Some(self.settings.router_id)
            || attrs.cluster_list().any(|id| id == self.settings.cluster_id);
        facts.kind != PeerKind::External && is_reflected_to_us
            || facts.arrival(attrs.only_to_customer()) == Ruling::Barred
    }

    /// True if paths of this source stay although policy refuses them.
    fn keeps_refused(&self, family: Family, source: SourceId) -> bool {
        let peer = self.sources.feed_of(source).map(|feed| feed.origin.peer);
        peer.and_then(|peer| self.peers.session(peer))
            .and_then(|session| session.facts.config.families[family].as_ref())
            .is_some_and(|config| config.soft_reconfiguration)
    }

    /// Gives a path another effective set, whose use the path takes over. True if it is another one.
    fn swap_effective(&mut self, path: &mut Path, effective: AttrId) -> bool {
        let old = core::mem::replace(&mut path.effective, effective);
        self.attrs.release(old, &mut self.next_hops);
        if old == effective {
            return false;
        }
        path.set(Flag::CHANGED, true);
        path.set(Flag::REROUTED, true);
        if let Some(feed) = self.sources.feed_of_mut(path.source) {
            feed.accepted = feed.accepted + u32::from(!effective.is_none()) - u32::from(!old.is_none());
        }
        true
    }
}
