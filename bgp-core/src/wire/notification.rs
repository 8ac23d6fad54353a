//! NOTIFICATION (RFC 4271 §4.5): why a connection ends.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! | Error code    | Error subcode |   Data (variable)             |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//!
//! Codes and subcodes are registries: unknown values survive, and [`NotificationBuf`]'s `Display` names the known
//! ones as FRR does (`Cease/Administrative Shutdown`). [`Notification`] borrows a received one,
//! [`NotificationBuf`] owns one to send or to keep for display. What a [`WireError`](super::WireError) becomes is
//! decided in `error.rs`, in one table.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::header::{self, MessageType};
use super::{HEADER_LEN, MAX_MESSAGE_LEN, Reader, Writer};
use crate::types::Family;

/// The first octet of a NOTIFICATION (RFC 4271 §4.5, RFC 7313 §5, RFC 9687 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub u8);

#[allow(missing_docs)]
impl ErrorCode {
    pub const MESSAGE_HEADER: Self = Self(1);
    pub const OPEN_MESSAGE: Self = Self(2);
    pub const UPDATE_MESSAGE: Self = Self(3);
    pub const HOLD_TIMER_EXPIRED: Self = Self(4);
    pub const FINITE_STATE_MACHINE: Self = Self(5);
    pub const CEASE: Self = Self(6);
    pub const ROUTE_REFRESH: Self = Self(7);
    pub const SEND_HOLD_TIMER_EXPIRED: Self = Self(8);

    /// The registry's name, if the code is in it.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        CODES.iter().find(|row| row.0 == self).map(|row| row.1)
    }
}

/// Error code and subcode together, since a subcode means nothing without its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorKind {
    /// The class of error.
    pub code: ErrorCode,
    /// What exactly; zero is unspecific.
    pub subcode: u8,
}

#[allow(missing_docs)]
impl ErrorKind {
    pub const NOT_SYNCHRONIZED: Self = Self::new(ErrorCode::MESSAGE_HEADER, 1);
    pub const BAD_MESSAGE_LENGTH: Self = Self::new(ErrorCode::MESSAGE_HEADER, 2);
    pub const BAD_MESSAGE_TYPE: Self = Self::new(ErrorCode::MESSAGE_HEADER, 3);

    pub const MALFORMED_OPEN: Self = Self::new(ErrorCode::OPEN_MESSAGE, 0);
    pub const UNSUPPORTED_VERSION: Self = Self::new(ErrorCode::OPEN_MESSAGE, 1);
    pub const BAD_PEER_AS: Self = Self::new(ErrorCode::OPEN_MESSAGE, 2);
    pub const BAD_BGP_IDENTIFIER: Self = Self::new(ErrorCode::OPEN_MESSAGE, 3);
    pub const UNSUPPORTED_OPTIONAL_PARAMETER: Self = Self::new(ErrorCode::OPEN_MESSAGE, 4);
    pub const UNACCEPTABLE_HOLD_TIME: Self = Self::new(ErrorCode::OPEN_MESSAGE, 6);
    pub const UNSUPPORTED_CAPABILITY: Self = Self::new(ErrorCode::OPEN_MESSAGE, 7);
    pub const ROLE_MISMATCH: Self = Self::new(ErrorCode::OPEN_MESSAGE, 11);

    pub const MALFORMED_ATTRIBUTE_LIST: Self = Self::new(ErrorCode::UPDATE_MESSAGE, 1);
    pub const UNRECOGNIZED_WELL_KNOWN: Self = Self::new(ErrorCode::UPDATE_MESSAGE, 2);
    pub const ATTRIBUTE_FLAGS: Self = Self::new(ErrorCode::UPDATE_MESSAGE, 4);
    pub const ATTRIBUTE_LENGTH: Self = Self::new(ErrorCode::UPDATE_MESSAGE, 5);
    pub const INVALID_ORIGIN: Self = Self::new(ErrorCode::UPDATE_MESSAGE, 6);
    pub const INVALID_NEXT_HOP: Self = Self::new(ErrorCode::UPDATE_MESSAGE, 8);
    pub const OPTIONAL_ATTRIBUTE: Self = Self::new(ErrorCode::UPDATE_MESSAGE, 9);
    pub const INVALID_NETWORK_FIELD: Self = Self::new(ErrorCode::UPDATE_MESSAGE, 10);
    pub const MALFORMED_AS_PATH: Self = Self::new(ErrorCode::UPDATE_MESSAGE, 11);

    pub const HOLD_TIMER_EXPIRED: Self = Self::new(ErrorCode::HOLD_TIMER_EXPIRED, 0);

    /// RFC 6608 §3.
    pub const UNEXPECTED_IN_OPEN_SENT: Self = Self::new(ErrorCode::FINITE_STATE_MACHINE, 1);
    pub const UNEXPECTED_IN_OPEN_CONFIRM: Self = Self::new(ErrorCode::FINITE_STATE_MACHINE, 2);
    pub const UNEXPECTED_IN_ESTABLISHED: Self = Self::new(ErrorCode::FINITE_STATE_MACHINE, 3);

    /// RFC 4486 §3 and, for the last, RFC 8538 §3 and RFC 9384 §3.
    pub const MAXIMUM_PREFIXES: Self = Self::new(ErrorCode::CEASE, 1);
    pub const ADMINISTRATIVE_SHUTDOWN: Self = Self::new(ErrorCode::CEASE, 2);
    pub const PEER_UNCONFIGURED: Self = Self::new(ErrorCode::CEASE, 3);
    pub const ADMINISTRATIVE_RESET: Self = Self::new(ErrorCode::CEASE, 4);
    pub const CONNECTION_REJECTED: Self = Self::new(ErrorCode::CEASE, 5);
    pub const OTHER_CONFIGURATION_CHANGE: Self = Self::new(ErrorCode::CEASE, 6);
    pub const CONNECTION_COLLISION: Self = Self::new(ErrorCode::CEASE, 7);
    pub const OUT_OF_RESOURCES: Self = Self::new(ErrorCode::CEASE, 8);
    pub const HARD_RESET: Self = Self::new(ErrorCode::CEASE, 9);
    pub const BFD_DOWN: Self = Self::new(ErrorCode::CEASE, 10);

    pub const INVALID_REFRESH_LENGTH: Self = Self::new(ErrorCode::ROUTE_REFRESH, 1);
    pub const SEND_HOLD_TIMER_EXPIRED: Self = Self::new(ErrorCode::SEND_HOLD_TIMER_EXPIRED, 0);

    /// A subcode of a code.
    #[must_use]
    pub const fn new(code: ErrorCode, subcode: u8) -> Self {
        Self { code, subcode }
    }

    /// The registry's name of the subcode, if it is in it.
    #[must_use]
    pub fn subcode_name(self) -> Option<&'static str> {
        SUBCODES.iter().find(|row| row.0 == self).map(|row| row.1)
    }

    /// True for the two Cease subcodes that carry a text for the peer's operator (RFC 9003 §2).
    #[must_use]
    pub fn carries_text(self) -> bool {
        matches!(self, Self::ADMINISTRATIVE_SHUTDOWN | Self::ADMINISTRATIVE_RESET)
    }
}

/// A received NOTIFICATION.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notification<'a> {
    /// Code and subcode.
    pub kind: ErrorKind,
    /// What the sender put beside them.
    pub data: &'a [u8],
}

impl<'a> Notification<'a> {
    /// Views a message body. One that is too short is unspecific: there is no answering an error in a
    /// NOTIFICATION (RFC 4271 §6.4), and the header's check has refused it anyway.
    #[must_use]
    pub fn check(body: &'a [u8]) -> Self {
        let mut reader = Reader::new(body, 0);
        let code = ErrorCode(reader.u8().unwrap_or_default());
        let subcode = reader.u8().unwrap_or_default();
        Self { kind: ErrorKind::new(code, subcode), data: reader.take_rest() }
    }

    /// An owned copy.
    #[must_use]
    pub fn to_buf(&self) -> NotificationBuf {
        NotificationBuf { kind: self.kind, data: self.data.to_vec() }
    }
}

/// A NOTIFICATION to send or to remember.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NotificationBuf {
    /// Code and subcode.
    pub kind: ErrorKind,
    /// What goes beside them.
    pub data: Vec<u8>,
}

impl NotificationBuf {
    /// One without data.
    #[must_use]
    pub const fn new(kind: ErrorKind) -> Self {
        Self { kind, data: Vec::new() }
    }

    /// One with data.
    #[must_use]
    pub fn with_data(kind: ErrorKind, data: &[u8]) -> Self {
        Self { kind, data: data.to_vec() }
    }

    /// A Cease with a text for the peer's operator (RFC 9003 §2): cut to 255 octets at a character's end,
    /// left out if it is empty or `kind` carries none.
    #[must_use]
    pub fn cease(kind: ErrorKind, text: &str) -> Self {
        let mut data = Vec::new();
        if kind.carries_text() && !text.is_empty() {
            Writer::new(&mut data).length_u8().put(prefix_of(text, MAX_TEXT_LEN).as_bytes());
        }
        Self { kind, data }
    }

    /// Cease/Maximum Number of Prefixes Reached, with the family and the bound (RFC 4486 §4).
    #[must_use]
    pub fn maximum_prefixes(family: Family, bound: u32) -> Self {
        let mut data = Vec::new();
        let mut writer = Writer::new(&mut data);
        writer.u16(family.row().afi);
        writer.u8(family.row().safi);
        writer.u32(bound);
        Self { kind: ErrorKind::MAXIMUM_PREFIXES, data }
    }

    /// Appends the whole message. Data that does not fit 4,096 octets is cut: the peer may not take more
    /// (RFC 8654 §5).
    pub fn emit(&self, writer: &mut Writer<'_>) {
        let mut message = header::begin_message(writer, MessageType::NOTIFICATION);
        message.u8(self.kind.code.0);
        message.u8(self.kind.subcode);
        let fitting = self.data.len().min(MAX_MESSAGE_LEN - HEADER_LEN - 2);
        message.put(self.data.get(..fitting).unwrap_or_default());
    }

    /// The text for the operator, if there is one: valid UTF-8 with every control character replaced, since it
    /// comes from the peer and goes to a terminal (RFC 9003 §2 and §4).
    #[must_use]
    pub fn text(&self) -> Option<String> {
        if !self.kind.carries_text() {
            return None;
        }
        let mut reader = Reader::new(&self.data, 0);
        let len = usize::from(reader.u8()?);
        let text = printable(reader.take(len)?);
        (!text.is_empty()).then_some(text)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "Unknown error code {}", self.0),
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subcode_name() {
            Some(name) => write!(f, "{}/{name}", self.code),
            None if self.subcode == 0 => self.code.fmt(f),
            None => write!(f, "{}/Unknown subcode {}", self.code, self.subcode),
        }
    }
}

impl fmt::Display for NotificationBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        match self.text() {
            Some(text) => write!(f, " \"{text}\""),
            None => Ok(()),
        }
    }
}

/// What a peer sent as text, fit for a terminal: UTF-8, with anything else and control characters replaced.
pub(crate) fn printable(octets: &[u8]) -> String {
    let clean = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    String::from_utf8_lossy(octets).chars().map(clean).collect()
}

/// The longest beginning of `text` that takes at most `max` octets.
pub(crate) fn prefix_of(text: &str, max: usize) -> &str {
    let end = (0..=max.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// Longest text of a Cease (RFC 9003 §2).
const MAX_TEXT_LEN: usize = 255;

/// Error codes by name.
const CODES: [(ErrorCode, &str); 8] = [
    (ErrorCode::MESSAGE_HEADER, "Message Header Error"),
    (ErrorCode::OPEN_MESSAGE, "OPEN Message Error"),
    (ErrorCode::UPDATE_MESSAGE, "UPDATE Message Error"),
    (ErrorCode::HOLD_TIMER_EXPIRED, "Hold Timer Expired"),
    (ErrorCode::FINITE_STATE_MACHINE, "Neighbor Events Error"),
    (ErrorCode::CEASE, "Cease"),
    (ErrorCode::ROUTE_REFRESH, "ROUTE-REFRESH Message Error"),
    (ErrorCode::SEND_HOLD_TIMER_EXPIRED, "Send Hold Timer Expired"),
];

/// Subcodes by name.
const SUBCODES: [(ErrorKind, &str); 37] = [
    (ErrorKind::NOT_SYNCHRONIZED, "Connection Not Synchronized"),
    (ErrorKind::BAD_MESSAGE_LENGTH, "Bad Message Length"),
    (ErrorKind::BAD_MESSAGE_TYPE, "Bad Message Type"),
    (ErrorKind::MALFORMED_OPEN, "Unspecific"),
    (ErrorKind::UNSUPPORTED_VERSION, "Unsupported Version Number"),
    (ErrorKind::BAD_PEER_AS, "Bad Peer AS"),
    (ErrorKind::BAD_BGP_IDENTIFIER, "Bad BGP Identifier"),
    (ErrorKind::UNSUPPORTED_OPTIONAL_PARAMETER, "Unsupported Optional Parameter"),
    (ErrorKind::new(ErrorCode::OPEN_MESSAGE, 5), "Authentication Failure"),
    (ErrorKind::UNACCEPTABLE_HOLD_TIME, "Unacceptable Hold Time"),
    (ErrorKind::UNSUPPORTED_CAPABILITY, "Unsupported Capability"),
    (ErrorKind::ROLE_MISMATCH, "Role Mismatch"),
    (ErrorKind::MALFORMED_ATTRIBUTE_LIST, "Malformed Attribute List"),
    (ErrorKind::UNRECOGNIZED_WELL_KNOWN, "Unrecognized Well-known Attribute"),
    (ErrorKind::new(ErrorCode::UPDATE_MESSAGE, 3), "Missing Well-known Attribute"),
    (ErrorKind::ATTRIBUTE_FLAGS, "Attribute Flags Error"),
    (ErrorKind::ATTRIBUTE_LENGTH, "Attribute Length Error"),
    (ErrorKind::INVALID_ORIGIN, "Invalid ORIGIN Attribute"),
    (ErrorKind::new(ErrorCode::UPDATE_MESSAGE, 7), "AS Routing Loop"),
    (ErrorKind::INVALID_NEXT_HOP, "Invalid NEXT_HOP Attribute"),
    (ErrorKind::OPTIONAL_ATTRIBUTE, "Optional Attribute Error"),
    (ErrorKind::INVALID_NETWORK_FIELD, "Invalid Network Field"),
    (ErrorKind::MALFORMED_AS_PATH, "Malformed AS_PATH"),
    (ErrorKind::UNEXPECTED_IN_OPEN_SENT, "Receive Unexpected Message in OpenSent State"),
    (ErrorKind::UNEXPECTED_IN_OPEN_CONFIRM, "Receive Unexpected Message in OpenConfirm State"),
    (ErrorKind::UNEXPECTED_IN_ESTABLISHED, "Receive Unexpected Message in Established State"),
    (ErrorKind::MAXIMUM_PREFIXES, "Maximum Number of Prefixes Reached"),
    (ErrorKind::ADMINISTRATIVE_SHUTDOWN, "Administrative Shutdown"),
    (ErrorKind::PEER_UNCONFIGURED, "Peer Unconfigured"),
    (ErrorKind::ADMINISTRATIVE_RESET, "Administrative Reset"),
    (ErrorKind::CONNECTION_REJECTED, "Connection Rejected"),
    (ErrorKind::OTHER_CONFIGURATION_CHANGE, "Other Configuration Change"),
    (ErrorKind::CONNECTION_COLLISION, "Connection Collision Resolution"),
    (ErrorKind::OUT_OF_RESOURCES, "Out of Resources"),
    (ErrorKind::HARD_RESET, "Hard Reset"),
    (ErrorKind::BFD_DOWN, "BFD Down"),
    (ErrorKind::INVALID_REFRESH_LENGTH, "Invalid Message Length"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_shutdown_with_text_is_emitted_as_rfc_9003_draws_it() {
        let sent = NotificationBuf::cease(ErrorKind::ADMINISTRATIVE_SHUTDOWN, "reboot 5m");
        let mut out = Vec::new();
        sent.emit(&mut Writer::new(&mut out));
        let mut expected = [0xff; 16].to_vec();
        expected.extend_from_slice(&[0, 31, 3, 6, 2, 9]);
        expected.extend_from_slice(b"reboot 5m");
        assert_eq!(out, expected);
        let received = Notification::check(&out[HEADER_LEN..]).to_buf();
        assert_eq!(received, sent);
        assert_eq!(received.to_string(), "Cease/Administrative Shutdown \"reboot 5m\"");
    }

    #[test]
    fn a_text_is_cut_at_a_character_end_and_shown_without_control_characters() {
        let long = NotificationBuf::cease(ErrorKind::ADMINISTRATIVE_RESET, &"ü".repeat(200));
        assert_eq!(long.data.first(), Some(&254));
        assert_eq!(long.text().map(|text| text.chars().count()), Some(127));
        let hostile = NotificationBuf::with_data(ErrorKind::ADMINISTRATIVE_SHUTDOWN, b"\x05a\x1b[2J");
        assert_eq!(hostile.text().as_deref(), Some("a\u{fffd}[2J"));
        let lying = NotificationBuf::with_data(ErrorKind::ADMINISTRATIVE_SHUTDOWN, b"\x09abc");
        assert_eq!(lying.text(), None);
    }

    #[test]
    fn text_is_only_where_rfc_9003_puts_it() {
        assert!(NotificationBuf::cease(ErrorKind::CONNECTION_COLLISION, "no").data.is_empty());
        assert_eq!(NotificationBuf::with_data(ErrorKind::BAD_PEER_AS, b"\x02hi").text(), None);
    }

    #[test]
    fn the_prefix_bound_is_beside_its_family() {
        let sent = NotificationBuf::maximum_prefixes(Family::Ipv6Unicast, 1000);
        assert_eq!(sent.data, [0, 2, 1, 0, 0, 3, 0xe8]);
    }

    #[test]
    fn unknown_codes_survive_and_have_a_name() {
        let odd = Notification::check(&[99, 7, 1, 2]).to_buf();
        assert_eq!(odd.to_string(), "Unknown error code 99/Unknown subcode 7");
        assert_eq!(odd.data, [1, 2]);
        assert_eq!(NotificationBuf::new(ErrorKind::HOLD_TIMER_EXPIRED).to_string(), "Hold Timer Expired");
    }

    #[test]
    fn data_that_does_not_fit_is_cut() {
        let mut out = Vec::new();
        NotificationBuf::with_data(ErrorKind::ATTRIBUTE_FLAGS, &[7; 9000]).emit(&mut Writer::new(&mut out));
        assert_eq!(out.len(), MAX_MESSAGE_LEN);
        assert_eq!(out.get(16..18), Some(&[0x10, 0x00][..]));
    }
}
