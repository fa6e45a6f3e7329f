//! How long 500 candidates take: their features from the directory's rows, and their fits with reasons.
#![expect(clippy::print_stdout, reason = "it prints figures")]

use std::hint::black_box;
use std::time::Instant;

use domain::company::Company;
use ml::features::Profile;
use ml::logistic::Case;
use ml::scorer::{FitScorer, inputs};

const CANDIDATES: usize = 500;
const ROUNDS: usize = 20;

fn main() {
    let companies: Vec<Company> = std::io::stdin()
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str(&line).ok())
        .take(CANDIDATES + 100)
        .collect();
    if companies.len() < CANDIDATES + 100 {
        println!("needs 600 companies as JSON lines on standard input");
        return;
    }
    let (partners, candidates) = companies.split_at(100);
    let profile = Profile::of(partners);
    let Ok(today) = "2026-11-23".parse() else { return };
    let values: Vec<_> = candidates.iter().map(|one| profile.values(one, today)).collect();
    let cases: Vec<Case> = values
        .iter()
        .enumerate()
        .map(|(at, values)| Case { inputs: inputs(50.0, values), is_hit: at.is_multiple_of(3), weight: 1.0 })
        .collect();
    let scorer = FitScorer::train(&cases, 1);
    let report = |what: &str, work: &dyn Fn()| {
        let mut took: Vec<f64> = (0..ROUNDS)
            .map(|_| {
                let began = Instant::now();
                work();
                began.elapsed().as_secs_f64() * 1000.0
            })
            .collect();
        took.sort_by(f64::total_cmp);
        println!("{what}: median {:.2} ms, slowest {:.2} ms", took[ROUNDS / 2], took[ROUNDS - 1]);
    };
    report("500 fits with reasons", &|| {
        for values in &values {
            black_box(scorer.fit(61.0, values));
        }
    });
    report("500 times five features from the row, description read", &|| {
        for one in candidates {
            black_box(profile.values(one, today));
        }
    });
}
