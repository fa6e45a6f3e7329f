//! Models: which version serves, how good what is shown is, what features are known, who moved what when.

use askama::Template;
use axum::response::Response;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use domain::model::{Alias, Model};
use serde_json::Value;
use storage::features::{self, Coverage};
use storage::labels;
use storage::learning::{self, Job, Run};
use storage::llm_calls::{self, DayLine};
use storage::llm_spending;
use storage::models::{self, Moved, Row};

use crate::error::{Failure, page as show};
use crate::moment::Moment;
use crate::session::SignedIn;
use crate::shell::{Place, Shell};

/// Days of asking language models that are shown.
const ASKED_DAYS: i64 = 30;
/// Moves and runs shown.
const PAST_MAX: i64 = 30;

#[derive(Template)]
#[template(path = "models.html")]
struct Page {
    shell: Shell,
    figures: Vec<(&'static str, String)>,
    models: Vec<ModelView>,
    features: Vec<FeatureView>,
    labels: Vec<(String, i64, i64)>,
    moves: Vec<MoveView>,
    runs: Vec<(Moment, String, String)>,
    asked: Vec<AskedView>,
    month: Option<(String, String)>,
}

/// What language models were asked on one day for one purpose.
struct AskedView {
    day: NaiveDate,
    what: String,
    provider: String,
    calls: String,
    cost: String,
}

struct ModelView {
    name: &'static str,
    serves: String,
    versions: Vec<VersionView>,
}

struct VersionView {
    version: String,
    aliases: Vec<String>,
    made: Moment,
    hash: String,
    figures: String,
    card: String,
}

struct FeatureView {
    label: &'static str,
    name: &'static str,
    known: i64,
    missing: i64,
    changed: Option<Moment>,
    shift: Option<String>,
}

struct MoveView {
    at: Moment,
    what: String,
    to: String,
    by: String,
    reason: String,
}

/// Shows them.
pub(crate) async fn page(signed_in: SignedIn) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::Models).await?;
    let now = signed_in.now();
    let rows = models::list(&mut tx).await?;
    let pointers = models::pointers(&mut tx).await?;
    let evaluated = learning::last(&mut tx, Job::Evaluation, Some(Model::PartnerFitScorer)).await?;
    let outcome = evaluated.map(|run| run.outcome).unwrap_or_default();
    let coverage = features::coverage(&mut tx).await?;
    let labels = labels::counts(&mut tx).await?;
    let moves = models::moves(&mut tx, PAST_MAX).await?;
    let runs = learning::runs(&mut tx, PAST_MAX).await?;
    let today = now.date_naive();
    let asked = llm_calls::by_day(&mut tx, today - Duration::days(ASKED_DAYS)).await?;
    let month = llm_spending::month(&mut tx, today).await?;
    Ok(show(&Page {
        shell: shell.titled("Models"),
        figures: figures(&outcome),
        models: Model::ALL.map(|model| model_view(model, (&rows, &pointers), now)).into_iter().collect(),
        features: coverage.into_iter().map(|one| feature_view(one, &outcome, now)).collect(),
        labels: labels
            .into_iter()
            .map(|(kind, source, all, good)| (format!("{kind}, by {source}"), all, good))
            .collect(),
        moves: moves.into_iter().map(|moved| move_view(moved, now)).collect(),
        runs: runs.into_iter().map(|run| run_view(run, now)).collect(),
        asked: asked.into_iter().map(asked_view).collect(),
        month: month.map(|month| (dollars(month.spent_micro), dollars(month.cap_micro))),
    }))
}

fn asked_view(line: DayLine) -> AskedView {
    let parts = [
        (line.done, "answered"),
        (line.failed, "failed"),
        (line.refused, "refused"),
        (line.cached, "repeated"),
    ];
    let calls = parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    AskedView {
        day: line.day,
        what: line.purpose.replace('_', " "),
        provider: line.provider,
        calls: calls.collect::<Vec<_>>().join(", "),
        cost: dollars(line.cost_micro),
    }
}

/// Micro-dollars, rounded to a hundredth of a cent.
fn dollars(micro: i64) -> String {
    let hundredths = (micro + 50) / 100;
    format!("${}.{:04}", hundredths / 10_000, hundredths % 10_000)
}

/// Figures of the last evaluation, with how many decisions each rests on.
fn figures(outcome: &Value) -> Vec<(&'static str, String)> {
    let share = |key: &str| {
        let (hits, of) = (outcome[key]["hits"].as_f64()?, outcome[key]["of"].as_f64()?);
        (of > 0.0).then(|| format!("{:.1} % of {of:.0}", 100.0 * hits / of))
    };
    let none = || "nobody decided on anything yet".to_owned();
    let mut figures = vec![
        ("Partners taken up", share("partner_discovery_precision").unwrap_or_else(none)),
        ("Contract terms left as read", share("contract_extraction_accuracy").unwrap_or_else(none)),
    ];
    if let Some(ndcg) = outcome["ndcg"].as_f64() {
        figures.push(("Order of the page (nDCG)", format!("{ndcg:.3}")));
    }
    if let (Some(brier), Some(error)) =
        (outcome["calibration"][0].as_f64(), outcome["calibration"][1].as_f64())
    {
        figures.push(("Brier score, calibration error", format!("{brier:.3}, {error:.3}")));
    }
    if let Some(why) = outcome["rolled_back"].as_str() {
        figures.push(("Went back", why.to_owned()));
    }
    figures
}

fn model_view(model: Model, (rows, pointers): (&[Row], &[Moved]), now: DateTime<Utc>) -> ModelView {
    let at = |alias: Alias| pointers.iter().find(|at| at.model == model.name() && at.alias == alias.name());
    let champion = at(Alias::Champion).and_then(|at| at.version.clone());
    let serves = champion.unwrap_or_else(|| format!("built-in: {}", model.built_in()));
    let view = |row: &Row| VersionView {
        version: row.version.clone(),
        aliases: Alias::ALL
            .into_iter()
            .filter(|alias| at(*alias).is_some_and(|at| at.version.as_ref() == Some(&row.version)))
            .map(|alias| match at(alias).map_or(0, |at| at.share) {
                0 => alias.name().to_owned(),
                share => format!("{} ({share} %)", alias.name()),
            })
            .collect(),
        made: Moment::new(row.created_at, now),
        hash: row.sha256.chars().take(12).collect(),
        figures: listed(&row.metrics),
        card: row.card.clone(),
    };
    let versions = rows.iter().filter(|row| row.model == model.name()).map(view).collect();
    ModelView { name: model.name(), serves, versions }
}

/// The numbers of an object in one line.
fn listed(metrics: &Value) -> String {
    let number = |(name, value): (&String, &Value)| {
        let value = match value {
            Value::Object(share) => format!("{}/{}", share.get("hits")?, share.get("of")?),
            Value::Number(number) if number.is_u64() => number.to_string(),
            Value::Number(number) => format!("{:.3}", number.as_f64()?),
            Value::String(text) => text.clone(),
            _ => return None,
        };
        Some(format!("{} {value}", name.replace('_', " ")))
    };
    let parts: Vec<String> = metrics.as_object().into_iter().flatten().filter_map(number).collect();
    parts.join(" · ")
}

fn feature_view(one: Coverage, outcome: &Value, now: DateTime<Utc>) -> FeatureView {
    let shift = outcome["psi"][one.feature.name()].as_f64().map(|shift| {
        let word = match shift {
            shift if shift > 0.25 => "act on it",
            shift if shift > 0.1 => "watch it",
            _ => "stable",
        };
        format!("{shift:.2}, {word}")
    });
    FeatureView {
        label: one.feature.label(),
        name: one.feature.name(),
        known: one.known,
        missing: one.missing,
        changed: one.changed_at.map(|at| Moment::new(at, now)),
        shift,
    }
}

fn move_view(moved: Moved, now: DateTime<Utc>) -> MoveView {
    MoveView {
        at: Moment::new(moved.moved_at, now),
        what: format!("{} of {}", moved.alias, moved.model),
        to: moved.version.unwrap_or_else(|| "built-in".to_owned()),
        by: moved.moved_by,
        reason: moved.reason,
    }
}

fn run_view(run: Run, now: DateTime<Utc>) -> (Moment, String, String) {
    let job = if run.model.is_empty() { run.job } else { format!("{} of {}", run.job, run.model) };
    (Moment::new(run.at, now), job, listed(&run.outcome))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_say_on_how_many_decisions_they_rest() {
        let outcome = json!({
            "partner_discovery_precision": { "hits": 17, "of": 20 },
            "contract_extraction_accuracy": { "hits": 0, "of": 0 }, "calibration": [0.2, 0.05],
        });
        let figures = figures(&outcome);
        assert_eq!(figures[0].1, "85.0 % of 20");
        assert_eq!(figures[1].1, "nobody decided on anything yet");
        assert_eq!(figures[2].1, "0.200, 0.050");
        assert_eq!(
            listed(&json!({ "auc": 0.75, "cases": 80, "accuracy": { "hits": 3, "of": 4 } })),
            "accuracy 3/4 · auc 0.750 · cases 80"
        );
    }
}
