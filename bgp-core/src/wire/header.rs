//! The header in front of every message (RFC 4271 §4.1), and where one message ends.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                                                               |
//! +                                                               +
//! |                       Marker (all ones)                       |
//! +                                                               +
//! |                                                               |
//! +                                                               +
//! |                                                               |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |            Length             |     Type      |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//!
//! [`frame`] finds the first message in what a stream has brought so far; [`begin_message`] writes a header whose
//! length is patched when the message is complete.

use core::ops::{Deref, DerefMut};

use super::{Caps, HEADER_LEN, MAX_MESSAGE_LEN, Reader, WireError, Writer};

/// The type of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageType(pub u8);

#[allow(missing_docs)]
impl MessageType {
    pub const OPEN: Self = Self(1);
    pub const UPDATE: Self = Self(2);
    pub const NOTIFICATION: Self = Self(3);
    pub const KEEPALIVE: Self = Self(4);
    /// RFC 2918 §3.
    pub const ROUTE_REFRESH: Self = Self(5);

    /// How long a message of this type may be, header included; none for a type that nobody knows.
    ///
    /// RFC 4271 §6.1 has the least lengths, RFC 8654 §4 says that OPEN and KEEPALIVE stay short. A
    /// ROUTE-REFRESH of a wrong length has an error of its own (RFC 7313 §5), so any length is let through.
    #[must_use]
    pub const fn lengths(self, caps: &Caps) -> Option<(usize, usize)> {
        let longest = caps.max_message_len();
        match self {
            Self::OPEN => Some((29, MAX_MESSAGE_LEN)),
            Self::UPDATE => Some((23, longest)),
            Self::NOTIFICATION => Some((21, longest)),
            Self::KEEPALIVE => Some((HEADER_LEN, HEADER_LEN)),
            Self::ROUTE_REFRESH => Some((HEADER_LEN, longest)),
            Self(_) => None,
        }
    }
}

/// One whole message, its header checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// A type from the registry.
    pub kind: MessageType,
    /// What follows the header.
    pub body: &'a [u8],
    /// Octets of the whole message.
    pub len: usize,
}

/// The first message of `input`, or none while it is incomplete. What is wrong with the header is said as soon as
/// it is seen.
pub fn frame<'a>(input: &'a [u8], caps: &Caps) -> Result<Option<Frame<'a>>, WireError> {
    let seen = input.get(..MARKER.len()).unwrap_or(input);
    if !MARKER.starts_with(seen) {
        return Err(WireError::NotSynchronized);
    }
    let mut reader = Reader::new(input, 0);
    let (Some(_), Some(length), Some(kind)) = (reader.take(MARKER.len()), reader.u16(), reader.u8()) else {
        return Ok(None);
    };
    let (kind, len) = (MessageType(kind), usize::from(length));
    if len < HEADER_LEN || len > caps.max_message_len() {
        return Err(WireError::BadMessageLength(length));
    }
    let Some((shortest, longest)) = kind.lengths(caps) else {
        return Err(WireError::BadMessageType(kind.0));
    };
    if len < shortest || len > longest {
        return Err(WireError::BadMessageLength(length));
    }
    Ok(reader.take(len - HEADER_LEN).map(|body| Frame { kind, body, len }))
}

/// Writes a header; what is written through the guard is the body, and the length is patched on drop.
pub fn begin_message<'w, 'a>(writer: &'w mut Writer<'a>, kind: MessageType) -> MessageGuard<'w, 'a> {
    let start = writer.len();
    writer.put(&MARKER);
    writer.u16(0);
    writer.u8(kind.0);
    MessageGuard { writer, start }
}

/// A whole KEEPALIVE: a header and nothing else (RFC 4271 §4.4).
#[rustfmt::skip]
pub const KEEPALIVE: [u8; HEADER_LEN] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0, 19, MessageType::KEEPALIVE.0,
];

/// A message being written.
#[derive(Debug)]
pub struct MessageGuard<'w, 'a> {
    writer: &'w mut Writer<'a>,
    start: usize,
}

impl<'a> Deref for MessageGuard<'_, 'a> {
    type Target = Writer<'a>;

    fn deref(&self) -> &Writer<'a> {
        self.writer
    }
}

impl<'a> DerefMut for MessageGuard<'_, 'a> {
    fn deref_mut(&mut self) -> &mut Writer<'a> {
        self.writer
    }
}

impl Drop for MessageGuard<'_, '_> {
    fn drop(&mut self) {
        let len = u16::try_from(self.writer.len() - self.start).unwrap_or(u16::MAX);
        self.writer.patch_u16(self.start + MARKER.len(), len);
    }
}

/// The marker (RFC 4271 §4.1).
const MARKER: [u8; 16] = [0xff; 16];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn message(kind: u8, length: u16, body: &[u8]) -> Vec<u8> {
        let mut octets = MARKER.to_vec();
        octets.extend_from_slice(&length.to_be_bytes());
        octets.push(kind);
        octets.extend_from_slice(body);
        octets
    }

    const EXTENDED: Caps = Caps {
        four_octet_as: true,
        extended_message: true,
        add_path_receive: crate::types::FamilySet::EMPTY,
        add_path_send: crate::types::FamilySet::EMPTY,
    };

    #[test]
    fn a_keepalive_is_a_header_and_nothing_else() {
        let mut out = Vec::new();
        drop(begin_message(&mut Writer::new(&mut out), MessageType::KEEPALIVE));
        assert_eq!(out, KEEPALIVE);
        let found = frame(&out, &Caps::default());
        assert_eq!(found, Ok(Some(Frame { kind: MessageType::KEEPALIVE, body: &[], len: 19 })));
    }

    #[test]
    fn a_message_is_found_once_it_is_whole_and_what_follows_is_left() {
        let mut octets = message(2, 23, &[0, 0, 0, 0]);
        octets.extend_from_slice(&[0xff, 0xff]);
        for end in 0..23 {
            assert_eq!(frame(&octets[..end], &Caps::default()), Ok(None), "{end} octets");
        }
        let found = frame(&octets, &Caps::default()).unwrap().unwrap();
        assert_eq!((found.kind, found.body, found.len), (MessageType::UPDATE, &[0, 0, 0, 0][..], 23));
    }

    #[test]
    fn a_marker_that_is_not_all_ones_is_refused_at_its_first_wrong_octet() {
        assert_eq!(frame(b"GET / HTTP/1.1", &Caps::default()), Err(WireError::NotSynchronized));
        assert_eq!(frame(&[0xff, 0xff, 0xfe], &Caps::default()), Err(WireError::NotSynchronized));
    }

    #[test]
    fn lengths_are_bounded_per_type() {
        let table: [(u8, u16, bool, bool); 14] = [
            // type, length, accepted without extended messages, and with them
            (1, 28, false, false),
            (1, 29, true, true),
            (1, 4096, true, true),
            (1, 4097, false, false),
            (2, 22, false, false),
            (2, 23, true, true),
            (2, 4097, false, true),
            (2, 65535, false, true),
            (3, 20, false, false),
            (3, 21, true, true),
            (4, 18, false, false),
            (4, 19, true, true),
            (4, 20, false, false),
            (5, 19, true, true),
        ];
        for (kind, length, plain, extended) in table {
            for (caps, accepted) in [(Caps::default(), plain), (EXTENDED, extended)] {
                let expected = if accepted { Ok(()) } else { Err(WireError::BadMessageLength(length)) };
                assert_eq!(frame(&message(kind, length, &[]), &caps).map(drop), expected, "{kind} {length}");
            }
        }
    }

    #[test]
    fn an_unknown_type_is_refused() {
        for kind in [0, 6, 255] {
            assert_eq!(
                frame(&message(kind, 19, &[]), &Caps::default()),
                Err(WireError::BadMessageType(kind))
            );
        }
    }

    proptest! {
        #[test]
        fn any_octets_give_a_frame_within_them_or_an_error(octets in prop::collection::vec(any::<u8>(), 0..80),
                                                           whole in any::<bool>()) {
            let mut input = if whole { MARKER.to_vec() } else { Vec::new() };
            input.extend_from_slice(&octets);
            if let Ok(Some(found)) = frame(&input, &EXTENDED) {
                prop_assert!(found.len <= input.len());
                prop_assert_eq!(found.body.len() + HEADER_LEN, found.len);
            }
        }
    }
}
