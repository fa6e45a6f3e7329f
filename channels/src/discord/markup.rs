//! Discord's markup for text: what users send is unwrapped into plain words, what we send is escaped.

/// Escapes what Discord reads as markup, so that no text of ours or of others can format, mention or link.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if matches!(c, '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '<' | '#' | '[' | ']' | '@') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Escapes and cuts to at most `max` characters.
pub(super) fn escape_within(text: &str, max: usize) -> String {
    crate::fitting::shorten_escaped(text, max, escape)
}

/// Unwraps a message's text: mentions and emoji become plain words; mentions of `us` go away.
///
/// A person's mention becomes `@` and the number, not the name: names are neither unique nor stable.
pub(super) fn plain(text: &str, us: Option<&str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        let tagged = &rest[open..];
        let Some((tag, words)) = tagged
            .find('>')
            .map(|end| &tagged[..=end])
            .and_then(|tag| unwrapped(&tag[1..tag.len() - 1], us).map(|words| (tag, words)))
        else {
            out.push('<');
            rest = &tagged[1..];
            continue;
        };
        out.push_str(&words);
        rest = &tagged[tag.len()..];
    }
    out.push_str(rest);
    let lines = out.lines().map(|line| {
        line.split([' ', '\t', '\u{a0}']).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// The words of one `<…>` tag; none if it is not one.
fn unwrapped(tag: &str, us: Option<&str>) -> Option<String> {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if let Some(user) =
        tag.strip_prefix("@!").or_else(|| tag.strip_prefix("@&")).or_else(|| tag.strip_prefix('@'))
    {
        return number(user).then(|| if us == Some(user) { String::new() } else { format!("@{user}") });
    }
    if let Some(room) = tag.strip_prefix('#') {
        return number(room).then(|| format!("#{room}"));
    }
    if let Some(command) = tag.strip_prefix('/') {
        return command.rsplit_once(':').map(|(name, _)| format!("/{name}"));
    }
    let emoji = tag.strip_prefix("a:").or_else(|| tag.strip_prefix(':'))?;
    let (name, id) = emoji.split_once(':')?;
    if number(id) {
        return Some(format!(":{name}:"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_unwrapped() {
        for (sent, read) in [
            ("<@77> find labs", "find labs"),
            ("hey <@!77>, make <@12> approver", "hey , make @12 approver"),
            ("<@&5> in <#9> </deal find:11> <a:wave:3> <:x:4>", "@5 in #9 /deal find :wave: :x:"),
            ("a < b and <b> or <@x>", "a < b and <b> or <@x>"),
            ("unclosed <@77", "unclosed <@77"),
            ("two\nlines  here ", "two\nlines here"),
            ("", ""),
        ] {
            assert_eq!(plain(sent, Some("77")), read, "{sent:?}");
        }
    }

    #[test]
    fn nothing_of_others_formats_or_mentions() {
        assert_eq!(escape("**a** <@1> [x](y) `c` @everyone"), r"\*\*a\*\* \<\@1\> \[x\](y) \`c\` \@everyone");
        assert_eq!(escape_within("ab*cd", 6), r"ab\*cd");
        assert_eq!(escape_within("ab*cd", 5), r"ab\*…");
        assert_eq!(escape_within("ab*cd", 4), "ab…");
    }
}
