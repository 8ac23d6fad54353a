//! What benchmarks share: tables to load, and the loader that plays all the peers.
//!
//! ```text
//! table, mrt ──▶ message ──octets──▶ loader ──▶ the router under test ──▶ loader ──▶ present
//! ```
//!
//! The driver that runs daemons with it is `benches/full-table`.

pub mod loader;
pub mod message;
pub mod mrt;
pub mod present;
pub mod process;
pub mod table;
