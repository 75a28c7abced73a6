//! The name that was meant.

/// The candidate that is spelt most like a name. A key that stands in another table is near too.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> &'a str {
    let away = |candidate: &str| {
        let within = distance(last(name), last(candidate)) + 1;
        within.min(distance(name, candidate))
    };
    candidates.into_iter().min_by_key(|candidate| away(candidate)).unwrap_or_default()
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// How many letters must be changed, added or removed.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(!x.eq_ignore_ascii_case(&y));
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_changes_additions_and_removals_and_no_change_of_case() {
        let table =
            [("", "", 0), ("abc", "abC", 0), ("abc", "abd", 1), ("abc", "ab", 1), ("", "abc", 3), ("abc", "xabc", 1)];
        for (a, b, expected) in table {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn a_key_is_found_in_whichever_table_it_stands() {
        let keys = ["concurrency", "prefetch", "redis.partitions", "redis.url"];
        for (name, meant) in [
            ("concurency", "concurrency"),
            ("partitions", "redis.partitions"),
            ("redis.concurrency", "concurrency"),
            ("bus.prefetch", "prefetch"),
            ("redis.uri", "redis.url"),
        ] {
            assert_eq!(nearest(name, keys), meant, "{name}");
        }
    }
}
