//! A card as HTML for the console: semantic, escaped throughout, and working without JavaScript.

use std::collections::HashSet;
use std::fmt::{self, Write};

use domain::card::{Block, Button, Card, Choice, EvidenceLine, Footer, HitLine, Span, Style, Text};

/// Hits whose evidence lies open; further down the reader opens it.
const OPEN_HITS: u32 = 3;

/// Lays a card out. The buttons of a card share one form with what can be ticked on it; the pressed
/// one sends `press=<verb>:<value>`, the ticks send `chosen=<value>` each.
pub fn html(card: &Card) -> String {
    let mut out = String::with_capacity(1024);
    // Writing into a string cannot fail.
    let _ = write_card(&mut out, card);
    out
}

fn write_card(out: &mut String, card: &Card) -> fmt::Result {
    let has_form =
        card.blocks.iter().any(|block| matches!(block, Block::Buttons { .. } | Block::Choices { .. }));
    if let Some(heading) = &card.heading {
        write!(out, "<h3>{}</h3>", Escaped(heading))?;
    }
    if has_form {
        out.push_str("<form method=\"post\" action=\"/chat/press\">");
    }
    let options = Options::of(card);
    for block in &card.blocks {
        write_block(out, block, &options)?;
    }
    if has_form {
        out.push_str("</form>");
    }
    match &card.footer {
        Some(footer) => write_footer(out, footer),
        None => Ok(()),
    }
}

fn write_block(out: &mut String, block: &Block, options: &Options<'_>) -> fmt::Result {
    match block {
        Block::Text { text } => write_text(out, text),
        Block::Fields { fields } => {
            out.push_str("<dl class=\"fields\">");
            for (name, value) in fields {
                write!(out, "<div><dt>{}</dt><dd>{}</dd></div>", Escaped(name), Lines(value))?;
            }
            out.push_str("</dl>");
            Ok(())
        }
        Block::Table { columns, rows } => write_table(out, columns, rows),
        Block::Hits { hits } => {
            out.push_str("<ol class=\"hits\">");
            for hit in hits {
                write_hit(out, hit, options.of_hit(hit))?;
            }
            out.push_str("</ol>");
            Ok(())
        }
        Block::Quote { text } => write!(out, "<blockquote>{}</blockquote>", Lines(text)),
        Block::Progress { done, total, label } => {
            let (total, label) = ((*total).max(1), Escaped(label));
            let done = (*done).min(total);
            write!(
                out,
                "<p class=\"progress\"><progress max=\"{total}\" value=\"{done}\" aria-label=\"{label}\"></progress>\
                 <span class=\"label\">{label}</span> <span class=\"count\">{done} of {total}</span></p>"
            )
        }
        Block::Choices { label, options: all } => write_choices(out, label, &options.beside_hits(all)),
        Block::Buttons { buttons } => {
            out.push_str("<p class=\"buttons\">");
            for button in buttons {
                write_button(out, button)?;
            }
            out.push_str("</p>");
            Ok(())
        }
        Block::Link { label, url } | Block::File { name: label, url, .. } => {
            write!(out, "<p>{}</p>", Link { label, url })
        }
        Block::Divider => {
            out.push_str("<hr>");
            Ok(())
        }
    }
}

fn write_text(out: &mut String, text: &Text) -> fmt::Result {
    out.push_str("<p>");
    for span in &text.0 {
        match span {
            Span::Plain(words) => write!(out, "{}", Lines(words))?,
            Span::Strong(words) => write!(out, "<strong>{}</strong>", Lines(words))?,
            Span::Room(words) | Span::Code(words) => write!(out, "<code>{}</code>", Escaped(words))?,
            Span::Faint(words) => write!(out, "<small>{}</small>", Lines(words))?,
        }
    }
    out.push_str("</p>");
    Ok(())
}

fn write_table(out: &mut String, columns: &[String], rows: &[Vec<String>]) -> fmt::Result {
    // A wide table scrolls by itself, also by keyboard; the page does not.
    out.push_str(
        "<div class=\"scroll\" role=\"region\" aria-label=\"Table\" tabindex=\"0\"><table><thead><tr>",
    );
    for column in columns {
        write!(out, "<th scope=\"col\">{}</th>", Escaped(column))?;
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows {
        out.push_str("<tr>");
        for cell in row {
            write!(out, "<td>{}</td>", Lines(cell))?;
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
    Ok(())
}

fn write_hit(out: &mut String, hit: &HitLine, option: Option<&Choice>) -> fmt::Result {
    let fit = hit.fit.min(100);
    let (name, rank) = (Escaped(&hit.name), hit.rank);
    write!(out, "<li class=\"hit\" value=\"{rank}\"><div class=\"hit-head\">")?;
    match option {
        Some(option) => {
            let (value, checked) = (Escaped(&option.value), if option.is_chosen { " checked" } else { "" });
            write!(
                out,
                "<label class=\"name\"><input type=\"checkbox\" name=\"chosen\" value=\"{value}\"{checked}> {name}</label>"
            )?;
        }
        None => write!(out, "<span class=\"name\"><span class=\"rank\">{rank}</span> {name}</span>")?,
    }
    write!(
        out,
        "<span class=\"fit\" data-level=\"{}\"><span class=\"number\">{fit}</span>\
         <meter min=\"0\" max=\"100\" value=\"{fit}\" aria-label=\"Fit {fit} of 100\"></meter></span>\
         <span class=\"meta\"><span{}>{}</span> · <span{}>{}</span></span></div>",
        level(fit),
        unknown(&hit.place),
        Escaped(&hit.place),
        unknown(&hit.size),
        Escaped(&hit.size),
    )?;
    let open = if rank <= OPEN_HITS { " open" } else { "" };
    write!(out, "<details{open}><summary>{}</summary><ul class=\"evidence\">", Escaped(&hit.why))?;
    for line in &hit.evidence {
        write_evidence(out, line)?;
    }
    out.push_str("</ul></details></li>");
    Ok(())
}

fn write_evidence(out: &mut String, line: &EvidenceLine) -> fmt::Result {
    let part = Escaped(&line.part);
    match &line.proof {
        Some(proof) => write!(
            out,
            "<li class=\"shown\"><span class=\"mark\" aria-label=\"shown\">✓</span> \
             <span class=\"part\">{part}</span> <span class=\"proof\">{}</span></li>",
            Escaped(proof)
        ),
        None => write!(
            out,
            "<li class=\"unknown\"><span class=\"mark\" aria-hidden=\"true\">?</span> \
             <span class=\"part\">{part}</span> <span class=\"proof\">unknown</span></li>"
        ),
    }
}

fn write_choices(out: &mut String, label: &str, options: &[&Choice]) -> fmt::Result {
    if options.is_empty() {
        return write!(out, "<p class=\"hint\">{}</p>", Escaped(label));
    }
    write!(out, "<fieldset class=\"choices\"><legend>{}</legend>", Escaped(label))?;
    for option in options {
        let (value, checked) = (Escaped(&option.value), if option.is_chosen { " checked" } else { "" });
        write!(
            out,
            "<label><input type=\"checkbox\" name=\"chosen\" value=\"{value}\"{checked}> {}</label>",
            Escaped(&option.label)
        )?;
    }
    out.push_str("</fieldset>");
    Ok(())
}

fn write_button(out: &mut String, button: &Button) -> fmt::Result {
    let style = match button.style {
        Style::Plain => "plain",
        Style::Primary => "primary",
        Style::Danger => "danger",
    };
    let (verb, value) = (button.verb.name(), Escaped(&button.value));
    write!(
        out,
        "<button class=\"{style}\" name=\"press\" value=\"{verb}:{value}\">{}</button>",
        Escaped(&button.label)
    )
}

fn write_footer(out: &mut String, footer: &Footer) -> fmt::Result {
    out.push_str("<footer>");
    match &footer.url {
        Some(url) => write!(out, "{}", Link { label: &footer.text, url })?,
        None => write!(out, "{}", Escaped(&footer.text))?,
    }
    out.push_str("</footer>");
    Ok(())
}

fn level(fit: u8) -> &'static str {
    match fit {
        70.. => "high",
        40..70 => "middle",
        _ => "low",
    }
}

fn unknown(value: &str) -> &'static str {
    if value == "unknown" { " class=\"unknown\"" } else { "" }
}

/// What can be ticked on a card. A tick for a company that is listed sits on its line of the list.
struct Options<'a> {
    all: Vec<&'a Choice>,
    listed: HashSet<&'a str>,
}

impl<'a> Options<'a> {
    fn of(card: &'a Card) -> Self {
        let mut all = Vec::new();
        let mut listed = HashSet::new();
        for block in &card.blocks {
            match block {
                Block::Choices { options, .. } => all.extend(options),
                Block::Hits { hits } => listed.extend(hits.iter().map(|hit| hit.company.as_str())),
                _ => {}
            }
        }
        Self { all, listed }
    }

    fn of_hit(&self, hit: &HitLine) -> Option<&'a Choice> {
        self.all.iter().copied().find(|option| option.value == hit.company)
    }

    fn beside_hits<'b>(&self, options: &'b [Choice]) -> Vec<&'b Choice> {
        options.iter().filter(|option| !self.listed.contains(option.value.as_str())).collect()
    }
}

/// A link, if the address is one that a page of ours may lead to; else its words alone.
struct Link<'a> {
    label: &'a str,
    url: &'a str,
}

impl fmt::Display for Link<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (label, url) = (Escaped(self.label), Escaped(self.url));
        let is_own = self.url.starts_with('/') && !self.url.starts_with("//") && !self.url.contains('\\');
        if is_own {
            write!(f, "<a href=\"{url}\">{label}</a>")
        } else if self.url.starts_with("https://") || self.url.starts_with("http://") {
            write!(f, "<a href=\"{url}\" rel=\"noopener noreferrer\">{label}</a>")
        } else {
            write!(f, "{label}")
        }
    }
}

/// Words that mean nothing to a browser, in text and in quoted attributes.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| write_char(f, c))
    }
}

/// The same, with line ends kept.
struct Lines<'a>(&'a str);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| if c == '\n' { f.write_str("<br>") } else { write_char(f, c) })
    }
}

fn write_char(f: &mut fmt::Formatter<'_>, c: char) -> fmt::Result {
    match c {
        '&' => f.write_str("&amp;"),
        '<' => f.write_str("&lt;"),
        '>' => f.write_str("&gt;"),
        '"' => f.write_str("&quot;"),
        '\'' => f.write_str("&#39;"),
        c if c.is_control() && !matches!(c, '\n' | '\t') => Ok(()),
        // Marks that turn the direction of what follows could make an address read as another.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Ok(()),
        c => f.write_char(c),
    }
}

#[cfg(test)]
mod tests;
