//! Filters in plain words, as chips that a person may remove.

use domain::places::places;
use domain::search::{Chip, Filters};
use domain::taxonomy::taxonomy;

use super::amounts::SOME_USD;

/// One chip a part of the question.
pub fn chips(filters: &Filters) -> Vec<Chip> {
    let mut chips = Vec::new();
    let mut chip = |kind: &str, label: String, value: String| {
        chips.push(Chip { kind: kind.to_owned(), label, value });
    };
    for id in &filters.industries {
        chip("industry", industry(id), id.clone());
    }
    for phrase in &filters.capability {
        chip("capability", format!("“{phrase}”"), phrase.clone());
    }
    let narrowed =
        |code: &str| filters.states.iter().chain(&filters.cities).any(|held| held.starts_with(code));
    let whole: Vec<String> = filters.countries.iter().filter(|code| !narrowed(code)).cloned().collect();
    for (label, codes) in country_groups(&whole) {
        chip("country", format!("in {label}"), codes.join("|"));
    }
    for state in &filters.states {
        let (country, code) = state.split_once('-').unwrap_or(("", state));
        chip(
            "state",
            format!("in {}, {}", places().state(country, code), places().country(country)),
            state.clone(),
        );
    }
    if !filters.cities.is_empty() {
        let (_, rest) = places().grouped(&filters.cities);
        let more = if rest.len() > 1 { " and spellings or places near" } else { "" };
        let named = joined(cities(&filters.cities).into_iter());
        chip("city", format!("in {named}{more}"), filters.cities.join("|"));
    }
    for (label, codes) in country_groups(&filters.countries_not) {
        chip("country_not", format!("not in {label}"), codes.join("|"));
    }
    if !filters.sizes.is_empty() {
        let labels: Vec<&str> = filters.sizes.iter().map(|size| size.label()).collect();
        chip("size", labels.join(" or "), labels.join("|"));
    }
    for id in &filters.industries_not {
        chip("industry_not", format!("not {}", industry(id)), id.clone());
    }
    for word in &filters.capability_not {
        chip("capability_not", format!("not “{word}”"), word.clone());
    }
    if let Some(label) = founded(filters) {
        chip("founded", label, String::new());
    }
    if let Some(label) = funding(filters) {
        chip("funding", label, String::new());
    }
    if let Some(status) = &filters.status {
        chip("status", format!("status: {status}"), status.clone());
    }
    if let Some(name) = &filters.like {
        chip("like", format!("like {name}"), name.clone());
    }
    if filters.startup {
        chip("startup", "start-ups first".into(), String::new());
    }
    chips
}

/// The country part of a question as it concerns a company of this country: the region or the country asked.
pub fn country_part(filters: &Filters, country: Option<&str>) -> String {
    let groups = country_groups(&filters.countries);
    let own = groups.iter().find(|(_, codes)| country.is_some_and(|code| codes.iter().any(|c| c == code)));
    match own {
        Some((label, _)) => format!("in {label}"),
        None => format!("in {}", joined(groups.iter().map(|(label, _)| label.clone()))),
    }
}

/// The excluded countries in plain words.
pub fn countries_not(filters: &Filters) -> String {
    let groups = country_groups(&filters.countries_not);
    format!("not in {}", joined(groups.into_iter().map(|(label, _)| label)))
}

/// The state or city part of a question as it concerns a company of this country.
pub fn place_part(filters: &Filters, country: Option<&str>) -> String {
    let here = |place: &&String| {
        place.split('-').next().is_some_and(|code| code.is_empty() || country.is_none_or(|own| own == code))
    };
    let states = filters.states.iter().filter(here).map(|held| {
        let (country, code) = held.split_once('-').unwrap_or(("", held));
        places().state(country, code).to_owned()
    });
    let own: Vec<String> = filters.cities.iter().filter(here).cloned().collect();
    let named: Vec<String> = states.chain(cities(&own)).collect();
    if named.is_empty() {
        country_part(filters, country)
    } else {
        format!("in {}", joined(named.into_iter()))
    }
}

/// Provinces and areas by their names; of other cities the first: its other spellings follow it.
fn cities(held: &[String]) -> Vec<String> {
    let (areas, rest) = places().grouped(held);
    let first = rest.first().map(|held| title(held.split_once('-').map_or(held, |(_, city)| city)));
    areas.into_iter().map(str::to_owned).chain(first).collect()
}

/// The first three and how many more.
fn joined(labels: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = labels.collect();
    match all.len() {
        0..=4 => all.join(" or "),
        count => format!("{} or {} more", all[..3].join(", "), count - 3),
    }
}

/// The label of an industry, or its id when it is not known.
pub fn industry(id: &str) -> String {
    taxonomy().by_id(id).map_or_else(|| id.to_owned(), |nth| taxonomy().get(nth).label.clone())
}

/// The year part in plain words.
pub fn founded(filters: &Filters) -> Option<String> {
    Some(match (filters.founded_min, filters.founded_max) {
        (Some(min), Some(max)) if min == max => format!("founded in {min}"),
        (Some(min), Some(max)) => format!("founded {min} to {max}"),
        (Some(min), None) => format!("founded in {min} or later"),
        (None, Some(max)) => format!("founded in {max} or earlier"),
        (None, None) => return None,
    })
}

/// The funding part in plain words.
pub fn funding(filters: &Filters) -> Option<String> {
    Some(match (filters.funding_min_usd, filters.funding_max_usd) {
        (Some(min), Some(max)) => format!("raised {} to {}", money(min), money(max)),
        (Some(min), None) if min <= SOME_USD => "raised money".to_owned(),
        (Some(min), None) => format!("raised {} or more", money(min)),
        (None, Some(max)) => format!("raised {} or less", money(max)),
        (None, None) => return None,
    })
}

/// US dollars as people say them.
pub fn money(usd: f64) -> String {
    let (value, unit) = match usd {
        usd if usd >= 1e9 => (usd / 1e9, "bn"),
        usd if usd >= 1e6 => (usd / 1e6, "M"),
        usd if usd >= 1e3 => (usd / 1e3, "k"),
        usd => (usd, ""),
    };
    let digits = format!("{value:.1}");
    format!("${}{unit}", digits.strip_suffix(".0").unwrap_or(&digits))
}

/// A region when the countries are exactly one, else each by itself.
fn country_groups(codes: &[String]) -> Vec<(String, Vec<String>)> {
    if codes.len() > 1
        && let Some(region) = places().region(codes)
    {
        return vec![(region.to_owned(), codes.to_vec())];
    }
    codes.iter().map(|code| (places().country(code).to_owned(), vec![code.clone()])).collect()
}

fn title(city: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    city.split(' ').map(word).collect::<Vec<String>>().join(" ")
}
