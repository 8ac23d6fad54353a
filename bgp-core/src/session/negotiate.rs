//! Two OPENs become one agreement.
//!
//! Ours is written in `offer.rs`; [`negotiate`] holds the peer's against the configuration and against ours, and gives
//! what the session will go by, or the NOTIFICATION that refuses it (RFC 4271 §6.2, RFC 5492 §3, RFC 6286 §2.2,
//! RFC 6793 §4, RFC 9234 §4.2).

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::SessionConfig;
use super::config::Offer;
use super::offer::{role_of, seconds};
use crate::speaker::config::{RemoteAs, Role};
use crate::types::{Asn, Family, FamilyMap, FamilySet, RouterId};
use crate::wire::capability::{
    self, Capability, CapabilityCode, Entry, FamilyCodes, LongLivedFamily, RoleCode,
};
use crate::wire::{Caps, ErrorKind, NotificationBuf, Open, OpenBuf, PeerSide, WireError, Writer, printable};

/// What an Established session goes by, and what both sides said on the way there.
#[derive(Clone, Debug, PartialEq)]
pub struct Negotiated {
    /// What the codec goes by when it writes to the peer.
    pub caps: Caps,
    /// Families that both sides named.
    pub families: FamilySet,
    /// The smaller of both hold times; zero for none.
    pub hold: Duration,
    /// How often KEEPALIVEs go out, before jitter; zero for never.
    pub keepalive: Duration,
    /// The peer's BGP Identifier.
    pub router_id: RouterId,
    /// The peer's AS.
    pub asn: Asn,
    /// Whether that is ours.
    pub side: PeerSide,
    /// Families whose routes may have IPv6 next hops although they are IPv4 (RFC 8950).
    pub extended_next_hop: FamilySet,
    /// The peer's graceful restart capability (RFC 4724), if we sent one too.
    pub graceful_restart: Option<PeerRestart>,
    /// The peer's long-lived graceful restart capability (RFC 9494 §3.1), as it sent it.
    pub long_lived: FamilyMap<Option<LongLived>>,
    /// True if the peer can be asked again (RFC 2918).
    pub route_refresh: bool,
    /// True if the answer is framed, both ways (RFC 7313).
    pub enhanced_refresh: bool,
    /// The peer's role (RFC 9234), if it sent one.
    pub role: Option<Role>,
    /// The peer's host name, fit for a terminal.
    pub host_name: Option<String>,
    /// The peer's domain, fit for a terminal.
    pub domain: Option<String>,
    /// The peer's software, fit for a terminal.
    pub software_version: Option<String>,
    /// The OPEN we sent.
    pub ours: OpenBuf,
    /// The OPEN the peer sent.
    pub theirs: OpenBuf,
}

/// A peer's graceful restart capability.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerRestart {
    /// How long its routes may be kept once it is gone.
    pub restart_time: Duration,
    /// The R bit: it has just restarted, and waits for no End-of-RIB of its own.
    pub restarted: bool,
    /// The N bit (RFC 8538 §2).
    pub notification: bool,
    /// Families whose routes it asks to keep.
    pub families: FamilySet,
    /// Those whose forwarding state outlived its restart: the F bits.
    pub forwarding: FamilySet,
}

/// A family of a peer's long-lived graceful restart capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongLived {
    /// How long stale routes may be kept.
    pub stale_time: Duration,
    /// The F bit.
    pub forwarding: bool,
}

/// What the peer's capabilities say, each still as the peer said it.
#[derive(Clone, Debug, Default)]
struct Theirs {
    /// None if it sent no multiprotocol capability at all.
    families: Option<FamilySet>,
    extended_next_hop: FamilySet,
    add_path_receive: FamilySet,
    add_path_send: FamilySet,
    graceful_restart: Option<PeerRestart>,
    long_lived: FamilyMap<Option<LongLived>>,
    four_octet_as: bool,
    extended_message: bool,
    route_refresh: bool,
    enhanced_refresh: bool,
    roles: Vec<RoleCode>,
    host_name: Option<String>,
    domain: Option<String>,
    software_version: Option<String>,
}

/// Why an OPEN does not suit, and what to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rejection {
    pub(super) error: WireError,
    pub(super) notification: NotificationBuf,
}

/// Holds the peer's OPEN against the configuration and against ours.
pub(super) fn negotiate(
    config: &SessionConfig,
    ours: &OpenBuf,
    body: &[u8],
) -> Result<Negotiated, Rejection> {
    let open = Open::check(body)?;
    let asn = open.asn();
    check_asn(config, &open)?;
    let side = if asn == config.local_as { PeerSide::Internal } else { PeerSide::External };
    if side == PeerSide::Internal && open.router_id == config.router_id {
        // RFC 6286 §2.2.
        return Err(WireError::BadBgpIdentifier.into());
    }
    let theirs = Theirs::read(&open);
    let role = check_role(config, side, &theirs.roles)?;
    let families = common_families(config, &theirs)?;
    let none = Offer::default();
    let offer = config.offer.as_ref().unwrap_or(&none);
    let offered = config.offer.is_some();
    let hold = Duration::from_secs(u64::from(seconds(config.hold).min(open.hold_time)));
    Ok(Negotiated {
        caps: Caps {
            four_octet_as: offered && theirs.four_octet_as,
            extended_message: offered && theirs.extended_message,
            add_path_receive: offer.add_path_receive.and(theirs.add_path_send).and(families),
            add_path_send: offer.add_path_send.and(theirs.add_path_receive).and(families),
        },
        families,
        hold,
        keepalive: keepalive_time(config.keepalive, hold),
        router_id: open.router_id,
        asn,
        side,
        extended_next_hop: offer.extended_next_hop.and(theirs.extended_next_hop).and(families),
        graceful_restart: theirs.graceful_restart.filter(|_| offer.graceful_restart.is_some()),
        long_lived: theirs.long_lived,
        route_refresh: offered && theirs.route_refresh,
        enhanced_refresh: offered && theirs.enhanced_refresh,
        role,
        host_name: theirs.host_name,
        domain: theirs.domain,
        software_version: theirs.software_version,
        ours: ours.clone(),
        theirs: OpenBuf::of_checked(body),
    })
}

impl From<WireError> for Rejection {
    fn from(error: WireError) -> Self {
        Self { error, notification: error.notification(&[]) }
    }
}

/// A third of the hold time (RFC 4271 §10), or what is configured if that is something and less, but never more
/// often than once a second (§4.4). Zero without a hold time.
fn keepalive_time(configured: Duration, hold: Duration) -> Duration {
    if hold.is_zero() {
        return Duration::ZERO;
    }
    let wanted = if configured.is_zero() { hold / 3 } else { configured.min(hold / 3) };
    wanted.max(Duration::from_secs(1))
}

/// The peer must be in the configured AS, and its two fields must agree (RFC 6793 §4.1).
fn check_asn(config: &SessionConfig, open: &Open<'_>) -> Result<(), WireError> {
    let asn = open.asn();
    let field = Asn(u32::from(open.my_as));
    let agreed = field == asn || field == Asn::TRANS;
    let wanted = match config.remote_as {
        RemoteAs::Asn(configured) => asn == configured,
        RemoteAs::Internal => asn == config.local_as,
        // AS_TRANS is nobody's AS (RFC 6793 §9).
        RemoteAs::External => asn != config.local_as && asn != Asn::TRANS,
    };
    if agreed && wanted { Ok(()) } else { Err(WireError::BadPeerAs(asn.0)) }
}

/// RFC 9234 §4.2: several roles must be one, and ours and theirs a pair of its table 2. A role that is missing on
/// either side is let through.
fn check_role(config: &SessionConfig, side: PeerSide, roles: &[RoleCode]) -> Result<Option<Role>, WireError> {
    let ours = config.offer.as_ref().and_then(|offer| offer.role);
    let theirs = roles.first().and_then(|code| role_of(*code));
    let (Some(ours), PeerSide::External, Some(first)) = (ours, side, roles.first()) else {
        return Ok(theirs);
    };
    let uniform = roles.iter().all(|code| code == first);
    let pair = matches!(
        (ours, theirs),
        (Role::Provider, Some(Role::Customer))
            | (Role::Customer, Some(Role::Provider))
            | (Role::RouteServer, Some(Role::RouteServerClient))
            | (Role::RouteServerClient, Some(Role::RouteServer))
            | (Role::Peer, Some(Role::Peer))
    );
    if uniform && pair { Ok(theirs) } else { Err(WireError::RoleMismatch) }
}

/// The families both sides have. Who names none means IPv4 unicast (RFC 4760 §8 with RFC 4271); where nothing is
/// left there is nothing to talk about, and the answer lists what we would have needed (RFC 5492 §5).
fn common_families(config: &SessionConfig, theirs: &Theirs) -> Result<FamilySet, Rejection> {
    let plain = FamilySet::EMPTY.with(Family::Ipv4Unicast);
    let ours = if config.offer.is_some() { config.families } else { config.families.and(plain) };
    let families = match (&config.offer, theirs.families) {
        (Some(_), Some(theirs)) => ours.and(theirs),
        (None, _) | (_, None) => ours.and(plain),
    };
    if !families.is_empty() {
        return Ok(families);
    }
    let mut notification = NotificationBuf::new(ErrorKind::UNSUPPORTED_CAPABILITY);
    let mut writer = Writer::new(&mut notification.data);
    for family in config.families.iter() {
        FamilyCodes::of(family).emit(&mut capability::begin(&mut writer, CapabilityCode::MULTIPROTOCOL));
    }
    Err(Rejection { error: WireError::UnsupportedCapability(CapabilityCode::MULTIPROTOCOL.0), notification })
}

impl Theirs {
    fn read(open: &Open<'_>) -> Self {
        let mut theirs = Self::default();
        for capability in open.capabilities() {
            theirs.note(capability);
        }
        theirs
    }

    fn note(&mut self, capability: Capability<'_>) {
        match capability {
            Capability::Multiprotocol(codes) => {
                let families = self.families.get_or_insert_default();
                codes.family().into_iter().for_each(|family| families.insert(family));
            }
            Capability::RouteRefresh | Capability::RouteRefreshOld => self.route_refresh = true,
            Capability::EnhancedRouteRefresh => self.enhanced_refresh = true,
            Capability::ExtendedMessage => self.extended_message = true,
            Capability::FourOctetAs(_) => self.four_octet_as = true,
            Capability::Role(code) => self.roles.push(code),
            Capability::ExtendedNextHop(entries) => {
                let ipv6 = Family::Ipv6Unicast.row().afi;
                let families = entries.filter(|entry| entry.next_hop_afi == ipv6);
                self.extended_next_hop = known(families.map(|entry| entry.family));
            }
            Capability::AddPath(entries) => {
                self.add_path_receive =
                    known(entries.filter(|entry| entry.receive).map(|entry| entry.family));
                self.add_path_send = known(entries.filter(|entry| entry.send).map(|entry| entry.family));
            }
            Capability::GracefulRestart(head, entries) => {
                let forwarding = entries.filter(|entry| entry.forwarding);
                self.graceful_restart = Some(PeerRestart {
                    restart_time: Duration::from_secs(u64::from(head.time)),
                    restarted: head.restarted,
                    notification: head.notification,
                    families: known(entries.map(|entry| entry.family)),
                    forwarding: known(forwarding.map(|entry| entry.family)),
                });
            }
            Capability::LongLivedGracefulRestart(entries) => entries.for_each(|entry| self.note_stale(entry)),
            Capability::Fqdn { host, domain } => {
                self.host_name = name(host);
                self.domain = name(domain);
            }
            Capability::SoftwareVersion(version) => self.software_version = name(version),
            Capability::Unknown { .. } => {}
        }
    }

    fn note_stale(&mut self, entry: LongLivedFamily) {
        if let Some(family) = entry.family.family() {
            let stale_time = Duration::from_secs(u64::from(entry.stale_time));
            self.long_lived[family] = Some(LongLived { stale_time, forwarding: entry.forwarding });
        }
    }
}

fn known(codes: impl Iterator<Item = FamilyCodes>) -> FamilySet {
    codes.filter_map(FamilyCodes::family).collect()
}

fn name(octets: &[u8]) -> Option<String> {
    (!octets.is_empty()).then(|| printable(octets))
}
