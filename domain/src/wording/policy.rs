//! The approval policy in words: the rules, who has to approve a case, who stands in for whom.

use chrono::{DateTime, Utc};

use crate::approval::{Facts, NamedStage, Need, Policy, REMIND_AFTER_H, Rule};
use crate::card::{Block, Card, Text};
use crate::error::UserError;
use crate::person::Role;

use super::phrases::{buttons, day, faint, names, say};

/// How many names of a group are told.
const NAMES_MAX: usize = 6;

/// The whole policy.
pub fn policy(number: i32, policy: &Policy) -> Card {
    if policy.rules.is_empty() {
        return Card::titled("Who approves what")
            .and_text("One approver decides on every request, and never on an own one.")
            .and_text(Text::with_code("Whoever runs Dealdesk can set rules: `dealdesk policy set`."));
    }
    let card = Card::titled(format!("Who approves what (policy {number})"));
    let card = policy.rules.iter().fold(card, |card, rule| {
        let stages: Vec<String> = rule
            .stages
            .iter()
            .map(|stage| {
                let needs: Vec<String> = stage.need.iter().map(needed).collect();
                format!("{} ({})", stage.name, needs.join(" and "))
            })
            .collect();
        card.and_text(Text::default().strong(rule.name.as_str()).plain(format!(
            ": {} → {}.",
            when(rule, &policy.currency),
            stages.join(", then ")
        )))
    });
    let card = match policy.fresh_login_above {
        Some(limit) => card.and_text(format!(
            "Above {} whoever decides has to sign in to the console just before.",
            amount(limit, &policy.currency)
        )),
        None => card,
    };
    let card = chase(card, policy);
    card.and_text(faint("All rules that match count. Where none does, one approver decides. Nobody decides on an own request."))
        .with(buttons(vec![say("Who must approve a 200k deal?", "who must approve a 200k deal?")]))
}

/// Adds what happens when nobody decides.
fn chase(card: Card, policy: &Policy) -> Card {
    let after = policy.remind_after_hours.as_deref().unwrap_or(&REMIND_AFTER_H);
    let after: Vec<String> = after.iter().map(u16::to_string).collect();
    let card = match after.as_slice() {
        [] => card,
        after => card.and_text(faint(format!(
            "Whoever is asked is reminded after {} hours of work.",
            after.join(", ")
        ))),
    };
    match &policy.escalate {
        Some(escalate) => {
            let whom: Vec<&str> = escalate
                .to
                .iter()
                .filter_map(|need| {
                    need.group.as_deref().or(need.person.as_deref()).or(need.role.map(Role::name))
                })
                .collect();
            card.and_text(format!(
                "When nobody decides for {} hours of work, others may too: {}.",
                escalate.after_hours,
                whom.join(" and ")
            ))
        }
        None => card,
    }
}

fn needed(need: &Need) -> String {
    let whom = match (&need.group, need.role, &need.person) {
        (Some(group), _, _) => group.clone(),
        (_, Some(role), _) => role.name().to_owned(),
        (_, _, Some(person)) => return person.clone(),
        _ => String::new(),
    };
    format!("{} of {whom}", need.count)
}

fn when(rule: &Rule, currency: &str) -> String {
    let when = &rule.when;
    let mut parts = Vec::new();
    if !when.subjects.is_empty() {
        parts.push(format!("to {}", when.subjects.iter().map(|s| words(s)).collect::<Vec<_>>().join(" or ")));
    }
    if let Some(limit) = when.amount_above {
        parts.push(format!("above {}", amount(limit, currency)));
    }
    if !when.terms.is_empty() {
        parts.push(format!("with {}", when.terms.iter().map(|t| words(t)).collect::<Vec<_>>().join(" or ")));
    }
    if !when.verdicts.is_empty() {
        let verdicts: Vec<String> = when.verdicts.iter().map(|v| format!("{v:?}").to_lowercase()).collect();
        parts.push(format!("when a term is {}", verdicts.join(" or ")));
    }
    if parts.is_empty() { "always".to_owned() } else { parts.join(", ") }
}

fn words(key: &str) -> String {
    key.replace('_', " ")
}

/// `200,000 EUR`.
fn amount(units: u64, currency: &str) -> String {
    let digits = units.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {currency}").trim_end().to_owned()
}

/// Who has to approve a case, and what of the question was understood.
pub fn who_approves(facts: &Facts, rules: &[&str], stages: &[NamedStage]) -> Card {
    let mut case = vec![words(&facts.subject)];
    if let Some(units) = facts.amount {
        case.push(amount(units, facts.currency.as_deref().unwrap_or_default()));
    }
    case.extend(facts.terms.iter().map(|term| words(term)));
    let card =
        Card::titled("Who has to approve").and_text(faint(format!("Understood: {}.", case.join(", "))));
    let card = stages.iter().enumerate().fold(card, |card, (at, stage)| {
        let needs: Vec<String> = stage
            .needs
            .iter()
            .map(|need| {
                let whom = names(&need.people, NAMES_MAX);
                match (need.people.len(), need.enough) {
                    (0, _) => format!("{} of {}: nobody can at the moment", need.count, need.of),
                    (_, true) => format!("{} of {}: {whom}", need.count, need.of),
                    (n, false) => format!("{} of {}, and there are only {n}: {whom}", need.count, need.of),
                }
            })
            .collect();
        let place = format!("{}. {}: ", at + 1, stage.name);
        card.and_text(Text::default().strong(place).plain(needs.join("; and ")))
    });
    let because = match rules {
        [] => "No rule matches, so one approver decides.".to_owned(),
        rules => format!("Because of: {}.", rules.join(", ")),
    };
    card.and_text(faint(format!("{because} Whoever asks for it never decides on it.")))
        .with(Block::Divider)
        .with(buttons(vec![say("The whole policy", "policy")]))
}

/// Somebody decides in the reader's place.
pub fn delegated(to: &str, until: DateTime<Utc>) -> Card {
    Card::text(
        Text::default()
            .strong(to)
            .plain(format!(" decides in your place until {}. You can still decide yourself.", day(until))),
    )
    .and_text("What you ask for yourself is kept from whoever stands in for you.")
    .with(buttons(vec![say("End it", "delegate to nobody")]))
}

/// The policy names nobody for whoever is away.
pub fn nobody_stands_in() -> UserError {
    UserError::new(
        "The policy does not say who decides for you while you are away.",
        "Name somebody yourself: `delegate to <name> until 2026-12-05`. An admin can add you to `stand_ins` in the policy.",
    )
}

/// Nobody does any more.
pub fn delegation_ended() -> Card {
    Card::text("Nobody decides in your place any more.")
}

/// Who stands in for whom.
pub fn delegations(
    mine: Option<&(String, DateTime<Utc>)>,
    others: &[(String, String, DateTime<Utc>)],
) -> Card {
    let card = match mine {
        Some((to, until)) => delegated(to, *until),
        None => Card::text("Nobody decides in your place.")
            .and_text(Text::with_code("Before you leave: `delegate to <name> for 5 days`.")),
    };
    others.iter().fold(card, |card, (from, to, until)| {
        card.and_text(faint(format!("{to} decides in {from}'s place until {}.", day(*until))))
    })
}
