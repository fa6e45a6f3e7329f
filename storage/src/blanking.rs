//! Blanks what was said and must not be kept, wherever it is stored.

use domain::ids::PlanId;
use domain::intent::Intent;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;

/// What the blanked message was, without its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blanked {
    /// How long it was as it came.
    pub bytes: usize,
    /// Its SHA-256 in lower-case hex.
    pub sha256: String,
}

/// Blanks a plan's message as it came, and passes all texts of plan and steps through `clean`.
pub async fn blank(tx: &mut Tx, plan: PlanId, clean: impl Fn(&str) -> String) -> Result<Blanked, Error> {
    // The plan has the number of its message.
    let body: Option<Vec<u8>> = sqlx::query_scalar("SELECT body FROM inbox WHERE inbound_id = $1")
        .bind(plan.0)
        .fetch_optional(&mut **tx)
        .await?;
    let body = body.unwrap_or_default();
    let blanked = Blanked { bytes: body.len(), sha256: hex::encode(Sha256::digest(&body)) };
    let left = json!({ "blanked": true, "bytes": blanked.bytes, "sha256": blanked.sha256 });
    empty_message(tx, plan, &left).await?;
    let (said, intent): (String, Value) =
        sqlx::query_as("SELECT said, intent FROM plans WHERE plan_id = $1 FOR UPDATE")
            .bind(plan.0)
            .fetch_one(&mut **tx)
            .await?;
    sqlx::query("UPDATE plans SET said = $2, intent = $3 WHERE plan_id = $1")
        .bind(plan.0)
        .bind(clean(&said))
        .bind(cleaned(intent, &clean))
        .execute(&mut **tx)
        .await?;
    let steps: Vec<(Uuid, Value)> = sqlx::query_as("SELECT step_id, input FROM steps WHERE plan_id = $1")
        .bind(plan.0)
        .fetch_all(&mut **tx)
        .await?;
    for (step, input) in steps {
        sqlx::query("UPDATE steps SET input = $2 WHERE step_id = $1")
            .bind(step)
            .bind(cleaned(input, &clean))
            .execute(&mut **tx)
            .await?;
    }
    Ok(blanked)
}

/// Puts other words and another intent in the place of what a plan's message said, and empties the message as it
/// came. Nothing is left by which the words could be guessed.
pub async fn replace(tx: &mut Tx, plan: PlanId, (said, intent): (&str, &Intent)) -> Result<(), Error> {
    empty_message(tx, plan, &json!({ "blanked": true })).await?;
    sqlx::query("UPDATE plans SET said = $2, intent = $3 WHERE plan_id = $1")
        .bind(plan.0)
        .bind(said)
        .bind(sqlx::types::Json(intent))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn empty_message(tx: &mut Tx, plan: PlanId, left: &Value) -> Result<(), Error> {
    sqlx::query("UPDATE inbox SET body = $2 WHERE inbound_id = $1")
        .bind(plan.0)
        .bind(left.to_string().into_bytes())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A value with each of its texts cleaned; names of fields stay.
fn cleaned(value: Value, clean: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(clean(&text)),
        Value::Array(all) => all.into_iter().map(|one| cleaned(one, clean)).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, cleaned(value, clean))).collect()
        }
        other => other,
    }
}
