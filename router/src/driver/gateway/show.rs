//! Virtual routers as `show vrrp` wants to know them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use frr_bridge::vrrp::Device;
use tokio::sync::{mpsc, oneshot};
use vrrp_core::segment::Key;
use vrrp_core::{Family, Priority, Readiness, VirtualRouter, Vrid};

use super::hold::Holder;
use super::lan::{Lan, Question};
use super::world::{World, table_family};
use crate::config::{Track, TrackObject, Vrrp};
use crate::control::door::GatewayQuery;
use crate::control::snapshot::{FamilySnapshot, TrackSnapshot, VirtualRouterSnapshot};

/// Asks every interface, and answers with all of them.
pub(super) async fn answer(lans: &BTreeMap<String, mpsc::Sender<Question>>, query: GatewayQuery) {
    let GatewayQuery::VirtualRouters(reply) = query;
    let mut all = Vec::new();
    for questions in lans.values() {
        let (question, answer) = oneshot::channel();
        if questions.send(question).await.is_ok() {
            all.extend(answer.await.unwrap_or_default());
        }
    }
    // Whoever asked may have gone.
    let _ = reply.send(all);
}

/// The virtual routers of one interface.
pub(super) fn snapshots(lan: &Lan) -> Vec<VirtualRouterSnapshot> {
    let one = |(vrid, vrrp): (&u8, &Vrrp)| {
        let vrid = Vrid::new(*vrid)?;
        let of = |family| family_snapshot(lan, Key { vrid, family }, vrrp);
        Some(VirtualRouterSnapshot {
            interface: lan.name.clone(),
            vrid: vrid.get(),
            version: vrrp.version,
            is_shut: vrrp.shutdown,
            priority: vrrp.priority,
            preempts: vrrp.preempt,
            accepts: vrrp.accept_mode || vrrp.priority == Priority::OWNER.get(),
            interval: vrrp.advertisement_interval,
            v4: of(Family::Ipv4),
            v6: of(Family::Ipv6),
        })
    };
    lan.configured.iter().filter_map(one).collect()
}

fn family_snapshot(lan: &Lan, key: Key, vrrp: &Vrrp) -> FamilySnapshot {
    let mac = key.vrid.mac(key.family);
    let Some(router) = lan.segment.router(key) else {
        return FamilySnapshot::idle(mac, vrrp.priority);
    };
    let statistics = router.statistics();
    let now = lan.now();
    let last = statistics.last_transition.map(|change| (change.reason.to_string(), now - change.at));
    let dropped = statistics.dropped.iter().filter(|(_, count)| *count > 0);
    FamilySnapshot {
        device: lan.holders.get(&key).and_then(Holder::device).map(Device::name).map(str::to_owned),
        mac,
        primary: router.primary_address(),
        state: router.state(),
        effective_priority: router.effective_priority().get(),
        active_interval: router.active_interval().duration(),
        skew_time: router.skew_time(),
        active_down_interval: router.active_down_interval(),
        advertisements_sent: statistics.advertisements_sent,
        advertisements_received: statistics.advertisements_received,
        announcements_sent: statistics.announcements_sent,
        transitions: statistics.transitions,
        addresses: router.config().settings().addresses.iter().collect::<Vec<IpAddr>>(),
        last_transition: last,
        hindrance: hindrance(router),
        tracks: tracks(&lan.world.borrow(), vrrp, key.family),
        dropped: dropped.map(|(reason, count)| (reason.name(), count)).collect(),
    }
}

fn hindrance(router: &VirtualRouter) -> Option<String> {
    match (router.hindrance(), router.readiness()) {
        (Some(reason), _) => Some(reason.to_string()),
        (None, Readiness::Waiting) => Some("routes are not in the kernel yet".to_owned()),
        (None, Readiness::Ready) if router.effective_priority() == Priority::LOWEST => {
            Some("the priority is as low as it can be".to_owned())
        }
        (None, Readiness::Ready) => None,
    }
}

fn tracks(world: &World, vrrp: &Vrrp, family: Family) -> Vec<TrackSnapshot> {
    let one = |track: &Track| TrackSnapshot {
        object: name(&track.object),
        decrement: track.decrement,
        holds: world.holds(&track.object, table_family(family)),
    };
    vrrp.tracks.iter().map(one).collect()
}

fn name(object: &TrackObject) -> String {
    match object {
        TrackObject::DefaultRoute(None) => "default-route".to_owned(),
        TrackObject::DefaultRoute(Some(bgp_core::Family::Ipv4Unicast)) => "default-route v4".to_owned(),
        TrackObject::DefaultRoute(Some(bgp_core::Family::Ipv6Unicast)) => "default-route v6".to_owned(),
        TrackObject::BgpPeer(address) => format!("bgp-peer {address}"),
        TrackObject::Interface(interface) => format!("interface {interface}"),
        TrackObject::Route(prefix) => format!("route {prefix}"),
    }
}
