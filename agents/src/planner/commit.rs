//! Commits how a step ended: state, follow-up steps, audit and messages together or not at all.

use domain::card::{Audience, Card, Say, Urgency};
use domain::change::Change;
use domain::ids::PlanId;
use domain::password::{FORGOTTEN, Password};
use domain::plan::{Context, Finish, Outcome, Recovery, Step};
use domain::screening::Severity;
use domain::{intent::Intent, wording};
use serde_json::json;
use storage::audit::{self, Act};
use storage::blanking;
use storage::messages::{self, Origin};
use storage::steps::{self, ATTEMPTS_MAX, Lease};
use storage::{Error, Tx, changes, security};

use crate::desk::Desk;
use crate::guardrail::{self, Gate};
use crate::planner::shows_progress;

/// How long a step rests whose needs are away, milliseconds.
const AWAY_MS: u64 = 1000;

/// Commits the end of a step. Gives the step behind it if this worker may go on with that at once.
pub async fn commit(
    desk: &Desk,
    lease: &Lease,
    context: &mut Context,
    step: &Step,
    ended: Result<Outcome, Recovery>,
) -> Result<Option<Step>, Error> {
    let mut tx = desk.db.tenant(step.tenant).begin().await?;
    let next = match ended {
        Ok(Outcome::Done(mut finish)) => {
            let output = std::mem::take(&mut finish.output);
            if step.action == "read" {
                forget_password(&mut tx, (context, step)).await?;
            }
            let understood = finish.changes.iter().find_map(|change| match change {
                Change::Understand { intent } => Some((**intent).clone()),
                _ => None,
            });
            leave(desk, &mut tx, (context, step), finish).await?;
            let next = steps::finish(&mut tx, step, &output, lease).await?;
            context.outputs.push((step.action.clone(), output));
            if let Some(intent) = understood {
                context.intent = intent;
            }
            next
        }
        Ok(Outcome::Wait { finish, until }) => {
            leave(desk, &mut tx, (context, step), finish).await?;
            steps::wait(&mut tx, step, until).await?;
            None
        }
        Err(recovery) => {
            recover(desk, &mut tx, (context, step), recovery).await?;
            None
        }
    };
    desk.points.pass("step.ended");
    tx.commit().await?;
    desk.points.pass("step.committed");
    Ok(next)
}

async fn leave(
    desk: &Desk,
    tx: &mut Tx,
    (context, step): (&Context, &Step),
    finish: Finish,
) -> Result<(), Error> {
    let now = desk.clock.now();
    // Most steps say nothing.
    let gate = if finish.speaks() { Gate::of(tx, context.conversation).await? } else { Gate::default() };
    for mut change in finish.changes {
        if let Change::Decide { card, .. }
        | Change::Vote { card, .. }
        | Change::Expire { card, .. }
        | Change::Void { card, .. } = &mut change
        {
            screen(desk, tx, (step, &gate), card).await?;
        }
        changes::apply(tx, &desk.ids, (context, step), &change, now).await?;
    }
    steps::add(tx, &desk.ids, step, finish.next).await?;
    for mut say in finish.say {
        screen(desk, tx, (step, &gate), &mut say.card).await?;
        messages::say(tx, &desk.ids, Origin::of(context, step), &say).await?;
    }
    Ok(())
}

/// Nothing reaches a person before the guardrail read it.
async fn screen(
    desk: &Desk,
    tx: &mut Tx,
    (step, gate): (&Step, &Gate),
    card: &mut Card,
) -> Result<(), Error> {
    let kinds = gate.screen(card);
    if kinds.is_empty() { Ok(()) } else { blocked(desk, tx, step, &kinds).await }
}

/// Writes down that the guardrail took something out of a message to people, for the log and for the page of security.
async fn blocked(desk: &Desk, tx: &mut Tx, step: &Step, kinds: &[String]) -> Result<(), Error> {
    tracing::warn!(plan = %step.plan, step = step.position, ?kinds, "the guardrail redacted a message");
    let (subject, now) = (format!("plan:{}", step.plan), desk.clock.now());
    let event = security::New {
        id: desk.ids.next(),
        kind: "message_redacted",
        severity: Severity::Notice,
        subject: &subject,
        person: None,
        detail: json!({ "kinds": kinds }),
    };
    guardrail::keep(tx, event, now).await?;
    let act = Act {
        at: now,
        actor: "agent:guardrail",
        action: "message.redacted",
        subject: &subject,
        detail: json!({ "step": step.position, "kinds": kinds }),
    };
    audit::append(tx, act).await
}

async fn recover(
    desk: &Desk,
    tx: &mut Tx,
    (context, step): (&Context, &Step),
    recovery: Recovery,
) -> Result<(), Error> {
    match recovery {
        Recovery::Refuse(error) => {
            steps::fail(tx, step, &error.to_string()).await?;
            forget_password(tx, (context, step)).await?;
            tell(desk, tx, (context, step), wording::user_error(&error)).await
        }
        Recovery::Away { cause } => {
            tracing::warn!(plan = %step.plan, action = step.action, cause, "a step waits for what is away");
            steps::give_back(tx, step, AWAY_MS, &cause).await
        }
        Recovery::Blank { error, kinds } => {
            steps::fail(tx, step, &error.to_string()).await?;
            blank(desk, tx, step, kinds).await?;
            tell(desk, tx, (context, step), wording::user_error(&error)).await
        }
        Recovery::Retry { after_ms, cause } if step.attempt < ATTEMPTS_MAX => {
            tracing::warn!(plan = %step.plan, action = step.action, attempt = step.attempt, cause, "trying a step again");
            steps::put_back(tx, step, after_ms, None, &cause).await
        }
        Recovery::Fallback { simpler, cause } if step.attempt < ATTEMPTS_MAX => {
            tracing::warn!(plan = %step.plan, action = step.action, simpler = simpler.action, cause, "doing a step more simply");
            steps::put_back(tx, step, 0, Some(&simpler), &cause).await
        }
        Recovery::Retry { cause, .. } | Recovery::Fallback { cause, .. } => {
            park(desk, tx, (context, step), &cause).await
        }
        Recovery::Escalate { reason } => park(desk, tx, (context, step), &reason).await,
    }
}

/// Blanks what was said wherever it is stored: in the message as it came, in the plan and in its steps. What it was
/// can still be told from other bytes by length and hash.
async fn blank(desk: &Desk, tx: &mut Tx, step: &Step, kinds: Vec<String>) -> Result<(), Error> {
    let blanked = blanking::blank(tx, step.plan, |text| guardrail::blanked(text, &kinds)).await?;
    let act = Act {
        at: desk.clock.now(),
        actor: "agent:guardrail",
        action: "message.blanked",
        subject: &format!("plan:{}", step.plan),
        detail: json!({ "step": step.position, "kinds": kinds, "bytes": blanked.bytes, "sha256": blanked.sha256 }),
    };
    audit::append(tx, act).await
}

/// Takes the password of a file out of all that is stored of the message that told it, as soon as it was used.
async fn forget_password(tx: &mut Tx, (context, step): (&Context, &Step)) -> Result<(), Error> {
    if !matches!(context.intent, Intent::UnlockContract { .. }) {
        return Ok(());
    }
    let left = Intent::UnlockContract { password: Password::forgotten() };
    blanking::replace(tx, step.plan, (&format!("unlock {FORGOTTEN}"), &left)).await
}

/// Ends a step that a person has to look at; its evidence stays in its row.
async fn park(desk: &Desk, tx: &mut Tx, (context, step): (&Context, &Step), why: &str) -> Result<(), Error> {
    let plan = step.plan;
    tracing::error!(%plan, agent = step.agent.name(), action = step.action, why, "a step was parked");
    steps::fail(tx, step, why).await?;
    forget_password(tx, (context, step)).await?;
    let act = Act {
        at: desk.clock.now(),
        actor: &format!("agent:{}", step.agent.name()),
        action: "step.parked",
        subject: &format!("plan:{plan}"),
        detail: json!({ "step": step.position, "action": step.action, "attempts": step.attempt, "why": why }),
    };
    audit::append(tx, act).await?;
    let card = wording::with_trace(wording::parked(&reference(plan)), plan, &desk.console_url);
    tell(desk, tx, (context, step), card).await
}

/// Tells the requester how it ended; in place of the progress, if there was any.
async fn tell(
    desk: &Desk,
    tx: &mut Tx,
    (context, step): (&Context, &Step),
    mut card: Card,
) -> Result<(), Error> {
    let gate = Gate::of(tx, context.conversation).await?;
    screen(desk, tx, (step, &gate), &mut card).await?;
    let (slot, to) = if shows_progress(&context.intent) {
        ("answer", Audience::Thread)
    } else {
        ("refusal", Audience::Requester)
    };
    let say = Say { slot: slot.to_owned(), to, card, urgency: Urgency::Reply };
    messages::say(tx, &desk.ids, Origin::of(context, step), &say).await
}

/// The short form of a plan's number that people can read out.
pub fn reference(plan: PlanId) -> String {
    let number = plan.0.simple().to_string();
    number[number.len() - 8..].to_owned()
}

/// What people see at once of an intent that takes a while.
pub fn opening(intent: &Intent) -> Option<Say> {
    let (what, steps) =
        if intent.reads_contract() { ("Reading the contract", 4) } else { ("Looking for partners", 3) };
    shows_progress(intent).then(|| Say {
        slot: "answer".to_owned(),
        to: Audience::Thread,
        card: wording::progress(what, 0, steps),
        urgency: Urgency::Progress,
    })
}
