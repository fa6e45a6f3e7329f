//! Customer relationship systems: companies, contacts, deals and notes, both ways. What a provider keeps comes in as
//! [`Record`]s, what it is to keep goes out as [`Write`]s by an external id of ours.

mod bulk;
pub mod hubspot;
pub mod oauth;
pub mod salesforce;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::crm::Object;
use serde_json::Value;

use crate::call::CallError;
use hubspot::HubSpot;
use salesforce::Salesforce;

/// A record as a provider keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The provider's id.
    pub id: String,
    /// When the provider last changed it.
    pub modified_at: DateTime<Utc>,
    /// It is deleted there.
    pub is_archived: bool,
    /// Our id of it, when it was written by us.
    pub external_id: Option<String>,
    /// The ids of records that were merged into it.
    pub merged: Vec<String>,
    /// The record that it was merged into.
    pub merged_into: Option<String>,
    /// The fields asked for; what is empty there is empty here.
    pub fields: BTreeMap<String, String>,
    /// What it belongs to.
    pub links: Vec<(Object, String)>,
}

/// Some records of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// By id, ascending.
    pub records: Vec<Record>,
    /// The mark to go on after; none when there are no more.
    pub next: Option<String>,
}

/// Which records, with which of their fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What.
    pub object: Object,
    /// The provider's names of the fields.
    pub fields: Vec<String>,
}

/// When records were modified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Not before; none: ever.
    pub since: Option<DateTime<Utc>>,
    /// Not after.
    pub until: DateTime<Utc>,
}

/// A record to be written: made if the provider has none with our id. Doing it twice changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The provider's id, when it is known; else it is found, or made, by ours.
    pub id: Option<String>,
    /// Our id of it.
    pub external_id: String,
    /// The fields to set; others stay as they are.
    pub fields: BTreeMap<String, String>,
    /// What it belongs to, by the provider's id.
    pub link: Option<(Object, String)>,
}

/// What came of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// The provider has it.
    Done {
        /// The provider's id.
        id: String,
        /// When the provider says it changed, if it says so.
        version: Option<DateTime<Utc>>,
    },
    /// It will not be taken.
    Refused {
        /// The provider's words.
        reason: String,
        /// The field that is to blame, if one is.
        field: Option<String>,
    },
    /// It was not taken this time, e.g. because the record was locked.
    Later {
        /// The provider's words.
        reason: String,
    },
}

/// What a token opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The provider's key of the account.
    pub id: String,
    /// What the token may not do and would have to, in the provider's words.
    pub missing: Vec<String>,
}

/// A CRM that a tenant connected.
#[derive(Debug, Clone)]
pub enum Crm {
    /// HubSpot.
    HubSpot(HubSpot),
    /// Salesforce.
    Salesforce(Salesforce),
}

macro_rules! each {
    ($self:ident, $crm:ident => $call:expr) => {
        match $self {
            Crm::HubSpot($crm) => $call,
            Crm::Salesforce($crm) => $call,
        }
    };
}

impl Crm {
    /// The provider's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::HubSpot(_) => "hubspot",
            Self::Salesforce(_) => "salesforce",
        }
    }

    /// Which account the token opens, and whether it may do all we need.
    pub async fn account(&self) -> Result<Account, CallError> {
        each!(self, crm => crm.account().await)
    }

    /// Makes the external id's field on every object, where it is missing.
    pub async fn prepare(&self) -> Result<(), CallError> {
        each!(self, crm => crm.prepare().await)
    }

    /// All records by id, from the store itself and not from an index that lags.
    pub async fn list(&self, wanted: &Wanted, after: Option<&str>) -> Result<Page, CallError> {
        each!(self, crm => crm.list(wanted, after, false).await)
    }

    /// Deleted records by id.
    pub async fn archived(&self, wanted: &Wanted, after: Option<&str>) -> Result<Page, CallError> {
        each!(self, crm => crm.list(wanted, after, true).await)
    }

    /// Records modified in a window, by id.
    pub async fn changed(
        &self,
        wanted: &Wanted,
        window: Window,
        after: Option<&str>,
    ) -> Result<Page, CallError> {
        each!(self, crm => crm.changed(wanted, window, after).await)
    }

    /// Records by our ids; those that the provider does not have are left out.
    pub async fn find(&self, wanted: &Wanted, external: &[String]) -> Result<Vec<Record>, CallError> {
        each!(self, crm => crm.read(wanted, external, true).await)
    }

    /// Records by the provider's ids; those that it does not have are left out.
    pub async fn read(&self, wanted: &Wanted, ids: &[String]) -> Result<Vec<Record>, CallError> {
        each!(self, crm => crm.read(wanted, ids, false).await)
    }

    /// Writes records, in their order; the answer has one entry for each.
    pub async fn write(&self, object: Object, writes: &[Write]) -> Result<Vec<Written>, CallError> {
        each!(self, crm => crm.write(object, writes).await)
    }
}

/// A field's value as text: what is missing and what is empty are the same.
fn text_of(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn garbage(what: &str) -> CallError {
    CallError::Garbage { cause: what.to_owned() }
}
