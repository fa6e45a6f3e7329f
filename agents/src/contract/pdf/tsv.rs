//! The table of words that Tesseract and pdftotext print, as text with boxes.

use domain::contract::WordBox;

use super::sheet::LINE_HYPHEN;

/// A page of the table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Table {
    /// Width and height, in the unit of the table.
    pub(super) size: (f32, f32),
    /// The text, lines as on the page, an empty line between paragraphs.
    pub(super) text: String,
    /// The words, boxes in the unit of the table.
    pub(super) words: Vec<WordBox>,
    /// Mean confidence of the words, weighted by their letters, 0 to 1.
    pub(super) confidence: f32,
    /// Letters and digits.
    pub(super) letters: usize,
}

/// One row.
struct Row<'a> {
    level: u8,
    /// Block, paragraph and line within the page.
    paragraph: (u32, u32),
    line: u32,
    sides: [f32; 4],
    confidence: f32,
    text: &'a str,
}

/// The pages of a table.
pub(super) fn pages(table: &str) -> Vec<Table> {
    let mut pages: Vec<Table> = Vec::new();
    let mut before: Option<((u32, u32), u32)> = None;
    let mut weights: Vec<f32> = Vec::new();
    for row in table.lines().filter_map(row) {
        match row.level {
            1 => {
                pages.push(Table { size: (row.sides[2], row.sides[3]), ..Table::default() });
                weights.push(0.0);
                before = None;
            }
            5 => {
                let (Some(page), Some(weight)) = (pages.last_mut(), weights.last_mut()) else { continue };
                part(page, before, &row);
                before = Some((row.paragraph, row.line));
                let letters = row.text.chars().filter(|letter| letter.is_alphanumeric()).count();
                page.confidence += row.confidence * letters as f32;
                page.letters += letters;
                *weight += letters as f32;
                let start = page.text.len();
                page.text.push_str(row.text);
                page.words.push(WordBox { start, end: page.text.len(), sides: row.sides });
            }
            _ => {}
        }
    }
    for (page, weight) in pages.iter_mut().zip(weights) {
        page.confidence = if weight > 0.0 { page.confidence / weight / 100.0 } else { 0.0 };
    }
    pages
}

/// Writes what stands between the last word and this one.
fn part(page: &mut Table, before: Option<((u32, u32), u32)>, row: &Row<'_>) {
    match before {
        None => {}
        Some((paragraph, line)) if paragraph == row.paragraph && line == row.line => page.text.push(' '),
        Some((paragraph, _)) => {
            let goes_on = page.text.ends_with('-') && row.text.starts_with(char::is_lowercase);
            if let Some(word) = page.words.last_mut().filter(|word| goes_on && word.end - word.start > 1) {
                page.text.pop();
                page.text.push(LINE_HYPHEN);
                word.end = page.text.len();
            }
            page.text.push_str(if paragraph == row.paragraph { "\n" } else { "\n\n" });
        }
    }
}

fn row(line: &str) -> Option<Row<'_>> {
    let mut fields = line.splitn(12, '\t');
    let level = fields.next()?.parse().ok()?;
    let mut numbers = [0_u32; 5];
    for number in &mut numbers {
        *number = fields.next()?.parse().ok()?;
    }
    let mut measures = [0_f32; 5];
    for measure in &mut measures {
        *measure = fields.next()?.parse().ok().filter(|measure: &f32| measure.is_finite())?;
    }
    let text = fields.next().unwrap_or_default().trim();
    let [_, block, paragraph, line, _] = numbers;
    let [left, top, width, height, confidence] = measures;
    if level == 5 && text.is_empty() {
        return None;
    }
    let sides = [left, top, left + width, top + height];
    Some(Row { level, paragraph: (block, paragraph), line, sides, confidence: confidence.max(0.0), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
        1\t1\t0\t0\t0\t0\t0\t0\t1700\t2200\t-1\t\n\
        5\t1\t1\t1\t1\t1\t10\t20\t50\t12\t96.5\tThis\n\
        5\t1\t1\t1\t1\t2\t70\t20\t60\t12\t90\tagree-\n\
        5\t1\t1\t1\t2\t1\t10\t40\t60\t12\t80\tment\n\
        5\t1\t1\t1\t2\t2\t80\t40\t6\t12\t-1\t \n\
        5\t1\t1\t2\t1\t1\t10\t80\t60\t12\t96\tFees:\n";

    #[test]
    fn words_lines_and_paragraphs_come_out_in_order() {
        let pages = pages(TABLE);
        let [page] = pages.as_slice() else { panic!("one page") };
        assert_eq!(page.text, "This agree\u{FFFE}\nment\n\nFees:");
        assert_eq!(page.size, (1700.0, 2200.0));
        let words: Vec<_> = page.words.iter().map(|word| &page.text[word.start..word.end]).collect();
        assert_eq!(words, ["This", "agree\u{FFFE}", "ment", "Fees:"]);
        assert_eq!(page.words[2].sides, [10.0, 40.0, 70.0, 52.0]);
    }

    #[test]
    fn confidence_is_the_mean_over_letters() {
        let page = &pages(TABLE)[0];
        let mean = (96.5 * 4.0 + 90.0 * 5.0 + 80.0 * 4.0 + 96.0 * 4.0) / 17.0 / 100.0;
        assert!((page.confidence - mean).abs() < 1e-4, "{} against {mean}", page.confidence);
    }

    #[test]
    fn rows_that_make_no_sense_are_passed_over() {
        assert!(pages("5\t1\t1\t1\t1\t1\t0\t0\t1\t1\t90\tlost\nnonsense\n").is_empty());
        assert_eq!(pages("1\t1\t0\t0\t0\t0\t0\t0\tNaN\tinf\t-1\t\n").len(), 0);
    }
}
