//! What the decision and the export rules ask of an attribute set, taken out of its octets once.
//!
//! A decision compares digests and never parses. What is rarely asked (whole AS paths, cluster lists) stays in
//! the block.

use super::nexthop::NextHopId;
use crate::types::{Asn, RouterId};
use crate::wire::{AsPath, Attr, AttrBlock, AttrCode, Origin};

/// The facts of an attribute set that are asked for often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest {
    /// LOCAL_PREF, zero if there is none: see [`has`](Self::has).
    local_pref: u32,
    /// MULTI_EXIT_DISC, zero if there is none.
    med: u32,
    /// The AS that MEDs are compared within (RFC 4271 §9.1.2.2 c); `None` for a path from our own.
    neighbor: u32,
    /// ORIGINATOR_ID, zero if there is none (RFC 4456 §8).
    originator: u32,
    /// Where packets go.
    pub(super) next_hop: NextHopId,
    /// AS_PATH length (RFC 4271 §9.1.2.2 a).
    pub(super) path_len: u16,
    /// This router's own preference, not on the wire.
    pub(super) weight: u16,
    /// ORIGIN: IGP, EGP, INCOMPLETE.
    pub(super) origin: u8,
    /// Identifiers in CLUSTER_LIST.
    pub(super) cluster_len: u8,
    flags: Claims,
}

/// Yes-or-no facts of an attribute set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims(u8);

impl Claims {
    /// LOCAL_PREF is there.
    pub(super) const LOCAL_PREF: Self = Self(1);
    /// MULTI_EXIT_DISC is there.
    pub(super) const MED: Self = Self(1 << 1);
    /// ORIGINATOR_ID is there.
    pub(super) const ORIGINATOR: Self = Self(1 << 2);
    /// The NO_EXPORT community (RFC 1997), or NO_EXPORT_SUBCONFED, the same without confederations.
    pub(super) const NO_EXPORT: Self = Self(1 << 3);
    /// The NO_ADVERTISE community (RFC 1997).
    pub(super) const NO_ADVERTISE: Self = Self(1 << 4);
    /// The AS_PATH begins with a neighbouring AS.
    pub(super) const NEIGHBOR: Self = Self(1 << 5);
}

impl Digest {
    /// Reads the facts out of a normalised block, in one walk.
    pub(super) fn of(block: AttrBlock<'_>, next_hop: NextHopId, weight: u16) -> Self {
        let mut digest = Self {
            local_pref: 0,
            med: 0,
            neighbor: 0,
            originator: 0,
            next_hop,
            path_len: 0,
            weight,
            origin: Origin::Incomplete.code(),
            cluster_len: 0,
            flags: Claims::default(),
        };
        block.iter().for_each(|attr| digest.take(attr));
        digest
    }

    fn take(&mut self, attr: Attr<'_>) {
        let (numbers, _) = attr.value.as_chunks::<4>();
        let number = || numbers.first().map_or(0, |number| u32::from_be_bytes(*number));
        match attr.code {
            AttrCode::ORIGIN => {
                let origin = attr.value.first().and_then(|code| Origin::from_code(*code));
                self.origin = origin.unwrap_or(Origin::Incomplete).code();
            }
            AttrCode::AS_PATH => {
                let path = AsPath::new(attr.value);
                self.path_len = u16::try_from(path.length()).unwrap_or(u16::MAX);
                if let Some(asn) = path.neighbor_as() {
                    self.neighbor = asn.0;
                    self.claim(Claims::NEIGHBOR);
                }
            }
            AttrCode::MULTI_EXIT_DISC => {
                self.med = number();
                self.claim(Claims::MED);
            }
            AttrCode::LOCAL_PREF => {
                self.local_pref = number();
                self.claim(Claims::LOCAL_PREF);
            }
            AttrCode::ORIGINATOR_ID => {
                self.originator = number();
                self.claim(Claims::ORIGINATOR);
            }
            AttrCode::CLUSTER_LIST => self.cluster_len = u8::try_from(numbers.len()).unwrap_or(u8::MAX),
            AttrCode::COMMUNITIES => {
                for community in numbers {
                    match u32::from_be_bytes(*community) {
                        NO_EXPORT | NO_EXPORT_SUBCONFED => self.claim(Claims::NO_EXPORT),
                        NO_ADVERTISE => self.claim(Claims::NO_ADVERTISE),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    /// True if the set makes this claim.
    pub(super) const fn has(&self, claim: Claims) -> bool {
        self.flags.0 & claim.0 != 0
    }

    /// LOCAL_PREF, if there is one.
    pub(super) fn local_pref(&self) -> Option<u32> {
        self.has(Claims::LOCAL_PREF).then_some(self.local_pref)
    }

    /// MULTI_EXIT_DISC, if there is one.
    pub(super) fn med(&self) -> Option<u32> {
        self.has(Claims::MED).then_some(self.med)
    }

    /// The neighbouring AS that the path begins with, if it has one.
    pub(super) fn neighbor(&self) -> Option<Asn> {
        self.has(Claims::NEIGHBOR).then_some(Asn(self.neighbor))
    }

    /// ORIGINATOR_ID, if there is one.
    pub(super) fn originator(&self) -> Option<RouterId> {
        self.has(Claims::ORIGINATOR).then_some(RouterId(self.originator))
    }

    const fn claim(&mut self, claim: Claims) {
        self.flags.0 |= claim.0;
    }
}

/// RFC 1997.
const NO_EXPORT: u32 = 0xffff_ff01;
/// RFC 1997.
const NO_ADVERTISE: u32 = 0xffff_ff02;
/// RFC 1997.
const NO_EXPORT_SUBCONFED: u32 = 0xffff_ff03;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_takes_twenty_eight_octets() {
        assert!(size_of::<Digest>() <= 28, "{}", size_of::<Digest>());
    }
}
