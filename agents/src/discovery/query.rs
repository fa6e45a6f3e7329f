//! A question in plain words becomes typed filters: pure, deterministic, tolerant of spelling.

use domain::places::{Place, places};
use domain::search::{Chip, Filters};
use domain::taxonomy::{Nth, taxonomy};
use domain::words::{Word, words};

use super::amounts::{Amounts, read_amounts};
use super::sizes::size_at;
use super::spelling::{Lexicon, mended};
use super::vocabulary::{GENERIC, STARTUP, is_noise, status_at};

/// A question as understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Understood {
    /// For the search.
    pub filters: Filters,
    /// For the person.
    pub chips: Vec<Chip>,
}

/// Reads a question. The lexicon says what the directory's own words are.
///
/// Of a text longer than a question can be only the beginning is read.
pub fn understand(text: &str, lexicon: &Lexicon<'_>) -> Understood {
    let text = &super::plain::plainly(&text[..text.floor_char_boundary(TEXT_MAX)])[..];
    let amounts = read_amounts(text);
    let mut parts = words(text);
    parts.retain(|word| !amounts.covers(word.start));
    let parts = mended(parts, text, lexicon);
    let mut reader = Reader::new(text, parts, amounts);
    while reader.at < reader.parts.len() {
        reader.step();
    }
    let filters = reader.finish();
    Understood { chips: super::chips::chips(&filters), filters }
}

/// What kind of thing was read last, for the reach of "not" and of adjacency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Place,
    Industry,
    Size,
    Word,
}

/// Most bytes of a question that are read: a longer text is none, and each word costs time.
const TEXT_MAX: usize = 1_000;
/// Most words of the name of a company that others should be like.
const NAME_WORDS: usize = 4;

/// Least that a late-stage start-up has raised, and most that an early-stage one has, US dollars.
const LATE_STAGE_USD: f64 = 2e7;
const EARLY_STAGE_USD: f64 = 5e6;

struct Reader<'a> {
    text: &'a str,
    parts: Vec<Word>,
    at: usize,
    filters: Filters,
    /// "not", "excluding" … was read, and the kind of thing it was followed by.
    negated: bool,
    negated_kind: Option<Kind>,
    /// "for", "serving" … after an industry: what follows is an audience.
    audience: bool,
    /// Industries with the words they came from.
    found: Vec<(Vec<Nth>, usize, usize)>,
    excluded: Vec<Nth>,
    /// One past the last word of the last city.
    city_to: Option<usize>,
    /// Left-over words with their places.
    left: Vec<(usize, String)>,
    /// Places of those that name an audience.
    served: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, parts: Vec<Word>, amounts: Amounts) -> Self {
        let filters = Filters {
            founded_min: amounts.founded.0,
            founded_max: amounts.founded.1,
            funding_min_usd: amounts.funding.0,
            funding_max_usd: amounts.funding.1,
            sizes: amounts.sizes,
            ..Filters::default()
        };
        Self {
            text,
            parts,
            at: 0,
            filters,
            negated: false,
            negated_kind: None,
            audience: false,
            found: vec![],
            excluded: vec![],
            city_to: None,
            left: vec![],
            served: vec![],
        }
    }

    fn step(&mut self) {
        if self.example() || self.marker() || self.size() || self.status() {
            return;
        }
        let place = places().at(self.text, &self.parts, self.at);
        let industries = taxonomy().asked_at(&self.parts, self.at);
        let industry_words = industries.first().map_or(0, |found| found.to - found.from);
        match place {
            Some((place, taken)) if taken >= industry_words => {
                self.place(place, taken);
                self.at += taken;
            }
            _ if industry_words > 0 => {
                self.industry(industries.iter().map(|found| found.industry).collect(), industry_words);
            }
            _ => self.word(),
        }
    }

    /// Reads "like Adyen", "similar to Adyen": the name in capitals that follows, or one word that is no other thing.
    fn example(&mut self) -> bool {
        let word = |nth: usize| self.parts.get(self.at + nth).map_or("", |word| word.folded.as_str());
        let lead = match (word(0), word(1)) {
            ("like" | "resembling", _) => 1,
            ("similar" | "comparable" | "alternative" | "alternatives" | "akin", "to") => 2,
            ("competitor" | "competitors" | "rival" | "rivals" | "peers", "of" | "to") => 2,
            _ => return false,
        };
        let from = self.at + lead;
        let capital = |word: &Word| {
            self.text[word.start..].starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
        };
        let inside = |at: usize| at == from || self.touch(at);
        let to = (from..self.parts.len().min(from + NAME_WORDS))
            .find(|at| !capital(&self.parts[*at]) || !inside(*at) || *at > from && self.is_place(*at))
            .unwrap_or(self.parts.len().min(from + NAME_WORDS));
        if to == from || to == from + 1 && self.is_place(from) {
            return false;
        }
        let (start, end) = (self.parts[from].start, self.parts[to - 1].end);
        self.filters.like = Some(self.text[start..end].to_owned());
        self.at = to;
        true
    }

    fn is_place(&self, at: usize) -> bool {
        places().at(self.text, &self.parts, at).is_some()
    }

    /// Reads words that turn what follows: "not", "excluding", "for", "in".
    fn marker(&mut self) -> bool {
        let word = self.parts[self.at].folded.as_str();
        let next = self.parts.get(self.at + 1).map_or("", |word| word.folded.as_str());
        let taken = match (word, next) {
            ("other" | "rather", "than")
            | ("apart", "from")
            | ("but", "not" | "no")
            | ("not", "the" | "in" | "from" | "any") => 2,
            ("outside", "of") => 2,
            (
                "not" | "no" | "non" | "nor" | "excluding" | "exclude" | "excludes" | "except" | "excl"
                | "without" | "outside" | "minus" | "sans" | "ohne" | "sauf" | "sin" | "keine" | "avoid"
                | "ignore",
                _,
            ) => 1,
            ("of", _) if self.found.iter().any(|held| !generic(&self.parts[held.1].folded, held)) => {
                self.audience = true;
                self.at += 1;
                return true;
            }
            ("on", "behalf") => {
                self.audience = true;
                self.at += 2;
                return true;
            }
            ("for" | "serving" | "targeting" | "used" | "to" | "fur" | "pour" | "para", _) => {
                self.audience = !self.found.is_empty() || !self.left.is_empty();
                self.at += 1;
                return true;
            }
            ("in" | "from" | "based" | "with" | "headquartered" | "located" | "that" | "who" | "but", _) => {
                if self.negated_kind.is_some() {
                    self.negated = false;
                    self.negated_kind = None;
                }
                self.audience = false;
                self.at += 1;
                return true;
            }
            _ => return false,
        };
        self.negated = true;
        self.negated_kind = None;
        self.at += taken;
        true
    }

    /// Whether "not" reaches a thing of this kind; a thing of another kind ends its reach.
    fn is_negated(&mut self, kind: Kind) -> bool {
        if self.negated && self.negated_kind.is_some_and(|held| held != kind) {
            self.negated = false;
        }
        if self.negated {
            self.negated_kind = Some(kind);
        }
        self.negated
    }

    fn size(&mut self) -> bool {
        let Some((sizes, taken)) = size_at(&self.parts, self.at) else {
            return false;
        };
        // "Software for small businesses": the size is that of whom it serves.
        let behind = self.at.checked_sub(1).map_or("", |before| self.parts[before].folded.as_str());
        if self.audience && ["for", "serving", "targeting", "to"].contains(&behind) {
            self.served.push(self.at);
            self.leave(self.at, taken);
            self.at += taken;
            return true;
        }
        if self.is_negated(Kind::Size) {
            let all = domain::company::Size::ALL;
            self.filters.sizes = all.into_iter().filter(|size| !sizes.contains(size)).collect();
        } else {
            sizes.into_iter().for_each(|size| push(&mut self.filters.sizes, size));
        }
        self.at += taken;
        true
    }

    fn status(&mut self) -> bool {
        if STARTUP.contains(&self.parts[self.at].folded.as_str()) {
            self.filters.startup = !self.is_negated(Kind::Word);
            self.at += 1;
            return true;
        }
        let Some((status, taken)) = status_at(&self.parts, self.at) else {
            return false;
        };
        if self.is_negated(Kind::Word) {
            // Not acquired, not closed: what is left is what still operates.
            self.filters.status = Some("operating".into());
            self.negated = false;
        } else {
            self.filters.status = Some(status.into());
        }
        self.at += taken;
        true
    }

    fn place(&mut self, place: &Place, taken: usize) {
        let negated = self.is_negated(Kind::Place);
        let beside = self.city_to == Some(self.at) && self.near(self.at);
        let filters = &mut self.filters;
        match place {
            Place::Country(code) if negated => push(&mut filters.countries_not, code.clone()),
            Place::Region(_, codes) if negated => {
                codes.iter().for_each(|code| push(&mut filters.countries_not, code.clone()));
            }
            // A place inside a country cannot be excluded by itself; the directory often does not know it.
            Place::State(..) | Place::City(..) if negated => {}
            Place::Country(code) => push(&mut filters.countries, code.clone()),
            Place::Region(_, codes) => {
                codes.iter().for_each(|code| push(&mut filters.countries, code.clone()));
            }
            Place::State(country, code) => {
                if beside && filters.cities.iter().all(|city| of_country(city, country)) {
                    filters.cities_in_states = true;
                    let inside = |city: &String| format!("{country}-{}", bare(city));
                    filters.cities = filters.cities.iter().map(inside).collect();
                }
                push(&mut filters.countries, country.clone());
                push(&mut filters.states, format!("{country}-{code}"));
            }
            Place::City(country, _, written) => {
                if !country.is_empty() {
                    push(&mut filters.countries, country.clone());
                }
                written.iter().for_each(|city| push(&mut filters.cities, format!("{country}-{city}")));
                self.city_to = Some(self.at + taken);
            }
        }
        self.audience = false;
    }

    fn industry(&mut self, mut found: Vec<Nth>, taken: usize) {
        let all = found.clone();
        found.retain(|outer| !all.iter().any(|inner| inner != outer && taxonomy().is_within(*inner, *outer)));
        if self.is_negated(Kind::Industry) {
            self.excluded.extend(found);
        } else if self.audience {
            self.served.push(self.at);
            self.leave(self.at, taken);
        } else {
            self.found.push((found, self.at, self.at + taken));
        }
        self.at += taken;
    }

    fn leave(&mut self, from: usize, taken: usize) {
        let said: Vec<&str> =
            self.parts[from..from + taken].iter().map(|word| word.folded.as_str()).collect();
        self.left.push((from, said.join(" ")));
    }

    fn word(&mut self) {
        let word = &self.parts[self.at];
        if is_noise(&word.folded) || is_noise(&word.stem) {
            self.at += 1;
            return;
        }
        let number = word.folded.chars().all(|c| c.is_ascii_digit());
        if self.is_negated(Kind::Word) {
            let said = self.parts[self.at].folded.clone();
            push(&mut self.filters.capability_not, said);
        } else if !number {
            if self.audience {
                self.served.push(self.at);
            }
            self.leave(self.at, 1);
        }
        self.at += 1;
    }

    /// An industry right before an unknown word only describes it: "fishing nets" are nets.
    fn yield_to_heads(&mut self) {
        let heads: Vec<usize> = self.left.iter().map(|(at, _)| *at).collect();
        for (found, from, to) in std::mem::take(&mut self.found) {
            if heads.contains(&to) && self.touch(to) {
                self.leave(from, to - from);
            } else {
                self.found.push((found, from, to));
            }
        }
    }

    /// Broad words ("manufacturers", "technology") add nothing when something narrower is asked anywhere;
    /// right behind an unknown word they belong to it ("contract manufacturing").
    fn drop_generic(&mut self) {
        let said = |held: &(Vec<Nth>, usize, usize)| self.parts[held.1].folded.clone();
        let is_broad = |held: &(Vec<Nth>, usize, usize)| generic(&said(held), held);
        let (broad, narrow): (Vec<_>, Vec<_>) = self.found.iter().cloned().partition(is_broad);
        if narrow.is_empty() && self.left.is_empty() || broad.is_empty() {
            return;
        }
        self.found = narrow;
        for (found, from, to) in broad {
            let behind = from > 0 && self.left.iter().any(|(at, _)| at + 1 == from) && self.touch(from);
            let activity = self.parts[from].folded.ends_with("ing");
            if behind && activity {
                self.leave(from, to - from);
            } else if !behind && self.found.is_empty() {
                self.found.push((found, from, to));
            }
        }
    }

    fn finish(mut self) -> Filters {
        self.yield_to_heads();
        self.join_adjacent();
        self.drop_generic();
        self.money_by_stage();
        // What is asked for is not excluded: "e-commerce, not marketplaces for cars" excludes the cars.
        let asked: Vec<Nth> = self.found.iter().flat_map(|(found, ..)| found.iter().copied()).collect();
        self.excluded.retain(|nth| !asked.contains(nth));
        let name = |nth: &Nth| taxonomy().get(*nth).id.clone();
        for (found, from, to) in &self.found {
            let said: Vec<&str> = self.parts[*from..*to].iter().map(|word| word.folded.as_str()).collect();
            push(&mut self.filters.said, said.join(" "));
            found.iter().for_each(|nth| push(&mut self.filters.industries, name(nth)));
        }
        self.excluded.iter().for_each(|nth| push(&mut self.filters.industries_not, name(nth)));
        self.left.sort_by_key(|(at, _)| *at);
        let mut last = None;
        for (at, said) in std::mem::take(&mut self.left) {
            let joins = last.is_some_and(|last| last + 1 == at) && self.filters.capability.last().is_some();
            let served = self.served.contains(&at);
            match self.filters.capability.last_mut().filter(|_| joins) {
                Some(phrase) => {
                    let whole = format!("{phrase} {said}");
                    if let Some(held) = self.filters.serves.last_mut().filter(|held| *held == phrase) {
                        held.clone_from(&whole);
                    }
                    *phrase = whole;
                }
                None => {
                    push(&mut self.filters.capability, said.clone());
                    if served {
                        push(&mut self.filters.serves, said.clone());
                    }
                }
            }
            let end = at + said.split(' ').count();
            if !served && self.found.iter().any(|held| held.1 == end) && self.touch(end) {
                self.filters.narrows.extend(self.filters.capability.last().cloned());
            }
            last = Some(end - 1);
        }
        let dropped = &self.filters.countries_not;
        self.filters.countries.retain(|code| !dropped.contains(code));
        self.filters
    }

    /// "Early-stage start-ups" have raised little, "late-stage" ones much; of others the words say nothing.
    fn money_by_stage(&mut self) {
        let money = self.filters.funding_min_usd.is_some() || self.filters.funding_max_usd.is_some();
        if !self.filters.startup || money {
            return;
        }
        let said = |words: &[&str]| {
            self.parts
                .windows(2)
                .any(|pair| words.contains(&pair[0].folded.as_str()) && pair[1].stem == "stage")
        };
        if said(&["late", "later", "growth"]) {
            self.filters.funding_min_usd = Some(LATE_STAGE_USD);
        } else if said(&["early", "seed"]) {
            self.filters.funding_max_usd = Some(EARLY_STAGE_USD);
        }
    }

    /// Industries named side by side without "and" or a comma: the last is meant, the ones before narrow it
    /// ("retail software" is software with retail in it); a broader or merely generic one adds nothing.
    fn join_adjacent(&mut self) {
        let mut at = 0;
        while at + 1 < self.found.len() {
            let (left, right) = (&self.found[at], &self.found[at + 1]);
            let said = |held: &(Vec<Nth>, usize, usize)| self.parts[held.1].folded.clone();
            let (left_said, right_said) = (said(left), said(right));
            let within = |a: &[Nth], b: &[Nth]| {
                a.iter().any(|inner| b.iter().any(|outer| taxonomy().is_within(*inner, *outer)))
            };
            if left.2 != right.1 || !self.touch(left.2) {
                at += 1;
            } else if within(&left.0, &right.0) || generic(&right_said, right) {
                let (_, _, end) = self.found.remove(at + 1);
                self.found[at].2 = end;
            } else if within(&right.0, &left.0) || generic(&left_said, left) {
                self.found.remove(at);
            } else {
                let (_, from, to) = self.found.remove(at);
                self.leave(from, to - from);
            }
        }
    }

    /// True when only a space or a comma is between a word and the one before it.
    fn near(&self, at: usize) -> bool {
        at > 0 && self.text[self.parts[at - 1].end..self.parts[at].start].chars().all(|c| ", (".contains(c))
    }

    /// True when nothing but spaces or a hyphen is between a word and the one before it.
    fn touch(&self, at: usize) -> bool {
        let between = &self.text[self.parts[at - 1].end..self.parts[at].start];
        between.chars().all(|c| c == ' ' || c == '-')
    }
}

/// A city without its country.
fn bare(city: &str) -> &str {
    city.split_once('-').map_or(city, |(_, name)| name)
}

fn of_country(city: &str, country: &str) -> bool {
    city.split_once('-').is_some_and(|(code, _)| code.is_empty() || code == country)
}

fn generic(said: &str, held: &(Vec<Nth>, usize, usize)) -> bool {
    held.2 - held.1 == 1 && GENERIC.contains(&said)
}

fn push<T: PartialEq>(list: &mut Vec<T>, value: T) {
    if !list.contains(&value) {
        list.push(value);
    }
}

#[cfg(test)]
mod tests;
