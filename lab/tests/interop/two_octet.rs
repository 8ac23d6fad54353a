//! Peers that know only 2-octet AS numbers (RFC 6793): AS_TRANS in front, the truth in AS4_PATH.

use anyhow::{Result, ensure};
use lab::Lab;
use lab::daemon::{Kind, Neighbor, Route, Spec};

use crate::pair::{A4, B4, Pair};

// FRR and GoBGP cannot leave the capability out.
every_peer!(a_two_octet_peer_exchanges_routes_with_a_four_octet_speaker: Bird bird, OpenBgpd openbgpd, ExaBgp exabgp);

fn a_two_octet_peer_exchanges_routes_with_a_four_octet_speaker(lab: &Lab, kind: Kind) -> Result<()> {
    // Which number each lets be configured for a neighbour that it sees as AS_TRANS: BIRD merges AS4 all the same.
    let (asn, seen) = if kind == Kind::ExaBgp { (FOUR_OCTETS, AS_TRANS) } else { (65001, 65001) };
    let ours = Spec::new(asn, A4)
        .installing()
        .neighbor(Neighbor::new(B4, 65002))
        .route(Route::new("203.0.113.0/24").via(A4));
    let theirs = Spec::new(65002, B4)
        .neighbor(Neighbor::new(A4, seen).two_octet_as())
        .route(Route::new("198.51.100.0/24").via(B4));
    let mut pair = Pair::start(lab, kind, &ours, &theirs)?;

    let received = pair.dut.await_route(B4, "198.51.100.0/24")?;
    ensure!(received.as_path == [65002], "{received:?}");
    let told = pair.peer.await_route(A4, "203.0.113.0/24")?;
    ensure!(told.as_path == [seen] || told.as_path == [asn], "{told:?}");

    // BIRD alone puts a wide number into the path of a route of its own, and AS4_PATH beside it.
    if kind == Kind::Bird {
        pair.peer.announce(&Route::new("198.51.101.0/24").via(B4).prepend(&[4_200_000_777]))?;
        let received = pair.dut.await_route(B4, "198.51.101.0/24")?;
        ensure!(received.as_path == [65002, 4_200_000_777], "{received:?}");
    }
    Ok(())
}

const FOUR_OCTETS: u32 = 4_200_000_001;
const AS_TRANS: u32 = 23456;
