//! The table of figures: accuracy of stated values, coverage, recall, calibration, CUAD's curve, floors.

use std::fmt::Write;

use super::{
    cross::{Pool, curves},
    cuad::Curve,
    data::Labelled,
    right,
};
use crate::contract::{
    extract::{candidate::LABELLED, extractor::STATED},
    terms::{self, TermSpec},
};

/// Below this confidence of its best place a term is said to be absent.
const ABSENT: f32 = 0.3;
const BANDS: usize = 10;

/// Figures of one term, or of several together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Figures {
    /// Contracts that have the term.
    pub present: usize,
    /// Contracts for which a value is stated.
    pub stated: usize,
    /// Of these, contracts that have the term.
    pub stated_present: usize,
    /// Of the stated, right ones.
    pub right: usize,
    /// Contracts for which the term is said to be absent, and of these those that do not have it.
    pub absent: (usize, usize),
    /// Contracts for which a person is asked.
    pub review: usize,
    /// By band of confidence: cells with a best guess, sum of confidence, right ones.
    bands: [(usize, f32, usize); BANDS],
}

fn share(part: usize, whole: usize) -> f32 {
    if whole == 0 { f32::NAN } else { 100.0 * part as f32 / whole as f32 }
}

impl Figures {
    /// Right of the stated, in percent.
    #[must_use]
    pub fn accuracy(&self) -> f32 {
        share(self.right, self.stated)
    }

    /// Stated of the present, in percent.
    #[must_use]
    pub fn coverage(&self) -> f32 {
        share(self.stated_present, self.present)
    }

    /// Right of the present, in percent.
    #[must_use]
    pub fn recall(&self) -> f32 {
        share(self.right, self.present)
    }

    /// Mean distance between confidence and share of right answers, over bands.
    #[must_use]
    pub fn calibration_error(&self) -> f32 {
        let all: usize = self.bands.iter().map(|band| band.0).sum();
        self.bands.iter().map(|band| (band.1 - band.2 as f32).abs()).sum::<f32>() / all.max(1) as f32
    }

    fn add(&mut self, other: &Self) {
        self.present += other.present;
        self.stated += other.stated;
        self.stated_present += other.stated_present;
        self.right += other.right;
        self.absent = (self.absent.0 + other.absent.0, self.absent.1 + other.absent.1);
        self.review += other.review;
        for (mine, theirs) in self.bands.iter_mut().zip(&other.bands) {
            *mine = (mine.0 + theirs.0, mine.1 + theirs.1, mine.2 + theirs.2);
        }
    }
}

/// Figures of a labelled term.
#[must_use]
pub fn figures(contracts: &[Labelled], pools: &[Pool], at: usize) -> Figures {
    let term = &terms::all()[at];
    let mut figures = Figures::default();
    for (contract, pool) in contracts.iter().zip(pools) {
        let label = &contract.labels[at];
        let present = !label.golds.is_empty();
        figures.present += usize::from(present);
        let best = pool[at].first();
        let sure = best.map_or(0.0, |guess| guess.share);
        let value = best.and_then(|guess| guess.value.as_ref());
        let right = best.zip(value).is_some_and(|(guess, value)| {
            right::is_right(term, label, value, &contract.text[guess.start..guess.end])
        });
        if value.is_some() {
            let band = ((sure * BANDS as f32) as usize).min(BANDS - 1);
            let cell = &mut figures.bands[band];
            *cell = (cell.0 + 1, cell.1 + sure, cell.2 + usize::from(right));
        }
        if value.is_some() && sure >= STATED {
            figures.stated += 1;
            figures.stated_present += usize::from(present);
            figures.right += usize::from(right);
        } else if sure < ABSENT {
            figures.absent = (figures.absent.0 + 1, figures.absent.1 + usize::from(!present));
        } else {
            figures.review += 1;
        }
    }
    figures
}

/// Precision and recall, in percent, that one pattern a term reaches: what must be beaten.
const FLOORS: [(&str, f32, f32); 19] = [
    ("governing_law", 98.6, 80.8),
    ("document_name", 95.2, 46.3),
    ("agreement_date", 82.2, 72.4),
    ("notice_period_to_terminate_renewal", 63.4, 51.5),
    ("anti_assignment", 98.8, 91.4),
    ("insurance", 95.1, 82.0),
    ("audit_rights", 100.0, 48.1),
    ("cap_on_liability", 95.6, 62.5),
    ("license_grant", 90.4, 85.1),
    ("no_solicit_of_employees", 83.3, 76.3),
    ("source_code_escrow", 81.8, 69.2),
    ("liquidated_damages", 80.0, 59.0),
    ("non_compete", 63.0, 48.7),
    ("revenue_profit_sharing", 58.0, 72.3),
    ("termination_for_convenience", 55.7, 77.0),
    ("change_of_control", 51.2, 85.1),
    ("third_party_beneficiary", 51.1, 69.7),
    ("most_favored_nation", 50.0, 21.4),
    ("exclusivity", 44.3, 98.3),
];

/// Best precision, in percent, of saying that a contract has the term (or, for values, of the value) at a recall
/// in percent or more.
#[must_use]
pub fn precision_at(contracts: &[Labelled], pools: &[Pool], term: &TermSpec, recall: f32) -> f32 {
    let at = term.number as usize - 1;
    let mut cells: Vec<(f32, bool)> = Vec::new();
    for (contract, pool) in contracts.iter().zip(pools) {
        let (label, Some(guess)) = (&contract.labels[at], pool[at].first()) else { continue };
        let right = match &guess.value {
            Some(value) if at < 8 => {
                right::is_right(term, label, value, &contract.text[guess.start..guess.end])
            }
            None if at < 8 => continue,
            _ => !label.golds.is_empty(),
        };
        cells.push((guess.share, right));
    }
    cells.sort_by(|a, b| b.0.total_cmp(&a.0));
    let present = contracts.iter().filter(|contract| !contract.labels[at].golds.is_empty()).count();
    let (mut right, mut best) = (0, 0.0f32);
    for (count, cell) in cells.iter().enumerate() {
        right += usize::from(cell.1);
        if share(right, present) >= recall {
            best = best.max(share(right, count + 1));
        }
    }
    best
}

/// The whole table as text.
#[must_use]
pub fn table(contracts: &[Labelled], pools: &[Pool]) -> String {
    let curves = curves(contracts, pools);
    let all: Vec<Figures> = (0..LABELLED).map(|term| figures(contracts, pools, term)).collect();
    let mut text = String::from(
        "term                                     present stated accuracy coverage recall absent% review  ECE  AUPR P@80R P@90R reach\n",
    );
    for (at, term) in terms::all()[..LABELLED].iter().enumerate() {
        let name = format!("{}{}", term.key, if term.mvp { " *" } else { "" });
        line(&mut text, &name, &all[at], Some(&curves[at]));
    }
    let pick = |keep: &dyn Fn(&TermSpec) -> bool| {
        let mut sum = Figures::default();
        terms::all()[..LABELLED]
            .iter()
            .zip(&all)
            .filter(|(term, _)| keep(term))
            .for_each(|(_, figures)| sum.add(figures));
        sum
    };
    line(&mut text, "ten that matter most (micro)", &pick(&|term| term.mvp), None);
    line(&mut text, "all 41 (micro)", &pick(&|_| true), curves.last());
    means(&mut text, &all, &curves);
    bands(&mut text, &pick(&|_| true));
    for (key, precision, recall) in FLOORS {
        let Some(term) = terms::by_key(key) else { continue };
        let own = precision_at(contracts, pools, term, recall);
        let verdict = if own >= precision { "beaten" } else { "NOT beaten" };
        let _ = writeln!(
            text,
            "floor {key:36} precision {precision:5.1} at recall {recall:4.1}: {own:5.1} {verdict}"
        );
    }
    text
}

/// Means over the terms that have the figure.
fn means(text: &mut String, all: &[Figures], curves: &[Curve]) {
    let mean = |values: Vec<f32>| {
        let values: Vec<f32> = values.into_iter().filter(|value| !value.is_nan()).collect();
        (values.iter().sum::<f32>() / values.len().max(1) as f32, values.len())
    };
    let (accuracy, stated) = mean(all.iter().map(Figures::accuracy).collect());
    let (coverage, _) = mean(all.iter().map(Figures::coverage).collect());
    let (recall, _) = mean(all.iter().map(Figures::recall).collect());
    let (area, _) = mean(curves[..LABELLED].iter().map(|curve| curve.area).collect());
    let (precision, _) = mean(curves[..LABELLED].iter().map(|curve| curve.precision_at_80).collect());
    let _ = writeln!(
        text,
        "macro: accuracy {accuracy:.1} over {stated} terms, coverage {coverage:.1}, recall {recall:.1}, AUPR {area:.3}, P@80R {precision:.3}"
    );
}

/// Share of right answers in each band of confidence.
fn bands(text: &mut String, figures: &Figures) {
    for (at, (cells, sure, right)) in figures.bands.iter().enumerate().filter(|(_, band)| band.0 > 0) {
        let (low, high) = (at as f32 / BANDS as f32, (at + 1) as f32 / BANDS as f32);
        let mean = sure / *cells as f32;
        let right = share(*right, *cells);
        let _ = writeln!(
            text,
            "confidence {low:.1} to {high:.1}: {cells:5} answers, mean {mean:.2}, right {right:.1} %"
        );
    }
}

fn line(text: &mut String, name: &str, figures: &Figures, curve: Option<&Curve>) {
    let absent = share(figures.absent.1, figures.absent.0);
    let _ = write!(
        text,
        "{name:40} {:7} {:6} {:8.1} {:8.1} {:6.1} {absent:7.1} {:6} {:.2}",
        figures.present,
        figures.stated,
        figures.accuracy(),
        figures.coverage(),
        figures.recall(),
        figures.review,
        figures.calibration_error(),
    );
    if let Some(curve) = curve {
        let _ = write!(
            text,
            " {:.3} {:.3} {:.3} {:.3}",
            curve.area, curve.precision_at_80, curve.precision_at_90, curve.recall_max
        );
    }
    text.push('\n');
}
