//! Deals that stalled: nothing happened to them, or they are in their stage for longer than others were.

use chrono::{DateTime, Utc};
use domain::deal::Stage;
use domain::event::Told;
use domain::ids::{ConversationId, DealId, Ids, PersonId};
use domain::news::{self, QUIET_DAYS, Stall, USUAL_FROM};
use serde_json::json;
use uuid::Uuid;

use crate::audit::{self, Act};
use crate::db::Tx;
use crate::error::Error;
use crate::events;

/// A stalled deal, and where it is talked about.
#[derive(Debug, Clone, PartialEq)]
pub struct Stalled {
    /// Which.
    pub deal: DealId,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub stage: Stage,
    /// Why it counts as stalled.
    pub stall: Stall,
    /// Its thread.
    pub conversation: ConversationId,
    /// Who looks after it, else who asked for it.
    pub person: PersonId,
}

/// Deals that stalled and were not raised within the last two weeks; each is locked until the transaction ends, so that
/// another process passes over it.
pub async fn take(tx: &mut Tx, now: DateTime<Utc>, most: i64) -> Result<Vec<Stalled>, Error> {
    type Row = (Uuid, String, String, DateTime<Utc>, DateTime<Utc>, Option<f64>, Uuid, Uuid);
    let rows: Vec<Row> = sqlx::query_as(
        "WITH spans AS (
            SELECT from_stage AS stage,
                   extract(epoch FROM at - lag(at) OVER (PARTITION BY deal_id ORDER BY seq))::float8 AS took
            FROM stage_changes WHERE tenant_id = $1),
         usual AS (
            SELECT stage, avg(took) AS mean FROM spans WHERE took IS NOT NULL
            GROUP BY stage HAVING count(*) >= $3)
         SELECT d.deal_id, d.name, d.stage, d.updated_at, d.stage_since, u.mean, p.conversation_id,
                coalesce(d.owner_id, p.requester_id)
         FROM deals d JOIN plans p ON p.plan_id = d.plan_id LEFT JOIN usual u ON u.stage = d.stage
         WHERE d.tenant_id = $1
           AND d.stage IN ('prospect', 'qualified', 'proposal', 'negotiation', 'legal_review', 'renewal')
           AND (d.updated_at <= $2 - make_interval(days => $4)
                OR extract(epoch FROM $2 - d.stage_since) > 1.5 * u.mean)
           AND NOT EXISTS (SELECT 1 FROM events e WHERE e.tenant_id = $1 AND e.deal_id = d.deal_id
                           AND e.kind = 'deal.stalled' AND e.at > $2 - make_interval(days => $4))
         ORDER BY d.updated_at LIMIT $5 FOR UPDATE OF d SKIP LOCKED",
    )
    .bind(tx.tenant().0)
    .bind(now)
    .bind(USUAL_FROM)
    .bind(i32::try_from(QUIET_DAYS).unwrap_or(i32::MAX))
    .bind(most)
    .fetch_all(&mut **tx)
    .await?;
    let mut found = Vec::new();
    for (deal, name, stage, touched, since, usual, conversation, person) in rows {
        let stage = Stage::from_name(&stage).ok_or_else(|| Error::unreadable("stage", &stage))?;
        let Some(stall) = news::stall(now, (touched, since), usual) else { continue };
        let (deal, conversation) = (DealId(deal), ConversationId(conversation));
        found.push(Stalled { deal, name, stage, stall, conversation, person: PersonId(person) });
    }
    Ok(found)
}

/// Keeps that a deal was raised, as an event for those who follow.
pub async fn raised(tx: &mut Tx, ids: &Ids, stalled: &Stalled, now: DateTime<Utc>) -> Result<(), Error> {
    let (why, days) = match stalled.stall {
        Stall::Quiet { days } => ("quiet", days),
        Stall::Slow { days, .. } => ("slow", days),
    };
    let data = json!({ "deal": stalled.deal, "stage": stalled.stage, "why": why, "days": days });
    let subject = format!("deal:{}", stalled.deal);
    let act =
        Act { at: now, actor: "system", action: "deal.stalled", subject: &subject, detail: data.clone() };
    audit::append(tx, act).await?;
    events::add(tx, ids, &Told { kind: "deal.stalled", subject, deal: Some(stalled.deal), data }, now).await
}
