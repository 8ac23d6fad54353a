//! Appends octets to a buffer; lengths are patched when a guard is dropped.

use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

/// Appends to a buffer that the caller keeps and reuses.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

/// How wide the length field in front of a guarded part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    One,
    Two,
}

/// Writes what is in front of it a length, on drop, of what was appended since.
#[derive(Debug)]
pub struct LengthGuard<'w, 'a> {
    writer: &'w mut Writer<'a>,
    at: usize,
    width: Width,
}

impl<'a> Writer<'a> {
    /// Appends to `out`.
    pub const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Appends octets as they are.
    pub fn put(&mut self, octets: &[u8]) {
        self.out.extend_from_slice(octets);
    }

    /// Appends one octet.
    pub fn u8(&mut self, value: u8) {
        self.out.push(value);
    }

    /// Appends a number in two octets.
    pub fn u16(&mut self, value: u16) {
        self.put(&value.to_be_bytes());
    }

    /// Appends a number in four octets.
    pub fn u32(&mut self, value: u32) {
        self.put(&value.to_be_bytes());
    }

    /// Everything appended through the guard gets a one-octet length in front of it.
    pub fn length_u8(&mut self) -> LengthGuard<'_, 'a> {
        let at = self.out.len();
        self.u8(0);
        LengthGuard { writer: self, at, width: Width::One }
    }

    /// Everything appended through the guard gets a two-octet length in front of it.
    pub fn length_u16(&mut self) -> LengthGuard<'_, 'a> {
        let at = self.out.len();
        self.u16(0);
        LengthGuard { writer: self, at, width: Width::Two }
    }

    /// Octets in the buffer, those before this writer began included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// True if the buffer is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Cuts the buffer back to `len` octets.
    pub fn truncate(&mut self, len: usize) {
        self.out.truncate(len);
    }

    /// Overwrites two octets at `at` with `value`; does nothing if they are not there.
    pub fn patch_u16(&mut self, at: usize, value: u16) {
        if let Some(field) = self.out.get_mut(at..at + 2) {
            field.copy_from_slice(&value.to_be_bytes());
        }
    }
}

impl<'a> Deref for LengthGuard<'_, 'a> {
    type Target = Writer<'a>;

    fn deref(&self) -> &Writer<'a> {
        self.writer
    }
}

impl<'a> DerefMut for LengthGuard<'_, 'a> {
    fn deref_mut(&mut self) -> &mut Writer<'a> {
        self.writer
    }
}

impl Drop for LengthGuard<'_, '_> {
    fn drop(&mut self) {
        let written = self.writer.len() - self.at;
        match self.width {
            Width::One => {
                let len = u8::try_from(written - 1).unwrap_or(u8::MAX);
                if let Some(field) = self.writer.out.get_mut(self.at) {
                    *field = len;
                }
            }
            Width::Two => {
                let len = u16::try_from(written - 2).unwrap_or(u16::MAX);
                self.writer.patch_u16(self.at, len);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_guards_patch_their_own_lengths() {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out);
        {
            let mut outer = writer.length_u16();
            outer.u8(0xaa);
            let mut inner = outer.length_u8();
            inner.put(&[1, 2, 3]);
        }
        assert_eq!(out, [0, 5, 0xaa, 3, 1, 2, 3]);
    }
}
