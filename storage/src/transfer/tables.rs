//! Which tables move and which stay, and what the catalogue says about those that move.

use std::collections::{BTreeMap, BTreeSet};

use super::Failure;
use crate::db::Tx;

/// What moves. A new table of tenants stands here or in [`LEFT`]; a test says so.
pub const KEPT: &[&str] = &[
    "people",
    "identities",
    "conversations",
    "plans",
    "steps",
    "approvals",
    "approval_policies",
    "screening_rules",
    "security_events",
    "approval_delegations",
    "approval_votes",
    "approval_reminders",
    "approval_escalations",
    "messages",
    "partners",
    "deals",
    "stage_changes",
    "notes",
    "documents",
    "versions",
    "playbooks",
    "analyses",
    "extractions",
    "findings",
    "review_items",
    "answers",
    "acceptances",
    "clauses",
    "reminders",
    "features",
    "model_versions",
    "model_moves",
    "impressions",
    "labels",
    "datasets",
    "learning_runs",
    "mails",
    "audit_entries",
    "audit_heads",
    "events",
    "subscriptions",
    "connections",
    "crm_records",
    "crm_cursors",
    "envelopes",
    "enrichments",
    "enrichment_calls",
    "llm_calls",
    "llm_rules",
];

/// What stays, and why.
pub const LEFT: &[(&str, &str)] = &[
    ("tenants", "one row, whose name and number stand in the manifest"),
    ("workspaces", "holds the tokens of chats: connect them again"),
    ("credentials", "opens doors: links, sessions and tokens are made anew"),
    ("inbox", "a queue of raw messages: what they asked for stands in plans"),
    ("outbox", "a queue: two installations would both send"),
    ("effects", "a queue: two installations would both write to vendors"),
    ("holds", "requests that wait on this installation: their steps wait here"),
    ("envelope_messages", "a queue of raw messages: what they told stands in envelopes"),
    ("idempotency", "answers to repeat for some hours"),
    ("mailboxes", "how far a mailbox of this installation is read"),
    ("homes", "what a chat shows at the moment, drawn anew"),
    ("crm_outcomes", "figures of the last minutes"),
    ("llm_spend", "holds of calls under way; what was spent stands in llm_calls"),
    ("llm_cache", "answers that can be asked for again"),
];

/// Columns that stay: secrets, leases.
const SECRET: &[(&str, &str)] = &[
    ("connections", "secrets"),
    ("connections", "token"),
    ("connections", "token_expires_at"),
    ("connections", "renewing_until"),
    ("subscriptions", "secret"),
    ("steps", "lease_until"),
    ("steps", "worker"),
    ("crm_cursors", "lease_until"),
];

/// Columns that are written otherwise: what needs its secret waits for it, what was under way is begun again.
const SAID: &[(&str, &str, &str)] = &[
    ("connections", "state", "'revoked'"),
    ("subscriptions", "state", "CASE WHEN way = 'webhook' AND state = 'active' THEN 'paused' ELSE state END"),
    ("steps", "state", "CASE state WHEN 'running' THEN 'queued' ELSE state END"),
];

/// What stands in a column that was left out and may not be empty.
const FILLED: &[(&str, &str, &str)] = &[("connections", "secrets", "'\\x'::bytea")];

/// A table as it moves.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: String,
    /// Columns that are in the file, in the table's order.
    columns: Vec<String>,
    /// What rows are sorted by, in SQL.
    key: Vec<String>,
    /// Rows point at rows of the same table, so all go in at once.
    pub(super) is_knotted: bool,
}

impl Table {
    /// Reads it as lines of JSON, in the order of its key.
    pub(super) fn reading(&self) -> String {
        let said = |column: &String| {
            let found = SAID.iter().find(|(table, name, _)| *table == self.name && name == column);
            found.map_or(quoted(column), |(_, _, sql)| format!("{sql} AS {}", quoted(column)))
        };
        let columns: Vec<String> = self.columns.iter().map(said).collect();
        format!(
            "SELECT row_to_json(r)::text FROM (SELECT {} FROM {} t ORDER BY {}) r",
            columns.join(", "),
            quoted(&self.name),
            self.key.join(", ")
        )
    }

    /// Writes rows, given as one array of JSON.
    pub(super) fn writing(&self) -> String {
        let filled: Vec<_> = FILLED.iter().filter(|(table, ..)| *table == self.name).collect();
        let columns: Vec<String> = self.columns.iter().map(|name| quoted(name)).collect();
        let more = filled.iter().map(|(_, name, _)| quoted(name));
        let names: Vec<String> = columns.iter().cloned().chain(more).collect();
        let values: Vec<String> =
            columns.into_iter().chain(filled.iter().map(|(_, _, sql)| (*sql).to_owned())).collect();
        let table = quoted(&self.name);
        format!(
            "INSERT INTO {table} ({}) SELECT {} FROM json_populate_recordset(NULL::{table}, $1::json)",
            names.join(", "),
            values.join(", ")
        )
    }
}

pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The kept tables, those first that others point at.
pub(super) async fn ordered(tx: &mut Tx) -> Result<Vec<Table>, Failure> {
    let kept: Vec<&str> = KEPT.to_vec();
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT c.relname::text, a.attname::text FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              AND a.attgenerated = '' AND a.attidentity = ''
         WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY ($1) ORDER BY c.relname, a.attnum",
    )
    .bind(&kept)
    .fetch_all(&mut **tx)
    .await?;
    let keys: Vec<(String, String, bool)> = sqlx::query_as(
        "SELECT c.relname::text, a.attname::text, a.atttypid = 'text'::regtype FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
         CROSS JOIN unnest(i.indkey) WITH ORDINALITY k (attnum, place)
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
         WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY ($1) ORDER BY c.relname, k.place",
    )
    .bind(&kept)
    .fetch_all(&mut **tx)
    .await?;
    let arrows: Vec<(String, String)> = sqlx::query_as(
        "SELECT DISTINCT f.relname::text, t.relname::text FROM pg_constraint k
         JOIN pg_class f ON f.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
         WHERE k.contype = 'f' AND f.relname = ANY ($1) AND t.relname = ANY ($1)",
    )
    .bind(&kept)
    .fetch_all(&mut **tx)
    .await?;
    let mut found: BTreeMap<String, Table> = BTreeMap::new();
    for (name, column) in columns {
        let table = found.entry(name.clone()).or_insert_with(|| Table {
            is_knotted: arrows.iter().any(|(from, to)| *from == name && *to == name),
            name,
            columns: Vec::new(),
            key: Vec::new(),
        });
        if !SECRET.contains(&(table.name.as_str(), column.as_str())) {
            table.columns.push(column);
        }
    }
    for (name, column, is_text) in keys {
        if let Some(table) = found.get_mut(&name) {
            // Every server sorts bytes alike.
            let order = if is_text { " COLLATE \"C\"" } else { "" };
            table.key.push(format!("t.{}{order}", quoted(&column)));
        }
    }
    sorted(found, &arrows)
}

fn sorted(mut found: BTreeMap<String, Table>, arrows: &[(String, String)]) -> Result<Vec<Table>, Failure> {
    let (mut done, mut all) = (BTreeSet::new(), Vec::new());
    while !found.is_empty() {
        let is_free =
            |name: &String| arrows.iter().all(|(from, to)| from != name || to == name || done.contains(to));
        let Some(next) = found.keys().find(|name| is_free(name)).cloned() else {
            return Err(Failure::Unfit("tables point at each other in a circle".to_owned()));
        };
        done.insert(next.clone());
        all.extend(found.remove(&next));
    }
    Ok(all)
}
