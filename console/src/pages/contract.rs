//! One version of a contract: its text with every quote marked, the terms beside it, and correcting them.

use std::collections::HashMap;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use domain::card::Verb;
use domain::contract::{Analysis, Extraction, Family, Finding, PositionRow, State, TermInfo, Value, Verdict};
use domain::ids::{AnalysisId, DealId, PlanId, VersionId};
use domain::inbound::WebBody;
use domain::intent::Intent;
use domain::person::Person;
use domain::{policy, wording};
use storage::analyses::Said;
use storage::documents::Version;
use storage::{Tx, acceptances, analyses, deals, documents, playbooks};

use crate::Console;
use crate::error::{Failure, key, page as show};
use crate::intake::{Fields, field, hand_in, typed};
use crate::moment::Moment;
use crate::pages::contracts::{Count, counts};
use crate::pages::sent::{Sent, Wanted};
use crate::pages::signing::Signing;
use crate::session::SignedIn;
use crate::sheets::{Passage, Sheet, sheets, verdict_class};
use crate::shell::{Place, Shell};

/// Kinds of harm in the order of the report.
const FAMILIES: [Family; 10] = [
    Family::Adm,
    Family::Exit,
    Family::Liab,
    Family::Comm,
    Family::Free,
    Family::Ip,
    Family::Data,
    Family::Ctrl,
    Family::Ops,
    Family::Disp,
];

#[derive(Template)]
#[template(path = "contract.html")]
struct Page {
    shell: Shell,
    sent: Option<Sent>,
    version: Version,
    came: Moment,
    deal: Option<(DealId, String)>,
    accepted: Option<(String, Moment)>,
    signing: Option<Signing>,
    versions: Vec<Other>,
    report: Option<Report>,
    sheets: Vec<Sheet>,
    may_answer: bool,
}

/// Another version of the same document.
struct Other {
    id: VersionId,
    number: i32,
    at: Moment,
    by: String,
    is_here: bool,
}

/// What was read.
struct Report {
    analysis: AnalysisId,
    plan: PlanId,
    playbook: i32,
    is_partial: bool,
    counts: Vec<Count>,
    reviews: usize,
    groups: Vec<Group>,
}

struct Group {
    label: &'static str,
    terms: Vec<Term>,
}

/// One term of the report.
pub(crate) struct Term {
    pub(crate) key: String,
    pub(crate) name: String,
    is_main: bool,
    class: &'static str,
    word: &'static str,
    reason: String,
    rows: Vec<Spot>,
    said_by: Option<(String, Moment)>,
    position: Option<PositionRow>,
    pub(crate) fill: Fill,
}

/// One place where a term was found.
struct Spot {
    value: Option<String>,
    state: &'static str,
    percent: u32,
    why: String,
    quote: Option<Shown>,
}

struct Shown {
    number: usize,
    page: u32,
    text: String,
}

/// What a form on a term begins with.
#[derive(Debug, Default)]
pub(crate) struct Fill {
    pub(crate) value: String,
    pub(crate) quote: String,
    pub(crate) is_absent: bool,
}

impl Fill {
    /// From our best guess, or from what a person said.
    pub(crate) fn of(row: Option<&Extraction>) -> Self {
        let Some(row) = row else { return Self { is_absent: true, ..Self::default() } };
        let words =
            row.value.as_ref().filter(|value| !matches!(value, Value::Clause)).map(wording::value_words);
        Self {
            value: words.unwrap_or_default(),
            quote: row.quote.as_ref().map(|quote| quote.text.clone()).unwrap_or_default(),
            is_absent: row.state == State::Absent,
        }
    }
}

/// Shows it.
pub(crate) async fn page(
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let id: VersionId = key(&id, "contract")?;
    let (mut tx, shell) = signed_in.enter(Place::Contracts).await?;
    let sent = Sent::of(&mut tx, &signed_in.person, wanted.sent).await?;
    let now = signed_in.now();
    let version = documents::get(&mut tx, id).await?;
    let text = documents::text(&mut tx, id).await?;
    let deal = match version.deal {
        Some(deal) => Some((deal, deals::get(&mut tx, deal).await?.name)),
        None => None,
    };
    let versions = documents::of_document(&mut tx, version.document).await?;
    let accepted = acceptances::latest(&mut tx).await?.into_iter().find(|accepted| accepted.version == id);
    let is_newest = versions.iter().all(|other| other.number <= version.number);
    let signing = match &accepted {
        Some(_) if is_newest => Some(Signing::of(&mut tx, &signed_in, &version).await?),
        _ => None,
    };
    let analysis = analyses::latest(&mut tx, id).await?;
    let mut passages = Vec::new();
    let report = match analysis {
        Some(analysis) => {
            Some(Report::load(&mut tx, (&signed_in.console, now), analysis, &mut passages).await?)
        }
        None => None,
    };
    let other = |other: Version| Other {
        is_here: other.id == id,
        id: other.id,
        number: other.number,
        at: Moment::new(other.created_at, now),
        by: other.author_name,
    };
    Ok(show(&Page {
        shell: shell.titled(version.name.clone()),
        sent,
        came: Moment::new(version.created_at, now),
        deal,
        accepted: accepted.map(|accepted| (accepted.by_name, Moment::new(accepted.at, now))),
        signing,
        versions: versions.into_iter().map(other).collect(),
        report,
        sheets: sheets(&text, &passages),
        may_answer: may_answer(&signed_in.person),
        version,
    }))
}

/// Whether the person may say what a term is.
pub(crate) fn may_answer(person: &Person) -> bool {
    let wanted = Intent::AnswerTerm {
        analysis: AnalysisId(uuid::Uuid::nil()),
        term: domain::contract::TermKey(String::new()),
        stated: None,
    };
    policy::permit(person.role, &wanted).is_ok()
}

/// The positions of a playbook by its number.
pub(crate) async fn positions(
    tx: &mut Tx,
    console: &Console,
    number: i32,
) -> Result<Vec<PositionRow>, storage::Error> {
    match number {
        0 => Ok(console.counsel.positions.to_vec()),
        _ => Ok(playbooks::get(tx, number).await?.positions),
    }
}

impl Report {
    async fn load(
        tx: &mut Tx,
        (console, now): (&Console, DateTime<Utc>),
        analysis: Analysis,
        passages: &mut Vec<Passage>,
    ) -> Result<Self, Failure> {
        let positions = positions(tx, console, analysis.playbook).await?;
        let said = analyses::said(tx, analysis.id).await?;
        let plan = analyses::plan_of(tx, analysis.id).await?;
        let mut builder = Builder::new(&analysis, said, positions, now);
        let mut terms: Vec<(Family, Term)> = Vec::new();
        let mut verdicts: Vec<(Verdict, usize)> = Vec::new();
        for info in console.counsel.terms.iter() {
            let (verdict, term) = builder.term(info, passages);
            verdicts.extend(verdict.map(|verdict| (verdict, 1)));
            terms.push((info.family, term));
        }
        let mut groups: Vec<Group> = Vec::new();
        for family in FAMILIES {
            let (of_it, rest): (Vec<_>, Vec<_>) = terms.into_iter().partition(|(own, _)| *own == family);
            terms = rest;
            if !of_it.is_empty() {
                let of_it = of_it.into_iter().map(|(_, term)| term).collect();
                groups.push(Group { label: wording::family_words(family), terms: of_it });
            }
        }
        Ok(Self {
            analysis: analysis.id,
            plan,
            playbook: analysis.playbook,
            is_partial: analysis.is_partial,
            counts: counts(verdicts),
            reviews: builder.reviews,
            groups,
        })
    }
}

/// Puts the terms of a report together.
struct Builder {
    rows: HashMap<String, Vec<Extraction>>,
    findings: HashMap<String, Finding>,
    said: HashMap<String, Said>,
    positions: HashMap<String, PositionRow>,
    now: DateTime<Utc>,
    reviews: usize,
}

impl Builder {
    fn new(analysis: &Analysis, said: Vec<Said>, positions: Vec<PositionRow>, now: DateTime<Utc>) -> Self {
        let mut rows: HashMap<String, Vec<Extraction>> = HashMap::new();
        for row in &analysis.extractions {
            rows.entry(row.term.0.clone()).or_default().push(row.clone());
        }
        let findings =
            analysis.findings.iter().map(|finding| (finding.term.0.clone(), finding.clone())).collect();
        let said = said.into_iter().map(|said| (said.extraction.term.0.clone(), said)).collect();
        let positions = positions.into_iter().map(|row| (row.term.0.clone(), row)).collect();
        Self { rows, findings, said, positions, now, reviews: 0 }
    }

    /// A term as the report shows it; its quotes join the passages to mark.
    fn term(&mut self, info: &TermInfo, passages: &mut Vec<Passage>) -> (Option<Verdict>, Term) {
        let name = &info.key.0;
        let said = self.said.remove(name);
        let (rows, finding, said_by) = match said {
            Some(said) => {
                let finding = said.finding.or_else(|| self.findings.remove(name));
                (vec![said.extraction], finding, Some((said.by_name, Moment::new(said.at, self.now))))
            }
            None => (self.rows.remove(name).unwrap_or_default(), self.findings.remove(name), None),
        };
        let verdict = finding.as_ref().map(|finding| finding.verdict);
        let colour = verdict.unwrap_or(Verdict::Unclear);
        if rows.iter().any(|row| row.state == State::Review) {
            self.reviews += 1;
        }
        let fill = Fill::of(rows.first());
        let mut place = |row: Extraction| {
            let quote = row.quote.map(|quote| {
                let number = passages.len() + 1;
                let range = quote.start..quote.end;
                passages.push(Passage { number, range, label: info.name.clone(), verdict: colour });
                Shown { number, page: quote.page, text: quote.text }
            });
            let (value, state) = (row.value.as_ref().map(wording::value_words), row.state);
            Spot { value, state: state_word(state), percent: percent(row.confidence), why: row.reason, quote }
        };
        let rows = rows.into_iter().map(&mut place).collect();
        let term = Term {
            key: name.clone(),
            name: info.name.clone(),
            is_main: info.is_main,
            class: verdict.map_or("none", verdict_class),
            word: verdict.map_or("not judged", wording::verdict_word),
            reason: finding.map(|finding| finding.reason).unwrap_or_default(),
            rows,
            said_by,
            position: self.positions.remove(name),
            fill,
        };
        (verdict, term)
    }
}

fn state_word(state: State) -> &'static str {
    match state {
        State::Stated => "stated",
        State::Absent => "not stated",
        State::Review => "to be looked at",
    }
}

/// A confidence as people read it, whole percent.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
pub(crate) fn percent(confidence: f32) -> u32 {
    (confidence.clamp(0.0, 1.0) * 100.0).round() as u32
}

/// Takes what a person says a term is; the answer to it and the changed report follow.
pub(crate) async fn answer(
    signed_in: SignedIn,
    Path(id): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, Failure> {
    let id: VersionId = key(&id, "contract")?;
    let plan = PlanId::from(hand_in(&signed_in, &fields, &given(&signed_in.person, &fields)?).await?);
    let term: String = field(&fields, "term")
        .unwrap_or_default()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    let back = match field(&fields, "back") {
        Some("reviews") => format!("/reviews?sent={plan}"),
        _ => format!("/contracts/{id}?sent={plan}#t-{term}"),
    };
    Ok(Redirect::to(&back).into_response())
}

/// An answer as its form sent it.
fn given(person: &Person, fields: &Fields) -> Result<WebBody, Failure> {
    let analysis: AnalysisId = key(field(fields, "analysis").unwrap_or_default(), "reading")?;
    let mut sent = Vec::new();
    for name in ["term", "state", "value", "quote"] {
        // An absent term has neither value nor sentence; an empty field is none.
        let text = field(fields, name).unwrap_or_default();
        let text = if text.trim().is_empty() { String::new() } else { typed(text)? };
        sent.push((name.to_owned(), text));
    }
    let (verb, value) = (Verb::AnswerTerm.name().to_owned(), analysis.to_string());
    Ok(WebBody::Form { person: person.id, verb, value, fields: sent })
}

/// Gives the original out, to be saved: a browser never shows it in our name.
pub(crate) async fn original(signed_in: SignedIn, Path(id): Path<String>) -> Result<Response, Failure> {
    let mut tx = signed_in.begin().await?;
    let version = documents::get(&mut tx, key(&id, "contract")?).await?;
    drop(tx);
    let digest = version.sha256.parse().map_err(|_| Failure::Missing("file"))?;
    let bytes = signed_in.console.objects.get(signed_in.person.tenant, digest).await?;
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_DISPOSITION, attachment(&version.name)),
    ];
    Ok((headers, bytes).into_response())
}

/// The header that makes a browser save a file under its name: plain letters, and the whole name as RFC 8187 has it.
fn attachment(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " ._-()".contains(c);
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let mut whole = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            whole.push(char::from(byte));
        } else {
            whole.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_saved_under_its_name_and_nothing_slips_into_the_header() {
        assert_eq!(attachment("MSA.pdf"), "attachment; filename=\"MSA.pdf\"; filename*=UTF-8''MSA.pdf");
        let odd = attachment("Vertrag \"ü\"\r\nX: 1.html");
        assert!(odd.is_ascii() && !odd.contains(['\r', '\n']), "{odd}");
        assert!(odd.starts_with("attachment; filename=\"Vertrag ____"), "{odd}");
        assert!(odd.ends_with("Vertrag%20%22%C3%BC%22%0D%0AX%3A%201.html"), "{odd}");
    }

    #[test]
    fn an_answer_keeps_its_four_fields_and_needs_its_reading() {
        let ids = domain::ids::Ids::counted_from(3);
        let person = Person {
            id: domain::ids::PersonId(ids.next()),
            tenant: domain::ids::TenantId(ids.next()),
            name: "Ada".to_owned(),
            email: None,
            role: domain::person::Role::Member,
        };
        let analysis = ids.next().to_string();
        let fields: Fields = [
            ("once", "1"),
            ("analysis", analysis.as_str()),
            ("term", "insurance"),
            ("state", "stated"),
            ("value", ""),
            ("quote", " a\r\nb "),
        ]
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .to_vec();
        let WebBody::Form { verb, value, fields, .. } = given(&person, &fields).unwrap() else {
            panic!("a form")
        };
        assert_eq!((verb.as_str(), value), ("answer_term", analysis));
        let expected = [("term", "insurance"), ("state", "stated"), ("value", ""), ("quote", "a\nb")];
        assert_eq!(fields, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
        assert!(given(&person, &Vec::new()).is_err());
    }

    #[test]
    fn confidence_is_whole_percent() {
        assert_eq!([percent(0.0), percent(0.696), percent(1.2), percent(f32::NAN)], [0, 70, 100, 0]);
    }
}
