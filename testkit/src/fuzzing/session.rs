//! A session fed by anybody: however the octets are split, it does the same.

use core::time::Duration;

use bgp_core::session::{Offer, Session, SessionConfig, SessionEvent};
use bgp_core::speaker::config::RemoteAs;
use bgp_core::wire::{MessageType, Writer, header};
use bgp_core::{Asn, Family, Instant, RouterId};
use bytes::BytesMut;

/// An established session gets the octets at once, and in pieces; it must say and send the same. The first octet
/// says how long the pieces are.
///
/// # Panics
///
/// When it does not.
pub fn session(input: &[u8]) {
    let Some((piece, octets)) = input.split_first() else { return };
    let (whole, pieces) = (run(octets, usize::MAX), run(octets, usize::from(*piece % 48) + 1));
    assert_eq!(whole, pieces, "the same, however it is split");
}

/// What a session said and sent: an entry per event, and per UPDATE of a batch.
fn run(octets: &[u8], piece: usize) -> (Vec<String>, Vec<u8>) {
    let now = Instant::from_start(Duration::from_secs(1));
    let mut session = Session::new(config(Asn(65_001), RouterId(1), Asn(65_002)), 7, now);
    let mut input = BytesMut::from(&hello()[..]);
    let (mut said, mut sent) = (Vec::new(), Vec::new());
    session.handle_input(&mut input, now);
    drain(&mut session, &mut said, &mut sent);
    for octets in octets.chunks(piece.min(octets.len().max(1))) {
        input.extend_from_slice(octets);
        session.handle_input(&mut input, now);
        drain(&mut session, &mut said, &mut sent);
    }
    session.handle_closed(now);
    drain(&mut session, &mut said, &mut sent);
    (said, sent)
}

fn drain(session: &mut Session, said: &mut Vec<String>, sent: &mut Vec<u8>) {
    while let Some(octets) = session.poll_transmit() {
        sent.extend_from_slice(&octets);
    }
    while let Some(event) = session.poll_event() {
        match event {
            SessionEvent::Updates(batch) => {
                said.extend(batch.updates().map(|update| format!("{:?} {:?}", update.fate(), update.body())));
            }
            // A ROUTE-REFRESH that is repeated at once is heard once.
            SessionEvent::Refresh(..) if said.last() == Some(&format!("{event:?}")) => {}
            other => said.push(format!("{other:?}")),
        }
    }
}

/// The OPEN of a peer with the same families, and its KEEPALIVE.
fn hello() -> Vec<u8> {
    let peer = config(Asn(65_002), RouterId(2), Asn(65_001));
    let open = Session::new(peer, 0, Instant::START).poll_transmit();
    let mut octets = open.map_or_else(Vec::new, |open| open.to_vec());
    header::begin_message(&mut Writer::new(&mut octets), MessageType::KEEPALIVE);
    octets
}

fn config(local_as: Asn, router_id: RouterId, remote_as: Asn) -> SessionConfig {
    SessionConfig {
        local_as,
        router_id,
        remote_as: RemoteAs::Asn(remote_as),
        hold: Duration::from_secs(180),
        keepalive: Duration::from_secs(60),
        families: Family::ALL.into_iter().collect(),
        offer: Some(Offer::default()),
    }
}
