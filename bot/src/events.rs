//! Events to those who subscribed: each webhook delivery becomes an effect once, streams are written in order.

use std::time::Duration;

use agents::planner::news;
use domain::effect::{self, Effect};
use domain::event::Event;
use domain::ids::{Ids, TenantId};
use integrations::CallError;
use integrations::Http;
use integrations::events::stream::{self, Streams};
use integrations::events::webhook;
use reqwest::Url;
use secrecy::SecretString;
use serde_json::json;
use storage::effects::{self, Held};
use storage::subscriptions::{self, New, Subscription, Way};
use storage::{Db, Error, events, workspaces};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::effects::{Maker, Outcome};

/// Whose effects deliveries are.
pub(crate) const PROVIDER: &str = "webhook";
/// How often subscriptions are looked for that were not told everything.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// At every so manieth look it is seen whether a tenant is new.
const TENANTS_EVERY: u32 = 60;
/// How many events are handed on together.
const TOGETHER: i64 = 200;
/// What an answer to a webhook may have, bytes; nobody reads it.
const ANSWER_MAX: usize = 64 * 1024;

/// Hands events on until stopped.
pub(crate) struct Herald {
    pub(crate) db: Db,
    pub(crate) ids: Ids,
    pub(crate) clock: domain::clock::Clock,
    pub(crate) streams: Option<Streams>,
    pub(crate) stop: CancellationToken,
}

impl Herald {
    /// Runs until stopped.
    pub(crate) async fn run(self) {
        let mut looks = 0;
        loop {
            if self.streams.is_some()
                && looks % TENANTS_EVERY == 0
                && let Err(error) = self.open_streams().await
            {
                tracing::warn!(%error, "streams have to wait");
            }
            looks = looks.wrapping_add(1);
            let all = [Way::Webhook, Way::Room, Way::Stream];
            let ways = if self.streams.is_some() { &all[..] } else { &all[..2] };
            match subscriptions::behind(&self.db, ways, self.clock.now()).await {
                Ok(behind) => {
                    for (tenant, id) in behind {
                        if let Err(error) = self.hand_on(tenant, id).await {
                            tracing::warn!(%error, %tenant, subscription = %id, "events have to wait");
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "events have to wait"),
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Each tenant's stream is a subscription that the installation itself makes.
    async fn open_streams(&self) -> Result<(), Error> {
        for (tenant, _) in workspaces::tenants(&self.db).await? {
            let mut tx = self.db.tenant(tenant).begin().await?;
            let name = stream::name(tenant);
            let is_known = subscriptions::list(&mut tx).await?.iter().any(|known| known.target == name);
            if !is_known {
                let new = New {
                    id: self.ids.next(),
                    way: Way::Stream,
                    target: &name,
                    stage: None,
                    due_at: None,
                    kinds: &[],
                    secret: None,
                    by: None,
                };
                subscriptions::subscribe(&mut tx, &new, self.clock.now()).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }

    /// Tells one subscription what it has not been told, in order.
    async fn hand_on(&self, tenant: TenantId, id: Uuid) -> anyhow::Result<()> {
        let mut tx = self.db.tenant(tenant).begin().await?;
        let Some(subscription) = subscriptions::hold(&mut tx, id).await? else { return Ok(()) };
        let new = events::after(&mut tx, subscription.seq, &[], TOGETHER).await?;
        let Some(last) = new.last().map(|event| event.seq) else { return Ok(()) };
        let wanted =
            |event: &&Event| subscription.kinds.is_empty() || subscription.kinds.contains(&event.kind);
        let wanted: Vec<&Event> = new.iter().filter(wanted).collect();
        match (subscription.way, &self.streams) {
            (Way::Webhook, _) => {
                for event in wanted {
                    effects::ask(&mut tx, &self.ids, None, &delivery(&subscription, event)).await?;
                }
            }
            (Way::Room, _) => {
                news::tell_room(&mut tx, &self.ids, (&subscription, &wanted), self.clock.now()).await?;
            }
            (Way::Stream, Some(streams)) => {
                // Not inside the transaction: the place is moved after, and an event that is in is not added again.
                drop(tx);
                let all: Vec<Event> = wanted.into_iter().cloned().collect();
                streams.add(&all).await?;
                tx = self.db.tenant(tenant).begin().await?;
            }
            (Way::Stream, None) => return Ok(()),
        }
        subscriptions::told(&mut tx, id, last).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// The delivery of an event to a webhook. Deliveries about one subject go one after the other.
fn delivery(subscription: &Subscription, event: &Event) -> Effect {
    let payload = json!({
        "subscription": subscription.id, "id": event.id, "body": event.envelope().to_string(),
    });
    let cause = format!("webhook/{}/{}/{}", subscription.id, subscription.round, event.id);
    Effect {
        key: effect::key(event.tenant, &cause, &json!(null)),
        provider: PROVIDER.to_owned(),
        action: "deliver".to_owned(),
        subject: format!("{}/{}", subscription.id, event.subject),
        payload,
        urgency: 2,
    }
}

/// Delivers one event to one webhook.
pub(crate) async fn deliver(maker: &Maker, held: &Held) -> Outcome {
    match send(maker, held).await {
        Ok(outcome) => outcome,
        Err(error) => crate::effects::later(held, false, format!("{error:#}")),
    }
}

async fn send(maker: &Maker, held: &Held) -> anyhow::Result<Outcome> {
    let payload = &held.effect.payload;
    let text = |name: &str| payload[name].as_str().unwrap_or_default();
    let id: Uuid = text("subscription").parse()?;
    let mut tx = maker.db.tenant(held.tenant).begin().await?;
    let Some((target, secret)) = subscriptions::webhook(&mut tx, &maker.seal, id).await? else {
        return Ok(Outcome::Never("nobody listens any more".to_owned()));
    };
    drop(tx);
    let sent = match maker.fetcher.way_to(&target).await {
        Ok((url, client)) => post(maker, (url, client), &secret, (text("id"), text("body"))).await,
        Err(fault) => Err(CallError::NotSent { cause: fault.to_string() }),
    };
    let mut tx = maker.db.tenant(held.tenant).begin().await?;
    let outcome = match sent {
        Ok(()) => {
            subscriptions::heard(&mut tx, id).await?;
            effects::done(&mut tx, held, &json!({})).await?;
            Outcome::Kept
        }
        Err(error) => {
            let is_gone = matches!(&error, CallError::Gone { .. });
            let is_dead = subscriptions::missed(&mut tx, id, &error.to_string(), is_gone).await?;
            again(held, &error, is_dead)
        }
    };
    tx.commit().await?;
    Ok(outcome)
}

async fn post(
    maker: &Maker,
    (url, client): (Url, reqwest::Client),
    secret: &SecretString,
    (id, body): (&str, &str),
) -> Result<(), CallError> {
    let http = Http::with(client, ANSWER_MAX);
    webhook::deliver(&http, (url, secret), (id, maker.clock.now()), body).await
}

/// When a delivery is tried again: on the specification's schedule, or when the receiver asks.
fn again(held: &Held, error: &CallError, is_dead: bool) -> Outcome {
    if is_dead {
        return Outcome::Never(error.to_string());
    }
    let tried = usize::try_from(held.attempt - 1).unwrap_or(0);
    match (error, webhook::SCHEDULE_S.get(tried)) {
        (CallError::RateLimited { after_s }, _) => {
            let after_s = f64::from(u32::try_from(*after_s).unwrap_or(u32::MAX));
            Outcome::Later { after_s, is_unsure: false, why: error.to_string() }
        }
        (_, Some(after_s)) => {
            Outcome::Later { after_s: f64::from(*after_s), is_unsure: false, why: error.to_string() }
        }
        (_, None) => Outcome::Never(format!("given up: {error}")),
    }
}
