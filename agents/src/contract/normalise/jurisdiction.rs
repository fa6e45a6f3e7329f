//! The state or country whose law governs, and the court or seat where disputes are heard.

use std::sync::LazyLock;

use domain::contract::Jurisdiction;
use regex::Regex;

/// Regions that contracts name, with their country.
const REGIONS: [(&str, &[&str]); 6] = [
    (
        "US",
        &[
            "Alabama",
            "Alaska",
            "Arizona",
            "Arkansas",
            "California",
            "Colorado",
            "Connecticut",
            "Delaware",
            "Florida",
            "Georgia",
            "Hawaii",
            "Idaho",
            "Illinois",
            "Indiana",
            "Iowa",
            "Kansas",
            "Kentucky",
            "Louisiana",
            "Maine",
            "Maryland",
            "Massachusetts",
            "Michigan",
            "Minnesota",
            "Mississippi",
            "Missouri",
            "Montana",
            "Nebraska",
            "Nevada",
            "New Hampshire",
            "New Jersey",
            "New Mexico",
            "New York",
            "North Carolina",
            "North Dakota",
            "Ohio",
            "Oklahoma",
            "Oregon",
            "Pennsylvania",
            "Rhode Island",
            "South Carolina",
            "South Dakota",
            "Tennessee",
            "Texas",
            "Utah",
            "Vermont",
            "Virginia",
            "Washington",
            "West Virginia",
            "Wisconsin",
            "Wyoming",
            "District of Columbia",
            "Puerto Rico",
        ],
    ),
    (
        "CA",
        &[
            "Ontario",
            "Quebec",
            "British Columbia",
            "Alberta",
            "Manitoba",
            "Saskatchewan",
            "Nova Scotia",
            "New Brunswick",
        ],
    ),
    ("GB", &["England and Wales", "England & Wales", "England", "Scotland", "Northern Ireland"]),
    ("AU", &["New South Wales", "Victoria", "Queensland", "Western Australia", "South Australia"]),
    ("CN", &["Hong Kong"]),
    ("AE", &["Dubai", "Abu Dhabi"]),
];

/// Countries: name, code, adjective before "law".
const COUNTRIES: [(&str, &str, &str); 58] = [
    ("United States", "US", "U.S."),
    ("Canada", "CA", "Canadian"),
    ("United Kingdom", "GB", "British"),
    ("Germany", "DE", "German"),
    ("France", "FR", "French"),
    ("Switzerland", "CH", "Swiss"),
    ("Austria", "AT", "Austrian"),
    ("Netherlands", "NL", "Dutch"),
    ("Belgium", "BE", "Belgian"),
    ("Luxembourg", "LU", "Luxembourg"),
    ("Ireland", "IE", "Irish"),
    ("Israel", "IL", "Israeli"),
    ("Japan", "JP", "Japanese"),
    ("China", "CN", "Chinese"),
    ("PRC", "CN", "PRC"),
    ("Taiwan", "TW", "Taiwanese"),
    ("Singapore", "SG", "Singaporean"),
    ("India", "IN", "Indian"),
    ("Australia", "AU", "Australian"),
    ("New Zealand", "NZ", "New Zealand"),
    ("Sweden", "SE", "Swedish"),
    ("Norway", "NO", "Norwegian"),
    ("Denmark", "DK", "Danish"),
    ("Finland", "FI", "Finnish"),
    ("Spain", "ES", "Spanish"),
    ("Italy", "IT", "Italian"),
    ("Portugal", "PT", "Portuguese"),
    ("Poland", "PL", "Polish"),
    ("Greece", "GR", "Greek"),
    ("Hungary", "HU", "Hungarian"),
    ("Czech Republic", "CZ", "Czech"),
    ("Slovak Republic", "SK", "Slovak"),
    ("Russia", "RU", "Russian"),
    ("Russian Federation", "RU", "Russian"),
    ("Ukraine", "UA", "Ukrainian"),
    ("Turkey", "TR", "Turkish"),
    ("Brazil", "BR", "Brazilian"),
    ("Argentina", "AR", "Argentine"),
    ("Mexico", "MX", "Mexican"),
    ("Chile", "CL", "Chilean"),
    ("Colombia", "CO", "Colombian"),
    ("Peru", "PE", "Peruvian"),
    ("South Africa", "ZA", "South African"),
    ("Korea", "KR", "Korean"),
    ("Philippines", "PH", "Philippine"),
    ("Thailand", "TH", "Thai"),
    ("Malaysia", "MY", "Malaysian"),
    ("Indonesia", "ID", "Indonesian"),
    ("Vietnam", "VN", "Vietnamese"),
    ("Bermuda", "BM", "Bermudian"),
    ("Cayman Islands", "KY", "Cayman"),
    ("British Virgin Islands", "VG", "BVI"),
    ("Cyprus", "CY", "Cypriot"),
    ("Malta", "MT", "Maltese"),
    ("Papua New Guinea", "PG", "Papua"),
    ("Saudi Arabia", "SA", "Saudi"),
    ("United Arab Emirates", "AE", "UAE"),
    ("Egypt", "EG", "Egyptian"),
];

static NAMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let mut names: Vec<String> =
        REGIONS.iter().flat_map(|(_, names)| names.iter().copied()).map(spaced).collect();
    names.extend(COUNTRIES.iter().map(|(name, _, _)| spaced(name)));
    names.extend(COUNTRIES.iter().map(|(_, _, adjective)| spaced(adjective) + r"\s+laws?"));
    names.push(r"English\s+laws?".to_owned());
    // The longest first: "West Virginia" before "Virginia".
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    super::pattern(&format!(r"(?i)\b(?:{})(?:\b|$)", names.join("|")))
});

fn spaced(name: &str) -> String {
    regex::escape(name).replace("\\ ", " ").replace(' ', r"\s+")
}

/// The jurisdiction a name stands for, e.g. "State of New York", "Federal Republic of Germany", "English law".
#[must_use]
pub fn named(text: &str) -> Option<Jurisdiction> {
    let found = NAMES.as_ref()?.find(text)?;
    known(found.as_str())
}

fn known(name: &str) -> Option<Jurisdiction> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = name.to_lowercase();
    let lower = lower.strip_suffix(" laws").or(lower.strip_suffix(" law")).unwrap_or(&lower);
    let of = |region: &str, country: &str| {
        Some(Jurisdiction { region: region.to_owned(), country: country.to_owned(), court: String::new() })
    };
    if lower == "english" || lower.starts_with("england") {
        return of("England and Wales", "GB");
    }
    for (country, regions) in REGIONS {
        if let Some(region) = regions.iter().find(|region| region.to_lowercase() == lower) {
            return of(region, country);
        }
    }
    let country = COUNTRIES
        .iter()
        .find(|(name, _, adjective)| name.to_lowercase() == lower || adjective.to_lowercase() == lower)?;
    of("", country.1)
}

/// The law that a sentence chooses: the first known name behind "law" or "governed".
#[must_use]
pub fn law(sentence: &str) -> Option<Jurisdiction> {
    let names = NAMES.as_ref()?;
    let lower = sentence.to_ascii_lowercase();
    let from = ["governed", "laws of", "law of", "construed", "interpreted", "laws in"]
        .iter()
        .filter_map(|cue| lower.find(cue))
        .min();
    let from = from.unwrap_or(0);
    let after = names.find_iter(&sentence[from..]).find(|name| {
        // "without regard to the conflict laws of California" chooses nothing.
        let before = &lower[from..from + name.start()];
        let near = super::tail(before, 60);
        !near.contains("conflict") && !near.contains("other than") && !near.contains("courts")
    });
    let found =
        after.and_then(|name| known(name.as_str())).or_else(|| known(names.find(sentence)?.as_str()))?;
    if found.region.is_empty() {
        // "the laws of the United States and of the State of Kentucky": the state's law is the one that was chosen.
        let near = super::head(after.map_or("", |name| &sentence[from + name.end()..]), 120);
        let state = names.find_iter(near).find(|name| {
            let before = near[..name.start()].to_ascii_lowercase();
            before.contains(" and")
                && ["state of ", "commonwealth of ", "province of "].iter().any(|of| before.ends_with(of))
        });
        let state =
            state.and_then(|name| known(name.as_str())).filter(|state| state.country == found.country);
        return Some(state.unwrap_or(found));
    }
    Some(found)
}

static COURT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    super::pattern(
        r"(?i)(?:(?:state|federal|superior|district|circuit|commercial|competent|provincial|high)[\s,]+(?:(?:and|or)\s+(?:federal|state)\s+)?)?courts?\s+(?:located\s+|sitting\s+|situated\s+)?(?:of|in|for|at|within)\s+[^.;,]{3,80}|arbitration\s+(?:in|at)\s+[A-Z][^.;]{2,60}|(?:seat|place|venue)\s+(?:of\s+(?:the\s+)?arbitration\s+)?(?:shall|will)\s+be\s+(?:in\s+)?[^.;]{3,60}|American Arbitration Association|International Chamber of Commerce|JAMS|London Court of International Arbitration|CIETAC|Singapore International Arbitration Centre",
    )
});

/// The court or seat that a sentence names, with the state or country where it is known.
#[must_use]
pub fn forum(sentence: &str) -> Option<Jurisdiction> {
    let found = COURT.as_ref()?.find(sentence)?;
    let court = found.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
    let place = named(&court).or_else(|| named(&sentence[found.end()..])).unwrap_or(Jurisdiction {
        region: String::new(),
        country: String::new(),
        court: String::new(),
    });
    Some(Jurisdiction { court, ..place })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laws_of_states_and_countries() {
        for (text, region, country) in [
            (
                "shall be governed by the laws of the State of New York, without regard to conflict of laws",
                "New York",
                "US",
            ),
            ("is governed by English law and the parties submit", "England and Wales", "GB"),
            ("The laws of the Federal Republic of Germany shall apply", "", "DE"),
            ("construed under the laws of the Commonwealth of\nVirginia", "Virginia", "US"),
            ("governed by the laws of West Virginia", "West Virginia", "US"),
            ("governed by the law of the Province of Ontario and the laws of Canada", "Ontario", "CA"),
            ("governed by the laws of the People's Republic of China", "", "CN"),
            ("governed by Swiss law", "", "CH"),
            (
                "governed by the laws of the United States and, as far as they go, by the laws of the Commonwealth of Kentucky",
                "Kentucky",
                "US",
            ),
        ] {
            let law = law(text).expect(text);
            assert_eq!((law.region.as_str(), law.country.as_str()), (region, country), "{text}");
        }
        assert_eq!(law("governed by the law of the sea"), None);
    }

    #[test]
    fn courts_and_seats() {
        let place =
            forum("Each party submits to the state and federal courts located in Cook County, Illinois.")
                .expect("a court");
        assert_eq!(place.region, "Illinois");
        assert!(place.court.contains("courts located in Cook County"));
        assert!(forum("by the American Arbitration Association").is_some());
        assert_eq!(forum("We like each other."), None);
    }
}
