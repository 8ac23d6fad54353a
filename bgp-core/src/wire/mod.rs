//! Octets ⇄ views. Knows nothing of sessions, tables or policy.
//!
//! `check` is the only fallible step: it walks the octets once and returns a borrowed view whose accessors and
//! iterators cannot fail, or a [`WireError`] that is a NOTIFICATION to be. Nothing here allocates on receipt.
//! Emitting mirrors it: a [`Writer`] appends, and a guard patches lengths. Slices are indexed and numbers
//! narrowed in `reader` and `writer` only.

pub mod attr;
pub mod capability;
mod caps;
mod error;
pub mod header;
mod nlri;
mod notification;
mod open;
mod reader;
mod refresh;
mod update;
mod update_check;
mod update_writer;
mod writer;

pub use attr::{
    AsPath, Attr, AttrBlock, AttrBuf, AttrCode, Community, ExtendedCommunity, Fate, Fault, LargeCommunity,
    Origin, PeerSide,
};
pub use capability::{Capability, CapabilityCode};
pub use caps::Caps;
pub use error::{Span, WireError};
pub use header::{Frame, MessageType, frame};
pub use nlri::NlriIter;
pub use notification::{ErrorCode, ErrorKind, Notification, NotificationBuf};
pub(crate) use notification::{prefix_of, printable};
pub use open::{Open, OpenBuf, OpenHead};
pub use reader::Reader;
pub use refresh::{RefreshKind, RefreshSubtype, RouteRefresh};
pub use update::{Checked, Reach, Unreach, Update, UpdateSpans};
pub use update_writer::{Fitted, UpdateWriter};
pub use writer::{LengthGuard, Writer};

/// Octets of the header that every message starts with (RFC 4271 §4.1).
pub const HEADER_LEN: usize = 19;
/// Longest message without the extended message capability (RFC 4271 §4.1).
pub const MAX_MESSAGE_LEN: usize = 4096;
/// Longest message with it (RFC 8654 §4).
pub const MAX_EXTENDED_MESSAGE_LEN: usize = 65_535;
