//! Text in, terms out.

use std::time::Instant;

use domain::contract::{ContractText, Extraction, PageText, State, TermKey};

use super::{
    answer,
    assemble::{self, Guess},
    candidate::LABELLED,
    cue::Cues,
    model::Model,
    reading::Reading,
    rules,
};
use crate::contract::terms::{self, TermSpec};

/// From this confidence a value is stated; below, a person looks. It means the same for every term.
pub const STATED: f32 = 0.7;
/// Below this, a place is not worth a person's look.
const REVIEW: f32 = 0.3;
/// Candidates below this are not listed even when all are asked for.
const LISTED: f32 = 0.01;

/// What to list, and until when to work.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Also list candidates below the threshold.
    pub all: bool,
    /// Stop here and return what there is.
    pub deadline: Option<Instant>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extracted {
    /// At least one row a term, in the order of the terms; further rows are further places.
    pub rows: Vec<Extraction>,
    /// Time ran out before all of the text was read.
    pub partial: bool,
}

/// Why there is no extractor.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The weights do not unpack.
    #[error("the weights of the contract terms do not unpack: {0}")]
    Packed(#[from] std::io::Error),
    /// The weights do not fit the terms.
    #[error("the weights of the contract terms do not fit the terms; train them again")]
    Weights,
}

/// The engine: patterns of the term files and trained scorers.
#[derive(Debug, Clone)]
pub struct Extractor {
    model: Model,
    cues: Cues,
}

impl Extractor {
    /// The engine with the weights that are compiled in.
    ///
    /// # Errors
    /// When the weights do not fit this build.
    pub fn new() -> Result<Self, Broken> {
        let bytes = zstd::decode_all(ml::models::CONTRACT_TERMS)?;
        Ok(Self::with(Model::from_bytes(&bytes).ok_or(Broken::Weights)?))
    }

    /// The engine with other weights.
    #[must_use]
    pub fn with(model: Model) -> Self {
        Self { model, cues: Cues::of(terms::all()) }
    }

    /// Finds all terms in a contract.
    #[must_use]
    pub fn extract(&self, contract: &ContractText, options: &Options) -> Extracted {
        let (guesses, partial) = self.guesses(&contract.text, options.deadline);
        let mut rows = Vec::new();
        for (term, own) in terms::all().iter().zip(guesses) {
            term_rows(contract, term, own, (options.all, partial), &mut rows);
        }
        Extracted { rows, partial }
    }

    /// Every place that may be a term, by term, the best first, with its confidence; and whether time ran out.
    #[must_use]
    pub fn guesses(&self, text: &str, deadline: Option<Instant>) -> (Vec<Vec<Guess>>, bool) {
        let reading = Reading::of(text, &self.cues, deadline);
        let mut all = assemble::guesses(text, &reading, &self.model.judge(&reading));
        all.extend((LABELLED..terms::all().len()).map(|term| rules::guesses(text, &reading, term)));
        answer::settle(&mut all, &self.model, text.len());
        (all, reading.partial)
    }
}

fn term_rows(
    contract: &ContractText,
    term: &TermSpec,
    own: Vec<Guess>,
    (all, partial): (bool, bool),
    rows: &mut Vec<Extraction>,
) {
    let mut found = 0;
    let mut first = 0.0;
    for (at, guess) in own.into_iter().enumerate() {
        let Some(row) = row(contract, term, guess) else { continue };
        if at == 0 {
            first = row.confidence;
        }
        let shown = row.state == State::Stated || found == 0 && row.confidence >= REVIEW;
        if shown || all && row.confidence >= LISTED {
            found += usize::from(shown);
            rows.push(row);
        }
    }
    if found > 0 {
        return;
    }
    // Candidates far below the threshold do not make a term present; the answer stands before them.
    let place =
        rows.partition_point(|row| terms::by_key(&row.term.0).is_none_or(|other| other.number < term.number));
    rows.insert(place, missing(contract, &term.key, 1.0 - first, partial));
}

fn row(contract: &ContractText, term: &TermSpec, guess: Guess) -> Option<Extraction> {
    let quote = contract.quote(guess.start, guess.end)?;
    let sure = guess.share * legibility(contract, quote.page);
    let (state, reason, confidence) = match &guess.value {
        None => (
            State::Review,
            "the clause was found, but not a value in a form that is read",
            sure.min(STATED - 1e-3),
        ),
        Some(_) if sure >= STATED => (State::Stated, "", sure),
        Some(_) => (State::Review, "not sure enough to state it", sure),
    };
    Some(Extraction {
        term: term.key.clone(),
        state,
        value: guess.value,
        quote: Some(quote),
        confidence,
        reason: reason.into(),
    })
}

fn legibility(contract: &ContractText, page: u32) -> f32 {
    let page = contract.pages.iter().find(|span| span.number == page);
    match page.map(|page| page.text) {
        Some(PageText::Recognised { confidence }) => confidence.clamp(0.0, 1.0),
        Some(PageText::Unread) => 0.0,
        _ => 1.0,
    }
}

fn missing(contract: &ContractText, term: &TermKey, confidence: f32, partial: bool) -> Extraction {
    let unread = contract.pages.iter().any(|page| page.text == PageText::Unread);
    let reason = match (partial, unread) {
        (true, _) => "time ran out before the whole contract was read",
        (false, true) => "some pages could not be read",
        _ => "",
    };
    let state = if reason.is_empty() { State::Absent } else { State::Review };
    let confidence = if reason.is_empty() { confidence } else { 0.0 };
    Extraction { term: term.clone(), state, value: None, quote: None, confidence, reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTRACT: &str = "RESELLER AGREEMENT\n\nThis Reseller Agreement (the \"Agreement\") is made as of March 3, 2021 by and \
        between Alder Systems, Inc., a Delaware corporation (\"Vendor\"), and Birch Trading GmbH, a German limited \
        liability company (\"Reseller\").\n\n1. Term. The initial term of this Agreement shall be two (2) years from the \
        date of this Agreement. It shall automatically renew for successive one (1) year terms unless either party gives \
        sixty (60) days prior written notice of non-renewal.\n\n2. Payment. Reseller shall pay each invoice within thirty \
        (30) days of receipt of the invoice.\n\n3. Governing Law. This Agreement shall be governed by and construed in \
        accordance with the laws of the State of Ohio, without regard to its conflict of laws rules.\n\n4. Assignment. \
        Neither party may assign this Agreement without the prior written consent of the other party.";

    fn extract(options: &Options) -> Extracted {
        Extractor::new().expect("weights").extract(&ContractText::plain(CONTRACT.into()), options)
    }

    fn best<'a>(found: &'a Extracted, key: &str) -> &'a Extraction {
        found.rows.iter().find(|row| row.term.0 == key).expect(key)
    }

    #[test]
    fn a_small_contract_is_read() {
        use domain::contract::Value;
        let found = extract(&Options::default());
        let law = best(&found, "governing_law");
        let Some(Value::Jurisdiction(place)) = &law.value else { panic!("{law:?}") };
        assert_eq!((place.region.as_str(), law.state), ("Ohio", State::Stated));
        let Some(Value::Parties(parties)) = &best(&found, "parties").value else { panic!("no parties") };
        assert_eq!(parties.iter().map(|one| one.role.as_str()).collect::<Vec<_>>(), ["Vendor", "Reseller"]);
        let date = best(&found, "agreement_date");
        assert_eq!(date.value, Some(Value::Date("2021-03-03".parse().expect("a date"))));
        assert_eq!(best(&found, "source_code_escrow").state, State::Absent);
    }

    #[test]
    fn every_term_is_answered_and_every_quote_is_held() {
        let text = ContractText::plain(CONTRACT.into());
        for all in [false, true] {
            let found = extract(&Options { all, deadline: None });
            for term in terms::all() {
                let row = best(&found, &term.key.0);
                assert_eq!(
                    row.state == State::Absent,
                    row.value.is_none() && row.reason.is_empty(),
                    "{row:?}"
                );
            }
            for row in &found.rows {
                assert!(row.quote.as_ref().is_none_or(|quote| text.holds(quote)), "{row:?}");
                assert!(
                    row.state != State::Stated || row.confidence >= STATED && row.value.is_some(),
                    "{row:?}"
                );
            }
        }
    }

    #[test]
    fn out_of_time_means_partial_and_nothing_is_called_absent() {
        let found = extract(&Options { all: false, deadline: Some(Instant::now()) });
        assert!(found.partial);
        assert!(found.rows.iter().all(|row| row.state != State::Absent));
    }

    #[test]
    fn odd_texts_do_no_harm() {
        let engine = Extractor::new().expect("weights");
        for text in [
            "",
            " ",
            "\u{feff}",
            "((((\"\"\"",
            "é(“ü”)ß 1st",
            &"a ".repeat(50_000),
            &"(\"x\") and ".repeat(4_000),
        ] {
            let found =
                engine.extract(&ContractText::plain(text.into()), &Options { all: true, deadline: None });
            assert!(found.rows.len() >= 47);
        }
    }
}
