//! Lines that steer the session itself, known in every node.

use std::sync::LazyLock;

use super::Unclear;
use super::pattern::{Sequence, choose};

/// What a steering line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Enable,
    Disable,
    Configure,
    End,
    Exit,
    Ping,
    /// Brackets around a file that vtysh feeds.
    Mark,
}

/// The steering line meant, if it is one.
pub(crate) fn verb(line: &str) -> Result<Verb, Unclear> {
    let rows = SEQUENCES.iter().map(|(verb, sequence)| (verb, sequence));
    choose(rows, line).map(|(verb, _)| *verb)
}

static SEQUENCES: LazyLock<Vec<(Verb, Sequence)>> = LazyLock::new(|| {
    let spell = |(pattern, verb): &(&'static str, Verb)| {
        let verb = *verb;
        Sequence::expand(pattern).into_iter().map(move |sequence| (verb, sequence))
    };
    ROWS.iter().flat_map(spell).collect()
});

const ROWS: &[(&str, Verb)] = &[
    ("enable", Verb::Enable),
    ("disable", Verb::Disable),
    ("configure [terminal [file-lock]]", Verb::Configure),
    ("end", Verb::End),
    ("<exit|quit>", Verb::Exit),
    ("echo PING", Verb::Ping),
    ("<XFRR_start_configuration|XFRR_end_configuration>", Verb::Mark),
];
