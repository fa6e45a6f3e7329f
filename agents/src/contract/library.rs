//! What is said about contracts that were read: shown, listed, asked, linked; what waits for a person.

use std::collections::HashMap;

use domain::card::{Audience, Card, Say, Text, Urgency};
use domain::change::Change;
use domain::ids::{DealId, VersionId};
use domain::intent::Intent;
use domain::plan::{Context, Finish, Outcome, Recovery};
use domain::wording::{self, AnswerLine, ClauseLine, DocumentLine, ReviewLine};
use storage::documents::Version;
use storage::{Tx, analyses, clauses, deals, documents, reviews};

use super::ask::pointed;
use super::{renewal, settled, steps, terms};
use crate::deal;
use crate::desk::{Desk, storage};
use crate::name::{self, Miss};

pub(super) async fn act(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    if let Intent::AskContract { document, question } = &context.intent {
        return answer(desk, context, (document, question)).await;
    }
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    match &context.intent {
        Intent::ListContracts => list(desk, &mut tx).await,
        Intent::ShowContract { document } => show(desk, context, (&mut tx, document)).await,
        Intent::SearchClauses { words } => search(desk, &mut tx, words).await,
        Intent::LinkContract { document, deal } => link(context, (&mut tx, document), deal).await,
        Intent::ListReviews => waiting(desk, &mut tx).await,
        Intent::ClaimReview { review } => {
            if let Some(holder) = reviews::holder(&mut tx, *review).await.map_err(storage)?
                && holder.person != context.requester
            {
                return Err(wording::review_taken(&holder.name, holder.since).into());
            }
            let change = Change::ClaimReview { review: *review, by: context.requester };
            Ok(done(Card::text("You are on it; the others see that."), Some(change), Audience::Requester))
        }
        Intent::ListRenewals => renewal::list(desk, &mut tx).await,
        Intent::RemindRenewal { notice } => Ok(renewal::remind(desk, context, notice)),
        Intent::AcknowledgeRenewal { reminder } => renewal::acknowledge(context, (&mut tx, *reminder)).await,
        other => Err(Recovery::Escalate { reason: format!("not about a contract: {}", other.name()) }),
    }
}

pub(super) fn done(card: Card, change: Option<Change>, to: Audience) -> Outcome {
    let say = Say { slot: "answer".to_owned(), to, card, urgency: Urgency::Reply };
    Outcome::Done(Finish { say: vec![say], changes: change.into_iter().collect(), ..Finish::default() })
}

/// The latest version of the document that a person named: by its own name, else by its deal's.
pub(super) async fn named(tx: &mut Tx, typed: &str) -> Result<Version, Recovery> {
    let all = documents::latest(tx, None).await.map_err(storage)?;
    let deals = deal_names(tx).await?;
    let own = all.iter().map(|version| (version.id, version.name.clone()));
    let by_deal = all.iter().filter_map(|version| Some((version.id, deals.get(&version.deal?)?.clone())));
    let names: Vec<(VersionId, String)> = own.chain(by_deal).collect();
    match name::find(&names, typed) {
        Ok(id) => documents::get(tx, id).await.map_err(storage),
        Err(Miss::Several { typed, names }) => Err(wording::names_several(&typed, &names).into()),
        Err(Miss::None { typed, nearest }) => {
            Err(wording::names_nothing("contract", &typed, &nearest).into())
        }
    }
}

async fn deal_names(tx: &mut Tx) -> Result<HashMap<DealId, String>, Recovery> {
    Ok(deals::names(tx).await.map_err(storage)?.into_iter().collect())
}

async fn list(desk: &Desk, tx: &mut Tx) -> Result<Outcome, Recovery> {
    let all = documents::latest(tx, None).await.map_err(storage)?;
    let deals = deal_names(tx).await?;
    let lines: Vec<DocumentLine> = all
        .into_iter()
        .map(|version| DocumentLine {
            deal: version.deal.and_then(|deal| deals.get(&deal).cloned()),
            name: version.name,
            version: version.number,
            at: version.created_at,
        })
        .collect();
    let url = format!("{}/contracts", desk.console_url);
    Ok(done(wording::contract_list(&lines, &url), None, Audience::Thread))
}

async fn show(desk: &Desk, context: &Context, (tx, typed): (&mut Tx, &str)) -> Result<Outcome, Recovery> {
    let version = named(tx, typed).await?;
    let analysis = analyses::of_version(tx, version.id).await.map_err(storage)?;
    let card = steps::card(desk, tx, &analysis).await.map_err(storage)?;
    let card = wording::with_trace(card, context.plan, &desk.console_url);
    Ok(done(card, None, Audience::Thread))
}

async fn answer(
    desk: &Desk,
    context: &Context,
    (typed, question): (&str, &str),
) -> Result<Outcome, Recovery> {
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let version = named(&mut tx, typed).await?;
    let text = documents::text(&mut tx, version.id).await.map_err(storage)?;
    let analysis = analyses::of_version(&mut tx, version.id).await.map_err(storage)?;
    let answers = analyses::answers(&mut tx, analysis.id).await.map_err(storage)?;
    // Nothing is held while a model is asked.
    drop(tx);
    let rows = settled(analysis.extractions, answers);
    let (said, note, says) = pointed::answer(desk, context, &text, (&rows, question)).await;
    let line = AnswerLine { straight: said.straight, quotes: said.quotes, is_unsure: said.is_unsure };
    let card = wording::contract_answer(question, &version.name, &line);
    let card = match note {
        Some(note) => card.and_text(Text::default().faint(note)),
        None => card,
    };
    let answer = Say { slot: "answer".to_owned(), to: Audience::Thread, card, urgency: Urgency::Reply };
    let say = std::iter::once(answer).chain(says).collect();
    Ok(Outcome::Done(Finish { say, ..Finish::default() }))
}

/// How many clauses a search shows.
const CLAUSES_MAX: i64 = 5;

async fn search(desk: &Desk, tx: &mut Tx, words: &str) -> Result<Outcome, Recovery> {
    let hits = clauses::search(tx, words, CLAUSES_MAX).await.map_err(storage)?;
    let lines: Vec<ClauseLine> = hits
        .into_iter()
        .map(|hit| ClauseLine {
            document: hit.name,
            deal: hit.deal,
            heading: hit.heading,
            text: hit.body,
            page: hit.page,
            has_all: hit.has_all,
        })
        .collect();
    let url = format!("{}/contracts", desk.console_url);
    Ok(done(wording::clauses(words, &lines, &url), None, Audience::Thread))
}

async fn link(
    context: &Context,
    (tx, document): (&mut Tx, &str),
    deal_name: &str,
) -> Result<Outcome, Recovery> {
    let version = named(tx, document).await?;
    let deal = deal::by_name(tx, deal_name).await?;
    let change = Change::LinkDocument { document: version.document, deal: deal.id, by: context.requester };
    Ok(done(wording::contract_linked(&version.name, &deal.name), Some(change), Audience::Thread))
}

async fn waiting(desk: &Desk, tx: &mut Tx) -> Result<Outcome, Recovery> {
    let items = reviews::waiting(tx).await.map_err(storage)?;
    let lines: Vec<ReviewLine> = items
        .into_iter()
        .map(|item| ReviewLine {
            label: terms::by_key(&item.term).map_or(item.term.clone(), |term| term.name.clone()),
            document: item.document_name,
            reason: item.reason,
            due_at: item.due_at,
            claimed_by: item.claimed_by,
        })
        .collect();
    let url = format!("{}/reviews", desk.console_url);
    Ok(done(wording::reviews(&lines, desk.clock.now(), &url), None, Audience::Thread))
}
