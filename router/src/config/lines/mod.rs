//! The tables of the grammar: which lines each block takes.
//!
//! The order of rows has no meaning but for documentation. `docs/configuration.md` lists every row, and a test
//! asserts that it does.

mod bgp;
mod family;
mod idle;
mod interface;
mod lists;
mod neighbor;
mod neighbor_discovery;
mod policy;
mod route_map;
mod top;
mod vrrp;

use super::place::Node;
use super::row::Row;

/// The tables of a block.
pub(crate) const fn tables(node: Node) -> &'static [&'static [Row]] {
    match node {
        Node::Top => &[top::ROWS, lists::ROWS, idle::TOP],
        Node::Interface => &[interface::ROWS, neighbor_discovery::ROWS, vrrp::ROWS, idle::INTERFACE],
        Node::Bgp => &[bgp::ROWS, neighbor::ROWS, idle::BGP],
        Node::Family => &[family::ROWS, policy::ROWS, idle::FAMILY],
        Node::RouteMap => &[route_map::ROWS, idle::ROUTE_MAP],
    }
}

/// All rows of a block.
pub(crate) fn rows(node: Node) -> impl Iterator<Item = &'static Row> {
    tables(node).iter().flat_map(|table| table.iter())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::finding::Severity;
    use super::super::grammar;
    use super::super::pattern::Pattern;
    use super::super::row::{Effect, Negation};
    use super::super::{Editor, LineOutcome, lex};
    use super::*;

    /// Each line of a row finds a row, and its handler finds in it what it asks for.
    #[test]
    fn every_row_takes_the_lines_of_its_pattern() {
        for node in Node::ALL {
            for row in rows(node).filter(|row| !matches!(row.effect, Effect::Sweep)) {
                for sample in Pattern::compile(row.pattern).unwrap().samples() {
                    let mut editor = Editor::default();
                    for line in opening(node) {
                        editor.apply_line(line.as_bytes());
                    }
                    let outcome = editor.apply_line(sample.as_bytes());
                    let fitted = !matches!(outcome, LineOutcome::Unfit(_));
                    assert!(fitted, "{node}: {sample}: {:?}", editor.findings());
                    let mut findings = editor.findings().iter();
                    assert!(
                        findings.all(|finding| !finding.message.contains("a fault of ridgeway")),
                        "{sample}"
                    );
                }
            }
        }
    }

    /// A row that a line of its own pattern does not find is hidden by another one.
    #[test]
    fn no_row_is_hidden_by_another() {
        for node in Node::ALL {
            for row in rows(node).filter(|row| !matches!(row.effect, Effect::Sweep)) {
                let samples = Pattern::compile(row.pattern).unwrap().samples();
                let found = samples.iter().any(|sample| {
                    let lex::Lexed::Line(line) = lex::lex(sample.as_bytes()) else { return false };
                    grammar::find(node, &line.words).is_ok_and(|found| std::ptr::eq(found.row, row))
                });
                assert!(found, "{node}: {}", row.pattern);
            }
        }
    }

    /// The manual is made of the tables. To write it anew: `UPDATE_DOCS=1 cargo test -p router the_manual`.
    #[test]
    fn the_manual_lists_every_row() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
        let manual = manual();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, &manual).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == manual,
            "docs/configuration.md is not what the tables say: UPDATE_DOCS=1 cargo test -p router"
        );
    }

    fn opening(node: Node) -> &'static [&'static str] {
        match node {
            Node::Top => &[],
            Node::Interface => &["interface eth0"],
            Node::Bgp => &["router bgp 64500"],
            Node::Family => &["router bgp 64500", "address-family ipv4 unicast"],
            Node::RouteMap => &["route-map M permit 5"],
        }
    }

    fn manual() -> String {
        let mut out = include_str!("manual.md").to_owned();
        for node in Node::ALL {
            let _ = write!(out, "\n## {}\n\n", title(node));
            let acted: Vec<_> = rows(node).filter(|row| is_acted_on(row)).collect();
            out.push_str("Acted on:\n\n```text\n");
            for row in &acted {
                let no = if row.negation == Negation::Removes { "" } else { "[no] " };
                let _ = writeln!(out, "{no}{}", row.syntax());
            }
            out.push_str("```\n");
            let noted: Vec<_> = rows(node).filter(|row| row.lacking.is_some()).collect();
            if !noted.is_empty() {
                out.push_str("\nOf these, with a warning:\n\n");
                for row in noted {
                    let why = row.lacking.unwrap_or_default();
                    let _ = writeln!(out, "* `{}`: {why}", row.syntax());
                }
            }
            list(&mut out, node, ("Accepted without effect", Some(Severity::Note)));
            list(&mut out, node, ("Accepted without effect, with a warning", Some(Severity::Warning)));
            list(&mut out, node, ("Skipped whole, with a warning", None));
        }
        out
    }

    fn list(out: &mut String, node: Node, (title, wanted): (&str, Option<Severity>)) {
        let why = |row: &Row| match row.effect {
            _ if row.unused.is_some() => {
                row.unused.filter(|(severity, _)| Some(*severity) == wanted).map(|(_, why)| why)
            }
            Effect::Idle(severity, reason) if Some(severity) == wanted => Some(reason),
            Effect::Skip(section) if wanted.is_none() => Some(section.reason),
            _ => None,
        };
        let lines: Vec<_> = rows(node).filter_map(|row| Some((row, why(row)?))).collect();
        if lines.is_empty() {
            return;
        }
        let _ = write!(out, "\n{title}:\n\n");
        for (row, why) in lines {
            let _ = writeln!(out, "* `{}`: {why}", row.syntax());
        }
    }

    fn is_acted_on(row: &Row) -> bool {
        row.unused.is_none() && matches!(row.effect, Effect::Act(_) | Effect::Enter(_) | Effect::Leave)
    }

    const fn title(node: Node) -> &'static str {
        match node {
            Node::Top => "Outside any block",
            Node::Interface => "In `interface`",
            Node::Bgp => "In `router bgp`",
            Node::Family => "In `address-family ipv4|ipv6 unicast` (and, for IPv4, in `router bgp`)",
            Node::RouteMap => "In `route-map`",
        }
    }
}
