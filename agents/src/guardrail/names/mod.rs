//! Names of people, companies and places, postal addresses and what else has no structure of its own: told by a small
//! tagger from the words around them.

mod sentence;
pub mod training;

use std::borrow::Cow;
use std::sync::LazyLock;

use ml::tagger::{Choice, Tagger};

use super::finding::{Family, Finding};
use sentence::{Sentence, Token};

/// What the tagger tells apart, by number; nothing and values that rules find are no findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A person's name.
    Person = 1,
    /// A country, city or region.
    Place,
    /// A company or another body.
    Organization,
    /// A postal address or a part of one.
    Address,
    /// What stands before a name, or a job.
    Title,
    /// A nationality, religion or political group.
    Group,
    /// How old somebody is.
    Age,
    /// A day or time in words.
    Date,
    /// Something that rules find.
    Value,
}

/// Numbers of tags, nothing included.
pub(super) const TAGS: usize = 10;

const KINDS: [Kind; TAGS - 1] = [
    Kind::Person,
    Kind::Place,
    Kind::Organization,
    Kind::Address,
    Kind::Title,
    Kind::Group,
    Kind::Age,
    Kind::Date,
    Kind::Value,
];

const PERSON: &str = "PERSON";
const ADDRESS: &str = "STREET_ADDRESS";

impl Kind {
    /// As findings and labelled data spell it; a value has the name of what it is.
    fn entity(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Person => (PERSON, "stands where people's names stand"),
            Self::Place => ("LOCATION", "stands where places stand"),
            Self::Organization => ("ORGANIZATION", "stands where names of companies stand"),
            Self::Address => (ADDRESS, "reads like a postal address"),
            Self::Title => ("TITLE", "a title or a job beside a name"),
            Self::Group => ("NRP", "stands where nationalities stand"),
            Self::Age => ("AGE", "reads like somebody's age"),
            Self::Date => ("DATE_TIME", "reads like a day or a time"),
            Self::Value => return None,
        })
    }

    /// The kind that labelled data means; what has a structure of its own is a value.
    pub(super) fn of(entity: &str) -> Self {
        match entity {
            "PERSON" => Self::Person,
            "LOCATION" | "GPE" => Self::Place,
            "ORGANIZATION" => Self::Organization,
            "ADDRESS" | "STREET_ADDRESS" | "ZIP_CODE" => Self::Address,
            "TITLE" | "PREFIX" => Self::Title,
            "NRP" => Self::Group,
            "AGE" => Self::Age,
            "DATE_TIME" => Self::Date,
            _ => Self::Value,
        }
    }
}

/// The tagger that is compiled in; `ml/models/names.md` says how it was made.
static TAGGER: LazyLock<Option<Tagger>> = LazyLock::new(|| {
    let bytes = zstd::decode_all(ml::models::NAMES).ok()?;
    Tagger::from_bytes(&bytes)
});

/// With fewer words than this a text is a field or a line of code, and its words tell nothing of what it names.
const WORDS_MIN: usize = 2;
/// A longer text is read in pieces of about this many bytes.
const PIECE_BYTES: usize = 4096;
/// Lead from which findings were right nineteen times of twenty and more, on sentences of patterns that were not learned.
const LEAD_SURE: f32 = 60.0;
/// How much is taken for a name against the odds: to show one is worse than to hide a word that is none.
const LEAN: f32 = 5.0;

/// Names and addresses in prose, in the order of the text and without overlaps; `known` are findings of rules, in order:
/// what they cover is never a name.
pub fn names(text: &str, known: &[Finding]) -> Vec<Finding> {
    TAGGER.as_ref().map_or_else(Vec::new, |tagger| names_by(tagger, text, known))
}

/// The same by another tagger.
fn names_by(tagger: &Tagger, text: &str, known: &[Finding]) -> Vec<Finding> {
    let mut found = Vec::new();
    for sentence in Sentence::pieces(text, known, PIECE_BYTES) {
        if sentence.is_prose(WORDS_MIN) {
            read(tagger, &sentence, &mut found);
        }
    }
    found
}

/// Runs of one tag become findings; blanks and signs at their ends do not belong to them.
fn read(tagger: &Tagger, sentence: &Sentence<'_>, found: &mut Vec<Finding>) {
    let choices = tagger.tag(&sentence.words(), LEAN);
    let tokens = &sentence.tokens;
    let mut at = 0;
    while at < tokens.len() {
        let tag = choices[at].tag;
        // A value that rules found is no part of a name or an address.
        let goes_on = |(choice, token): &(&Choice, &Token<'_>)| choice.tag == tag && !token.is_value;
        let run = choices[at..].iter().zip(&tokens[at..]).take_while(goes_on).count().max(1);
        let tag = if tokens[at].is_value { 0 } else { tag };
        let entity = tag.checked_sub(1).and_then(|index| KINDS.get(index)).and_then(|kind| kind.entity());
        if let Some((entity, reason)) = entity
            && let Some(finding) = finding(entity, reason, &tokens[at..at + run], &choices[at..at + run])
        {
            add(found, finding, tokens);
        }
        at += run;
    }
}

/// Lines of one address are one finding: what only a line's end or a comma parts from the last one goes into it.
fn add(found: &mut Vec<Finding>, finding: Finding, tokens: &[Token<'_>]) {
    if let Some(last) = found.last_mut().filter(|last| last.entity == ADDRESS && finding.entity == ADDRESS) {
        let mut between = tokens.iter().filter(|token| last.end <= token.start && token.end <= finding.start);
        if between.all(|token| matches!(token.text, "\n" | ",")) {
            last.end = finding.end;
            last.score = last.score.min(finding.score);
            return;
        }
    }
    found.push(finding);
}

fn finding(
    entity: &'static str,
    reason: &'static str,
    tokens: &[Token<'_>],
    choices: &[Choice],
) -> Option<Finding> {
    let is_person = entity == PERSON && tokens.len() > 1;
    let belongs = |token: &Token<'_>| token.is_word() && !(is_person && token.is_title());
    let first = tokens.iter().position(belongs)?;
    let last = tokens.iter().rposition(Token::is_word)?;
    if entity == ADDRESS && !is_address(&tokens[first..=last]) {
        return None;
    }
    let leads = &choices[first..=last];
    let lead = leads.iter().map(|choice| choice.lead).sum::<f32>() / leads.len() as f32;
    Some(Finding {
        entity,
        family: Family::Name,
        start: tokens[first].start,
        end: tokens[last].end,
        score: 0.5 + 0.45 * (lead / LEAD_SURE).clamp(0.0, 1.0),
        reason: Cow::Borrowed(reason),
    })
}

/// Whether it can be sent to: a short number alone is one of many things, and nobody lives at a page of text.
fn is_address(tokens: &[Token<'_>]) -> bool {
    const DIGITS_MIN: usize = 4;
    const WORDS_MAX: usize = 40;
    match tokens {
        [number] => number.text.len() >= DIGITS_MIN || !number.text.bytes().all(|byte| byte.is_ascii_digit()),
        many => many.len() <= WORDS_MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{everything, redact};
    use super::*;

    fn read(text: &str) -> String {
        redact(text, &everything(text), 0.5).text
    }

    #[test]
    fn the_tagger_that_ships_is_whole() {
        assert!(TAGGER.is_some());
    }

    #[test]
    fn names_and_addresses_are_told_by_what_stands_around_them() {
        for (text, told) in [
            ("Please call Zdenka Hruškova at +420 601 123 456.", "Please call [PERSON_1] at [PHONE_1]."),
            ("my name is tamara chmielewski", "my name is [PERSON_1]"),
            ("Mr. Petersen signs for them.", "[TITLE_1]. [PERSON_1] signs for them."),
        ] {
            assert_eq!(read(text), told);
        }
        let address = read("Please send it to 48 Rosenweg Apt. 7\n 80331 Munich\n Germany, thanks");
        assert!(!address.contains("Rosenweg") && !address.contains("80331"), "{address}");
    }

    #[test]
    fn prose_of_contracts_and_code_name_nobody() {
        for text in [
            "Either party may terminate this Agreement on 30 days' written notice to the other party.",
            "The Provider shall not be liable for any indirect damages under Section 12.3 of this Agreement.",
            "let token = env::var(\"SERVICE_TOKEN\").unwrap_or_default();",
        ] {
            assert_eq!(read(text), text);
        }
    }

    #[test]
    fn nothing_breaks_on_odd_texts() {
        for text in ["", "\n\n\n", "İİİ ııı ß ŉ", "a\u{0}b \u{feff} c", &"x ".repeat(20_000)] {
            let found = everything(text);
            let length = text.chars().count();
            assert!(found.iter().all(|finding| finding.start < finding.end && finding.end <= length));
        }
    }
}
