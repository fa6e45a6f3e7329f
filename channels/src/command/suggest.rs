//! Did you mean: edit distance between what was typed and what is known.

/// Words that are near to a command by accident and never a slip of it.
const NO_SLIPS: &[&str] = &[
    "not", "now", "fine", "fund", "kind", "mind", "love", "more", "lost", "live", "cost", "last", "least",
    "shop", "slow", "snow", "mode", "made", "vote", "nose", "host", "post", "note", "one", "most", "must",
    "meals", "dear", "real", "rule", "held", "hold", "hello", "here",
];

/// Damerau-Levenshtein distance in its restricted form: insert, delete, replace, swap neighbours.
pub(super) fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// How alike what was typed is to a known spelling, 0 to 1: word by word, so that a slip stays within one word.
pub(super) fn phrase_likeness<'a>(typed: impl Iterator<Item = &'a str>, known: &str) -> Option<f64> {
    let mut least = None;
    let mut typed = typed.fuse();
    for word in known.split(' ') {
        let given = typed.next()?;
        if given != word {
            let near = likeness(given, word)?;
            least = Some(least.map_or(near, |least: f64| least.min(near)));
        }
    }
    least
}

/// How alike two words are, 0 to 1; none when they differ by more than a slip or are the same.
pub(super) fn likeness(typed: &str, known: &str) -> Option<f64> {
    let length = typed.chars().count().max(known.chars().count());
    // Long pasted words are no slips, and comparing them would cost time.
    if !(3..=24).contains(&length) || NO_SLIPS.contains(&typed) {
        return None;
    }
    let allowed = match length {
        0..=4 => 1,
        _ => 2,
    };
    let distance = distance(typed, known);
    let is_slip = (1..=allowed).contains(&distance);
    #[expect(clippy::cast_precision_loss, reason = "both are at most 24")]
    is_slip.then(|| 1.0 - distance as f64 / length as f64)
}
