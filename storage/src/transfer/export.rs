//! Writes everything of a team into a folder: one file of JSON lines a table, the originals, a manifest at the end.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use sha2::{Digest as _, Sha256};
use sqlx::AssertSqlSafe;

use super::tables::{self, Table};
use super::{FORMAT, Failure, FileFacts, MANIFEST, Manifest, ORIGINALS, at, schema};
use crate::db::{Db, Tx};
use crate::objects::{self, Digest, Objects};

/// Rows read at once.
const PAGE: usize = 500;
/// The file of those companies of the shared directory that the team has to do with.
pub(super) const COMPANIES: &str = "companies";
/// Reads them: without what is derived.
const IN_USE: &str = "SELECT row_to_json(r)::text FROM (
        SELECT id, source, name, description, sector, industry_group, industry, category, country, state, city, domain,
               market_cap, founded_year, status, funding_total_usd, funding_rounds, last_funding_at, tickers, lei, tags
        FROM companies WHERE id IN (SELECT company_id FROM partners UNION SELECT company_id FROM impressions
                                    UNION SELECT entity FROM features) ORDER BY id) r";

/// Writes a team as it is at one moment. The manifest comes last: a folder without one is no export.
///
/// # Errors
/// [`Failure::Occupied`], [`Failure::File`], and when the database or the place of originals fails.
pub async fn write(
    db: &Db,
    objects: &Objects,
    (tenant, folder): (TenantId, &Path),
    now: DateTime<Utc>,
) -> Result<Manifest, Failure> {
    fs::create_dir_all(folder.join(ORIGINALS)).map_err(at(folder))?;
    let held = fs::read_dir(folder).map_err(at(folder))?.count();
    if held > 1 {
        return Err(Failure::Occupied(folder.to_owned()));
    }
    // Contracts, and who said what of them.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(at(folder))?;
    let mut tx = db.tenant(tenant).begin_reading().await?;
    let name: String = sqlx::query_scalar("SELECT name FROM tenants").fetch_one(&mut *tx).await?;
    let mut files = BTreeMap::new();
    for table in tables::ordered(&mut tx).await? {
        let facts = rows(&mut tx, &table.reading(), &file_of(folder, &table)).await?;
        files.insert(table.name, facts);
    }
    let companies = folder.join(format!("{COMPANIES}.jsonl"));
    files.insert(COMPANIES.to_owned(), rows(&mut tx, IN_USE, &companies).await?);
    let wanted: Vec<String> = sqlx::query_scalar("SELECT DISTINCT sha256 FROM versions ORDER BY sha256")
        .fetch_all(&mut *tx)
        .await?;
    drop(tx);
    let (mut originals, mut lost) = (BTreeMap::new(), Vec::new());
    for sha256 in wanted {
        let digest: Digest = sha256.parse().map_err(|error| crate::Error::unreadable("version", error))?;
        match objects.get(tenant, digest).await {
            Ok(bytes) => {
                let path = folder.join(ORIGINALS).join(&sha256);
                fs::write(&path, &bytes).map_err(at(&path))?;
                originals.insert(sha256, bytes.len() as u64);
            }
            Err(objects::Error::Missing(_) | objects::Error::Damaged(_)) => lost.push(sha256),
            Err(error) => return Err(error.into()),
        }
    }
    let manifest =
        Manifest { format: FORMAT, schema: schema(), tenant, name, at: now, files, originals, lost };
    let text = serde_json::to_string_pretty(&manifest)
        .map_err(|error| crate::Error::unreadable("manifest", error))?;
    let path = folder.join(MANIFEST);
    fs::write(&path, text + "\n").map_err(at(&path))?;
    Ok(manifest)
}

pub(super) fn file_of(folder: &Path, table: &Table) -> std::path::PathBuf {
    folder.join(format!("{}.jsonl", table.name))
}

async fn rows(tx: &mut Tx, sql: &str, path: &Path) -> Result<FileFacts, Failure> {
    let mut file = BufWriter::new(File::create(path).map_err(at(path))?);
    let (mut hash, mut rows) = (Sha256::new(), 0);
    sqlx::query(AssertSqlSafe(format!("DECLARE reader NO SCROLL CURSOR FOR {sql}")))
        .execute(&mut **tx)
        .await?;
    loop {
        let page: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("FETCH {PAGE} FROM reader")))
            .fetch_all(&mut **tx)
            .await?;
        for row in &page {
            // A column of type json keeps its text, line ends between its parts too; inside of strings there are none.
            let line = row.replace(['\n', '\r'], " ") + "\n";
            hash.update(&line);
            file.write_all(line.as_bytes()).map_err(at(path))?;
            rows += 1;
        }
        if page.len() < PAGE {
            break;
        }
    }
    sqlx::query("CLOSE reader").execute(&mut **tx).await?;
    file.into_inner().map_err(|error| at(path)(error.into_error()))?.sync_all().map_err(at(path))?;
    Ok(FileFacts { rows, sha256: hex::encode(hash.finalize()) })
}
