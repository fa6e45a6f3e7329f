//! Any JSON value as something people can read: exactly what it says, nothing left out.

use std::fmt::{self, Write};

use askama::filters::{Escaper, Html, HtmlSafe};
use serde_json::{Map, Value};

/// Shows itself as nested lists and tables.
#[derive(Debug, Clone)]
pub(crate) struct Readable(pub(crate) Value);

impl fmt::Display for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        write_value(&mut out, &self.0)?;
        f.write_str(&out)
    }
}

impl HtmlSafe for Readable {}

fn write_value(out: &mut String, value: &Value) -> fmt::Result {
    match value {
        Value::Object(map) if map.is_empty() => write_words(out, "nothing"),
        Value::Object(map) => {
            out.push_str("<dl class=\"fields\">");
            for (name, value) in map {
                out.push_str("<div><dt>");
                write_words(out, &name.replace('_', " "))?;
                out.push_str("</dt><dd>");
                write_value(out, value)?;
                out.push_str("</dd></div>");
            }
            out.push_str("</dl>");
            Ok(())
        }
        Value::Array(list) if list.is_empty() => write_words(out, "none"),
        Value::Array(list) => match rows(list) {
            Some(rows) => write_table(out, &rows),
            None => {
                out.push_str("<ul>");
                for value in list {
                    out.push_str("<li>");
                    write_value(out, value)?;
                    out.push_str("</li>");
                }
                out.push_str("</ul>");
                Ok(())
            }
        },
        Value::Null => write_words(out, "–"),
        Value::Bool(yes) => write_words(out, if *yes { "yes" } else { "no" }),
        Value::Number(number) => write_words(out, &number.to_string()),
        Value::String(text) => write_words(out, text),
    }
}

/// Objects that all have at least one name make a table.
fn rows(list: &[Value]) -> Option<Vec<&Map<String, Value>>> {
    list.iter().map(|value| value.as_object().filter(|map| !map.is_empty())).collect()
}

fn write_table(out: &mut String, rows: &[&Map<String, Value>]) -> fmt::Result {
    let mut columns: Vec<&str> = Vec::new();
    for name in rows.iter().flat_map(|row| row.keys()) {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    // Names come sorted by letter; people look for the name of a thing first.
    columns.sort_by_key(|name| *name != "name");
    out.push_str(
        "<div class=\"scroll\" role=\"region\" aria-label=\"Table\" tabindex=\"0\"><table><thead><tr>",
    );
    for column in &columns {
        out.push_str("<th scope=\"col\">");
        write_words(out, &column.replace('_', " "))?;
        out.push_str("</th>");
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows {
        out.push_str("<tr>");
        for column in &columns {
            out.push_str("<td>");
            match row.get(*column) {
                Some(value) => write_value(out, value)?,
                None => write_words(out, "–")?,
            }
            out.push_str("</td>");
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
    Ok(())
}

fn write_words(out: &mut String, words: &str) -> fmt::Result {
    Html.write_escaped_str(out as &mut dyn Write, words)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_value_is_shown_and_harmless() {
        let payload = json!({
            "companies": [{ "name": "Adyen <b>" }, { "name": "Mollie", "fit": 87 }],
            "owner_id": null, "tags": ["a", "b"], "is_new": true
        });
        let html = Readable(payload).to_string();
        for part in
            ["Adyen &#60;b&#62;", "<td>87</td>", "<td>–</td>", "owner id", "<li>b</li>", "<dd>yes</dd>"]
        {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(!html.contains("<b>"));
    }
}
