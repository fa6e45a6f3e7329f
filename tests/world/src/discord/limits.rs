//! What Discord refuses: a message beyond its published limits.

use serde_json::Value;

fn count(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.chars().count())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Checks a message's body.
///
/// # Errors
/// Says which limit it breaks.
pub fn check_message(body: &Value) -> Result<(), String> {
    let refuse = |broken: bool, what: &str| if broken { Err(what.to_owned()) } else { Ok(()) };
    let embeds = list(&body["embeds"]);
    refuse(count(&body["content"]) == 0 && embeds.is_empty(), "an empty message")?;
    refuse(count(&body["content"]) > 2000, "content")?;
    refuse(embeds.len() > 10, "embeds")?;
    refuse(count(&body["nonce"]) > 25, "nonce")?;
    let mut total = 0;
    for embed in embeds {
        let fields = list(&embed["fields"]);
        refuse(count(&embed["title"]) > 256, "title")?;
        refuse(count(&embed["description"]) > 4096, "description")?;
        refuse(fields.len() > 25, "fields")?;
        total += count(&embed["title"]) + count(&embed["description"]);
        for field in fields {
            refuse(!(1..=256).contains(&count(&field["name"])), "a field's name")?;
            refuse(!(1..=1024).contains(&count(&field["value"])), "a field's value")?;
            total += count(&field["name"]) + count(&field["value"]);
        }
    }
    refuse(total > 6000, "characters of all embeds")?;
    let rows = list(&body["components"]);
    refuse(rows.len() > 5, "rows")?;
    let mut ids = Vec::new();
    for row in rows {
        let elements = list(&row["components"]);
        let lists = elements.iter().filter(|e| e["type"] == 3).count();
        refuse(!(1..=5).contains(&elements.len()) || lists > 0 && elements.len() > 1, "a row")?;
        for element in elements {
            refuse(!(1..=100).contains(&count(&element["custom_id"])), "a custom id")?;
            refuse(ids.contains(&&element["custom_id"]), "a custom id twice")?;
            ids.push(&element["custom_id"]);
            let options = list(&element["options"]);
            refuse(element["type"] == 2 && !(1..=80).contains(&count(&element["label"])), "a label")?;
            refuse(element["type"] == 3 && !(1..=25).contains(&options.len()), "options")?;
            for option in options {
                refuse(!(1..=100).contains(&count(&option["label"])), "an option's label")?;
                refuse(!(1..=100).contains(&count(&option["value"])), "an option's value")?;
            }
        }
    }
    Ok(())
}
