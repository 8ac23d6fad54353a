//! Which paths are used together (ECMP).
//!
//! Those that no rung above [`MULTIPATH`] tells from the best, and that FRR would take: external ones of the same
//! neighbour, internal ones with the same AS path, any of the same length with `as-path multipath-relax`. Most
//! `maximum-paths` of them; if there are more, the lowest router identifiers and addresses are taken, so that
//! the order of arrival has no say.

use super::attrs::Interner;
use super::decision::{Candidate, MULTIPATH};
use crate::types::PeerKind;

/// Marks the best path and those used beside it.
pub(super) fn choose(candidates: &mut [Candidate], limit: usize, is_relaxed: bool, attrs: &Interner) {
    let Some(best) = candidates.iter_mut().find(|path| path.lost_at.is_none()) else { return };
    best.is_used = true;
    let best = *best;
    for _ in 1..limit.min(candidates.len()) {
        let next = candidates
            .iter_mut()
            .filter(|path| !path.is_used && is_equal(&best, path, is_relaxed, attrs))
            .min_by_key(|path| (path.origin.router_id, path.origin.address, path.position));
        match next {
            Some(path) => path.is_used = true,
            None => return,
        }
    }
}

fn is_equal(best: &Candidate, other: &Candidate, is_relaxed: bool, attrs: &Interner) -> bool {
    if other.lost_at.is_some_and(|rung| rung < MULTIPATH) {
        return false;
    }
    match (best.origin.kind, other.origin.kind) {
        (PeerKind::Local, _) | (_, PeerKind::Local) => false,
        _ if is_relaxed => true,
        (PeerKind::External, PeerKind::External) => best.origin.asn == other.origin.asn,
        (PeerKind::External, _) | (_, PeerKind::External) => false,
        (PeerKind::Internal | PeerKind::Client, PeerKind::Internal | PeerKind::Client) => {
            attrs.block(best.attrs).as_path() == attrs.block(other.attrs).as_path()
        }
    }
}
