//! Reads tables in MRT form: TABLE_DUMP_V2 (RFC 6396 §4.3), gzipped or not.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use anyhow::{Context, Result, bail};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::table::{Group, Table};

/// The `nth` route to each prefix of a dump, those with the same attributes together, in the order of first sight.
///
/// Dumps keep IPv4 and IPv6 sessions of one router as two peers, so peers are not told apart by their number.
///
/// # Errors
///
/// Where the file cannot be read or is not in that form.
pub fn read(path: &Path, nth: u16) -> Result<Table> {
    let mut octets = Vec::new();
    let file = BufReader::new(File::open(path).with_context(|| path.display().to_string())?);
    if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::bufread::MultiGzDecoder::new(file).read_to_end(&mut octets)?;
    } else {
        BufReader::new(file).read_to_end(&mut octets)?;
    }
    let mut table = Table::default();
    let mut known: HashMap<(bool, Vec<u8>), usize> = HashMap::new();
    let mut rest = Cursor(&octets);
    while !rest.0.is_empty() {
        rest.take(4)?;
        let (kind, subtype) = (rest.u16()?, rest.u16()?);
        let len = rest.u32()?;
        let record = Cursor(rest.take(usize::try_from(len)?)?);
        match (kind, subtype) {
            (13, 2) => add_record(record, Kind::Ipv4, nth, &mut table, &mut known)?,
            (13, 4) => add_record(record, Kind::Ipv6, nth, &mut table, &mut known)?,
            _ => {}
        }
    }
    Ok(table)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ipv4,
    Ipv6,
}

fn add_record(
    mut record: Cursor<'_>,
    kind: Kind,
    nth: u16,
    table: &mut Table,
    known: &mut HashMap<(bool, Vec<u8>), usize>,
) -> Result<()> {
    record.u32()?;
    let len = record.u8()?;
    let mut address = [0; 16];
    let octets = record.take(usize::from(len.div_ceil(8)))?;
    address.get_mut(..octets.len()).context("a prefix too long")?.copy_from_slice(octets);
    let bits = u128::from_be_bytes(address);
    let prefix = match kind {
        Kind::Ipv4 => IpNet::V4(Ipv4Net::new(Ipv4Addr::from_bits(u32::try_from(bits >> 96)?), len)?),
        Kind::Ipv6 => IpNet::V6(Ipv6Net::new(Ipv6Addr::from_bits(bits), len)?),
    };
    for at in 0..record.u16()? {
        record.take(6)?;
        let len = record.u16()?;
        let attrs = record.take(usize::from(len))?;
        if at != nth {
            continue;
        }
        let attrs = without_next_hop(attrs)?;
        let at = *known.entry((kind == Kind::Ipv6, attrs.clone())).or_insert_with(|| {
            let sender_at = sender_at(&attrs);
            table.groups.push(Group { attrs, sender_at, prefixes: Vec::new() });
            table.groups.len() - 1
        });
        if let Some(group) = table.groups.get_mut(at) {
            group.prefixes.push(prefix.trunc());
        }
        return Ok(());
    }
    Ok(())
}

/// The attributes less NEXT_HOP and MP_REACH_NLRI.
fn without_next_hop(attrs: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(attrs.len());
    let mut rest = Cursor(attrs);
    while !rest.0.is_empty() {
        let before = rest.0;
        let (flags, code) = (rest.u8()?, rest.u8()?);
        let len = if flags & 0x10 == 0 { u16::from(rest.u8()?) } else { rest.u16()? };
        rest.take(usize::from(len))?;
        if code != 3 && code != 14 {
            out.extend_from_slice(&before[..before.len() - rest.0.len()]);
        }
    }
    Ok(out)
}

/// Where the first AS number of AS_PATH is.
fn sender_at(attrs: &[u8]) -> usize {
    let mut at = 0;
    while let [flags, code, len, extended, ..] = attrs.get(at..).unwrap_or(&[]) {
        let (header, len) = if flags & 0x10 == 0 {
            (3, usize::from(*len))
        } else {
            (4, usize::from(u16::from_be_bytes([*len, *extended])))
        };
        if *code == 2 {
            return at + header + 2;
        }
        at += header + len;
    }
    attrs.len()
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let Some((taken, rest)) = self.0.split_at_checked(len) else { bail!("the file ends in a record") };
        self.0 = rest;
        Ok(taken)
    }

    fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?.first().copied().unwrap_or(0))
    }

    fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_be_bytes(self.take(2)?.try_into()?))
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_be_bytes(self.take(4)?.try_into()?))
    }
}
