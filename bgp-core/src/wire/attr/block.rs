//! The normalised block: the attributes of a route as the table stores them, policy reads them and `show` prints
//! them.
//!
//! A block is a list of attributes sorted by code, with canonical flags and lengths, AS numbers in four octets,
//! and nothing that belongs to a message ([`Update::normalise_into`] lists what is left out). Equal attributes
//! are equal octets. A view trusts its octets no further than it must: of others it yields less.
//!
//! [`Update::normalise_into`]: super::super::Update::normalise_into

use core::net::Ipv4Addr;

use super::{AsPath, AsnWidth, Attr, AttrCode, AttrIter, Origin, Skip, scalar};
use crate::types::{Asn, RouterId};

/// A view of a normalised block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AttrBlock<'a> {
    octets: &'a [u8],
}

impl<'a> AttrBlock<'a> {
    /// Views `octets`.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { octets }
    }

    /// The octets.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.octets
    }

    /// True if there is no attribute.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// The attributes, by code.
    #[must_use]
    pub fn iter(&self) -> AttrIter<'a> {
        AttrIter::new(self.octets, Skip::default())
    }

    /// One attribute, if it is there.
    #[must_use]
    pub fn get(&self, code: AttrCode) -> Option<Attr<'a>> {
        self.iter().find(|attr| attr.code >= code).filter(|attr| attr.code == code)
    }

    /// ORIGIN; [`Origin::Incomplete`] if there is none.
    #[must_use]
    pub fn origin(&self) -> Origin {
        let code = self.value(AttrCode::ORIGIN).first();
        code.and_then(|code| Origin::from_code(*code)).unwrap_or(Origin::Incomplete)
    }

    /// AS_PATH; empty if there is none.
    #[must_use]
    pub fn as_path(&self) -> AsPath<'a> {
        AsPath::new(self.value(AttrCode::AS_PATH))
    }

    /// MULTI_EXIT_DISC.
    #[must_use]
    pub fn med(&self) -> Option<u32> {
        scalar::number(self.value(AttrCode::MULTI_EXIT_DISC))
    }

    /// LOCAL_PREF.
    #[must_use]
    pub fn local_pref(&self) -> Option<u32> {
        scalar::number(self.value(AttrCode::LOCAL_PREF))
    }

    /// True if ATOMIC_AGGREGATE is there.
    #[must_use]
    pub fn atomic_aggregate(&self) -> bool {
        self.get(AttrCode::ATOMIC_AGGREGATE).is_some()
    }

    /// AGGREGATOR: the AS and router that aggregated.
    #[must_use]
    pub fn aggregator(&self) -> Option<(Asn, Ipv4Addr)> {
        scalar::aggregator(self.value(AttrCode::AGGREGATOR), AsnWidth::Four)
    }

    /// COMMUNITIES (RFC 1997), ascending.
    pub fn communities(&self) -> impl ExactSizeIterator<Item = u32> + Clone + use<'a> {
        self.members(AttrCode::COMMUNITIES).iter().map(|community| u32::from_be_bytes(*community))
    }

    /// LARGE_COMMUNITY (RFC 8092), ascending.
    pub fn large_communities(&self) -> impl ExactSizeIterator<Item = [u32; 3]> + Clone + use<'a> {
        self.members::<12>(AttrCode::LARGE_COMMUNITIES).iter().map(|community| {
            let [a, b, c, d, e, f, g, h, i, j, k, l] = *community;
            [[a, b, c, d], [e, f, g, h], [i, j, k, l]].map(u32::from_be_bytes)
        })
    }

    /// EXTENDED COMMUNITIES (RFC 4360), ascending.
    pub fn extended_communities(&self) -> impl ExactSizeIterator<Item = [u8; 8]> + Clone + use<'a> {
        self.members(AttrCode::EXTENDED_COMMUNITIES).iter().copied()
    }

    /// IPv6 address specific extended communities (RFC 5701), ascending.
    pub fn ipv6_extended_communities(&self) -> impl ExactSizeIterator<Item = [u8; 20]> + Clone + use<'a> {
        self.members(AttrCode::IPV6_EXTENDED_COMMUNITIES).iter().copied()
    }

    /// ORIGINATOR_ID (RFC 4456).
    #[must_use]
    pub fn originator_id(&self) -> Option<RouterId> {
        scalar::number(self.value(AttrCode::ORIGINATOR_ID)).map(RouterId)
    }

    /// CLUSTER_LIST (RFC 4456), the latest cluster first.
    pub fn cluster_list(&self) -> impl ExactSizeIterator<Item = RouterId> + Clone + use<'a> {
        self.members(AttrCode::CLUSTER_LIST).iter().map(|id| RouterId(u32::from_be_bytes(*id)))
    }

    /// ONLY_TO_CUSTOMER (RFC 9234).
    #[must_use]
    pub fn only_to_customer(&self) -> Option<Asn> {
        scalar::number(self.value(AttrCode::ONLY_TO_CUSTOMER)).map(Asn)
    }

    /// The accumulated metric of AIGP (RFC 7311).
    #[must_use]
    pub fn aigp(&self) -> Option<u64> {
        scalar::aigp(self.value(AttrCode::AIGP))
    }

    /// Attributes that have no row in the table.
    pub fn unknown(&self) -> impl Iterator<Item = Attr<'a>> + Clone + use<'a> {
        self.iter().filter(|attr| attr.code.row().is_none())
    }

    fn value(&self, code: AttrCode) -> &'a [u8] {
        self.get(code).map_or(&[], |attr| attr.value)
    }

    fn members<const N: usize>(&self, code: AttrCode) -> &'a [[u8; N]] {
        self.value(code).as_chunks().0
    }
}
