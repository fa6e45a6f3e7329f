//! Following a CRM: what changed there becomes ours, what changed here is written there.

pub mod access;
mod inbound;
mod outbound;
mod records;

use std::time::Duration;

use domain::clock::Clock;
use domain::crm::Object;
use domain::crm::map::Map;
use domain::ids::{Ids, TenantId};
use integrations::CallError;
use integrations::crm::{Crm, Wanted};
use serde_json::json;
use storage::{Db, connections};

use crate::failpoint::FailPoints;

pub use inbound::{Followed, Reconciled};
pub use outbound::Came;
pub use records::Tally;

/// How often a call that failed in passing is made again before the walk waits for its next turn.
const TRIES: u32 = 5;
/// The longest that a walk waits for a provider that asks to wait, seconds; beyond it the next turn goes on.
const WAIT_MAX_S: u64 = 30;

/// Why following had to stop.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The CRM.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Our database.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// One tenant's connection to one CRM, at work.
#[derive(Clone)]
pub struct Sync {
    /// Where our own state is.
    pub db: Db,
    /// Numbers.
    pub ids: Ids,
    /// The time.
    pub clock: Clock,
    /// Whose.
    pub tenant: TenantId,
    /// The CRM.
    pub crm: Crm,
    /// What means what.
    pub map: Map,
    /// Where a test may end the process.
    pub points: FailPoints,
}

impl Sync {
    fn provider(&self) -> &'static str {
        self.crm.name()
    }

    /// The fields that are read of an object.
    fn wanted(&self, object: Object) -> Wanted {
        let is_hubspot = self.provider() == "hubspot";
        let own = |hubspot: &[&str], salesforce: &[&str]| {
            let names = if is_hubspot { hubspot } else { salesforce };
            names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>()
        };
        let mapped = self.map.rules(object).map(|rule| rule.theirs.clone());
        let fields = match object {
            Object::Company => mapped.collect(),
            Object::Deal => mapped.chain(self.map.shown.iter().cloned()).collect(),
            Object::Contact => own(&["firstname", "lastname", "email"], &["Name", "Email"]),
            Object::Note => own(&["hs_note_body"], &["Description"]),
        };
        Wanted { object, fields }
    }

    /// The field that keeps a note's text.
    fn note_field(&self) -> &'static str {
        if self.provider() == "hubspot" { "hs_note_body" } else { "Description" }
    }

    /// Makes a call that only reads, again when it failed in passing.
    async fn patiently<T, F: Future<Output = Result<T, CallError>>>(
        &self,
        call: impl Fn() -> F,
    ) -> Result<T, CallError> {
        let mut tried = 1;
        loop {
            let error = match call().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let wait = match &error {
                CallError::RateLimited { after_s } if *after_s <= WAIT_MAX_S => Duration::from_secs(*after_s),
                CallError::RateLimited { .. } => return Err(error),
                _ if error.is_passing() => Duration::from_millis(50 << tried),
                _ => return Err(error),
            };
            if tried >= TRIES {
                return Err(error);
            }
            tried += 1;
            tokio::time::sleep(wait).await;
        }
    }

    /// Leaves a field out that the CRM no longer has; the others go on. False when it is none of ours.
    async fn park(&mut self, field: &str, why: &str) -> Result<bool, storage::Error> {
        if !self.map.park(field, why) {
            return Ok(false);
        }
        tracing::warn!(field, why, provider = self.provider(), "a CRM's field is left out from now on");
        let mut tx = self.db.tenant(self.tenant).begin().await?;
        let all = connections::list(&mut tx).await?;
        if let Some(status) = all.into_iter().find(|status| status.provider == self.crm.name()) {
            let mut settings = status.settings;
            settings["map"] = json!(self.map);
            connections::set(&mut tx, self.crm.name(), &settings).await?;
        }
        let detail = json!({ "field": field, "why": why });
        let subject = format!("connection:{}", self.provider());
        let act = ("crm.field_parked", subject.as_str());
        storage::crm::apply::note_down(&mut tx, self.provider(), act, detail, self.clock.now()).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The field that a refused read names, among those we asked for.
    fn blamed(&self, object: Object, error: &CallError) -> Option<(String, String)> {
        let CallError::Refused { reason, .. } = error else { return None };
        if !reason.contains("No such column") && !reason.contains("INVALID_FIELD") {
            return None;
        }
        let named = self.wanted(object).fields.into_iter().find(|name| reason.contains(&format!("'{name}'")));
        named.map(|name| (name, reason.clone()))
    }
}
