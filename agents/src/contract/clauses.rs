//! Cuts a contract into clauses: sentences that belong together, under the heading they stand under.

use domain::contract::ClauseSpan;

use super::structure::{Outline, Sentence};

/// A clause grows to about this size, bytes; longer ones are cut between sentences.
const CLAUSE_BYTES: usize = 1200;
/// A piece shorter than this, bytes, is a heading or a stray line and goes with what follows.
const SCRAP_BYTES: usize = 40;
/// The longest heading that is kept, bytes.
const HEADING_MAX: usize = 120;

/// The clauses of a text, in order; together they hold all its sentences.
#[must_use]
pub fn of(text: &str) -> Vec<ClauseSpan> {
    let outline = Outline::of(text);
    let mut found: Vec<(ClauseSpan, Sentence)> = Vec::new();
    for sentence in &outline.sentences {
        let heading = heading(&outline, sentence, text);
        match found.last_mut() {
            Some((clause, last)) if belongs(clause, last, sentence, &heading) => {
                clause.end = sentence.end;
                if clause.heading.is_empty() {
                    clause.heading = heading;
                }
                *last = sentence.clone();
            }
            _ => {
                let clause = ClauseSpan { heading, start: sentence.start, end: sentence.end };
                found.push((clause, sentence.clone()));
            }
        }
    }
    found.into_iter().map(|(clause, _)| clause).collect()
}

fn belongs(clause: &ClauseSpan, last: &Sentence, next: &Sentence, heading: &str) -> bool {
    let is_scrap = clause.end - clause.start < SCRAP_BYTES;
    let fits = next.end - clause.start <= CLAUSE_BYTES;
    let same = clause.heading == heading && last.heading == next.heading;
    fits && (same && (last.paragraph == next.paragraph || is_scrap) || is_scrap && clause.heading.is_empty())
}

/// The words of the heading that a sentence stands under, on one line.
pub(super) fn heading(outline: &Outline, sentence: &Sentence, text: &str) -> String {
    let words = outline.heading_of(sentence);
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return String::new() };
    let whole =
        text[first.start as usize..last.end as usize].split_whitespace().collect::<Vec<_>>().join(" ");
    super::normalise::head(&whole, HEADING_MAX).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clause_has_its_heading_and_its_sentences() {
        let text = "1. Term. This Agreement lasts two years. It may be renewed by written agreement.\n\n\
                    2. Fees. Customer shall pay all fees within thirty days of the invoice date. Late sums bear interest.";
        let clauses = of(text);
        let shown: Vec<(&str, &str)> =
            clauses.iter().map(|clause| (clause.heading.as_str(), &text[clause.start..clause.end])).collect();
        assert_eq!(shown.len(), 2, "{shown:?}");
        assert_eq!(shown[0].0, "Term");
        assert!(
            shown[0].1.starts_with("1. Term.") && shown[0].1.ends_with("written agreement."),
            "{shown:?}"
        );
        assert_eq!(shown[1].0, "Fees");
        assert!(shown[1].1.ends_with("bear interest."), "{shown:?}");
    }

    #[test]
    fn no_sentence_is_lost_and_none_is_in_two_clauses() {
        let sentence = "The parties agree to this point without any reservation whatsoever. ";
        let text = format!("ARTICLE 1\n\n{}\n\nARTICLE 2\n\nEnd of it all here.", sentence.repeat(60));
        let clauses = of(&text);
        assert!(clauses.len() > 3, "a long clause is cut");
        for pair in clauses.windows(2) {
            assert!(pair[0].end <= pair[1].start);
            assert!(text[pair[0].end..pair[1].start].trim().is_empty());
        }
        assert!(clauses.iter().all(|clause| clause.end - clause.start <= CLAUSE_BYTES));
    }
}
