//! A card as Block Kit. Words go out as rich text, which has no markup that somebody else's words could abuse.

use domain::card::{Block, Button, Card, Choice, EvidenceLine, Footer, HitLine, Span, Style, Text};
use serde_json::Value;
use slack_morphism::prelude::*;

use super::limits::{
    BLOCKS_MAX, BUTTONS_MAX, FIELD_MAX, FIELDS_MAX, HEADER_MAX, LABEL_MAX, LINK_MAX, MESSAGE_MAX,
    OPTION_VALUE_MAX, OPTIONS_MAX, TEXT_MAX, VALUE_MAX,
};
use super::markup::escape;
use crate::fitting::{bar, grid, shorten, shorten_escaped, split};

/// A card laid out for Slack.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// What notifications and screen readers say; escaped.
    pub text: String,
    /// Block Kit, at most fifty blocks.
    pub blocks: Value,
    /// Something was left out or shortened to fit.
    pub is_cut: bool,
}

/// Lays a card out. `base_url` is the console's address, before which paths of links are put.
pub fn render(card: &Card, base_url: Option<&str>) -> Rendered {
    render_of(card, base_url, None)
}

/// Lays a card out that stands in full on a page of the console: when it does not fit, the page is linked.
pub fn render_of(card: &Card, base_url: Option<&str>, whole: Option<&str>) -> Rendered {
    let mut page = Page { base_url, whole, is_cut: false, parts: Vec::new() };
    if let Some(heading) = card.heading.as_deref().filter(|h| !h.trim().is_empty()) {
        let header = SlackHeaderBlock::new(shorten(heading, HEADER_MAX).into());
        page.keep(header.with_block_id(id("heading")).into());
    }
    for (n, block) in card.blocks.iter().enumerate() {
        page.block(n, block);
    }
    if let Some(footer) = &card.footer {
        page.footer(footer);
    }
    let (blocks, is_cut) = page.finish();
    Rendered { text: shorten_escaped(&card.summary(), TEXT_MAX, escape), blocks, is_cut }
}

/// A card as the home tab of a person.
pub fn home(card: &Card, base_url: &str) -> Value {
    serde_json::json!({"type": "home", "blocks": render_of(card, Some(base_url), Some("/")).blocks})
}

/// Lines of evidence under one hit.
const EVIDENCE_MAX: usize = 12;

/// Blocks in order, and whether each can be left out when there are too many.
struct Page<'a> {
    base_url: Option<&'a str>,
    /// The page of the console on which all of it stands.
    whole: Option<&'a str>,
    /// Something was left out already.
    is_cut: bool,
    parts: Vec<(SlackBlock, bool)>,
}

impl Page<'_> {
    fn keep(&mut self, block: SlackBlock) {
        self.parts.push((block, false));
    }

    fn add(&mut self, block: SlackBlock) {
        self.parts.push((block, true));
    }

    fn rich(&mut self, element: impl Into<SlackRichTextElement>) {
        self.add(SlackRichTextBlock::new(vec![element.into()]).into());
    }

    fn note(&mut self, text: &str) {
        self.keep(context(&escape(text)));
    }

    fn block(&mut self, n: usize, block: &Block) {
        match block {
            Block::Text { text } => {
                for elements in paragraphs(text) {
                    self.rich(SlackRichTextSection::new(elements));
                }
            }
            Block::Fields { fields } => self.fields(fields),
            Block::Table { columns, rows } => {
                let (text, left_out) = grid(columns, rows, TEXT_MAX);
                self.is_cut |= left_out > 0;
                if !text.is_empty() {
                    self.rich(SlackRichTextPreformatted::new(vec![text.into()]));
                }
            }
            Block::Hits { hits } => {
                for (i, hit) in hits.iter().enumerate() {
                    self.hit(&format!("hit-{n}-{i}"), hit);
                }
            }
            Block::Quote { text } => {
                for piece in split(text, TEXT_MAX).into_iter().filter(|piece| !piece.trim().is_empty()) {
                    self.rich(SlackRichTextQuote::new(vec![piece.into()]));
                }
            }
            Block::Progress { done, total, label } => {
                let counted = if *total == 0 { String::new() } else { format!(" {done}/{total}") };
                let mut line = vec![format!("{}{counted}  ", bar(*done, *total)).into()];
                if !label.is_empty() {
                    line.push(SlackRichTextText::new(shorten(label, 300)).italic().into());
                }
                let block = SlackRichTextBlock::new(vec![SlackRichTextSection::new(line).into()]);
                self.add(block.with_block_id(id(&format!("progress-{n}"))).into());
            }
            Block::Choices { label, options } => self.choices(n, label, options),
            Block::Buttons { buttons } => self.buttons(n, buttons),
            Block::Link { label, url } | Block::File { name: label, url, .. } => self.link(label, url),
            Block::Divider => self.add(SlackDividerBlock::new().into()),
        }
    }

    fn link(&mut self, label: &str, url: &str) {
        let words = shorten(if label.trim().is_empty() { url } else { label }, LABEL_MAX * 2);
        if words.trim().is_empty() {
            return;
        }
        let inline = match absolute(self.base_url, url) {
            Some(url) => SlackRichTextLink::new(SlackRelaxedUrl(url)).with_text(words).into(),
            None => words.into(),
        };
        self.rich(SlackRichTextSection::new(vec![inline]));
    }

    fn fields(&mut self, fields: &[(String, String)]) {
        for some in fields.chunks(FIELDS_MAX) {
            let texts = some.iter().map(|(name, value)| {
                let name = shorten_escaped(name, LABEL_MAX, escape);
                let value = if value.trim().is_empty() { "unknown" } else { value };
                let value = shorten_escaped(value, FIELD_MAX - LABEL_MAX - 10, escape);
                SlackBlockText::MarkDown(
                    SlackBlockMarkDownText::new(format!("*{name}*\n{value}")).with_verbatim(true),
                )
            });
            self.add(SlackSectionBlock::new().with_fields(texts.collect()).into());
        }
    }

    fn hit(&mut self, name: &str, hit: &HitLine) {
        let mut line: Vec<SlackRichTextInlineElement> = vec![
            SlackRichTextText::new(shorten(&format!("{}. {}", hit.rank, hit.name), 200)).bold().into(),
            format!("  {} · {}\n", shorten(&hit.place, 100), shorten(&hit.size, 100)).into(),
            SlackRichTextText::new(format!("{} {}", bar(hit.fit.into(), 100), hit.fit)).code().into(),
        ];
        if !hit.why.is_empty() {
            line.push(format!("  {}", shorten(&hit.why, 500)).into());
        }
        let mut elements: Vec<SlackRichTextElement> = vec![SlackRichTextSection::new(line).into()];
        if !hit.evidence.is_empty() {
            self.is_cut |= hit.evidence.len() > EVIDENCE_MAX;
            let lines = hit.evidence.iter().take(EVIDENCE_MAX).map(evidence);
            elements.push(SlackRichTextList::new(SlackRichTextListStyle::Bullet, lines.collect()).into());
        }
        self.add(SlackRichTextBlock::new(elements).with_block_id(id(name)).into());
    }

    fn choices(&mut self, n: usize, label: &str, options: &[Choice]) {
        let fitting: Vec<&Choice> = options
            .iter()
            .filter(|o| !o.value.is_empty() && o.value.chars().count() <= OPTION_VALUE_MAX)
            .collect();
        for (part, some) in fitting.chunks(OPTIONS_MAX).enumerate() {
            let chosen: Vec<_> = some.iter().filter(|o| o.is_chosen).map(|o| option(o)).collect();
            let mut boxes = SlackBlockCheckboxesElement::new(some.iter().map(|o| option(o)).collect())
                .with_action_id(SlackActionId("choices".to_owned()));
            if !chosen.is_empty() {
                boxes = boxes.with_initial_options(chosen);
            }
            let label = if label.trim().is_empty() { "Choose" } else { label };
            // An input, not an action: ticks stay with Slack until a button is pressed.
            let input = SlackInputBlock::new(shorten(label, 2000).into(), boxes.into())
                .with_block_id(id(&format!("choices-{n}-{part}")))
                .with_optional(true);
            self.keep(input.into());
        }
        if fitting.len() < options.len() {
            self.note(&format!("{} more cannot be shown here.", options.len() - fitting.len()));
        }
    }

    fn buttons(&mut self, n: usize, buttons: &[Button]) {
        let fitting: Vec<&Button> = buttons.iter().filter(|b| b.value.chars().count() <= VALUE_MAX).collect();
        for (part, some) in fitting.chunks(BUTTONS_MAX).enumerate() {
            let mut used: Vec<&str> = Vec::new();
            let elements = some.iter().map(|b| {
                let verb = b.verb.name();
                let earlier = used.iter().filter(|name| **name == verb).count();
                used.push(verb);
                let name = if earlier == 0 { verb.to_owned() } else { format!("{verb}:{}", earlier + 1) };
                button(b, name).into()
            });
            let row = SlackActionsBlock::new(elements.collect());
            self.keep(row.with_block_id(id(&format!("buttons-{n}-{part}"))).into());
        }
        if fitting.len() < buttons.len() {
            self.note("One of the buttons does not fit here; type the command instead.");
        }
    }

    fn footer(&mut self, footer: &Footer) {
        let text = shorten_escaped(&footer.text, 1000, escape);
        let link = footer.url.as_deref().and_then(|url| absolute(self.base_url, url));
        let words = match link {
            Some(url) if text.trim().is_empty() => format!("<{url}|details>"),
            Some(url) => format!("<{url}|{}>", text.replace(['|', '\n'], " ")),
            None if text.trim().is_empty() => return,
            None => text,
        };
        self.keep(context(&words));
    }

    /// Leaves out what is too much, from the end, but never buttons, choices or the footer; says so and where it stands.
    /// The blocks, and whether something was left out.
    fn finish(self) -> (Value, bool) {
        let link = self.whole.and_then(|path| absolute(self.base_url, path));
        let shortened = match link {
            Some(url) => {
                format!("Shortened: there is more than fits here. <{url}|See all of it in the console>")
            }
            None => "Shortened: there is more than fits here.".to_owned(),
        };
        let is_cut = self.is_cut;
        let mut parts: Vec<(Value, bool)> = self
            .parts
            .into_iter()
            .map(|(block, is_bulk)| (serde_json::to_value(block).unwrap_or_default(), is_bulk))
            .collect();
        let mut cut = None;
        let mut length: usize = parts.iter().map(|(block, _)| text_length(block)).sum();
        while parts.len() > BLOCKS_MAX - usize::from(is_cut || cut.is_some()) || length > MESSAGE_MAX {
            // With nothing else left to drop, what is last goes: a message that is refused says nothing at all.
            let bulk = parts.iter().rposition(|(_, is_bulk)| *is_bulk);
            let Some(last) = bulk.or(parts.len().checked_sub(1)) else { break };
            length -= text_length(&parts.remove(last).0);
            cut = Some(last);
        }
        let note = |text: &str| serde_json::to_value(context(text)).unwrap_or_default();
        if is_cut && cut.is_none() {
            cut = parts.iter().rposition(|(_, is_bulk)| *is_bulk).map(|at| at + 1);
        }
        if let Some(at) = cut {
            parts.insert(at, (note(&shortened), false));
        }
        if parts.is_empty() {
            parts.push((note("Dealdesk"), false));
        }
        (Value::Array(parts.into_iter().map(|(block, _)| block).collect()), cut.is_some())
    }
}

/// Characters of all texts in a block.
fn text_length(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) if name == "text" => text.chars().count(),
                Value::String(_) => 0,
                other => text_length(other),
            })
            .sum(),
        Value::Array(all) => all.iter().map(text_length).sum(),
        _ => 0,
    }
}

fn id(name: &str) -> SlackBlockId {
    SlackBlockId(name.to_owned())
}

/// Small print from escaped words.
fn context(escaped: &str) -> SlackBlock {
    SlackContextBlock::new(vec![SlackBlockMarkDownText::new(escaped.to_owned()).with_verbatim(true).into()])
        .into()
}

fn option(choice: &Choice) -> SlackBlockChoiceItem<SlackBlockText> {
    let label = if choice.label.trim().is_empty() { &choice.value } else { &choice.label };
    let text = SlackBlockPlainText::new(shorten(label, LABEL_MAX));
    SlackBlockChoiceItem::new(SlackBlockText::Plain(text), choice.value.clone())
}

fn button(button: &Button, name: String) -> SlackBlockButtonElement {
    let label = if button.label.trim().is_empty() { button.verb.name() } else { &button.label };
    let element =
        SlackBlockButtonElement::new(shorten(label, LABEL_MAX).into()).with_action_id(SlackActionId(name));
    let element = if button.value.is_empty() { element } else { element.with_value(button.value.clone()) };
    match button.style {
        Style::Plain => element,
        Style::Primary => element.with_style(SlackBlockButtonStyle::Primary),
        Style::Danger => element.with_style(SlackBlockButtonStyle::Danger),
    }
}

/// A paragraph's spans as rich text, in groups that keep to the limit.
fn paragraphs(text: &Text) -> Vec<Vec<SlackRichTextInlineElement>> {
    let mut groups = Vec::new();
    let mut group: Vec<SlackRichTextInlineElement> = Vec::new();
    let mut count = 0;
    for span in &text.0 {
        for piece in split(span.words(), TEXT_MAX) {
            let length = piece.chars().count();
            if count + length > TEXT_MAX && !group.is_empty() {
                groups.push(std::mem::take(&mut group));
                count = 0;
            }
            count += length;
            if let Span::Room(key) = span {
                group.push(SlackRichTextChannel::new(SlackChannelId(key.clone())).into());
                continue;
            }
            let run = SlackRichTextText::new(piece);
            group.push(match span {
                Span::Plain(_) | Span::Room(_) => run.into(),
                Span::Strong(_) => run.bold().into(),
                Span::Code(_) => run.code().into(),
                Span::Faint(_) => run.italic().into(),
            });
        }
    }
    if text.words().trim().is_empty() {
        return Vec::new();
    }
    groups.push(group);
    groups
}

fn evidence(line: &EvidenceLine) -> SlackRichTextListElement {
    let part = shorten(&line.part, 200);
    SlackRichTextSection::new(match &line.proof {
        Some(proof) => vec![
            format!("✓ {part}: ").into(),
            SlackRichTextText::new(shorten(if proof.is_empty() { "shown" } else { proof }, 400))
                .italic()
                .into(),
        ],
        None => vec![format!("? {part}: unknown").into()],
    })
    .into()
}

/// An address to link to; none when it is neither absolute nor a path that we know the front of.
fn absolute(base_url: Option<&str>, url: &str) -> Option<String> {
    let full = if url.starts_with("https://") || url.starts_with("http://") {
        url.to_owned()
    } else {
        format!("{}/{}", base_url?.trim_end_matches('/'), url.trim_start_matches('/'))
    };
    // These would end the link early, or are no address at all.
    let is_bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '|' | '"');
    let safe: String = full.chars().filter(|c| !is_bad(*c)).collect();
    (safe.chars().count() <= LINK_MAX).then_some(safe)
}
