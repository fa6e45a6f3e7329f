//! Answers a question about a contract with its own sentences, or not at all.
//!
//! The question is understood (which terms, what kind of value), then looked for: first among what was read in the
//! contract, then among its sentences, reworded at most twice. What is found is checked before it is shown.

pub(crate) mod pointed;
mod question;
pub mod rank;
mod words;

use domain::contract::{ContractText, Extraction, Quote, State, TermKey, Value};
use domain::wording;

use self::question::{About, Wants};
use self::rank::{Index, Wanted};
use super::clauses;
use super::structure::Outline;
use super::terms;

/// How many sentences an answer shows at most.
const QUOTES_MAX: usize = 3;
/// A sentence that lacks the kind of value that was asked for keeps this share of its score.
const LACKS_VALUE: f32 = 0.7;
/// What a reading is less sure of than this is not shown as an answer.
const LIKELY: f32 = 0.45;
/// A further sentence must come this near to the best.
const NEAR: f32 = 0.85;
/// Pieces with fewer words are headings, not answers.
const WORDS_MIN: usize = 5;

/// Below what nothing is answered; each a share from 0 to 1. `ask_eval` says how they were chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Of a question's weight that a sentence must hold to answer it.
    pub said: f32,
    /// The same for a question about a term in which the reading found nothing: the reading is seldom wrong there.
    pub unread: f32,
    /// Of a question's words that a term, or what was read for it, must speak of for the row to answer it.
    pub explained: f32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { said: 0.66, unread: 0.86, explained: 0.8 }
    }
}

/// What a contract says to a question.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// The answer in a word or two, e.g. `90 days`, where the reading is sure of it.
    pub straight: Option<String>,
    /// Its sentences, best first, word for word; none when the contract does not say.
    pub quotes: Vec<Quote>,
    /// The term it is about, where it is about one.
    pub term: Option<TermKey>,
    /// The reading was not sure: a person should look.
    pub is_unsure: bool,
}

/// A contract prepared for questions.
#[derive(Debug)]
pub struct Book<'a> {
    text: &'a ContractText,
    sentences: Vec<(usize, usize)>,
    index: Index,
    bounds: Bounds,
}

impl<'a> Book<'a> {
    /// Cuts the contract into sentences and counts their words.
    #[must_use]
    pub fn of(text: &'a ContractText) -> Self {
        let outline = Outline::of(&text.text);
        let mut sentences = Vec::new();
        let mut headings = Vec::new();
        for sentence in &outline.sentences {
            if sentence.words.1 - sentence.words.0 >= WORDS_MIN {
                sentences.push((sentence.start, sentence.end));
                headings.push(clauses::heading(&outline, sentence, &text.text));
            }
        }
        let bodies = sentences.iter().map(|(start, end)| &text.text[*start..*end]);
        let index = Index::of(headings.iter().map(String::as_str).zip(bodies));
        Self { text, sentences, index, bounds: Bounds::default() }
    }

    /// The same with other bounds, to calibrate them.
    #[must_use]
    pub fn with(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Answers a question with what was read in the contract and with its sentences.
    #[must_use]
    pub fn answer(&self, rows: &[Extraction], question: &str) -> Answer {
        let wanted = rank::wanted(question, true);
        let mut about = question::about(question);
        about.retain(|about| self.is_explained(rows, about, &wanted));
        let read = self.read(rows, &about);
        if !read.quotes.is_empty() {
            return read;
        }
        let enough = if about.is_empty() { self.bounds.said } else { self.bounds.unread };
        let quotes = self.found(question, enough);
        Answer { quotes, ..read }
    }

    /// Whether a question is about a term as a whole, and not about something that the term's words stand beside.
    fn is_explained(&self, rows: &[Extraction], about: &About, wanted: &[Wanted]) -> bool {
        let key = &terms::all()[about.term].key;
        let quotes = rows.iter().filter(|row| row.term == *key).filter_map(|row| row.quote.as_ref());
        let sentences: Vec<&str> = quotes.map(|quote| quote.text.as_str()).collect();
        question::explained(wanted, about.term, &sentences) >= self.bounds.explained
    }

    /// What the reading says of the terms that the question is about.
    fn read(&self, rows: &[Extraction], about: &[About]) -> Answer {
        let mut answer = Answer::default();
        let mut straight: Vec<(usize, String)> = Vec::new();
        let mut likely: Vec<&Extraction> = Vec::new();
        for About { term, .. } in about {
            let spec = &terms::all()[*term];
            answer.term.get_or_insert_with(|| spec.key.clone());
            for row in rows.iter().filter(|row| row.term == spec.key) {
                let Some(quote) = row.quote.as_ref().filter(|quote| self.text.holds(quote)) else { continue };
                match row.state {
                    State::Stated => {
                        let said = row.value.as_ref().filter(|value| **value != Value::Clause);
                        straight.extend(said.map(|value| (*term, wording::value_words(value))));
                        push(&mut answer.quotes, quote);
                    }
                    State::Review if row.confidence >= LIKELY => likely.push(row),
                    State::Review | State::Absent => {}
                }
            }
        }
        if answer.quotes.is_empty() {
            likely.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
            likely
                .iter()
                .filter_map(|row| row.quote.as_ref())
                .for_each(|quote| push(&mut answer.quotes, quote));
            answer.is_unsure = !answer.quotes.is_empty();
        }
        answer.quotes.truncate(QUOTES_MAX);
        answer.straight = line(&straight);
        answer
    }

    /// Sentences that may answer a question, in the order of the text: those of an answer, and the likeliest besides.
    pub(crate) fn likely(&self, question: &str, answer: &Answer, most: usize) -> Vec<(usize, usize)> {
        let is_quoted = |(start, end): &(usize, usize)| {
            answer.quotes.iter().any(|quote| quote.start < *end && *start < quote.end)
        };
        let quoted = (0..self.sentences.len()).filter(|at| is_quoted(&self.sentences[*at]));
        let ranked = self.index.ranked(&rank::wanted(question, true)).into_iter().map(|(at, _)| at);
        let mut taken: Vec<usize> = Vec::new();
        // A question in words of its own shares none with the text: then the text's beginning is as likely as the rest.
        for at in quoted.chain(ranked).chain(0..self.sentences.len()) {
            if taken.len() < most && !taken.contains(&at) {
                taken.push(at);
            }
        }
        taken.sort_unstable();
        taken.into_iter().map(|at| self.sentences[at]).collect()
    }

    /// The sentences that answer best, if any does well enough; reworded at most twice.
    fn found(&self, question: &str, enough: f32) -> Vec<Quote> {
        let wants = question::wants(question);
        let plain = rank::wanted(question, false);
        let reworded = rank::wanted(question, true);
        for wanted in [plain, reworded] {
            let hits = self.checked(&self.index.ranked(&wanted), wants);
            let Some((_, best)) = hits.first().copied() else { continue };
            if best >= enough && wanted.len() > 1 {
                let near =
                    hits.into_iter().take_while(|(_, share)| *share >= best * NEAR && *share >= enough);
                let spans = near.take(QUOTES_MAX).map(|(at, _)| self.sentences[at]);
                return spans.filter_map(|(start, end)| self.text.quote(start, end)).collect();
            }
        }
        Vec::new()
    }

    /// Ranks again by whether a sentence holds the kind of value that was asked for.
    fn checked(&self, ranked: &[(usize, f32)], wants: Wants) -> Vec<(usize, f32)> {
        let mut hits: Vec<(usize, f32)> = ranked
            .iter()
            .take(20)
            .map(|(at, share)| {
                let (start, end) = self.sentences[*at];
                let fits = wants.is_in(&self.text.text[start..end]);
                (*at, if fits { *share } else { share * LACKS_VALUE })
            })
            .collect();
        hits.sort_by(|a, b| b.1.total_cmp(&a.1));
        hits
    }
}

fn push(quotes: &mut Vec<Quote>, quote: &Quote) {
    if !quotes.iter().any(|known| known.start < quote.end && quote.start < known.end) {
        quotes.push(quote.clone());
    }
}

/// Values on one line; with their terms' names when they are of several.
fn line(values: &[(usize, String)]) -> Option<String> {
    let mut said: Vec<(usize, &str)> = Vec::new();
    for (term, value) in values {
        if !said.iter().any(|(known, of)| known == term && of == value) {
            said.push((*term, value));
        }
    }
    let (first, _) = said.first()?;
    if said.iter().all(|(term, _)| term == first) {
        return Some(said.iter().map(|(_, value)| *value).collect::<Vec<_>>().join("; "));
    }
    let named = said.iter().map(|(term, value)| format!("{}: {value}", terms::all()[*term].name));
    Some(named.collect::<Vec<_>>().join("; "))
}

/// Answers one question; see [`Book::answer`].
#[must_use]
pub fn answer(text: &ContractText, rows: &[Extraction], question: &str) -> Answer {
    Book::of(text).answer(rows, question)
}

#[cfg(test)]
mod tests;
