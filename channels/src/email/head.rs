//! A mail's head: the fields we read, each leniently, with nothing in them that could forge another field.

use mail_parser::{Address, HeaderValue, Message};

/// Somebody's address as a mail names it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Mailbox {
    /// The shown name, when there is one.
    pub name: Option<String>,
    /// The address, lower case.
    pub address: String,
}

impl Mailbox {
    /// The part after the last `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The part before the last `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        self.address.rsplit_once('@').map_or(self.address.as_str(), |(local, _)| local)
    }
}

/// What a mail's head says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// Its own number, without angle brackets.
    pub message_id: Option<String>,
    /// Which mails it answers.
    pub in_reply_to: Vec<String>,
    /// The thread before it, oldest first.
    pub references: Vec<String>,
    /// The subject, one line.
    pub subject: String,
    /// The authors; more than one `From` field or author is suspicious.
    pub from: Vec<Mailbox>,
    /// How many `From` fields there are.
    pub from_fields: usize,
    /// Who sent it for the author.
    pub sender: Option<Mailbox>,
    /// To, Cc and the addresses it was delivered to.
    pub to: Vec<Mailbox>,
    /// Where answers are wanted.
    pub reply_to: Vec<Mailbox>,
    /// The envelope's sender, if written down; empty for `<>`.
    pub return_path: Option<String>,
    /// When it says it was written, seconds since 1970.
    pub date: Option<i64>,
    /// Other fields, lower-case names, in order.
    pub others: Vec<(String, String)>,
    /// `type/subtype` of the whole, lower case.
    pub content_type: String,
    /// `report-type` of a report.
    pub report_type: Option<String>,
}

impl Head {
    /// Reads the head of a parsed mail.
    #[must_use]
    pub fn of(message: &Message<'_>) -> Self {
        let mut head = Self::default();
        for header in message.headers() {
            let name = header.name().to_ascii_lowercase();
            head.take(&name, header.value(), || raw_value(message, header));
        }
        head
    }

    /// The first other field of that name.
    #[must_use]
    pub fn other(&self, name: &str) -> Option<&str> {
        self.others.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Whether anything of a mail's head was found at all.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.message_id.is_none()
            && self.from.is_empty()
            && self.to.is_empty()
            && self.subject.is_empty()
            && self.date.is_none()
            && self.content_type.is_empty()
            && !self.others.iter().any(|(name, _)| KNOWN.contains(&name.as_str()))
    }

    fn take(&mut self, name: &str, value: &HeaderValue<'_>, raw: impl Fn() -> String) {
        match name {
            "message-id" => {
                let ids = ids(value, &raw);
                self.message_id = self.message_id.take().or_else(|| ids.into_iter().next());
            }
            "in-reply-to" => self.in_reply_to.extend(ids(value, &raw)),
            "references" => self.references.extend(ids(value, &raw)),
            "subject" if self.subject.is_empty() => {
                self.subject = one_line(value.as_text().unwrap_or_default());
            }
            "from" => {
                self.from_fields += 1;
                self.from.extend(mailboxes(value, &raw));
            }
            "sender" => self.sender = mailboxes(value, &raw).into_iter().next(),
            "to" | "cc" => self.to.extend(mailboxes(value, &raw)),
            "delivered-to" | "x-original-to" | "envelope-to" | "x-envelope-to" => {
                self.to.extend(mailboxes(value, &raw));
                self.others.push((name.to_owned(), text(value, &raw)));
            }
            "reply-to" => self.reply_to.extend(mailboxes(value, &raw)),
            "return-path" if self.return_path.is_none() => {
                let path = value.as_text().map_or_else(&raw, str::to_owned);
                self.return_path = Some(path.trim().trim_matches(['<', '>']).to_ascii_lowercase());
            }
            "date" => self.date = value.as_datetime().map(mail_parser::DateTime::to_timestamp),
            "content-type" if self.content_type.is_empty() => {
                if let Some(kind) = value.as_content_type() {
                    let subtype = kind.subtype().unwrap_or_default();
                    self.content_type = format!("{}/{subtype}", kind.ctype()).to_ascii_lowercase();
                    self.report_type = kind.attribute("report-type").map(str::to_ascii_lowercase);
                }
            }
            _ => self.others.push((name.to_owned(), text(value, &raw))),
        }
    }
}

/// Names of which one at least shows that this is a mail.
const KNOWN: &[&str] = &["received", "mime-version", "x-mailer", "list-id", "resent-from", "delivered-to"];

fn raw_value(message: &Message<'_>, header: &mail_parser::Header<'_>) -> String {
    let (start, end) = (header.offset_start() as usize, header.offset_end() as usize);
    let bytes = message.raw_message.get(start..end).unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}

fn text(value: &HeaderValue<'_>, raw: &impl Fn() -> String) -> String {
    match value {
        HeaderValue::Text(text) => one_line(text),
        HeaderValue::TextList(texts) => one_line(&texts.join(" ")),
        _ => one_line(&raw()),
    }
}

/// Without line breaks and control characters: what was smuggled in by encoding stays one value.
#[must_use]
pub fn one_line(text: &str) -> String {
    let is_clean = !text.chars().any(char::is_control);
    if is_clean {
        return text.trim().to_owned();
    }
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Message numbers in angle brackets; those that the parser gave up on are looked for in the raw value.
fn ids(value: &HeaderValue<'_>, raw: &impl Fn() -> String) -> Vec<String> {
    let found: Vec<String> = match value {
        HeaderValue::Text(text) => vec![text.to_string()],
        HeaderValue::TextList(texts) => texts.iter().map(ToString::to_string).collect(),
        _ => bracketed(&raw()),
    };
    let mut ids: Vec<String> = Vec::with_capacity(found.len());
    for id in found {
        let id = one_line(&id);
        let id = id.trim_matches(['<', '>', ' ', '"']);
        if !id.is_empty() && id.len() <= 998 && !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    ids
}

fn bracketed(raw: &str) -> Vec<String> {
    let inner = |rest: &str| rest.split_once('>').map(|(id, _)| id.to_owned());
    let ids: Vec<String> = raw.split('<').skip(1).filter_map(inner).collect();
    if !ids.is_empty() {
        return ids;
    }
    raw.split_whitespace().filter(|word| word.contains('@')).map(str::to_owned).collect()
}

fn mailboxes(value: &HeaderValue<'_>, raw: &impl Fn() -> String) -> Vec<Mailbox> {
    let found: Vec<Mailbox> = match value {
        HeaderValue::Address(addresses) => flat(addresses),
        HeaderValue::Text(text) => vec![mailbox(None, text)],
        _ => Vec::new(),
    };
    let found: Vec<Mailbox> = found.into_iter().filter(|mailbox| !mailbox.address.is_empty()).collect();
    if !found.is_empty() {
        return found;
    }
    let raw = raw();
    let words = raw.split(|c: char| c.is_whitespace() || "<>,;\"()".contains(c));
    words.filter(|word| word.contains('@')).map(|word| mailbox(None, word)).collect()
}

fn flat(addresses: &Address<'_>) -> Vec<Mailbox> {
    let of = |addr: &mail_parser::Addr<'_>| match (addr.address(), addr.name()) {
        (Some(address), name) => mailbox(name, address),
        // `Mail Delivery Subsystem` without an address: the name is all there is.
        (None, Some(name)) => mailbox(None, name),
        (None, None) => Mailbox::default(),
    };
    match addresses {
        Address::List(list) => list.iter().map(of).collect(),
        Address::Group(groups) => groups.iter().flat_map(|group| group.addresses.iter().map(of)).collect(),
    }
}

fn mailbox(name: Option<&str>, address: &str) -> Mailbox {
    let address = one_line(address).trim_matches(['<', '>', ' ', '\'', '"']).to_lowercase();
    let name = name.map(one_line).filter(|name| !name.is_empty());
    Mailbox { name, address }
}
