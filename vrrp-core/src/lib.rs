//! VRRP without I/O. The machine lands with the gateway; until then this crate is a name.
#![no_std]
