//! The fit of a company to a question, 0 to 100, by stated rules.
//!
//! Three parts share 100 points: what the company does (60), the facts that were asked for (30, in equal
//! shares; an unknown fact gives nothing) and how well the directory knows the company (10). A part that
//! the question does not have gives its share to the others in proportion.

use domain::search::Reason;

/// Most points for what the company does.
pub const DOES_MAX: f64 = 60.0;
/// Most points for the facts asked for, together.
pub const FACTS_MAX: f64 = 30.0;
/// Most points for how well the company is known.
pub const KNOWN_MAX: f64 = 10.0;

/// What is known of a company in the light of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Signals {
    /// How surely the company does what is asked, 0 to 1, and the words for it; `None` when not asked.
    pub does: Option<(f64, String)>,
    /// Each fact asked for: its words and whether it is known to hold.
    pub facts: Vec<(String, bool)>,
    /// How well the directory knows the company, 0 to 1.
    pub known: f64,
}

/// The fit, not rounded, and the reasons that add up to it.
pub fn fit(signals: &Signals) -> (f64, Vec<Reason>) {
    let mut reasons = Vec::new();
    if let Some((value, label)) = &signals.does {
        reasons.push(reason(label.clone(), value.clamp(0.0, 1.0), DOES_MAX));
    }
    let share = FACTS_MAX / f64::from(u32::try_from(signals.facts.len()).unwrap_or(u32::MAX).max(1));
    for (label, holds) in &signals.facts {
        let label = if *holds { label.clone() } else { format!("{label}: unknown") };
        reasons.push(reason(label, if *holds { 1.0 } else { 0.0 }, share));
    }
    reasons.push(reason("how well the company is known".into(), signals.known.clamp(0.0, 1.0), KNOWN_MAX));
    let most: f64 = reasons.iter().map(|reason| reason.points_max).sum();
    for reason in &mut reasons {
        reason.points *= 100.0 / most;
        reason.points_max *= 100.0 / most;
    }
    (reasons.iter().map(|reason| reason.points).sum(), reasons)
}

fn reason(label: String, value: f64, points_max: f64) -> Reason {
    Reason { label, points: value * points_max, points_max }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signals(does: Option<f64>, facts: &[bool], known: f64) -> Signals {
        Signals {
            does: does.map(|value| (value, "does".to_owned())),
            facts: facts.iter().map(|holds| ("fact".to_owned(), *holds)).collect(),
            known,
        }
    }

    #[test]
    fn reasons_add_up_and_reach_both_ends() {
        for case in [
            signals(Some(1.0), &[true, true], 1.0),
            signals(None, &[true], 1.0),
            signals(Some(1.0), &[], 1.0),
        ] {
            let (fit, reasons) = fit(&case);
            assert!((fit - 100.0).abs() < 1e-9, "{fit}");
            assert!((reasons.iter().map(|r| r.points_max).sum::<f64>() - 100.0).abs() < 1e-9);
        }
        assert!(fit(&signals(Some(0.0), &[false], 0.0)).0.abs() < 1e-9);
    }

    #[test]
    fn an_unknown_fact_costs_its_share_and_no_more() {
        let (all, _) = fit(&signals(Some(0.8), &[true, true], 0.5));
        let (one, _) = fit(&signals(Some(0.8), &[true, false], 0.5));
        assert!((all - one - 15.0).abs() < 1e-9);
    }

    #[test]
    fn doing_it_matters_more_than_being_known() {
        let (expert, _) = fit(&signals(Some(0.9), &[true], 0.0));
        let (famous, _) = fit(&signals(Some(0.6), &[true], 1.0));
        assert!(expert > famous);
    }
}
