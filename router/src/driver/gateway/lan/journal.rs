//! What virtual routers say of themselves, as log lines.

use tracing::{info, warn};
use vrrp_core::Event;
use vrrp_core::segment::Key;

/// Writes an event of one virtual router.
pub(super) fn log(interface: &str, key: Key, event: &Event) {
    let (vrid, family) = (key.vrid.get(), key.family);
    match event {
        Event::Transition(change) => {
            info!(interface, vrid, ?family, from = ?change.from, to = ?change.to, reason = %change.reason, "virtual router");
        }
        Event::Priority(change) => {
            info!(interface, vrid, ?family, from = %change.from, to = %change.to, "priority of a virtual router");
        }
        Event::ChecksumForm { form, source } => {
            info!(interface, vrid, %source, ?form, "a peer has another form of checksum; it is answered in that");
        }
        Event::Dropped { reason, source } => {
            warn!(interface, vrid, ?family, %source, %reason, "advertisement dropped");
        }
        Event::Remarked { remark, source } => {
            warn!(interface, vrid, ?family, %source, %remark, "odd advertisement");
        }
        Event::Activate(_) | Event::Deactivate { .. } => {}
    }
}
