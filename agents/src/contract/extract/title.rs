//! Passages that may be the title of the document.

use std::{collections::HashSet, sync::LazyLock};

use super::passage::{Kind, Passage, passage};
use crate::contract::normalise::{head, tail};
use crate::contract::structure::{Outline, Word, word_hash};

/// Words that a title ends with or turns on.
static NOUNS: LazyLock<HashSet<u32>> = LazyLock::new(|| {
    let nouns = "agreement contract amendment lease license licence memorandum addendum letter deed guaranty guarantee \
        undertaking charter plan policy program terms order schedule note franchise understanding agreements \
        certificate supplement annex bylaws warrant consent statement joinder venture";
    nouns.split_whitespace().map(word_hash).collect()
});

static LINKS: LazyLock<HashSet<u32>> = LazyLock::new(|| {
    "of and for to the in on with or by no a an # re".split_whitespace().map(word_hash).collect()
});

static STOPS: LazyLock<HashSet<u32>> = LazyLock::new(|| {
    "exhibit this whereas dated source page execution copy version confidential such said any each our your either"
        .split_whitespace()
        .map(word_hash)
        .collect()
});

/// Words from the start in which a title is looked for.
const WITHIN_WORDS: usize = 4000;
const PASSAGES_MAX: usize = 24;
const LONGEST_WORDS: usize = 16;

/// Passages near the start that may be the title.
#[must_use]
pub fn titles(text: &str, outline: &Outline) -> Vec<Passage> {
    let words = &outline.words;
    let mut seen = HashSet::new();
    let mut passages = Vec::new();
    for at in 0..words.len().min(WITHIN_WORDS) {
        if passages.len() >= PASSAGES_MAX {
            break;
        }
        if !words[at].capital || !NOUNS.contains(&words[at].hash) {
            continue;
        }
        let first = grow_left(text, words, at);
        let far = grow_right(text, words, at);
        for last in [at, far] {
            let range = (words[first].start as usize, words[last].end as usize);
            if first == last && passages.len() > 8 || !seen.insert(range) {
                continue;
            }
            let mut one = passage(outline, Kind::Title, range, passages.len());
            describe(text, &mut one);
            passages.push(one);
            if far == at {
                break;
            }
        }
    }
    passages
}

/// Whether two words that follow each other can stand in one title.
fn joined(text: &str, left: &Word, right: &Word) -> bool {
    let between = &text[left.end as usize..right.start as usize];
    let dot = left.end - left.start <= 2 || &text[left.start as usize..left.end as usize] == "NO";
    between.len() < 160
        && between.chars().all(|c| {
            c.is_whitespace()
                || matches!(c, ',' | '-' | '–' | '&' | '/' | '#' | '\'' | '’')
                || c == '.' && dot
        })
        && between.matches('\n').count() < 4
}

fn fits(word: &Word) -> bool {
    (word.capital || LINKS.contains(&word.hash)) && !STOPS.contains(&word.hash)
}

fn grow_left(text: &str, words: &[Word], at: usize) -> usize {
    let mut first = at;
    while first > 0
        && at - first < LONGEST_WORDS
        && fits(&words[first - 1])
        && joined(text, &words[first - 1], &words[first])
    {
        first -= 1;
    }
    while first < at && !words[first].capital {
        first += 1;
    }
    first
}

fn grow_right(text: &str, words: &[Word], at: usize) -> usize {
    let (mut last, mut end) = (at, at);
    while end + 1 < words.len()
        && end - at < 10
        && fits(&words[end + 1])
        && joined(text, &words[end], &words[end + 1])
    {
        end += 1;
        if words[end].capital || words[end].hash == word_hash("#") {
            last = end;
        }
    }
    last
}

fn describe(text: &str, one: &mut Passage) {
    let flag = |yes: bool| f32::from(u8::from(yes));
    let shown = &text[one.start..one.end];
    let before = tail(&text[..one.start], 24);
    let after = head(&text[one.end..], 40);
    one.numbers[6] = flag(shown.chars().filter(|c| c.is_alphabetic()).all(|c| !c.is_lowercase()));
    one.numbers[7] = flag(before.trim_end().to_lowercase().ends_with("this"));
    one.numbers[8] = flag(after.trim_start().starts_with('(') && after.contains("greement"));
    one.numbers[9] = flag(before.ends_with('\n') || before.trim().is_empty() || before.ends_with("   "));
    one.numbers[10] = flag(after.starts_with('\n') || after.starts_with("   "));
    one.numbers[11] = flag(before.to_lowercase().contains("exhibit"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_in_capitals_across_lines_and_after_this() {
        let text = "EXHIBIT 10.2\n\n  FIRST AMENDMENT TO\n  SUPPLY AGREEMENT\n\nThis Supply Agreement (the \"Agreement\") is made by Acme.";
        let shown: Vec<_> =
            titles(text, &Outline::of(text)).iter().map(|p| text[p.start..p.end].to_owned()).collect();
        assert!(shown.contains(&"FIRST AMENDMENT TO\n  SUPPLY AGREEMENT".to_owned()), "{shown:?}");
        assert!(shown.contains(&"Supply Agreement".to_owned()), "{shown:?}");
    }
}
