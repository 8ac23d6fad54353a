//! What there is to say about a file: findings with a place, and the count of what became of its lines.

use std::fmt;

use serde::Serialize;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The line has no effect here, and none is missed.
    Note,
    /// The router does less than, or something other than, the file says.
    Warning,
    /// The file is refused.
    Error,
}

/// One thing to say about one place of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Line number, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// How much it weighs.
    pub severity: Severity,
    /// What is the matter.
    pub message: String,
    /// What was probably meant, or what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Everything found in one file, in the order of lines. Bounded: past [`Findings::LIMIT`] only the count grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    list: Vec<Finding>,
    errors: usize,
    unlisted: usize,
}

/// What became of the lines of a file. Blank lines and comments are in no column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Lines of the file, blank ones and comments included.
    pub lines: usize,
    /// Changed the desired state, or opened or closed a section.
    pub acted_on: usize,
    /// Known, accepted and without effect here.
    pub without_effect: usize,
    /// Inside (or the head of) a section that is skipped whole.
    pub skipped: usize,
    /// Refused.
    pub errors: usize,
}

impl Findings {
    /// Most findings listed; a file of garbage must not fill the memory.
    pub const LIMIT: usize = 10_000;

    /// Adds one.
    pub fn push(&mut self, finding: Finding) {
        self.errors += usize::from(finding.severity == Severity::Error);
        if self.list.len() < Self::LIMIT {
            self.list.push(finding);
        } else {
            self.unlisted += 1;
        }
    }

    /// Puts the findings in the order of lines.
    pub fn sort(&mut self) {
        self.list.sort_by_key(|finding| (finding.line, finding.column));
    }

    /// True if the file must be refused.
    #[must_use]
    pub const fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many errors there are, listed or not.
    #[must_use]
    pub const fn errors(&self) -> usize {
        self.errors
    }

    /// How many findings are not in the list.
    #[must_use]
    pub const fn unlisted(&self) -> usize {
        self.unlisted
    }

    /// The findings, in the order of lines.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.list.iter()
    }

    /// How many of the listed findings weigh this much.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|finding| finding.severity == severity).count()
    }
}

impl Finding {
    /// `FILE:LINE:COLUMN: severity: message`, and the hint in brackets.
    #[must_use]
    pub fn display<'a>(&'a self, file: &'a str) -> impl fmt::Display + 'a {
        FindingIn { finding: self, file }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

struct FindingIn<'a> {
    finding: &'a Finding,
    file: &'a str,
}

impl fmt::Display for FindingIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { line, column, severity, message, hint } = self.finding;
        write!(f, "{}:{line}:{column}: {severity}: {message}", self.file)?;
        match hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}
