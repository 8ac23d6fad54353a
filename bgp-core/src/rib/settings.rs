//! What the tables need of the configuration, apart from peers.

use super::decision::Weighing;
use crate::speaker::config::{Config, Distance};
use crate::types::{Asn, Family, FamilyMap, PeerKind, RouterId};

/// The instance's settings, as values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Settings {
    /// Our AS.
    pub(super) asn: Asn,
    /// Our BGP Identifier.
    pub(super) router_id: RouterId,
    /// RFC 4456 §7.
    pub(super) cluster_id: RouterId,
    /// Whether clients' routes go to other clients.
    pub(super) reflects_between_clients: bool,
    /// RFC 8212.
    pub(super) requires_policy: bool,
    /// How paths are weighed.
    pub(super) weighing: Weighing,
    families: FamilyMap<FamilySettings>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct FamilySettings {
    maximum_paths: u16,
    maximum_paths_ibgp: u16,
    distance: Distance,
}

impl Settings {
    /// The settings of `config`.
    pub(super) fn of(config: &Config) -> Self {
        Self {
            asn: config.asn,
            router_id: config.router_id,
            cluster_id: config.cluster_id.unwrap_or(config.router_id),
            reflects_between_clients: config.client_to_client_reflection,
            requires_policy: config.ebgp_requires_policy,
            weighing: Weighing { config: config.decision, default_local_pref: config.default_local_pref },
            families: FamilyMap::from_fn(|family| {
                let config = &config.families[family];
                FamilySettings {
                    maximum_paths: config.maximum_paths,
                    maximum_paths_ibgp: config.maximum_paths_ibgp,
                    distance: config.distance,
                }
            }),
        }
    }

    /// Most paths used at once where the best is of this kind.
    pub(super) fn maximum_paths(&self, family: Family, kind: PeerKind) -> usize {
        let settings = &self.families[family];
        usize::from(match kind {
            PeerKind::Local => 1,
            PeerKind::External => settings.maximum_paths.max(1),
            PeerKind::Internal | PeerKind::Client => settings.maximum_paths_ibgp.max(1),
        })
    }

    /// Administrative distance of a route.
    pub(super) fn distance(&self, family: Family, kind: PeerKind) -> u8 {
        let distance = self.families[family].distance;
        match kind {
            PeerKind::Local => distance.local,
            PeerKind::External => distance.external,
            PeerKind::Internal | PeerKind::Client => distance.internal,
        }
    }
}
