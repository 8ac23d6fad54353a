//! The instance and its peers as `show` wants them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bgp_core::rib::{PeerCounts, Totals};
use bgp_core::session::{Counters, DownReason};
use bgp_core::speaker::{PeerOrigin, PeerView, SessionView};
use bgp_core::wire::{ErrorKind, NotificationBuf};
use bgp_core::{Asn, FamilyMap, FamilySet, Instant, PeerId, PeerKind};

use super::super::postman::Postman;
use super::capability;
use crate::control::snapshot::{
    Endpoints, InstanceSnapshot, MessageCounts, NotificationSnapshot, PeerFamilySnapshot, PeerSnapshot,
    ResetReason, ResetSnapshot, TableSnapshot,
};

/// The instance; nothing if the configuration has none.
pub(super) fn instance(postman: &Postman) -> Option<Box<InstanceSnapshot>> {
    let speaker = &postman.speaker;
    let config = speaker.config();
    let now = postman.clock.now();
    let groups: std::collections::BTreeSet<_> =
        config.peers.values().filter_map(|peer| peer.group.as_deref()).collect();
    (config.asn != Asn(0)).then(|| {
        let routes = speaker.counts();
        Box::new(InstanceSnapshot {
            asn: config.asn,
            router_id: config.router_id,
            host_name: config.host_name.clone().unwrap_or_default(),
            default_local_pref: config.default_local_pref,
            graceful_restart: config.graceful_restart,
            listen_limit: config.listen_limit,
            decision: config.decision,
            tables: FamilyMap::from_fn(|family| table(&speaker.rib().totals(family))),
            peer_groups: groups.len(),
            peers: speaker
                .peers()
                .map(|peer| snapshot(&peer, &routes, config.ebgp_requires_policy, now))
                .collect(),
        })
    })
}

fn table(totals: &Totals) -> TableSnapshot {
    let wide = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
    TableSnapshot {
        version: totals.version,
        prefixes: wide(totals.prefixes),
        paths: wide(totals.paths),
        entries: wide(totals.prefixes),
        memory: wide(totals.table_octets),
        peer_memory: 0,
    }
}

/// How many routes of each peer there are.
type RouteCounts = FamilyMap<BTreeMap<PeerId, PeerCounts>>;

fn snapshot(peer: &PeerView<'_>, routes: &RouteCounts, requires_policy: bool, now: Instant) -> PeerSnapshot {
    let ago = |at: Instant| now - at;
    let is_policy_missing = requires_policy && peer.kind == PeerKind::External;
    let session = peer.session.as_ref();
    let negotiated = session.and_then(|session| session.negotiated);
    PeerSnapshot {
        address: peer.address,
        interface: None,
        is_dynamic: matches!(peer.origin, PeerOrigin::Dynamic { .. }),
        config: Arc::clone(peer.config),
        remote_as: peer.asn.unwrap_or_default(),
        local_as: peer.local_as,
        is_internal: peer.kind != PeerKind::External,
        host_name: negotiated.and_then(|negotiated| negotiated.host_name.clone()),
        router_id: session.and_then(|session| session.open).map(|open| open.router_id),
        state: peer.state.fsm(),
        since: peer.uptime(now).or_else(|| down_since(peer, now)),
        last_read: peer.stats.last_read.map(ago),
        last_write: peer.stats.last_written.map(ago),
        last_update: session.and_then(|session| session.last_update).map(ago),
        hold: negotiated.map_or(peer.config.timers.hold, |negotiated| negotiated.hold),
        keepalive: negotiated.map_or(peer.config.timers.keepalive, |negotiated| negotiated.keepalive),
        sent: negotiated.map(|negotiated| capability::snapshot(&negotiated.ours, peer.config.role)),
        received: negotiated.map(|negotiated| capability::snapshot(&negotiated.theirs, negotiated.role)),
        end_of_rib_sent: negotiated.map_or(FamilySet::EMPTY, |negotiated| negotiated.families),
        end_of_rib_received: session.map_or(FamilySet::EMPTY, |session| session.end_of_rib),
        messages_sent: counts(&peer.stats.sent),
        messages_received: counts(&peer.stats.received),
        in_queue: 0,
        out_queue: 0,
        families: FamilyMap::from_fn(|family| {
            let counts = routes[family].get(&peer.id).copied().unwrap_or_default();
            peer.config.families[family].as_ref().map(|wanted| PeerFamilySnapshot {
                export_group: None,
                queued: 0,
                received: counts.received.into(),
                accepted: counts.accepted.into(),
                sent: counts.advertised.into(),
                stale: if peer.stale.contains(family) { counts.accepted.into() } else { 0 },
                best: 0,
                lacks_import_policy: is_policy_missing && wanted.import.is_empty(),
                lacks_export_policy: is_policy_missing && wanted.export.is_empty(),
            })
        }),
        established: peer.established.into(),
        dropped: peer.dropped.into(),
        last_reset: peer.last_reset.map(|reset| reset_snapshot(&reset.reason, now - reset.at)),
        endpoints: session.map(endpoints),
        next_connect: peer.next_dial.map(|at| at - now),
    }
}

/// How long ago the peer was last Established, if it ever was.
fn down_since(peer: &PeerView<'_>, now: Instant) -> Option<Duration> {
    let reset = peer.last_reset.filter(|_| peer.established > 0)?;
    Some(now - reset.at)
}

const fn counts(counters: &Counters) -> MessageCounts {
    MessageCounts {
        open: counters.open,
        notification: counters.notification,
        update: counters.update,
        keepalive: counters.keepalive,
        route_refresh: counters.route_refresh,
    }
}

fn endpoints(session: &SessionView<'_>) -> Endpoints {
    let link = session.link;
    let local = link.local_addresses();
    Endpoints {
        local: link.local,
        remote: link.remote,
        next_hop_v4: local.v4,
        next_hop_v6: local.v6,
        next_hop_link_local: local.link_local,
        is_shared_network: link.interface.is_some(),
        round_trip: None,
    }
}

fn reset_snapshot(reason: &DownReason, age: Duration) -> ResetSnapshot {
    let named = |notification: &NotificationBuf| NotificationSnapshot {
        code: notification.kind.code.0,
        subcode: notification.kind.subcode,
        name: notification.kind.to_string(),
        text: notification.text(),
    };
    ResetSnapshot { age, reason: reset_reason(reason), notification: reason.notification().map(named) }
}

fn reset_reason(reason: &DownReason) -> ResetReason {
    match reason {
        DownReason::Refused { .. } | DownReason::Expired(_) => ResetReason::NOTIFICATION_SENT,
        DownReason::Received(_) | DownReason::CapabilitiesRefused(_) => ResetReason::NOTIFICATION_RECEIVED,
        DownReason::Closed => ResetReason::PEER_CLOSED,
        DownReason::LinkLost => ResetReason::INTERFACE_DOWN,
        DownReason::Stopped(notification) => match notification.kind {
            ErrorKind::ADMINISTRATIVE_SHUTDOWN => ResetReason::ADMIN_SHUTDOWN,
            ErrorKind::ADMINISTRATIVE_RESET => ResetReason::USER_RESET,
            ErrorKind::PEER_UNCONFIGURED => ResetReason::NEIGHBOR_DELETED,
            ErrorKind::MAXIMUM_PREFIXES => ResetReason::MAXIMUM_PREFIX,
            ErrorKind::OTHER_CONFIGURATION_CHANGE => ResetReason::CAPABILITY_CHANGED,
            _ => ResetReason::NOTIFICATION_SENT,
        },
    }
}
