//! The playbook: positions as data, and the verdict on each term of a contract under them.

mod kept;
mod position;
mod severity;
mod side;

use domain::contract::{Extraction, Finding, State, Verdict};

pub(crate) use kept::{newest, numbered};
pub use position::{Fault, Playbook, Position, Rule};
pub use severity::ValueBand;
pub use side::Ours;

/// What the verdicts depend on beside the contract.
#[derive(Debug, Clone, Default)]
pub struct Stance {
    /// Which party we are, where it is known.
    pub ours: Ours,
    /// What the deal is worth.
    pub value: ValueBand,
}

impl Playbook {
    /// Judges what was found of a contract's terms; the gravest finding first, then in the playbook's order.
    ///
    /// A term found in several places is judged place by place and the gravest place speaks for it: a concession
    /// in one clause does not heal another.
    #[must_use]
    pub fn judge(&self, found: &[Extraction], stance: &Stance) -> Vec<Finding> {
        let mut findings: Vec<Finding> =
            self.positions.iter().map(|position| judge(position, found, stance)).collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings
    }
}

fn judge(position: &Position, found: &[Extraction], stance: &Stance) -> Finding {
    let rows: Vec<&Extraction> = found.iter().filter(|row| row.term.0 == position.term).collect();
    let gravest = rows
        .iter()
        .filter(|row| row.state == State::Stated)
        .map(|row| stated(position, row, found, stance))
        .max_by_key(|finding| finding.severity);
    if let Some(finding) = gravest {
        return finding;
    }
    if let Some(row) = rows.iter().find(|row| row.state == State::Review) {
        let reason =
            if row.reason.is_empty() { "We are not sure of this term." } else { row.reason.as_str() };
        return finding(position, Verdict::Unclear, reason.to_owned(), row, stance);
    }
    let verdict = position.absent;
    let reason = match verdict {
        Verdict::Missing => "The contract does not say it, and it should.",
        Verdict::Green => "The contract does not say it, which suits us.",
        _ => "The contract does not say it.",
    };
    let severity = severity::of(position.family, verdict, domain::contract::Side::Unknown, stance.value);
    Finding {
        term: position.key(),
        family: position.family,
        verdict,
        severity,
        side: domain::contract::Side::Unknown,
        reason: reason.to_owned(),
        quote: None,
    }
}

fn stated(position: &Position, row: &Extraction, found: &[Extraction], stance: &Stance) -> Finding {
    let rule = position.rules.iter().find(|rule| rule.holds(row, found, &stance.ours));
    let (verdict, reason) = match rule {
        Some(rule) => (rule.verdict, rule.because.clone()),
        None => (position.otherwise, described(position).to_owned()),
    };
    finding(position, verdict, reason, row, stance)
}

fn described(position: &Position) -> &str {
    match position.otherwise {
        Verdict::Green => "It is as we like it.",
        Verdict::Red => &position.unacceptable,
        _ => "It has such a clause; no rule says how good it is.",
    }
}

fn finding(
    position: &Position,
    verdict: Verdict,
    reason: String,
    row: &Extraction,
    stance: &Stance,
) -> Finding {
    let side = row
        .quote
        .as_ref()
        .map_or(domain::contract::Side::Unknown, |quote| side::burdened(&quote.text, &stance.ours));
    Finding {
        term: position.key(),
        family: position.family,
        verdict,
        severity: severity::of(position.family, verdict, side, stance.value),
        side,
        reason,
        quote: row.quote.clone(),
    }
}

#[cfg(test)]
mod tests {
    use domain::contract::{CalendarUnit, Duration, Quote, Side, TermKey, Value};

    use super::*;

    fn row(term: &str, quote: &str, value: Value) -> Extraction {
        Extraction {
            term: TermKey(term.to_owned()),
            state: State::Stated,
            value: Some(value),
            quote: Some(Quote { text: quote.to_owned(), page: 1, start: 0, end: quote.len() }),
            confidence: 0.9,
            reason: String::new(),
        }
    }

    fn verdict(rows: &[Extraction], term: &str) -> (Verdict, Side) {
        let ours = Ours { names: vec!["Distributor".to_owned()] };
        let stance = Stance { ours, value: ValueBand::default() };
        let findings = Playbook::built_in().judge(rows, &stance);
        let found =
            findings.into_iter().find(|finding| finding.term.0 == term).expect("a finding for each term");
        (found.verdict, found.side)
    }

    fn days(count: f64) -> Value {
        Value::Duration(Duration { count, unit: CalendarUnit::Days })
    }

    #[test]
    fn the_built_in_playbook_has_a_position_on_every_term() {
        let positions: Vec<&str> =
            Playbook::built_in().positions.iter().map(|position| position.term.as_str()).collect();
        let terms: Vec<&str> = crate::contract::terms::all().iter().map(|term| term.key.0.as_str()).collect();
        assert_eq!(positions, terms);
    }

    #[test]
    fn whatever_can_be_yellow_or_red_where_it_stands_has_an_offer() {
        for position in &Playbook::built_in().positions {
            let disliked = |verdict| matches!(verdict, Verdict::Yellow | Verdict::Red | Verdict::Escalate);
            let can =
                disliked(position.otherwise) || position.rules.iter().any(|rule| disliked(rule.verdict));
            assert!(!can || !position.offer.is_empty(), "{}", position.term);
        }
    }

    #[test]
    fn a_short_mutual_notice_is_green_and_a_right_of_theirs_alone_is_red() {
        let mutual = "Either party may terminate this Agreement for any reason upon sixty (60) days' notice.";
        let theirs = "Supplier may terminate this Agreement for convenience upon thirty (30) days' notice.";
        let term = "termination_for_convenience";
        assert_eq!(verdict(&[row(term, mutual, days(60.0))], term), (Verdict::Green, Side::Mutual));
        assert_eq!(verdict(&[row(term, theirs, days(30.0))], term).0, Verdict::Yellow);
        let ours_is_named =
            "Supplier may terminate this Agreement on thirty days' notice; Distributor shall not.";
        assert_eq!(verdict(&[row(term, ours_is_named, days(30.0))], term).1, Side::Us);
    }

    #[test]
    fn the_gravest_place_speaks_for_a_term() {
        let term = "notice_period_to_terminate_renewal";
        let rows = [row(term, "thirty days", days(30.0)), row(term, "one hundred twenty days", days(120.0))];
        assert_eq!(verdict(&rows, term).0, Verdict::Red);
    }

    #[test]
    fn an_endless_term_is_red_only_when_nothing_lets_us_out() {
        let perpetual = Value::Duration(Duration { count: 0.0, unit: CalendarUnit::Perpetual });
        let endless = row("expiration_date", "This Agreement continues in perpetuity.", perpetual);
        assert_eq!(verdict(std::slice::from_ref(&endless), "expiration_date").0, Verdict::Red);
        let exit =
            row("termination_for_convenience", "Either party may terminate on 60 days' notice.", days(60.0));
        assert_eq!(verdict(&[endless, exit], "expiration_date").0, Verdict::Yellow);
    }

    #[test]
    fn what_should_be_there_and_is_not_is_missing_and_grave() {
        let findings = Playbook::built_in().judge(&[], &Stance::default());
        let cap = findings.iter().find(|finding| finding.term.0 == "cap_on_liability").unwrap();
        assert_eq!(cap.verdict, Verdict::Missing);
        assert!(cap.severity > 50, "{}", cap.severity);
        assert!(findings.windows(2).all(|pair| pair[0].severity >= pair[1].severity));
    }

    #[test]
    fn what_we_are_unsure_of_is_unclear() {
        let unsure = Extraction { state: State::Review, ..row("insurance", "insurance", Value::Clause) };
        assert_eq!(verdict(&[unsure], "insurance").0, Verdict::Unclear);
    }
}
