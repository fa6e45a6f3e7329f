//! Pages to one text with a map to pages and boxes; words broken at the end of a line are put together.

use std::collections::HashSet;

use domain::contract::{ContractText, PageSpan, PageText, WordBox};

use super::sheet::LINE_HYPHEN;

/// A page that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leaf {
    /// Width and height in points.
    pub(super) size: (f32, f32),
    /// Its text, with [`LINE_HYPHEN`] where a word may go on in the next line.
    pub(super) text: String,
    /// Its words, offsets into its text.
    pub(super) words: Vec<WordBox>,
    /// Where its letters came from.
    pub(super) from: PageText,
}

/// The text of all pages in order.
pub(super) fn assemble(leaves: Vec<Leaf>) -> ContractText {
    let known = vocabulary(&leaves);
    let mut all = ContractText::default();
    all.text.reserve(leaves.iter().map(|leaf| leaf.text.len() + 2).sum());
    all.words.reserve(leaves.iter().map(|leaf| leaf.words.len()).sum());
    let last = leaves.len().saturating_sub(1);
    for (at, mut leaf) in leaves.into_iter().enumerate() {
        join(&mut leaf, &known);
        let start = all.text.len();
        all.text.push_str(&leaf.text);
        all.words.extend(leaf.words.into_iter().map(|word| WordBox {
            start: word.start + start,
            end: word.end + start,
            sides: word.sides,
        }));
        if at < last {
            all.text.push_str("\n\n");
        }
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        all.pages.push(PageSpan { number, start, end: all.text.len(), size: leaf.size, text: leaf.from });
    }
    all
}

/// The words of a text in lower case, if any hyphen has to be judged by them.
fn vocabulary(leaves: &[Leaf]) -> HashSet<String> {
    let mut words = HashSet::new();
    if leaves.iter().any(|leaf| leaf.text.contains(LINE_HYPHEN)) {
        for leaf in leaves {
            let mut is_second_half = false;
            for word in leaf
                .text
                .split(|letter: char| !letter.is_alphanumeric() && letter != '-' && letter != LINE_HYPHEN)
                .filter(|word| !word.is_empty())
            {
                // Halves of a broken word are no witnesses.
                if !word.contains(LINE_HYPHEN) && !is_second_half {
                    words.insert(word.to_lowercase());
                }
                is_second_half = word.ends_with(LINE_HYPHEN);
            }
        }
    }
    words
}

/// Resolves each hyphen at the end of a line: gone where the line end broke a word, a hyphen where the word has one.
fn join(leaf: &mut Leaf, known: &HashSet<String>) {
    if !leaf.text.contains(LINE_HYPHEN) {
        return;
    }
    let old = std::mem::take(&mut leaf.text);
    let mut text = String::with_capacity(old.len());
    // Where bytes went: from this offset of the old text on, the shift to the new one.
    let mut shifts: Vec<(usize, usize, usize)> = vec![(0, 0, 0)];
    let mut from = 0;
    for (at, mark) in old.match_indices(LINE_HYPHEN) {
        if at < from {
            continue;
        }
        text.push_str(&old[from..at]);
        let behind = &old[at + mark.len()..];
        let blank = behind.len() - behind.trim_start_matches(['\n', ' ']).len();
        // The text layer has no line end there, recognised text has one.
        let breaks_line = blank == 0 || behind[..blank].contains('\n');
        let before = text.rsplit(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
        let after: &str =
            behind[blank..].split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
        let goes_on =
            breaks_line && after.chars().next().is_some_and(char::is_alphanumeric) && !before.is_empty();
        if !goes_on {
            text.push('-');
            from = at + mark.len();
        } else {
            if has_hyphen(before, after, known) {
                text.push('-');
            }
            from = at + mark.len() + blank;
        }
        shifts.push((from, text.len(), at));
    }
    text.push_str(&old[from..]);
    let place = |offset: usize| {
        let (from, to, _) = shifts[shifts.partition_point(|(from, ..)| *from <= offset).saturating_sub(1)];
        to + (offset - from)
    };
    let words = std::mem::take(&mut leaf.words);
    leaf.words = words
        .into_iter()
        .filter_map(|word| {
            let ends_broken = shifts[1..]
                .iter()
                .find(|(from, _, at)| word.start <= *at && *at < word.end && word.end <= *from);
            let start = place(word.start);
            let end = match ends_broken {
                Some((_, to, _)) => *to,
                None => place(word.end),
            };
            (start < end).then_some(WordBox { start, end, sides: word.sides })
        })
        .collect();
    leaf.text = text;
}

/// Whether a word that a line end parts has a hyphen of its own there, as in "long-term" and not in "agree-ment".
fn has_hyphen(before: &str, after: &str, known: &HashSet<String>) -> bool {
    let (before, after) = (before.to_lowercase(), after.to_lowercase());
    if known.contains(&format!("{before}{after}")) {
        return false;
    }
    if known.contains(&format!("{before}-{after}"))
        || !before.chars().all(char::is_alphabetic)
        || !after.chars().all(char::is_alphabetic)
    {
        return true;
    }
    // A half that is a word by itself elsewhere in the text.
    known.contains(&after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(text: &str) -> Leaf {
        let mut words = Vec::new();
        let mut at = 0;
        for piece in text.split_inclusive([' ', '\n']) {
            let word = piece.trim_end();
            if !word.is_empty() {
                words.push(WordBox { start: at, end: at + word.len(), sides: [0.0; 4] });
            }
            at += piece.len();
        }
        Leaf { size: (612.0, 792.0), text: text.to_owned(), words, from: PageText::Layer }
    }

    fn boxed(text: &ContractText) -> Vec<&str> {
        text.words.iter().map(|word| &text.text[word.start..word.end]).collect()
    }

    #[test]
    fn a_word_broken_by_the_line_end_is_whole_again_and_keeps_both_boxes() {
        let text = assemble(vec![leaf("This agree\u{FFFE}\nment is long\u{FFFE}\nterm for a term")]);
        assert_eq!(text.text, "This agreement is long-term for a term");
        assert_eq!(boxed(&text), ["This", "agree", "ment", "is", "long-", "term", "for", "a", "term"]);
    }

    #[test]
    fn the_line_end_itself_may_be_missing() {
        let mut page = leaf("an agree\u{FFFE}ment");
        page.words = vec![
            WordBox { start: 0, end: 2, sides: [0.0; 4] },
            WordBox { start: 3, end: 11, sides: [0.0; 4] },
            WordBox { start: 11, end: 15, sides: [0.0; 4] },
        ];
        let text = assemble(vec![page]);
        assert_eq!(text.text, "an agreement");
        assert_eq!(boxed(&text), ["an", "agree", "ment"]);
    }

    #[test]
    fn the_rest_of_the_text_says_whether_a_hyphen_belongs_there() {
        let broken = "co\u{FFFE}\noperate";
        assert_eq!(assemble(vec![leaf(broken), leaf("we co-operate")]).text, "co-operate\n\nwe co-operate");
        assert_eq!(
            assemble(vec![leaf(broken), leaf("we cooperate, operate")]).text,
            "cooperate\n\nwe cooperate, operate"
        );
    }

    #[test]
    fn numbers_and_dashes_keep_their_hyphen() {
        assert_eq!(assemble(vec![leaf("pages 10\u{FFFE}\n12")]).text, "pages 10-12");
        assert_eq!(assemble(vec![leaf("Schedule A \u{FFFE} Fees")]).text, "Schedule A - Fees");
        assert_eq!(assemble(vec![leaf("the end\u{FFFE}")]).text, "the end-");
    }

    #[test]
    fn pages_cover_the_text_and_words_keep_their_places() {
        let text = assemble(vec![leaf("One two"), leaf(""), leaf("three")]);
        assert_eq!(text.text, "One two\n\n\n\nthree");
        let spans: Vec<_> = text.pages.iter().map(|page| (page.number, page.start, page.end)).collect();
        assert_eq!(spans, [(1, 0, 9), (2, 9, 11), (3, 11, 16)]);
        assert_eq!(boxed(&text), ["One", "two", "three"]);
    }
}
