//! OPENs as `show` wants them.

use std::time::Duration;

use bgp_core::speaker::config::Role;
use bgp_core::wire::OpenBuf;
use bgp_core::wire::capability::{Capability, FamilyCodes};
use bgp_core::{Family, FamilySet};

use crate::control::snapshot::{CapabilitySnapshot, FqdnSnapshot, GracefulRestartSnapshot};

/// What an OPEN offers; the role comes apart, since whether it counts was negotiated.
pub(super) fn snapshot(open: &OpenBuf, role: Option<Role>) -> CapabilitySnapshot {
    let start = CapabilitySnapshot { role, extended_parameters: open.is_extended(), ..Default::default() };
    open.capabilities().fold(start, add)
}

fn add(mut all: CapabilitySnapshot, capability: Capability<'_>) -> CapabilitySnapshot {
    match capability {
        Capability::Multiprotocol(codes) => insert(&mut all.families, codes),
        Capability::RouteRefresh => all.route_refresh = true,
        Capability::RouteRefreshOld => all.route_refresh_old = true,
        Capability::ExtendedNextHop(entries) => {
            entries.for_each(|entry| insert(&mut all.extended_next_hop, entry.family));
        }
        Capability::ExtendedMessage => all.extended_message = true,
        Capability::GracefulRestart(head, entries) => {
            let mut restart = GracefulRestartSnapshot {
                time: Duration::from_secs(head.time.into()),
                is_restarting: head.restarted,
                has_notification: head.notification,
                ..Default::default()
            };
            for entry in entries {
                insert(&mut restart.families, entry.family);
                if entry.forwarding {
                    insert(&mut restart.forwarding, entry.family);
                }
            }
            all.graceful_restart = Some(restart);
        }
        Capability::FourOctetAs(_) => all.four_octet_as = true,
        Capability::AddPath(entries) => {
            for entry in entries {
                if let Some(family) = entry.family.family() {
                    all.add_path[family].send = entry.send;
                    all.add_path[family].receive = entry.receive;
                }
            }
        }
        Capability::EnhancedRouteRefresh => all.enhanced_route_refresh = true,
        Capability::LongLivedGracefulRestart(entries) => {
            let families = entries.filter_map(|entry| entry.family.family());
            all.long_lived_graceful_restart = Some(families.collect());
        }
        Capability::Fqdn { host, domain } => {
            let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
            all.fqdn = Some(FqdnSnapshot { host: text(host), domain: text(domain) });
        }
        Capability::SoftwareVersion(text) => {
            all.software_version = Some(String::from_utf8_lossy(text).into_owned());
        }
        Capability::Role(_) | Capability::Unknown { .. } => {}
    }
    all
}

fn insert(families: &mut FamilySet, codes: FamilyCodes) {
    let known: Option<Family> = codes.family();
    if let Some(family) = known {
        families.insert(family);
    }
}
