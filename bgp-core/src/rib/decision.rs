//! Which path is best: a ladder of rungs, each a row (RFC 4271 §9.1.2.2).
//!
//! Every rung removes the paths that are worse than the best at it; the ladder ends when one path is left. Since
//! each rung looks at all the paths that are left, the order in which they came has no say. That holds for MED
//! too: a path goes if another *of the same neighbouring AS* has a lower MED (§9.1.2.2 c), which is what `bgp
//! deterministic-med` asks for; we differ from FRR in that it cannot be turned off. There is no order between
//! two routes as such, and so no `Ord`.
//!
//! Rungs above [`MULTIPATH`] decide what may be used together; those below only break ties. The rungs and
//! their order are FRR's; RFC 5004 stands before the router identifier, as it asks.

use core::net::IpAddr;

use super::attrs::AttrId;
use super::digest::Digest;
use super::source::Origin;
use crate::speaker::config::DecisionConfig;
use crate::types::PeerKind;

/// One rung of the ladder.
#[derive(Debug)]
pub struct Rung {
    /// What FRR's users call it.
    pub name: &'static str,
    /// Where it is laid down.
    pub clause: &'static str,
    rule: Rule,
}

/// How a rung judges.
#[derive(Clone, Copy, Debug)]
enum Rule {
    /// The lowest stays.
    Lowest(fn(&Candidate, &Weighing) -> u128),
    /// The lowest within each group stays.
    LowestWithin(fn(&Candidate, &Weighing) -> u128, fn(&Candidate, &Weighing) -> u64),
    /// Those for which it holds stay, if there are any.
    Holds(fn(&Candidate, &Weighing) -> bool),
}

/// A path that takes part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// Where it stands among the paths of its prefix.
    pub(super) position: usize,
    /// Its attribute set after policy.
    pub(super) attrs: AttrId,
    /// The facts of that set.
    pub(super) digest: Digest,
    /// Who said it.
    pub(super) origin: Origin,
    /// Interior cost to its next hop.
    pub(super) metric: u32,
    /// The last decision chose it.
    pub(super) was_best: bool,
    /// Packets go there.
    pub(super) is_used: bool,
    /// The rung that removed it; none has yet, or it is the best.
    pub(super) lost_at: Option<usize>,
}

/// What the rungs need to know beside the paths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Weighing {
    /// Which optional rules hold.
    pub(super) config: DecisionConfig,
    /// LOCAL_PREF of paths that carry none.
    pub(super) default_local_pref: u32,
}

/// The rungs, from the first to the last.
pub const LADDER: [Rung; 13] = [
    Rung { name: "weight", clause: "FRR", rule: Rule::Lowest(|path, _| low(u16::MAX - path.digest.weight)) },
    Rung {
        name: "local preference",
        clause: "RFC 4271 §9.1.1",
        rule: Rule::Lowest(|path, with| {
            low(u32::MAX - path.digest.local_pref().unwrap_or(with.default_local_pref))
        }),
    },
    Rung {
        name: "locally originated",
        clause: "FRR",
        rule: Rule::Holds(|path, _| path.origin.kind == PeerKind::Local),
    },
    Rung {
        name: "AS path length",
        clause: "RFC 4271 §9.1.2.2 a",
        rule: Rule::Lowest(
            |path, with| {
                if with.config.as_path_ignore { 0 } else { low(path.digest.path_len) }
            },
        ),
    },
    Rung {
        name: "origin",
        clause: "RFC 4271 §9.1.2.2 b",
        rule: Rule::Lowest(|path, _| low(path.digest.origin)),
    },
    Rung {
        name: "MED",
        clause: "RFC 4271 §9.1.2.2 c",
        rule: Rule::LowestWithin(
            |path, with| {
                let missing = if with.config.med_missing_as_worst { u32::MAX } else { 0 };
                low(path.digest.med().unwrap_or(missing))
            },
            |path, with| {
                if with.config.always_compare_med {
                    return 0;
                }
                path.digest.neighbor().map_or(0, |asn| u64::from(asn.0) + 1)
            },
        ),
    },
    Rung {
        name: "external over internal",
        clause: "RFC 4271 §9.1.2.2 d",
        rule: Rule::Holds(|path, _| path.origin.kind == PeerKind::External),
    },
    Rung {
        name: "interior cost",
        clause: "RFC 4271 §9.1.2.2 e",
        rule: Rule::Lowest(|path, _| low(path.metric)),
    },
    Rung {
        name: "oldest external",
        clause: "RFC 5004 §3",
        rule: Rule::Holds(|path, with| {
            path.was_best && path.origin.kind == PeerKind::External && !with.config.compare_router_id
        }),
    },
    Rung {
        name: "router identifier",
        clause: "RFC 4271 §9.1.2.2 f, RFC 4456 §9",
        rule: Rule::Lowest(|path, _| low(path.digest.originator().unwrap_or(path.origin.router_id).0)),
    },
    Rung {
        name: "cluster list length",
        clause: "RFC 4456 §9",
        rule: Rule::Lowest(|path, _| low(path.digest.cluster_len)),
    },
    Rung {
        name: "peer address",
        clause: "RFC 4271 §9.1.2.2 g",
        rule: Rule::Lowest(|path, _| match path.origin.address {
            IpAddr::V4(addr) => low(addr.to_bits()),
            IpAddr::V6(addr) => addr.to_bits(),
        }),
    },
    Rung {
        name: "place in the table",
        clause: "paths of one peer, RFC 7911",
        rule: Rule::Lowest(|path, _| path.position as u128),
    },
];

/// The first rung that only breaks ties.
pub(super) const MULTIPATH: usize = 8;

/// Walks the ladder. The best is the candidate that no rung removed; there is exactly one, unless there are
/// none at all.
pub(super) fn decide(candidates: &mut [Candidate], with: &Weighing) {
    let mut left = candidates.len();
    for (at, rung) in LADDER.iter().enumerate() {
        if left < 2 {
            return;
        }
        left -= rung.judge(at, candidates, with);
    }
}

impl Rung {
    /// Removes what is worse; says how many.
    fn judge(&self, at: usize, candidates: &mut [Candidate], with: &Weighing) -> usize {
        match self.rule {
            Rule::Lowest(key) => remove_higher(candidates, at, |path| key(path, with)),
            Rule::LowestWithin(key, group) => {
                remove_within(candidates, at, |path| (group(path, with), key(path, with)))
            }
            Rule::Holds(holds) => remove_higher(candidates, at, |path| u8::from(!holds(path, with))),
        }
    }
}

fn left(candidates: &[Candidate]) -> impl Iterator<Item = &Candidate> {
    candidates.iter().filter(|path| path.lost_at.is_none())
}

/// The lowest key of those that are left; none if all have the same, as they do at most rungs.
fn lowest<K: Copy + Ord>(candidates: &[Candidate], key: impl Fn(&Candidate) -> K) -> Option<K> {
    let mut keys = left(candidates).map(key);
    let first = keys.next()?;
    let (lowest, highest) = keys.fold((first, first), |(low, high), key| (low.min(key), high.max(key)));
    (lowest != highest).then_some(lowest)
}

/// Removes each path whose key is not the lowest.
fn remove_higher<K: Copy + Ord>(
    candidates: &mut [Candidate],
    at: usize,
    key: impl Fn(&Candidate) -> K,
) -> usize {
    let Some(lowest) = lowest(candidates, &key) else { return 0 };
    let mut removed = 0;
    for path in candidates.iter_mut().filter(|path| path.lost_at.is_none()) {
        if key(path) > lowest {
            path.lost_at = Some(at);
            removed += 1;
        }
    }
    removed
}

/// Removes each path that another of its group beats. The lowest of a group stays, so it does not matter that
/// those removed before no longer count.
fn remove_within(candidates: &mut [Candidate], at: usize, key: impl Fn(&Candidate) -> (u64, u128)) -> usize {
    if lowest(candidates, |path| key(path).1).is_none() {
        return 0;
    }
    let mut removed = 0;
    for index in 0..candidates.len() {
        let Some(path) = candidates.get(index).filter(|path| path.lost_at.is_none()) else { continue };
        let (group, value) = key(path);
        let is_beaten = left(candidates).map(&key).any(|other| other.0 == group && other.1 < value);
        if is_beaten && let Some(path) = candidates.get_mut(index) {
            path.lost_at = Some(at);
            removed += 1;
        }
    }
    removed
}

fn low(value: impl Into<u128>) -> u128 {
    value.into()
}
