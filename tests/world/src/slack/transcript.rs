//! The workspace as text that a person can read and a test can compare.

use serde_json::Value;

use super::workspace::{Kind, Message, Workspace};

pub(super) fn of(w: &Workspace) -> String {
    let mut out = String::new();
    for room in &w.setup.rooms {
        let said: Vec<&Message> = w.messages.iter().filter(|m| m.room == room.id && !m.is_deleted).collect();
        if said.is_empty() {
            continue;
        }
        let title = match room.direct_with.as_deref().and_then(|id| w.user(id)) {
            Some(user) => format!("direct messages of {}", user.handle),
            None => format!("#{}", room.name),
        };
        out.push_str(&format!("== {title}\n"));
        for message in said.iter().filter(|m| m.thread.is_none()) {
            entry(&mut out, w, message, "");
            for reply in said.iter().filter(|m| m.thread.as_ref() == Some(&message.ts)) {
                entry(&mut out, w, reply, "    ");
            }
        }
    }
    for view in w.views.iter().filter(|view| view.is_open) {
        let name = w.user(&view.user).map_or(view.user.as_str(), |user| user.handle.as_str());
        out.push_str(&format!("== form before {name}: {}\n", text_of(&view.view["title"])));
        out.push_str(&indented(&blocks_text(&view.view["blocks"]), "  "));
    }
    out
}

fn entry(out: &mut String, w: &Workspace, m: &Message, indent: &str) {
    let name = |id: &str| w.user(id).map_or_else(|| id.to_owned(), |user| user.handle.clone());
    let who = if m.user == w.setup.bot { "Dealdesk".to_owned() } else { name(&m.user) };
    let how = match &m.kind {
        Kind::Posted => String::new(),
        Kind::Command => " types".to_owned(),
        Kind::Ephemeral { to } => format!(" (only to {})", name(to)),
    };
    out.push_str(&format!("{indent}{who}{how}:\n"));
    out.push_str(&indented(&m.words(), &format!("{indent}  ")));
}

fn indented(text: &str, indent: &str) -> String {
    let lines = text.trim_end().lines();
    lines.map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{indent}{line}\n") }).collect()
}

impl Message {
    /// What a person sees of it: its blocks as text, or its text when it has none.
    pub fn words(&self) -> String {
        let said = if self.blocks.is_null() { unescaped(&self.text) } else { blocks_text(&self.blocks) };
        self.files.iter().fold(said, |said, (name, _)| format!("{said}(file {name})"))
    }
}

pub(super) fn blocks_text(blocks: &Value) -> String {
    let mut out = String::new();
    for block in blocks.as_array().into_iter().flatten() {
        let text = block_text(block);
        out.push_str(text.trim_end_matches('\n'));
        out.push('\n');
    }
    out
}

fn block_text(block: &Value) -> String {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    match block["type"].as_str().unwrap_or_default() {
        "header" => format!("# {}", text_of(&block["text"])),
        "section" => {
            let fields = list(&block["fields"]);
            let fields = fields.iter().map(|field| text_of(field).replacen('\n', ": ", 1));
            let own = Some(text_of(&block["text"])).filter(|text| !text.is_empty());
            own.into_iter().chain(fields).collect::<Vec<_>>().join("\n")
        }
        "context" => {
            let texts: Vec<String> = list(&block["elements"]).iter().map(text_of).collect();
            format!("~ {}", texts.join(" · "))
        }
        "actions" => {
            let buttons = list(&block["elements"]);
            let label = |b: &Value| match b["style"].as_str() {
                Some(style) => format!("[{}]({style})", text_of(&b["text"])),
                None => format!("[{}]", text_of(&b["text"])),
            };
            buttons.iter().map(label).collect::<Vec<_>>().join(" ")
        }
        "input" => {
            let initial = list(&block["element"]["initial_options"]);
            let options = list(&block["element"]["options"]);
            let lines = options
                .iter()
                .map(|o| format!("{} {}", if initial.contains(o) { "☑" } else { "☐" }, text_of(&o["text"])));
            let lines: Vec<String> = std::iter::once(text_of(&block["label"])).chain(lines).collect();
            lines.join("\n")
        }
        "rich_text" => list(&block["elements"]).iter().map(rich).collect::<Vec<_>>().join("\n"),
        "divider" => "---".to_owned(),
        other => format!("({other})"),
    }
}

fn rich(element: &Value) -> String {
    let runs: Vec<String> = element["elements"].as_array().into_iter().flatten().map(run).collect();
    match element["type"].as_str().unwrap_or_default() {
        "rich_text_list" => runs.iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n"),
        "rich_text_quote" => {
            runs.concat().lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
        }
        "rich_text_preformatted" => format!("```\n{}\n```", runs.concat()),
        _ => runs.concat(),
    }
}

fn run(run: &Value) -> String {
    match run["type"].as_str().unwrap_or_default() {
        "rich_text_section" => rich(run),
        "link" => match run["text"].as_str() {
            Some(text) => format!("{text} ({})", run["url"].as_str().unwrap_or_default()),
            None => run["url"].as_str().unwrap_or_default().to_owned(),
        },
        "text" => {
            let text = run["text"].as_str().unwrap_or_default();
            let mark = ["bold", "italic", "code"].into_iter().zip(["*", "_", "`"]);
            let mark =
                mark.into_iter().find(|(name, _)| run["style"][*name] == true).map_or("", |(_, mark)| mark);
            format!("{mark}{text}{mark}")
        }
        "channel" => format!("<#{}>", run["channel_id"].as_str().unwrap_or_default()),
        other => format!("({other})"),
    }
}

/// The words of a text object, or of none.
fn text_of(object: &Value) -> String {
    let text = object["text"].as_str().unwrap_or_default();
    if object["type"] == "mrkdwn" { unescaped(text) } else { text.to_owned() }
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
