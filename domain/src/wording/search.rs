//! What a search found.

use crate::card::{Block, Button, Card, Choice, EvidenceLine, Footer, HitLine, Style, Text, Verb};
use crate::ids::PlanId;
use crate::person::Role;
use crate::places::places;
use crate::search::{Answer, Chip, Hit, Verdict};

use super::phrases::{buttons, count, cut, faint, say};

/// Most partners on one card.
const HITS_MAX: usize = 10;

/// Longest quoted evidence, characters.
const QUOTE_CHARS_MAX: usize = 160;

/// The partners found, to tick and propose. A viewer sees them without ticks and buttons.
pub fn found(answer: &Answer, plan: PlanId, role: Role) -> Card {
    if answer.no_match || answer.hits.is_empty() {
        return nothing_found(answer, None, presses(role, plan));
    }
    let hits = &answer.hits[..answer.hits.len().min(HITS_MAX)];
    let heading = format!("{} for “{}”", count(hits.len(), "partner", "partners"), cut(&answer.query, 100));
    let mut card = Card::titled(heading);
    card = with_chips(card, &answer.chips, presses(role, plan));
    let lines = hits.iter().zip(1..).map(|(hit, rank)| line(hit, rank)).collect();
    card = card.with(Block::Hits { hits: lines });
    if let Some(note) = unknowns(hits) {
        card = card.and_text(faint(note));
    }
    if answer.degraded {
        card = card.and_text(faint(
            "The search index is not available right now, so this comes from a simpler search; better partners may be missing.",
        ));
    }
    if role >= Role::Member {
        let button = |label: &str, verb, style| Button {
            label: label.to_owned(),
            verb,
            value: plan.to_string(),
            style,
        };
        card = card.with(choices(hits)).with(buttons(vec![
            button("Create deals", Verb::CreateDeals, Style::Primary),
            button("Good fit", Verb::GoodFit, Style::Plain),
            button("Not for us", Verb::NotForUs, Style::Plain),
            refine(plan),
        ]));
    }
    let considered = answer.considered;
    let text = format!(
        "{} looked at closely",
        count(usize::try_from(considered).unwrap_or(usize::MAX), "company", "companies")
    );
    Card { footer: Some(Footer { text, url: None }), ..card }
}

/// Most parts that are shown with a button each; the rest stands in words.
const CHIPS_MAX: usize = 5;

/// Each part of the question as a button that asks again without it. A part that is all there is cannot be taken away.
/// In words alone without the search's plan.
fn with_chips(card: Card, chips: &[Chip], plan: Option<PlanId>) -> Card {
    let Some(plan) = plan.filter(|_| chips.len() > 1) else {
        return match understood(chips) {
            Some(line) => card.and_text(line),
            None => card,
        };
    };
    let rest = chips.get(CHIPS_MAX..).unwrap_or_default();
    let mut line = Text::default().faint("Understood as, press to leave out:");
    if !rest.is_empty() {
        let labels: Vec<&str> = rest.iter().map(|chip| chip.label.as_str()).collect();
        line = line.plain(format!(" … {}", labels.join(" · ")));
    }
    let chip = |(at, chip): (usize, &Chip)| Button {
        label: format!("✕ {}", cut(&chip.label, 40)),
        verb: Verb::Without,
        value: format!("{plan}/{at}"),
        style: Style::Plain,
    };
    card.and_text(line).with(buttons(chips.iter().take(CHIPS_MAX).enumerate().map(chip).collect()))
}

/// The search's plan, where the role may ask again.
fn presses(role: Role, plan: PlanId) -> Option<PlanId> {
    (role >= Role::Member).then_some(plan)
}

/// The button that changes a search's question.
pub fn refine(plan: PlanId) -> Button {
    let (label, value) = ("Refine".to_owned(), plan.to_string());
    Button { label, verb: Verb::Refine, value, style: Style::Plain }
}

/// How to refine a search where no form can be opened.
pub fn refine_in_words(query: &str) -> Card {
    Card::text("Ask again with what should be different, for instance:")
        .with(Block::Quote { text: format!("find {}, mid cap", cut(query, 200)) })
}

/// Nothing fits. `relaxed` is the question without the part that stands most in the way, when there is one; `plan` is the
/// search's, where the reader may ask again without a part.
pub fn nothing_found(answer: &Answer, relaxed: Option<&str>, plan: Option<PlanId>) -> Card {
    let card = Card::titled(format!("No partner for “{}”", cut(&answer.query, 100)));
    let mut card = with_chips(card, &answer.chips, plan);
    card = card.and_text(match &answer.relax {
        Some(part) => Text::default()
            .plain("Nothing in the directory fits well enough. It is ")
            .strong(part.as_str())
            .plain(" that stands most in the way; try without it."),
        None => {
            Text::from("Nothing in the directory fits well enough. Try other words, or fewer conditions.")
        }
    });
    if answer.degraded {
        card = card.and_text(faint(
            "The search index is not available right now; the same question may find more in a few minutes.",
        ));
    }
    match relaxed {
        Some(query) => {
            let label = match &answer.relax {
                Some(part) => format!("Search without “{}”", cut(part, 40)),
                None => "Search more widely".to_owned(),
            };
            card.with(buttons(vec![say(label, format!("find {query}"))]))
        }
        None => card,
    }
}

/// The question as it was understood, so that a misreading shows.
fn understood(chips: &[Chip]) -> Option<Text> {
    let labels: Vec<&str> = chips.iter().map(|chip| chip.label.as_str()).collect();
    (!labels.is_empty()).then(|| Text::default().faint("Understood as: ").plain(labels.join(" · ")))
}

fn line(hit: &Hit, rank: u32) -> HitLine {
    let company = &hit.company;
    let country = company.country.as_deref().map(|code| places().country(code));
    let place = match (&company.city, country) {
        (Some(city), Some(country)) => format!("{city}, {country}"),
        (None, Some(country)) => country.to_owned(),
        (Some(city), None) => format!("{city}, country unknown"),
        (None, None) => "country unknown".to_owned(),
    };
    HitLine {
        rank,
        company: company.id.0.clone(),
        name: company.name.clone(),
        place,
        size: company.size.map_or_else(|| "size unknown".to_owned(), |size| size.label().to_owned()),
        fit: hit.fit,
        why: why(hit),
        evidence: hit
            .evidence
            .iter()
            .map(|evidence| EvidenceLine {
                part: evidence.part.clone(),
                proof: (evidence.verdict == Verdict::Satisfied)
                    .then(|| cut(&evidence.quote, QUOTE_CHARS_MAX)),
            })
            .collect(),
    }
}

/// The two reasons that gave most.
fn why(hit: &Hit) -> String {
    let mut reasons: Vec<_> = hit.reasons.iter().filter(|reason| reason.points > 0.0).collect();
    reasons.sort_by(|a, b| b.points.total_cmp(&a.points));
    let labels: Vec<&str> = reasons.iter().take(2).map(|reason| reason.label.as_str()).collect();
    if labels.is_empty() { "weak match".to_owned() } else { labels.join("; ") }
}

/// What the directory does not know, said once for the whole list.
fn unknowns(hits: &[Hit]) -> Option<String> {
    let lacking =
        hits.iter().filter(|hit| hit.evidence.iter().any(|e| e.verdict == Verdict::Unknown)).count();
    match lacking {
        0 => None,
        1 => Some(
            "For one of them the directory does not know everything you asked about; see “unknown”."
                .to_owned(),
        ),
        n => Some(format!(
            "For {n} of them the directory does not know everything you asked about; see “unknown”."
        )),
    }
}

fn choices(hits: &[Hit]) -> Block {
    let options = hits.iter().map(|hit| Choice {
        value: hit.company.id.0.clone(),
        label: format!("{} (fit {})", cut(&hit.company.name, 60), hit.fit),
        is_chosen: false,
    });
    Block::Choices { label: "Tick the partners to start deals with:".to_owned(), options: options.collect() }
}
