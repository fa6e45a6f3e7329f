//! A question that found nothing, or only what shows little of it: a language model says which filters of the closed list it asks for. Only those are
//! taken, and every word of it must be the person's own.

use std::sync::LazyLock;

use domain::card::Say;
use domain::company::Size;
use domain::places::places;
use domain::plan::Context;
use domain::search::{Answer, Filters, Verdict};
use domain::taxonomy::taxonomy;
use domain::words::words;
use serde::Deserialize;
use serde_json::{Value, json};

use super::PAGE;
use crate::desk::Desk;
use crate::learning::exploration::RESERVE;
use crate::llm::{self, Asking, Use};

/// An answer whose best hit shows at least this share of the question is good enough.
const ENOUGH: f32 = 0.5;
/// More parts than this are no question.
const PARTS_MAX: usize = 12;

/// The industries that may be named, one a line.
static INDUSTRIES: LazyLock<String> =
    LazyLock::new(|| taxonomy().all().iter().map(|one| format!("- {}: {}\n", one.id, one.label)).collect());

/// What a model says a question asks for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reworded {
    countries: Vec<String>,
    industries: Vec<String>,
    sizes: Vec<String>,
    words: Vec<String>,
}

impl llm::Answer for Reworded {
    const NAME: &'static str = "filters";

    fn schema() -> Value {
        let texts = json!({ "type": "array", "items": { "type": "string" } });
        let sizes = Size::ALL.map(Size::label);
        json!({
            "type": "object",
            "properties": {
                "countries": texts,
                "industries": texts,
                "sizes": { "type": "array", "items": { "type": "string", "enum": sizes } },
                "words": texts,
            },
            "required": ["countries", "industries", "sizes", "words"],
            "additionalProperties": false,
        })
    }
}

/// Searches again with a model's reading of a question that found nothing. Gives the better answer, if there is one, and
/// messages to others.
pub(super) async fn search(
    desk: &Desk,
    context: &Context,
    (query, found): (&str, &Answer),
) -> (Option<Answer>, Vec<Say>) {
    if !desk.llm.serves(Use::Query) || shown(found) >= ENOUGH || !desk.directory.is_ready() {
        return (None, Vec::new());
    }
    let text = format!("The question:\n{query}");
    let asking = Asking {
        tenant: context.tenant,
        person: context.requester,
        plan: Some(context.plan),
        used: Use::Query,
        appendix: &INDUSTRIES,
        text: &text,
    };
    let heard = desk.llm.ask::<Reworded>(desk, asking).await;
    let filters = match heard.told {
        Ok(told) => checked(&told.answer, query, &found.filters),
        Err(_) => None,
    };
    let Some(filters) = filters.filter(|filters| *filters != found.filters) else {
        return (None, heard.says);
    };
    match desk.directory.refine(query, &filters, PAGE + RESERVE).await {
        Ok(answer) if shown(&answer) > shown(found) => (Some(answer), heard.says),
        Ok(_) => (None, heard.says),
        Err(error) => {
            tracing::warn!(error = crate::desk::chain(&error), "the reworded question failed");
            (None, heard.says)
        }
    }
}

/// How much of the question the best hit shows, 0 to 1; 0 where there is none.
fn shown(answer: &Answer) -> f32 {
    let Some(best) = answer.hits.first().filter(|_| !answer.no_match) else { return 0.0 };
    let proved = best.evidence.iter().filter(|line| line.verdict == Verdict::Satisfied).count();
    proved as f32 / best.evidence.len().max(1) as f32
}

/// The filters that a model named, beside what the rules read for certain: years, sums and what is excluded. None where
/// it names what there is not, or words that the person did not say.
fn checked(reworded: &Reworded, query: &str, read: &Filters) -> Option<Filters> {
    let Reworded { countries, industries, sizes, words: capability } = reworded;
    if [countries, industries, sizes, capability].iter().any(|parts| parts.len() > PARTS_MAX * 4)
        || capability.len() > PARTS_MAX
    {
        return None;
    }
    let is_country = |code: &String| code.len() == 2 && places().country(code) != code;
    let said = words(query);
    let is_said = |text: &String| {
        let parts = words(text);
        !parts.is_empty() && parts.iter().all(|word| said.iter().any(|one| one.folded == word.folded))
    };
    if !countries.iter().all(is_country)
        || !industries.iter().all(|id| taxonomy().by_id(id).is_some())
        || !capability.iter().all(is_said)
    {
        return None;
    }
    let sizes: Vec<Size> = sizes.iter().map(|label| Size::from_label(label)).collect::<Option<_>>()?;
    let mut filters = read.clone();
    filters.capability.clone_from(capability);
    filters.industries.clone_from(industries);
    filters.serves.clear();
    filters.narrows.clear();
    filters.said.clear();
    // Places and sizes that the rules read stay: the model may only add where they read none.
    if filters.countries.is_empty() {
        let allowed = countries.iter().filter(|code| !filters.countries_not.contains(code));
        filters.countries = allowed.cloned().collect();
    }
    if filters.sizes.is_empty() {
        filters.sizes = sizes;
    }
    filters.asks().then_some(filters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reword(countries: &[&str], industries: &[&str], words: &[&str]) -> Option<Filters> {
        let list = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let reworded = Reworded {
            countries: list(countries),
            industries: list(industries),
            sizes: vec![],
            words: list(words),
        };
        let read = Filters { founded_min: Some(2015), countries_not: list(&["FR"]), ..Filters::default() };
        checked(&reworded, "somebody to move money for Rhineland bakers since 2015", &read)
    }

    #[test]
    fn filters_are_of_the_closed_list_and_keep_what_the_rules_read() {
        let filters = reword(&["DE", "FR"], &["payments"], &["bakers"]).unwrap();
        assert_eq!((filters.countries, filters.founded_min), (vec!["DE".to_owned()], Some(2015)));
        assert_eq!(
            (filters.industries, filters.capability),
            (vec!["payments".to_owned()], vec!["bakers".to_owned()])
        );
    }

    #[test]
    fn what_is_not_in_the_list_or_was_not_said_counts_for_nothing() {
        assert_eq!(reword(&["XX"], &["payments"], &[]), None);
        assert_eq!(reword(&["Germany"], &["payments"], &[]), None);
        assert_eq!(reword(&["DE"], &["arms_for_all"], &[]), None);
        assert_eq!(reword(&["DE"], &[], &["weapons"]), None);
        assert_eq!(reword(&["DE"], &[], &["x"; 99]), None);
    }
}
