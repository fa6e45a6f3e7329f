//! HTML mail: its text, with quoted mail marked as text mail marks it; and a form that is safe to show.

/// Text longer than this is cut: no person wrote it.
const TEXT_MAX: usize = 2 * 1024 * 1024;
/// Quotes in quotes are marked so deep at most.
const QUOTE_MAX: usize = 20;

/// Removes scripts, styles, forms, frames and everything that would load something from elsewhere.
///
/// What is left still belongs in a sandboxed frame: this is the first of two walls.
#[must_use]
pub fn sanitised(html: &str) -> String {
    let mut builder = ammonia::Builder::default();
    builder
        .rm_tags(["img", "map", "area"])
        .rm_tag_attributes("a", ["hreflang"])
        .url_schemes(["http", "https", "mailto"].into())
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"));
    builder.clean(html).to_string()
}

/// The text of an HTML mail. Quoted mail gets `> ` before each line; where a client draws a line above
/// the mail that is answered, so do we.
#[must_use]
pub fn text(html: &str) -> String {
    let mut page = Page::default();
    let mut rest = html;
    while let Some(at) = memchr::memchr(b'<', rest.as_bytes()) {
        page.words(&rest[..at]);
        let tag = &rest[at..];
        rest = page.tag(tag);
        if page.out.len() > TEXT_MAX {
            return page.done();
        }
    }
    page.words(rest);
    page.done()
}

/// Elements whose content nobody sees.
const HIDDEN: &[&str] = &["script", "style", "title", "head", "template", "noscript", "xml", "svg", "object"];
/// Elements that stand on lines of their own.
const BLOCKS: &[&str] = &[
    "div", "tr", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "form", "section",
    "article", "header", "footer", "center", "address", "dl", "dt", "dd", "fieldset", "tbody", "thead",
    "body",
];
/// Marks of clients on the element that holds, or stands right above, the mail that is answered.
const QUOTED: &[&str] = &[
    "divrplyfwdmsg",
    "olk_src_body_section",
    "stopspelling",
    "appendonsend",
    "yahoo_quoted",
    "ms-outlook-mobile-reference",
    "outlookmessageheader",
    "mail-editor-reference-message-container",
    "isforwardcontent",
    "x_divrplyfwdmsg",
    "ydp-yahoo-quoted",
    "zmail_extra",
    "protonmail_quote",
    "ymail_android_signature",
    "tutanota_quote",
];
/// What Outlook draws above the mail that is answered.
const OUTLOOK_LINES: &[&str] = &[
    "border-top:solid #b5c4df",
    "border-top:solid #e1e1e1",
    "border-top: solid #b5c4df",
    "border-top: solid #e1e1e1",
];

/// The text so far.
#[derive(Default)]
struct Page {
    out: String,
    quotes: usize,
    pre: usize,
    is_line_open: bool,
    wants_blank: bool,
    wants_space: bool,
}

impl Page {
    /// Handles the tag at the beginning of `html`, gives what is left after it.
    fn tag<'a>(&mut self, html: &'a str) -> &'a str {
        if let Some(comment) = html.strip_prefix("<!--") {
            return comment.find("-->").map_or("", |end| &comment[end + 3..]);
        }
        let is_tag = html[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
        if !is_tag {
            self.words("<");
            return &html[1..];
        }
        let end = tag_end(html);
        let (tag, rest) = html.split_at(end);
        let inner = tag.trim_start_matches('<').trim_end_matches(['>', '/']);
        let (is_end, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
        let name_end = inner.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(inner.len());
        let name = inner[..name_end].to_ascii_lowercase();
        if !is_end && HIDDEN.contains(&name.as_str()) {
            return after_end_tag(rest, &name);
        }
        self.element(&name, &inner[name_end..], is_end);
        rest
    }

    fn element(&mut self, name: &str, attributes: &str, is_end: bool) {
        if !is_end && attributes.len() > 3 && is_answered_mail(attributes) {
            self.line_above_answered();
        }
        match name {
            "br" => self.break_line(),
            "p" => self.blank_line(),
            "blockquote" => {
                self.end_line();
                let quotes = self.quotes;
                self.quotes = if is_end { quotes.saturating_sub(1) } else { (quotes + 1).min(QUOTE_MAX) };
            }
            "li" if !is_end => {
                self.end_line();
                self.words("- ");
                self.wants_space = true;
            }
            "td" | "th" if !is_end => self.wants_space |= self.is_line_open,
            "pre" => {
                self.end_line();
                self.pre = if is_end { self.pre.saturating_sub(1) } else { self.pre + 1 };
            }
            "hr" => self.blank_line(),
            _ if BLOCKS.contains(&name) => self.end_line(),
            _ => {}
        }
    }

    fn line_above_answered(&mut self) {
        if self.quotes == 0 {
            self.end_line();
            self.words("________________________________");
            self.end_line();
        }
    }

    fn words(&mut self, text: &str) {
        if self.pre > 0 {
            for (at, line) in text.split('\n').enumerate() {
                if at > 0 {
                    self.break_line();
                }
                self.push(&entities(line.trim_end_matches('\r')));
            }
            return;
        }
        for word in text.split_inclusive([' ', '\t', '\n', '\r', '\u{c}']) {
            let bare = word.trim_end_matches([' ', '\t', '\n', '\r', '\u{c}']);
            if !bare.is_empty() {
                self.push(&entities(bare));
            }
            self.wants_space |= bare.len() < word.len() && self.is_line_open;
        }
    }

    fn push(&mut self, word: &str) {
        if word.is_empty() {
            return;
        }
        if !self.is_line_open {
            if self.wants_blank && !self.out.is_empty() {
                self.mark();
                self.out.truncate(self.out.trim_end_matches(' ').len());
                self.out.push('\n');
            }
            self.mark();
            self.is_line_open = true;
        } else if self.wants_space {
            self.out.push(' ');
        }
        (self.wants_blank, self.wants_space) = (false, false);
        self.out.push_str(word);
    }

    fn mark(&mut self) {
        for _ in 0..self.quotes {
            self.out.push('>');
        }
        if self.quotes > 0 {
            self.out.push(' ');
        }
    }

    fn end_line(&mut self) {
        if self.is_line_open {
            self.out.push('\n');
        }
        (self.is_line_open, self.wants_space) = (false, false);
    }

    /// A break that was asked for: two in a row leave a blank line.
    fn break_line(&mut self) {
        if self.is_line_open {
            self.end_line();
        } else if !self.out.is_empty() {
            self.mark();
            self.out.truncate(self.out.trim_end_matches(' ').len());
            self.out.push('\n');
            self.wants_blank = false;
        }
    }

    fn blank_line(&mut self) {
        self.end_line();
        self.wants_blank = true;
    }

    fn done(self) -> String {
        let lines: Vec<&str> = self.out.lines().map(|line| line.trim_end_matches([' ', '\u{a0}'])).collect();
        lines.join("\n").replace('\u{a0}', " ").trim().to_owned()
    }
}

/// The end of a tag: its `>` outside of quoted attributes, or the end of the text.
fn tag_end(html: &str) -> usize {
    let mut quote = None;
    let bytes = html.as_bytes();
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            // A quote counts only after an equals sign; a stray one does not swallow the page.
            (None, b'"' | b'\'') if bytes[..at].trim_ascii_end().ends_with(b"=") => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            _ => {}
        }
    }
    html.find('>').map_or(html.len(), |at| at + 1)
}

fn after_end_tag<'a>(rest: &'a str, name: &str) -> &'a str {
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&rest.as_bytes()[from..], b"</") {
        let start = from + at + 2;
        let is_same = rest.as_bytes()[start..]
            .get(..name.len())
            .is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()));
        if is_same {
            let end =
                memchr::memchr(b'>', &rest.as_bytes()[start..]).map_or(rest.len(), |end| start + end + 1);
            return &rest[end..];
        }
        from = start;
    }
    ""
}

fn is_answered_mail(attributes: &str) -> bool {
    let folded = attributes.to_ascii_lowercase();
    QUOTED.iter().any(|mark| folded.contains(mark)) || OUTLOOK_LINES.iter().any(|line| folded.contains(line))
}

/// Named characters that mails use; others stay as they are.
const NAMED: &[(&str, &str)] = &[
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", "\u{a0}"),
    ("auml", "ä"),
    ("ouml", "ö"),
    ("uuml", "ü"),
    ("Auml", "Ä"),
    ("Ouml", "Ö"),
    ("Uuml", "Ü"),
    ("szlig", "ß"),
    ("eacute", "é"),
    ("egrave", "è"),
    ("ecirc", "ê"),
    ("euml", "ë"),
    ("agrave", "à"),
    ("aacute", "á"),
    ("acirc", "â"),
    ("atilde", "ã"),
    ("aring", "å"),
    ("aelig", "æ"),
    ("ccedil", "ç"),
    ("iacute", "í"),
    ("icirc", "î"),
    ("iuml", "ï"),
    ("ntilde", "ñ"),
    ("oacute", "ó"),
    ("ograve", "ò"),
    ("ocirc", "ô"),
    ("otilde", "õ"),
    ("oslash", "ø"),
    ("oelig", "œ"),
    ("uacute", "ú"),
    ("ugrave", "ù"),
    ("ucirc", "û"),
    ("Eacute", "É"),
    ("Egrave", "È"),
    ("Agrave", "À"),
    ("Aacute", "Á"),
    ("Ccedil", "Ç"),
    ("Ntilde", "Ñ"),
    ("Oslash", "Ø"),
    ("Aring", "Å"),
    ("iexcl", "¡"),
    ("iquest", "¿"),
    ("laquo", "«"),
    ("raquo", "»"),
    ("ndash", "–"),
    ("mdash", "—"),
    ("lsquo", "‘"),
    ("rsquo", "’"),
    ("sbquo", "‚"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("bdquo", "„"),
    ("hellip", "…"),
    ("bull", "•"),
    ("middot", "·"),
    ("copy", "©"),
    ("reg", "®"),
    ("trade", "™"),
    ("euro", "€"),
    ("pound", "£"),
    ("yen", "¥"),
    ("cent", "¢"),
    ("sect", "§"),
    ("para", "¶"),
    ("deg", "°"),
    ("times", "×"),
    ("ensp", " "),
    ("emsp", " "),
    ("thinsp", " "),
    ("zwnj", ""),
    ("zwj", ""),
    ("shy", ""),
];

fn entities(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains('&') {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(12).position(|b| b == b';');
        match end.and_then(|end| Some((end, character(&rest[1..end])?))) {
            Some((end, text)) => {
                out.push_str(&text);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out.into()
}

fn character(name: &str) -> Option<String> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|c| !c.is_control()).map(String::from);
    }
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
}
