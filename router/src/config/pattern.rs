//! Patterns of lines: written as in FRR's manual, compiled to a small machine, matched against words.
//!
//! ```text
//! keyword            as it stands, or any prefix of it that only one row fits
//! A.B.C.D (1-255) …  a value; the kinds are in `value`
//! [x]                may be left out          <x|y>   one of them
//! {x|y}              any of them, any order   x...    once or more
//! =                  what stands before it says *which* setting, what follows says its value
//! =x                 this one word is value, what follows it is not
//! ```
//!
//! The `=` is not typed. Two lines that differ in values only set the same thing, so the later one counts, and `no`
//! need not repeat what follows a `=` that stands alone. Matching tries alternatives in order and steps back at most as far as the pattern
//! has choices; a line has at most 4096 octets, so no input makes it spin.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, space0};
use nom::combinator::{all_consuming, map, opt, value};
use nom::multi::{many1, separated_list1};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use super::lex::Word;
use super::value::{Kind, Value};

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    states: Vec<State>,
    start: usize,
}

/// How a line fits a pattern.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fit {
    /// The values, one for each word (or for the rest of the line).
    pub values: Vec<Value>,
    /// How closely each word fits.
    pub grades: Vec<Grade>,
    /// Of each value, whether it helps to say which setting it is.
    pub keyed: Vec<bool>,
}

/// How closely a word fits; the first is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grade {
    /// The keyword itself.
    Exact,
    /// A prefix of the keyword.
    Short,
    /// A value that not every word would be.
    Typed,
    /// A value that every word would be.
    Free,
}

/// Why a line does not fit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Misfit {
    /// The first word that fits nothing; the number of words if more were expected.
    pub at: usize,
    /// What could have stood there. Empty: nothing more.
    pub expected: Vec<Token>,
}

/// What one word can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub(crate) enum Token {
    Keyword(&'static str),
    Value(Kind),
}

#[derive(Clone, Debug)]
enum State {
    Take { token: Token, valued: bool, next: usize },
    Split(Vec<usize>),
    Key(usize),
    End,
}

#[derive(Clone, Debug)]
enum Part {
    Token(Token),
    Valued(Token),
    Key,
    Optional(Vec<Part>),
    OneOf(Vec<Vec<Part>>),
    AnyOf(Vec<Vec<Part>>),
    Repeated(Token),
}

impl Pattern {
    /// Compiles a pattern. `None` if it is not well-formed, which a test rules out for every row.
    pub(crate) fn compile(text: &'static str) -> Option<Self> {
        let (_, parts) = all_consuming(delimited(space0, sequence, space0)).parse(text).ok()?;
        let mut pattern = Self { states: vec![State::End], start: 0 };
        pattern.start = pattern.lay(&parts, 0);
        Some(pattern)
    }

    /// True if a line that begins with `word` may fit. Cheap; most rows are ruled out by it.
    pub(crate) fn may_begin_with(&self, word: &str) -> bool {
        let mut open = vec![self.start];
        while let Some(at) = open.pop() {
            match self.states.get(at) {
                Some(State::Take { token, .. }) => {
                    if token.grade(word).is_some() {
                        return true;
                    }
                }
                Some(State::Split(ways)) => open.extend(ways),
                Some(State::Key(next)) => open.push(*next),
                Some(State::End) | None => {}
            }
        }
        false
    }

    /// Matches all words; with `negated`, what follows the `=` may be left out.
    ///
    /// # Errors
    ///
    /// Says how far the words fitted, and what could have stood next.
    pub(crate) fn fit(&self, words: &[Word<'_>], negated: bool) -> Result<Fit, Misfit> {
        let mut misfit = Misfit::default();
        let mut fit = Fit::default();
        let mut open = vec![Mark { state: self.start, word: 0, taken: 0, valued: false }];
        while let Some(mark) = open.pop() {
            fit.values.truncate(mark.taken);
            fit.grades.truncate(mark.taken);
            fit.keyed.truncate(mark.taken);
            match self.states.get(mark.state) {
                Some(State::End) if mark.word == words.len() => return Ok(fit),
                Some(State::End) | None => misfit.note(mark.word, None),
                Some(State::Key(_)) if negated && mark.word == words.len() => return Ok(fit),
                Some(State::Key(next)) => open.push(Mark { state: *next, valued: true, ..mark }),
                Some(State::Split(ways)) => {
                    open.extend(ways.iter().rev().map(|way| Mark { state: *way, ..mark }));
                }
                Some(State::Take { token, valued, next }) => match words.get(mark.word) {
                    Some(word) => match token.take(word) {
                        Some((found, grade)) => {
                            fit.values.push(found);
                            fit.grades.push(grade);
                            fit.keyed.push(!mark.valued && !valued);
                            let line = *token == Token::Value(Kind::Line);
                            let word = if line { words.len() } else { mark.word + 1 };
                            open.push(Mark { state: *next, word, taken: mark.taken + 1, ..mark });
                        }
                        None => misfit.note(mark.word, Some(*token)),
                    },
                    None => misfit.note(mark.word, Some(*token)),
                },
            }
        }
        Err(misfit)
    }

    /// Adds the states of `parts`, after which `next` follows; says where they begin.
    fn lay(&mut self, parts: &[Part], next: usize) -> usize {
        parts.iter().rev().fold(next, |next, part| match part {
            Part::Token(token) => self.add(State::Take { token: *token, valued: false, next }),
            Part::Valued(token) => self.add(State::Take { token: *token, valued: true, next }),
            Part::Key => self.add(State::Key(next)),
            Part::Optional(inner) => {
                let taken = self.lay(inner, next);
                self.add(State::Split(vec![taken, next]))
            }
            Part::OneOf(choices) => {
                let ways = choices.iter().map(|choice| self.lay(choice, next)).collect();
                self.add(State::Split(ways))
            }
            Part::AnyOf(choices) => {
                let again = self.add(State::End);
                let mut ways: Vec<_> = choices.iter().map(|choice| self.lay(choice, again)).collect();
                ways.push(next);
                self.replace(again, State::Split(ways))
            }
            Part::Repeated(token) => {
                let again = self.add(State::End);
                let first = self.add(State::Take { token: *token, valued: false, next: again });
                self.replace(again, State::Split(vec![first, next]));
                first
            }
        })
    }

    fn add(&mut self, state: State) -> usize {
        self.states.push(state);
        self.states.len() - 1
    }

    fn replace(&mut self, at: usize, state: State) -> usize {
        if let Some(slot) = self.states.get_mut(at) {
            *slot = state;
        }
        at
    }
}

impl Misfit {
    /// Keeps what was expected at the furthest word.
    pub(crate) fn merge(&mut self, other: Self) {
        if other.at > self.at {
            *self = other;
        } else if other.at == self.at {
            for token in other.expected {
                self.note(other.at, Some(token));
            }
        }
    }

    fn note(&mut self, at: usize, token: Option<Token>) {
        if at > self.at {
            self.at = at;
            self.expected.clear();
        }
        if at == self.at {
            self.expected.extend(token.filter(|token| !self.expected.contains(token)));
        }
    }
}

impl Token {
    fn grade(self, word: &str) -> Option<Grade> {
        match self {
            Self::Keyword(keyword) if keyword == word => Some(Grade::Exact),
            Self::Keyword(keyword) => keyword.starts_with(word).then_some(Grade::Short),
            Self::Value(kind) if kind.is_free() => Some(Grade::Free),
            Self::Value(kind) => kind.parse(word).map(|_| Grade::Typed),
        }
    }

    fn take(self, word: &Word<'_>) -> Option<(Value, Grade)> {
        match self {
            Self::Keyword(keyword) => Some((Value::Keyword(keyword), self.grade(word.text)?)),
            Self::Value(Kind::Line) => Some((Value::Text(word.rest.to_owned()), Grade::Free)),
            Self::Value(kind) => {
                let grade = if kind.is_free() { Grade::Free } else { Grade::Typed };
                Some((kind.parse(word.text)?, grade))
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Mark {
    state: usize,
    word: usize,
    taken: usize,
    valued: bool,
}

fn sequence(input: &'static str) -> IResult<&'static str, Vec<Part>> {
    many1(preceded(space0, part)).parse(input)
}

fn part(input: &'static str) -> IResult<&'static str, Part> {
    let choices = |open, close| {
        delimited(char(open), separated_list1((space0, char('|')), sequence), (space0, char(close)))
    };
    let optional = delimited(char('['), sequence, (space0, char(']')));
    alt((
        map(preceded(char('='), token), Part::Valued),
        value(Part::Key, char('=')),
        map(optional, Part::Optional),
        map(choices('<', '>'), Part::OneOf),
        map(choices('{', '}'), Part::AnyOf),
        map((token, opt(tag("..."))), |(token, repeated)| match repeated {
            Some(_) => Part::Repeated(token),
            None => Part::Token(token),
        }),
    ))
    .parse(input)
}

fn token(input: &'static str) -> IResult<&'static str, Token> {
    let ends = |c: char| c.is_whitespace() || "[]<>{}|=".contains(c);
    let (_, text) = take_while1(|c: char| !ends(c)).parse(input)?;
    let text = text.strip_suffix("...").unwrap_or(text);
    let rest = input.get(text.len()..).unwrap_or("");
    Ok((rest, Kind::from_token(text).map_or(Token::Keyword(text), Token::Value)))
}

#[cfg(test)]
mod tests {
    use super::super::lex::{Lexed, lex};
    use super::*;

    fn fit(pattern: &'static str, line: &str) -> Result<Fit, Misfit> {
        let Lexed::Line(line) = lex(line.as_bytes()) else { panic!("{line}") };
        Pattern::compile(pattern).unwrap().fit(&line.words, false)
    }

    fn no(pattern: &'static str, line: &str) -> bool {
        let Lexed::Line(line) = lex(line.as_bytes()) else { panic!("{line}") };
        Pattern::compile(pattern).unwrap().fit(&line.words, true).is_ok()
    }

    #[test]
    fn optional_parts_choices_and_repetitions_fit() {
        let pattern = "maximum-prefix = (1-100) [(1-100)] [<restart (1-9)|warning-only>]";
        for line in ["maximum-prefix 5", "max 5 6", "max 5 6 restart 7", "max 5 warning-only", "max 5 6 w"] {
            assert!(fit(pattern, line).is_ok(), "{line}");
        }
        for line in ["max", "max 101", "max 5 6 7", "max 5 restart", "max 5 restart 1 warning-only"] {
            assert!(fit(pattern, line).is_err(), "{line}");
        }
        assert!(fit("aggregate {as-set|summary-only}", "aggregate summary-only as-set").is_ok());
        assert!(fit("aggregate {as-set|summary-only}", "aggregate").is_ok());
        assert_eq!(fit("prepend ASN...", "prepend 1 2 3").unwrap().values.len(), 4);
        assert_eq!(fit("prepend ASN...", "prepend").unwrap_err().at, 1);
    }

    #[test]
    fn the_value_may_be_left_out_of_a_no() {
        assert!(no("a (1-9) = (1-9) LINE", "a 1"));
        assert!(no("a (1-9) = (1-9) LINE", "a 1 2 three"));
        assert!(!no("a (1-9) = (1-9) LINE", "a"));
    }

    #[test]
    fn the_key_ends_where_the_value_begins() {
        assert_eq!(fit("description = LINE", "description two words").unwrap().keyed, [true, false]);
        assert_eq!(fit("network A.B.C.D/M", "network 10.0.0.0/8").unwrap().keyed, [true, true]);
        assert_eq!(fit("route-map =WORD <in|out>", "route-map M in").unwrap().keyed, [true, false, true]);
    }

    #[test]
    fn a_misfit_names_the_furthest_word_and_what_fits_there() {
        let misfit = fit("neighbor PEER <activate|shutdown>", "neighbor X activat2").unwrap_err();
        assert_eq!(misfit.at, 2);
        assert_eq!(misfit.expected, [Token::Keyword("activate"), Token::Keyword("shutdown")]);
        assert_eq!(fit("exit", "exit now").unwrap_err().at, 1);
        assert!(fit("exit", "exit now").unwrap_err().expected.is_empty());
    }

    #[test]
    fn a_long_line_of_repetitions_is_walked_once() {
        let line = format!("prepend {}x", "1 ".repeat(2000));
        assert_eq!(fit("prepend ASN...", &line).unwrap_err().at, 2001);
    }
}
