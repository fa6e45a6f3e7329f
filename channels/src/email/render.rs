//! A card as a mail: plain text, and HTML that needs neither pictures nor styles from elsewhere.

use std::fmt::{self, Write};

use domain::card::{Block, Button, Card, HitLine, Span, Text, Verb};

/// What a mail needs to know of where it is sent.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The console's address, without a slash at the end.
    pub console: &'a str,
    /// The page where everything of the card can be done.
    pub whole: &'a str,
    /// The page where the recipient decides, if the card asks for that.
    pub decide: Option<&'a str>,
}

/// A card laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// For those who read plain text.
    pub text: String,
    /// For the others.
    pub html: String,
    /// What it is about, for a thread without a subject.
    pub subject: String,
}

/// Lays a card out.
#[must_use]
pub fn render(card: &Card, around: Around<'_>) -> Rendered {
    let (mut text, mut html) = (String::new(), String::new());
    // Writing into a string cannot fail.
    let _ = write_text(&mut text, card, around);
    let _ = write_html(&mut html, card, around);
    let first = card.blocks.iter().find_map(|block| match block {
        Block::Text { text } => Some(text.words()),
        _ => None,
    });
    let subject = card.heading.clone().or(first).unwrap_or_else(|| "Dealdesk".to_owned());
    let subject: String = subject.chars().take(120).collect();
    Rendered { text: text.trim_end().to_owned() + "\n", html, subject }
}

fn write_text(out: &mut String, card: &Card, around: Around<'_>) -> fmt::Result {
    if let Some(heading) = &card.heading {
        writeln!(out, "{heading}\n")?;
    }
    for block in &card.blocks {
        match block {
            Block::Text { text } => writeln!(out, "{}\n", text.words())?,
            Block::Fields { fields } => {
                for (name, value) in fields {
                    writeln!(out, "{name}: {value}")?;
                }
                out.push('\n');
            }
            Block::Table { columns, rows } => {
                for row in rows {
                    let cells: Vec<String> =
                        columns.iter().zip(row).map(|(name, value)| format!("{name}: {value}")).collect();
                    writeln!(out, "- {}", cells.join(", "))?;
                }
                out.push('\n');
            }
            Block::Hits { hits } => {
                for hit in hits {
                    writeln!(
                        out,
                        "{}. {} - {}, {}, fit {} of 100\n   {}",
                        hit.rank, hit.name, hit.place, hit.size, hit.fit, hit.why
                    )?;
                }
                out.push('\n');
            }
            Block::Quote { text } => {
                for line in text.lines() {
                    writeln!(out, "> {line}")?;
                }
                out.push('\n');
            }
            Block::Progress { done, total, label } => writeln!(out, "{label} ({done} of {total})\n")?,
            Block::Choices { label, options } => {
                writeln!(out, "{label}")?;
                for option in options {
                    writeln!(out, "- {}", option.label)?;
                }
                out.push('\n');
            }
            Block::Buttons { buttons } => {
                for action in actions(buttons, around) {
                    writeln!(out, "{action}")?;
                }
                out.push('\n');
            }
            Block::Link { label, url } | Block::File { name: label, url, .. } => {
                writeln!(out, "{label}: {}\n", absolute(url, around.console))?;
            }
            Block::Divider => writeln!(out, "* * *\n")?,
        }
    }
    if let Some(footer) = &card.footer {
        let url = footer.url.as_ref().map(|url| format!(": {}", absolute(url, around.console)));
        writeln!(out, "{}{}", footer.text, url.unwrap_or_default())?;
    }
    Ok(())
}

fn write_html(out: &mut String, card: &Card, around: Around<'_>) -> fmt::Result {
    out.push_str("<!doctype html><html><body style=\"font-family:sans-serif;font-size:15px;line-height:1.45;color:#1d1d1f\">");
    if let Some(heading) = &card.heading {
        write!(out, "<h2 style=\"font-size:18px\">{}</h2>", Escaped(heading))?;
    }
    for block in &card.blocks {
        write_html_block(out, block, around)?;
    }
    if let Some(footer) = &card.footer {
        write!(out, "<p style=\"color:#6e6e73;font-size:13px\">")?;
        match &footer.url {
            Some(url) => write_link(out, &footer.text, &absolute(url, around.console))?,
            None => write!(out, "{}", Escaped(&footer.text))?,
        }
        out.push_str("</p>");
    }
    out.push_str("</body></html>");
    Ok(())
}

fn write_html_block(out: &mut String, block: &Block, around: Around<'_>) -> fmt::Result {
    match block {
        Block::Text { text } => write_html_text(out, text),
        Block::Fields { fields } => {
            out.push_str("<table>");
            for (name, value) in fields {
                write!(
                    out,
                    "<tr><td style=\"color:#6e6e73;padding-right:12px\">{}</td><td>{}</td></tr>",
                    Escaped(name),
                    Escaped(value)
                )?;
            }
            out.push_str("</table>");
            Ok(())
        }
        Block::Table { columns, rows } => write_html_table(out, columns, rows),
        Block::Hits { hits } => write_html_hits(out, hits),
        Block::Quote { text } => write!(out, "<blockquote>{}</blockquote>", Escaped(text)),
        Block::Progress { done, total, label } => {
            write!(out, "<p>{} ({done} of {total})</p>", Escaped(label))
        }
        Block::Choices { label, options } => {
            write!(out, "<p>{}</p><ul>", Escaped(label))?;
            options.iter().try_for_each(|option| write!(out, "<li>{}</li>", Escaped(&option.label)))?;
            out.push_str("</ul>");
            Ok(())
        }
        Block::Buttons { buttons } => {
            for action in actions(buttons, around) {
                out.push_str("<p>");
                match action {
                    Action::Page(label, url) => write_link(out, &label, &url)?,
                    Action::Words(words) => write!(out, "Answer with <b>{}</b>", Escaped(&words))?,
                }
                out.push_str("</p>");
            }
            Ok(())
        }
        Block::Link { label, url } | Block::File { name: label, url, .. } => {
            out.push_str("<p>");
            write_link(out, label, &absolute(url, around.console))?;
            out.push_str("</p>");
            Ok(())
        }
        Block::Divider => {
            out.push_str("<hr>");
            Ok(())
        }
    }
}

fn write_html_table(out: &mut String, columns: &[String], rows: &[Vec<String>]) -> fmt::Result {
    out.push_str("<table border=\"1\" cellpadding=\"4\" style=\"border-collapse:collapse\"><tr>");
    columns.iter().try_for_each(|column| write!(out, "<th align=\"left\">{}</th>", Escaped(column)))?;
    out.push_str("</tr>");
    for row in rows {
        out.push_str("<tr>");
        row.iter().try_for_each(|cell| write!(out, "<td>{}</td>", Escaped(cell)))?;
        out.push_str("</tr>");
    }
    out.push_str("</table>");
    Ok(())
}

fn write_html_hits(out: &mut String, hits: &[HitLine]) -> fmt::Result {
    out.push_str("<ol>");
    for hit in hits {
        write!(
            out,
            "<li value=\"{}\"><b>{}</b> - {}, {}, fit {} of 100<br>{}</li>",
            hit.rank,
            Escaped(&hit.name),
            Escaped(&hit.place),
            Escaped(&hit.size),
            hit.fit,
            Escaped(&hit.why)
        )?;
    }
    out.push_str("</ol>");
    Ok(())
}

fn write_html_text(out: &mut String, text: &Text) -> fmt::Result {
    out.push_str("<p>");
    for span in &text.0 {
        match span {
            Span::Plain(words) => write!(out, "{}", Escaped(words))?,
            Span::Strong(words) => write!(out, "<b>{}</b>", Escaped(words))?,
            Span::Room(words) | Span::Code(words) => write!(out, "<code>{}</code>", Escaped(words))?,
            Span::Faint(words) => write!(out, "<small>{}</small>", Escaped(words))?,
        }
    }
    out.push_str("</p>");
    Ok(())
}

/// What a button becomes: a mail has none.
enum Action {
    Page(String, String),
    Words(String),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(label, url) => write!(f, "{label}: {url}"),
            Self::Words(words) => write!(f, "Answer with: {words}"),
        }
    }
}

fn actions(buttons: &[Button], around: Around<'_>) -> Vec<Action> {
    let decides = |button: &Button| matches!(button.verb, Verb::Approve | Verb::Reject | Verb::SendBack);
    let mut actions = Vec::new();
    if buttons.iter().any(decides) {
        match around.decide {
            Some(url) => {
                actions.push(Action::Page("Look at it and decide".to_owned(), url.to_owned()));
                actions.push(Action::Words(
                    "approve, or: reject, and why, or: changes, and what to change".to_owned(),
                ));
            }
            None => {
                actions.push(Action::Page("Look at it".to_owned(), absolute(around.whole, around.console)));
            }
        }
    }
    for button in buttons.iter().filter(|button| !decides(button)) {
        let action = match button.verb {
            Verb::Say => Action::Words(button.value.clone()),
            // The parts of a question are words to read where nothing can be pressed.
            Verb::Without => continue,
            _ => Action::Page(button.label.clone(), absolute(around.whole, around.console)),
        };
        actions.push(action);
    }
    actions
}

fn absolute(url: &str, console: &str) -> String {
    if url.starts_with('/') { format!("{console}{url}") } else { url.to_owned() }
}

fn write_link(out: &mut String, label: &str, url: &str) -> fmt::Result {
    if url.starts_with("https://") || url.starts_with("http://") {
        write!(out, "<a href=\"{}\">{}</a>", Escaped(url), Escaped(label))
    } else {
        write!(out, "{}", Escaped(label))
    }
}

/// Words that mean nothing to a browser; line ends stay.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            '\n' => f.write_str("<br>"),
            c if c.is_control() => Ok(()),
            c => f.write_char(c),
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::card::Style;

    use super::*;

    const AROUND: Around<'_> = Around {
        console: "https://us.example",
        whole: "/plans/1",
        decide: Some("https://us.example/mail/decide/t"),
    };

    fn button(verb: Verb, value: &str) -> Button {
        Button { label: "Press".into(), verb, value: value.into(), style: Style::Plain }
    }

    #[test]
    fn hostile_words_stay_words() {
        let card = Card {
            heading: Some("<script>x</script>".into()),
            blocks: vec![
                Block::Text { text: Text::from("a<b>\"c\"\nd") },
                Block::Link { label: "x".into(), url: "javascript:x()".into() },
                Block::Fields { fields: vec![("<i>".into(), "&amp;".into())] },
            ],
            footer: None,
        };
        let rendered = render(&card, AROUND);
        assert!(!rendered.html.contains("<script") && !rendered.html.contains("<i>"), "{}", rendered.html);
        assert!(!rendered.html.contains("javascript:"));
        assert!(rendered.text.contains("a<b>\"c\""));
    }

    #[test]
    fn buttons_become_a_page_and_words_to_answer_with() {
        let buttons =
            vec![button(Verb::Approve, "1"), button(Verb::Reject, "1"), button(Verb::Say, "/deals")];
        let card = Card { blocks: vec![Block::Buttons { buttons }], ..Card::default() };
        let rendered = render(&card, AROUND);
        assert!(rendered.text.contains("https://us.example/mail/decide/t"), "{}", rendered.text);
        assert!(rendered.text.contains("Answer with: /deals"));
        assert_eq!(rendered.html.matches("/mail/decide/t").count(), 1);
        let shown = render(&card, Around { decide: None, ..AROUND });
        assert!(!shown.text.contains("approve"), "who may not decide is not asked to: {}", shown.text);
    }
}
