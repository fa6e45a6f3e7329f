//! Everything of a team as files, and back: for moving to another installation, for keeping, for looking at elsewhere.

pub mod export;
pub mod import;
pub mod tables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use serde::{Deserialize, Serialize};

use crate::objects;

/// The form of the files; another number is another form.
pub const FORMAT: u32 = 1;
/// The list of what there is.
pub const MANIFEST: &str = "manifest.json";
/// The folder of the original documents, each named by its SHA-256.
pub const ORIGINALS: &str = "originals";

/// What an export holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// See [`FORMAT`].
    pub format: u32,
    /// The last migration of the schema it was read from.
    pub schema: i64,
    /// Whose it is.
    pub tenant: TenantId,
    /// What the team is called.
    pub name: String,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// The files of rows, by name.
    pub files: BTreeMap<String, FileFacts>,
    /// The originals, by SHA-256 in hex, with their length in bytes.
    pub originals: BTreeMap<String, u64>,
    /// Originals that are named by a row and were not there any more.
    pub lost: Vec<String>,
}

/// One file of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Lines.
    pub rows: u64,
    /// Of its bytes, hex.
    pub sha256: String,
}

/// Why a team was not moved; nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The folder to write to is not empty.
    #[error("{0} is not empty: name a folder that is empty or does not exist yet")]
    Occupied(PathBuf),
    /// The team there has rows already.
    #[error(
        "there is a team already ({0} has rows): import only into a fresh installation or an empty database"
    )]
    NotEmpty(String),
    /// The files are of another form, or of another version of the schema.
    #[error("{0}")]
    Unfit(String),
    /// A file is missing, cut off or altered.
    #[error("{0} is not what the manifest says: copy the export again")]
    Altered(String),
    /// A file cannot be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The place where originals are kept failed.
    #[error(transparent)]
    Objects(#[from] objects::Error),
    /// The database failed or refused a row.
    #[error(transparent)]
    Storage(#[from] crate::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Storage(error.into())
    }
}

/// Says which file a failure was about.
fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Failure + '_ {
    move |cause| Failure::File { path: path.to_owned(), cause }
}

/// The last migration of the schema, which every opened database has.
fn schema() -> i64 {
    crate::db::MIGRATIONS.iter().map(|one| one.version).max().unwrap_or(0)
}
