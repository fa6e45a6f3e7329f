//! The evaluator: checks what the other agents made, by its own look.

pub mod hits;
pub mod terms;

use domain::card::{Audience, Say, Urgency};
use domain::intent::Intent;
use domain::plan::{Context, Finish, Outcome, Recovery, Step};
use domain::search::{Answer, Hit};
use domain::wording;
use serde_json::json;
use storage::documents;

use crate::contract::steps::{ExtractOutput, ReadOutput};
use crate::deal::Proposal;
use crate::desk::{Desk, earlier, storage, unknown_action};
use crate::learning::feedback;

pub(crate) async fn act(desk: &Desk, context: &Context, step: &Step) -> Result<Outcome, Recovery> {
    match step.action.as_str() {
        "check_hits" => check_hits(desk, context).await,
        "check_terms" => check_terms(desk, context).await,
        "check_proposal" => check_proposal(desk, context).await,
        "give_feedback" => feedback::give(desk, context).await,
        "explain_fit" => feedback::explain(desk, context).await,
        _ => Err(unknown_action(step)),
    }
}

/// Looks every hit up again in the directory itself and drops those that break a hard filter there.
async fn check_hits(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let before = if matches!(context.intent, Intent::Widen { .. }) { "widen" } else { "search" };
    let mut answer: Answer = earlier(context, before)?;
    let ids: Vec<_> = answer.hits.iter().map(|hit| hit.company.id.clone()).collect();
    let rows = desk.directory.look_up(&ids).await?;
    let mut gone = 0_usize;
    let fresh = std::mem::take(&mut answer.hits).into_iter().filter_map(|hit| {
        let row = rows.iter().find(|row| row.id == hit.company.id).cloned();
        gone += usize::from(row.is_none());
        row.map(|company| Hit { company, ..hit })
    });
    let checked = hits::check(&answer.filters, fresh.collect());
    if gone > 0 || !checked.dropped.is_empty() {
        tracing::warn!(plan = %context.plan, gone, dropped = ?checked.dropped, "the evaluator dropped hits");
    }
    answer.confidence = answer.confidence.min(checked.confidence);
    answer.hits = checked.kept;
    answer.no_match |= answer.hits.is_empty();
    let output = serde_json::to_value(&answer)
        .map_err(|cause| Recovery::Escalate { reason: format!("the answer: {cause}") })?;
    let say = Say {
        slot: "answer".to_owned(),
        to: Audience::Thread,
        card: wording::progress("Putting the answer together", 2, 3),
        urgency: Urgency::Progress,
    };
    Ok(Outcome::Done(Finish { output, say: vec![say], ..Finish::default() }))
}

/// Validates before anybody is asked: every proposed company must be in the directory under its name.
async fn check_proposal(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let proposal: Proposal = earlier(context, "propose")?;
    let ids: Vec<_> = proposal.companies.iter().map(|c| c.company.clone()).collect();
    let rows = desk.directory.look_up(&ids).await?;
    for proposed in &proposal.companies {
        let known = rows.iter().any(|row| row.id == proposed.company && row.name == proposed.name);
        if !known {
            return Err(wording::company_changed(&proposed.name).into());
        }
    }
    Ok(Outcome::Done(Finish { output: json!({ "checked": rows.len() }), ..Finish::default() }))
}

/// Holds what was read in a contract against itself and against the text once more.
async fn check_terms(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let read: ReadOutput = earlier(context, "read")?;
    let found: ExtractOutput = earlier(context, "extract")?;
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let text = documents::text(&mut tx, read.version).await.map_err(storage)?;
    let rows = terms::check(&text, found.rows, desk.clock.now().date_naive());
    let say = Say {
        slot: "answer".to_owned(),
        to: Audience::Thread,
        card: wording::progress("Holding it against the playbook", 3, 4),
        urgency: Urgency::Progress,
    };
    let output = json!(ExtractOutput { rows, is_partial: found.is_partial });
    Ok(Outcome::Done(Finish { output, say: vec![say], ..Finish::default() }))
}
