//! A configuration file.
#![no_main]

#[path = "../../router/tests/frr_conf/property.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|input: &[u8]| property::holds(input));
