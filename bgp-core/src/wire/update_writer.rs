//! UPDATEs on the way out: one block of attributes, and as many messages of prefixes as it takes.
//!
//! ```text
//! IPv4 routes, IPv4 next hop   | header | 0 | n | attributes with NEXT_HOP             | NLRI … |
//! other routes                 | header | 0 | n | MP_REACH_NLRI … | attributes         |
//! withdrawn IPv4               | header | n | prefixes … | 0 |
//! withdrawn others             | header | 0 | n | MP_UNREACH_NLRI … |
//! ```
//!
//! The messages are appended to one buffer. [`UpdateWriter::push`] says whether a prefix fitted;
//! [`UpdateWriter::next_message`] closes the message and begins another with the same attributes, which are
//! copied, not made again. MP_REACH_NLRI and MP_UNREACH_NLRI come first (RFC 7606 §5.1) and are alone in having
//! NLRI in their message. For peers with two-octet AS numbers AS_TRANS, AS4_PATH and AS4_AGGREGATOR are made
//! here (RFC 6793 §4.2.2).

use alloc::vec::Vec;

use super::attr::{
    AsPath, AsnWidth, AttrBlock, AttrCode, AttrFlags, PathWriter, SegmentKind, put_attr, put_attr_with,
};
use super::nlri::{encoded_len, put_nlri};
use super::{Caps, HEADER_LEN, MessageType};
use crate::types::{Asn, Family, NextHop, Nlri};

/// What became of a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Fitted {
    /// It is in the message.
    Yes,
    /// It is not: the message is full, the next one has room.
    Full,
    /// It is not, and no message has room: the attributes are too large for this session (RFC 8654 §5).
    Never,
}

/// Appends UPDATEs to a buffer. The last message is complete when the writer is finished or dropped.
#[derive(Debug)]
pub struct UpdateWriter<'o, 'b> {
    out: &'o mut Vec<u8>,
    /// Where the current message begins.
    start: usize,
    /// Where its NLRI begin.
    nlri: usize,
    max_len: usize,
    has_path_id: bool,
    form: Form<'b>,
}

/// Where in a message the NLRI stand.
#[derive(Debug)]
enum Form<'b> {
    /// Withdrawn Routes.
    Withdrawn,
    /// NLRI, after all attributes.
    Announced,
    /// MP_REACH_NLRI, and the attributes that follow it.
    Reach(Attributes<'b>),
    /// MP_UNREACH_NLRI.
    Unreach,
}

/// Attributes as this session has them.
#[derive(Debug)]
enum Attributes<'b> {
    AsStored(&'b [u8]),
    TwoOctet(Vec<u8>),
}

impl<'o, 'b> UpdateWriter<'o, 'b> {
    /// Begins an UPDATE that announces routes of `family` with these attributes. A block has no next hop of its
    /// own: `next_hop` goes into NEXT_HOP or MP_REACH_NLRI (RFC 4760 §3, RFC 8950 §3).
    pub fn begin(
        out: &'o mut Vec<u8>,
        caps: &Caps,
        family: Family,
        next_hop: NextHop,
        block: AttrBlock<'b>,
    ) -> Self {
        let attributes = Attributes::new(caps, block);
        let mut writer;
        match next_hop {
            NextHop::V4(addr) if family == Family::Ipv4Unicast => {
                writer = Self::open(out, caps, family, Form::Announced);
                writer.out.extend_from_slice(&[0; 4]);
                let (before, after) = split_before(attributes.octets(), AttrCode::MULTI_EXIT_DISC);
                writer.out.extend_from_slice(before);
                put_attr(writer.out, AttrFlags::TRANSITIVE, AttrCode::NEXT_HOP, &addr.octets());
                writer.out.extend_from_slice(after);
            }
            NextHop::V4(_) | NextHop::V6 { .. } => {
                writer = Self::open(out, caps, family, Form::Reach(attributes));
                writer.put_mp_head(AttrCode::MP_REACH_NLRI, family);
                put_next_hop(writer.out, next_hop);
            }
        }
        writer.nlri = writer.out.len();
        writer
    }

    /// Begins an UPDATE that withdraws routes of `family`.
    pub fn withdraw(out: &'o mut Vec<u8>, caps: &Caps, family: Family) -> Self {
        let mut writer;
        match family {
            Family::Ipv4Unicast => {
                writer = Self::open(out, caps, family, Form::Withdrawn);
                writer.out.extend_from_slice(&[0; 2]);
            }
            Family::Ipv6Unicast => {
                writer = Self::open(out, caps, family, Form::Unreach);
                writer.put_mp_head(AttrCode::MP_UNREACH_NLRI, family);
            }
        }
        writer.nlri = writer.out.len();
        writer
    }

    /// Appends the message that says that the initial routes of `family` are all sent (RFC 4724 §2).
    pub fn end_of_rib(out: &mut Vec<u8>, family: Family) {
        let mut writer = UpdateWriter::withdraw(out, &Caps::default(), family);
        writer.close();
        writer.start = writer.out.len();
        writer.nlri = writer.start;
    }

    /// Appends a prefix to the message, if it fits.
    pub fn push(&mut self, nlri: &Nlri) -> Fitted {
        let len = self.out.len() - self.start + self.form.tail_len() + encoded_len(nlri, self.has_path_id);
        if len <= self.max_len {
            put_nlri(self.out, nlri, self.has_path_id);
            Fitted::Yes
        } else if self.out.len() > self.nlri {
            Fitted::Full
        } else {
            Fitted::Never
        }
    }

    /// Completes the message and begins another with the same attributes.
    pub fn next_message(&mut self) {
        if self.out.len() == self.nlri {
            return;
        }
        let (start, nlri) = (self.start, self.nlri);
        self.close();
        self.start = self.out.len();
        self.out.extend_from_within(start..nlri);
        self.nlri = self.out.len();
    }

    /// Completes the message; one without a prefix is taken back. The octets appended are whole messages.
    pub fn finish(self) {}

    /// Begins a message: marker, a length to come, type (RFC 4271 §4.1).
    fn open(out: &'o mut Vec<u8>, caps: &Caps, family: Family, form: Form<'b>) -> Self {
        let start = out.len();
        out.extend_from_slice(&[0xff; MARKER_LEN]);
        out.extend_from_slice(&[0, 0, MessageType::UPDATE.0]);
        let has_path_id = caps.add_path_send.contains(family);
        Self { out, start, nlri: start, max_len: caps.max_message_len(), has_path_id, form }
    }

    /// Lengths to come, and the front of an attribute that takes the NLRI.
    fn put_mp_head(&mut self, code: AttrCode, family: Family) {
        let row = family.row();
        let flags = AttrFlags::OPTIONAL.with(AttrFlags::EXTENDED_LENGTH);
        self.out.extend_from_slice(&[0, 0, 0, 0, flags.0, code.0, 0, 0]);
        self.out.extend_from_slice(&row.afi.to_be_bytes());
        self.out.push(row.safi);
    }

    /// Patches the lengths of the message.
    fn close(&mut self) {
        let fields = self.start + HEADER_LEN;
        let end = self.out.len();
        match &self.form {
            Form::Withdrawn => {
                self.patch(fields, end - (fields + 2));
                self.out.extend_from_slice(&[0; 2]);
            }
            Form::Announced => self.patch(fields + 2, self.nlri - (fields + 4)),
            Form::Reach(attributes) => {
                self.out.extend_from_slice(attributes.octets());
                self.patch(fields + 2, self.out.len() - (fields + 4));
                self.patch(fields + 6, end - (fields + 8));
            }
            Form::Unreach => {
                self.patch(fields + 2, end - (fields + 4));
                self.patch(fields + 6, end - (fields + 8));
            }
        }
        self.patch(self.start + MARKER_LEN, self.out.len() - self.start);
    }

    fn patch(&mut self, at: usize, len: usize) {
        let len = u16::try_from(len).unwrap_or(u16::MAX);
        if let Some(field) = self.out.get_mut(at..at + 2) {
            field.copy_from_slice(&len.to_be_bytes());
        }
    }
}

impl Drop for UpdateWriter<'_, '_> {
    fn drop(&mut self) {
        if self.out.len() == self.nlri {
            self.out.truncate(self.start);
        } else {
            self.close();
        }
    }
}

impl Form<'_> {
    /// Octets that follow the NLRI.
    fn tail_len(&self) -> usize {
        match self {
            Self::Withdrawn => 2,
            Self::Announced | Self::Unreach => 0,
            Self::Reach(attributes) => attributes.octets().len(),
        }
    }
}

impl<'b> Attributes<'b> {
    fn new(caps: &Caps, block: AttrBlock<'b>) -> Self {
        if caps.four_octet_as { Self::AsStored(block.as_bytes()) } else { Self::TwoOctet(two_octet(block)) }
    }

    fn octets(&self) -> &[u8] {
        match self {
            Self::AsStored(octets) => octets,
            Self::TwoOctet(octets) => octets,
        }
    }
}

/// The attributes as a peer with two-octet AS numbers reads them (RFC 6793 §4.2.2).
fn two_octet(block: AttrBlock<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(block.as_bytes().len() + 32);
    let (before, after) = split_before(block.as_bytes(), AttrCode(AttrCode::AS4_AGGREGATOR.0 + 1));
    for attr in AttrBlock::new(before).iter() {
        match attr.code {
            AttrCode::AS_PATH => put_attr_with(&mut out, attr.flags, attr.code, |out| {
                put_path(out, AsnWidth::Two, AsPath::new(attr.value), |_| true);
            }),
            AttrCode::AGGREGATOR => put_attr_with(&mut out, attr.flags, attr.code, |out| {
                if let Some((asn, addr)) = block.aggregator() {
                    AsnWidth::Two.put(asn, out);
                    out.extend_from_slice(&addr.octets());
                }
            }),
            _ => put_attr(&mut out, attr.flags, attr.code, attr.value),
        }
    }
    let flags = AttrFlags::OPTIONAL.with(AttrFlags::TRANSITIVE);
    if block.as_path().asns().any(is_too_wide) {
        put_attr_with(&mut out, flags, AttrCode::AS4_PATH, |out| {
            put_path(out, AsnWidth::Four, block.as_path(), |kind| !kind.is_confed());
        });
    }
    if let Some((asn, addr)) = block.aggregator().filter(|(asn, _)| is_too_wide(*asn)) {
        put_attr_with(&mut out, flags, AttrCode::AS4_AGGREGATOR, |out| {
            AsnWidth::Four.put(asn, out);
            out.extend_from_slice(&addr.octets());
        });
    }
    out.extend_from_slice(after);
    out
}

fn put_path(out: &mut Vec<u8>, width: AsnWidth, path: AsPath<'_>, keep: impl Fn(SegmentKind) -> bool) {
    let mut writer = PathWriter::new(out, width);
    for segment in path.segments().filter(|segment| keep(segment.kind)) {
        writer.segment(segment.kind, segment.asns());
    }
}

fn is_too_wide(asn: Asn) -> bool {
    u16::try_from(asn.0).is_err()
}

/// The attributes before the first with this or a higher code, and the rest.
fn split_before(octets: &[u8], code: AttrCode) -> (&[u8], &[u8]) {
    let mut reader = super::Reader::new(octets, 0);
    let mut at = 0;
    while super::attr::take_attr(&mut reader).is_some_and(|attr| attr.code < code) {
        at = reader.offset();
    }
    octets.split_at_checked(at).unwrap_or((octets, &[]))
}

/// Length, address or addresses, and the reserved octet (RFC 4760 §3).
fn put_next_hop(out: &mut Vec<u8>, next_hop: NextHop) {
    match next_hop {
        NextHop::V4(addr) => {
            out.push(4);
            out.extend_from_slice(&addr.octets());
        }
        NextHop::V6 { global, link_local: None } => {
            out.push(16);
            out.extend_from_slice(&global.octets());
        }
        NextHop::V6 { global, link_local: Some(link_local) } => {
            out.push(32);
            out.extend_from_slice(&global.octets());
            out.extend_from_slice(&link_local.octets());
        }
    }
    out.push(0);
}

const MARKER_LEN: usize = 16;
