//! Salesforce's Bulk API 2.0: a job is made, fed, closed and waited for; then the successful, the failed and the
//! unprocessed results are all read.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::crm::Object;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::salesforce::{EXTERNAL, Salesforce, name_of, refusal, values};
use super::{Write, Written, garbage, text_of};
use crate::call::CallError;

/// Most bytes of a file: 150 MB after base64.
const BYTES_MAX: usize = 100 * 1024 * 1024;
/// How often a job is asked how it fares.
const POLL: Duration = Duration::from_secs(2);
/// After so long a job counts as stuck; what it did is looked up.
const WAIT: Duration = Duration::from_hours(1);

impl Salesforce {
    pub(super) async fn write_in_bulk(
        &self,
        object: Object,
        writes: &[Write],
    ) -> Result<Vec<Written>, CallError> {
        let mut written: BTreeMap<String, Written> = BTreeMap::new();
        let mut rest = writes;
        while !rest.is_empty() {
            let (file, taken) = file_of(object, rest)?;
            let (part, others) = rest.split_at(taken);
            self.run(object, file, part, &mut written).await?;
            rest = others;
        }
        let of = |write: &Write| {
            written
                .remove(&write.external_id)
                .unwrap_or_else(|| Written::Later { reason: "Salesforce did not process it".to_owned() })
        };
        Ok(writes.iter().map(of).collect())
    }

    async fn run(
        &self,
        object: Object,
        file: Vec<u8>,
        part: &[Write],
        written: &mut BTreeMap<String, Written>,
    ) -> Result<(), CallError> {
        #[derive(Deserialize)]
        struct Job {
            id: String,
            state: String,
        }
        let new = json!({
            "object": name_of(object), "operation": "upsert", "externalIdFieldName": EXTERNAL,
            "contentType": "CSV", "lineEnding": "LF",
        });
        let job: Job = self.http.send(self.call(Method::POST, "/jobs/ingest").json(&new)).await?.json()?;
        let path = format!("/jobs/ingest/{}", job.id);
        let put =
            self.call(Method::PUT, &format!("{path}/batches")).header("content-type", "text/csv").body(file);
        self.http.send(put).await?;
        // Without this nothing runs.
        let close = self.call(Method::PATCH, &path).json(&json!({ "state": "UploadComplete" }));
        self.http.send(close).await?;
        let begun = tokio::time::Instant::now();
        loop {
            let job: Job = self.http.send(self.call(Method::GET, &path)).await?.json()?;
            match job.state.as_str() {
                // A job that failed as a whole may have done some of its records: they are in its results.
                "JobComplete" | "Failed" | "Aborted" => break,
                _ if begun.elapsed() > WAIT => {
                    return Err(CallError::OutcomeUnknown { cause: format!("job {} does not end", job.id) });
                }
                _ => tokio::time::sleep(POLL).await,
            }
        }
        let by_id: BTreeMap<&str, &Write> =
            part.iter().map(|write| (write.external_id.as_str(), write)).collect();
        for (results, kind) in [("successfulResults", true), ("failedResults", false)] {
            for row in self.results(&format!("{path}/{results}")).await? {
                let external = row.get(EXTERNAL).cloned().unwrap_or_default();
                let Some(write) = by_id.get(external.as_str()) else { continue };
                let outcome = if kind {
                    Written::Done { id: row.get("sf__Id").cloned().unwrap_or_default(), version: None }
                } else {
                    let error = row.get("sf__Error").cloned().unwrap_or_default();
                    let (code, message) = error.split_once(':').unwrap_or(("UNKNOWN", error.as_str()));
                    refusal(write, code, message)
                };
                written.insert(external, outcome);
            }
        }
        for row in self.results(&format!("{path}/unprocessedrecords")).await? {
            let reason = "Salesforce left it unprocessed".to_owned();
            written
                .entry(row.get(EXTERNAL).cloned().unwrap_or_default())
                .or_insert(Written::Later { reason });
        }
        Ok(())
    }

    async fn results(&self, path: &str) -> Result<Vec<BTreeMap<String, String>>, CallError> {
        let answer = self.http.send(self.call(Method::GET, path)).await?;
        csv::Reader::from_reader(answer.body.as_slice())
            .deserialize()
            .collect::<Result<_, _>>()
            .map_err(|error| garbage(&error.to_string()))
    }
}

/// As many writes as go into one file, and how many those are. All rows have the columns that any has.
fn file_of(object: Object, writes: &[Write]) -> Result<(Vec<u8>, usize), CallError> {
    let failed = |error: csv::Error| CallError::NotSent { cause: error.to_string() };
    let columns: BTreeSet<String> =
        writes.iter().flat_map(|write| values(object, write)).map(|(name, _)| name).collect();
    let mut file = csv::WriterBuilder::new().from_writer(Vec::new());
    file.write_record(&columns).map_err(failed)?;
    let (mut taken, mut bytes) = (0, 0);
    for write in writes {
        let values = values(object, write);
        let row: Vec<String> = columns.iter().map(|name| cell(values.get(name))).collect();
        bytes += row.iter().map(|cell| cell.len() + 3).sum::<usize>();
        if taken > 0 && bytes > BYTES_MAX {
            break;
        }
        file.write_record(&row).map_err(failed)?;
        taken += 1;
    }
    let file = file.into_inner().map_err(|error| CallError::NotSent { cause: error.to_string() })?;
    Ok((file, taken))
}

/// An empty cell leaves a field as it is; `#N/A` empties it.
fn cell(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) if text.is_empty() => "#N/A".to_owned(),
        some => text_of(some),
    }
}
