//! What a speaker is asked to be, in words that every implementation has.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

/// A BGP speaker: who it is, whom it talks to, what it announces.
#[derive(Clone, Debug)]
pub struct Spec {
    /// AS number.
    pub asn: u32,
    /// BGP identifier.
    pub router_id: Ipv4Addr,
    /// Configured peers.
    pub neighbors: Vec<Neighbor>,
    /// Routes announced from the start.
    pub routes: Vec<Route>,
    /// Whether best routes go to the kernel. Ours and FRR always do.
    pub installs: bool,
    /// Lines put before everything else, for the daemons that read an frr.conf.
    pub preamble: String,
    /// Lines put into `router bgp`, for the daemons that read an frr.conf.
    pub router_lines: String,
}

/// A configured peer.
#[derive(Clone, Debug)]
pub struct Neighbor {
    /// Its address.
    pub address: IpAddr,
    /// Its AS number.
    pub asn: u32,
    /// IPv4 unicast is offered.
    pub ipv4: bool,
    /// IPv6 unicast is offered.
    pub ipv6: bool,
    /// TCP MD5 password (RFC 2385).
    pub password: Option<String>,
    /// Hold time in seconds; keepalives at a third.
    pub hold: u16,
    /// We wait for its connection.
    pub passive: bool,
    /// We do not offer 4-octet AS numbers (RFC 6793), if this daemon can leave them out.
    pub two_octet_as: bool,
    /// IPv4 routes may have IPv6 next hops (RFC 8950).
    pub extended_next_hop: bool,
    /// GTSM (RFC 5082): packets must come from one hop away.
    pub ttl_security: bool,
    /// Our own address for the session.
    pub local: Option<IpAddr>,
}

/// A route to announce.
#[derive(Clone, Debug)]
pub struct Route {
    /// Destination.
    pub prefix: IpNet,
    /// Next hop; without one the speaker says itself.
    pub next_hop: Option<IpAddr>,
    /// AS numbers put before the announcing AS's own.
    pub prepend: Vec<u32>,
    /// MULTI_EXIT_DISC.
    pub med: Option<u32>,
    /// Standard communities.
    pub communities: Vec<(u16, u16)>,
}

/// A route as a daemon has received it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Received {
    /// Destination.
    pub prefix: IpNet,
    /// Next hop (the global one of an IPv6 pair).
    pub next_hop: IpAddr,
    /// AS_PATH, sets flattened.
    pub as_path: Vec<u32>,
}

impl Spec {
    /// A speaker without peers and routes.
    ///
    /// # Panics
    ///
    /// When the identifier is not an IPv4 address: specs are written by hand in tests.
    pub fn new(asn: u32, router_id: &str) -> Self {
        Self {
            asn,
            router_id: literal(router_id),
            neighbors: Vec::new(),
            routes: Vec::new(),
            installs: false,
            preamble: String::new(),
            router_lines: String::new(),
        }
    }

    /// Adds a peer.
    pub fn neighbor(mut self, neighbor: Neighbor) -> Self {
        self.neighbors.push(neighbor);
        self
    }

    /// Adds a route.
    pub fn route(mut self, route: Route) -> Self {
        self.routes.push(route);
        self
    }

    /// Best routes go to the kernel.
    pub fn installing(mut self) -> Self {
        self.installs = true;
        self
    }

    /// Adds lines before `router bgp` (frr.conf daemons only).
    pub fn preamble(mut self, lines: &str) -> Self {
        self.preamble.push_str(lines);
        self.preamble.push('\n');
        self
    }

    /// Adds lines inside `router bgp` (frr.conf daemons only).
    pub fn router_lines(mut self, lines: &str) -> Self {
        self.router_lines.push_str(lines);
        self.router_lines.push('\n');
        self
    }

    /// Announces this route instead of what was announced for its prefix.
    pub(crate) fn put_route(&mut self, route: &Route) {
        self.remove_route(route.prefix);
        self.routes.push(route.clone());
    }

    pub(crate) fn remove_route(&mut self, prefix: IpNet) {
        self.routes.retain(|old| old.prefix != prefix);
    }
}

impl Neighbor {
    /// A peer that exchanges the family of its own address.
    ///
    /// # Panics
    ///
    /// When the address is not one.
    pub fn new(address: &str, asn: u32) -> Self {
        let address: IpAddr = literal(address);
        Self {
            address,
            asn,
            ipv4: address.is_ipv4(),
            ipv6: address.is_ipv6(),
            password: None,
            hold: 9,
            passive: false,
            two_octet_as: false,
            extended_next_hop: false,
            ttl_security: false,
            local: None,
        }
    }

    /// Both families over this one session.
    pub fn both_families(mut self) -> Self {
        (self.ipv4, self.ipv6) = (true, true);
        self
    }

    /// With a TCP MD5 password.
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// With another hold time.
    pub fn hold(mut self, seconds: u16) -> Self {
        self.hold = seconds;
        self
    }

    /// We never dial it.
    pub fn passive(mut self) -> Self {
        self.passive = true;
        self
    }

    /// As an old speaker: AS numbers of two octets.
    pub fn two_octet_as(mut self) -> Self {
        self.two_octet_as = true;
        self
    }

    /// IPv4 routes with IPv6 next hops.
    pub fn extended_next_hop(mut self) -> Self {
        self.extended_next_hop = true;
        self
    }

    /// With GTSM.
    pub fn ttl_security(mut self) -> Self {
        self.ttl_security = true;
        self
    }

    /// From this address of ours.
    ///
    /// # Panics
    ///
    /// When the address is not one.
    pub fn from_address(mut self, address: &str) -> Self {
        self.local = Some(literal(address));
        self
    }
}

impl Route {
    /// A route to this prefix.
    ///
    /// # Panics
    ///
    /// When the prefix is not one.
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: literal(prefix),
            next_hop: None,
            prepend: Vec::new(),
            med: None,
            communities: Vec::new(),
        }
    }

    /// With this next hop.
    ///
    /// # Panics
    ///
    /// When the address is not one.
    pub fn via(mut self, next_hop: &str) -> Self {
        self.next_hop = Some(literal(next_hop));
        self
    }

    /// With these AS numbers in front.
    pub fn prepend(mut self, path: &[u32]) -> Self {
        self.prepend = path.to_vec();
        self
    }

    /// With a MULTI_EXIT_DISC.
    pub fn med(mut self, med: u32) -> Self {
        self.med = Some(med);
        self
    }

    /// With a community.
    pub fn community(mut self, asn: u16, value: u16) -> Self {
        self.communities.push((asn, value));
        self
    }
}

/// A value that a test wrote down as text.
fn literal<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} is no {}", std::any::type_name::<T>()))
}
