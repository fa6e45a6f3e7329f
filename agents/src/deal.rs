//! The deal agent: proposes and starts deals, lists, shows, moves and annotates them.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::approval::{Decision, Verdict};
use domain::card::{Audience, Card, Say, Urgency};
use domain::change::Change;
use domain::company::CompanyId;
use domain::deal::{DealRow, Facts, StageChange, judge_move};
use domain::ids::{DealId, NoteId, PartnerId};
use domain::intent::Intent;
use domain::person::Role;
use domain::places::places;
use domain::plan::{Context, Finish, Outcome, Recovery, Step};
use domain::search::{Answer, Hit};
use domain::wording::{self, DealCard, ProposedDeal};
use serde::{Deserialize, Serialize};
use storage::deals::{self, Wanted};
use storage::directory::names;
use storage::{Tx, documents, people, plans};

use crate::desk::{Desk, earlier, storage, unknown_action};
use crate::name::{self, Miss};

/// Companies that are looked at when a name is typed.
const ALIKE_MAX: i64 = 10;

/// The companies that deals are proposed with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Proposal {
    pub(crate) companies: Vec<Proposed>,
}

/// One of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Proposed {
    pub(crate) company: CompanyId,
    pub(crate) name: String,
    pub(crate) country: Option<String>,
    /// None when it did not come from a search.
    pub(crate) fit: Option<u8>,
}

impl Proposal {
    /// One line a company, for the approver.
    pub(crate) fn lines(&self) -> Vec<ProposedDeal> {
        let line = |c: &Proposed| ProposedDeal {
            name: c.name.clone(),
            place: c.country.as_deref().map_or("unknown", |code| places().country(code)).to_owned(),
            fit: c.fit,
        };
        self.companies.iter().map(line).collect()
    }
}

pub(crate) async fn act(desk: &Desk, context: &Context, step: &Step) -> Result<Outcome, Recovery> {
    match step.action.as_str() {
        "propose" => propose(desk, context).await,
        "start" => start(desk, context).await,
        "list_deals" => list(desk, context).await,
        "show_deal" => show(desk, context).await,
        "move_deal" => move_to(desk, context).await,
        "note_deal" => note(desk, context).await,
        _ => Err(unknown_action(step)),
    }
}

/// Turns ticked companies into a proposal. Only what the search itself found can be proposed.
async fn propose(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let (search, companies) = match &context.intent {
        Intent::CreateDeals { search, companies } => (search, companies),
        Intent::ProposeDeal { company: Some(company) } => return propose_known(desk, context, company).await,
        _ => return Err(wrong_intent(context)),
    };
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let found = plans::output(&mut tx, *search, "check_hits").await.map_err(storage)?;
    let found = found.ok_or_else(wording::search_gone)?;
    let answer: Answer = serde_json::from_value(found)
        .map_err(|cause| Recovery::Escalate { reason: format!("the search's answer: {cause}") })?;
    // The fit that was shown; the rules' one is in the search's own answer.
    let shown = plans::output(&mut tx, *search, "present").await.map_err(storage)?.unwrap_or_default();
    let fit = |hit: &Hit| shown["fits"][&hit.company.id.0].as_u64().and_then(|fit| u8::try_from(fit).ok());
    let wanted: HashSet<&CompanyId> = companies.iter().collect();
    let ids: Vec<String> = companies.iter().map(|c| c.0.clone()).collect();
    let taken: HashSet<String> =
        deals::with_open_deal(&mut tx, &ids).await.map_err(storage)?.into_iter().collect();
    let chosen = answer.hits.into_iter().filter(|hit| wanted.contains(&hit.company.id));
    let (old, new): (Vec<_>, Vec<_>) = chosen.partition(|hit| taken.contains(&hit.company.id.0));
    if new.is_empty() {
        let names: Vec<String> = old.into_iter().map(|hit| hit.company.name).collect();
        return Err(wording::nothing_to_propose(&names).into());
    }
    let companies = new
        .into_iter()
        .map(|hit| Proposed {
            fit: Some(fit(&hit).unwrap_or(hit.fit)),
            company: hit.company.id,
            name: hit.company.name,
            country: hit.company.country,
        })
        .collect();
    let output = serde_json::to_value(Proposal { companies })
        .map_err(|cause| Recovery::Escalate { reason: format!("the proposal: {cause}") })?;
    Ok(Outcome::Done(Finish { output, ..Finish::default() }))
}

/// Proposes a deal with a company that the person named, by its key or its name.
async fn propose_known(desk: &Desk, context: &Context, typed: &str) -> Result<Outcome, Recovery> {
    let by_key = desk.directory.look_up(&[CompanyId(typed.to_owned())]).await?.pop();
    let company = match by_key {
        Some(company) => company,
        None => {
            let alike = names::alike(desk.db.directory(), typed, ALIKE_MAX).await.map_err(storage)?;
            let (same, others): (Vec<_>, Vec<_>) =
                alike.into_iter().partition(|known| known.name.to_lowercase() == typed.trim().to_lowercase());
            let key = match same.as_slice() {
                [only] => only.id.clone(),
                [] => {
                    let nearest: Vec<String> = others.into_iter().map(|known| known.name).take(3).collect();
                    return Err(wording::company_unknown(typed, &nearest).into());
                }
                several => {
                    let all: Vec<String> =
                        several.iter().map(|known| format!("{} ({})", known.name, known.place)).collect();
                    return Err(wording::names_several(typed, &all).into());
                }
            };
            desk.directory.look_up(&[key]).await?.pop().ok_or_else(|| wording::company_unknown(typed, &[]))?
        }
    };
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let taken = deals::with_open_deal(&mut tx, std::slice::from_ref(&company.id.0)).await.map_err(storage)?;
    if !taken.is_empty() {
        return Err(wording::nothing_to_propose(&[company.name]).into());
    }
    let proposed = Proposed { company: company.id, name: company.name, country: company.country, fit: None };
    let output = serde_json::to_value(Proposal { companies: vec![proposed] })
        .map_err(|cause| Recovery::Escalate { reason: format!("the proposal: {cause}") })?;
    Ok(Outcome::Done(Finish { output, ..Finish::default() }))
}

/// The deal that a person named, for another agent. Errors: none or several are called so.
pub(crate) async fn by_name(tx: &mut Tx, name: &str) -> Result<deals::Deal, Recovery> {
    match named(tx, name).await? {
        Ok(deal) => Ok(deal),
        Err(Miss::Several { typed, names }) => Err(wording::names_several(&typed, &names).into()),
        Err(Miss::None { typed, nearest }) => Err(wording::names_nothing("deal", &typed, &nearest).into()),
    }
}

/// What the approval step left.
#[derive(Deserialize)]
pub(crate) struct Answered {
    pub(crate) decision: Option<Decision>,
}

impl Answered {
    /// The requester's card that said it waits, now that it no longer does.
    pub(crate) fn over(&self) -> Say {
        Say {
            slot: "waiting".to_owned(),
            to: Audience::Requester,
            card: Card::text(wording::ended(self.decision.as_ref())),
            urgency: Urgency::Progress,
        }
    }
}

/// Starts the approved deals, or says why there are none.
async fn start(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let proposal: Proposal = earlier(context, "propose")?;
    let answered: Answered = earlier(context, "ask_approval")?;
    let (card, changes) = match answered.decision.clone() {
        Some(decision) if decision.verdict == Verdict::Approve => {
            let (companies, taken) = free(desk, context, proposal).await?;
            let changes = companies.iter().map(|company| Change::StartDeal {
                deal: DealId(desk.ids.next()),
                partner: PartnerId(desk.ids.next()),
                company: company.company.clone(),
                name: company.name.clone(),
                fit: company.fit,
                owner: context.requester,
                approved_by: decision.by,
            });
            let names: Vec<String> = companies.iter().map(|c| c.name.clone()).collect();
            (wording::deals_created(&names, &taken, &decision), changes.collect())
        }
        Some(decision) => (wording::rejected(&decision), Vec::new()),
        None => (wording::lapsed(), Vec::new()),
    };
    let card = wording::with_trace(card, context.plan, &desk.console_url);
    let say = Say { slot: "result".to_owned(), to: Audience::Thread, card, urgency: Urgency::Decision };
    let say = vec![say, answered.over()];
    Ok(Outcome::Done(Finish { changes, say, ..Finish::default() }))
}

/// The companies that still have no open deal, and the names of those that got one since the decision.
async fn free(
    desk: &Desk,
    context: &Context,
    proposal: Proposal,
) -> Result<(Vec<Proposed>, Vec<String>), Recovery> {
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let ids: Vec<String> = proposal.companies.iter().map(|c| c.company.0.clone()).collect();
    let taken = deals::with_open_deal(&mut tx, &ids).await.map_err(storage)?;
    let (old, new): (Vec<_>, Vec<_>) =
        proposal.companies.into_iter().partition(|company| taken.contains(&company.company.0));
    Ok((new, old.into_iter().map(|company| company.name).collect()))
}

async fn list(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::ListDeals { stage, mine } = &context.intent else {
        return Err(wrong_intent(context));
    };
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let wanted = Wanted { stage: *stage, owner: mine.then_some(context.requester), ..Wanted::default() };
    let rows = deals::list(&mut tx, wanted).await.map_err(storage)?;
    let now = desk.clock.now();
    let rows: Vec<DealRow> = rows.iter().map(|deal| row(deal, now)).collect();
    Ok(answer(wording::deal_list(&rows, *stage, *mine), Vec::new()))
}

async fn show(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::ShowDeal { deal } = &context.intent else {
        return Err(wrong_intent(context));
    };
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let deal = match named(&mut tx, deal).await? {
        Ok(deal) => deal,
        Err(miss) => return Ok(missed(&miss)),
    };
    let history = deals::history(&mut tx, deal.id).await.map_err(storage)?;
    let mut notes = deals::notes(&mut tx, deal.id).await.map_err(storage)?;
    notes.reverse();
    let row = row(&deal, desk.clock.now());
    // Without the models the card only says less.
    let serving = desk.models.of(context.tenant).await.ok().filter(|_| deal.stage.is_before_signature());
    let moves_on = serving.and_then(|held| held.moves_on(deal.stage, f64::from(row.days_in_stage)));
    let card = wording::deal(&DealCard { row, history, notes, moves_on });
    Ok(answer(card, Vec::new()))
}

async fn move_to(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::MoveDeal { deal, stage, reason } = &context.intent else {
        return Err(wrong_intent(context));
    };
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let deal = match named(&mut tx, deal).await? {
        Ok(deal) => deal,
        Err(miss) => return Ok(missed(&miss)),
    };
    let mover = people::get(&mut tx, context.requester).await.map_err(storage)?;
    let facts = Facts {
        stage: deal.stage,
        has_owner: deal.owner.is_some(),
        has_fit: deal.fit.is_some(),
        has_contract: documents::is_any_of(&mut tx, deal.id).await.map_err(storage)?,
        mover_is_approver: mover.as_ref().is_some_and(|person| person.role >= Role::Approver),
    };
    judge_move(facts, *stage, reason.as_deref())?;
    let change = Change::MoveDeal {
        deal: deal.id,
        from: deal.stage,
        to: *stage,
        reason: reason.clone(),
        by: context.requester,
    };
    let moved = StageChange {
        from: Some(deal.stage),
        to: *stage,
        by: mover.map(|person| person.name).unwrap_or_default(),
        at: desk.clock.now(),
        reason: reason.clone(),
    };
    Ok(answer(wording::deal_moved(&deal.name, &moved), vec![change]))
}

async fn note(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::NoteDeal { deal, text } = &context.intent else {
        return Err(wrong_intent(context));
    };
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let names = deals::names(&mut tx).await.map_err(storage)?;
    let (id, text) = match name::split_note(&names, deal, text) {
        Ok(found) => found,
        Err(miss) => return Ok(missed(&miss)),
    };
    let deal = deals::get(&mut tx, id).await.map_err(storage)?;
    let change = Change::AddNote {
        note: NoteId(desk.ids.next()),
        deal: deal.id,
        text: text.clone(),
        by: context.requester,
    };
    Ok(answer(wording::note_added(&deal.name, &text), vec![change]))
}

async fn named(tx: &mut Tx, typed: &str) -> Result<Result<deals::Deal, Miss>, Recovery> {
    let names = deals::names(tx).await.map_err(storage)?;
    match name::find(&names, typed) {
        Ok(id) => Ok(Ok(deals::get(tx, id).await.map_err(storage)?)),
        Err(miss) => Ok(Err(miss)),
    }
}

/// No deal, or several, have the name that was typed: only the asker needs to see that.
fn missed(miss: &Miss) -> Outcome {
    let card = match miss {
        Miss::Several { typed, names } => wording::deal_ambiguous(typed, names),
        Miss::None { typed, nearest } => wording::deal_unknown(typed, nearest),
    };
    let say = Say { slot: "answer".to_owned(), to: Audience::Requester, card, urgency: Urgency::Reply };
    Outcome::Done(Finish { say: vec![say], ..Finish::default() })
}

fn row(deal: &deals::Deal, now: DateTime<Utc>) -> DealRow {
    DealRow {
        id: deal.id,
        name: deal.name.clone(),
        stage: deal.stage,
        owner_name: deal.owner_name.clone(),
        fit: deal.fit.and_then(|fit| u8::try_from(fit).ok()),
        updated_at: deal.updated_at,
        days_in_stage: u32::try_from((now - deal.stage_since).num_days()).unwrap_or(0),
    }
}

fn answer(card: Card, changes: Vec<Change>) -> Outcome {
    let say = Say { slot: "answer".to_owned(), to: Audience::Thread, card, urgency: Urgency::Reply };
    Outcome::Done(Finish { say: vec![say], changes, ..Finish::default() })
}

fn wrong_intent(context: &Context) -> Recovery {
    Recovery::Escalate { reason: format!("not a deal's intent: {}", context.intent.name()) }
}
