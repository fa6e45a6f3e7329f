//! What decisions and corrections say, as labelled cases with their origin.

use chrono::{DateTime, Utc};
use domain::learning::Feedback;
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;

/// Companies of approved and rejected proposals, with the search that showed them.
const OF_APPROVALS: &str = "
    INSERT INTO labels (tenant_id, kind, source, source_id, entity, value, reason, plan_id, person_id, at, created_at)
    SELECT $1, 'fit', 'approval', a.approval_id::text, c->>'company', (a.state = 'approved')::int,
           coalesce(a.comment, ''), (p.intent->>'search')::uuid, a.decided_by, a.decided_at, $2
    FROM approvals a JOIN plans p ON p.plan_id = a.plan_id
         CROSS JOIN LATERAL json_array_elements(a.payload->'companies') c
    WHERE a.tenant_id = $1 AND a.subject = 'create_deals' AND a.state IN ('approved', 'rejected')
      AND a.decided_at IS NOT NULL AND json_typeof(a.payload->'companies') = 'array'
      AND NOT EXISTS (SELECT 1 FROM labels l WHERE l.tenant_id = $1 AND l.kind = 'fit' AND l.source = 'approval'
                      AND l.source_id = a.approval_id::text)
    ON CONFLICT DO NOTHING";

/// What people said terms are, against what had been read: 1 when the reading was right.
const OF_ANSWERS: &str = "
    INSERT INTO labels (tenant_id, kind, source, source_id, entity, value, reason, person_id, at, created_at)
    SELECT $1, 'term', CASE WHEN bool_or(e.state = 'review') THEN 'review' ELSE 'correction' END,
           w.answer_id::text, w.term,
           bool_or((e.state = w.state OR e.state = 'review' AND w.state = 'stated' AND e.value IS NOT NULL)
                   AND (w.state = 'absent' OR e.value::jsonb IS NOT DISTINCT FROM w.value::jsonb))::int,
           '', w.person_id, w.at, $2
    FROM answers w JOIN extractions e
         ON e.tenant_id = w.tenant_id AND e.analysis_id = w.analysis_id AND e.term = w.term
    WHERE w.tenant_id = $1
      AND NOT EXISTS (SELECT 1 FROM labels l WHERE l.tenant_id = $1 AND l.kind = 'term'
                      AND l.source IN ('review', 'correction') AND l.source_id = w.answer_id::text)
    GROUP BY w.answer_id, w.term, w.person_id, w.at
    ON CONFLICT DO NOTHING";

/// How deals came out: signed or live is 1, lost is 0.
const OF_STAGES: &str = "
    INSERT INTO labels (tenant_id, kind, source, source_id, entity, value, reason, person_id, at, created_at)
    SELECT $1, 'outcome', 'stage', c.seq::text, c.deal_id::text, (c.to_stage <> 'lost')::int, coalesce(c.reason, ''),
           c.person_id, c.at, $2
    FROM stage_changes c
    WHERE c.tenant_id = $1 AND c.to_stage IN ('signed', 'live', 'lost')
      AND NOT EXISTS (SELECT 1 FROM labels l WHERE l.tenant_id = $1 AND l.kind = 'outcome' AND l.source = 'stage'
                      AND l.source_id = c.seq::text AND l.entity = c.deal_id::text)
    ON CONFLICT DO NOTHING";

/// Reads new labels out of decisions, answers and stages; those read before stay as they are. Gives how many are new.
pub async fn collect(tx: &mut Tx, now: DateTime<Utc>) -> Result<u64, Error> {
    let mut new = 0;
    for sql in [OF_APPROVALS, OF_ANSWERS, OF_STAGES] {
        new += sqlx::query(sql).bind(tx.tenant().0).bind(now).execute(&mut **tx).await?.rows_affected();
    }
    Ok(new)
}

/// Keeps what a person said of companies; `said` is the plan in which she said it.
pub async fn give(tx: &mut Tx, feedback: &Feedback, said: Uuid, now: DateTime<Utc>) -> Result<(), Error> {
    let tenant = tx.tenant();
    for company in &feedback.companies {
        sqlx::query(
            "INSERT INTO labels (tenant_id, kind, source, source_id, entity, value, reason, plan_id, person_id, at,
                                 created_at)
             VALUES ($1, 'fit', 'feedback', $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT DO NOTHING",
        )
        .bind(tenant.0)
        .bind(said.to_string())
        .bind(&company.0)
        .bind(if feedback.is_good { 1.0_f32 } else { 0.0 })
        .bind(&feedback.reason)
        .bind(feedback.plan.map(|plan| plan.0))
        .bind(feedback.by.0)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// What people said of a company, newest first: when, whether it fits, why.
pub async fn of_company(tx: &mut Tx, company: &str) -> Result<Vec<(DateTime<Utc>, bool, String)>, Error> {
    let rows: Vec<(DateTime<Utc>, f32, String)> = sqlx::query_as(
        "SELECT at, value, reason FROM labels WHERE tenant_id = $1 AND kind = 'fit' AND entity = $2
         ORDER BY at DESC LIMIT 20",
    )
    .bind(tx.tenant().0)
    .bind(company)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|(at, value, why)| (at, value >= 0.5, why)).collect())
}

/// A company that somebody decided on, as it had been shown.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Decided {
    /// The search.
    pub plan_id: Uuid,
    /// The company.
    pub company_id: String,
    /// Place on the page, from 1.
    pub position: i32,
    /// The fit that was shown.
    pub fit: i16,
    /// The fit by the stated rules.
    pub rule_fit: i16,
    /// Which scorer gave the fit.
    pub scored_by: String,
    /// Another version's name, and what it would have said.
    pub shadow_by: Option<String>,
    /// See `shadow_by`.
    pub shadow_fit: Option<i16>,
    /// Chance of having stood there.
    pub propensity: f32,
    /// Shown to be learnt from.
    pub is_exploration: bool,
    /// When it was shown.
    pub shown_at: DateTime<Utc>,
    /// When it was decided.
    pub at: DateTime<Utc>,
    /// 1: taken up, 0: turned down.
    pub value: f32,
    /// Where the decision comes from.
    pub source: String,
}

/// Companies that were shown and then decided on in a time, in the order of the decisions. Where several people, or
/// one person twice, decided on one, the last word counts. What was learnt later than `until` is not seen.
pub async fn decided(tx: &mut Tx, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Decided>, Error> {
    Ok(sqlx::query_as(
        "SELECT * FROM (
             SELECT DISTINCT ON (i.plan_id, i.company_id) i.plan_id, i.company_id, i.position, i.fit, i.rule_fit,
                    i.scored_by, i.shadow_by, i.shadow_fit, i.propensity, i.is_exploration, i.shown_at, l.at, l.value,
                    l.source
             FROM labels l JOIN impressions i
                  ON i.tenant_id = l.tenant_id AND i.company_id = l.entity AND i.plan_id = l.plan_id
             WHERE l.tenant_id = $1 AND l.kind = 'fit' AND l.at >= $2 AND l.at < $3 AND l.created_at < $3
             ORDER BY i.plan_id, i.company_id, l.at DESC, l.source) last
         ORDER BY at, plan_id, company_id",
    )
    .bind(tx.tenant().0)
    .bind(from)
    .bind(until)
    .fetch_all(&mut **tx)
    .await?)
}

/// How many labels there are: kind, source, all, and those of value 1.
pub async fn counts(tx: &mut Tx) -> Result<Vec<(String, String, i64, i64)>, Error> {
    Ok(sqlx::query_as(
        "SELECT kind, source, count(*), count(*) FILTER (WHERE value >= 0.5) FROM labels WHERE tenant_id = $1
         GROUP BY 1, 2 ORDER BY 1, 2",
    )
    .bind(tx.tenant().0)
    .fetch_all(&mut **tx)
    .await?)
}

/// Of the terms read in accepted contracts: how many there are, and how many nobody had to correct. Terms that we
/// ourselves sent to a person are not counted: we said nothing about them.
pub async fn terms_kept(tx: &mut Tx, from: DateTime<Utc>) -> Result<(i64, i64), Error> {
    Ok(sqlx::query_as(
        "SELECT count(*), count(*) FILTER (WHERE kept) FROM (
             SELECT coalesce(bool_or(w.answer_id IS NULL OR e.state = w.state
                        AND (w.state = 'absent' OR e.value::jsonb IS NOT DISTINCT FROM w.value::jsonb)), true) AS kept
             FROM acceptances c JOIN extractions e
                  ON e.tenant_id = c.tenant_id AND e.analysis_id = c.analysis_id AND e.state <> 'review'
                  LEFT JOIN LATERAL (
                      SELECT a.answer_id, a.state, a.value FROM answers a
                      WHERE a.tenant_id = c.tenant_id AND a.analysis_id = c.analysis_id AND a.term = e.term
                      ORDER BY a.at DESC LIMIT 1) w ON true
             WHERE c.tenant_id = $1 AND c.accepted_at >= $2
             GROUP BY c.analysis_id, e.term) terms",
    )
    .bind(tx.tenant().0)
    .bind(from)
    .fetch_one(&mut **tx)
    .await?)
}
