//! The text of a document with a map from every offset to its page and its box on that page.

use serde::{Deserialize, Serialize};

/// Where the letters of a page came from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum PageText {
    /// The file's own text layer, or a format that is text (DOCX, HTML, plain text, mail).
    Layer,
    /// Recognised from the picture of the page; `confidence` is the mean over its words, 0 to 1.
    Recognised {
        /// Mean word confidence, 0 to 1. It multiplies the confidence of every term read there.
        confidence: f32,
    },
    /// A picture that nothing could read; a person has to look.
    Unread,
}

/// One page of a document and its part of the text. Formats without pages have one page, number 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageSpan {
    /// Counted from 1.
    pub number: u32,
    /// Byte offset of its first letter in [`ContractText::text`].
    pub start: usize,
    /// Byte offset after its last letter.
    pub end: usize,
    /// Width and height in points (1/72 inch); zero when the format has no pages.
    pub size: (f32, f32),
    /// Where its letters came from.
    pub text: PageText,
}

/// The rectangle of one word, in points from the upper left corner of its page.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WordBox {
    /// Byte offset of the word's first letter.
    pub start: usize,
    /// Byte offset after its last letter.
    pub end: usize,
    /// Left, top, right, bottom.
    pub sides: [f32; 4],
}

/// A document as text.
///
/// Offsets are bytes into `text`, always on a character boundary; [`ContractText::code_point`] turns one into what
/// the command line and the API print.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ContractText {
    /// All pages, in reading order.
    pub text: String,
    /// Pages in order; together they cover the text.
    pub pages: Vec<PageSpan>,
    /// Boxes of words in text order; empty when the format has none.
    #[serde(default)]
    pub words: Vec<WordBox>,
}

/// A passage of the document, word for word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    /// Exactly `text[start..end]` of the document.
    pub text: String,
    /// Page of its first letter, counted from 1.
    pub page: u32,
    /// Byte offset of its first letter.
    pub start: usize,
    /// Byte offset after its last letter.
    pub end: usize,
}

impl ContractText {
    /// A document without pages: one page that holds everything.
    #[must_use]
    pub fn plain(text: String) -> Self {
        let end = text.len();
        let page = PageSpan { number: 1, start: 0, end, size: (0.0, 0.0), text: PageText::Layer };
        Self { text, pages: vec![page], words: Vec::new() }
    }

    /// The page that holds the byte offset; the last page for an offset at or behind the end, 1 without pages.
    #[must_use]
    pub fn page_at(&self, offset: usize) -> u32 {
        let after = self.pages.partition_point(|page| page.start <= offset);
        self.pages.get(after.saturating_sub(1)).map_or(1, |page| page.number)
    }

    /// The passage between two byte offsets; `None` when they are not a passage of this text.
    #[must_use]
    pub fn quote(&self, start: usize, end: usize) -> Option<Quote> {
        let text = self.text.get(start..end).filter(|text| !text.is_empty())?;
        Some(Quote { text: text.to_owned(), page: self.page_at(start), start, end })
    }

    /// Whether the quote stands in this text, letter for letter, at the place and on the page that it names.
    #[must_use]
    pub fn holds(&self, quote: &Quote) -> bool {
        self.quote(quote.start, quote.end).as_ref() == Some(quote)
    }

    /// The number of code points before the byte offset.
    #[must_use]
    pub fn code_point(&self, offset: usize) -> usize {
        self.text.get(..offset).map_or_else(|| self.text.chars().count(), |before| before.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_pages() -> ContractText {
        let page =
            |number, start, end| PageSpan { number, start, end, size: (612.0, 792.0), text: PageText::Layer };
        ContractText {
            text: "Café AG\nnet 30".into(),
            pages: vec![page(1, 0, 9), page(2, 9, 15)],
            words: Vec::new(),
        }
    }

    #[test]
    fn a_quote_names_its_page_and_is_held() {
        let text = two_pages();
        let quote = text.quote(9, 15).expect("a passage");
        assert_eq!((quote.text.as_str(), quote.page), ("net 30", 2));
        assert!(text.holds(&quote));
        assert!(!text.holds(&Quote { text: "net 60".into(), ..quote }));
    }

    #[test]
    fn offsets_inside_a_letter_or_behind_the_end_are_no_passage() {
        let text = two_pages();
        assert_eq!(text.quote(0, 4), None);
        assert_eq!(text.quote(9, 99), None);
        assert_eq!(text.quote(3, 3), None);
    }

    #[test]
    fn code_points_count_letters_not_bytes() {
        assert_eq!(two_pages().code_point(9), 8);
    }
}
