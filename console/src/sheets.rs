//! The text of a document as pages, with passages marked where they stand.

use std::fmt::{self, Write};
use std::ops::Range;

use askama::filters::{Escaper, Html, HtmlSafe};
use domain::contract::{ContractText, PageText, Verdict};

/// A passage to mark.
#[derive(Debug, Clone)]
pub(crate) struct Passage {
    /// Names it within the page: `#q-3` leads to it.
    pub(crate) number: usize,
    /// Bytes of the text.
    pub(crate) range: Range<usize>,
    /// What it says, for who points at it.
    pub(crate) label: String,
    /// Its colour.
    pub(crate) verdict: Verdict,
}

/// One page.
pub(crate) struct Sheet {
    pub(crate) number: u32,
    pub(crate) text: Marked,
    /// What a reader must know of the page itself.
    pub(crate) note: Option<&'static str>,
}

/// Text with marks, safe to put into a page.
pub(crate) struct Marked(String);

impl fmt::Display for Marked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Marked {}

/// The pages of a document with its passages; those that stand nowhere in it are left out.
pub(crate) fn sheets(document: &ContractText, passages: &[Passage]) -> Vec<Sheet> {
    let is_there = |passage: &&Passage| {
        passage.range.start < passage.range.end && document.text.get(passage.range.clone()).is_some()
    };
    let mut passages: Vec<&Passage> = passages.iter().filter(is_there).collect();
    passages.sort_by_key(|passage| (passage.range.start, passage.number));
    let sheet = |page: &domain::contract::PageSpan| Sheet {
        number: page.number,
        text: Marked(marked(&document.text, page.start..page.end, &passages)),
        note: match page.text {
            PageText::Layer => None,
            PageText::Recognised { confidence } if confidence < 0.8 => {
                Some("Read from a picture of poor quality; look at the original where it matters.")
            }
            PageText::Recognised { .. } => Some("Read from a picture."),
            PageText::Unread => Some("A picture that nothing could read; look at the original."),
        },
    };
    document.pages.iter().map(sheet).collect()
}

/// A stretch of the text. Where passages overlap each piece names all of them and has the gravest colour.
fn marked(text: &str, within: Range<usize>, passages: &[&Passage]) -> String {
    let here: Vec<&&Passage> = passages
        .iter()
        .filter(|passage| passage.range.start < within.end && passage.range.end > within.start)
        .collect();
    let mut cuts: Vec<usize> = vec![within.start, within.end];
    for passage in &here {
        cuts.extend([passage.range.start, passage.range.end].iter().filter(|at| within.contains(at)));
    }
    cuts.sort_unstable();
    cuts.dedup();
    let mut out = String::new();
    for pair in cuts.windows(2) {
        let Some(piece) = text.get(pair[0]..pair[1]) else { continue };
        let over: Vec<&&&Passage> = here
            .iter()
            .filter(|passage| passage.range.start <= pair[0] && passage.range.end >= pair[1])
            .collect();
        // Writing into a string cannot fail.
        let _ = write_piece(&mut out, piece, pair[0], &over);
    }
    out
}

fn write_piece(out: &mut String, piece: &str, at: usize, over: &[&&&Passage]) -> fmt::Result {
    let Some(gravest) = over.iter().min_by_key(|passage| gravity(passage.verdict)) else {
        return Html.write_escaped_str(&mut *out as &mut dyn Write, piece);
    };
    for begun in over.iter().filter(|passage| passage.range.start == at) {
        write!(out, "<span class=\"spot\" id=\"q-{}\" tabindex=\"-1\"></span>", begun.number)?;
    }
    let numbers: Vec<String> = over.iter().map(|passage| passage.number.to_string()).collect();
    let labels: Vec<&str> = over.iter().map(|passage| passage.label.as_str()).collect();
    write!(
        out,
        "<mark class=\"{}\" data-q=\"{}\" title=\"",
        verdict_class(gravest.verdict),
        numbers.join(" ")
    )?;
    Html.write_escaped_str(&mut *out as &mut dyn Write, &labels.join(" · "))?;
    out.push_str("\">");
    Html.write_escaped_str(&mut *out as &mut dyn Write, piece)?;
    out.push_str("</mark>");
    Ok(())
}

/// The gravest first.
pub(crate) fn gravity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Escalate => 0,
        Verdict::Red => 1,
        Verdict::Missing => 2,
        Verdict::Yellow => 3,
        Verdict::Unclear => 4,
        Verdict::Green => 5,
    }
}

/// The class that colours a verdict.
pub(crate) fn verdict_class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Green => "green",
        Verdict::Yellow => "yellow",
        Verdict::Red => "red",
        Verdict::Missing => "missing",
        Verdict::Unclear => "unclear",
        Verdict::Escalate => "escalate",
    }
}

#[cfg(test)]
mod tests {
    use domain::contract::PageSpan;

    use super::*;

    fn passage(number: usize, range: Range<usize>, verdict: Verdict) -> Passage {
        Passage { number, range, label: format!("Term <{number}>"), verdict }
    }

    fn html(passages: &[Passage]) -> Vec<String> {
        let page =
            |number, start, end| PageSpan { number, start, end, size: (612.0, 792.0), text: PageText::Layer };
        let document = ContractText {
            text: "Fees <are> due in 30 days.\nNotice is 60 days.".to_owned(),
            pages: vec![page(1, 0, 27), page(2, 27, 45)],
            words: Vec::new(),
        };
        sheets(&document, passages).into_iter().map(|sheet| sheet.text.to_string()).collect()
    }

    /// What a reader sees: the text without the marks.
    fn words(html: &str) -> String {
        let mut out = String::new();
        let mut is_inside = false;
        for letter in html.chars() {
            match letter {
                '<' => is_inside = true,
                '>' => is_inside = false,
                letter if !is_inside => out.push(letter),
                _ => {}
            }
        }
        out.replace("&#60;", "<").replace("&#62;", ">").replace("&#39;", "'")
    }

    #[test]
    fn a_passage_is_marked_where_it_stands_and_nothing_else_changes() {
        let pages = html(&[passage(3, 5..10, Verdict::Red)]);
        let mark = "<span class=\"spot\" id=\"q-3\" tabindex=\"-1\"></span><mark class=\"red\" data-q=\"3\" title=\"Term &#60;3&#62;\">&#60;are&#62;</mark>";
        assert!(pages[0].contains(mark), "{}", pages[0]);
        assert_eq!(words(&pages[0]), "Fees <are> due in 30 days.\n");
        assert_eq!(pages[1], "Notice is 60 days.");
    }

    #[test]
    fn passages_that_overlap_and_run_over_a_page_are_all_there() {
        let pages = html(&[passage(1, 0..20, Verdict::Green), passage(2, 15..33, Verdict::Red)]);
        assert_eq!(words(&pages[0]), "Fees <are> due in 30 days.\n");
        assert!(pages[0].contains("class=\"red\" data-q=\"1 2\""), "{}", pages[0]);
        assert!(pages[1].starts_with("<mark class=\"red\" data-q=\"2\""), "{}", pages[1]);
        assert_eq!(pages.concat().matches("id=\"q-2\"").count(), 1);
    }

    #[test]
    fn a_passage_that_stands_nowhere_is_left_out() {
        let pages = html(&[passage(1, 40..99, Verdict::Red), passage(2, 9..9, Verdict::Red)]);
        assert!(!pages.concat().contains("mark"), "{pages:?}");
    }
}
