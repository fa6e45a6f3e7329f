//! How a telephone number is written: groups of digits, what may join them, an extension.

/// A number as it is written.
pub(super) struct Written {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) digits: Vec<u8>,
    /// Lengths of the digit groups.
    pub(super) groups: Vec<usize>,
    pub(super) has_extension: bool,
}

/// The number whose first digit stands at `first`, if digits are grouped there as people group them.
pub(super) fn write_out(bytes: &[u8], first: usize) -> Option<Written> {
    let mut start = first;
    if start > 0 && bytes[start - 1] == b'(' {
        start -= 1;
    }
    if start > 0 && bytes[start - 1] == b'+' {
        start -= 1;
    }
    let mut written =
        Written { start, end: first, digits: Vec::new(), groups: vec![0], has_extension: false };
    let mut at = first;
    while at < bytes.len() && written.digits.len() <= 17 {
        if bytes[at].is_ascii_digit() {
            written.digits.push(bytes[at] - b'0');
            if let Some(last) = written.groups.last_mut() {
                *last += 1;
            }
            at += 1;
            written.end = at;
            continue;
        }
        let gap = bytes[at..].iter().take(4).take_while(|b| b" -./()".contains(b)).count();
        let is_joint = (1..=3).contains(&gap) && joins(&bytes[at..at + gap]);
        if !is_joint || !bytes.get(at + gap).is_some_and(u8::is_ascii_digit) {
            break;
        }
        written.groups.push(0);
        at += gap;
    }
    if bytes[written.start] == b'(' && !bytes[written.start..written.end].contains(&b')') {
        written.start = first;
    }
    drop_day(bytes, &mut written);
    take_extension(bytes, &mut written);
    let is_cut = match &bytes[written.end..] {
        [b',' | b':' | b'%', digit, ..] if digit.is_ascii_digit() => true,
        [b'%', ..] => true,
        [next, ..] => next.is_ascii_alphanumeric() || *next == b'_',
        [] => false,
    };
    let has_date = bytes[written.start..written.end].split(|b| *b == b' ').any(has_date_form);
    (!is_cut && !has_date).then_some(written)
}

/// In `1944158 5-Jan-11` the last group belongs to a date.
fn drop_day(bytes: &[u8], written: &mut Written) {
    let is_day = matches!(written.groups.last(), Some(1 | 2)) && written.groups.len() > 1;
    if !is_day || !matches!(bytes.get(written.end), Some(b'-' | b' ')) || !is_month(bytes, written.end + 1) {
        return;
    }
    let day = written.groups.pop().unwrap_or_default();
    written.digits.truncate(written.digits.len() - day);
    written.end -= day;
    while written.end > written.start && !bytes[written.end - 1].is_ascii_digit() {
        written.end -= 1;
    }
}

/// Says whether the name of a month, or its first three letters, begins at `at`.
pub(super) fn is_month(bytes: &[u8], at: usize) -> bool {
    const MONTHS: [&[u8; 3]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    bytes.get(at..at + 3).is_some_and(|text| MONTHS.iter().any(|month| text.eq_ignore_ascii_case(*month)))
}

/// Separators people write between groups; at most one of a kind.
fn joins(gap: &[u8]) -> bool {
    matches!(
        gap,
        b" " | b"-"
            | b"."
            | b"/"
            | b") "
            | b")"
            | b" ("
            | b"("
            | b")-"
            | b"-("
            | b") ("
            | b" - "
            | b"--"
            | b". "
            | b"- "
    ) && gap != b". "
}

/// `x123` or `ext. 123` behind the number.
fn take_extension(bytes: &[u8], written: &mut Written) {
    let rest = &bytes[written.end..];
    let marks: [&[u8]; 7] = [b"x", b" x", b" ext. ", b" ext ", b" ext.", b", ext. ", b" extension "];
    for mark in marks {
        let is_here = rest.len() > mark.len() && rest[..mark.len()].eq_ignore_ascii_case(mark);
        let digits =
            rest.get(mark.len()..).map_or(0, |r| r.iter().take_while(|b| b.is_ascii_digit()).count());
        if is_here && (1..=6).contains(&digits) {
            written.end += mark.len() + digits;
            written.has_extension = true;
            return;
        }
    }
}

/// Dates and times are digits in groups as well.
fn has_date_form(text: &[u8]) -> bool {
    let parts: Vec<&[u8]> = text.split(|b| b"-./".contains(b)).collect();
    if parts.len() != 3 || !parts.iter().all(|p| !p.is_empty() && p.iter().all(u8::is_ascii_digit)) {
        return false;
    }
    let lengths = [parts[0].len(), parts[1].len(), parts[2].len()];
    matches!(lengths, [4, 1..=2, 1..=2] | [1..=2, 1..=2, 4 | 2])
}
