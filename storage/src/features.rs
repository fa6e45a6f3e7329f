//! Features over time: written when they change, read as of a time at which both the fact and our knowledge of it
//! had come about.

use chrono::{DateTime, Utc};
use domain::feature::{Feature, Known, Values};

use crate::db::Tx;
use crate::error::Error;

/// Keeps values that hold from `event_at`; those equal to the newest kept ones are not kept again. Gives how many
/// rows that were.
pub async fn write(
    tx: &mut Tx,
    rows: &[(String, Feature, Option<f64>)],
    event_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    let tenant = tx.tenant();
    let entities: Vec<&str> = rows.iter().map(|(entity, ..)| entity.as_str()).collect();
    let features: Vec<&str> = rows.iter().map(|(_, feature, _)| feature.name()).collect();
    let values: Vec<Option<f64>> = rows.iter().map(|(.., value)| *value).collect();
    let done = sqlx::query(
        "INSERT INTO features (tenant_id, entity, feature, value, event_at, created_at)
         SELECT $1, n.entity, n.feature, n.value, $5, $6
         FROM unnest($2::text[], $3::text[], $4::float8[]) AS n (entity, feature, value)
              LEFT JOIN LATERAL (
                  SELECT f.value FROM features f
                  WHERE f.tenant_id = $1 AND f.entity = n.entity AND f.feature = n.feature
                  ORDER BY f.event_at DESC, f.created_at DESC LIMIT 1) newest ON true
         WHERE newest.value IS DISTINCT FROM n.value
         ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .bind(entities)
    .bind(features)
    .bind(values)
    .bind(event_at)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// The values of each entity as of its time: of what had happened by then and was known by then, the newest. The
/// answer is in the order asked.
pub async fn as_of(tx: &mut Tx, asked: &[(String, DateTime<Utc>)]) -> Result<Vec<Values>, Error> {
    let tenant = tx.tenant();
    let entities: Vec<&str> = asked.iter().map(|(entity, _)| entity.as_str()).collect();
    let times: Vec<DateTime<Utc>> = asked.iter().map(|(_, at)| *at).collect();
    let features: Vec<&str> = Feature::ALL.iter().map(|feature| feature.name()).collect();
    let rows: Vec<(i64, String, Option<f64>)> = sqlx::query_as(
        "SELECT q.nth, n.feature, f.value
         FROM unnest($2::text[], $3::timestamptz[]) WITH ORDINALITY AS q (entity, at, nth)
              CROSS JOIN unnest($4::text[]) AS n (feature)
              JOIN LATERAL (
                  SELECT f.value FROM features f
                  WHERE f.tenant_id = $1 AND f.entity = q.entity AND f.feature = n.feature
                    AND f.event_at <= q.at AND f.created_at <= q.at
                  ORDER BY f.event_at DESC, f.created_at DESC LIMIT 1) f ON true",
    )
    .bind(tenant.0)
    .bind(entities)
    .bind(times)
    .bind(features)
    .fetch_all(&mut **tx)
    .await?;
    let mut values = vec![[None; 8]; asked.len()];
    for (nth, feature, value) in rows {
        let feature = Feature::from_name(&feature).ok_or_else(|| Error::unreadable("feature", &feature))?;
        let place = usize::try_from(nth - 1).map_err(|cause| Error::unreadable("feature", cause))?;
        if let Some(row) = values.get_mut(place) {
            row[feature.place()] = value;
        }
    }
    Ok(values)
}

/// Every value ever kept of an entity, oldest first.
pub async fn history(tx: &mut Tx, entity: &str) -> Result<Vec<Known>, Error> {
    type Row = (String, Option<f64>, DateTime<Utc>, DateTime<Utc>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT feature, value, event_at, created_at FROM features WHERE tenant_id = $1 AND entity = $2
         ORDER BY event_at, created_at, feature",
    )
    .bind(tx.tenant().0)
    .bind(entity)
    .fetch_all(&mut **tx)
    .await?;
    let known = rows.into_iter().map(|(name, value, event_at, created_at)| {
        let feature = Feature::from_name(&name).ok_or_else(|| Error::unreadable("feature", &name))?;
        Ok(Known { entity: entity.to_owned(), feature, value, event_at, created_at })
    });
    known.collect()
}

/// How the store is filled: for each feature how many entities have a value, and when one last changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// The feature.
    pub feature: Feature,
    /// Entities whose newest value is known.
    pub known: i64,
    /// Entities whose newest value is missing.
    pub missing: i64,
    /// When a value last changed.
    pub changed_at: Option<DateTime<Utc>>,
}

/// The coverage of every feature over all partners.
pub async fn coverage(tx: &mut Tx) -> Result<Vec<Coverage>, Error> {
    let names: Vec<&str> = Feature::ALL.iter().map(|feature| feature.name()).collect();
    let rows: Vec<(String, i64, i64, Option<DateTime<Utc>>)> = sqlx::query_as(
        "SELECT n.feature, count(*) FILTER (WHERE f.value IS NOT NULL), count(*) FILTER (WHERE f.value IS NULL),
                max(f.event_at)
         FROM unnest($2::text[]) AS n (feature) CROSS JOIN partners p
              LEFT JOIN LATERAL (
                  SELECT f.value, f.event_at FROM features f
                  WHERE f.tenant_id = $1 AND f.entity = p.company_id AND f.feature = n.feature
                  ORDER BY f.event_at DESC, f.created_at DESC LIMIT 1) f ON true
         WHERE p.tenant_id = $1 GROUP BY n.feature",
    )
    .bind(tx.tenant().0)
    .bind(names)
    .fetch_all(&mut **tx)
    .await?;
    let of = |feature: Feature| {
        let found = rows.iter().find(|(name, ..)| name == feature.name());
        let (known, missing, changed_at) = found.map_or((0, 0, None), |row| (row.1, row.2, row.3));
        Coverage { feature, known, missing, changed_at }
    };
    Ok(Feature::ALL.map(of).to_vec())
}
