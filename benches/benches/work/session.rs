//! An established session that reads UPDATEs.

use std::time::Duration;

use bgp_core::session::{Offer, Session, SessionConfig, SessionEvent};
use bgp_core::speaker::config::RemoteAs;
use bgp_core::{Asn, Family, Instant, RouterId};
use bytes::BytesMut;

use super::sample::{bodies, messages};
use super::{Work, wire};

/// As much as one read brings.
const READ: usize = 64 << 10;

struct Reading {
    session: Session,
    octets: Vec<u8>,
    input: BytesMut,
}

/// One read of 64 KiB, of which the last message is not whole.
pub(crate) fn read() -> Work {
    let mut octets = messages(1, 1);
    octets.truncate(READ);
    let mut session = Session::new(config(65_001, 65_002), 7, Instant::START);
    let mut hello = BytesMut::from(&open()[..]);
    hello.extend_from_slice(&wire::keepalive());
    session.handle_input(&mut hello, Instant::START);
    drain(&mut session);
    let prefixes = bodies(&octets).count();
    assert!(prefixes > 500, "{prefixes} UPDATEs in a read");
    let mut state = Reading { session, octets, input: BytesMut::with_capacity(READ) };
    ready(&mut state);
    let prefixes = take(&mut state);
    Work::new(prefixes, state, ready, take)
}

fn ready(state: &mut Reading) {
    state.input.clear();
    state.input.extend_from_slice(&state.octets);
}

/// How many prefixes the session hands on.
fn take(state: &mut Reading) -> usize {
    state.session.handle_input(&mut state.input, Instant::START);
    drain(&mut state.session)
}

fn drain(session: &mut Session) -> usize {
    while let Some(octets) = session.poll_transmit() {
        session.handle_transmitted(octets.len(), Instant::START);
    }
    let mut prefixes = 0;
    while let Some(event) = session.poll_event() {
        if let SessionEvent::Updates(batch) = event {
            let reach = batch.updates().flat_map(|update| update.reach());
            prefixes += reach.map(|reach| reach.nlri.count()).sum::<usize>();
        }
    }
    prefixes
}

/// The OPEN of a peer of ours.
pub(crate) fn open() -> Vec<u8> {
    let open = Session::new(config(65_002, 65_001), 0, Instant::START).poll_transmit();
    open.map_or_else(Vec::new, |open| open.to_vec())
}

fn config(local_as: u32, remote_as: u32) -> SessionConfig {
    SessionConfig {
        local_as: Asn(local_as),
        router_id: RouterId(local_as),
        remote_as: RemoteAs::Asn(Asn(remote_as)),
        hold: Duration::from_secs(180),
        keepalive: Duration::from_secs(60),
        families: Family::ALL.into_iter().collect(),
        offer: Some(Offer {
            add_path_receive: bgp_core::FamilySet::EMPTY,
            host_name: Some("router1.example.net".to_owned()),
            ..Offer::default()
        }),
    }
}
