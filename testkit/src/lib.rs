//! Dev-only: what the tests of several crates share.
#![allow(clippy::expect_used)] // to panic is how a test speaks

pub mod fuzzing;
