//! TCP knows no messages: however a stream is cut, the session does the same, and nothing a peer sends makes it
//! panic, spin or keep more than it was sent.

use super::*;
use proptest::prelude::*;

/// What a session does about a stream that comes in these pieces. Batches are by the read, so UPDATEs are listed
/// one by one.
fn told(pieces: &[&[u8]]) -> Vec<String> {
    let mut rig = Rig::open_sent();
    let mut sent_lines = Vec::new();
    let mut said_lines = Vec::new();
    for piece in pieces {
        rig.input.extend_from_slice(piece);
        rig.session.handle_input(&mut rig.input, rig.now);
        while let Some(octets) = rig.session.poll_transmit() {
            sent_lines.extend(sent(&octets));
        }
        while let Some(event) = rig.session.poll_event() {
            match event {
                SessionEvent::Updates(batch) => {
                    said_lines.extend(batch.updates().map(|update| format!("UPDATE {:?}", update.body())));
                }
                other => said_lines.push(said(&other)),
            }
        }
    }
    sent_lines.append(&mut said_lines);
    sent_lines.push(format!("{} octets left, {:?}", rig.input.len(), rig.session.history().received));
    sent_lines
}

/// One message of the peer after its OPEN; some of them end the session.
fn any_message() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => Just(update(ANNOUNCE)),
        2 => Just(update(END_OF_RIB)),
        2 => Just(update(BAD_ORIGIN)),
        4 => Just(KEEPALIVE.to_vec()),
        2 => (0..3_u8, 1..3_u8).prop_map(|(subtype, afi)| {
            // Requests only once in a row: repeated ones are said once a read.
            [message(MessageType::ROUTE_REFRESH, &[0, afi, subtype, 1]), KEEPALIVE.to_vec(), update(END_OF_RIB)].concat()
        }),
        1 => Just(update(OVERRUN)),
        1 => Just(message(MessageType::NOTIFICATION, &[6, 4])),
        1 => Just(open()),
        1 => prop::collection::vec(any::<u8>(), 19..60),
    ]
}

proptest! {
    #[test]
    fn arbitrary_splits_of_a_stream_give_the_same_events(
        messages in prop::collection::vec(any_message(), 0..12),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let stream = [open(), KEEPALIVE.to_vec(), messages.concat()].concat();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        let octets: Vec<_> = stream.chunks(1).collect();
        let whole = told(&[&stream]);
        prop_assert_eq!(&told(&pieces), &whole);
        prop_assert_eq!(&told(&octets), &whole);
    }

    #[test]
    fn hostile_octets_end_the_session_or_wait_for_more(
        state in 0..3_u8,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        messages in prop::collection::vec(any_message(), 1..8),
    ) {
        let mut rig = match state {
            0 => Rig::open_sent(),
            1 => Rig::open_confirm(),
            _ => Rig::established(),
        };
        let mut stream = [open(), messages.concat()].concat();
        if state > 0 {
            stream.drain(..open().len());
        }
        for (at, value) in damage {
            let at = at.index(stream.len());
            stream[at] = value;
        }
        rig.hear(&stream);
        rig.wait(seconds(600));
        prop_assert!(rig.input.len() <= 65_535);
        prop_assert!(rig.session.poll_event().is_none());
    }
}

#[test]
fn refreshes_between_updates_do_not_make_the_session_hold_more_than_was_sent() {
    let mut rig = Rig::established();
    let pair = [update(END_OF_RIB), message(MessageType::ROUTE_REFRESH, &[0, 1, 0, 1])].concat();
    let lines = rig.hear(&pair.repeat(5000));
    assert_eq!(lines.len(), 10_000);
    assert!(rig.input.is_empty());
}
