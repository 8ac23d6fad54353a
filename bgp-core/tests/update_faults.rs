//! What becomes of an UPDATE with something wrong in it: RFC 7606 attribute by attribute and fault by fault, and
//! every NOTIFICATION of RFC 4271 §6.3, as tables.
#![allow(clippy::unwrap_used, clippy::panic)]

use bgp_core::wire::{Caps, Checked, ErrorCode, Fate, PeerSide, Update, WireError};
use bgp_core::{Family, FamilySet};

use Fate::{DiscardAttribute, Keep, TreatAsWithdraw};
use PeerSide::{External, Internal};

/// One attribute: flags, code, value.
#[derive(Clone)]
struct Raw(u8, u8, Vec<u8>);

/// What must become of an UPDATE.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Want {
    Fate(Fate),
    /// The session ends with UPDATE Message Error and this subcode.
    Reset(u8),
}

/// An attribute as RFC 7606 and the RFC that defines it say it must be.
struct Row {
    name: &'static str,
    clause: &'static str,
    flags: u8,
    code: u8,
    good: &'static [u8],
    bad_lengths: &'static [usize],
    bad_values: &'static [&'static [u8]],
    malformed: Fate,
    wrong_flags: Fate,
    /// The subcode of RFC 4271 §6.3 for a bad value, where §5.2 asks for a reset.
    value_subcode: u8,
    side: PeerSide,
    caps: Caps,
}

const FOUR: Caps = Caps {
    four_octet_as: true,
    extended_message: false,
    add_path_receive: FamilySet::EMPTY,
    add_path_send: FamilySet::EMPTY,
};
const TWO: Caps = Caps { four_octet_as: false, ..FOUR };

const ROW: Row = Row {
    name: "",
    clause: "",
    flags: 0xc0,
    code: 0,
    good: &[],
    bad_lengths: &[],
    bad_values: &[],
    malformed: TreatAsWithdraw,
    wrong_flags: TreatAsWithdraw,
    value_subcode: 9,
    side: External,
    caps: FOUR,
};

const ROWS: &[Row] = &[
    Row {
        name: "ORIGIN",
        clause: "RFC 7606 §7.1",
        flags: 0x40,
        code: 1,
        good: &[0],
        bad_lengths: &[0, 2, 300],
        bad_values: &[&[3], &[255]],
        value_subcode: 6,
        ..ROW
    },
    Row {
        name: "AS_PATH",
        clause: "RFC 7606 §7.2, RFC 7607",
        flags: 0x40,
        code: 2,
        good: &[2, 1, 0, 0, 0xfd, 0xea],
        bad_values: &[
            &[0, 1, 0, 0, 0, 1],                   // unrecognized segment type
            &[5, 1, 0, 0, 0, 1],                   // unrecognized segment type
            &[2, 2, 0, 0, 0, 1],                   // overrun
            &[2, 1, 0, 0, 0, 1, 2],                // underrun: one octet left
            &[2, 0],                               // no AS in the segment
            &[2, 1, 0, 0, 0, 1, 2, 0],             // the same, behind a good one
            &[2, 1, 0, 0, 0, 0],                   // AS 0
            &[1, 2, 0, 0, 0, 1, 0, 0, 0, 0],       // AS 0 in a set
            &[3, 1, 0, 0, 0, 1],                   // a confederation's, from outside
            &[4, 1, 0, 0, 0, 1, 2, 1, 0, 0, 0, 1], // the same
        ],
        value_subcode: 11,
        ..ROW
    },
    Row {
        name: "AS_PATH of a peer with two-octet numbers",
        clause: "RFC 7606 §7.2",
        flags: 0x40,
        code: 2,
        good: &[2, 1, 0xfd, 0xea],
        bad_values: &[&[2, 2, 0, 1], &[2, 1, 0, 0], &[2, 1, 0, 0, 0xfd, 0xea], &[9, 1, 0, 1]],
        value_subcode: 11,
        caps: TWO,
        ..ROW
    },
    Row {
        name: "NEXT_HOP",
        clause: "RFC 7606 §7.3",
        flags: 0x40,
        code: 3,
        good: &[192, 0, 2, 1],
        bad_lengths: &[0, 3, 5, 16],
        bad_values: &[&[0, 0, 0, 0], &[127, 0, 0, 1], &[224, 0, 0, 5], &[255, 255, 255, 255]],
        value_subcode: 8,
        ..ROW
    },
    Row {
        name: "MULTI_EXIT_DISC",
        clause: "RFC 7606 §7.4",
        flags: 0x80,
        code: 4,
        good: &[0, 0, 0, 1],
        bad_lengths: &[0, 3, 5],
        ..ROW
    },
    Row {
        name: "LOCAL_PREF",
        clause: "RFC 7606 §7.5",
        flags: 0x40,
        code: 5,
        good: &[0, 0, 0, 1],
        bad_lengths: &[0, 3, 5],
        side: Internal,
        ..ROW
    },
    Row {
        name: "ATOMIC_AGGREGATE",
        clause: "RFC 7606 §7.6",
        flags: 0x40,
        code: 6,
        good: &[],
        bad_lengths: &[1, 256],
        malformed: DiscardAttribute,
        ..ROW
    },
    Row {
        name: "AGGREGATOR",
        clause: "RFC 7606 §7.7, RFC 7607",
        code: 7,
        good: &[0, 0, 0, 1, 192, 0, 2, 1],
        bad_lengths: &[0, 6, 7, 9],
        bad_values: &[&[0, 0, 0, 0, 192, 0, 2, 1]],
        malformed: DiscardAttribute,
        ..ROW
    },
    Row {
        name: "AGGREGATOR of a peer with two-octet numbers",
        clause: "RFC 7606 §7.7, RFC 7607",
        code: 7,
        good: &[0, 1, 192, 0, 2, 1],
        bad_lengths: &[0, 5, 8],
        bad_values: &[&[0, 0, 192, 0, 2, 1]],
        malformed: DiscardAttribute,
        caps: TWO,
        ..ROW
    },
    Row {
        name: "COMMUNITIES",
        clause: "RFC 7606 §7.8",
        code: 8,
        good: &[0, 1, 0, 1],
        bad_lengths: &[0, 3, 5, 257],
        ..ROW
    },
    Row {
        name: "ORIGINATOR_ID",
        clause: "RFC 7606 §7.9",
        flags: 0x80,
        code: 9,
        good: &[1, 1, 1, 1],
        bad_lengths: &[0, 3, 5],
        side: Internal,
        ..ROW
    },
    Row {
        name: "CLUSTER_LIST",
        clause: "RFC 7606 §7.10",
        flags: 0x80,
        code: 10,
        good: &[1, 1, 1, 1, 2, 2, 2, 2],
        bad_lengths: &[0, 3, 9],
        side: Internal,
        ..ROW
    },
    Row {
        name: "EXTENDED COMMUNITIES",
        clause: "RFC 7606 §7.14",
        code: 16,
        good: &[0, 2, 0, 1, 0, 0, 0, 1],
        bad_lengths: &[0, 4, 9],
        ..ROW
    },
    Row {
        name: "AS4_PATH",
        clause: "RFC 6793 §6",
        code: 17,
        good: &[2, 1, 0, 1, 0, 0],
        bad_lengths: &[0, 4, 7],
        bad_values: &[&[2, 0, 0, 0, 0, 0], &[7, 1, 0, 0, 0, 1], &[2, 1, 0, 0, 0, 0]],
        malformed: DiscardAttribute,
        caps: TWO,
        ..ROW
    },
    Row {
        name: "AS4_AGGREGATOR",
        clause: "RFC 6793 §6",
        code: 18,
        good: &[0, 1, 0, 0, 192, 0, 2, 1],
        bad_lengths: &[0, 6, 9],
        bad_values: &[&[0, 0, 0, 0, 192, 0, 2, 1]],
        malformed: DiscardAttribute,
        caps: TWO,
        ..ROW
    },
    Row {
        name: "IPv6 EXTENDED COMMUNITIES",
        clause: "RFC 7606 §7.15",
        code: 25,
        good: &[0; 20],
        bad_lengths: &[0, 8, 21],
        ..ROW
    },
    Row {
        name: "AIGP",
        clause: "RFC 7311 §3.2",
        flags: 0x80,
        code: 26,
        good: &[1, 0, 11, 0, 0, 0, 0, 0, 0, 0, 9],
        bad_lengths: &[0, 1, 2],
        bad_values: &[&[1, 0, 10, 0, 0, 0, 0, 0, 0, 0], &[1, 0, 12, 0, 0, 0, 0, 0, 0, 0, 9]],
        malformed: DiscardAttribute,
        wrong_flags: DiscardAttribute,
        side: Internal,
        ..ROW
    },
    Row {
        name: "LARGE_COMMUNITY",
        clause: "RFC 8092 §6",
        code: 32,
        good: &[0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3],
        bad_lengths: &[0, 4, 8, 13],
        ..ROW
    },
    Row {
        name: "OTC",
        clause: "RFC 9234 §5",
        code: 35,
        good: &[0, 0, 0xfd, 0xea],
        bad_lengths: &[0, 2, 5],
        ..ROW
    },
];

const MP_REACH: &[u8] =
    &[0, 2, 1, 16, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 32, 0x20, 1, 0x0d, 0xb8];
const MP_UNREACH: &[u8] = &[0, 2, 1, 32, 0x20, 1, 0x0d, 0xb8];
const TEN: &[u8] = &[8, 10];

fn attribute(Raw(flags, code, value): &Raw) -> Vec<u8> {
    match u8::try_from(value.len()) {
        Ok(len) => [&[*flags, *code, len], &value[..]].concat(),
        Err(_) => {
            [&[flags | 0x10, *code], &u16::try_from(value.len()).unwrap().to_be_bytes()[..], value].concat()
        }
    }
}

fn body(withdrawn: &[u8], attrs: &[Raw], nlri: &[u8]) -> Vec<u8> {
    raw_body(withdrawn, &attrs.iter().flat_map(attribute).collect::<Vec<_>>(), nlri)
}

fn raw_body(withdrawn: &[u8], attrs: &[u8], nlri: &[u8]) -> Vec<u8> {
    let len = |field: &[u8]| u16::try_from(field.len()).unwrap().to_be_bytes();
    [&len(withdrawn), withdrawn, &len(attrs), attrs, nlri].concat()
}

/// The attributes that every announcement must have from this peer.
fn mandatory(side: PeerSide, caps: &Caps) -> Vec<Raw> {
    let path = if caps.four_octet_as { vec![2, 1, 0, 0, 0xfd, 0xea] } else { vec![2, 1, 0xfd, 0xea] };
    let mut attrs = vec![Raw(0x40, 1, vec![0]), Raw(0x40, 2, path), Raw(0x40, 3, vec![192, 0, 2, 1])];
    if side == Internal {
        attrs.push(Raw(0x40, 5, vec![0, 0, 0, 100]));
    }
    attrs
}

/// The mandatory attributes, with `attr` among them.
fn with(side: PeerSide, caps: &Caps, attr: Raw) -> Vec<Raw> {
    let mut attrs = mandatory(side, caps);
    attrs.retain(|Raw(_, code, _)| *code != attr.1);
    attrs.push(attr);
    attrs
}

fn check<'a>(body: &'a [u8], caps: &Caps, side: PeerSide) -> Result<Checked<'a>, WireError> {
    Update::check(body, caps, side)
}

fn outcome(body: &[u8], caps: &Caps, side: PeerSide) -> Want {
    match check(body, caps, side) {
        Ok(checked) => {
            assert_eq!(checked.fate != Keep, checked.fault.is_some(), "a fate has a fault for the log");
            assert_eq!(checked.fate, checked.update.fate());
            Want::Fate(checked.fate)
        }
        Err(error) => Want::Reset(subcode(error)),
    }
}

/// RFC 4271 §4.5
fn subcode(error: WireError) -> u8 {
    let notification = error.notification(&[]);
    assert_eq!(notification.kind.code, ErrorCode::UPDATE_MESSAGE, "{error:?}");
    notification.kind.subcode
}

/// The same fault in an UPDATE with routes, and in one without (RFC 7606 §5.2).
fn expect_fault(row: &Row, attr: Raw, fate: Fate, subcode: u8, what: &str) {
    let name = format!("{} ({}): {what}", row.name, row.clause);
    let attrs = with(row.side, &row.caps, attr.clone());
    let message = body(&[], &attrs, TEN);
    assert_eq!(outcome(&message, &row.caps, row.side), Want::Fate(fate), "{name}");
    let update = check(&message, &row.caps, row.side).unwrap().update;
    let announced: Vec<_> = update.reach().flat_map(|reach| reach.nlri).collect();
    let withdrawn: Vec<_> = update.unreach().flat_map(|unreach| unreach.nlri).collect();
    if fate == TreatAsWithdraw {
        assert_eq!((announced.len(), withdrawn.len()), (0, 1), "{name}");
    } else {
        assert_eq!((announced.len(), withdrawn.len()), (1, 0), "{name}");
        assert!(update.attr(bgp_core::wire::AttrCode(row.code)).is_none(), "{name}: it is discarded");
    }
    let want = if fate == TreatAsWithdraw { Want::Reset(subcode) } else { Want::Fate(fate) };
    assert_eq!(outcome(&body(TEN, &[attr], &[]), &row.caps, row.side), want, "{name}, without routes");
}

#[test]
fn well_formed_attributes_are_kept() {
    for row in ROWS {
        let attrs = with(row.side, &row.caps, Raw(row.flags, row.code, row.good.into()));
        let message = body(&[], &attrs, TEN);
        assert_eq!(outcome(&message, &row.caps, row.side), Want::Fate(Keep), "{}", row.name);
        let mut partial = attrs;
        partial.last_mut().unwrap().0 |= 0x2f;
        let message = body(&[], &partial, TEN);
        assert_eq!(outcome(&message, &row.caps, row.side), Want::Fate(Keep), "{}: other flags", row.name);
    }
}

#[test]
fn wrong_flags_have_the_fate_of_rfc_7606_section_3c() {
    for row in ROWS {
        for flip in [0x80, 0x40, 0xc0] {
            let attr = Raw(row.flags ^ flip, row.code, row.good.into());
            expect_fault(row, attr, row.wrong_flags, 4, &format!("flags flipped by {flip:#x}"));
        }
    }
}

#[test]
fn wrong_lengths_have_the_fate_of_rfc_7606_section_7() {
    for row in ROWS {
        for len in row.bad_lengths {
            let value: Vec<u8> = row.good.iter().copied().chain(std::iter::repeat(1)).take(*len).collect();
            expect_fault(row, Raw(row.flags, row.code, value), row.malformed, 5, &format!("length {len}"));
        }
    }
}

#[test]
fn wrong_values_have_the_fate_of_rfc_7606_section_7() {
    for row in ROWS {
        for value in row.bad_values {
            let attr = Raw(row.flags, row.code, value.to_vec());
            expect_fault(row, attr, row.malformed, row.value_subcode, &format!("value {value:?}"));
        }
    }
}

#[test]
fn only_the_first_of_an_attribute_counts() {
    for row in ROWS {
        let mut attrs = with(row.side, &row.caps, Raw(row.flags, row.code, row.good.into()));
        attrs.push(Raw(row.flags, row.code, vec![0xff; 3]));
        attrs.push(Raw(row.flags ^ 0xc0, row.code, row.good.into()));
        let message = body(&[], &attrs, TEN);
        assert_eq!(outcome(&message, &row.caps, row.side), Want::Fate(DiscardAttribute), "{}", row.name);
        let update = check(&message, &row.caps, row.side).unwrap().update;
        let values: Vec<_> = update.attrs().filter(|attr| attr.code.0 == row.code).collect();
        assert_eq!(values.len(), 1, "{}", row.name);
        assert_eq!(values[0].value, row.good, "{}", row.name);
    }
    let unknown = [Raw(0xc0, 200, vec![1]), Raw(0xc0, 200, vec![2])];
    let message = body(&[], &[mandatory(External, &FOUR), unknown.to_vec()].concat(), TEN);
    assert_eq!(outcome(&message, &FOUR, External), Want::Fate(DiscardAttribute));
    let update = check(&message, &FOUR, External).unwrap().update;
    assert_eq!(update.attrs().filter(|attr| attr.code.0 == 200).count(), 1);
}

#[test]
fn missing_mandatory_attributes_withdraw_the_routes() {
    for (side, codes) in [(External, &[1, 2, 3][..]), (Internal, &[1, 2, 3, 5])] {
        for code in codes {
            let mut attrs = mandatory(side, &FOUR);
            attrs.retain(|Raw(_, present, _)| present != code);
            let message = body(&[], &attrs, TEN);
            assert_eq!(outcome(&message, &FOUR, side), Want::Fate(TreatAsWithdraw), "attribute {code}");
            // RFC 4760 §3: with MP_REACH_NLRI alone, NEXT_HOP is the one that may be missing.
            attrs.insert(0, Raw(0x80, 14, MP_REACH.into()));
            let want = if *code == 3 { Keep } else { TreatAsWithdraw };
            let message = body(&[], &attrs, &[]);
            assert_eq!(
                outcome(&message, &FOUR, side),
                Want::Fate(want),
                "attribute {code} beside MP_REACH_NLRI"
            );
        }
    }
    assert_eq!(outcome(&body(TEN, &[], &[]), &FOUR, Internal), Want::Fate(Keep), "nothing announced");
}

#[test]
fn what_a_peer_must_not_send_is_discarded() {
    let rows: &[(&str, Raw, Caps)] = &[
        ("LOCAL_PREF from an external peer", Raw(0x40, 5, vec![0, 0, 0, 1]), FOUR),
        ("LOCAL_PREF from an external peer, however malformed", Raw(0xc0, 5, vec![1]), FOUR),
        ("ORIGINATOR_ID from an external peer", Raw(0x80, 9, vec![1, 1, 1, 1]), FOUR),
        ("CLUSTER_LIST from an external peer", Raw(0x80, 10, vec![1, 1, 1]), FOUR),
        ("AIGP from an external peer", Raw(0x80, 26, vec![1, 0, 11, 0, 0, 0, 0, 0, 0, 0, 9]), FOUR),
        ("AS4_PATH from a peer with four-octet numbers", Raw(0xc0, 17, vec![2, 1, 0, 1, 0, 0]), FOUR),
        ("AS4_AGGREGATOR from such a peer", Raw(0xc0, 18, vec![0, 1, 0, 0, 192, 0, 2, 1]), FOUR),
    ];
    for (name, attr, caps) in rows {
        let message = body(&[], &with(External, caps, attr.clone()), TEN);
        assert_eq!(outcome(&message, caps, External), Want::Fate(DiscardAttribute), "{name}");
        let update = check(&message, caps, External).unwrap().update;
        assert!(update.attr(bgp_core::wire::AttrCode(attr.1)).is_none(), "{name}");
        assert_eq!(update.reach().count(), 1, "{name}");
    }
}

#[test]
fn the_strongest_of_several_faults_counts() {
    let discard = Raw(0x40, 6, vec![1]);
    let withdraw = Raw(0x80, 4, vec![1]);
    for attrs in [[discard.clone(), withdraw.clone()], [withdraw, discard]] {
        let message = body(&[], &[mandatory(External, &FOUR), attrs.to_vec()].concat(), TEN);
        let checked = check(&message, &FOUR, External).unwrap();
        assert_eq!(checked.fate, TreatAsWithdraw);
        assert_eq!(checked.fault.unwrap().code.0, 4);
    }
}

#[test]
fn an_attribute_that_runs_over_the_list_withdraws_the_routes() {
    let good: Vec<u8> = mandatory(External, &FOUR).iter().flat_map(attribute).collect();
    let tails: &[&[u8]] = &[
        &[0x80],
        &[0x80, 4],
        &[0x80, 4, 4],
        &[0x80, 4, 4, 0, 0, 0],
        &[0x90, 4, 0],
        &[0x90, 4, 1, 0, 9],
        &[0xc0, 8, 255],
    ];
    for tail in tails {
        let message = raw_body(&[], &[&good, *tail].concat(), TEN);
        assert_eq!(outcome(&message, &FOUR, External), Want::Fate(TreatAsWithdraw), "{tail:?} (RFC 7606 §4)");
        let message = raw_body(TEN, tail, &[]);
        assert_eq!(outcome(&message, &FOUR, External), Want::Reset(1), "{tail:?}, without routes (§5.2)");
        let reach = attribute(&Raw(0x80, 14, MP_REACH.into()));
        let message = raw_body(&[], &[&reach, &good, *tail].concat(), &[]);
        assert_eq!(
            outcome(&message, &FOUR, External),
            Want::Fate(TreatAsWithdraw),
            "{tail:?}, MP_REACH_NLRI"
        );
    }
    for code in [14, 15] {
        let message = raw_body(&[], &[&good, &[0x80, code, 9, 0, 2, 1][..]].concat(), TEN);
        assert_eq!(outcome(&message, &FOUR, External), Want::Reset(1), "its routes cannot be found (§3 j)");
    }
}

#[test]
fn next_hop_is_ignored_where_all_routes_are_in_mp_reach() {
    let attrs = [vec![Raw(0x80, 14, MP_REACH.into())], mandatory(External, &FOUR)].concat();
    let bad: Vec<_> =
        attrs.iter().cloned().map(|Raw(f, c, v)| Raw(f, c, if c == 3 { vec![0; 4] } else { v })).collect();
    assert_eq!(outcome(&body(&[], &bad, &[]), &FOUR, External), Want::Fate(DiscardAttribute), "RFC 4760 §3");
    assert_eq!(outcome(&body(&[], &bad, TEN), &FOUR, External), Want::Fate(TreatAsWithdraw), "RFC 7606 §7.3");
}

/// What becomes of MP_REACH_NLRI and MP_UNREACH_NLRI.
#[test]
fn multiprotocol_attributes_follow_rfc_7606_section_5() {
    let reach = |flags, value: &[u8]| Raw(flags, 14, value.to_vec());
    let unreach = |flags, value: &[u8]| Raw(flags, 15, value.to_vec());
    let next_hop_len = |len: u8, rest: &[u8]| [&[0, 2, 1, len], rest].concat();
    let with_next_hop = |octets: [u8; 16]| [&[0, 2, 1, 16], &octets[..], &[0, 16, 0x20, 1]].concat();
    let mut loopback = [0; 16];
    loopback[15] = 1;
    let mut multicast = [0; 16];
    multicast[0] = 0xff;
    let rows: Vec<(&str, Vec<Raw>, Want)> = vec![
        ("both are fine", vec![reach(0x80, MP_REACH), unreach(0x80, MP_UNREACH)], Want::Fate(Keep)),
        ("§5.3: flags of MP_REACH_NLRI", vec![reach(0xc0, MP_REACH)], Want::Reset(4)),
        ("§5.3: flags of MP_UNREACH_NLRI", vec![unreach(0x40, MP_UNREACH)], Want::Reset(4)),
        ("§3 g: MP_REACH_NLRI twice", vec![reach(0x80, MP_REACH), reach(0x80, MP_REACH)], Want::Reset(1)),
        (
            "§3 g: MP_UNREACH_NLRI twice",
            vec![unreach(0x80, MP_UNREACH), unreach(0x80, MP_UNREACH)],
            Want::Reset(1),
        ),
        ("§5.3: MP_REACH_NLRI of 4", vec![reach(0x80, &[0, 2, 1, 0])], Want::Reset(9)),
        ("§5.3: MP_UNREACH_NLRI of 2", vec![unreach(0x80, &[0, 2])], Want::Reset(9)),
        ("§7.11: no next hop", vec![reach(0x80, &next_hop_len(0, &[0, 8, 0x20]))], Want::Reset(9)),
        ("§7.11: four octets for IPv6", vec![reach(0x80, &next_hop_len(4, &[1; 30]))], Want::Reset(9)),
        ("§7.11: 24 octets", vec![reach(0x80, &next_hop_len(24, &[1; 30]))], Want::Reset(9)),
        ("§7.11: longer than the attribute", vec![reach(0x80, &next_hop_len(16, &[1; 15]))], Want::Reset(9)),
        ("§7.11: no reserved octet", vec![reach(0x80, &next_hop_len(16, &[1; 16]))], Want::Reset(9)),
        (
            "§5.3: a prefix of 129 bits",
            vec![reach(0x80, &next_hop_len(16, &[&[1; 17][..], &[129], &[1; 17]].concat()))],
            Want::Reset(9),
        ),
        (
            "§5.3: the last prefix is cut",
            vec![reach(0x80, &next_hop_len(16, &[&[1; 17][..], &[32, 1]].concat()))],
            Want::Reset(9),
        ),
        (
            "§5.3: a withdrawn prefix of 129 bits",
            vec![unreach(0x80, &[&[0, 2, 1, 129][..], &[1; 17]].concat())],
            Want::Reset(9),
        ),
        ("§5.3: the last withdrawn prefix is cut", vec![unreach(0x80, &[0, 2, 1, 64, 1])], Want::Reset(9)),
        (
            "§5.3: an IPv4 prefix of 33 bits",
            vec![reach(0x80, &[0, 1, 1, 4, 192, 0, 2, 1, 0, 33, 1, 1, 1, 1, 1])],
            Want::Reset(9),
        ),
        (
            "a family nobody knows is stepped over",
            vec![reach(0x80, &[0, 25, 70, 4, 1, 2, 3, 4, 0, 99, 99]), unreach(0x80, &[0, 25, 70, 255])],
            Want::Fate(Keep),
        ),
        (
            "the next hop is unspecified",
            vec![reach(0x80, &with_next_hop([0; 16]))],
            Want::Fate(TreatAsWithdraw),
        ),
        (
            "the next hop is loopback",
            vec![reach(0x80, &with_next_hop(loopback))],
            Want::Fate(TreatAsWithdraw),
        ),
        (
            "the next hop is multicast",
            vec![reach(0x80, &with_next_hop(multicast))],
            Want::Fate(TreatAsWithdraw),
        ),
    ];
    for (name, mut attrs, want) in rows {
        attrs.extend(mandatory(External, &FOUR));
        assert_eq!(outcome(&body(&[], &attrs, &[]), &FOUR, External), want, "{name}");
    }
}

#[test]
fn an_empty_mp_reach_is_no_route_to_withdraw() {
    let empty = Raw(0x80, 14, [&[0, 2, 1, 16, 0x20][..], &[1; 16]].concat());
    assert_eq!(outcome(&body(&[], std::slice::from_ref(&empty), &[]), &FOUR, External), Want::Fate(Keep));
    let bad = Raw(0x80, 4, vec![1]);
    assert_eq!(outcome(&body(&[], &[empty, bad], &[]), &FOUR, External), Want::Reset(5), "RFC 7606 §5.2");
}

/// RFC 4271 §6.3 as far as RFC 7606 leaves it: message, subcode, and what the data field quotes.
#[test]
fn every_notification_of_rfc_4271_section_6_3_quotes_what_it_is_about() {
    let good = |extra: &[u8]| -> Vec<u8> {
        mandatory(External, &FOUR).iter().flat_map(attribute).chain(extra.iter().copied()).collect()
    };
    let rows: Vec<(&str, Vec<u8>, u8, &[u8])> = vec![
        ("no room for the first length", vec![0], 1, &[]),
        ("Withdrawn Routes Length too large", vec![0, 5, 8, 10, 0, 0], 1, &[]),
        ("no room for the second length", vec![0, 1, 0], 1, &[]),
        ("Total Attribute Length too large", vec![0, 0, 0, 5, 0x40, 1, 1, 0], 1, &[]),
        (
            "unrecognized well-known attribute",
            raw_body(&[], &good(&[0x40, 99, 2, 7, 7]), TEN),
            2,
            &[0x40, 99, 2, 7, 7],
        ),
        ("the same, transitive bit clear", raw_body(&[], &good(&[0x00, 99, 0]), TEN), 2, &[0x00, 99, 0]),
        ("Attribute Flags Error", raw_body(&[], &[0x80, 6, 0], &[]), 4, &[0x80, 6, 0]),
        ("Attribute Length Error", raw_body(&[], &[0x80, 4, 1, 9], &[]), 5, &[0x80, 4, 1, 9]),
        ("Invalid ORIGIN", raw_body(&[], &[0x40, 1, 1, 3], &[]), 6, &[0x40, 1, 1, 3]),
        ("Invalid NEXT_HOP", raw_body(&[], &[0x40, 3, 4, 0, 0, 0, 0], &[]), 8, &[0x40, 3, 4, 0, 0, 0, 0]),
        ("Optional Attribute Error", raw_body(&[], &[0x80, 15, 2, 0, 2], &[]), 9, &[0x80, 15, 2, 0, 2]),
        ("Invalid Network Field: NLRI", raw_body(&[], &good(&[]), &[33, 1, 2, 3, 4, 5]), 10, &[]),
        ("Invalid Network Field: the last is cut", raw_body(&[], &good(&[]), &[8, 10, 24, 1]), 10, &[]),
        ("Invalid Network Field: withdrawn", raw_body(&[64, 0], &[], &[]), 10, &[]),
        ("Malformed AS_PATH", raw_body(&[], &[0x40, 2, 1, 9], &[]), 11, &[]),
    ];
    for (name, message, want, data) in rows {
        let error = check(&message, &FOUR, External).map(|checked| checked.fate).unwrap_err();
        assert_eq!(subcode(error), want, "{name}");
        assert_eq!(error.notification(&message).data, data, "{name}");
    }
}

#[test]
fn end_of_rib_is_what_rfc_4724_says_and_nothing_else() {
    let v6 = Some(Family::Ipv6Unicast);
    let rows: Vec<(&str, Vec<u8>, Option<Family>)> = vec![
        ("nothing at all", raw_body(&[], &[], &[]), Some(Family::Ipv4Unicast)),
        ("an empty MP_UNREACH_NLRI", body(&[], &[Raw(0x80, 15, vec![0, 2, 1])], &[]), v6),
        ("the same, extended length", raw_body(&[], &[0x90, 15, 0, 3, 0, 2, 1], &[]), v6),
        ("of IPv4", body(&[], &[Raw(0x80, 15, vec![0, 1, 1])], &[]), Some(Family::Ipv4Unicast)),
        ("of a family nobody knows", body(&[], &[Raw(0x80, 15, vec![0, 25, 70])], &[]), None),
        ("something withdrawn", body(TEN, &[], &[]), None),
        ("something withdrawn in MP_UNREACH_NLRI", body(&[], &[Raw(0x80, 15, MP_UNREACH.into())], &[]), None),
        (
            "another attribute",
            body(&[], &[Raw(0x80, 15, vec![0, 2, 1]), Raw(0x80, 4, vec![0; 4])], &[]),
            None,
        ),
        ("attributes alone", body(&[], &mandatory(External, &FOUR), &[]), None),
    ];
    for (name, message, want) in rows {
        assert_eq!(check(&message, &FOUR, External).unwrap().update.end_of_rib(), want, "{name}");
    }
}
