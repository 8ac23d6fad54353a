//! The receive checks that compare a packet with the virtual router itself (RFC 9568 §7.1, RFC 3768 §7.1).
//!
//! What the packet shows on its own is checked in [`packet`](crate::packet). What fails is dropped with its reason;
//! what §7.1 only wants logged is remarked on. Our own packets are told apart before anything else: answered, they
//! would go round for ever.

use core::net::IpAddr;

use super::event::Port;
use super::ledger::Ledger;
use crate::config::FirstAddress;
use crate::error::{DropReason, Remark};
use crate::packet::{Advertisement, Datagram};
use crate::types::Version;

/// Views a datagram as an advertisement to this virtual router.
pub(super) fn admit<'a>(
    ledger: &mut Ledger,
    port: &Port,
    datagram: &Datagram<'a>,
) -> Result<Advertisement<'a>, DropReason> {
    let source = datagram.endpoints.source();
    if source == port.primary {
        return Err(DropReason::OwnPacket);
    }
    let settings = ledger.settings();
    if !settings.peers.is_empty() && !settings.peers.contains(&source) {
        return Err(DropReason::NotAPeer);
    }
    let version = settings.version;
    let advertisement = Advertisement::check(datagram, version)?;
    if advertisement.vrid() != settings.vrid || datagram.endpoints.family() != ledger.config.family() {
        return Err(DropReason::Vrid);
    }
    match version {
        Version::V2 => compare_v2(ledger, &advertisement)?,
        Version::V3 => compare_v3(ledger, &advertisement)?,
    }
    ledger.statistics.advertisements_received += 1;
    ledger.statistics.priority_zero_received += u64::from(advertisement.priority().is_none());
    Ok(advertisement)
}

/// RFC 3768 §7.1: an owner listens to nobody; the lists must agree unless the sender is the owner, and the intervals
/// must.
fn compare_v2(ledger: &Ledger, advertisement: &Advertisement<'_>) -> Result<(), DropReason> {
    let settings = ledger.settings();
    if settings.priority.is_owner() {
        return Err(DropReason::LocalOwner);
    }
    let is_owners = advertisement.priority().is_some_and(|priority| priority.is_owner());
    if !is_owners && !has_our_addresses(ledger, advertisement) {
        return Err(DropReason::AddressList);
    }
    if advertisement.interval() != settings.interval {
        return Err(DropReason::Interval);
    }
    Ok(())
}

/// RFC 9568 §7.1 with errata 8298 and 8300: what differs is remarked on, and two owners settle it like other routers.
fn compare_v3(ledger: &mut Ledger, advertisement: &Advertisement<'_>) -> Result<(), DropReason> {
    let source = advertisement.source();
    if !advertisement.begins_as_it_must() {
        if ledger.settings().first_address == FirstAddress::LinkLocal {
            return Err(DropReason::FirstAddress);
        }
        ledger.note_remark(Remark::FirstAddress, source);
    }
    if ledger.settings().priority.is_owner()
        && advertisement.priority().is_some_and(|priority| priority.is_owner())
    {
        ledger.note_remark(Remark::SecondOwner, source);
    }
    if !has_our_addresses(ledger, advertisement) {
        ledger.note_remark(Remark::AddressList, source);
    }
    if advertisement.interval() != ledger.settings().interval {
        ledger.note_remark(Remark::Interval, source);
    }
    if let (IpAddr::V4(_), Some(form)) = (source, advertisement.verified().form()) {
        ledger.follow_form(form, source);
    }
    Ok(())
}

/// The same addresses in any order; most often in the same one.
fn has_our_addresses(ledger: &Ledger, advertisement: &Advertisement<'_>) -> bool {
    let ours = &ledger.settings().addresses;
    ours.iter().eq(advertisement.addresses())
        || (ours.len() == advertisement.addresses().count()
            && ours.iter().all(|one| advertisement.addresses().any(|theirs| theirs == one)))
}
