//! The public corpora: what is not a person's mail is never answered, quotes are cut, files come out whole.

use std::collections::BTreeMap;
use std::path::Path;

use channels::email::{self, Kind, Mail, Reading, calendar, head, kind, reply};

fn read(raw: &[u8]) -> Mail<'_> {
    email::read(raw, &Reading::default())
}

fn share(right: usize, all: usize) -> f64 {
    f64::from(u32::try_from(right).unwrap()) / f64::from(u32::try_from(all).unwrap())
}

#[test]
fn nothing_in_the_corpora_does_harm() {
    let Some(samples) = crate::samples("") else { return };
    for (name, raw) in &samples {
        let mail = read(raw);
        let _ = reply::own_words(&mail.text);
        assert_eq!(mail.kind == Kind::Unparsable, mail.trouble.is_some(), "{name}");
        // Cut anywhere and with a flipped bit it does no harm either.
        for at in [raw.len() / 3, raw.len() / 2, raw.len().saturating_sub(7)] {
            let _ = read(&raw[..at]);
            let mut flipped = raw.clone();
            if let Some(byte) = flipped.get_mut(at) {
                *byte ^= 0x55;
            }
            let _ = read(&flipped);
        }
    }
}

#[test]
fn bounces_are_told_and_never_answered() {
    let Some(samples) = crate::samples("sisimai/maildir/") else { return };
    // What answers automatically is of another sort, and one of the folder is there as no bounce.
    let bounces: Vec<_> = samples
        .iter()
        .filter(|(name, _)| !name.contains("rfc3834") && !name.contains("is-not-bounce"))
        .collect();
    let mut missed = Vec::new();
    for (name, raw) in &bounces {
        let mail = read(raw);
        if mail.kind != Kind::Bounce {
            missed.push((name.as_str(), mail.kind.name()));
        }
    }
    println!("{} of {} told; not: {missed:?}", bounces.len() - missed.len(), bounces.len());
    assert!(share(bounces.len() - missed.len(), bounces.len()) >= 0.97);
    for (name, raw) in samples.iter().filter(|(name, _)| name.contains("rfc3834")) {
        assert!(matches!(read(raw).kind, Kind::AutoReply | Kind::Bounce), "{name}");
    }
    let (_, raw) = samples.iter().find(|(name, _)| name.contains("is-not-bounce")).unwrap();
    assert_eq!(read(raw).kind, Kind::Message);
}

#[test]
fn quotes_and_signatures_are_cut_as_expected() {
    let Some(samples) = crate::samples("email-reply-trimmer/") else { return };
    let by_name: BTreeMap<&str, &[u8]> =
        samples.iter().map(|(name, raw)| (name.as_str(), raw.as_slice())).collect();
    let (mut right, mut wrong) = (0, Vec::new());
    for (name, raw) in by_name.iter().filter(|(name, _)| name.contains("/emails/")) {
        let expected = by_name[name.replace("/emails/", "/trimmed/").as_str()];
        let found = reply::strip(&String::from_utf8_lossy(raw));
        if found == String::from_utf8_lossy(expected).trim() { right += 1 } else { wrong.push(*name) }
    }
    println!("{right} right; not: {wrong:?}");
    assert!(share(right, right + wrong.len()) >= 0.94);
}

#[test]
fn mails_of_common_clients_lose_their_quotes() {
    let Some(samples) = crate::samples("talon/standard_replies/") else { return };
    for (name, raw) in samples.iter().filter(|(name, _)| name.ends_with(".eml")) {
        assert_eq!(reply::own_words(&read(raw).text), "Hello", "{name}");
    }
    let Some(samples) = crate::samples("talon/html_replies/") else { return };
    for (name, raw) in samples.iter().filter(|(name, _)| name.ends_with(".html")) {
        let text = email::html::text(&String::from_utf8_lossy(raw));
        let words = reply::strip(&text).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words, "Hi. I am fine. Thanks, Alex", "{name}");
    }
}

#[test]
fn files_in_winmail_come_out_under_their_names() {
    let Some(samples) = crate::samples("mimekit/tnef/") else { return };
    let known: BTreeMap<&str, &[u8]> =
        samples.iter().map(|(name, raw)| (name.as_str(), raw.as_slice())).collect();
    let mut compared = 0;
    for (name, raw) in samples.iter().filter(|(name, _)| name.ends_with(".tnef")) {
        let stem = Path::new(name).with_extension("");
        for file in email::tnef::files(raw) {
            assert!(!file.data.is_empty(), "{name}");
            let expected = stem.join(&file.name);
            if let Some(bytes) = known.get(expected.to_str().unwrap()) {
                assert_eq!(file.data.as_ref(), *bytes, "{name}: {}", file.name);
                compared += 1;
            }
        }
    }
    assert!(compared >= 4, "only {compared} files are given to compare with");
}

#[test]
fn invitations_are_read() {
    let Some(samples) = crate::samples("icalendar/calendars/") else { return };
    let (mut events, mut dated) = (0, 0);
    for (name, raw) in samples.iter().filter(|(_, raw)| calendar::is_calendar(raw)) {
        let text = String::from_utf8_lossy(raw);
        let calendar = calendar::read(&text).unwrap();
        assert_eq!(calendar.events.len(), text.matches("BEGIN:VEVENT").count(), "{name}");
        events += calendar.events.len();
        dated += calendar.events.iter().filter(|event| event.start.is_some()).count();
    }
    // Many of them try out other fields and leave the start out.
    assert!(events > 100 && dated > 80, "{dated} of {events}");
}

#[test]
fn threads_are_found_by_number_and_answers_alone() {
    let Some(samples) = crate::samples("chatwoot/") else { return };
    let find = |name: &str| &samples.iter().find(|(path, _)| path.ends_with(name)).unwrap().1;
    for (name, raw) in samples.iter().filter(|(name, _)| name.ends_with(".eml")) {
        let mail = read(raw);
        let first = mail.thread.iter().map(ToString::to_string).next();
        assert!(first.is_some(), "{name} has no key");
    }
    assert_eq!(read(find("/auto_reply.eml")).kind, Kind::AutoReply);
    assert_eq!(read(find("/auto_reply_with_auto_submitted.eml")).kind, Kind::AutoReply);
    let several = read(find("/multiple_in_reply_to.eml"));
    assert!(several.head.in_reply_to.len() > 1);
}

#[test]
fn only_people_are_answered() {
    let Some(samples) = crate::samples("sisimai/maildir/") else { return };
    let answered = samples
        .iter()
        .filter(|(name, _)| !name.contains("is-not-bounce"))
        .filter(|(_, raw)| {
            let mail = read(raw);
            kind::may_answer(mail.kind, &mail.head)
        })
        .count();
    assert!(share(answered, samples.len()) < 0.005, "{answered} would be answered");
    assert!(!kind::may_answer(Kind::Message, &head::Head::default()), "nobody to answer to");
}
