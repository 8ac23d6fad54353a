//! A list of prefixes.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| testkit::fuzzing::nlri(input));
