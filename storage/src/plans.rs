//! Plans: stored with all their steps at once, read for the runtime and for people.

use chrono::{DateTime, Utc};
use domain::ids::{ConversationId, Ids, PersonId, PlanId, StepId, TenantId};
use domain::intent::Intent;
use domain::person::Channel;
use domain::plan::{Agent, Context, Draft, PlanState, Step, StepState};
use serde_json::Value;
use uuid::Uuid;

use crate::db::{Db, Tx, Work};
use crate::error::Error;
use crate::steps::{LEASE_S, Lease};

/// A plan to be stored.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// Key: the message's number.
    pub id: PlanId,
    /// Where to answer.
    pub conversation: ConversationId,
    /// Who asked.
    pub requester: PersonId,
    /// What.
    pub intent: &'a Intent,
    /// In the person's words.
    pub said: &'a str,
    /// The steps.
    pub drafts: &'a [Draft],
}

/// Stores a plan and its steps; the first step is leased to the caller, who goes on with it.
pub async fn create(tx: &mut Tx, new: New<'_>, ids: &Ids, lease: &Lease) -> Result<Option<Step>, Error> {
    let tenant = tx.tenant();
    let step_ids: Vec<Uuid> = new.drafts.iter().map(|_| ids.next()).collect();
    let rows = Rows::from_drafts(new.drafts, 0);
    sqlx::query(
        "WITH plan AS (
            INSERT INTO plans (plan_id, tenant_id, conversation_id, requester_id, intent, said, state)
            VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $7 THEN 'running' ELSE 'done' END))
         INSERT INTO steps (step_id, tenant_id, plan_id, position, agent, action, input, after, pending,
                            state, run_at, attempt, fence, lease_until, worker, started_at)
         SELECT s.id, $2, $1, s.position - 1, s.agent, s.action, s.input::jsonb, s.after::int[], s.pending,
                CASE WHEN s.position = 1 THEN 'running' ELSE 'queued' END, now(),
                CASE WHEN s.position = 1 THEN 1 ELSE 0 END, CASE WHEN s.position = 1 THEN 1 ELSE 0 END,
                CASE WHEN s.position = 1 THEN now() + make_interval(secs => $14) END,
                CASE WHEN s.position = 1 THEN $15 END, CASE WHEN s.position = 1 THEN now() END
         FROM unnest($8::uuid[], $9::text[], $10::text[], $11::text[], $12::text[], $13::int[])
              WITH ORDINALITY AS s (id, agent, action, input, after, pending, position)",
    )
    .bind(new.id.0)
    .bind(tenant.0)
    .bind(new.conversation.0)
    .bind(new.requester.0)
    .bind(sqlx::types::Json(new.intent))
    .bind(new.said)
    .bind(!new.drafts.is_empty())
    .bind(&step_ids)
    .bind(&rows.agents)
    .bind(&rows.actions)
    .bind(&rows.inputs)
    .bind(&rows.after)
    .bind(&rows.pending)
    .bind(LEASE_S)
    .bind(lease.worker())
    .execute(&mut **tx)
    .await?;
    Ok(new.drafts.first().map(|draft| Step {
        id: StepId(step_ids[0]),
        tenant,
        plan: new.id,
        position: 0,
        agent: draft.agent,
        action: draft.action.clone(),
        input: draft.input.clone(),
        attempt: 1,
        fence: 1,
        signal: None,
    }))
}

/// Stores a plan that any worker may begin once the transaction commits: one message may ask for several.
pub async fn create_free(tx: &mut Tx, new: New<'_>, ids: &Ids) -> Result<(), Error> {
    let plan = new.id;
    create(tx, new, ids, &Lease::new("")).await?;
    sqlx::query(
        "UPDATE steps SET state = 'queued', attempt = 0, fence = 0, lease_until = NULL, worker = NULL, started_at = NULL
         WHERE plan_id = $1 AND position = 0",
    )
    .bind(plan.0)
    .execute(&mut **tx)
    .await?;
    tx.announce(Work::Steps).await
}

/// Drafts as columns.
pub(crate) struct Rows {
    pub(crate) agents: Vec<&'static str>,
    pub(crate) actions: Vec<String>,
    pub(crate) inputs: Vec<String>,
    pub(crate) after: Vec<String>,
    pub(crate) pending: Vec<i32>,
}

impl Rows {
    /// `first` is the position that the first draft gets; `after` counts within the list.
    pub(crate) fn from_drafts(drafts: &[Draft], first: i32) -> Self {
        let after = |draft: &Draft| {
            let places: Vec<String> = draft
                .after
                .iter()
                .map(|&i| (i32::try_from(i).unwrap_or(i32::MAX - first) + first).to_string())
                .collect();
            format!("{{{}}}", places.join(","))
        };
        Self {
            agents: drafts.iter().map(|draft| draft.agent.name()).collect(),
            actions: drafts.iter().map(|draft| draft.action.clone()).collect(),
            inputs: drafts.iter().map(|draft| draft.input.to_string()).collect(),
            after: drafts.iter().map(after).collect(),
            pending: drafts
                .iter()
                .map(|draft| i32::try_from(draft.after.len()).unwrap_or(i32::MAX))
                .collect(),
        }
    }
}

/// What the runtime needs to go on with a plan.
pub async fn context(db: &Db, tenant: TenantId, plan: PlanId) -> Result<Context, Error> {
    type Row = (Uuid, Uuid, Value, String, Value);
    let mut tx = db.tenant(tenant).begin().await?;
    let row: Option<Row> = sqlx::query_as(
        "SELECT p.requester_id, p.conversation_id, p.intent, p.said,
                coalesce((SELECT jsonb_agg(jsonb_build_array(s.action, s.output) ORDER BY s.position)
                          FROM steps s WHERE s.plan_id = p.plan_id AND s.state = 'done'), '[]')
         FROM plans p WHERE p.plan_id = $1",
    )
    .bind(plan.0)
    .fetch_optional(&mut *tx)
    .await?;
    let (requester, conversation, intent, said, outputs) = row.ok_or(Error::Missing("plan"))?;
    let intent = serde_json::from_value(intent).map_err(|e| Error::unreadable("intent", e))?;
    let outputs = serde_json::from_value(outputs).map_err(|e| Error::unreadable("outputs", e))?;
    let (requester, conversation) = (PersonId(requester), ConversationId(conversation));
    Ok(Context { tenant, plan, requester, conversation, intent, said, outputs })
}

/// What was asked when the newest file that could not be read was sent: in this conversation, else by this person
/// anywhere, in the last day.
pub async fn not_read(tx: &mut Tx, here: ConversationId, by: PersonId) -> Result<Option<Intent>, Error> {
    let intent: Option<Value> = sqlx::query_scalar(
        "SELECT p.intent FROM plans p JOIN steps s ON s.plan_id = p.plan_id
         WHERE s.action = 'read' AND s.state = 'failed' AND p.intent ->> 'intent' = 'analyze_contract'
           AND (p.conversation_id = $1 OR p.requester_id = $2) AND p.created_at > now() - interval '1 day'
         ORDER BY (p.conversation_id = $1) DESC, p.created_at DESC LIMIT 1",
    )
    .bind(here.0)
    .bind(by.0)
    .fetch_optional(&mut **tx)
    .await?;
    intent.map(serde_json::from_value).transpose().map_err(|error| Error::unreadable("intent", error))
}

/// A plan as people see it.
#[derive(Debug, Clone)]
pub struct View {
    /// Key.
    pub id: PlanId,
    /// Who asked.
    pub requester: String,
    /// What.
    pub intent: Intent,
    /// In the person's words.
    pub said: String,
    /// Where it stands.
    pub state: PlanState,
    /// Why it failed.
    pub error: Option<String>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Its steps in order.
    pub steps: Vec<StepView>,
}

/// A step as people see it.
#[derive(Debug, Clone)]
pub struct StepView {
    /// Place in the plan.
    pub position: i32,
    /// Who does it.
    pub agent: Agent,
    /// What.
    pub action: String,
    /// Where it stands.
    pub state: StepState,
    /// How often it was begun.
    pub attempt: i32,
    /// Why it failed or was tried again.
    pub error: Option<String>,
    /// When it first began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// What it left for the steps after it.
    pub output: Option<Value>,
}

/// What a plan's message means, once that was found out.
pub async fn understand(tx: &mut Tx, plan: PlanId, intent: &Intent) -> Result<(), Error> {
    let done = sqlx::query("UPDATE plans SET intent = $2 WHERE plan_id = $1")
        .bind(plan.0)
        .bind(sqlx::types::Json(intent))
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Missing("plan")) }
}

/// A plan with its steps.
pub async fn view(tx: &mut Tx, plan: PlanId) -> Result<View, Error> {
    let mut views = select(tx, Some(plan), 1).await?;
    let mut view = views.pop().ok_or(Error::Missing("plan"))?;
    view.steps = steps_of(tx, plan).await?;
    Ok(view)
}

/// The latest plans, newest first, without their steps.
pub async fn recent(tx: &mut Tx, limit: i64) -> Result<Vec<View>, Error> {
    select(tx, None, limit).await
}

async fn select(tx: &mut Tx, plan: Option<PlanId>, limit: i64) -> Result<Vec<View>, Error> {
    type Row = (
        Uuid,
        String,
        sqlx::types::Json<Intent>,
        String,
        String,
        Option<String>,
        DateTime<Utc>,
        Option<DateTime<Utc>>,
    );
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT p.plan_id, r.name, p.intent, p.said, p.state, p.error, p.created_at, p.finished_at
         FROM plans p JOIN people r ON r.person_id = p.requester_id
         WHERE p.plan_id = coalesce($1, p.plan_id) ORDER BY p.created_at DESC LIMIT $2",
    )
    .bind(plan.map(|p| p.0))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|(id, requester, intent, said, state, error, created_at, finished_at)| {
            let state =
                PlanState::from_name(&state).ok_or_else(|| Error::unreadable("plan state", &state))?;
            let (id, intent, steps) = (PlanId(id), intent.0, Vec::new());
            Ok(View { id, requester, intent, said, state, error, created_at, finished_at, steps })
        })
        .collect()
}

async fn steps_of(tx: &mut Tx, plan: PlanId) -> Result<Vec<StepView>, Error> {
    type Row = (
        i32,
        String,
        String,
        String,
        i32,
        Option<String>,
        Option<DateTime<Utc>>,
        Option<DateTime<Utc>>,
        Option<Value>,
    );
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT position, agent, action, state, attempt, error, started_at, finished_at, output
         FROM steps WHERE plan_id = $1 ORDER BY position",
    )
    .bind(plan.0)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|(position, agent, action, state, attempt, error, started_at, finished_at, output)| {
            let agent = Agent::from_name(&agent).ok_or_else(|| Error::unreadable("agent", &agent))?;
            let state =
                StepState::from_name(&state).ok_or_else(|| Error::unreadable("step state", &state))?;
            Ok(StepView { position, agent, action, state, attempt, error, started_at, finished_at, output })
        })
        .collect()
}

/// The output of one step of one plan, e.g. a search's answer.
pub async fn output(tx: &mut Tx, plan: PlanId, action: &str) -> Result<Option<Value>, Error> {
    Ok(sqlx::query_scalar(
        "SELECT output FROM steps WHERE plan_id = $1 AND action = $2 AND state = 'done' ORDER BY position DESC LIMIT 1",
    )
    .bind(plan.0)
    .bind(action)
    .fetch_optional(&mut **tx)
    .await?
    .flatten())
}

/// What a person said on a channel, as the plan it caused.
#[derive(Debug, Clone)]
pub struct Said {
    /// The plan it caused.
    pub plan: PlanId,
    /// The words.
    pub text: String,
    /// Where the plan stands.
    pub state: PlanState,
    /// When.
    pub at: DateTime<Utc>,
}

/// What was said in a room of the console, oldest first, of the latest `limit`.
pub async fn said_in_room(tx: &mut Tx, room: &str, limit: i64) -> Result<Vec<Said>, Error> {
    let rows: Vec<(Uuid, String, String, DateTime<Utc>)> = sqlx::query_as(
        "SELECT * FROM (
            SELECT p.plan_id, p.said, p.state, p.created_at
            FROM plans p JOIN conversations c ON c.conversation_id = p.conversation_id
            WHERE c.channel = 'web' AND c.room = $1 ORDER BY p.created_at DESC, p.plan_id DESC LIMIT $2) latest
         ORDER BY created_at, plan_id",
    )
    .bind(room)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|(id, text, state, at)| {
            let state =
                PlanState::from_name(&state).ok_or_else(|| Error::unreadable("plan state", &state))?;
            Ok(Said { plan: PlanId(id), text, state, at })
        })
        .collect()
}

/// What was said in a room within the last hour and not understood, on a channel.
pub async fn not_understood(tx: &mut Tx, channel: Channel, room: &str) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar(
        "SELECT said FROM plans JOIN conversations USING (conversation_id)
         WHERE channel = $1 AND room = $2 AND intent->>'intent' = 'unclear'
           AND plans.created_at > now() - interval '1 hour'",
    )
    .bind(channel.name())
    .bind(room)
    .fetch_all(&mut **tx)
    .await?)
}
