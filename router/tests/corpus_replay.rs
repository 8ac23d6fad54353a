//! Every input that the fuzz target `frr_conf` has ever been interested in, once; then lines put together at random.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "frr_conf/property.rs"]
mod property;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

#[test]
fn the_corpus_of_the_fuzz_target_holds() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/frr_conf");
    let mut replayed = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        property::holds(&std::fs::read(entry.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed >= 5, "the corpus has gone");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_octets_are_answered(octets in vec(any::<u8>(), 0..400)) {
        property::holds(&octets);
    }

    #[test]
    fn any_mixture_of_lines_reads_back_as_printed(lines in vec(select(all_lines()), 0..60)) {
        property::holds(lines.join("\n").as_bytes());
    }

    #[test]
    fn any_mixture_of_words_is_answered(words in vec(select(all_words()), 0..200)) {
        property::holds(words.concat().as_bytes());
    }
}

const FILES: [&str; 3] = [
    include_str!("../../examples/router1.conf"),
    include_str!("data/overlay.conf"),
    include_str!("data/fabric.conf"),
];

/// The lines of the sample files, and `no` before each.
fn all_lines() -> Vec<String> {
    let lines = FILES.iter().flat_map(|file| file.lines());
    lines.flat_map(|line| [line.to_owned(), format!("no {}", line.trim())]).collect()
}

/// Their words, and line feeds.
fn all_words() -> Vec<String> {
    let words = FILES.iter().flat_map(|file| file.split_whitespace());
    words.flat_map(|word| [format!("{word} "), format!("{word}\n")]).collect()
}
