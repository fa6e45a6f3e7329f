//! Measures the engine as it ships on contracts that it was not trained on.

use domain::contract::ContractText;

use super::{cross::Pool, data::Labelled, table::table};
use crate::contract::extract::{Extractor, Options};

/// The table of figures, and how many quotes stand in the text word for word.
#[must_use]
pub fn measure(engine: &Extractor, contracts: &[Labelled]) -> String {
    let pools: Vec<Pool> = contracts.iter().map(|contract| engine.guesses(&contract.text, None).0).collect();
    let (mut quotes, mut held) = (0usize, 0usize);
    for contract in contracts {
        let text = ContractText::plain(contract.text.clone());
        let found = engine.extract(&text, &Options { all: true, deadline: None });
        for quote in found.rows.iter().filter_map(|row| row.quote.as_ref()) {
            quotes += 1;
            held += usize::from(text.holds(quote));
        }
    }
    format!("{}quotes word for word in the text: {held} of {quotes}\n", table(contracts, &pools))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::evaluate::data;

    #[test]
    fn a_labelled_contract_gets_its_table() {
        let line = r#"{"title":"T","text":"This Agreement shall be governed by and construed in accordance with the laws of the State of Ohio.","labels":{"Governing Law":{"spans":[{"text":"This Agreement shall be governed by and construed in accordance with the laws of the State of Ohio.","spans":[[0,99]]}],"answer":"Ohio"}}}"#;
        let contracts = data::read(line).expect("labelled");
        let shown = measure(&Extractor::new().expect("weights"), &contracts);
        let law = shown.lines().find(|line| line.starts_with("governing_law")).expect("a line");
        // The best guess is the labelled sentence; whether it is sure enough to be stated is the weights' affair.
        assert!(
            law.contains("*                                1 ") && law.contains(" 1.000 1.000 1.000"),
            "{law}"
        );
        let quotes = shown.lines().last().and_then(|line| line.rsplit_once(": ")).expect("quotes").1;
        let (held, all) = quotes.split_once(" of ").expect("two numbers");
        assert!(held == all && held != "0", "{quotes}");
    }
}
