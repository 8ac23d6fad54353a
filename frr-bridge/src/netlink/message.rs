//! Messages and attributes as octets: the only place of this room that counts octets.
//!
//! ```text
//!  0               4       6       8               12              16
//! +---------------+-------+-------+---------------+---------------+-- - -
//! | length        | type  | flags | sequence      | port          | payload, attributes
//! +---------------+-------+-------+---------------+---------------+-- - -
//! ```
//!
//! Numbers are in host order; messages and attributes start at multiples of four (NLMSG_ALIGN, NLA_ALIGN).

/// One message of a buffer that came from the kernel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    pub(super) kind: u16,
    pub(super) flags: u16,
    pub(super) sequence: u32,
    pub(super) payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// The payload's fixed header of `len` octets, and the attributes after it.
    pub(super) fn split(&self, len: usize) -> Option<(&'a [u8], Attributes<'a>)> {
        let (header, attributes) = self.payload.split_at_checked(len)?;
        Some((header, Attributes(attributes)))
    }

    /// The error number of an NLMSG_ERROR or NLMSG_DONE: zero is an acknowledgement.
    pub(super) fn error(&self) -> i32 {
        read_u32(self.payload, 0).cast_signed().saturating_neg()
    }
}

/// The messages of a buffer. Ends at the first that makes no sense.
#[derive(Clone, Copy, Debug)]
pub(super) struct Messages<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        let len = usize::try_from(read_u32(self.0, 0)).ok()?;
        let message = self.0.get(..len)?;
        let payload = message.get(HEADER_LEN..)?;
        self.0 = self.0.get(aligned(len)..).unwrap_or_default();
        Some(Message {
            kind: read_u16(message, 4),
            flags: read_u16(message, 6),
            sequence: read_u32(message, 8),
            payload,
        })
    }
}

/// Attributes: type and value. Ends at the first that makes no sense.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attributes<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let len = usize::from(read_u16(self.0, 0));
        let value = self.0.get(4..len)?;
        let kind = read_u16(self.0, 2) & NLA_TYPE_MASK;
        self.0 = self.0.get(aligned(len)..).unwrap_or_default();
        Some((kind, value))
    }
}

/// Messages on their way to the kernel, one after the other.
#[derive(Debug, Default)]
pub(super) struct MessageBuffer {
    octets: Vec<u8>,
    start: usize,
}

impl MessageBuffer {
    /// Begins a message; every following call adds to it until [`end`](Self::end).
    pub(super) fn begin(&mut self, kind: u16, flags: u16, sequence: u32) {
        self.start = self.octets.len();
        self.octets.extend_from_slice(&[0; 4]);
        self.octets.extend_from_slice(&kind.to_ne_bytes());
        self.octets.extend_from_slice(&flags.to_ne_bytes());
        self.octets.extend_from_slice(&sequence.to_ne_bytes());
        self.octets.extend_from_slice(&[0; 4]);
    }

    /// Adds octets as they are.
    pub(super) fn put(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    /// Adds an attribute.
    pub(super) fn attribute(&mut self, kind: u16, value: &[u8]) {
        let len = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
        self.octets.extend_from_slice(&len.to_ne_bytes());
        self.octets.extend_from_slice(&kind.to_ne_bytes());
        self.octets.extend_from_slice(value);
        self.octets.resize(aligned(self.octets.len()), 0);
    }

    /// Opens something that starts with its 16-bit length, and says where.
    pub(super) fn open(&mut self) -> usize {
        let at = self.octets.len();
        self.octets.extend_from_slice(&[0; 2]);
        at
    }

    /// Closes what was opened at `at`.
    pub(super) fn close(&mut self, at: usize) {
        let len = u16::try_from(self.octets.len() - at).unwrap_or(u16::MAX);
        self.patch(at, &len.to_ne_bytes());
    }

    /// Ends the message.
    pub(super) fn end(&mut self) {
        let len = u32::try_from(self.octets.len() - self.start).unwrap_or(u32::MAX);
        self.patch(self.start, &len.to_ne_bytes());
    }

    /// Adds flags to the message that was ended last.
    pub(super) fn add_flags(&mut self, flags: u16) {
        let at = self.start + 6;
        let flags = read_u16(&self.octets, at) | flags;
        self.patch(at, &flags.to_ne_bytes());
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.octets
    }

    pub(super) fn clear(&mut self) {
        self.octets.clear();
    }

    fn patch(&mut self, at: usize, octets: &[u8]) {
        self.octets.iter_mut().skip(at).zip(octets).for_each(|(to, from)| *to = *from);
    }
}

/// The number at an offset; zero where there is none.
pub(super) fn read_u16(octets: &[u8], at: usize) -> u16 {
    octets.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |octets| u16::from_ne_bytes(*octets))
}

/// The number at an offset; zero where there is none.
pub(super) fn read_u32(octets: &[u8], at: usize) -> u32 {
    octets.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |octets| u32::from_ne_bytes(*octets))
}

/// The octet at an offset; zero where there is none.
pub(super) fn read_u8(octets: &[u8], at: usize) -> u8 {
    octets.get(at).copied().unwrap_or(0)
}

/// An address of four or sixteen octets.
pub(super) fn read_address(octets: &[u8]) -> Option<std::net::IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Some(v4.into());
    }
    <[u8; 16]>::try_from(octets).ok().map(Into::into)
}

const fn aligned(len: usize) -> usize {
    len.next_multiple_of(4)
}

const HEADER_LEN: usize = 16;

/// The upper two bits of an attribute's type say "nested" and "network order".
const NLA_TYPE_MASK: u16 = 0x3fff;

pub(super) const NLM_F_REQUEST: u16 = 0x1;
pub(super) const NLM_F_ACK: u16 = 0x4;
pub(super) const NLM_F_DUMP_INTR: u16 = 0x10;
pub(super) const NLM_F_DUMP: u16 = 0x300;
pub(super) const NLM_F_REPLACE: u16 = 0x100;
pub(super) const NLM_F_EXCL: u16 = 0x200;
pub(super) const NLM_F_CREATE: u16 = 0x400;

pub(super) const NLMSG_ERROR: u16 = 2;
pub(super) const NLMSG_DONE: u16 = 3;

pub(super) const RTM_NEWLINK: u16 = 16;
pub(super) const RTM_DELLINK: u16 = 17;
pub(super) const RTM_GETLINK: u16 = 18;
pub(super) const RTM_NEWADDR: u16 = 20;
pub(super) const RTM_DELADDR: u16 = 21;
pub(super) const RTM_GETADDR: u16 = 22;
pub(super) const RTM_NEWROUTE: u16 = 24;
pub(super) const RTM_DELROUTE: u16 = 25;
pub(super) const RTM_GETROUTE: u16 = 26;
pub(super) const RTM_NEWNEXTHOP: u16 = 104;
pub(super) const RTM_DELNEXTHOP: u16 = 105;
pub(super) const RTM_GETNEXTHOP: u16 = 106;

pub(super) const AF_INET: u8 = 2;
pub(super) const AF_INET6: u8 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_is_read_back() {
        let mut buffer = MessageBuffer::default();
        for sequence in [7, 8] {
            buffer.begin(RTM_NEWROUTE, NLM_F_REQUEST, sequence);
            buffer.put(&[1, 2, 3, 4]);
            buffer.attribute(5, &[9]);
            let at = buffer.open();
            buffer.put(&6u16.to_ne_bytes());
            buffer.attribute(1, &[1, 2, 3, 4]);
            buffer.close(at);
            buffer.end();
        }
        buffer.add_flags(NLM_F_ACK);
        let messages: Vec<_> = Messages(buffer.as_slice()).collect();
        assert_eq!(messages.iter().map(|message| message.sequence).collect::<Vec<_>>(), [7, 8]);
        assert_eq!(messages[0].flags, NLM_F_REQUEST);
        assert_eq!(messages[1].flags, NLM_F_REQUEST | NLM_F_ACK);
        let (header, attributes) = messages[1].split(4).unwrap();
        assert_eq!(header, [1, 2, 3, 4]);
        let attributes: Vec<_> = attributes.collect();
        assert_eq!(attributes[0], (5, &[9][..]));
        assert_eq!(Attributes(attributes[1].1).next(), Some((1, &[1, 2, 3, 4][..])));
    }

    #[test]
    fn nonsense_ends_the_walk() {
        assert_eq!(Messages(&[0; 64]).count(), 0);
        assert_eq!(Messages(&[255; 64]).count(), 0);
        assert_eq!(Attributes(&[0; 64]).count(), 0);
        assert_eq!(Attributes(&[3, 0, 1, 0]).count(), 0);
        assert_eq!(Attributes(&[200, 0, 1, 0, 5]).count(), 0);
    }
}
