//! Answers that depend on an attribute set alone.
//!
//! A table asks about several prefixes with one attribute set in a row. What a filter asks of the set (its AS path,
//! its communities, its MED) is then asked once: an answer is remembered for each entry of the filter, by the
//! entry's number. The memory is that of one set.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::{AsPathList, RouteContext};
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

fn push_number(text: &mut Vec<u8>, mut number: u32) {
    let mut digits = [b' '; 11];
    let mut from = digits.len() - 1;
    for (at, digit) in digits.iter_mut().enumerate().take(from).rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        from = at;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    text.extend_from_slice(digits.get(from..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

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
