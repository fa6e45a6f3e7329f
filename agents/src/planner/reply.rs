//! Puts answers together for the person who asked.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use domain::approval;
use domain::card::{Audience, Block, Card, Say, Text, Urgency};
use domain::change::Change;
use domain::ids::PlanId;
use domain::intent::Intent;
use domain::learning::Shown;
use domain::person::{Channel, Person, Role};
use domain::plan::{Context, Finish, Outcome, Recovery};
use domain::search::Answer;
use domain::wording::{self, PersonRow};
use serde_json::json;
use storage::{Tx, approvals, people, plans};

use crate::desk::{Desk, earlier, storage};
use crate::learning::exploration::SHOWN_TO_LEARN;
use crate::learning::{scoring, serving::RULES_INSTEAD};
use crate::planner::{matter, unclear};

/// How long a code for another channel holds.
const CODE_LASTS: Duration = Duration::minutes(10);

/// Shows what a search found, in place of the progress.
pub(super) async fn present(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let mut answer: Answer = earlier(context, "check_hits")?;
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let asker = people::get(&mut tx, context.requester).await.map_err(storage)?;
    let role = asker.map_or(Role::Viewer, |person| person.role);
    let shown = scoring::page(&desk.models, (&mut tx, context), &mut answer, desk.clock.now()).await;
    let mut card = if answer.no_match || answer.hits.is_empty() {
        let plan = (role >= Role::Member).then_some(context.plan);
        let card = wording::nothing_found(&answer, relaxed(&answer).as_deref(), plan);
        card.with(Block::Buttons { buttons: vec![wording::refine(context.plan)] })
    } else {
        wording::found(&answer, context.plan, role)
    };
    mark(&mut card, &shown);
    let card = wording::with_trace(card, context.plan, &desk.console_url);
    let say = Say { slot: "answer".to_owned(), to: Audience::Thread, card, urgency: Urgency::Reply };
    let fits: BTreeMap<&str, u8> = shown.hits.iter().map(|hit| (hit.company.0.as_str(), hit.fit)).collect();
    let output = json!({ "fits": fits });
    let changes = if shown.hits.is_empty() { vec![] } else { vec![Change::ShowHits(Box::new(shown))] };
    Ok(Outcome::Done(Finish { output, changes, say: vec![say], ..Finish::default() }))
}

/// Says beside a company that was drawn why it stands there, and that the rules score in place of a model.
fn mark(card: &mut Card, shown: &Shown) {
    if shown.hits.iter().any(|hit| hit.scored_by == RULES_INSTEAD) {
        let note = "The learned score cannot be used right now; these fits come from the stated rules.";
        card.blocks.push(Block::Text { text: Text::default().faint(note) });
    }
    let is_drawn =
        |company: &str| shown.hits.iter().any(|hit| hit.is_exploration && hit.company.0 == company);
    for block in &mut card.blocks {
        let Block::Hits { hits } = block else { continue };
        for line in hits.iter_mut().filter(|line| is_drawn(&line.company)) {
            line.why = format!("{SHOWN_TO_LEARN}; {}", line.why);
        }
    }
}

/// What a search found, as it was checked; none if that plan was no search, or not one of this team's.
///
/// # Errors
/// When the database is away.
pub async fn searched(tx: &mut Tx, search: PlanId) -> Result<Option<Answer>, storage::Error> {
    let output = plans::output(tx, search, "check_hits").await?;
    Ok(output.and_then(|output| serde_json::from_value(output).ok()))
}

/// The question without the part that stands in the way, in words that the search reads.
fn relaxed(answer: &Answer) -> Option<String> {
    let dropped = answer.relax.as_ref()?;
    let rest: Vec<&str> =
        answer.chips.iter().map(|chip| chip.label.as_str()).filter(|label| label != dropped).collect();
    (!rest.is_empty()).then(|| rest.join(" "))
}

/// Answers what needs no other agent.
pub(super) async fn reply(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    if let Intent::Unclear { text, candidates } = &context.intent {
        return Ok(unclear::answer(desk, context, (text, candidates)).await);
    }
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let asker = people::get(&mut tx, context.requester).await.map_err(storage)?;
    let asker = asker.ok_or_else(|| Recovery::Escalate { reason: "the person left".to_owned() })?;
    let card = match &context.intent {
        Intent::Help { topic } => (desk.help)(topic.as_deref(), asker.role),
        Intent::Refused { error } => wording::user_error(error),
        Intent::ListPeople => {
            let people = people::list(&mut tx).await.map_err(storage)?;
            let rows = people.into_iter().map(|p| PersonRow { name: p.name, role: p.role, email: p.email });
            wording::people(&rows.collect::<Vec<_>>())
        }
        Intent::ListApprovals => {
            let now = desk.clock.now();
            let open = approvals::open_ones(&mut tx).await.map_err(storage)?;
            let mine = open.into_iter().filter(|asked| may_decide(asked, &asker, now)).map(|asked| {
                let about = matter::of(&asked);
                (asked, about)
            });
            wording::approvals(&mine.collect::<Vec<_>>(), now)
        }
        Intent::ProposeDeal { .. } => wording::which_company(),
        Intent::Refine { search } => {
            let answer = searched(&mut tx, *search).await.map_err(storage)?;
            wording::refine_in_words(&answer.ok_or_else(wording::search_gone)?.query)
        }
        Intent::AskComment { approval, verdict } => {
            let asked = approvals::get(&mut tx, *approval).await.map_err(|_| wording::approval_unknown())?;
            wording::ask_comment(&asked, *verdict)
        }
        Intent::Join { code: None } => {
            let known = places(&mut tx, &asker).await.map_err(storage)?;
            let (code, until) = (join_code(&desk.ids.secret()), desk.clock.now() + CODE_LASTS);
            let card = wording::join_code(&asker.name, &known, &code);
            let change = Change::IssueCode { person: asker.id, code, until };
            return Ok(with_change(change, to_requester(card)));
        }
        // A stranger's code was redeemed before there was a plan.
        Intent::Join { code: Some(_) } => wording::joined(&asker.name, asker.role),
        Intent::SetRole { person, role } => {
            let found = people::matching(&mut tx, person).await.map_err(storage)?;
            let [target] = found.as_slice() else {
                return Err(wording::person_unclear(person, &found).into());
            };
            if target.id == asker.id {
                return Err(wording::own_role().into());
            }
            let change = Change::SetRole { person: target.id, role: *role, by: asker.id };
            let card = wording::role_set(&target.name, *role);
            return Ok(with_change(change, to_requester(card)));
        }
        other => {
            return Err(Recovery::Escalate { reason: format!("no reply to {}", other.name()) });
        }
    };
    Ok(say(to_requester(card)))
}

/// Where a person is known, in words.
async fn places(tx: &mut Tx, person: &Person) -> Result<Vec<String>, storage::Error> {
    let mut places: Vec<String> = Vec::new();
    for name in people::identities(tx, person.id).await? {
        let place = match name.channel {
            Channel::Slack => "Slack".to_owned(),
            Channel::Discord => "Discord".to_owned(),
            Channel::Email => format!("mail ({})", name.external_id),
            Channel::Web => continue,
        };
        if !places.contains(&place) {
            places.push(place);
        }
    }
    if let Some(email) = &person.email
        && places.iter().all(|place| !place.contains(email.as_str()))
    {
        places.push(format!("mail ({email})"));
    }
    Ok(places)
}

/// A code of a digit and seven digits and letters, 38 bits, none of which is taken for another.
fn join_code(secret: &[u8; 32]) -> String {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let letter = |byte: u8, of: u8| char::from(LETTERS[usize::from(byte % of)]);
    let rest = secret[1..8].iter().map(|byte| letter(*byte, 32));
    std::iter::once(letter(secret[0], 10)).chain(rest).collect()
}

pub(super) fn may_decide(asked: &approval::Approval, person: &Person, now: DateTime<Utc>) -> bool {
    let voter = approval::Voter { person, is_fresh: true };
    approval::decide(asked, voter, approval::Verdict::Approve, None, now).is_ok()
}

pub(super) fn to_requester(card: Card) -> Say {
    Say { slot: "answer".to_owned(), to: Audience::Requester, card, urgency: Urgency::Reply }
}

fn say(say: Say) -> Outcome {
    Outcome::Done(Finish { say: vec![say], ..Finish::default() })
}

fn with_change(change: Change, say: Say) -> Outcome {
    Outcome::Done(Finish { changes: vec![change], say: vec![say], ..Finish::default() })
}
