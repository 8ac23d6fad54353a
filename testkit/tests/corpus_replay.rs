//! Every input that the fuzz targets keep, and some hostile octets beside them, on the stable toolchain.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use testkit::fuzzing::{TARGETS, Target};

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn the_corpora_hold() {
    for (name, target) in TARGETS {
        let inputs = corpus(name);
        assert!(inputs.len() >= 3, "{name} has seeds");
        inputs.iter().for_each(|input| target(input));
    }
}

/// A seed with some octets changed, and cut or repeated at the end.
fn malformed_twin() -> impl Strategy<Value = (Target, Vec<u8>)> {
    let changes = vec((any::<Index>(), any::<u8>()), 0..6);
    (0..TARGETS.len(), any::<Index>(), changes, any::<Index>(), any::<bool>()).prop_map(
        |(target, seed, changes, end, is_doubled)| {
            let target = TARGETS[target];
            let mut input = seed.get(&corpus(target.0)).clone();
            for (at, octet) in changes {
                *at.get_mut(&mut input) = octet;
            }
            if is_doubled {
                input.extend_from_within(1..);
            } else {
                input.truncate(end.index(input.len()) + 1);
            }
            (target, input)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn malformed_twins_hold((target, input) in malformed_twin()) {
        target.1(&input);
    }

    #[test]
    fn random_octets_hold(input in vec(any::<u8>(), 0..300)) {
        TARGETS.iter().for_each(|(_, target)| target(&input));
    }
}
