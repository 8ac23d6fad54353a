//! Matching a command line against patterns, with FRR's rules for abbreviation.
//!
//! A pattern is words, `[…]` for what may be missing and `<a|b c>` for a choice; words in capitals stand for
//! values of a [`Kind`]. A keyword may be cut short as long as the line as a whole means one command: every
//! pattern is tried to its end, and of those that fit, keywords win over values and whole keywords over cut
//! ones, the first word counting most.

use core::net::IpAddr;

use bgp_core::Prefix;
use bgp_core::wire::attr::Community;

use super::Unclear;

/// A pattern spelled out: one line for every way to take its choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sequence(Vec<Token>);

/// One word of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Keyword(&'static str),
    Value(Kind),
}

/// What a value may look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `ADDRESS`: an IPv4 or IPv6 address.
    Address,
    /// `PREFIX`: address and length; host bits are allowed.
    Prefix,
    /// `NUMBER`: up to 32 bits.
    Number,
    /// `COMMUNITY`: `65000:1` or a well-known name.
    Community,
    /// `WORD`: anything.
    Word,
    /// `LINE`: anything, to the end of the line.
    Line,
}

/// The row that a line means, and the line as understood.
///
/// Two rows that fit equally well are one if they understand the same words.
pub(crate) fn choose<'l, 'r, R>(
    rows: impl Iterator<Item = (&'r R, &'r Sequence)>,
    line: &'l str,
) -> Result<(&'r R, Words<'l>), Unclear> {
    let typed: Vec<&str> = line.split_whitespace().collect();
    let mut best: Option<(Vec<Rank>, Words<'_>, &R)> = None;
    let mut is_ambiguous = false;
    let mut is_incomplete = false;
    for (row, sequence) in rows {
        match sequence.fit(&typed) {
            Fit::None => {}
            Fit::Incomplete => is_incomplete = true,
            Fit::Full(ranks, words) => match &best {
                Some((held, _, _)) if *held > ranks => {}
                Some((held, understood, _)) if *held == ranks => is_ambiguous |= *understood != words,
                _ => {
                    is_ambiguous = false;
                    best = Some((ranks, words, row));
                }
            },
        }
    }
    match best {
        Some(_) if is_ambiguous => Err(Unclear::Ambiguous),
        Some((_, words, row)) => Ok((row, words)),
        None if is_incomplete => Err(Unclear::Incomplete),
        None => Err(Unclear::Unknown),
    }
}

/// How well a line fits a sequence, worst first.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fit<'l> {
    /// Not at all.
    None,
    /// As far as it goes, but more is needed.
    Incomplete,
    /// As a whole; a rank for each word, and what was meant.
    Full(Vec<Rank>, Words<'l>),
}

/// How well one word fits, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// A free word.
    Word,
    /// A value with a form of its own.
    Typed,
    /// A keyword cut short.
    Abbreviated,
    /// A keyword.
    Keyword,
}

/// A line as it was understood: keywords written out, values as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words<'l> {
    keywords: Vec<&'static str>,
    values: Vec<&'l str>,
}

impl Sequence {
    /// Spells out a pattern.
    pub(crate) fn expand(pattern: &'static str) -> Vec<Self> {
        let mut rest = pattern;
        choices(&mut rest).into_iter().map(Self).collect()
    }

    /// Fits a line, given as words.
    fn fit<'l>(&self, line: &[&'l str]) -> Fit<'l> {
        let mut ranks = Vec::with_capacity(line.len());
        let mut words = Words::default();
        let mut tokens = self.0.iter();
        for typed in line {
            let Some(token) = tokens.next() else { return Fit::None };
            match token {
                Token::Keyword(keyword) if keyword == typed => ranks.push(Rank::Keyword),
                Token::Keyword(keyword) if keyword.starts_with(typed) => ranks.push(Rank::Abbreviated),
                Token::Value(Kind::Line) => {
                    ranks.push(Rank::Word);
                    return Fit::Full(ranks, words);
                }
                Token::Value(kind) if kind.accepts(typed) => ranks.push(kind.rank()),
                Token::Keyword(_) | Token::Value(_) => return Fit::None,
            }
            match token {
                Token::Keyword(keyword) => words.keywords.push(keyword),
                Token::Value(_) => words.values.push(typed),
            }
        }
        if tokens.next().is_some() { Fit::Incomplete } else { Fit::Full(ranks, words) }
    }
}

impl<'l> Words<'l> {
    /// True if the keyword was said.
    pub(crate) fn has(&self, keyword: &str) -> bool {
        self.keywords.contains(&keyword)
    }

    /// The first of these keywords that was said.
    pub(crate) fn which(&self, keywords: &[&'static str]) -> Option<&'static str> {
        self.keywords.iter().copied().find(|said| keywords.contains(said))
    }

    /// The values, in order.
    pub(crate) fn values(&self) -> &[&'l str] {
        &self.values
    }

    /// The first value.
    pub(crate) fn value(&self) -> Option<&'l str> {
        self.values.first().copied()
    }

    /// The first value as an address.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.value()?.parse().ok()
    }

    /// The first value as a prefix, host bits cleared.
    pub(crate) fn prefix(&self) -> Option<Prefix> {
        self.value()?.parse::<Prefix>().ok().map(|prefix| prefix.trunc())
    }
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        match name {
            "ADDRESS" => Some(Self::Address),
            "PREFIX" => Some(Self::Prefix),
            "NUMBER" => Some(Self::Number),
            "COMMUNITY" => Some(Self::Community),
            "WORD" => Some(Self::Word),
            "LINE" => Some(Self::Line),
            _ => None,
        }
    }

    fn accepts(self, typed: &str) -> bool {
        match self {
            Self::Address => typed.parse::<IpAddr>().is_ok(),
            Self::Prefix => typed.parse::<Prefix>().is_ok(),
            Self::Number => typed.parse::<u32>().is_ok(),
            Self::Community => typed.parse::<Community>().is_ok(),
            Self::Word | Self::Line => true,
        }
    }

    const fn rank(self) -> Rank {
        match self {
            Self::Address | Self::Prefix | Self::Number | Self::Community => Rank::Typed,
            Self::Word | Self::Line => Rank::Word,
        }
    }
}

/// Alternatives up to a closing bracket or the end.
fn choices(rest: &mut &'static str) -> Vec<Vec<Token>> {
    let mut all = sequence(rest);
    while let Some(after) = rest.strip_prefix('|') {
        *rest = after;
        all.extend(sequence(rest));
    }
    all
}

/// Items one after the other; every way to take them.
fn sequence(rest: &mut &'static str) -> Vec<Vec<Token>> {
    let mut ways = vec![Vec::new()];
    loop {
        *rest = rest.trim_start();
        let item = match rest.chars().next() {
            None | Some('|' | ']' | '>') => return ways,
            Some(open @ ('[' | '<')) => bracket(rest, open == '['),
            Some(_) => vec![vec![word(rest)]],
        };
        ways = ways
            .iter()
            .flat_map(|way| item.iter().map(move |more| way.iter().chain(more).copied().collect()))
            .collect();
    }
}

fn bracket(rest: &mut &'static str, is_optional: bool) -> Vec<Vec<Token>> {
    *rest = rest.get(1..).unwrap_or("");
    let mut ways = choices(rest);
    *rest = rest.get(1..).unwrap_or("");
    if is_optional {
        ways.insert(0, Vec::new());
    }
    ways
}

fn word(rest: &mut &'static str) -> Token {
    let end = rest.find([' ', '|', '[', ']', '<', '>']).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    *rest = after;
    Kind::of(word).map_or(Token::Keyword(word), Token::Value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keywords(sequence: &Sequence) -> String {
        let word = |token: &Token| match token {
            Token::Keyword(keyword) => (*keyword).to_string(),
            Token::Value(kind) => format!("{kind:?}"),
        };
        sequence.0.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_pattern_is_every_way_to_take_its_choices() {
        let all: Vec<_> = Sequence::expand("show <a|b [c]> [ADDRESS] end").iter().map(keywords).collect();
        let expected = [
            "show a end",
            "show a Address end",
            "show b end",
            "show b Address end",
            "show b c end",
            "show b c Address end",
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn words_may_be_cut_short_and_values_keep_their_form() {
        let [sequence] = Sequence::expand("show route PREFIX json").try_into().unwrap();
        assert_eq!(sequence.fit(&["sh", "ro"]), Fit::Incomplete);
        assert_eq!(sequence.fit(&["sh", "ro", "nonsense"]), Fit::None);
        let Fit::Full(ranks, words) = sequence.fit(&["sh", "route", "10.1.2.3/8", "j"]) else { panic!() };
        assert_eq!(ranks, [Rank::Abbreviated, Rank::Keyword, Rank::Typed, Rank::Abbreviated]);
        assert_eq!(words.prefix().unwrap().to_string(), "10.0.0.0/8");
        assert!(words.has("json"));
    }
}
