//! frr.conf ⇄ typed desired state.
//!
//! ```text
//! octets ─▶ lex ─▶ grammar (rows under lines/) ─▶ editor ─▶ draft ─▶ resolve ─▶ Desired
//!           words   which row, which values        │        what is said        what is wanted
//!                                                  └─▶ script ─▶ render ─▶ show running-config
//! ```
//!
//! Every line is acted on, or accepted without effect for a reason, or part of a section that is skipped with one
//! warning, or an error with line and column. Adding a line is adding a row to a table under `lines`; the same
//! rows serve files and, line by line, a command line. Nothing in here does I/O but [`check`].

pub mod check;
mod desired;
mod draft;
mod editor;
mod finding;
mod grammar;
mod lex;
mod lines;
mod pattern;
mod place;
mod render;
mod resolve;
mod row;
mod script;
mod section;
mod statement;
mod suggest;
mod value;

pub use desired::{
    Desired, Forwarding, Interface, LogConfig, LogLevel, RouterAdvert, StaticRoute, StaticTarget, Track,
    TrackObject, Vrrp,
};
pub use editor::{Editor, LineOutcome};
pub use finding::{Account, Finding, Findings, Severity};
pub use grammar::Fault;
pub use place::{Node, Place};
pub use render::{Daemon, running_config};
pub use script::Script;
pub use statement::Spot;

/// A configuration text, read.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// What it asks for. Lines with errors are left out of it.
    pub desired: Desired,
    /// What there is to say about it.
    pub findings: Findings,
    /// What became of its lines.
    pub account: Account,
    /// Its lines as `show running-config` prints them.
    pub script: Script,
}

/// Reads a configuration. Any octets are answered, with findings at worst.
#[must_use]
pub fn load(text: &[u8]) -> Loaded {
    let mut editor = Editor::default();
    for line in lex::lines(text) {
        editor.apply_line(line);
    }
    let (desired, findings) = editor.resolve();
    Loaded { desired, findings, account: editor.account(), script: editor.script().clone() }
}
