//! Fitting text into a channel's limits: shortened or split, never refused; and drawing with letters.

/// Cuts at a character's end and marks the cut.
pub(crate) fn shorten(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some(_) => {
            let keep: String = text.chars().take(max.saturating_sub(1)).collect();
            format!("{}…", keep.trim_end())
        }
    }
}

/// Cuts like [`shorten`], when each character counts for as many as it takes after escaping.
pub(crate) fn shorten_escaped(text: &str, max: usize, escape: fn(&str) -> String) -> String {
    let escaped = escape(text);
    if escaped.chars().count() <= max {
        return escaped;
    }
    let mut out = String::new();
    let mut count = 1;
    for c in text.chars() {
        let piece = escape(c.encode_utf8(&mut [0; 4]));
        count += piece.chars().count();
        if count > max {
            break;
        }
        out.push_str(&piece);
    }
    out.push('…');
    out
}

/// Splits into pieces of at most `max` characters, at line ends or spaces where there are any.
pub(crate) fn split(text: &str, max: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((end, _)) = rest.char_indices().nth(max) {
        let head = &rest[..end];
        let cut =
            head.rfind('\n').or_else(|| head.rfind(' ')).filter(|at| *at > end / 2).map_or(end, |at| at + 1);
        pieces.push(rest[..cut].to_owned());
        rest = &rest[cut..];
    }
    if !rest.is_empty() {
        pieces.push(rest.to_owned());
    }
    pieces
}

/// A bar of ten for `part` in `whole`.
pub(crate) fn bar(part: u32, whole: u32) -> String {
    let filled = if whole == 0 { 0 } else { (u64::from(part.min(whole)) * 10 / u64::from(whole)) as usize };
    format!("{}{}", "▰".repeat(filled), "▱".repeat(10 - filled))
}

/// Rows under columns in a fixed-width font, at most `max` characters: cells are shortened so that a line stays readable on a telephone.
///
/// Says besides how many rows were left out.
pub(crate) fn grid(columns: &[String], rows: &[Vec<String>], max: usize) -> (String, usize) {
    const CELL_MAX: usize = 28;
    let width = columns.len().max(rows.iter().map(Vec::len).max().unwrap_or(0));
    let cell = |row: &[String], i: usize| {
        let text = row.get(i).map(String::as_str).unwrap_or_default();
        shorten(&text.split_whitespace().collect::<Vec<_>>().join(" "), CELL_MAX)
    };
    let lines: Vec<Vec<String>> = std::iter::once(columns)
        .chain(rows.iter().map(Vec::as_slice))
        .map(|row| (0..width).map(|i| cell(row, i)).collect())
        .collect();
    let widths: Vec<usize> =
        (0..width).map(|i| lines.iter().map(|line| line[i].chars().count()).max().unwrap_or(0)).collect();
    let mut out = String::new();
    let (mut count, mut left_out) = (0, 0);
    for (n, line) in lines.iter().enumerate() {
        let padded = line.iter().zip(&widths).map(|(text, width)| format!("{text:<width$}"));
        let text = padded.collect::<Vec<_>>().join("  ").trim_end().to_owned();
        count += text.chars().count() + 1;
        if count > max - 60 {
            left_out = lines.len() - n;
            out.push_str(&format!("… and {left_out} more"));
            break;
        }
        out.push_str(&text);
        out.push('\n');
        if n == 0 {
            let rule = widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join("  ");
            count += rule.chars().count() + 1;
            out.push_str(&rule);
            out.push('\n');
        }
    }
    (out.trim_end().to_owned(), left_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slack::markup::escape;

    #[test]
    fn texts_are_cut_at_characters_and_split_at_spaces() {
        assert_eq!(shorten("héllo", 5), "héllo");
        assert_eq!(shorten("héllo wörld", 7), "héllo…");
        assert_eq!(shorten_escaped("a&b", 7, escape), "a&amp;b");
        assert_eq!(shorten_escaped("a&bcd", 7, escape), "a&amp;…");
        assert_eq!(split("one two three", 8), ["one two ", "three"]);
        assert_eq!(split("onetwothree", 4), ["onet", "woth", "ree"]);
        assert!(split("", 4).is_empty());
    }

    #[test]
    fn a_bar_is_always_ten_long() {
        assert_eq!(bar(0, 0), "▱▱▱▱▱▱▱▱▱▱");
        assert_eq!(bar(3, 6), "▰▰▰▰▰▱▱▱▱▱");
        assert_eq!(bar(9, 6), "▰▰▰▰▰▰▰▰▰▰");
    }

    #[test]
    fn a_grid_tolerates_ragged_rows() {
        let (text, left_out) = grid(
            &["Deal".into(), "Stage".into()],
            &[vec!["Adyen".into()], vec!["a".into(), "b".into(), "c".into()]],
            3000,
        );
        assert_eq!(left_out, 0);
        assert_eq!(text, "Deal   Stage\n─────  ─────  ─\nAdyen\na      b      c");
        let many = vec![vec!["x".repeat(50); 8]; 100];
        let (text, left_out) = grid(&[], &many, 3000);
        assert!(text.chars().count() <= 3000);
        assert!(text.ends_with(&format!("… and {left_out} more")));
        assert_eq!(left_out + text.lines().count() - 2, many.len() + 1, "no row is lost without a word");
    }
}
