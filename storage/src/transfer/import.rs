//! Reads an export into an installation that has no team yet: all of it or nothing, with the numbers it had.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;

use domain::ids::TenantId;
use sha2::{Digest as _, Sha256};
use sqlx::AssertSqlSafe;

use super::export::{COMPANIES, file_of};
use super::tables::{self, Table, quoted};
use super::{FORMAT, Failure, FileFacts, MANIFEST, Manifest, ORIGINALS, at, schema};
use crate::db::{Db, Tx};
use crate::objects::{Digest, Objects};
use crate::workspaces;

/// Rows go in by portions of about so many bytes.
const PORTION: usize = 8 * 1024 * 1024;

/// Puts companies into the shared directory that it does not know; its own stay as they are.
const ADD_COMPANIES: &str = "INSERT INTO companies (id, source, name, description, sector, industry_group, industry,
        category, country, state, city, domain, market_cap, founded_year, status, funding_total_usd, funding_rounds,
        last_funding_at, tickers, lei, tags)
    SELECT id, source, name, description, sector, industry_group, industry, category, country, state, city, domain,
           market_cap, founded_year, status, funding_total_usd, funding_rounds, last_funding_at, tickers, lei, tags
    FROM json_populate_recordset(NULL::companies, $1::json) ON CONFLICT DO NOTHING";

/// Reads the manifest and checks every file against it. Nothing is changed.
///
/// # Errors
/// [`Failure::Unfit`], [`Failure::Altered`], [`Failure::File`].
pub fn check(folder: &Path) -> Result<Manifest, Failure> {
    let path = folder.join(MANIFEST);
    let text = fs::read_to_string(&path).map_err(at(&path))?;
    let manifest: Manifest = serde_json::from_str(&text)
        .map_err(|error| Failure::Unfit(format!("{} cannot be read: {error}", path.display())))?;
    if manifest.format != FORMAT {
        return Err(Failure::Unfit(format!(
            "the export has format {}, this program reads format {FORMAT}",
            manifest.format
        )));
    }
    let ours = schema();
    if manifest.schema != ours {
        return Err(Failure::Unfit(format!(
            "the export is of schema {}, this program has {ours}: use the same version of Dealdesk on both sides",
            manifest.schema
        )));
    }
    let known = |name: &str| name == COMPANIES || tables::KEPT.contains(&name);
    if let Some(odd) = manifest.files.keys().find(|name| !known(name)) {
        return Err(Failure::Unfit(format!("the export names {odd}, which is not known here")));
    }
    for (name, facts) in &manifest.files {
        let path = folder.join(format!("{name}.jsonl"));
        if facts_of(&path)? != *facts {
            return Err(Failure::Altered(path.display().to_string()));
        }
    }
    for (sha256, length) in &manifest.originals {
        let digest: Digest =
            sha256.parse().map_err(|_| Failure::Altered(format!("the original {sha256}")))?;
        let path = folder.join(ORIGINALS).join(digest.to_string());
        let bytes = fs::read(&path).map_err(at(&path))?;
        if Digest::of(&bytes) != digest || bytes.len() as u64 != *length {
            return Err(Failure::Altered(path.display().to_string()));
        }
    }
    Ok(manifest)
}

/// Brings a checked export in. Its originals go first: a row never names one that is not there.
///
/// # Errors
/// [`Failure::NotEmpty`], and when the database refuses a row: nothing of the team is there then.
pub async fn bring(
    db: &Db,
    objects: &Objects,
    (manifest, folder): (&Manifest, &Path),
) -> Result<(), Failure> {
    let tenant = manifest.tenant;
    is_empty(db, tenant).await?;
    for sha256 in manifest.originals.keys() {
        let path = folder.join(ORIGINALS).join(sha256);
        let bytes = fs::read(&path).map_err(at(&path))?;
        if objects.put(tenant, &bytes).await?.to_string() != *sha256 {
            return Err(Failure::Altered(path.display().to_string()));
        }
    }
    workspaces::create_tenant(db, tenant, &manifest.name).await?;
    let path = folder.join(format!("{COMPANIES}.jsonl"));
    for portion in portions(&path, false)? {
        sqlx::query(ADD_COMPANIES).bind(portion?).execute(db.system()).await?;
    }
    sqlx::query("UPDATE directory_version SET version = version + 1, changed_at = now()")
        .execute(db.system())
        .await?;
    let mut tx = db.tenant(tenant).begin().await?;
    for table in tables::ordered(&mut tx).await? {
        if manifest.files.contains_key(&table.name) {
            let rows = put(&mut tx, &table, &file_of(folder, &table)).await?;
            if manifest.files.get(&table.name).map(|facts| facts.rows) != Some(rows) {
                return Err(Failure::Altered(table.name));
            }
        }
    }
    Ok(tx.commit().await?)
}

/// Refuses a tenant of whom there is anything.
async fn is_empty(db: &Db, tenant: TenantId) -> Result<(), Failure> {
    let mut tx = db.tenant(tenant).begin().await?;
    for name in tables::KEPT {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {})", quoted(name));
        if sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *tx).await? {
            return Err(Failure::NotEmpty((*name).to_owned()));
        }
    }
    Ok(())
}

async fn put(tx: &mut Tx, table: &Table, path: &Path) -> Result<u64, Failure> {
    let sql = table.writing();
    let mut rows = 0;
    for portion in portions(path, table.is_knotted)? {
        let done = sqlx::query(AssertSqlSafe(sql.clone())).bind(portion?).execute(&mut **tx).await?;
        rows += done.rows_affected();
    }
    Ok(rows)
}

/// The lines of a file as arrays of JSON, by portions unless all are wanted at once.
fn portions(path: &Path, is_whole: bool) -> Result<impl Iterator<Item = Result<String, Failure>>, Failure> {
    let mut lines = BufReader::new(File::open(path).map_err(at(path))?).lines();
    let path = path.to_owned();
    Ok(std::iter::from_fn(move || {
        let mut portion = String::new();
        for line in lines.by_ref() {
            let line = match line {
                Ok(line) => line,
                Err(error) => return Some(Err(at(&path)(error))),
            };
            portion.push(if portion.is_empty() { '[' } else { ',' });
            portion.push_str(&line);
            if portion.len() > PORTION && !is_whole {
                break;
            }
        }
        (!portion.is_empty()).then(|| Ok(portion + "]"))
    }))
}

fn facts_of(path: &Path) -> Result<FileFacts, Failure> {
    let mut file = BufReader::new(File::open(path).map_err(at(path))?);
    let (mut hash, mut rows, mut line) = (Sha256::new(), 0, Vec::new());
    while file.read_until(b'\n', &mut line).map_err(at(path))? > 0 {
        hash.update(&line);
        rows += 1;
        line.clear();
    }
    Ok(FileFacts { rows, sha256: hex::encode(hash.finalize()) })
}
