//! People of a tenant and the names they go by on channels.

use domain::ids::{PersonId, TenantId};
use domain::person::{Channel, Person, Role};
use uuid::Uuid;

use crate::db::{Db, Tx};
use crate::error::Error;

type Row = (Uuid, Uuid, String, Option<String>, String);

fn read((id, tenant, name, email, role): Row) -> Result<Person, Error> {
    let role = Role::from_name(&role).ok_or_else(|| Error::unreadable("role", &role))?;
    Ok(Person { id: PersonId(id), tenant: TenantId(tenant), name, email, role })
}

/// A name on a channel: channel, workspace, and the channel's own key of the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Which channel.
    pub channel: Channel,
    /// The channel's workspace.
    pub workspace: String,
    /// E.g. a Slack user id.
    pub external_id: String,
}

/// The active person behind a channel's name, if known.
pub async fn by_identity(tx: &mut Tx, identity: &Identity) -> Result<Option<Person>, Error> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT p.person_id, p.tenant_id, p.name, p.email, p.role
         FROM identities i JOIN people p USING (tenant_id, person_id)
         WHERE i.channel = $1 AND i.workspace = $2 AND i.external_id = $3 AND p.is_active",
    )
    .bind(identity.channel.name())
    .bind(&identity.workspace)
    .bind(&identity.external_id)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(read).transpose()
}

/// The active person with an address.
pub async fn by_email(tx: &mut Tx, email: &str) -> Result<Option<Person>, Error> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT person_id, tenant_id, name, email, role FROM people WHERE email = $1 AND is_active",
    )
    .bind(email.to_lowercase())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(read).transpose()
}

/// One active person.
pub async fn get(tx: &mut Tx, person: PersonId) -> Result<Option<Person>, Error> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT person_id, tenant_id, name, email, role FROM people WHERE person_id = $1 AND is_active",
    )
    .bind(person.0)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(read).transpose()
}

/// All active people, by name.
pub async fn list(tx: &mut Tx) -> Result<Vec<Person>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT person_id, tenant_id, name, email, role FROM people WHERE is_active ORDER BY name, person_id",
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(read).collect()
}

/// Active people whose name or address is the given text, or whose channel key it is.
pub async fn matching(tx: &mut Tx, text: &str) -> Result<Vec<Person>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT DISTINCT p.person_id, p.tenant_id, p.name, p.email, p.role
         FROM people p LEFT JOIN identities i USING (tenant_id, person_id)
         WHERE p.is_active AND (lower(p.name) = lower($1) OR p.email = lower($1) OR i.external_id = $1
            OR split_part(lower(p.name), ' ', 1) = lower($1) OR split_part(p.email, '@', 1) = lower($1))",
    )
    .bind(text.trim().trim_start_matches('@'))
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(read).collect()
}

/// Active people who may decide, without the requester, by name.
pub async fn approvers(tx: &mut Tx, without: PersonId) -> Result<Vec<Person>, Error> {
    let people = list(tx).await?;
    Ok(people.into_iter().filter(|p| p.role >= Role::Approver && p.id != without).collect())
}

/// Adds a person. Errors: [`Error::Conflict`] when the tenant has one with this address.
pub async fn add(tx: &mut Tx, person: &Person) -> Result<(), Error> {
    let done = sqlx::query(
        "INSERT INTO people (person_id, tenant_id, name, email, role) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING",
    )
    .bind(person.id.0)
    .bind(person.tenant.0)
    .bind(&person.name)
    .bind(person.email.as_ref().map(|email| email.to_lowercase()))
    .bind(person.role.name())
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict("person")) }
}

/// Gives a person a role.
pub async fn set_role(tx: &mut Tx, person: PersonId, role: Role) -> Result<(), Error> {
    let done = sqlx::query("UPDATE people SET role = $2 WHERE person_id = $1 AND is_active")
        .bind(person.0)
        .bind(role.name())
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Missing("person")) }
}

/// Takes a person out of the team; what that person did stays. Sessions, links and tokens end at once.
pub async fn deactivate(tx: &mut Tx, person: PersonId) -> Result<(), Error> {
    let done = sqlx::query("UPDATE people SET is_active = false WHERE person_id = $1 AND is_active")
        .bind(person.0)
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() != 1 {
        return Err(Error::Missing("person"));
    }
    sqlx::query("DELETE FROM credentials WHERE person_id = $1").bind(person.0).execute(&mut **tx).await?;
    Ok(())
}

/// Whether a channel's name or an address belongs to somebody who was taken out of the team.
pub async fn has_left(tx: &mut Tx, identity: &Identity, email: Option<&str>) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM identities i JOIN people p USING (tenant_id, person_id)
                        WHERE i.channel = $1 AND i.workspace = $2 AND i.external_id = $3 AND NOT p.is_active)
             OR EXISTS (SELECT 1 FROM people WHERE email = $4 AND NOT is_active)",
    )
    .bind(identity.channel.name())
    .bind(&identity.workspace)
    .bind(&identity.external_id)
    .bind(email.map(str::to_lowercase))
    .fetch_one(&mut **tx)
    .await?)
}

/// Whether anybody is known by a name on another channel than this, or by a mail address.
pub async fn are_known_elsewhere(tx: &mut Tx, channel: Channel) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM identities WHERE channel <> $1)
             OR EXISTS (SELECT 1 FROM people WHERE email IS NOT NULL)",
    )
    .bind(channel.name())
    .fetch_one(&mut **tx)
    .await?)
}

/// Links a channel's name to a person; a name that is linked already stays as it is.
pub async fn link(tx: &mut Tx, person: PersonId, identity: &Identity) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO identities (tenant_id, channel, workspace, external_id, person_id)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .bind(identity.channel.name())
    .bind(&identity.workspace)
    .bind(&identity.external_id)
    .bind(person.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The names a person goes by on channels.
pub async fn identities(tx: &mut Tx, person: PersonId) -> Result<Vec<Identity>, Error> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT channel, workspace, external_id FROM identities WHERE person_id = $1 ORDER BY created_at",
    )
    .bind(person.0)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|(channel, workspace, external_id)| {
            let channel =
                Channel::from_name(&channel).ok_or_else(|| Error::unreadable("channel", &channel))?;
            Ok(Identity { channel, workspace, external_id })
        })
        .collect()
}

/// How many people a tenant has.
pub async fn count(db: &Db, tenant: TenantId) -> Result<i64, Error> {
    let mut tx = db.tenant(tenant).begin().await?;
    Ok(sqlx::query_scalar("SELECT count(*) FROM people WHERE is_active").fetch_one(&mut *tx).await?)
}
