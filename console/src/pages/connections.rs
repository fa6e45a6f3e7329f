//! Connections: how each vendor fares, what waits to be written there, what failed for good, what was spent.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Duration, Utc};
use domain::crm::PROVIDERS;
use domain::crm::walk::Kind;
use serde_json::json;
use storage::audit::{self, Act};
use storage::connections::{self, State, Status};
use storage::costs::{self, Costs};
use storage::crm::cursors::{self, Standing};
use storage::effects::{self, Shown, Tally};
use storage::{Tx, llm_calls};
use uuid::Uuid;

use crate::error::{Failure, key, page as show};
use crate::moment::Moment;
use crate::session::SignedIn;
use crate::shell::{Place, Shell};

/// Failed effects shown of one vendor.
const DEAD_MAX: i64 = 20;
/// Days over which costs are added up.
const COST_DAYS: i64 = 30;

#[derive(Template)]
#[template(path = "connections.html")]
struct Page {
    shell: Shell,
    cards: Vec<Card>,
    /// Which providers of language models were asked lately: the name, calls answered, calls failed.
    models: Vec<(String, i64, i64)>,
    costs: Vec<(&'static str, String)>,
}

/// One vendor.
struct Card {
    provider: String,
    name: String,
    account: String,
    state: &'static str,
    class: &'static str,
    since: Moment,
    last_ok: Option<Moment>,
    error: Option<(String, Moment)>,
    way_out: Option<String>,
    has_map: bool,
    objects: Vec<Read>,
    tally: Tally,
    dead: Vec<(Shown, String, Moment)>,
}

/// How far one kind of a CRM's records is read.
struct Read {
    object: String,
    rows: i64,
    reached: Option<Moment>,
    behind: String,
    note: Option<String>,
}

/// Shows them all.
pub(crate) async fn page(signed_in: SignedIn) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::Connections).await?;
    let now = signed_in.now();
    let mut cards = Vec::new();
    for status in connections::list(&mut tx).await? {
        cards.push(card(&mut tx, status, now).await?);
    }
    let since = now - Duration::days(COST_DAYS);
    let mut models: Vec<(String, i64, i64)> = Vec::new();
    for line in llm_calls::by_day(&mut tx, since.date_naive()).await? {
        match models.iter_mut().find(|(name, ..)| *name == line.provider) {
            Some((_, done, failed)) => (*done, *failed) = (*done + line.done, *failed + line.failed),
            None => models.push((line.provider, line.done, line.failed)),
        }
    }
    let costs = cost_lines(costs::since(&mut tx, since).await?);
    Ok(show(&Page { shell, cards, models, costs }))
}

async fn card(tx: &mut Tx, status: Status, now: DateTime<Utc>) -> Result<Card, Failure> {
    let has_map = PROVIDERS.contains(&status.provider.as_str());
    let standing = if has_map { cursors::standing(tx, &status.provider).await? } else { Vec::new() };
    let asked = effects::newest(tx, &status.provider, DEAD_MAX).await?;
    let dead = asked.into_iter().filter(|effect| effect.state == "failed");
    let (state, class) = state_words(&status);
    Ok(Card {
        name: label(&status.provider),
        account: status.account.clone(),
        state,
        class,
        since: Moment::new(status.since, now),
        last_ok: status.last_ok_at.map(|at| Moment::new(at, now)),
        error: status.last_error.clone().zip(status.last_error_at.map(|at| Moment::new(at, now))),
        way_out: way_out(&status),
        has_map,
        objects: standing.into_iter().map(|one| read(one, now)).collect(),
        tally: effects::tally(tx, &status.provider).await?,
        dead: dead
            .map(|one| {
                let (what, at) = (one.action.replace('_', " "), one.finished_at.unwrap_or(one.created_at));
                (one, what, Moment::new(at, now))
            })
            .collect(),
        provider: status.provider,
    })
}

fn read(standing: Standing, now: DateTime<Utc>) -> Read {
    let cursor = &standing.cursor;
    let behind = match (cursor.walked_at, &cursor.walk) {
        (None, None) => "not begun".to_owned(),
        (None, Some(walk)) => format!("reading everything, {} so far", walk.rows),
        (Some(_), Some(walk)) if walk.kind == Kind::Backfill => {
            format!("reading everything again, {} so far", walk.rows)
        }
        (Some(at), _) => match (now - at).num_minutes().max(0) {
            ..10 => "up to date".to_owned(),
            minutes @ 10..120 => format!("{minutes} minutes"),
            minutes => format!("{} hours", minutes / 60),
        },
    };
    let note = (standing.held_gone > 0).then(|| {
        format!("{} seem deleted there, too many at once to believe: confirm it", standing.held_gone)
    });
    Read {
        object: standing.object,
        rows: standing.rows,
        reached: cursor.walked_at.map(|at| Moment::new(at, now)),
        behind,
        note,
    }
}

/// What people call a vendor.
pub(super) fn label(provider: &str) -> String {
    match provider {
        "docusign" => "DocuSign",
        "peopledatalabs" => "People Data Labs",
        "apollo" => "Apollo",
        other => domain::crm::label(other),
    }
    .to_owned()
}

fn state_words(status: &Status) -> (&'static str, &'static str) {
    match (status.state, status.failures) {
        (State::Revoked, _) => ("Stopped: the vendor no longer accepts us", "failed"),
        (State::Paused, _) => ("Paused", "waiting"),
        (State::Active, 1..) => ("Connected, but the last calls failed", "waiting"),
        (State::Active, _) if status.last_ok_at.is_none() => ("Connected, not used yet", "queued"),
        (State::Active, _) => ("Connected and working", "done"),
    }
}

/// What to do about a connection that does not work; none when nothing has to be done.
fn way_out(status: &Status) -> Option<String> {
    let again = format!("dealdesk connect {}", status.provider);
    match (status.state, status.failures) {
        (State::Revoked, _) => Some(format!(
            "Somebody took the consent back or the key ended. Make a new one there, then run “{again}” where Dealdesk runs; nothing that waits is lost."
        )),
        (State::Paused, _) => Some(format!("Run “{again}” where Dealdesk runs to go on.")),
        (State::Active, 1..10) => Some("It is tried again by itself; nothing has to be done yet.".to_owned()),
        (State::Active, 10..) => Some(format!(
            "It failed {} times in a row. Look whether the vendor is up and the account has its rights; “dealdesk doctor” says more.",
            status.failures
        )),
        (State::Active, _) => None,
    }
}

fn cost_lines(costs: Costs) -> Vec<(&'static str, String)> {
    let each = match costs.per_partnership() {
        Some(micro) => format!("{} each, {} signed", dollars(micro), costs.signed),
        None => "nothing was signed yet".to_owned(),
    };
    vec![
        ("Language models", dollars(costs.models_micro)),
        ("Facts about companies", dollars(costs.facts_micro)),
        ("Per partnership signed", each),
    ]
}

/// Micro-dollars, rounded to cents.
fn dollars(micro: i64) -> String {
    let cents = (micro + 5_000) / 10_000;
    format!("${}.{:02}", cents / 100, cents % 100)
}

/// Queues a write that failed for good once more.
pub(crate) async fn replay(
    signed_in: SignedIn,
    Path((provider, effect)): Path<(String, String)>,
) -> Result<Response, Failure> {
    super::people::admin(&signed_in)?;
    let effect: Uuid = key(&effect, "failed write")?;
    let mut tx = signed_in.begin().await?;
    effects::replay(&mut tx, (&provider, effect)).await?;
    let (actor, subject) = (format!("person:{}", signed_in.person.id), format!("connection:{provider}"));
    let detail = json!({ "effect": effect });
    let act =
        Act { at: signed_in.now(), actor: &actor, action: "effect.replayed", subject: &subject, detail };
    audit::append(&mut tx, act).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/connections#{provider}")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(state: State, failures: i32) -> Status {
        Status {
            tenant: domain::ids::TenantId(Uuid::from_u128(1)),
            provider: "hubspot".to_owned(),
            account: "42".to_owned(),
            settings: json!({}),
            state,
            since: DateTime::UNIX_EPOCH,
            last_ok_at: Some(DateTime::UNIX_EPOCH),
            last_error: None,
            last_error_at: None,
            failures,
            token_expires_at: None,
        }
    }

    #[test]
    fn what_does_not_work_says_the_way_out_and_what_works_says_nothing() {
        assert_eq!(way_out(&status(State::Active, 0)), None);
        assert!(way_out(&status(State::Active, 3)).unwrap().contains("by itself"));
        assert!(way_out(&status(State::Active, 12)).unwrap().contains("12 times"));
        assert!(way_out(&status(State::Revoked, 0)).unwrap().contains("dealdesk connect hubspot"));
        assert_eq!(state_words(&status(State::Revoked, 0)).1, "failed");
    }

    #[test]
    fn costs_are_told_per_partnership_only_when_there_is_one() {
        let costs = |signed| Costs { models_micro: 1_500_000, facts_micro: 500_000, signed };
        assert_eq!(cost_lines(costs(4))[2].1, "$0.50 each, 4 signed");
        assert_eq!(cost_lines(costs(0))[2].1, "nothing was signed yet");
        assert_eq!(dollars(12_345), "$0.01");
    }
}
