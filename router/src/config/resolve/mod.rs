//! From what the lines say to what is wanted: names become the things they name, groups dissolve, defaults fill in.
//!
//! Runs once all lines are read, so their order does not matter. What can only be said of the whole is said here:
//! a name that nothing defines, a peer without an AS, a virtual address in two virtual routers.

mod checks;
mod peers;
mod policy;

use std::net::{IpAddr, Ipv4Addr};

use bgp_core::speaker::config::{Config, FamilyConfig, GracefulRestart, ListenRange, Network, Redistribute};
use bgp_core::{FamilyMap, RouterId};

use self::policy::Policies;
use super::desired::Desired;
use super::draft::{BgpDraft, BgpFamilyDraft, Draft};
use super::finding::{Finding, Findings, Severity};
use super::statement::Spot;

/// What is wanted; what there is to say of the whole is added to the findings.
pub(crate) fn resolve(draft: &Draft, findings: &mut Findings) -> Desired {
    let mut desired = draft.desired.clone();
    desired.static_routes = draft.static_routes.iter().cloned().collect();
    checks::virtual_routers(draft, findings);
    checks::owners(draft, findings);
    checks::router_advertisements(draft, findings);
    let mut policies = Policies::new(draft, findings);
    desired.bgp = draft.bgp.as_ref().map(|bgp| instance(draft, bgp, &mut policies));
    policies.finish();
    desired
}

/// Adds a finding about a line read before.
fn report(findings: &mut Findings, spot: Spot, severity: Severity, message: String) {
    findings.push(Finding { line: spot.line, column: spot.column, severity, message, hint: None });
}

fn instance(draft: &Draft, bgp: &BgpDraft, policies: &mut Policies<'_>) -> Config {
    let mut config = Config::new(bgp.asn, router_id(draft, bgp, policies.findings));
    // FRR up to 7.3 exchanged routes without policy and announced networks unseen.
    let old = draft.version.is_some_and(|version| version < (7, 4));
    let lax = draft.datacenter || old;
    config.host_name.clone_from(&draft.desired.host_name);
    config.ebgp_requires_policy = bgp.ebgp_requires_policy.unwrap_or(!lax);
    config.network_import_check = bgp.network_import_check.unwrap_or(!old);
    config.log_neighbor_changes = bgp.log_neighbor_changes.unwrap_or(draft.datacenter);
    config.decision = bgp.decision;
    config.decision.deterministic_med = bgp.deterministic_med.unwrap_or(draft.datacenter);
    config.default_local_pref = bgp.default_local_pref.unwrap_or(config.default_local_pref);
    config.cluster_id = bgp.cluster_id;
    config.client_to_client_reflection = bgp.client_to_client_reflection.unwrap_or(true);
    config.graceful_restart = graceful_restart(bgp);
    config.listen_limit = bgp.listen_limit.unwrap_or(config.listen_limit);
    config.shutdown.clone_from(&bgp.shutdown);
    config.families = FamilyMap::from_fn(|family| self::family(&bgp.families[family], policies));
    let peers = peers::Peers::new(draft, bgp);
    config.peers = peers.flatten(policies);
    for (prefix, group) in &bgp.listen_ranges {
        if let Some(template) = peers.template(group, policies) {
            config.listen_ranges.push(ListenRange { prefix: *prefix, template });
        }
    }
    checks::peers(draft, bgp, &config, policies.findings);
    config
}

fn family(draft: &BgpFamilyDraft, policies: &mut Policies<'_>) -> FamilyConfig {
    let mut config = FamilyConfig::default();
    for (prefix, route_map) in &draft.networks {
        let route_map = route_map.as_ref().map(|name| policies.route_map(name));
        config.networks.insert(*prefix, Network { route_map });
    }
    for (source, (metric, route_map)) in &draft.redistribute {
        let route_map = route_map.as_ref().map(|name| policies.route_map(name));
        config.redistribute.insert(*source, Redistribute { metric: *metric, route_map });
    }
    config.aggregates.clone_from(&draft.aggregates);
    config.maximum_paths = draft.maximum_paths.unwrap_or(config.maximum_paths);
    config.maximum_paths_ibgp = draft.maximum_paths_ibgp.unwrap_or(config.maximum_paths_ibgp);
    config.distance = draft.distance.unwrap_or(config.distance);
    config
}

fn graceful_restart(bgp: &BgpDraft) -> GracefulRestart {
    let default = GracefulRestart::default();
    GracefulRestart {
        mode: bgp.graceful_restart.unwrap_or(default.mode),
        restart_time: bgp.restart_time.unwrap_or(default.restart_time),
        stale_time: bgp.stale_time.unwrap_or(default.stale_time),
    }
}

/// `bgp router-id`, `router-id`, or as FRR chooses: the highest address of the loopback, else of any interface.
fn router_id(draft: &Draft, bgp: &BgpDraft, findings: &mut Findings) -> RouterId {
    let own = |name: Option<&str>| -> Option<Ipv4Addr> {
        let named = |(interface, _): &(&String, _)| name.is_none_or(|name| name == interface.as_str());
        let interfaces = draft.desired.interfaces.iter().filter(named);
        let addresses = interfaces.flat_map(|(_, interface)| &interface.addresses);
        addresses.filter_map(|net| if let IpAddr::V4(addr) = net.addr() { Some(addr) } else { None }).max()
    };
    let chosen = bgp
        .router_id
        .or_else(|| draft.desired.router_id.map(RouterId::from))
        .or_else(|| own(Some("lo")).or_else(|| own(None)).map(RouterId::from));
    chosen.unwrap_or_else(|| {
        let message =
            "no `bgp router-id` and no IPv4 address in this file: an address of the machine is taken";
        report(findings, bgp.spot, Severity::Note, message.into());
        RouterId::default()
    })
}
