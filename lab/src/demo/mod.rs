//! The demo: the site live in the terminal, or without one a tour that checks what it shows.

pub(crate) mod tour;
pub(crate) mod view;
