//! A card as embeds and components, within Discord's limits: what is too much is cut, with a link to all of it.

use domain::card::{Block, Button, Card, Choice, HitLine, Span, Style, Text};
use serde_json::{Value, json};

use super::channel_of;
use super::markup::{escape, escape_within};
use super::press::{CHOICES, custom_id};
use crate::fitting::{bar, grid, shorten, split};

/// Embeds of one message.
const EMBEDS_MAX: usize = 10;
/// Characters of an embed's title, and of the name of a field.
const TITLE_MAX: usize = 256;
/// Characters of an embed's description.
const DESCRIPTION_MAX: usize = 4096;
/// Characters of a table: it stands in a description beside other text.
const TABLE_MAX: usize = 3000;
/// Fields of an embed.
const FIELDS_MAX: usize = 25;
/// Characters of a field's value.
const FIELD_MAX: usize = 1024;
/// Characters of all embeds together, less what the note about a cut takes.
const TEXT_MAX: usize = 6000 - 500;
/// Rows of buttons and lists.
const ROWS_MAX: usize = 5;
/// Buttons in a row.
const BUTTONS_MAX: usize = 5;
/// Options of a list.
const OPTIONS_MAX: usize = 25;
/// Characters of an option's label and value.
const OPTION_MAX: usize = 100;
/// Characters of a button's label.
const LABEL_MAX: usize = 80;
/// The longest address that is linked.
const LINK_MAX: usize = 1000;

/// What is around a card.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The server, which presses in direct messages do not name.
    pub workspace: &'a str,
    /// The console's address, before which paths of links are put.
    pub base_url: Option<&'a str>,
    /// The page of the console on which all of it stands.
    pub whole: Option<&'a str>,
}

/// A card laid out for Discord.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// One line; names a thread.
    pub title: String,
    /// At most ten, with at most 6,000 characters.
    pub embeds: Vec<Value>,
    /// At most five rows.
    pub components: Vec<Value>,
    /// The page of the console on which all of it stands, if its address is known.
    pub page: Option<String>,
}

/// Lays a card out.
pub fn render(card: &Card, look: Look<'_>) -> Rendered {
    let page = look.whole.and_then(|path| absolute(look.base_url, path));
    let mut sheet = Sheet::blank(look, page.clone());
    if let Some(heading) = card.heading.as_deref().filter(|h| !h.trim().is_empty()) {
        sheet.title(&escape_within(heading, TITLE_MAX));
    }
    for block in &card.blocks {
        sheet.block(block);
    }
    if let Some(footer) = &card.footer {
        match footer.url.as_deref().and_then(|url| absolute(look.base_url, url)) {
            Some(url) => sheet.link(&footer.text, &url),
            None => sheet.text(format!("-# {}", escape_within(&footer.text, FIELD_MAX))),
        }
    }
    let title = shorten(&card.summary().split_whitespace().collect::<Vec<_>>().join(" "), OPTION_MAX);
    let (embeds, components) = sheet.finish();
    Rendered { title, embeds, components, page }
}

/// Embeds and rows as they grow.
struct Sheet<'a> {
    look: Look<'a>,
    page: Option<String>,
    embeds: Vec<Embed>,
    lists: Vec<Value>,
    buttons: Vec<Value>,
    /// Things with a custom id so far: each needs one of its own.
    named: usize,
    used: usize,
    /// Nothing more is added.
    is_cut: bool,
    /// Something was left out of what is there.
    has_more: bool,
}

#[derive(Debug, Default)]
struct Embed {
    title: String,
    description: String,
    fields: Vec<(String, String)>,
}

impl Sheet<'_> {
    fn blank(look: Look<'_>, page: Option<String>) -> Sheet<'_> {
        let embeds = vec![Embed::default()];
        Sheet {
            look,
            page,
            embeds,
            lists: Vec::new(),
            buttons: Vec::new(),
            named: 0,
            used: 0,
            is_cut: false,
            has_more: false,
        }
    }

    /// Whether so many more characters fit; from the first that does not, nothing more is added.
    fn fits(&mut self, text: &str) -> bool {
        let count = text.chars().count();
        self.is_cut |= self.used + count > TEXT_MAX;
        if !self.is_cut {
            self.used += count;
        }
        !self.is_cut
    }

    fn title(&mut self, title: &str) {
        if self.fits(title) {
            title.clone_into(&mut self.embeds[0].title);
        }
    }

    /// The last embed, or a new one if that cannot take any more; none when there are enough.
    fn open(&mut self, has_room: impl Fn(&Embed) -> bool) -> Option<&mut Embed> {
        if !self.embeds.last().is_some_and(&has_room) {
            if self.embeds.len() == EMBEDS_MAX {
                self.is_cut = true;
                return None;
            }
            self.embeds.push(Embed::default());
        }
        self.embeds.last_mut()
    }

    /// A paragraph of markup.
    fn text(&mut self, paragraph: String) {
        if paragraph.trim().is_empty() || !self.fits(&paragraph) {
            return;
        }
        let length = paragraph.chars().count() + 1;
        let has_room = |embed: &Embed| {
            embed.fields.is_empty() && embed.description.chars().count() + length <= DESCRIPTION_MAX
        };
        if let Some(embed) = self.open(has_room) {
            if !embed.description.is_empty() {
                embed.description.push('\n');
            }
            embed.description.push_str(&paragraph);
        }
    }

    fn link(&mut self, label: &str, url: &str) {
        let label = if label.trim().is_empty() { url } else { label };
        self.text(format!("[{}]({url})", escape_within(&label.replace('\n', " "), TITLE_MAX)));
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Text { text } => {
                for piece in marked(text) {
                    self.text(piece);
                }
            }
            Block::Fields { fields } => {
                for (name, value) in fields {
                    self.field(name, value);
                }
            }
            Block::Table { columns, rows } => {
                let (text, left_out) = grid(columns, rows, TABLE_MAX);
                self.has_more |= left_out > 0;
                if !text.is_empty() {
                    self.text(format!("```\n{}\n```", text.replace('`', "ʼ")));
                }
            }
            Block::Hits { hits } => hits.iter().for_each(|hit| self.text(of_hit(hit))),
            Block::Quote { text } => {
                for piece in split(text, FIELD_MAX) {
                    let lines: Vec<String> =
                        piece.trim().lines().map(|line| format!("> {}", escape(line))).collect();
                    self.text(lines.join("\n"));
                }
            }
            Block::Progress { done, total, label } => {
                let counted = if *total == 0 { String::new() } else { format!(" {done}/{total}") };
                self.text(format!("{}{counted}  {}", bar(*done, *total), escape_within(label, 300)));
            }
            Block::Choices { label, options } => self.choices(label, options),
            Block::Buttons { buttons } => self.rows_of(buttons),
            Block::Link { label, url } | Block::File { name: label, url, .. } => {
                match absolute(self.look.base_url, url) {
                    Some(url) => self.link(label, &url),
                    None => self.text(escape_within(label, TITLE_MAX)),
                }
            }
            Block::Divider => self.text("───".to_owned()),
        }
    }

    fn field(&mut self, name: &str, value: &str) {
        let name = escape_within(if name.trim().is_empty() { "–" } else { name }, TITLE_MAX);
        let value = escape_within(if value.trim().is_empty() { "unknown" } else { value }, FIELD_MAX);
        if !self.fits(&format!("{name}{value}")) {
            return;
        }
        if let Some(embed) = self.open(|embed| embed.fields.len() < FIELDS_MAX) {
            embed.fields.push((name, value));
        }
    }

    fn id(&mut self, verb: &str, value: &str) -> String {
        self.named += 1;
        custom_id(verb, self.look.workspace, self.named - 1, value)
    }

    fn choices(&mut self, label: &str, options: &[Choice]) {
        let fitting: Vec<&Choice> =
            options.iter().filter(|o| !o.value.is_empty() && o.value.chars().count() <= OPTION_MAX).collect();
        for some in fitting.chunks(OPTIONS_MAX) {
            let id = self.id(CHOICES, "");
            let options: Vec<Value> = some
                .iter()
                .map(|o| {
                    let label = if o.label.trim().is_empty() { &o.value } else { &o.label };
                    json!({"label": shorten(label, OPTION_MAX), "value": o.value, "default": o.is_chosen})
                })
                .collect();
            let placeholder = shorten(if label.trim().is_empty() { "Choose" } else { label }, 150);
            self.lists.push(json!({"type": 1, "components": [{
                "type": 3, "custom_id": id, "placeholder": placeholder,
                "min_values": 0, "max_values": options.len(), "options": options,
            }]}));
        }
        if fitting.len() < options.len() {
            self.text(format!("-# {} more cannot be shown here.", options.len() - fitting.len()));
        }
    }

    fn rows_of(&mut self, buttons: &[Button]) {
        for some in buttons.chunks(BUTTONS_MAX) {
            let elements: Vec<Value> = some
                .iter()
                .map(|button| {
                    let label =
                        if button.label.trim().is_empty() { button.verb.name() } else { &button.label };
                    let style = match button.style {
                        Style::Primary => 1,
                        Style::Plain => 2,
                        Style::Danger => 4,
                    };
                    let id = self.id(button.verb.name(), &button.value);
                    json!({"type": 2, "style": style, "label": shorten(label, LABEL_MAX), "custom_id": id})
                })
                .collect();
            self.buttons.push(json!({"type": 1, "components": elements}));
        }
    }

    fn finish(mut self) -> (Vec<Value>, Vec<Value>) {
        // Decisions before lists: a list can be typed as well.
        let left_out = (self.lists.len() + self.buttons.len()).saturating_sub(ROWS_MAX);
        self.buttons.truncate(ROWS_MAX);
        self.lists.truncate(ROWS_MAX - self.buttons.len());
        if left_out > 0 || self.is_cut || self.has_more {
            let words = match &self.page {
                Some(url) => {
                    format!("-# There is more than fits here. [See all of it in the console]({url})")
                }
                None => "-# There is more than fits here.".to_owned(),
            };
            if let Some(embed) = self.embeds.last_mut() {
                // What is kept free of the whole may still not be free in one description.
                let free = DESCRIPTION_MAX.saturating_sub(words.chars().count() + 1);
                embed.description = shorten(&embed.description, free);
                embed.description.push('\n');
                embed.description.push_str(&words);
            }
        }
        let mut embeds: Vec<Value> = self.embeds.into_iter().filter_map(Embed::into_json).collect();
        if embeds.is_empty() {
            embeds.push(json!({"description": "Dealdesk"}));
        }
        (embeds, self.lists.into_iter().chain(self.buttons).collect())
    }
}

impl Embed {
    fn into_json(self) -> Option<Value> {
        let mut out = json!({});
        if !self.title.is_empty() {
            out["title"] = json!(self.title);
        }
        if !self.description.trim().is_empty() {
            out["description"] = json!(self.description);
        }
        if !self.fields.is_empty() {
            let fields = self.fields.iter();
            out["fields"] =
                fields.map(|(n, v)| json!({"name": n, "value": v, "inline": v.len() <= 40})).collect();
        }
        out.as_object().is_some_and(|fields| !fields.is_empty()).then_some(out)
    }
}

/// Paragraphs of markup from spans.
fn marked(text: &Text) -> Vec<String> {
    if text.words().trim().is_empty() {
        return Vec::new();
    }
    let mut pieces = vec![String::new()];
    for span in &text.0 {
        for part in split(span.words(), FIELD_MAX) {
            let run = run(span, &part);
            let is_full =
                pieces.last().is_some_and(|p| p.chars().count() + run.chars().count() > DESCRIPTION_MAX / 2);
            if is_full {
                pieces.push(String::new());
            }
            if let Some(last) = pieces.last_mut() {
                last.push_str(&run);
            }
        }
    }
    pieces
}

fn run(span: &Span, part: &str) -> String {
    let words = part.trim();
    // Marks hold only when they touch the words.
    let marked = |mark: &str| {
        if words.is_empty() {
            return part.to_owned();
        }
        part.replacen(words, &format!("{mark}{}{mark}", escape(words)), 1)
    };
    match span {
        Span::Plain(_) => escape(part),
        Span::Strong(_) => marked("**"),
        Span::Faint(_) => marked("*"),
        Span::Code(_) if words.is_empty() => part.to_owned(),
        Span::Code(_) => format!("`{}`", part.replace('`', "ʼ")),
        Span::Room(key) => {
            let id = channel_of(key);
            if !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()) {
                format!("<#{id}>")
            } else {
                escape(key)
            }
        }
    }
}

fn of_hit(hit: &HitLine) -> String {
    let mut out = format!(
        "**{}. {}**  {} · {}\n`{} {}`",
        hit.rank,
        escape_within(&hit.name, 200),
        escape_within(&hit.place, 100),
        escape_within(&hit.size, 100),
        bar(hit.fit.into(), 100),
        hit.fit
    );
    if !hit.why.is_empty() {
        out.push_str("  ");
        out.push_str(&escape_within(&hit.why, 300));
    }
    for line in hit.evidence.iter().take(6) {
        let part = escape_within(&line.part, 100);
        match &line.proof {
            Some(proof) => {
                let proof = if proof.trim().is_empty() { "shown" } else { proof.trim() };
                out.push_str(&format!("\n- ✓ {part}: *{}*", escape_within(proof, 200)));
            }
            None => out.push_str(&format!("\n- ? {part}: unknown")),
        }
    }
    out
}

/// An address to link to; none when it is neither absolute nor a path that we know the front of.
fn absolute(base_url: Option<&str>, url: &str) -> Option<String> {
    let full = if url.starts_with("https://") || url.starts_with("http://") {
        url.to_owned()
    } else {
        format!("{}/{}", base_url?.trim_end_matches('/'), url.trim_start_matches('/'))
    };
    // These would end the link early, or are no address at all.
    let is_bad = |c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | '"' | '|')
    };
    let safe: String = full.chars().filter(|c| !is_bad(*c)).collect();
    (safe.chars().count() <= LINK_MAX).then_some(safe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::card::{Footer, Verb};

    const LOOK: Look<'static> = Look {
        workspace: "290926798626357999",
        base_url: Some("https://desk.example"),
        whole: Some("/plans/1"),
    };

    fn all_text(rendered: &Rendered) -> String {
        rendered.embeds.iter().map(Value::to_string).collect()
    }

    /// What Discord would refuse.
    fn within_limits(rendered: &Rendered) {
        assert!((1..=EMBEDS_MAX).contains(&rendered.embeds.len()));
        let count = |value: &Value| value.as_str().map_or(0, |text| text.chars().count());
        let mut total = 0;
        for embed in &rendered.embeds {
            assert!(count(&embed["title"]) <= TITLE_MAX && count(&embed["description"]) <= DESCRIPTION_MAX);
            total += count(&embed["title"]) + count(&embed["description"]);
            let fields = embed["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
            assert!(fields.len() <= FIELDS_MAX);
            for field in fields {
                assert!((1..=TITLE_MAX).contains(&count(&field["name"])));
                assert!((1..=FIELD_MAX).contains(&count(&field["value"])));
                total += count(&field["name"]) + count(&field["value"]);
            }
        }
        assert!(total <= 6000, "{total}");
        assert!(rendered.components.len() <= ROWS_MAX);
        let mut ids = std::collections::HashSet::new();
        for element in rendered.components.iter().flat_map(|row| row["components"].as_array().unwrap()) {
            let id = element["custom_id"].as_str().unwrap();
            assert!(id.chars().count() <= 100 && ids.insert(id.to_owned()), "{id}");
        }
    }

    #[test]
    fn a_card_becomes_embeds_and_rows() {
        let card = Card::titled("Start 2 deals")
            .and_text(Text::default().strong("Dana").plain(" asks *now* in ").room("D77").code("a`b"))
            .with(Block::Fields { fields: vec![("Stage".into(), String::new())] })
            .with(Block::Choices {
                label: "Which".into(),
                options: vec![Choice { value: "c1".into(), label: "Adyen".into(), is_chosen: true }],
            })
            .with(Block::Buttons {
                buttons: vec![Button {
                    label: "Approve".into(),
                    verb: Verb::Approve,
                    value: "p1".into(),
                    style: Style::Primary,
                }],
            });
        let rendered = render(&card, LOOK);
        within_limits(&rendered);
        assert_eq!(rendered.embeds[0]["title"], "Start 2 deals");
        assert_eq!(rendered.embeds[0]["description"], r"**Dana** asks \*now\* in <#77>`aʼb`");
        assert_eq!(rendered.embeds[0]["fields"][0]["value"], "unknown");
        assert_eq!(rendered.components[0]["components"][0]["options"][0]["default"], true);
        assert_eq!(rendered.components[1]["components"][0]["custom_id"], "approve:290926798626357999:1:p1");
        assert_eq!(rendered.page.as_deref(), Some("https://desk.example/plans/1"));
    }

    #[test]
    fn whatever_is_too_much_is_cut_with_a_link() {
        let button = |n: usize| Button {
            label: format!("{n}").repeat(60),
            verb: Verb::Say,
            value: "x".repeat(n * 9),
            style: Style::Danger,
        };
        let option = |n: usize| Choice { value: format!("v{n}"), label: "l".repeat(200), is_chosen: false };
        let mut card = Card::titled("#".repeat(300))
            .and_text("long *text* ".repeat(900))
            .with(Block::Fields { fields: (0..60).map(|n| (format!("f{n}"), "v".repeat(2000))).collect() })
            .with(Block::Quote { text: "> q\n".repeat(400) })
            .with(Block::Choices { label: String::new(), options: (0..120).map(option).collect() })
            .with(Block::Buttons { buttons: (1..13).map(button).collect() });
        card.footer = Some(Footer { text: "foot".into(), url: Some("/x".into()) });
        let rendered = render(&card, LOOK);
        within_limits(&rendered);
        assert!(all_text(&rendered).contains("See all of it in the console](https://desk.example/plans/1)"));
        assert_eq!(rendered.components.len(), 5);
        let many = Card::default()
            .with(Block::Fields { fields: (0..60).map(|n| (format!("f{n}"), "v".into())).collect() });
        let rendered = render(&many, LOOK);
        within_limits(&rendered);
        assert_eq!(rendered.embeds.len(), 3, "fields go on in further embeds");
        within_limits(&render(&Card::default(), LOOK));
    }

    #[test]
    fn a_small_card_is_whole() {
        let rendered = render(&Card::text("Hello"), LOOK);
        assert!(!all_text(&rendered).contains("more than fits"));
    }
}
