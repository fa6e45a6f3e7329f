//! Measures the engine as it ships on contracts that it was not trained on.

use std::time::{Duration, Instant};

use domain::contract::{ContractText, State};

use super::{cross::Pool, data::Labelled, table::table};
use crate::contract::{
    extract::{Extractor, Options},
    terms,
};

/// What was measured beside the table of figures.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// The table of figures; see [`table`].
    pub table: String,
    /// Quotes that were given, and how many of them stand in the text word for word at their place.
    pub quotes: (usize, usize),
    /// Contracts with at least one term for a person to look at.
    pub reviewed: usize,
    /// By term without labels: contracts in which it is stated, sent to a person, and absent.
    pub unlabelled: Vec<(&'static str, [usize; 3])>,
    /// Time that finding all terms of all contracts took, quotes included, on one core.
    pub took: Duration,
}

/// Measures the engine on labelled contracts.
#[must_use]
pub fn measure(engine: &Extractor, contracts: &[Labelled]) -> Measured {
    let mut measured = Measured::default();
    let rest = terms::all().iter().filter(|term| !term.labelled);
    measured.unlabelled = rest.map(|term| (term.key.0.as_str(), [0; 3])).collect();
    for contract in contracts {
        let text = ContractText::plain(contract.text.clone());
        let began = Instant::now();
        let found = engine.extract(&text, &Options::default());
        measured.took += began.elapsed();
        for quote in found.rows.iter().filter_map(|row| row.quote.as_ref()) {
            measured.quotes.0 += 1;
            measured.quotes.1 += usize::from(text.holds(quote));
        }
        measured.reviewed += usize::from(found.rows.iter().any(|row| row.state == State::Review));
        for (key, counts) in &mut measured.unlabelled {
            let first = found.rows.iter().find(|row| row.term.0 == *key).map(|row| row.state);
            let at = match first {
                Some(State::Stated) => 0,
                Some(State::Review) => 1,
                _ => 2,
            };
            counts[at] += 1;
        }
    }
    let pools: Vec<Pool> = contracts.iter().map(|contract| engine.guesses(&contract.text, None).0).collect();
    measured.table = table(contracts, &pools);
    measured
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::evaluate::data;

    #[test]
    fn a_labelled_contract_gets_its_table() {
        let line = r#"{"title":"T","text":"This Agreement shall be governed by and construed in accordance with the laws of the State of Ohio.","labels":{"Governing Law":{"spans":[{"text":"This Agreement shall be governed by and construed in accordance with the laws of the State of Ohio.","spans":[[0,99]]}],"answer":"Ohio"}}}"#;
        let contracts = data::read(line).expect("labelled");
        let measured = measure(&Extractor::new().expect("weights"), &contracts);
        let law = measured.table.lines().find(|line| line.starts_with("governing_law")).expect("a line");
        // The best guess is the labelled sentence; whether it is sure enough to be stated is the weights' affair.
        assert!(
            law.contains("*                                1 ") && law.contains(" 1.000 1.000 1.000"),
            "{law}"
        );
        assert!(measured.quotes.0 > 0 && measured.quotes.0 == measured.quotes.1, "{:?}", measured.quotes);
        assert!(measured.unlabelled.iter().all(|(_, counts)| counts.iter().sum::<usize>() == 1));
    }
}
