/// The known name that a mistyped one is most likely meant to be: at most a third of its letters are wrong.
pub(super) fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let tolerance = wanted.len().div_ceil(3);
    let scored = known.map(|name| (distance(wanted, name), name));
    scored.filter(|(distance, _)| *distance <= tolerance).min().map(|(_, name)| name)
}

/// How many letters must be put in, taken out or replaced to turn one name into the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let replaced = diagonal + usize::from(x != y);
            diagonal = *cell;
            *cell = replaced.min(left + 1).min(diagonal + 1);
            left = *cell;
        }
    }
    // Without letters in `b` no cell was touched.
    if b.is_empty() { a.len() } else { row.last().copied().unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_counts_letters_put_in_taken_out_and_replaced() {
        let table =
            [("", "", 0), ("a", "", 1), ("", "ab", 2), ("kitten", "sitting", 3), ("abc", "abc", 0), ("ab", "ba", 2)];
        for (a, b, expected) in table {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn a_typing_error_finds_its_name_and_another_word_finds_none() {
        let known = ["billing/ledger", "crm/import", "billing/audit"];
        assert_eq!(nearest("billing/leger", known.into_iter()), Some("billing/ledger"));
        assert_eq!(nearest("media/thumbnails", known.into_iter()), None);
    }
}
