//! Security events: what somebody who looks after security would want to know of, kept, counted, and told to admins.

use chrono::{DateTime, Utc};
use domain::card::{Audience, Say, Urgency};
use domain::person::Role;
use domain::plan::Context;
use domain::screening::Severity;
use domain::wording;
use serde_json::Value;
use storage::messages::{self, Origin};
use storage::{Tx, people, security};

use crate::desk::Desk;

/// The place of messages that no step says.
const ALARM: i32 = -4;

/// What happened.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// In one word, e.g. `message_refused`.
    pub(crate) kind: &'static str,
    /// How much it asks for.
    pub(crate) severity: Severity,
    /// The particulars; never what was found itself.
    pub(crate) detail: Value,
}

/// Keeps an event and counts it; true when admins are to be told of it now.
///
/// # Errors
/// When the database is away.
pub async fn keep(tx: &mut Tx, new: security::New<'_>, now: DateTime<Utc>) -> Result<bool, storage::Error> {
    let (kind, severity) = (new.kind, new.severity.name());
    let is_telling = security::add(tx, new, now).await?;
    metrics::counter!("security_events_total", "kind" => kind, "severity" => severity).increment(1);
    tracing::warn!(kind, severity, "a security event");
    Ok(is_telling)
}

/// Keeps an event of a request in a transaction of its own, so that it stays when the request fails. A warning is told to
/// admins at once, but of one kind only once an hour.
pub(crate) async fn raise(desk: &Desk, context: &Context, event: Event) -> Result<(), storage::Error> {
    let now = desk.clock.now();
    let subject = format!("plan:{}", context.plan);
    let mut tx = desk.db.tenant(context.tenant).begin().await?;
    let new = security::New {
        id: desk.ids.next(),
        kind: event.kind,
        severity: event.severity,
        subject: &subject,
        person: Some(context.requester),
        detail: event.detail,
    };
    if keep(&mut tx, new, now).await? {
        let team = people::list(&mut tx).await?;
        let name =
            team.iter().find(|person| person.id == context.requester).map(|person| person.name.as_str());
        let card = wording::alarm(event.kind, name, &format!("{}/security", desk.console_url));
        let origin = Origin {
            plan: context.plan,
            conversation: context.conversation,
            requester: context.requester,
            step: ALARM,
        };
        for admin in team.iter().filter(|person| person.role == Role::Admin) {
            let say = Say {
                slot: format!("alarm-{}-{}", event.kind, admin.id),
                to: Audience::Person { person: admin.id },
                card: card.clone(),
                urgency: Urgency::Reply,
            };
            messages::say(&mut tx, &desk.ids, origin, &say).await?;
        }
    }
    tx.commit().await
}
