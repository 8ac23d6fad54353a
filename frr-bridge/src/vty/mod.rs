//! FRR's control sockets.
//!
//! Framing: a request is text up to a NUL, at most 4095 octets; a reply is text, three NULs and a status octet,
//! of which the last four must leave in one write.

pub mod client;
pub mod codec;
pub mod server;
