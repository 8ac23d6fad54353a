//! One BGP peer: what is configured, what was negotiated, what was counted.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;
use std::sync::Arc;

use bgp_core::session::FsmState;
use bgp_core::speaker::config::{PeerConfig, Role};
use bgp_core::{Asn, FamilyMap, FamilySet, RouterId};

/// One peer.
#[derive(Clone, Debug)]
pub struct PeerSnapshot {
    /// The peer's address.
    pub address: IpAddr,
    /// The interface that names the peer instead of its address (`neighbor IF interface`).
    pub interface: Option<String>,
    /// True if a listen range made it.
    pub is_dynamic: bool,
    /// What the operator wants of it.
    pub config: Arc<PeerConfig>,
    /// Its AS: configured, or learned from its OPEN; zero while unknown.
    pub remote_as: Asn,
    /// The AS we show to it.
    pub local_as: Asn,
    /// True if the peer is in our AS.
    pub is_internal: bool,
    /// Host name from its FQDN capability, kept after the session ended.
    pub host_name: Option<String>,
    /// Its BGP Identifier, once an OPEN has come.
    pub router_id: Option<RouterId>,
    /// RFC 4271 §8.2.2.
    pub state: FsmState,
    /// How long it is established, or how long ago it last was; `None` if it never was.
    pub since: Option<Duration>,
    /// How long ago something was read.
    pub last_read: Option<Duration>,
    /// How long ago something was written.
    pub last_write: Option<Duration>,
    /// How long ago an UPDATE came.
    pub last_update: Option<Duration>,
    /// The hold time in use: negotiated, or configured while there is no session.
    pub hold: Duration,
    /// The keepalive interval in use.
    pub keepalive: Duration,
    /// Capabilities of our OPEN; `None` without a session.
    pub sent: Option<CapabilitySnapshot>,
    /// Capabilities of its OPEN; `None` without a session.
    pub received: Option<CapabilitySnapshot>,
    /// Families whose End-of-RIB has been sent (RFC 4724 §2).
    pub end_of_rib_sent: FamilySet,
    /// Families whose End-of-RIB has come.
    pub end_of_rib_received: FamilySet,
    /// Messages sent.
    pub messages_sent: MessageCounts,
    /// Messages received.
    pub messages_received: MessageCounts,
    /// Messages waiting to be handled.
    pub in_queue: u64,
    /// Messages waiting to be sent.
    pub out_queue: u64,
    /// Activated families, those absent `None`.
    pub families: FamilyMap<Option<PeerFamilySnapshot>>,
    /// Times the session came up.
    pub established: u64,
    /// Times it was lost.
    pub dropped: u64,
    /// Why it was last lost, or why it is not up yet.
    pub last_reset: Option<ResetSnapshot>,
    /// The TCP connection and our next-hop addresses on it.
    pub endpoints: Option<Endpoints>,
    /// When the next connection is tried.
    pub next_connect: Option<Duration>,
}

/// What one OPEN offers.
#[derive(Clone, Debug, Default)]
pub struct CapabilitySnapshot {
    /// RFC 4760.
    pub families: FamilySet,
    /// RFC 6793.
    pub four_octet_as: bool,
    /// RFC 8654.
    pub extended_message: bool,
    /// RFC 2918.
    pub route_refresh: bool,
    /// The code from before RFC 2918 (128).
    pub route_refresh_old: bool,
    /// RFC 7313.
    pub enhanced_route_refresh: bool,
    /// RFC 7911.
    pub add_path: FamilyMap<AddPathSnapshot>,
    /// RFC 8950: families that may have IPv6 next hops.
    pub extended_next_hop: FamilySet,
    /// RFC 4724.
    pub graceful_restart: Option<GracefulRestartSnapshot>,
    /// RFC 9494; the families it names.
    pub long_lived_graceful_restart: Option<FamilySet>,
    /// RFC 9234.
    pub role: Option<Role>,
    /// draft-walton-bgp-hostname-capability.
    pub fqdn: Option<FqdnSnapshot>,
    /// draft-ietf-idr-software-version.
    pub software_version: Option<String>,
    /// RFC 9072 optional parameters were used.
    pub extended_parameters: bool,
}

/// One family of the ADD-PATH capability (RFC 7911 §4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddPathSnapshot {
    /// Several paths can be sent.
    pub send: bool,
    /// Several paths can be received.
    pub receive: bool,
}

/// The graceful restart capability (RFC 4724 §3, RFC 8538).
#[derive(Clone, Debug, Default)]
pub struct GracefulRestartSnapshot {
    /// Restart time announced.
    pub time: Duration,
    /// R bit: the sender has restarted.
    pub is_restarting: bool,
    /// N bit: NOTIFICATIONs restart gracefully too (RFC 8538).
    pub has_notification: bool,
    /// Families listed.
    pub families: FamilySet,
    /// Of those, with forwarding state preserved (F bit).
    pub forwarding: FamilySet,
}

/// The FQDN capability.
#[derive(Clone, Debug, Default)]
pub struct FqdnSnapshot {
    /// Host name.
    pub host: String,
    /// Domain name, often empty.
    pub domain: String,
}

/// Messages by type, in one direction.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct MessageCounts {
    pub open: u64,
    pub notification: u64,
    pub update: u64,
    pub keepalive: u64,
    pub route_refresh: u64,
}

/// One activated family of one peer.
#[derive(Clone, Copy, Debug, Default)]
pub struct PeerFamilySnapshot {
    /// The export group, while the session is up.
    pub export_group: Option<u32>,
    /// UPDATEs waiting for this family.
    pub queued: u64,
    /// Prefixes received, before policy.
    pub received: u64,
    /// Prefixes that policy let in.
    pub accepted: u64,
    /// Prefixes announced to it.
    pub sent: u64,
    /// Of the accepted ones, kept over a restart (RFC 4724 §4.2).
    pub stale: u64,
    /// Of the accepted ones, selected as best.
    pub best: u64,
    /// True if nothing is accepted because import policy is wanted and missing (RFC 8212).
    pub lacks_import_policy: bool,
    /// The same for what is announced.
    pub lacks_export_policy: bool,
}

/// The NOTIFICATION that ended a session.
#[derive(Clone, Debug)]
pub struct NotificationSnapshot {
    /// Error code.
    pub code: u8,
    /// Error subcode.
    pub subcode: u8,
    /// Their names: `Cease/Administrative Shutdown`.
    pub name: String,
    /// The operator's words in it (RFC 9003).
    pub text: Option<String>,
}

/// Why there is no session, or was not.
#[derive(Clone, Debug)]
pub struct ResetSnapshot {
    /// How long ago.
    pub age: Duration,
    /// Why.
    pub reason: ResetReason,
    /// The NOTIFICATION that ended it.
    pub notification: Option<NotificationSnapshot>,
}

/// Reasons a session is down, by the numbers operators' scripts know from FRR (`lastResetCode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetReason(pub u8);

/// The TCP connection of a session.
#[derive(Clone, Copy, Debug)]
pub struct Endpoints {
    /// Our end.
    pub local: SocketAddr,
    /// The peer's end.
    pub remote: SocketAddr,
    /// The IPv4 next hop we use on this link.
    pub next_hop_v4: Option<Ipv4Addr>,
    /// The global IPv6 next hop.
    pub next_hop_v6: Option<Ipv6Addr>,
    /// The link-local IPv6 next hop.
    pub next_hop_link_local: Option<Ipv6Addr>,
    /// True if the peer is on a network of ours.
    pub is_shared_network: bool,
    /// Smoothed round trip time as TCP measures it.
    pub round_trip: Option<Duration>,
}

impl PeerSnapshot {
    /// How the peer is named: by interface if it has no address of its own.
    #[must_use]
    pub fn name(&self) -> String {
        self.interface.clone().unwrap_or_else(|| self.address.to_string())
    }

    /// True if the operator shut it.
    #[must_use]
    pub fn is_shut(&self) -> bool {
        self.config.shutdown.is_some()
    }

    /// True in state Established.
    #[must_use]
    pub fn is_established(&self) -> bool {
        self.state == FsmState::Established
    }
}

impl MessageCounts {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.open + self.notification + self.update + self.keepalive + self.route_refresh
    }
}

impl ResetReason {
    /// Our identifier changed.
    pub const ROUTER_ID_CHANGED: Self = Self(1);
    /// `remote-as` changed.
    pub const REMOTE_AS_CHANGED: Self = Self(2);
    /// `local-as` changed.
    pub const LOCAL_AS_CHANGED: Self = Self(3);
    /// `update-source` changed.
    pub const UPDATE_SOURCE_CHANGED: Self = Self(9);
    /// A family was activated or deactivated.
    pub const FAMILY_CHANGED: Self = Self(10);
    /// `neighbor … shutdown`.
    pub const ADMIN_SHUTDOWN: Self = Self(11);
    /// `clear bgp …`.
    pub const USER_RESET: Self = Self(12);
    /// The peer sent a NOTIFICATION.
    pub const NOTIFICATION_RECEIVED: Self = Self(13);
    /// We sent a NOTIFICATION.
    pub const NOTIFICATION_SENT: Self = Self(14);
    /// The peer closed the connection.
    pub const PEER_CLOSED: Self = Self(15);
    /// The neighbour is gone from the configuration.
    pub const NEIGHBOR_DELETED: Self = Self(16);
    /// Something announced in our OPEN changed.
    pub const CAPABILITY_CHANGED: Self = Self(19);
    /// `ebgp-multihop` or `ttl-security` changed.
    pub const MULTIHOP_CHANGED: Self = Self(21);
    /// The interface to the peer is down.
    pub const INTERFACE_DOWN: Self = Self(25);
    /// The peer's address cannot be reached.
    pub const WAITING_FOR_NEXT_HOP: Self = Self(27);
    /// No family is activated.
    pub const NO_FAMILY: Self = Self(30);
    /// No session yet.
    pub const WAITING_FOR_OPEN: Self = Self(32);
    /// `maximum-prefix` was passed.
    pub const MAXIMUM_PREFIX: Self = Self(33);
    /// The socket failed.
    pub const SOCKET_ERROR: Self = Self(34);

    /// The words shown.
    #[must_use]
    pub fn text(self) -> &'static str {
        RESET_TEXTS.iter().find(|(reason, _)| *reason == self).map_or("", |(_, text)| text)
    }
}

const RESET_TEXTS: &[(ResetReason, &str)] = &[
    (ResetReason::ROUTER_ID_CHANGED, "Router ID changed"),
    (ResetReason::REMOTE_AS_CHANGED, "Remote AS changed"),
    (ResetReason::LOCAL_AS_CHANGED, "Local AS change"),
    (ResetReason::UPDATE_SOURCE_CHANGED, "Update source change"),
    (ResetReason::FAMILY_CHANGED, "Address family activated"),
    (ResetReason::ADMIN_SHUTDOWN, "Admin. shutdown"),
    (ResetReason::USER_RESET, "User reset"),
    (ResetReason::NOTIFICATION_RECEIVED, "BGP Notification received"),
    (ResetReason::NOTIFICATION_SENT, "BGP Notification send"),
    (ResetReason::PEER_CLOSED, "Peer closed the session"),
    (ResetReason::NEIGHBOR_DELETED, "Neighbor deleted"),
    (ResetReason::CAPABILITY_CHANGED, "Capability changed"),
    (ResetReason::MULTIHOP_CHANGED, "Multihop config change"),
    (ResetReason::INTERFACE_DOWN, "Interface down"),
    (ResetReason::WAITING_FOR_NEXT_HOP, "Waiting for NHT"),
    (ResetReason::NO_FAMILY, "No AFI/SAFI activated for peer"),
    (ResetReason::WAITING_FOR_OPEN, "Waiting for peer OPEN"),
    (ResetReason::MAXIMUM_PREFIX, "Reached received prefix count"),
    (ResetReason::SOCKET_ERROR, "Socket Error"),
];
