//! Placeholder until this room lands.

pub mod config;
