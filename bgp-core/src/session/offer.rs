//! Our OPEN: what the configuration has us offer.

use core::time::Duration;

use super::config::{Offer, Restarted, SessionConfig};
use crate::speaker::config::{RemoteAs, Role};
use crate::types::Family;
use crate::wire::capability::{
    self, AddPath, CapabilityCode, Entry, ExtendedNextHop, FamilyCodes, RestartFamily, RestartHead, RoleCode,
};
use crate::wire::{OpenBuf, OpenHead, Writer, prefix_of};

/// The OPEN that `config` asks for.
pub(super) fn offer(config: &SessionConfig) -> OpenBuf {
    let head =
        OpenHead { asn: config.local_as, hold_time: seconds(config.hold), router_id: config.router_id };
    OpenBuf::build(head, |writer| {
        if let Some(offer) = &config.offer {
            for family in config.families.iter() {
                FamilyCodes::of(family).emit(&mut capability::begin(writer, CapabilityCode::MULTIPROTOCOL));
            }
            for code in FLAGS {
                drop(capability::begin(writer, code));
            }
            capability::begin(writer, CapabilityCode::FOUR_OCTET_AS).u32(config.local_as.0);
            offer_paths(offer, writer);
            offer_restart(offer, writer);
            offer_names(offer, config, writer);
        }
    })
}

/// Add-path and next hops: what concerns single routes.
fn offer_paths(offer: &Offer, writer: &mut Writer<'_>) {
    let next_hop_afi = Family::Ipv6Unicast.row().afi;
    let next_hops = offer.extended_next_hop.iter();
    let next_hops = next_hops.map(|family| ExtendedNextHop { family: FamilyCodes::of(family), next_hop_afi });
    if !offer.extended_next_hop.is_empty() {
        capability::emit_entries(writer, CapabilityCode::EXTENDED_NEXT_HOP, next_hops);
    }
    let (receive, send) = (offer.add_path_receive, offer.add_path_send);
    let both = Family::ALL.into_iter().map(|family| AddPath {
        family: FamilyCodes::of(family),
        receive: receive.contains(family),
        send: send.contains(family),
    });
    if !receive.is_empty() || !send.is_empty() {
        let named = both.filter(|entry| entry.receive || entry.send);
        capability::emit_entries(writer, CapabilityCode::ADD_PATH, named);
    }
}

fn offer_restart(offer: &Offer, writer: &mut Writer<'_>) {
    let Some(restart) = &offer.graceful_restart else {
        return;
    };
    let mut value = capability::begin(writer, CapabilityCode::GRACEFUL_RESTART);
    let restarted = restart.restarted == Restarted::Yes;
    RestartHead { restarted, notification: false, time: seconds(restart.restart_time) }.emit(&mut value);
    for family in restart.families.iter() {
        let forwarding = restart.forwarding.contains(family);
        RestartFamily { family: FamilyCodes::of(family), forwarding }.emit(&mut value);
    }
}

/// Role, host name, software.
fn offer_names(offer: &Offer, config: &SessionConfig, writer: &mut Writer<'_>) {
    // RFC 9234 §4.1: the capability is for external sessions.
    let internal = matches!(config.remote_as, RemoteAs::Internal)
        || matches!(config.remote_as, RemoteAs::Asn(asn) if asn == config.local_as);
    if let (Some(role), false) = (offer.role, internal) {
        capability::begin(writer, CapabilityCode::ROLE).u8(role_code(role).0);
    }
    if let Some(name) = &offer.host_name {
        let mut value = capability::begin(writer, CapabilityCode::FQDN);
        value.length_u8().put(beginning(name));
        value.u8(0);
    }
    if let Some(version) = &offer.software_version {
        capability::begin(writer, CapabilityCode::SOFTWARE_VERSION).length_u8().put(beginning(version));
    }
}

/// As much of a name as goes on the wire, cut at a character's end.
fn beginning(name: &str) -> &[u8] {
    prefix_of(name, MAX_NAME_LEN).as_bytes()
}

/// Whole seconds, as the wire has them.
pub(super) fn seconds(duration: Duration) -> u16 {
    u16::try_from(duration.as_secs()).unwrap_or(u16::MAX)
}

/// RFC 9234 §4.1, table 1.
pub(super) const fn role_code(role: Role) -> RoleCode {
    match role {
        Role::Provider => RoleCode(0),
        Role::RouteServer => RoleCode(1),
        Role::RouteServerClient => RoleCode(2),
        Role::Customer => RoleCode(3),
        Role::Peer => RoleCode(4),
    }
}

/// The role of a code, if it is one.
pub(super) fn role_of(code: RoleCode) -> Option<Role> {
    [Role::Provider, Role::RouteServer, Role::RouteServerClient, Role::Customer, Role::Peer]
        .into_iter()
        .find(|role| role_code(*role) == code)
}

/// Capabilities without a value that go with every offer.
const FLAGS: [CapabilityCode; 4] = [
    CapabilityCode::ROUTE_REFRESH,
    CapabilityCode::ROUTE_REFRESH_OLD,
    CapabilityCode::ENHANCED_ROUTE_REFRESH,
    CapabilityCode::EXTENDED_MESSAGE,
];

/// Longest host name or version that we send.
const MAX_NAME_LEN: usize = 64;
