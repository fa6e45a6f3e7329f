//! What may be spent on language models: limits per team and month, per person and day, per plan, and what is held.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{LlmCallId, PersonId, PlanId};
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;

/// What a limit is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// A team in a month.
    Tenant,
    /// A person in a day.
    Person,
    /// One plan.
    Plan,
}

impl Scope {
    /// The word used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Person => "person",
            Self::Plan => "plan",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Tenant, Self::Person, Self::Plan].into_iter().find(|scope| scope.name() == name)
    }
}

/// The limits, micro-dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Of a team in a month.
    pub tenant_month_micro: i64,
    /// Of a person in a day.
    pub person_day_micro: i64,
    /// Of one plan.
    pub plan_micro: i64,
}

/// A tenant's own rules; what is none follows the installation's settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Rules {
    /// Providers that may be asked: `provider`, `provider:region` or `*:region`.
    pub allowed: Option<Vec<String>>,
    /// Limit per month, micro-dollars.
    pub month_micro: Option<i64>,
    /// Limit per person and day, micro-dollars.
    pub person_day_micro: Option<i64>,
}

/// Money for one call, and on which accounts it is held.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) person: PersonId,
    pub(crate) plan: Option<PlanId>,
    pub(crate) micro: i64,
    pub(crate) month: NaiveDate,
    pub(crate) day: NaiveDate,
}

/// A limit of which four fifths are spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alert {
    /// What the limit is on.
    pub scope: Scope,
    /// Whose: a tenant's or a person's key.
    pub subject: Uuid,
    /// Spent so far, micro-dollars.
    pub spent_micro: i64,
    /// The limit, micro-dollars.
    pub cap_micro: i64,
}

/// Where an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Account {
    /// Spent, micro-dollars.
    pub spent_micro: i64,
    /// Held for calls under way, micro-dollars.
    pub reserved_micro: i64,
    /// The limit that the last call was held against, micro-dollars.
    pub cap_micro: i64,
}

/// Holds money on all accounts of a call, or gives the limit that it would pass: then the transaction must not commit.
///
/// One statement: each account's row is locked, and its sum compared, as its newest version says. The team's account
/// is always first, so that no two calls wait for each other.
pub(crate) async fn hold(tx: &mut Tx, wanted: &Wanted, caps: Caps) -> Result<Option<Scope>, Error> {
    let tenant = tx.tenant();
    let held: Vec<String> = sqlx::query_scalar(
        "INSERT INTO llm_spend AS s (tenant_id, scope, subject, period, reserved_micro, cap_micro)
         SELECT $1, v.scope, v.subject, v.period, $2, v.cap
         FROM (VALUES ('tenant', $1::uuid, $3::date, $4::bigint), ('person', $5::uuid, $6::date, $7::bigint),
                      ('plan', $8::uuid, DATE '1970-01-01', $9::bigint)) v (scope, subject, period, cap)
         WHERE v.subject IS NOT NULL AND $2 <= v.cap
         ON CONFLICT (tenant_id, scope, subject, period) DO UPDATE
            SET reserved_micro = s.reserved_micro + excluded.reserved_micro, cap_micro = excluded.cap_micro
            WHERE s.spent_micro + s.reserved_micro + excluded.reserved_micro <= excluded.cap_micro
         RETURNING scope",
    )
    .bind(tenant.0)
    .bind(wanted.micro)
    .bind(wanted.month)
    .bind(caps.tenant_month_micro)
    .bind(wanted.person.0)
    .bind(wanted.day)
    .bind(caps.person_day_micro)
    .bind(wanted.plan.map(|plan| plan.0))
    .bind(caps.plan_micro)
    .fetch_all(&mut **tx)
    .await?;
    let mut needed = vec![Scope::Tenant, Scope::Person];
    needed.extend(wanted.plan.map(|_| Scope::Plan));
    Ok(needed.into_iter().find(|scope| !held.iter().any(|name| name == scope.name())))
}

/// Locks the team's account of a call.
pub(crate) async fn lock(tx: &mut Tx, call: LlmCallId) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "SELECT 1 FROM llm_spend WHERE tenant_id = $1 AND scope = 'tenant' AND subject = $1
         AND period = (SELECT month FROM llm_calls WHERE call_id = $2) FOR UPDATE",
    )
    .bind(tenant.0)
    .bind(call.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Turns what was held into what was spent. Gives the accounts of which four fifths are spent since now.
pub(crate) async fn spend(
    tx: &mut Tx,
    held: &Wanted,
    (cost_micro, now): (i64, DateTime<Utc>),
) -> Result<Vec<Alert>, Error> {
    let tenant = tx.tenant();
    type Row = (String, Uuid, i64, i64, bool);
    let rows: Vec<Row> = sqlx::query_as(
        "UPDATE llm_spend s SET reserved_micro = s.reserved_micro - $2, spent_micro = s.spent_micro + $3,
                alerted_at = CASE WHEN s.alerted_at IS NULL AND (s.spent_micro + $3) * 5 >= s.cap_micro * 4
                                  THEN $4 ELSE s.alerted_at END
         FROM (VALUES ('tenant', $1::uuid, $5::date), ('person', $6::uuid, $7::date),
                      ('plan', $8::uuid, DATE '1970-01-01')) v (scope, subject, period),
              llm_spend before
         WHERE s.tenant_id = $1 AND (s.scope, s.subject, s.period) = (v.scope, v.subject, v.period)
           AND (before.tenant_id, before.scope, before.subject, before.period)
             = (s.tenant_id, s.scope, s.subject, s.period)
         RETURNING s.scope, s.subject, s.spent_micro, s.cap_micro,
                   before.alerted_at IS NULL AND s.alerted_at IS NOT NULL",
    )
    .bind(tenant.0)
    .bind(held.micro)
    .bind(cost_micro)
    .bind(now)
    .bind(held.month)
    .bind(held.person.0)
    .bind(held.day)
    .bind(held.plan.map(|plan| plan.0))
    .fetch_all(&mut **tx)
    .await?;
    let mut alerts = Vec::new();
    for (scope, subject, spent_micro, cap_micro, is_new) in rows {
        let scope = Scope::from_name(&scope).ok_or_else(|| Error::unreadable("scope", scope))?;
        if is_new && scope != Scope::Plan {
            alerts.push(Alert { scope, subject, spent_micro, cap_micro });
        }
    }
    Ok(alerts)
}

/// A tenant's own rules.
///
/// # Errors
/// When the database is away.
pub async fn rules(tx: &mut Tx) -> Result<Rules, Error> {
    let rules = sqlx::query_as("SELECT allowed, month_micro, person_day_micro FROM llm_rules")
        .fetch_optional(&mut **tx)
        .await?;
    Ok(rules.unwrap_or_default())
}

/// Replaces a tenant's own rules.
///
/// # Errors
/// When the database is away.
pub async fn set_rules(tx: &mut Tx, rules: &Rules) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO llm_rules (tenant_id, allowed, month_micro, person_day_micro) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id) DO UPDATE SET allowed = excluded.allowed, month_micro = excluded.month_micro,
            person_day_micro = excluded.person_day_micro, updated_at = now()",
    )
    .bind(tenant.0)
    .bind(&rules.allowed)
    .bind(rules.month_micro)
    .bind(rules.person_day_micro)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The team's account of a month; none when nothing was asked yet.
///
/// # Errors
/// When the database is away.
pub async fn month(tx: &mut Tx, day: NaiveDate) -> Result<Option<Account>, Error> {
    let tenant = tx.tenant();
    Ok(sqlx::query_as(
        "SELECT spent_micro, reserved_micro, cap_micro FROM llm_spend
         WHERE scope = 'tenant' AND subject = $1 AND period = date_trunc('month', $2::date)::date",
    )
    .bind(tenant.0)
    .bind(day)
    .fetch_optional(&mut **tx)
    .await?)
}
