//! Everything that can be wrong with a received message, each row a NOTIFICATION to be.

use super::header::{self, MessageType};
use super::notification::{ErrorKind, NotificationBuf};
use super::{Writer, open};

/// A part of a message: octets `start..end`, counted from the first octet after the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    start: u16,
    end: u16,
}

impl Span {
    /// The octets `start..end` of a message, which is at most 65,535 long.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start: clamp(start), end: clamp(end) }
    }

    /// The octets themselves; nothing if `message` is not the one the span was made of.
    #[must_use]
    pub fn of<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        message.get(usize::from(self.start)..usize::from(self.end)).unwrap_or(&[])
    }

    /// Offset of the first octet.
    #[must_use]
    pub const fn start(&self) -> usize {
        self.start as usize
    }

    /// Offset after the last octet.
    #[must_use]
    pub const fn end(&self) -> usize {
        self.end as usize
    }

    /// True if it covers nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.start >= self.end
    }
}

const fn clamp(offset: usize) -> u16 {
    if offset > u16::MAX as usize { u16::MAX } else { offset as u16 }
}

/// A message that must be answered with a NOTIFICATION (RFC 4271 §6, RFC 7606, RFC 7313 §5).
///
/// Spans point at the octets that go into the data field, counted from the first octet after the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The marker is not all ones (1/1).
    #[error("connection not synchronized: the marker is not all ones")]
    NotSynchronized,
    /// A length outside what the type allows (1/2); the data is the length field.
    #[error("bad message length {0}")]
    BadMessageLength(u16),
    /// A type nobody knows (1/3); the data is the type.
    #[error("bad message type {0}")]
    BadMessageType(u8),
    /// OPEN with another version than 4 (2/1); the data is the version we speak.
    #[error("unsupported BGP version {0}")]
    UnsupportedVersion(u8),
    /// OPEN from an AS that is not the configured one, or zero (2/2).
    #[error("bad peer AS {0}")]
    BadPeerAs(u32),
    /// A BGP Identifier of zero, or our own from an internal peer (2/3).
    #[error("bad BGP identifier")]
    BadBgpIdentifier,
    /// An optional parameter nobody knows (2/4).
    #[error("unsupported optional parameter {0}")]
    UnsupportedOptionalParameter(u8),
    /// A hold time of one or two seconds (2/6).
    #[error("unacceptable hold time {0} s")]
    UnacceptableHoldTime(u16),
    /// A capability that we must have and the peer lacks (2/7).
    #[error("unsupported capability {0}")]
    UnsupportedCapability(u8),
    /// Roles that do not fit (2/11).
    #[error("role mismatch")]
    RoleMismatch,
    /// An OPEN whose parts do not fit its length (2/0).
    #[error("malformed OPEN at octet {offset}")]
    MalformedOpen {
        /// Where.
        offset: usize,
    },
    /// The attribute list cannot be walked, or MP_REACH_NLRI comes twice (3/1).
    #[error("malformed attribute list at octet {offset}")]
    MalformedAttributeList {
        /// Where.
        offset: usize,
    },
    /// A well-known attribute nobody knows (3/2); the data is the attribute.
    #[error("unrecognized well-known attribute at octet {}", .0.start())]
    UnrecognizedWellKnown(Span),
    /// An attribute whose flags are impossible, where RFC 7606 still asks for a reset (3/4).
    #[error("attribute flags error at octet {}", .0.start())]
    AttributeFlags(Span),
    /// An attribute of a wrong length, where RFC 7606 §5.2 still asks for a reset (3/5); the data is the attribute.
    #[error("attribute length error at octet {}", .0.start())]
    AttributeLength(Span),
    /// An undefined ORIGIN, where RFC 7606 §5.2 still asks for a reset (3/6); the data is the attribute.
    #[error("invalid ORIGIN at octet {}", .0.start())]
    InvalidOrigin(Span),
    /// A NEXT_HOP that is no host's, where RFC 7606 §5.2 still asks for a reset (3/8); the data is the attribute.
    #[error("invalid NEXT_HOP at octet {}", .0.start())]
    InvalidNextHop(Span),
    /// An AS_PATH that cannot be, where RFC 7606 §5.2 still asks for a reset (3/11).
    #[error("malformed AS_PATH")]
    MalformedAsPath,
    /// MP_REACH_NLRI or MP_UNREACH_NLRI whose length cannot be (3/9, RFC 4760 §7, RFC 7606 §7.11).
    #[error("optional attribute error at octet {}", .0.start())]
    OptionalAttribute(Span),
    /// NLRI that cannot be walked (3/10).
    #[error("invalid network field at octet {offset}")]
    InvalidNetworkField {
        /// Where.
        offset: usize,
    },
    /// ROUTE-REFRESH of a wrong length (7/1, RFC 7313 §5); the data is the message.
    #[error("invalid ROUTE-REFRESH length {0}")]
    InvalidRefreshLength(u16),
}

impl WireError {
    /// The NOTIFICATION that answers a message with this wrong in its `body`: the one table from error to code,
    /// subcode and data (RFC 4271 §6.1 to §6.3).
    #[must_use]
    pub fn notification(&self, body: &[u8]) -> NotificationBuf {
        let plain = NotificationBuf::new;
        let beside = NotificationBuf::with_data;
        match self {
            Self::NotSynchronized => plain(ErrorKind::NOT_SYNCHRONIZED),
            Self::BadMessageLength(length) => beside(ErrorKind::BAD_MESSAGE_LENGTH, &length.to_be_bytes()),
            Self::BadMessageType(kind) => beside(ErrorKind::BAD_MESSAGE_TYPE, &[*kind]),
            Self::UnsupportedVersion(_) => beside(ErrorKind::UNSUPPORTED_VERSION, &[0, open::VERSION]),
            Self::BadPeerAs(_) => plain(ErrorKind::BAD_PEER_AS),
            Self::BadBgpIdentifier => plain(ErrorKind::BAD_BGP_IDENTIFIER),
            Self::UnsupportedOptionalParameter(_) => plain(ErrorKind::UNSUPPORTED_OPTIONAL_PARAMETER),
            Self::UnacceptableHoldTime(_) => plain(ErrorKind::UNACCEPTABLE_HOLD_TIME),
            // RFC 5492 §5: the data lists capabilities; the session has more to say where families differ.
            Self::UnsupportedCapability(code) => beside(ErrorKind::UNSUPPORTED_CAPABILITY, &[*code, 0]),
            Self::RoleMismatch => plain(ErrorKind::ROLE_MISMATCH),
            Self::MalformedOpen { .. } => plain(ErrorKind::MALFORMED_OPEN),
            Self::MalformedAttributeList { .. } => plain(ErrorKind::MALFORMED_ATTRIBUTE_LIST),
            Self::UnrecognizedWellKnown(span) => beside(ErrorKind::UNRECOGNIZED_WELL_KNOWN, span.of(body)),
            Self::AttributeFlags(span) => beside(ErrorKind::ATTRIBUTE_FLAGS, span.of(body)),
            Self::AttributeLength(span) => beside(ErrorKind::ATTRIBUTE_LENGTH, span.of(body)),
            Self::InvalidOrigin(span) => beside(ErrorKind::INVALID_ORIGIN, span.of(body)),
            Self::InvalidNextHop(span) => beside(ErrorKind::INVALID_NEXT_HOP, span.of(body)),
            Self::MalformedAsPath => plain(ErrorKind::MALFORMED_AS_PATH),
            Self::OptionalAttribute(span) => beside(ErrorKind::OPTIONAL_ATTRIBUTE, span.of(body)),
            Self::InvalidNetworkField { .. } => plain(ErrorKind::INVALID_NETWORK_FIELD),
            Self::InvalidRefreshLength(_) => whole_refresh(body),
        }
    }
}

/// RFC 7313 §5: the data is the complete message, which is its header again and the body.
fn whole_refresh(body: &[u8]) -> NotificationBuf {
    let mut answer = NotificationBuf::new(ErrorKind::INVALID_REFRESH_LENGTH);
    header::begin_message(&mut Writer::new(&mut answer.data), MessageType::ROUTE_REFRESH).put(body);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_the_code_subcode_and_data_that_its_rfc_states() {
        let body = [1, 2, 3, 4, 5, 6];
        let span = Span::new(2, 5);
        let attribute: &[u8] = &[3, 4, 5];
        let table: [(WireError, (u8, u8), &[u8]); 20] = [
            (WireError::NotSynchronized, (1, 1), &[]),
            (WireError::BadMessageLength(4097), (1, 2), &[0x10, 0x01]),
            (WireError::BadMessageType(9), (1, 3), &[9]),
            (WireError::MalformedOpen { offset: 3 }, (2, 0), &[]),
            (WireError::UnsupportedVersion(3), (2, 1), &[0, 4]),
            (WireError::BadPeerAs(65_002), (2, 2), &[]),
            (WireError::BadBgpIdentifier, (2, 3), &[]),
            (WireError::UnsupportedOptionalParameter(1), (2, 4), &[]),
            (WireError::UnacceptableHoldTime(2), (2, 6), &[]),
            (WireError::UnsupportedCapability(65), (2, 7), &[65, 0]),
            (WireError::RoleMismatch, (2, 11), &[]),
            (WireError::MalformedAttributeList { offset: 0 }, (3, 1), &[]),
            (WireError::UnrecognizedWellKnown(span), (3, 2), attribute),
            (WireError::AttributeFlags(span), (3, 4), attribute),
            (WireError::AttributeLength(span), (3, 5), attribute),
            (WireError::InvalidOrigin(span), (3, 6), attribute),
            (WireError::InvalidNextHop(span), (3, 8), attribute),
            (WireError::OptionalAttribute(span), (3, 9), attribute),
            (WireError::InvalidNetworkField { offset: 0 }, (3, 10), &[]),
            (WireError::MalformedAsPath, (3, 11), &[]),
        ];
        for (error, (code, subcode), data) in table {
            let answer = error.notification(&body);
            assert_eq!((answer.kind.code.0, answer.kind.subcode), (code, subcode), "{error}");
            assert_eq!(answer.data, data, "{error}");
            assert!(answer.kind.subcode_name().is_some(), "{error}");
        }
    }

    #[test]
    fn a_wrong_refresh_comes_back_whole() {
        let answer = WireError::InvalidRefreshLength(5).notification(&[0, 1, 1, 1, 9]);
        assert_eq!((answer.kind.code.0, answer.kind.subcode), (7, 1));
        assert_eq!(answer.data.get(..16), Some(&[0xff; 16][..]));
        assert_eq!(answer.data.get(16..), Some(&[0, 24, 5, 0, 1, 1, 1, 9][..]));
    }
}
