//! Figures into tables: a row for each figure, a column for each router, then ratio, limit and verdict.

use std::fmt::Write;

use crate::contender::Contender;

/// One figure of one router.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What was measured, with its unit: the row's title.
    pub what: String,
    /// What came out.
    pub value: f64,
    /// What Ridgeway must reach.
    pub limit: Limit,
}

/// What Ridgeway must reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// Nothing in particular.
    None,
    /// This part of BIRD's figure.
    OfBird(f64),
    /// This figure.
    AtMost(f64),
}

/// All figures of one work.
#[derive(Debug, Default)]
pub struct Table {
    /// The heading of its first column.
    pub title: String,
    columns: Vec<(Contender, Vec<Figure>)>,
}

impl Figure {
    /// A figure without a limit.
    pub fn new(what: impl Into<String>, value: f64) -> Self {
        Self { what: what.into(), value, limit: Limit::None }
    }

    /// With a limit.
    pub fn limit(mut self, limit: Limit) -> Self {
        self.limit = limit;
        self
    }
}

impl Table {
    /// An empty table.
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), columns: Vec::new() }
    }

    /// Adds a router's column from the figures of several runs: the median of each.
    pub fn add(&mut self, contender: Contender, runs: &[Vec<Figure>]) {
        // A run that failed has fewer.
        let longest = runs.iter().max_by_key(|figures| figures.len()).map_or(&[][..], Vec::as_slice);
        let medians = longest.iter().map(|figure| {
            let of_all = runs.iter().flatten().filter(|other| other.what == figure.what);
            let mut values: Vec<f64> = of_all.map(|other| other.value).collect();
            values.sort_by(f64::total_cmp);
            Figure { value: values[values.len() / 2], ..figure.clone() }
        });
        self.columns.push((contender, medians.collect()));
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!("| {} |", self.title);
        for (contender, _) in &self.columns {
            let _ = write!(text, " {} |", contender.title());
        }
        let _ = writeln!(text, " of BIRD's | limit | |");
        let _ = writeln!(text, "|---|{}---|---|---|", "---|".repeat(self.columns.len()));
        for what in self.rows() {
            let _ = write!(text, "| {what} |");
            for (contender, _) in &self.columns {
                let value = self.value(*contender, what).map_or("–".to_owned(), number);
                let _ = write!(text, " {value} |");
            }
            let (ratio, limit, verdict) = self.judge(what);
            let _ = writeln!(text, " {ratio} | {limit} | {verdict} |");
        }
        text
    }

    /// Limits that were looked at, and how many of them were kept.
    pub fn score(&self) -> (usize, usize) {
        let verdicts: Vec<&str> = self.rows().into_iter().map(|what| self.judge(what).2).collect();
        let kept = verdicts.iter().filter(|verdict| **verdict == PASS).count();
        (kept, kept + verdicts.iter().filter(|verdict| **verdict == MISS).count())
    }

    fn rows(&self) -> Vec<&str> {
        let mut rows: Vec<&str> = Vec::new();
        for figure in self.columns.iter().flat_map(|(_, figures)| figures) {
            if !rows.contains(&figure.what.as_str()) {
                rows.push(&figure.what);
            }
        }
        rows
    }

    fn value(&self, contender: Contender, what: &str) -> Option<f64> {
        let (_, figures) = self.columns.iter().find(|(other, _)| *other == contender)?;
        figures.iter().find(|figure| figure.what == what).map(|figure| figure.value)
    }

    fn judge(&self, what: &str) -> (String, String, &'static str) {
        let figures = self.columns.iter().flat_map(|(_, figures)| figures);
        let limit = figures.filter(|figure| figure.what == what).map(|figure| figure.limit).next();
        let ours = self.value(Contender::Ridgeway, what);
        let ratio = ours.zip(self.value(Contender::Bird, what)).map(|(ours, theirs)| ours / theirs);
        let ratio_text =
            ratio.filter(|ratio| ratio.is_finite()).map_or(String::new(), |ratio| format!("{ratio:.2}"));
        let (text, kept) = match limit.unwrap_or(Limit::None) {
            Limit::None => (String::new(), None),
            Limit::OfBird(limit) => (format!("≤ {limit} × BIRD"), ratio.map(|ratio| ratio <= limit)),
            Limit::AtMost(limit) => (format!("≤ {limit}"), ours.map(|ours| ours <= limit)),
        };
        let has_failed =
            ours.is_none() && self.columns.iter().any(|(other, _)| *other == Contender::Ridgeway);
        let kept = if has_failed { limit.filter(|limit| *limit != Limit::None).map(|_| false) } else { kept };
        (ratio_text, text, kept.map_or("", |kept| if kept { PASS } else { MISS }))
    }
}

/// Three digits that count.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        0.0..1.0 => 3,
        1.0..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

const PASS: &str = "PASS";
const MISS: &str = "MISS";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_ratio_limit_and_verdict() {
        let mut table = Table::new("work");
        let figure = |value| Figure::new("all, s", value).limit(Limit::OfBird(0.5));
        table.add(Contender::Ridgeway, &[vec![figure(0.9)], vec![figure(0.7)], vec![figure(0.8)]]);
        table.add(Contender::Bird, &[vec![figure(1.0)]]);
        let text = table.markdown();
        assert!(text.ends_with("| all, s | 0.800 | 1.00 | 0.80 | ≤ 0.5 × BIRD | MISS |\n"), "{text}");
        assert_eq!(table.score(), (0, 1));
    }

    #[test]
    fn who_did_not_finish_has_a_dash_and_no_verdict() {
        let mut table = Table::new("work");
        table.add(Contender::Ridgeway, &[vec![Figure::new("all, s", 0.5).limit(Limit::OfBird(0.5))]]);
        table.add(Contender::Bird, &[]);
        assert!(table.markdown().contains("| all, s | 0.500 | – |  | ≤ 0.5 × BIRD |  |"));
    }

    #[test]
    fn a_limit_is_missed_if_we_did_not_finish() {
        let mut table = Table::new("work");
        table.add(Contender::Ridgeway, &[]);
        table.add(Contender::Bird, &[vec![Figure::new("all, s", 0.5).limit(Limit::OfBird(0.5))]]);
        assert!(table.markdown().contains("| all, s | – | 0.500 |  | ≤ 0.5 × BIRD | MISS |"));
        assert_eq!(table.score(), (0, 1));
    }
}
