//! Countries, regions, states and cities that a question may name.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::words::{Word, fold, words};

const DATA: &str = include_str!("../data/places.toml");

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// ISO code.
    Country(String),
    /// Label and ISO codes.
    Region(String, Vec<String>),
    /// Country and code of a state or province.
    State(String, String),
    /// Country (empty when several share the name), name on the chip, and names as the directory writes them.
    City(String, String, Vec<String>),
}

#[derive(Deserialize)]
struct File {
    countries: BTreeMap<String, Vec<String>>,
    codes: Codes,
    regions: Vec<Region>,
    states: BTreeMap<String, Vec<Vec<String>>>,
    cities: Vec<Cities>,
    provinces: Vec<Province>,
}

#[derive(Deserialize)]
struct Codes {
    plain: Vec<String>,
}

#[derive(Deserialize)]
struct Region {
    label: String,
    names: Vec<String>,
    codes: Vec<String>,
}

#[derive(Deserialize)]
struct Cities {
    country: String,
    group: Option<String>,
    names: Vec<Vec<String>>,
}

#[derive(Deserialize)]
struct Province {
    country: String,
    asked: Vec<String>,
    cities: Vec<String>,
}

/// The gazetteer.
#[derive(Debug)]
pub struct Places {
    labels: BTreeMap<String, String>,
    by_first: HashMap<String, Vec<(Vec<String>, Place)>>,
    codes: Vec<String>,
    regions: Vec<(String, Vec<String>)>,
    states: HashMap<(String, String), String>,
    /// What cities are called together and how questions hold them (`DE-munich`), the most cities first.
    groups: Vec<(String, Vec<String>)>,
}

/// The gazetteer that is built into the program.
///
/// # Panics
/// Never in a program that passed its tests: the data is embedded and a test reads it.
pub fn places() -> &'static Places {
    static PLACES: OnceLock<Places> = OnceLock::new();
    PLACES.get_or_init(|| Places::new(toml::from_str(DATA).expect("the embedded gazetteer is valid TOML")))
}

impl Places {
    fn new(file: File) -> Self {
        let mut made = Self {
            labels: BTreeMap::new(),
            by_first: HashMap::new(),
            codes: file.codes.plain,
            regions: vec![],
            states: HashMap::new(),
            groups: Vec::new(),
        };
        // Order matters: of equally long names the first added wins, so states beat the country Georgia.
        for (country, states) in file.states {
            for names in states {
                let place = Place::State(country.clone(), names[0].clone());
                made.states.insert((country.clone(), names[0].clone()), names[1].clone());
                names[1..].iter().for_each(|name| made.add(name, &place));
            }
        }
        for (code, names) in file.countries {
            names.iter().for_each(|name| made.add(name, &Place::Country(code.clone())));
            let plain = names[0].split(" (").next().unwrap_or(&names[0]);
            made.add(plain, &Place::Country(code.clone()));
            made.labels.insert(code, plain.to_owned());
        }
        for region in file.regions {
            let place = Place::Region(region.label.clone(), region.codes.clone());
            region.names.iter().for_each(|name| made.add(name, &place));
            made.regions.push((region.label, region.codes));
        }
        for list in file.cities {
            for names in list.names {
                let skip = usize::from(list.group.is_some());
                let written = names[skip..].iter().map(|name| fold(name)).collect();
                let place = Place::City(list.country.clone(), names[0].clone(), written);
                if list.group.is_some() {
                    made.group_of(&list.country, &names[0], &names[1..]);
                }
                let asked = if list.group.is_some() { &names[..1] } else { &names[..] };
                asked.iter().for_each(|name| made.add(name, &place));
            }
        }
        for list in file.provinces {
            made.group_of(&list.country, &list.asked[0], &list.cities);
            let written = list.cities.iter().map(|name| fold(name)).collect();
            let place = Place::City(list.country, list.asked[0].clone(), written);
            list.asked.iter().for_each(|name| made.add(name, &place));
        }
        made.groups.sort_by_key(|(_, cities)| std::cmp::Reverse(cities.len()));
        made
    }

    fn group_of(&mut self, country: &str, label: &str, cities: &[String]) {
        let held = cities.iter().map(|city| format!("{country}-{}", fold(city))).collect();
        self.groups.push((label.to_owned(), held));
    }

    fn add(&mut self, name: &str, place: &Place) {
        let mut parts: Vec<String> = words(name).into_iter().map(|word| word.folded).collect();
        if parts.is_empty() {
            return;
        }
        let first = parts.remove(0);
        let held = self.by_first.entry(first).or_default();
        if !held.iter().any(|(rest, _)| *rest == parts) {
            held.push((parts, place.clone()));
        }
    }

    /// The longest place name at this word of a question, and how many words it takes. `text` is the
    /// question itself: two-letter codes count only in capitals.
    pub fn at(&self, text: &str, parts: &[Word], from: usize) -> Option<(&Place, usize)> {
        let word = &parts[from];
        let mut best: Option<(&Place, usize)> = None;
        for (rest, place) in self.by_first.get(&word.folded).into_iter().flatten() {
            let fits = rest
                .iter()
                .enumerate()
                .all(|(nth, want)| parts.get(from + 1 + nth).is_some_and(|have| have.folded == *want));
            let taken = 1 + rest.len();
            if fits && best.is_none_or(|(_, held)| taken > held) {
                best = Some((place, taken));
            }
        }
        best.or_else(|| self.code(&text[word.start..word.end]).map(|place| (place, 1)))
    }

    fn code(&self, written: &str) -> Option<&Place> {
        let code = match written {
            "UK" => "GB",
            "KSA" => "SA",
            "PRC" => "CN",
            "UAE" => "AE",
            other => other,
        };
        if !self.codes.iter().any(|known| known == written) {
            return None;
        }
        let name = fold(self.labels.get(code)?);
        let first = name.split(' ').next()?;
        let of = |place: &Place| matches!(place, Place::Country(have) if have == code);
        self.by_first.get(first)?.iter().map(|(_, place)| place).find(|place| of(place))
    }

    /// The name of a country for people, or the code itself when it is not known.
    pub fn country<'a>(&'a self, code: &'a str) -> &'a str {
        self.labels.get(code).map_or(code, String::as_str)
    }

    /// The name of a state for people, or the code itself when it is not known.
    pub fn state<'a>(&'a self, country: &str, code: &'a str) -> &'a str {
        self.states.get(&(country.to_owned(), code.to_owned())).map_or(code, String::as_str)
    }

    /// Whether two countries lie in one region that people name, e.g. the Nordics; the widest do not count.
    pub fn are_near(&self, one: &str, other: &str) -> bool {
        const COUNTRIES_MAX: usize = 30;
        let holds = |codes: &[String], code: &str| codes.iter().any(|held| held == code);
        let narrow = self.regions.iter().filter(|(_, codes)| codes.len() <= COUNTRIES_MAX);
        narrow.into_iter().any(|(_, codes)| holds(codes, one) && holds(codes, other))
    }

    /// The region made of exactly these countries, if there is one.
    pub fn region(&self, codes: &[String]) -> Option<&str> {
        let same =
            |have: &[String]| have.len() == codes.len() && have.iter().all(|code| codes.contains(code));
        self.regions.iter().find(|(_, have)| same(have)).map(|(label, _)| label.as_str())
    }

    /// The names of provinces and areas whose cities are all among these, and the cities that none of them has.
    pub fn grouped<'a>(&'a self, cities: &'a [String]) -> (Vec<&'a str>, Vec<&'a str>) {
        let (mut labels, mut rest): (_, Vec<&str>) =
            (Vec::new(), cities.iter().map(String::as_str).collect());
        for (label, held) in &self.groups {
            if held.iter().all(|city| rest.contains(&city.as_str())) {
                labels.push(label.as_str());
                rest.retain(|city| !held.iter().any(|own| own == city));
            }
        }
        (labels, rest)
    }

    /// Every single word of place names with at least five letters, for spelling correction.
    pub fn asked_words(&self) -> impl Iterator<Item = &str> {
        self.by_first.iter().flat_map(|(first, rest)| {
            std::iter::once(first.as_str())
                .chain(rest.iter().flat_map(|(words, _)| words.iter().map(String::as_str)))
        })
    }

    /// The country a description says the company is seated in: the last country named in a sentence
    /// with "headquartered in" or "based in". Returns the code and the sentence verbatim.
    pub fn seat<'a>(&self, description: &'a str) -> Option<(&str, &'a str)> {
        for range in crate::words::sentences(description) {
            let sentence = &description[range];
            let Some(at) =
                ["headquartered in ", "based in ", "headquarters in ", "headquarters are located in "]
                    .iter()
                    .find_map(|mark| sentence.find(mark).map(|at| at + mark.len()))
            else {
                continue;
            };
            let tail = &sentence[at..];
            let end =
                [" with ", " and operates", ";", " that "].iter().filter_map(|stop| tail.find(stop)).min();
            let tail = &tail[..end.unwrap_or(tail.len())];
            let parts = words(tail);
            let last = (0..parts.len()).rev().find_map(|from| match self.at(tail, &parts, from) {
                Some((Place::Country(code), _)) => Some(code.as_str()),
                _ => None,
            });
            if let Some(code) = last {
                return Some((code, sentence));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Option<Place> {
        let parts = words(text);
        places().at(text, &parts, 0).map(|(place, _)| place.clone())
    }

    #[test]
    fn names_adjectives_and_local_names() {
        for (text, code) in [
            ("Germany", "DE"),
            ("deutschland", "DE"),
            ("Österreich", "AT"),
            ("UK", "GB"),
            ("Côte d'Ivoire", "CI"),
            ("dutch", "NL"),
            ("South Korean", "KR"),
            ("UAE", "AE"),
        ] {
            assert_eq!(place(text), Some(Place::Country(code.into())), "{text}");
        }
        assert_eq!(place("us"), None, "lower-case pronouns are not countries");
        assert!(matches!(place("Georgia"), Some(Place::State(..))));
        assert!(matches!(place("münchen"), Some(Place::City(c, n, _)) if c == "DE" && n == "Munich"));
        assert!(
            matches!(place("silicon valley"), Some(Place::City(_, _, written)) if written.contains(&"palo alto".into()))
        );
    }

    #[test]
    fn a_province_is_its_cities() {
        for (text, country, name, city) in [
            ("Bayern", "DE", "Bavaria", "wurzburg"),
            ("Baden-Württemberg", "DE", "Baden-Wurttemberg", "stuttgart"),
            ("catalan", "ES", "Catalonia", "cornella de llobregat"),
            ("northern italy", "IT", "Northern Italy", "turin"),
            ("Scotland", "GB", "Scotland", "edinburgh"),
            ("Zhejiang", "CN", "Zhejiang", "hangzhou"),
        ] {
            let Some(Place::City(found, label, written)) = place(text) else { panic!("{text}") };
            assert_eq!((found.as_str(), label.as_str()), (country, name));
            assert!(written.iter().any(|one| one == city), "{text}: {written:?}");
        }
        let cities = |text: &str| match place(text) {
            Some(Place::City(country, _, written)) => {
                written.iter().map(|city| format!("{country}-{city}")).collect::<Vec<_>>()
            }
            other => panic!("{text}: {other:?}"),
        };
        let both = [cities("Bavaria"), cities("Scotland"), cities("Berlin")].concat();
        let (mut labels, rest) = places().grouped(&both);
        labels.sort_unstable();
        assert_eq!((labels, rest[0]), (vec!["Bavaria", "Scotland"], "DE-berlin"));
        assert_eq!(places().grouped(&cities("Northern Italy")).0, ["Northern Italy"]);
    }

    #[test]
    fn every_region_uses_known_codes() {
        for (label, codes) in &places().regions {
            for code in codes {
                assert!(places().labels.contains_key(code), "{label} names {code}");
            }
        }
    }

    #[test]
    fn seats_are_read_from_descriptions() {
        let text = "Foo makes pumps in France. The company is headquartered in Monterrey, Mexico with plants in China.";
        assert_eq!(places().seat(text).map(|(code, _)| code), Some("MX"));
        assert_eq!(places().seat("Foo sells tea in Japan."), None);
    }
}
