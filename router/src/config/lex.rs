//! From octets to lines, from a line to words that know their column.
//!
//! Indentation means nothing in frr.conf; it is kept only because a section that is skipped whole is known by it.
//! `!` and `#` at the start of a line make a comment, except `!@`, which makes a directive of Ridgeway's. There is
//! no quoting: a word ends at a blank, and free text runs to the end of the line.

use nom::Parser;
use nom::bytes::complete::{tag, take_till1, take_while};
use nom::combinator::{consumed, opt};
use nom::multi::many0;
use nom::sequence::preceded;

/// Longest line taken, in octets; FRR's own limit.
pub(crate) const LONGEST_LINE: usize = 4096;

/// One line with something on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Without the blanks around it.
    pub text: &'a str,
    /// Blanks before it.
    pub indent: usize,
    /// Its words; the first is `!@` in a directive.
    pub words: Vec<Word<'a>>,
}

/// One word of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    /// The word.
    pub text: &'a str,
    /// This word and everything after it on the line.
    pub rest: &'a str,
    /// In characters, from 1.
    pub column: u32,
}

/// What stands on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lexed<'a> {
    /// Nothing, or a comment.
    Blank,
    /// Words.
    Line(Line<'a>),
    /// Octets that are no configuration text.
    Malformed {
        /// In characters (octets where the text is not UTF-8), from 1.
        column: u32,
        /// What is the matter.
        message: &'static str,
    },
}

impl Line<'_> {
    /// True if the line is this one word.
    #[must_use]
    pub(crate) fn is(&self, word: &str) -> bool {
        self.words.len() == 1 && self.words.first().is_some_and(|first| first.text == word)
    }
}

/// Splits one line, without its line feed, into words.
#[must_use]
pub(crate) fn lex(octets: &[u8]) -> Lexed<'_> {
    if octets.len() > LONGEST_LINE {
        let comment = octets.iter().find(|octet| !octet.is_ascii_whitespace());
        return match comment {
            Some(b'!' | b'#') => Lexed::Blank,
            _ => malformed(LONGEST_LINE + 1, "the line is longer than 4096 octets"),
        };
    }
    let text = match std::str::from_utf8(octets) {
        Ok(text) => text.trim_end(),
        Err(error) if is_comment(&String::from_utf8_lossy(octets)) => {
            let _ = error;
            return Lexed::Blank;
        }
        Err(error) => return malformed(error.valid_up_to() + 1, "not UTF-8 text"),
    };
    if text.trim_start().is_empty() || is_comment(text) {
        return Lexed::Blank;
    }
    if let Some(at) = text.chars().position(|c| c.is_control() && c != '\t') {
        return malformed(at + 1, "a control character");
    }
    Lexed::Line(split(text))
}

/// The lines of a text, without their line feeds.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.strip_suffix(b"\n").unwrap_or(text).split(|octet| *octet == b'\n')
}

fn is_comment(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('#') || (text.starts_with('!') && !text.starts_with("!@"))
}

fn split(text: &str) -> Line<'_> {
    let body = text.trim_start();
    let indent = text.len() - body.len();
    let blank = |c: char| c.is_whitespace();
    let word = preceded(take_while(blank), take_till1::<_, &str, ()>(blank));
    let parsed = (opt(consumed(tag("!@"))), many0(consumed(word))).parse(body);
    let (mark, spans) = parsed.map(|(_, found)| found).unwrap_or_default();
    let mut words = Vec::with_capacity(spans.len() + 1);
    let mut column = u32::try_from(text.chars().count() - body.chars().count()).unwrap_or(0) + 1;
    let mut rest = body;
    for (span, word) in mark.into_iter().chain(spans) {
        let lead = span.len() - word.len();
        let (blanks, at_word) = rest.split_at_checked(lead).unwrap_or(("", rest));
        column += width(blanks);
        words.push(Word { text: word, rest: at_word, column });
        column += width(word);
        rest = at_word.get(word.len()..).unwrap_or("");
    }
    Line { text: body, indent, words }
}

fn width(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

fn malformed(column: usize, message: &'static str) -> Lexed<'static> {
    Lexed::Malformed { column: u32::try_from(column).unwrap_or(u32::MAX), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<(u32, String)> {
        match lex(line.as_bytes()) {
            Lexed::Line(line) => line.words.iter().map(|word| (word.column, word.text.to_owned())).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn words_know_their_column_in_characters() {
        assert_eq!(words("  a\tbé  c "), [(3, "a".into()), (5, "bé".into()), (9, "c".into())]);
    }

    #[test]
    fn a_directive_is_not_a_comment() {
        assert_eq!(words(" !@ vrrp 5"), [(2, "!@".into()), (5, "vrrp".into()), (10, "5".into())]);
        assert_eq!(words("!@vrrp"), [(1, "!@".into()), (3, "vrrp".into())]);
        assert_eq!(lex(b" ! vrrp"), Lexed::Blank);
        assert_eq!(lex(b"# vrrp"), Lexed::Blank);
    }

    #[test]
    fn the_rest_of_a_line_starts_at_the_word() {
        let Lexed::Line(line) = lex(b" description  two  words") else { panic!() };
        assert_eq!(line.words.get(1).unwrap().rest, "two  words");
    }

    #[test]
    fn octets_that_are_no_text_are_named_with_their_column() {
        assert_eq!(lex(b"ab\xffc"), malformed(3, "not UTF-8 text"));
        assert_eq!(lex(b"ab\0c"), malformed(3, "a control character"));
        assert!(matches!(lex(&[b'x'; 5000]), Lexed::Malformed { column: 4097, .. }));
    }

    #[test]
    fn carriage_returns_are_no_part_of_a_line() {
        assert_eq!(words("hostname r1\r"), [(1, "hostname".into()), (10, "r1".into())]);
    }
}
