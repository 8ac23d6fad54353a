//! The attribute table: what each path attribute must look like and what RFC 7606 says when it does not.
//!
//! A row is everything the generic walk in `update_check` needs to know of an attribute. Adding an attribute is
//! adding a row, and a getter where somebody reads it.

use super::{AsnWidth, AttrCode, AttrFlags, FaultKind, as_path, scalar};

/// Which side of our AS's border the sender of an UPDATE is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerSide {
    /// In another AS.
    External,
    /// In our AS.
    Internal,
}

/// What a malformed attribute costs (RFC 7606 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// The attribute.
    Discard,
    /// The routes of the UPDATE.
    Withdraw,
    /// The session: the NLRI in it can no longer be found (RFC 7606 §3 j).
    Reset,
}

/// What lengths a value can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// This one.
    Exactly(u16),
    /// That of any number of members but none.
    Members(Member),
    /// An AS number, two or four octets as agreed, and this much more (RFC 7606 §7.7).
    AsnAnd(u16),
    /// At least this, the value's own check does the rest.
    AtLeast(u16),
}

/// Members of a list, by how many octets one takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// Communities, cluster identifiers.
    Four,
    /// Extended communities.
    Eight,
    /// Large communities.
    Twelve,
    /// Extended communities with an IPv6 address.
    Twenty,
}

/// When an attribute must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Never.
    Optional,
    /// With every announced route.
    WithRoutes,
    /// With routes in the NLRI field (RFC 4760 §3).
    WithClassicRoutes,
    /// With every route announced by an internal peer (RFC 4271 §5.1.5).
    WithInternalRoutes,
}

/// Whose an attribute is to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Everybody's.
    Anyone,
    /// Internal peers' only.
    Internal,
    /// Peers' with two-octet AS numbers only (RFC 6793 §4.1).
    TwoOctet,
}

/// What becomes of an attribute in the normalised block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// It stays as it is.
    Kept,
    /// It stays as a set of such members: sorted, each once.
    Set(Member),
    /// It belongs to the message, not to the routes.
    Left,
}

/// What a check needs to know about the sender.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    pub(crate) width: AsnWidth,
    pub(crate) side: PeerSide,
}

/// One row of the attribute table.
#[derive(Clone, Copy, Debug)]
pub struct AttrRow {
    /// Type code.
    pub code: AttrCode,
    /// As the registry writes it.
    pub name: &'static str,
    /// What Optional and Transitive must be.
    pub flags: AttrFlags,
    /// What follows if they are not.
    pub wrong_flags: Treatment,
    /// What lengths the value can have.
    pub length: Length,
    /// True if a value of such a length can be; none if every value can.
    pub check: Option<fn(&[u8], Context) -> bool>,
    /// What follows if length or value is wrong.
    pub malformed: Treatment,
    /// When it must be there.
    pub presence: Presence,
    /// Who may send it.
    pub sender: Sender,
    /// What becomes of it afterwards.
    pub block: Block,
}

impl AttrRow {
    const fn new(code: AttrCode, name: &'static str, flags: AttrFlags, length: Length) -> Self {
        Self {
            code,
            name,
            flags,
            wrong_flags: Treatment::Withdraw,
            length,
            check: None,
            malformed: Treatment::Withdraw,
            presence: Presence::Optional,
            sender: Sender::Anyone,
            block: Block::Kept,
        }
    }

    const fn check(self, check: fn(&[u8], Context) -> bool) -> Self {
        Self { check: Some(check), ..self }
    }

    const fn malformed(self, malformed: Treatment) -> Self {
        Self { malformed, ..self }
    }

    const fn wrong_flags(self, wrong_flags: Treatment) -> Self {
        Self { wrong_flags, ..self }
    }

    const fn presence(self, presence: Presence) -> Self {
        Self { presence, ..self }
    }

    const fn sender(self, sender: Sender) -> Self {
        Self { sender, ..self }
    }

    const fn block(self, block: Block) -> Self {
        Self { block, ..self }
    }

    /// What is wrong with an attribute that has this row's code.
    #[inline]
    pub(crate) fn fault(
        &self,
        flags: AttrFlags,
        value: &[u8],
        context: Context,
    ) -> Option<(FaultKind, Treatment)> {
        if !self.sender.may_send(context) {
            return Some((FaultKind::WrongPeer, Treatment::Discard));
        }
        if flags.and(SPECIFIED) != self.flags {
            return Some((FaultKind::Flags, self.wrong_flags));
        }
        if !self.length.admits(value.len(), context.width) {
            return Some((FaultKind::Length, self.malformed));
        }
        if self.check.is_some_and(|check| !check(value, context)) {
            return Some((FaultKind::Value, self.malformed));
        }
        None
    }
}

impl Length {
    #[inline]
    fn admits(self, len: usize, width: AsnWidth) -> bool {
        match self {
            Self::Exactly(exact) => len == usize::from(exact),
            Self::Members(member) => len != 0 && member.divides(len),
            Self::AsnAnd(more) => len == width.octets() + usize::from(more),
            Self::AtLeast(least) => len >= usize::from(least),
        }
    }
}

impl Member {
    /// True if that many octets are whole members. Each division is by a constant.
    #[inline]
    fn divides(self, len: usize) -> bool {
        match self {
            Self::Four => len.is_multiple_of(4),
            Self::Eight => len.is_multiple_of(8),
            Self::Twelve => len.is_multiple_of(12),
            Self::Twenty => len.is_multiple_of(20),
        }
    }
}

impl Sender {
    fn may_send(self, context: Context) -> bool {
        match self {
            Self::Anyone => true,
            Self::Internal => context.side == PeerSide::Internal,
            Self::TwoOctet => context.width == AsnWidth::Two,
        }
    }
}

/// The row of `code`.
#[inline]
pub(crate) fn row(code: AttrCode) -> Option<&'static AttrRow> {
    let at = ROW_OF.get(usize::from(code.0))?;
    ROWS.get(usize::from(*at))
}

/// A bit for each code of this presence.
pub(crate) const fn required(presence: Presence) -> u64 {
    match presence {
        Presence::Optional => 0,
        Presence::WithRoutes => const { codes_of(Presence::WithRoutes) },
        Presence::WithClassicRoutes => const { codes_of(Presence::WithClassicRoutes) },
        Presence::WithInternalRoutes => const { codes_of(Presence::WithInternalRoutes) },
    }
}

const fn codes_of(presence: Presence) -> u64 {
    let mut codes = 0;
    let mut at = 0;
    while at < ROWS.len() {
        if ROWS[at].presence as u8 == presence as u8 {
            codes |= 1 << ROWS[at].code.0;
        }
        at += 1;
    }
    codes
}

/// The flags whose values an attribute's specification fixes.
const SPECIFIED: AttrFlags = AttrFlags::OPTIONAL.with(AttrFlags::TRANSITIVE);
const WELL_KNOWN: AttrFlags = AttrFlags::TRANSITIVE;
const OPTIONAL_TRANSITIVE: AttrFlags = SPECIFIED;
const OPTIONAL_NON_TRANSITIVE: AttrFlags = AttrFlags::OPTIONAL;

/// Every attribute known here, by code.
pub(crate) const ROWS: [AttrRow; 19] = [
    // RFC 7606 §7.1
    AttrRow::new(AttrCode::ORIGIN, "ORIGIN", WELL_KNOWN, Length::Exactly(1))
        .check(scalar::is_origin)
        .presence(Presence::WithRoutes),
    // RFC 7606 §7.2, RFC 7607 §2
    AttrRow::new(AttrCode::AS_PATH, "AS_PATH", WELL_KNOWN, Length::AtLeast(0))
        .check(as_path::is_as_path)
        .presence(Presence::WithRoutes),
    // RFC 7606 §7.3
    AttrRow::new(AttrCode::NEXT_HOP, "NEXT_HOP", WELL_KNOWN, Length::Exactly(4))
        .check(scalar::is_next_hop)
        .presence(Presence::WithClassicRoutes)
        .block(Block::Left),
    // RFC 7606 §7.4
    AttrRow::new(AttrCode::MULTI_EXIT_DISC, "MULTI_EXIT_DISC", OPTIONAL_NON_TRANSITIVE, Length::Exactly(4)),
    // RFC 7606 §7.5
    AttrRow::new(AttrCode::LOCAL_PREF, "LOCAL_PREF", WELL_KNOWN, Length::Exactly(4))
        .presence(Presence::WithInternalRoutes)
        .sender(Sender::Internal),
    // RFC 7606 §7.6
    AttrRow::new(AttrCode::ATOMIC_AGGREGATE, "ATOMIC_AGGREGATE", WELL_KNOWN, Length::Exactly(0))
        .malformed(Treatment::Discard),
    // RFC 7606 §7.7, RFC 7607 §2
    AttrRow::new(AttrCode::AGGREGATOR, "AGGREGATOR", OPTIONAL_TRANSITIVE, Length::AsnAnd(4))
        .check(scalar::is_aggregator)
        .malformed(Treatment::Discard),
    // RFC 7606 §7.8
    AttrRow::new(AttrCode::COMMUNITIES, "COMMUNITIES", OPTIONAL_TRANSITIVE, Length::Members(Member::Four))
        .block(Block::Set(Member::Four)),
    // RFC 7606 §7.9
    AttrRow::new(AttrCode::ORIGINATOR_ID, "ORIGINATOR_ID", OPTIONAL_NON_TRANSITIVE, Length::Exactly(4))
        .sender(Sender::Internal),
    // RFC 7606 §7.10
    AttrRow::new(
        AttrCode::CLUSTER_LIST,
        "CLUSTER_LIST",
        OPTIONAL_NON_TRANSITIVE,
        Length::Members(Member::Four),
    )
    .sender(Sender::Internal),
    // RFC 7606 §5.3, §7.11: five octets hold no next hop, but are not too few
    AttrRow::new(AttrCode::MP_REACH_NLRI, "MP_REACH_NLRI", OPTIONAL_NON_TRANSITIVE, Length::AtLeast(5))
        .wrong_flags(Treatment::Reset)
        .malformed(Treatment::Reset)
        .block(Block::Left),
    // RFC 7606 §5.3
    AttrRow::new(AttrCode::MP_UNREACH_NLRI, "MP_UNREACH_NLRI", OPTIONAL_NON_TRANSITIVE, Length::AtLeast(3))
        .wrong_flags(Treatment::Reset)
        .malformed(Treatment::Reset)
        .block(Block::Left),
    // RFC 7606 §7.14
    AttrRow::new(
        AttrCode::EXTENDED_COMMUNITIES,
        "EXTENDED COMMUNITIES",
        OPTIONAL_TRANSITIVE,
        Length::Members(Member::Eight),
    )
    .block(Block::Set(Member::Eight)),
    // RFC 6793 §6
    AttrRow::new(AttrCode::AS4_PATH, "AS4_PATH", OPTIONAL_TRANSITIVE, Length::AtLeast(6))
        .check(as_path::is_as4_path)
        .malformed(Treatment::Discard)
        .sender(Sender::TwoOctet)
        .block(Block::Left),
    // RFC 6793 §6
    AttrRow::new(AttrCode::AS4_AGGREGATOR, "AS4_AGGREGATOR", OPTIONAL_TRANSITIVE, Length::Exactly(8))
        .check(scalar::is_as4_aggregator)
        .malformed(Treatment::Discard)
        .sender(Sender::TwoOctet)
        .block(Block::Left),
    // RFC 7606 §7.15
    AttrRow::new(
        AttrCode::IPV6_EXTENDED_COMMUNITIES,
        "IPv6 EXTENDED COMMUNITIES",
        OPTIONAL_TRANSITIVE,
        Length::Members(Member::Twenty),
    )
    .block(Block::Set(Member::Twenty)),
    // RFC 7311 §3.2, §3.3
    AttrRow::new(AttrCode::AIGP, "AIGP", OPTIONAL_NON_TRANSITIVE, Length::AtLeast(3))
        .check(scalar::is_aigp)
        .wrong_flags(Treatment::Discard)
        .malformed(Treatment::Discard)
        .sender(Sender::Internal),
    // RFC 8092 §6
    AttrRow::new(
        AttrCode::LARGE_COMMUNITIES,
        "LARGE_COMMUNITY",
        OPTIONAL_TRANSITIVE,
        Length::Members(Member::Twelve),
    )
    .block(Block::Set(Member::Twelve)),
    // RFC 9234 §5
    AttrRow::new(AttrCode::ONLY_TO_CUSTOMER, "OTC", OPTIONAL_TRANSITIVE, Length::Exactly(4)),
];

/// For each code, where its row is; beyond the table if it has none.
static ROW_OF: [u8; 256] = {
    let mut row_of = [u8::MAX; 256];
    let mut at = 0;
    while at < ROWS.len() {
        row_of[ROWS[at].code.0 as usize] = at as u8;
        at += 1;
    }
    row_of
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_order_of_code_and_found_by_it() {
        assert!(ROWS.is_sorted_by(|a, b| a.code < b.code));
        for expected in &ROWS {
            assert_eq!(row(expected.code).map(|row| row.name), Some(expected.name));
            assert!(expected.code.0 < 64, "the set of discarded codes has 64 bits");
        }
        assert!(row(AttrCode(11)).is_none());
        assert!(row(AttrCode(255)).is_none());
    }
}
