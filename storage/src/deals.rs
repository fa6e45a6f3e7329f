//! Partners, deals, their stage history and notes.

use chrono::{DateTime, Utc};
use domain::change::Change;
use domain::deal::{NoteRow, Stage, StageChange};
use domain::ids::{DealId, NoteId, PartnerId, PersonId, PlanId};
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;

/// A deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deal {
    /// Key.
    pub id: DealId,
    /// With whom.
    pub partner: PartnerId,
    /// The partner's company.
    pub company: String,
    /// Shown name.
    pub name: String,
    /// Where it stands.
    pub stage: Stage,
    /// Since when.
    pub stage_since: DateTime<Utc>,
    /// Who looks after it.
    pub owner: Option<PersonId>,
    /// The owner's name.
    pub owner_name: Option<String>,
    /// Fit, 0 to 100.
    pub fit: Option<i16>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When anything last happened to it.
    pub updated_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct DealRow {
    deal_id: Uuid,
    partner_id: Uuid,
    company_id: String,
    name: String,
    stage: String,
    stage_since: DateTime<Utc>,
    owner_id: Option<Uuid>,
    owner_name: Option<String>,
    fit: Option<i16>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

fn read(row: DealRow) -> Result<Deal, Error> {
    Ok(Deal {
        id: DealId(row.deal_id),
        partner: PartnerId(row.partner_id),
        company: row.company_id,
        name: row.name,
        stage: stage(&row.stage)?,
        stage_since: row.stage_since,
        owner: row.owner_id.map(PersonId),
        owner_name: row.owner_name,
        fit: row.fit,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

fn stage(name: &str) -> Result<Stage, Error> {
    Stage::from_name(name).ok_or_else(|| Error::unreadable("stage", name))
}

/// Which deals to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Only this one.
    pub id: Option<DealId>,
    /// Only in this stage.
    pub stage: Option<Stage>,
    /// Only this person's.
    pub owner: Option<PersonId>,
}

/// Deals, the latest touched first; at most 500.
pub async fn list(tx: &mut Tx, wanted: Wanted) -> Result<Vec<Deal>, Error> {
    let rows: Vec<DealRow> = sqlx::query_as(
        "SELECT d.deal_id, d.partner_id, p.company_id, d.name, d.stage, d.stage_since, d.owner_id,
                o.name AS owner_name, d.fit, d.created_at, d.updated_at
         FROM deals d JOIN partners p ON p.partner_id = d.partner_id
              LEFT JOIN people o ON o.person_id = d.owner_id
         WHERE d.deal_id = coalesce($1, d.deal_id) AND d.stage = coalesce($2, d.stage)
           AND ($3::uuid IS NULL OR d.owner_id = $3)
         ORDER BY d.updated_at DESC, d.deal_id LIMIT 500",
    )
    .bind(wanted.id.map(|id| id.0))
    .bind(wanted.stage.map(Stage::name))
    .bind(wanted.owner.map(|owner| owner.0))
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(read).collect()
}

/// One deal.
pub async fn get(tx: &mut Tx, id: DealId) -> Result<Deal, Error> {
    let wanted = Wanted { id: Some(id), ..Wanted::default() };
    list(tx, wanted).await?.pop().ok_or(Error::Missing("deal"))
}

/// The companies that are partners, the last taken up first.
pub async fn partner_companies(tx: &mut Tx, most: i64) -> Result<Vec<String>, Error> {
    let tenant = tx.tenant();
    Ok(sqlx::query_scalar(
        "SELECT company_id FROM partners WHERE tenant_id = $1 ORDER BY created_at DESC, partner_id LIMIT $2",
    )
    .bind(tenant.0)
    .bind(most)
    .fetch_all(&mut **tx)
    .await?)
}

/// Key and name of every deal, by which a name that a person typed is looked up.
pub async fn names(tx: &mut Tx) -> Result<Vec<(DealId, String)>, Error> {
    let rows: Vec<(Uuid, String)> =
        sqlx::query_as("SELECT deal_id, name FROM deals ORDER BY updated_at DESC")
            .fetch_all(&mut **tx)
            .await?;
    Ok(rows.into_iter().map(|(id, name)| (DealId(id), name)).collect())
}

/// A deal's stages, oldest first.
pub async fn history(tx: &mut Tx, deal: DealId) -> Result<Vec<StageChange>, Error> {
    type Row = (Option<String>, String, DateTime<Utc>, Option<String>, Option<String>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT c.from_stage, c.to_stage, c.at, p.name, c.reason
         FROM stage_changes c LEFT JOIN people p ON p.person_id = c.person_id
         WHERE c.deal_id = $1 ORDER BY c.seq",
    )
    .bind(deal.0)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|(from, to, at, by, reason)| {
            let from = from.as_deref().map(stage).transpose()?;
            Ok(StageChange { from, to: stage(&to)?, by: by.unwrap_or_default(), at, reason })
        })
        .collect()
}

/// A deal's notes, newest first.
pub async fn notes(tx: &mut Tx, deal: DealId) -> Result<Vec<NoteRow>, Error> {
    let rows: Vec<(String, DateTime<Utc>, String)> = sqlx::query_as(
        "SELECT p.name, n.created_at, n.text FROM notes n JOIN people p ON p.person_id = n.person_id
         WHERE n.deal_id = $1 ORDER BY n.created_at DESC, n.note_id DESC LIMIT 100",
    )
    .bind(deal.0)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|(by, at, text)| NoteRow { text, by, at }).collect())
}

/// A partner and how many deals there are with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    /// Key.
    pub id: PartnerId,
    /// The company.
    pub company: String,
    /// Name.
    pub name: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Number of deals.
    pub deals: i64,
}

/// All partners, by name.
pub async fn partners(tx: &mut Tx) -> Result<Vec<Partner>, Error> {
    let rows: Vec<(Uuid, String, String, DateTime<Utc>, i64)> = sqlx::query_as(
        "SELECT p.partner_id, p.company_id, p.name, p.created_at, count(d.deal_id)
         FROM partners p LEFT JOIN deals d ON d.partner_id = p.partner_id
         GROUP BY p.partner_id ORDER BY lower(p.name), p.partner_id LIMIT 1000",
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, company, name, created_at, deals)| Partner {
            id: PartnerId(id),
            company,
            name,
            created_at,
            deals,
        })
        .collect())
}

/// Companies, of those given, that have an open deal already.
pub async fn with_open_deal(tx: &mut Tx, companies: &[String]) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar(
        "SELECT DISTINCT p.company_id FROM deals d JOIN partners p ON p.partner_id = d.partner_id
         WHERE p.company_id = ANY ($1) AND d.stage NOT IN ('lost', 'ended')",
    )
    .bind(companies)
    .fetch_all(&mut **tx)
    .await?)
}

/// Makes a company a partner, if it is not one, and starts a deal with it.
pub(crate) async fn start(
    tx: &mut Tx,
    plan: PlanId,
    change: &Change,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Change::StartDeal { deal, partner, company, name, fit, owner, approved_by } = change else {
        return Ok(());
    };
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO partners (partner_id, tenant_id, company_id, name, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, company_id) DO NOTHING",
    )
    .bind(partner.0)
    .bind(tenant.0)
    .bind(&company.0)
    .bind(name)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    // Two requests for the same company may be carried out at the same moment: one waits here and then sees the other's.
    sqlx::query("SELECT 1 FROM partners WHERE company_id = $1 FOR UPDATE")
        .bind(&company.0)
        .execute(&mut **tx)
        .await?;
    if !with_open_deal(tx, std::slice::from_ref(&company.0)).await?.is_empty() {
        return Err(Error::Conflict("deal"));
    }
    sqlx::query(
        "WITH deal AS (
            INSERT INTO deals (deal_id, tenant_id, partner_id, plan_id, name, stage, stage_since, owner_id, fit,
                               created_at, updated_at)
            SELECT $1, $2, partner_id, $4, $5, $6, $7, $8, $9, $7, $7 FROM partners WHERE company_id = $3
            RETURNING deal_id)
         INSERT INTO stage_changes (tenant_id, deal_id, seq, to_stage, at, person_id, source)
         SELECT $2, deal_id, 1, $6, $7, $10, 'approval' FROM deal",
    )
    .bind(deal.0)
    .bind(tenant.0)
    .bind(&company.0)
    .bind(plan.0)
    .bind(name)
    .bind(Stage::Prospect.name())
    .bind(now)
    .bind(owner.0)
    .bind(fit.map(i16::from))
    .bind(approved_by.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Who moves a deal, and why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mover<'a> {
    /// Who.
    pub(crate) by: PersonId,
    /// Why.
    pub(crate) reason: Option<&'a str>,
    /// The system it happened in, e.g. `hubspot`; none for ours.
    pub(crate) source: Option<&'a str>,
}

/// Moves a deal; gives the move's number. [`Error::Conflict`] when it is no longer in the stage the move was judged on.
pub(crate) async fn move_to(
    tx: &mut Tx,
    deal: DealId,
    (from, to): (Stage, Stage),
    mover: Mover<'_>,
    now: DateTime<Utc>,
) -> Result<i32, Error> {
    let tenant = tx.tenant();
    let seq: Option<i32> = sqlx::query_scalar(
        "WITH moved AS (
            UPDATE deals SET stage = $3, stage_since = $4, updated_at = $4
            WHERE deal_id = $1 AND stage = $2 RETURNING deal_id)
         INSERT INTO stage_changes (tenant_id, deal_id, seq, from_stage, to_stage, at, person_id, reason, source)
         SELECT $5, deal_id, (SELECT max(seq) + 1 FROM stage_changes WHERE deal_id = $1), $2, $3, $4, $6, $7,
                coalesce($8, 'person')
         FROM moved RETURNING seq",
    )
    .bind(deal.0)
    .bind(from.name())
    .bind(to.name())
    .bind(now)
    .bind(tenant.0)
    .bind(mover.by.0)
    .bind(mover.reason)
    .bind(mover.source)
    .fetch_optional(&mut **tx)
    .await?;
    seq.ok_or(Error::Conflict("deal"))
}

/// Writes a note.
pub(crate) async fn add_note(
    tx: &mut Tx,
    note: NoteId,
    deal: DealId,
    (by, text): (PersonId, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let tenant = tx.tenant();
    let done = sqlx::query(
        "WITH touched AS (UPDATE deals SET updated_at = $6 WHERE deal_id = $3 RETURNING deal_id)
         INSERT INTO notes (note_id, tenant_id, deal_id, person_id, text, created_at)
         SELECT $1, $2, deal_id, $4, $5, $6 FROM touched",
    )
    .bind(note.0)
    .bind(tenant.0)
    .bind(deal.0)
    .bind(by.0)
    .bind(text)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Missing("deal")) }
}
