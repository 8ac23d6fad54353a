//! An established session, its input whole and in pieces.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| testkit::fuzzing::session(input));
