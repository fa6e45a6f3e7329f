//! Puts a mail's text into one form: line ends, quote marks, signed and enclosed text.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// The text with `\n` line ends, `>` as the only quote mark, no blanks at line ends, no marks of signing.
pub(super) fn clean(text: &str) -> String {
    let mut text = Cow::Borrowed(text);
    if text.contains(['\r', '\0']) {
        text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "").into();
    }
    if text.contains("-----BEGIN PGP") {
        text = without_pgp(&text).into();
    }
    let text = without_unsubscribe(&text);
    let mut out = String::with_capacity(text.len());
    let mut enclosed: Option<String> = None;
    for line in text.lines() {
        let line = line.trim_end();
        if let Some(end) = &enclosed {
            if is_close(line, end) {
                enclosed = None;
            } else {
                out.push_str("> ");
                out.push_str(line);
                out.push('\n');
            }
            continue;
        }
        if let Some(end) = opened(line)
            && text.lines().any(|line| is_close(line.trim_end(), &end))
        {
            enclosed = Some(end);
            continue;
        }
        if !is_alias_introduction(line) {
            push_with_plain_marks(&mut out, line);
        }
        out.push('\n');
    }
    trim_blank_lines(&out)
}

fn without_pgp(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_signature = false;
    let mut in_head = false;
    for line in text.lines() {
        let bare = line.trim_end();
        match bare {
            "-----BEGIN PGP SIGNED MESSAGE-----" => in_head = true,
            "-----BEGIN PGP SIGNATURE-----" => in_signature = true,
            "-----END PGP SIGNATURE-----" => in_signature = false,
            _ if in_signature => {}
            _ if in_head && bare.starts_with("Hash:") => {}
            _ => {
                in_head = false;
                out.push_str(bare);
                out.push('\n');
            }
        }
    }
    out
}

/// A last line `Unsubscribe: somebody@example.com`, with a line of its address below it, was added by a list.
fn without_unsubscribe(text: &str) -> &str {
    let text = text.trim_end();
    let Some(start) = text.rmatch_indices('\n').map(|(at, _)| at + 1).take(2).find(|start| {
        let line = text[*start..].lines().next().unwrap_or_default();
        line.get(..12).is_some_and(|word| word.eq_ignore_ascii_case("unsubscribe:")) && line.contains('@')
    }) else {
        return text;
    };
    text[..start].trim_end()
}

/// `>>> somebody >>>` or `>>>>`, and what will close it.
fn opened(line: &str) -> Option<String> {
    if !line.starts_with(">>>") {
        return None;
    }
    if line.len() >= 4 && line.bytes().all(|b| b == b'>') {
        return Some(String::new());
    }
    let name = line.strip_prefix(">>>")?.strip_suffix(">>>")?.trim();
    (!name.is_empty() && !name.contains('>')).then(|| name.to_owned())
}

fn is_close(line: &str, name: &str) -> bool {
    if !line.starts_with("<<<") {
        return false;
    }
    if name.is_empty() {
        return line.len() >= 4 && line.bytes().all(|b| b == b'<');
    }
    line.strip_prefix("<<<")
        .and_then(|rest| rest.strip_suffix("<<<"))
        .is_some_and(|inner| inner.trim() == name)
}

/// `Name>>>>> "Initials" == Name writes:`, an old way to introduce a quote.
fn is_alias_introduction(line: &str) -> bool {
    line.contains(">>>>> \"") && line.contains("\" == ") && line.ends_with("writes:")
}

/// `Name> words` and `| words` become `> words`.
fn push_with_plain_marks(out: &mut String, line: &str) {
    static MARKS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^(?:[ \t]*\p{L}{0,20}[>|])+").ok());
    let has_mark = line.bytes().take(60).any(|b| b == b'>' || b == b'|');
    let Some(found) = MARKS.as_ref().filter(|_| has_mark).and_then(|marks| marks.find(line)) else {
        out.push_str(line);
        return;
    };
    out.extend(found.as_str().chars().filter(|c| !c.is_alphabetic()).map(|c| if c == '|' { '>' } else { c }));
    out.push_str(&line[found.end()..]);
}

fn trim_blank_lines(text: &str) -> String {
    let start =
        text.split_inclusive('\n').take_while(|line| line.trim().is_empty()).map(str::len).sum::<usize>();
    text[start..].trim_end().to_owned()
}
