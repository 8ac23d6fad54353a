//! Routes that are for customers only: roles and ONLY_TO_CUSTOMER (RFC 9234 §5).
//!
//! What comes from a provider, a peer or a route server goes to customers and a route server's clients and to nobody
//! else. The attribute says so from the first such session on, as a mark that nobody takes off: whoever takes in a
//! route with the mark from where none can come, or would send it where none may go, knows a leak.
//!
//! A session has the role that is configured, also if the peer does not name its own (§4.2), and none inside
//! our AS. Roles here are ours: as [`Role::Provider`] we talk to a customer.

use super::facts::RibPeer;
use crate::speaker::config::Role;
use crate::types::{Asn, PeerKind};

/// What a role makes of a route on its way over the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    /// It does not pass.
    Barred,
    /// It passes as it is.
    Unchanged,
    /// It passes, marked with this AS.
    Marked(Asn),
}

/// RFC 9234 §5, on ingress: of a route that came from AS `remote` with the mark `carried`.
pub(super) fn arrival(role: Role, remote: Asn, carried: Option<Asn>) -> Ruling {
    match (role, carried) {
        (Role::Provider | Role::RouteServer, Some(_)) => Ruling::Barred,
        (Role::Peer, Some(marked)) if marked != remote => Ruling::Barred,
        (Role::Customer | Role::RouteServerClient | Role::Peer, None) => Ruling::Marked(remote),
        (Role::Customer | Role::RouteServerClient | Role::Peer, Some(_))
        | (Role::Provider | Role::RouteServer, None) => Ruling::Unchanged,
    }
}

/// RFC 9234 §5, on egress: of a route that the peer would hear from AS `local`.
pub(super) fn departure(role: Role, local: Asn, carried: Option<Asn>) -> Ruling {
    match (role, carried) {
        (Role::Customer | Role::RouteServerClient | Role::Peer, Some(_)) => Ruling::Barred,
        (Role::Provider | Role::RouteServer | Role::Peer, None) => Ruling::Marked(local),
        (Role::Provider | Role::RouteServer, Some(_)) | (Role::Customer | Role::RouteServerClient, None) => {
            Ruling::Unchanged
        }
    }
}

impl RibPeer {
    /// Our role towards the peer.
    pub(super) fn role(&self) -> Option<Role> {
        self.config.role.filter(|_| self.kind == PeerKind::External)
    }

    /// What our role makes of a route that came from the peer with this mark.
    pub(super) fn arrival(&self, carried: Option<Asn>) -> Ruling {
        self.role().map_or(Ruling::Unchanged, |role| arrival(role, self.asn, carried))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_follows_the_rules_of_rfc_9234() {
        use Role::{Customer, Peer, Provider, RouteServer, RouteServerClient};
        use Ruling::{Barred, Marked, Unchanged};
        let (us, them, other) = (Asn(64510), Asn(65001), Asn(65009));
        // Our role; on arrival without mark, with theirs, with another; on departure without mark, with one.
        let rules = [
            (Provider, [Unchanged, Barred, Barred], [Marked(us), Unchanged]),
            (RouteServer, [Unchanged, Barred, Barred], [Marked(us), Unchanged]),
            (Customer, [Marked(them), Unchanged, Unchanged], [Unchanged, Barred]),
            (RouteServerClient, [Marked(them), Unchanged, Unchanged], [Unchanged, Barred]),
            (Peer, [Marked(them), Unchanged, Barred], [Marked(us), Barred]),
        ];
        for (role, arrivals, departures) in rules {
            let arrived = [None, Some(them), Some(other)].map(|carried| arrival(role, them, carried));
            assert_eq!(arrived, arrivals, "{role:?}, in");
            let departed = [None, Some(other)].map(|carried| departure(role, us, carried));
            assert_eq!(departed, departures, "{role:?}, out");
        }
    }
}
