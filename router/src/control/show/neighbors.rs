//! `show bgp neighbors`: which peers, and what the text and the JSON form both derive from a snapshot.

use core::fmt;

use bgp_core::Family;
use bgp_core::speaker::config::{GracefulRestartMode, Role, Ttl};

use super::{neighbor_json, neighbor_text};
use crate::control::clock::Moment;
use crate::control::command::Format;
use crate::control::json::{self, PRETTY, PRETTY_ESCAPED};
use crate::control::snapshot::{InstanceSnapshot, PeerSnapshot};

/// Writes one peer, or all, or all of one family.
pub(crate) fn render(
    instance: &InstanceSnapshot,
    which: (Option<&str>, Option<Family>),
    format: Format,
    at: Moment,
    out: &mut String,
) -> fmt::Result {
    let (name, family) = which;
    let peers: Vec<_> = instance
        .peers
        .iter()
        .filter(|peer| name.is_none_or(|name| is_named(peer, name)))
        .filter(|peer| family.is_none_or(|family| peer.families[family].is_some()))
        .collect();
    if peers.is_empty() && name.is_some() {
        return refuse(format, out);
    }
    match format {
        Format::Json => {
            json::object(out, PRETTY_ESCAPED, |o| {
                for peer in peers {
                    o.object(&peer.name(), |o| neighbor_json::write(instance, peer, at, o));
                }
            });
            out.push('\n');
            Ok(())
        }
        Format::Text => {
            peers.into_iter().try_for_each(|peer| neighbor_text::write(instance, peer, out))?;
            out.push('\n');
            Ok(())
        }
    }
}

/// True if the peer goes by this name; addresses may be written in any form.
pub(crate) fn is_named(peer: &PeerSnapshot, name: &str) -> bool {
    peer.interface.as_deref() == Some(name) || name.parse() == Ok(peer.address)
}

fn refuse(format: Format, out: &mut String) -> fmt::Result {
    match format {
        Format::Json => {
            json::object(out, PRETTY, |o| o.boolean("bgpNoSuchNeighbor", true));
            out.push('\n');
        }
        Format::Text => out.push_str("% No such neighbor in this view/vrf\n\n"),
    }
    Ok(())
}

/// What one side says of a capability and the other answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offered {
    Neither,
    Sent,
    Received,
    Both,
}

impl Offered {
    pub(super) const fn of(sent: bool, received: bool) -> Self {
        match (sent, received) {
            (false, false) => Self::Neither,
            (true, false) => Self::Sent,
            (false, true) => Self::Received,
            (true, true) => Self::Both,
        }
    }

    /// In text: `advertised and received`; `None` if neither side says it.
    pub(super) const fn text(self) -> Option<&'static str> {
        match self {
            Self::Neither => None,
            Self::Sent => Some("advertised"),
            Self::Received => Some("received"),
            Self::Both => Some("advertised and received"),
        }
    }

    /// In JSON: `advertisedAndReceived`.
    pub(super) const fn key(self) -> Option<&'static str> {
        match self {
            Self::Neither => None,
            Self::Sent => Some("advertised"),
            Self::Received => Some("received"),
            Self::Both => Some("advertisedAndReceived"),
        }
    }
}

/// Our graceful restart mode; the star says that it is the instance's and not the peer's own.
pub(super) fn local_restart_mode(instance: &InstanceSnapshot) -> &'static str {
    match instance.graceful_restart.mode {
        GracefulRestartMode::Disabled => "Disable*",
        GracefulRestartMode::Helper => "Helper*",
        GracefulRestartMode::Restarter => "Restart*",
    }
}

/// The peer's graceful restart mode, as its capability tells.
pub(super) fn remote_restart_mode(peer: &PeerSnapshot) -> &'static str {
    match peer.received.as_ref().map(|received| &received.graceful_restart) {
        None => "NotApplicable",
        Some(None) => "Disable",
        Some(Some(capability)) if capability.families.is_empty() => "Helper",
        Some(Some(_)) => "Restart",
    }
}

/// Most hops between us and the peer: what the configuration says, else one to an external peer.
pub(super) fn max_hops(peer: &PeerSnapshot) -> u8 {
    match peer.config.ttl {
        Ttl::Default if peer.is_internal => 255,
        Ttl::Default => 1,
        Ttl::Multihop(hops) | Ttl::Security { hops } => hops,
    }
}

/// A BGP role in words (RFC 9234 §4.1).
pub(super) fn role_text(role: Option<Role>) -> &'static str {
    match role {
        None => "undefined",
        Some(Role::Provider) => "provider",
        Some(Role::RouteServer) => "rs-server",
        Some(Role::RouteServerClient) => "rs-client",
        Some(Role::Customer) => "customer",
        Some(Role::Peer) => "peer",
    }
}
