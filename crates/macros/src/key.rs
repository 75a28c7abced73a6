//! The keys of `#[event(..)]`, and what a mistyped one was meant to be.

const KEYS: [&str; 6] = ["type", "version", "priority", "upcasts", "audit", "crate"];

/// Why a key is unknown, and what to write.
pub(crate) fn unknown(key: &str) -> String {
    let written = crate::errors::shown(key);
    match nearest(key) {
        Some(nearest) => format!("`#[event(..)]` has no key `{written}`: write `{nearest}`"),
        None => {
            format!(
                "`#[event(..)]` has no key `{written}`: write `type`, `version`, `priority`, `upcasts`, `audit` or `crate`"
            )
        }
    }
}

fn nearest(key: &str) -> Option<&'static str> {
    let key = key.trim_start_matches("r#").to_ascii_lowercase();
    let within = |known: &&&str| known.len() > 2 && (key.contains(**known) || (key.len() > 2 && known.contains(&key)));
    let close = |known: &&&str| distance(&key, known) <= known.len() / 3 || letters(&key) == letters(known);
    KEYS.iter().find(within).or_else(|| KEYS.iter().find(close)).copied()
}

/// The letters in order: the same for two words that differ by swapped letters.
fn letters(word: &str) -> Vec<u8> {
    let mut letters = word.as_bytes().to_vec();
    letters.sort_unstable();
    letters
}

/// How many letters have to be added, dropped or changed.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (index, from) in a.bytes().enumerate() {
        let mut next = vec![index + 1];
        for (to, pair) in b.bytes().zip(row.windows(2)) {
            let [diagonal, above] = pair else { continue };
            let left = next.last().copied().unwrap_or_default();
            next.push((diagonal + usize::from(from != to)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_key_is_answered_with_the_nearest() {
        let table = [
            ("typ", Some("type")),
            ("tpye", Some("type")),
            ("types", Some("type")),
            ("event_type", Some("type")),
            ("r#type", Some("type")),
            ("Type", Some("type")),
            ("ver", Some("version")),
            ("verison", Some("version")),
            ("schema_version", Some("version")),
            ("prio", Some("priority")),
            ("priorty", Some("priority")),
            ("upcast", Some("upcasts")),
            ("krate", Some("crate")),
            ("audited", Some("audit")),
            ("audti", Some("audit")),
            ("tenant", None),
            ("x", None),
        ];
        for (key, nearest) in table {
            assert_eq!(super::nearest(key), nearest, "{key}");
        }
    }

    #[test]
    fn a_key_like_no_other_is_answered_with_all_keys() {
        assert_eq!(
            unknown("tenant"),
            "`#[event(..)]` has no key `tenant`: write `type`, `version`, `priority`, `upcasts`, `audit` or `crate`"
        );
    }
}
