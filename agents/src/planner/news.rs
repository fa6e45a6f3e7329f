//! Tells rooms what they follow, and raises deals that stalled.

use chrono::{DateTime, Utc};
use domain::card::{Audience, Card, Say, Urgency};
use domain::change::Change;
use domain::deal::Stage;
use domain::error::UserError;
use domain::event::Event;
use domain::ids::{ConversationId, DealId, Ids, PersonId, PlanId};
use domain::inbound::Place;
use domain::intent::Intent;
use domain::news::{self, Follow, News, Rhythm, Topic};
use domain::plan::{Context, Finish, Outcome, Recovery};
use domain::wording;
use storage::plans;
use storage::stalls;
use storage::subscriptions::{self, Subscription};
use storage::{Tx, conversations, deals, events, people, rooms};

use crate::desk::{Desk, storage};

/// So many stalled deals are raised together: a team that comes back from holidays is not buried.
const RAISED_MAX: i64 = 10;

/// Says what a room is told from now on.
pub(super) async fn follow(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::Follow { follow } = &context.intent else {
        return Err(Recovery::Escalate { reason: "nothing about a room".to_owned() });
    };
    let (conversation, by) = (context.conversation, context.requester);
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let here = conversations::get(&mut tx, conversation).await.map_err(storage)?;
    if !here.channel.is_chat() {
        return Err(UserError::new(
            "News are told in rooms of Slack and Discord.",
            "Say the same there: `/deal follow deals to signed`.",
        )
        .into());
    }
    let change = |kinds, stage, rhythm| Change::FollowRoom { conversation, kinds, stage, rhythm, by };
    let (card, change) = match follow {
        Follow::Show => {
            let card = match rooms::followed(&mut tx, &here).await.map_err(storage)? {
                Some(known) => {
                    let rhythm = if known.due_at.is_some() { Rhythm::Daily } else { Rhythm::AtOnce };
                    wording::followed(&Topic::of_kinds(&known.kinds), known.stage, rhythm)
                }
                None => wording::followed(&[], None, Rhythm::AtOnce),
            };
            (card, None)
        }
        Follow::Off => {
            let card = wording::followed(&[], None, Rhythm::AtOnce);
            (card, Some(change(Vec::new(), None, Rhythm::AtOnce)))
        }
        Follow::On { topics, stage, rhythm } => {
            let kinds = topics.iter().flat_map(|topic| topic.kinds()).map(|&kind| kind.to_owned());
            let card = wording::followed(topics, *stage, *rhythm);
            (card, Some(change(kinds.collect(), *stage, *rhythm)))
        }
    };
    Ok(said(card, change))
}

/// Says in a room what happened.
pub(super) fn tell(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    match &context.intent {
        Intent::TellNews { news } => Ok(said(wording::news(news, &desk.console_url), None)),
        Intent::RaiseStalled { deal, stage, stall } => Ok(said(wording::stalled(deal, *stage, *stall), None)),
        _ => Err(Recovery::Escalate { reason: "no news".to_owned() }),
    }
}

fn said(card: Card, change: Option<Change>) -> Outcome {
    let say = Say { slot: "answer".to_owned(), to: Audience::Thread, card, urgency: Urgency::Reply };
    Outcome::Done(Finish { changes: change.into_iter().collect(), say: vec![say], ..Finish::default() })
}

/// Begins the plan that tells a room of events, in one message; moves the time of the next when it is told daily.
///
/// Errors: the database is away.
pub async fn tell_room(
    tx: &mut Tx,
    ids: &Ids,
    (subscription, new): (&Subscription, &[&Event]),
    now: DateTime<Utc>,
) -> Result<(), storage::Error> {
    if subscription.due_at.is_some() {
        subscriptions::put_off(tx, subscription.id, news::next_time(Rhythm::Daily, now)).await?;
    }
    let Some(by) = subscription.by else { return Ok(()) };
    let mut all = Vec::new();
    for event in new {
        let wanted = subscription.stage.map(Stage::name);
        if event.kind == "deal.moved" && wanted.is_some_and(|wanted| event.data["to"] != wanted) {
            continue;
        }
        all.push(news_of(tx, event).await?);
    }
    if all.is_empty() {
        return Ok(());
    }
    let (channel, workspace, room) = rooms::of_target(&subscription.target)?;
    let place = Place { room, thread: None, is_private: false };
    let id = ConversationId(ids.next());
    let conversation = conversations::at(tx, id, channel, &workspace, (&place, by)).await?;
    begin(tx, ids, (conversation.id, by), &Intent::TellNews { news: all }).await
}

/// Begins a plan that raises each deal that stalled, in its thread; gives how many.
///
/// Errors: the database is away.
pub async fn raise_stalled(tx: &mut Tx, ids: &Ids, now: DateTime<Utc>) -> Result<usize, storage::Error> {
    let found = stalls::take(tx, now, RAISED_MAX).await?;
    for stalled in &found {
        stalls::raised(tx, ids, stalled, now).await?;
        let intent =
            Intent::RaiseStalled { deal: stalled.name.clone(), stage: stalled.stage, stall: stalled.stall };
        begin(tx, ids, (stalled.conversation, stalled.person), &intent).await?;
    }
    Ok(found.len())
}

async fn begin(
    tx: &mut Tx,
    ids: &Ids,
    (conversation, requester): (ConversationId, PersonId),
    intent: &Intent,
) -> Result<(), storage::Error> {
    let drafts = super::plan(intent);
    let id = PlanId(ids.next());
    plans::create_free(tx, plans::New { id, conversation, requester, intent, said: "", drafts: &drafts }, ids)
        .await
}

/// An event with the names that people know in place of numbers.
async fn news_of(tx: &mut Tx, event: &Event) -> Result<News, storage::Error> {
    let data = &event.data;
    let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
    let person = ["by", "approved_by", "requested_by"].into_iter().find_map(|name| data[name].as_str());
    let who = match person.and_then(|id| id.parse().ok()) {
        Some(id) => people::get(tx, PersonId(id)).await?.map(|person| person.name),
        None => None,
    };
    let deal = match text("deal").parse::<DealId>() {
        Ok(deal) => deals::get(tx, deal).await.ok(),
        Err(_) => None,
    };
    let stage = Stage::from_name(&text("to")).or_else(|| Stage::from_name(&text("stage")));
    let (about, detail) = match event.kind.as_str() {
        "approval.opened" | "approval.decided" | "approval.expired" => {
            let about = match text("approval").parse() {
                Ok(approval) => events::about_approval(tx, approval).await?,
                Err(_) => String::new(),
            };
            (about.replace('_', " "), Some(verdict(&text("verdict"))))
        }
        "terms.extracted" | "contract.accepted" => {
            let name = match text("version").parse() {
                Ok(version) => events::document_name(tx, version).await?,
                Err(_) => String::new(),
            };
            (name, Some(format!("{} findings", data["findings"])))
        }
        "contract.added" => (text("name"), None),
        "deal.stalled" => {
            let days = &data["days"];
            let why = if data["why"] == "quiet" { "nothing happened" } else { "it has been there" };
            (
                deal.map_or_else(|| "A deal".to_owned(), |deal| deal.name),
                Some(format!("{why} for {days} days")),
            )
        }
        _ => (deal.map_or_else(|| text("name"), |deal| deal.name), None),
    };
    Ok(News { kind: event.kind.clone(), at: event.at, about, who, stage, detail })
}

fn verdict(name: &str) -> String {
    match name {
        "approve" => "approved".to_owned(),
        "reject" => "rejected".to_owned(),
        "send_back" => "sent back for changes".to_owned(),
        other => other.replace('_', " "),
    }
}
