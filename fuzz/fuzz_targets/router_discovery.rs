//! Router solicitations and advertisements: the checks, and a beacon that is asked.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| testkit::fuzzing::router_discovery(input));
