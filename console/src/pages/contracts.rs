//! Contracts: every document with its latest version, and the way in for a new one.

use std::collections::HashMap;

use askama::Template;
use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use axum::response::{IntoResponse, Redirect, Response};
use domain::contract::{FILE_BYTES_MAX, Source, Verdict};
use domain::ids::{DealId, VersionId};
use domain::inbound::WebBody;
use domain::intent::Intent;
use domain::person::Person;
use domain::{policy, wording};
use storage::{acceptances, analyses, deals, documents};

use crate::chat;
use crate::error::{Failure, page as show};
use crate::intake::{Fields, field, hand_in};
use crate::moment::Moment;
use crate::session::SignedIn;
use crate::sheets::{gravity, verdict_class};
use crate::shell::{Place, Shell};

/// Room for the form around the file.
pub(crate) const UPLOAD_BYTES_MAX: usize = FILE_BYTES_MAX + 64 * 1024;
/// The longest field beside the file, and the longest name of a file, bytes.
const FIELD_BYTES_MAX: usize = 8_000;
const NAME_CHARS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "contracts.html")]
struct Page {
    shell: Shell,
    contracts: Vec<Line>,
    may_send: bool,
}

struct Line {
    id: VersionId,
    name: String,
    number: i32,
    deal: Option<(DealId, String)>,
    is_accepted: bool,
    counts: Vec<Count>,
    at: Moment,
    by: String,
}

/// How many terms stand so.
pub(crate) struct Count {
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
    pub(crate) n: usize,
}

/// Counts with the gravest first; what there is none of is left out.
pub(crate) fn counts(verdicts: impl IntoIterator<Item = (Verdict, usize)>) -> Vec<Count> {
    let mut sums: Vec<(Verdict, usize)> = Vec::new();
    for (verdict, n) in verdicts {
        match sums.iter_mut().find(|(known, _)| *known == verdict) {
            Some((_, sum)) => *sum += n,
            None => sums.push((verdict, n)),
        }
    }
    sums.sort_by_key(|(verdict, _)| gravity(*verdict));
    let count =
        |(verdict, n)| Count { class: verdict_class(verdict), word: wording::verdict_word(verdict), n };
    sums.into_iter().filter(|(_, n)| *n > 0).map(count).collect()
}

/// Lists them, newest first.
pub(crate) async fn page(signed_in: SignedIn) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::Contracts).await?;
    let now = signed_in.now();
    let versions = documents::latest(&mut tx, None).await?;
    let ids: Vec<VersionId> = versions.iter().map(|version| version.id).collect();
    let mut verdicts: HashMap<VersionId, Vec<(Verdict, usize)>> = HashMap::new();
    for (version, verdict, n) in analyses::verdicts(&mut tx, &ids).await? {
        verdicts.entry(version).or_default().push((verdict, usize::try_from(n).unwrap_or(0)));
    }
    let accepted = acceptances::latest(&mut tx).await?;
    let names: HashMap<DealId, String> = deals::names(&mut tx).await?.into_iter().collect();
    let line = |version: documents::Version| Line {
        id: version.id,
        number: version.number,
        deal: version.deal.and_then(|deal| Some((deal, names.get(&deal)?.clone()))),
        is_accepted: accepted.iter().any(|accepted| accepted.version == version.id),
        counts: counts(verdicts.remove(&version.id).unwrap_or_default()),
        at: Moment::new(version.created_at, now),
        by: version.author_name,
        name: version.name,
    };
    let contracts = versions.into_iter().map(line).collect();
    Ok(show(&Page { may_send: may_send(&signed_in.person), shell, contracts }))
}

/// Whether the person may have a contract read.
pub(crate) fn may_send(person: &Person) -> bool {
    let source = Source::Link { url: String::new() };
    let wanted = Intent::AnalyzeContract { source, deal: None, beside: Vec::new() };
    policy::permit(person.role, &wanted).is_ok()
}

/// Takes a file: its bytes are kept first, then what was done goes into the inbox. The answer comes in the chat.
pub(crate) async fn upload(signed_in: SignedIn, form: Multipart) -> Result<Response, Failure> {
    if !may_send(&signed_in.person) {
        return Err(Failure::NotAllowed("members, approvers and admins"));
    }
    let Sent { fields, name, bytes } = read(form).await?;
    if bytes.is_empty() {
        return Err(Failure::Unusable("Choose a file that is not empty.".into()));
    }
    let text = field(&fields, "text").unwrap_or_default().trim().to_owned();
    let digest = signed_in.console.objects.put(signed_in.person.tenant, &bytes).await?;
    let body = WebBody::File {
        person: signed_in.person.id,
        text,
        name,
        sha256: digest.to_string(),
        bytes: bytes.len() as u64,
    };
    hand_in(&signed_in, &fields, &body).await?;
    if signed_in.is_fragment {
        return chat::answer(&signed_in).await;
    }
    Ok(Redirect::to("/#end").into_response())
}

/// A form with a file, as it came.
struct Sent {
    fields: Fields,
    name: String,
    bytes: Vec<u8>,
}

async fn read(mut form: Multipart) -> Result<Sent, Failure> {
    let mut sent = Sent { fields: Vec::new(), name: String::new(), bytes: Vec::new() };
    while let Some(part) = form.next_field().await.map_err(|error| broken(&error))? {
        let name = part.name().unwrap_or_default().to_owned();
        match part.file_name().map(plain_name) {
            Some(file) if name == "file" && sent.bytes.is_empty() => {
                sent.bytes = take(part, FILE_BYTES_MAX).await?;
                sent.name = file;
            }
            Some(_) => {
                return Err(Failure::Unusable(
                    "One file at a time: each becomes a document of its own.".into(),
                ));
            }
            None => {
                let value = String::from_utf8_lossy(&take(part, FIELD_BYTES_MAX).await?).into_owned();
                sent.fields.push((name, value));
            }
        }
    }
    Ok(sent)
}

/// The bytes of a part, as they come in; more than fit are refused at once.
async fn take(mut part: Field<'_>, most: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(|error| broken(&error))? {
        if bytes.len() + chunk.len() > most {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn broken(error: &MultipartError) -> Failure {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        return too_large();
    }
    tracing::warn!(error = %error, "an upload broke off");
    Failure::Unusable("The file did not arrive whole. Send it again.".into())
}

fn too_large() -> Failure {
    let most = FILE_BYTES_MAX / (1024 * 1024);
    Failure::TooLarge(format!("A file has at most {most} MB. Send it in parts or without its pictures."))
}

/// The last part of a file's name, without what would end a header or a line.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let plain: String = last.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
    let plain = plain.trim();
    if plain.is_empty() { "Contract".to_owned() } else { plain.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_is_its_last_part_and_harmless() {
        for (sent, kept) in [
            ("MSA.pdf", "MSA.pdf"),
            ("C:\\Users\\x\\MSA final.docx", "MSA final.docx"),
            ("../../etc/passwd", "passwd"),
            ("a\r\nb\0.pdf", "ab.pdf"),
            ("  ", "Contract"),
            ("x/", "Contract"),
        ] {
            assert_eq!(plain_name(sent), kept, "{sent:?}");
        }
        assert_eq!(plain_name(&"ü".repeat(900)).chars().count(), NAME_CHARS_MAX);
    }

    #[test]
    fn counts_begin_with_the_gravest_and_leave_out_none() {
        let all = [(Verdict::Green, 30), (Verdict::Red, 1), (Verdict::Yellow, 0), (Verdict::Red, 2)];
        let said: Vec<_> = counts(all).into_iter().map(|count| (count.word, count.n)).collect();
        assert_eq!(said, [("red", 3), ("green", 30)]);
    }
}
