//! Placeholder until the first room lands.
fn main() {}
