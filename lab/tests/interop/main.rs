//! Ours against the real daemons, each in network namespaces of its own.
//!
//! `LAB_DUT=frr` (or `bird`) puts another implementation in our place: a test that then fails asks too much.
//! `LAB_REQUIRE=1` makes a peer that is not installed a failure; otherwise its tests say so and pass.
#![allow(missing_docs)]

mod exchange;
