//! What a session agreed on that changes how octets read.

use crate::types::FamilySet;

/// The negotiated facts that the codec needs; everything else about capabilities stays with the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Caps {
    /// AS numbers in AS_PATH and AGGREGATOR take four octets (RFC 6793).
    pub four_octet_as: bool,
    /// Messages up to 65,535 octets (RFC 8654).
    pub extended_message: bool,
    /// Families whose NLRI from the peer carry path identifiers (RFC 7911).
    pub add_path_receive: FamilySet,
    /// Families whose NLRI to the peer carry path identifiers (RFC 7911).
    pub add_path_send: FamilySet,
}

impl Caps {
    /// The longest message that may be sent or received.
    #[must_use]
    pub const fn max_message_len(&self) -> usize {
        if self.extended_message { super::MAX_EXTENDED_MESSAGE_LEN } else { super::MAX_MESSAGE_LEN }
    }
}
