//! What stands inside a capability's value: entries of fixed size, read and written by the same type.

use core::marker::PhantomData;

use super::super::{Reader, Writer};
use super::{CapabilityCode, begin};
use crate::types::Family;

/// Address family and subsequent family, known or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FamilyCodes {
    /// Address family identifier.
    pub afi: u16,
    /// Subsequent address family identifier.
    pub safi: u8,
}

/// A role on the wire (RFC 9234 §4.1, table 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RoleCode(pub u8);

/// The head of graceful restart: flags and restart time (RFC 4724 §3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RestartHead {
    /// The R bit: the sender has restarted.
    pub restarted: bool,
    /// The N bit: NOTIFICATIONs do not end the restart (RFC 8538 §2).
    pub notification: bool,
    /// Seconds, at most 4,095.
    pub time: u16,
}

/// A family of graceful restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartFamily {
    /// Which.
    pub family: FamilyCodes,
    /// The F bit: forwarding went on through the restart.
    pub forwarding: bool,
}

/// A family of long-lived graceful restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongLivedFamily {
    /// Which.
    pub family: FamilyCodes,
    /// The F bit.
    pub forwarding: bool,
    /// Seconds, 24 bits.
    pub stale_time: u32,
}

/// A family of add-path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddPath {
    /// Which.
    pub family: FamilyCodes,
    /// The sender can receive several paths.
    pub receive: bool,
    /// The sender would send several paths.
    pub send: bool,
}

/// A family whose routes may have next hops of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendedNextHop {
    /// Which.
    pub family: FamilyCodes,
    /// The next hop's address family identifier.
    pub next_hop_afi: u16,
}

/// Something of fixed size that is repeated in a capability's value.
pub trait Entry: Sized {
    /// Takes one off the front.
    fn take(reader: &mut Reader<'_>) -> Option<Self>;
    /// Appends one.
    fn emit(&self, writer: &mut Writer<'_>);
}

/// The entries of a value.
#[derive(Clone, Copy, Debug)]
pub struct Entries<'a, T> {
    reader: Reader<'a>,
    entry: PhantomData<T>,
}

/// Appends a capability that is a list of entries.
pub fn emit_entries<T: Entry>(
    writer: &mut Writer<'_>,
    code: CapabilityCode,
    entries: impl Iterator<Item = T>,
) {
    let mut value = begin(writer, code);
    entries.for_each(|entry| entry.emit(&mut value));
}

impl<'a, T> Entries<'a, T> {
    pub(super) const fn new(reader: Reader<'a>) -> Self {
        Self { reader, entry: PhantomData }
    }
}

impl FamilyCodes {
    /// The codes of a family.
    #[must_use]
    pub const fn of(family: Family) -> Self {
        Self { afi: family.row().afi, safi: family.row().safi }
    }

    /// The family, if we know it.
    #[must_use]
    pub fn family(self) -> Option<Family> {
        Family::from_codes(self.afi, self.safi)
    }
}

impl<T: Entry> Iterator for Entries<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        T::take(&mut self.reader)
    }
}

impl Entry for FamilyCodes {
    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let (afi, _reserved, safi) = (reader.u16()?, reader.u8()?, reader.u8()?);
        Some(Self { afi, safi })
    }

    fn emit(&self, writer: &mut Writer<'_>) {
        writer.u16(self.afi);
        writer.u8(0);
        writer.u8(self.safi);
    }
}

impl Entry for RestartHead {
    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let word = reader.u16()?;
        Some(Self { restarted: word & 0x8000 != 0, notification: word & 0x4000 != 0, time: word & 0x0fff })
    }

    fn emit(&self, writer: &mut Writer<'_>) {
        writer.u16(flag(self.restarted, 0x8000) | flag(self.notification, 0x4000) | self.time.min(0x0fff));
    }
}

impl Entry for RestartFamily {
    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let family = FamilyCodes { afi: reader.u16()?, safi: reader.u8()? };
        Some(Self { family, forwarding: reader.u8()? & 0x80 != 0 })
    }

    fn emit(&self, writer: &mut Writer<'_>) {
        writer.u16(self.family.afi);
        writer.u8(self.family.safi);
        writer.u8(if self.forwarding { 0x80 } else { 0 });
    }
}

impl Entry for LongLivedFamily {
    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let RestartFamily { family, forwarding } = RestartFamily::take(reader)?;
        let [high, middle, low] = reader.array()?;
        Some(Self { family, forwarding, stale_time: u32::from_be_bytes([0, high, middle, low]) })
    }

    fn emit(&self, writer: &mut Writer<'_>) {
        RestartFamily { family: self.family, forwarding: self.forwarding }.emit(writer);
        let [_, stale_time @ ..] = self.stale_time.min(0x00ff_ffff).to_be_bytes();
        writer.put(&stale_time);
    }
}

impl Entry for AddPath {
    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let family = FamilyCodes { afi: reader.u16()?, safi: reader.u8()? };
        // RFC 7911 §4: any other value means that the entry is ignored.
        let mode = reader.u8()?;
        let valid = mode <= 3;
        Some(Self { family, receive: valid && mode & 1 != 0, send: valid && mode & 2 != 0 })
    }

    fn emit(&self, writer: &mut Writer<'_>) {
        writer.u16(self.family.afi);
        writer.u8(self.family.safi);
        writer.u8(u8::from(self.receive) | u8::from(self.send) << 1);
    }
}

impl Entry for ExtendedNextHop {
    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        // RFC 8950 §4 has a SAFI of two octets here.
        let (afi, safi, next_hop_afi) = (reader.u16()?, reader.u16()?, reader.u16()?);
        Some(Self { family: FamilyCodes { afi, safi: u8::try_from(safi).unwrap_or_default() }, next_hop_afi })
    }

    fn emit(&self, writer: &mut Writer<'_>) {
        writer.u16(self.family.afi);
        writer.u16(u16::from(self.family.safi));
        writer.u16(self.next_hop_afi);
    }
}

const fn flag(set: bool, bit: u16) -> u16 {
    if set { bit } else { 0 }
}
