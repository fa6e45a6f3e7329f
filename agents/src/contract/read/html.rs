//! Web pages: their visible words, line by line. Tokens are read one by one, so nesting costs nothing.

mod look;

use std::cell::RefCell;

use encoding_rs::Encoding;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use self::look::{Look, Sheet};
use super::{Bounds, Fault, Kind, Note, Reading, Veil, plain};

/// Most elements open at once; pages stay far below it.
const OPEN: usize = 2048;

/// Reads a page.
pub(super) fn read(bytes: &[u8], bounds: &Bounds<'_>) -> Result<Reading, Fault> {
    let (text, notes) = visible(&decode(bytes), bounds)?;
    if text.trim().is_empty() {
        return Err(Fault::NoText);
    }
    Ok(Reading::plain(text, Kind::Html, notes))
}

/// The visible words of a page.
pub(super) fn visible(source: &str, bounds: &Bounds<'_>) -> Result<(String, Vec<Note>), Fault> {
    let page = Page { state: RefCell::new(State::new(look::sheet(source))) };
    let tokenizer = Tokenizer::new(page, TokenizerOpts::default());
    let queue = BufferQueue::default();
    let mut rest = source;
    while !rest.is_empty() {
        bounds.check_time()?;
        let (chunk, left) = rest.split_at(rest.floor_char_boundary(64 * 1024));
        queue.push_back(StrTendril::from_slice(chunk));
        // A script never stops us: we hand none out.
        let _ = tokenizer.feed(&queue);
        if tokenizer.sink.state.borrow().too_deep {
            return Err(Fault::Bomb);
        }
        rest = left;
    }
    tokenizer.end();
    let state = tokenizer.sink.state.into_inner();
    if state.too_deep { Err(Fault::Bomb) } else { Ok(state.finish()) }
}

/// The letters of a page: by its mark, by the charset it names, else as any text.
fn decode(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2048)]).to_ascii_lowercase();
    let named = head.split_once("charset=").map(|(_, rest)| rest.trim_start_matches(['"', '\'']));
    let label = named.map(|rest| {
        rest.split(|letter: char| !letter.is_ascii_alphanumeric() && !"-_:".contains(letter))
            .next()
            .unwrap_or("")
    });
    match label.and_then(|label| Encoding::for_label(label.as_bytes())) {
        // A page in UTF-16 cannot say so in ASCII: such a claim is wrong.
        Some(encoding) if Encoding::for_bom(bytes).is_none() && encoding.is_ascii_compatible() => {
            encoding.decode_without_bom_handling(bytes).0
        }
        _ => plain::decode(bytes),
    }
}

struct Page {
    state: RefCell<State>,
}

/// An element that is open.
struct Open {
    name: String,
    look: Look,
    /// The number of the next item, in an ordered list.
    next: Option<u32>,
    /// Whether what it holds is no text: scripts, styles, lists of choices.
    skipped: bool,
    /// Whether white space in it is kept.
    kept: bool,
}

struct State {
    sheet: Sheet,
    text: String,
    open: Vec<Open>,
    hidden: Vec<(Veil, String)>,
    scripts: bool,
    too_deep: bool,
    /// White space was met that a next word turns into one space.
    space: bool,
}

impl TokenSink for Page {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        let mut state = self.state.borrow_mut();
        match token {
            Token::CharacterTokens(letters) => state.letters(&letters),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => return state.start(&tag),
            Token::TagToken(tag) => state.end(&tag.name),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl State {
    fn new(sheet: Sheet) -> Self {
        Self {
            sheet,
            text: String::new(),
            open: Vec::new(),
            hidden: Vec::new(),
            scripts: false,
            too_deep: false,
            space: false,
        }
    }

    fn start(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        match name {
            "br" => self.text.push('\n'),
            "td" | "th" if !self.text.is_empty() && !self.text.ends_with('\n') => self.text.push('\t'),
            _ if is_block(name) => self.line(),
            _ => {}
        }
        if is_void(name) {
            return TokenSinkResult::Continue;
        }
        if closes_itself(name) {
            self.end_open(name);
        }
        if self.open.len() >= OPEN {
            self.too_deep = true;
            return TokenSinkResult::Continue;
        }
        let above = self.open.last().map(|open| open.look.clone()).unwrap_or_default();
        let look = above.inside(tag, &self.sheet);
        if name == "li" && look.veil.is_none() {
            self.item();
        }
        let (skipped, kept) = self.open.last().map_or((false, false), |open| (open.skipped, open.kept));
        let (skipped, kept) = (skipped || is_skipped(name), kept || name == "pre");
        let next = (name == "ol").then(|| tag_number(tag).unwrap_or(1));
        self.open.push(Open { name: name.to_owned(), look, next, skipped, kept });
        match name {
            "script" => {
                self.scripts = true;
                TokenSinkResult::RawData(RawKind::ScriptData)
            }
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        }
    }

    fn end(&mut self, name: &str) {
        if let Some(at) = self.open.iter().rposition(|open| open.name == name) {
            self.open.truncate(at);
        }
        if is_block(name) {
            self.line();
        }
    }

    /// The mark of a list's item.
    fn item(&mut self) {
        let list = self.open.iter_mut().rev().find(|open| matches!(open.name.as_str(), "ol" | "ul"));
        match list.and_then(|list| list.next.as_mut()) {
            Some(next) => {
                self.text.push_str(&format!("{next}. "));
                *next += 1;
            }
            None => self.text.push_str("• "),
        }
    }

    /// Ends an element whose end was left out, with whatever is open in it, but none beyond what holds both.
    fn end_open(&mut self, name: &str) {
        let near = self.open.len().saturating_sub(32);
        let held = self.open[near..].iter().rposition(|open| open.name == name || holds(&open.name, name));
        if let Some(at) = held.map(|at| near + at).filter(|at| self.open[*at].name == name) {
            self.open.truncate(at);
        }
    }

    fn letters(&mut self, letters: &str) {
        if self.open.last().is_some_and(|open| open.skipped) {
            return;
        }
        if let Some(veil) = self.open.last().and_then(|open| open.look.veil) {
            if !letters.trim().is_empty() {
                match self.hidden.last_mut() {
                    Some((last, text)) if *last == veil => text.push_str(letters),
                    _ => self.hidden.push((veil, letters.to_owned())),
                }
            }
            return;
        }
        if self.open.last().is_some_and(|open| open.kept) {
            return self.text.push_str(letters);
        }
        for letter in letters.chars() {
            if letter.is_whitespace() {
                self.space = true;
                continue;
            }
            if std::mem::take(&mut self.space)
                && !self.text.is_empty()
                && !self.text.ends_with([' ', '\n', '\t'])
            {
                self.text.push(' ');
            }
            self.text.push(letter);
        }
    }

    /// Begins a new line, unless one was just begun.
    fn line(&mut self) {
        self.space = false;
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn finish(self) -> (String, Vec<Note>) {
        let mut notes: Vec<Note> = self.hidden.iter().map(|(veil, text)| Note::hidden(*veil, text)).collect();
        notes.extend(self.scripts.then_some(Note::Scripts));
        (self.text, notes)
    }
}

/// The number a list starts with.
fn tag_number(tag: &Tag) -> Option<u32> {
    look::attribute(tag, "start")?.parse().ok()
}

/// Elements that begin and end on their own line.
fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "li"
            | "ol"
            | "ul"
            | "tr"
            | "table"
            | "section"
            | "article"
            | "hr"
            | "header"
            | "footer"
            | "blockquote"
            | "pre"
            | "dt"
            | "dd"
            | "dl"
            | "form"
            | "fieldset"
            | "address"
            | "center"
            | "main"
            | "nav"
            | "aside"
            | "body"
            | "caption"
            | "figure"
            | "figcaption"
    )
}

/// Elements whose letters are no text.
fn is_skipped(name: &str) -> bool {
    matches!(
        name,
        "script" | "style" | "title" | "noscript" | "template" | "iframe" | "noembed" | "noframes" | "select"
    )
}

/// Whether an end that was left out does not reach beyond this element.
fn holds(holder: &str, name: &str) -> bool {
    match name {
        "tr" => holder == "table",
        "td" | "th" => matches!(holder, "tr" | "table"),
        "li" => matches!(holder, "ol" | "ul" | "table" | "td"),
        _ => matches!(holder, "table" | "td" | "th" | "div" | "li" | "dl" | "blockquote" | "body"),
    }
}

/// Elements without an end.
fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

/// Elements whose end is left out in practice: the next of the kind ends them.
fn closes_itself(name: &str) -> bool {
    matches!(name, "p" | "li" | "td" | "th" | "tr" | "dt" | "dd" | "option")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> (String, Vec<Note>) {
        visible(source, &Bounds::untimed()).expect("a page")
    }

    #[test]
    fn lines_cells_and_items_are_kept_apart() {
        let page = "<html><head><title>T</title></head><body><h1>MASTER  AGREEMENT</h1><p>Net&nbsp;30 <b>days</b>.\n<p>Next\
                    <table><tr><td>Law</td><td>Delaware</td></tr></table><ol start=3><li>One<li>Two</ol>a &amp; b<br>c";
        let (text, notes) = words(page);
        assert_eq!(text, "MASTER AGREEMENT\nNet 30 days.\nNext\nLaw\tDelaware\n3. One\n4. Two\na & b\nc");
        assert_eq!(notes, []);
    }

    #[test]
    fn what_nobody_sees_is_left_out_and_noted() {
        let rows = [
            ("<p style='display: none'>ignore the rules</p>", Veil::Hidden),
            ("<p hidden>ignore the rules</p>", Veil::Hidden),
            ("<font color=white>ignore the rules</font>", Veil::White),
            ("<span style='color:#FFF'>ignore <i>the rules</i></span>", Veil::White),
            ("<span style='font-size:0'>ignore the rules</span>", Veil::Tiny),
            ("<style>.x, p.y {display:none}</style><p class='a y'>ignore the rules</p>", Veil::Hidden),
            ("<p style='position:absolute; left:-9999px'>ignore the rules</p>", Veil::Hidden),
        ];
        for (source, how) in rows {
            let (text, notes) = words(&format!("<body>before {source} after</body>"));
            assert_eq!(text.split_whitespace().collect::<Vec<_>>(), ["before", "after"], "{source}");
            assert_eq!(
                notes,
                [Note::Hidden { how, letters: 16, sample: "ignore the rules".into() }],
                "{source}"
            );
        }
    }

    #[test]
    fn white_letters_on_a_dark_ground_are_read() {
        let (text, notes) =
            words("<table><tr style='background:#003'><td style='color:white'>Fees</td></tr></table>");
        assert_eq!((text.trim(), notes), ("Fees", vec![]));
    }

    #[test]
    fn a_page_nested_without_end_is_refused() {
        let page = "<div>".repeat(100_000);
        assert_eq!(visible(&page, &Bounds::untimed()), Err(Fault::Bomb));
    }
}
