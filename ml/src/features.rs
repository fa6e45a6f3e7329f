//! The five features that follow from the directory and from who our partners are.

use std::collections::{HashMap, HashSet};

use chrono::{Days, NaiveDate};
use domain::company::{Company, Size};
use domain::feature::{Feature, Values};
use domain::places::places;
use domain::taxonomy::{Nth, taxonomy};

/// How far back money raised counts as recent, days.
const RECENT_DAYS: u64 = 730;
/// How many tags our partners' common tags are.
const TAGS_COMMON: usize = 20;
/// From this share of our partners on a country is one of our markets.
const MARKET_MIN: f64 = 0.1;
/// Worth of a country with few of our partners, and of one near a country of theirs.
const FEW: f64 = 0.7;
const NEAR: f64 = 0.4;

/// Who our partners are, summed up. A partner is never compared with itself.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    partners: HashMap<String, Traits>,
    industries: HashMap<Nth, f64>,
    tags: HashMap<String, f64>,
    common: HashSet<String>,
    countries: HashMap<String, f64>,
}

/// What one company adds to a profile.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Traits {
    industries: Vec<(Nth, f64)>,
    tags: Vec<String>,
    country: Option<String>,
}

impl Traits {
    /// Reads a company; costly, for its description is read.
    #[must_use]
    pub fn of(company: &Company) -> Self {
        let industries = taxonomy().classify(company).into_iter();
        Self {
            industries: industries.map(|one| (one.industry, f64::from(one.strength))).collect(),
            tags: company.tags.iter().map(|tag| tag.to_lowercase()).collect(),
            country: company.country.clone(),
        }
    }
}

impl Profile {
    /// The profile of these partners.
    #[must_use]
    pub fn of<'a>(partners: impl IntoIterator<Item = &'a Company>) -> Self {
        let mut profile = Self::default();
        for company in partners {
            let traits = Traits::of(company);
            profile.add(&traits, 1.0);
            profile.partners.insert(company.id.0.clone(), traits);
        }
        let mut tags: Vec<(&String, f64)> = profile.tags.iter().map(|(tag, n)| (tag, *n)).collect();
        tags.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        profile.common = tags.into_iter().take(TAGS_COMMON).map(|(tag, _)| tag.clone()).collect();
        profile
    }

    fn add(&mut self, traits: &Traits, times: f64) {
        for (industry, strength) in &traits.industries {
            *self.industries.entry(*industry).or_default() += times * strength;
        }
        for tag in &traits.tags {
            *self.tags.entry(tag.clone()).or_default() += times;
        }
        if let Some(country) = &traits.country {
            *self.countries.entry(country.clone()).or_default() += times;
        }
    }

    /// The traits of a partner, read once.
    #[must_use]
    pub fn partner(&self, company: &str) -> Option<&Traits> {
        self.partners.get(company)
    }

    /// How many partners it sums up.
    #[must_use]
    pub fn len(&self) -> usize {
        self.partners.len()
    }

    /// True when there are no partners yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.partners.is_empty()
    }

    /// The features of a company that follow from the directory, as of a day; the others are missing.
    #[must_use]
    pub fn values(&self, company: &Company, today: NaiveDate) -> Values {
        match self.partners.get(&company.id.0) {
            Some(own) => self.values_of(company, own, (today, 1.0)),
            None => self.values_of(company, &Traits::of(company), (today, 0.0)),
        }
    }

    fn values_of(&self, company: &Company, traits: &Traits, (today, own): (NaiveDate, f64)) -> Values {
        let mut values: Values = [None; 8];
        values[Feature::CompanySizeBucket.place()] = company.size.map(bucket);
        values[Feature::RecentFundingAmount.place()] = recent_funding(company, today);
        values[Feature::IndustryMatchScore.place()] = self.industry_match(traits, own);
        values[Feature::TechStackOverlap.place()] = self.overlap(traits, own);
        values[Feature::GeographicFit.place()] = self.geography(traits, own);
        values
    }

    /// Cosine of its trades and our partners' trades, itself left out.
    fn industry_match(&self, traits: &Traits, own: f64) -> Option<f64> {
        let mine: HashMap<Nth, f64> = traits.industries.iter().copied().collect();
        let mut norm = 0.0;
        for (industry, sum) in &self.industries {
            norm += (sum - own * mine.get(industry).copied().unwrap_or(0.0)).max(0.0).powi(2);
        }
        let size: f64 = mine.values().map(|strength| strength.powi(2)).sum();
        if norm < 1e-9 || size < 1e-9 {
            return None;
        }
        let dot = mine.iter().map(|(industry, strength)| {
            let sum = self.industries.get(industry).copied().unwrap_or(0.0) - own * strength;
            strength * sum.max(0.0)
        });
        Some(rounded(dot.sum::<f64>() / (norm * size).sqrt()))
    }

    /// Jaccard of its tags and our partners' common tags; a tag that only it has does not count as common.
    fn overlap(&self, traits: &Traits, own: f64) -> Option<f64> {
        let others = |tag: &String| {
            let mine = if traits.tags.contains(tag) { own } else { 0.0 };
            self.tags.get(tag).copied().unwrap_or(0.0) - mine > 0.5
        };
        let common: HashSet<&String> = self.common.iter().filter(|tag| others(tag)).collect();
        if common.is_empty() || traits.tags.is_empty() {
            return None;
        }
        let both = traits.tags.iter().filter(|tag| common.contains(tag)).count();
        Some(rounded(both as f64 / (common.len() + traits.tags.len() - both) as f64))
    }

    fn geography(&self, traits: &Traits, own: f64) -> Option<f64> {
        let country = traits.country.as_ref()?;
        let all: f64 = self.countries.values().sum::<f64>() - own;
        if all < 0.5 {
            return None;
        }
        let here = self.countries.get(country).copied().unwrap_or(0.0) - own;
        let is_near = || {
            let mut held = self.countries.iter().filter(|(code, n)| *code != country && **n > 0.5);
            held.any(|(code, _)| places().are_near(country, code))
        };
        Some(match here / all {
            share if share >= MARKET_MIN => 1.0,
            share if share > 1e-9 => FEW,
            _ if is_near() => NEAR,
            _ => 0.0,
        })
    }
}

/// To a thousandth: less is no news, and would be kept as a new value each time a partner joins.
fn rounded(share: f64) -> f64 {
    (share.clamp(0.0, 1.0) * 1000.0).round() / 1000.0
}

fn bucket(size: Size) -> f64 {
    Size::ALL.iter().position(|held| *held == size).map_or(0.0, |place| place as f64 + 1.0)
}

/// The directory knows totals and rounds, not each round: a recent round is taken as an average one.
fn recent_funding(company: &Company, today: NaiveDate) -> Option<f64> {
    let last: NaiveDate = company.last_funding_at.as_deref()?.parse().ok()?;
    if last > today {
        // Not known yet as of that day.
        return None;
    }
    if last < today.checked_sub_days(Days::new(RECENT_DAYS))? {
        return Some(0.0);
    }
    let rounds = company.funding_rounds.unwrap_or(1).max(1);
    Some(company.funding_total_usd? / f64::from(rounds))
}

/// A value in words for reasons, e.g. `1.2 million USD`.
#[must_use]
pub fn in_words(feature: Feature, value: f64) -> String {
    match feature {
        Feature::CompanySizeBucket => {
            let place = (value - 1.0).max(0.0) as usize;
            Size::ALL.get(place).map_or("unknown", |size| size.label()).to_owned()
        }
        Feature::RecentFundingAmount if value >= 1e6 => format!("{:.1} million USD", value / 1e6),
        Feature::RecentFundingAmount => format!("{value:.0} USD"),
        Feature::DealVelocity30d => format!("{value:.1} moves a deal"),
        Feature::ContractRiskHistory => format!("{value:.1}"),
        _ => format!("{:.0} %", value * 100.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn company(id: &str, json: &str) -> Company {
        serde_json::from_str(&format!(r#"{{"id":"{id}","name":"{id}"{json}}}"#)).expect("a company")
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    const PAYS: &str = r#","country":"DE","tags":["payments","api"],"description":"Provides payment processing for online shops and payment cards across Europe."#;

    #[test]
    fn without_partners_what_depends_on_them_is_missing() {
        let one = company("a", &format!("{PAYS}\""));
        let values = Profile::default().values(&one, day("2026-11-23"));
        assert_eq!(values, [None; 8]);
    }

    #[test]
    fn a_partner_is_not_its_own_likeness() {
        let one = company("a", &format!("{PAYS}\""));
        let alone = Profile::of([&one]).values(&one, day("2026-11-23"));
        assert_eq!(alone[Feature::IndustryMatchScore.place()], None);
        assert_eq!(alone[Feature::GeographicFit.place()], None);
        assert_eq!(alone[Feature::TechStackOverlap.place()], None);
        let other = company("b", &format!("{PAYS}\""));
        let two = Profile::of([&one, &other]).values(&one, day("2026-11-23"));
        assert!(two[Feature::IndustryMatchScore.place()].expect("known") > 0.99);
        assert_eq!(two[Feature::GeographicFit.place()], Some(1.0));
        assert_eq!(two[Feature::TechStackOverlap.place()], Some(1.0));
    }

    #[test]
    fn money_is_recent_for_two_years_and_unknown_before_it_is_raised() {
        let raised = company(
            "a",
            r#","last_funding_at":"2025-06-01","funding_total_usd":9000000.0,"funding_rounds":3"#,
        );
        let at = |today| recent_funding(&raised, day(today));
        assert_eq!(at("2025-05-31"), None);
        assert_eq!(at("2026-11-23"), Some(3_000_000.0));
        assert_eq!(at("2028-01-01"), Some(0.0));
        assert_eq!(recent_funding(&company("b", ""), day("2026-11-23")), None);
    }

    #[test]
    fn places_far_from_all_partners_fit_least() {
        let partners: Vec<Company> =
            ["DE", "SE"].iter().map(|code| company(code, &format!(r#","country":"{code}""#))).collect();
        let profile = Profile::of(&partners);
        let fit = |code: &str| {
            let one = company("x", &format!(r#","country":"{code}""#));
            profile.values(&one, day("2026-11-23"))[Feature::GeographicFit.place()]
        };
        assert_eq!((fit("DE"), fit("NO"), fit("BR")), (Some(1.0), Some(NEAR), Some(0.0)));
    }
}
