//! What benchmarks share: tables to load, peers to load them with, and what a load costs.

pub mod load;
pub mod mrt;
pub mod peer;
pub mod process;
pub mod table;
