//! What can be said only of the whole: things that are each well-formed and do not go together.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use bgp_core::speaker::config::{Config, PeerConfig, RemoteAs};

use super::super::desired::Vrrp;
use super::super::draft::{BgpDraft, Draft};
use super::super::finding::{Findings, Severity};
use super::super::statement::Spot;
use super::peers::spot;
use super::report;

/// Of virtual routers: addresses that fit the version, and no address twice on one interface.
pub(crate) fn virtual_routers(draft: &Draft, findings: &mut Findings) {
    for (name, interface) in &draft.desired.interfaces {
        let mut owners: BTreeMap<IpAddr, u8> = BTreeMap::new();
        for (vrid, router) in &interface.vrrp {
            let spot = draft.vrrp_spots.get(&(name.clone(), *vrid)).copied().unwrap_or_default();
            if router.version == 2 && !router.addresses_v6.is_empty() {
                let message = format!("virtual router {vrid} has IPv6 addresses, which need version 3");
                report(findings, spot, Severity::Error, message);
            }
            if router.version == 2 && router.advertisement_interval.subsec_nanos() != 0 {
                let message = format!(
                    "virtual router {vrid} has version 2, whose interval is in whole seconds (RFC 3768 §5.3.7)"
                );
                report(findings, spot, Severity::Error, message);
            }
            if router.addresses_v4.is_empty() && router.addresses_v6.is_empty() {
                let message = format!("virtual router {vrid} has no address");
                report(findings, spot, Severity::Warning, message);
            }
            for address in addresses(router) {
                if let Some(other) = owners.insert(address, *vrid) {
                    let message = format!("{address} is in the virtual routers {other} and {vrid}");
                    report(findings, spot, Severity::Error, message);
                }
            }
        }
    }
}

/// RFC 9568 §5.2.4: priority 255 is for the router whose own addresses the virtual ones are, and for no other. Judged by
/// what the file says of the interface's addresses; where it says nothing there is nothing to judge.
pub(crate) fn owners(draft: &Draft, findings: &mut Findings) {
    for (name, interface) in &draft.desired.interfaces {
        let own: Vec<IpAddr> = interface.addresses.iter().map(ipnet::IpNet::addr).collect();
        for (vrid, router) in &interface.vrrp {
            let place = (name.clone(), *vrid);
            let first = draft.vrrp_spots.get(&place).copied().unwrap_or_default();
            let spot = draft.vrrp_priority_spots.get(&place).copied().unwrap_or(first);
            for address in addresses(router) {
                let is_known = own.iter().any(|known| known.is_ipv4() == address.is_ipv4());
                let message = match (router.priority == OWNER, own.contains(&address)) {
                    (false, true) => format!(
                        "{address} is the interface's own address: whoever owns it has priority 255 (RFC 9568 §5.2.4)"
                    ),
                    (true, false) if is_known => format!(
                        "priority 255 is for the router that owns the addresses, and {address} is not one of {name}"
                    ),
                    _ => continue,
                };
                report(findings, spot, Severity::Warning, message);
            }
        }
    }
}

/// Of router advertisements: that there is a virtual router to send them, and lifetimes that last.
pub(crate) fn router_advertisements(draft: &Draft, findings: &mut Findings) {
    for (name, interface) in &draft.desired.interfaces {
        let advert = &interface.router_advert;
        if let (Some(lifetime), Some(spot)) = (advert.lifetime, draft.ra_lifetime_spots.get(name))
            && lifetime > 0
            && Duration::from_secs(lifetime.into()) < advert.interval()
        {
            let message = format!(
                "a default router that lives for {lifetime} s is forgotten before the next advertisement, which may \
                 take {} s (RFC 4861 §6.2.1)",
                advert.interval().as_secs_f64()
            );
            report(findings, *spot, Severity::Error, message);
        }
        let Some(spot) = draft.suppress_ra_spots.get(name).filter(|_| interface.suppress_ra == Some(false))
        else {
            continue;
        };
        let mut routers = interface.vrrp.values().flat_map(|router| &router.addresses_v6);
        if !routers.any(|address| address.is_unicast_link_local()) {
            let message = format!(
                "router advertisements are sent by virtual routers alone, from their link-local address: {name} has \
                 none, and none are sent"
            );
            report(findings, *spot, Severity::Warning, message);
        }
    }
}

fn addresses(router: &Vrrp) -> impl Iterator<Item = IpAddr> {
    let v4 = router.addresses_v4.iter().copied().map(IpAddr::V4);
    v4.chain(router.addresses_v6.iter().copied().map(IpAddr::V6))
}

/// RFC 9568 §5.2.4.
const OWNER: u8 = 255;

/// Of peers: addresses, listen ranges, families, policy.
pub(crate) fn peers(draft: &Draft, bgp: &BgpDraft, config: &Config, findings: &mut Findings) {
    let own: Vec<IpAddr> =
        draft.desired.interfaces.values().flat_map(|one| &one.addresses).map(ipnet::IpNet::addr).collect();
    for (addr, peer) in &config.peers {
        let at = spot(bgp, *addr);
        if own.contains(addr) {
            report(findings, at, Severity::Error, format!("neighbor {addr} is this router's own address"));
        }
        if let Some(range) = config.listen_range(*addr).filter(|range| range.template.group != peer.group) {
            let group = range.template.group.as_deref().unwrap_or_default();
            let message = format!(
                "neighbor {addr} is also in the listen range {} of peer group {group}: its own lines count",
                range.prefix
            );
            report(findings, at, Severity::Warning, message);
        }
        session(config, peer, (format!("neighbor {addr}"), at), findings);
    }
    for range in &config.listen_ranges {
        let at = bgp.listen_ranges.get(&range.prefix).map_or(bgp.spot, |group| group.spot);
        session(config, &range.template, (format!("listen range {}", range.prefix), at), findings);
    }
}

fn session(config: &Config, peer: &PeerConfig, (who, at): (String, Spot), findings: &mut Findings) {
    let mut say = |message: String| report(findings, at, Severity::Warning, message);
    let internal = match peer.remote_as {
        RemoteAs::Asn(asn) => asn == peer.local_as.map_or(config.asn, |local| local.asn),
        RemoteAs::Internal => true,
        RemoteAs::External => false,
    };
    if peer.families.iter().all(|(_, family)| family.is_none()) {
        say(format!("{who} is activated in no address family: nothing is exchanged"));
    }
    if internal && peer.role.is_some() {
        say(format!("{who} is internal: local-role has no effect (RFC 9234 §4)"));
    }
    for (family, settings) in peer.families.iter().filter_map(|(family, set)| Some((family, set.as_ref()?))) {
        if !internal && settings.route_reflector_client {
            say(format!("{who} is external: route-reflector-client has no effect"));
        }
        let silent = match (settings.import.is_empty(), settings.export.is_empty()) {
            _ if internal || !config.ebgp_requires_policy => continue,
            (true, true) => "accepted or announced",
            (true, false) => "accepted",
            (false, true) => "announced",
            (false, false) => continue,
        };
        say(format!("{who} has no policy for {family}: no route is {silent} (RFC 8212)"));
    }
}
