//! What a person wrote in a mail: the text without what it quotes and without a signature.
//!
//! Each line gets a kind, the order of kinds decides what is left out. The rules are those that mail clients and
//! people keep to in all languages; what is peculiar to a language is in the tables of `marker` and `line`.

mod cleaning;
mod line;
mod marker;

use line::Line;

/// A mail longer than this in lines is read up to there: nobody types that much, programs do.
const LINES_MAX: usize = 20_000;
/// After this many lines of one's own below a quoted mail those are an answer, not a signature.
const OWN_BELOW_QUOTE: usize = 7;

/// The text without quoted mail and signature.
#[must_use]
pub fn strip(text: &str) -> String {
    let text = cleaning::clean(text);
    let mut lines: Vec<(Line, String)> = line::classify(&text, LINES_MAX);
    cut_at_delimiter(&mut lines);
    lines.retain(|(kind, _)| *kind != Line::Signature);
    cut_embedded(&mut lines);
    lines.retain(|(kind, _)| *kind != Line::Marker);
    cut_headers(&mut lines);
    drop_header_blocks(&mut lines);
    cut_trailing_quote(&mut lines);
    let kept: Vec<&str> = lines.iter().map(|(_, text)| text.as_str()).collect();
    kept.join("\n").trim().to_owned()
}

/// The text without any quoted line, also between and before a person's own lines: what may count as a decision.
#[must_use]
pub fn own_words(text: &str) -> String {
    let reply = strip(text);
    let own: Vec<&str> =
        reply.lines().filter(|line| !line.trim_start().starts_with(['>', '|', '»'])).collect();
    own.join("\n").trim().to_owned()
}

/// A line of nothing but strokes ends what was written, unless nothing came before it.
fn cut_at_delimiter(lines: &mut Vec<(Line, String)>) {
    let lead = lines.iter().take_while(|(kind, _)| matches!(kind, Line::Delimiter | Line::Empty)).count();
    lines.drain(..lead);
    if let Some(at) = lines.iter().position(|(kind, _)| *kind == Line::Delimiter) {
        lines.truncate(at);
    }
}

/// Cuts the mail that is answered, where a line introduces it.
fn cut_embedded(lines: &mut Vec<(Line, String)>) {
    if let Some(own) = below_first_quote(lines) {
        lines.drain(..own);
        return;
    }
    // An introduced mail that is not marked as quoted: everything from there is the other's.
    let last_quote = lines.iter().rposition(|(kind, _)| *kind == Line::Quote);
    let from = last_quote.map_or(0, |at| at + 1);
    if let Some(end) = text_before_marker(lines, from) {
        lines.truncate(end);
    }
    // An introduced and quoted mail, with at most a signature below it.
    let tail = lines.iter().rev().take_while(|(kind, _)| matches!(kind, Line::Text | Line::Empty)).count();
    let texts = lines[lines.len() - tail..].iter().filter(|(kind, _)| *kind == Line::Text).count();
    let quoted = lines[..lines.len() - tail]
        .iter()
        .rev()
        .take_while(|(kind, _)| matches!(kind, Line::Empty | Line::Quote | Line::Marker | Line::Header))
        .count();
    let start = lines.len() - tail - quoted;
    if texts < OWN_BELOW_QUOTE
        && let Some(end) = text_before_marker(lines, start)
    {
        lines.truncate(end);
    }
    // Text, then nothing but quoted mail to the end.
    let quoted = lines
        .iter()
        .rev()
        .take_while(|(kind, _)| matches!(kind, Line::Empty | Line::Quote | Line::Marker))
        .count();
    let start = lines.len() - quoted;
    if start > 0 && lines[start - 1].0 == Line::Text {
        lines.truncate(start);
    }
}

/// Where one's own words begin, when the mail starts with an introduced quote and everything below it is one's own.
fn below_first_quote(lines: &[(Line, String)]) -> Option<usize> {
    let first = lines.iter().position(|(kind, _)| *kind != Line::Empty)?;
    if lines[first].0 != Line::Marker {
        return None;
    }
    let own =
        lines.iter().position(|(kind, _)| matches!(kind, Line::Text | Line::Header | Line::Delimiter))?;
    let is_quoted = lines[..own].iter().any(|(kind, _)| *kind == Line::Quote);
    let is_own = lines[own..].iter().all(|(kind, _)| matches!(kind, Line::Text | Line::Empty));
    (is_quoted && is_own).then_some(own)
}

/// The end of the text before the first marker at or after `from`, if only blank lines are between them.
fn text_before_marker(lines: &[(Line, String)], from: usize) -> Option<usize> {
    (from..lines.len()).filter(|at| lines[*at].0 == Line::Marker).find_map(|marker| {
        let text = lines[..marker].iter().rposition(|(kind, _)| *kind != Line::Empty)?;
        (lines[text].0 == Line::Text).then_some(text + 1)
    })
}

/// Cuts at the head of a forwarded or answered mail: three lines like `From:`, also when values are wrapped.
fn cut_headers(lines: &mut Vec<(Line, String)>) {
    join_wrapped_headers(lines);
    let mut run = 0;
    for at in 0..lines.len() {
        run = if lines[at].0 == Line::Header { run + 1 } else { 0 };
        if run < 3 {
            continue;
        }
        let start = at + 1 - run;
        let before = lines[..start].iter().rposition(|(kind, _)| !matches!(kind, Line::Empty | Line::Quote));
        if let Some(text) = before.filter(|text| lines[*text].0 == Line::Text) {
            lines.truncate(text + 1);
            return;
        }
    }
}

/// Drops what is left of heads; a single line like `To: be discussed` is somebody's own.
fn drop_header_blocks(lines: &mut Vec<(Line, String)>) {
    for run in lines.chunk_by_mut(|(one, _), (next, _)| one == next) {
        if let [(kind @ Line::Header, _)] = run {
            *kind = Line::Text;
        }
    }
    lines.retain(|(kind, _)| *kind != Line::Header);
}

/// Lines between header lines belong to them, when the block ends at a blank line.
fn join_wrapped_headers(lines: &mut [(Line, String)]) {
    let Some(first) = lines.iter().position(|(kind, _)| *kind == Line::Header) else { return };
    let block = lines[first..]
        .iter()
        .take_while(|(kind, _)| matches!(kind, Line::Header | Line::Text | Line::Empty))
        .count();
    let last = (first..first + block).rev().find(|at| {
        lines[*at].0 == Line::Header && lines.get(at + 1).is_some_and(|(kind, _)| *kind == Line::Empty)
    });
    if let Some(last) = last {
        for (kind, _) in &mut lines[first..last] {
            *kind = Line::Header;
        }
    }
}

fn cut_trailing_quote(lines: &mut Vec<(Line, String)>) {
    if lines.iter().any(|(kind, _)| *kind == Line::Text) {
        let tail =
            lines.iter().rev().take_while(|(kind, _)| matches!(kind, Line::Empty | Line::Quote)).count();
        lines.truncate(lines.len() - tail);
    }
}

#[cfg(test)]
mod tests;
