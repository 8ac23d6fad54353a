//! What two OPENs agree on.

use super::*;
use crate::speaker::config::{Config, GracefulRestartMode, PeerConfig, PeerFamilyConfig, Role};
use crate::types::FamilyMap;
use crate::wire::PeerSide;
use crate::wire::capability::{AddPath, Capability, ExtendedNextHop, RestartFamily, RestartHead};

const HEAD: OpenHead = OpenHead { asn: PEER_AS, hold_time: 180, router_id: PEER_ID };
const BOTH: [Family; 2] = Family::ALL;

fn v4() -> FamilySet {
    FamilySet::EMPTY.with(Family::Ipv4Unicast)
}

fn v6() -> FamilySet {
    FamilySet::EMPTY.with(Family::Ipv6Unicast)
}

fn agree(config: SessionConfig, capabilities: impl FnOnce(&mut Writer<'_>)) -> Negotiated {
    let rig = Rig::established_with(config, &open_with(HEAD, capabilities));
    Negotiated::clone(rig.session.negotiated().unwrap())
}

fn multiprotocol(writer: &mut Writer<'_>, families: &[Family]) {
    for family in families {
        FamilyCodes::of(*family).emit(&mut capability::begin(writer, CapabilityCode::MULTIPROTOCOL));
    }
}

#[test]
fn everything_that_both_sides_have_is_agreed_on() {
    let mut config = config();
    let offer = config.offer.as_mut().unwrap();
    offer.extended_next_hop = v4();
    offer.add_path_send = v6();
    let agreed = agree(config, |writer| {
        multiprotocol(writer, &BOTH);
        for code in [CapabilityCode::ROUTE_REFRESH_OLD, CapabilityCode::EXTENDED_MESSAGE] {
            drop(capability::begin(writer, code));
        }
        capability::begin(writer, CapabilityCode::FOUR_OCTET_AS).u32(PEER_AS.0);
        let paths = BOTH.map(|family| AddPath { family: FamilyCodes::of(family), receive: true, send: true });
        capability::emit_entries(writer, CapabilityCode::ADD_PATH, paths.into_iter());
        let family = FamilyCodes::of(Family::Ipv4Unicast);
        let next_hop = ExtendedNextHop { family, next_hop_afi: 2 };
        capability::emit_entries(writer, CapabilityCode::EXTENDED_NEXT_HOP, [next_hop].into_iter());
        let mut name = capability::begin(writer, CapabilityCode::FQDN);
        name.length_u8().put(b"core\x07a");
        name.length_u8().put(b"example.net");
    });
    let caps = Caps {
        four_octet_as: true,
        extended_message: true,
        add_path_receive: BOTH.into_iter().collect(),
        add_path_send: v6(),
    };
    assert_eq!(agreed.caps, caps);
    assert_eq!(agreed.families, BOTH.into_iter().collect());
    assert_eq!(agreed.extended_next_hop, v4());
    assert!(agreed.route_refresh && !agreed.enhanced_refresh);
    assert_eq!(agreed.host_name.as_deref(), Some("core\u{fffd}a"));
    assert_eq!(agreed.domain.as_deref(), Some("example.net"));
    assert_eq!((agreed.asn, agreed.router_id, agreed.side), (PEER_AS, PEER_ID, PeerSide::External));
}

#[test]
fn a_peer_without_capabilities_gets_ipv4_unicast_and_two_octet_as_numbers() {
    let agreed = agree(config(), |_| ());
    assert_eq!(agreed.families, v4());
    assert_eq!(agreed.caps, Caps::default());
    assert!(!agreed.route_refresh);
}

#[test]
fn a_peer_that_names_ipv6_only_gets_ipv6_only() {
    assert_eq!(agree(config(), |writer| multiprotocol(writer, &[Family::Ipv6Unicast])).families, v6());
}

#[test]
fn without_capabilities_of_our_own_nothing_is_agreed_on_but_ipv4_unicast() {
    let mut rig = Rig::established_with(config().without_capabilities(), &open());
    assert_eq!(rig.session.offered().capabilities().count(), 0);
    let agreed = rig.session.negotiated().unwrap();
    assert_eq!((agreed.families, agreed.caps), (v4(), Caps::default()));
    assert!(!agreed.route_refresh && !agreed.enhanced_refresh);
    assert!(rig.wait(seconds(1)).is_empty());
}

#[test]
fn a_four_octet_as_is_read_from_its_capability() {
    let asn = Asn(4_200_000_001);
    let config = SessionConfig { remote_as: RemoteAs::Asn(asn), ..config() };
    let rig = Rig::established_with(config, &open_of(asn, 180, PEER_ID));
    assert_eq!(rig.session.negotiated().unwrap().asn, asn);
}

#[test]
fn the_peers_graceful_restart_counts_if_we_sent_ours() {
    let restart = |writer: &mut Writer<'_>| {
        let mut value = capability::begin(writer, CapabilityCode::GRACEFUL_RESTART);
        RestartHead { restarted: true, notification: true, time: 90 }.emit(&mut value);
        let family = FamilyCodes::of(Family::Ipv4Unicast);
        RestartFamily { family, forwarding: true }.emit(&mut value);
        RestartFamily { family: FamilyCodes { afi: 25, safi: 70 }, forwarding: true }.emit(&mut value);
    };
    assert_eq!(agree(config(), restart).graceful_restart, None);
    let mut helper = config();
    helper.offer.as_mut().unwrap().graceful_restart = Some(RestartOffer {
        restart_time: seconds(120),
        restarted: Restarted::No,
        families: FamilySet::EMPTY,
        forwarding: FamilySet::EMPTY,
    });
    let expected = PeerRestart {
        restart_time: seconds(90),
        restarted: true,
        notification: true,
        families: v4(),
        forwarding: v4(),
    };
    assert_eq!(agree(helper, restart).graceful_restart, Some(expected));
}

#[test]
fn the_offer_of_a_default_peer_is_what_frr_sends() {
    let mut config = Config::new(OUR_AS, OUR_ID);
    config.host_name = Some("router1".to_string());
    let peer = PeerConfig::new(RemoteAs::Asn(PEER_AS));
    let config = SessionConfig::for_peer(&config, &peer, Restarted::No);
    let rig = Rig::new(config);
    let codes: Vec<_> = rig.session.offered().capabilities().map(|found| found.code().0).collect();
    assert_eq!(codes, [1, 2, 128, 70, 6, 65, 69, 64, 73]);
    for capability in rig.session.offered().capabilities() {
        match capability {
            Capability::GracefulRestart(head, families) => {
                assert_eq!((head.restarted, head.time, families.count()), (false, 120, 0));
            }
            Capability::AddPath(mut paths) => {
                let family = FamilyCodes::of(Family::Ipv4Unicast);
                assert_eq!(paths.next(), Some(AddPath { family, receive: true, send: false }));
            }
            Capability::Fqdn { host, .. } => assert_eq!(host, b"router1"),
            _ => {}
        }
    }
}

#[test]
fn the_offer_follows_the_configuration() {
    let mut config = Config::new(OUR_AS, OUR_ID);
    config.graceful_restart.mode = GracefulRestartMode::Restarter;
    let mut peer = PeerConfig::new(RemoteAs::External);
    peer.families = FamilyMap::from_fn(|_| Some(PeerFamilyConfig::default()));
    peer.extended_next_hop = true;
    peer.role = Some(Role::Customer);
    let made = SessionConfig::for_peer(&config, &peer, Restarted::Yes);
    let offer = made.offer.clone().unwrap();
    assert_eq!((offer.extended_next_hop, offer.role), (v4(), Some(Role::Customer)));
    let restart = offer.graceful_restart.unwrap();
    assert_eq!((restart.restarted, restart.families), (Restarted::Yes, BOTH.into_iter().collect()));
    assert_eq!(restart.forwarding, restart.families);
    assert!(
        Rig::new(made).session.offered().capabilities().any(|found| found.code() == CapabilityCode::ROLE)
    );
    config.graceful_restart.mode = GracefulRestartMode::Disabled;
    peer.dont_capability_negotiate = true;
    assert_eq!(SessionConfig::for_peer(&config, &peer, Restarted::Yes).offer, None);
}

#[test]
fn a_role_is_not_offered_inside_our_as() {
    let mut config = SessionConfig { remote_as: RemoteAs::Internal, ..config() };
    config.offer.as_mut().unwrap().role = Some(Role::Peer);
    assert!(
        !Rig::new(config).session.offered().capabilities().any(|found| found.code() == CapabilityCode::ROLE)
    );
}

#[test]
fn both_opens_are_kept_for_display() {
    let agreed = agree(config(), |writer| capability::begin(writer, CapabilityCode(200)).put(&[1, 2]));
    let unknown = agreed.theirs.capabilities().next();
    assert!(matches!(unknown, Some(Capability::Unknown { code: CapabilityCode(200), value: [1, 2] })));
    assert!(agreed.ours.capabilities().count() > 5);
}
