//! Regular expressions over AS paths and communities, in the dialect of routers.
//!
//! The text of a path is its numbers separated by blanks, sets in braces: `65001 65002 {65003,65004}`. In an
//! expression `_` stands for a boundary: the start, the end, or whatever separates numbers. The engine answers
//! in time linear in the text, whatever the expression.

use alloc::string::String;

use regex_automata::meta::Regex;

/// A compiled expression that remembers how it was written.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

/// Why an expression was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a regular expression: {reason}")]
pub struct PatternError {
    /// What the engine says.
    pub reason: String,
}

impl Pattern {
    /// Compiles `text`.
    ///
    /// # Errors
    ///
    /// Where the text is not a regular expression, or one too large to compile.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let mut expression = String::with_capacity(text.len() + 16);
        for character in text.chars() {
            match character {
                '_' => expression.push_str(BOUNDARY),
                other => expression.push(other),
            }
        }
        let config = Regex::config().nfa_size_limit(Some(MAX_COMPILED_OCTETS));
        let regex = Regex::builder()
            .configure(config)
            .build(&expression)
            .map_err(|error| PatternError { reason: reason(&error) })?;
        Ok(Self { text: text.into(), regex })
    }

    /// As configured.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// True if the expression is found in `text`.
    #[must_use]
    pub fn is_match(&self, text: &(impl AsRef<[u8]> + ?Sized)) -> bool {
        self.regex.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

fn reason(error: &regex_automata::meta::BuildError) -> String {
    error.syntax_error().map_or_else(|| "too large".into(), |syntax| alloc::format!("{syntax}"))
}

const BOUNDARY: &str = "(?:^|[,{}() ]|$)";
const MAX_COMPILED_OCTETS: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn underscore_is_a_boundary() {
        let direct = Pattern::new("^64500(_64500)*$").unwrap();
        assert!(direct.is_match("64500"));
        assert!(direct.is_match("64500 64500 64500"));
        assert!(!direct.is_match("64500 64501"));
        assert!(!direct.is_match("164500"));
        assert!(!direct.is_match(""));
        let through = Pattern::new("_65003_").unwrap();
        assert!(through.is_match("65003"));
        assert!(through.is_match("65001 65002 {65003,65004}"));
        assert!(!through.is_match("65001 650030"));
        assert!(Pattern::new("^$").unwrap().is_match(""));
    }

    #[test]
    fn what_is_not_an_expression_is_refused() {
        assert!(Pattern::new("(64500").is_err());
        assert!(Pattern::new("(((((.{1000}){1000}){1000}){1000}){1000})").is_err());
    }
}
