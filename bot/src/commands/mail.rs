//! `dealdesk mail`: what we read in mails, one JSON object each. Reads files only: asks nobody about senders.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use channels::email::{self, Attachment, Kind, Mail, Reading, calendar, reply};
use clap::Args;
use serde::Serialize;

use crate::commands::json;
use crate::config::Config;

/// Reads mails.
#[derive(Debug, Args)]
pub(crate) struct Mails {
    /// Mails, or folders of them.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// One JSON object a mail.
    #[arg(long)]
    json: bool,
    /// Take each file as the text of a mail, without a head.
    #[arg(long)]
    body: bool,
}

impl Mails {
    /// Reads them all. A file that cannot be read is said to be so and does not stop the rest.
    pub(crate) fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let reading = config.email.reading();
        let mut out = BufWriter::new(std::io::stdout().lock());
        let mut all_read = true;
        for path in &self.paths {
            for file in files(path) {
                match std::fs::read(&file) {
                    Ok(raw) => self.tell(&mut out, &file, &raw, &reading)?,
                    Err(error) => {
                        all_read = false;
                        let file = file.display().to_string();
                        json(&mut out, &Unread { file, error: error.to_string() })?;
                    }
                }
            }
        }
        out.flush()?;
        Ok(if all_read { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn tell(&self, out: &mut impl Write, file: &Path, raw: &[u8], reading: &Reading) -> anyhow::Result<()> {
        let told = if self.body { body(file, raw) } else { Told::of(file, &email::read(raw, reading)) };
        if self.json {
            return json(out, &told);
        }
        writeln!(out, "{}\t{}\t{}", told.kind, told.file, told.from.as_deref().unwrap_or("-"))?;
        Ok(())
    }
}

/// All files under a path, in order of their names; what cannot be listed is kept as it is, to be told.
fn files(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return vec![path.to_owned()] };
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.sort();
    found.into_iter().flat_map(|path| if path.is_symlink() { vec![path] } else { files(&path) }).collect()
}

fn body(file: &Path, raw: &[u8]) -> Told {
    let text = String::from_utf8_lossy(raw).into_owned();
    let reply = reply::strip(&text);
    Told { file: file.display().to_string(), kind: Kind::Message.name(), text, reply, ..Told::default() }
}

#[derive(Serialize)]
struct Unread {
    file: String,
    error: String,
}

/// What is printed of a mail.
#[derive(Default, Serialize)]
struct Told {
    file: String,
    message_id: Option<String>,
    thread_keys: Vec<String>,
    from: Option<String>,
    subject: String,
    auth: Authentication,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    text: String,
    reply: String,
    attachments: Vec<File>,
    calendar: Option<Calendar>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bounce: Option<Bounce>,
}

/// Nobody was asked: files alone prove nothing about who sent them.
#[derive(Serialize)]
struct Authentication {
    spf: &'static str,
    dkim: &'static str,
    dmarc: &'static str,
}

impl Default for Authentication {
    fn default() -> Self {
        Self { spf: "none", dkim: "none", dmarc: "none" }
    }
}

#[derive(Serialize)]
struct File {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    bytes: usize,
    sha256: String,
}

#[derive(Serialize)]
struct Calendar {
    method: Option<String>,
    events: Vec<Event>,
}

#[derive(Serialize)]
struct Event {
    uid: Option<String>,
    summary: Option<String>,
    location: Option<String>,
    start: Option<String>,
    end: Option<String>,
    organizer: Option<String>,
    attendees: Vec<String>,
    status: Option<String>,
    absence: bool,
}

#[derive(Serialize)]
struct Bounce {
    recipients: Vec<String>,
    status: Option<String>,
    hard: bool,
    original: Option<String>,
}

impl Told {
    fn of(file: &Path, mail: &Mail<'_>) -> Self {
        let bounce = mail.bounce.as_ref().map(|bounce| Bounce {
            recipients: bounce.recipients.clone(),
            status: bounce.status.clone(),
            hard: bounce.is_hard(),
            original: bounce.original.clone(),
        });
        Self {
            file: file.display().to_string(),
            message_id: mail.head.message_id.clone(),
            thread_keys: mail.thread.iter().map(ToString::to_string).collect(),
            from: mail.head.from.first().map(|from| from.address.clone()),
            subject: mail.head.subject.clone(),
            auth: Authentication::default(),
            kind: mail.kind.name(),
            trouble: mail.trouble.clone(),
            text: mail.text.clone(),
            reply: mail.reply.clone(),
            attachments: mail.attachments.iter().map(of_file).collect(),
            calendar: mail.calendar.as_ref().map(of_calendar),
            bounce,
        }
    }
}

fn of_file(file: &Attachment<'_>) -> File {
    File {
        name: file.name.clone(),
        kind: file.kind.clone(),
        bytes: file.data.len(),
        sha256: hex::encode(file.sha256),
    }
}

fn of_calendar(calendar: &calendar::Calendar) -> Calendar {
    let event = |event: &calendar::Event| Event {
        uid: event.uid.clone(),
        summary: event.summary.clone(),
        location: event.location.clone(),
        start: event.start.as_ref().map(ToString::to_string),
        end: event.end.as_ref().map(ToString::to_string),
        organizer: event.organizer.clone(),
        attendees: event.attendees.clone(),
        status: event.status.clone(),
        absence: event.is_absence,
    };
    Calendar { method: calendar.method.clone(), events: calendar.events.iter().map(event).collect() }
}
