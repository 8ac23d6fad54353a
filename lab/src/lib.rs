//! Placeholder until the first room lands.
