//! What comes from a CRM becomes ours: partners, deals, moves and notes, each with its audit entry.

use chrono::{DateTime, Utc};
use domain::card::{Audience, Card, Say, Urgency};
use domain::change::Change;
use domain::crm::{label, person};
use domain::deal::Stage;
use domain::ids::{ConversationId, DealId, Ids, NoteId, PartnerId, PersonId, PlanId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::audit::{self, Act};
use crate::db::Tx;
use crate::error::Error;
use crate::messages::{self, Origin};
use crate::{activity, deals, events};

/// What is said about a CRM's move comes from no step.
const STEP: i32 = -3;

/// Makes the person in whose name a CRM's changes are made; she cannot sign in.
pub async fn introduce(tx: &mut Tx, provider: &str) -> Result<PersonId, Error> {
    let tenant = tx.tenant();
    let id = person(tenant, provider);
    sqlx::query(
        "INSERT INTO people (person_id, tenant_id, name, role, is_active) VALUES ($1, $2, $3, 'viewer', false)
         ON CONFLICT DO NOTHING",
    )
    .bind(id.0)
    .bind(tenant.0)
    .bind(label(provider))
    .execute(&mut **tx)
    .await?;
    Ok(id)
}

/// A partner to be.
#[derive(Debug, Clone)]
pub struct NewPartner {
    /// Key, used if there is none for the company yet.
    pub id: PartnerId,
    /// The company's key, e.g. `hubspot/17`.
    pub company: String,
    /// Name.
    pub name: String,
}

/// Makes companies partners; gives each company's partner.
pub async fn add_partners(
    tx: &mut Tx,
    new: &[NewPartner],
    now: DateTime<Utc>,
) -> Result<Vec<(String, PartnerId)>, Error> {
    let ids: Vec<Uuid> = new.iter().map(|one| one.id.0).collect();
    let companies: Vec<&str> = new.iter().map(|one| one.company.as_str()).collect();
    let names: Vec<&str> = new.iter().map(|one| one.name.as_str()).collect();
    let rows: Vec<(String, Uuid)> = sqlx::query_as(
        "WITH new AS (
            INSERT INTO partners (partner_id, tenant_id, company_id, name, created_at)
            SELECT i, $1, c, n, $5 FROM unnest($2::uuid[], $3::text[], $4::text[]) AS t (i, c, n)
            ON CONFLICT (tenant_id, company_id) DO NOTHING RETURNING company_id, partner_id)
         SELECT company_id, partner_id FROM new
         UNION SELECT company_id, partner_id FROM partners WHERE tenant_id = $1 AND company_id = ANY ($3)",
    )
    .bind(tx.tenant().0)
    .bind(ids)
    .bind(companies)
    .bind(names)
    .bind(now)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|(company, id)| (company, PartnerId(id))).collect())
}

/// Partners by name that no record of the provider stands for: who was taken up here and is there too.
pub async fn unlinked(
    tx: &mut Tx,
    provider: &str,
    names: &[String],
) -> Result<Vec<(String, PartnerId)>, Error> {
    let rows: Vec<(String, Uuid)> = sqlx::query_as(
        "SELECT DISTINCT ON (lower(p.name)) lower(p.name), p.partner_id FROM partners p
         WHERE p.tenant_id = $1 AND lower(p.name) = ANY ($3)
           AND NOT EXISTS (SELECT 1 FROM crm_records r WHERE r.tenant_id = $1 AND r.provider = $2
                           AND r.object = 'company' AND r.local_id = p.partner_id)
         ORDER BY lower(p.name), p.created_at",
    )
    .bind(tx.tenant().0)
    .bind(provider)
    .bind(names)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|(name, id)| (name, PartnerId(id))).collect())
}

/// Partners' names, by key.
pub async fn partner_names(tx: &mut Tx, keys: &[Uuid]) -> Result<Vec<(Uuid, String)>, Error> {
    Ok(sqlx::query_as("SELECT partner_id, name FROM partners WHERE tenant_id = $1 AND partner_id = ANY ($2)")
        .bind(tx.tenant().0)
        .bind(keys)
        .fetch_all(&mut **tx)
        .await?)
}

/// A deal to be.
#[derive(Debug, Clone)]
pub struct NewDeal {
    /// Key.
    pub id: DealId,
    /// With whom.
    pub partner: PartnerId,
    /// Name.
    pub name: String,
    /// Where it stands in the CRM.
    pub stage: Stage,
}

/// Takes deals over from a CRM. They have no plan, and so no thread.
pub async fn add_deals(
    tx: &mut Tx,
    (provider, by): (&str, PersonId),
    new: &[NewDeal],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let ids: Vec<Uuid> = new.iter().map(|one| one.id.0).collect();
    let partners: Vec<Uuid> = new.iter().map(|one| one.partner.0).collect();
    let names: Vec<&str> = new.iter().map(|one| one.name.as_str()).collect();
    let stages: Vec<&str> = new.iter().map(|one| one.stage.name()).collect();
    sqlx::query(
        "WITH given AS (SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[]) AS t (i, p, n, s)),
         added AS (
            INSERT INTO deals (deal_id, tenant_id, partner_id, name, stage, stage_since, created_at, updated_at)
            SELECT i, $1, p, n, s, $6, $6, $6 FROM given)
         INSERT INTO stage_changes (tenant_id, deal_id, seq, to_stage, at, person_id, source)
         SELECT $1, i, 1, s, $6, $7, $8 FROM given",
    )
    .bind(tx.tenant().0)
    .bind(ids)
    .bind(partners)
    .bind(names)
    .bind(stages)
    .bind(now)
    .bind(by.0)
    .bind(provider)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Renames a partner or a deal.
pub async fn rename(tx: &mut Tx, is_deal: bool, id: Uuid, name: &str) -> Result<(), Error> {
    let sql = if is_deal {
        "UPDATE deals SET name = $3, updated_at = now() WHERE tenant_id = $1 AND deal_id = $2"
    } else {
        "UPDATE partners SET name = $3 WHERE tenant_id = $1 AND partner_id = $2"
    };
    sqlx::query(sql).bind(tx.tenant().0).bind(id).bind(name).execute(&mut **tx).await?;
    Ok(())
}

/// Moves a deal because the CRM did: as any move, with its audit entry and its event; gives the move's number. Errors:
/// [`Error::Conflict`].
pub async fn move_deal(
    tx: &mut Tx,
    ids: &Ids,
    provider: &str,
    change: &Change,
    now: DateTime<Utc>,
) -> Result<i32, Error> {
    let Change::MoveDeal { deal, from, to, reason, by } = change else {
        return Err(Error::unreadable("change", "no move"));
    };
    let mover = deals::Mover { by: *by, reason: reason.as_deref(), source: Some(provider) };
    let seq = deals::move_to(tx, *deal, (*from, *to), mover, now).await?;
    activity::follow(tx, change, now).await?;
    note_down(tx, provider, ("deal.moved", &format!("deal:{deal}")), json!({ "change": change }), now)
        .await?;
    events::keep(tx, ids, change, now).await?;
    Ok(seq)
}

/// Says something in a deal's thread, if it has one; `card` makes it of the deal's name.
pub async fn tell(
    tx: &mut Tx,
    ids: &Ids,
    (deal, slot): (DealId, &str),
    card: impl FnOnce(&str) -> Card,
) -> Result<(), Error> {
    let there: Option<(Uuid, Uuid, Uuid, String)> = sqlx::query_as(
        "SELECT p.plan_id, p.conversation_id, p.requester_id, d.name
         FROM deals d JOIN plans p ON p.plan_id = d.plan_id WHERE d.tenant_id = $1 AND d.deal_id = $2",
    )
    .bind(tx.tenant().0)
    .bind(deal.0)
    .fetch_optional(&mut **tx)
    .await?;
    let Some((plan, conversation, requester, name)) = there else { return Ok(()) };
    let origin = Origin {
        plan: PlanId(plan),
        conversation: ConversationId(conversation),
        requester: PersonId(requester),
        step: STEP,
    };
    let card = card(&name);
    // A plan may have started several deals: each says its own.
    let slot = format!("{slot}-{}", deal.0.simple());
    messages::say(tx, ids, origin, &Say { slot, to: Audience::Thread, card, urgency: Urgency::Reply }).await
}

/// Takes a note over from a CRM.
pub async fn add_note(
    tx: &mut Tx,
    (note, deal): (NoteId, DealId),
    (by, text): (PersonId, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    deals::add_note(tx, note, deal, (by, text), now).await
}

/// Writes down what a CRM caused.
pub async fn note_down(
    tx: &mut Tx,
    provider: &str,
    (action, subject): (&'static str, &str),
    detail: Value,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let actor = format!("crm:{provider}");
    audit::append(tx, Act { at: now, actor: &actor, action, subject, detail }).await
}
