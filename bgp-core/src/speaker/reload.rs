//! What a new configuration means for each peer: the difference of two values, decided by rows.
//!
//! [`PEER_ROWS`], [`FAMILY_ROWS`] and [`INSTANCE_ROWS`] give every field of the configuration one [`Effect`].
//! A peer's change is the strongest effect of the fields that differ, and carries their names, so that an operator
//! can be told beforehand what a reload will do and why. Equal values have no effect at all: a reload that changes
//! nothing sends nothing.
//!
//! Where FRR resets a session for a change that the protocol can take in its stride (a description, timers,
//! `passive`, reflection), we do not.

use alloc::vec::Vec;
use core::net::IpAddr;

use super::config::{Config, PeerConfig, PeerFamilyConfig};
use crate::types::Family;

/// What a reload does, peer by peer, in the order of addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReloadSummary {
    /// Configured peers of either configuration.
    pub peers: Vec<(IpAddr, PeerChange)>,
    /// Fields of the instance that differ, with what they do.
    pub instance: Vec<(&'static str, Effect)>,
}

/// What happens to one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerChange {
    /// It is new.
    Add,
    /// It is gone; its session ends with Cease/Peer De-configured (RFC 4486 §4).
    Remove,
    /// Its session and its routes stay as they are.
    Keep,
    /// Its session stays; routes are looked at again.
    Soft {
        /// Which way.
        routes: Refresh,
        /// The fields that differ.
        fields: Vec<&'static str>,
    },
    /// Its session ends and starts anew; Cease/Other Configuration Change (RFC 4486 §4).
    Reset {
        /// The fields that differ and need it.
        fields: Vec<&'static str>,
    },
}

/// Which routes of a peer are looked at again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refresh {
    /// Those it sent.
    pub import: bool,
    /// Those it is sent.
    pub export: bool,
}

/// What a changed field asks for, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Display only, or read when it is next needed (timers, the next attempt to connect).
    Quiet,
    /// Routes sent to the peer.
    Export,
    /// Routes received from the peer.
    Import,
    /// Routes both ways.
    Both,
    /// What was said in the OPEN, or how the connection was made.
    Reset,
}

/// A field of a value and what its change asks for.
pub struct Row<T: ?Sized> {
    /// As a person would look for it.
    pub field: &'static str,
    /// What a difference asks for.
    pub effect: Effect,
    differs: fn(&T, &T) -> bool,
}

impl ReloadSummary {
    /// What going from `old` to `new` would do. Nothing is done.
    #[must_use]
    pub fn between(old: &Config, new: &Config) -> Self {
        let instance: Vec<_> = differing(INSTANCE_ROWS, old, new).collect();
        let mut peers: Vec<_> = new
            .peers
            .iter()
            .map(|(address, wanted)| {
                let change = match old.peers.get(address) {
                    Some(running) => PeerChange::between(running, wanted, &instance),
                    None => PeerChange::Add,
                };
                (*address, change)
            })
            .collect();
        let removed = old.peers.keys().filter(|address| !new.peers.contains_key(address));
        peers.extend(removed.map(|address| (*address, PeerChange::Remove)));
        peers.sort_by_key(|(address, _)| *address);
        Self { peers, instance }
    }

    /// Which routes of every peer must be looked at again because the instance changed.
    pub(super) fn routes(&self) -> Refresh {
        Refresh::of(&self.instance)
    }

    /// True if nothing differs.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.instance.is_empty() && self.peers.iter().all(|(_, change)| *change == PeerChange::Keep)
    }
}

impl Refresh {
    /// What all of these ask for.
    fn of(differing: &[(&'static str, Effect)]) -> Self {
        let any = |wanted: Effect| {
            differing.iter().any(|(_, effect)| matches!(effect, Effect::Both) || *effect == wanted)
        };
        Self { import: any(Effect::Import), export: any(Effect::Export) }
    }
}

impl PeerChange {
    /// What going from `old` to `new` does to one peer, where `instance` differs too.
    #[must_use]
    pub fn between(old: &PeerConfig, new: &PeerConfig, instance: &[(&'static str, Effect)]) -> Self {
        let mut differing: Vec<_> = differing(PEER_ROWS, old, new).collect();
        for family in Family::ALL {
            if let (Some(old), Some(new)) = (&old.families[family], &new.families[family]) {
                for row in self::differing(FAMILY_ROWS, old, new) {
                    if !differing.contains(&row) {
                        differing.push(row);
                    }
                }
            }
        }
        differing.extend_from_slice(instance);
        let of = |wanted: fn(Effect) -> bool| -> Vec<&'static str> {
            differing.iter().filter(|(_, effect)| wanted(*effect)).map(|(field, _)| *field).collect()
        };
        let reset = of(|effect| effect == Effect::Reset);
        if !reset.is_empty() {
            return Self::Reset { fields: reset };
        }
        let routes = Refresh::of(&differing);
        if routes == Refresh::default() {
            Self::Keep
        } else {
            Self::Soft { routes, fields: of(|effect| effect > Effect::Quiet) }
        }
    }
}

/// A table row.
macro_rules! row {
    ($effect:ident, $field:ident) => {
        row!($effect, $field, stringify!($field))
    };
    ($effect:ident, $field:ident, $name:expr) => {
        Row { field: $name, effect: Effect::$effect, differs: |old, new| old.$field != new.$field }
    };
}

/// Fields of a peer.
pub const PEER_ROWS: &[Row<PeerConfig>] = &[
    row!(Quiet, group),
    row!(Quiet, description),
    row!(Reset, remote_as, "remote-as"),
    row!(Reset, local_as, "local-as"),
    row!(Reset, password),
    row!(Reset, ttl, "ebgp-multihop or ttl-security"),
    row!(Reset, update_source, "update-source"),
    row!(Quiet, passive),
    row!(Quiet, shutdown),
    row!(Quiet, port),
    row!(Quiet, timers),
    row!(Reset, disable_connected_check, "disable-connected-check"),
    row!(Reset, extended_next_hop, "capability extended-nexthop"),
    row!(Reset, dont_capability_negotiate, "dont-capability-negotiate"),
    row!(Reset, role, "local-role"),
    Row {
        field: "activate",
        effect: Effect::Reset,
        differs: |old, new| {
            Family::ALL
                .iter()
                .any(|family| old.families[*family].is_some() != new.families[*family].is_some())
        },
    },
];

/// Fields of a family of a peer, where both configurations have the family.
pub const FAMILY_ROWS: &[Row<PeerFamilyConfig>] = &[
    row!(Import, import, "policy in"),
    row!(Export, export, "policy out"),
    row!(Import, soft_reconfiguration, "soft-reconfiguration inbound"),
    row!(Quiet, maximum_prefix, "maximum-prefix"),
    row!(Export, next_hop_self, "next-hop-self"),
    row!(Export, default_originate, "default-originate"),
    row!(Export, send_community, "send-community"),
    row!(Both, route_reflector_client, "route-reflector-client"),
    row!(Import, allow_as_in, "allowas-in"),
    row!(Export, remove_private_as, "remove-private-AS"),
    row!(Export, as_override, "as-override"),
    row!(Import, weight),
    row!(Export, attribute_unchanged, "attribute-unchanged"),
];

/// Fields of the instance, apart from its peers.
///
/// What concerns the table as a whole (networks, decision, paths) is for the RIB to compare, and quiet here; a
/// change of a listen range is one of the dynamic peers in it.
pub const INSTANCE_ROWS: &[Row<Config>] = &[
    row!(Reset, asn, "AS number"),
    row!(Reset, router_id, "router-id"),
    row!(Quiet, host_name, "hostname"),
    row!(Quiet, listen_ranges, "listen range"),
    row!(Quiet, listen_limit, "listen limit"),
    row!(Quiet, families, "networks, redistribution and paths"),
    row!(Quiet, decision, "bestpath"),
    row!(Export, default_local_pref, "default local-preference"),
    row!(Both, ebgp_requires_policy, "ebgp-requires-policy"),
    row!(Both, cluster_id, "cluster-id"),
    row!(Export, client_to_client_reflection, "client-to-client reflection"),
    row!(Quiet, graceful_restart, "graceful-restart"),
    row!(Quiet, network_import_check, "network import-check"),
    row!(Quiet, log_neighbor_changes, "log-neighbor-changes"),
    row!(Quiet, shutdown),
];

fn differing<'a, T: ?Sized>(
    rows: &'static [Row<T>],
    old: &'a T,
    new: &'a T,
) -> impl Iterator<Item = (&'static str, Effect)> + 'a {
    rows.iter().filter(move |row| (row.differs)(old, new)).map(|row| (row.field, row.effect))
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::sync::Arc;
    use core::time::Duration;

    use super::*;
    use crate::speaker::config::{MaximumPrefix, MaximumPrefixAction, RemoteAs};
    use crate::types::{Asn, RouterId};

    fn config() -> Config {
        let mut config = Config::new(Asn(64510), RouterId(1));
        config.peers.insert(address(), Arc::new(PeerConfig::new(RemoteAs::External)));
        config
    }

    fn address() -> IpAddr {
        "192.0.2.1".parse().unwrap()
    }

    fn changed(change: impl FnOnce(&mut PeerConfig)) -> PeerChange {
        let old = config();
        let mut new = old.clone();
        change(Arc::make_mut(new.peers.get_mut(&address()).unwrap()));
        ReloadSummary::between(&old, &new).peers.remove(0).1
    }

    /// Fails to compile when a field is added, as a reminder that it needs a row.
    #[test]
    fn every_field_has_a_row() {
        let Config {
            asn: _,
            router_id: _,
            host_name: _,
            peers: _,
            listen_ranges: _,
            listen_limit: _,
            families: _,
            decision: _,
            default_local_pref: _,
            ebgp_requires_policy: _,
            cluster_id: _,
            client_to_client_reflection: _,
            graceful_restart: _,
            network_import_check: _,
            log_neighbor_changes: _,
            shutdown: _,
        } = config();
        assert_eq!(INSTANCE_ROWS.len(), 16 - 1, "all but peers");
        let PeerConfig {
            group: _,
            description: _,
            remote_as: _,
            local_as: _,
            password: _,
            ttl: _,
            update_source: _,
            passive: _,
            shutdown: _,
            port: _,
            timers: _,
            disable_connected_check: _,
            extended_next_hop: _,
            dont_capability_negotiate: _,
            role: _,
            families: _,
        } = PeerConfig::new(RemoteAs::Internal);
        assert_eq!(PEER_ROWS.len(), 16);
        let PeerFamilyConfig {
            import: _,
            export: _,
            soft_reconfiguration: _,
            maximum_prefix: _,
            next_hop_self: _,
            default_originate: _,
            send_community: _,
            route_reflector_client: _,
            allow_as_in: _,
            remove_private_as: _,
            as_override: _,
            weight: _,
            attribute_unchanged: _,
        } = PeerFamilyConfig::default();
        assert_eq!(FAMILY_ROWS.len(), 13);
    }

    #[test]
    fn an_equal_configuration_changes_nothing() {
        let summary = ReloadSummary::between(&config(), &config());
        assert!(summary.is_unchanged());
        assert_eq!(summary.peers, [(address(), PeerChange::Keep)]);
    }

    #[test]
    fn what_nobody_sees_keeps_the_session() {
        assert_eq!(changed(|peer| peer.description = Some("core".to_string())), PeerChange::Keep);
        assert_eq!(changed(|peer| peer.timers.hold = Duration::from_secs(9)), PeerChange::Keep);
        let limit = MaximumPrefix { limit: 9, threshold: 75, action: MaximumPrefixAction::Warn };
        let change = changed(|peer| {
            peer.families[Family::Ipv4Unicast].as_mut().unwrap().maximum_prefix = Some(limit);
        });
        assert_eq!(change, PeerChange::Keep);
    }

    #[test]
    fn policy_is_soft_and_says_which_way() {
        let change = changed(|peer| peer.families[Family::Ipv4Unicast].as_mut().unwrap().weight = Some(9));
        let routes = Refresh { import: true, export: false };
        assert_eq!(change, PeerChange::Soft { routes, fields: alloc::vec!["weight"] });
    }

    #[test]
    fn a_reset_names_the_fields_that_need_it() {
        let change = changed(|peer| {
            peer.password = Some("s3cret".to_string());
            peer.description = Some("core".to_string());
            peer.families[Family::Ipv6Unicast] = Some(PeerFamilyConfig::default());
        });
        assert_eq!(change, PeerChange::Reset { fields: alloc::vec!["password", "activate"] });
    }

    #[test]
    fn a_new_router_id_resets_every_peer() {
        let mut new = config();
        new.router_id = RouterId(2);
        let summary = ReloadSummary::between(&config(), &new);
        let reset = PeerChange::Reset { fields: alloc::vec!["router-id"] };
        assert_eq!(summary.peers, [(address(), reset)]);
    }

    #[test]
    fn peers_come_and_go() {
        let mut new = config();
        new.peers.clear();
        assert_eq!(ReloadSummary::between(&config(), &new).peers, [(address(), PeerChange::Remove)]);
        assert_eq!(ReloadSummary::between(&new, &config()).peers, [(address(), PeerChange::Add)]);
    }
}
