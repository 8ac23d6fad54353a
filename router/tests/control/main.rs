//! Show commands against outputs recorded from FRR 8.4.4 (`tests/golden/frr-8.4.4`).
//!
//! `scene` holds the state of the recorded router as snapshots, `world` answers questions from it. Times of the
//! moment are masked on both sides; everything else must be equal to the octet.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod golden;
mod pages;
mod scene;
mod session;
mod sockets;
mod world;
