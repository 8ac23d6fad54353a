//! The kernel's routing socket.
