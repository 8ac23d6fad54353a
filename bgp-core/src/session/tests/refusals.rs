//! Each wrong message in each state, and the NOTIFICATION that answers it (RFC 4271 §6, RFC 6608, RFC 7313).

use super::*;
use crate::speaker::config::Role;

#[test]
fn each_wrong_header_is_answered_as_rfc_4271_6_1_states() {
    let header = |length: u16, kind: u8| [&[0xff; 16][..], &length.to_be_bytes(), &[kind]].concat();
    let table: [(&str, Vec<u8>, &str); 8] = [
        ("marker", [&[0xff; 15][..], &[0, 0, 19, 4]].concat(), "1/1 []"),
        ("length 18", header(18, 4), "1/2 [0, 18]"),
        ("length 65535", header(65_535, 1), "1/2 [255, 255]"),
        ("short OPEN", header(28, 1), "1/2 [0, 28]"),
        ("short UPDATE", header(22, 2), "1/2 [0, 22]"),
        ("short NOTIFICATION", header(20, 3), "1/2 [0, 20]"),
        ("long KEEPALIVE", header(20, 4), "1/2 [0, 20]"),
        ("type 6", header(19, 6), "1/3 [6]"),
    ];
    for (name, octets, answer) in table {
        for mut rig in [Rig::open_sent(), Rig::open_confirm(), Rig::established()] {
            assert_eq!(rig.hear(&octets), refused(answer), "{name} in {}", rig.session.state());
            assert!(rig.input.is_empty());
        }
    }
}

#[test]
fn each_open_that_does_not_suit_is_answered_as_rfc_4271_6_2_states() {
    let head = OpenHead { asn: PEER_AS, hold_time: 180, router_id: PEER_ID };
    let mut version = open();
    version[HEADER] = 3;
    let mut parameter = open();
    parameter[HEADER + 10] = 1;
    let mut malformed = open();
    malformed[HEADER + 11] = 200;
    let other_family = open_with(head, |writer| {
        capability::begin(writer, CapabilityCode::MULTIPROTOCOL).put(&[0, 25, 0, 70]);
    });
    let families = "2/7 [1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1]";
    let disagreeing = open_with(head, |writer| {
        capability::begin(writer, CapabilityCode::FOUR_OCTET_AS).u32(65_003);
    });
    let table: [(&str, Vec<u8>, &str); 11] = [
        ("version 3", version, "2/1 [0, 4]"),
        ("another AS", open_of(Asn(65_003), 180, PEER_ID), "2/2 []"),
        ("AS zero", open_of(Asn(0), 180, PEER_ID), "2/2 []"),
        ("AS_TRANS alone", open_with(OpenHead { asn: Asn::TRANS, ..head }, |_| ()), "2/2 []"),
        ("two AS numbers", disagreeing, "2/2 []"),
        ("identifier zero", open_of(PEER_AS, 180, RouterId(0)), "2/3 []"),
        ("unknown parameter", parameter, "2/4 []"),
        ("hold time 1", open_of(PEER_AS, 1, PEER_ID), "2/6 []"),
        ("hold time 2", open_of(PEER_AS, 2, PEER_ID), "2/6 []"),
        ("no common family", other_family, families),
        ("malformed parameter", malformed, "2/0 []"),
    ];
    for (name, octets, answer) in table {
        let mut rig = Rig::open_sent();
        assert_eq!(rig.hear(&octets), refused(answer), "{name}");
        assert_eq!(rig.session.history().notification_sent.as_ref().map(notified).as_deref(), Some(answer));
    }
}

#[test]
fn remote_as_internal_and_external_are_kept_to() {
    let with = |remote_as| Rig::new(SessionConfig { remote_as, ..config() });
    let ours = open_of(OUR_AS, 180, PEER_ID);
    assert_eq!(with(RemoteAs::Internal).hear(&open()), refused("2/2 []"));
    assert_eq!(with(RemoteAs::External).hear(&ours), refused("2/2 []"));
    let trans = open_of(Asn::TRANS, 180, PEER_ID);
    assert_eq!(with(RemoteAs::External).hear(&trans), refused("2/2 []"));
    assert_eq!(with(RemoteAs::Internal).hear(&ours).len(), 2);
    assert_eq!(with(RemoteAs::External).hear(&open())[0], "sends KEEPALIVE");
}

#[test]
fn an_identifier_like_ours_is_refused_in_our_as_only() {
    let internal = SessionConfig { remote_as: RemoteAs::Internal, ..config() };
    assert_eq!(Rig::new(internal).hear(&open_of(OUR_AS, 180, OUR_ID)), refused("2/3 []"));
    assert_eq!(Rig::open_sent().hear(&open_of(PEER_AS, 180, OUR_ID))[0], "sends KEEPALIVE");
}

#[test]
fn roles_must_be_a_pair_of_rfc_9234() {
    let roles = [Role::Provider, Role::RouteServer, Role::RouteServerClient, Role::Customer, Role::Peer];
    let partner = [3, 2, 1, 0, 4];
    let head = OpenHead { asn: PEER_AS, hold_time: 180, router_id: PEER_ID };
    let hear = |ours: Option<Role>, theirs: &[u8]| {
        let mut config = config();
        config.offer.as_mut().unwrap().role = ours;
        Rig::new(config).hear(&open_with(head, |writer| {
            theirs.iter().for_each(|role| capability::begin(writer, CapabilityCode::ROLE).u8(*role));
        }))
    };
    for (ours, fitting) in roles.into_iter().zip(partner) {
        for theirs in 0..=5 {
            let lines = hear(Some(ours), &[theirs]);
            if theirs == fitting {
                assert_eq!(lines[0], "sends KEEPALIVE", "{ours:?} {theirs}");
            } else {
                assert_eq!(lines, refused("2/11 []"), "{ours:?} {theirs}");
            }
        }
    }
    assert_eq!(hear(Some(Role::Peer), &[])[0], "sends KEEPALIVE");
    assert_eq!(hear(None, &[2])[0], "sends KEEPALIVE");
    assert_eq!(hear(Some(Role::Peer), &[4, 4])[0], "sends KEEPALIVE");
    assert_eq!(hear(Some(Role::Peer), &[4, 3]), refused("2/11 []"));
}

#[test]
fn a_message_at_the_wrong_time_is_answered_as_rfc_6608_states() {
    let refresh = message(MessageType::ROUTE_REFRESH, &[0, 1, 0, 1]);
    let table = [
        (Rig::open_sent as fn() -> Rig, KEEPALIVE.to_vec(), "5/1 [4]"),
        (Rig::open_sent, update(END_OF_RIB), "5/1 [2]"),
        (Rig::open_sent, refresh.clone(), "5/1 [5]"),
        (Rig::open_confirm, open(), "5/2 [1]"),
        (Rig::open_confirm, update(END_OF_RIB), "5/2 [2]"),
        (Rig::open_confirm, refresh, "5/2 [5]"),
        (Rig::established, open(), "5/3 [1]"),
    ];
    for (rig, octets, answer) in table {
        assert_eq!(rig().hear(&octets), refused(answer));
    }
}

#[test]
fn a_message_longer_than_4096_octets_is_refused_until_established() {
    let long = update(&[&END_OF_RIB[..2], &[0, 0], &[32; 4100][..]].concat());
    assert_eq!(Rig::open_sent().hear(&long[..30]), refused("1/2 [16, 27]"));
    assert_eq!(Rig::open_confirm().hear(&long[..30]), refused("1/2 [16, 27]"));
    assert!(Rig::established().hear(&long[..30]).is_empty());
    let mut plain = Rig::established_with(config().without_capabilities(), &open());
    assert_eq!(plain.hear(&long[..30]), refused("1/2 [16, 27]"));
}

#[test]
fn a_refresh_of_a_wrong_length_is_answered_as_far_as_the_peer_knows_rfc_7313() {
    let begin = message(MessageType::ROUTE_REFRESH, &[0, 1, 1, 1, 9]);
    let short = message(MessageType::ROUTE_REFRESH, &[0, 1, 0]);
    assert_eq!(Rig::established().hear(&begin), refused(&format!("7/1 {begin:?}")));
    assert_eq!(Rig::established().hear(&short), refused(&format!("7/1 {short:?}")));
    let head = OpenHead { asn: PEER_AS, hold_time: 180, router_id: PEER_ID };
    let old = || Rig::established_with(config(), &open_with(head, |_| ()));
    assert!(old().hear(&begin).is_empty());
    assert_eq!(old().hear(&short), refused("1/2 [0, 22]"));
    let mut plain = Rig::established_with(config().without_capabilities(), &open());
    assert_eq!(plain.hear(&message(MessageType::ROUTE_REFRESH, &[0, 1, 0, 1])), refused("1/3 [5]"));
}

#[test]
fn an_update_that_cannot_be_walked_ends_the_session_after_the_good_ones() {
    let mut rig = Rig::established();
    let octets = [update(ANNOUNCE), update(END_OF_RIB), update(OVERRUN), update(ANNOUNCE)].concat();
    assert_eq!(rig.hear(&octets), ["sends 3/1 []", "says Updates 2", "says Down, refused 3/1 []"]);
    assert!(rig.input.is_empty());
}

const HEADER: usize = crate::wire::HEADER_LEN;
