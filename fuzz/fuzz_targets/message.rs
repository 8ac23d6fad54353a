//! A stream of messages: framing and every decoder.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| testkit::fuzzing::message(input));
