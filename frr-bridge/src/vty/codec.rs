//! Requests and replies as octets.
//!
//! A request is text and one NUL, at most [`MAX_REQUEST`] octets before it. A reply is text, three NULs and a
//! status octet. The stock vtysh finds the end of a reply only if those four arrive in one piece, so
//! [`Reply::encode`] makes one buffer to be written at once.

use std::collections::VecDeque;
use std::fmt;

/// Longest command line, its NUL not counted.
pub const MAX_REQUEST: usize = 4095;

/// The status octet at the end of a reply. Unknown values survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status(pub u8);

impl Status {
    /// Done.
    pub const SUCCESS: Self = Self(0);
    /// Failed in operation; the text says why.
    pub const WARNING: Self = Self(1);
    /// No such command.
    pub const NO_MATCH: Self = Self(2);
    /// The abbreviation fits several commands.
    pub const AMBIGUOUS: Self = Self(3);
    /// Words are missing.
    pub const INCOMPLETE: Self = Self(4);
    /// Too many words.
    pub const TOO_MANY: Self = Self(5);
    /// Nothing to do.
    pub const NOTHING: Self = Self(6);
    /// No such file.
    pub const NO_FILE: Self = Self(11);
    /// The configuration was not taken.
    pub const CONFIG_FAILED: Self = Self(13);
    /// Meant for another instance.
    pub const NOT_MY_INSTANCE: Self = Self(14);
    /// There is no level above.
    pub const NO_LEVEL_UP: Self = Self(15);
}

/// An answer to one command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Output; lines end with a newline. A NUL in it would end it for the reader, so none is sent.
    pub text: String,
    /// Whether it worked.
    pub status: Status,
    /// Close the connection once it is sent (`exit` in the outermost node).
    pub close: bool,
}

impl Reply {
    /// Success, with output.
    #[must_use]
    pub fn success(text: impl Into<String>) -> Self {
        Self::new(Status::SUCCESS, text)
    }

    /// Any status, with output.
    #[must_use]
    pub fn new(status: Status, text: impl Into<String>) -> Self {
        Self { text: text.into(), status, close: false }
    }

    /// The whole reply as one buffer.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        let mut octets = self.text.into_bytes();
        octets.retain(|octet| *octet != 0);
        octets.extend_from_slice(&[0, 0, 0, self.status.0]);
        octets
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A command line, blanks and newlines around it removed.
    Line(String),
    /// More than [`MAX_REQUEST`] octets.
    TooLong,
    /// Octets that are no UTF-8.
    NotText,
}

/// Splits what a client sends at the NULs. Holds one incomplete line at most, and of one that is too long nothing.
#[derive(Debug, Default)]
pub struct Decoder {
    pending: VecDeque<u8>,
    is_skipping: bool,
}

impl Decoder {
    /// Takes what was read from the socket.
    pub fn push(&mut self, octets: &[u8]) {
        self.pending.extend(octets);
    }

    /// The next complete request.
    pub fn next_request(&mut self) -> Option<Request> {
        let Some(end) = self.pending.iter().position(|octet| *octet == 0) else {
            if self.pending.len() > MAX_REQUEST {
                self.pending.clear();
                self.is_skipping = true;
            }
            return None;
        };
        let line: Vec<u8> = self.pending.drain(..end).collect();
        self.pending.pop_front();
        if std::mem::take(&mut self.is_skipping) || line.len() > MAX_REQUEST {
            return Some(Request::TooLong);
        }
        Some(String::from_utf8(line).map_or(Request::NotText, |line| Request::Line(line.trim().to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Option<Request> {
        Some(Request::Line(text.to_owned()))
    }

    #[test]
    fn requests_may_arrive_in_any_pieces() {
        let mut decoder = Decoder::default();
        for octet in b"show version\0  enable \n\0" {
            decoder.push(&[*octet]);
            if decoder.pending.len() < 13 && *octet != 0 {
                assert_eq!(decoder.next_request(), None);
            }
        }
        let mut whole = Decoder::default();
        whole.push(b"show version\0  enable \n\0rest");
        assert_eq!(whole.next_request(), line("show version"));
        assert_eq!(whole.next_request(), line("enable"));
        assert_eq!(whole.next_request(), None);
    }

    #[test]
    fn a_line_that_is_too_long_costs_no_memory_and_is_told() {
        let mut decoder = Decoder::default();
        for _ in 0..1000 {
            decoder.push(&[b'x'; 4096]);
            assert_eq!(decoder.next_request(), None);
            assert!(decoder.pending.len() <= MAX_REQUEST);
        }
        decoder.push(b"x\0end\0");
        assert_eq!(decoder.next_request(), Some(Request::TooLong));
        assert_eq!(decoder.next_request(), line("end"));
    }

    #[test]
    fn a_reply_ends_with_three_nuls_and_the_status() {
        let reply = Reply::new(Status::CONFIG_FAILED, "% no\0pe\n");
        assert_eq!(reply.encode(), b"% nope\n\0\0\0\x0d");
        assert_eq!(Reply::success("").encode(), [0; 4]);
    }
}
