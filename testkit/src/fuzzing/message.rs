//! A stream of messages: framing, and the decoder of each type.

use bgp_core::wire::{
    Capability, Caps, Frame, MessageType, Notification, Open, OpenBuf, RouteRefresh, WireError, Writer, frame,
};

use super::{Terms, update};

/// Messages as a peer sends them: none is longer than agreed, and what is read is the same when written again.
///
/// # Panics
///
/// When it is not.
pub fn message(input: &[u8]) {
    let Some((octet, mut rest)) = input.split_first() else { return };
    let terms = Terms::from_octet(*octet);
    loop {
        match frame(rest, &terms.caps) {
            Ok(Some(frame)) => {
                assert!(frame.len <= terms.caps.max_message_len(), "longer than agreed");
                decode(terms, &frame);
                rest = rest.get(frame.len..).unwrap_or_default();
            }
            Ok(None) => return,
            Err(error) => return refuse(error, rest),
        }
    }
}

fn decode(terms: Terms, frame: &Frame<'_>) {
    match frame.kind {
        MessageType::OPEN => match Open::check(frame.body) {
            Ok(open) => write_again(&open, frame.body),
            Err(error) => refuse(error, frame.body),
        },
        MessageType::UPDATE => update::update(terms, frame.body),
        MessageType::NOTIFICATION => {
            let notification = Notification::check(frame.body).to_buf();
            assert!(!notification.to_string().contains('\u{1b}'), "nothing reaches a terminal as it came");
        }
        MessageType::ROUTE_REFRESH => match RouteRefresh::check(frame.body) {
            Ok(refresh) => {
                let mut out = Vec::new();
                refresh.emit(&mut Writer::new(&mut out));
                assert_eq!(RouteRefresh::check(&out[19..]), Ok(refresh));
            }
            Err(error) => refuse(error, frame.body),
        },
        _ => assert_eq!(frame.kind, MessageType::KEEPALIVE, "framing lets known types through"),
    }
}

/// Every error is a NOTIFICATION that can be sent.
fn refuse(error: WireError, body: &[u8]) {
    let notification = error.notification(body);
    let mut out = Vec::new();
    notification.emit(&mut Writer::new(&mut out));
    let framed = frame(&out, &Caps::default());
    assert!(matches!(framed, Ok(Some(Frame { kind: MessageType::NOTIFICATION, .. }))), "{framed:?}");
    assert!(!notification.to_string().is_empty() && !error.to_string().is_empty());
}

fn write_again(open: &Open<'_>, body: &[u8]) {
    let capabilities: Vec<Capability<'_>> = open.capabilities().collect();
    let mut out = Vec::new();
    let owned = OpenBuf::of_checked(body);
    owned.emit(&mut Writer::new(&mut out));
    let again = Open::check(&out[19..]).expect("what is written is well-formed");
    let capabilities_again: Vec<_> = again.capabilities().collect();
    assert_eq!(format!("{capabilities_again:?}"), format!("{capabilities:?}"));
    assert_eq!((again.asn(), again.router_id, again.hold_time), (open.asn(), open.router_id, open.hold_time));
}
