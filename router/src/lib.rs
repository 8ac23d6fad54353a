//! The parts of the `ridgeway` binary, as a library so that tests and the lab can use them.

pub mod control;
