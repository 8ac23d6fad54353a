//! The library behind `ridgeway`: everything but the argument line.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm)
)]

pub mod config;
pub mod control;
pub mod driver;
