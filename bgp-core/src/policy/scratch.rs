//! Answers that depend on an attribute set alone.
//!
//! A table asks about several prefixes with one attribute set in a row. What a filter asks of the set (its AS path,
//! its communities, its MED) is then asked once: an answer is remembered for each entry of the filter, by the
//! entry's number. The memory is that of one set.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::{AsPathList, RouteContext, Verdict};
use crate::wire::attr::{AsPath, SegmentKind};

/// What policy remembers between two questions. Call [`Scratch::forget`] whenever another filter asks, or numbers
/// of attribute sets may have been given anew.
#[derive(Debug, Default)]
pub struct Scratch {
    attrs_key: Option<u32>,
    /// By number of the entry.
    answers: Vec<Option<bool>>,
    /// The text of its AS path: digits and signs.
    path: Vec<u8>,
    has_path: bool,
    /// What a whole route map says, if it looks at nothing else.
    verdict: Option<Verdict>,
}

impl Scratch {
    /// Forgets every answer.
    pub fn forget(&mut self) {
        self.attrs_key = None;
    }

    /// What `ask` answers about the attribute set of `route`; `number` is the question's, below `questions`.
    pub(super) fn once(
        &mut self,
        route: &RouteContext<'_>,
        (number, questions): (u32, u32),
        ask: impl FnOnce(&mut Self) -> bool,
    ) -> bool {
        self.turn_to(route.attrs_key);
        let at = number as usize;
        if let Some(Some(answer)) = self.answers.get(at) {
            return *answer;
        }
        let answer = ask(self);
        if at >= self.answers.len() {
            self.answers.resize((questions as usize).max(at + 1), None);
        }
        if let Some(slot) = self.answers.get_mut(at) {
            *slot = Some(answer);
        }
        answer
    }

    /// What the filter's route map says, which looks at the attribute set of `route` and at nothing else.
    pub(super) fn verdict(
        &mut self,
        route: &RouteContext<'_>,
        ask: impl FnOnce(&mut Self) -> Verdict,
    ) -> Verdict {
        self.turn_to(route.attrs_key);
        if let Some(verdict) = self.verdict {
            return verdict;
        }
        let verdict = ask(self);
        self.verdict = Some(verdict);
        verdict
    }

    /// True if `list` permits the AS path of `route`.
    pub(super) fn permits_path(&mut self, list: &AsPathList, route: &RouteContext<'_>) -> bool {
        self.turn_to(route.attrs_key);
        if !self.has_path {
            self.path.clear();
            push_path(&mut self.path, route.attrs.as_path());
            self.has_path = true;
        }
        list.permits(&self.path)
    }

    fn turn_to(&mut self, attrs_key: u32) {
        if self.attrs_key != Some(attrs_key) {
            self.attrs_key = Some(attrs_key);
            self.answers.fill(None);
            self.has_path = false;
            self.verdict = None;
        }
    }
}

/// Appends what `path` looks like. Nearly every path is sequences and nothing else, for which the machinery of
/// formatting is not needed.
fn push_path(text: &mut Vec<u8>, path: AsPath<'_>) {
    if path.segments().any(|segment| segment.kind != SegmentKind::Sequence) {
        text.extend_from_slice(path.to_string().as_bytes());
        return;
    }
    for segment in path.segments() {
        for asn in segment.asns() {
            push_number(text, asn.0);
        }
    }
    // Each number has a blank after it.
    text.pop();
}

/// Appends a number and a blank.
fn push_number(text: &mut Vec<u8>, number: u32) {
    let mut written = [b' '; DIGITS + 1];
    let mut rest = number;
    let mut len = 1;
    for digit in written.iter_mut().rev().skip(1) {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        len += 1;
        if rest == 0 {
            break;
        }
    }
    text.extend_from_slice(written.split_at(written.len() - len).1);
}

/// The digits of the largest AS number.
const DIGITS: usize = 10;

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn numbers_are_written_with_all_their_digits() {
        let powers = (0..10).map(|exponent| 10u32.pow(exponent));
        let edges = powers.flat_map(|power| [power - 1, power, power + 1, power.saturating_mul(4)]);
        let all = (0..20_000).chain((0..4_000).map(|step| step * 1_073_741)).chain(edges).chain([u32::MAX]);
        for number in all {
            let mut text = Vec::new();
            push_number(&mut text, number);
            assert_eq!(text, std::format!("{number} ").as_bytes());
        }
    }

    #[test]
    fn a_path_looks_as_it_does_elsewhere() {
        let segment = |kind: u8, numbers: &[u32]| -> Vec<u8> {
            let count = u8::try_from(numbers.len()).unwrap();
            let octets = numbers.iter().flat_map(|number| number.to_be_bytes());
            [kind, count].into_iter().chain(octets).collect()
        };
        let sequence = segment(2, &[64500, 0, 7, 4_294_967_295, 1_000_000_000]);
        let set = segment(1, &[10, 65001]);
        for octets in [
            vec![],
            sequence.clone(),
            [sequence.clone(), segment(2, &[9])].concat(),
            [sequence, set].concat(),
        ] {
            let path = AsPath::new(&octets);
            let mut text = Vec::new();
            push_path(&mut text, path);
            assert_eq!(text, path.to_string().as_bytes());
        }
    }
}
