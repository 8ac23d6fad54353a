//! `ridgeway check FILE`: the account of a file.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use serde::Serialize;

use super::finding::{Account, Finding, Severity};
use super::{Loaded, load};

/// The account of one file.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The file, as named by the caller.
    pub file: String,
    /// What became of its lines.
    #[serde(flatten)]
    pub account: Account,
    /// What there is to say, in the order of lines.
    pub findings: Vec<Finding>,
    /// Findings that are not listed, because there are too many.
    pub unlisted: usize,
    /// False if the file has errors.
    pub ok: bool,
}

/// Reads a file and gives account of it.
///
/// # Errors
///
/// If the file cannot be read.
pub fn account(path: &Path) -> io::Result<Report> {
    Ok(Report::new(&path.display().to_string(), &load(&std::fs::read(path)?)))
}

impl Report {
    /// The account of what was read.
    #[must_use]
    pub fn new(file: &str, loaded: &Loaded) -> Self {
        Self {
            file: file.to_owned(),
            account: loaded.account,
            findings: loaded.findings.iter().cloned().collect(),
            unlisted: loaded.findings.unlisted(),
            ok: !loaded.findings.has_errors(),
        }
    }

    /// For people: a line for each finding, then the sums.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for finding in &self.findings {
            let _ = writeln!(out, "{}", finding.display(&self.file));
        }
        if self.unlisted > 0 {
            let _ = writeln!(out, "{}: {} more findings are not listed", self.file, self.unlisted);
        }
        let Account { lines, acted_on, without_effect, skipped, errors } = self.account;
        let count = |severity| self.findings.iter().filter(|finding| finding.severity == severity).count();
        let _ = writeln!(
            out,
            "{}: {lines} lines: {acted_on} acted on, {without_effect} without effect, {skipped} skipped, \
             {errors} refused; {} errors, {} warnings, {} notes",
            self.file,
            count(Severity::Error),
            count(Severity::Warning),
            count(Severity::Note),
        );
        out
    }

    /// For programs.
    ///
    /// # Errors
    ///
    /// None that could come of these types.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }
}
