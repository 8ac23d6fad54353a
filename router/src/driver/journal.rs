//! The log: one structured line per event that an operator may want to know of.

use bgp_core::Family;
use bgp_core::rib::MaxPrefixOutcome;
use bgp_core::session::DownReason;
use bgp_core::speaker::{PeerEvent, ReloadSummary, SpeakerEvent};
use bgp_core::wire::NotificationBuf;
use frr_bridge::kernel::Event;
use tracing::{debug, error, info, warn};

use crate::config::{Findings, Severity};

/// Logs what the speaker says.
pub(super) fn speaker(event: &SpeakerEvent) {
    match event {
        SpeakerEvent::Peer { address, event, .. } => {
            let span = tracing::info_span!("peer", %address);
            let _in_span = span.enter();
            peer(event);
        }
        SpeakerEvent::Refused { remote, why } => debug!(%remote, ?why, "connection refused"),
        SpeakerEvent::Converged => info!("every peer has sent its table, or has been waited for"),
        SpeakerEvent::Lost { events } => warn!(events, "events went unlogged"),
    }
}

fn peer(event: &PeerEvent) {
    match event {
        PeerEvent::Admitted { range } => info!(%range, "dynamic peer admitted"),
        PeerEvent::Dismissed => info!("dynamic peer gone"),
        PeerEvent::Up(negotiated) => {
            let families: Vec<_> = negotiated.families.iter().map(|family| family.to_string()).collect();
            info!(asn = %negotiated.asn, id = %negotiated.router_id, ?families, hold = ?negotiated.hold, "session up");
        }
        PeerEvent::Down { reason, lived } => {
            warn!(?lived, why = why(reason), "session down");
            notification(reason);
        }
        PeerEvent::Failed { reason } => {
            debug!(why = why(reason), "no session");
            notification(reason);
        }
        PeerEvent::Collision { kept } => info!(?kept, "two connections, one is given up"),
        PeerEvent::Replaced => info!("peer has restarted: its new connection replaces the old one"),
        PeerEvent::MaxPrefix(verdict) => {
            let (family, count, limit) = (verdict.family, verdict.count, verdict.limit);
            match verdict.outcome {
                MaxPrefixOutcome::Threshold => warn!(%family, count, limit, "close to maximum-prefix"),
                MaxPrefixOutcome::Exceeded(action) => {
                    error!(%family, count, limit, ?action, "maximum-prefix exceeded");
                }
            }
        }
        PeerEvent::NotRefreshed { families } => {
            let families: Vec<_> = families.iter().map(|family: Family| family.to_string()).collect();
            warn!(
                ?families,
                "changed policy: the peer takes no route refresh, so routes that were refused before stay away until the session is reset"
            );
        }
        PeerEvent::EndOfRib(family) => info!(%family, "End-of-RIB received"),
        PeerEvent::RoutesKept { families, at_most } => {
            let families: Vec<_> = families.iter().map(|family: Family| family.to_string()).collect();
            info!(?families, ?at_most, "routes kept over the peer's restart");
        }
        PeerEvent::StaleSwept { family, why } => {
            info!(%family, ?why, "kept routes that were not renewed are gone");
        }
    }
}

fn notification(reason: &DownReason) {
    let Some(notification) = reason.notification() else { return };
    let direction = match reason {
        DownReason::Received(_) | DownReason::CapabilitiesRefused(_) => "received",
        DownReason::Refused { .. }
        | DownReason::Expired(_)
        | DownReason::Stopped(_)
        | DownReason::Closed
        | DownReason::LinkLost => "sent",
    };
    let NotificationBuf { kind, data } = notification;
    warn!(direction, code = kind.code.0, subcode = kind.subcode, text = %notification, octets = ?data, "NOTIFICATION");
}

fn why(reason: &DownReason) -> &'static str {
    match reason {
        DownReason::Refused { .. } => "the peer sent what it must not",
        DownReason::Expired(_) => "a timer expired",
        DownReason::Stopped(_) => "stopped by us",
        DownReason::Received(_) => "ended by the peer",
        DownReason::CapabilitiesRefused(_) => "the peer takes no capabilities",
        DownReason::Closed => "connection lost",
        DownReason::LinkLost => "the link to the peer is down",
    }
}

/// Logs what the kernel task says, where it is not plain traffic.
pub(super) fn kernel(event: &Event) {
    match event {
        Event::Ready { adopted } => info!(adopted, "kernel tables read"),
        Event::RouteFailed(prefix, refusal) => warn!(%prefix, %refusal, "the kernel refused a route"),
        Event::Overrun => warn!("messages of the kernel were lost; reading everything again"),
        Event::Swept(0) => debug!("nothing left over in the kernel"),
        Event::Swept(routes) => info!(routes, "left-over routes removed from the kernel"),
        Event::Interface(index, Some(interface)) => {
            debug!(index, name = interface.name, up = interface.is_operative(), "interface");
        }
        Event::Interface(index, None) => debug!(index, "interface gone"),
        Event::NextHop(..)
        | Event::WantVia(_)
        | Event::Network(..)
        | Event::Redistribute(..)
        | Event::WantAll(_)
        | Event::Want(_)
        | Event::Installed(_) => {}
    }
}

/// Logs what there is to say of a configuration.
pub(super) fn findings(file: &str, findings: &Findings) {
    for finding in findings.iter() {
        let at = finding.display(file);
        match finding.severity {
            Severity::Note => debug!("{at}"),
            Severity::Warning => warn!("{at}"),
            Severity::Error => error!("{at}"),
        }
    }
}

/// Logs what a reload came to.
pub(super) fn reload(summary: &ReloadSummary) {
    info!(?summary, "configuration reloaded");
}
