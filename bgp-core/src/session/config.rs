//! What a session is told before it begins: who we are, who the peer must be, and what we offer it.
//!
//! The speaker makes a [`SessionConfig`] from its own configuration with [`SessionConfig::for_peer`]; equal values
//! mean that a reload need not touch the session.

use alloc::string::String;
use core::time::Duration;

use crate::speaker::config::{Config, GracefulRestartMode, PeerConfig, RemoteAs, Role};
use crate::types::{Asn, Family, FamilySet, RouterId};

/// Everything a session needs to know of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionConfig {
    /// The AS we show to the peer (`local-as` applied).
    pub local_as: Asn,
    /// Our BGP Identifier.
    pub router_id: RouterId,
    /// The AS the peer must be in.
    pub remote_as: RemoteAs,
    /// Proposed hold time; zero turns the timers off.
    pub hold: Duration,
    /// Proposed interval between KEEPALIVEs.
    pub keepalive: Duration,
    /// The families configured for the peer.
    pub families: FamilySet,
    /// The capabilities beside the families; none sends an OPEN without optional parameters, which is for peers
    /// that know no capabilities (RFC 5492 §3) and leaves IPv4 unicast only.
    pub offer: Option<Offer>,
}

/// The capabilities that depend on the configuration. Route refresh (also the old code), enhanced route refresh,
/// four-octet AS numbers, extended messages and a multiprotocol one per family go with every offer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Offer {
    /// Families whose IPv6 next hops we understand (RFC 8950). Only IPv4 families make sense.
    pub extended_next_hop: FamilySet,
    /// Families for which we take several paths (RFC 7911). FRR: all.
    pub add_path_receive: FamilySet,
    /// Families for which we would send several paths (RFC 7911).
    pub add_path_send: FamilySet,
    /// Graceful restart (RFC 4724); none sends no such capability.
    pub graceful_restart: Option<RestartOffer>,
    /// Our role towards the peer (RFC 9234). External peers only.
    pub role: Option<Role>,
    /// Sent in the FQDN capability.
    pub host_name: Option<String>,
    /// Sent in the software version capability.
    pub software_version: Option<String>,
}

/// Our graceful restart capability (RFC 4724 §3).
#[derive(Clone, Debug, PartialEq)]
pub struct RestartOffer {
    /// How long the peer should keep our routes.
    pub restart_time: Duration,
    /// Whether this process has just restarted: the R bit.
    pub restarted: Restarted,
    /// Families whose routes the peer is asked to keep. None for a helper.
    pub families: FamilySet,
    /// Those of them whose forwarding state outlived the restart: the F bits.
    pub forwarding: FamilySet,
}

/// Whether the process has restarted within its restart time (RFC 4724 §3, the Restart State bit).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restarted {
    /// It has run for longer, or began cold.
    #[default]
    No,
    /// It has, and its routes may still be in use.
    Yes,
}

impl SessionConfig {
    /// What the configuration says of a session with `peer`.
    #[must_use]
    pub fn for_peer(config: &Config, peer: &PeerConfig, restarted: Restarted) -> Self {
        let families: FamilySet =
            peer.families.iter().filter(|row| row.1.is_some()).map(|row| row.0).collect();
        let offer = Offer {
            extended_next_hop: if peer.extended_next_hop {
                families.and(FamilySet::EMPTY.with(Family::Ipv4Unicast))
            } else {
                FamilySet::EMPTY
            },
            add_path_receive: families,
            add_path_send: FamilySet::EMPTY,
            graceful_restart: restart_offer(config, families, restarted),
            role: peer.role,
            host_name: config.host_name.clone(),
            software_version: None,
        };
        Self {
            local_as: peer.local_as.map_or(config.asn, |local| local.asn),
            router_id: config.router_id,
            remote_as: peer.remote_as,
            hold: peer.timers.hold,
            keepalive: peer.timers.keepalive,
            families,
            offer: (!peer.dont_capability_negotiate).then_some(offer),
        }
    }

    /// The same without capabilities, for a peer that refused them
    /// ([`DownReason::refuses_capabilities`](super::DownReason::refuses_capabilities)).
    #[must_use]
    pub fn without_capabilities(self) -> Self {
        Self { offer: None, ..self }
    }
}

/// A helper names no family, a restarter all of them. Its forwarding state is the kernel's, which outlives the
/// process.
fn restart_offer(config: &Config, families: FamilySet, restarted: Restarted) -> Option<RestartOffer> {
    let families = match config.graceful_restart.mode {
        GracefulRestartMode::Disabled => return None,
        GracefulRestartMode::Helper => FamilySet::EMPTY,
        GracefulRestartMode::Restarter => families,
    };
    let forwarding = match restarted {
        Restarted::No => FamilySet::EMPTY,
        Restarted::Yes => families,
    };
    let restarted = if families.is_empty() { Restarted::No } else { restarted };
    Some(RestartOffer { restart_time: config.graceful_restart.restart_time, restarted, families, forwarding })
}
