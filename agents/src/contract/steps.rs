//! The contract agent's steps: read a document, find its terms, judge them, show them.

use std::time::{Duration, Instant};

use domain::card::{Audience, Card, Say, Urgency};
use domain::change::Change;
use domain::contract::{Analysis, Extraction, NewVersion, Source, State, Value, Verdict};
use domain::error::UserError;
use domain::ids::{AnalysisId, DealId, DocumentId, EnvelopeId, VersionId};
use domain::intent::Intent;
use domain::plan::{Context, Finish, Outcome, Recovery, Step};
use domain::screening::Severity;
use domain::wording::{self, ContractCard, TermLine};
use serde::{Deserialize, Serialize};
use serde_json::json;
use storage::{Tx, analyses, deals, documents, envelopes, people, plans};

use super::acceptance::{self, Acceptance};
use super::extract::Options;
use super::playbook::{self, Ours, Stance, ValueBand};
use super::{answering, clauses, library, open, sending, settled, signed, signing, terms};
use crate::deal;
use crate::desk::{Desk, earlier, storage, unknown_action};
use crate::guardrail::alarm::{Event, raise};

/// How long finding terms may take; a step has 30 s.
const TIME: Duration = Duration::from_secs(20);
/// Fewer letters and digits than this are no contract, e.g. a photo of something else.
const LETTERS_MIN: usize = 20;

pub(crate) async fn act(desk: &Desk, context: &Context, step: &Step) -> Result<Outcome, Recovery> {
    match step.action.as_str() {
        "read" => read(desk, context).await,
        "extract" => extract(desk, context).await,
        "judge" => judge(desk, context).await,
        "present_contract" => present(desk, context).await,
        "accept_contract" => acceptance::conclude(desk, context).await,
        "show_contract" | "list_contracts" | "ask_contract" | "link_contract" | "search_clauses" => {
            library::act(desk, context).await
        }
        "prepare_signature" => signing::prepare(desk, context).await,
        "send_signature" => signing::conclude(desk, context).await,
        "handle_envelope" => signing::handle(desk, context).await,
        "follow_envelope" => signing::tell(desk, context).await,
        "conclude_signing" => signed::conclude(desk, context).await,
        "send_redline" => sending::redline(desk, context).await,
        "answer_term" => answering::answer(desk, context).await,
        "edit_position" => answering::edit_position(desk, context).await,
        "list_reviews" | "claim_review" | "list_renewals" | "remind_renewal" | "acknowledge_renewal" => {
            library::act(desk, context).await
        }
        _ => Err(unknown_action(step)),
    }
}

/// What the reading step leaves for those behind it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ReadOutput {
    pub(crate) document: DocumentId,
    pub(crate) version: VersionId,
    pub(crate) name: String,
    pub(crate) deal: Option<DealId>,
    pub(crate) pages: usize,
    pub(crate) notes: Vec<String>,
}

/// Turns the file into text and keeps both as a version. A file with a known document's name follows it.
async fn read(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    if let Intent::TakeSigned { envelope, source } = &context.intent {
        return read_signed(desk, context, (*envelope, source)).await;
    }
    let (sent, password) = sent(desk, context).await?;
    let Intent::AnalyzeContract { source, deal, beside } = &sent else {
        return Err(Recovery::Escalate { reason: "not a contract to read".to_owned() });
    };
    let original = desk.contracts.original(context.tenant, source).await?;
    let bytes = original.bytes.len() as u64;
    let opened = open::open(&desk.contracts.pages, original.bytes, password).await?;
    if opened.text.text.chars().filter(|letter| letter.is_alphanumeric()).count() < LETTERS_MIN {
        return Err(wording::nothing_readable(&original.name, &opened.notes).into());
    }
    if opened.is_suspected {
        let (kind, detail) = ("orders_in_contract", json!({ "sha256": original.sha256, "kinds": [] }));
        raise(desk, context, Event { kind, severity: Severity::Warning, detail }).await.map_err(storage)?;
    }
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let deal = match deal {
        Some(name) => Some(deal::by_name(&mut tx, name).await?.id),
        None => deal_by_words(&mut tx, &opened.text.text).await?,
    };
    let mut notes = opened.notes;
    if !beside.is_empty() {
        notes.push(format!(
            "Not read, as they are too many in one message: {}. Please send them again.",
            beside.join(", ")
        ));
    }
    let known = documents::latest(&mut tx, deal).await.map_err(storage)?;
    let follows = known.into_iter().find(|version| version.name == original.name && version.deal == deal);
    let new = NewVersion {
        document: follows.as_ref().map_or_else(|| DocumentId(desk.ids.next()), |version| version.document),
        version: VersionId(desk.ids.next()),
        parent: follows.map(|version| version.id),
        deal,
        name: original.name,
        sha256: original.sha256,
        bytes,
        kind: kind_word(opened.kind),
        clauses: clauses::of(&opened.text.text),
        text: opened.text,
        notes,
        by: context.requester,
    };
    let output = ReadOutput {
        document: new.document,
        version: new.version,
        name: new.name.clone(),
        deal,
        pages: new.text.pages.len(),
        notes: new.notes.clone(),
    };
    let changes = vec![Change::AddVersion(Box::new(new))];
    Ok(Outcome::Done(Finish { output: json!(output), changes, ..Finish::default() }))
}

/// Turns what came back signed into the next version of what was sent.
async fn read_signed(
    desk: &Desk,
    context: &Context,
    (envelope, source): (EnvelopeId, &Source),
) -> Result<Outcome, Recovery> {
    let original = desk.contracts.original(context.tenant, source).await?;
    let bytes = original.bytes.len() as u64;
    let opened = open::open(&desk.contracts.pages, original.bytes, None).await?;
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let sent = envelopes::get(&mut tx, envelope).await.map_err(storage)?;
    let new = NewVersion {
        document: sent.document,
        version: VersionId(desk.ids.next()),
        parent: Some(sent.version),
        deal: sent.deal,
        name: original.name,
        sha256: original.sha256,
        bytes,
        kind: kind_word(opened.kind),
        clauses: clauses::of(&opened.text.text),
        text: opened.text,
        notes: opened.notes,
        by: context.requester,
    };
    let output = ReadOutput {
        document: new.document,
        version: new.version,
        name: sent.name,
        deal: new.deal,
        pages: new.text.pages.len(),
        notes: new.notes.clone(),
    };
    let changes = vec![Change::AddVersion(Box::new(new))];
    Ok(Outcome::Done(Finish { output: json!(output), changes, ..Finish::default() }))
}

/// What was asked when the file was sent, and the password that was told since.
async fn sent<'a>(desk: &Desk, context: &'a Context) -> Result<(Intent, Option<&'a str>), Recovery> {
    let Intent::UnlockContract { password } = &context.intent else {
        return Ok((context.intent.clone(), None));
    };
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let sent = plans::not_read(&mut tx, context.conversation, context.requester).await.map_err(storage)?;
    let sent = sent.ok_or_else(|| {
        UserError::new(
            "I know of no locked file here.",
            "Send the file first; then write `unlock <password>` in its thread. I have forgotten the password.",
        )
    })?;
    Ok((sent, Some(password.expose())))
}

fn kind_word(kind: super::read::Kind) -> String {
    json!(kind).as_str().unwrap_or("unknown").to_owned()
}

/// The only deal whose name stands in the first part of the text; none when several do.
async fn deal_by_words(tx: &mut Tx, text: &str) -> Result<Option<DealId>, Recovery> {
    let head: String = text.chars().take(6000).collect::<String>().to_lowercase();
    let names = deals::names(tx).await.map_err(storage)?;
    let mut found = names
        .into_iter()
        .filter(|(_, name)| name.chars().count() > 3 && head.contains(&name.to_lowercase()))
        .map(|(id, _)| id);
    let first = found.next();
    Ok(if found.next().is_some() { None } else { first })
}

/// What the extracting step leaves.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ExtractOutput {
    pub(crate) rows: Vec<Extraction>,
    pub(crate) is_partial: bool,
}

/// Finds the terms. Every quote is checked against the text once more before anything is kept.
async fn extract(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let read: ReadOutput = earlier(context, "read")?;
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let text = documents::text(&mut tx, read.version).await.map_err(storage)?;
    drop(tx);
    let tools = desk.contracts.clone();
    let found = tokio::task::spawn_blocking(move || {
        let extractor = tools.extractor().map_err(|error| error.to_string())?;
        let options = Options { all: false, deadline: Some(Instant::now() + TIME) };
        let mut extracted = extractor.extract(&text, &options);
        extracted.rows.retain(|row| row.quote.as_ref().is_none_or(|quote| text.holds(quote)));
        Ok::<_, String>(extracted)
    });
    let found = found
        .await
        .map_err(|panic| Recovery::Retry { after_ms: 200, cause: panic.to_string() })?
        .map_err(|cause| Recovery::Escalate { reason: cause })?;
    let output = json!(ExtractOutput { rows: found.rows, is_partial: found.partial });
    Ok(Outcome::Done(Finish { output, ..Finish::default() }))
}

/// Holds the terms against the playbook and keeps all of it.
async fn judge(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let read: ReadOutput = earlier(context, "read")?;
    let checked: ExtractOutput = earlier(context, "check_terms")?;
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let counterparty = match read.deal {
        Some(deal) => Some(deals::get(&mut tx, deal).await.map_err(storage)?.name),
        None => None,
    };
    let ours = ours(&checked.rows, counterparty.as_deref());
    let stance = Stance { ours, value: ValueBand::default() };
    let (number, playbook) = playbook::newest(&mut tx).await.map_err(storage)?;
    let findings = playbook.judge(&checked.rows, &stance);
    let analysis = Analysis {
        id: AnalysisId(desk.ids.next()),
        version: read.version,
        playbook: number,
        is_partial: checked.is_partial,
        extractions: checked.rows,
        findings,
    };
    let output = json!({ "analysis": analysis.id });
    let changes = vec![Change::Analyse(Box::new(analysis))];
    Ok(Outcome::Done(Finish { output, changes, ..Finish::default() }))
}

/// Our names in the contract: those of the one party that is not the deal's partner. Unknown in any other case.
pub(super) fn ours(rows: &[Extraction], counterparty: Option<&str>) -> Ours {
    let Some(them) = counterparty.map(str::to_lowercase) else { return Ours::default() };
    let parties: Vec<_> = rows
        .iter()
        .filter_map(|row| match &row.value {
            Some(Value::Parties(parties)) => Some(parties),
            _ => None,
        })
        .flatten()
        .collect();
    let others: Vec<_> = parties.iter().filter(|party| !party.name.to_lowercase().contains(&them)).collect();
    match others.as_slice() {
        [one] if parties.len() == 2 => Ours {
            names: [&one.name, &one.role].into_iter().filter(|name| !name.is_empty()).cloned().collect(),
        },
        _ => Ours::default(),
    }
}

/// The analysis that the judging step kept.
#[derive(Debug, Deserialize)]
pub(crate) struct Judged {
    pub(crate) analysis: AnalysisId,
}

/// Shows what was read, in place of the progress, and leaves what approvers will be asked.
async fn present(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let judged: Judged = earlier(context, "judge")?;
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let analysis = analyses::get(&mut tx, judged.analysis).await.map_err(storage)?;
    let card = card(desk, &mut tx, &analysis).await.map_err(storage)?;
    let asked = Acceptance::of(desk, context, &mut tx).await?;
    let sender = people::get(&mut tx, context.requester).await.map_err(storage)?;
    let card = wording::with_trace(card, context.plan, &desk.console_url);
    let copy = asked.deal.as_ref().zip(sender).map(|(of, sender)| Say {
        slot: "copy".to_owned(),
        to: Audience::Deal { deal: of.deal },
        card: wording::sent_elsewhere(card.clone(), &sender.name),
        urgency: Urgency::Reply,
    });
    let say = Say { slot: "answer".to_owned(), to: Audience::Thread, card, urgency: Urgency::Reply };
    let say = std::iter::once(say).chain(copy).collect();
    Ok(Outcome::Done(Finish { output: json!(asked), say, ..Finish::default() }))
}

/// What was read in a version, as a card.
pub(super) async fn card(desk: &Desk, tx: &mut Tx, analysis: &Analysis) -> Result<Card, storage::Error> {
    let analysis = &with_answers(tx, analysis.clone()).await?;
    let version = documents::get(tx, analysis.version).await?;
    let text = documents::text(tx, analysis.version).await?;
    let deal = match version.deal {
        Some(deal) => Some(deals::get(tx, deal).await?.name),
        None => None,
    };
    Ok(wording::contract(&ContractCard {
        name: version.name,
        version: version.number,
        pages: text.pages.len(),
        deal,
        terms: term_lines(analysis),
        counts: acceptance::counts(&analysis.findings),
        findings: acceptance::worst(&analysis.findings),
        reviews: analysis.extractions.iter().filter(|row| row.state == State::Review).count(),
        notes: version.notes,
        is_partial: analysis.is_partial,
        url: desk.report_url(analysis.version),
        can_be_marked: version.kind == "docx",
    }))
}

/// An analysis with what people said since in the place of what was read.
pub(super) async fn with_answers(tx: &mut Tx, mut analysis: Analysis) -> Result<Analysis, storage::Error> {
    let said = analyses::said(tx, analysis.id).await?;
    if said.is_empty() {
        return Ok(analysis);
    }
    for judged in said.iter().filter_map(|said| said.finding.clone()) {
        match analysis.findings.iter_mut().find(|finding| finding.term == judged.term) {
            Some(finding) => *finding = judged,
            None => analysis.findings.push(judged),
        }
    }
    analysis.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    analysis.extractions =
        settled(analysis.extractions, said.into_iter().map(|said| said.extraction).collect());
    Ok(analysis)
}

/// The ten terms that matter most, in the order of the list.
fn term_lines(analysis: &Analysis) -> Vec<TermLine> {
    terms::all()
        .iter()
        .filter(|term| term.mvp)
        .map(|term| {
            let said: Vec<String> = analysis
                .extractions
                .iter()
                .filter(|row| row.term == term.key && row.state == State::Stated)
                .filter_map(|row| row.value.as_ref().map(wording::value_words))
                .collect();
            let finding = analysis.findings.iter().find(|finding| finding.term == term.key);
            let is_open = finding.is_some_and(|finding| finding.verdict == Verdict::Unclear);
            let value = match said.first() {
                Some(first) => Some(first.clone()),
                None if is_open => Some("to be looked at".to_owned()),
                None => None,
            };
            let verdict = finding.map_or(Verdict::Unclear, |finding| finding.verdict);
            TermLine { label: term.name.clone(), value, verdict }
        })
        .collect()
}
