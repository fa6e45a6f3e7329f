//! One plan: its steps, live while it runs.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::ids::PlanId;
use domain::plan::{PlanState, StepState};
use serde_json::Value;
use storage::messages;
use storage::plans::{self, StepView, View};

use crate::error::{Failure, key, page as show};
use crate::moment::{Moment, duration};
use crate::session::SignedIn;
use crate::shell::{Place, Shell};

/// An output longer than this is cut on the page, characters.
const OUTPUT_MAX: usize = 20_000;

#[derive(Template)]
#[template(path = "plan.html")]
struct Page {
    shell: Shell,
    said: String,
    intent: String,
    exact: String,
    requester: String,
    trace: String,
    began: Moment,
    /// What the plan said to people, in full.
    answers: Vec<String>,
    steps: Steps,
}

/// The part that changes while the plan runs.
#[derive(Template)]
#[template(path = "steps.html")]
struct Steps {
    plan: PlanId,
    state: &'static str,
    /// Seconds until the page asks again; none when it is over.
    again_s: Option<u32>,
    took: String,
    error: Option<String>,
    steps: Vec<Line>,
}

struct Line {
    number: i32,
    agent: &'static str,
    action: String,
    state: &'static str,
    attempt: i32,
    took: Option<String>,
    error: Option<String>,
    output: Option<String>,
}

/// Shows a plan.
pub(crate) async fn page(signed_in: SignedIn, Path(id): Path<String>) -> Result<Response, Failure> {
    let id = key(&id, "plan")?;
    let (mut tx, shell) = signed_in.enter(Place::Plans).await?;
    let view = plans::view(&mut tx, id).await?;
    let answers =
        messages::of_plan(&mut tx, id).await?.into_iter().map(|said| said.card.to_plain()).collect();
    let now = signed_in.now();
    let intent = view.intent.name().replace('_', " ");
    Ok(show(&Page {
        shell: shell.titled(format!("Plan: {intent}")),
        said: view.said.clone(),
        exact: serde_json::to_string_pretty(&view.intent).unwrap_or_default(),
        intent,
        requester: view.requester.clone(),
        trace: id.0.simple().to_string(),
        began: Moment::new(view.created_at, now),
        answers,
        steps: Steps::new(view, now),
    }))
}

/// The part that changes, asked for by the open page.
pub(crate) async fn steps(signed_in: SignedIn, Path(id): Path<String>) -> Result<Response, Failure> {
    let mut tx = signed_in.begin().await?;
    let view = plans::view(&mut tx, key(&id, "plan")?).await?;
    Ok(show(&Steps::new(view, signed_in.now())))
}

impl Steps {
    fn new(view: View, now: DateTime<Utc>) -> Self {
        let again_s = match view.state {
            PlanState::Running => Some(1),
            // It waits for a person, a timer or a vendor, perhaps for days.
            PlanState::Waiting => Some(5),
            PlanState::Done | PlanState::Failed | PlanState::Cancelled => None,
        };
        Self {
            plan: view.id,
            state: view.state.name(),
            again_s,
            took: duration(view.created_at, view.finished_at.unwrap_or(now)),
            error: view.error,
            steps: view.steps.into_iter().map(|step| Line::new(step, now)).collect(),
        }
    }
}

impl Line {
    fn new(step: StepView, now: DateTime<Utc>) -> Self {
        let end = match step.state {
            StepState::Running | StepState::Waiting => Some(now),
            _ => step.finished_at,
        };
        Self {
            number: step.position + 1,
            agent: step.agent.name(),
            action: step.action.replace('_', " "),
            state: step.state.name(),
            attempt: step.attempt,
            took: step.started_at.zip(end).map(|(from, to)| duration(from, to)),
            error: step.error,
            output: step.output.filter(|output| !is_empty(output)).map(|output| shorten(&output)),
        }
    }
}

fn is_empty(output: &Value) -> bool {
    match output {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

fn shorten(output: &Value) -> String {
    let text = serde_json::to_string_pretty(output).unwrap_or_default();
    match text.char_indices().nth(OUTPUT_MAX) {
        Some((end, _)) => format!("{}\n… {} characters in all", &text[..end], text.chars().count()),
        None => text,
    }
}
