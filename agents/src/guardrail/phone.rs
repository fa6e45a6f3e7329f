//! Telephone numbers of any country, read from how digits are grouped and what stands around them.

mod written;

use self::written::{Written, is_month, write_out};
use super::checksum::number;
use super::context::{is_before, is_near};
use super::finding::Reading;

const WORDS: &str = "phone|telephone|tel|mobile|cell|cellphone|fax|facsimile|call|reach me|answering|sms|text me|dial|whatsapp|\
    my registered|messages to|message to|contact number|telefon|telefono|handy|hotline|ring|desk";
const LABELS_BEHIND: [&[u8]; 8] =
    [b"office", b"fax", b"mobile", b"cell", b"home", b"work", b"(mobile", b"(office"];

/// Calling codes of one and two digits; all others have three.
const SHORT_CODES: &[u32] = &[
    1, 7, 20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57,
    58, 60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
];

/// Reads the number whose first digit stands at `start`; returns where it ended, so that its other groups are not read again.
pub(super) fn read_phone(bytes: &[u8], start: usize, found: &mut Vec<Reading>) -> usize {
    let Some(written) = write_out(bytes, start) else { return start };
    let end = written.end;
    if let Some((score, reason)) = judge(bytes, &written) {
        found.push(Reading::personal("PHONE_NUMBER", written.start, end, score, reason));
        push_national(bytes, &written, score, found);
    }
    end
}

fn judge(bytes: &[u8], written: &Written) -> Option<(f32, &'static str)> {
    let count = written.digits.len();
    let text = &bytes[written.start..written.end];
    if !(6..=16).contains(&count)
        || written.digits.windows(2).all(|p| p[0] == p[1])
        || is_part_of_more(bytes, written)
    {
        return None;
    }
    let has_exit_code = (11..=16).contains(&count)
        && written.digits.starts_with(&[0, 0])
        && has_calling_code(&written.digits[2..]);
    if written.groups.iter().any(|g| *g > 11) && text[0] != b'+' && !has_exit_code {
        return None;
    }
    let is_labelled =
        is_near(bytes, written.start, written.end, WORDS) || is_labelled_behind(bytes, written.end);
    if text[0] == b'+' {
        let is_valid =
            (7..=15).contains(&count) && has_calling_code(&written.digits) || written.has_extension;
        return is_valid
            .then_some((if is_labelled { 0.98 } else { 0.85 }, "international form with a calling code"));
    }
    if is_north_american(written) {
        return Some((if is_labelled { 0.95 } else { 0.7 }, "North American form"));
    }
    if has_exit_code {
        let score = if is_labelled { 0.95 } else { 0.6 };
        return Some((score, "exit code and a calling code"));
    }
    if is_money_or_clause(bytes, written) {
        return None;
    }
    let is_grouped = written.groups.len() > 1;
    let reason = "digits grouped as a telephone number";
    // A label far away says little about a form that street numbers and postcodes have as well.
    let is_tight = is_before(bytes, written.start, 30, WORDS) || is_labelled_behind(bytes, written.end);
    let is_postcode =
        written.groups == [5, 4] && text[5] == b'-' && !is_before(bytes, written.start, 12, WORDS);
    if is_postcode {
        return Some((0.05, reason));
    }
    let is_long_enough =
        count >= 7 || is_labelled_behind(bytes, written.end) || is_before(bytes, written.start, 12, WORDS);
    if is_tight && is_long_enough && (is_grouped || (7..=12).contains(&count)) {
        return Some((if is_grouped { 0.8 } else { 0.65 }, "the text speaks of a telephone"));
    }
    let is_trunk = written.digits[0] == 0 && is_grouped && (9..=13).contains(&count);
    if is_trunk {
        return Some((if written.groups.len() > 2 { 0.6 } else { 0.5 }, "trunk zero and grouped digits"));
    }
    if text[0] == b'(' && is_grouped && count >= 8 {
        return Some((0.6, "area code in brackets"));
    }
    Some((if is_grouped && count >= 7 { 0.3 } else { 0.05 }, reason))
}

fn is_part_of_more(bytes: &[u8], written: &Written) -> bool {
    let before = written.start.checked_sub(1).map(|i| bytes[i]);
    if before == Some(b'-') && written.start >= 4 && is_month(bytes, written.start - 4) {
        return true;
    }
    before.is_some_and(|b| {
        b.is_ascii_alphanumeric()
            || b"_$#.,-/=&".contains(&b) && written.start >= 2 && bytes[written.start - 2].is_ascii_digit()
    })
}

fn has_calling_code(digits: &[u8]) -> bool {
    let two = number(&digits[..2]);
    digits[0] == 1
        || digits[0] == 7
        || SHORT_CODES.contains(&two)
        || matches!(
            two,
            21..=26 | 29 | 35 | 37 | 38 | 42 | 50 | 59 | 67 | 68 | 69 | 80 | 85 | 87 | 88 | 96 | 97 | 99
        )
}

fn is_north_american(written: &Written) -> bool {
    let form: &[usize] = &written.groups;
    let is_form =
        matches!(form, [3, 3, 4] | [1 | 3, 3, 3, 4] | [3, 7]) && (form != [3, 7] || written.has_extension);
    let digits = &written.digits;
    let lead = match form {
        [1, ..] => digits[0] == 1,
        [3, 3, 3, 4] => digits[..3] == [0, 0, 1],
        _ => true,
    };
    (is_form && lead) || (written.has_extension && (digits.len() == 10 || digits.len() == 11))
}

/// `1 000 000`, `12.5`, and the numbers of clauses are grouped digits too.
fn is_money_or_clause(bytes: &[u8], written: &Written) -> bool {
    let text = &bytes[written.start..written.end];
    let before = &bytes[written.start.saturating_sub(4)..written.start];
    let is_money = before.iter().any(|b| *b == b'$' || *b >= 0x80)
        || is_before(bytes, written.start, 5, "usd|eur|gbp|chf|no");
    let is_small =
        written.groups.iter().all(|g| *g <= 2) && (written.groups.contains(&1) || written.groups.len() < 4);
    let is_dotted = written.groups.len() > 1 && is_small && text.contains(&b'.');
    let thousands = written.groups.len() > 1
        && written.groups[1..].iter().all(|g| *g == 3)
        && written.groups[0] <= 3
        && written.digits.len() >= 4
        && written.digits.ends_with(&[0, 0, 0]);
    is_money || is_dotted || thousands || is_year_range(written)
}

fn is_year_range(written: &Written) -> bool {
    let is_year = |d: &[u8]| (1_900..=2_100).contains(&number(d));
    written.groups == [4, 4] && is_year(&written.digits[..4]) && is_year(&written.digits[4..])
}

fn is_labelled_behind(bytes: &[u8], end: usize) -> bool {
    let rest = &bytes[end..];
    let rest = match rest {
        [b' ' | b'-' | b',', tail @ ..] => tail,
        _ => rest,
    };
    LABELS_BEHIND
        .iter()
        .any(|label| rest.len() >= label.len() && rest[..label.len()].eq_ignore_ascii_case(label))
}

/// Countries that are named on their own: Philippine mobile and Turkish numbers.
fn push_national(bytes: &[u8], written: &Written, score: f32, found: &mut Vec<Reading>) {
    if written.has_extension {
        return;
    }
    let digits = &written.digits;
    let philippine = matches!(digits.as_slice(), [0, 9, ..] if digits.len() == 11)
        || matches!(digits.as_slice(), [6, 3, 9, ..] if digits.len() == 12);
    let turkish = matches!(digits.as_slice(), [2..=5, ..] if digits.len() == 10)
        || matches!(digits.as_slice(), [0, 2..=5, ..] if digits.len() == 11)
        || matches!(digits.as_slice(), [9, 0, 2..=5, ..] if digits.len() == 12);
    let has_plus = bytes[written.start] == b'+';
    if philippine {
        let score = if has_plus { score - 0.01 } else { score.min(0.6) - 0.01 };
        found.push(Reading::personal(
            "PH_MOBILE_NUMBER",
            written.start,
            written.end,
            score.max(0.05),
            "Philippine mobile prefix",
        ));
    }
    if turkish {
        let score = if has_plus { score - 0.01 } else { score.min(0.6) - 0.01 };
        found.push(Reading::personal(
            "TR_PHONE_NUMBER",
            written.start,
            written.end,
            score.max(0.04),
            "Turkish area or mobile code",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(text: &str) -> Option<(String, f32)> {
        let first = text.find(|c: char| c.is_ascii_digit())?;
        let mut found = Vec::new();
        read_phone(text.as_bytes(), first, &mut found);
        found.first().map(|r| (text[r.start..r.end].to_owned(), r.score))
    }

    #[test]
    fn reads_many_countries() {
        for (text, expected) in [
            ("+46 (0)8 928 571 38 fax", "+46 (0)8 928 571 38"),
            ("(415) 555-0132 and", "(415) 555-0132"),
            ("001-748-088-2851x818", "001-748-088-2851x818"),
            ("Phone: 467 3395", "467 3395"),
            ("call me on 60-56-85-91?", "60-56-85-91"),
            ("at 0680 298 70 63", "0680 298 70 63"),
            ("now 00491701234567.", "00491701234567"),
            ("now 0033 1 70 18 99 00.", "0033 1 70 18 99 00"),
            ("61 51 81 office", "61 51 81"),
            ("Tel 030/1234567 ext. 12.", "030/1234567 ext. 12"),
        ] {
            let (found, score) = best(text).unwrap_or_default();
            assert!(found == expected && score >= 0.5, "{text}: {found} {score}");
        }
    }

    #[test]
    fn leaves_other_numbers() {
        for text in [
            "2015-12-22",
            "12/31/2020",
            "$ 1 000 000",
            "2010-2015",
            "Section 4.2.1.3.5.6",
            "1234567890123456789",
        ] {
            assert!(best(text).is_none_or(|(_, score)| score < 0.5), "{text}");
        }
    }
}
