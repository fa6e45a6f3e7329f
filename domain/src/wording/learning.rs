//! Why a fit is what it is, and thanks for saying whether companies fit.

use chrono::{DateTime, Utc};

use crate::card::{Block, Card, Text};
use crate::error::UserError;
use crate::search::Reason;

use super::phrases::{buttons, cut, day, faint, in_command, names, say};

/// Reasons that people give most often for a company that does not fit.
const WHY_NOT: [&str; 5] = ["too small", "too large", "wrong region", "wrong trade", "a competitor"];

/// A fit to be explained.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The company's name.
    pub name: String,
    /// 0 to 100.
    pub fit: u8,
    /// Which scorer gave it, e.g. `rules`.
    pub scored_by: String,
    /// When it was shown.
    pub at: DateTime<Utc>,
    /// What the search was.
    pub query: String,
    /// Why.
    pub reasons: Vec<Reason>,
    /// What is not known about it, in words.
    pub unknown: Vec<String>,
    /// What people said of it, newest first: when, whether it fits, why.
    pub said: Vec<(DateTime<Utc>, bool, String)>,
    /// True when it stood there to be learnt from.
    pub is_exploration: bool,
}

/// Explains a fit in plain words.
pub fn fit_explained(fit: &Fit) -> Card {
    let mut card = Card::titled(format!("{}: fit {} of 100", cut(&fit.name, 80), fit.fit));
    card = card.and_text(faint(format!(
        "Found on {} for “{}”. {}",
        day(fit.at),
        cut(&fit.query, 80),
        scorer(&fit.scored_by)
    )));
    let mut reasons: Vec<&Reason> = fit.reasons.iter().filter(|one| one.points.abs() >= 0.5).collect();
    reasons.sort_by(|a, b| b.points.abs().total_cmp(&a.points.abs()));
    let rows = reasons.iter().map(|one| vec![one.label.clone(), points(one.points)]);
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        card = card.and_text("Nothing that is known speaks for it.");
    } else {
        let columns = ["What counts", "Points"].map(str::to_owned).to_vec();
        card = card.with(Block::Table { columns, rows });
    }
    if !fit.unknown.is_empty() {
        card = card.and_text(Text::default().faint("Not known: ").plain(names(&fit.unknown, 8)));
    }
    if fit.is_exploration {
        card = card.and_text(faint(
            "It was not among the best ten: one place now and then is kept for companies to learn from.",
        ));
    }
    for (at, is_good, why) in fit.said.iter().take(3) {
        let verdict = if *is_good { "good fit" } else { "not for us" };
        let why = if why.is_empty() { String::new() } else { format!(": {}", cut(why, 200)) };
        card = card.and_text(format!("Your team said on {}: {verdict}{why}", day(*at)));
    }
    let name = in_command(&fit.name);
    card.with(buttons(vec![
        say("Good fit", format!("feedback good {name}")),
        say("Not for us", format!("feedback bad {name}")),
    ]))
}

fn scorer(name: &str) -> String {
    match name {
        "rules" => "Scored by stated rules; too few decisions to learn from yet.".to_owned(),
        "rules (the model failed)" => {
            "Scored by stated rules, because the learned model could not be used.".to_owned()
        }
        learned => format!("Scored by {learned}, learnt from your team's decisions."),
    }
}

fn points(points: f64) -> String {
    format!("{points:+.0}")
}

/// Thanks; asks why when it was not said and does not fit.
pub fn feedback_taken(companies: &[String], is_good: bool, reason: Option<&str>) -> Card {
    let verdict = if is_good { "good fit" } else { "not for us" };
    let why = reason.map(|reason| format!(" ({})", cut(reason, 200))).unwrap_or_default();
    let card =
        Card::text(format!("Noted: {} – {verdict}{why}. Later fits learn from it.", names(companies, 10)));
    if is_good || reason.is_some() {
        return card;
    }
    let listed = companies.iter().map(|name| in_command(name)).collect::<Vec<_>>().join(", ");
    let button = |why: &str| say(why.to_owned(), format!("feedback bad {listed} because {why}"));
    card.and_text("Why?").with(buttons(WHY_NOT.iter().map(|why| button(why)).collect()))
}

/// No search of the team showed a company of that name.
pub fn companies_unknown(typed: &[String]) -> UserError {
    UserError::new(
        format!("No search has shown {} yet.", names(typed, 3)),
        "Look for it first: `find …`; then ask again by the name on the card.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_without_a_reason_is_asked_why() {
        let companies = ["Acme GmbH".to_owned(), "Beta".to_owned()];
        let card = feedback_taken(&companies, false, None);
        let Some(Block::Buttons { buttons }) = card.blocks.last() else { panic!("no buttons") };
        assert_eq!(buttons[0].value, "feedback bad \"Acme GmbH\", Beta because too small");
        assert_eq!(feedback_taken(&companies, false, Some("too small")).blocks.len(), 1);
        assert_eq!(feedback_taken(&companies, true, None).blocks.len(), 1);
    }

    #[test]
    fn the_gravest_reason_stands_first() {
        let reason = |label: &str, points| Reason { label: label.into(), points, points_max: 100.0 };
        let fit = Fit {
            name: "Acme".into(),
            fit: 31,
            scored_by: "partner_fit_scorer 1.0.0".into(),
            at: DateTime::UNIX_EPOCH,
            query: "banks".into(),
            reasons: vec![reason("size", 5.0), reason("place", -20.0), reason("noise", 0.1)],
            unknown: vec!["money raised in 24 months".into()],
            said: vec![],
            is_exploration: false,
        };
        let card = fit_explained(&fit);
        let rows = card.blocks.iter().find_map(|block| match block {
            Block::Table { rows, .. } => Some(rows.clone()),
            _ => None,
        });
        assert_eq!(rows.unwrap(), [["place", "-20"], ["size", "+5"]]);
    }
}
