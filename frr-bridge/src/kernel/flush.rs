//! Removing every route of ours at once, when the program ends.
//!
//! A terminated router must be gone within two seconds, with a full table in the kernel. Both IP versions are
//! worked off at the same time, on a socket each; and IPv4 routes go not in the order of the table but in passes
//! that thin it evenly: the kernel's trie reshapes itself less, which halves the time.

use std::io;
use std::thread;

use tracing::warn;

use super::command::StopReport;
use crate::netlink::{IpVersion, Requests, RouteMark, RouteWriter, Selection, dump_routes};
use crate::route::Protocol;

/// Removes our routes from `table`, and those of `elsewhere`.
pub(super) fn remove_all(table: u32, elsewhere: &[RouteMark]) -> StopReport {
    let reports = thread::scope(|scope| {
        let v6 = scope.spawn(|| remove(table, IpVersion::V6, &[]));
        [
            remove(table, IpVersion::V4, elsewhere),
            v6.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())),
        ]
    });
    let mut total = StopReport::default();
    for report in reports {
        match report {
            Ok(report) => {
                total.removed += report.removed;
                total.failed += report.failed;
            }
            Err(error) => warn!(%error, "routes could not be removed"),
        }
    }
    total
}

fn remove(table: u32, version: IpVersion, elsewhere: &[RouteMark]) -> io::Result<StopReport> {
    // Sockets belong to the thread's network namespace, which a new thread has from its parent.
    let mut requests = Requests::open()?;
    let mut marks = elsewhere.to_vec();
    for protocol in [Protocol::BGP, Protocol::STATIC] {
        let selection = Selection { version: Some(version), table: Some(table), protocol: Some(protocol) };
        dump_routes(&mut requests, selection, |route| marks.push(RouteMark::from(&route)))?;
    }
    let mut writer = RouteWriter::default();
    for mark in (0..PASSES).flat_map(|first| marks.iter().skip(first).step_by(PASSES)) {
        writer.remove(&mut requests, mark)?;
    }
    writer.flush(&mut requests)?;
    let failed = writer.take_failures().len();
    Ok(StopReport { removed: marks.len() - failed, failed })
}

/// Each pass removes every so-many-th route of what there was.
const PASSES: usize = 64;
