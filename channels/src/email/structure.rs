//! Limits on a mail's size and shape, checked on the bytes before anything is parsed.

/// The largest mail that is read, in bytes.
pub const BYTES_MAX: usize = 50 * 1024 * 1024;
/// The most parts, counted by their `Content-Type` lines.
pub const PARTS_MAX: usize = 2_000;
/// The most lines that begin like a boundary: parts need no `Content-Type`.
const BOUNDARIES_MAX: usize = 10_000;
/// The deepest nesting of multiparts and attached mails.
pub const DEPTH_MAX: usize = 100;
/// Mails in mails that are encoded are looked into so often.
const ENCODED_MAX: usize = 3;

/// Why a mail is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// Over [`BYTES_MAX`].
    #[error("it is larger than 50 MB")]
    Bytes,
    /// Over [`PARTS_MAX`].
    #[error("it has more than 2,000 parts")]
    Parts,
    /// Over [`DEPTH_MAX`].
    #[error("its parts are nested more than 100 deep")]
    Depth,
}

/// Checks that a mail may be parsed.
///
/// The parser nests one value for each mail in a mail, so depth must be bounded before it runs. It is never
/// deeper than there are lines that declare a multipart or an attached mail.
///
/// # Errors
/// Says which limit is exceeded.
pub fn check(raw: &[u8]) -> Result<(), Excess> {
    check_within(raw, ENCODED_MAX)
}

fn check_within(raw: &[u8], encoded_left: usize) -> Result<(), Excess> {
    if raw.len() > BYTES_MAX {
        return Err(Excess::Bytes);
    }
    let declared = Declared::of(raw);
    let is_multipart = declared.containers > 0;
    if declared.parts > PARTS_MAX || is_multipart && declared.boundaries > BOUNDARIES_MAX {
        return Err(Excess::Parts);
    }
    if declared.containers > DEPTH_MAX && depth(raw) > DEPTH_MAX {
        return Err(Excess::Depth);
    }
    for body in declared.encoded_mails {
        let Some(left) = encoded_left.checked_sub(1) else { return Err(Excess::Depth) };
        if let Some(inner) = mail_parser::decoders::base64::base64_decode(body) {
            check_within(&inner, left)?;
        }
        if let Some(inner) = mail_parser::decoders::quoted_printable::quoted_printable_decode(body) {
            check_within(&inner, left)?;
        }
    }
    Ok(())
}

/// What lines of a mail declare.
#[derive(Default)]
struct Declared<'a> {
    parts: usize,
    containers: usize,
    boundaries: usize,
    encoded_mails: Vec<&'a [u8]>,
}

impl<'a> Declared<'a> {
    fn of(raw: &'a [u8]) -> Self {
        let mut declared = Self::default();
        let (mut is_mail, mut is_encoded, mut in_head) = (false, false, true);
        let mut lines = Lines { raw, at: 0 };
        while let Some((start, line)) = lines.next_line() {
            match line.first() {
                None => {
                    if in_head && is_mail && is_encoded {
                        declared.encoded_mails.push(body_from(raw, lines.at));
                    }
                    (is_mail, is_encoded, in_head) = (false, false, false);
                }
                Some(b'-') if line.starts_with(b"--") => {
                    declared.boundaries += 1;
                    (is_mail, is_encoded, in_head) = (false, false, true);
                }
                Some(b'c' | b'C') => {
                    if let Some(value) = strip_name(line, b"content-type:") {
                        declared.parts += 1;
                        let value = lower(&unfolded(raw, start, value));
                        let is_message = contains(&value, b"message/");
                        declared.containers += usize::from(is_message || contains(&value, b"multipart/"));
                        is_mail |= is_message;
                    } else if let Some(value) = strip_name(line, b"content-transfer-encoding:") {
                        let value = lower(&unfolded(raw, start, value));
                        is_encoded |= contains(&value, b"base64") || contains(&value, b"quoted");
                    }
                }
                Some(_) => {}
            }
        }
        declared
    }
}

/// How deep multiparts and attached mails nest, by their boundaries.
fn depth(raw: &[u8]) -> usize {
    let mut open: Vec<Vec<u8>> = Vec::new();
    let (mut deepest, mut mails) = (0, 0_usize);
    let mut lines = Lines { raw, at: 0 };
    while let Some((start, line)) = lines.next_line() {
        if let Some(name) = line.strip_prefix(b"--") {
            if let Some(level) = open.iter().rposition(|boundary| name.starts_with(boundary)) {
                let is_close = name[open[level].len()..].starts_with(b"--");
                open.truncate(if is_close { level } else { level + 1 });
                mails = 0;
            }
        } else if let Some(value) = strip_name(line, b"content-type:") {
            let value = unfolded(raw, start, value);
            let folded = lower(&value);
            if contains(&folded, b"message/") {
                mails += 1;
            } else if contains(&folded, b"multipart/")
                && let Some(boundary) = boundary_of(&value)
            {
                open.push(boundary);
            }
            deepest = deepest.max(open.len() + mails);
        }
        if deepest > DEPTH_MAX {
            break;
        }
    }
    deepest
}

fn boundary_of(value: &[u8]) -> Option<Vec<u8>> {
    let at = lower(value).windows(9).position(|word| word == b"boundary=")? + 9;
    let rest = &value[at..];
    let boundary = match rest.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|b| *b == b'"').next()?,
        None => rest.split(|b| b.is_ascii_whitespace() || *b == b';').next()?,
    };
    (!boundary.is_empty()).then(|| boundary.to_vec())
}

/// Lines by `\n` or `\r`, without them.
struct Lines<'a> {
    raw: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    /// The start of the next line and the line.
    fn next_line(&mut self) -> Option<(usize, &'a [u8])> {
        if self.at >= self.raw.len() {
            return None;
        }
        let start = self.at;
        let rest = &self.raw[start..];
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.at = start + end + 1;
        let line = &rest[..end];
        Some((start, line.strip_suffix(b"\r").unwrap_or(line)))
    }
}

fn body_from(raw: &[u8], start: usize) -> &[u8] {
    let rest = raw.get(start..).unwrap_or_default();
    let end = memchr::memmem::find(rest, b"\n--").unwrap_or(rest.len());
    &rest[..end]
}

/// The value after a header's name, without regard to case.
fn strip_name<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (head, value) = line.split_at_checked(name.len())?;
    head.eq_ignore_ascii_case(name).then_some(value)
}

/// A header's value with its continuation lines, at most 2 kB.
fn unfolded(raw: &[u8], start: usize, value: &[u8]) -> Vec<u8> {
    let mut out = value.to_vec();
    let mut lines = Lines { raw, at: start };
    lines.next_line();
    while let Some((_, line)) = lines.next_line() {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") || out.len() > 2048 {
            break;
        }
        out.extend_from_slice(line);
    }
    out.retain(|b| *b != b' ' && *b != b'\t');
    out
}

fn lower(bytes: &[u8]) -> Vec<u8> {
    bytes.to_ascii_lowercase()
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find(bytes, word).is_some()
}
