//! The word that somebody meant.

/// The candidate that differs from `word` by the fewest letters, if it is near enough to be a
/// slip of the pen.
pub(super) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    // Long words are no slips, and would make the search slow.
    const LONGEST: usize = 64;
    if word.len() > LONGEST {
        return None;
    }
    let allowed = (word.len() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, without regard to case, `-` for `_`.
fn distance(one: &str, other: &str) -> usize {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let (one, other) = (plain(one), plain(other));
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_slips_and_no_more() {
        let fields = ["function", "integration", "timeout_seconds", "test"];
        assert_eq!(nearest("fuction", fields), Some("function"));
        assert_eq!(nearest("timeoutSeconds", fields), Some("timeout_seconds"));
        assert_eq!(nearest("Timeout-Seconds", fields), Some("timeout_seconds"));
        assert_eq!(nearest("role", fields), None);
        assert_eq!(nearest("", fields), None);
    }
}
