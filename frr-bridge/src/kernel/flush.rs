//! Removing every route of ours at once, when the program ends.
//!
//! A terminated router must be gone within two seconds, with a full table in the kernel. Most of the table goes with
//! the next-hop objects that most routes go by. What is left is removed route by route, both IP versions at the same
//! time, on a socket each; and IPv4 routes go not in the order of the table but in passes that thin it evenly: the
//! kernel's trie reshapes itself less, which halves the time.

use std::io;
use std::thread;

use tracing::warn;

use super::command::StopReport;
use super::objects;
use crate::netlink::{
    IpVersion, Requests, RouteMark, RouteWriter, Selection, dump_next_hops, dump_routes, remove_next_hop,
};
use crate::route::Protocol;

/// Removes our routes from `table`, those of `elsewhere`, and our next-hop objects, the `crowded` ones first.
pub(super) fn remove_all(table: u32, elsewhere: &[RouteMark], crowded: &[u32]) -> StopReport {
    let mut next_hops = NextHops::default();
    next_hops.remove(|_| Ok(crowded.to_vec()));
    let reports = thread::scope(|scope| {
        let v6 = scope.spawn(|| remove(table, IpVersion::V6, &[]));
        [
            remove(table, IpVersion::V4, elsewhere),
            v6.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())),
        ]
    });
    next_hops.remove(every_next_hop);
    let mut total = StopReport { next_hops: next_hops.removed, ..StopReport::default() };
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

/// Next-hop objects on their way out.
#[derive(Default)]
struct NextHops {
    removed: usize,
}

impl NextHops {
    /// The routes that are left are removed with or without this, and one object without another, so a failure is but
    /// told.
    fn remove(&mut self, which: impl FnOnce(&mut Requests) -> io::Result<Vec<u32>>) {
        let outcome = Requests::open().and_then(|mut requests| {
            let mut outcome = Ok(());
            for id in which(&mut requests)? {
                match remove_next_hop(&mut requests, id) {
                    Ok(()) => self.removed += 1,
                    failed => outcome = failed,
                }
            }
            outcome
        });
        if let Err(error) = outcome {
            warn!(%error, "next hops could not be removed");
        }
    }
}

/// None on a kernel without objects.
fn every_next_hop(requests: &mut Requests) -> io::Result<Vec<u32>> {
    let mut ids = Vec::new();
    match dump_next_hops(requests, |next_hop| ids.push(next_hop.id)) {
        Err(error) if error.raw_os_error() != Some(nix::libc::EOPNOTSUPP) => return Err(error),
        _ => ids.retain(|id| objects::is_ours(*id)),
    }
    Ok(ids)
}

fn remove(table: u32, version: IpVersion, elsewhere: &[RouteMark]) -> io::Result<StopReport> {
    // Sockets belong to the thread's network namespace, which a new thread has from its parent.
    let mut requests = Requests::open()?;
    let mut marks = elsewhere.to_vec();
    for protocol in [Protocol::BGP, Protocol::STATIC] {
        let selection = Selection { version: Some(version), table: Some(table), protocol: Some(protocol) };
        dump_routes(&mut requests, selection, |route, _| marks.push(RouteMark::from(&route)))?;
    }
    let mut writer = RouteWriter::default();
    for mark in (0..PASSES).flat_map(|first| marks.iter().skip(first).step_by(PASSES)) {
        writer.remove(&mut requests, mark)?;
    }
    writer.flush(&mut requests)?;
    let failed = writer.take_failures().len();
    Ok(StopReport { removed: marks.len() - failed, next_hops: 0, failed })
}

/// Each pass removes every so-many-th route of what there was.
const PASSES: usize = 64;
