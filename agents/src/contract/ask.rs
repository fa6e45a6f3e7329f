//! Answers a question about a contract with its own sentences, or not at all.

use domain::contract::{ContractText, Extraction, Quote, State};

use super::terms;

/// How many sentences an answer shows at most.
const QUOTES_MAX: usize = 3;

/// The sentences that answer a question, best first; none when the contract does not say. Every quote is held against
/// the text.
pub fn answer(text: &ContractText, rows: &[Extraction], question: &str) -> Vec<Quote> {
    let asked = question.to_lowercase();
    let named = terms::all().iter().filter(|term| asked.contains(&term.name.to_lowercase()));
    let keys: Vec<_> = named.map(|term| &term.key).collect();
    let said =
        rows.iter().filter(|row| row.state == State::Stated && keys.iter().any(|key| row.term == **key));
    said.filter_map(|row| row.quote.clone()).filter(|quote| text.holds(quote)).take(QUOTES_MAX).collect()
}
