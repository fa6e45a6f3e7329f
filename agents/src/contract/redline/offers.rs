//! What a playbook does not like, replaced by the words it offers instead: verdicts in, edits out.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use domain::contract::{Finding, Quote, TermKey, Verdict};
use regex::Regex;

use super::{Edit, Fault, Redlined, edit};
use crate::contract::{playbook::Playbook, read::Bounds, terms};

/// Why a finding is not in the redline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// The contract does not say it; there is no place to mark.
    Missing,
    /// The playbook has no words to offer.
    NoOffer,
    /// A graver finding replaces the same passage.
    Replaced,
    /// The place cannot be marked, e.g. because it runs over cells of a table.
    NoPlace,
}

impl Left {
    /// In plain words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Missing => "the contract does not say it, so there is nothing to mark",
            Self::NoOffer => "the playbook has no words to offer",
            Self::Replaced => "a graver finding already replaces that passage",
            Self::NoPlace => "its place cannot be marked",
        }
    }
}

/// A redline of offers.
#[derive(Debug, Clone, PartialEq)]
pub struct Offered {
    /// The document, proved.
    pub redlined: Redlined,
    /// Terms whose passage was replaced.
    pub replaced: Vec<TermKey>,
    /// Terms that are not as we like them and were not replaced.
    pub left: Vec<(TermKey, Left)>,
}

/// What stands before the words of a clause: its number and its title.
static LABEL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^\s*(?:(?i:article|section|clause)\s+)?(?:\d{1,3}(?:\.\d{1,3})+[.)]?\s+|\(?(?:\d{1,3}|[IVXivx]{1,5}|[a-zA-Z])[.)]\s+)?(?:[A-Z][A-Za-z]*(?:[ ,&-]+(?:[A-Z][A-Za-z]*|and|or|of|to|for|on|by|in|the)){0,7}[.:]\s+)?",
    )
    .ok()
});

/// Writes the offers of a playbook into a document: every yellow, red or escalated clause that was quoted is
/// replaced, the reason beside it as a comment. The graver finding wins a passage that two of them quote.
///
/// # Errors
/// When the document cannot be read or marked, or the redline does not prove right.
pub fn offer(
    docx: &[u8],
    (playbook, findings): (&Playbook, &[Finding]),
    (author, when): (&str, DateTime<Utc>),
    bounds: &Bounds<'_>,
) -> Result<Offered, Fault> {
    let mut edits: Vec<(TermKey, Edit)> = Vec::new();
    let mut left = Vec::new();
    for finding in findings {
        match proposal(playbook, finding, author) {
            Ok(None) => {}
            Ok(Some(own))
                if edits.iter().any(|(_, other)| own.start < other.end && other.start < own.end) =>
            {
                left.push((finding.term.clone(), Left::Replaced));
            }
            Ok(Some(own)) => edits.push((finding.term.clone(), own)),
            Err(why) => left.push((finding.term.clone(), why)),
        }
    }
    loop {
        let all: Vec<Edit> = edits.iter().map(|(_, edit)| edit.clone()).collect();
        match edit(docx, &all, when, bounds) {
            // One place that cannot be marked does not cost the others.
            Err(Fault::Edit { index, .. }) if index < edits.len() => {
                left.push((edits.remove(index).0, Left::NoPlace));
            }
            Err(fault) => return Err(fault),
            Ok(redlined) => {
                let replaced = edits.into_iter().map(|(term, _)| term).collect();
                return Ok(Offered { redlined, replaced, left });
            }
        }
    }
}

fn proposal(playbook: &Playbook, finding: &Finding, author: &str) -> Result<Option<Edit>, Left> {
    match finding.verdict {
        Verdict::Yellow | Verdict::Red | Verdict::Escalate => {}
        Verdict::Missing => return Err(Left::Missing),
        Verdict::Green | Verdict::Unclear => return Ok(None),
    }
    let Some(quote) = &finding.quote else { return Err(Left::Missing) };
    let position = playbook.on(&finding.term).filter(|position| !position.offer.is_empty());
    let position = position.ok_or(Left::NoOffer)?;
    let name = terms::by_key(&finding.term.0).map_or(finding.term.0.as_str(), |term| term.name.as_str());
    let comment = format!("{name}: {} We can live with: {}", finding.reason, position.fallback);
    let (start, end) = body(quote);
    let replacement = position.offer.clone();
    Ok(Some(Edit { start, end, replacement, comment: Some(comment), author: author.to_owned() }))
}

/// The range of a quote without its number and title, which stay.
fn body(quote: &Quote) -> (usize, usize) {
    let label = LABEL.as_ref().and_then(|label| label.find(&quote.text)).map_or(0, |label| label.end());
    let label = if label >= quote.text.trim_end().len() { 0 } else { label };
    (quote.start + label, quote.start + quote.text.trim_end().len())
}

#[cfg(test)]
mod tests {
    use domain::contract::{Family, Side};

    use super::*;
    use crate::contract::{
        read::{self, docx::tests::document},
        redline::{accept_all, reject_all},
    };

    const LAW: &str = "7.2 Governing Law. This Agreement is governed by the laws of the State of Utah.";
    const CAP: &str = "Only Supplier's liability is limited to one dollar.";

    fn finding(text: &str, term: &str, verdict: Verdict, quote: &str) -> Finding {
        let at = text.find(quote);
        Finding {
            term: TermKey(term.to_owned()),
            family: Family::Disp,
            verdict,
            severity: 50,
            side: Side::Unknown,
            reason: "Not as we like it.".into(),
            quote: at.map(|start| Quote { text: quote.into(), page: 1, start, end: start + quote.len() }),
        }
    }

    fn words(docx: &[u8]) -> String {
        read::read(docx, &Bounds::untimed()).map(|reading| reading.text.text).unwrap_or_default()
    }

    fn offered(findings: impl Fn(&str) -> Vec<Finding>) -> (Vec<u8>, Offered) {
        let paragraph = |words: &str| format!("<w:p><w:r><w:t>{words}</w:t></w:r></w:p>");
        let docx = document(&[LAW, CAP, "The end."].map(paragraph).concat(), &[]);
        let when = DateTime::from_timestamp(1_795_000_000, 0).expect("a time");
        let findings = findings(&words(&docx));
        let done = offer(&docx, (Playbook::built_in(), &findings), ("Ann", when), &Bounds::untimed());
        (docx, done.expect("a redline"))
    }

    #[test]
    fn what_we_do_not_like_is_replaced_and_its_number_stays() {
        let (docx, done) = offered(|text| {
            vec![
                finding(text, "cap_on_liability", Verdict::Red, CAP),
                finding(text, "governing_law", Verdict::Yellow, LAW),
                finding(text, "insurance", Verdict::Green, "The end."),
                finding(text, "indemnification", Verdict::Missing, "nowhere"),
            ]
        });
        let accepted = words(&accept_all(&done.redlined.docx, &Bounds::untimed()).expect("accepted"));
        assert!(
            accepted.contains(
                "7.2 Governing Law. This Agreement is governed by the laws of the State of Delaware,"
            )
        );
        assert!(!accepted.contains("Utah") && !accepted.contains("one dollar"), "{accepted}");
        assert!(accepted.contains("each party's total liability") && accepted.contains("The end."));
        let rejected = reject_all(&done.redlined.docx, &Bounds::untimed()).expect("rejected");
        assert_eq!(words(&rejected), words(&docx));
        assert_eq!(done.left, [(TermKey("indemnification".into()), Left::Missing)]);
        assert_eq!(done.replaced.len(), 2);
    }

    #[test]
    fn one_passage_is_replaced_once_and_a_term_without_an_offer_is_told() {
        let (_, done) = offered(|text| {
            vec![
                finding(text, "cap_on_liability", Verdict::Red, CAP),
                finding(text, "indemnification", Verdict::Yellow, CAP),
                finding(text, "parties", Verdict::Yellow, "The end."),
            ]
        });
        let left: Vec<Left> = done.left.iter().map(|(_, left)| *left).collect();
        assert_eq!(left, [Left::Replaced, Left::NoOffer]);
        assert_eq!(done.replaced, [TermKey("cap_on_liability".into())]);
    }

    #[test]
    fn only_number_and_title_are_labels() {
        for (text, kept) in [
            (LAW, "7.2 Governing Law. "),
            ("(a) Term and Termination: It ends.", "(a) Term and Termination: "),
            ("Either party may end it.", ""),
            ("Supplier shall pay. It shall pay more.", ""),
        ] {
            let quote = Quote { text: text.into(), page: 1, start: 10, end: 10 + text.len() };
            assert_eq!(body(&quote), (10 + kept.len(), 10 + text.len()), "{text}");
        }
    }
}
