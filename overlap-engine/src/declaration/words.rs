//! Words of messages: lists of names, and guesses at what was meant.

/// `` `k`, `p`, `act` ``.
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// The nearest of `names`, not counting case: within one edit, two from six letters on, since short names are near to many words.
pub(super) fn nearest<'a>(found: &str, names: &[&'a str]) -> Option<&'a str> {
    names
        .iter()
        .map(|&name| (distance(&found.to_lowercase(), name), name))
        .min()
        .filter(|&(distance, name)| distance <= if name.len() < 6 { 1 } else { 2 } && distance < name.len())
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

/// Insertions, deletions, replacements and exchanges of neighbours that make `x` of `y`.
fn distance(x: &str, y: &str) -> usize {
    let (x, y): (Vec<char>, Vec<char>) = (x.chars().collect(), y.chars().collect());
    let mut rows = vec![vec![0; y.len() + 1]; x.len() + 1];
    for i in 0..=x.len() {
        for j in 0..=y.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = rows[i - 1][j - 1] + usize::from(x[i - 1] != y[j - 1]);
                replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1)
            };
            if i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1] {
                rows[i][j] = rows[i][j].min(rows[i - 2][j - 2] + 1);
            }
        }
    }
    rows[x.len()][y.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_meant() {
        let names = ["erf", "hermite", "linear", "polynomial", "relu", "tanh"];
        let found = [
            ("Erff", "erf"),
            ("ref", "erf"),
            ("rleu", "relu"),
            ("hermit", "hermite"),
            ("polinomal", "polynomial"),
        ];
        for (word, name) in found {
            assert_eq!(nearest(word, &names), Some(name), "{word}");
        }
        for word in ["sin", "exp", "sinh", "silu", "cos", "softplus", "e", ""] {
            assert_eq!(nearest(word, &names), None, "{word}");
        }
    }
}
