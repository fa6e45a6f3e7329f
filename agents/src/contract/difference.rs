//! What is different between two versions of a contract that approvers are asked to accept, as far as it was read.

use domain::approval::{Approval, Changed, Difference, Facts};
use domain::contract::{Analysis, Extraction, State, TermKey, Value, Verdict};
use domain::wording;
use storage::{Tx, analyses};

use super::acceptance::Acceptance;
use super::terms;

/// Most characters of a clause's own words that are shown.
const WORDS_MAX: usize = 160;

/// The difference between what an earlier request was about and what is asked now; none when the earlier one cannot be
/// read any more.
pub(crate) async fn since(
    tx: &mut Tx,
    before: &Approval,
    now: &Acceptance,
) -> Result<Option<Difference>, storage::Error> {
    let Ok(old) = serde_json::from_value::<Acceptance>(before.payload.clone()) else { return Ok(None) };
    let was = match analyses::get(tx, old.analysis).await {
        Err(storage::Error::Missing(_)) => return Ok(None),
        other => other?,
    };
    let is = analyses::get(tx, now.analysis).await?;
    Ok(Some(between((&was, &old.facts), (&is, &now.facts))))
}

fn between((was, old): (&Analysis, &Facts), (is, new): (&Analysis, &Facts)) -> Difference {
    let mut keys: Vec<&TermKey> =
        was.extractions.iter().chain(&is.extractions).map(|row| &row.term).collect();
    keys.extend(was.findings.iter().chain(&is.findings).map(|finding| &finding.term));
    keys.sort();
    keys.dedup();
    let is_amount = (old.amount, &old.currency) != (new.amount, &new.currency);
    let mut found = Difference { is_amount, ..Difference::default() };
    for key in keys {
        let (before, after) = (rows(was, key), rows(is, key));
        let (stood, stands) = (verdicts(was, key), verdicts(is, key));
        let is_same = before.iter().map(essence).eq(after.iter().map(essence)) && stood == stands;
        let is_unsure = before.iter().chain(&after).any(|row| row.state == State::Review);
        if is_same && !is_unsure {
            continue;
        }
        // The amount is the greatest that was read, so another one that is not read surely may be it.
        let may_be_amount = |row: &&Extraction| matches!(row.value, Some(Value::Money(_)) | None);
        found.is_amount |= before.iter().chain(&after).any(may_be_amount);
        found.terms.push(key.0.clone());
        for verdict in stood.iter().chain(&stands) {
            if !found.verdicts.contains(verdict) {
                found.verdicts.push(*verdict);
            }
        }
        // What nobody is sure of is asked about again, but it is no change to show.
        if !is_same {
            let label = terms::by_key(&key.0).map_or_else(|| key.to_string(), |term| term.name.clone());
            found.changes.push(Changed {
                label,
                before: said(&before, &stood),
                after: said(&after, &stands),
            });
        }
    }
    found
}

fn rows<'a>(analysis: &'a Analysis, key: &TermKey) -> Vec<&'a Extraction> {
    let counts = |row: &&Extraction| row.term == *key && (row.value.is_some() || row.state == State::Review);
    analysis.extractions.iter().filter(counts).collect()
}

fn verdicts(analysis: &Analysis, key: &TermKey) -> Vec<Verdict> {
    analysis.findings.iter().filter(|finding| finding.term == *key).map(|finding| finding.verdict).collect()
}

/// The value and its sentence, however the lines are broken.
fn essence<'a>(row: &&'a Extraction) -> (Option<&'a Value>, String) {
    let words = row.quote.as_ref().map(|quote| quote.text.split_whitespace().collect::<Vec<_>>().join(" "));
    (row.value.as_ref(), words.unwrap_or_default())
}

/// Values and verdicts in words.
fn said(rows: &[&Extraction], verdicts: &[Verdict]) -> String {
    if rows.is_empty() {
        return "not in it".to_owned();
    }
    let value = |row: &&Extraction| match (&row.value, &row.quote) {
        (Some(Value::Clause) | None, Some(quote)) => quote.text.chars().take(WORDS_MAX).collect(),
        (Some(value), _) => wording::value_words(value),
        (None, None) => "unclear".to_owned(),
    };
    let values: Vec<String> = rows.iter().map(value).collect();
    let stands: Vec<&str> = verdicts.iter().map(|verdict| wording::verdict_word(*verdict)).collect();
    if stands.is_empty() {
        values.join("; ")
    } else {
        format!("{} ({})", values.join("; "), stands.join(", "))
    }
}
