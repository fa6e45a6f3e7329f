//! One page's letters in, its text and the boxes of its words out.

use domain::contract::WordBox;
use serde::{Deserialize, Serialize};

use super::Veil;

/// Stands in the text of a page for a hyphen at the end of a line, until the whole text tells whether it belongs there.
pub(super) const LINE_HYPHEN: char = '\u{FFFE}';
/// Letters of a hidden passage that are kept for a person to see.
const SAMPLE: usize = 160;

/// Letters that nobody sees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Hidden {
    pub(super) how: Veil,
    pub(super) letters: usize,
    pub(super) sample: String,
}

/// The text of a page.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sheet {
    pub(super) text: String,
    pub(super) words: Vec<WordBox>,
    /// Letters and digits in the text.
    pub(super) letters: u32,
    /// Letters without a meaning.
    pub(super) lost: u32,
    pub(super) hidden: Vec<Hidden>,
}

/// Writes a sheet letter by letter.
#[derive(Debug, Default)]
pub(super) struct Writer {
    sheet: Sheet,
    /// Start and box of the word that is being written.
    word: Option<(usize, [f32; 4])>,
    /// Where each line begins, and its top and bottom.
    lines: Vec<Line>,
    /// A hidden letter was left out since the last one that was written.
    after_hidden: bool,
}

/// A line of the page: where it begins in the text, its top and its bottom.
#[derive(Debug, Clone, Copy)]
struct Line {
    start: usize,
    top: f32,
    bottom: f32,
}

impl Writer {
    /// Writes a letter that is seen.
    pub(super) fn write(&mut self, code: u32, sides: Option<[f32; 4]>) {
        match code {
            0x0A | 0x0D | 0x0B | 0x0C | 0x2028 | 0x2029 => self.end_line(),
            0x20 | 0x09 | 0xA0 | 0x2000..=0x200A | 0x202F | 0x205F | 0x3000 => self.space(),
            // What the engine gives for a hyphen at the end of a line, which the next word continues.
            // The engine leaves out the line end behind it.
            0x02 | 0xFFFE | 0xAD => {
                self.put(LINE_HYPHEN, sides);
                self.end_word();
            }
            // Without width, or an order mark: nothing to see.
            0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x2064 | 0x2066..=0x2069 | 0xFEFF => {}
            0xFB00..=0xFB06 => {
                for letter in ligature(code).chars() {
                    self.put(letter, sides);
                }
            }
            // Hyphens that must not or may break a line are hyphens.
            0x2010 | 0x2011 => self.put('-', sides),
            // The bullets of the usual symbol fonts.
            0xF0B7 | 0xF0A7 | 0xF0D8 | 0xF076 => self.put('•', sides),
            0..=0x1F | 0x7F..=0x9F | 0xE000..=0xF8FF | 0xFFFD | 0xFFFF | 0xF0000.. => self.sheet.lost += 1,
            _ => match char::from_u32(code) {
                Some(letter) => self.put(letter, sides),
                None => self.sheet.lost += 1,
            },
        }
    }

    /// Leaves out a letter that nobody sees.
    pub(super) fn hide(&mut self, code: u32, how: Veil) {
        let Some(letter) = char::from_u32(code).filter(|letter| !letter.is_control()) else {
            return self.end_word();
        };
        self.after_hidden = true;
        let hidden = &mut self.sheet.hidden;
        let known = hidden.iter_mut().find(|known| known.how == how);
        let place = match known {
            Some(known) => known,
            None => {
                hidden.push(Hidden { how, letters: 0, sample: String::new() });
                let last = hidden.len() - 1;
                &mut hidden[last]
            }
        };
        place.letters += usize::from(!letter.is_whitespace());
        if place.letters <= SAMPLE {
            place.sample.push(letter);
        }
    }

    /// The sheet, with an empty line between paragraphs that stand apart on the page.
    pub(super) fn finish(mut self) -> Sheet {
        self.end_word();
        let mut sheet = self.sheet;
        sheet.text.truncate(sheet.text.trim_end().len());
        for hidden in &mut sheet.hidden {
            hidden.sample = hidden.sample.trim().to_owned();
        }
        sheet.hidden.retain(|hidden| hidden.letters > 0);
        part(&mut sheet, &self.lines);
        sheet
    }

    fn put(&mut self, letter: char, sides: Option<[f32; 4]>) {
        let start = self.sheet.text.len();
        let at_line_start = start == 0 || self.sheet.text.ends_with(['\n', LINE_HYPHEN]);
        if std::mem::take(&mut self.after_hidden) && self.word.is_none() && !at_line_start {
            self.space();
        }
        let start = start.max(self.sheet.text.len());
        if let Some(sides) = sides {
            if at_line_start {
                self.lines.push(Line { start, top: sides[1], bottom: sides[3] });
            } else if let Some(line) = self.lines.last_mut() {
                line.top = line.top.min(sides[1]);
                line.bottom = line.bottom.max(sides[3]);
            }
        }
        self.word = match (self.word, sides) {
            (Some((start, word)), Some(sides)) => Some((start, around(word, sides))),
            (None, Some(sides)) => Some((start, sides)),
            (word, None) => word,
        };
        self.sheet.text.push(letter);
        self.sheet.letters += u32::from(letter.is_alphanumeric());
    }

    fn space(&mut self) {
        self.end_word();
        if !self.sheet.text.is_empty() && !self.sheet.text.ends_with([' ', '\n']) {
            self.sheet.text.push(' ');
        }
    }

    fn end_line(&mut self) {
        self.end_word();
        self.after_hidden = false;
        let kept = self.sheet.text.trim_end_matches(' ').len();
        self.sheet.text.truncate(kept);
        if !self.sheet.text.is_empty() && !self.sheet.text.ends_with('\n') {
            self.sheet.text.push('\n');
        }
    }

    fn end_word(&mut self) {
        if let Some((start, sides)) = self.word.take() {
            self.sheet.words.push(WordBox { start, end: self.sheet.text.len(), sides });
        }
    }
}

/// The smallest box around two.
fn around(one: [f32; 4], other: [f32; 4]) -> [f32; 4] {
    [one[0].min(other[0]), one[1].min(other[1]), one[2].max(other[2]), one[3].max(other[3])]
}

/// The letters of a Latin ligature.
fn ligature(code: u32) -> &'static str {
    match code {
        0xFB00 => "ff",
        0xFB01 => "fi",
        0xFB02 => "fl",
        0xFB03 => "ffi",
        0xFB04 => "ffl",
        _ => "st",
    }
}

/// Puts an empty line before each line that stands clearly further from the one above than lines of this page do.
fn part(sheet: &mut Sheet, lines: &[Line]) {
    let pitch = |pair: &[Line]| pair[1].top - pair[0].top;
    let mut pitches: Vec<f32> = lines.windows(2).map(pitch).filter(|pitch| *pitch > 1.0).collect();
    if pitches.len() < 3 {
        return;
    }
    pitches.sort_by(f32::total_cmp);
    // Lines within a paragraph are the closest ones; the lower quartile is safe from a page of short paragraphs.
    let usual = pitches[pitches.len() / 4];
    let is_apart = |pair: &[Line]| pitch(pair) > 1.35 * usual || pitch(pair) < -usual;
    let mut breaks: Vec<usize> =
        lines.windows(2).filter(|pair| is_apart(pair)).map(|pair| pair[1].start).collect();
    breaks.retain(|at| sheet.text[..*at].ends_with('\n'));
    if breaks.is_empty() {
        return;
    }
    let mut text = String::with_capacity(sheet.text.len() + breaks.len());
    let mut from = 0;
    for &at in &breaks {
        text.push_str(&sheet.text[from..at]);
        text.push('\n');
        from = at;
    }
    text.push_str(&sheet.text[from..]);
    sheet.text = text;
    for word in &mut sheet.words {
        let before = breaks.partition_point(|at| *at <= word.start);
        word.start += before;
        word.end += before;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes lines, each at its height, letters ten points wide and high.
    fn written(lines: &[(&str, f32)]) -> Sheet {
        let mut writer = Writer::default();
        for (line, top) in lines {
            for (at, letter) in line.chars().enumerate() {
                let left = at as f32 * 10.0;
                writer.write(u32::from(letter), Some([left, *top, left + 10.0, top + 10.0]));
            }
            if !line.ends_with('\u{2}') {
                writer.write(0x0D, None);
                writer.write(0x0A, None);
            }
        }
        writer.finish()
    }

    fn words(sheet: &Sheet) -> Vec<(&str, [f32; 4])> {
        sheet.words.iter().map(|word| (&sheet.text[word.start..word.end], word.sides)).collect()
    }

    #[test]
    fn words_have_the_box_around_their_letters() {
        let sheet = written(&[("Net 30", 100.0)]);
        assert_eq!(sheet.text, "Net 30");
        assert_eq!(words(&sheet), [("Net", [0.0, 100.0, 30.0, 110.0]), ("30", [40.0, 100.0, 60.0, 110.0])]);
        assert_eq!(sheet.letters, 5);
    }

    #[test]
    fn a_wider_gap_between_lines_parts_paragraphs() {
        let sheet = written(&[("a b", 0.0), ("c", 12.0), ("d", 24.0), ("e", 48.0), ("f", 60.0)]);
        assert_eq!(sheet.text, "a b\nc\nd\n\ne\nf");
        assert_eq!(words(&sheet).iter().map(|(word, _)| *word).collect::<String>(), "abcdef");
    }

    #[test]
    fn a_word_that_goes_on_in_the_next_line_has_a_box_in_each() {
        let sheet = written(&[("agree\u{2}", 0.0), ("ment", 12.0)]);
        assert_eq!(sheet.text, "agree\u{FFFE}ment");
        assert_eq!(words(&sheet)[1], ("ment", [0.0, 12.0, 40.0, 22.0]));
        assert_eq!(words(&sheet)[0].1[3], 10.0);
    }

    #[test]
    fn ligatures_are_letters_and_what_has_no_meaning_is_counted() {
        let sheet = written(&[("\u{FB01}nal\u{A0}o\u{FB03}ce\u{200B} \u{E123}\u{FFFD}\u{F0B7}", 0.0)]);
        assert_eq!(sheet.text, "final office •");
        assert_eq!(sheet.lost, 2);
    }

    #[test]
    fn hidden_letters_are_kept_apart_and_part_words() {
        let mut writer = Writer::default();
        let sides = Some([0.0, 0.0, 5.0, 5.0]);
        for letter in "net".chars() {
            writer.write(u32::from(letter), sides);
        }
        for letter in "9 0".chars() {
            writer.hide(u32::from(letter), Veil::Tiny);
        }
        writer.write(0x20, None);
        writer.write(u32::from('x'), sides);
        let sheet = writer.finish();
        assert_eq!(sheet.text, "net x");
        assert_eq!(sheet.hidden, [Hidden { how: Veil::Tiny, letters: 2, sample: "9 0".into() }]);
    }
}
