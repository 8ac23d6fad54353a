//! Finding the row that a line fits, as FRR does; saying what is wrong where none does.
//!
//! A line is tried in its block, then in the blocks around it. Within a block the row whose words fit most closely
//! wins: a keyword in full before an abbreviation, an abbreviation before a value, a value of a kind before any
//! word. Two rows that fit equally well through different abbreviated keywords are ambiguous.

use std::sync::LazyLock;

use super::lex::{Line, Word};
use super::lines;
use super::pattern::{Fit, Grade, InFull, Misfit, Pattern, Token};
use super::place::Node;
use super::row::{Effect, Row};
use super::suggest::nearest;
use super::value::Value;

/// A line that found its row.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The row.
    pub row: &'static Row,
    /// The values of the line's words.
    pub fit: Fit,
    /// `no` stood before it.
    pub negated: bool,
}

/// A line that found none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfit {
    /// What kind of fault it is.
    pub fault: Fault,
    /// Where, in characters from 1.
    pub column: u32,
    /// What is the matter.
    pub message: String,
    /// What was probably meant.
    pub hint: Option<String>,
}

/// Kinds of fault, as a command line tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Fault {
    Unknown,
    Ambiguous,
    Incomplete,
}

/// Looks for the row of a line in the tables of one block.
///
/// # Errors
///
/// How far the words fitted; `None` if they fit several rows equally well.
pub(crate) fn find(node: Node, words: &[Word<'_>]) -> Result<Found, Option<Misfit>> {
    let (negated, body) = match words.split_first() {
        Some((first, rest)) if first.text == "no" => (true, rest),
        _ => (false, words),
    };
    let mut in_full = InFull::default();
    let mut found: Vec<Found> = Vec::new();
    for (row, pattern) in candidates(node, negated) {
        if body.first().is_some_and(|word| pattern.may_begin_with(word.text)) {
            let fit = pattern.fit(body, negated, &mut in_full);
            found.extend(fit.map(|fit| Found { row, fit, negated }));
        }
    }
    found.retain(|found| !in_full.forbids(&found.fit));
    // The first of the best, as rows are ordered.
    found.sort_by(|left, right| left.fit.grades.cmp(&right.fit.grades));
    let mut found = found.into_iter();
    let Some(best) = found.next() else { return Err(Some(misfit(node, body, negated))) };
    let tied = found
        .take_while(|other| other.fit.grades == best.fit.grades)
        .any(|other| differ(&other.fit, &best.fit));
    if tied { Err(None) } else { Ok(best) }
}

/// How far the words fitted the row they fitted furthest. Apart from [`find`], which good lines need to be fast.
fn misfit(node: Node, body: &[Word<'_>], negated: bool) -> Misfit {
    let mut misfit = Misfit::default();
    for (_, pattern) in candidates(node, negated) {
        if body.first().is_some_and(|word| pattern.may_begin_with(word.text)) {
            pattern.fit(body, negated, &mut misfit);
        } else if misfit.at == 0 {
            misfit.merge(Misfit { at: 0, expected: pattern.firsts().to_vec() });
        }
    }
    misfit.at += usize::from(negated);
    misfit
}

/// The rows that may stand with, or without, `no`.
fn candidates(node: Node, negated: bool) -> impl Iterator<Item = (&'static Row, &'static Pattern)> {
    let fits = move |row: &Row| match row.effect {
        Effect::Leave | Effect::Skip(_) => !negated,
        Effect::Sweep => negated,
        Effect::Act(_) | Effect::Enter(_) | Effect::Idle(..) => true,
    };
    compiled(node).iter().filter(move |(row, _)| fits(row)).map(|(row, pattern)| (*row, pattern))
}

/// Says what is wrong with a line that fits in no block it could stand in.
pub(crate) fn explain(line: &Line<'_>, misfit: Option<Misfit>) -> Unfit {
    let Some(misfit) = misfit else {
        return Unfit {
            fault: Fault::Ambiguous,
            column: line.words.first().map_or(1, |word| word.column),
            message: "the line could mean several things".into(),
            hint: Some("write its keywords in full".into()),
        };
    };
    match line.words.get(misfit.at) {
        None => incomplete(line, &misfit),
        Some(word) => unknown(line, word, &misfit),
    }
}

fn incomplete(line: &Line<'_>, misfit: &Misfit) -> Unfit {
    let end = |word: &Word<'_>| word.column + u32::try_from(word.text.chars().count()).unwrap_or(0);
    Unfit {
        fault: Fault::Incomplete,
        column: line.words.last().map_or(1, end),
        message: "the line is not complete".into(),
        hint: expectation(&misfit.expected),
    }
}

fn unknown(line: &Line<'_>, word: &Word<'_>, misfit: &Misfit) -> Unfit {
    let unfit = |message: String, hint: Option<String>| Unfit {
        fault: Fault::Unknown,
        column: word.column,
        message,
        hint,
    };
    let shown = shorten(word.text);
    if let Some(home) = home(line, misfit) {
        return unfit(format!("`{shown}` does not belong here"), Some(format!("it belongs into {home}")));
    }
    if misfit.at > 0 && word.text.starts_with(['#', '!']) {
        let hint = "a comment stands on a line of its own";
        return unfit(format!("`{shown}` does not begin a comment here"), Some(hint.into()));
    }
    if misfit.expected.is_empty() {
        return unfit(format!("the line should end before `{shown}`"), None);
    }
    let objection = misfit.expected.iter().find_map(|token| match token {
        Token::Value(kind) => kind.objection(word.text),
        Token::Keyword(_) => None,
    });
    let keywords = misfit.expected.iter().filter_map(|token| match token {
        Token::Keyword(keyword) => Some(*keyword),
        Token::Value(_) => None,
    });
    let begun: Vec<String> = keywords
        .clone()
        .filter(|keyword| keyword.starts_with(word.text))
        .map(|one| format!("`{one}`"))
        .collect();
    if begun.len() > 1 {
        let message = format!("`{shown}` could be {}", begun.join(" or "));
        return Unfit { fault: Fault::Ambiguous, column: word.column, message, hint: None };
    }
    let meant = nearest(word.text, keywords).map(|keyword| format!("did you mean `{keyword}`?"));
    match objection {
        Some(objection) => unfit(objection, meant),
        None => {
            unfit(format!("`{shown}` is not known here"), meant.or_else(|| expectation(&misfit.expected)))
        }
    }
}

/// The block that the line would fit in, if it is another one.
fn home(line: &Line<'_>, misfit: &Misfit) -> Option<Node> {
    let enough = line.words.len() > 1 && !misfit.expected.is_empty();
    Node::ALL
        .into_iter()
        .filter(|node| enough && *node != Node::Top)
        .find(|node| find(*node, &line.words).is_ok())
}

fn expectation(expected: &[Token]) -> Option<String> {
    let mut names: Vec<String> = expected
        .iter()
        .map(|token| match token {
            Token::Keyword(keyword) => format!("`{keyword}`"),
            Token::Value(kind) => kind.to_string(),
        })
        .collect();
    if names.is_empty() || names.len() > MOST_NAMED {
        return None;
    }
    let last = names.pop()?;
    Some(match names.is_empty() {
        true => format!("expected {last}"),
        false => format!("expected {} or {last}", names.join(", ")),
    })
}

/// Words of a file may be long; messages may not.
fn shorten(word: &str) -> String {
    match word.char_indices().nth(LONGEST_SHOWN) {
        Some((at, _)) => format!("{}…", word.get(..at).unwrap_or("")),
        None => word.to_owned(),
    }
}

/// True if two equally good fits part ways at an abbreviated keyword.
fn differ(left: &Fit, right: &Fit) -> bool {
    let pairs = left.values.iter().zip(&right.values).zip(&left.grades);
    pairs.into_iter().any(|((left, right), grade)| {
        *grade == Grade::Short && matches!((left, right), (Value::Keyword(a), Value::Keyword(b)) if a != b)
    })
}

fn compiled(node: Node) -> &'static [(&'static Row, Pattern)] {
    static TABLES: LazyLock<[Vec<(&'static Row, Pattern)>; 5]> = LazyLock::new(|| {
        Node::ALL.map(|node| {
            // `router bgp` also takes the lines of IPv4 unicast, as FRR's hidden commands do.
            let more = if node == Node::Bgp { Some(Node::Family) } else { None };
            let leaves = |row: &&Row| more.is_none() || !matches!(row.effect, Effect::Leave);
            let shared = more.into_iter().flat_map(lines::rows).filter(leaves);
            let rows = lines::rows(node).chain(shared);
            rows.filter_map(|row| Some((row, Pattern::compile(row.pattern)?))).collect()
        })
    });
    let [top, interface, bgp, family, route_map] = &*TABLES;
    match node {
        Node::Top => top,
        Node::Interface => interface,
        Node::Bgp => bgp,
        Node::Family => family,
        Node::RouteMap => route_map,
    }
}

/// The block whose table a row is in.
pub(crate) fn is_family_row(row: &Row) -> bool {
    lines::rows(Node::Family).any(|known| std::ptr::eq(known, row))
}

const MOST_NAMED: usize = 8;
const LONGEST_SHOWN: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        for node in Node::ALL {
            for row in lines::rows(node) {
                assert!(Pattern::compile(row.pattern).is_some(), "{node}: {}", row.pattern);
            }
        }
    }
}
