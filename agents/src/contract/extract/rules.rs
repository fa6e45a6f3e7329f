//! The six terms without labelled contracts: found by their patterns and headings alone, with modest confidence.

use domain::contract::Value;

use super::{
    assemble::{Guess, Signs},
    candidate::LABELLED,
    reading::Reading,
    values,
};
use crate::contract::{
    structure::word_hash,
    terms::{self, Kind, TermSpec},
};

/// Rules alone are never surer than this.
const SHARE_MAX: f32 = 0.88;
/// Guesses kept a term.
const GUESSES_MAX: usize = 6;

/// Guesses of a term without labels, the best first.
#[must_use]
pub fn guesses(text: &str, reading: &Reading, term: usize) -> Vec<Guess> {
    debug_assert!(term >= LABELLED);
    let spec = &terms::all()[term];
    let headings: Vec<Vec<u32>> =
        spec.headings.iter().map(|heading| heading.split_whitespace().map(word_hash).collect()).collect();
    let mut all: Vec<Guess> = Vec::new();
    for (at, sentence) in reading.outline.sentences.iter().enumerate().take(reading.hits.len()) {
        let hits = reading.hits[at].iter().filter(|hit| hit.term == term).count();
        let length = sentence.words.1 - sentence.words.0;
        if hits == 0 || length < 6 {
            continue;
        }
        let heading: Vec<u32> = reading.outline.heading_of(sentence).iter().map(|word| word.hash).collect();
        let headed = headings.contains(&heading);
        let value = values::of(spec, &text[sentence.start..sentence.end], &values::Known::default());
        let share = share(spec, hits, headed, value.as_ref());
        all.push(Guess { start: sentence.start, end: sentence.end, value, share, signs: Signs::default() });
    }
    all.sort_by(|a, b| b.share.total_cmp(&a.share));
    all.truncate(GUESSES_MAX);
    all
}

fn share(spec: &TermSpec, hits: usize, headed: bool, value: Option<&Value>) -> f32 {
    let hits = hits.min(4) as f32;
    let base = 0.22 + 0.13 * hits + if headed { 0.2 } else { 0.0 };
    // A term that is a length or a place without either is a mention, not the term.
    let valued = match (spec.kind, value) {
        (Kind::Duration, None) => -0.35,
        (Kind::Jurisdiction, Some(Value::Clause) | None) => -0.15,
        (Kind::Percent, Some(Value::Percent(_))) | (Kind::Duration | Kind::Jurisdiction, _) => 0.1,
        _ => 0.0,
    };
    (base + valued).clamp(0.02, SHARE_MAX)
}

#[cfg(test)]
mod tests {
    use domain::contract::{CalendarUnit, Duration};

    use super::*;
    use crate::contract::extract::{cue::Cues, extractor::STATED};

    /// The best guess of a term: its quote, value and share.
    fn best(key: &str, text: &str) -> Option<(String, Option<Value>, f32)> {
        let term = terms::all().iter().position(|term| term.key.0 == key).expect("a term");
        let reading = Reading::of(text, &Cues::of(terms::all()), None);
        let guess = guesses(text, &reading, term).into_iter().next()?;
        Some((text[guess.start..guess.end].to_owned(), guess.value, guess.share))
    }

    fn length(count: f64, unit: CalendarUnit) -> Option<Value> {
        Some(Value::Duration(Duration { count, unit }))
    }

    #[test]
    fn payment_terms_are_the_days_until_an_invoice_is_due() {
        let text = "5. Payment Terms. Customer shall pay each undisputed invoice within forty-five (45) days after \
            receipt of the invoice. The Software is delivered within ten (10) days after the order.";
        let (quote, value, share) = best("payment_terms", text).expect("found");
        assert!(quote.contains("undisputed invoice"), "{quote}");
        assert_eq!(value, length(45.0, CalendarUnit::Days));
        assert!(share >= STATED, "{share}");
        assert!(best("payment_terms", "The parties met within ten days of the fair in Hanover.").is_none());
    }

    #[test]
    fn an_indemnity_is_a_clause_and_its_procedure_is_not_surer() {
        let text = "9. Indemnification. Supplier shall indemnify, defend and hold harmless Reseller from and against \
            all third-party claims. The parties share the cost of the stand.";
        let (quote, value, share) = best("indemnification", text).expect("found");
        assert!(quote.contains("Supplier shall indemnify"), "{quote}");
        assert_eq!((value, share >= STATED), (Some(Value::Clause), true));
    }

    #[test]
    fn the_term_of_confidentiality_is_its_years_and_a_mention_is_none() {
        let text = "8. Confidentiality. The obligations of confidentiality in this Section survive for a period of \
            three (3) years after the termination of this Agreement.";
        let (_, value, share) = best("confidentiality_term", text).expect("found");
        assert_eq!(value, length(3.0, CalendarUnit::Years));
        assert!(share >= STATED, "{share}");
        let vague =
            best("confidentiality_term", "Obligations of confidentiality survive the end of this Agreement.");
        assert!(vague.is_none_or(|(_, _, share)| share < STATED));
    }

    #[test]
    fn data_protection_is_found_by_its_words() {
        let text = "11. Data Protection. Each party processes personal data in accordance with the GDPR and the data \
            processing agreement in Schedule 2, and reports a data breach within seventy-two (72) hours.";
        let (quote, value, share) = best("data_protection", text).expect("found");
        assert!(quote.contains("GDPR") && share >= STATED, "{quote} {share}");
        assert!(value.is_some());
        assert!(
            best("data_protection", "The data sheet states the protection class of the housing.").is_none()
        );
    }

    #[test]
    fn a_service_level_is_a_share_of_time() {
        let text = "Service Levels. Supplier shall ensure that the Service is available 99.5% of each month, service \
            credits being the sole remedy for less uptime.";
        let (_, value, share) = best("service_levels", text).expect("found");
        assert_eq!(value, Some(Value::Percent(99.5)));
        assert!(share >= STATED, "{share}");
    }

    #[test]
    fn a_forum_is_a_court_or_a_seat() {
        let text = "14. Disputes. The parties submit to the exclusive jurisdiction of the state and federal courts \
            located in New York, New York. Notices are sent to New York.";
        let (_, value, share) = best("dispute_resolution_forum", text).expect("found");
        let Some(Value::Jurisdiction(place)) = value else { panic!("{value:?}") };
        assert_eq!((place.region.as_str(), place.country.as_str()), ("New York", "US"));
        assert!(place.court.contains("federal courts") && share >= STATED, "{place:?} {share}");
        let arbitration = "Any dispute is finally settled by binding arbitration under the rules of the International \
            Chamber of Commerce.";
        let (_, value, _) = best("dispute_resolution_forum", arbitration).expect("found");
        let Some(Value::Jurisdiction(place)) = value else { panic!("{value:?}") };
        assert_eq!(place.court, "International Chamber of Commerce");
    }
}
