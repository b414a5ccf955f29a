//! Words of messages: lists of names, and guesses at what was meant.

/// `` `k`, `p`, `act` ``.
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// The nearest of `names` within two edits, not counting case.
pub(super) fn nearest<'a>(found: &str, names: &[&'a str]) -> Option<&'a str> {
    names
        .iter()
        .map(|&name| (distance(&found.to_lowercase(), name), name))
        .min()
        .filter(|&(distance, name)| distance <= 2 && distance < name.len())
        .map(|(_, name)| name)
}

/// ` (did you mean ...?)` where a name is near.
pub(super) fn did_you_mean(found: &str, names: &[&str]) -> String {
    hint(nearest(found, names))
}

/// ` (did you mean ...?)`, or nothing.
pub(super) fn hint(meant: Option<&str>) -> String {
    meant.map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}

/// Levenshtein distance.
fn distance(x: &str, y: &str) -> usize {
    let y: Vec<char> = y.chars().collect();
    let mut row: Vec<usize> = (0..=y.len()).collect();
    for (i, a) in x.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in y.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[y.len()]
}
