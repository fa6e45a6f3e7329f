//! Slack's limits on Block Kit, so that a test notices what Slack would refuse.

use std::collections::HashSet;

use serde_json::Value;

/// Whether Slack takes these blocks in a message.
///
/// # Errors
/// Says what is wrong, roughly as Slack does.
pub fn check_message(blocks: &Value) -> Result<(), String> {
    check(blocks, 50)?;
    // Not documented as a number; Slack answers `msg_blocks_too_long` from about here.
    let total = text_length(blocks);
    if total > 13_200 { Err(format!("msg_blocks_too_long: {total} characters")) } else { Ok(()) }
}

/// Whether Slack takes this form.
///
/// # Errors
/// Says what is wrong.
pub fn check_view(view: &Value) -> Result<(), String> {
    if view["type"] != "modal" {
        return Err("type: must be modal".to_owned());
    }
    for (name, max) in [("title", 24), ("submit", 24), ("close", 24)] {
        if name == "title" || !view[name].is_null() {
            plain(&view[name], name, max)?;
        }
    }
    if view["private_metadata"].as_str().is_some_and(|text| text.chars().count() > 3000) {
        return Err("private_metadata: more than 3000 characters".to_owned());
    }
    let has_input = view["blocks"].as_array().is_some_and(|all| all.iter().any(|b| b["type"] == "input"));
    if has_input && view["submit"].is_null() {
        return Err("submit: needed when there are inputs".to_owned());
    }
    check_blocks(&view["blocks"])
}

/// Whether Slack takes these blocks in a view.
pub(super) fn check_blocks(blocks: &Value) -> Result<(), String> {
    check(blocks, 100)
}

fn check(blocks: &Value, max: usize) -> Result<(), String> {
    let all = blocks.as_array().ok_or("blocks: must be an array")?;
    if all.is_empty() || all.len() > max {
        return Err(format!("blocks: {} of them", all.len()));
    }
    let mut ids = HashSet::new();
    for (i, block) in all.iter().enumerate() {
        let at = format!("blocks/{i}");
        if let Some(id) = block["block_id"].as_str() {
            if id.chars().count() > 255 || id.is_empty() {
                return Err(format!("{at}: block_id of {} characters", id.chars().count()));
            }
            if !ids.insert(id) {
                return Err(format!("{at}: block_id {id} is there twice"));
            }
        }
        check_block(block).map_err(|problem| format!("{at}: {problem}"))?;
    }
    Ok(())
}

fn check_block(block: &Value) -> Result<(), String> {
    match block["type"].as_str() {
        Some("header") => plain(&block["text"], "text", 150),
        Some("section") => section(block),
        Some("context") => {
            let elements = some(&block["elements"], "elements", 10)?;
            elements
                .iter()
                .try_for_each(|e| if e["type"] == "image" { Ok(()) } else { text(e, "element", 3000) })
        }
        Some("actions") => {
            let elements = some(&block["elements"], "elements", 25)?;
            let mut names = HashSet::new();
            for element in elements {
                if let Some(name) = element["action_id"].as_str().filter(|name| !names.insert(*name)) {
                    return Err(format!("action_id {name} is there twice"));
                }
                check_element(element)?;
            }
            Ok(())
        }
        Some("input") => {
            plain(&block["label"], "label", 2000)?;
            if !block["hint"].is_null() {
                plain(&block["hint"], "hint", 2000)?;
            }
            check_element(&block["element"])
        }
        Some("rich_text") => some(&block["elements"], "elements", 1000)?.iter().try_for_each(rich),
        Some("divider") => Ok(()),
        Some("image" | "video" | "file" | "table" | "markdown") => Ok(()),
        other => Err(format!("type {other:?} is unknown")),
    }
}

fn section(block: &Value) -> Result<(), String> {
    if block["text"].is_null() && block["fields"].is_null() {
        return Err("neither text nor fields".to_owned());
    }
    if !block["text"].is_null() {
        text(&block["text"], "text", 3000)?;
    }
    if !block["fields"].is_null() {
        some(&block["fields"], "fields", 10)?.iter().try_for_each(|field| text(field, "field", 2000))?;
    }
    if block["accessory"].is_null() { Ok(()) } else { check_element(&block["accessory"]) }
}

fn check_element(element: &Value) -> Result<(), String> {
    length(&element["action_id"], "action_id", 255, true)?;
    match element["type"].as_str() {
        Some("button") => {
            plain(&element["text"], "text", 75)?;
            length(&element["value"], "value", 2000, true)?;
            length(&element["url"], "url", 3000, true)?;
            match element["style"].as_str() {
                None | Some("primary" | "danger") => Ok(()),
                Some(style) => Err(format!("style {style}")),
            }
        }
        Some("checkboxes" | "radio_buttons" | "static_select" | "multi_static_select") => {
            let max =
                if element["type"] == "checkboxes" || element["type"] == "radio_buttons" { 10 } else { 100 };
            let options = some(&element["options"], "options", max)?;
            for option in options {
                text(&option["text"], "option", 75)?;
                length(&option["value"], "value", 150, false)?;
            }
            let one = &element["initial_option"];
            if !one.is_null() && !options.contains(one) {
                return Err("initial_option: not among the options".to_owned());
            }
            let initial = element["initial_options"].as_array();
            if initial.is_some_and(|all| all.is_empty() || all.iter().any(|one| !options.contains(one))) {
                return Err("initial_options: not among the options".to_owned());
            }
            Ok(())
        }
        Some("plain_text_input") => {
            length(&element["initial_value"], "initial_value", 3000, true)?;
            if element["placeholder"].is_null() {
                Ok(())
            } else {
                plain(&element["placeholder"], "placeholder", 150)
            }
        }
        Some("external_select") => plain(&element["placeholder"], "placeholder", 150),
        Some("users_select" | "channels_select" | "conversations_select" | "datepicker" | "overflow") => {
            Ok(())
        }
        other => Err(format!("element {other:?} is unknown")),
    }
}

fn rich(element: &Value) -> Result<(), String> {
    match element["type"].as_str() {
        Some("rich_text_list") => {
            if !matches!(element["style"].as_str(), Some("bullet" | "ordered")) {
                return Err("list without style".to_owned());
            }
            some(&element["elements"], "list", 1000)?.iter().try_for_each(rich)
        }
        Some("rich_text_section" | "rich_text_quote" | "rich_text_preformatted") => {
            let runs = some(&element["elements"], "elements", 1000)?;
            runs.iter().try_for_each(|run| match run["type"].as_str() {
                Some("text") => length(&run["text"], "text", 12_000, false),
                Some("link") => {
                    let url = run["url"].as_str().unwrap_or_default();
                    if url.starts_with("http") { Ok(()) } else { Err(format!("link to {url:?}")) }
                }
                Some("user" | "channel" | "emoji" | "usergroup" | "date" | "broadcast") => Ok(()),
                other => Err(format!("run {other:?} is unknown")),
            })
        }
        other => Err(format!("rich text {other:?} is unknown")),
    }
}

fn some<'a>(value: &'a Value, name: &str, max: usize) -> Result<&'a Vec<Value>, String> {
    match value.as_array() {
        Some(all) if !all.is_empty() && all.len() <= max => Ok(all),
        Some(all) => Err(format!("{name}: {} of them", all.len())),
        None => Err(format!("{name}: missing")),
    }
}

fn plain(value: &Value, name: &str, max: usize) -> Result<(), String> {
    if value["type"] != "plain_text" {
        return Err(format!("{name}: must be plain_text"));
    }
    length(&value["text"], name, max, false)
}

fn text(value: &Value, name: &str, max: usize) -> Result<(), String> {
    if value["type"] != "plain_text" && value["type"] != "mrkdwn" {
        return Err(format!("{name}: must be a text object"));
    }
    length(&value["text"], name, max, false)
}

fn length(value: &Value, name: &str, max: usize, may_be_absent: bool) -> Result<(), String> {
    match value.as_str().map(|text| text.chars().count()) {
        None if may_be_absent && value.is_null() => Ok(()),
        None => Err(format!("{name}: must be text")),
        Some(0) => Err(format!("{name}: must be more than 0 characters")),
        Some(n) if n > max => Err(format!("{name}: {n} characters, at most {max}")),
        Some(_) => Ok(()),
    }
}

/// Characters of all texts in it.
fn text_length(value: &Value) -> usize {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| match value.as_str() {
                Some(text) if name == "text" => text.chars().count(),
                _ => text_length(value),
            })
            .sum(),
        Value::Array(all) => all.iter().map(text_length).sum(),
        _ => 0,
    }
}
