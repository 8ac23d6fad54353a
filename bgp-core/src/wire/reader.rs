//! A cursor over received octets that knows where in the message it stands.

use super::Span;

/// Takes octets off the front of a slice; the offset counts from where the outermost reader began.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// The offset after the last octet, which stays where it is.
    end: usize,
}

impl<'a> Reader<'a> {
    /// Reads `octets`, the first of which is at `offset`.
    #[must_use]
    pub const fn new(octets: &'a [u8], offset: usize) -> Self {
        Self { rest: octets, end: offset.saturating_add(octets.len()) }
    }

    /// Takes `len` octets, or nothing if fewer are left.
    pub fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    /// Takes `len` octets as a reader of their own.
    pub fn sub(&mut self, len: usize) -> Option<Self> {
        let offset = self.offset();
        self.take(len).map(|octets| Self::new(octets, offset))
    }

    /// Takes an array.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    /// Takes one octet.
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[octet]| octet)
    }

    /// Takes a number of two octets.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Takes a number of four octets.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Takes all that is left.
    pub const fn take_rest(&mut self) -> &'a [u8] {
        let rest = self.rest;
        self.rest = &[];
        rest
    }

    /// What is left, not taken.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Octets left.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rest.len()
    }

    /// True if nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Where the next octet stands.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.end - self.rest.len()
    }

    /// From `start` to where the next octet stands.
    #[must_use]
    pub const fn span_from(&self, start: usize) -> Span {
        Span::new(start, self.offset())
    }
}
