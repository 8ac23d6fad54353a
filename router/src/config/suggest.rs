//! What was probably meant: the known word nearest to an unknown one.

/// The candidate with the fewest edits from `word`, if few enough to be a slip.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length > LONGEST_WORD {
        return None;
    }
    let allowed = if length <= 3 { 1 } else { 2 + length / 8 };
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(edits, _)| *edits <= allowed)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Edits between two words: a character more, less or another, or two neighbours swapped. Case costs nothing.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().map(|c| c.to_ascii_lowercase()).collect();
    let right: Vec<char> = right.chars().map(|c| c.to_ascii_lowercase()).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, from) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, to) in right.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX - 1);
            let replaced = at(&above, column) + usize::from(from != to);
            let mut best = replaced.min(at(&above, column + 1) + 1).min(at(&current, column) + 1);
            let swapped =
                row > 0 && column > 0 && left.get(row - 1) == Some(to) && right.get(column - 1) == Some(from);
            if swapped {
                best = best.min(at(&before, column - 1) + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or(0)
}

const LONGEST_WORD: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_their_word() {
        let known = ["activate", "advertisement-interval", "remote-as", "route-map", "remove-private-AS"];
        assert_eq!(nearest("activat", known), Some("activate"));
        assert_eq!(nearest("remot-as", known), Some("remote-as"));
        assert_eq!(nearest("rotue-map", known), Some("route-map"));
        assert_eq!(nearest("remove-private-as", known), Some("remove-private-AS"));
        assert_eq!(nearest("zebra", known), None);
        assert_eq!(nearest(&"x".repeat(10_000), known), None);
    }
}
