//! Lines of an `interface` block, but for VRRP's.

use super::super::draft::Draft;
use super::super::finding::Severity;
use super::super::row::Row;
use super::super::statement::{Complaint, Statement};

/// See the module.
pub(crate) const ROWS: &[Row] = &[
    Row::act("description = LINE", |draft, line| {
        draft.interface(line)?.description = Some(line.text()?);
        Ok(())
    }),
    Row::act("ip address A.B.C.D/M", address),
    Row::act("ipv6 address X:X::X:X/M", address),
    Row::act("shutdown", |draft, line| {
        draft.interface(line)?.shutdown = Some(line.on());
        Ok(())
    })
    .unused(Severity::Warning, "links are not set up or down")
    .or_no(),
    Row::leave("exit"),
    Row::leave("quit"),
];

fn address(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    let address = line.net()?;
    if address.addr().is_unspecified() || address.addr().is_multicast() {
        return Err(Complaint::new(format!("{address} cannot be the address of an interface")).at(2));
    }
    let addresses = &mut draft.interface(line)?.addresses;
    addresses.retain(|known| *known != address);
    addresses.push(address);
    Ok(())
}
