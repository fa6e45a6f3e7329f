//! HTML that a reader does not see: character references and plain formatting tags.

/// A stretch of markup at the beginning of a text.
pub(super) struct Mark {
    /// What a reader sees of it, if anything.
    pub(super) shown: Option<char>,
    /// Its length; all of it is ASCII.
    pub(super) length: usize,
}

/// Tags that only change how text looks; values are split with them.
const TAGS: [&str; 17] = [
    "b", "i", "u", "s", "em", "strong", "span", "font", "wbr", "small", "big", "mark", "sub", "sup", "ins",
    "del", "nobr",
];

const NAMED: [(&str, char); 18] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("commat", '@'),
    ("period", '.'),
    ("colon", ':'),
    ("sol", '/'),
    ("lowbar", '_'),
    ("hyphen", '-'),
    ("dash", '-'),
    ("plus", '+'),
    ("num", '#'),
    ("equals", '='),
    ("lpar", '('),
    ("rpar", ')'),
];

/// Reads a character reference or a formatting tag without attributes (which could hold values themselves).
pub(super) fn read_mark(text: &str) -> Option<Mark> {
    match text.as_bytes().first()? {
        b'&' => read_reference(text),
        b'<' => read_tag(text),
        _ => None,
    }
}

fn read_reference(text: &str) -> Option<Mark> {
    let end = text.bytes().take(10).position(|b| b == b';')?;
    let name = text.get(1..end)?;
    if !name.is_ascii() {
        return None;
    }
    let shown = match name.strip_prefix('#') {
        Some(digits) => {
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => digits.parse(),
            };
            Some(char::from_u32(code.ok()?)?)
        }
        None if matches!(name, "shy" | "zwj" | "zwnj" | "ZeroWidthSpace") => None,
        None => Some(NAMED.iter().find(|(known, _)| *known == name)?.1),
    };
    Some(Mark { shown, length: end + 1 })
}

fn read_tag(text: &str) -> Option<Mark> {
    let end = text.bytes().take(12).position(|b| b == b'>')?;
    let inside = text.get(1..end)?;
    let name = inside.trim_matches('/').trim_end().to_ascii_lowercase();
    let is_known = TAGS.contains(&name.as_str()) || inside == "!----";
    is_known.then_some(Mark { shown: None, length: end + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read() {
        for (text, shown, length) in [
            ("&#64;x", Some('@'), 5),
            ("&#x40;", Some('@'), 6),
            ("&period;", Some('.'), 8),
            ("&shy;", None, 5),
            ("<b>", None, 3),
            ("</strong>", None, 9),
            ("<wbr/>1", None, 6),
        ] {
            let mark = read_mark(text).unwrap();
            assert_eq!((mark.shown, mark.length), (shown, length), "{text}");
        }
    }

    #[test]
    fn other_text_is_left() {
        for text in ["& Co;", "&unknown;", "<token>", "<a href=x>", "a<b", "<", "&", "&é;", "< b"] {
            assert!(read_mark(text).is_none(), "{text}");
        }
    }
}
