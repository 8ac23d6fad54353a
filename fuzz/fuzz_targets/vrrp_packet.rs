//! A VRRP packet: the checks, and a virtual router that hears it.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| testkit::fuzzing::vrrp_packet(input));
