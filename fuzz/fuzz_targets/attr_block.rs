//! A block of attributes that nobody checked.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| testkit::fuzzing::attr_block(input));
