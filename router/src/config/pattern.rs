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
//! need not repeat what follows a `=` that stands alone.

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
    firsts: Vec<Token>,
    /// What every line of this pattern begins with, one token a word.
    lead: Vec<Token>,
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
        let mut pattern = Self { states: vec![State::End], start: 0, firsts: Vec::new(), lead: Vec::new() };
        pattern.start = pattern.lay(&parts, 0);
        pattern.lead = lead(&parts);
        let mut misfit = Misfit::default();
        let empty = pattern.fit(&[], false, &mut misfit);
        pattern.firsts = misfit.expected;
        empty.is_none().then_some(pattern)
    }

    /// True if a line that begins with `word` may fit. Cheap: most rows are ruled out by it.
    pub(crate) fn may_begin_with(&self, word: &str) -> bool {
        self.firsts.iter().any(|token| token.grade(word).is_some())
    }

    /// What a line can begin with.
    pub(crate) fn firsts(&self) -> &[Token] {
        &self.firsts
    }

    /// Matches all words; with `negated`, what follows the `=` may be left out.
    pub(crate) fn fit(&self, words: &[Word<'_>], negated: bool, trail: &mut impl Trail) -> Option<Fit> {
        // Most lines part from most patterns here, at little cost.
        for (at, token) in self.lead.iter().enumerate() {
            match words.get(at).and_then(|word| token.grade(word.text)) {
                Some(grade) => trail.taken(at, grade),
                None => {
                    trail.missed(at, Some(*token));
                    return None;
                }
            }
        }
        let mut fit = Fit::default();
        let mut open = vec![Mark { state: self.start, word: 0, taken: 0, valued: false }];
        // What fails once from a state and a word fails again: each pair is tried once, so no line makes this spin.
        let mut tried = vec![false; self.states.len() * (words.len() + 1)];
        while let Some(mark) = open.pop() {
            match tried.get_mut(mark.word * self.states.len() + mark.state) {
                Some(tried) if !*tried => *tried = true,
                Some(_) | None => continue,
            }
            fit.values.truncate(mark.taken);
            fit.grades.truncate(mark.taken);
            fit.keyed.truncate(mark.taken);
            match self.states.get(mark.state) {
                Some(State::End) if mark.word == words.len() => return Some(fit),
                Some(State::End) | None => trail.missed(mark.word, None),
                Some(State::Key(_)) if negated && mark.word == words.len() => return Some(fit),
                Some(State::Key(next)) => open.push(Mark { state: *next, valued: true, ..mark }),
                Some(State::Split(ways)) => {
                    let ways = self.sensible(ways, words.get(mark.word), (mark.word, trail));
                    open.extend(ways.into_iter().rev().map(|state| Mark { state, ..mark }));
                }
                Some(State::Take { token, valued, next }) => match words.get(mark.word) {
                    Some(word) => match token.take(word) {
                        Some((found, grade)) => {
                            trail.taken(mark.word, grade);
                            fit.values.push(found);
                            fit.grades.push(grade);
                            fit.keyed.push(!mark.valued && !valued);
                            let line = *token == Token::Value(Kind::Line);
                            let word = if line { words.len() } else { mark.word + 1 };
                            open.push(Mark { state: *next, word, taken: mark.taken + 1, ..mark });
                        }
                        None => trail.missed(mark.word, Some(*token)),
                    },
                    None => trail.missed(mark.word, Some(*token)),
                },
            }
        }
        None
    }

    /// The ways worth trying: a keyword in full first, an abbreviation only if it is of one keyword.
    fn sensible(
        &self,
        ways: &[usize],
        word: Option<&Word<'_>>,
        (at, trail): (usize, &mut impl Trail),
    ) -> Vec<usize> {
        let grade = |way: &usize| match (self.states.get(*way), word) {
            (Some(State::Take { token: token @ Token::Keyword(_), .. }), Some(word)) => {
                token.grade(word.text)
            }
            _ => None,
        };
        let exact = ways.iter().filter(|way| grade(way) == Some(Grade::Exact));
        let short: Vec<&usize> = ways.iter().filter(|way| grade(way) == Some(Grade::Short)).collect();
        let ambiguous = short.len() > 1 && exact.clone().next().is_none();
        if ambiguous {
            for way in &short {
                if let Some(State::Take { token, .. }) = self.states.get(**way) {
                    trail.missed(at, Some(*token));
                }
            }
        }
        let others = ways.iter().filter(|way| match grade(way) {
            Some(Grade::Exact) => false,
            Some(Grade::Short) => !ambiguous,
            Some(Grade::Typed | Grade::Free) | None => true,
        });
        exact.chain(others).copied().collect()
    }

    /// Lines that fit: each way through each choice at least once.
    #[cfg(test)]
    pub(crate) fn samples(&self) -> Vec<String> {
        let mut samples = Vec::new();
        let mut open = vec![(self.start, Vec::new(), Vec::<usize>::new())];
        while let Some((at, words, seen)) = open.pop() {
            match self.states.get(at) {
                Some(State::Take { token, next, .. }) => {
                    let word = match token {
                        Token::Keyword(keyword) => (*keyword).to_owned(),
                        Token::Value(kind) => kind.sample(),
                    };
                    open.push((*next, [words, vec![word]].concat(), seen));
                }
                Some(State::Key(next)) => open.push((*next, words, seen)),
                // A way already taken is not taken again: loops end.
                Some(State::Split(ways)) => open.extend(
                    ways.iter()
                        .filter(|way| !seen.contains(way))
                        .map(|way| (*way, words.clone(), [seen.clone(), vec![*way]].concat())),
                ),
                Some(State::End) | None => samples.push(words.join(" ")),
            }
        }
        samples
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

/// What is kept of a match while it runs.
pub(crate) trait Trail {
    /// A word fitted.
    fn taken(&mut self, at: usize, grade: Grade);
    /// Nothing fitted but this token would have; `None` if the line should have ended.
    fn missed(&mut self, at: usize, token: Option<Token>);
}

/// Which of the first 64 words are keywords in full: no abbreviation of a longer keyword is looked for there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct InFull(u64);

impl InFull {
    /// True if `fit` takes one of these words for an abbreviation.
    pub(crate) fn forbids(self, fit: &Fit) -> bool {
        let at_word = |at: usize| 1u64.checked_shl(u32::try_from(at).unwrap_or(64)).unwrap_or(0);
        fit.grades.iter().enumerate().any(|(at, grade)| *grade == Grade::Short && self.0 & at_word(at) != 0)
    }
}

impl Trail for InFull {
    fn taken(&mut self, at: usize, grade: Grade) {
        if grade == Grade::Exact {
            self.0 |= 1u64.checked_shl(u32::try_from(at).unwrap_or(64)).unwrap_or(0);
        }
    }

    fn missed(&mut self, _: usize, _: Option<Token>) {}
}

impl Trail for Misfit {
    fn taken(&mut self, _: usize, _: Grade) {}

    fn missed(&mut self, at: usize, token: Option<Token>) {
        self.note(at, token);
    }
}

impl Misfit {
    /// Keeps what was expected at the furthest word.
    pub(crate) fn merge(&mut self, other: Self) {
        if other.at > self.at {
            *self = other;
        } else if self.expected.len() < MOST_EXPECTED && other.at == self.at {
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

/// More than this nobody reads.
const MOST_EXPECTED: usize = 200;

#[derive(Clone, Copy)]
struct Mark {
    state: usize,
    word: usize,
    taken: usize,
    valued: bool,
}

fn lead(parts: &[Part]) -> Vec<Token> {
    let tokens = parts.iter().map_while(|part| match part {
        Part::Token(token) if *token != Token::Value(Kind::Line) => Some(*token),
        _ => None,
    });
    tokens.collect()
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
        let mut misfit = Misfit::default();
        Pattern::compile(pattern).unwrap().fit(&line.words, false, &mut misfit).ok_or(misfit)
    }

    fn no(pattern: &'static str, line: &str) -> bool {
        let Lexed::Line(line) = lex(line.as_bytes()) else { panic!("{line}") };
        Pattern::compile(pattern).unwrap().fit(&line.words, true, &mut Misfit::default()).is_some()
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
    fn an_abbreviation_must_be_of_one_keyword() {
        assert!(fit("log <errors|emergencies|alerts>", "log er").is_ok());
        let misfit = fit("log <errors|emergencies|alerts>", "log e").unwrap_err();
        assert_eq!((misfit.at, misfit.expected.len()), (1, 3));
        assert!(fit("a <route-map|route> (1-9)", "a route 5").is_ok());
    }

    #[test]
    fn choices_that_fail_are_not_tried_again_and_again() {
        let line = format!("route {}x", "t 5 ".repeat(1000));
        assert!(fit("route {t (1-5)|t (5-9)|<t|u> (1-9)}", &line).is_err());
    }

    #[test]
    fn a_long_line_of_repetitions_is_walked_once() {
        let line = format!("prepend {}x", "1 ".repeat(2000));
        assert_eq!(fit("prepend ASN...", &line).unwrap_err().at, 2001);
    }
}
