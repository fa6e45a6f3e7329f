//! What readings found in versions: one row a term, one row a finding, and what people corrected.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::contract::{Analysis, Extraction, Finding, Given, Quote, TermKey, Value, Verdict};
use domain::ids::{AnalysisId, Ids, PlanId, VersionId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::db::Tx;
use crate::error::Error;

/// Stores an analysis with its rows.
pub async fn store(tx: &mut Tx, plan: PlanId, analysis: &Analysis, now: DateTime<Utc>) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query(
        "INSERT INTO analyses (analysis_id, tenant_id, version_id, plan_id, playbook, is_partial, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(analysis.id.0)
    .bind(tenant.0)
    .bind(analysis.version.0)
    .bind(plan.0)
    .bind(analysis.playbook)
    .bind(analysis.is_partial)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    store_extractions(tx, analysis).await?;
    store_findings(tx, analysis).await
}

async fn store_extractions(tx: &mut Tx, analysis: &Analysis) -> Result<(), Error> {
    let tenant = tx.tenant();
    let rows = &analysis.extractions;
    sqlx::query(
        "INSERT INTO extractions (tenant_id, analysis_id, row, term, state, value, quote, confidence, reason)
         SELECT $1, $2, n - 1, term, state, value::json, quote::json, confidence, reason
         FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::real[], $8::text[])
              WITH ORDINALITY AS r (term, state, value, quote, confidence, reason, n)",
    )
    .bind(tenant.0)
    .bind(analysis.id.0)
    .bind(rows.iter().map(|row| row.term.0.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| word(&row.state)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.value.as_ref().map(text)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.quote.as_ref().map(text)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.confidence).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.reason.as_str()).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn store_findings(tx: &mut Tx, analysis: &Analysis) -> Result<(), Error> {
    let tenant = tx.tenant();
    let rows = &analysis.findings;
    sqlx::query(
        "INSERT INTO findings (tenant_id, analysis_id, row, term, family, verdict, severity, side, reason, quote)
         SELECT $1, $2, n - 1, term, family, verdict, severity, side, reason, quote::json
         FROM unnest($3::text[], $4::text[], $5::text[], $6::smallint[], $7::text[], $8::text[], $9::text[])
              WITH ORDINALITY AS r (term, family, verdict, severity, side, reason, quote, n)",
    )
    .bind(tenant.0)
    .bind(analysis.id.0)
    .bind(rows.iter().map(|row| row.term.0.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| word(&row.family)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| word(&row.verdict)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| i16::from(row.severity)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| word(&row.side)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.reason.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.quote.as_ref().map(text)).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The latest analysis of a version; none before one is done.
pub async fn latest(tx: &mut Tx, version: VersionId) -> Result<Option<Analysis>, Error> {
    let found: Option<(Uuid, i32, bool)> = sqlx::query_as(
        "SELECT analysis_id, playbook, is_partial FROM analyses WHERE version_id = $1
         ORDER BY created_at DESC LIMIT 1",
    )
    .bind(version.0)
    .fetch_optional(&mut **tx)
    .await?;
    let Some((id, playbook, is_partial)) = found else { return Ok(None) };
    let id = AnalysisId(id);
    let (extractions, findings) = (extractions(tx, id).await?, findings(tx, id).await?);
    Ok(Some(Analysis { id, version, playbook, is_partial, extractions, findings }))
}

/// An analysis by its key.
pub async fn get(tx: &mut Tx, id: AnalysisId) -> Result<Analysis, Error> {
    let found: Option<(Uuid, i32, bool)> =
        sqlx::query_as("SELECT version_id, playbook, is_partial FROM analyses WHERE analysis_id = $1")
            .bind(id.0)
            .fetch_optional(&mut **tx)
            .await?;
    let (version, playbook, is_partial) = found.ok_or(Error::Missing("analysis"))?;
    let (extractions, findings) = (extractions(tx, id).await?, findings(tx, id).await?);
    Ok(Analysis { id, version: VersionId(version), playbook, is_partial, extractions, findings })
}

/// The latest analysis of a version.
///
/// Errors: [`Error::Missing`] when the version was never analysed.
pub async fn of_version(tx: &mut Tx, version: VersionId) -> Result<Analysis, Error> {
    let id: Option<Uuid> = sqlx::query_scalar(
        "SELECT analysis_id FROM analyses WHERE version_id = $1 ORDER BY created_at DESC, analysis_id DESC LIMIT 1",
    )
    .bind(version.0)
    .fetch_optional(&mut **tx)
    .await?;
    get(tx, AnalysisId(id.ok_or(Error::Missing("analysis"))?)).await
}

type ExtractionRow = (String, String, Option<String>, Option<String>, f32, String);

async fn extractions(tx: &mut Tx, id: AnalysisId) -> Result<Vec<Extraction>, Error> {
    let rows: Vec<ExtractionRow> = sqlx::query_as(
        "SELECT term, state, value::text, quote::text, confidence, reason FROM extractions
         WHERE analysis_id = $1 ORDER BY row",
    )
    .bind(id.0)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(extraction).collect()
}

fn extraction(row: ExtractionRow) -> Result<Extraction, Error> {
    let (term, state, value, quote, confidence, reason) = row;
    Ok(Extraction {
        term: TermKey(term),
        state: from_word(&state)?,
        value: value.as_deref().map(from_text::<Value>).transpose()?,
        quote: quote.as_deref().map(from_text::<Quote>).transpose()?,
        confidence,
        reason,
    })
}

type TermRow = (Uuid, String, String, Option<String>, Option<String>, f32, String);

/// Some terms of many analyses, as they stand: a person's word in place of what was read.
pub async fn standing(
    tx: &mut Tx,
    analyses: &[AnalysisId],
    terms: &[&str],
) -> Result<HashMap<AnalysisId, Vec<Extraction>>, Error> {
    let rows: Vec<TermRow> = sqlx::query_as(
        "WITH spoken AS (
            SELECT DISTINCT ON (analysis_id, term) analysis_id, term, state, value::text AS value, quote::text AS quote
            FROM answers WHERE analysis_id = ANY($1) AND term = ANY($2)
            ORDER BY analysis_id, term, at DESC, answer_id DESC)
         SELECT analysis_id, term, state, value, quote, 1::real, '' FROM spoken
         UNION ALL
         SELECT * FROM (
            SELECT e.analysis_id, e.term, e.state, e.value::text, e.quote::text, e.confidence, e.reason FROM extractions e
            WHERE e.analysis_id = ANY($1) AND e.term = ANY($2) AND NOT EXISTS (
                SELECT 1 FROM spoken s WHERE s.analysis_id = e.analysis_id AND s.term = e.term)
            ORDER BY e.analysis_id, e.row) unspoken",
    )
    .bind(analyses.iter().map(|analysis| analysis.0).collect::<Vec<_>>())
    .bind(terms)
    .fetch_all(&mut **tx)
    .await?;
    let mut standing: HashMap<AnalysisId, Vec<Extraction>> = HashMap::new();
    for (analysis, term, state, value, quote, confidence, reason) in rows {
        let row = extraction((term, state, value, quote, confidence, reason))?;
        standing.entry(AnalysisId(analysis)).or_default().push(row);
    }
    Ok(standing)
}

type FindingRow = (String, String, String, i16, String, String, Option<String>);

async fn findings(tx: &mut Tx, id: AnalysisId) -> Result<Vec<Finding>, Error> {
    let rows: Vec<FindingRow> = sqlx::query_as(
        "SELECT term, family, verdict, severity, side, reason, quote::text FROM findings
         WHERE analysis_id = $1 ORDER BY row",
    )
    .bind(id.0)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|(term, family, verdict, severity, side, reason, quote)| {
            Ok(Finding {
                term: TermKey(term),
                family: from_word(&family)?,
                verdict: from_word(&verdict)?,
                severity: u8::try_from(severity).unwrap_or(100),
                side: from_word(&side)?,
                reason,
                quote: quote.as_deref().map(from_text::<Quote>).transpose()?,
            })
        })
        .collect()
}

/// Keeps what a person said a term is: the labelled case that later models learn from.
pub async fn answer(tx: &mut Tx, ids: &Ids, given: &Given, now: DateTime<Utc>) -> Result<(), Error> {
    let tenant = tx.tenant();
    let row = &given.extraction;
    sqlx::query(
        "INSERT INTO answers (answer_id, tenant_id, analysis_id, term, state, value, quote, person_id, at, finding)
         VALUES ($1, $2, $3, $4, $5, $6::json, $7::json, $8, $9, $10::json)",
    )
    .bind(ids.next())
    .bind(tenant.0)
    .bind(given.analysis.0)
    .bind(&row.term.0)
    .bind(word(&row.state))
    .bind(row.value.as_ref().map(text))
    .bind(row.quote.as_ref().map(text))
    .bind(given.by.0)
    .bind(now)
    .bind(given.finding.as_ref().map(text))
    .execute(&mut **tx)
    .await?;
    for finding in &given.also {
        rejudge(tx, given.analysis, finding).await?;
    }
    Ok(())
}

/// Puts a finding in the place of an earlier one on the same term, also where a person spoke of that term.
async fn rejudge(tx: &mut Tx, analysis: AnalysisId, finding: &Finding) -> Result<(), Error> {
    sqlx::query(
        "WITH spoken AS (UPDATE answers SET finding = $7::json WHERE analysis_id = $1 AND term = $2)
         UPDATE findings SET verdict = $3, severity = $4, side = $5, reason = $6, quote = $8::json
         WHERE analysis_id = $1 AND term = $2",
    )
    .bind(analysis.0)
    .bind(&finding.term.0)
    .bind(word(&finding.verdict))
    .bind(i16::from(finding.severity))
    .bind(word(&finding.side))
    .bind(&finding.reason)
    .bind(text(finding))
    .bind(finding.quote.as_ref().map(text))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What people said of an analysis, the latest word on each term, as rows that replace what was read.
pub async fn answers(tx: &mut Tx, id: AnalysisId) -> Result<Vec<Extraction>, Error> {
    Ok(said(tx, id).await?.into_iter().map(|said| said.extraction).collect())
}

/// A person's word on a term.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// The row that replaces what was read.
    pub extraction: Extraction,
    /// How it stands with us; none where it was never judged.
    pub finding: Option<Finding>,
    /// Who said so.
    pub by_name: String,
    /// When.
    pub at: DateTime<Utc>,
}

type SaidRow = (String, String, Option<String>, Option<String>, Option<String>, String, DateTime<Utc>);

/// The latest word on each term of an analysis that anybody spoke of.
pub async fn said(tx: &mut Tx, id: AnalysisId) -> Result<Vec<Said>, Error> {
    let rows: Vec<SaidRow> = sqlx::query_as(
        "SELECT DISTINCT ON (w.term) w.term, w.state, w.value::text, w.quote::text, w.finding::text, p.name, w.at
         FROM answers w JOIN people p ON p.person_id = w.person_id
         WHERE w.analysis_id = $1 ORDER BY w.term, w.at DESC, w.answer_id DESC",
    )
    .bind(id.0)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|(term, state, value, quote, finding, by_name, at)| {
            let extraction = Extraction {
                term: TermKey(term),
                state: from_word(&state)?,
                value: value.as_deref().map(from_text::<Value>).transpose()?,
                quote: quote.as_deref().map(from_text::<Quote>).transpose()?,
                confidence: 1.0,
                reason: "A person said so.".to_owned(),
            };
            Ok(Said { extraction, finding: finding.as_deref().map(from_text).transpose()?, by_name, at })
        })
        .collect()
}

/// How many terms of each version stand how, by its latest analysis and what people said since.
pub async fn verdicts(tx: &mut Tx, versions: &[VersionId]) -> Result<Vec<(VersionId, Verdict, i64)>, Error> {
    let rows: Vec<(Uuid, String, i64)> = sqlx::query_as(
        "WITH newest AS (
            SELECT DISTINCT ON (version_id) version_id, analysis_id FROM analyses WHERE version_id = ANY($1)
            ORDER BY version_id, created_at DESC, analysis_id DESC),
         spoken AS (
            SELECT DISTINCT ON (w.analysis_id, w.term) w.analysis_id, w.term, w.finding->>'verdict' AS verdict
            FROM answers w JOIN newest n ON n.analysis_id = w.analysis_id
            ORDER BY w.analysis_id, w.term, w.at DESC, w.answer_id DESC)
         SELECT n.version_id, coalesce(s.verdict, f.verdict), count(*)
         FROM newest n JOIN findings f ON f.analysis_id = n.analysis_id
              LEFT JOIN spoken s ON s.analysis_id = f.analysis_id AND s.term = f.term
         GROUP BY 1, 2",
    )
    .bind(versions.iter().map(|version| version.0).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(|(version, word, n)| Ok((VersionId(version), from_word(&word)?, n))).collect()
}

/// The plan that an analysis was made in.
pub async fn plan_of(tx: &mut Tx, id: AnalysisId) -> Result<PlanId, Error> {
    let plan: Option<Uuid> = sqlx::query_scalar("SELECT plan_id FROM analyses WHERE analysis_id = $1")
        .bind(id.0)
        .fetch_optional(&mut **tx)
        .await?;
    plan.map(PlanId).ok_or(Error::Missing("analysis"))
}

/// A type that is written as one word, as its table column holds it.
fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn from_word<T: DeserializeOwned>(word: &str) -> Result<T, Error> {
    serde_json::from_value(serde_json::Value::String(word.to_owned()))
        .map_err(|_| Error::unreadable("word", word))
}

fn text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| Error::unreadable("value", text))
}
