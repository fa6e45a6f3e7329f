//! Finding a passage that a person copied or typed in the document itself, letter for letter but for white space.

use super::{ContractText, Quote};

/// The passage of the document that reads like `said`: the same letters, with white space wherever the document has
/// some. Of several the one that begins nearest to `near`. None when the document does not say it.
#[must_use]
pub fn find(document: &ContractText, said: &str, near: usize) -> Option<Quote> {
    let wanted: Vec<&str> = said.split_whitespace().collect();
    let first = *wanted.first()?;
    let starts = document.text.match_indices(first).map(|(start, _)| start);
    let ranges = starts.filter_map(|start| Some((start, end_of(&document.text, start, &wanted)?)));
    let (start, end) = ranges.min_by_key(|(start, _)| start.abs_diff(near))?;
    document.quote(start, end)
}

/// Where the wanted words end when they begin at `start`.
fn end_of(text: &str, start: usize, wanted: &[&str]) -> Option<usize> {
    let mut at = start;
    for (place, word) in wanted.iter().enumerate() {
        let rest = &text[at..];
        let trimmed = rest.trim_start();
        if place > 0 && trimmed.len() == rest.len() {
            return None;
        }
        at += rest.len() - trimmed.len();
        if !text[at..].starts_with(word) {
            return None;
        }
        at += word.len();
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(said: &str, near: usize) -> Option<(usize, String)> {
        let text = "Notice is thirty\n  (30) days. Fees are due in 30 days. Notice is\tthirty (30) days.";
        find(&ContractText::plain(text.to_owned()), said, near).map(|quote| (quote.start, quote.text))
    }

    #[test]
    fn white_space_is_the_documents_and_letters_are_exact() {
        assert_eq!(found(" thirty (30)  days. ", 0), Some((10, "thirty\n  (30) days.".to_owned())));
        assert_eq!(found("Thirty (30) days", 0), None);
        assert_eq!(found("thirty(30) days", 0), None);
        assert_eq!(found("thirty (30) days. Fees are paid", 0), None);
    }

    #[test]
    fn of_several_the_nearest_is_meant() {
        assert_eq!(found("Notice is thirty", 0).map(|(start, _)| start), Some(0));
        assert_eq!(found("Notice is thirty", 60).map(|(start, _)| start), Some(55));
    }

    #[test]
    fn nothing_is_nowhere() {
        assert_eq!(found(" \n ", 0), None);
        assert_eq!(found("", 0), None);
    }
}
