//! An independent look at search hits: every stated filter is checked on the company's own row, and every
//! quote must be there verbatim. Shares no code with the ranking on purpose.

use domain::company::{Company, CompanyId};
use domain::search::{Evidence, Filters, Hit, Verdict};

/// A hit that did not stand up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The company.
    pub company: CompanyId,
    /// The part of the question that it breaks, or `quote`.
    pub part: &'static str,
}

/// What is left after the check.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// Hits that stand, in their order.
    pub kept: Vec<Hit>,
    /// Hits that do not, and why.
    pub dropped: Vec<Dropped>,
    /// 0 to 1: the share of parts that are shown and known, over the kept hits, less for each dropped one.
    pub confidence: f64,
}

/// Checks hits against the filters they were found with.
pub fn check(filters: &Filters, hits: Vec<Hit>) -> Checked {
    let total = hits.len();
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    for hit in hits {
        match broken(filters, &hit) {
            Some(part) => dropped.push(Dropped { company: hit.company.id.clone(), part }),
            None => kept.push(hit),
        }
    }
    let shown: f64 = kept.iter().map(shown).sum();
    let confidence = if total == 0 { 0.0 } else { shown / total as f64 };
    Checked { kept, dropped, confidence }
}

/// The first part of the question that a hit's own row contradicts.
fn broken(filters: &Filters, hit: &Hit) -> Option<&'static str> {
    let row = &hit.company;
    let checks: [(&'static str, bool); 9] = [
        ("country", country_stands(filters, row)),
        ("excluded country", !row.country.as_ref().is_some_and(|code| filters.countries_not.contains(code))),
        ("place", place_stands(filters, row)),
        ("size", filters.sizes.is_empty() || row.size.is_none_or(|size| filters.sizes.contains(&size))),
        (
            "founded",
            within(
                row.founded_year.map(f64::from),
                filters.founded_min.map(f64::from),
                filters.founded_max.map(f64::from),
            ),
        ),
        ("funding", within(row.funding_total_usd, filters.funding_min_usd, filters.funding_max_usd)),
        ("status", status_stands(filters, row)),
        ("what it does", does_stands(filters, hit)),
        ("quote", hit.evidence.iter().all(|entry| quote_stands(row, entry))),
    ];
    checks.into_iter().find(|(_, stands)| !stands).map(|(part, _)| part)
}

fn country_stands(filters: &Filters, row: &Company) -> bool {
    if filters.countries.is_empty() {
        return true;
    }
    match &row.country {
        Some(code) => filters.countries.iter().any(|wanted| wanted.eq_ignore_ascii_case(code)),
        // Without a country field the text itself must name one of the wanted countries.
        None => {
            let text = row.description.as_deref().unwrap_or_default();
            filters.countries.iter().any(|code| text.contains(domain::places::places().country(code)))
        }
    }
}

fn place_stands(filters: &Filters, row: &Company) -> bool {
    let Some(country) = row.country.as_deref() else { return true };
    let here = |place: &&String| place.starts_with(&format!("{country}-"));
    let anywhere = filters.cities.iter().filter(|city| city.starts_with('-'));
    let states: Vec<&String> = filters.states.iter().filter(here).collect();
    let cities: Vec<&String> = filters.cities.iter().filter(here).chain(anywhere).collect();
    let state =
        row.state.as_ref().map(|state| states.iter().any(|held| held.ends_with(&format!("-{state}"))));
    let city = row.city.as_ref().map(|city| {
        let city = domain::words::fold(city);
        cities.iter().any(|held| held.ends_with(&format!("-{city}")))
    });
    if filters.cities_in_states {
        return state != Some(false) && city != Some(false);
    }
    if states.is_empty() && cities.is_empty() || state == Some(true) || city == Some(true) {
        return true;
    }
    // Nothing known contradicts it.
    (states.is_empty() || state.is_none()) && (cities.is_empty() || city.is_none())
}

fn within(value: Option<f64>, min: Option<f64>, max: Option<f64>) -> bool {
    value.is_none_or(|value| min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max))
}

fn status_stands(filters: &Filters, row: &Company) -> bool {
    let (Some(wanted), Some(held)) = (&filters.status, &row.status) else { return true };
    let held = held.to_lowercase();
    held == *wanted || (wanted == "operating" && held == "ipo")
}

/// What was asked for must be shown by at least one satisfied entry that is no mere fact field.
fn does_stands(filters: &Filters, hit: &Hit) -> bool {
    const FACTS: &[&str] =
        &["country", "state", "city", "market_cap", "founded_year", "funding_total_usd", "status"];
    let asked = !filters.industries.is_empty() || !filters.capability.is_empty();
    let shows =
        |entry: &Evidence| entry.verdict == Verdict::Satisfied && !FACTS.contains(&entry.field.as_str());
    !asked || hit.evidence.iter().any(shows)
}

/// A satisfied entry quotes what the row holds.
fn quote_stands(row: &Company, entry: &Evidence) -> bool {
    if entry.verdict == Verdict::Unknown {
        return entry.quote.is_empty();
    }
    let equals = |held: &Option<String>| held.as_deref() == Some(entry.quote.as_str());
    match entry.field.as_str() {
        "description" => row.description.as_deref().is_some_and(|text| text.contains(&entry.quote)),
        "name" => row.name == entry.quote,
        "sector" => equals(&row.sector),
        "industry_group" => equals(&row.industry_group),
        "industry" => equals(&row.industry),
        "category" => equals(&row.category),
        "tags" => row.tags.contains(&entry.quote),
        "country" => row.country.as_ref().is_some_and(|code| entry.quote.starts_with(code.as_str())),
        "state" => equals(&row.state),
        "city" => equals(&row.city),
        "status" => equals(&row.status),
        "market_cap" => row.size.is_some_and(|size| size.label() == entry.quote),
        "founded_year" => row.founded_year.is_some_and(|year| year.to_string() == entry.quote),
        "funding_total_usd" => row.funding_total_usd.is_some(),
        _ => false,
    }
}

fn shown(hit: &Hit) -> f64 {
    let known = hit.evidence.iter().filter(|entry| entry.verdict == Verdict::Satisfied).count();
    let share = known as f64 / hit.evidence.len().max(1) as f64;
    share * f64::from(hit.fit) / 100.0
}

#[cfg(test)]
mod tests;
