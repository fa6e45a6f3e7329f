//! All state: the only crate with SQL. Concrete types, one file per noun.

pub mod acceptances;
pub mod analyses;
pub mod approvals;
pub mod audit;
pub mod blanking;
pub mod changes;
pub mod checkup;
pub mod clauses;
pub mod conversations;
pub mod credentials;
pub mod db;
pub mod deals;
pub mod directory;
pub mod documents;
pub mod embedded;
pub mod error;
pub mod idempotency;
pub mod inbox;
pub mod limits;
pub mod mails;
pub mod messages;
pub mod objects;
pub mod outbox;
pub mod people;
pub mod playbooks;
pub mod plans;
pub mod probe;
pub mod relocation;
pub mod renewals;
pub mod reviews;
pub mod seal;
pub mod steps;
pub mod submission;
pub mod workspaces;

pub use db::{Access, Db, Tx};
pub use error::Error;
