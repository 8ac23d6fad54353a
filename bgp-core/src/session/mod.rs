//! Placeholder until this room lands.
