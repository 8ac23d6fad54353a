//! Peers as `show` sees them: borrowed from the speaker, for a snapshot.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::net::IpAddr;
use core::time::Duration;

use super::Speaker;
use super::config::PeerConfig;
use super::link::Link;
use super::peer::{Attached, LastReset, Peer, PeerOrigin, PeerState, Phase};
use super::stats::SessionStats;
use super::timer::SpeakerTimer;
use crate::rib::PeerCounts;
use crate::session::{Negotiated, OpenSummary};
use crate::time::Instant;
use crate::types::{Asn, FamilyMap, FamilySet, PeerId, PeerKind, SessionId};

/// One peer.
#[derive(Clone, Debug)]
pub struct PeerView<'a> {
    /// As the speaker numbers it.
    pub id: PeerId,
    /// Its address.
    pub address: IpAddr,
    /// Its configuration.
    pub config: &'a Arc<PeerConfig>,
    /// Whether it has a line of its own.
    pub origin: PeerOrigin,
    /// [`PeerKind::External`] or [`PeerKind::Internal`], as far as known: `remote-as external` until it is up.
    pub kind: PeerKind,
    /// Its AS: configured, or as its OPEN said.
    pub asn: Option<Asn>,
    /// The AS we show it.
    pub local_as: Asn,
    /// The RFC's state.
    pub state: PeerState,
    /// The text it was shut with, if it is shut.
    pub shutdown: Option<&'a str>,
    /// Its foremost connection.
    pub session: Option<SessionView<'a>>,
    /// Sessions that became Established.
    pub established: u32,
    /// Those that ended.
    pub dropped: u32,
    /// Why the last session ended.
    pub last_reset: Option<&'a LastReset>,
    /// When the next attempt is due, or the hold ends.
    pub next_dial: Option<Instant>,
    /// Messages of all connections so far.
    pub stats: SessionStats,
    /// Families whose routes are kept from an earlier session.
    pub stale: FamilySet,
    /// Until when it may come back to them.
    pub restart_deadline: Option<Instant>,
}

/// One connection.
#[derive(Clone, Debug)]
pub struct SessionView<'a> {
    /// As the speaker numbers it.
    pub id: SessionId,
    /// Its ends.
    pub link: &'a Link,
    /// Since when it exists.
    pub since: Instant,
    /// Who the peer says it is.
    pub open: Option<OpenSummary>,
    /// What was agreed, once Established.
    pub negotiated: Option<&'a Arc<Negotiated>>,
    /// Since when it is Established.
    pub established_since: Option<Instant>,
    /// When the last UPDATE came.
    pub last_update: Option<Instant>,
    /// Families whose End-of-RIB has come.
    pub end_of_rib: FamilySet,
    /// Its counters, as last reported.
    pub stats: SessionStats,
}

impl Speaker {
    /// Every peer, in the order of addresses.
    pub fn peers(&self) -> impl Iterator<Item = PeerView<'_>> {
        self.by_address.values().filter_map(|id| self.peers.get(id).map(|peer| self.view(*id, peer)))
    }

    /// The peer with this address.
    #[must_use]
    pub fn peer(&self, address: IpAddr) -> Option<PeerView<'_>> {
        let id = self.by_address.get(&address)?;
        self.peers.get(id).map(|peer| self.view(*id, peer))
    }

    /// How many routes of each peer there are. This takes a walk over the tables.
    #[must_use]
    pub fn counts(&self) -> FamilyMap<BTreeMap<PeerId, PeerCounts>> {
        FamilyMap::from_fn(|family| self.rib.all_counts(family))
    }

    fn view<'a>(&'a self, id: PeerId, peer: &'a Peer) -> PeerView<'a> {
        let session = peer.foremost().map(SessionView::of);
        let open = session.as_ref().and_then(|session| session.open);
        let local_as = self.local_as(id);
        let asn = open.map(|open| open.asn).or_else(|| peer.config.remote_as.asn(local_as));
        let mut stats = peer.history.stats;
        for session in &peer.sessions {
            stats.add(&session.stats);
        }
        PeerView {
            id,
            address: peer.address,
            config: &peer.config,
            origin: peer.origin,
            kind: if asn == Some(local_as) { PeerKind::Internal } else { PeerKind::External },
            asn,
            local_as,
            state: peer.state(),
            shutdown: peer.config.shutdown.as_deref().or(self.config.shutdown.as_deref()),
            session,
            established: peer.history.established,
            dropped: peer.history.dropped,
            last_reset: peer.history.last_reset.as_ref(),
            next_dial: peer.dialler.deadline(),
            stats,
            stale: peer.stale,
            restart_deadline: self.timers.deadline(SpeakerTimer::PeerRestart(id)),
        }
    }
}

impl PeerView<'_> {
    /// How long the peer has been Established.
    #[must_use]
    pub fn uptime(&self, now: Instant) -> Option<Duration> {
        self.session.as_ref()?.established_since.map(|since| now - since)
    }
}

impl<'a> SessionView<'a> {
    fn of(session: &'a Attached) -> Self {
        let mut view = Self {
            id: session.id,
            link: &session.link,
            since: session.since,
            open: None,
            negotiated: None,
            established_since: None,
            last_update: None,
            end_of_rib: FamilySet::EMPTY,
            stats: session.stats,
        };
        match &session.phase {
            Phase::OpenSent => {}
            Phase::OpenConfirm(open) => view.open = Some(*open),
            Phase::Established(established) => {
                let negotiated = &established.negotiated;
                view.open = Some(OpenSummary { router_id: negotiated.router_id, asn: negotiated.asn });
                view.negotiated = Some(negotiated);
                view.established_since = Some(established.since);
                view.last_update = Some(established.last_update);
                view.end_of_rib = established.end_of_rib;
            }
        }
        view
    }
}
